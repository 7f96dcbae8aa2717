"""A bare client for the tests of the simulator: it shows answers as they are."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from aiohttp import ClientResponse, ClientSession

from .defaults import CARDS, CLIENT_ID, CLIENT_SECRET

CARD = CARDS[0]
EVSE = "NL*TNM*E02003451*0"


@dataclass
class Client:
    """Sends requests with a token and a fresh RequestId."""

    session: ClientSession
    headers: dict[str, str] = field(default_factory=dict)

    async def authorize(self, version: str = "v2", **form: str) -> tuple[int, Any]:
        """Ask for a token with form fields, and use it from now on."""
        data = {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        } | form
        async with self.session.post(f"/{version}/oauth/token", data=data) as response:
            body = await response.json()
            if response.status == 200:
                self.headers["Authorization"] = f"Bearer {body['access_token']}"
            return response.status, body

    async def send(self, method: str, path: str, **options: Any) -> ClientResponse:
        """Send one request and read the whole answer."""
        headers = {"RequestId": str(uuid4())} | self.headers | options.pop("headers", {})
        async with self.session.request(method, path, headers=headers, **options) as response:
            await response.read()
            return response

    async def json(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Send one request and return the status and the decoded body."""
        response = await self.send(method, path, **options)
        return response.status, await response.json()

    async def start(self, evse_id: str = EVSE, card: str = CARD) -> tuple[int, Any]:
        """Ask for a session."""
        body = {"evChargeNumber": card, "evseId": evse_id}
        return await self.json("POST", "/ev/v2/charge-session/start", json=body)

    async def stop(self, session_id: str) -> tuple[int, Any]:
        """Ask for the end of a session."""
        path = "/ev/v2/charge-session/stop"
        return await self.json("POST", path, params={"sessionId": session_id})

    async def retrieve(self, session_id: str) -> tuple[int, Any]:
        """Ask what became of a session."""
        path = "/ev/v2/charge-session/retrieve"
        return await self.json("GET", path, params={"sessionId": session_id})

    async def active(self, card: str = CARD) -> tuple[int, Any]:
        """Ask for the active sessions of a card."""
        return await self.json("GET", "/ev/v2/charge-session/active", params={"emaId": card})
