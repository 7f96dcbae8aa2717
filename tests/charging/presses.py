"""Presses of a driver, for the tests of commands."""

import asyncio

from custom_components.ev_charging_sessions.charging.command_runs import (
    DEFAULT_TIME_LIMIT,
    Outcome,
)
from custom_components.ev_charging_sessions.charging.events import EventType
from custom_components.ev_charging_sessions.charging.model import CommandKind, Session

from .driver import ACCOUNT, CARD, EVSE, Driver

START, STOP = CommandKind.START, CommandKind.STOP


async def charging(driver: Driver) -> Session:
    """Let a session run that the account knows of, with a request log that begins anew."""
    session_id = driver.simulator.world.start_at_pole(EVSE, CARD).session_id
    await driver.poll()
    driver.simulator.log.clear()
    return driver.open[session_id]


async def prepare(driver: Driver, kind: CommandKind) -> None:
    """Plug in for a start, or let a session run for a stop."""
    if kind is STOP:
        await charging(driver)
    else:
        driver.simulator.world.plug(EVSE)


def press(
    driver: Driver, kind: CommandKind, time_limit: float = DEFAULT_TIME_LIMIT
) -> asyncio.Task[Outcome[Session]]:
    """Ask for a start, or for a stop of the session that runs, and do not wait for it."""
    if kind is STOP:
        (session,) = driver.open.values()
        return driver.spawn(driver.commands.stop(session, time_limit))
    return driver.spawn(driver.commands.start(EVSE, CARD, time_limit))


async def pressed(
    driver: Driver, kind: CommandKind, time_limit: float = DEFAULT_TIME_LIMIT
) -> asyncio.Task[Outcome[Session]]:
    """Prepare and press."""
    await prepare(driver, kind)
    return press(driver, kind, time_limit)


async def crash(driver: Driver) -> None:
    """Lose everything but the ledger, as ``kill -9`` does, and look into it again."""
    driver.restart()
    driver.simulator.faults.off()
    await driver.settle()
    driver.open = {
        session.session_id: session for session in await driver.ledger.open_sessions(ACCOUNT)
    }


def told(driver: Driver) -> list[tuple[str, EventType, str | None]]:
    """Return the news of commands: where, what and why."""
    return [(place, event.type, event.reason) for place, event in driver.events]
