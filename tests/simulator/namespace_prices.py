"""What a session costs: the reference that bills are compared with.

It goes through a session in small steps and asks at each one which element of the tariff
holds. That is slow and short-sighted on purpose: nothing here is clever enough to be wrong
in the same way as an engine that computes in one go.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any
from zoneinfo import ZoneInfo

type Tariff = dict[str, Any]
type Register = int | Decimal | Fraction | float
type _Reading = tuple[datetime, Fraction]

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_COMPONENTS = ("Flat", "PerMinute", "PerKilowattHour")
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_COARSE = frozenset(
    {
        *("startTime", "endTime", "daysOfWeek", "vehicleRequestingPower"),
        *("minPower", "maxPower", "minCurrent", "maxCurrent"),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What one component of one element costs; quantities are kWh, minutes, or one."""

    element: int
    component: str
    quantity: Fraction
    unit_price: Decimal
    amount: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Bill:
    """What a session costs; ``total`` is the sum of the lines between the tariff's limits."""

    total: Decimal
    lines: tuple[Line, ...]


@dataclass(kw_only=True, slots=True)
class _Moment:
    """What the restrictions are about, as it is at the beginning of a step."""

    power: Fraction
    current: Fraction
    requesting: bool
    duration: Fraction
    energy: Fraction
    minute: int = 0
    weekday: str = ""


def price(
    tariff: Tariff,
    samples: Iterable[tuple[datetime, Register]],
    time_zone: str,
    energy_unit: str = "Wh",
    *,
    volts: int = 230,
    phases: int = 3,
) -> Bill:
    """Price a session by a tariff as it is on the wire, with numbers as text.

    A sample is an aware time and the register in ``energy_unit``, Wh or kWh; between two
    samples energy flows evenly. ``volts`` are per phase, and make amperes of the power.
    """
    pricer = Pricer(tariff, time_zone, energy_unit, volts=volts, phases=phases)
    for when, register in samples:
        pricer.feed(when, register)
    return pricer.bill()


class Pricer:
    """The price of a session that may still go on: it takes one sample after the other."""

    def __init__(
        self,
        tariff: Tariff,
        time_zone: str,
        energy_unit: str = "Wh",
        *,
        volts: int = 230,
        phases: int = 3,
    ) -> None:
        """Start before the first sample, with nothing to pay but the least price."""
        self.energy_unit = energy_unit
        self._tariff = tariff
        self._zone = ZoneInfo(time_zone)
        self._elements = [
            (each["priceComponents"], _exact(each.get("restrictions") or {}))
            for each in tariff["elements"]
        ]
        self._per_kwh = {"Wh": 1000, "kWh": 1}[energy_unit]
        self._volts = volts * phases
        self._first: _Reading | None = None
        self._last: _Reading | None = None
        self._held_since: dict[int, Fraction] = {}
        self._quantities: dict[tuple[int, str], Fraction] = {}
        used = {name for _, restrictions in self._elements for name in restrictions}
        # Nothing but the time of day changes between two samples, unless something counts.
        self._step = _MINUTE if used <= _COARSE else _SECOND

    def feed(self, when: datetime, register: Register) -> None:
        """Go on to the next sample."""
        reading = when, Fraction(str(register))
        if self._last is None:
            self._first = reading
        elif when > self._last[0]:
            self._go(self._last, reading)
        else:
            raise ValueError("Samples are in order of time")
        self._last = reading

    def bill(self) -> Bill:
        """Return what it costs up to the last sample."""
        lines = []
        for (element, component), quantity in sorted(self._quantities.items()):
            unit_price = _decimal(self._elements[element][0][component])
            lines.append(
                Line(
                    element=element,
                    component=component,
                    quantity=quantity,
                    unit_price=unit_price,
                    amount=_cents(quantity * Fraction(unit_price)),
                )
            )
        total = sum((line.amount for line in lines), Decimal("0.00"))
        if (least := self._tariff.get("minPrice")) is not None:
            total = max(total, _decimal(least))
        if (most := self._tariff.get("maxPrice")) is not None:
            total = min(total, _decimal(most))
        return Bill(total=_cents(Fraction(total)), lines=tuple(lines))

    def _go(self, last: _Reading, reading: _Reading) -> None:
        """Walk from one sample to the next, and share out what flowed on the way."""
        assert self._first
        since, length = last[0], _microseconds(reading[0] - last[0])
        energy = reading[1] - last[1]
        power = energy * 3600 * _SECOND / length
        moment = _Moment(
            power=power,
            current=power * 1000 / self._per_kwh / self._volts,
            requesting=energy > 0,
            duration=Fraction(0),
            energy=Fraction(0),
        )
        before = _microseconds(since - self._first[0])
        # The steps end where a second of the session does, or a minute of the clock.
        offset = before
        if self._step == _MINUTE:
            offset = since.second * _SECOND + since.microsecond
        spent: dict[tuple[int, str], int] = {}
        at = 0
        while at < length:
            until = min(at + self._step - (offset + at) % self._step, length)
            local = (since + timedelta(microseconds=at)).astimezone(self._zone)
            moment.minute = local.hour * 60 + local.minute
            moment.weekday = _WEEKDAYS[local.weekday()]
            moment.duration = Fraction(before + at, _SECOND)
            moment.energy = last[1] - self._first[1] + energy * at / length
            for key in self._holding(moment):
                spent[key] = spent.get(key, 0) + until - at
            at = until
        for key, time in spent.items():
            match key[1]:
                case "Flat":
                    self._quantities[key] = Fraction(1)
                    continue
                case "PerMinute":
                    more = Fraction(time, _MINUTE)
                case _:
                    more = energy * time / length / self._per_kwh
            self._quantities[key] = self._quantities.get(key, Fraction(0)) + more

    def _holding(self, moment: _Moment) -> Iterator[tuple[int, str]]:
        """Find for every component the first element that holds and has it."""
        holding = [
            index
            for index, (_, restrictions) in enumerate(self._elements)
            if self._holds(index, restrictions, moment)
        ]
        for component in _COMPONENTS:
            for index in holding:
                if self._elements[index][0].get(component) is not None:
                    yield index, component
                    break

    def _holds(self, index: int, restrictions: Mapping[str, Any], moment: _Moment) -> bool:
        """Tell whether an element holds, and remember since when all but its patience does."""
        if not _fits(restrictions, moment):
            self._held_since.pop(index, None)
            return False
        since = self._held_since.setdefault(index, moment.duration)
        patience: int | Fraction = restrictions.get("minRestrictionsDuration", 0)
        return moment.duration - since >= patience


def _fits(restrictions: Mapping[str, Any], moment: _Moment) -> bool:
    """Tell whether every restriction is met, except ``minRestrictionsDuration``."""
    if not restrictions:
        return True
    if not _is_within_hours(restrictions, moment.minute):
        return False
    days = restrictions.get("daysOfWeek")
    if days is not None and moment.weekday not in days:
        return False
    requesting = restrictions.get("vehicleRequestingPower")
    if requesting is not None and requesting is not moment.requesting:
        return False
    for name, bound in restrictions.items():
        if (value := _figure(name, moment)) is None:
            continue
        if value < bound if name.startswith("min") else value >= bound:
            return False
    return True


def _figure(name: str, moment: _Moment) -> Fraction | None:
    """Return what a bound is a bound of; ``None`` is for other restrictions."""
    match name[3:]:
        case "Energy":
            return moment.energy
        case "Power":
            return moment.power
        case "Current":
            return moment.current
        case "Duration":
            return moment.duration
        case _:
            return None


def _is_within_hours(restrictions: Mapping[str, Any], minute: int) -> bool:
    start, end = restrictions.get("startTime"), restrictions.get("endTime")
    first = start["hour"] * 60 + start["minute"] if start else 0
    # Without an end it is midnight, which the last minute of the day comes before.
    last = end["hour"] * 60 + end["minute"] if end else 24 * 60
    if first == last:
        return True
    if first < last:
        return first <= minute < last
    return minute >= first or minute < last


def _exact(restrictions: Mapping[str, Any]) -> dict[str, Any]:
    """Read the bounds as the decimal numbers that they were written as."""
    return {
        name: Fraction(str(value)) if isinstance(value, float) else value
        for name, value in restrictions.items()
        if value is not None
    }


def _microseconds(time: timedelta) -> int:
    return time // timedelta(microseconds=1)


def _decimal(text: str) -> Decimal:
    """Read a price, which may have been written with a comma."""
    return Decimal(str(text).replace(",", "."))


def _cents(amount: Fraction) -> Decimal:
    """Round half up, which is away from zero for what somebody has to pay."""
    return Decimal(floor(amount * 100 + Fraction(1, 2))).scaleb(-2)
