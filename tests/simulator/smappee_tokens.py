"""Pairs of tokens: one for the calls, and one that is good for the next pair, once."""

from datetime import datetime, timedelta

from .clock import Clock
from .parks import Parks


class TokenPairs:
    """The tokens Smappee has handed out; ``handed_out`` holds all that ever were."""

    def __init__(self, clock: Clock, parks: Parks) -> None:
        """Start without any token."""
        self._clock = clock
        self._parks = parks
        self._expiry: dict[str, datetime] = {}
        self._refresh: set[str] = set()
        self.handed_out: set[str] = set()

    def issue(self, lifetime: float) -> str:
        """Hand out an access token that lives that many simulated seconds."""
        token = self._new()
        self._expiry[token] = self._clock.now() + timedelta(seconds=lifetime)
        return token

    def issue_refresh(self) -> str:
        """Hand out a refresh token."""
        token = self._new()
        self._refresh.add(token)
        return token

    def can_refresh(self, token: str) -> bool:
        """Tell whether a refresh token is good."""
        return token in self._refresh

    def spend(self, token: str) -> None:
        """Let a refresh token be worth nothing any more."""
        self._refresh.discard(token)

    def is_good(self, token: str) -> bool:
        """Tell whether an access token is known and still lives."""
        expiry = self._expiry.get(token)
        return expiry is not None and self._clock.now() < expiry

    def expire(self) -> None:
        """Let the life of every access token be over now."""
        self._expiry = dict.fromkeys(self._expiry, self._clock.now())

    def kill_refresh_tokens(self) -> None:
        """Forget every refresh token; access tokens live on."""
        self._refresh.clear()

    def revoke(self) -> None:
        """Forget every token of both kinds."""
        self._expiry.clear()
        self._refresh.clear()

    def _new(self) -> str:
        token = self._parks.uuid()
        self.handed_out.add(token)
        return token
