"""Tests of what the ledger keeps of an operator's sessions: tariffs and details."""

from contextlib import closing
from copy import replace
import json
from pathlib import Path
import sqlite3

import pytest

from custom_components.ev_charging_sessions.charging.ledger import Ledger, SessionQuery
from custom_components.ev_charging_sessions.charging.model import SessionStatus

from .answers import ACCOUNT, OTHER_ACCOUNT, answer, at, details, metered, tariff
from .ledger_files import execute, rows, written

FINISHED = SessionStatus.FINISHED


def contents(file: Path) -> list[str]:
    """Return the tariffs in the file of a ledger."""
    with closing(sqlite3.connect(file)) as connection:
        found = connection.execute("SELECT content FROM tariffs ORDER BY id").fetchall()
    return [content for (content,) in found]


async def test_all_that_an_operator_tells_comes_back(ledger: Ledger, ledger_file: Path) -> None:
    """Test that tariff, meter values and details survive with every digit."""
    session = answer(
        status=FINISHED,
        started=at(0),
        charge_point_id="CP1",
        tariff=tariff("0.450", min_price=None, texts=(("nl", "Nacht"),), is_complete=False),
        meter_values=metered((0, 0.1 + 0.2), (7, 1e16), (8, 1e-7)),
        details=details("5.00", note="To work", transaction_id="17", user_id="u1"),
        updated=at(1),
    )
    (change,) = await ledger.upsert([session])
    await ledger.close()
    again = Ledger(f"sqlite:///{ledger_file}")
    await again.open()
    for found in (
        change.after,
        await again.session(ACCOUNT, "s1"),
        (await again.latest_sessions(ACCOUNT))[0],
        (await again.sessions(SessionQuery()))[0],
        (await again.known(ACCOUNT, ["s1"]))["s1"],
    ):
        assert found == session
        assert found
        assert repr(found.tariff) == repr(session.tariff)
        assert repr(found.details) == repr(session.details)
    await again.close()


async def test_one_tariff_of_many_sessions(ledger: Ledger, ledger_file: Path) -> None:
    """Test that a tariff is stored once, and that the sessions of one read share it."""
    for account in (ACCOUNT, OTHER_ACCOUNT):
        await ledger.upsert(
            answer(f"s{n}", account=account, tariff=tariff(f"0.{n % 2 + 1}")) for n in range(1201)
        )
    assert len(contents(ledger_file)) == 2
    found = await ledger.sessions(SessionQuery())
    assert len({id(session.tariff) for session in found}) == 2
    still_open = await ledger.open_sessions(ACCOUNT)
    assert len({id(session.tariff) for session in still_open}) == 2
    assert {session.session_id: session.tariff for session in still_open}["s7"] == tariff("0.2")


async def test_more_tariffs_than_fit_into_one_statement(ledger: Ledger) -> None:
    """Test that every session gets its own tariff back."""
    told = [answer(f"s{n}", tariff=tariff(f"0.{n:04}")) for n in range(1201)]
    await ledger.upsert(told)
    found = await ledger.known(ACCOUNT, [session.session_id for session in told])
    assert [found[session.session_id] for session in told] == told


async def test_a_tariff_costs_a_session_next_to_nothing(tmp_path: Path) -> None:
    """Test that an archive grows by the tariffs and not by the sessions that have them."""
    sizes = []
    for name, agreed in (("plain", None), ("priced", tariff("0.40"))):
        ledger = Ledger(f"sqlite:///{tmp_path / name}")
        await ledger.open()
        await ledger.upsert(answer(f"session-{n}", tariff=agreed) for n in range(5000))
        await ledger.close()
        sizes.append((tmp_path / name).stat().st_size)
    assert sizes[1] - sizes[0] < 5000 * 4 + 3 * 4096


async def test_told_again_writes_nothing(ledger: Ledger, ledger_file: Path) -> None:
    """Test that an answer with all that an operator tells is written only once."""
    told = [
        answer(
            tariff=tariff(price),
            meter_values=metered((5, 2.0), (0, 1.0), (minute, 3)),
            details=details(price),
            status=FINISHED,
            updated=at(minute),
        )
        for minute, price in ((8, "0.50"), (9, "0.5"))
    ]
    await ledger.upsert(told)
    before = written(ledger_file)
    for again in (told, told[:1], told[1:]):
        assert await ledger.upsert(again) == ()
        assert await ledger.upsert(again, read=at(10)) == ()
    assert written(ledger_file) == before


async def test_the_words_of_another_release(ledger: Ledger, ledger_file: Path) -> None:
    """Test that a tariff stays where it is although we would write it another way."""
    told = [
        answer(tariff=tariff("0.4"), status=FINISHED, updated=at(minute), energy=minute)
        for minute in (1, 2)
    ]
    await ledger.upsert(told[1:])
    spaced = json.dumps(json.loads(contents(ledger_file)[0]))
    execute(ledger_file, "UPDATE tariffs SET content = ?, digest = 'older'", [spaced])
    before = rows(ledger_file)["sessions"]
    assert await ledger.upsert(told[1:]) == ()
    await ledger.upsert(told)
    await ledger.upsert([replace(told[0], stop_reason="Local")])
    assert rows(ledger_file)["sessions"][0][-1] == before[0][-1] == spaced
    assert contents(ledger_file) == [spaced]


async def test_a_revision_keeps_what_was_told(ledger: Ledger, ledger_file: Path) -> None:
    """Test that a corrected tariff can still be seen, and is not stored again."""
    first = answer(
        status=FINISHED,
        tariff=tariff("0.40"),
        meter_values=metered((0, 1.0)),
        details=details(note="first"),
        updated=at(1),
    )
    await ledger.upsert([first])
    second = replace(
        first,
        tariff=tariff("0.45"),
        meter_values=metered((0, 1.5)),
        details=details(note="second"),
        updated=at(2),
    )
    (change,) = await ledger.upsert([second])
    assert change.is_correction
    (revision,) = await ledger.revisions(ACCOUNT, "s1")
    assert (revision.session, change.after) == (first, second)
    assert len(contents(ledger_file)) == 2


async def test_a_tariff_that_was_not_written(ledger: Ledger, ledger_file: Path) -> None:
    """Test that nothing remembers the number of a tariff of a batch that failed."""
    with pytest.raises(TypeError):
        await ledger.upsert(
            [
                answer(account=OTHER_ACCOUNT, tariff=tariff("0.1")),
                answer(started=at(0).replace(tzinfo=None)),
            ]
        )
    assert contents(ledger_file) == []
    sessions = [answer(f"s{n}", tariff=tariff(f"0.{n}")) for n in (2, 1)]
    await ledger.upsert(sessions)
    assert set(await ledger.open_sessions(ACCOUNT)) == set(sessions)
