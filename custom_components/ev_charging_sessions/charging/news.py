"""News about sessions, from when they are found until somebody has told them."""

from collections import Counter, deque

from .events import SessionEvent

# Nobody takes the events of an entity that is turned off.
_MOST = 16


class News:
    """The events of each charge point that nobody has told yet, and how many there ever were."""

    def __init__(self) -> None:
        """Start with none."""
        self._waiting: dict[str, deque[SessionEvent]] = {}
        self._counts: Counter[str] = Counter()

    def add(self, charge_point_id: str, event: SessionEvent) -> None:
        """Keep one more event."""
        self._waiting.setdefault(charge_point_id, deque(maxlen=_MOST)).append(event)
        self._counts[charge_point_id] += 1

    def take(self, charge_point_id: str) -> list[SessionEvent]:
        """Return the events that nobody has taken yet, oldest first."""
        return list(self._waiting.pop(charge_point_id, ()))

    def count(self, charge_point_id: str) -> int:
        """Return how many events there were so far."""
        return self._counts[charge_point_id]
