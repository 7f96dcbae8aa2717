"""Which mode each connector is in, as far as that was set here or told by the network."""

from collections.abc import Iterable

from .backends.backend import Answer
from .errors import InvalidInputError
from .ledger import Change, Ledger
from .mode_settings import check_setting
from .model import Account, ChargePoint, ChargingMode, ModeSetting, SessionStatus

_NORMAL = ModeSetting(mode=ChargingMode.NORMAL)


class Modes:
    """The modes in force, those that are asked for, and those to go back to after a pause.

    No network lets a mode be read at any time: sessions tell it, and what was set here is
    taken for true until one tells otherwise.
    """

    def __init__(self) -> None:
        """Start with none known."""
        self._in_force: dict[str, ModeSetting] = {}
        self._before_pause: dict[str, ModeSetting] = {}
        self._asked: dict[str, ModeSetting] = {}
        self._told: dict[str, ChargingMode | None] = {}

    async def load(self, ledger: Ledger, account: Account) -> None:
        """Take up what was set here before. Raises LedgerError."""
        for command in await ledger.settings(account):
            if command.setting:
                self.note(command.charge_point_id, command.setting)

    def tell(self, answer: Answer) -> None:
        """Follow what the network says."""
        for charge_point in answer.charge_points:
            charge_point_id, mode = charge_point.charge_point_id, charge_point.mode
            self._told[charge_point_id] = mode
            known = self._in_force.get(charge_point_id)
            if mode and (known is None or known.mode is not mode):
                # Somebody has set it elsewhere, with a limit that nobody knows here.
                self.note(charge_point_id, ModeSetting(mode=mode))

    def note(self, charge_point_id: str, setting: ModeSetting) -> None:
        """Take a mode for in force."""
        self._in_force[charge_point_id] = setting
        if setting.mode is not ChargingMode.PAUSED:
            self._before_pause[charge_point_id] = setting

    def apply(self, changes: Iterable[Change]) -> None:
        """Follow what sessions do where they do not say their mode: no pause lets a car charge."""
        for change in changes:
            charge_point_id = change.after.charge_point_id or ""
            known = self._in_force.get(charge_point_id)
            if (
                change.after.status is SessionStatus.CHARGING
                and known is not None
                and known.mode is ChargingMode.PAUSED
                and not self._told.get(charge_point_id)
                and charge_point_id not in self._asked
            ):
                # Somebody has set it elsewhere, and nobody knows to what.
                del self._in_force[charge_point_id]

    def ask(self, charge_point_id: str, setting: ModeSetting) -> None:
        """Note what somebody wants, until that is settled."""
        self._asked[charge_point_id] = setting

    def settle(self, charge_point_id: str, setting: ModeSetting) -> bool:
        """Note that a wish is in force or was refused; tell whether it was the newest one."""
        if self._asked.get(charge_point_id) is not setting:
            return False
        del self._asked[charge_point_id]
        return True

    def shown(self, charge_point_id: str) -> ModeSetting | None:
        """Return what is asked for, or else in force; ``None`` while nobody knows."""
        return self._asked.get(charge_point_id) or self._in_force.get(charge_point_id)

    def told(self, charge_point_id: str) -> ChargingMode | None:
        """Return what the network last said, ``None`` where it says nothing."""
        return self._told.get(charge_point_id)

    def to_charge(self, charge_point: ChargePoint) -> ModeSetting:
        """Return how a charge point charges when it is not paused: as it did before.

        A limit that it cannot keep any more is left out: it must not stay paused for that.
        """
        before = self._before_pause.get(charge_point.charge_point_id, _NORMAL)
        for setting in (before, ModeSetting(mode=before.mode)):
            try:
                check_setting(charge_point, setting)
            except InvalidInputError:
                continue
            return setting
        return _NORMAL
