"""Simulated time, and what is due in it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
import time


def real_now() -> float:
    """Return real monotonic seconds.

    ``time.monotonic`` stands still while freezegun is active; this clock does not.
    """
    return time.clock_gettime(time.CLOCK_MONOTONIC)


class Clock:
    """The time of the simulated world: frozen until it is moved, or running.

    Everything that happens later is an event of this clock. Events need no timer: they
    run, in order and each at its own time, as soon as somebody looks at the clock through
    ``settle`` or ``advance``.
    """

    def __init__(self, start: datetime | None = None, *, frozen: bool = True) -> None:
        """Start at ``start`` (aware; default now), frozen or running with real time."""
        self._anchor = start or datetime.now(UTC)
        self._anchor_real: float | None = None if frozen else real_now()
        self._pinned: datetime | None = None
        self._events: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()

    @property
    def is_frozen(self) -> bool:
        """Tell whether time stands still until it is advanced."""
        return self._anchor_real is None

    def now(self) -> datetime:
        """Return the simulated time; inside an event, the time it was due."""
        return self._pinned or self._flowing()

    def at(self, when: datetime, event: Callable[[], None]) -> None:
        """Run ``event`` when the simulated time has reached ``when``."""
        heappush(self._events, (when, next(self._order), event))

    def after(self, seconds: float, event: Callable[[], None]) -> None:
        """Run ``event`` that many simulated seconds from now."""
        self.at(self.now() + timedelta(seconds=seconds), event)

    def settle(self) -> None:
        """Run every event that is due."""
        if self._pinned is not None:
            return
        try:
            while self._events and self._events[0][0] <= self._flowing():
                due, _, event = heappop(self._events)
                self._pinned = due
                event()
        finally:
            self._pinned = None

    def advance(self, seconds: float) -> datetime:
        """Move the time forward, run what became due, and return the new time."""
        if seconds < 0:
            raise ValueError("Time cannot go back")
        self._anchor += timedelta(seconds=seconds)
        self.settle()
        return self.now()

    def freeze(self) -> None:
        """Make the time stand still."""
        self._anchor, self._anchor_real = self._flowing(), None

    def run(self) -> None:
        """Make the time flow with real time, from where it is."""
        self._anchor, self._anchor_real = self._flowing(), real_now()

    async def sleep(self, seconds: float) -> None:
        """Wait until that much simulated time has passed."""
        passed = asyncio.Event()
        self.after(seconds, passed.set)
        while not passed.is_set():
            self.settle()
            if self.is_frozen:
                await passed.wait()
            else:
                await asyncio.sleep(0.02)

    def _flowing(self) -> datetime:
        if self._anchor_real is None:
            return self._anchor
        return self._anchor + timedelta(seconds=real_now() - self._anchor_real)
