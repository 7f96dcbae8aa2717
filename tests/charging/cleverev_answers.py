"""Answers of CleverEV as the seed describes them, and a server that gives them."""

from collections.abc import Callable
from dataclasses import dataclass, field
import json
from typing import Any
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web

from custom_components.ev_charging_sessions.charging.backends.cleverev import CleverEV
from custom_components.ev_charging_sessions.charging.backends.cleverev_wire import SessionReader
from custom_components.ev_charging_sessions.charging.model import Account, EnergyUnit, Session

from .scripted_server import Request

ACCOUNT = Account(backend="cleverev", account_id="a1")
TOKEN = "api-token-of-the-namespace"
ORGANIZATION = "organization-7"
LIST = "/api/charging-sessions/list/for/namespace"

TARIFF = {
    "elements": [
        {
            "id": "abcdefghijklmnopqrstu",
            "name": "Day",
            "backgroundColor": "#00aa00",
            "priceComponents": {"PerKilowattHour": "0.30"},
        }
    ]
}

INTENT = {
    "id": "3f8f2a52-0000-4000-8000-000000000001",
    "idTag": "04523022AA4881",
    "chargerId": "chg_1",
    "connectorId": 1,
    "chargingSessionId": "sess_1",
    "userId": "usr_anna",
    "type": "PlugNCharge",
    "startType": "Local",
    "details": {"room": "214"},
    "pushNotificationPreferences": {
        "afterEnergy": 20000,
        "afterDuration": 3600,
        "afterPrice": "5,50",
    },
    "createdAt": "2026-11-21T07:59:50.000Z",
    "updatedAt": "2026-11-21T08:00:00.000Z",
}

RUNNING: dict[str, Any] = {
    "id": "sess_1",
    "transactionId": 1001,
    "idTag": "04523022AA4881",
    "chargerId": "chg_1",
    "connectorId": 1,
    "chargingIntentId": "3f8f2a52-0000-4000-8000-000000000001",
    "userId": "usr_anna",
    "status": "Started",
    "startedAtTimestamp": "2026-11-21T08:00:00.000Z",
    "startedAtEnergy": 1000000,
    "lastMeteredAtTimestamp": "2026-11-21T08:30:00.000Z",
    "lastMeteredAtEnergy": 1003500,
    "tariff": TARIFF,
    "timeZone": "Europe/Bratislava",
    "energy": 3500,
    "duration": 1800,
    "price": "1.05",
    "note": "Room 214, Mrs Dvorakova",
    "applicationId": "app_1",
    "namespaceId": "ns_1",
    "locationId": "loc_1",
    "createdAt": "2026-11-21T08:00:00.000Z",
    "updatedAt": "2026-11-21T08:30:00.000Z",
    "chargingIntent": INTENT,
}

ENDED: dict[str, Any] = RUNNING | {
    "id": "sess_0",
    "transactionId": 1000,
    "connectorId": 2,
    "status": "Stopped",
    "startedAtTimestamp": "2026-11-20T18:00:00.000Z",
    "startedAtEnergy": 990000,
    "lastMeteredAtTimestamp": "2026-11-20T19:59:00.000Z",
    "lastMeteredAtEnergy": 999900,
    "stoppedAtTimestamp": "2026-11-20T20:00:00.000Z",
    "stoppedAtEnergy": 1000000,
    "stoppedReason": "EVDisconnected",
    "energy": 10000,
    "duration": 7200,
    "price": "3.00",
    "createdAt": "2026-11-20T18:00:00.000Z",
    "updatedAt": "2026-11-20T20:00:00.000Z",
}

CONNECTOR: dict[str, Any] = {
    "connectorId": 1,
    "type": "type2",
    "status": "Charging",
    "statusSince": "2026-11-21T08:00:05.000Z",
    "maxPower": 22000,
    "maxCurrent": 32,
}

CHARGER: dict[str, Any] = {
    "id": "chg_1",
    "name": "Garage",
    "vendor": "ACME",
    "model": "Duo",
    "firmwareVersion": "1.2",
    "status": "Charging",
    "connectedSince": "2026-11-01T00:00:00.000Z",
    "ipAddress": "10.1.2.3",
    "connectionUrl": "wss://ocpp.invalid/secret",
    "basicAuthPassword": "basic-password",
    "connectors": [CONNECTOR],
}


def without(body: dict[str, Any], *keys: str) -> dict[str, Any]:
    """Return an object without some of its keys."""
    return {key: value for key, value in body.items() if key not in keys}


def session_of(body: dict[str, Any], unit: EnergyUnit = EnergyUnit.WH) -> Session:
    """Decode one session."""
    return SessionReader(ACCOUNT, "EUR", unit).decode(json.dumps(body).encode())


def cleverev_at(url: str, http: aiohttp.ClientSession, **options: Any) -> CleverEV:
    """Return a backend that has sent nothing yet."""
    settings: dict[str, Any] = {
        "base_url": url,
        "api_token": TOKEN,
        "organization_id": ORGANIZATION,
        "currency": "EUR",
        "energy_unit": EnergyUnit.WH,
        "api_generation": "current",
        "cards": (),
    } | options
    return CleverEV(http, ACCOUNT, **settings)


@dataclass(kw_only=True)
class ScriptedNamespace:
    """A namespace that a ScriptedServer speaks for.

    ``sessions`` come newest first. ``count`` says what the list counts: the ``total``, the
    ``page`` or nothing. ``cap`` is the most that a page ever holds. ``between`` is called
    before every page but the first of a list. ``answers`` holds other bodies, or statuses,
    by the last part of a path.
    """

    sessions: list[dict[str, Any]] = field(default_factory=list)
    chargers: list[dict[str, Any]] = field(default_factory=list)
    count: str | None = "total"
    cap: int | None = None
    is_oldest_first: bool = False
    between: Callable[[], None] | None = None
    answers: dict[str, Any] = field(default_factory=dict)

    def __call__(self, request: Request) -> web.Response:
        """Answer a request."""
        query = {key: values[0] for key, values in parse_qs(request.query).items()}
        name = request.path.rpartition("/")[2]
        body = self.answers.get(name)
        if body is None:
            match request.path.strip("/").split("/"):
                case ["chargers"]:
                    body = self._chargers(query)
                case ["sessions", session_id] if request.method == "GET":
                    body = self._session(session_id)
                case ["api", *_]:
                    body = self._list(query)
                case _:
                    body = 404
        if isinstance(body, int):
            return web.json_response({"success": False, "message": "No."}, status=body)
        return web.Response(text=body if isinstance(body, str) else json.dumps(body))

    def _list(self, query: dict[str, str]) -> dict[str, Any]:
        skip, take = int(query["skip"]), int(query["take"])
        if skip and self.between:
            self.between()
        rows = [
            row
            for row in self.sessions
            if all(row.get(key) == query[key] for key in ("status", "chargerId") if key in query)
        ]
        if self.is_oldest_first:
            rows.reverse()
        page = rows[skip : skip + min(take, self.cap or take)]
        body = {"success": True, "chargingSessions": page}
        if self.count:
            body["count"] = len(rows if self.count == "total" else page)
        return body

    def _session(self, session_id: str) -> Any:
        found = [row for row in self.sessions if row.get("id") == session_id]
        return {"success": True, "chargingSession": found[0]} if found else 404

    def _chargers(self, query: dict[str, str]) -> dict[str, Any]:
        size = int(query["per_page"])
        begin = (int(query["page"]) - 1) * size
        page = self.chargers[begin : begin + size]
        return {"success": True, "chargers": page, "total": len(self.chargers)}


def past(number: int) -> dict[str, Any]:
    """Return an ended session; the larger its number, the later it was."""
    day, minute = divmod(number, 1440)
    times = f"{1 + day // 28:02}-{1 + day % 28:02}T{minute // 60:02}:{minute % 60:02}"
    return ENDED | {
        "id": f"past_{number}",
        "startedAtTimestamp": f"2026-{times}:00.000Z",
        "stoppedAtTimestamp": f"2026-{times}:59.000Z",
        "updatedAt": f"2026-{times}:59.000Z",
    }
