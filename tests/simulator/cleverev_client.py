"""A bare client of CleverEV for the tests of the simulator: it shows answers as they are."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientResponse, ClientSession

from .defaults import CLEVEREV_CHARGERS, CLEVEREV_ORGANIZATION, CLEVEREV_TOKEN

ENERGY, DAY, IDLE, FAST = CLEVEREV_CHARGERS
# Noon of a Saturday, an hour later in Bratislava.
START = datetime(2026, 11, 21, 12, tzinfo=UTC)
LIST = "/api/charging-sessions/list/for/namespace"


@dataclass
class NamespaceClient:
    """Sends requests with the headers that both generations want; ``None`` leaves one out."""

    session: ClientSession
    headers: dict[str, str | None] = field(
        default_factory=lambda: {
            "Authorization": f"Bearer {CLEVEREV_TOKEN}",
            "organization-id": CLEVEREV_ORGANIZATION,
            "compatibility-date": "2025-11-01",
        }
    )

    async def send(self, method: str, path: str, **options: Any) -> ClientResponse:
        """Send one request and read the whole answer."""
        headers = {name: value for name, value in self.headers.items() if value is not None}
        async with self.session.request(method, path, headers=headers, **options) as response:
            await response.read()
            return response

    async def json(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Send one request and return the status and the decoded body."""
        response = await self.send(method, path, **options)
        return response.status, await response.json()

    async def page(self, **query: str | int) -> dict[str, Any]:
        """Read a page of sessions."""
        status, body = await self.json("GET", LIST, params=query)
        assert (status, body["success"]) == (200, True), body
        answer: dict[str, Any] = body
        return answer

    async def sessions(self, **query: str | int) -> list[Any]:
        """Read the sessions of a page."""
        found: list[Any] = (await self.page(**query))["chargingSessions"]
        return found

    async def get(self, session_id: str) -> tuple[int, Any]:
        """Read one session, as it is in its envelope."""
        return await self.json("GET", f"/sessions/{session_id}")

    async def start(
        self, charger_id: str = ENERGY, connector_id: int = 1, **body: object
    ) -> tuple[int, Any]:
        """Ask for a session."""
        given = {"chargerId": charger_id, "connectorId": connector_id, "source": "app"} | body
        return await self.json("POST", "/sessions/start", json=given)

    async def stop(self, session_id: str) -> tuple[int, Any]:
        """Ask for the end of a session."""
        return await self.json("POST", f"/sessions/{session_id}/stop")

    async def status_of(self, charger_id: str = ENERGY, connector_id: int = 1) -> str:
        """Read what a connector says of itself."""
        _, body = await self.json("GET", "/chargers", params={"per_page": 100})
        (charger,) = (each for each in body["chargers"] if each["id"] == charger_id)
        found: str = charger["connectors"][connector_id - 1]["status"]
        return found
