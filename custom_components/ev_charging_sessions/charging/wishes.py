"""What people want of each charge point: one thing at a time, and the newest counts."""

import asyncio
from collections.abc import Callable, Coroutine
import logging
from typing import Any, Protocol

from .errors import ChargingError, CommandFailedError
from .model import CommandKind, CommandState

_LOGGER = logging.getLogger(__name__)


class Spawn(Protocol):
    """Starts a task that outlives its caller."""

    def __call__[T](self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        """Start the work at once."""


class Wishes:
    """The wishes that are not fulfilled yet, by charge point.

    A wish waits for its turn. When that comes and somebody has wished anew, it is no longer
    wanted, so of many presses of a button only the first and the last are sent.
    """

    def __init__(self, *, on_change: Callable[[str], None], spawn: Spawn) -> None:
        """Wire up; ``on_change`` hears of every charge point whose newest wish changes."""
        self._on_change = on_change
        self._spawn = spawn
        self._turns: dict[str, asyncio.Lock] = {}
        self._newest: dict[str, tuple[CommandKind, object]] = {}

    def newest(self, charge_point_id: str) -> CommandKind | None:
        """Return what was wished last, until it is fulfilled or has failed."""
        wish = self._newest.get(charge_point_id)
        return wish[0] if wish else None

    async def fulfil[T](
        self,
        kind: CommandKind,
        charge_point_id: str,
        act: Callable[[], Coroutine[None, None, T]],
    ) -> T:
        """Act when it is this wish's turn, and return what came of it.

        A caller that goes away leaves the wish standing. Raises CommandFailedError when a
        newer wish has come meanwhile, or when the work is cancelled, and what ``act`` raises.
        """
        task = self._spawn(self._in_turn(kind, charge_point_id, act))
        try:
            # A caller that goes away must not take the watch over a sent command with it.
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.add_done_callback(_note_failure)
            raise
        if task.cancelled():
            # The account is being unloaded, and resumes the command when it is loaded again.
            raise CommandFailedError(CommandState.PENDING)
        return task.result()

    def resume[T](
        self,
        kind: CommandKind,
        charge_point_id: str,
        act: Callable[[], Coroutine[None, None, T]],
    ) -> None:
        """Find the outcome of a wish from before a restart, whatever is wished meanwhile."""
        work = self._in_turn(kind, charge_point_id, act, was_sent=True)
        self._spawn(work).add_done_callback(_note_failure)

    async def _in_turn[T](
        self,
        kind: CommandKind,
        charge_point_id: str,
        act: Callable[[], Coroutine[None, None, T]],
        *,
        was_sent: bool = False,
    ) -> T:
        wish = (kind, object())
        self._newest[charge_point_id] = wish
        self._on_change(charge_point_id)
        try:
            async with self._turns.setdefault(charge_point_id, asyncio.Lock()):
                if self._newest.get(charge_point_id, wish) is not wish and not was_sent:
                    raise CommandFailedError(CommandState.SUPERSEDED)
                return await act()
        finally:
            if self._newest.get(charge_point_id) is wish:
                del self._newest[charge_point_id]
            self._on_change(charge_point_id)


def _note_failure(task: asyncio.Task[Any]) -> None:
    """Log how a command failed that nobody waits for; its event has been sent."""
    if task.cancelled() or (err := task.exception()) is None:
        return
    if isinstance(err, ChargingError):
        _LOGGER.warning("A command that nobody waits for did not succeed: %s", err)
    else:
        _LOGGER.error("A command broke", exc_info=err)
