"""Shell Recharge's locations on the wire, and what they say of an EVSE.

Source: the models of the vendor's SDKs, 1.0.0 (v1) to 2.2.0 (v2).
"""

from copy import replace
from datetime import datetime
from decimal import Decimal
import re
from typing import Any

import msgspec

from ..errors import UnexpectedAnswerError
from ..model import ChargePoint, ChargePointStatus
from ..tariff import PriceComponent, PriceComponentType, Tariff, TariffElement
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


_CURRENCY = r"[A-Z]{3}"

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


class _TariffElement(msgspec.Struct):
    priceComponents: list[_PriceComponent] | None = None
    restrictions: dict[str, Any] | None = None


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
    """Return a tariff; a price that is no finite number makes it incomplete."""
    found = [*_flat_element(wire), *_elements(wire)]
    elements = [
        replace(element, components=tuple(each for each in element.components if _is_sane(each)))
        for element in found
    ]
    return Tariff(
        currency=wire.currency,
        elements=tuple(element for element in elements if element.components),
        is_complete=(
            elements == found and not any(element.restrictions for element in wire.elements or [])
        ),
        tariff_id=wire.tariffId,
        min_price=wire.minPrice,
        max_price=wire.maxPrice,
    )


def _is_sane(component: PriceComponent) -> bool:
    return component.price.is_finite() and component.unit.is_finite() and component.unit > 0


def _elements(wire: _Tariff) -> list[TariffElement]:
    """Return the prices of a v2 tariff that always hold.

    The vendor gives a price per step, and the step in seconds or kWh.
    """
    return [
        TariffElement(
            components=tuple(
                PriceComponent(
                    type=_COMPONENT_TYPES[component.type.upper()],
                    price=component.price,
                    unit=component.stepSize or Decimal(1),
                    step=component.stepSize or Decimal(1),
                    vat=component.vat,
                )
                for component in element.priceComponents or []
                if component.type.upper() in _COMPONENT_TYPES
            )
        )
        for element in wire.elements or []
        if not element.restrictions
    ]


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
