"""Start and stop, from the wish of a person to what the backend shows."""

from collections.abc import Awaitable, Callable
from copy import replace
from datetime import UTC, datetime, timedelta
import logging
import uuid

from .backends.backend import Backend
from .command_runs import (
    DEFAULT_TIME_LIMIT,
    CommandRuns,
    Found,
    Outcome,
    Send,
    delays,
)
from .errors import (
    BackendUnavailableError,
    CommandFailedError,
    LedgerError,
    RequestRejectedError,
)
from .events import SessionEvent
from .ledger import Ledger
from .mode_commands import ModeCommands
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
        self._wishes = Wishes(on_change=on_change, spawn=spawn)
        self._runs = CommandRuns(
            account, ledger, refresh=refresh, on_change=on_change, on_event=on_event
        )
        self.modes = ModeCommands(
            account, backend, ledger, runs=self._runs, wishes=self._wishes, on_change=on_change
        )

    def wish(self, charge_point_id: str) -> CommandKind | None:
        """Return the kind of the newest command that is not done yet."""
        return self._wishes.newest(charge_point_id)

    def running(self, charge_point_id: str) -> CommandKind | None:
        """Return the kind of the command that waits for its confirmation."""
        command = self._runs.at(charge_point_id)
        return command.kind if command else None

    def is_ours(self, session: Session) -> bool:
        """Tell whether a session comes of a start that was asked for here, maybe late."""
        return self._runs.is_ours(session)

    @property
    def is_busy(self) -> bool:
        """Tell whether any command waits for its confirmation."""
        return bool(self._runs.all)

    @property
    def watched(self) -> set[str]:
        """Return the ids of the sessions that commands wait for."""
        return {command.session_id for command in self._runs.all if command.session_id}

    @property
    def cards(self) -> set[str]:
        """Return the ids of the cards whose start has not become a known session yet."""
        return {
            command.card_id
            for command in self._runs.all
            if command.card_id and not command.session_id
        }

    async def start(
        self, charge_point_id: str, card_id: str | None, time_limit: float = DEFAULT_TIME_LIMIT
    ) -> Outcome[Session]:
        """Start a session and wait until it runs; one that already runs is the outcome.

        ``time_limit`` is in seconds. A session that is starting already is joined, so
        nothing is sent for it; the end of one that is stopping is waited for. Raises
        CommandFailedError when the session fails, does not run in time or is no longer
        wanted, the BackendError that kept the request from being accepted, and LedgerError.
        """

        async def act() -> Outcome[Session]:
            deadline = _after(time_limit)
            session = await self._open_session(charge_point_id)
            if session:
                # It may have ended since the last poll.
                if not await self._refresh():
                    raise BackendUnavailableError("no answer", was_sent=False)
                session = await self._open_session(charge_point_id)
            waits = delays()
            while session and session.status is SessionStatus.STOPPING:
                await self._runs.look_again(waits, deadline)
                session = await self._open_session(charge_point_id)
            if session and session.status is not SessionStatus.STARTING:
                return Outcome(session=session, seconds=0.0)
            command = self._new(CommandKind.START, charge_point_id, deadline, card_id=card_id)
            send: Send | None = None if session else self._send_start
            return await self._runs.carry_out(command, send, self._look_for_start)

        return await self._wishes.fulfil(CommandKind.START, charge_point_id, act)

    async def stop(
        self, session: Session, time_limit: float = DEFAULT_TIME_LIMIT
    ) -> Outcome[Session]:
        """Stop a session and wait until it has ended; one that has is the outcome.

        ``time_limit`` is in seconds. Raises the same as ``start``.
        """
        charge_point_id = session.charge_point_id or session.session_id
        await self._withdraw(charge_point_id)

        async def act() -> Outcome[Session]:
            known = await self._ledger.session(self._account, session.session_id) or session
            if not known.is_open:
                return Outcome(session=known, seconds=0.0)
            return await self._stop(known, charge_point_id, time_limit)

        return await self._wishes.fulfil(CommandKind.STOP, charge_point_id, act)

    async def stop_at(self, charge_point_id: str, time_limit: float = DEFAULT_TIME_LIMIT) -> None:
        """Stop whatever session is open at a charge point; none is fine too.

        A start that is still under way is taken back, or else waited for: only then is there
        what to stop. ``time_limit`` is in seconds. Raises the same as ``start``.
        """
        await self._withdraw(charge_point_id)

        async def act() -> Outcome[Session] | None:
            session = await self._open_session(charge_point_id)
            return await self._stop(session, charge_point_id, time_limit) if session else None

        await self._wishes.fulfil(CommandKind.STOP, charge_point_id, act)

    async def _withdraw(self, charge_point_id: str) -> None:
        """Take back a start that waits for its car, and let whoever watches it know."""
        if await self._backend.withdraw(charge_point_id):
            self._runs.wake()

    async def resume(self) -> None:
        """Take up the commands that a restart has interrupted.

        No start or stop is sent again. A mode is, until its deadline, because setting it
        twice is the same as once.
        """
        await self.modes.load(self._ledger, self._account)
        for command in await self._ledger.pending_commands(self._account):

            async def act(command: Command = command) -> Outcome[Session | None]:
                return await self._find_outcome(command)

            self._wishes.resume(command.kind, command.charge_point_id, act)

    async def _find_outcome(self, command: Command) -> Outcome[Session | None]:
        if command.setting is None:
            return await self._find_session(command)
        return await self.modes.find_outcome(command)

    async def _find_session(self, command: Command) -> Outcome[Session]:
        if command.kind is CommandKind.START:
            return await self._runs.find_outcome(command, self._look_for_start)
        before = await self._session_of(command)
        return await self._runs.find_outcome(
            command, lambda command: self._look_for_stop(command, before)
        )

    async def _stop(
        self, session: Session, charge_point_id: str, time_limit: float
    ) -> Outcome[Session]:
        command = self._new(
            CommandKind.STOP,
            charge_point_id,
            _after(time_limit),
            session_id=session.session_id,
        )

        async def send(command: Command) -> Command:
            return await self._send_stop(command, session)

        async def look(command: Command) -> Found[Session] | None:
            return await self._look_for_stop(command, session)

        return await self._runs.carry_out(command, send, look)

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

    async def _send_start(self, command: Command) -> Command:
        session = await self._backend.start(command.charge_point_id, command.card_id)
        if session is None:
            return command
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

    async def _look_for_start(self, command: Command) -> Found[Session] | None:
        session = await self._session_of(command)
        if session is None or session.status is None:
            return None
        if session.status is SessionStatus.FAILED:
            raise CommandFailedError(CommandState.REJECTED, session.error_code)
        has_run = session.status.is_running or session.status is SessionStatus.FINISHED
        return Found(session) if has_run else None

    async def _look_for_stop(
        self, command: Command, before: Session | None
    ) -> Found[Session] | None:
        session = await self._session_of(command)
        if session is None or session.status is None:
            return None
        if session.status.is_ended:
            return Found(session)
        if session.status is SessionStatus.STOP_FAILED and session != before:
            raise CommandFailedError(CommandState.REJECTED, session.error_code)
        return None

    async def _session_of(self, command: Command) -> Session | None:
        """Return the session of a running command, if it is known by now."""
        if command.session_id is not None:
            return await self._ledger.session(self._account, command.session_id)
        session = await self._open_session(command.charge_point_id)
        if session is not None:
            await self._runs.is_for(command, session)
        return session

    async def _open_session(self, charge_point_id: str) -> Session | None:
        for session in await self._ledger.open_sessions(self._account):
            if session.charge_point_id == charge_point_id:
                return session
        return None


def _after(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)
