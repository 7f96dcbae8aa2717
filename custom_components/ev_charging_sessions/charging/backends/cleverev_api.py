"""The calls of CleverEV's two generations, and what each of them sends along."""

from collections.abc import Mapping

import aiohttp

from ..errors import AuthenticationError, UnexpectedAnswerError
from .cleverev_envelope_wire import (
    ChargerPage,
    decode_chargers,
    decode_done,
    decode_page,
    decode_single,
    error_code,
)
from .cleverev_pages import Page
from .cleverev_values import id_for_path
from .transport import Token, Transport

# The newer API documents no list of sessions, so both generations read this one.
_SESSIONS = "api/charging-sessions/list/for/namespace"

# The newer API wants to know which of its own changes a client has heard of.
_COMPATIBILITY_DATE = "2025-11-02"

CHARGERS_PER_PAGE = 100


class Api:
    """Speaks with one namespace.

    Every method raises what ``Transport`` raises, RequestRejectedError also for a refusal
    inside a good status, and UnexpectedAnswerError for an envelope of another shape.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        api_token: str,
        organization_id: str | None,
    ) -> None:
        """Prepare without sending anything."""
        self._transport = Transport(
            session, base_url, fetch_token=self._fetch_token, error_code=error_code
        )
        self.answers = self._transport.answers
        self._token = Token(value=api_token, lifetime=float("inf"))
        self._is_token_in_use = False
        self._headers = {"Accept": "application/json"}
        if organization_id:
            self._headers["organization-id"] = organization_id

    async def sessions(
        self,
        skip: int,
        take: int,
        filters: Mapping[str, str],
        known: Page | None = None,
        *,
        is_patient: bool = False,
    ) -> Page:
        """Return a page of sessions; the ``known`` one if it comes as it was."""

        def decode(body: bytes) -> Page:
            return known if known is not None and known.body == body else decode_page(body)

        params = {"skip": str(skip), "take": str(take), **filters}
        return await self._transport.get(
            _SESSIONS,
            params,
            lambda: self._headers,
            decode,
            kind="sessions",
            is_patient=is_patient,
        )

    async def session(self, session_id: str) -> bytes:
        """Return one session, undecoded."""
        return await self._transport.get(
            _path(session_id), {}, self._newer_headers, decode_single, kind="session"
        )

    async def chargers(self, page: int, known: ChargerPage | None) -> ChargerPage:
        """Return a page of chargers, counted from one; the ``known`` one if it comes as it was."""

        def decode(body: bytes) -> ChargerPage:
            return known if known is not None and known.body == body else decode_chargers(body)

        params = {"page": str(page), "per_page": str(CHARGERS_PER_PAGE)}
        return await self._transport.get(
            "chargers", params, self._newer_headers, decode, kind="chargers"
        )

    async def start(self, charger_id: str, connector: int) -> None:
        """Ask for a session."""
        body = {"chargerId": charger_id, "connectorId": connector, "source": "console"}
        await self._transport.command(
            "POST", "sessions/start", {}, self._newer_headers, decode_done, body, kind="start"
        )

    async def stop(self, session_id: str) -> None:
        """Ask for the end of a session."""
        await self._transport.command(
            "POST", f"{_path(session_id)}/stop", {}, self._newer_headers, decode_done, kind="stop"
        )

    def _newer_headers(self) -> dict[str, str]:
        return {**self._headers, "compatibility-date": _COMPATIBILITY_DATE}

    async def _fetch_token(self) -> Token:
        """Return the token of the account, once: one that was refused has no successor."""
        if self._is_token_in_use:
            raise AuthenticationError("The API token was refused")
        self._is_token_in_use = True
        return self._token


def _path(session_id: str) -> str:
    """Return where a session is; raises UnexpectedAnswerError for an id that leads elsewhere."""
    try:
        return f"sessions/{id_for_path(session_id, 'chargingSessions[].id')}"
    except UnexpectedAnswerError as err:
        err.was_sent = False
        raise
