"""Pausing, resuming and limiting connectors, from the wish of a person to what shows."""

from collections.abc import Callable
from copy import replace
from datetime import UTC, datetime, timedelta
import uuid

from .backends.backend import Backend
from .command_runs import DEFAULT_TIME_LIMIT, CommandRuns, Found, Outcome, delays
from .errors import BackendUnavailableError, InvalidInputError
from .ledger import Ledger
from .mode_settings import check_setting
from .model import (
    Account,
    ChargePoint,
    ChargingMode,
    Command,
    CommandKind,
    Limit,
    ModeSetting,
    Session,
    SessionStatus,
)
from .modes import Modes
from .wishes import Wishes

_PAUSED = ModeSetting(mode=ChargingMode.PAUSED)


class ModeCommands(Modes):
    """The modes of an account's connectors, and the commands that set them."""

    def __init__(
        self,
        account: Account,
        backend: Backend,
        ledger: Ledger,
        *,
        runs: CommandRuns,
        wishes: Wishes,
        on_change: Callable[[str], None],
    ) -> None:
        """Wire up; ``on_change`` is that of ``Commands``."""
        super().__init__()
        self._account = account
        self._backend = backend
        self._ledger = ledger
        self._runs = runs
        self._wishes = wishes
        self._on_change = on_change

    async def pause(
        self, charge_point: ChargePoint, time_limit: float = DEFAULT_TIME_LIMIT
    ) -> Outcome[Session | None]:
        """Let a connector charge no car, and wait until that shows. Raises as ``set_mode``."""
        return await self.set_mode(charge_point, _PAUSED, time_limit)

    async def unpause(
        self, charge_point: ChargePoint, time_limit: float = DEFAULT_TIME_LIMIT
    ) -> Outcome[Session | None]:
        """Let a connector charge as it did before it was paused. Raises as ``set_mode``."""
        return await self.set_mode(charge_point, self.to_charge(charge_point), time_limit)

    async def set_limit(
        self, charge_point: ChargePoint, limit: Limit, time_limit: float = DEFAULT_TIME_LIMIT
    ) -> Outcome[Session | None]:
        """Limit a connector that is in the normal mode. Raises the same as ``set_mode``.

        It would bring a connector of another mode, or of one that nobody knows, into it.
        """
        shown = self.shown(charge_point.charge_point_id)
        if shown is None or shown.mode is not ChargingMode.NORMAL:
            raise InvalidInputError("limit", "limit_not_normal")
        return await self.set_mode(charge_point, replace(shown, limit=limit), time_limit)

    async def set_mode(
        self,
        charge_point: ChargePoint,
        setting: ModeSetting,
        time_limit: float = DEFAULT_TIME_LIMIT,
    ) -> Outcome[Session | None]:
        """Set the mode of a connector, and wait until the network shows it.

        Where no session is open, its acceptance is all that a network shows. ``time_limit``
        is in seconds. Raises InvalidInputError for what cannot be right, before anything is
        sent, and else the same as ``start``.
        """
        check_setting(charge_point, setting)
        # One of its own, so that an older wish for the same is not taken for this one.
        setting = replace(setting)
        charge_point_id = charge_point.charge_point_id
        shown = self.shown(charge_point_id)
        kind = CommandKind.START
        if setting.mode is ChargingMode.PAUSED:
            kind = CommandKind.STOP
        elif shown and shown.mode is not ChargingMode.PAUSED:
            kind = CommandKind.ADJUST

        async def act() -> Outcome[Session | None]:
            created = datetime.now(UTC)
            command = Command(
                command_id=str(uuid.uuid4()),
                account=self._account,
                kind=kind,
                charge_point_id=charge_point_id,
                setting=setting,
                created=created,
                deadline=created + timedelta(seconds=time_limit),
            )
            outcome = await self._runs.carry_out(command, self._send, self._look)
            self.note(charge_point_id, setting)
            return outcome

        self.ask(charge_point_id, setting)
        try:
            return await self._wishes.fulfil(kind, charge_point_id, act)
        finally:
            if self.settle(charge_point_id, setting):
                self._on_change(charge_point_id)

    async def find_outcome(self, command: Command) -> Outcome[Session | None]:
        """Take up a command that a restart has interrupted.

        Until its deadline it is sent again, for setting a mode twice is the same as once.
        """
        if command.setting is None:
            raise ValueError("A command without a setting sets no mode")
        self.ask(command.charge_point_id, command.setting)
        try:
            if datetime.now(UTC) < command.deadline:
                outcome = await self._runs.carry_on(command, self._send, self._look)
            else:
                outcome = await self._runs.find_outcome(command, self._look_for_told)
        finally:
            self.settle(command.charge_point_id, command.setting)
        self.note(command.charge_point_id, command.setting)
        return outcome

    async def _send(self, command: Command) -> Command:
        """Set a mode, again and again if it may have got lost, until the deadline.

        What is there already, such as the mode of a connector that gets another limit, would
        pass for its outcome.
        """
        waits = delays()
        while command.setting is not None:
            try:
                await self._backend.set_mode(command.charge_point_id, command.setting)
            except BackendUnavailableError as err:
                if not err.was_sent:
                    raise
                await self._runs.look_again(waits, command.deadline)
            else:
                break
        return command

    async def _look(self, command: Command) -> Found[Session | None] | None:
        """Look for a mode in what the session says, or else in what it does."""
        session = await self._open_session(command)
        if session is None:
            return Found(None)
        if self.told(command.charge_point_id):
            return await self._look_for_told(command)
        is_paused = command.kind is CommandKind.STOP
        is_charging = session.status is SessionStatus.CHARGING
        # A car that is full or wants to charge later is connected, whatever the mode.
        shows = not is_charging if is_paused else is_charging or _is_idle(session)
        return Found(session) if shows and session.status else None

    async def _look_for_told(self, command: Command) -> Found[Session | None] | None:
        told = self.told(command.charge_point_id)
        if command.setting is None or told is not command.setting.mode:
            return None
        return Found(await self._open_session(command))

    async def _open_session(self, command: Command) -> Session | None:
        for session in await self._ledger.open_sessions(self._account):
            if session.charge_point_id == command.charge_point_id:
                return session
        return None


def _is_idle(session: Session) -> bool:
    return session.status is SessionStatus.CONNECTED
