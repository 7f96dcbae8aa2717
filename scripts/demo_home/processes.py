"""The two programs of the demo, as child processes that are always stopped again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from signal import SIGKILL, SIGTERM
import socket
import sys

PROJECT = Path(__file__).parents[2]

# Home Assistant writes its database when it is told to stop.
_SECONDS_TO_STOP = 30


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


async def until(is_true: Callable[[], Awaitable[bool]], seconds: float, what: str) -> None:
    """Wait for another program to do something; raises ``DemoError`` when it does not."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                if await is_true():
                    return
                await asyncio.sleep(0.3)
    except TimeoutError:
        raise DemoError(f"After {seconds:.0f} s still waiting: {what}.") from None


def is_free(port: int) -> bool:
    """Tell whether a server could listen on a loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def last_lines(path: Path, count: int = 15) -> str:
    """Return the end of a log."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-count:])


@asynccontextmanager
async def running(
    name: str, arguments: list[str], output: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a Python program of .venv, with its output in a file, and stop it on the way out.

    It gets a session of its own: Ctrl+C reaches only the demo, which then stops the programs in
    the right order.
    """
    with output.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=PROJECT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    watcher = asyncio.create_task(process.wait())
    owner = asyncio.current_task()
    ended_early = False

    def on_end(_: asyncio.Task[int]) -> None:
        nonlocal ended_early
        ended_early = True
        if owner:
            owner.cancel()

    watcher.add_done_callback(on_end)
    try:
        yield process
    except asyncio.CancelledError:
        if not ended_early:
            raise
        if owner:
            owner.uncancel()
        message = f"{name} ended by itself, with code {process.returncode}:\n{last_lines(output)}"
        raise DemoError(message) from None
    finally:
        watcher.remove_done_callback(on_end)
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.send_signal(SIGTERM)
    try:
        async with asyncio.timeout(_SECONDS_TO_STOP):
            await process.wait()
    except TimeoutError:
        process.send_signal(SIGKILL)
        await process.wait()
