"""The energy meter of a connector, exact at every moment of the session that runs."""

from dataclasses import dataclass
from datetime import datetime
from math import floor


@dataclass(frozen=True, slots=True)
class _Piece:
    """From ``since`` on the register grows with constant power, but never above ``most``."""

    since: datetime
    register: float
    power: float
    most: float

    def reading(self, when: datetime) -> float:
        hours = max((when - self.since).total_seconds(), 0.0) / 3600
        return min(self.register + self.power * hours, self.most)


class Meter:
    """A register in kWh that is never reset.

    It remembers what flowed and when, so that it can also tell what it showed a while ago.
    """

    def __init__(self, since: datetime, register: float) -> None:
        """Start at a reading, with nothing flowing."""
        self._pieces = [_Piece(since, register, 0.0, register)]

    @property
    def power(self) -> float:
        """The kW that flow since the last change, as long as the car has room."""
        return self._pieces[-1].power

    def reading(self, when: datetime) -> float:
        """Return the kWh at a moment since ``forget``."""
        for piece in reversed(self._pieces):
            if piece.since <= when:
                return piece.reading(when)
        return self._pieces[0].register

    def since_change(self, when: datetime) -> float:
        """Return the kWh that have flowed since the last change."""
        return self._pieces[-1].reading(when) - self._pieces[-1].register

    def draw(self, when: datetime, power: float, room: float) -> None:
        """Let ``power`` kW flow from now on, until ``room`` kWh have."""
        # An event is due a moment before the time at which somebody else looks already.
        when = max(when, self._pieces[-1].since)
        register = self.reading(when)
        self._pieces.append(_Piece(when, register, power, register + room))

    def forget(self) -> None:
        """Forget what was before the last change."""
        del self._pieces[:-1]


def shown(reading: float) -> float:
    """Return a reading as a meter shows it: rounded down to the watt-hour."""
    # Without the trifle a register of 14.25 could show 14.249, because of how floats add up.
    return floor(reading * 1000 + 1e-6) / 1000
