"""The one way to the networks: token, budget, time limits, and errors mapped once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
import ipaddress
import logging
import re
import time

import aiohttp
import msgspec
from yarl import URL

from ..discreet import Discreet
from ..errors import (
    AuthenticationError,
    BackendUnavailableError,
    InvalidInputError,
    RateLimitError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from ..shapes import LastAnswers
from .budget import RequestBudget

_LOGGER = logging.getLogger(__name__)

TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=10)
# A token is renewed this long before it runs out, so none expires on its way.
RENEW_BEFORE = 60.0

# A name or an IP address; yarl also lets through what no resolver could mean.
_HOST = r"[\w.:%-]+"

type Headers = Callable[[], Mapping[str, str]]
"""Makes the headers of one attempt, so that each attempt can have its own."""


class Token(Discreet, frozen=True, kw_only=True):
    """An access token and its lifetime in seconds."""

    hidden = frozenset({"value"})

    value: str
    lifetime: float


class HttpAnswer(Discreet, frozen=True, kw_only=True):
    """An HTTP answer as it came: the backends know what its body means.

    ``retry_after`` is in seconds.
    """

    hidden = frozenset({"body"})

    status: int
    body: bytes
    retry_after: float | None = None


class Transport:
    """Sends the requests of one account at one backend.

    ``fetch_token`` gets a fresh token through ``send``; ``error_code`` reads the backend's
    own code out of the body of a refusal. The aiohttp session belongs to the caller.
    ``answers`` holds the last answers, each under the ``kind`` that its request was given.

    No error of this class has a cause or a context: aiohttp's exceptions carry the URL, and
    the URL can carry the identifier of a person. Hence none is raised while one is handled.
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
        self.answers = LastAnswers()
        self._base_url = URL(base_url)
        self._fetch_token = fetch_token
        self._error_code = error_code
        self._budget = RequestBudget()
        self._token: Token | None = None
        self._token_until = 0.0
        self._token_lock = asyncio.Lock()

    async def get[T](
        self,
        path: str,
        params: Mapping[str, str],
        headers: Headers,
        decode: Callable[[bytes], T],
        *,
        kind: str | None = None,
        is_patient: bool = False,
    ) -> T:
        """Read, and decode the answer; what ``is_patient`` lets polls go first.

        ``kind`` is that of ``send``.

        Raises AuthenticationError, RateLimitError, BackendUnavailableError,
        RequestRejectedError and what ``decode`` raises.
        """
        answer = await self._authorized(
            "GET", path, params, headers, None, kind=kind, is_patient=is_patient
        )
        return self._checked(answer, decode)

    async def command[T](
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        headers: Headers,
        decode: Callable[[bytes], T],
        body: Mapping[str, object] | None = None,
        *,
        kind: str | None = None,
    ) -> T:
        """Command with POST or PUT; ``body`` is sent as JSON, ``kind`` is that of ``send``.

        A POST is sent again only after a 401, which says that nothing was done. A PUT, which
        may be sent twice, is repeated by aiohttp when a kept connection turns out closed.

        Raises the same as ``get``. A BackendUnavailableError or UnexpectedAnswerError whose
        ``was_sent`` is true leaves open whether the command took effect.
        """
        answer = await self._authorized(method, path, params, headers, body, kind=kind)
        return self._checked(answer, decode)

    async def _authorized(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        headers: Headers,
        body: Mapping[str, object] | None,
        *,
        kind: str | None,
        is_patient: bool = False,
    ) -> HttpAnswer:
        refused: Token | None = None
        for _ in range(2):
            token = await self._valid_token(refused)
            answer = await self.send(
                method,
                path,
                params=params,
                headers=partial(_with_token, headers, token),
                json=body,
                kind=kind,
                is_patient=is_patient,
            )
            if answer.status != HTTPStatus.UNAUTHORIZED:
                return answer
            refused = token
        if self._token is refused:
            self._token = None
        raise AuthenticationError("A fresh token was refused")

    async def _valid_token(self, refused: Token | None) -> Token:
        """Return the token in use; many callers at once lead to one request for it."""
        async with self._token_lock:
            token = self._token
            if token is None or token is refused or time.monotonic() >= self._token_until:
                try:
                    token = self._token = await self._fetch_token()
                except (BackendUnavailableError, UnexpectedAnswerError) as err:
                    # Whatever became of the sign-in, what it was for has not been sent.
                    err.was_sent = False
                    raise
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
        headers: Headers = dict,
        json: Mapping[str, object] | None = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        kind: str | None = None,
        is_command: bool | None = None,
        is_patient: bool = False,
    ) -> HttpAnswer:
        """Send one request and return what came back, unless it is a 3xx, 429 or 5xx.

        ``body`` is sent as it is, and its headers have to say what it is. ``is_command`` tells
        whether somebody waits for it; if it does not, everything but a GET is a command. What
        ``is_patient`` lets polls go first.

        ``kind`` is a word of the backend's own, with no id in it as a path may have: under it
        the answer is kept. Without one it is not.

        Raises RateLimitError and BackendUnavailableError.
        """
        if is_command is None:
            is_command = method != "GET"
        await self._budget.take(is_command=is_command, is_patient=is_patient)

        async def with_headers(
            request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            # aiohttp repeats a GET by itself when a kept connection turns out to be closed.
            request.headers.update(headers())
            return await send(request)

        began = time.monotonic()
        try:
            async with self._session.request(
                method,
                self._base_url.joinpath(path, encoded=True),
                params=params,
                json=json,
                data=form if body is None else body,
                timeout=TIMEOUT,
                # A redirect would take the credentials along to wherever it points.
                allow_redirects=False,
                middlewares=(with_headers,),
            ) as response:
                answer = HttpAnswer(
                    status=response.status,
                    body=await response.read(),
                    retry_after=_retry_after(response.headers.get("Retry-After")),
                )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as err:
            failure = self.unavailable(type(err).__name__, was_sent=False)
        except (aiohttp.ClientError, TimeoutError) as err:
            failure = self.unavailable(type(err).__name__)
        else:
            _LOGGER.debug(
                "%s %s: %s, %d bytes, %.0f ms",
                method,
                path,
                answer.status,
                len(answer.body),
                (time.monotonic() - began) * 1000,
            )
            if kind:
                self.answers.keep(f"{kind}: {answer.status}", answer.body)
            return self._not_exhausted(answer)
        raise failure

    def _not_exhausted(self, answer: HttpAnswer) -> HttpAnswer:
        """Raise when a status says that the backend cannot answer now, or not here."""
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise RateLimitError(self._budget.failed(answer.retry_after, is_limit=True))
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise self.unavailable(f"HTTP {answer.status}", answer.retry_after)
        if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
            raise self.unavailable(f"HTTP {answer.status}")
        return answer

    def _checked[T](self, answer: HttpAnswer, decode: Callable[[bytes], T]) -> T:
        """Return what a good answer means; raise what any other one means."""
        if answer.status >= HTTPStatus.BAD_REQUEST:
            self._budget.succeeded()
            raise RequestRejectedError(
                self._error_code(answer.body) or f"HTTP {answer.status}",
                status=answer.status,
            )
        # The one good status without a body; for any other, an empty body is no answer.
        is_empty = answer.status == HTTPStatus.NO_CONTENT
        decoded = self.decoded(b"null" if is_empty else answer.body, decode)
        self._budget.succeeded()
        return decoded

    def decoded[T](self, body: bytes, decode: Callable[[bytes], T]) -> T:
        """Decode the body of a good status; what is not JSON is no answer at all.

        Raises BackendUnavailableError, and what ``decode`` raises of our own errors.
        """
        try:
            return decode(body)
        except msgspec.DecodeError, UnicodeDecodeError, RecursionError:
            failure = self.unavailable("no JSON in the answer")
        raise failure

    def succeeded(self) -> None:
        """Note an answer that made sense, which ends a back-off."""
        self._budget.succeeded()

    def unavailable(
        self, reason: str, retry_after: float | None = None, *, was_sent: bool = True
    ) -> BackendUnavailableError:
        """Note a failure and return its error; ``retry_after`` is what the backend asked."""
        return BackendUnavailableError(
            reason, retry_after=self._budget.failed(retry_after), was_sent=was_sent
        )


def _with_token(headers: Headers, token: Token) -> Mapping[str, str]:
    return {**headers(), "Authorization": f"Bearer {token.value}"}


def _retry_after(header: str | None) -> float | None:
    """Read Retry-After, which RFC 9110 allows as seconds or as a date."""
    if header is None:
        return None
    if header.strip().isdecimal():
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
        url, host = URL(), None
    if not host or not re.fullmatch(_HOST, host):
        raise InvalidInputError("base_url", "invalid_base_url")
    if url.user is not None or url.password is not None or url.query_string or url.fragment:
        raise InvalidInputError("base_url", "invalid_base_url")
    if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(host)):
        raise InvalidInputError("base_url", "base_url_not_https")
    return str(url).rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
