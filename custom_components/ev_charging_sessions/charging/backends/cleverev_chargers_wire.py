"""CleverEV's chargers in JSON, and the connectors they come to.

Source: ``contracts/cleverev.md``, section 1.6. A charger's password, its addresses and who
owns it are in the same object; nothing here ever decodes them.
"""

import msgspec

from ..errors import UnexpectedAnswerError
from ..model import ChargePoint, ChargePointStatus, OcppStatus, Station
from .cleverev_values import (
    charge_point_id_of,
    connector_number,
    id_for_path,
    optional_number,
    optional_time,
)
from .wire import optional_text, reader

_PATH = "chargers[]"
_CONNECTOR = f"{_PATH}.connectors[]"

# No connector gives a megawatt, so a larger number is in watts.
_MOST_KILOWATTS = 1000

_OCPP = {status.value.replace("_", ""): status for status in OcppStatus}

_STATUSES = {
    OcppStatus.AVAILABLE: ChargePointStatus.AVAILABLE,
    OcppStatus.PREPARING: ChargePointStatus.OCCUPIED,
    OcppStatus.CHARGING: ChargePointStatus.OCCUPIED,
    OcppStatus.SUSPENDED_EVSE: ChargePointStatus.OCCUPIED,
    OcppStatus.SUSPENDED_EV: ChargePointStatus.OCCUPIED,
    OcppStatus.FINISHING: ChargePointStatus.OCCUPIED,
    OcppStatus.RESERVED: ChargePointStatus.RESERVED,
    OcppStatus.UNAVAILABLE: ChargePointStatus.OFFLINE,
    OcppStatus.FAULTED: ChargePointStatus.FAULTED,
}


class _Connector(msgspec.Struct):
    connectorId: object = None
    number: object = None
    id: object = None
    type: object = None
    status: object = None
    maxPower: object = None
    maxCurrent: object = None


class _Charger(msgspec.Struct):
    id: int | str | None = None
    name: object = None
    vendor: object = None
    model: object = None
    firmwareVersion: object = None
    status: object = None
    connectedSince: object = None
    disconnectedSince: object = None
    connectors: list[msgspec.Raw] | None = None


_read_charger = reader(_Charger, _PATH)
_read_connector = reader(_Connector, _CONNECTOR)


def decode_charger(raw: bytes | msgspec.Raw) -> list[ChargePoint]:
    """Return the connectors of one charger.

    Raises UnexpectedAnswerError naming the field that is wrong.
    """
    charger = _read_charger(raw)
    charger_id = id_for_path(charger.id, f"{_PATH}.id")
    station = Station(
        station_id=charger_id,
        name=optional_text(charger.name),
        vendor=optional_text(charger.vendor),
        model=optional_text(charger.model),
        firmware=optional_text(charger.firmwareVersion),
    )
    wires = [_read_connector(each) for each in charger.connectors or []]
    places = [_place(wire, index) for index, wire in enumerate(wires)]
    several = sum(place > 0 for place in places) > 1
    is_offline = _is_disconnected(charger)
    connectors: list[ChargePoint] = []
    for place, wire in zip(places, wires, strict=True):
        if not place:
            # OCPP's connector zero is the charger itself.
            continue
        word = wire.status
        if word is None and not several:
            word = charger.status
        ocpp = _OCPP.get(word.lower()) if isinstance(word, str) else None
        status = _STATUSES[ocpp] if ocpp else None
        connectors.append(
            ChargePoint(
                charge_point_id=charge_point_id_of(charger_id, place),
                name=_name(station.name, place if several else None),
                status=ChargePointStatus.OFFLINE if is_offline else status,
                connector_type=optional_text(wire.type),
                max_power=_kilowatts(optional_number(wire.maxPower)),
                max_current=optional_number(wire.maxCurrent),
                station=station,
                ocpp_status=ocpp,
            )
        )
    return connectors


def _place(wire: _Connector, index: int) -> int:
    """Return the number of a connector, which may be its id, or only its place in the list."""
    for value in (wire.connectorId, wire.number, wire.id):
        try:
            return connector_number(value, _CONNECTOR)
        except UnexpectedAnswerError:
            continue
    return index + 1


def _is_disconnected(charger: _Charger) -> bool:
    """Tell whether a charger has gone, and not come back since."""
    gone, back = optional_time(charger.disconnectedSince), optional_time(charger.connectedSince)
    return gone is not None and (back is None or back < gone)


def _name(name: str | None, place: int | None) -> str | None:
    return name if name is None or place is None else f"{name} {place}"


def _kilowatts(power: float | None) -> float | None:
    return power / 1000 if power is not None and power > _MOST_KILOWATTS else power
