"""The news in a change of the ledger."""

from copy import replace
from typing import Any

import pytest

from custom_components.ev_charging_sessions.charging.events import (
    EventType,
    SessionEvent,
    events_of,
)
from custom_components.ev_charging_sessions.charging.ledger import Change, Ledger
from custom_components.ev_charging_sessions.charging.model import (
    MeterMemory,
    Session,
    SessionDetails,
    SessionStatus,
)

from .answers import answer, at

STARTING, CONNECTED, SUSPENDED, CHARGING, STOPPING, STOP_FAILED, FINISHED, FAILED = SessionStatus
UNKNOWN = None
STARTED = EventType.STARTED


def change(before: SessionStatus | str | None, after: SessionStatus | None) -> Change:
    """Return the change from one status to another; ``"nothing"`` is a new session."""
    known = None if isinstance(before, str) and before == "nothing" else answer(status=before)
    return Change(before=known, after=answer(status=after, updated=at(1)))


@pytest.mark.parametrize(
    ("before", "after", "news"),
    [
        # A session that is seen for the first time.
        ("nothing", STARTING, []),
        ("nothing", CONNECTED, [STARTED]),
        ("nothing", SUSPENDED, [STARTED, EventType.SUSPENDED]),
        ("nothing", CHARGING, [STARTED, EventType.CHARGING]),
        ("nothing", STOPPING, [STARTED]),
        ("nothing", STOP_FAILED, [STARTED]),
        ("nothing", UNKNOWN, []),
        ("nothing", FINISHED, []),
        ("nothing", FAILED, []),
        # One that has been asked for.
        (STARTING, CONNECTED, [STARTED]),
        (STARTING, CHARGING, [STARTED, EventType.CHARGING]),
        (STARTING, FINISHED, [STARTED, EventType.FINISHED]),
        (STARTING, FAILED, [EventType.FAILED]),
        (STARTING, UNKNOWN, []),
        # One that runs.
        (CONNECTED, CHARGING, [EventType.CHARGING]),
        (CHARGING, SUSPENDED, [EventType.SUSPENDED]),
        (SUSPENDED, CHARGING, [EventType.CHARGING]),
        (CHARGING, STOPPING, []),
        (STOPPING, STOP_FAILED, []),
        (STOP_FAILED, CHARGING, [EventType.CHARGING]),
        (CHARGING, FINISHED, [EventType.FINISHED]),
        (STOPPING, FINISHED, [EventType.FINISHED]),
        (SUSPENDED, FAILED, [EventType.FAILED]),
        # One in a state that nobody knows.
        (UNKNOWN, STARTING, []),
        (UNKNOWN, CHARGING, [STARTED, EventType.CHARGING]),
        (UNKNOWN, FINISHED, [STARTED, EventType.FINISHED]),
        (CHARGING, UNKNOWN, []),
        # Nothing new about it, but something else.
        (STARTING, STARTING, []),
        (CHARGING, CHARGING, []),
        (UNKNOWN, UNKNOWN, []),
    ],
)
def test_news(
    before: SessionStatus | str | None, after: SessionStatus | None, news: list[EventType]
) -> None:
    """Test what is news, oldest first, and what is history."""
    what = change(before, after)
    assert [event.type for event in events_of(what)] == news
    assert all(event.session is what.after for event in events_of(what))


@pytest.mark.parametrize("before", [FINISHED, FAILED])
@pytest.mark.parametrize("after", [FINISHED, FAILED])
def test_corrections(before: SessionStatus, after: SessionStatus) -> None:
    """Test that whatever changes of an ended session is one correction, and no second end."""
    corrected = answer(status=after, ended=at(5), updated=at(6), stop_reason="Local")
    what = Change(before=answer(status=before, ended=at(4)), after=corrected)
    assert events_of(what) == [SessionEvent(type=EventType.CORRECTED, session=corrected)]


def test_what_drivers_are_not_told_is_no_correction() -> None:
    """Test that a note, or a number that an operator's system has given, is no news."""
    before = answer(status=FINISHED, ended=at(4))
    after = replace(before, details=SessionDetails(transaction_id="7"), updated=at(6))
    assert events_of(Change(before=before, after=after)) == []


@pytest.mark.parametrize(("minutes", "news"), [(10, []), (11, [EventType.CORRECTED])])
def test_last_energy_of_our_own_meter(minutes: int, news: list[EventType]) -> None:
    """Test that what a meter tells a little later is no correction that anybody must hear of."""
    meter = MeterMemory(at=at(0), reading=1.0, counted=1.0)
    before = answer(
        status=FINISHED, ended=at(0), updated=at(0), details=SessionDetails(meter=meter)
    )
    after = replace(before, energy=2.0, updated=at(minutes))
    assert [event.type for event in events_of(Change(before=before, after=after))] == news


@pytest.mark.parametrize("status", [FINISHED, FAILED])
def test_the_same_said_later_is_no_news(status: SessionStatus) -> None:
    """Test that a new time stamp alone corrects nothing."""
    before = answer(status=status, ended=at(4), updated=at(4))
    after = answer(status=status, ended=at(4), updated=at(9))
    assert events_of(Change(before=before, after=after)) == []


@pytest.mark.parametrize(
    ("status", "said", "reasons"),
    [
        (CHARGING, {}, [None, None]),
        (FINISHED, {"stop_reason": "Local"}, [None, "Local"]),
        (FINISHED, {}, [None, None]),
        (FAILED, {"error_code": "EvseInUse"}, ["EvseInUse"]),
        (FAILED, {"stop_reason": "not_found"}, ["not_found"]),
        (FAILED, {"error_code": "EvseInUse", "stop_reason": "Other"}, ["EvseInUse"]),
        # The code of a stop that was refused before does not explain the end.
        (FINISHED, {"error_code": "Timeout"}, [None, None]),
        (FINISHED, {"error_code": "Timeout", "stop_reason": "Local"}, [None, "Local"]),
    ],
)
def test_reasons(status: SessionStatus, said: dict[str, Any], reasons: list[str | None]) -> None:
    """Test that only an end has a reason: that of its failure, or that of the stop."""
    what = Change(before=answer(status=STARTING), after=answer(status=status, **said))
    assert [event.reason for event in events_of(what)] == reasons


async def test_each_piece_of_news_once(ledger: Ledger) -> None:
    """Test the news along a session as the ledger tells its changes, with repeats."""

    def said(status: SessionStatus | None, minutes: float, **more: Any) -> Session:
        return answer(status=status, started=at(0), updated=at(minutes), **more)

    answers = [
        said(STARTING, 0),
        said(CHARGING, 1),
        said(CHARGING, 1),
        said(CHARGING, 2),
        said(STOP_FAILED, 3, error_code="Timeout"),
        # Older than what is known: no news.
        said(SUSPENDED, 2),
        said(FINISHED, 4, ended=at(4)),
        said(FINISHED, 4, ended=at(4)),
        said(FINISHED, 6, ended=at(5)),
        # Read again, with a newer time stamp and nothing new.
        said(FINISHED, 8, ended=at(5)),
    ]
    told: list[tuple[EventType, str | None]] = []
    for each in answers:
        for what in await ledger.upsert([each]):
            told += [(event.type, event.reason) for event in events_of(what)]
    assert told == [
        (EventType.STARTED, None),
        (EventType.CHARGING, None),
        (EventType.FINISHED, None),
        (EventType.CORRECTED, None),
    ]
