"""Signing in at Smappee: with what was stored, a refresh, or else the password."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from math import isfinite
import re

from msgspec import Struct

from ..discreet import Discreet
from ..errors import AuthenticationError, RequestRejectedError, UnexpectedAnswerError
from .smappee_wire import error_code, number
from .transport import RENEW_BEFORE, HttpAnswer, Token, Transport
from .wire import reader

# The documents' text and older clients use the address of v1; v3 answers as well.
_PATHS = ("oauth2/token", "../v1/oauth2/token")

_REFUSALS = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}

# What can stand in a header (RFC 6750, b64token, and what else prints).
_PRINTABLE = r"[!-~]+"

# In seconds. Ten hours are documented; where an answer says nothing, less is safer.
_DEFAULT_LIFETIME = 3600.0
_LONGEST_LIFETIME = 315_360_000.0


class _WireTokens(Struct):
    """What a sign-in brings; a refresh may leave the refresh token as it is."""

    access_token: str
    expires_in: float | str | None = None
    refresh_token: str | None = None


_read_tokens = reader(_WireTokens)


class Tokens(Discreet, frozen=True, kw_only=True):
    """A pair of tokens, worth keeping over a restart; ``expires`` is that of the first."""

    hidden = frozenset({"access_token", "refresh_token"})

    access_token: str
    refresh_token: str
    expires: datetime


class SignIn:
    """The credentials of an account, and the pair of tokens that they last led to.

    ``keep`` gets every new pair before it is used: a refresh token is good only once, so a
    pair that is lost would cost a sign-in with the password.
    """

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        username: str,
        password: str,
        tokens: Tokens | None,
        keep: Callable[[Tokens], None],
    ) -> None:
        """Prepare without sending anything."""
        self._client = {"client_id": client_id, "client_secret": client_secret}
        self._user = {"grant_type": "password", "username": username, "password": password}
        self._tokens = tokens
        self._keep = keep
        self._is_first = True

    async def token(self, transport: Transport) -> Token:
        """Return an access token: the stored one at first, and a new one from then on.

        Only a refusal of the refresh token leads to the password, a failure never does.
        Raises AuthenticationError when the credentials are refused, RequestRejectedError
        when something else is, UnexpectedAnswerError for tokens that cannot be used, and
        what ``Transport.send`` raises.
        """
        is_first, self._is_first = self._is_first, False
        tokens = self._tokens
        if tokens is not None:
            left = (tokens.expires - datetime.now(UTC)).total_seconds()
            if is_first and left > RENEW_BEFORE:
                return Token(value=tokens.access_token, lifetime=left)
        if tokens is not None and tokens.refresh_token:
            refresh = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
            answer = await self._send(transport, refresh)
            if answer.status not in _REFUSALS:
                return self._accepted(transport, answer, tokens.refresh_token)
            self._tokens = None
        answer = await self._send(transport, self._user)
        if answer.status in _REFUSALS:
            raise AuthenticationError("The client or the user was refused")
        return self._accepted(transport, answer, "")

    async def _send(self, transport: Transport, form: dict[str, str]) -> HttpAnswer:
        for path in _PATHS:
            answer = await transport.send("POST", path, form=form | self._client, kind="sign-in")
            if answer.status != HTTPStatus.NOT_FOUND:
                return answer
        # Not a rejection, or it would be taken for that of what it was needed for.
        raise transport.unavailable("no sign-in at this address")

    def _accepted(self, transport: Transport, answer: HttpAnswer, refresh: str) -> Token:
        if answer.status >= HTTPStatus.BAD_REQUEST:
            code = error_code(answer.body) or f"HTTP {answer.status}"
            raise RequestRejectedError(code, status=answer.status)
        wire = transport.decoded(answer.body, _read_tokens)
        if not re.fullmatch(_PRINTABLE, wire.access_token):
            raise UnexpectedAnswerError("access_token")
        lifetime = number(wire.expires_in, "expires_in")
        if lifetime is None:
            lifetime = _DEFAULT_LIFETIME
        if not isfinite(lifetime):
            raise UnexpectedAnswerError("expires_in")
        lifetime = min(max(lifetime, 0.0), _LONGEST_LIFETIME)
        self._tokens = Tokens(
            access_token=wire.access_token,
            refresh_token=wire.refresh_token or refresh,
            expires=datetime.now(UTC) + timedelta(seconds=lifetime),
        )
        self._keep(self._tokens)
        return Token(value=wire.access_token, lifetime=lifetime)
