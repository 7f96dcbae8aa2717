"""Which sessions have still to be told."""

from .model import Session

# One that was told so many sessions ago has long been kept.
_HELD = 20


class SessionNews:
    """Sessions that have changed, each in its newest state, until they have been told and kept.

    Whoever is told says nothing when all went well, and may say late that it did not, when
    others have been told meanwhile. So the last sessions that were told are held, and more of
    them while there is more to tell.
    """

    def __init__(self) -> None:
        """Have nothing to tell."""
        self._news: dict[str, Session] = {}
        self._told: dict[str, Session] = {}
        self._is_through = False

    def add(self, session: Session) -> None:
        """Have the newest state of a session told."""
        self._news[session.session_id] = session

    def next(self) -> Session | None:
        """Return a session that has news, the one that changed first, or ``None``."""
        if not self._news:
            self._is_through = True
            return None
        if self._is_through:
            self._told = dict(list(self._told.items())[-_HELD:])
            self._is_through = False
        session_id = next(iter(self._news))
        session = self._news.pop(session_id)
        self._told.pop(session_id, None)
        self._told[session_id] = session
        return session

    def forget(self) -> None:
        """Have told again what may not have been kept; what was kept does no harm."""
        self._news = self._told | self._news
        self._told = {}
