"""OAuth tokens and their lives."""

from base64 import b64decode
from binascii import Error as Base64Error
from datetime import datetime, timedelta

from aiohttp import web

from .clock import Clock
from .world import World


class Tokens:
    """The tokens a backend has handed out."""

    def __init__(self, clock: Clock, world: World) -> None:
        """Start without any token."""
        self._clock = clock
        self._world = world
        self._expiry: dict[str, datetime] = {}

    def issue(self, lifetime: float) -> str:
        """Hand out a token that lives that many simulated seconds."""
        token = self._world.uuid().replace("-", "")
        self._expiry[token] = self._clock.now() + timedelta(seconds=lifetime)
        return token

    def is_good(self, token: str) -> bool:
        """Tell whether a token is known and still lives."""
        expiry = self._expiry.get(token)
        return expiry is not None and self._clock.now() < expiry

    def expire(self) -> None:
        """Let the life of every token be over now."""
        self._expiry = dict.fromkeys(self._expiry, self._clock.now())

    def revoke(self) -> None:
        """Forget every token that was handed out."""
        self._expiry.clear()


def bearer(request: web.Request) -> str | None:
    """Return the bearer token of a request."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" and token else None


def basic(request: web.Request) -> tuple[str, str] | None:
    """Return the client id and secret of a request with HTTP Basic."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = b64decode(value, validate=True).decode().partition(":")
    except Base64Error, UnicodeDecodeError:
        return None
    return client_id, secret
