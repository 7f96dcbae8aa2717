"""Any tariff and any session, for hypothesis.

Bounds and meters take round numbers from the same small ranges, so that a bound is often
reached at the very moment of a reading, of the clock or of another bound.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from custom_components.ev_charging_sessions.charging.tariff import (
    PriceComponent,
    PriceComponentType,
    Reading,
    Restrictions,
    Tariff,
    TariffElement,
)

type Limits = Mapping[str, st.SearchStrategy[Any]]
"""Some fields of restrictions, and what to draw for each of them."""

BERLIN, KATHMANDU = "Europe/Berlin", "Asia/Kathmandu"
ALL_TYPES = tuple(PriceComponentType)

# Microseconds of 100 s to 8,000 s by which every energy below can be divided without a rest.
_EVEN_GAPS = tuple(each * 10**8 for each in (1, 2, 4, 5, 8, 10, 16, 20, 25, 32, 40, 50, 64, 80))
# Around the days on which Berlin's clocks change, and in between.
_DAYS = (
    datetime(2026, 10, 24, tzinfo=UTC),
    datetime(2026, 11, 20, tzinfo=UTC),
    datetime(2027, 3, 27, tzinfo=UTC),
)


def _multiples(of: str, highest: int) -> st.SearchStrategy[Decimal]:
    return st.integers(0, highest).map(lambda times: times * Decimal(of))


_TIMES = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
CLOCK: Limits = {
    "start": _TIMES,
    "end": _TIMES,
    "days": st.sets(st.integers(0, 6), min_size=1).map(tuple),
}
DURATION: Limits = {
    "min_duration": _multiples("100", 150),
    "max_duration": _multiples("100", 150),
    "held_for": _multiples("100", 60),
}
ENERGY: Limits = {"min_energy": _multiples("0.25", 60), "max_energy": _multiples("0.25", 60)}
FLOW: Limits = {
    "min_power": _multiples("0.5", 30),
    "max_power": _multiples("0.5", 30),
    "min_current": _multiples("1.5", 20),
    "max_current": _multiples("1.5", 20),
    "is_requesting": st.booleans(),
}


def restrictions(
    *limits: Limits,
) -> st.SearchStrategy[Restrictions | None]:
    """Return some of these limits at once, or none."""
    optional = {key: value for each in limits for key, value in each.items()}
    some = st.sets(st.sampled_from(sorted(optional)), max_size=3).flatmap(
        lambda keys: st.fixed_dictionaries({key: optional[key] for key in sorted(keys)})
    )
    return st.none() | some.map(lambda given: Restrictions(**given))


@st.composite
def tariffs(
    draw: st.DrawFn,
    *limits: Limits,
    types: tuple[PriceComponentType, ...] = ALL_TYPES,
    time_zone: str = BERLIN,
) -> Tariff:
    """Return tariffs whose elements have some of these limits and types of price."""
    component = st.builds(
        PriceComponent,
        type=st.sampled_from(types),
        price=_multiples("0.01", 200),
        unit=st.sampled_from([Decimal(1), Decimal(60), Decimal(3600)]),
        step=st.none() | st.sampled_from([Decimal("0.5"), Decimal(1), Decimal(60)]),
        vat=st.none() | st.sampled_from([Decimal(0), Decimal("7.7"), Decimal(21)]),
    )
    element = st.builds(
        TariffElement,
        components=st.lists(component, min_size=1, max_size=3).map(tuple),
        restrictions=restrictions(*limits) if limits else st.none(),
    )
    elements = draw(st.lists(element, min_size=1, max_size=4))
    return Tariff(
        currency=draw(st.sampled_from(["EUR", "JPY", "KWD"])),
        elements=tuple(
            TariffElement(
                components=each.components, restrictions=each.restrictions, name=f"E{number}"
            )
            for number, each in enumerate(elements)
        ),
        min_price=draw(st.none() | _multiples("0.5", 20)),
        max_price=draw(st.none() | _multiples("0.5", 200)),
        time_zone=time_zone,
    )


@st.composite
def courses(draw: st.DrawFn) -> list[Reading]:
    """Return sessions of several readings, not all of them at one moment."""
    at = draw(st.sampled_from(_DAYS)) + timedelta(
        minutes=draw(st.integers(0, 48 * 12)) * 5,
        microseconds=draw(st.sampled_from([0, 0, 1, 250_000])),
    )
    energy = Decimal(0)
    readings = [Reading(at, energy)]
    gaps = st.sampled_from(_EVEN_GAPS)
    gap = gaps
    for _ in range(draw(st.integers(1, 6))):
        at += timedelta(microseconds=draw(gap))
        energy += draw(st.just(Decimal(0)) | _multiples("0.125", 100))
        readings.append(Reading(at, energy))
        gap = gaps | st.just(0)
    return readings
