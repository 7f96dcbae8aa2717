"""One run of the chaos, from the first driver to the audit."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random
import re

from msgspec import Struct

from custom_components.ev_charging_sessions.networks import account_of
from tests.simulator import Simulator
from tests.simulator.defaults import PLUGSURFING_PARTNER

from .audit import audit, read_archive
from .drivers import Drivers
from .mishaps import Mishaps
from .town import Town

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
# Beyond the longest that anything is put off for after the last trouble.
_PEACE = 4500
_PEACEFUL_STEP = 30.0
_COMPLAINT = re.compile(r" (ERROR|CRITICAL) |^Traceback")


class Result(Struct, frozen=True):
    """What a run has come to: what was wrong, and how much has happened."""

    findings: list[str]
    sessions: int
    kills: int
    posts: int
    mishaps: dict[str, int]


async def run(
    folder: Path, *, seed: int, stays: int = 200, kills: int = 45, poles: int = 16
) -> Result:
    """Let drivers come and go, with about so many kills, and audit the books."""
    chance = Random(f"chaos {seed}")
    simulator = Simulator(start=START)
    town = Town(simulator, folder, chance, poles)
    async with simulator:
        town.furnish()
        drivers = Drivers(town, stays, kills)
        mishaps = Mishaps(town, drivers)
        async with town.lives:
            await _suffer(town, drivers, mishaps)
            await _rest(town)
            town.lives.strike()
            await town.lives.still(town.now)
        account = account_of("plugsurfing", {"partner_identifier": PLUGSURFING_PARTNER})
        archive = await read_archive(folder, account)
        complaints = [line for line in town.lives.output.splitlines() if _COMPLAINT.search(line)]
        return Result(
            findings=[*audit(simulator.books, drivers.stays, archive, town.diary), *complaints],
            sessions=len(simulator.books.latest()),
            kills=town.kills,
            posts=len(simulator.books.posts),
            mishaps=mishaps.happened,
        )


async def _suffer(town: Town, drivers: Drivers, mishaps: Mishaps) -> None:
    """Let time pass until the last driver has left."""
    troubles = asyncio.create_task(mishaps.run())
    visits = asyncio.create_task(drivers.run())
    while not visits.done():
        assert not troubles.done(), troubles.exception()
        await town.step()
    await visits
    troubles.cancel()
    with suppress(asyncio.CancelledError):
        await troubles


async def _rest(town: Town) -> None:
    """Let all troubles end, and give everything its time."""
    town.may_kill = False
    town.simulator.faults.off()
    for _ in range(int(_PEACE / _PEACEFUL_STEP)):
        await town.step(_PEACEFUL_STEP)
