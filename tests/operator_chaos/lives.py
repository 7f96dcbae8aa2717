"""The lives of the home's Home Assistant, one after the other, as their master holds them."""

import asyncio
from datetime import UTC, datetime, timedelta
from os import environ, kill
from pathlib import Path
import signal
import sys
from typing import Self

from tests.programs import CACHE, PROJECT

from .home import LOG, SOCKET

# More than the worst that a busy machine needs for the imports, or for all that is due at once.
_PATIENCE = 90.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Lives:
    """Starts Home Assistant, moves its clock, and kills it.

    An async context manager; the process that all lives are forked from is there within it.
    """

    def __init__(self, folder: Path) -> None:
        """Live in this folder; nothing runs yet."""
        self.folder = folder
        self.count = 0
        self._asked = 0
        self._pid: int | None = None
        self._mother: asyncio.subprocess.Process
        self._server: asyncio.Server
        self._born: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def __aenter__(self) -> Self:
        """Do the imports that all lives share."""
        self._server = await asyncio.start_unix_server(self._meet, self.folder / SOCKET)
        self._mother = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", f"{__package__}.home", str(self.folder)),
            cwd=PROJECT,
            env=environ | CACHE,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """End everything."""
        if self.is_alive:
            await self.kill()
        if self._mother.returncode is None:
            self._mother.kill()
        await self._mother.wait()
        self._server.close()

    @property
    def is_alive(self) -> bool:
        """Tell whether there is a life that nobody has ended yet."""
        return self._pid is not None

    @property
    def output(self) -> str:
        """Return what all lives have logged."""
        log = self.folder / LOG
        return log.read_text(errors="replace") if log.exists() else ""

    async def begin(self, now: datetime) -> None:
        """Start another life, which begins to do its work as soon as it is waited for."""
        assert self._pid is None
        assert self._mother.stdin is not None
        self._born = asyncio.get_running_loop().create_future()
        self._mother.stdin.write(b"live\n")
        self._pid = await self._told()
        self.count += 1
        async with asyncio.timeout(_PATIENCE):
            self._reader, self._writer = await self._born
        self._ask(now)

    def strike(self) -> None:
        """Kill the process at this very moment; ``kill`` or ``still`` finds it dead."""
        if self._pid is not None:
            kill(self._pid, signal.SIGKILL)

    async def kill(self) -> None:
        """End this life as a power cut does."""
        self.strike()
        await self._bury()

    async def still(self, now: datetime) -> bool:
        """Tell the time, and wait until all that follows is done; False when it has died."""
        self._ask(now)
        wanted = str(self._asked).encode()
        try:
            async with asyncio.timeout(_PATIENCE):
                while line := await self._reader.readline():
                    if line.strip() == wanted:
                        return True
        except ConnectionError:
            pass
        except TimeoutError:
            raise AssertionError(f"The home does not come to rest:\n{self.output}") from None
        await self._bury()
        return False

    def _ask(self, now: datetime) -> None:
        self._asked += 1
        moment = (now - _EPOCH) // timedelta(microseconds=1)
        self._writer.write(f"{self._asked} {moment}\n".encode())

    async def _bury(self) -> None:
        status = await self._told()
        self._pid = None
        self._writer.close()
        assert status == signal.SIGKILL, f"The home has died by itself:\n{self.output}"

    async def _told(self) -> int:
        assert self._mother.stdout is not None
        async with asyncio.timeout(_PATIENCE):
            return int(await self._mother.stdout.readline())

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._born.set_result((reader, writer))
