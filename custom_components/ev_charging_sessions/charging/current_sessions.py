"""The sessions of an account that matter now; the rest of its history stays on disk."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from .ledger import Change, Ledger
from .model import Account, Session

# Late meter values and corrections arrive soon after the end of a session.
COOL_OFF = timedelta(minutes=5)

_NEVER = datetime.fromtimestamp(0, UTC)


class CurrentSessions:
    """What is open, what has just ended, and what counts at each charge point.

    ``open`` holds the open sessions by id, and another set of ids is another object: a
    backend tells it by that. ``at`` holds, by charge point, its open session or else its
    latest one. ``ended`` holds when sessions were found to have ended, by id.
    """

    def __init__(self) -> None:
        """Start with none."""
        self.open: dict[str, Session] = {}
        self.at: dict[str, Session] = {}
        self.ended: dict[str, datetime] = {}

    async def load(self, ledger: Ledger, account: Account) -> None:
        """Take up where the ledger left off. Raises LedgerError."""
        for session in await ledger.latest_sessions(account):
            if session.charge_point_id:
                self.at[session.charge_point_id] = session
        for session in await ledger.open_sessions(account):
            self.open[session.session_id] = session

    def apply(self, changes: Sequence[Change], now: datetime) -> None:
        """Follow what has changed in the ledger."""
        sessions = [change.after for change in changes]
        for change in changes:
            self._leave(change)
        if any(session.is_open != (session.session_id in self.open) for session in sessions):
            self.open = dict(self.open)
        for session in sessions:
            if session.is_open:
                self.open[session.session_id] = session
            elif self.open.pop(session.session_id, None):
                self.ended[session.session_id] = now
            if session.charge_point_id:
                self.at[session.charge_point_id] = self._counts(session, session.charge_point_id)

    def _leave(self, change: Change) -> None:
        """Take a session away from where it was taken to be before."""
        before = change.before and change.before.charge_point_id
        if not before or before == change.after.charge_point_id:
            return
        counted = self.at.get(before)
        if counted and counted.session_id == change.after.session_id:
            del self.at[before]

    def cooling_off(self, now: datetime) -> set[str]:
        """Return the ids of the sessions that ended so recently that more may be told."""
        self.ended = {
            session_id: noticed
            for session_id, noticed in self.ended.items()
            if now - noticed <= COOL_OFF
        }
        return set(self.ended)

    def _counts(self, session: Session, charge_point_id: str) -> Session:
        """Return which session counts at a charge point now that this one has news."""
        known = self.at.get(charge_point_id)
        others = [known] if known else []
        if known and known.session_id == session.session_id:
            # It may have ended while another one is open, which a network seldom allows.
            others = [] if session.is_open else self._open_at(charge_point_id)
        return max(session, *others, key=_weight) if others else session

    def _open_at(self, charge_point_id: str) -> list[Session]:
        return [one for one in self.open.values() if one.charge_point_id == charge_point_id]


def _weight(session: Session) -> tuple[bool, datetime]:
    return session.is_open, session.started or _NEVER
