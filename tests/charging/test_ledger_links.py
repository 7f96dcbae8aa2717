"""Tests of charges that two networks report."""

from contextlib import closing
from copy import replace
from decimal import Decimal
from itertools import permutations
from pathlib import Path
import sqlite3
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ev_charging_sessions.charging.errors import LedgerError
from custom_components.ev_charging_sessions.charging.ledger import Ledger, SessionQuery
from custom_components.ev_charging_sessions.charging.ledger_links import Link
from custom_components.ev_charging_sessions.charging.merge import to_microseconds
from custom_components.ev_charging_sessions.charging.model import (
    Account,
    Session,
    SessionDetails,
    SessionStatus,
    Source,
)

from .answers import answer, at, euros
from .ledger_files import execute

SHELL = Account(backend="shell_recharge", account_id="driver")
POLES = Account(backend="plugsurfing", account_id="operator")
PARK = Account(backend="smappee", account_id="park")
NAMESPACE = Account(backend="cleverev", account_id="namespace")
ACCOUNTS = (SHELL, POLES, PARK, NAMESPACE)


def ended(session_id: str, account: Account, **said: Any) -> Session:
    """Return an answer about a charge of an hour."""
    said = {"status": SessionStatus.FINISHED, "started": at(0), "ended": at(60), **said}
    return answer(session_id, account=account, **said)


AT_SHELL = ended("shell", SHELL, charge_point_id="NL*TNM*E02003451*0", card_id="NL-TNM-C1")
AT_POLES = ended(
    "pole",
    POLES,
    charge_point_id="NLTNME020034510",
    started=at(-2),
    energy=12.5,
    energy_source=Source.METERED,
    cost=euros("5.00"),
)
AT_PARK = ended(
    "park",
    PARK,
    charge_point_id="6001-1",
    energy=7.0,
    energy_source=Source.METERED,
    details=SessionDetails(transaction_id="42"),
)
AT_NAMESPACE = ended(
    "namespace",
    NAMESPACE,
    charge_point_id="charger-1",
    energy=7.1,
    energy_source=Source.METERED,
    cost=euros("2.10"),
    details=SessionDetails(transaction_id="42"),
)


async def links_in(ledger: Ledger) -> set[tuple[str, str]]:
    """Return all links: the session that does not count, and the one that stands for it."""
    everything = await ledger.sessions(SessionQuery())
    assert len({each.session_id for each in everything}) == len(everything)
    return {
        (session_id, link.session_id)
        for (_, session_id), found in (await ledger.links(everything)).items()
        for link in found
        if link.counts
    }


async def test_the_same_evse(ledger: Ledger) -> None:
    """Test that a driver's and an operator's report are linked, and seen from both sides."""
    await ledger.upsert([AT_SHELL])
    assert await ledger.links([AT_SHELL]) == {}
    await ledger.upsert([AT_POLES])
    assert await ledger.links([AT_SHELL, AT_POLES]) == {
        (SHELL, "shell"): [Link(account=POLES, session_id="pole", counts=True)],
        (POLES, "pole"): [Link(account=SHELL, session_id="shell", counts=False)],
    }


async def test_the_same_transaction(ledger: Ledger) -> None:
    """Test that a park's report is linked to that of the system that runs its poles."""
    await ledger.upsert([AT_NAMESPACE, AT_PARK])
    assert await links_in(ledger) == {("park", "namespace")}


async def test_totals_count_it_once(ledger: Ledger) -> None:
    """Test that sums hold a charge once, and each report where only that one is asked for."""
    await ledger.upsert([AT_SHELL, AT_POLES, AT_NAMESPACE, AT_PARK])
    totals = await ledger.totals(SessionQuery())
    assert (totals.count, totals.energy, totals.duration) == (4, 19.6, 62 * 60 + 3600)
    assert totals.cost == {"EUR": Decimal("7.10")}
    of_park = await ledger.totals(SessionQuery(accounts=(PARK,)))
    assert (of_park.count, of_park.energy) == (1, 7.0)
    later = await ledger.totals(SessionQuery(start=at(59), end=at(70)))
    assert (later.count, later.energy) == (4, 19.6)
    of_card = await ledger.totals(SessionQuery(cards=((SHELL, "NL-TNM-C1"),)))
    assert (of_card.count, of_card.duration) == (1, 3600)


async def test_months_add_up(ledger: Ledger) -> None:
    """Test that a charge is in one month only, where its reports began in two."""
    await ledger.upsert([replace(AT_NAMESPACE, started=at(2)), AT_PARK])
    assert await links_in(ledger) == {("park", "namespace")}
    before = await ledger.totals(SessionQuery(end=at(1)))
    after = await ledger.totals(SessionQuery(start=at(1)))
    assert (before.count, before.energy, before.cost) == (1, None, {})
    assert (after.count, after.energy) == (2, 7.1)
    assert [each async for each in ledger.pages(SessionQuery(end=at(1)))] == []


async def test_an_archive_without_links(ledger: Ledger, ledger_file: Path) -> None:
    """Test that an archive of an earlier release is looked through for charges told twice."""
    await ledger.upsert([AT_NAMESPACE, AT_PARK, AT_SHELL, AT_POLES])
    linked = await links_in(ledger)
    await ledger.close()
    for table in ("links", "statistics_due", "imports"):
        execute(ledger_file, f"DROP TABLE {table}")
    execute(ledger_file, "ALTER TABLE posting_sources DROP COLUMN since")
    execute(ledger_file, "UPDATE schema_version SET version = 4")
    await ledger.open()
    assert await links_in(ledger) == linked


async def test_all_pages_show_both(ledger: Ledger) -> None:
    """Test that no session is hidden because another one stands for it."""
    await ledger.upsert([AT_SHELL, AT_POLES])
    assert {each.session_id for each in await ledger.sessions(SessionQuery())} == {"shell", "pole"}


async def test_a_link_goes_with_what_it_stood_on(ledger: Ledger) -> None:
    """Test that a correction can end a link, and make one."""
    running = replace(AT_SHELL, status=SessionStatus.CHARGING, ended=None, updated=at(1))
    await ledger.upsert([running, AT_POLES])
    assert await links_in(ledger) == {("shell", "pole")}
    await ledger.upsert([replace(AT_SHELL, started=at(0), ended=at(600), updated=at(601))])
    assert await links_in(ledger) == set()
    await ledger.upsert([replace(AT_SHELL, updated=at(700))])
    assert await links_in(ledger) == {("shell", "pole")}


async def test_the_one_that_comes_to_know_more_counts(ledger: Ledger) -> None:
    """Test that the energy of a charge is not lost because it was told later."""
    await ledger.upsert([AT_SHELL, replace(AT_POLES, energy=None, cost=None)])
    assert await links_in(ledger) == {("pole", "shell")}
    await ledger.upsert([AT_POLES])
    assert await links_in(ledger) == {("shell", "pole")}


async def test_undone_for_good(ledger: Ledger) -> None:
    """Test that a link that was undone is not made again, also not from the other side."""
    await ledger.upsert([AT_NAMESPACE, AT_PARK])
    await ledger.unlink(PARK, "park")
    assert await links_in(ledger) == set()
    await ledger.upsert([replace(AT_NAMESPACE, cost=None, ended=at(61), updated=at(100))])
    await ledger.upsert([replace(AT_PARK, cost=euros("9.00"), ended=at(61), updated=at(100))])
    assert await links_in(ledger) == set()
    totals = await ledger.totals(SessionQuery())
    assert (totals.count, totals.energy) == (2, 14.1)


async def test_undoing_the_one_that_counts(ledger: Ledger) -> None:
    """Test that the others of a charge stay linked when the best report is taken out."""
    three = (
        AT_PARK,
        replace(AT_NAMESPACE, charge_point_id="DE*8PS*E1"),
        replace(AT_POLES, charge_point_id="DE8PSE1", energy=99.0, cost=None),
    )
    await ledger.upsert(three)
    assert await links_in(ledger) == {("park", "namespace"), ("pole", "namespace")}
    await ledger.unlink(POLES, "pole")
    assert await links_in(ledger) == {("park", "namespace")}
    with pytest.raises(LedgerError):
        await ledger.unlink(POLES, "unknown")


async def test_one_network_alone_is_never_linked(ledger: Ledger) -> None:
    """Test that two accounts of one network are not taken for two networks."""
    other = replace(AT_SHELL, account=replace(SHELL, account_id="other"), session_id="other")
    await ledger.upsert([AT_SHELL, other])
    assert await links_in(ledger) == set()


async def test_a_session_without_a_start(ledger: Ledger) -> None:
    """Test that one of which nobody knows when it was is linked to nothing."""
    await ledger.upsert([replace(AT_SHELL, started=None), AT_POLES])
    assert await links_in(ledger) == set()


async def test_statistics_of_both_are_due(ledger: Ledger, ledger_file: Path) -> None:
    """Test that the statistics of a session that counts again, or no longer, are due."""
    await ledger.upsert([AT_NAMESPACE, AT_PARK])
    execute(ledger_file, "DELETE FROM statistics_due")
    await ledger.unlink(PARK, "park")
    with closing(sqlite3.connect(ledger_file)) as connection:
        due = connection.execute("SELECT charge_point_id, since FROM statistics_due").fetchall()
    assert due == [("6001-1", to_microseconds(at(0)))]


@pytest.mark.parametrize("order", permutations([AT_PARK, AT_NAMESPACE, AT_POLES, AT_SHELL]))
async def test_any_order_leads_to_the_same_links(
    ledger: Ledger, order: tuple[Session, ...]
) -> None:
    """Test that it does not matter who tells first."""
    for session in order:
        await ledger.upsert([session])
    assert await links_in(ledger) == {("park", "namespace"), ("shell", "pole")}


PLACES = st.sampled_from(["DE*8PS*E1", "DE8PSE2", "box"])


@st.composite
def reports(draw: st.DrawFn) -> Session:
    """Return any report of any network."""
    account = draw(st.sampled_from(ACCOUNTS))
    start = draw(st.integers(0, 90))
    is_open = draw(st.booleans())
    return answer(
        f"{account.backend}{draw(st.integers(0, 3))}",
        account=account,
        charge_point_id=draw(PLACES),
        status=SessionStatus.CHARGING if is_open else SessionStatus.FINISHED,
        started=at(start),
        ended=None if is_open else at(start + draw(st.integers(0, 90))),
        energy=draw(st.sampled_from([None, 1.0])),
        details=SessionDetails(transaction_id=draw(st.sampled_from(["1", "2"]))),
        updated=at(200 + draw(st.integers(0, 5))),
    )


@given(told=st.lists(reports(), max_size=6), data=st.data())
@settings(max_examples=40, deadline=None)
async def test_links_follow_from_what_is_told(told: list[Session], data: st.DataObject) -> None:
    """Test that links depend on nothing but what the sessions say in the end."""
    found = []
    for order in (told, data.draw(st.permutations(told))):
        ledger = Ledger("sqlite://")
        await ledger.open()
        for session in order:
            await ledger.upsert([session])
        found.append(await links_in(ledger))
        await ledger.close()
    assert found[0] == found[1]
