"""CleverEV's tariffs in JSON, and what they mean.

Source: ``cleverev-charging-sessions-list-for-namespace.txt`` (the seed).
"""

from datetime import time
from decimal import Decimal
import re

import msgspec

from ..errors import UnexpectedAnswerError
from ..model import EnergyUnit
from ..tariff import PriceComponent, PriceComponentType, Restrictions, Tariff, TariffElement
from .cleverev_values import decimal_of, optional_decimal
from .wire import optional_text, reader

_PATH = "chargingSessions[].tariff"
_ELEMENT = f"{_PATH}.elements[]"

_COMPONENTS = {
    "Flat": (PriceComponentType.FLAT, Decimal(1)),
    "PerMinute": (PriceComponentType.TIME, Decimal(60)),
    "PerKilowattHour": (PriceComponentType.ENERGY, Decimal(1)),
}
_DAYS = {
    day: number for number, day in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
}
_LANGUAGE = r"[A-Za-z]{2}"
_URL = r"https?://[!-~]{1,2000}"

# More tariffs than that at once mean that they are not shared, as when each has an id of its own.
_MOST_KEPT = 1000


class _Clock(msgspec.Struct, forbid_unknown_fields=True):
    hour: int = 0
    minute: int = 0


class _Restrictions(msgspec.Struct, forbid_unknown_fields=True):
    """What narrows an element; one more condition than these would make it hold too often."""

    startTime: _Clock | None = None
    endTime: _Clock | None = None
    daysOfWeek: list[str] | None = None
    minEnergy: float | str | None = None
    maxEnergy: float | str | None = None
    minCurrent: float | str | None = None
    maxCurrent: float | str | None = None
    minPower: float | str | None = None
    maxPower: float | str | None = None
    minDuration: float | str | None = None
    maxDuration: float | str | None = None
    vehicleRequestingPower: bool | None = None
    minRestrictionsDuration: float | str | None = None


class _Element(msgspec.Struct):
    priceComponents: dict[str, float | str | None]
    id: object = None
    name: object = None
    backgroundColor: object = None
    restrictions: _Restrictions | None = None


class _Tariff(msgspec.Struct):
    elements: list[msgspec.Raw] | None = None
    minPrice: object = None
    maxPrice: object = None
    altTexts: object = None
    altUrl: object = None
    timeZone: object = None


_read_tariff = reader(_Tariff, _PATH)
_read_element = reader(_Element, _ELEMENT)


class Tariffs:
    """The tariffs of one account; equal ones are one object, however many sessions have it."""

    def __init__(self, currency: str, unit: EnergyUnit) -> None:
        """Start with none known."""
        self._currency = currency
        self._unit = unit
        self._known: dict[tuple[bytes, str | None], Tariff | None] = {}

    def get(self, raw: bytes, zone: str | None) -> Tariff | None:
        """Return the tariff of a session in a time zone; ``None`` when it has none.

        What cannot be read of it is left out, and then it is not complete.
        """
        if not raw:
            return None
        if (raw, zone) not in self._known:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            self._known[raw, zone] = self._decoded(raw, zone)
        return self._known[raw, zone]

    def _decoded(self, raw: bytes, zone: str | None) -> Tariff | None:
        if raw == b"null":
            return None
        nothing = Tariff(currency=self._currency, elements=(), is_complete=False, time_zone=zone)
        try:
            wire = _read_tariff(raw)
        except UnexpectedAnswerError:
            return nothing
        is_complete = True
        elements: list[TariffElement] = []
        for each in wire.elements or []:
            try:
                element, is_whole = self._element(each)
            except UnexpectedAnswerError:
                is_complete = False
                continue
            elements.append(element)
            is_complete = is_complete and is_whole
        least, most = optional_decimal(wire.minPrice), optional_decimal(wire.maxPrice)
        for value, bound in ((wire.minPrice, least), (wire.maxPrice, most)):
            if bound is None and value is not None and value != "":
                is_complete = False
        return Tariff(
            currency=self._currency,
            elements=tuple(elements),
            is_complete=is_complete,
            min_price=least,
            max_price=most,
            time_zone=zone or optional_text(wire.timeZone),
            texts=_texts(wire.altTexts),
            url=_url(wire.altUrl),
        )

    def _element(self, raw: msgspec.Raw) -> tuple[TariffElement, bool]:
        """Return an element, and whether all of its prices could be read.

        Raises UnexpectedAnswerError when it cannot be told when it holds.
        """
        wire = _read_element(raw)
        components: list[PriceComponent] = []
        is_whole = True
        for name, text in wire.priceComponents.items():
            price = optional_decimal(text)
            if price is not None and name in _COMPONENTS:
                kind, unit = _COMPONENTS[name]
                components.append(PriceComponent(type=kind, price=price, unit=unit))
            elif text not in {None, ""}:
                is_whole = False
        element = TariffElement(
            components=tuple(components),
            restrictions=self._restrictions(wire.restrictions),
            name=optional_text(wire.name),
            element_id=optional_text(wire.id),
            color=optional_text(wire.backgroundColor),
        )
        return element, is_whole

    def _restrictions(self, wire: _Restrictions | None) -> Restrictions | None:
        if wire is None:
            return None
        found = Restrictions(
            start=_clock(wire.startTime),
            end=_clock(wire.endTime),
            days=_days(wire.daysOfWeek),
            min_energy=self._kilo(wire.minEnergy),
            max_energy=self._kilo(wire.maxEnergy),
            min_current=_amount(wire.minCurrent),
            max_current=_amount(wire.maxCurrent),
            # A network that counts energy in watt-hours counts power in watts.
            min_power=self._kilo(wire.minPower),
            max_power=self._kilo(wire.maxPower),
            min_duration=_amount(wire.minDuration),
            max_duration=_amount(wire.maxDuration),
            is_requesting=wire.vehicleRequestingPower,
            held_for=_amount(wire.minRestrictionsDuration),
        )
        return None if found == Restrictions() else found

    def _kilo(self, value: float | str | None) -> Decimal | None:
        """Return an energy in kWh, or a power in kW."""
        amount = _amount(value)
        if amount is None or self._unit is EnergyUnit.KWH:
            return amount
        return amount / 1000


def _amount(value: float | str | None) -> Decimal | None:
    return decimal_of(value, _ELEMENT)


def _clock(wire: _Clock | None) -> time | None:
    if wire is None:
        return None
    if not (0 <= wire.hour < 24 and 0 <= wire.minute < 60):
        raise UnexpectedAnswerError(_ELEMENT)
    return time(wire.hour, wire.minute)


def _days(names: list[str] | None) -> tuple[int, ...] | None:
    """Return the days of the week; a list of none narrows nothing."""
    if not names:
        return None
    found = {_DAYS.get(name[:3].lower()) for name in names}
    if None in found:
        raise UnexpectedAnswerError(_ELEMENT)
    return tuple(sorted(day for day in found if day is not None))


def _texts(value: object) -> tuple[tuple[str, str], ...]:
    """Return the operator's words by language; what is no such text is left out."""
    found: list[tuple[str, str]] = []
    for each in value if isinstance(value, list) else []:
        match each:
            case {"language": str(language), "text": str(text)}:
                if re.fullmatch(_LANGUAGE, language):
                    found.append((language.lower(), text))
    return tuple(found)


def _url(value: object) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(_URL, value) else None
