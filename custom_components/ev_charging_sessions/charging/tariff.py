"""What charging costs, and why: prices with restrictions, line by line, in exact decimals.

The shape is CleverEV's, which is OCPI's; Shell's prices fit into it too. Where the vendors
are silent, this follows OCPI, or else what a driver would expect:

- Of each type of price, the first element that holds and has one counts.
- A flat price is paid once for each element, when it is the one that counts.
- Energy between two readings flows evenly. A car requests power while energy flows.
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

from .tariff_course import FINE, Counting, Course, Reading, Slice, seconds_between
from .tariff_model import (
    PriceComponent,
    PriceComponentType,
    Restrictions,
    Tariff,
    TariffElement,
)
from .tariff_rules import NOTHING, Key

__all__ = [
    "PriceComponent",
    "PriceComponentType",
    "Reading",
    "Restrictions",
    "Tariff",
    "TariffElement",
]

_CONTEXT = Context(prec=60, rounding=ROUND_HALF_UP)
# What is printed of a quantity: a thousandth of a watt-hour, a tenth of a millisecond.
_QUANTITY = Decimal("1e-6")
# Finer than that: what calculating has left over must not decide about a half.
_LEFT_OVER = Decimal("1e-9")
_ONE = Decimal(1)
_MINUTE = Decimal(60)
_TIMES = {
    PriceComponentType.TIME,
    PriceComponentType.CHARGING_TIME,
    PriceComponentType.PARKING_TIME,
}
# The digits behind the point of the smallest coin, where they are not two (ISO 4217).
_DIGITS = {"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3} | dict.fromkeys(
    (
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
        *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
    ),
    0,
)
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
        return sum((item.amount for item in self.items), NOTHING)


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
        measured: dict[Key, Decimal] = {}
        for counting, counted in sums.items():
            for kind, key in counting.prices:
                measured[key] = _more(measured.get(key, NOTHING), kind, counted)
        items = [_line(tariff, key, amount) for key, amount in sorted(measured.items())]
        items += _evened_out(tariff, sum((item.amount for item in items), NOTHING))
        return Bill(currency=tariff.currency, items=tuple(items))


def fee_begins(
    tariff: Tariff, readings: Sequence[Reading], *, amperes_per_kilowatt: Decimal | None = None
) -> datetime | None:
    """Return when a minute begins to cost more than it did at the begin of the session.

    That is when what is paid per minute now came into force or, if that is no more than at
    the begin, when a higher price will, provided that all goes on as between the last two
    readings. ``None`` when none is in sight. Raises the same as ``price``.
    """
    if not is_time_priced(tariff):
        return None
    with localcontext(_CONTEXT):
        begin = readings[0].at
        now = seconds_between(begin, readings[-1].at)
        first: Decimal | None = None
        rate, risen = NOTHING, None
        for part, counting in Course(tariff, _continued(readings), amperes_per_kilowatt).walk():
            before, rate = rate, _rate(tariff, counting, part)
            if first is None:
                first = rate
            elif rate > max(before, first):
                risen = part.begin
            elif rate <= first and risen is not None and part.begin <= now:
                risen = None
            if risen is not None and part.end > now:
                return begin + timedelta(microseconds=int(risen * 1_000_000))
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


def coin_of(currency: str) -> Decimal:
    """Return the smallest amount of a currency (ISO 4217) that can be paid."""
    return Decimal(1).scaleb(-_DIGITS.get(currency, 2))


class _Sum(Struct):
    """What has been counted: kWh, seconds in which energy flowed, seconds in which none did."""

    energy: Decimal = NOTHING
    charging: Decimal = NOTHING
    parking: Decimal = NOTHING


def _add(counted: _Sum, part: Slice) -> None:
    begin, end, before, after, _ = part
    if after > before:
        counted.energy += after - before
        counted.charging += end - begin
    else:
        counted.parking += end - begin


def _more(so_far: Decimal, kind: PriceComponentType, counted: _Sum) -> Decimal:
    """Return the times, kWh or seconds that a price counts, with those of one more sum."""
    match kind:
        case PriceComponentType.FLAT:
            return Decimal(1)
        case PriceComponentType.ENERGY:
            return so_far + counted.energy
        case PriceComponentType.TIME:
            return so_far + counted.charging + counted.parking
        case PriceComponentType.CHARGING_TIME:
            return so_far + counted.charging
        case PriceComponentType.PARKING_TIME:
            return so_far + counted.parking


def _line(tariff: Tariff, key: Key, measured: Decimal) -> LineItem:
    element = tariff.elements[key[0]]
    component = element.components[key[1]]
    quantity = measured.quantize(_LEFT_OVER).quantize(_QUANTITY)
    if component.step:
        steps = (quantity / component.step).to_integral_value(ROUND_CEILING)
        quantity = steps * component.step
    unit_price = component.price / component.unit
    if component.vat:
        unit_price *= 1 + component.vat / 100
    amount = (unit_price * quantity).quantize(FINE).quantize(coin_of(tariff.currency))
    if component.type in _TIMES:
        quantity, unit_price = quantity / _MINUTE, unit_price * _MINUTE
    return LineItem(
        element=element.name or str(key[0] + 1),
        component=LineKind(component.type),
        quantity=_printed(quantity),
        unit_price=_printed(unit_price),
        amount=amount,
    )


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
    rate = NOTHING
    for kind, (number, place) in counting.prices:
        if kind in _TIMES and _more(NOTHING, kind, counted):
            component = tariff.elements[number].components[place]
            rate += component.price / component.unit
    return rate


def _continued(readings: Sequence[Reading]) -> list[Reading]:
    """Return readings that go on as between the last two."""
    last = readings[-1]
    power = NOTHING
    if len(readings) > 1 and last.energy is not None:
        before = readings[-2]
        seconds = seconds_between(before.at, last.at)
        if seconds and before.energy is not None:
            power = (last.energy - before.energy) / seconds
    ahead = seconds_between(last.at, last.at + _FORESIGHT)
    energy = None if last.energy is None else last.energy + max(power, NOTHING) * ahead
    return [*readings, Reading(last.at + _FORESIGHT, energy)]


def _printed(number: Decimal) -> Decimal:
    """Return a number without digits that say nothing."""
    short = number.quantize(_QUANTITY).normalize()
    return short.quantize(_ONE) if short == short.to_integral_value() else short
