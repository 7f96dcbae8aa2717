"""Presses that come too fast, and callers that do not wait."""

import asyncio
from collections.abc import Awaitable
import logging
from pathlib import Path

import pytest

from custom_components.ev_charging_sessions.charging.errors import CommandFailedError
from custom_components.ev_charging_sessions.charging.events import EventType
from custom_components.ev_charging_sessions.charging.model import (
    CommandKind,
    CommandState,
    Session,
    SessionStatus,
)
from tests.simulator.world import Phase

from .driver import CARD, EVSE, OTHER_EVSE, Driver
from .ledger_files import commands
from .presses import START, STOP, charging, pressed, told
from .secrets import assert_silent, secrets_of


def flip(driver: Driver, kind: CommandKind) -> asyncio.Task[object]:
    """Press the switch of the one charge point, on or off."""
    if kind is STOP:
        return driver.spawn(driver.commands.stop_at(EVSE))
    return driver.spawn(driver.commands.start(EVSE, CARD))


async def state_of(driver: Driver, work: Awaitable[object]) -> CommandState:
    """Let time pass until a press is done, and return how it ended."""
    try:
        await driver.outcome(work)
    except CommandFailedError as err:
        return err.state
    return CommandState.CONFIRMED


@pytest.mark.parametrize(
    ("kinds", "starts", "stops"),
    [
        ([START, STOP], 1, 1),
        ([START, START], 1, 0),
        ([START, STOP, START], 1, 0),
        ([START, STOP, START, STOP], 1, 1),
        ([START, STOP, STOP, START, START], 1, 0),
        ([STOP, START], 1, 0),
    ],
)
@pytest.mark.parametrize("is_waited_for", [True, False])
async def test_only_the_newest_wish_is_sent(
    driver: Driver,
    ledger_file: Path,
    kinds: list[CommandKind],
    starts: int,
    stops: int,
    is_waited_for: bool,
) -> None:
    """Test that of the presses behind one that is under way only the last one counts.

    ``is_waited_for`` tells whether the first one has been sent before the others come.
    """
    driver.simulator.world.plug(EVSE)
    driver.simulator.world.start_delay = 20
    first, *others = (kind for kind in kinds)
    presses = [flip(driver, first)]
    if is_waited_for and first is START:
        await driver.until(lambda: driver.sent("start"))
    presses += [flip(driver, kind) for kind in others]
    assert driver.commands.wish(EVSE) is kinds[-1]
    states = [await state_of(driver, each) for each in presses]
    assert states == [
        CommandState.CONFIRMED,
        *[CommandState.SUPERSEDED] * (len(kinds) - 2),
        CommandState.CONFIRMED,
    ]
    assert (driver.sent("start"), driver.sent("stop")) == (starts, stops)
    assert len(commands(ledger_file)) == starts + stops
    assert driver.events == []
    assert driver.commands.wish(EVSE) is None
    is_running = bool(driver.simulator.world.running_at(EVSE))
    assert is_running is (kinds[-1] is START)


async def test_stop_then_start(driver: Driver, ledger_file: Path) -> None:
    """Test that a start behind a stop waits for the end, and begins another session."""
    old = await charging(driver)
    presses = [flip(driver, STOP), flip(driver, START)]
    for each in presses:
        await driver.outcome(each)
    assert (driver.sent("stop"), driver.sent("start")) == (1, 1)
    phases = [session.phase for session in driver.simulator.world.sessions.values()]
    assert phases == [Phase.STOPPED, Phase.STARTED]
    assert [*driver.open] != [old.session_id]
    assert commands(ledger_file) == [(STOP, "confirmed", None), (START, "confirmed", None)]


async def test_the_newest_wish_shows_while_the_older_one_is_under_way(driver: Driver) -> None:
    """Test that wish and command are told apart."""
    first = await pressed(driver, START)
    await driver.until(lambda: driver.sent("start"))
    second = flip(driver, STOP)
    assert (driver.commands.running(EVSE), driver.commands.wish(EVSE)) == (START, STOP)
    # Whoever listens has heard of it, although nothing can be sent yet.
    assert driver.changes[-1] == (EVSE, STOP, START)
    await driver.outcome(first)
    await driver.until(lambda: driver.sent("stop"))
    assert (driver.commands.running(EVSE), driver.commands.wish(EVSE)) == (STOP, STOP)
    await driver.outcome(second)


async def test_a_stop_behind_a_start_that_fails(driver: Driver, ledger_file: Path) -> None:
    """Test that there is nothing to stop where the start before has failed."""
    driver.simulator.world.fail_next_start("EvseInUse")
    presses = [flip(driver, START), flip(driver, STOP)]
    states = [await state_of(driver, each) for each in presses]
    assert states == [CommandState.REJECTED, CommandState.CONFIRMED]
    assert commands(ledger_file) == [(START, "rejected", "EvseInUse")]
    assert driver.sent("stop") == 0


async def test_other_places_do_not_wait(driver: Driver) -> None:
    """Test that each charge point has a turn of its own."""
    driver.simulator.world.start_delay = 30
    driver.simulator.world.plug(OTHER_EVSE)
    first = await pressed(driver, START)
    second = driver.spawn(driver.commands.start(OTHER_EVSE, CARD))
    await driver.until(lambda: driver.sent("start") == 2)
    assert driver.commands.running(OTHER_EVSE) is START
    outcomes = [await driver.outcome(each) for each in (first, second)]
    assert [each.session.charge_point_id for each in outcomes] == [EVSE, OTHER_EVSE]


@pytest.mark.parametrize("kind", [START, STOP])
async def test_a_caller_that_goes_away(
    driver: Driver, ledger_file: Path, kind: CommandKind
) -> None:
    """Test that a command that was sent is watched to its end without its caller."""
    caller = await pressed(driver, kind)
    await driver.until(lambda: driver.sent(kind))
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert driver.commands.running(EVSE) is kind
    await driver.outcome(asyncio.wait(driver.tasks))
    assert commands(ledger_file) == [(kind, "confirmed", None)]
    assert not driver.commands.is_busy
    assert driver.sent(kind) == 1


async def test_a_caller_that_goes_away_while_it_waits_for_its_turn(driver: Driver) -> None:
    """Test that a press counts, whether or not somebody waits for it."""
    first = await pressed(driver, START)
    await driver.until(lambda: driver.sent("start"))
    caller = flip(driver, STOP)
    await driver.settle()
    caller.cancel()
    await driver.outcome(first)
    await driver.outcome(asyncio.wait(driver.tasks))
    assert driver.sent("stop") == 1
    assert not driver.open


async def test_a_failure_that_nobody_waits_for(
    driver: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that a failure is news and a line in the log, without a word about a person."""
    driver.simulator.world.fail_next_start("EvseInUse")
    caller = await pressed(driver, START)
    await driver.until(lambda: driver.sent("start"))
    caller.cancel()
    await driver.outcome(asyncio.wait(driver.tasks))
    assert told(driver) == [(EVSE, EventType.START_FAILED, "EvseInUse")]
    (record,) = [each for each in caplog.records if "nobody waits for" in each.message]
    assert record.levelno == logging.WARNING
    assert "EvseInUse" in record.message
    assert_silent(caplog.text, secrets_of(driver.simulator))


async def test_a_defect_that_nobody_waits_for(
    driver: Driver, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that a defect of our own does not vanish with the caller."""

    async def break_down(sessions: tuple[Session, ...]) -> None:
        raise ZeroDivisionError

    caller = await pressed(driver, START)
    await driver.until(lambda: driver.sent("start"))
    caller.cancel()
    monkeypatch.setattr(driver.ledger, "session", break_down)
    await driver.outcome(asyncio.wait(driver.tasks))
    (record,) = [each for each in caplog.records if each.exc_info]
    assert (record.message, record.levelno) == ("A command broke", logging.ERROR)
    assert not driver.commands.is_busy


async def test_unloaded_with_callers_waiting(driver: Driver, ledger_file: Path) -> None:
    """Test that callers of an account that goes away are told, and the command stays open."""
    driver.simulator.world.plug(EVSE)
    caller = asyncio.create_task(driver.commands.start(EVSE, CARD))
    await driver.until(lambda: driver.commands.watched)
    for task in driver.tasks:
        task.cancel()
    with pytest.raises(CommandFailedError) as failure:
        await caller
    assert failure.value.state is CommandState.PENDING
    assert commands(ledger_file) == [(START, "pending", None)]
    assert (driver.commands.is_busy, driver.commands.wish(EVSE)) == (False, None)
    assert driver.events == []


async def test_status_of_a_session_that_was_stopped_while_starting(driver: Driver) -> None:
    """Test that a stop reaches a session that has not begun to run."""
    driver.simulator.world.start_delay = 60
    driver.simulator.world.plug(EVSE)
    await driver.keep([await driver.backend.start(EVSE, CARD)])
    await driver.outcome(driver.commands.stop_at(EVSE))
    (session,) = await driver.ledger.latest_sessions(driver.backend._account)
    assert session.status is SessionStatus.FINISHED
