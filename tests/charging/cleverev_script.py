"""A backend at a namespace whose answers a test writes."""

from typing import Any

import aiohttp

from custom_components.ev_charging_sessions.charging.backends.backend import Answer
from custom_components.ev_charging_sessions.charging.model import (
    Session,
    SessionStatus,
)
from tests.conftest import START

from .cleverev_answers import (
    ACCOUNT,
    ScriptedNamespace,
    cleverev_at,
)
from .scripted_server import ScriptedServer

Told = list[tuple[str, SessionStatus | None]]


class Script:
    """A backend, and the namespace that it reads."""

    def __init__(self, server: ScriptedServer, http: aiohttp.ClientSession) -> None:
        """Start with a namespace without sessions."""
        self.server = server
        self.namespace = ScriptedNamespace()
        server.answer = self.namespace
        self._http = http
        self.backend = cleverev_at(server.url, http)
        self.answer = Answer()

    def restart(self, **options: Any) -> None:
        """Begin anew with a backend that knows nothing."""
        self.backend = cleverev_at(self.server.url, self._http, **options)

    async def poll(self, *open_sessions: Session, watched: tuple[str, ...] = ()) -> Told:
        """Poll, and return what matters of the sessions that are told."""
        self.server.requests.clear()
        known = {session.session_id: session for session in open_sessions}
        self.answer = await self.backend.poll(known, watched=watched)
        return [(session.session_id, session.status) for session in self.answer.sessions]

    async def registers(self) -> list[tuple[float, ...]]:
        """Poll, and return the registers of the sessions that are told."""
        await self.poll()
        return [
            tuple(value.energy for value in session.meter_values)
            for session in self.answer.sessions
        ]

    @property
    def asked(self) -> list[str]:
        """Return where the last poll has sent its requests, without the hosts."""
        return [request.path.rpartition("/")[2] for request in self.server.requests]


def opened(session_id: str = "sess_1", place: str | None = "chg_1-1") -> Session:
    """Return a session that the ledger takes for open."""
    return Session(
        account=ACCOUNT,
        session_id=session_id,
        charge_point_id=place,
        status=SessionStatus.CHARGING,
        started=START,
    )
