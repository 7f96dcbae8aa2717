"""What charging costs, and why: prices with restrictions, line by line, in exact decimals.

The shape is CleverEV's, which is OCPI's; Shell's prices fit into it too. Where the vendors
are silent, this follows OCPI, or else what a driver would expect:

- Of each type of price, the first element that holds and has one counts.
- A flat price is paid once for each element, when it is the one that counts.
- Energy between two readings flows evenly. A car requests power from 50 W on.
- ``held_for`` runs from the moment at which all else of a restriction has become true; what
  was before is not charged for afterwards.
- What is paid by the step is rounded up to full steps, each line on its own.
- VAT comes on top of the prices that name one.
- Each line is rounded to the smallest coin of the currency, half of one upwards. The minimum
  and the maximum apply to the sum; where they contradict each other, the maximum wins.

``tariff_course`` tells which prices count when, ``tariff_clock`` what the clock says.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Context, Decimal, localcontext
from enum import StrEnum

from msgspec import Struct

from .tariff_coins import coin_of
from .tariff_course import Counting, Course, Reading, Slice, after_begin, time_between
from .tariff_model import (
    PriceComponent,
    PriceComponentType,
    Restrictions,
    Tariff,
    TariffElement,
)
from .tariff_rules import FINE, LEAST_DRAW, Key, ratio

__all__ = [
    "PriceComponent",
    "PriceComponentType",
    "Reading",
    "Restrictions",
    "Tariff",
    "TariffElement",
    "coin_of",
]

_CONTEXT = Context(prec=60, rounding=ROUND_HALF_UP)
# What is printed of a quantity: a thousandth of a watt-hour, a tenth of a millisecond.
_QUANTITY = Decimal("1e-6")
# What calculating has left over must not decide about a half, and is rounded off first.
_LEFT_OVER, _PRINTED = 10**9, 10**3
_EXACT = Decimal("1e-18")
_NOTHING = Decimal(0)
_MINUTE = Decimal(60)
_TIMES = {
    PriceComponentType.TIME,
    PriceComponentType.CHARGING_TIME,
    PriceComponentType.PARKING_TIME,
}
# So far ahead a price is looked for, which may depend on the day of the week.
_FORESIGHT = timedelta(days=8)


class LineKind(StrEnum):
    """What a line of a bill is for: a type of price, or what evens the sum out."""

    FLAT = "flat"
    ENERGY = "energy"
    TIME = "time"
    CHARGING_TIME = "charging_time"
    PARKING_TIME = "parking_time"
    MIN_PRICE = "min_price"
    MAX_PRICE = "max_price"


_KINDS = {each: LineKind(each) for each in PriceComponentType}


class LineItem(Struct, frozen=True, kw_only=True):
    """One line of a bill.

    ``element`` is what the tariff calls its element, or its number from 1 on; ``None`` for
    what evens the sum out. ``quantity`` is in kWh, minutes or times; ``unit_price`` and
    ``amount`` are in the currency of the bill, VAT included.
    """

    element: str | None
    component: LineKind
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal


class Bill(Struct, frozen=True, kw_only=True):
    """What charging costs, line by line, in a currency (ISO 4217)."""

    currency: str
    items: tuple[LineItem, ...]

    @property
    def total(self) -> Decimal:
        """Return the sum of all lines."""
        with localcontext(_CONTEXT):
            return sum((item.amount for item in self.items), _NOTHING)


def price(
    tariff: Tariff, readings: Sequence[Reading], *, amperes_per_kilowatt: Decimal | None = None
) -> Bill:
    """Return what a session costs that went as the readings say, oldest first.

    The first reading is the begin of the session. ``amperes_per_kilowatt`` turns power into
    the current per phase; only prices that depend on that need it. Raises PriceUnknownError
    naming what is missing.
    """
    with localcontext(_CONTEXT):
        sums: defaultdict[Counting, _Sum] = defaultdict(_Sum)
        for part, counting in Course(tariff, readings, amperes_per_kilowatt).walk():
            _add(sums[counting], part)
        counted: dict[Key, int] = {}
        for counting, each in sums.items():
            for kind, key in counting.prices:
                counted[key] = _more(counted.get(key, 0), kind, each)
        coin = coin_of(tariff.currency)
        items = [_line(tariff, key, count, coin) for key, count in sorted(counted.items())]
        items += _evened_out(tariff, sum((item.amount for item in items), _NOTHING))
        return Bill(currency=tariff.currency, items=tuple(items))


def fee_begins(
    tariff: Tariff, readings: Sequence[Reading], *, amperes_per_kilowatt: Decimal | None = None
) -> datetime | None:
    """Return when a minute begins to cost more than the cheapest one of the session so far.

    That is when it last rose, if it still costs more, or else when it will rise, provided
    that all goes on as it went until the last reading. ``None`` when that is not in sight.
    Raises the same as ``price``.
    """
    if not is_time_priced(tariff):
        return None
    with localcontext(_CONTEXT):
        begin = readings[0].at
        now = time_between(begin, readings[-1].at)
        lowest = before = Decimal("Infinity")
        risen = None
        for part, counting in Course(tariff, _continued(readings), amperes_per_kilowatt).walk():
            if part.begin == part.end:
                continue
            rate = _rate(tariff, counting, part)
            if rate <= lowest:
                lowest, risen = rate, None
            elif rate > before:
                risen = part.begin
            if risen is not None and part.end > now:
                return after_begin(begin, risen)
            before = rate
        return None


def depends_on_course(tariff: Tariff) -> bool:
    """Tell whether it matters when and how fast energy flowed, and not only how much."""
    always = {PriceComponentType.FLAT, PriceComponentType.ENERGY, PriceComponentType.TIME}
    return any(
        element.restrictions is not None
        or any(each.type not in always for each in element.components)
        for element in tariff.elements
    )


def is_time_priced(tariff: Tariff) -> bool:
    """Tell whether a tariff charges for time in any of its elements."""
    return any(
        each.type in _TIMES and each.price > 0
        for element in tariff.elements
        for each in element.components
    )


def can_rise(tariff: Tariff) -> bool:
    """Tell whether a minute may cost more later in a session than at its begin."""
    # A restricted price of nothing counts too: when it no longer holds, the next one does.
    return is_time_priced(tariff) and any(
        each.type in _TIMES
        and (element.restrictions is not None or each.type is PriceComponentType.PARKING_TIME)
        for element in tariff.elements
        for each in element.components
    )


class _Sum(Struct):
    """What has been counted, in parts: energy, time in which it flowed, and in which it did not."""

    energy: int = 0
    charging: int = 0
    parking: int = 0


def _add(counted: _Sum, part: Slice) -> None:
    begin, end, before, after, power = part
    counted.energy += after - before
    if power is not None and power >= LEAST_DRAW:
        counted.charging += end - begin
    else:
        counted.parking += end - begin


def _more(so_far: int, kind: PriceComponentType, counted: _Sum) -> int:
    """Return the times, kWh or seconds that a price counts, with those of one more sum."""
    match kind:
        case PriceComponentType.FLAT:
            return FINE
        case PriceComponentType.ENERGY:
            return so_far + counted.energy
        case PriceComponentType.TIME:
            return so_far + counted.charging + counted.parking
        case PriceComponentType.CHARGING_TIME:
            return so_far + counted.charging
        case PriceComponentType.PARKING_TIME:
            return so_far + counted.parking


def _line(tariff: Tariff, key: Key, counted: int, coin: Decimal) -> LineItem:
    element = tariff.elements[key[0]]
    component = element.components[key[1]]
    quantity = Decimal(ratio(ratio(counted, _LEFT_OVER), _PRINTED)).scaleb(-6)
    if component.step:
        steps = (quantity / component.step).to_integral_value(ROUND_CEILING)
        quantity = steps * component.step
    unit_price = _unit_price(component)
    amount = (unit_price * quantity).quantize(_EXACT).quantize(coin)
    if component.type in _TIMES:
        quantity, unit_price = quantity / _MINUTE, unit_price * _MINUTE
    return LineItem(
        element=element.name or str(key[0] + 1),
        component=_KINDS[component.type],
        quantity=_printed(quantity),
        unit_price=_printed(unit_price),
        amount=amount,
    )


def _unit_price(component: PriceComponent) -> Decimal:
    """Return what a kWh, a second or a time costs, VAT included."""
    unit_price = component.price / component.unit
    return unit_price * (1 + component.vat / 100) if component.vat else unit_price


def _evened_out(tariff: Tariff, total: Decimal) -> list[LineItem]:
    """Return the line that a minimum or maximum adds, if there is one."""
    coin = coin_of(tariff.currency)
    lowest, highest = tariff.min_price, tariff.max_price
    if highest is not None and max(total, lowest or total) > highest:
        kind, amount = LineKind.MAX_PRICE, highest.quantize(coin) - total
    elif lowest is not None and total < lowest:
        kind, amount = LineKind.MIN_PRICE, lowest.quantize(coin) - total
    else:
        return []
    return [
        LineItem(
            element=None, component=kind, quantity=Decimal(1), unit_price=amount, amount=amount
        )
    ]


def _rate(tariff: Tariff, counting: Counting, part: Slice) -> Decimal:
    """Return what a second costs in a slice."""
    counted = _Sum()
    _add(counted, part)
    return sum(
        (
            _unit_price(tariff.elements[number].components[place])
            for kind, (number, place) in counting.prices
            if kind in _TIMES and _more(0, kind, counted)
        ),
        _NOTHING,
    )


def _continued(readings: Sequence[Reading]) -> list[Reading]:
    """Return readings that go on as before the last one."""
    last = readings[-1]
    ahead = last.at + _FORESIGHT
    before = next((each for each in reversed(readings) if each.at < last.at), last)
    energy = last.energy
    if energy is not None and before.energy is not None and energy > before.energy:
        share = Decimal(time_between(last.at, ahead)) / time_between(before.at, last.at)
        energy += (energy - before.energy) * share
    return [*readings, Reading(ahead, energy)]


def _printed(number: Decimal) -> Decimal:
    """Return a number without digits that say nothing."""
    # What is added makes 1E+1 a 10.
    return number.quantize(_QUANTITY).normalize() + _NOTHING
