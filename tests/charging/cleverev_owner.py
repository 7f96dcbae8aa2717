"""The owner of a namespace on the ground floor: a backend and what it has told."""

from typing import Any

import aiohttp
from freezegun.api import FrozenDateTimeFactory

from custom_components.ev_charging_sessions.charging.backends.backend import Answer
from custom_components.ev_charging_sessions.charging.model import (
    ChargePoint,
    Session,
    SessionStatus,
)
from tests.simulator import Simulator
from tests.simulator.defaults import (
    CLEVEREV_CHARGERS,
    CLEVEREV_GUEST,
    CLEVEREV_ID_TAGS,
    CLEVEREV_IP_ADDRESS,
    CLEVEREV_NOTE,
    CLEVEREV_ORGANIZATION,
    CLEVEREV_OWNER,
    CLEVEREV_PASSWORD,
    CLEVEREV_TOKEN,
    CLEVEREV_USERS,
)

from .cleverev_answers import cleverev_at

HOTEL, SECOND, GARAGE, DEPOT = CLEVEREV_CHARGERS
POINT = f"{HOTEL}-1"
TAG = CLEVEREV_ID_TAGS[0]

SECRETS = {
    *CLEVEREV_ID_TAGS,
    *CLEVEREV_USERS,
    CLEVEREV_GUEST["guestName"],
    CLEVEREV_IP_ADDRESS,
    CLEVEREV_NOTE,
    CLEVEREV_OWNER,
    CLEVEREV_PASSWORD,
    CLEVEREV_TOKEN,
}


class NamespaceOwner:
    """Does what a home does with the answers of a backend, and lets time pass for it.

    ``sessions`` and ``points`` hold what was last told of each.
    """

    def __init__(
        self, simulator: Simulator, http: aiohttp.ClientSession, clock: FrozenDateTimeFactory
    ) -> None:
        """Set up one account; nothing is sent yet."""
        self.simulator = simulator
        self.namespace = simulator.namespace
        self.settings = simulator.cleverev.settings
        self.sessions: dict[str, Session] = {}
        self.points: dict[str, ChargePoint] = {}
        self._http = http
        self._clock = clock
        self.restart()

    def restart(self, **options: Any) -> None:
        """Begin anew with a backend that knows nothing; open sessions stay known."""
        settings = {"api_token": CLEVEREV_TOKEN, "organization_id": CLEVEREV_ORGANIZATION} | options
        self.backend = cleverev_at(self.simulator.url, self._http, **settings)

    @property
    def open(self) -> dict[str, Session]:
        """Return the sessions that still have to be watched."""
        return {key: session for key, session in self.sessions.items() if session.is_open}

    async def poll(self, *watched: str) -> Answer:
        """Read what may have changed, and follow it."""
        answer = await self.backend.poll(self.open, watched=watched)
        self.sessions |= {session.session_id: session for session in answer.sessions}
        self.points |= {point.charge_point_id: point for point in answer.charge_points}
        return answer

    async def states(self, *watched: str) -> list[tuple[str, SessionStatus | None]]:
        """Poll, and return what matters of the sessions that are told."""
        answer = await self.poll(*watched)
        return [(session.session_id, session.status) for session in answer.sessions]

    def tick(self, seconds: float) -> None:
        """Move the time everywhere."""
        self._clock.tick(seconds)
        self.simulator.clock.advance(seconds)

    def asked(self) -> list[tuple[str, str]]:
        """Return the calls since the last time, with their queries."""
        entries = [(entry.call.name, entry.query) for entry in self.simulator.log.entries]
        self.simulator.log.clear()
        return entries
