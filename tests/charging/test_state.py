"""What is shown of a charge point: sessions, look-ups and commands, in every combination."""

from copy import replace
from datetime import datetime

import pytest

from custom_components.ev_charging_sessions.charging.model import (
    ChargePoint,
    ChargePointStatus,
    CommandKind,
    SessionStatus,
)
from custom_components.ev_charging_sessions.charging.state import (
    AccountState,
    ChargePointState,
    Status,
)

from .answers import answer, at

START, STOP = CommandKind.START, CommandKind.STOP
OPEN = [status for status in SessionStatus if not status.is_ended]
ENDED = [status for status in SessionStatus if status.is_ended]


def point(
    status: ChargePointStatus | None = None, looked_up: datetime | None = None
) -> ChargePoint:
    """Return a charge point as its last look-up showed it."""
    return ChargePoint(charge_point_id="CP1", status=status, updated=looked_up)


def state(
    session: SessionStatus | None,
    *,
    ended: datetime | None = None,
    live: ChargePoint | None = None,
    running: CommandKind | None = None,
    wish: CommandKind | None = None,
) -> ChargePointState:
    """Return the state with a session of this status."""
    return ChargePointState(
        charge_point=live or point(),
        session=answer(status=session, started=at(0), ended=ended, updated=at(10)),
        running=running,
        wish=wish,
    )


def nobody(live: ChargePoint, wish: CommandKind | None = None) -> ChargePointState:
    """Return the state of a charge point where no session has ever been."""
    return ChargePointState(charge_point=live, wish=wish)


@pytest.mark.parametrize(
    ("status", "shown", "connected", "is_charging"),
    [
        (SessionStatus.STARTING, Status.STARTING, None, False),
        (SessionStatus.CONNECTED, Status.CONNECTED, True, False),
        (SessionStatus.SUSPENDED, Status.SUSPENDED, True, False),
        (SessionStatus.CHARGING, Status.CHARGING, True, True),
        (SessionStatus.STOPPING, Status.STOPPING, True, False),
        (SessionStatus.STOP_FAILED, Status.CHARGING, True, True),
        (None, None, None, None),
        (SessionStatus.FINISHED, Status.FINISHED, None, False),
        (SessionStatus.FAILED, Status.FINISHED, None, False),
    ],
)
def test_sessions(
    status: SessionStatus | None,
    shown: Status | None,
    connected: bool | None,
    is_charging: bool | None,
) -> None:
    """Test what each status of a session is called, and says of plug and energy."""
    shows = state(status)
    assert (shows.status, shows.is_connected, shows.is_charging) == (shown, connected, is_charging)
    is_open = status not in ENDED
    assert shows.is_on is is_open
    assert shows.open_session is (shows.session if is_open else None)


def test_no_status_is_left_out() -> None:
    """Test that the tables know every status of a session and of a charge point."""
    for status in OPEN:
        assert state(status).status is not None
    for live in ChargePointStatus:
        assert nobody(point(live, at(0))).status is Status(live)


@pytest.mark.parametrize("live", ChargePointStatus)
def test_charge_points(live: ChargePointStatus) -> None:
    """Test that an occupied or silent charge point does not say whether our car is there."""
    shows = nobody(point(live, at(0)))
    assert shows.status is Status(live)
    assert shows.is_connected is (False if live is ChargePointStatus.AVAILABLE else None)
    assert shows.is_charging is False
    assert shows.is_on is False
    assert shows.open_session is None


@pytest.mark.parametrize(
    "live", [point(), point(None, at(0)), point(ChargePointStatus.AVAILABLE, None)]
)
def test_nothing_is_known(live: ChargePoint) -> None:
    """Test that a charge point without a look-up, or without a word of it, is unknown."""
    shows = nobody(live)
    assert (shows.status, shows.is_connected) == (None, None)
    assert (shows.is_charging, shows.is_on) == (False, False)


@pytest.mark.parametrize("status", [*OPEN, None])
def test_an_open_session_counts_more_than_a_look_up(status: SessionStatus | None) -> None:
    """Test that what a session says wins, however new the look-up is."""
    live = point(ChargePointStatus.AVAILABLE, at(60))
    assert state(status, live=live).status == state(status).status
    assert state(status, live=live).is_connected == state(status).is_connected


@pytest.mark.parametrize("status", ENDED)
@pytest.mark.parametrize(
    ("ended", "looked_up", "is_news"),
    [
        (at(8), at(9), True),
        (at(8), at(8), False),
        (at(8), at(7), False),
        (at(8), None, False),
        # The end itself is unknown: the time of the answer that told of it is in its place.
        (None, at(11), True),
        (None, at(10), False),
    ],
)
def test_a_look_up_after_the_end(
    status: SessionStatus, ended: datetime | None, looked_up: datetime | None, is_news: bool
) -> None:
    """Test that a look-up from before the end of a session tells nothing about what is now."""
    shows = state(status, ended=ended, live=point(ChargePointStatus.AVAILABLE, looked_up))
    assert shows.status is (Status.AVAILABLE if is_news else Status.FINISHED)
    assert shows.is_connected is (False if is_news else None)


@pytest.mark.parametrize("status", ENDED)
def test_a_look_up_without_a_word(status: SessionStatus) -> None:
    """Test that a look-up that did not tell a status does not hide the last session."""
    shows = state(status, ended=at(8), live=point(None, at(9)))
    assert (shows.status, shows.is_connected) == (Status.FINISHED, None)


def test_a_session_without_any_time() -> None:
    """Test that any look-up is newer than an end of which no time is known."""
    session = answer(status=SessionStatus.FINISHED)
    shows = ChargePointState(charge_point=point(ChargePointStatus.OCCUPIED, at(0)), session=session)
    assert shows.status is Status.OCCUPIED


@pytest.mark.parametrize("session", [None, *SessionStatus])
@pytest.mark.parametrize(("running", "shown"), [(START, Status.STARTING), (STOP, Status.STOPPING)])
@pytest.mark.parametrize("wish", [START, STOP])
def test_commands(
    session: SessionStatus | None, running: CommandKind, shown: Status, wish: CommandKind
) -> None:
    """Test that the status tells of the command under way, and the switch of the newest wish."""
    shows = state(session, running=running, wish=wish)
    assert shows.status is shown
    assert shows.is_on is (wish is START)
    # What flows, flows whatever is asked.
    assert shows.is_charging == state(session).is_charging
    assert shows.is_connected == state(session).is_connected


@pytest.mark.parametrize("wish", [START, STOP])
def test_a_wish_that_waits_for_its_turn(wish: CommandKind) -> None:
    """Test that a wish moves the switch before anything is sent, and nothing else."""
    shows = state(SessionStatus.CHARGING, wish=wish)
    assert shows.is_on is (wish is START)
    assert shows.status is Status.CHARGING
    shows = nobody(point(ChargePointStatus.AVAILABLE, at(0)), wish=wish)
    assert shows.is_on is (wish is START)
    assert shows.status is Status.AVAILABLE


@pytest.mark.parametrize(
    ("looked_up", "told", "reported"),
    [
        (None, None, None),
        (at(1), None, at(1)),
        (None, at(2), at(2)),
        (at(1), at(2), at(2)),
        (at(3), at(2), at(3)),
    ],
)
def test_last_reported(
    looked_up: datetime | None, told: datetime | None, reported: datetime | None
) -> None:
    """Test that the newest word of the network counts, whichever it is about."""
    shows = ChargePointState(charge_point=point(None, looked_up), session=answer(updated=told))
    assert shows.last_reported == reported
    assert nobody(point(None, looked_up)).last_reported == looked_up


def test_equal_states_are_equal() -> None:
    """Test that an entity is told only of what is different: equality is by value."""
    one, same = state(SessionStatus.CHARGING), state(SessionStatus.CHARGING)
    assert one == same
    assert one != state(SessionStatus.CHARGING, wish=STOP)
    account = AccountState(charge_points={"CP1": one}, active_sessions=1)
    assert account == AccountState(charge_points={"CP1": same}, active_sessions=1)
    assert account != replace(account, active_sessions=2)
