"""Answers that carry no time stamp of their own, put in order by when they were read."""

from pathlib import Path

from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.model import Session, SessionStatus, Source

from .answers import ACCOUNT, answer, at
from .ledger_files import rows

CHARGING, SUSPENDED = SessionStatus.CHARGING, SessionStatus.SUSPENDED
FINISHED = SessionStatus.FINISHED


async def known(ledger: Ledger) -> Session:
    """Return what the ledger knows of the session of these tests."""
    session = await ledger.session(ACCOUNT, "s1")
    assert session
    return session


async def test_a_later_answer_wins_although_it_says_less(ledger: Ledger) -> None:
    """Test that a status can go back and an energy can fall, as a correction makes it."""
    await ledger.upsert([answer(status=CHARGING, energy=5.0)], read=at(1))
    (change,) = await ledger.upsert([answer(status=SUSPENDED, energy=4.5)], read=at(2))
    assert (change.after.status, change.after.energy) == (SUSPENDED, 4.5)
    assert change.after.updated == at(2)


async def test_told_again_writes_nothing(ledger: Ledger, ledger_file: Path) -> None:
    """Test that reading the same once more, as after a restart, leaves no trace."""
    said = answer(status=CHARGING, energy=5.0, energy_source=Source.METERED)
    await ledger.upsert([said], read=at(1))
    before = rows(ledger_file)
    assert await ledger.upsert([said], read=at(2)) == ()
    assert rows(ledger_file) == before
    assert (await known(ledger)).updated == at(1)


async def test_told_again_does_not_hide_a_change_before_it(ledger: Ledger) -> None:
    """Test that a value may come back after it has changed."""
    for minute, energy in enumerate((5.0, 6.0, 5.0, 5.0)):
        await ledger.upsert([answer(status=CHARGING, energy=energy)], read=at(minute))
    assert (await known(ledger)).energy == 5.0
    assert (await known(ledger)).updated == at(2)


async def test_a_correction_keeps_what_was_known(ledger: Ledger) -> None:
    """Test that a late correction becomes a revision."""
    await ledger.upsert([answer(status=FINISHED, ended=at(9), energy=5.0)], read=at(10))
    (change,) = await ledger.upsert(
        [answer(status=FINISHED, ended=at(9), energy=4.0)], read=at(500)
    )
    assert change.is_correction
    (revision,) = await ledger.revisions(ACCOUNT, "s1")
    assert (revision.version, revision.session.energy) == (at(10), 5.0)
    assert (await known(ledger)).energy == 4.0


async def test_an_ended_session_stays_ended(ledger: Ledger) -> None:
    """Test that a list that lags behind does not open a session again."""
    await ledger.upsert([answer(status=FINISHED, ended=at(9), energy=5.0)], read=at(10))
    await ledger.upsert([answer(status=CHARGING, energy=4.9)], read=at(11))
    assert (await known(ledger)).status is FINISHED


async def test_a_time_stamp_of_the_network_counts_more(ledger: Ledger) -> None:
    """Test that the time of reading replaces no time stamp that the network gave."""
    await ledger.upsert([answer(status=CHARGING, updated=at(5))], read=at(30))
    assert (await known(ledger)).updated == at(5)
