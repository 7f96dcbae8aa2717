"""The owner of charging parks on the ground floor: a backend and what it has told."""

from typing import Any

import aiohttp
from freezegun.api import FrozenDateTimeFactory

from custom_components.ev_charging_sessions.charging.backends.backend import Answer
from custom_components.ev_charging_sessions.charging.backends.smappee import Smappee, Tokens
from custom_components.ev_charging_sessions.charging.model import (
    Account,
    ChargePoint,
    Session,
    SessionStatus,
)
from tests.simulator import Simulator
from tests.simulator.defaults import (
    SMAPPEE_CLIENT_ID,
    SMAPPEE_CLIENT_SECRET,
    SMAPPEE_PASSWORD,
    SMAPPEE_USERNAME,
)

ACCOUNT = Account(backend="smappee", account_id="a1")
NORTH, SOUTH = "20001", "20002"
SERIAL, POINT = "6020000001", "6020000001-1"
DOUBLE_SERIAL = "6020000005"
DC_POINT = "6020000006-1"
SOUTH_SERIAL, SOUTH_POINT = "6020000011", "6020000011-1"


def smappee_at(url: str, http: aiohttp.ClientSession, **options: Any) -> Smappee:
    """Return a backend that has sent nothing yet."""
    settings: dict[str, Any] = {
        "client_id": "id",
        "client_secret": "client-secret",
        "username": "owner",
        "password": "pass-word",
        "service_location_ids": (NORTH,),
        "cards": (),
        "base_url": url,
        "keep_tokens": lambda _tokens: None,
    } | options
    return Smappee(http, ACCOUNT, **settings)


def states(answer: Answer) -> list[tuple[str, SessionStatus | None]]:
    """Return what matters of the sessions that an answer brings."""
    return [(session.session_id, session.status) for session in answer.sessions]


class ParkOwner:
    """Does what a home does with the answers of a backend, and lets time pass for it.

    ``points`` holds what was last told of each connector.
    """

    def __init__(
        self, simulator: Simulator, http: aiohttp.ClientSession, clock: FrozenDateTimeFactory
    ) -> None:
        """Set up one account with both parks; nothing is sent yet."""
        self.simulator = simulator
        self.parks = simulator.parks
        self.open: dict[str, Session] = {}
        self.points: dict[str, ChargePoint] = {}
        self.tokens: list[Tokens] = []
        self._http = http
        self._clock = clock
        self.restart()

    def restart(self, **options: Any) -> None:
        """Begin anew with a backend that knows nothing; open sessions stay known."""
        settings = {
            "client_id": SMAPPEE_CLIENT_ID,
            "client_secret": SMAPPEE_CLIENT_SECRET,
            "username": SMAPPEE_USERNAME,
            "password": SMAPPEE_PASSWORD,
            "service_location_ids": (NORTH, SOUTH),
            "keep_tokens": self.tokens.append,
        } | options
        self.backend = smappee_at(f"{self.simulator.url}/dev/v3", self._http, **settings)
        self.points = {}

    async def poll(self) -> Answer:
        """Read what may have changed, and follow it."""
        answer = await self.backend.poll(self.open)
        sessions = {session.session_id: session for session in answer.sessions}
        self.open = {
            key: session for key, session in (self.open | sessions).items() if session.is_open
        }
        self.points |= {point.charge_point_id: point for point in answer.charge_points}
        return answer

    @property
    def ids(self) -> set[str]:
        """Return the ids of the connectors that were told."""
        return {*self.points}

    async def poll_for(self, seconds: float) -> list[Session]:
        """Poll every quarter of an hour, the last time at the end; return what was told."""
        told: list[Session] = []
        while seconds > 0:
            self.tick(min(seconds, 900))
            seconds -= 900
            told += (await self.poll()).sessions
        return told

    def tick(self, seconds: float) -> None:
        """Move the time everywhere."""
        self._clock.tick(seconds)
        self.simulator.clock.advance(seconds)

    def sent(self, name: str) -> int:
        """Return how many requests of a call the network has seen."""
        return self.simulator.log.count(name)
