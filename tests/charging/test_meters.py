"""What has been charged in all, and what flows now."""

from copy import replace
from datetime import timedelta

import pytest

from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.meters import SAMPLE_EXPIRES, Meters
from custom_components.ev_charging_sessions.charging.model import Session, SessionStatus

from .answers import ACCOUNT, OTHER_ACCOUNT, answer, at

CHARGING, SUSPENDED = SessionStatus.CHARGING, SessionStatus.SUSPENDED
CONNECTED, FINISHED = SessionStatus.CONNECTED, SessionStatus.FINISHED
RUNNING = answer(charge_point_id="CP1", status=CHARGING, started=at(0), energy=1.0)


async def told(ledger: Ledger, meters: Meters, minute: float, *sessions: Session) -> None:
    """Do what a poll does: write first, then follow what has changed by that."""
    meters.apply(await ledger.upsert(sessions, read=at(minute)))


async def agree(ledger: Ledger, meters: Meters) -> None:
    """Make sure that a restart now would find the same sums."""
    restarted = Meters()
    await restarted.load(ledger, ACCOUNT)
    assert restarted.energy == pytest.approx(meters.energy, abs=1e-9)
    for point in ("CP1", "CP2"):
        assert restarted.energy_at(point) == pytest.approx(meters.energy_at(point), abs=1e-9)


async def test_nothing_charged(ledger: Ledger) -> None:
    """Test that an account without sessions has charged exactly nothing."""
    meters = Meters()
    await meters.load(ledger, ACCOUNT)
    assert (meters.energy, meters.energy_at("CP1")) == (0.0, 0.0)


async def test_sums_follow_every_change(ledger: Ledger) -> None:
    """Test growth, a second session, a correction, and a session that was elsewhere."""
    meters = Meters()
    await told(ledger, meters, 1, RUNNING)
    await told(ledger, meters, 2, replace(RUNNING, energy=2.5))
    await told(ledger, meters, 3, replace(RUNNING, energy=2.4, status=FINISHED))
    assert meters.energy_at("CP1") == 2.4
    other = answer("s2", charge_point_id="CP2", status=FINISHED, energy=0.1)
    await told(ledger, meters, 4, other, answer("s3", status=FINISHED, energy=0.2))
    assert (meters.energy_at("CP1"), meters.energy_at("CP2"), meters.energy) == (2.4, 0.1, 2.7)
    await agree(ledger, meters)
    await told(ledger, meters, 5, replace(other, charge_point_id="CP1", energy=0.3))
    assert (meters.energy_at("CP1"), meters.energy_at("CP2"), meters.energy) == (2.7, 0.0, 2.9)
    await agree(ledger, meters)


async def test_unknown_energy_adds_nothing(ledger: Ledger) -> None:
    """Test that a session that does not tell its energy leaves the sums alone."""
    meters = Meters()
    await told(ledger, meters, 1, replace(RUNNING, energy=None))
    assert meters.energy == 0.0
    await told(ledger, meters, 2, RUNNING)
    assert meters.energy == 1.0


async def test_another_account_does_not_count(ledger: Ledger) -> None:
    """Test that a sum holds what its own account has charged."""
    await ledger.upsert([answer(account=OTHER_ACCOUNT, charge_point_id="CP1", energy=9.0)])
    meters = Meters()
    await meters.load(ledger, ACCOUNT)
    assert (meters.energy, meters.energy_at("CP1")) == (0.0, 0.0)


async def charged(ledger: Ledger, meters: Meters) -> None:
    """Let 11 kW flow until minute 12, by three meter values."""
    for minute, energy in ((0, 1.0), (6, 2.1), (12, 3.2)):
        await told(ledger, meters, minute, replace(RUNNING, energy=energy))


async def test_power_between_two_values(ledger: Ledger) -> None:
    """Test that power is known once two values were seen to begin, and equal ones do not count."""
    meters = Meters()
    await told(ledger, meters, 0, RUNNING)
    await told(ledger, meters, 5, replace(RUNNING, energy=2.1))
    # The first value may have been there for long when it was seen first.
    assert meters.power(RUNNING, at(5)) is None
    # The same value once more, with something else that is new.
    await told(ledger, meters, 8, replace(RUNNING, energy=2.1, card_id="card"))
    await told(ledger, meters, 11, replace(RUNNING, energy=3.2))
    assert meters.power(RUNNING, at(11)) == 11000


async def test_an_old_value_says_nothing_about_now(ledger: Ledger) -> None:
    """Test that power is unknown once the last value is too old."""
    meters = Meters()
    await charged(ledger, meters)
    assert meters.power(RUNNING, at(12) + SAMPLE_EXPIRES) == 11000
    assert meters.power(RUNNING, at(12) + SAMPLE_EXPIRES + timedelta(seconds=1)) is None


@pytest.mark.parametrize("status", [SUSPENDED, CONNECTED, FINISHED])
async def test_no_power_without_charging(ledger: Ledger, status: SessionStatus) -> None:
    """Test that power does not stick when a car stops to draw."""
    meters = Meters()
    await charged(ledger, meters)
    assert meters.power(replace(RUNNING, status=status), at(13)) == 0.0
    assert meters.power(replace(RUNNING, status=None), at(13)) is None


async def test_a_pause_does_not_lower_the_power(ledger: Ledger) -> None:
    """Test that the time of a pause is not part of the mean after it."""
    meters = Meters()
    await charged(ledger, meters)
    await told(ledger, meters, 18, replace(RUNNING, energy=4.3, status=SUSPENDED))
    await told(ledger, meters, 66, replace(RUNNING, energy=4.3))
    await told(ledger, meters, 70, replace(RUNNING, energy=5.0))
    assert meters.power(RUNNING, at(70)) is None
    await told(ledger, meters, 76, replace(RUNNING, energy=6.1))
    assert meters.power(RUNNING, at(76)) == 11000


async def test_what_cannot_be_is_unknown(ledger: Ledger) -> None:
    """Test that neither a correction nor an impossible jump passes for power."""
    meters = Meters()
    await charged(ledger, meters)
    await told(ledger, meters, 13, replace(RUNNING, energy=0.5))
    assert meters.power(RUNNING, at(13)) is None
    await told(ledger, meters, 14, replace(RUNNING, energy=500.0))
    assert meters.power(RUNNING, at(14)) is None
    await told(ledger, meters, 20, replace(RUNNING, energy=501.1))
    assert meters.power(RUNNING, at(20)) == 11000
