"""The door for calls of the network: who may enter, how much, and how fast."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
import hmac
from http import HTTPStatus
import time
from typing import override

from aiohttp.hdrs import (
    ALLOW,
    AUTHORIZATION,
    CONTENT_ENCODING,
    METH_GET,
    METH_POST,
    METH_PUT,
    RETRY_AFTER,
)
from aiohttp.web import Request, Response

from homeassistant.components import webhook
from homeassistant.const import CONF_API_KEY, CONF_WEBHOOK_ID, CONTENT_TYPE_JSON
from homeassistant.core import HomeAssistant, callback

from .charging.backends.plugsurfing_calls import Reply, reply
from .charging.backends.plugsurfing_codes import ResultCode
from .charging.operator import Operator
from .const import DOMAIN
from .coordinator import ChargingConfigEntry

# A list of 50,000 cards is the largest call that makes sense.
LARGEST_BODY = 1_048_576
READ_WITHIN = 10.0
# A network calls a few times an hour. What goes beyond this is no traffic of drivers.
CALLS_PER_SECOND = 20
CALLS_AT_ONCE = 40

# Somebody who still speaks while he is answered would not hear it if we hung up at once.
_LINGER = 1.0
_LINGER_BYTES = 65_536
REFUSAL = reply(None, ResultCode.INVALID_API_KEY, status=HTTPStatus.UNAUTHORIZED)
_LATER = reply(None, ResultCode.OPERATOR_ERROR, status=HTTPStatus.SERVICE_UNAVAILABLE)


class _TooLargeError(Exception):
    """A body has more bytes than any call needs."""


class _Rate:
    """A bucket that fills by so many calls a second, and holds as many at most."""

    def __init__(self) -> None:
        """Start full."""
        self._left = float(CALLS_AT_ONCE)
        self._counted = time.monotonic()

    def take(self) -> bool:
        """Take one call out; tell whether there was one."""
        now = time.monotonic()
        filled = self._left + (now - self._counted) * CALLS_PER_SECOND
        self._left, self._counted = min(filled, CALLS_AT_ONCE), now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class _Door:
    """Lets the calls of one account in: those with its key, as many and as large as sensible.

    A call without the key costs nothing but the comparison: its body is not waited for, and
    it takes nothing from the rate of those who have it.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ChargingConfigEntry,
        operator: Operator,
        on_call: Callable[[], None],
    ) -> None:
        """Remember the key, and whom to tell that a call has come in."""
        self._hass = hass
        self._entry = entry
        self._wanted = f"key={entry.data[CONF_API_KEY]}".encode()
        self._operator = operator
        self._on_call = on_call
        self._rate = _Rate()
        self._inside = 0
        self._is_shut = False

    async def handle(self, _hass: HomeAssistant, _webhook_id: str, request: Request) -> Response:
        """Answer a call, whatever it is."""
        # Bytes that are no text stay what they are, and equal nothing else.
        given = request.headers.get(AUTHORIZATION, "").encode(errors="surrogateescape")
        if not hmac.compare_digest(given, self._wanted):
            return _closed(request, REFUSAL)
        if request.method != METH_POST:
            response = _refused(request, HTTPStatus.METHOD_NOT_ALLOWED, "Calls are posted.")
            response.headers[ALLOW] = METH_POST
            return response
        self._on_call()
        if self._inside >= CALLS_AT_ONCE or not self._rate.take():
            answer = reply(None, ResultCode.NETWORK_ERROR, "Too many calls.", status=429)
            response = _closed(request, answer)
            response.headers[RETRY_AFTER] = "1"
            return response
        self._inside += 1
        try:
            async with asyncio.timeout(READ_WITHIN):
                body = await _read(request)
        except _TooLargeError:
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            return _refused(request, status, "The call is too large.")
        except TimeoutError:
            return _refused(request, HTTPStatus.REQUEST_TIMEOUT, "The call is too slow.")
        finally:
            self._inside -= 1
        if self._is_shut:
            # It was on its way while the account was unloaded: nobody here knows the poles now.
            return _response(_LATER)
        return _response(await self._answered(body))

    async def _answered(self, body: bytes) -> Reply:
        """Have a call done whole: who hangs up meanwhile leaves nothing half done."""
        self._inside += 1
        answering = self._entry.async_create_background_task(
            self._hass, self._operator.answer(body), f"{DOMAIN} call"
        )
        answering.add_done_callback(self._leave)
        # Unlike awaiting it, this tells its being cancelled from our own.
        await asyncio.wait({answering})
        return _LATER if answering.cancelled() else answering.result()

    @callback
    def async_shut(self) -> None:
        """Let nothing in any more that is still on its way."""
        self._is_shut = True

    def _leave(self, _: object) -> None:
        self._inside -= 1


async def _read(request: Request) -> bytes:
    """Return the body, up to a limit; raises _TooLargeError beyond it.

    A compressed body can be a thousand times larger than it looks, and nobody needs one.
    """
    length = getattr(request, "content_length", None)
    if (length or 0) > LARGEST_BODY or CONTENT_ENCODING in request.headers:
        raise _TooLargeError
    # What a cloud passes on makes a new reader of the whole body at every look.
    content = request.content
    body = bytearray()
    while part := await content.read(LARGEST_BODY + 1 - len(body)):
        body += part
        if len(body) > LARGEST_BODY:
            raise _TooLargeError
    return bytes(body)


class _LastWord(Response):
    """An answer after which the line is cut, whatever is still on its way to us.

    Home Assistant's server would take in the rest for ten seconds, and unpack it too.
    """

    def __init__(self, request: Request, answer: Reply) -> None:
        """Answer a request."""
        super().__init__(status=answer.status, body=answer.body, content_type=CONTENT_TYPE_JSON)
        self._request = request
        self.force_close()

    @override
    async def write_eof(self, data: bytes = b"") -> None:
        await super().write_eof(data)
        content = self._request.content
        if content.is_eof():
            return
        if CONTENT_ENCODING not in self._request.headers:
            left = _LINGER_BYTES
            with suppress(TimeoutError):
                async with asyncio.timeout(_LINGER):
                    while left > 0 and (part := await content.read(left)):
                        left -= len(part)
        if not content.is_eof():
            self._request.protocol.force_close()


def _response(answer: Reply) -> Response:
    return Response(status=answer.status, body=answer.body, content_type=CONTENT_TYPE_JSON)


def _closed(request: Request, answer: Reply) -> Response:
    """Answer and hang up, so that nothing of an unread body is waited for."""
    return _LastWord(request, answer)


def _refused(request: Request, status: HTTPStatus, message: str) -> Response:
    """Refuse what HTTP itself has words for, and hang up."""
    return _closed(request, reply(None, ResultCode.CLIENT_ERROR, message, status=status))


@callback
def async_register_webhook(
    hass: HomeAssistant,
    entry: ChargingConfigEntry,
    operator: Operator,
    on_call: Callable[[], None],
) -> None:
    """Open the door for as long as the account is loaded."""
    webhook_id = entry.data[CONF_WEBHOOK_ID]
    door = _Door(hass, entry, operator, on_call)
    # What is not allowed here Home Assistant refuses with a warning that tells the address.
    methods = (METH_GET, METH_POST, METH_PUT)
    webhook.async_register(
        hass, DOMAIN, entry.title, webhook_id, door.handle, allowed_methods=methods
    )
    entry.async_on_unload(lambda: webhook.async_unregister(hass, webhook_id))
    entry.async_on_unload(door.async_shut)
