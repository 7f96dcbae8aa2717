"""CleverEV on the wire: charging sessions and chargers (contract, sections 1.5 and 1.6)."""

from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

from .backend import Json
from .namespace_model import Charger, NamespaceConnector, NamespaceSession, Status
from .namespace_prices import Tariff

APPLICATION = "app-simulated"
NAMESPACE = "nsp-simulated"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HEARTBEAT = timedelta(minutes=5)
_CURRENT_TYPES = {
    "J1772_Type1": "type1",
    "Mennekes_Type2": "type2",
    "GBT_AC": "gbt_ac",
    "Tesla": "tesla",
    "CCS1": "ccs1",
    "CCS2": "ccs2",
    "CHAdeMO": "chademo",
    "GBT_DC": "gbt_dc",
    "Other": "other",
}
_OPTIONAL = {
    *("userId", "lastMeteredAtTimestamp", "lastMeteredAtEnergy", "stoppedAtTimestamp"),
    *("stoppedAtEnergy", "stoppedReason", "tariff", "note", "locationId"),
}
_OPTIONAL_OF_INTENT = {
    *("connectorId", "chargingSessionId", "userId", "details", "pushNotificationPreferences"),
}


@dataclass(kw_only=True, slots=True)
class CleverEVSettings:
    """How the simulated CleverEV behaves where the contract leaves a choice.

    ``count_is_total`` makes ``count`` that of all sessions that fit, not of the page. A page
    has ``max_take`` sessions at most, and ``default_take`` when nobody asks for a number.
    ``insert_between_pages`` lets that many sessions start before every page but the first.
    ``register_unit`` is that of the meter readings, ``energy_unit`` that of ``energy`` and
    of the tariffs. ``omit_optional`` leaves out what the seed does not require.
    ``envelope`` is the key of a single session, or ``bare`` without one. The answer to a
    start has no id without ``start_tells_id``. A refused command has ``refusal_status``.
    ``connector_key`` is the name of a connector's number. ``offers`` takes the addresses of
    one generation away.
    """

    count_is_total: bool = True
    max_take: int | None = None
    default_take: int = 50
    order: Literal["newest", "oldest"] = "newest"
    insert_between_pages: int = 0
    energy_unit: Literal["Wh", "kWh"] = "Wh"
    register_unit: Literal["Wh", "kWh"] = "Wh"
    duration_unit: Literal["s", "ms", "min"] = "s"
    decimal_comma: bool = False
    timestamps: Literal["iso", "epoch_s", "epoch_ms"] = "iso"
    time_zone_in: Literal["session", "tariff", "both"] = "session"
    omit_optional: bool = False
    envelope: Literal["chargingSession", "session", "data", "bare"] = "chargingSession"
    start_tells_id: bool = True
    refusal_status: Literal[200, 400, 409, 422] = 400
    connector_key: Literal["connectorId", "id"] = "connectorId"
    offers: Literal["both", "legacy", "current"] = "both"


def session_body(settings: CleverEVSettings, session: NamespaceSession, price: Decimal) -> Json:
    """Print a session."""
    (started, start), (metered, register) = session.samples[0], session.samples[-1]
    body: Json = {
        "id": session.id,
        "transactionId": session.number,
        "idTag": session.intent.id_tag,
        "chargerId": session.charger_id,
        "connectorId": session.connector_id,
        "chargingIntentId": session.intent.id,
        "userId": session.intent.user_id,
        "status": session.status,
        "startedAtTimestamp": _time(settings, started),
        "startedAtEnergy": _energy(start, settings.register_unit),
    }
    if len(session.samples) > 1:
        body |= {
            "lastMeteredAtTimestamp": _time(settings, metered),
            "lastMeteredAtEnergy": _energy(register, settings.register_unit),
        }
    if session.stopped:
        body |= {
            "stoppedAtTimestamp": _time(settings, session.stopped),
            "stoppedAtEnergy": _energy(register, settings.register_unit),
            "stoppedReason": session.stop_reason,
        }
    if session.tariff:
        body["tariff"] = _tariff(settings, session.tariff, session.time_zone)
    if settings.time_zone_in != "tariff":
        body["timeZone"] = session.time_zone
    body |= {
        "energy": _energy(session.energy, settings.energy_unit),
        "duration": _duration(settings, (session.stopped or metered) - started),
        "price": _money(settings, f"{price:.2f}"),
        "note": session.note,
        "applicationId": APPLICATION,
        "namespaceId": NAMESPACE,
        "locationId": session.location_id,
        "createdAt": iso(started),
        "updatedAt": iso(session.updated),
        "chargingIntent": _intent(settings, session),
    }
    left_out = _OPTIONAL if settings.omit_optional else set()
    return {key: value for key, value in body.items() if value is not None and key not in left_out}


def rot(body: Json) -> None:
    """Give a printed session a field of a type that nobody can expect."""
    body["startedAtTimestamp"] = {"a": 1}


def hibernate(body: Json) -> None:
    """Give a printed session a status that is in no vocabulary."""
    body["status"] = "hibernating"


def charger_body(
    settings: CleverEVSettings,
    charger: Charger,
    now: datetime,
    *,
    legacy: bool = False,
    with_connectors: bool = True,
) -> Json:
    """Print a charger with all that the namespace knows of it, secrets included."""
    since = charger.memory.since if charger.memory else None
    heard = since or now
    outages = {each.outage for each in charger.connectors.values()}
    status = Status.FAULTED if charger.error else Status.AVAILABLE
    if outages == {Status.UNAVAILABLE}:
        status = Status.UNAVAILABLE
    connectors = [
        _connector(settings, charger, each, legacy=legacy) for each in charger.connectors.values()
    ]
    changed = max((each["statusSince"] for each in connectors), default=iso(charger.created))
    body: Json = {
        "id": charger.id,
        "applicationId": APPLICATION,
        "namespaceId": NAMESPACE,
        "locationId": charger.location_id,
        "type": "Public" if charger.is_public else "Private",
        "name": charger.name,
        "createdAt": iso(charger.created),
        "updatedAt": changed,
        "tier": "enterprise",
        "initialized": charger.is_initialized,
        "lastHeartbeat": iso(_EPOCH + (heard - _EPOCH) // _HEARTBEAT * _HEARTBEAT),
        "vendor": charger.vendor,
        "model": charger.model,
        "firmwareVersion": charger.firmware,
        "plugncharge": False,
        "provisioned": True,
        "expectIdTag": False,
        "status": status,
        "statusSince": changed,
        "error": charger.error,
        "ocppVersion": "1.6",
        "userAgent": f"{charger.vendor}/{charger.firmware}",
        "connectedSince": iso(charger.online_since) if charger.online_since and not since else None,
        "disconnectedSince": iso(since) if since else None,
        "firmwareUpdateStatus": "Idle",
        "ipAddress": charger.ip_address,
        "connectionUrl": charger.connection_url,
        "basicAuthPassword": charger.password,
    }
    if with_connectors:
        body["connectors"] = connectors
    return {key: value for key, value in body.items() if value is not None}


def iso(when: datetime) -> str:
    """Print a time with milliseconds and a Z, as JavaScript does."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _connector(
    settings: CleverEVSettings, charger: Charger, connector: NamespaceConnector, *, legacy: bool
) -> Json:
    status, since = connector.status, connector.status_since
    if charger.memory:
        status, since = charger.memory.connectors[connector.id]
    return {
        settings.connector_key: connector.id,
        "type": connector.type if legacy else _CURRENT_TYPES[connector.type],
        "status": status,
        "statusSince": iso(since),
        "maxPower": connector.max_power,
        "maxCurrent": connector.max_current,
    }


def _intent(settings: CleverEVSettings, session: NamespaceSession) -> Json:
    intent, wishes = session.intent, session.intent.notify_after
    if wishes:
        wishes = wishes | {"afterPrice": _money(settings, wishes["afterPrice"])}
    body: Json = {
        "id": intent.id,
        "idTag": intent.id_tag,
        "chargerId": session.charger_id,
        "connectorId": session.connector_id,
        "chargingSessionId": session.id,
        "userId": intent.user_id,
        "type": intent.type,
        "startType": intent.start_type,
        "details": intent.details,
        "pushNotificationPreferences": wishes,
        "createdAt": iso(intent.created),
        "updatedAt": iso(session.started),
    }
    left_out = _OPTIONAL_OF_INTENT if settings.omit_optional else set()
    return {key: value for key, value in body.items() if value is not None and key not in left_out}


def _tariff(settings: CleverEVSettings, tariff: Tariff, time_zone: str) -> Json:
    body = deepcopy(tariff)
    for element in body["elements"]:
        prices = element["priceComponents"]
        element["priceComponents"] = {
            name: _money(settings, price) for name, price in prices.items()
        }
    for name in ("minPrice", "maxPrice"):
        if name in body:
            body[name] = _money(settings, body[name])
    if settings.time_zone_in != "session":
        body["timeZone"] = time_zone
    return body


def _time(settings: CleverEVSettings, when: datetime) -> str:
    if settings.timestamps == "iso":
        return iso(when)
    milliseconds = (when - _EPOCH) // timedelta(milliseconds=1)
    return str(milliseconds if settings.timestamps == "epoch_ms" else milliseconds // 1000)


def _energy(watt_hours: int, unit: str) -> float:
    return watt_hours if unit == "Wh" else watt_hours / 1000


def _duration(settings: CleverEVSettings, time: timedelta) -> float:
    milliseconds = time // timedelta(milliseconds=1)
    match settings.duration_unit:
        case "ms":
            return milliseconds
        case "s":
            return milliseconds // 1000
        case _:
            return round(milliseconds / 60_000, 3)


def _money(settings: CleverEVSettings, text: str) -> str:
    return text.replace(".", ",") if settings.decimal_comma else text
