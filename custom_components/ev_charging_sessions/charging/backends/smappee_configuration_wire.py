"""Smappee's stations and devices in JSON, and the connectors they come to.

Source: what published clients read of the metering configuration and the smart devices.
"""

from copy import replace
from math import inf

import msgspec

from ..errors import UnexpectedAnswerError
from ..model import ChargePoint, ChargingMode
from .smappee_wire import checked_serial, number, position
from .wire import reader

_AC_MODES = (ChargingMode.NORMAL, ChargingMode.SMART, ChargingMode.PAUSED)
_DC_MODES = (ChargingMode.NORMAL, ChargingMode.PAUSED)
# The vendor's only DC product is the EV Base Ultra.
_DC_PRODUCT = "ULTRA"

_LEAST = "etc.smart.device.type.car.charger.config.min.current"
_MOST = "etc.smart.device.type.car.charger.config.max.current"


class Currents(msgspec.Struct, frozen=True):
    """The least and the most ampere per phase of a connector, as far as they are known."""

    least: float | None = None
    most: float | None = None


class Connector(msgspec.Struct, frozen=True, kw_only=True):
    """One connector of a station, under the name it has as a charge point.

    ``names`` are those it goes by elsewhere: UUIDs, and ids of its smart device.
    """

    charge_point: ChargePoint
    park_id: str
    serial: str
    position: int
    names: frozenset[str]

    def with_currents(self, currents: Currents) -> Connector:
        """Return the connector with these currents where it has none of its own."""
        point = self.charge_point
        if ChargingMode.SMART not in point.modes:
            return self
        return replace(
            self,
            charge_point=replace(
                point,
                min_current=currents.least if point.min_current is None else point.min_current,
                max_current=currents.most if point.max_current is None else point.max_current,
            ),
        )


class _Charger(msgspec.Struct):
    id: int | str | None = None
    smartDeviceId: int | str | None = None
    uuid: str | None = None
    position: int | str | None = None
    currentType: str | None = None
    minCurrent: float | str | None = None
    maxCurrent: float | str | None = None


class _Station(msgspec.Struct):
    """A station; its model and type are text in some places and objects in others."""

    serialNumber: int | str
    name: str | None = None
    model: object = None
    type: object = None
    currentType: str | None = None
    chargers: list[_Charger] | None = None


class _Configuration(msgspec.Struct):
    chargingStations: list[msgspec.Raw] | None = None


class _Spec(msgspec.Struct):
    name: str | None = None


class _Property(msgspec.Struct):
    spec: _Spec | None = None
    value: object = None
    values: object = None


class _Device(msgspec.Struct):
    id: int | str | None = None
    uuid: str | None = None
    configurationProperties: list[_Property] | None = None


_read_configuration = reader(_Configuration)
_read_station = reader(_Station, "chargingStations[]")
_read_device = reader(_Device, "smartdevices[]")


def decode_stations(body: bytes) -> list[msgspec.Raw]:
    """Return the stations of a metering configuration, still undecoded; no body is none.

    Raises UnexpectedAnswerError for another shape, and what ``reader`` lets through.
    """
    return [] if body == b"null" else _read_configuration(body).chargingStations or []


def decode_connectors(raw: msgspec.Raw, park_id: str, park_name: str) -> list[Connector]:
    """Return the connectors of one station.

    Raises UnexpectedAnswerError naming the field that is wrong.
    """
    station = _read_station(raw)
    serial = checked_serial(station.serialNumber, "chargingStations[].serialNumber")
    chargers = station.chargers or []
    is_single = len(chargers) == 1
    connectors = []
    for charger in chargers:
        place = position(charger.position, "chargingStations[].chargers[].position")
        if place is None:
            if not is_single:
                raise UnexpectedAnswerError("chargingStations[].chargers[].position")
            place = 1
        name = station.name or serial
        modes = _DC_MODES if _is_dc(station, charger) else _AC_MODES
        point = ChargePoint(
            charge_point_id=f"{serial}-{place}",
            name=name if is_single else f"{name} {place}",
            operator=park_name,
            modes=modes,
        )
        connector = Connector(
            charge_point=point,
            park_id=park_id,
            serial=serial,
            position=place,
            names=_names(charger),
        )
        own = Currents(
            least=_ampere(charger.minCurrent, "chargingStations[].chargers[].minCurrent"),
            most=_ampere(charger.maxCurrent, "chargingStations[].chargers[].maxCurrent"),
        )
        connectors.append(connector.with_currents(own))
    return connectors


def decode_device(raw: msgspec.Raw) -> tuple[frozenset[str], Currents]:
    """Return the names that a smart device goes by, and the currents of its connector.

    Raises UnexpectedAnswerError naming the field that is wrong.
    """
    device = _read_device(raw)
    found: dict[str, float | None] = {}
    for each in device.configurationProperties or []:
        name = each.spec and each.spec.name
        if name in {_LEAST, _MOST}:
            value = each.values if each.value is None else each.value
            found[name] = _ampere(value, "smartdevices[].configurationProperties[]")
    names = frozenset(str(name) for name in (device.id, device.uuid) if name is not None)
    return names, Currents(least=found.get(_LEAST), most=found.get(_MOST))


def _is_dc(station: _Station, charger: _Charger) -> bool:
    if "DC" in {(each.currentType or "").upper() for each in (station, charger)}:
        return True
    return _DC_PRODUCT in f"{station.model} {station.type}".upper()


def _names(charger: _Charger) -> frozenset[str]:
    ids = [str(each) for each in (charger.id, charger.smartDeviceId) if each is not None]
    names = {*ids, *(f"CARCHARGER-{each}" for each in ids)}
    return frozenset(names | {charger.uuid} if charger.uuid else names)


def _ampere(value: object, path: str) -> float | None:
    """Return a current out of the objects and lists it is wrapped in, in whatever order."""
    while isinstance(value, dict | list):
        match value:
            case {"value": inner} | {"Quantity": inner} | [inner, *_]:
                value = inner
            case _:
                return None
    if value is None or isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    ampere = number(value, path)
    return ampere if ampere is not None and 0 <= ampere < inf else None
