"""Which mode a connector is taken to be in, and the one it goes back to."""

from dataclasses import dataclass

import pytest

from custom_components.ev_charging_sessions.charging.backends.backend import Answer
from custom_components.ev_charging_sessions.charging.ledger import Change, Ledger
from custom_components.ev_charging_sessions.charging.model import (
    ChargePoint,
    ChargingMode,
    Command,
    CommandKind,
    CommandState,
    Limit,
    LimitUnit,
    ModeSetting,
    SessionStatus,
)
from custom_components.ev_charging_sessions.charging.modes import Modes

from .answers import ACCOUNT, OTHER_ACCOUNT, answer, at

NORMAL = ModeSetting(mode=ChargingMode.NORMAL)
SLOW = ModeSetting(mode=ChargingMode.NORMAL, limit=Limit(value=10.0))
SMART = ModeSetting(mode=ChargingMode.SMART)
PAUSED = ModeSetting(mode=ChargingMode.PAUSED)
POINT = ChargePoint(
    charge_point_id="CP1", modes=tuple(ChargingMode), min_current=6.0, max_current=32.0
)


@dataclass
class Set:
    """One command that set a mode, at a minute."""

    minute: int
    setting: ModeSetting
    state: CommandState = CommandState.CONFIRMED
    charge_point_id: str = "CP1"

    def command(self) -> Command:
        """Return it as the ledger keeps it."""
        return Command(
            command_id=f"{self.charge_point_id}-{self.minute}",
            account=ACCOUNT,
            kind=CommandKind.START,
            charge_point_id=self.charge_point_id,
            setting=self.setting,
            state=self.state,
            created=at(self.minute),
            deadline=at(self.minute + 2),
        )


async def loaded(ledger: Ledger, *commands: Set) -> Modes:
    """Return what is known after a restart that these commands came before."""
    for command in commands:
        await ledger.add_command(command.command())
    modes = Modes()
    await modes.load(ledger, ACCOUNT)
    return modes


def tell(modes: Modes, mode: ChargingMode | None) -> None:
    """Let the network say something about the connector."""
    point = ChargePoint(charge_point_id="CP1", modes=POINT.modes, mode=mode)
    modes.tell(Answer(charge_points=(point,)))


def test_nothing_is_known_at_first() -> None:
    """Test that an unknown mode stays unknown, and that to charge is to charge normally."""
    modes = Modes()
    assert modes.shown("CP1") is None
    assert modes.to_charge(POINT) == NORMAL


@pytest.mark.parametrize("setting", [NORMAL, SLOW, SMART])
def test_a_pause_remembers_what_was_before(setting: ModeSetting) -> None:
    """Test that the mode from before comes back, with its limit."""
    modes = Modes()
    modes.note("CP1", setting)
    modes.note("CP1", PAUSED)
    assert modes.shown("CP1") == PAUSED
    assert modes.to_charge(POINT) == setting


def test_a_mode_that_is_not_offered_does_not_come_back() -> None:
    """Test a connector that was exchanged for one that knows less."""
    modes = Modes()
    modes.note("CP1", SMART)
    direct = ChargePoint(charge_point_id="CP1", modes=(ChargingMode.NORMAL, ChargingMode.PAUSED))
    assert modes.to_charge(direct) == NORMAL


def test_what_the_network_tells_counts() -> None:
    """Test a mode that somebody has set elsewhere; its limit is not known."""
    modes = Modes()
    modes.note("CP1", SLOW)
    tell(modes, ChargingMode.SMART)
    assert modes.shown("CP1") == SMART
    tell(modes, ChargingMode.PAUSED)
    assert (modes.shown("CP1"), modes.to_charge(POINT)) == (PAUSED, SMART)


def test_a_limit_stays_while_the_mode_does() -> None:
    """Test that a network that tells the mode alone does not take the limit away."""
    modes = Modes()
    modes.note("CP1", SLOW)
    tell(modes, ChargingMode.NORMAL)
    tell(modes, None)
    assert modes.shown("CP1") == SLOW
    assert modes.told("CP1") is None


def test_a_wish_is_shown_until_it_is_over() -> None:
    """Test that the network's old mode does not show through while a new one is asked for."""
    modes = Modes()
    modes.note("CP1", NORMAL)
    modes.ask("CP1", PAUSED)
    tell(modes, ChargingMode.NORMAL)
    assert modes.shown("CP1") == PAUSED
    assert not modes.settle("CP1", SMART)
    assert modes.shown("CP1") == PAUSED
    assert modes.settle("CP1", PAUSED)
    assert modes.shown("CP1") == NORMAL


@pytest.mark.parametrize(
    ("lowest", "highest", "expected"), [(6.0, 32.0, SLOW), (6.0, 8.0, NORMAL), (None, None, NORMAL)]
)
def test_a_limit_that_no_longer_fits_does_not_come_back(
    lowest: float | None, highest: float | None, expected: ModeSetting
) -> None:
    """Test that a connector leaves its pause, whatever it can do by now."""
    modes = Modes()
    modes.note("CP1", SLOW)
    modes.note("CP1", PAUSED)
    point = ChargePoint(
        charge_point_id="CP1", modes=POINT.modes, min_current=lowest, max_current=highest
    )
    assert modes.to_charge(point) == expected


def test_no_pause_lets_a_car_charge() -> None:
    """Test that a pause that somebody has ended elsewhere is no longer taken for true."""
    modes = Modes()
    modes.note("CP1", PAUSED)
    modes.apply([Change(None, answer(charge_point_id="CP1", status=SessionStatus.CONNECTED))])
    assert modes.shown("CP1") == PAUSED
    modes.apply([Change(None, answer(charge_point_id="CP1", status=SessionStatus.CHARGING))])
    assert modes.shown("CP1") is None


async def test_a_restart_forgets_nothing(ledger: Ledger) -> None:
    """Test that the last mode, and the one before a pause, come out of the ledger."""
    modes = await loaded(
        ledger,
        Set(1, SMART),
        Set(2, SLOW),
        Set(3, PAUSED),
        Set(4, NORMAL, state=CommandState.TIMED_OUT),
        Set(5, SMART, charge_point_id="CP2"),
    )
    assert (modes.shown("CP1"), modes.to_charge(POINT)) == (PAUSED, SLOW)
    assert modes.shown("CP2") == SMART


async def test_a_restart_after_the_pause_is_over(ledger: Ledger) -> None:
    """Test that an older pause does not come back."""
    percent = ModeSetting(mode=ChargingMode.NORMAL, limit=Limit(value=50.0, unit=LimitUnit.PERCENT))
    modes = await loaded(ledger, Set(1, PAUSED), Set(2, percent))
    assert modes.shown("CP1") == percent
    assert await ledger.settings(OTHER_ACCOUNT) == ()
