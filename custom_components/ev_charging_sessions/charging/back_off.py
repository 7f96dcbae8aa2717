"""Waiting for a network that cannot take what it is sent."""

import random
import time

FIRST = 30.0
LONGEST = 1800.0
# A server that asks for more than an hour is more likely to be wrong than to mean it.
LONGEST_ASKED = 3600.0
LONGEST_OF_ALL = max(LONGEST * 1.2, LONGEST_ASKED)
"""No wait is longer than this, in seconds."""


def jittered(failures: int, longest: float) -> float:
    """Return seconds that double with each failure before this one, up to about the longest."""
    # Bounded before it is raised: an outage of weeks would end beyond all numbers.
    wait = min(FIRST * 2.0 ** min(failures, 16), longest)
    # Without jitter all the homes that an outage hit would come back in step.
    return wait * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, guards nothing


def back_off(failures: int, asked: float | None = None) -> float:
    """Return the seconds to wait after so many failures in a row before this one.

    ``asked`` is what the network wants to be waited at least.
    """
    return max(jittered(failures, LONGEST), min(asked or 0.0, LONGEST_ASKED))


class Quiet:
    """How long a network is to be left alone."""

    def __init__(self) -> None:
        """Begin with a network that was never in trouble."""
        self._until = 0.0
        self._failures = 0

    @property
    def left(self) -> float:
        """Return the seconds until the network may be tried again."""
        return max(self._until - time.monotonic(), 0.0)

    def failed(self, asked: float | None = None) -> None:
        """Note a failure; each one after another makes the wait longer."""
        self.keep(back_off(self._failures, asked))
        self._failures += 1

    def keep(self, seconds: float) -> None:
        """Leave the network alone for so long."""
        self._until = time.monotonic() + seconds

    def end(self) -> None:
        """Let the network be tried at once, and take it for well again."""
        self._until = 0.0
        self._failures = 0
