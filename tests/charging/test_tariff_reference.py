"""The engine beside the simulator's pricer, which goes through a session step by step.

Both get the tariff as CleverEV tells it. Sessions are made of whole minutes in which so many
watt-hours flow every second that each bound of energy is reached on a second: then the steps
of the other one are no excuse for a difference.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings, strategies as st
import msgspec

from custom_components.ev_charging_sessions.charging.backends.cleverev_tariff_wire import Tariffs
from custom_components.ev_charging_sessions.charging.model import EnergyUnit
from custom_components.ev_charging_sessions.charging.tariff import LineKind, Reading, price
from tests.simulator import namespace_prices as reference

ZONE = "Europe/Bratislava"
# Three phases of 230 V.
AMPERES_PER_KILOWATT = Decimal(1000) / 690
COMPONENTS = {
    "Flat": LineKind.FLAT,
    "PerMinute": LineKind.TIME,
    "PerKilowattHour": LineKind.ENERGY,
}
# A Friday evening, midnight behind it, and both nights in which clocks change, in UTC.
STARTS = [
    datetime(2026, 11, 20, 16, 50, tzinfo=UTC),
    datetime(2026, 11, 20, 22, 45, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 45, tzinfo=UTC),
    datetime(2027, 3, 28, 0, 45, tzinfo=UTC),
]


def multiples(of: int, highest: int) -> st.SearchStrategy[int]:
    """Return whole multiples of a number."""
    return st.integers(0, highest).map(lambda times: of * times)


def clocks(minutes: int) -> st.SearchStrategy[dict[str, int]]:
    """Return times of day, most of them those around the starts of sessions."""
    near = st.sampled_from([0, 1, 2, 3, 17, 18, 23]) | st.integers(0, 23)
    return st.fixed_dictionaries({"hour": near, "minute": multiples(minutes, 60 // minutes - 1)})


COARSE: dict[str, st.SearchStrategy[Any]] = {
    "startTime": clocks(5),
    "endTime": clocks(5),
    "daysOfWeek": st.sets(st.sampled_from(reference._WEEKDAYS), min_size=1).map(sorted),
    "vehicleRequestingPower": st.booleans(),
    "minPower": multiples(1800, 14),
    "maxPower": multiples(1800, 14),
    "minCurrent": multiples(2, 18),
    "maxCurrent": multiples(2, 18),
}
FINE: dict[str, st.SearchStrategy[Any]] = COARSE | {
    "minEnergy": multiples(60, 60),
    "maxEnergy": multiples(60, 60),
    "minDuration": multiples(20, 90),
    "maxDuration": multiples(20, 90),
    "minRestrictionsDuration": multiples(20, 45),
}


@st.composite
def tariffs(draw: st.DrawFn, limits: dict[str, st.SearchStrategy[Any]]) -> dict[str, Any]:
    """Return a tariff as it is on the wire; some write a comma into a price."""
    prices = st.integers(0, 99).map(lambda cents: f"0.{cents:02}") | st.just("1,5")
    some = st.sets(st.sampled_from(sorted(limits)), max_size=3).flatmap(
        lambda keys: st.fixed_dictionaries({key: limits[key] for key in sorted(keys)})
    )
    components = st.dictionaries(st.sampled_from(sorted(COMPONENTS)), prices, min_size=1)
    element = st.fixed_dictionaries({"priceComponents": components, "restrictions": some})
    return {
        "elements": draw(st.lists(element, min_size=1, max_size=4)),
        "minPrice": draw(st.none() | prices),
        "maxPrice": draw(st.none() | st.integers(0, 20).map(str)),
    }


@st.composite
def registers(draw: st.DrawFn, longest: int) -> list[tuple[datetime, int]]:
    """Return when a meter showed how many watt-hours."""
    when = draw(st.sampled_from(STARTS)) + timedelta(minutes=draw(st.integers(0, 20)))
    register = draw(st.sampled_from([0, 1_234_567]))
    samples = [(when, register)]
    for _ in range(draw(st.integers(1, 4))):
        minutes = draw(st.integers(1, longest))
        when += timedelta(minutes=minutes)
        register += minutes * 60 * draw(st.integers(0, 6))
        samples.append((when, register))
    return samples


def compare(wire: dict[str, Any], samples: list[tuple[datetime, int]]) -> None:
    """Price a session in both ways, and compare every line."""
    tariff = Tariffs("EUR", EnergyUnit.WH).get(msgspec.json.encode(wire), ZONE)
    assert tariff
    assert tariff.is_complete
    readings = [Reading(at, Decimal(register) / 1000) for at, register in samples]
    ours = price(tariff, readings, amperes_per_kilowatt=AMPERES_PER_KILOWATT)
    theirs = reference.price(wire, samples, ZONE, "Wh")
    assert {
        (item.element, item.component): (item.quantity, item.amount)
        for item in ours.items
        if item.element
    } == {
        (str(line.element + 1), COMPONENTS[line.component]): (
            round(Decimal(line.quantity.numerator) / line.quantity.denominator, 6),
            line.amount,
        )
        for line in theirs.lines
    }
    assert ours.total == theirs.total


@settings(deadline=None, max_examples=40)
@given(tariffs(FINE), registers(8))
def test_like_the_reference(wire: dict[str, Any], samples: list[tuple[datetime, int]]) -> None:
    """Test that short sessions with any restrictions cost the same, by the second."""
    compare(wire, samples)


@settings(deadline=None, max_examples=40)
@given(tariffs(COARSE), registers(300))
def test_like_the_reference_all_day(
    wire: dict[str, Any], samples: list[tuple[datetime, int]]
) -> None:
    """Test that long sessions with clocks and powers cost the same, by the minute."""
    compare(wire, samples)
