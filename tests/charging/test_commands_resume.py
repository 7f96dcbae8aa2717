"""Commands that a crash has interrupted: their outcome is found, and nothing is sent again."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.ev_charging_sessions.charging.errors import LedgerError
from custom_components.ev_charging_sessions.charging.events import EventType
from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.model import (
    Command,
    CommandKind,
    SessionStatus,
)
from tests.conftest import START as NOW

from .driver import ACCOUNT, EVSE, Driver
from .ledger_files import commands, execute
from .presses import START, STOP, charging, crash, prepare, press, pressed, told


async def resume(driver: Driver) -> None:
    """Take up what was interrupted, and let time pass until that has an outcome."""
    await driver.commands.resume()
    await driver.outcome(asyncio.wait(driver.tasks))


@pytest.mark.parametrize("away", [1, 10, 3600])
@pytest.mark.parametrize(
    ("kind", "status"), [(START, SessionStatus.CHARGING), (STOP, SessionStatus.FINISHED)]
)
async def test_accepted(
    driver: Driver, ledger_file: Path, kind: CommandKind, status: SessionStatus, away: float
) -> None:
    """Test a crash after the answer: confirmed, be it long after the deadline."""
    await pressed(driver, kind)
    await driver.until(lambda: driver.commands.watched and driver.sent(kind))
    await crash(driver)
    driver.tick(away)
    await resume(driver)
    (session,) = await driver.ledger.latest_sessions(ACCOUNT)
    assert session.status is status
    assert commands(ledger_file) == [(kind, "confirmed", None)]
    assert driver.events == []
    assert driver.sent(kind) == 1


@pytest.mark.parametrize("kind", [START, STOP])
async def test_lost(driver: Driver, ledger_file: Path, kind: CommandKind) -> None:
    """Test a crash before the answer: what was done is found without a name for it."""
    driver.simulator.faults.on("stall_answer", scope=kind)
    await pressed(driver, kind)
    await driver.until(lambda: driver.sent(kind))
    await crash(driver)
    await resume(driver)
    assert commands(ledger_file) == [(kind, "confirmed", None)]
    assert len(driver.open) == (kind is START)
    assert driver.sent(kind) == 1


@pytest.mark.parametrize("kind", [START, STOP])
async def test_never_sent(driver: Driver, ledger_file: Path, kind: CommandKind) -> None:
    """Test a crash before the request: not sent now either, and told as failed."""
    await prepare(driver, kind)
    await crash(driver)
    driver.simulator.faults.on("stall", scope="token")
    press(driver, kind)
    await driver.until(lambda: driver.sent("token"))
    await crash(driver)
    await resume(driver)
    assert commands(ledger_file) == [(kind, "timed_out", None)]
    assert told(driver) == [(EVSE, EventType(f"{kind}_failed"), "timed_out")]
    assert driver.sent(kind) == 0


async def test_failed_meanwhile(driver: Driver, ledger_file: Path) -> None:
    """Test that a start that failed while nobody looked is told with its reason."""
    driver.simulator.world.fail_next_start("EvseInUse")
    await pressed(driver, START)
    await driver.until(lambda: driver.commands.watched)
    await crash(driver)
    driver.tick(3600)
    await resume(driver)
    assert commands(ledger_file) == [(START, "rejected", "EvseInUse")]
    assert told(driver) == [(EVSE, EventType.START_FAILED, "EvseInUse")]


async def test_refused_to_stop_meanwhile(driver: Driver, ledger_file: Path) -> None:
    """Test that a stop that failed while nobody looked is told with its reason."""
    driver.simulator.world.fail_next_stop("Timeout")
    await pressed(driver, STOP)
    await driver.until(lambda: driver.sent("stop"))
    await crash(driver)
    driver.tick(60)
    await resume(driver)
    assert commands(ledger_file) == [(STOP, "rejected", "Timeout")]
    assert told(driver) == [(EVSE, EventType.STOP_FAILED, "Timeout")]


async def test_refused_before_and_not_this_time(driver: Driver, ledger_file: Path) -> None:
    """Test that the refusal of an earlier stop is no answer to the one that was interrupted."""
    driver.simulator.world.fail_next_stop("Timeout")
    await driver.outcome(asyncio.wait({await pressed(driver, STOP)}))
    driver.tick(60)
    press(driver, STOP)
    await driver.until(lambda: driver.sent("stop") == 2)
    driver.events.clear()
    await crash(driver)
    await resume(driver)
    assert commands(ledger_file) == [(STOP, "rejected", "Timeout"), (STOP, "confirmed", None)]
    assert driver.events == []


async def test_begun_and_ended_meanwhile(driver: Driver, ledger_file: Path) -> None:
    """Test that a start came about although its session is over by now."""
    await pressed(driver, START)
    await driver.until(lambda: driver.commands.watched)
    await crash(driver)
    driver.tick(10)
    driver.simulator.world.unplug(EVSE)
    driver.tick(3600)
    await resume(driver)
    assert commands(ledger_file) == [(START, "confirmed", None)]
    assert driver.events == []


async def test_still_under_way(driver: Driver, ledger_file: Path) -> None:
    """Test that a resumed command shows as such, and waits for what is left of its time."""
    driver.simulator.world.start_delay = 50
    await pressed(driver, START)
    await driver.until(lambda: driver.commands.watched)
    await crash(driver)
    driver.tick(20)
    await driver.commands.resume()
    assert (driver.commands.running(EVSE), driver.commands.wish(EVSE)) == (START, START)
    await driver.advance(10)
    assert commands(ledger_file) == [(START, "pending", None)]
    # A second crash changes nothing.
    await crash(driver)
    await resume(driver)
    assert commands(ledger_file) == [(START, "confirmed", None)]
    assert driver.sent("start") == 1


async def test_pressed_again_at_once(driver: Driver, ledger_file: Path) -> None:
    """Test that a new press waits until the old command has its outcome."""
    await pressed(driver, START)
    await driver.until(lambda: driver.commands.watched)
    await crash(driver)
    await driver.commands.resume()
    await driver.outcome(driver.commands.stop_at(EVSE))
    assert commands(ledger_file) == [(START, "confirmed", None), (STOP, "confirmed", None)]
    assert (driver.sent("start"), driver.sent("stop")) == (1, 1)


async def test_two_at_one_place(driver: Driver, ledger: Ledger, ledger_file: Path) -> None:
    """Test that each of them gets its outcome, because each may have been sent."""
    session = await charging(driver)
    for kind in (START, STOP):
        await ledger.add_command(
            Command(
                command_id=kind,
                account=ACCOUNT,
                kind=kind,
                charge_point_id=EVSE,
                session_id=session.session_id,
                created=NOW + timedelta(seconds=kind is STOP),
                deadline=NOW + timedelta(seconds=60),
            )
        )
    driver.simulator.world.unplug(EVSE)
    await driver.commands.resume()
    # A newer wish, which must not take the place of those.
    await driver.outcome(driver.commands.stop_at(EVSE))
    assert commands(ledger_file) == [(START, "confirmed", None), (STOP, "confirmed", None)]
    assert driver.sent("stop") == 0


async def test_a_ledger_that_breaks_after_the_answer(driver: Driver, ledger_file: Path) -> None:
    """Test that a command whose name could not be written down is found by looking."""
    execute(
        ledger_file,
        "CREATE TRIGGER full BEFORE UPDATE ON commands BEGIN SELECT RAISE(ABORT, 'full'); END",
    )
    failing = await pressed(driver, START)
    with pytest.raises(LedgerError):
        await driver.outcome(failing)
    assert commands(ledger_file) == [(START, "pending", None)]
    execute(ledger_file, "DROP TRIGGER full")
    await crash(driver)
    await resume(driver)
    assert commands(ledger_file) == [(START, "confirmed", None)]
    assert driver.sent("start") == 1


async def test_nothing_to_resume(driver: Driver) -> None:
    """Test that a start without a past asks the network nothing."""
    await driver.commands.resume()
    await driver.settle()
    assert not driver.tasks
    assert driver.simulator.log.entries == []


async def test_no_verdict_without_a_look(driver: Driver, ledger_file: Path) -> None:
    """Test that a resumed command is not given up while the network cannot be asked."""
    await pressed(driver, START)
    await driver.until(lambda: driver.commands.watched)
    await crash(driver)
    driver.tick(600)
    driver.simulator.faults.on("http_503", scope="GET", seconds=60)
    await driver.commands.resume()
    await driver.outcome(asyncio.wait(driver.tasks))
    assert commands(ledger_file) == [(START, "confirmed", None)]
    assert told(driver) == []
