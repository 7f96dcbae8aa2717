"""One command after it was asked for: written down, sent at most once, and watched.

A command is done when the backend shows it, not when it answered. It is written to the
ledger before it is sent; whatever happens then, a crash included, its outcome is found by
looking.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from copy import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
import logging
import math
import time

from msgspec import Struct

from .errors import (
    AuthenticationError,
    BackendError,
    BackendUnavailableError,
    CommandFailedError,
    InvalidInputError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from .events import EventType, SessionEvent
from .ledger import Ledger
from .model import Account, Command, CommandKind, CommandState, Session

_LOGGER = logging.getLogger(__name__)

# Short at first, because most commands take effect within seconds, and never shorter than
# what the polling of an open session costs afterwards.
WATCH_DELAYS = (2, 3, 5, 8, 13, 21, 34)
LATER_WATCH_DELAY = 30
# Past its deadline nobody waits for a command any more.
LATE_WATCH_DELAY = 300
_SAME_LOOK = 1.0
# A charger that was away may begin as late as this what it was asked for.
_LATE_START = timedelta(minutes=10)

# The networks publish no time limit of their own; two minutes is what their users wait.
DEFAULT_TIME_LIMIT = 120.0

_FAILURES = {
    CommandKind.START: EventType.START_FAILED,
    CommandKind.STOP: EventType.STOP_FAILED,
}


class Found[SessionT: Session | None](Struct, frozen=True):
    """What the backend shows of a command that came about.

    Setting the mode of a connector needs no session.
    """

    session: SessionT


class Outcome[SessionT: Session | None](Struct, frozen=True, kw_only=True):
    """A command that came about: its session, if it has one, and the seconds it took."""

    session: SessionT
    seconds: float


type Send = Callable[[Command], Awaitable[Command]]
"""Sends a command and returns it with what the answer told."""

type Look[SessionT: Session | None] = Callable[[Command], Awaitable[Found[SessionT] | None]]
"""Looks whether a command came about; raises CommandFailedError when it never will."""


class CommandRuns:
    """The commands of one account that wait for their outcome, one for each charge point."""

    def __init__(
        self,
        account: Account,
        ledger: Ledger,
        *,
        refresh: Callable[[], Awaitable[bool]],
        on_change: Callable[[str], None],
        on_event: Callable[[str, SessionEvent], None],
    ) -> None:
        """Wire up; the arguments are those of ``Commands``."""
        self._account = account
        self._ledger = ledger
        self._refresh = refresh
        self._on_change = on_change
        self._on_event = on_event
        self._running: dict[str, Command] = {}
        # The last start at each charge point, also after it is settled.
        self._starts: dict[str, Command] = {}
        self._looking = asyncio.Lock()
        self._looked = -math.inf
        self._woken = asyncio.Event()

    def at(self, charge_point_id: str) -> Command | None:
        """Return the command that waits for its outcome at a charge point."""
        return self._running.get(charge_point_id)

    @property
    def all(self) -> list[Command]:
        """Return all commands that wait for their outcome."""
        return list(self._running.values())

    def is_ours(self, session: Session) -> bool:
        """Tell whether a session comes of the last start here, or of one that was given up."""
        start = self._starts.get(session.charge_point_id or "")
        return (
            start is not None
            and start.state is not CommandState.REJECTED
            and start.session_id in {None, session.session_id}
            and (session.started is None or session.started <= start.deadline + _LATE_START)
        )

    async def carry_out[SessionT: Session | None](
        self, command: Command, send: Send | None, look: Look[SessionT]
    ) -> Outcome[SessionT]:
        """Write a command down, send it, if it takes a request, and find its outcome."""

        async def act() -> Found[SessionT]:
            await self._ledger.add_command(command)
            return await self._sent_and_watched(command, send, look)

        return await self._settled(command, act)

    async def carry_on[SessionT: Session | None](
        self, command: Command, send: Send, look: Look[SessionT]
    ) -> Outcome[SessionT]:
        """Send again what a restart has interrupted and may be sent twice."""

        async def act() -> Found[SessionT]:
            # Until a poll has come through, the backend knows no charge point.
            waits = delays()
            while not await self._refresh():
                await self.look_again(waits, command.deadline)
            return await self._sent_and_watched(command, send, look)

        return await self._settled(command, act)

    async def find_outcome[SessionT: Session | None](
        self, command: Command, look: Look[SessionT]
    ) -> Outcome[SessionT]:
        """Find what became of a command that was sent before a restart, if it was."""

        async def act() -> Found[SessionT]:
            # Until a poll has come through, the ledger shows what was before the restart.
            while not await self._refresh():
                is_late = datetime.now(UTC) >= command.deadline
                await asyncio.sleep(LATE_WATCH_DELAY if is_late else LATER_WATCH_DELAY)
            return await self._watched(command.charge_point_id, look)

        return await self._settled(command, act)

    async def is_for(self, command: Command, session: Session) -> None:
        """Remember which session a command is about: it is looked for by its own name now."""
        command = replace(command, session_id=session.session_id)
        self._running[command.charge_point_id] = command
        await self._ledger.update_command(command)

    async def look_again(self, delays: Iterator[int], deadline: datetime) -> None:
        """Poll after the next delay, or at the deadline; raise when that is over."""
        left = (deadline - datetime.now(UTC)).total_seconds()
        if left <= 0:
            raise CommandFailedError(CommandState.TIMED_OUT)
        with suppress(TimeoutError):
            async with asyncio.timeout(min(next(delays), left)):
                await self._woken.wait()
        # Commands that were sent together look together, or their looks exhaust the budget.
        async with self._looking:
            if time.monotonic() - self._looked >= _SAME_LOOK:
                await self._refresh()
                self._looked = time.monotonic()

    def wake(self) -> None:
        """Have all commands look now, because something has been done about one of them."""
        self._woken.set()
        self._woken.clear()

    async def _sent_and_watched[SessionT: Session | None](
        self, command: Command, send: Send | None, look: Look[SessionT]
    ) -> Found[SessionT]:
        if send is not None:
            self._running[command.charge_point_id] = await _sent(command, send)
        return await self._watched(command.charge_point_id, look)

    async def _watched[SessionT: Session | None](
        self, charge_point_id: str, look: Look[SessionT]
    ) -> Found[SessionT]:
        """Look until the backend shows what was asked for, or until the deadline."""
        deadline = self._running[charge_point_id].deadline
        waits = delays()
        while (found := await look(self._running[charge_point_id])) is None:
            await self.look_again(waits, deadline)
        return found

    async def _settled[SessionT: Session | None](
        self, command: Command, act: Callable[[], Coroutine[None, None, Found[SessionT]]]
    ) -> Outcome[SessionT]:
        """Act, and write down how the command ended."""
        charge_point_id = command.charge_point_id
        self._running[charge_point_id] = command
        self._note_start(command)
        self._on_change(charge_point_id)
        try:
            session = (await act()).session
            done = self._running[charge_point_id]
            if isinstance(session, Session):
                done = replace(done, session_id=session.session_id)
            await self._settle(done, CommandState.CONFIRMED, None)
        except CommandFailedError as err:
            await self._settle(self._running[charge_point_id], err.state, err.reason)
            raise
        except RequestRejectedError as err:
            await self._settle(self._running[charge_point_id], CommandState.REJECTED, err.code)
            raise
        except (BackendError, InvalidInputError) as err:
            await self._settle(self._running[charge_point_id], CommandState.REJECTED, err.key)
            if isinstance(err, AuthenticationError):
                # A poll meets the same refusal, and has it mended by a person.
                await self._refresh()
            raise
        finally:
            del self._running[charge_point_id]
        took = datetime.now(UTC) - command.created
        return Outcome(session=session, seconds=round(took.total_seconds(), 1))

    async def _settle(self, command: Command, state: CommandState, reason: str | None) -> None:
        settled = replace(command, state=state, reason=reason, resolved=datetime.now(UTC))
        self._note_start(settled)
        await self._ledger.update_command(settled)
        if state is CommandState.CONFIRMED or command.kind not in _FAILURES:
            return
        session = (
            await self._ledger.session(self._account, command.session_id)
            if command.session_id
            else None
        )
        self._on_event(
            command.charge_point_id,
            SessionEvent(type=_FAILURES[command.kind], session=session, reason=reason or state),
        )

    def _note_start(self, command: Command) -> None:
        # Setting a mode begins no session.
        if command.kind is CommandKind.START and command.setting is None:
            self._starts[command.charge_point_id] = command


def delays() -> Iterator[int]:
    """Return the seconds to wait between looks."""
    return chain(WATCH_DELAYS, repeat(LATER_WATCH_DELAY))


async def _sent(command: Command, send: Send) -> Command:
    """Send once; an answer that got lost leaves the outcome to be found by looking."""
    try:
        return await send(command)
    except (BackendUnavailableError, UnexpectedAnswerError) as err:
        if not err.was_sent:
            raise
    _LOGGER.warning("The answer to a %s was lost; watching for its outcome", command.kind)
    return command
