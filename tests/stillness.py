"""Waiting in frozen time: until a program has nothing left to do but to wait itself."""

import asyncio
from collections.abc import Callable
from selectors import BaseSelector
from typing import Any, cast

# What one end of a connection sends is at the other at once, but for a moment on a busy machine.
_ROUNDS = 2
_MOMENT = 0.001
# Far more turns than the longest work of a test takes.
_MOST_TURNS = 200_000


class Stillness:
    """Knows what is under way in the running loop, and in the threads that work for it.

    The network is served by the same loop, so there is nobody else to wait for.
    """

    def __init__(self) -> None:
        """Watch the running loop from now on, which lives no longer than one test."""
        self._jobs = 0
        # Of these three a loop says nothing by itself.
        loop = cast("Any", asyncio.get_running_loop())
        self._ready: Callable[[], int] = loop._ready.__len__
        self._selector: BaseSelector = loop._selector
        self._run_in_executor: Callable[..., asyncio.Future[Any]] = loop.run_in_executor
        loop.run_in_executor = self._counted

    async def reached(self) -> None:
        """Return after some time without any work, here, in a thread or on its way.

        What goes round and round while time stands still never rests, and is an error.
        """
        quiet = 0
        for _ in range(_MOST_TURNS):
            # The loop's own sleep would wait for frozen time, apart from letting others go first.
            await asyncio.sleep(0)
            is_still = not self._ready() and not self._selector.select(_MOMENT) and not self._jobs
            quiet = quiet + 1 if is_still else 0
            if quiet == _ROUNDS:
                return
        raise AssertionError("There is no end of the work")

    def _counted(self, *args: Any) -> asyncio.Future[Any]:
        self._jobs += 1
        future = self._run_in_executor(*args)
        future.add_done_callback(self._note_end)
        return future

    def _note_end(self, _: asyncio.Future[Any]) -> None:
        self._jobs -= 1
