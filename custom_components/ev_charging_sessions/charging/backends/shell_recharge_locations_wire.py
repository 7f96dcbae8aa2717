"""Shell Recharge's locations on the wire, and what they say of an EVSE.

Source: the models of the vendor's SDKs, 1.0.0 (v1) to 2.2.0 (v2). What they leave open about
restrictions is as in OCPI 2.2.1 (TariffRestrictions), whose names they have.
"""

from copy import replace
from datetime import datetime, time
from decimal import Decimal
import re
from typing import Any

import msgspec

from ..errors import UnexpectedAnswerError
from ..model import ChargePoint, ChargePointStatus
from ..tariff_model import (
    PriceComponent,
    PriceComponentType,
    Restrictions,
    Tariff,
    TariffElement,
)
from .wire import reader

_EVSE_STATUSES = {
    "available": ChargePointStatus.AVAILABLE,
    "occupied": ChargePointStatus.OCCUPIED,
    "unavailable": ChargePointStatus.OFFLINE,
}

_COMPONENT_TYPES = {
    "FLAT": PriceComponentType.FLAT,
    "ENERGY": PriceComponentType.ENERGY,
    "TIME": PriceComponentType.CHARGING_TIME,
    "PARKING_TIME": PriceComponentType.PARKING_TIME,
}

_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")

_CURRENCY = r"[A-Z]{3}"
_TIME_OF_DAY = r"([01]\d|2[0-3]):[0-5]\d"

# The other types are what the driver's provider and the owner of the charge point settle
# between themselves.
_PAID_BY_DRIVER = {None, "DRIVER"}


class _ElectricalProperties(msgspec.Struct):
    maxElectricPower: float | None = None


class _PriceComponent(msgspec.Struct):
    type: str
    price: Decimal
    stepSize: Decimal | None = None
    vat: Decimal | None = None


class _Restrictions(msgspec.Struct, forbid_unknown_fields=True):
    """What narrows an element; one more condition than these would make it hold too often."""

    startTime: str | None = None
    endTime: str | None = None
    dayOfWeek: list[str] | None = None
    minKwh: Decimal | None = None
    maxKwh: Decimal | None = None
    minCurrent: Decimal | None = None
    maxCurrent: Decimal | None = None
    minPower: Decimal | None = None
    maxPower: Decimal | None = None
    minDuration: Decimal | None = None
    maxDuration: Decimal | None = None


class _TariffElement(msgspec.Struct):
    priceComponents: list[_PriceComponent] | None = None
    restrictions: Any = None


class _Tariff(msgspec.Struct):
    currency: str
    tariffId: str | None = None
    tariffType: str | None = None
    minPrice: Decimal | None = None
    maxPrice: Decimal | None = None
    elements: list[_TariffElement] | None = None
    startFee: Decimal | None = None
    perMinute: Decimal | None = None
    perKWh: Decimal | None = None


class _Connector(msgspec.Struct):
    connectorType: str | None = None
    electricalProperties: _ElectricalProperties | None = None
    tariffs: list[msgspec.Raw] | None = None
    tariff: msgspec.Raw = msgspec.Raw(b"null")


class _EvseId(msgspec.Struct):
    evseId: str | None = None


class _Evse(msgspec.Struct):
    status: str | None = None
    connectors: list[_Connector] | None = None


class Location(msgspec.Struct):
    """A site with its EVSEs; ``uid`` is a number in v1 and text in v2.

    The EVSEs are still undecoded, so that one that cannot be read hides no other.
    """

    uid: str | int
    operatorName: str | None = None
    evses: list[msgspec.Raw] | None = None


_read_tariff = reader(_Tariff, "tariff")
_read_evse_id = reader(_EvseId, "data[].evses[]")
_read_evse = reader(_Evse, "data[].evses[]")

decode_location = reader(Location, "data[]")
"""Returns one location; raises UnexpectedAnswerError naming the field that is wrong."""


def charge_point(location: Location, evse_id: str, now: datetime) -> ChargePoint | None:
    """Return the EVSE of that id, or ``None`` when the location does not have it.

    Raises UnexpectedAnswerError naming the field of that EVSE that is wrong.
    """
    for raw in location.evses or []:
        if not _has_id(raw, evse_id):
            continue
        evse = _read_evse(raw)
        connectors = evse.connectors or []
        powers = [
            connector.electricalProperties.maxElectricPower
            for connector in connectors
            if connector.electricalProperties and connector.electricalProperties.maxElectricPower
        ]
        return ChargePoint(
            charge_point_id=evse_id,
            status=_EVSE_STATUSES.get((evse.status or "").lower()),
            operator=location.operatorName,
            connector_type=connectors[0].connectorType if connectors else None,
            max_power=max(powers, default=None),
            tariffs=tuple(
                # Several connectors of one EVSE mostly have the same tariffs.
                dict.fromkeys(tariff for connector in connectors for tariff in _tariffs(connector))
            ),
            updated=now,
        )
    return None


def _has_id(raw: msgspec.Raw, evse_id: str) -> bool:
    try:
        return (_read_evse_id(raw).evseId or "").upper() == evse_id
    except UnexpectedAnswerError:
        return False


def _tariffs(connector: _Connector) -> list[Tariff]:
    """Return what a driver pays; a tariff that cannot be read hides nothing else."""
    tariffs = []
    for raw in [*(connector.tariffs or []), connector.tariff]:
        try:
            wire = _read_tariff(raw)
        except UnexpectedAnswerError:
            continue
        if wire.tariffType in _PAID_BY_DRIVER and re.fullmatch(_CURRENCY, wire.currency):
            tariffs.append(_tariff(wire))
    return tariffs


def _tariff(wire: _Tariff) -> Tariff:
    """Return a tariff; it is incomplete without what cannot be read or is no finite number."""
    told = wire.elements or []
    read = [_element(each) for each in told]
    found = [*_flat_element(wire), *(element for element in read if element is not None)]
    elements = [
        replace(element, components=tuple(each for each in element.components if _is_sane(each)))
        for element in found
    ]
    min_price, max_price = _finite(wire.minPrice), _finite(wire.maxPrice)
    return Tariff(
        currency=wire.currency,
        elements=tuple(element for element in elements if element.components),
        is_complete=(
            elements == found
            and None not in read
            and (min_price, max_price) == (wire.minPrice, wire.maxPrice)
        ),
        tariff_id=wire.tariffId,
        min_price=min_price,
        max_price=max_price,
    )


def _is_sane(component: PriceComponent) -> bool:
    figures = (component.price, component.unit, component.vat or Decimal(0))
    return all(figure.is_finite() for figure in figures) and component.unit > 0


def _finite(figure: Decimal | None) -> Decimal | None:
    return figure if figure is not None and figure.is_finite() else None


def _element(wire: _TariffElement) -> TariffElement | None:
    """Return an element of a v2 tariff, ``None`` if some of it is unknown here.

    What is charged for something unknown, or at times that are, cannot be told from the rest.
    The vendor gives a price per step, and the step in seconds or kWh.
    """
    components = wire.priceComponents or []
    try:
        restrictions = _restrictions(wire.restrictions)
        types = [_COMPONENT_TYPES[component.type.upper()] for component in components]
    except KeyError, ValueError:
        return None
    return TariffElement(
        components=tuple(
            PriceComponent(
                type=type_,
                price=component.price,
                unit=component.stepSize or Decimal(1),
                step=component.stepSize or Decimal(1),
                vat=component.vat,
            )
            for type_, component in zip(types, components, strict=True)
        ),
        restrictions=restrictions,
    )


def _restrictions(told: Any) -> Restrictions | None:
    """Return when an element holds, ``None`` for always.

    Raises ValueError for what cannot be read, or not be carried on: dates and reservations.
    """
    if isinstance(told, dict):
        told = {_camel_case(key): value for key, value in told.items() if value is not None}
    # A msgspec.ValidationError is a ValueError.
    wire = msgspec.convert(told, _Restrictions | None)
    if wire is None:
        return None
    restrictions = Restrictions(
        start=_time_of_day(wire.startTime),
        # The end of a day is the begin of the next one.
        end=_time_of_day("00:00" if wire.endTime == "24:00" else wire.endTime),
        days=tuple(_DAYS.index(day.upper()) for day in wire.dayOfWeek) if wire.dayOfWeek else None,
        min_energy=_bound(wire.minKwh),
        max_energy=_bound(wire.maxKwh),
        min_current=_bound(wire.minCurrent),
        max_current=_bound(wire.maxCurrent),
        min_power=_bound(wire.minPower),
        max_power=_bound(wire.maxPower),
        min_duration=_bound(wire.minDuration),
        max_duration=_bound(wire.maxDuration),
    )
    return None if restrictions == Restrictions() else restrictions


def _camel_case(key: str) -> str:
    """Return a key as the vendor spells it; OCPI has ``min_kwh`` for ``minKwh``."""
    return re.sub("_([a-z])", lambda match: match[1].upper(), key)


def _time_of_day(text: str | None) -> time | None:
    if text is None:
        return None
    if not re.fullmatch(_TIME_OF_DAY, text):
        raise ValueError
    return time.fromisoformat(text)


def _bound(figure: Decimal | None) -> Decimal | None:
    if figure is not None and not figure.is_finite():
        raise ValueError
    return figure


def _flat_element(wire: _Tariff) -> list[TariffElement]:
    """Return the three prices of a v1 tariff that are set."""
    prices = (
        (PriceComponentType.FLAT, wire.startFee, Decimal(1)),
        (PriceComponentType.TIME, wire.perMinute, Decimal(60)),
        (PriceComponentType.ENERGY, wire.perKWh, Decimal(1)),
    )
    components = tuple(
        PriceComponent(type=type_, price=price, unit=unit)
        for type_, price, unit in prices
        if price is not None
    )
    return [TariffElement(components=components)] if components else []
