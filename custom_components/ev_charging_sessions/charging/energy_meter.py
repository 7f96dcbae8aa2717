"""What has flowed through a meter, whatever happens to its register meanwhile."""

from copy import replace
from datetime import datetime, timedelta
from math import isfinite
from typing import NamedTuple

from .model import MeterMemory, MeterValue

# No connector gives more, so a register that rises faster was not charged with that.
_MOST_POWER = 500.0
# Few give more. A register that comes back to where it stood faster than that has slipped, and
# one that rises faster may yet come back.
_LIKELY_POWER = 50.0
# Many meters show news only once in a while: what all of that time can have brought at once.
_MOST_UNSHOWN = 200.0
# A register that has gone on for so long from where it leapt to will not come back.
_BELIEVED = timedelta(hours=24)
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
    A rise is energy if it can have flowed since the register was last read or, as far as few
    connectors give more, since it last moved: many meters show news only once in a while.
    What has risen by much is taken back if the register comes back.
    """

    def __init__(self, memory: MeterMemory | None = None) -> None:
        """Go on from what was counted before, or start with the first reading."""
        self._memory = memory
        self._looked = memory.at if memory else None

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
        if not is_register(reading):
            return
        # Differences of whole micro-kWh leave nothing behind, however many are added up.
        reading = round(reading, _DIGITS)
        memory, looked, self._looked = self._memory, self._looked, at
        if memory is None or looked is None:
            self._memory = MeterMemory(at=at, reading=reading, counted=0.0)
            return
        moved = round(reading - memory.reading, _DIGITS)
        if moved == 0 or (-_NOISE <= moved < 0 and reading > 0):
            return
        look = _Look(at, reading, max(looked, memory.at))
        follow = _risen if moved > 0 else _fallen
        self._memory = _back(memory, look) or follow(memory, look)


def is_register(reading: float) -> bool:
    """Tell whether a register can show that."""
    return isfinite(reading) and reading >= 0


class _Look(NamedTuple):
    """What a register shows that has moved, and until when it did not."""

    at: datetime
    reading: float
    before: datetime

    def most(self, memory: MeterMemory) -> float:
        """Return the most kWh that can have flowed since."""
        unshown = min(_LIKELY_POWER * _hours(self.at - memory.at), _MOST_UNSHOWN)
        return max(most_energy(self.at - self.before), unshown + _STEP)


def _back(memory: MeterMemory, look: _Look) -> MeterMemory | None:
    """Return the memory of a register that is back where it stood before it leapt."""
    fallen, risen = memory.fallen, memory.risen
    if fallen and _has_slipped(memory, fallen, look):
        back = _returned(fallen, memory.fallen_counted, look)
        if back is not None:
            return back
    if risen and (look.reading < memory.reading or _has_slipped(memory, risen, look)):
        return _returned(risen, memory.risen_counted, look)
    return None


def _has_slipped(memory: MeterMemory, before: MeterValue, look: _Look) -> bool:
    """Tell whether coming back explains a movement better than what else it would be."""
    rise = look.reading - memory.reading
    if rise < 0:
        return before.energy < memory.reading and _is_doubtful(memory)
    if _is_doubtful(memory):
        return rise > _LIKELY_POWER * _hours(look.at - memory.at) + _NOISE
    return rise > look.most(memory)


def _returned(before: MeterValue, counted: float, look: _Look) -> MeterMemory | None:
    """Return the memory of a register that goes on from where it stood, if it can be there."""
    gain = round(look.reading - before.energy, _DIGITS)
    if gain < -_NOISE or gain > most_energy(look.at - before.at):
        return None
    counted = round(counted + max(gain, 0.0), _DIGITS)
    return MeterMemory(at=look.at, reading=max(look.reading, before.energy), counted=counted)


def _risen(memory: MeterMemory, look: _Look) -> MeterMemory:
    rise = round(look.reading - memory.reading, _DIGITS)
    if rise > look.most(memory):
        return _leapt(memory, look, 0.0)
    after = replace(
        memory, at=look.at, reading=look.reading, counted=round(memory.counted + rise, _DIGITS)
    )
    if memory.fallen and memory.fallen.energy <= look.reading:
        after = replace(after, fallen=None, fallen_counted=0.0)
    if memory.risen and (_is_doubtful(memory) or look.at - memory.risen.at > _BELIEVED):
        after = replace(after, risen=None, risen_counted=0.0)
    if after.risen is None and rise > _LIKELY_POWER * _hours(look.at - look.before) + _STEP:
        place = MeterValue(look.before, memory.reading)
        after = replace(after, risen=place, risen_counted=memory.counted)
    return after


def _fallen(memory: MeterMemory, look: _Look) -> MeterMemory:
    most, reading = look.most(memory), look.reading
    rolled = None if _is_doubtful(memory) else _rolled_over(memory.reading, reading)
    if rolled is not None and rolled <= most:
        return _leapt(memory, look, rolled)
    is_reset = reading <= min(_LOWEST_CORRECTION * memory.reading, _MOST_SINCE_RESET, most)
    return _leapt(memory, look, reading if is_reset else 0.0)


def _leapt(memory: MeterMemory, look: _Look, added: float) -> MeterMemory:
    """Return the memory of a register that goes on elsewhere, and has shown so much there.

    A leap that is not sure itself does not take the place of the one before it.
    """
    stays = _is_doubtful(memory)
    return MeterMemory(
        at=look.at,
        reading=look.reading,
        counted=round(memory.counted + added, _DIGITS),
        fallen=memory.fallen if stays else MeterValue(memory.at, memory.reading),
        fallen_counted=memory.fallen_counted if stays else memory.counted,
        risen=None if added else memory.risen,
        risen_counted=0.0 if added else memory.risen_counted,
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
