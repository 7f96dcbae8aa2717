"""A bare client of Smappee for the tests of the simulator: it shows answers as they are."""

from dataclasses import dataclass
from typing import Any

from aiohttp import ClientResponse, ClientSession

from .defaults import (
    SMAPPEE_CLIENT_ID,
    SMAPPEE_CLIENT_SECRET,
    SMAPPEE_PASSWORD,
    SMAPPEE_USERNAME,
)

NORTH, SOUTH = 20001, 20002
STATION = "6020000001"
TWIN = "6020000005"
DC = "6020000006"
SOUTHERN = "6020000011"


@dataclass
class ParkClient:
    """Sends requests with the access token of the last login or refresh."""

    session: ClientSession
    access: str = ""
    refresh: str = ""

    async def token(self, form: dict[str, str], version: str = "v3") -> tuple[int, str, Any]:
        """Ask for tokens, use what comes, and return status, text and decoded body."""
        client = {"client_id": SMAPPEE_CLIENT_ID, "client_secret": SMAPPEE_CLIENT_SECRET}
        path = f"/dev/{version}/oauth2/token"
        async with self.session.post(path, data=client | form) as response:
            text = await response.text()
            body: Any = await response.json() if "json" in response.content_type else None
            if response.status == 200:
                self.access = body["access_token"]
                self.refresh = body.get("refresh_token", self.refresh)
            return response.status, text, body

    async def login(self, version: str = "v3", **form: str) -> tuple[int, str, Any]:
        """Ask for tokens with the password."""
        user = {
            "grant_type": "password",
            "username": SMAPPEE_USERNAME,
            "password": SMAPPEE_PASSWORD,
        }
        return await self.token(user | form, version)

    async def renew(self, token: str | None = None, **form: str) -> tuple[int, str, Any]:
        """Ask for tokens with a refresh token, the last one by default."""
        given = {"grant_type": "refresh_token", "refresh_token": token or self.refresh}
        return await self.token(given | form)

    async def send(self, method: str, path: str, **options: Any) -> ClientResponse:
        """Send one request below the base path and read the whole answer."""
        headers = {"Authorization": f"Bearer {self.access}"}
        url = f"/dev/v3/{path}"
        async with self.session.request(method, url, headers=headers, **options) as response:
            await response.read()
            return response

    async def get(self, path: str, **query: str) -> tuple[int, Any]:
        """Read something; without a body it is ``None``."""
        response = await self.send("GET", path, params=query)
        is_json = response.content_type == "application/json" and response.status == 200
        return response.status, await response.json() if is_json else None

    async def sessions(
        self, where: str = f"chargingparks/{NORTH}", *, since: int = 0, **query: str
    ) -> list[Any]:
        """Read the sessions of a park or station; an empty answer is an empty list."""
        status, body = await self.get(f"{where}/sessions", **{"range": str(since)} | query)
        assert status == (204 if body is None else 200)
        return body or []

    async def set_mode(self, body: object, serial: str = STATION, position: int = 1) -> int:
        """Set the mode of a connector and return the status."""
        path = f"chargingstations/{serial}/connectors/{position}/mode"
        return (await self.send("PUT", path, json=body)).status
