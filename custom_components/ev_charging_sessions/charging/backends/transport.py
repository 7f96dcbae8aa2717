"""The one way to the networks: token, budget, time limits, and errors mapped once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
import ipaddress
import logging
import time

import aiohttp
from yarl import URL

from ..errors import (
    AuthenticationError,
    BackendUnavailableError,
    InvalidInputError,
    RateLimitError,
    RequestRejectedError,
)
from .budget import RequestBudget

_LOGGER = logging.getLogger(__name__)

TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=10)
# A token is renewed this long before it runs out, so none expires on its way.
RENEW_BEFORE = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """An access token and its lifetime in seconds."""

    value: str = field(repr=False)
    lifetime: float


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpAnswer:
    """An HTTP answer as it came: the backends know what its body means."""

    status: int
    body: bytes
    retry_after: float | None = None


class Transport:
    """Sends the requests of one account at one backend.

    ``fetch_token`` gets a fresh token through ``send``; ``error_code`` reads the backend's
    own code out of the body of a refusal. The aiohttp session belongs to the caller.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        *,
        fetch_token: Callable[[], Awaitable[Token]],
        error_code: Callable[[bytes], str | None],
    ) -> None:
        """Prepare without sending anything."""
        self._session = session
        self._base_url = URL(base_url)
        self._fetch_token = fetch_token
        self._error_code = error_code
        self._budget = RequestBudget()
        self._token: Token | None = None
        self._token_until = 0.0
        self._token_lock = asyncio.Lock()

    async def get(
        self, path: str, params: Mapping[str, str], headers: Callable[[], Mapping[str, str]]
    ) -> bytes:
        """Read; ``headers`` is called for every attempt, so each can be unique."""
        return await self._authorized("GET", path, params, headers, None)

    async def post(
        self,
        path: str,
        params: Mapping[str, str],
        headers: Callable[[], Mapping[str, str]],
        body: Mapping[str, str] | None = None,
    ) -> bytes:
        """Command; sent again only after a 401, which says that nothing was done."""
        return await self._authorized("POST", path, params, headers, body)

    async def _authorized(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        headers: Callable[[], Mapping[str, str]],
        body: Mapping[str, str] | None,
    ) -> bytes:
        token = await self._valid_token(refused=None)
        for _ in range(2):
            answer = await self.send(
                method,
                path,
                params=params,
                headers={**headers(), "Authorization": f"Bearer {token.value}"},
                json=body,
            )
            if answer.status != HTTPStatus.UNAUTHORIZED:
                return self._checked(answer)
            token = await self._valid_token(refused=token)
        msg = "A fresh token was refused"
        raise AuthenticationError(msg)

    async def _valid_token(self, refused: Token | None) -> Token:
        """Return the token in use; many callers at once lead to one request for it."""
        async with self._token_lock:
            token = self._token
            if token is None or token is refused or time.monotonic() >= self._token_until:
                token = self._token = await self._fetch_token()
                # A lifetime shorter than the margin must not mean a new token per request.
                margin = min(RENEW_BEFORE, token.lifetime / 2)
                self._token_until = time.monotonic() + token.lifetime - margin
            return token

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        auth: aiohttp.BasicAuth | None = None,
    ) -> HttpAnswer:
        """Send one request and return what came back, whatever its status.

        Raises RateLimitError and BackendUnavailableError. Their causes are left out on
        purpose: aiohttp's exceptions carry the URL, and the URL can carry an EMA-ID.
        """
        await self._budget.take(is_command=method != "GET")
        began = time.monotonic()
        try:
            async with self._session.request(
                method,
                self._base_url.joinpath(path, encoded=True),
                params=params,
                headers=headers,
                json=json,
                data=form,
                auth=auth,
                timeout=TIMEOUT,
                # A redirect would take the credentials along to wherever it points.
                allow_redirects=False,
            ) as response:
                answer = HttpAnswer(
                    status=response.status,
                    body=await response.read(),
                    retry_after=_retry_after(response.headers.get("Retry-After")),
                )
        except aiohttp.ClientConnectorError as err:
            raise self._unavailable(type(err).__name__, was_sent=False) from None
        except (aiohttp.ClientError, TimeoutError) as err:
            raise self._unavailable(type(err).__name__) from None
        _LOGGER.debug(
            "%s %s: %s, %d bytes, %.0f ms",
            method,
            path,
            answer.status,
            len(answer.body),
            (time.monotonic() - began) * 1000,
        )
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise RateLimitError(self._budget.failed(answer.retry_after))
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise self._unavailable(f"HTTP {answer.status}", answer.retry_after)
        if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
            raise self._unavailable(f"HTTP {answer.status}")
        return answer

    def _checked(self, answer: HttpAnswer) -> bytes:
        """Return the body of a good answer; raise what any other one means."""
        if answer.status >= HTTPStatus.BAD_REQUEST:
            self._budget.succeeded()
            raise RequestRejectedError(
                self._error_code(answer.body) or f"HTTP {answer.status}",
                status=answer.status,
            )
        if answer.body.lstrip()[:1] not in {b"{", b"["}:
            raise self.unreadable()
        self._budget.succeeded()
        return answer.body

    def unreadable(self) -> BackendUnavailableError:
        """Return the error for a good status with a body that is not the promised JSON."""
        return self._unavailable("no JSON in the answer")

    def _unavailable(
        self, reason: str, retry_after: float | None = None, *, was_sent: bool = True
    ) -> BackendUnavailableError:
        return BackendUnavailableError(
            reason, retry_after=self._budget.failed(retry_after), was_sent=was_sent
        )


def _retry_after(header: str | None) -> float | None:
    """Read Retry-After, which RFC 9110 allows as seconds or as a date."""
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return (until - datetime.now(UTC)).total_seconds()


def checked_base_url(text: str) -> str:
    """Return the base URL of a network without a slash at its end.

    Raises InvalidInputError: credentials travel in clear text over anything but https,
    so plain http is accepted on a loopback address alone.
    """
    try:
        url = URL(text.strip())
        host = url.host
    except ValueError:
        host = None
    if not host:
        raise InvalidInputError("base_url", "invalid_base_url")
    if url.user or url.password or url.query_string or url.fragment:
        raise InvalidInputError("base_url", "invalid_base_url")
    if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(host)):
        raise InvalidInputError("base_url", "base_url_not_https")
    return str(url).rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
