"""Tests of the ledger's questions: filters, pages and totals."""

from copy import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
import re
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest
from sqlalchemy import Select

from custom_components.ev_charging_sessions.charging.ledger import Ledger, SessionQuery, Totals
from custom_components.ev_charging_sessions.charging.ledger_query import (
    find_last,
    find_open,
    find_pending,
    find_session,
)
from custom_components.ev_charging_sessions.charging.ledger_search import page, sums
from custom_components.ev_charging_sessions.charging.model import Cost, SessionStatus, Source

from .answers import ACCOUNT, OTHER_ACCOUNT, answer, at, euros
from .ledger_files import plan_of

FINISHED, CHARGING = SessionStatus.FINISHED, SessionStatus.CHARGING


@pytest.fixture
async def filled(ledger: Ledger) -> Ledger:
    """Return a ledger with one session of each kind.

    On the time line, in minutes: ``early`` 0-10, ``late`` 20-30, ``running`` from 25 on,
    ``cut`` from 40 to an unknown end, and ``timeless``.
    """
    await ledger.upsert(
        [
            answer(
                "early",
                charge_point_id="A",
                card_id="c1",
                status=FINISHED,
                started=at(0),
                ended=at(10),
                energy=1.5,
                cost=euros("0.10"),
            ),
            answer(
                "late",
                charge_point_id="B",
                card_id="c2",
                status=SessionStatus.FAILED,
                started=at(20),
                ended=at(30),
                energy=2.5,
                cost=euros("0.20"),
            ),
            answer(
                "running",
                account=OTHER_ACCOUNT,
                charge_point_id="A",
                card_id="c1",
                status=CHARGING,
                started=at(25),
                ended=at(26),
                cost=Cost(amount=Decimal("7.00"), currency="SEK", source=Source.COMPUTED),
            ),
            answer("cut", status=FINISHED, started=at(40), energy=0.0),
            answer("timeless", status=FINISHED, ended=at(5)),
        ]
    )
    return ledger


ALL = ["cut", "running", "late", "early", "timeless"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ALL),
        ({"accounts": (ACCOUNT,)}, ["cut", "late", "early", "timeless"]),
        ({"accounts": (OTHER_ACCOUNT,)}, ["running"]),
        ({"accounts": (OTHER_ACCOUNT, ACCOUNT)}, ALL),
        ({"accounts": (replace(ACCOUNT, account_id="none"),)}, []),
        ({"accounts": ()}, []),
        ({"session_ids": ("early", "late", "none")}, ["late", "early"]),
        ({"charge_points": ((ACCOUNT, "A"),)}, ["early"]),
        ({"charge_points": ((ACCOUNT, "A"), (OTHER_ACCOUNT, "A"))}, ["running", "early"]),
        ({"charge_points": ((ACCOUNT, "B"), (OTHER_ACCOUNT, "A"))}, ["running", "late"]),
        ({"charge_points": ((ACCOUNT, "A"), (OTHER_ACCOUNT, "B"))}, ["early"]),
        ({"charge_points": ()}, []),
        ({"charge_points": ((OTHER_ACCOUNT, "B"),), "whole": (ACCOUNT,)}, [*ALL[:1], *ALL[2:]]),
        ({"charge_points": ((ACCOUNT, "A"),), "whole": (OTHER_ACCOUNT,)}, ["running", "early"]),
        ({"charge_points": (), "whole": (ACCOUNT,), "cards": ((ACCOUNT, "c2"),)}, ["late"]),
        ({"cards": ((ACCOUNT, "c2"),)}, ["late"]),
        ({"cards": ((ACCOUNT, "c2"), (OTHER_ACCOUNT, "c1"))}, ["running", "late"]),
        ({"cards": ((ACCOUNT, "c1"), (OTHER_ACCOUNT, "c2"))}, ["early"]),
        ({"cards": ()}, []),
        ({"charge_points": ((ACCOUNT, "A"),), "cards": ((OTHER_ACCOUNT, "c1"),)}, []),
        ({"accounts": (OTHER_ACCOUNT,), "cards": ((ACCOUNT, "c1"),)}, []),
        ({"statuses": (FINISHED,)}, ["cut", "early", "timeless"]),
        ({"statuses": (CHARGING, SessionStatus.FAILED)}, ["running", "late"]),
        ({"start": at(10)}, ["cut", "running", "late"]),
        ({"start": at(9)}, ["cut", "running", "late", "early"]),
        ({"start": at(1000)}, ["running"]),
        ({"start": at(40)}, ["cut", "running"]),
        ({"end": at(20)}, ["early"]),
        ({"end": at(21)}, ["late", "early"]),
        ({"start": at(12), "end": at(18)}, []),
        ({"start": at(29), "end": at(40)}, ["running", "late"]),
        ({"start": at(0), "end": at(0)}, []),
        ({"limit": 2}, ["cut", "running"]),
        ({"limit": 2, "offset": 2}, ["late", "early"]),
        ({"offset": 4}, ["timeless"]),
        ({"limit": 0}, []),
        ({"accounts": (ACCOUNT,), "limit": 1, "offset": 1}, ["late"]),
    ],
)
async def test_filters(filled: Ledger, filters: dict[str, Any], found: list[str]) -> None:
    """Test which sessions a query finds, and in which order."""
    sessions = await filled.sessions(SessionQuery(**filters))
    assert [session.session_id for session in sessions] == found


async def test_a_session_without_length_lies_at_its_start(ledger: Ledger) -> None:
    """Test that a session that ended as it started is in exactly one of two ranges."""
    await ledger.upsert([answer(status=FINISHED, started=at(10), ended=at(10))])
    assert await ledger.sessions(SessionQuery(start=at(0), end=at(10))) == ()
    assert len(await ledger.sessions(SessionQuery(start=at(10), end=at(20)))) == 1


async def test_sessions_carry_their_account(filled: Ledger) -> None:
    """Test that a query over several accounts tells whose each session is."""
    sessions = await filled.sessions(SessionQuery())
    assert {session.session_id for session in sessions if session.account == OTHER_ACCOUNT} == {
        "running"
    }


async def test_pages_do_not_overlap(ledger: Ledger) -> None:
    """Test that pages cover all sessions once, even where all starts are equal."""
    await ledger.upsert(
        answer(f"s{n}", account=account, started=at(0))
        for n in range(10)
        for account in (ACCOUNT, OTHER_ACCOUNT)
    )
    seen = [
        (session.account.backend, session.session_id)
        for offset in range(0, 20, 3)
        for session in await ledger.sessions(SessionQuery(limit=3, offset=offset))
    ]
    assert len(seen) == len(set(seen)) == 20


async def test_totals(filled: Ledger) -> None:
    """Test sums over all, that pages do not matter, and that nothing sums to unknown."""
    everything = Totals(
        count=5,
        energy=4.0,
        duration=1200.0,
        cost={"EUR": Decimal("0.30"), "SEK": Decimal("7.00")},
    )
    assert await filled.totals(SessionQuery()) == everything
    assert await filled.totals(SessionQuery(limit=1, offset=3)) == everything
    assert await filled.totals(
        SessionQuery(cards=((ACCOUNT, "c1"), (OTHER_ACCOUNT, "c1")))
    ) == Totals(
        count=2,
        energy=1.5,
        duration=600.0,
        cost={"EUR": Decimal("0.10"), "SEK": Decimal("7.00")},
    )
    assert await filled.totals(SessionQuery(accounts=(OTHER_ACCOUNT,))) == Totals(
        count=1, energy=None, duration=None, cost={"SEK": Decimal("7.00")}
    )
    assert await filled.totals(SessionQuery(accounts=())) == Totals(
        count=0, energy=None, duration=None, cost={}
    )


async def test_an_end_before_the_start_lasts_no_time(ledger: Ledger) -> None:
    """Test that a wrong clock shortens no total, as it shortens no session."""
    await ledger.upsert(
        [
            answer("s1", status=FINISHED, started=at(10), ended=at(5)),
            answer("s2", status=FINISHED, started=at(0), ended=at(1)),
        ]
    )
    assert (await ledger.totals(SessionQuery())).duration == 60.0


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30),
        min_size=1,
        max_size=20,
    )
)
async def test_sums_of_money_are_exact(amounts: list[Decimal]) -> None:
    """Test that no digit of any amount gets lost in a sum."""
    ledger = Ledger("sqlite://")
    await ledger.open()
    try:
        await ledger.upsert(
            answer(f"s{n}", cost=Cost(amount=amount, currency="EUR", source=Source.REPORTED))
            for n, amount in enumerate(amounts)
        )
        totals = await ledger.totals(SessionQuery())
    finally:
        await ledger.close()
    assert Fraction(totals.cost["EUR"]) == sum(map(Fraction, amounts))


async def test_costs_of_an_account(filled: Ledger) -> None:
    """Test that all costs of an account are summed up exactly, and none of another one."""
    await filled.upsert([answer("more", cost=euros("0.1")), answer("free", cost=euros("0"))])
    assert await filled.cost(ACCOUNT) == {"EUR": Decimal("0.40")}
    assert await filled.cost(OTHER_ACCOUNT) == {"SEK": Decimal("7.00")}
    assert await filled.cost(replace(ACCOUNT, account_id="none")) == {}


async def test_known_sessions(filled: Ledger) -> None:
    """Test that many sessions can be looked up, and what is not there is left out."""
    many = [answer(f"s{n}", energy=float(n)) for n in range(1201)]
    await filled.upsert(many)
    found = await filled.known(ACCOUNT, [*(each.session_id for each in many), "running", "none"])
    assert found == {session.session_id: session for session in many}
    assert set(await filled.known(OTHER_ACCOUNT, ["running", "early"])) == {"running"}
    assert await filled.known(replace(ACCOUNT, account_id="none"), ["early"]) == {}
    assert await filled.known(ACCOUNT, []) == {}


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (find_open(), "sessions_open"),
        (find_last(), "sessions_by_charge_point"),
        (find_session(), "sqlite_autoindex_sessions_1"),
        (find_pending(), "commands_pending"),
        (page(SessionQuery(accounts=(ACCOUNT,), limit=9)), "sessions_by_start"),
        (sums(SessionQuery(accounts=(ACCOUNT,), start=at(0), end=at(9))), "sessions_by_start"),
        (page(SessionQuery(charge_points=((ACCOUNT, "A"),))), "sessions_by_charge_point"),
        (
            page(
                SessionQuery(
                    accounts=(ACCOUNT, OTHER_ACCOUNT),
                    charge_points=((ACCOUNT, "A"), (ACCOUNT, "B"), (OTHER_ACCOUNT, "C")),
                )
            ),
            "sessions_by_charge_point",
        ),
    ],
)
async def test_what_is_often_asked_uses_its_index(
    filled: Ledger, ledger_file: Path, statement: Select[Any], index: str
) -> None:
    """Test that a question of each start or poll does not read the whole archive."""
    await filled.close()
    plan = plan_of(ledger_file, statement)
    assert not [step for step in plan if step.startswith(("SCAN sessions", "SCAN commands"))]
    used = set(re.findall(r"USING (?:COVERING )?INDEX (\w+)", "\n".join(plan)))
    assert used - {"sqlite_autoindex_accounts_1"} == {index}
