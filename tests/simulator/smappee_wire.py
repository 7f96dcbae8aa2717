"""Smappee on the wire: sessions, stations and devices (contract, sections 3.2 and 3.3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from .backend import Json
from .park_meter import shown
from .park_model import Connector, Mode, Park, ParkSession, Station, Status

_MAX_CURRENT = "etc.smart.device.type.car.charger.config.max.current"
_MIN_CURRENT = "etc.smart.device.type.car.charger.config.min.current"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(kw_only=True, slots=True)
class SmappeeSettings:
    """How the simulated Smappee behaves where the contract leaves a choice.

    ``session_shape`` is what clients see or what the documentation shows. Without
    ``rotate_refresh_tokens`` the answer to a refresh has none, and the old one stays good.
    ``plain_range_shows`` is what a list shows without ``active``. ``reading_interval`` lets
    the meter of a running session be read every that many seconds only; 0 is always.
    ``initial_seconds`` is how long a session is INITIAL. ``charger_id_key`` is the name
    that the id of a charger has in the metering configuration.
    """

    session_shape: Literal["client", "documented"] = "client"
    single_as_object: bool = False
    empty_as_204: bool = True
    energy_as_text: bool = False
    seconds: bool = False
    plain_range_shows: Literal["all", "completed"] = "all"
    newest_first: bool = True
    reading_interval: float = 0.0
    initial_seconds: float = 0.0
    token_lifetime: int = 36000
    rotate_refresh_tokens: bool = True
    mode_status: Literal[200, 204] = 204
    charger_id_key: Literal["id", "smartDeviceId"] = "id"


def epoch_ms(when: datetime) -> int:
    """Print a time as milliseconds since 1970."""
    return (when - _EPOCH) // timedelta(milliseconds=1)


def at_ms(milliseconds: int) -> datetime:
    """Read milliseconds since 1970."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def read_at(settings: SmappeeSettings, session: ParkSession, now: datetime) -> datetime:
    """Tell when the meter of a running session was read for the last time."""
    if not settings.reading_interval:
        return now
    interval = timedelta(seconds=settings.reading_interval)
    return session.started + (now - session.started) // interval * interval


def session_body(
    settings: SmappeeSettings, session: ParkSession, reading: float, now: datetime
) -> Json:
    """Print a session whose register has come to ``reading``."""
    start, stop = shown(session.start_reading), shown(reading)
    status: str = session.status
    if not session.ended and (now - session.started).total_seconds() < settings.initial_seconds:
        status = "INITIAL"
    documented = settings.session_shape == "documented"
    body: Json = {
        "id": session.id,
        "serialNumber": int(session.serial) if documented else session.serial,
    }
    if not documented:
        body["connector"] = session.position
    if session.rfid:
        body |= {"authenticationType": "RFID", "rfid": session.rfid}
    if documented or session.csms_transaction_id:
        body["csmsTransactionId"] = session.csms_transaction_id
    elif session.rfid:
        body["userId"] = 42
    body["from"] = _time(settings, session.started)
    if session.ended:
        body["to"] = _time(settings, session.ended)
    body["status"] = status
    if documented:
        # These are the targets of smart charging: kilometres, hours and a percentage.
        return body | {
            "range": 100,
            "duration": 2,
            "priority": 100,
            "startReading": start,
            "stopReading": stop,
        }
    energy = round(stop - start, 3)
    body |= {
        "suspendedByUser": session.suspended_by_user,
        "externalControl": False,
        "smartMode": session.mode,
        "priority": 100,
        "minimumExcessPercentage": 100,
        "maxAmperes": [_number(session.current)] * session.phases,
        "startReading": start,
        "energy": f"{energy:.3f}" if settings.energy_as_text else energy,
    }
    if session.ended:
        body["stopReading"] = stop
    return body


def rot(body: Json) -> None:
    """Give a printed session a field of a type that nobody can expect."""
    body["from"] = {"a": 1}


def hibernate(body: Json) -> None:
    """Give a printed session a status that is in no vocabulary."""
    body["status"] = "hibernating"


def service_locations(parks: Iterable[Park]) -> Json:
    """Print the parks of the account."""
    return {
        "appName": "DemoApp",
        "serviceLocations": [
            {
                "serviceLocationId": park.service_location_id,
                "serviceLocationUuid": park.uuid,
                "name": park.name,
                "deviceSerialNumber": f"51{park.service_location_id:08d}",
            }
            for park in parks
        ],
    }


def metering_configuration(settings: SmappeeSettings, park: Park, stations: list[Station]) -> Json:
    """Print the stations of a park."""
    return {
        "serviceLocationId": park.service_location_id,
        "chargingStations": [
            {
                "id": int(station.serial[2:]),
                "name": station.name,
                **({"model": "EV Base Ultra"} if station.is_dc else {}),
                "serialNumber": station.serial,
                "connectSerialNumber": f"50{station.serial[2:]}",
                "chargers": [
                    {
                        settings.charger_id_key: connector.device_id,
                        "uuid": connector.uuid,
                        "position": connector.position,
                        "serialNumber": f"58{connector.device_id:08d}",
                    }
                    for connector in station.connectors.values()
                ],
            }
            for station in stations
        ],
    }


def smart_devices(park: Park, stations: list[Station]) -> list[Json]:
    """Print what can be switched at a park: its connectors, and the light."""
    light: Json = {
        "id": f"SWITCH-{park.service_location_id}",
        "uuid": park.uuid,
        "name": f"{park.name} light",
        "type": {"category": "SWITCH", "name": "Output module"},
        "configurationProperties": [],
        "properties": [],
    }
    chargers = [
        _charger(station, connector)
        for station in stations
        for connector in station.connectors.values()
    ]
    return [light, *chargers]


def _charger(station: Station, connector: Connector) -> Json:
    config = []
    if not station.is_dc:
        config = [
            _config(_MAX_CURRENT, connector.max_current),
            _config(_MIN_CURRENT, connector.min_current),
        ]
    return {
        "id": f"CARCHARGER-{connector.device_id}",
        "uuid": connector.uuid,
        "name": f"{station.name} {connector.position}",
        "type": {"category": "CARCHARGER", "name": "DC Charger" if station.is_dc else "AC Charger"},
        "configurationProperties": config,
        "properties": [
            _property("chargingState", "String", _charging_state(connector)),
            _property("percentageLimit", "Integer", _percentage(connector)),
        ],
    }


def _config(name: str, ampere: float) -> Json:
    value = {"Quantity": {"value": _number(ampere), "unit": "A"}}
    return {"spec": {"name": name, "species": "Quantity"}, "values": [value]}


def _property(name: str, species: str, value: object) -> Json:
    return {"spec": {"name": name, "species": species}, "value": value}


def _charging_state(connector: Connector) -> str:
    if connector.session is None:
        return "STOPPED"
    return "SUSPENDED" if connector.session.status is Status.SUSPENDED else "STARTED"


def _percentage(connector: Connector) -> int:
    """Print the limit between the least current, 0, and the most, 100."""
    if connector.mode is Mode.PAUSED:
        return 0
    span = connector.max_current - connector.min_current
    return max(round(100 * (connector.current - connector.min_current) / span), 0)


def _time(settings: SmappeeSettings, when: datetime) -> int:
    milliseconds = epoch_ms(when)
    return milliseconds // 1000 if settings.seconds else milliseconds


def _number(value: float) -> float:
    """Print a whole number without a fraction, as the samples have it."""
    return int(value) if value == int(value) else value
