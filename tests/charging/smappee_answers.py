"""The published answers of Smappee about sessions, and how tests read them."""

import json
from typing import Any

from aiohttp import web

from custom_components.ev_charging_sessions.charging.backends.smappee_wire import (
    ParkSession,
    decode_session,
)
from custom_components.ev_charging_sessions.charging.model import Session

from .park_owner import ACCOUNT, NORTH
from .scripted_server import Request

# The sample of the documentation, with its placeholders.
DOCUMENTED = {
    "id": 123,
    "serialNumber": 5820999999,
    "authenticationType": "RFID",
    "rfid": "The rfid that started the session",
    "csmsTransactionId": "",
    "from": 1635721200000,
    "to": 1637190000000,
    "status": "INITIAL || STARTED || CHARGING || SUSPENDED || STOPPING || STOPPED",
    "range": 100,
    "duration": 2,
    "priority": 100,
    "startReading": 100.96,
    "stopReading": 115.21,
}

# What clients see.
RUNNING = {
    "id": 987654,
    "serialNumber": "6020999999",
    "connector": 1,
    "authenticationType": "RFID",
    "rfid": "04523022AA4881",
    "userId": 42,
    "from": 1710000000000,
    "status": "CHARGING",
    "suspendedByUser": False,
    "externalControl": False,
    "smartMode": "NORMAL",
    "priority": 100,
    "minimumExcessPercentage": 100,
    "maxAmperes": [16, 16, 16],
    "startReading": 100.96,
    "energy": 3.4,
}
ENDED = RUNNING | {
    "id": 987653,
    "from": 1709900000000,
    "to": 1709910800000,
    "status": "STOPPED",
    "smartMode": "SMART",
    "energy": 14.3,
    "stopReading": 115.21,
}

STATION = {
    "id": 5,
    "name": "Front door",
    "serialNumber": "6020999999",
    "connectSerialNumber": "5020999999",
    "chargers": [{"id": 7, "uuid": "uuid-7", "position": 1, "serialNumber": "58"}],
}


def without(body: dict[str, Any], *keys: str) -> dict[str, Any]:
    """Return an object without some of its keys."""
    return {key: value for key, value in body.items() if key not in keys}


def locate(serial: str, position: int | None, _names: object) -> str:
    """Return where a session is, as far as it says so itself."""
    return serial if position is None else f"{serial}-{position}"


def decoded(body: dict[str, Any]) -> ParkSession:
    """Decode one session and what it tells of its connector."""
    return decode_session(json.dumps(body).encode(), ACCOUNT, locate)


def session_of(body: dict[str, Any]) -> Session:
    """Decode one session."""
    return decoded(body).session


class ScriptedPark:
    """One park of one station, to be served by a ScriptedServer.

    ``answers`` holds what is answered to the last part of a path, ``active`` and ``past``
    to the two lists; a status stands for an answer without a body.
    """

    def __init__(self, **answers: Any) -> None:
        """Start with a park that is fine, and what is to be different."""
        self.answers: dict[str, Any] = {
            "servicelocation": {"serviceLocations": [{"serviceLocationId": int(NORTH)}]},
            "meteringconfiguration": {"chargingStations": [STATION]},
            "smartdevices": [],
            "past": [],
            "active": [],
            "station": [],
            "mode": 204,
        } | answers

    def __call__(self, request: Request) -> web.Response:
        """Answer a request."""
        name = request.path.rpartition("/")[2]
        if name == "sessions":
            name = "active" if "active=true" in request.query else "past"
            if "chargingstations" in request.path:
                name = "station"
        answer = self.answers[name]
        if isinstance(answer, int):
            return web.Response(status=answer)
        return web.Response(text=answer if isinstance(answer, str) else json.dumps(answer))
