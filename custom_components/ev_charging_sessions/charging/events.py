"""What happened to a session, as one word for automations."""

from enum import StrEnum

from msgspec import Struct

from .ledger import Change
from .model import Session, SessionStatus


class EventType(StrEnum):
    """The kinds of news about a session."""

    STARTED = "started"
    CHARGING = "charging"
    SUSPENDED = "suspended"
    FINISHED = "finished"
    FAILED = "failed"
    START_FAILED = "start_failed"
    STOP_FAILED = "stop_failed"
    CORRECTED = "corrected"


class SessionEvent(Struct, frozen=True, kw_only=True):
    """One piece of news; ``session`` is unknown when a start never became one."""

    type: EventType
    session: Session | None = None
    reason: str | None = None


_OF_STATUS = {
    SessionStatus.CHARGING: EventType.CHARGING,
    SessionStatus.SUSPENDED: EventType.SUSPENDED,
    SessionStatus.FINISHED: EventType.FINISHED,
    SessionStatus.FAILED: EventType.FAILED,
}


def events_of(change: Change) -> list[SessionEvent]:
    """Return the news in one change of the ledger, oldest first.

    A session that was over before it was ever seen is history and no news.
    """
    before, after = change.before, change.after
    if change.is_correction:
        return [SessionEvent(type=EventType.CORRECTED, session=after)]
    if before is None and not after.is_open:
        return []
    news: list[EventType] = []
    ran_before = before is not None and _runs(before)
    if not ran_before and (_runs(after) or after.status is SessionStatus.FINISHED):
        news.append(EventType.STARTED)
    if after.status and (before is None or before.status is not after.status):
        what = _OF_STATUS.get(after.status)
        if what is not None:
            news.append(what)
    reason = after.error_code or after.stop_reason
    return [SessionEvent(type=what, session=after, reason=reason) for what in news]


def _runs(session: Session) -> bool:
    return session.status is not None and session.status.is_running
