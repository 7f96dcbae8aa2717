"""A caller who keeps to no rules: it says to Home Assistant whatever bytes a test wants."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
import json
from typing import Any, Self

from yarl import URL

from tests.simulator.defaults import PLUGSURFING_KEY


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back; ``status`` is ``None`` when the line was cut without a word."""

    status: int | None
    head: str = ""
    body: bytes = b""

    @property
    def code(self) -> int | None:
        """The result code, if the answer is the protocol's envelope and nothing else."""
        if "content-type: application/json" not in self.head.lower():
            return None
        try:
            match json.loads(self.body):
                case {"result": {"code": int(code), "message": str()}}:
                    return code
        except ValueError:
            pass
        return None


CUT_OFF = Answer(status=None)


class RawLine:
    """One connection, to be used as badly as a test likes."""

    def __init__(self, url: str) -> None:
        """Know where to call; nothing is opened yet."""
        self.url = URL(url)
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def __aenter__(self) -> Self:
        """Open the connection."""
        host, port = self.url.host, self.url.port
        self._reader, self._writer = await asyncio.open_connection(host, port)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hang up."""
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    def head(self, *headers: str | bytes, method: str = "POST") -> bytes:
        """Return the head of a request with these headers, and no others but the host's."""
        lines = [f"{method} {self.url.raw_path_qs} HTTP/1.1", f"Host: {self.url.authority}"]
        said = [each if isinstance(each, bytes) else each.encode() for each in (*lines, *headers)]
        return b"\r\n".join([*said, b"", b""])

    async def say(self, *parts: bytes) -> None:
        """Send bytes; that the other side has hung up meanwhile is seen in its answer."""
        await self.say_all(parts)

    async def say_all(self, parts: Iterable[bytes]) -> None:
        """Send one part after the other, as long as there are any and somebody listens."""
        with suppress(ConnectionError):
            for part in parts:
                self._writer.write(part)
                await self._writer.drain()

    async def answer(self) -> Answer:
        """Wait for an answer, or for the line to be cut."""
        try:
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.IncompleteReadError, ConnectionError:
            return CUT_OFF
        status = int(head.split(" ", 2)[1])
        if status == 100:
            return await self.answer()
        length = [
            int(line.partition(":")[2])
            for line in head.splitlines()
            if line.lower().startswith("content-length:")
        ]
        body = await self._reader.readexactly(length[0]) if length else b""
        return Answer(status=status, head=head, body=body)

    async def is_cut(self) -> bool:
        """Wait for the other side to hang up, and tell that it did without another word."""
        try:
            return await self._reader.read() == b""
        except ConnectionError:
            return True


async def call(
    url: str,
    content: bytes | Iterable[bytes] = b"",
    *headers: str | bytes,
    key: str | None = PLUGSURFING_KEY,
    method: str = "POST",
) -> Answer:
    """Call once and return the answer; a body in parts goes out without its length."""
    said = list(headers)
    if key is not None:
        said.insert(0, f"Authorization: key={key}")
    async with RawLine(url) as line:
        if isinstance(content, bytes):
            said.append(f"Content-Length: {len(content)}")
            parts: Iterable[bytes] = (content,)
        else:
            said.append("Transfer-Encoding: chunked")
            parts = chunked(content)
        head = line.head(*said, method=method)
        sending = asyncio.create_task(line.say_all(chain((head,), parts)))
        answer = await line.answer()
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending
        return answer


def chunked(parts: Iterable[bytes]) -> Iterable[bytes]:
    """Frame parts as HTTP sends them when their sum is not known."""
    for part in parts:
        yield b"%x\r\n%b\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


def framed(name: str, fields: Any) -> bytes:
    """Return the body of a call."""
    return json.dumps({name: fields}).encode()
