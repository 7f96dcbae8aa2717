"""A Chromium without a window, and the connection over which it is told what to do.

It speaks the DevTools protocol, JSON over one WebSocket, which needs no more than aiohttp.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
import os
from pathlib import Path
import shutil
from signal import SIGKILL
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

type Json = dict[str, Any]

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
_FLAGS = (
    "--headless",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    # A page that asks the internet for anything does not get it, with or without a network.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--lang=en-US",
    "--no-default-browser-check",
    "--no-first-run",
    "--remote-debugging-port=0",
)
# Waits are for machines that are busy with everything else at the same time.
_SECONDS_TO_START = 60
_SECONDS_TO_ANSWER = 60


class BrowserError(Exception):
    """The browser did not do what it was told; the message says what it did instead."""


def find_chromium() -> str | None:
    """Return the program, or ``None`` where none is installed."""
    for name in (*_NAMES, _MAC):
        if program := shutil.which(name):
            return program
    return None


class Connection:
    """The one WebSocket to a running browser; every page has a session of its own on it."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        """Remember the socket; ``listen`` has to run meanwhile."""
        self.events: dict[str, list[Json]] = {}
        self._socket = socket
        self._last_id = 0
        self._waiting: dict[int, asyncio.Future[Json]] = {}

    async def command(self, method: str, session: str | None = None, **parameters: Any) -> Json:
        """Send a command and return its result; raises ``BrowserError``."""
        self._last_id += 1
        number = self._last_id
        message = {"id": number, "method": method, "params": parameters}
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json(message | ({"sessionId": session} if session else {}))
        try:
            async with asyncio.timeout(_SECONDS_TO_ANSWER):
                answer = await self._waiting[number]
        except TimeoutError:
            raise BrowserError(f"The browser has not answered to {method}.") from None
        finally:
            del self._waiting[number]
        if error := answer.get("error"):
            raise BrowserError(f"{method}: {error['message']}")
        result: Json = answer["result"]
        return result

    async def listen(self) -> None:
        """Hand answers to those who wait for them, and keep the events of every session."""
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                continue
            content: Json = message.json()
            if waiting := self._waiting.get(content.get("id", 0)):
                waiting.set_result(content)
            elif session := content.get("sessionId"):
                self.events.setdefault(session, []).append(content)
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(BrowserError("The browser has hung up."))


@asynccontextmanager
async def open_chromium(program: str) -> AsyncIterator[Connection]:
    """Run a browser that knows nothing from before, and forget all it learns."""
    with TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as folder:
        profile = Path(folder)
        # Its sandbox does not work for root, as who a test often runs in a container.
        sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
        with (profile / "output.log").open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(program, *_FLAGS, *sandbox, f"--user-data-dir={profile}", "about:blank"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            address = await _address(process, profile)
            async with (
                ClientSession() as client,
                client.ws_connect(address, max_msg_size=0) as socket,
            ):
                connection = Connection(socket)
                listener = asyncio.create_task(connection.listen())
                try:
                    yield connection
                finally:
                    listener.cancel()
                    with suppress(asyncio.CancelledError):
                        await listener
        finally:
            # It has children, which would outlive it.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, SIGKILL)
            await process.wait()


async def _address(process: asyncio.subprocess.Process, profile: Path) -> str:
    """Return where a browser listens, which it writes into its profile."""
    written = profile / "DevToolsActivePort"
    with suppress(TimeoutError):
        async with asyncio.timeout(_SECONDS_TO_START):
            while process.returncode is None:
                if written.exists() and len(lines := written.read_text().split()) == 2:
                    port, path = lines
                    return f"ws://127.0.0.1:{port}{path}"
                await asyncio.sleep(0.1)
    output = (profile / "output.log").read_text(errors="replace")
    raise BrowserError(f"The browser does not start:\n{output[-3000:]}")
