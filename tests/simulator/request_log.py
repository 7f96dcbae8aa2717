"""Every request that arrived, so that tests can count them."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from .faults import Call


@dataclass(kw_only=True, slots=True)
class Entry:
    """One request; ``status`` is ``None`` while, or because, there is no answer."""

    call: Call
    query: str
    request_id: str | None
    time: datetime
    status: int | None = None
    fault: str | None = None


class RequestLog:
    """The requests in the order of their arrival."""

    def __init__(self) -> None:
        """Start with an empty log."""
        self.entries: list[Entry] = []
        self._request_ids: Counter[str] = Counter()

    def add(self, entry: Entry) -> None:
        """Write a request down."""
        self.entries.append(entry)
        if entry.request_id is not None:
            self._request_ids[entry.request_id] += 1

    def clear(self) -> None:
        """Start counting anew; RequestIds that were seen stay seen."""
        self.entries.clear()

    def count(self, name: str | None = None, *, backend: str | None = None) -> int:
        """Return how many requests there were, of one call or backend or of all."""
        return sum(
            name in {None, entry.call.name} and backend in {None, entry.call.backend}
            for entry in self.entries
        )

    def counts(self) -> dict[str, int]:
        """Return how many requests there were of each call."""
        return dict(Counter(entry.call.name for entry in self.entries))

    def times_seen(self, request_id: str) -> int:
        """Return how often a RequestId has come, including this time."""
        return self._request_ids[request_id]
