"""A client of the simulator's control interface."""

from typing import Any

from aiohttp import ClientError, ClientSession

from .processes import DemoError, until

type Json = dict[str, Any]

_SECONDS_TO_START = 30


class Simulator:
    """The simulated world: cars are plugged in, drivers charge at the pole, faults happen."""

    def __init__(self, session: ClientSession, url: str) -> None:
        """Remember where it is."""
        self.url = url
        self._session = session

    async def wait_until_it_answers(self) -> None:
        """Wait for the first sign of life."""

        async def answers() -> bool:
            try:
                await self.state()
            except ClientError:
                return False
            return True

        await until(answers, _SECONDS_TO_START, "the simulator to answer")

    async def state(self) -> Json:
        """Return the whole world: charge points, sessions, faults, requests."""
        return await self._open("GET", "state")

    async def running_sessions(self, evse_id: str) -> list[str]:
        """Return the ids of the sessions that run at an EVSE."""
        sessions = (await self.state())["sessions"]
        return [
            str(each["session_id"])
            for each in sessions
            if each["evse_id"] == evse_id and each["phase"] == "started"
        ]

    async def connector(self, serial: str, position: int) -> Json:
        """Return what a connector of a park does."""
        for park in (await self.state())["parks"]:
            for station in park["stations"]:
                for connector in station["connectors"]:
                    if (station["serial"], connector["position"]) == (serial, position):
                        found: Json = connector
                        return found
        raise DemoError(f"The simulator has no connector {serial}-{position}.")

    async def connectors(self, charger_id: str) -> list[Json]:
        """Return what the connectors of a charger of the namespace do."""
        for charger in (await self.state())["chargers"]:
            if charger["charger_id"] == charger_id:
                found: list[Json] = charger["connectors"]
                return found
        raise DemoError(f"The simulator has no charger {charger_id}.")

    async def set(self, what: str, **values: Any) -> Json:
        """Set how a network behaves, or how fast."""
        return await self._open("PATCH", f"settings/{what}", values)

    async def get(self, what: str) -> Json:
        """Read a part of the world, such as ``plugsurfing/books``."""
        return await self._open("GET", what)

    async def post(self, what: str, **body: Any) -> Json:
        """Move something in the world, such as ``plug`` with an ``evse_id``."""
        return await self._open("POST", what, body)

    async def _open(self, method: str, path: str, body: Json | None = None) -> Json:
        url = f"{self.url}/_control/{path}"
        async with self._session.request(method, url, json=body) as response:
            if response.status != 200:
                text = await response.text()
                raise DemoError(f"{method} {path} answered {response.status}: {text[:500]}")
            answer: Json = await response.json()
            return answer
