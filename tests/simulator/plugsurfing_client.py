"""A bare operator for the tests of the simulator: it shows the network's answers as they are."""

from dataclasses import dataclass, field
import json
from typing import Any

from aiohttp import ClientSession

from .defaults import PLUGSURFING_EVSE, PLUGSURFING_KEY, PLUGSURFING_PARTNER, PLUGSURFING_RFIDS

type Json = dict[str, Any]

PATH = "/api/v4/request"
RFID = PLUGSURFING_RFIDS[0]


def session(session_id: str = "session-1", **changes: Any) -> Json:
    """Write a session that is over, with fields changed (``_`` for ``-``) or left out (None)."""
    body = {
        "user": {"identifier": RFID, "identifier-type": "rfid"},
        "session-id": session_id,
        "connector-id": PLUGSURFING_EVSE,
        "session-interval": {
            "start": "2026-11-21T11:00:00+00:00",
            "stop": "2026-11-21T17:00:00+00:00",
        },
        "charging-interval": {
            "start": "2026-11-21T12:00:00+00:00",
            "stop": "2026-11-21T16:00:00+00:00",
        },
        "energy-consumed": 16.5,
        "calculated-cost": {"amount": 14.32, "currency": "EUR"},
        "partner-identifier": PLUGSURFING_PARTNER,
    }
    body |= {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in body.items() if value is not None}


def running_session(session_id: str = "session-1", **changes: Any) -> Json:
    """Write a session that goes on."""
    open_ended: Json = {
        "session_interval": {"start": "2026-11-21T11:00:00+00:00"},
        "charging_interval": None,
        "energy_consumed": None,
        "calculated_cost": None,
    }
    return session(session_id, **open_ended | changes)


def station(**changes: Any) -> Json:
    """Write a station with one connector, with fields changed (``_`` for ``-``)."""
    body: Json = {
        "id": "guest-house",
        "name": "Guest house",
        "latitude": 52.1,
        "longitude": 5.1,
        "address": {
            "street": "Dorpsstraat",
            "street-number": "1a",
            "city": "Bunnik",
            "zip": "3981 EA",
            "country": "NL",
        },
        "contact": {"phone": "+31 30 1234567"},
        "cpo-id": "DE*8PS",
        "is-open-24": True,
        "connectors": [{"id": "DE*8PS*ENEW*1", "name": "Type2", "speed": 11.0}],
    }
    body |= {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in body.items() if value is not None}


@dataclass
class OperatorClient:
    """Posts with exact headers; ``None`` leaves one out."""

    session: ClientSession
    headers: dict[str, str | None] = field(
        default_factory=lambda: {
            "Authorization": f"key={PLUGSURFING_KEY}",
            "Content-Type": "application/json",
        }
    )

    async def raw(self, content: bytes) -> tuple[int, Any]:
        """Post a body as it is and return the status and the decoded answer."""
        headers = {name: value for name, value in self.headers.items() if value is not None}
        skipped = ("Content-Type",)
        async with self.session.post(
            PATH, data=content, headers=headers, skip_auto_headers=skipped
        ) as response:
            return response.status, await response.json()

    async def send(self, name: str, fields: object) -> tuple[int, Any]:
        """Make a call."""
        return await self.raw(json.dumps({name: fields}).encode())

    async def code(self, name: str, fields: object) -> int:
        """Make a call and return the result code."""
        _, body = await self.send(name, fields)
        code: int = body["result"]["code"]
        return code

    async def post(self, fields: Json) -> int:
        """Post a session and return the result code."""
        return await self.code("session-post", fields)

    async def tell_status(
        self, status: str, connector_id: str = PLUGSURFING_EVSE, partner: str = PLUGSURFING_PARTNER
    ) -> int:
        """Tell the status of a connector and return the result code."""
        body = {"connector-id": connector_id, "status": status, "partner-identifier": partner}
        return await self.code("connector-post-status", body)

    async def verify(self, rfid: str) -> tuple[int, Any]:
        """Ask for a card."""
        return await self.send("rfid-verify", {"rfid": rfid})

    async def post_station(self, body: Json, partner: str = PLUGSURFING_PARTNER) -> int:
        """Tell of a station and return the result code."""
        return await self.code("station-post", {"station": body, "partner-identifier": partner})
