"""An account at Smappee whose sign-ins are watched."""

from datetime import UTC, datetime
import json
from typing import Any
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web
from freezegun.api import FrozenDateTimeFactory

from custom_components.ev_charging_sessions.charging.backends.smappee import Smappee, Tokens

from .park_owner import smappee_at
from .scripted_server import Request, ScriptedServer
from .smappee_answers import ScriptedPark

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class TokenAccount:
    """A backend at a scripted server, and every sign-in that it has made.

    ``refusals`` holds the answers to grants that are not to be accepted.
    """

    def __init__(
        self,
        server: ScriptedServer,
        http: aiohttp.ClientSession,
        clock: FrozenDateTimeFactory,
        **options: Any,
    ) -> None:
        """Set up an account; nothing is sent yet."""
        clock.move_to(NOW)
        self.clock = clock
        self.server = server
        self.kept: list[Tokens] = []
        self.refusals: dict[str, web.Response] = {}
        self.pair: dict[str, Any] = {}
        server.answer = ScriptedPark()
        server.token = self._token
        self.backend: Smappee = smappee_at(
            server.url, http, keep_tokens=self.kept.append, **options
        )

    def grants(self) -> list[str]:
        """Return what was offered for tokens, in turn."""
        return [self._form(request)["grant_type"] for request in self.server.asked("/token")]

    def forms(self) -> list[dict[str, str]]:
        """Return all that was sent for tokens."""
        return [self._form(request) for request in self.server.asked("/token")]

    def bearers(self) -> list[str]:
        """Return the tokens that requests were sent with."""
        return [
            request.headers["Authorization"].removeprefix("Bearer ")
            for request in self.server.requests
            if "Authorization" in request.headers
        ]

    def _form(self, request: Request) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(request.body).items()}

    def _token(self, request: Request) -> web.Response:
        grant = self._form(request)["grant_type"]
        if grant in self.refusals:
            refusal = self.refusals[grant]
            return web.Response(status=refusal.status, text=refusal.text, headers=refusal.headers)
        number = len(self.server.asked("/token"))
        pair = {
            "access_token": f"access-{number}",
            "expires_in": 36000,
            "refresh_token": f"refresh-{number}",
        } | self.pair
        return web.Response(text=json.dumps({k: v for k, v in pair.items() if v is not None}))
