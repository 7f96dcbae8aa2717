"""Which sessions matter now: after a restart, and with every change of the ledger."""

from copy import replace
from datetime import timedelta

import pytest

from custom_components.ev_charging_sessions.charging.current_sessions import (
    COOL_OFF,
    CurrentSessions,
)
from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.model import Session, SessionStatus

from .answers import ACCOUNT, OTHER_ACCOUNT, answer, at

CHARGING, FINISHED = SessionStatus.CHARGING, SessionStatus.FINISHED


def runs(session_id: str, minute: float, charge_point_id: str | None = "CP1") -> Session:
    """Return a session that runs since that minute."""
    return answer(
        session_id,
        charge_point_id=charge_point_id,
        status=CHARGING,
        started=at(minute),
        updated=at(minute),
    )


def over(session: Session, minute: float) -> Session:
    """Return the answer that shows a session as ended in that minute."""
    return replace(session, status=FINISHED, ended=at(minute), updated=at(minute))


async def told(ledger: Ledger, current: CurrentSessions, *sessions: Session) -> None:
    """Do what a poll does: write first, then follow what has changed by that."""
    current.apply(await ledger.upsert(sessions), at(60))


@pytest.fixture
async def current(ledger: Ledger) -> CurrentSessions:
    """Return the sessions that matter in an account without any."""
    current = CurrentSessions()
    await current.load(ledger, ACCOUNT)
    return current


async def loaded(ledger: Ledger) -> CurrentSessions:
    """Return what a restart finds."""
    current = CurrentSessions()
    await current.load(ledger, ACCOUNT)
    return current


async def agree(ledger: Ledger, current: CurrentSessions) -> None:
    """Make sure that a restart now would change nothing of what is shown."""
    restarted = await loaded(ledger)
    assert (restarted.at, restarted.open) == (current.at, current.open)


@pytest.mark.parametrize("ends_first", ["older", "newer"])
async def test_one_ends_while_another_is_open(
    ledger: Ledger, current: CurrentSessions, ends_first: str
) -> None:
    """Test that the one still open counts, whichever of two at a charge point ends first."""
    both = {"older": runs("a", 0), "newer": runs("b", 1)}
    await told(ledger, current, *both.values())
    assert current.at == {"CP1": both["newer"]}
    ended = over(both.pop(ends_first), 2)
    (left,) = both.values()
    await told(ledger, current, ended)
    assert current.at == {"CP1": left}
    assert current.open == {left.session_id: left}
    assert set(current.ended) == {ended.session_id}
    await agree(ledger, current)


async def test_an_older_one_is_found_open_after_all(
    ledger: Ledger, current: CurrentSessions
) -> None:
    """Test that an open session counts before one that began later and is over."""
    await told(ledger, current, over(runs("b", 1), 2))
    open_one = runs("a", 0)
    await told(ledger, current, open_one)
    assert current.at == {"CP1": open_one}
    await agree(ledger, current)


async def test_the_latest_counts_where_none_is_open(
    ledger: Ledger, current: CurrentSessions
) -> None:
    """Test that a correction of an older session does not make it the latest."""
    older, newer = over(runs("a", 0), 1), over(runs("b", 2), 3)
    await told(ledger, current, older, newer)
    await told(ledger, current, replace(older, energy=7.0, updated=at(9)))
    assert current.at == {"CP1": newer}
    await agree(ledger, current)


async def test_without_a_charge_point(ledger: Ledger, current: CurrentSessions) -> None:
    """Test that a session at an unknown place is open, and counts at no charge point."""
    session = runs("a", 0, charge_point_id=None)
    await told(ledger, current, session)
    assert (current.open, current.at) == ({"a": session}, {})
    await agree(ledger, current)
    await told(ledger, current, over(session, 1))
    assert (current.open, current.at, set(current.ended)) == ({}, {}, {"a"})
    await agree(ledger, current)


async def test_the_latest_one_is_without_a_charge_point(
    ledger: Ledger, current: CurrentSessions
) -> None:
    """Test that a later session at an unknown place hides no earlier one at a known place."""
    somewhere = over(runs("a", 0), 1)
    await told(ledger, current, somewhere, over(runs("b", 2, charge_point_id=None), 3))
    assert current.at == {"CP1": somewhere}
    await agree(ledger, current)


async def test_the_place_is_told_late(ledger: Ledger, current: CurrentSessions) -> None:
    """Test that a session counts at its charge point as soon as that is known."""
    session = runs("a", 0, charge_point_id=None)
    await told(ledger, current, session)
    placed = replace(session, charge_point_id="CP1", updated=at(1))
    await told(ledger, current, placed)
    assert (current.open, current.at) == ({"a": placed}, {"CP1": placed})
    await agree(ledger, current)


async def test_other_accounts_are_left_alone(ledger: Ledger) -> None:
    """Test that an account takes up its own sessions only."""
    await ledger.upsert([answer("a", account=OTHER_ACCOUNT, charge_point_id="CP1")])
    found = await loaded(ledger)
    assert (found.open, found.at) == ({}, {})


async def test_another_set_is_another_object(ledger: Ledger, current: CurrentSessions) -> None:
    """Test that a backend can tell by the object alone whether other sessions are open."""
    before = current.open
    await told(ledger, current, runs("a", 0))
    assert current.open is not before
    before = current.open
    await told(ledger, current, replace(runs("a", 0), energy=1.0, updated=at(1)))
    assert current.open is before
    await told(ledger, current, over(runs("a", 0), 2))
    assert current.open is not before
    assert set(before) == {"a"}


async def test_cooling_off(ledger: Ledger, current: CurrentSessions) -> None:
    """Test that an ended session is read for five more minutes, and then let go."""
    await told(ledger, current, runs("a", 0))
    await told(ledger, current, over(runs("a", 0), 2))
    assert current.cooling_off(at(60) + COOL_OFF) == {"a"}
    assert current.cooling_off(at(60) + COOL_OFF + timedelta(seconds=1)) == set()
    assert not current.ended


async def test_an_end_that_was_never_seen_open_is_history(
    ledger: Ledger, current: CurrentSessions
) -> None:
    """Test that a session that was over when it was first told is not read again."""
    await told(ledger, current, over(runs("a", 0), 2))
    assert current.cooling_off(at(60)) == set()
