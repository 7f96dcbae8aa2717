"""Which sessions have still to be told."""

from .model import Session


class SessionNews:
    """Sessions that have changed, each in its newest state, until they have been told and kept.

    Whoever is told says nothing when all went well. So what was told is remembered until the
    next round of questions begins: the one after there was nothing more to tell.
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
            self._told.clear()
            self._is_through = False
        session_id = next(iter(self._news))
        session = self._told[session_id] = self._news.pop(session_id)
        return session

    def forget(self) -> None:
        """Have told again what could not be kept."""
        self._news = self._told | self._news
        self._told = {}
