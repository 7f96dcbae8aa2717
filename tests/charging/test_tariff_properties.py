"""What holds for every tariff and every session."""

from copy import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings, strategies as st

from custom_components.ev_charging_sessions.charging.tariff import (
    Bill,
    LineKind,
    PriceComponent,
    PriceComponentType,
    Reading,
    Restrictions,
    Tariff,
    TariffElement,
    can_rise,
    coin_of,
    fee_begins,
    price,
)

from .tariff_strategies import (
    BERLIN,
    CLOCK,
    DURATION,
    ENERGY,
    FLOW,
    KATHMANDU,
    courses,
    tariffs,
)

AMPERES = Decimal("1.5")
LIMITS = {LineKind.MIN_PRICE, LineKind.MAX_PRICE}
ANY = (CLOCK, DURATION, ENERGY, FLOW)
MICROSECOND = timedelta(microseconds=1)

# Prices that only grow with energy: what flows is charging time, and no longer parking time.
GROWING = tuple(each for each in PriceComponentType if each is not PriceComponentType.PARKING_TIME)
# What a car that takes energy pays for its time is no fee.
STAYING = tuple(each for each in PriceComponentType if each is not PriceComponentType.CHARGING_TIME)

relaxed = settings(deadline=None, max_examples=30)


def bill(tariff: Tariff, readings: list[Reading]) -> Bill:
    """Return what a session costs where a kW is 1.5 A."""
    return price(tariff, readings, amperes_per_kilowatt=AMPERES)


def between(before: Reading, after: Reading, share: Decimal) -> Reading:
    """Return what a meter says on a straight line, at the nearest whole microsecond."""
    gap = (after.at - before.at) // MICROSECOND
    elapsed = int(gap * share)
    assert before.energy is not None
    assert after.energy is not None
    return Reading(
        before.at + elapsed * MICROSECOND,
        before.energy + (after.energy - before.energy) * elapsed / (gap or 1),
    )


@relaxed
@given(tariffs(*ANY), courses())
def test_nothing_is_taken_back(tariff: Tariff, readings: list[Reading]) -> None:
    """Test that a total never falls when a session goes on, and no line of a bill either."""
    bills = [bill(tariff, readings[:count]) for count in range(1, len(readings) + 1)]
    for before, after in pairwise(bills):
        assert before.total <= after.total
        amounts = {(each.element, each.component): each.amount for each in after.items}
        for each in before.items:
            if each.component not in LIMITS:
                assert each.amount <= amounts[each.element, each.component]


@relaxed
@given(tariffs(CLOCK, DURATION, types=GROWING), courses(), st.data())
def test_more_energy_costs_no_less(
    tariff: Tariff, readings: list[Reading], data: st.DataObject
) -> None:
    """Test that a total never falls when more energy flows in some part of a session.

    That cannot hold where prices depend on the energy: a cheap price is reached sooner.
    """
    part = data.draw(st.integers(1, len(readings) - 1))
    more = data.draw(st.integers(1, 40)) * Decimal("0.25")
    grown = readings[:part]
    for each in readings[part:]:
        assert each.energy is not None
        grown.append(replace(each, energy=each.energy + more))
    assert bill(tariff, readings).total <= bill(tariff, grown).total


@relaxed
@given(
    tariffs(ENERGY, types=(PriceComponentType.FLAT, PriceComponentType.ENERGY)),
    courses(),
    st.integers(0, 40),
)
def test_more_energy_by_the_amount(tariff: Tariff, readings: list[Reading], more: int) -> None:
    """Test the same for prices by the amount of energy alone."""
    last = readings[-1]
    assert last.energy is not None
    grown = [*readings[:-1], replace(last, energy=last.energy + more)]
    assert bill(tariff, readings).total <= bill(tariff, grown).total


@relaxed
@given(
    tariffs(*ANY),
    courses(),
    st.lists(st.decimals(0, 1, places=9), min_size=6, max_size=6),
    st.lists(st.decimals(0, 1, places=2), min_size=6, max_size=6),
)
def test_readings_in_between_change_nothing(
    tariff: Tariff, readings: list[Reading], first: list[Decimal], second: list[Decimal]
) -> None:
    """Test that bills are the same line by line when a meter was read more often."""
    cut = [readings[0]]
    for number, (before, after) in enumerate(pairwise(readings)):
        if before.at < after.at:
            shares = sorted((first[number], second[number]))
            cut += [between(before, after, share) for share in shares]
        cut.append(after)
    assert bill(tariff, cut) == bill(tariff, readings)


@relaxed
@given(tariffs(*ANY), courses())
def test_a_bill_explains_itself(tariff: Tariff, readings: list[Reading]) -> None:
    """Test that lines add up, and that quantity and price make up each, and by whole steps."""
    paid = bill(tariff, readings)
    coin = coin_of(tariff.currency)
    assert paid.total == sum((each.amount for each in paid.items), Decimal(0))
    elements = {element.name: element for element in tariff.elements}
    for each in paid.items:
        assert each.amount == each.amount.quantize(coin)
        explained = each.quantity * each.unit_price
        printed_away = (abs(each.quantity) + abs(each.unit_price) + 1) * Decimal("0.5e-6")
        assert abs(explained - each.amount) <= coin / 2 + printed_away
        if each.component not in LIMITS:
            components = elements[each.element].components
            component = next(one for one in components if one.type == each.component.value)
            is_time = "time" in each.component
            if component.step:
                steps = each.quantity * (60 if is_time else 1) / component.step
                assert abs(steps - round(steps)) < Decimal("1e-3")


@relaxed
@given(tariffs(*ANY), courses())
def test_limits_hold(tariff: Tariff, readings: list[Reading]) -> None:
    """Test that no total is above the maximum, nor below a minimum that is not above it."""
    coin = coin_of(tariff.currency)
    total = bill(tariff, readings).total
    bare = bill(replace(tariff, min_price=None, max_price=None), readings).total
    low, high = tariff.min_price, tariff.max_price
    if high is not None:
        assert total <= high + coin / 2
    if low is not None and (high is None or low <= high):
        assert total >= low - coin / 2
    if (low is None or bare >= low) and (high is None or bare <= high):
        assert total == bare or (low is not None and high is not None and low > high)


@relaxed
@given(tariffs(*ANY, time_zone=KATHMANDU), courses(), st.integers(-60, 60))
def test_weeks_are_alike(tariff: Tariff, readings: list[Reading], weeks: int) -> None:
    """Test that where clocks never change only the day of the week matters."""
    ago = timedelta(weeks=weeks)
    shifted = [replace(each, at=each.at + ago) for each in readings]
    assert bill(tariff, shifted) == bill(tariff, readings)
    fee = fee_begins(tariff, readings, amperes_per_kilowatt=AMPERES)
    shifted_fee = fee_begins(tariff, shifted, amperes_per_kilowatt=AMPERES)
    assert shifted_fee == (fee and fee + ago)


@relaxed
@given(
    tariffs(*ANY),
    courses(),
    st.integers(0, 4),
    st.sampled_from(
        [
            Restrictions(days=()),
            Restrictions(min_energy=Decimal(10**6)),
            Restrictions(max_energy=Decimal(0)),
            Restrictions(min_duration=Decimal(10**6)),
            Restrictions(held_for=Decimal(10**6)),
            Restrictions(max_power=Decimal(0)),
            Restrictions(min_current=Decimal(9), max_current=Decimal(9)),
            Restrictions(is_requesting=False, min_power=Decimal(1)),
        ]
    ),
)
def test_what_never_holds_changes_nothing(
    tariff: Tariff, readings: list[Reading], place: int, never: Restrictions
) -> None:
    """Test that an element which never holds leaves a bill as it is, wherever it stands."""
    components = tuple(PriceComponent(type=each, price=Decimal(9)) for each in PriceComponentType)
    elements = list(tariff.elements)
    elements.insert(place, TariffElement(components=components, restrictions=never))
    more = replace(tariff, elements=tuple(elements))
    assert bill(more, readings) == bill(tariff, readings)


@relaxed
@given(tariffs(*ANY, types=STAYING), courses())
def test_no_fee_is_overlooked(tariff: Tariff, readings: list[Reading]) -> None:
    """Test that a fee is only found where one was to be looked for."""
    fee = fee_begins(tariff, readings, amperes_per_kilowatt=AMPERES)
    assert fee is None or can_rise(tariff)


@relaxed
@given(tariffs(*ANY, time_zone=BERLIN), courses(), st.decimals(0, 1, places=3))
def test_a_fee_in_sight_comes(tariff: Tariff, readings: list[Reading], share: Decimal) -> None:
    """Test that a fee is still told for the same moment when all went on until shortly before."""
    last, before = readings[-1], readings[-2]
    begins = fee_begins(tariff, readings, amperes_per_kilowatt=AMPERES)
    if before.at == last.at or begins is None or begins <= last.at:
        return
    assert last.energy is not None
    assert before.energy is not None
    ahead = int((begins - last.at) // MICROSECOND * share)
    gap = (last.at - before.at) // MICROSECOND
    later = Reading(
        last.at + ahead * MICROSECOND, last.energy + (last.energy - before.energy) * ahead / gap
    )
    again = fee_begins(tariff, [*readings, later], amperes_per_kilowatt=AMPERES)
    assert again is not None
    assert abs(again - begins) <= MICROSECOND
