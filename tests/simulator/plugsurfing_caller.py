"""PlugSurfing as the one who calls: it lets operators start and stop sessions of its drivers."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
import json
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from .backend import Json
from .clock import Clock, real_now

# So long the network waits for an operator, says the contract.
_PATIENCE = ClientTimeout(total=45)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An operator's answer; ``status`` is ``None`` when there was none, ``body`` when no JSON."""

    status: int | None
    body: Any = None
    text: str = field(default="", repr=False)
    seconds: float = 0.0

    @property
    def code(self) -> int | None:
        """The result code, if the answer is an envelope."""
        match self.body:
            case {"result": {"code": int(code)}}:
                return code
            case _:
                return None

    @property
    def is_success(self) -> bool:
        """Tell whether the operator has done it."""
        return self.code is not None and 0 <= self.code < 100


@dataclass(frozen=True, kw_only=True, slots=True)
class CallOut:
    """A call that the network made, with what came of it."""

    time: datetime
    name: str
    fields: Json
    replies: tuple[Reply, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Driver:
    """Somebody with the network's app or card."""

    identifier: str
    identifier_type: str = "evco-id"

    @property
    def user(self) -> Json:
        """The driver as calls have it."""
        return {"identifier-type": self.identifier_type, "identifier": self.identifier}


class Caller:
    """Calls the webhook of one operator, and knows which sessions it may stop."""

    def __init__(self, clock: Clock, *, key: str, partner: str, driver: Driver) -> None:
        """Know the operator's key, but not yet where its webhook is."""
        self.url = ""
        self.key = key
        self.partner = partner
        self.driver = driver
        self.calls: list[CallOut] = []
        self.session_ids: dict[str, str] = {}
        self._clock = clock

    async def call(
        self,
        name: str,
        fields: Json,
        *,
        url: str | None = None,
        key: str | None = None,
        times: int = 1,
    ) -> tuple[Reply, ...]:
        """Make a call, or the same one several times at once, and return every answer."""
        content = json.dumps({name: fields}, ensure_ascii=False).encode()
        headers = {
            "Authorization": f"key={self.key if key is None else key}",
            "Content-Type": "application/json",
        }
        async with ClientSession(timeout=_PATIENCE) as session:
            sent = (_send(session, url or self.url, headers, content) for _ in range(times))
            replies = tuple(await asyncio.gather(*sent))
        self.calls.append(
            CallOut(time=self._clock.now(), name=name, fields=fields, replies=replies)
        )
        return replies

    async def start(
        self,
        connector_id: str,
        driver: Driver | None = None,
        *,
        payment_reference: str | None = None,
        times: int = 1,
    ) -> tuple[Reply, ...]:
        """Let a driver's session begin; its id is kept for ``stop``, if the operator tells it."""
        fields: Json = {"user": (driver or self.driver).user, "connector-id": connector_id}
        if payment_reference is not None:
            fields["payment-reference"] = payment_reference
        replies = await self.call("session-start", fields, times=times)
        for reply in replies:
            match reply.body:
                case {"session-start": {"session-id": str(session_id)}} if reply.is_success:
                    self.session_ids[connector_id] = session_id
        return replies

    async def stop(
        self, connector_id: str, driver: Driver | None = None, *, times: int = 1
    ) -> tuple[Reply, ...]:
        """Let a driver's session end, by its id if that is known."""
        fields: Json = {"user": (driver or self.driver).user, "connector-id": connector_id}
        if session_id := self.session_ids.get(connector_id):
            fields["session-id"] = session_id
        replies = await self.call("session-stop", fields, times=times)
        if any(each.is_success for each in replies):
            self.session_ids.pop(connector_id, None)
        return replies

    async def send_cards(self, *rfids: str) -> tuple[Reply, ...]:
        """Send the whole list of cards that may charge, which replaces the one before."""
        fields = {"rfids": list(rfids), "partner-identifier": self.partner}
        return await self.call("rfid-post", fields)

    async def reserve(self, connector_id: str, *evco_ids: str) -> tuple[Reply, ...]:
        """Ask to keep a connector free for a driver."""
        identifiers = [{"evco-id": each} for each in evco_ids or (self.driver.identifier,)]
        fields = {"connector-id": connector_id, "identifier": identifiers}
        return await self.call("reservation-start", fields)

    async def cancel_reservation(self, evco_id: str | None = None) -> tuple[Reply, ...]:
        """Let a connector be free for all again."""
        fields = {"identifier-type": "evco-id", "identifier": evco_id or self.driver.identifier}
        return await self.call("reservation-stop", fields)


async def _send(session: ClientSession, url: str, headers: dict[str, str], content: bytes) -> Reply:
    began = real_now()
    try:
        async with session.post(url, data=content, headers=headers) as response:
            text = await response.text(errors="replace")
            status = response.status
    except ClientError, TimeoutError:
        return Reply(status=None, seconds=real_now() - began)
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    return Reply(status=status, body=body, text=text, seconds=real_now() - began)
