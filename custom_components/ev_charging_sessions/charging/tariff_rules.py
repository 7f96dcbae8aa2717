"""The elements of a tariff, made ready to be asked often whether they hold.

Whatever is measured or bounded is a whole number of ``FINE`` parts of its unit here and in
``tariff_course``: of a second, kWh, kW or ampere. That is exact, and far faster than decimals.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from .tariff_clock import Window, window_of
from .tariff_model import PriceComponentType, Restrictions, Tariff, TariffElement

FINE = 10**18
"""So many parts that one is far below anything a meter or clock can tell."""

BOUNDLESS = FINE**3
"""More than anything that is measured, even than what has no limit."""

_FINE = Decimal(FINE)
# A power of a milliwatt, or a current of a microampere, in parts.
A_MILLIONTH = FINE // 10**6

LEAST_DRAW = FINE // 20
"""The power from which on a car charges: one that is full still draws a little now and then."""

ENERGY, DURATION, POWER, CURRENT = range(4)
"""What a bound is about: its place among what is measured at a moment."""

type Key = tuple[int, int]
"""The numbers of a tariff's element, and of a price component in it."""


class Bound(NamedTuple):
    """What something must at least be, and what it must be less than."""

    of: int
    lowest: int
    limit: int


class Rule(NamedTuple):
    """One element of a tariff; its window is for the clock to tell."""

    number: int
    window: Window | None
    bounds: tuple[Bound, ...]
    held_for: int
    keys: tuple[tuple[PriceComponentType, Key], ...]

    @property
    def needs_power(self) -> bool:
        """Tell whether it depends on how fast energy flows."""
        return any(bound.of in {POWER, CURRENT} for bound in self.bounds)

    def is_met(self, measured: Sequence[int]) -> bool:
        """Tell whether what is measured, each at its place, is within all bounds."""
        for of, lowest, limit in self.bounds:  # noqa: SIM110 - a generator takes twice as long
            if not lowest <= measured[of] < limit:
                return False
        return True


class Rules(NamedTuple):
    """A tariff's elements in their order, and what all of them together depend on.

    ``measures`` are what bounds are about, ``ends`` where those of each measure lie, and
    ``kinds`` how many types of price there are. ``is_patient`` tells whether any one waits.
    """

    all: tuple[Rule, ...]
    windows: tuple[Window | None, ...]
    measures: frozenset[int]
    ends: tuple[frozenset[int], ...]
    kinds: int
    is_patient: bool


def parts_of(number: Decimal) -> int:
    """Return a number of units as a whole number of their parts."""
    return int(number * _FINE)


def ratio(dividend: int, divisor: int) -> int:
    """Return a ratio of two numbers, rounded to the nearest whole one, half of one upwards."""
    return (2 * dividend + divisor) // (2 * divisor)


@lru_cache(maxsize=64)
def rules_of(tariff: Tariff) -> Rules:
    """Return a tariff as rules; it is asked for again whenever a session goes on."""
    rules = tuple(_rule(number, element) for number, element in enumerate(tariff.elements))
    bounds = [bound for rule in rules for bound in rule.bounds]
    return Rules(
        all=rules,
        windows=tuple(rule.window for rule in rules),
        measures=frozenset(bound.of for bound in bounds),
        ends=tuple(
            frozenset(end for each in bounds if each.of == of for end in (each.lowest, each.limit))
            for of in (ENERGY, DURATION, POWER, CURRENT)
        ),
        kinds=len({kind for rule in rules for kind, _ in rule.keys}),
        is_patient=any(rule.held_for for rule in rules),
    )


def _rule(number: int, element: TariffElement) -> Rule:
    restrictions = element.restrictions or Restrictions()
    return Rule(
        number,
        window_of(restrictions.start, restrictions.end, restrictions.days),
        tuple(_bounds(restrictions)),
        parts_of(restrictions.held_for) if restrictions.held_for else 0,
        tuple((each.type, (number, place)) for place, each in enumerate(element.components)),
    )


def _bounds(each: Restrictions) -> Iterator[Bound]:
    for measure, lowest, limit in (
        (ENERGY, each.min_energy, each.max_energy),
        (DURATION, each.min_duration, each.max_duration),
        (POWER, each.min_power, each.max_power),
        (CURRENT, each.min_current, each.max_current),
    ):
        if lowest is not None or limit is not None:
            yield Bound(
                measure,
                0 if lowest is None else parts_of(lowest),
                BOUNDLESS if limit is None else parts_of(limit),
            )
    if each.is_requesting is True:
        yield Bound(POWER, LEAST_DRAW, BOUNDLESS)
    elif each.is_requesting is False:
        yield Bound(POWER, 0, LEAST_DRAW)
