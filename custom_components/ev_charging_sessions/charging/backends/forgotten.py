"""Sessions that were open when they were last heard of, and that nobody knows any more."""

from collections.abc import Set as AbstractSet
import time

from ..model import Session, SessionStatus

# A session that a network has not known for this long is over. Less would mistake an outage
# of the look-up for the end of a session.
FORGOTTEN_AFTER = 3600.0
# Looks that are further apart had an outage between them.
_LONGEST_GAP = 1800.0


class MissingSessions:
    """Since when sessions have been looked for in vain."""

    def __init__(self) -> None:
        """Start with none missing."""
        self._since: dict[str, float] = {}
        self._looked: dict[str, float] = {}

    def note(self, session: Session) -> list[Session]:
        """Note that a session was not found; return its end when that has lasted long enough."""
        now = time.monotonic()
        if now - self._looked.get(session.session_id, now) > _LONGEST_GAP:
            self._since[session.session_id] = now
        self._looked[session.session_id] = now
        since = self._since.setdefault(session.session_id, now)
        if now - since < FORGOTTEN_AFTER:
            return []
        has_run = session.status is not SessionStatus.STARTING
        status = SessionStatus.FINISHED if has_run else SessionStatus.FAILED
        return [
            Session(
                account=session.account,
                session_id=session.session_id,
                status=status,
                stop_reason="not_found",
            )
        ]

    def keep(self, missing: AbstractSet[str]) -> None:
        """Begin anew for all that are not among those that are missing now."""
        for session_id in self._since.keys() - missing:
            del self._since[session_id], self._looked[session_id]
