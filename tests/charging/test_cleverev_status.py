"""Tests of the status of a session that runs, and of the order of what is told of it."""

from copy import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.ev_charging_sessions.charging.backends.cleverev_status import (
    Told,
    with_statuses,
)
from custom_components.ev_charging_sessions.charging.merge import merge
from custom_components.ev_charging_sessions.charging.model import (
    ChargePoint,
    MeterValue,
    OcppStatus,
    Session,
    SessionStatus,
)

from .cleverev_answers import ACCOUNT

BEGIN = datetime(2026, 11, 21, 8, tzinfo=UTC)
POINT = "chg_1-1"
CONNECTED, SUSPENDED, CHARGING = (
    SessionStatus.CONNECTED,
    SessionStatus.SUSPENDED,
    SessionStatus.CHARGING,
)


def at(minute: float) -> datetime:
    """Return a time of the session."""
    return BEGIN + timedelta(minutes=minute)


def session(
    minute: float = 0,
    energy: float | None = 0.0,
    status: SessionStatus | None = None,
    session_id: str = "1",
) -> Session:
    """Return a session that was metered after so many minutes, as the wire tells it."""
    return Session(
        account=ACCOUNT,
        session_id=session_id,
        charge_point_id=POINT,
        status=status,
        started=BEGIN,
        energy=energy,
        meter_values=(MeterValue(BEGIN, 1000.0), MeterValue(at(minute), 1000.0 + (energy or 0))),
        updated=at(minute),
    )


def connector(status: OcppStatus | None) -> dict[str, ChargePoint]:
    """Return the connector of the session in a status."""
    return {POINT: ChargePoint(charge_point_id=POINT, ocpp_status=status)}


def told(
    found: Session,
    connectors: dict[str, ChargePoint] | None = None,
    before: Session | None = None,
    ledger: Session | None = None,
) -> Session:
    """Return what is told of one session."""
    (only,) = with_statuses(
        [found],
        connectors or {},
        {} if before is None else {before.session_id: as_told(before)},
        {} if ledger is None else {ledger.session_id: ledger},
    )
    return only.session


def as_told(before: Session) -> Told:
    """Return a session as one that was told; its own stamp has no microseconds."""
    return Told(before, before.updated and before.updated.replace(microsecond=0))


@pytest.mark.parametrize(
    ("ocpp", "status"),
    [
        (OcppStatus.PREPARING, CONNECTED),
        (OcppStatus.CHARGING, CHARGING),
        (OcppStatus.SUSPENDED_EV, SUSPENDED),
        (OcppStatus.SUSPENDED_EVSE, SUSPENDED),
        (OcppStatus.FINISHING, CONNECTED),
    ],
)
def test_the_connector_decides(ocpp: OcppStatus, status: SessionStatus) -> None:
    """Test every word of a connector that can have a session."""
    assert told(session(10, 1.0), connector(ocpp)).status is status


@pytest.mark.parametrize(
    "ocpp",
    [
        None,
        OcppStatus.AVAILABLE,
        OcppStatus.RESERVED,
        OcppStatus.UNAVAILABLE,
        OcppStatus.FAULTED,
    ],
)
def test_the_meter_decides(ocpp: OcppStatus | None) -> None:
    """Test that a connector which knows of no session says nothing of one."""
    connectors = connector(ocpp)
    first = told(session(10, 1.0), connectors)
    assert (first.status, first.updated) == (CHARGING, at(10))
    assert told(session(10, 0.0), connectors).status is CONNECTED
    assert told(session(10, None), connectors).status is CONNECTED


@pytest.mark.parametrize(
    ("before", "now", "status"),
    [
        (session(10, 1.0, CHARGING), session(11, 1.1), CHARGING),
        (session(10, 1.0, CHARGING), session(11, 1.0), SUSPENDED),
        (session(10, 1.0, CHARGING), session(10, 1.0), CHARGING),
        (session(10, 1.0, SUSPENDED), session(10, 1.0), SUSPENDED),
        (session(10, 1.0, SUSPENDED), session(11, 1.1), CHARGING),
        (session(10, 0.0, CONNECTED), session(11, 0.0), CONNECTED),
        (session(10, 0.0, CONNECTED), session(11, 0.1), CHARGING),
        # What an older answer shows is no news.
        (session(10, 1.0, SUSPENDED), session(9, 0.9), SUSPENDED),
        # Nobody knows how it was before.
        (session(10, 1.0, None), session(11, 1.0), CHARGING),
        (session(10, 1.0, SessionStatus.STARTING), session(11, 1.0), CHARGING),
        (session(10, 1.0, SessionStatus.STOPPING), session(11, 1.0), CHARGING),
    ],
)
def test_successive_values_of_the_meter(
    before: Session, now: Session, status: SessionStatus
) -> None:
    """Test that energy which has flowed since is what shows, here and in the ledger."""
    assert told(now, before=before).status is status
    assert told(now, ledger=before).status is status


def test_without_meter_values_the_answer_is_what_is_new() -> None:
    """Test that an answer with a new stamp and the same energy shows a pause."""
    bare = [replace(session(minute, 1.0), meter_values=()) for minute in (10, 11)]
    before = replace(bare[0], status=CHARGING)
    assert told(bare[1], before=before).status is SUSPENDED
    no_stamp = replace(bare[1], updated=None)
    assert told(no_stamp, before=before).status is CHARGING


def test_the_newest_session_of_a_connector() -> None:
    """Test that a session which was never ended does not charge with its successor."""
    old = replace(session(10, 3.0, session_id="old"), started=at(-600))
    bare = replace(session(10, 3.0, session_id="bare"), started=None)
    ended = replace(session(10, 3.0, SessionStatus.FINISHED, "ended"), started=at(600))
    new = session(10, 1.0, session_id="new")
    before = {each.session_id: as_told(replace(each, status=SUSPENDED)) for each in (old, bare)}
    for order in ([old, bare, ended, new], [new, ended, bare, old]):
        found = with_statuses(order, connector(OcppStatus.CHARGING), before, {})
        assert {each.session.session_id: each.session.status for each in found} == {
            "old": SUSPENDED,
            "bare": SUSPENDED,
            "ended": SessionStatus.FINISHED,
            "new": CHARGING,
        }


def test_a_status_can_fall() -> None:
    """Test that the ledger takes a lower status of the same session."""
    first = told(session(10, 1.0), connector(OcppStatus.CHARGING))
    second = told(session(10, 1.0), connector(OcppStatus.SUSPENDED_EV), first)
    assert second.updated == at(10) + timedelta(microseconds=1)
    # It is told once.
    again = told(session(10, 1.0), connector(OcppStatus.SUSPENDED_EV), second)
    assert again == second
    known = merge(merge(None, first).known, second).known
    assert known.session.status is SUSPENDED
    third = told(session(11, 1.2), connector(OcppStatus.CHARGING), second)
    assert merge(known, third).known.session.status is CHARGING


def test_an_end_after_statuses() -> None:
    """Test that the energy of an end counts whatever its connector has told before."""
    ahead = told(session(10, 1.0), connector(OcppStatus.CHARGING))
    assert ahead.updated == at(10)
    more = told(session(20, 2.0), connector(OcppStatus.CHARGING), ahead)
    end = told(session(30, 3.0, SessionStatus.FINISHED), {}, ledger=more)
    known = merge(None, ahead).known
    for answer in (more, end):
        known = merge(known, answer).known
    assert (known.session.status, known.session.energy) == (SessionStatus.FINISHED, 3.0)
    # Told again from the same row, it is what it was.
    assert told(session(30, 3.0, SessionStatus.FINISHED), {}, before=end).energy == 3.0


def test_a_command_of_the_ledger_is_not_undone() -> None:
    """Test that a poll which has seen nothing new leaves the ledger as it is."""
    running = told(session(10, 1.0), connector(OcppStatus.CHARGING))
    stopping = replace(running, status=SessionStatus.STOPPING)
    for before in (running, None):
        again = told(session(10, 1.0), connector(OcppStatus.CHARGING), before, ledger=stopping)
        assert again.updated == running.updated
        known = merge(merge(None, stopping).known, again).known
        assert known.session.status is SessionStatus.STOPPING


def test_without_stamps_nothing_is_put_in_order() -> None:
    """Test that an answer without a time stamp gets that of its reading, later."""
    bare = replace(session(10, 1.0), updated=None)
    assert told(bare, connector(OcppStatus.CHARGING)).updated is None
    assert told(bare, connector(OcppStatus.CHARGING), session(10, 1.0, SUSPENDED)).updated is None
