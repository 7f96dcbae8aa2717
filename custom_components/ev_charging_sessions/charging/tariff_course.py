"""The way of a session through a tariff: which prices count, from moment to moment.

A session is cut into slices within which nothing changes: at every reading, when the clock
opens or closes an element, when a bound of energy or duration is reached, and when an
element has held for long enough. Energy between two readings flows evenly, so how many
readings there are on a straight line makes no difference. ``tariff_rules`` says in which
numbers all this is done.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import compress, pairwise, takewhile
from typing import NamedTuple

from msgspec import Struct

from .errors import PriceUnknownError
from .tariff_clock import openings, zone_of
from .tariff_model import PriceComponentType, Tariff
from .tariff_rules import (
    A_MILLIONTH,
    BOUNDLESS,
    CURRENT,
    DURATION,
    ENERGY,
    FINE,
    Key,
    Rule,
    parts_of,
    ratio,
    rules_of,
)

# The power, and the current, of energy that came in no time: above all bounds.
_AT_ONCE = BOUNDLESS - 1
_AN_HOUR, _A_DAY = 3_600, 86_400
_MICROSECOND = timedelta(microseconds=1)
_PARTS_OF_MICROSECOND = FINE // 10**6


class Reading(Struct, frozen=True):
    """What had been charged by a moment, in kWh since the session began; ``None``: unknown."""

    at: datetime
    energy: Decimal | None


class Slice(NamedTuple):
    """A part of a session: its time and energy since the begin, and its power.

    The power is ``None`` when nobody can tell it yet, because there is but one reading.
    """

    begin: int
    end: int
    energy_before: int
    energy_after: int
    power: int | None


class Counting(Struct, frozen=True, eq=False):
    """The price of each type that counts; equal only to itself, which is fast to look up."""

    prices: tuple[tuple[PriceComponentType, Key], ...]


class _Segment(NamedTuple):
    """A time, from ``begin`` to the next segment, in which the clock admits these rules."""

    begin: int
    rules: tuple[Rule, ...]


class Course:
    """A session, and the tariff it goes through once."""

    def __init__(
        self, tariff: Tariff, readings: Sequence[Reading], amperes_per_kilowatt: Decimal | None
    ) -> None:
        """Prepare; raises PriceUnknownError naming what is missing."""
        if not tariff.is_complete:
            raise PriceUnknownError("tariff")
        self._rules = rules_of(tariff)
        if any(reading.energy is None for reading in readings) and needs_energy(tariff):
            raise PriceUnknownError("energy")
        if amperes_per_kilowatt is None and CURRENT in self._rules.measures:
            raise PriceUnknownError("current")
        self._amperes_per_kilowatt = parts_of(amperes_per_kilowatt or Decimal(0))
        self._points = _points(readings)
        # What is nearest in time is last in both of these, and goes when its time is over.
        self._segments = self._segments_of(tariff, readings[0].at, readings[-1].at)[::-1]
        opening = {segment.begin for segment in self._segments}
        self._ahead = sorted(opening | self._rules.ends[DURATION], reverse=True)
        self._met_since: dict[int, int] = {}
        self._counting: dict[tuple[Key, ...], Counting] = {}

    def walk(self) -> Iterator[tuple[Slice, Counting]]:
        """Yield the slices in order, each with the prices that count in it."""
        for part in self._slices():
            counting = self._counting_from(part)
            while self._met_since and (moment := self._next_to_hold(part)) is not None:
                done, part = _split(part, moment)  # noqa: PLW2901 - what is left of it
                yield done, counting
                counting = self._counting_from(part)
            yield part, counting

    def _segments_of(self, tariff: Tariff, begin: datetime, end: datetime) -> list[_Segment]:
        rules, windows = self._rules.all, self._rules.windows
        if not any(windows):
            return [_Segment(0, rules)]
        return [
            _Segment(time_between(begin, moment), tuple(compress(rules, openness)))
            for moment, openness in openings(windows, zone_of(tariff.time_zone), begin, end)
        ]

    def _slices(self) -> Iterator[Slice]:
        """Yield the time between two readings, cut wherever an element may begin or cease."""
        if len(self._points) == 1:
            yield Slice(0, 0, 0, 0, None)
        for (begin, before), (end, after) in pairwise(self._points):
            power = _AT_ONCE
            if begin < end:
                # Rounded, or a cut could put a steady power out of bounds.
                divisor = A_MILLIONTH * (end - begin)
                power = ratio((after - before) * _AN_HOUR * FINE, divisor) * A_MILLIONTH
            part = Slice(begin, end, before, after, power)
            for moment, energy in self._cuts_of(part):
                yield Slice(part.begin, moment, part.energy_before, energy, power)
                part = Slice(moment, end, energy, after, power)
            yield part

    def _cuts_of(self, part: Slice) -> list[tuple[int, int]]:
        """Return when a slice must be cut, and the energy by then.

        A bound of energy is reached exactly, and also by energy that came in no time.
        """
        begin, end, before, after, _ = part
        found = []
        while self._ahead and self._ahead[-1] < end:
            moment = self._ahead.pop()
            if begin < moment:
                found.append((moment, _energy_at(moment, part)))
        for bound in self._rules.ends[ENERGY]:
            if before < bound < after:
                moment = begin + ratio((bound - before) * (end - begin), after - before)
                found.append((moment, bound))
        return sorted(set(found)) if len(found) > 1 else found

    def _counting_from(self, part: Slice) -> Counting:
        """Return the prices that count from the begin of a slice on; for the same, the same."""
        while len(self._segments) > 1 and self._segments[-2].begin <= part.begin:
            self._segments.pop()
        rules = self._segments[-1].rules
        power = part.power
        if power is None:
            # Nobody can tell yet whether these hold, nor whether what follows them counts.
            rules = tuple(takewhile(lambda rule: not rule.needs_power, rules))
            power = 0
        measured = part.energy_before, part.begin, power, self._current(power)
        found: dict[PriceComponentType, Key] = {}
        met_since: dict[int, int] = {}
        for rule in rules:
            if not rule.is_met(measured):
                continue
            if rule.held_for:
                since = self._met_since.get(rule.number, part.begin)
                met_since[rule.number] = since
                if part.begin < since + rule.held_for:
                    continue
            for kind, key in rule.keys:
                found.setdefault(kind, key)
            if len(found) == self._rules.kinds and not self._rules.is_patient:
                # Only one that waits must be asked when there is a price of each type already.
                break
        self._met_since = met_since
        keys = tuple(found.values())
        counting = self._counting.get(keys)
        if counting is None:
            counting = self._counting[keys] = Counting(tuple(found.items()))
        return counting

    def _next_to_hold(self, part: Slice) -> int | None:
        """Return when, within a slice, an element will have been met for long enough."""
        moments = [
            since + self._rules.all[number].held_for for number, since in self._met_since.items()
        ]
        return min((each for each in moments if part.begin < each < part.end), default=None)

    def _current(self, power: int) -> int:
        if not self._amperes_per_kilowatt:
            return 0
        if power == _AT_ONCE:
            return power
        return ratio(power * self._amperes_per_kilowatt, FINE * A_MILLIONTH) * A_MILLIONTH


def needs_energy(tariff: Tariff) -> bool:
    """Tell whether a tariff cannot be followed without knowing how energy flowed.

    A price of nothing needs no quantity: Shell's older tariffs name all three prices.
    """
    return any(
        each.price and each.type not in {PriceComponentType.FLAT, PriceComponentType.TIME}
        for element in tariff.elements
        for each in element.components
    ) or not rules_of(tariff).measures <= {DURATION}


def needs_clock(tariff: Tariff) -> bool:
    """Tell whether prices depend on what a clock or calendar shows."""
    return any(rules_of(tariff).windows)


def time_between(begin: datetime, end: datetime) -> int:
    """Return the exact time from one aware time to another."""
    # Two times in one zone other than UTC would be subtracted as its clocks show them.
    gap = end - begin.astimezone(UTC)
    seconds = gap.days * _A_DAY + gap.seconds
    return seconds * FINE + gap.microseconds * _PARTS_OF_MICROSECOND


def after_begin(begin: datetime, time: int) -> datetime:
    """Return the moment that is some time after an aware time, in UTC."""
    return begin.astimezone(UTC) + ratio(time, _PARTS_OF_MICROSECOND) * _MICROSECOND


def _points(readings: Sequence[Reading]) -> list[tuple[int, int]]:
    """Return the readings as time and energy since the first; a meter does not run back."""
    begin, first = readings[0].at.astimezone(UTC), parts_of(readings[0].energy or Decimal(0))
    points: list[tuple[int, int]] = []
    highest = 0
    for reading in readings:
        if reading.energy is not None:
            highest = max(highest, parts_of(reading.energy) - first)
        point = time_between(begin, reading.at), highest
        if not points or points[-1] != point:
            points.append(point)
    return points


def _energy_at(moment: int, part: Slice) -> int:
    """Return the energy by a moment within a slice."""
    begin, end, before, after, _ = part
    return before + ratio((after - before) * (moment - begin), end - begin)


def _split(part: Slice, moment: int) -> tuple[Slice, Slice]:
    begin, end, before, after, power = part
    energy = _energy_at(moment, part)
    return Slice(begin, moment, before, energy, power), Slice(moment, end, energy, after, power)
