"""The way of a session through a tariff: which prices count, from moment to moment.

A session is cut into slices within which nothing changes: at every reading, when the clock
opens or closes an element, when a bound of energy or duration is reached, and when an
element has held for long enough. Energy between two readings flows evenly, so how many
readings there are on a straight line makes no difference.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from msgspec import Struct

from .errors import PriceUnknownError
from .tariff_clock import Window, cuts, wall, window_of, zone_of
from .tariff_model import PriceComponentType, Restrictions, Tariff, TariffElement

NOTHING = Decimal(0)
FINE = Decimal("1e-18")
"""So fine that what calculating leaves over is far below anything a meter or clock can tell."""

# Powers are rounded before they are compared, or a cut could put a steady one out of bounds.
_A_MILLIWATT = Decimal("1e-6")

_UNRESTRICTED = Restrictions()
_BOUNDLESS = Decimal("Infinity")
_MICROSECOND = timedelta(microseconds=1)


class Reading(Struct, frozen=True):
    """What had been charged by a moment, in kWh since the session began; ``None``: unknown."""

    at: datetime
    energy: Decimal | None


class Slice(NamedTuple):
    """A part of a session: its seconds and kWh since the begin, and its power in kW.

    The power is ``None`` where no time has passed.
    """

    begin: Decimal
    end: Decimal
    energy_before: Decimal
    energy_after: Decimal
    power: Decimal | None


type Key = tuple[int, int]
"""The numbers of a tariff's element, and of a price component in it."""

type Counting = tuple[tuple[PriceComponentType, Key], ...]
"""The price of each type that counts."""


class _Rule(NamedTuple):
    """One element of a tariff, ready to be asked whether it holds."""

    number: int
    restrictions: Restrictions
    window: Window | None
    keys: tuple[tuple[PriceComponentType, Key], ...]


class _Segment(NamedTuple):
    """A time, from ``begin`` to the next segment, in which the clock admits these rules."""

    begin: Decimal
    rules: tuple[_Rule, ...]


class Course:
    """A session, and the tariff it goes through once."""

    def __init__(
        self, tariff: Tariff, readings: Sequence[Reading], amperes_per_kilowatt: Decimal | None
    ) -> None:
        """Prepare; raises PriceUnknownError naming what is missing."""
        if not tariff.is_complete:
            raise PriceUnknownError("tariff")
        if any(reading.energy is None for reading in readings) and _needs_energy(tariff):
            raise PriceUnknownError("energy")
        self._rules = [_rule(number, each) for number, each in enumerate(tariff.elements)]
        bounds = [rule.restrictions for rule in self._rules]
        if amperes_per_kilowatt is None and any(
            each.min_current is not None or each.max_current is not None for each in bounds
        ):
            raise PriceUnknownError("current")
        self._amperes_per_kilowatt = amperes_per_kilowatt or NOTHING
        self._points = _points(readings)
        self._energies = _sorted(
            *(b for each in bounds for b in (each.min_energy, each.max_energy))
        )
        # What is nearest in time is last in both of these, and goes when its time is over.
        self._segments = self._segments_of(tariff, readings[0].at, readings[-1].at)[::-1]
        self._ahead = _sorted(
            *(b for each in bounds for b in (each.min_duration, each.max_duration)),
            *(segment.begin for segment in self._segments),
        )[::-1]
        self._met_since: dict[int, Decimal] = {}
        self._counting: dict[tuple[int, ...], Counting] = {}

    def walk(self) -> Iterator[tuple[Slice, Counting]]:
        """Yield the slices in order, each with the prices that count in it."""
        for part in self._slices():
            rest: Slice | None = part
            while rest is not None:
                now, rest = rest, None
                counting = self._counting_from(now)
                if self._met_since and (moment := self._next_to_hold(now)) is not None:
                    now, rest = _split(now, moment)
                yield now, counting

    def _segments_of(self, tariff: Tariff, begin: datetime, end: datetime) -> list[_Segment]:
        windows = [rule.window for rule in self._rules if rule.window]
        if not windows:
            return [_Segment(NOTHING, tuple(self._rules))]
        zone = zone_of(tariff.time_zone)
        segments = []
        for moment in (begin, *cuts(frozenset(windows), zone, begin, end)):
            second, day = wall(moment, zone)
            admitted = tuple(
                rule
                for rule in self._rules
                if rule.window is None or rule.window.holds(second, day)
            )
            segments.append(_Segment(seconds_between(begin, moment), admitted))
        return segments

    def _slices(self) -> Iterator[Slice]:
        """Yield the time between two readings, cut wherever an element may begin or cease."""
        if len(self._points) == 1:
            yield Slice(NOTHING, NOTHING, NOTHING, NOTHING, None)
        for (begin, before), (end, after) in pairwise(self._points):
            if begin == end:
                power = _BOUNDLESS
            else:
                power = ((after - before) * 3600 / (end - begin)).quantize(_A_MILLIWATT)
            part = Slice(begin, end, before, after, power)
            cut_at = []
            while self._ahead and self._ahead[-1] < end:
                cut_at.append(self._ahead.pop())
            if self._energies and before < after:
                cut_at = sorted({*cut_at, *self._crossings(part)})
            for moment in cut_at:
                if part.begin < moment < part.end:
                    done, part = _split(part, moment)
                    yield done
            yield part

    def _crossings(self, part: Slice) -> Iterator[Decimal]:
        """Yield when a slice reaches the bounds of energy that lie within it."""
        begin, end, before, after, _ = part
        for bound in self._energies:
            if before < bound < after:
                yield (begin + (bound - before) / (after - before) * (end - begin)).quantize(FINE)

    def _counting_from(self, part: Slice) -> Counting:
        """Return the prices that count from the begin of a slice on; for the same, the same."""
        while len(self._segments) > 1 and self._segments[-2].begin <= part.begin:
            self._segments.pop()
        holding = []
        met_since: dict[int, Decimal] = {}
        for rule in self._segments[-1].rules:
            restrictions = rule.restrictions
            if restrictions is not _UNRESTRICTED and not self._is_met(restrictions, part):
                continue
            if restrictions.held_for:
                since = self._met_since.get(rule.number, part.begin)
                met_since[rule.number] = since
                if part.begin < since + restrictions.held_for:
                    continue
            holding.append(rule.number)
        self._met_since = met_since
        numbers = tuple(holding)
        counting = self._counting.get(numbers)
        if counting is None:
            # Backwards, so that of each type the first one stays.
            keys = (self._rules[number].keys for number in reversed(numbers))
            found = {kind: key for pairs in keys for kind, key in reversed(pairs)}
            counting = self._counting[numbers] = tuple(found.items())
        return counting

    def _next_to_hold(self, part: Slice) -> Decimal | None:
        """Return when, within a slice, an element will have been met for long enough."""
        moments = [
            since + (self._rules[number].restrictions.held_for or NOTHING)
            for number, since in self._met_since.items()
        ]
        return min((each for each in moments if part.begin < each < part.end), default=None)

    def _is_met(self, restrictions: Restrictions, part: Slice) -> bool:
        power = part.power
        if restrictions.is_requesting is not None and (
            power is None or restrictions.is_requesting != (power > 0)
        ):
            return False
        if not (
            _is_within(part.energy_before, restrictions.min_energy, restrictions.max_energy)
            and _is_within(part.begin, restrictions.min_duration, restrictions.max_duration)
            and _is_within(power, restrictions.min_power, restrictions.max_power)
        ):
            return False
        if restrictions.min_current is None and restrictions.max_current is None:
            return True
        current = power
        if power is not None and power.is_finite():
            current = (power * self._amperes_per_kilowatt).quantize(_A_MILLIWATT)
        return _is_within(current, restrictions.min_current, restrictions.max_current)


def seconds_between(begin: datetime, end: datetime) -> Decimal:
    """Return the exact seconds from one aware time to another."""
    return Decimal((end - begin) // _MICROSECOND).scaleb(-6)


def _sorted(*bounds: Decimal | None) -> list[Decimal]:
    return sorted({bound for bound in bounds if bound is not None})


def _points(readings: Sequence[Reading]) -> list[tuple[Decimal, Decimal]]:
    """Return the readings as seconds and kWh since the first; a meter does not run back."""
    begin, first = readings[0].at, readings[0].energy or NOTHING
    points: list[tuple[Decimal, Decimal]] = []
    highest = NOTHING
    for reading in readings:
        highest = max(highest, (reading.energy or NOTHING) - first)
        point = seconds_between(begin, reading.at), highest
        if not points or points[-1] != point:
            points.append(point)
    return points


def _rule(number: int, element: TariffElement) -> _Rule:
    restrictions = element.restrictions or _UNRESTRICTED
    return _Rule(
        number,
        restrictions,
        window_of(restrictions.start, restrictions.end, restrictions.days),
        tuple((each.type, (number, place)) for place, each in enumerate(element.components)),
    )


def _needs_energy(tariff: Tariff) -> bool:
    """Tell whether a tariff cannot be followed without knowing how energy flowed."""
    return any(
        each.type not in {PriceComponentType.FLAT, PriceComponentType.TIME}
        for element in tariff.elements
        for each in element.components
    ) or any(
        bound is not None
        for element in tariff.elements
        if (each := element.restrictions)
        for bound in (
            each.min_energy,
            each.max_energy,
            each.min_power,
            each.max_power,
            each.min_current,
            each.max_current,
            each.is_requesting,
        )
    )


def _split(part: Slice, moment: Decimal) -> tuple[Slice, Slice]:
    begin, end, before, after, _ = part
    energy = (before + (after - before) * (moment - begin) / (end - begin)).quantize(FINE)
    return (
        part._replace(end=moment, energy_after=energy),
        part._replace(begin=moment, energy_before=energy),
    )


def _is_within(value: Decimal | None, lowest: Decimal | None, limit: Decimal | None) -> bool:
    """Tell whether a value is in range; what is not known is in no range."""
    if lowest is None and limit is None:
        return True
    if value is None:
        return False
    return (lowest is None or value >= lowest) and (limit is None or value < limit)
