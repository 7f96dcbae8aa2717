"""What happened to a session, as one word for automations."""

from copy import replace
from datetime import timedelta
from enum import StrEnum

from msgspec import Struct

from .ledger import Change
from .merge import same_content
from .model import Cost, Session, SessionStatus


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
    BILL_DIFFERS = "bill_differs"
    POST_REFUSED = "post_refused"


class SessionEvent(Struct, frozen=True, kw_only=True):
    """One piece of news; ``session`` is unknown when a start never became one.

    ``computed`` is what the tariff makes of a session whose bill says something else.
    """

    type: EventType
    session: Session | None = None
    reason: str | None = None
    computed: Cost | None = None


# A meter that is read every few minutes tells the end of a session that much later.
_LAST_ENERGY_WITHIN = timedelta(minutes=10)

_OF_STATUS = {
    SessionStatus.CHARGING: EventType.CHARGING,
    SessionStatus.SUSPENDED: EventType.SUSPENDED,
    SessionStatus.FINISHED: EventType.FINISHED,
    SessionStatus.FAILED: EventType.FAILED,
}


def events_of(change: Change) -> list[SessionEvent]:
    """Return the news in one change of the ledger, oldest first.

    A session that was over before it was ever seen is history and no news. ``reason`` says
    why a session ended: the code of a stop that was refused earlier does not.
    """
    before, after = change.before, change.after
    if change.is_correction:
        if _is_last_energy(after) or _is_aside(before, after):
            return []
        return [SessionEvent(type=EventType.CORRECTED, session=after)]
    was_open = before is None or before.is_open
    if not was_open or (before is None and not after.is_open):
        return []
    news: list[SessionEvent] = []
    ran_before = before is not None and _runs(before)
    if not ran_before and (_runs(after) or after.status is SessionStatus.FINISHED):
        news.append(SessionEvent(type=EventType.STARTED, session=after))
    what = _OF_STATUS.get(after.status) if after.status else None
    if what is not None and (before is None or before.status is not after.status):
        reason = None if after.is_open else after.reason
        news.append(SessionEvent(type=what, session=after, reason=reason))
    return news


def _is_aside(before: Session | None, after: Session) -> bool:
    """Tell whether only what drivers are not told has changed."""
    return before is not None and same_content(replace(before, details=after.details), after)


def _is_last_energy(session: Session) -> bool:
    """Tell whether our own meter has just told what had flowed before the end: the usual course."""
    if session.details is None or session.details.meter is None:
        return False
    if session.ended is None or session.updated is None:
        return False
    return session.updated - session.ended <= _LAST_ENERGY_WITHIN


def _runs(session: Session) -> bool:
    return session.status is not None and session.status.is_running
