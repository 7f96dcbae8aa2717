"""Waiting in frozen time: until a program has nothing left to do but to wait itself."""

import asyncio
from collections.abc import Callable
import time
from typing import Any

from tests.simulator import Simulator

# More than it takes from any sign of life to the next: a new connection, a request, an answer.
_STEPS = 20
_ROUNDS = 3


class Stillness:
    """Knows what is under way: requests in the network, and work that waits for a thread."""

    def __init__(self, simulator: Simulator) -> None:
        """Watch the running loop from now on, which lives no longer than one test."""
        self._simulator = simulator
        self._jobs = 0
        loop = asyncio.get_running_loop()
        self._run_in_executor: Callable[..., asyncio.Future[Any]] = loop.run_in_executor
        loop.run_in_executor = self._counted  # type: ignore[assignment, method-assign] # only counts

    async def reached(self, signs: Callable[[], object] = lambda: None) -> None:
        """Return after some time without any work, request or change of the ``signs``."""
        quiet = 0
        while quiet < _ROUNDS:
            before = self._requests(), signs()
            # The loop's own sleep would wait for frozen time.
            await self._run_in_executor(None, time.sleep, 0.001)
            # On a busy machine the pause alone would tell nothing about the loop.
            for _ in range(_STEPS):
                await asyncio.sleep(0)
            is_still = before == (self._requests(), signs()) and not self._is_busy()
            quiet = quiet + 1 if is_still else 0

    def _requests(self) -> int:
        return len(self._simulator.log.entries)

    def _is_busy(self) -> bool:
        entries = self._simulator.log.entries
        return self._jobs > 0 or any(each.status is None and not each.fault for each in entries)

    def _counted(self, *args: Any) -> asyncio.Future[Any]:
        self._jobs += 1
        future = self._run_in_executor(*args)
        future.add_done_callback(self._note_end)
        return future

    def _note_end(self, _: asyncio.Future[Any]) -> None:
        self._jobs -= 1
