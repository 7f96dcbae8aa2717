"""How the energy and the cost of a session lie in the clock hours in which it charged.

Hours are counted in UTC, so neither a time zone nor the change to daylight saving time can move
or split one. Amounts are whole billionths of a kWh or of a unit of money: only whole numbers
can be parted without a remainder, and sums over years stay exact.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import pairwise

from msgspec import Struct

from .merge import to_microseconds
from .model import Session, SessionDetails

HOUR = 3_600_000_000
"""The microseconds of an hour. An hour is known by how many of them lie between 1970 and it."""

PARTS = 1_000_000_000
"""How many parts there are in a kWh, and in a unit of money."""

# A start that long before the end comes from a clock that was not set.
_LONGEST = 366 * 24 * HOUR
# In less time than this nothing worth mentioning can have flowed.
_SHORTEST_GAP = 60_000_000

_NO_DETAILS = SessionDetails()


class Interval(Struct, frozen=True):
    """When a session charged, as far as is known, in microseconds since 1970."""

    begin: int
    end: int


class Stretch(Struct, frozen=True):
    """A time in which a session charged evenly, and what of its energy flowed in it.

    ``weight`` counts in any unit, as long as it is the same for all stretches of a session.
    """

    begin: int
    end: int
    weight: int


def parts_of(amount: float | Decimal) -> int:
    """Return an amount in parts of its unit."""
    return round(amount * PARTS)


def charging_interval(session: Session) -> Interval | None:
    """Return when a session charged; ``None`` if no time of it is known at all.

    Of an open session this is up to its last answer. Where the time at which energy flowed is
    not known, it is the time of the whole session. It never reaches beyond the session.
    """
    details = session.details or _NO_DETAILS
    first = session.started or details.charging_started
    last = session.ended or (session.updated if session.is_open else details.charging_ended)
    known = first or last or details.created or session.updated
    if known is None:
        return None
    low = to_microseconds(first or known)
    high = max(to_microseconds(last or known), low)
    if high - low > _LONGEST:
        return Interval(high, high)
    begin, end = low, high
    if details.charging_started:
        begin = min(max(to_microseconds(details.charging_started), low), high)
    if details.charging_ended:
        end = min(max(to_microseconds(details.charging_ended), begin), high)
    return Interval(begin, end)


def course(
    interval: Interval, readings: Mapping[int, float], energy: float | None
) -> tuple[Stretch, ...]:
    """Return how the energy of a session flowed; ``readings`` are kWh by microseconds.

    Where the meter was read, it flowed as the meter says, evenly between two readings. The
    energy of the session counts whatever the meter says. Of what is more than was measured
    nobody has read the meter, so it flowed before the first reading or after the last one; if
    there was no time for it, or if the meter has measured more, all that was measured is scaled.
    """
    even = (Stretch(interval.begin, interval.end, 1),)
    if energy is None or len(readings) < 2:
        return even
    # The last moment is part of the last hour, also if the next one begins with it.
    final = max(interval.end - 1, interval.begin)
    measured: list[Stretch] = []
    highest = 0
    for (before, _), (at, energy_at) in pairwise(_rising(readings)):
        begin, end = (min(max(each, interval.begin), final) for each in (before, at))
        measured.append(Stretch(begin, end, energy_at - highest))
        highest = energy_at
    head = Stretch(interval.begin, measured[0].begin, 0)
    tail = Stretch(measured[-1].end, interval.end, 0)
    gaps = [each for each in (head, tail) if each.end - each.begin >= _SHORTEST_GAP]
    rest = parts_of(energy) - highest
    if rest > 0 and gaps:
        length = sum(gap.end - gap.begin for gap in gaps)
        first = rest * (gaps[0].end - gaps[0].begin) // length
        weights = (first, rest - first)
        filled = [
            Stretch(gap.begin, gap.end, weight) for gap, weight in zip(gaps, weights, strict=False)
        ]
        measured = sorted((*measured, *filled), key=lambda each: (each.begin, each.end))
    return tuple(measured) if any(each.weight for each in measured) else even


def spread(stretches: Iterable[Stretch], amount: int) -> dict[int, int]:
    """Return the parts of an amount by hour, as far as they are not zero.

    They add up to the amount exactly, because what is rounded is not each of them but their sum
    up to the end of each hour.
    """
    stretches = tuple(stretches)
    total = sum(each.weight for each in stretches)
    found: dict[int, int] = {}
    given = done = 0
    for stretch in stretches:
        at, length = stretch.begin, max(stretch.end - stretch.begin, 1)
        while True:
            hour = at // HOUR
            upto = min(stretch.end, (hour + 1) * HOUR)
            share = upto - stretch.begin if stretch.end > stretch.begin else length
            reached = amount * (done * length + stretch.weight * share) // (total * length)
            if part := reached - given:
                found[hour] = found.get(hour, 0) + part
            at, given = upto, reached
            if at >= stretch.end:
                break
        done += stretch.weight
    return {hour: part for hour, part in found.items() if part}


def _rising(readings: Mapping[int, float]) -> list[tuple[int, int]]:
    """Return what had been measured by each reading; a meter that falls has measured nothing."""
    found: list[tuple[int, int]] = []
    lowest = highest = 0
    for number, (at, energy) in enumerate(sorted(readings.items())):
        stands = parts_of(energy)
        if not number:
            lowest = highest = stands
        highest = max(highest, stands)
        found.append((at, highest - lowest))
    return found
