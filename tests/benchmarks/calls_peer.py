"""The other side of a webhook, in a process of its own so its CPU does not count.

As the ``network`` it takes whatever is posted. As a ``flood`` it calls at a fixed rate, come
what may of the calls before, and as ``turns`` one call after the other. What to call comes as
JSON on the standard input, and what came of it goes to the standard output.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
import sys
import time
from typing import Any, override

from aiohttp import web
import msgspec
from msgspec import Struct
from yarl import URL

# More than this under way at once would only measure how many sockets a process may have.
MOST_UNDER_WAY = 1500
# Who is not answered by then is not answered.
PATIENCE = 30.0


class Message(Struct, frozen=True, kw_only=True):
    """A call: where to, with which key, and what is said."""

    url: str
    key: str
    body: str

    def encoded(self) -> bytes:
        """Return it as it is sent; each has a connection of its own."""
        url, body = URL(self.url), self.body.encode()
        return (
            f"POST {url.raw_path} HTTP/1.1\r\nHost: {url.authority}\r\nConnection: close\r\n"
            f"Authorization: key={self.key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body


class Flood(Struct, frozen=True, kw_only=True):
    """So many calls a second for some seconds, in turns one of these."""

    messages: list[Message]
    rate: int
    seconds: float


class Flooded(Struct, frozen=True, kw_only=True):
    """What came of a flood.

    ``answers`` counts HTTP statuses, and how many were cut off (``cut``), could not even
    connect (``refused``) or waited in vain (``silent``). ``seconds`` it took to send them all.
    """

    sent: int
    seconds: float
    answers: dict[str, int]

    @property
    def rate(self) -> float:
        """How many calls a second there were."""
        return self.sent / self.seconds


class Turn(Struct, frozen=True, kw_only=True):
    """One call with its answer; times are those of the clock that all processes share."""

    sent: float
    answered: float
    status: int
    body: str


class _Line(asyncio.Protocol):
    """One call, from the connection to its end."""

    def __init__(self, message: bytes, done: asyncio.Future[bytes]) -> None:
        self._message = message
        self._done = done
        self._read = bytearray()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(self._message)

    @override
    def data_received(self, data: bytes) -> None:
        self._read += data

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(bytes(self._read))


async def _said(message: bytes, url: URL) -> bytes:
    """Return all that is answered to a call."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[bytes] = loop.create_future()
    host, port = url.host or "", url.port or 0
    transport, _ = await loop.create_connection(lambda: _Line(message, done), host, port)
    try:
        return await done
    finally:
        transport.abort()


async def _flood(flood: Flood) -> Flooded:
    url = URL(flood.messages[0].url)
    messages = [each.encoded() for each in flood.messages]
    answers: Counter[str] = Counter()
    under_way: set[asyncio.Task[None]] = set()

    async def call(message: bytes) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await _said(message, url)
        except OSError as err:
            answers["silent" if isinstance(err, TimeoutError) else "refused"] += 1
        else:
            answers[answer[9:12].decode() if answer.startswith(b"HTTP/") else "cut"] += 1

    began, sent = time.monotonic(), 0
    total = int(flood.rate * flood.seconds)
    while sent < total and time.monotonic() - began < flood.seconds:
        due = min(total, int((time.monotonic() - began) * flood.rate) + 1)
        while sent < due and len(under_way) < MOST_UNDER_WAY:
            task = asyncio.create_task(call(messages[sent % len(messages)]))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            sent += 1
        await asyncio.sleep(0.001)
    seconds = time.monotonic() - began
    while under_way:
        await asyncio.wait(under_way)
    return Flooded(sent=sent, seconds=seconds, answers=dict(answers))


async def _turns(messages: list[Message]) -> list[Turn]:
    turns = []
    for each in messages:
        message, url = each.encoded(), URL(each.url)
        sent = time.monotonic()
        answer = await _said(message, url)
        answered = time.monotonic()
        head, _, body = answer.partition(b"\r\n\r\n")
        turns.append(Turn(sent=sent, answered=answered, status=int(head[9:12]), body=body.decode()))
        await asyncio.sleep(0.02)
    return turns


async def _network() -> None:
    async def take(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"result": {"code": 0, "message": "Success."}})

    app = web.Application()
    app.router.add_post("/api/v4/request", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


async def _ask(part: str, what: Any) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.calls_peer", part),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate(msgspec.json.encode(what))
    assert process.returncode == 0
    return output


async def flood(what: Flood) -> Flooded:
    """Let another process flood the webhook."""
    return msgspec.json.decode(await _ask("flood", what), type=Flooded)


async def turns(*messages: Message) -> list[Turn]:
    """Let another process make one call after the other."""
    return msgspec.json.decode(await _ask("turns", messages), type=list[Turn])


@asynccontextmanager
async def network() -> AsyncIterator[str]:
    """Let another process be the network, and return its URL."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.calls_peer", "network"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.wait()


def message(url: str, key: str, name: str, fields: Any) -> Message:
    """Return a call in the protocol's frame."""
    return Message(url=url, key=key, body=json.dumps({name: fields}))


async def main(part: str) -> None:
    """Be one of the parts."""
    match part:
        case "network":
            await _network()
        case "flood":
            asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Flood)
            print(msgspec.json.encode(await _flood(asked)).decode())
        case "turns":
            messages = msgspec.json.decode(sys.stdin.buffer.read(), type=list[Message])
            print(msgspec.json.encode(await _turns(messages)).decode())
        case _:
            raise SystemExit(part)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
