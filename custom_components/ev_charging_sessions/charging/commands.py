"""Start and stop, from the wish of a person to what the backend shows.

A command is done when the backend shows it, not when it answered. It is written to the
ledger before it is sent and sent exactly once; whatever happens then, a crash included,
its outcome is found by looking.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from copy import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
import logging
import math
import time
import uuid

from msgspec import Struct

from .backends.backend import Backend
from .errors import (
    AuthenticationError,
    BackendError,
    BackendUnavailableError,
    CommandFailedError,
    LedgerError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from .events import EventType, SessionEvent
from .ledger import Ledger
from .model import (
    Account,
    Command,
    CommandKind,
    CommandState,
    Session,
    SessionStatus,
)
from .wishes import Spawn, Wishes

_LOGGER = logging.getLogger(__name__)

# Short at first, because most commands take effect within seconds, and never shorter than
# what the polling of an open session costs afterwards.
WATCH_DELAYS = (2, 3, 5, 8, 13, 21, 34)
LATER_WATCH_DELAY = 30
# Past its deadline nobody waits for a command any more.
LATE_WATCH_DELAY = 300
_SAME_LOOK = 1.0

# The networks publish no time limit of their own; two minutes is what their users wait.
DEFAULT_TIME_LIMIT = 120.0


class Outcome(Struct, frozen=True, kw_only=True):
    """A command that came about: its session and the seconds it took."""

    session: Session
    seconds: float


class Commands:
    """The commands of one account; one at a time for each charge point."""

    def __init__(
        self,
        account: Account,
        backend: Backend,
        ledger: Ledger,
        *,
        keep: Callable[[Session], Awaitable[None]],
        refresh: Callable[[], Awaitable[bool]],
        on_change: Callable[[str], None],
        on_event: Callable[[str, SessionEvent], None],
        spawn: Spawn,
    ) -> None:
        """Wire up.

        ``keep`` takes a session into the ledger; ``refresh`` polls the backend into it,
        never raises and tells whether it succeeded; ``on_change`` hears of every change in
        what is asked of a charge point, ``on_event`` of failures; ``spawn`` starts a task
        that outlives its caller.
        """
        self._account = account
        self._backend = backend
        self._ledger = ledger
        self._keep = keep
        self._refresh = refresh
        self._on_change = on_change
        self._on_event = on_event
        self._wishes = Wishes(on_change=on_change, spawn=spawn)
        self._running: dict[str, Command] = {}
        self._looking = asyncio.Lock()
        self._looked = -math.inf

    def wish(self, charge_point_id: str) -> CommandKind | None:
        """Return the kind of the newest command that is not done yet."""
        return self._wishes.newest(charge_point_id)

    def running(self, charge_point_id: str) -> CommandKind | None:
        """Return the kind of the command that waits for its confirmation."""
        command = self._running.get(charge_point_id)
        return command.kind if command else None

    @property
    def is_busy(self) -> bool:
        """Tell whether any command waits for its confirmation."""
        return bool(self._running)

    @property
    def watched(self) -> set[str]:
        """Return the ids of the sessions that commands wait for."""
        return {command.session_id for command in self._running.values() if command.session_id}

    @property
    def cards(self) -> set[str]:
        """Return the ids of the cards whose start has not become a known session yet."""
        return {
            command.card_id
            for command in self._running.values()
            if command.card_id and not command.session_id
        }

    async def start(
        self, charge_point_id: str, card_id: str, time_limit: float = DEFAULT_TIME_LIMIT
    ) -> Outcome:
        """Start a session and wait until it runs; one that already runs is the outcome.

        ``time_limit`` is in seconds. A session that is starting already is joined, so
        nothing is sent for it; the end of one that is stopping is waited for. Raises
        CommandFailedError when the session fails, does not run in time or is no longer
        wanted, the BackendError that kept the request from being accepted, and LedgerError.
        """

        async def act() -> Outcome:
            deadline = _after(time_limit)
            session = await self._open_session(charge_point_id)
            if session:
                # It may have ended since the last poll.
                if not await self._refresh():
                    raise BackendUnavailableError("no answer", was_sent=False)
                session = await self._open_session(charge_point_id)
            delays = _delays()
            while session and session.status is SessionStatus.STOPPING:
                await self._look_again(delays, deadline)
                session = await self._open_session(charge_point_id)
            if session and session.status is not SessionStatus.STARTING:
                return Outcome(session=session, seconds=0.0)
            command = self._new(CommandKind.START, charge_point_id, deadline, card_id=card_id)
            return await self._carry_out(command, None if session else self._send_start)

        return await self._wishes.fulfil(CommandKind.START, charge_point_id, act)

    async def stop(self, session: Session, time_limit: float = DEFAULT_TIME_LIMIT) -> Outcome:
        """Stop a session and wait until it has ended; one that has is the outcome.

        ``time_limit`` is in seconds. Raises the same as ``start``.
        """
        charge_point_id = session.charge_point_id or session.session_id

        async def act() -> Outcome:
            known = await self._ledger.session(self._account, session.session_id) or session
            if not known.is_open:
                return Outcome(session=known, seconds=0.0)
            return await self._stop(known, charge_point_id, time_limit)

        return await self._wishes.fulfil(CommandKind.STOP, charge_point_id, act)

    async def stop_at(self, charge_point_id: str, time_limit: float = DEFAULT_TIME_LIMIT) -> None:
        """Stop whatever session is open at a charge point; none is fine too.

        A start that is still under way is waited for: only then is there what to stop.
        ``time_limit`` is in seconds. Raises the same as ``start``.
        """

        async def act() -> Outcome | None:
            session = await self._open_session(charge_point_id)
            return await self._stop(session, charge_point_id, time_limit) if session else None

        await self._wishes.fulfil(CommandKind.STOP, charge_point_id, act)

    async def resume(self) -> None:
        """Take up the commands that a restart has interrupted; none is sent again."""
        for command in await self._ledger.pending_commands(self._account):

            async def act(command: Command = command) -> Outcome:
                return await self._find_outcome(command)

            self._wishes.resume(command.kind, command.charge_point_id, act)

    async def _stop(self, session: Session, charge_point_id: str, time_limit: float) -> Outcome:
        command = self._new(
            CommandKind.STOP,
            charge_point_id,
            _after(time_limit),
            session_id=session.session_id,
        )

        async def send(command: Command) -> Command:
            return await self._send_stop(command, session)

        return await self._carry_out(command, send, session)

    def _new(
        self,
        kind: CommandKind,
        charge_point_id: str,
        deadline: datetime,
        *,
        card_id: str | None = None,
        session_id: str | None = None,
    ) -> Command:
        return Command(
            command_id=str(uuid.uuid4()),
            account=self._account,
            kind=kind,
            charge_point_id=charge_point_id,
            card_id=card_id,
            session_id=session_id,
            created=datetime.now(UTC),
            deadline=deadline,
        )

    async def _carry_out(
        self,
        command: Command,
        send: Callable[[Command], Awaitable[Command]] | None,
        before: Session | None = None,
    ) -> Outcome:
        """Send a command, if it takes a request, and find its outcome."""

        async def act() -> Session:
            await self._ledger.add_command(command)
            if send is not None:
                self._running[command.charge_point_id] = await self._sent(command, send)
            return await self._watch(command.charge_point_id, before)

        return await self._settled(command, act)

    async def _find_outcome(self, command: Command) -> Outcome:
        """Find what became of a command that was sent before a restart, if it was."""

        async def act() -> Session:
            # Until a poll has come through, the ledger shows what was before the restart.
            before = await self._session(command.charge_point_id)
            while not await self._refresh():
                is_late = datetime.now(UTC) >= command.deadline
                await asyncio.sleep(LATE_WATCH_DELAY if is_late else LATER_WATCH_DELAY)
            return await self._watch(command.charge_point_id, before)

        return await self._settled(command, act)

    async def _settled(
        self, command: Command, act: Callable[[], Coroutine[None, None, Session]]
    ) -> Outcome:
        """Act, and write down how the command ended."""
        charge_point_id = command.charge_point_id
        self._running[charge_point_id] = command
        self._on_change(charge_point_id)
        try:
            session = await act()
            found = replace(self._running[charge_point_id], session_id=session.session_id)
            await self._settle(found, CommandState.CONFIRMED, None)
        except CommandFailedError as err:
            await self._settle(self._running[charge_point_id], err.state, err.reason)
            raise
        except RequestRejectedError as err:
            await self._settle(self._running[charge_point_id], CommandState.REJECTED, err.code)
            raise
        except BackendError as err:
            await self._settle(self._running[charge_point_id], CommandState.REJECTED, err.key)
            if isinstance(err, AuthenticationError):
                # A poll meets the same refusal, and has it mended by a person.
                await self._refresh()
            raise
        finally:
            del self._running[charge_point_id]
        took = datetime.now(UTC) - command.created
        return Outcome(session=session, seconds=round(took.total_seconds(), 1))

    async def _sent(
        self, command: Command, send: Callable[[Command], Awaitable[Command]]
    ) -> Command:
        """Send once; an answer that got lost leaves the outcome to be found by looking."""
        try:
            return await send(command)
        except (BackendUnavailableError, UnexpectedAnswerError) as err:
            if not err.was_sent:
                raise
        _LOGGER.warning("The answer to a %s was lost; watching for its outcome", command.kind)
        return command

    async def _send_start(self, command: Command) -> Command:
        session = await self._backend.start(command.charge_point_id, command.card_id or "")
        command = replace(command, session_id=session.session_id)
        try:
            await self._ledger.update_command(command)
            await self._keep(session)
        except LedgerError as err:
            # Sent is sent: a caller who heard of a failure would press again.
            _LOGGER.warning("A start was sent and could not be written down: %s", err)
        return command

    async def _send_stop(self, command: Command, session: Session) -> Command:
        try:
            await self._backend.stop(session)
        except RequestRejectedError as err:
            # The networks also say "not found" of a session that has just ended.
            if err.status != 404:
                raise
            await self._refresh()
            known = await self._ledger.session(self._account, session.session_id)
            if known is None or known.is_open:
                raise
        return command

    async def _watch(self, charge_point_id: str, before: Session | None) -> Session:
        """Look until the backend shows what was asked for, or until the deadline."""
        deadline = self._running[charge_point_id].deadline
        delays = _delays()
        while (session := await self._shown(charge_point_id, before)) is None:
            await self._look_again(delays, deadline)
        return session

    async def _look_again(self, delays: Iterator[int], deadline: datetime) -> None:
        """Poll after the next delay, or at the deadline; raise when that is over."""
        left = (deadline - datetime.now(UTC)).total_seconds()
        if left <= 0:
            raise CommandFailedError(CommandState.TIMED_OUT)
        await asyncio.sleep(min(next(delays), left))
        # Commands that were sent together look together, or their looks exhaust the budget.
        async with self._looking:
            if time.monotonic() - self._looked >= _SAME_LOOK:
                await self._refresh()
                self._looked = time.monotonic()

    async def _shown(self, charge_point_id: str, before: Session | None) -> Session | None:
        """Return the session once it is as asked for; raise when the backend refuses."""
        session = await self._session(charge_point_id)
        if session is None or session.status is None:
            return None
        if self._running[charge_point_id].kind is CommandKind.STOP:
            if session.status.is_ended:
                return session
            if session.status is SessionStatus.STOP_FAILED and session != before:
                raise CommandFailedError(CommandState.REJECTED, session.error_code)
            return None
        if session.status is SessionStatus.FAILED:
            raise CommandFailedError(CommandState.REJECTED, session.error_code)
        has_run = session.status.is_running or session.status is SessionStatus.FINISHED
        return session if has_run else None

    async def _session(self, charge_point_id: str) -> Session | None:
        """Return the session of the running command, if it is known by now."""
        command = self._running[charge_point_id]
        if command.session_id is not None:
            return await self._ledger.session(self._account, command.session_id)
        session = await self._open_session(charge_point_id)
        if session is not None:
            # From now on it is looked for by its own name, also if it fails.
            command = replace(command, session_id=session.session_id)
            self._running[charge_point_id] = command
            await self._ledger.update_command(command)
        return session

    async def _settle(self, command: Command, state: CommandState, reason: str | None) -> None:
        settled = replace(command, state=state, reason=reason, resolved=datetime.now(UTC))
        await self._ledger.update_command(settled)
        if state is CommandState.CONFIRMED:
            return
        failed = {
            CommandKind.START: EventType.START_FAILED,
            CommandKind.STOP: EventType.STOP_FAILED,
        }
        session = (
            await self._ledger.session(self._account, command.session_id)
            if command.session_id
            else None
        )
        self._on_event(
            command.charge_point_id,
            SessionEvent(type=failed[command.kind], session=session, reason=reason or state),
        )

    async def _open_session(self, charge_point_id: str) -> Session | None:
        for session in await self._ledger.open_sessions(self._account):
            if session.charge_point_id == charge_point_id:
                return session
        return None


def _delays() -> Iterator[int]:
    return chain(WATCH_DELAYS, repeat(LATER_WATCH_DELAY))


def _after(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)
