"""What has flowed through a meter, whatever happens to its register meanwhile."""

from copy import replace
from datetime import datetime, timedelta
from math import isfinite

from .model import MeterMemory, MeterValue

# No connector gives more, so a register that rises faster was not charged with that.
_MOST_POWER = 500.0
# Few give more. A register that comes back to where it stood faster than that has slipped.
_LIKELY_POWER = 50.0
# A meter that shows whole kWh may step at the very moment at which it is first watched.
_STEP = 1.0
# What rounding and the wire make of a register that stands still.
_NOISE = 0.1
# More than any vehicle takes between two readings comes from another meter; a meter that has
# been reset in between was charged with far less.
_MOST_AT_ONCE = 1_000.0
_MOST_SINCE_RESET = 200.0
_LOWEST_CORRECTION = 0.9
# A register rolls over near its end, and one that is elsewhere has been reset.
_NEAR = 0.05
_DIGITS = 6
# Decimal displays, and registers of 32 and 16 bits that count 0.1, 1, 10 or 100 Wh.
_ENDS = (
    1_000.0,
    10_000.0,
    100_000.0,
    1_000_000.0,
    10_000_000.0,
    *(float(2**bits) / unit for bits in (31, 32) for unit in (1_000, 10_000, 100_000)),
    65_536.0,
    6_553.6,
)


class EnergyMeter:
    """Follows the register of a meter, in kWh, and counts what has truly flowed.

    A register can be reset, roll over, slip for a moment or belong to another meter at once.
    A rise is energy if it can have flowed since the register last moved: many meters show
    news only once in a while, so when it was last read says little.
    """

    def __init__(self, memory: MeterMemory | None = None) -> None:
        """Go on from what was counted before, or start with the first reading."""
        self._memory = memory

    @property
    def memory(self) -> MeterMemory | None:
        """Return how far has been counted; its ``at`` is when the register last moved."""
        return self._memory

    @property
    def counted(self) -> float | None:
        """Return the kWh since the meter was first read, ``None`` before that."""
        return self._memory.counted if self._memory else None

    def read(self, reading: float, at: datetime) -> None:
        """Take in what the register shows; what is no such number is ignored."""
        if not isfinite(reading) or reading < 0:
            return
        # Differences of whole micro-kWh leave nothing behind, however many are added up.
        reading = round(reading, _DIGITS)
        memory = self._memory
        if memory is None:
            self._memory = MeterMemory(at=at, reading=reading, counted=0.0)
            return
        moved = round(reading - memory.reading, _DIGITS)
        if moved == 0 or (-_NOISE <= moved < 0 and reading > 0):
            return
        follow = _risen if moved > 0 else _fallen
        self._memory = _back(memory, reading, at) or follow(memory, reading, at)


def _back(memory: MeterMemory, reading: float, at: datetime) -> MeterMemory | None:
    """Return the memory of a register that is back where it stood before it leapt."""
    before = memory.fallen
    if before is None:
        return None
    gain = round(reading - before.energy, _DIGITS)
    if gain < -_NOISE or gain > most_energy(at - before.at):
        return None
    elapsed = at - memory.at
    most = _LIKELY_POWER * _hours(elapsed) + _NOISE
    if not _is_doubtful(memory):
        most = most_energy(elapsed)
    if 0 < reading - memory.reading <= most:
        return None
    counted = round(memory.fallen_counted + max(gain, 0.0), _DIGITS)
    return MeterMemory(at=at, reading=max(reading, before.energy), counted=counted)


def _risen(memory: MeterMemory, reading: float, at: datetime) -> MeterMemory:
    rise = round(reading - memory.reading, _DIGITS)
    if rise > most_energy(at - memory.at):
        return _leapt(memory, reading, at, 0.0)
    counted = round(memory.counted + rise, _DIGITS)
    if memory.fallen is None or memory.fallen.energy <= reading:
        return MeterMemory(at=at, reading=reading, counted=counted)
    return replace(memory, at=at, reading=reading, counted=counted)


def _fallen(memory: MeterMemory, reading: float, at: datetime) -> MeterMemory:
    most = most_energy(at - memory.at)
    rolled = None if _is_doubtful(memory) else _rolled_over(memory.reading, reading)
    if rolled is not None and rolled <= most:
        return _leapt(memory, reading, at, rolled)
    is_reset = reading <= min(_LOWEST_CORRECTION * memory.reading, _MOST_SINCE_RESET, most)
    return _leapt(memory, reading, at, reading if is_reset else 0.0)


def _leapt(memory: MeterMemory, reading: float, at: datetime, added: float) -> MeterMemory:
    """Return the memory of a register that goes on elsewhere, and has shown so much there.

    A leap that is not sure itself does not take the place of the one before it.
    """
    stays = _is_doubtful(memory)
    return MeterMemory(
        at=at,
        reading=reading,
        counted=round(memory.counted + added, _DIGITS),
        fallen=memory.fallen if stays else MeterValue(memory.at, memory.reading),
        fallen_counted=memory.fallen_counted if stays else memory.counted,
    )


def _is_doubtful(memory: MeterMemory) -> bool:
    """Tell whether nothing has been counted since the register leapt."""
    return memory.fallen is not None and memory.counted == memory.fallen_counted


def _rolled_over(old: float, new: float) -> float | None:
    """Return what has flowed from one reading over the end of a register to another.

    A register that shows nothing at all was reset, unless it was at its end just before.
    """
    for end in _ENDS:
        left = round(end - old, _DIGITS)
        if 0 <= left <= (_NEAR * end if new else _STEP) and new <= _NEAR * end:
            return left + new
    return None


def most_energy(elapsed: timedelta) -> float:
    """Return the most kWh that a meter can show more after some time."""
    return min(_MOST_POWER * _hours(elapsed) + _STEP, _MOST_AT_ONCE)


def _hours(elapsed: timedelta) -> float:
    """Return the hours that have passed, none where a clock was set back."""
    return max(elapsed / timedelta(hours=1), 0.0)
