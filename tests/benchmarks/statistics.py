"""What it costs to write five years of statistics, beside the recorder with the very same rows.

The floor is the CPU of the recorder alone: it is given the same rows in the same calls once more,
after they were taken away, and each call is waited for. On our side there is all the rest:
reading 18,250 sessions from the ledger, parting them over hours, comparing with what is there,
and reading it back.
"""

import asyncio
from copy import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import gc
from itertools import batched
from pathlib import Path
from random import Random
import tempfile
import time

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.models import StatisticData, StatisticMetaData
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    get_metadata,
    statistics_during_period,
)
from homeassistant.components.recorder.tasks import SynchronizeTask
from homeassistant.core import HomeAssistant

from custom_components.ev_charging_sessions.charging.model import (
    Cost,
    Session,
    SessionStatus,
    Source,
)
from custom_components.ev_charging_sessions.coordinator import ChargingCoordinator
from tests.recording_home import ACCOUNT, recording_home

from .measure import report
from .park import Blocks

DAYS, A_DAY, POINTS = 1826, 10, 2
MOST = 1.2
LONGEST_BLOCK = 20.0
ROWS_AT_ONCE = 500
FIRST = datetime(2021, 11, 21, 15, tzinfo=UTC)

type Rows = list[tuple[StatisticMetaData, list[StatisticData]]]


def _sessions() -> list[Session]:
    """Return sessions of up to four hours, from the afternoon into the night."""
    random = Random(4711)
    found = []
    for day in range(DAYS):
        for number in range(A_DAY):
            started = FIRST + timedelta(days=day, seconds=random.randrange(8 * 3600))
            ended = started + timedelta(seconds=random.randrange(1200, 4 * 3600))
            amount = Decimal(random.randrange(3000)) / 100
            session = Session(
                account=ACCOUNT,
                session_id=f"{day}-{number}",
                charge_point_id=f"{number % POINTS}",
                status=SessionStatus.FINISHED,
                started=started,
                ended=ended,
                energy=random.randrange(80_000) / 1000,
                cost=Cost(amount=amount, currency="EUR", source=Source.REPORTED),
                updated=ended,
            )
            found.append(session)
    return found


def _rows(hass: HomeAssistant) -> Rows:
    """Return all rows of all series that the recorder holds."""
    metadata = {key: each for key, (_, each) in get_metadata(hass).items()}
    found = statistics_during_period(
        hass, FIRST, None, set(metadata), "hour", None, {"state", "sum"}
    )
    return [
        (
            metadata[key],
            [
                StatisticData(
                    start=datetime.fromtimestamp(row["start"], UTC),
                    state=row.get("state") or 0.0,
                    sum=row.get("sum") or 0.0,
                )
                for row in rows
            ],
        )
        for key, rows in found.items()
    ]


async def _alone(hass: HomeAssistant, rows: Rows) -> None:
    """Let the recorder write rows that somebody else has made."""
    for metadata, of_series in rows:
        for chunk in batched(of_series, ROWS_AT_ONCE, strict=False):
            async_add_external_statistics(hass, metadata, chunk)
            await _committed(hass)


async def _committed(hass: HomeAssistant) -> None:
    """Wait until the recorder has done all it was told."""
    future = hass.loop.create_future()
    get_instance(hass).queue_task(SynchronizeTask(future))
    await future


async def _ours(coordinator: ChargingCoordinator, blocks: Blocks | None = None) -> float:
    """Write all that is due and return the seconds of CPU that took.

    Looking for blocks keeps the loop busy all the time, so nothing else is measured then.
    """
    writer = coordinator.statistics
    assert writer
    gc.collect()
    began = time.process_time()
    await (blocks.watch(writer.async_catch_up) if blocks else writer.async_catch_up())
    taken = time.process_time() - began
    assert not await coordinator.ledger.statistics.due(ACCOUNT)
    return taken


async def _cleared(hass: HomeAssistant) -> None:
    """Take all statistics away."""
    recorder = get_instance(hass)
    found = await recorder.async_add_executor_job(get_metadata, hass)
    recorder.async_clear_statistics(list(found))
    await _committed(hass)


async def run(rounds: int = 2) -> bool:
    """Run the benchmark; what other programs do only ever adds, so the best of each counts."""
    sessions = _sessions()
    blocks, taken, floors = Blocks(), [], []
    with tempfile.TemporaryDirectory() as folder:
        async with recording_home(Path(folder)) as coordinator:
            hass = coordinator.hass
            for chunk in batched(sessions, 2000, strict=False):
                await coordinator.ledger.upsert(chunk)
            for _ in range(rounds):
                taken.append(await _ours(coordinator))
                rows = await get_instance(hass).async_add_executor_job(_rows, hass)
                await _cleared(hass)
                gc.collect()
                began = time.process_time()
                await _alone(hass, rows)
                floors.append(time.process_time() - began)
                await _cleared(hass)
            await _ours(coordinator, blocks)
            late = sessions[4000]
            assert late.updated
            corrected = replace(late, energy=99.0, updated=late.updated + timedelta(days=1))
            await coordinator.ledger.upsert([corrected])
            correction = await _ours(coordinator)
    count = sum(len(of_series) for _, of_series in rows)
    print(f"  {count:,} rows in {len(rows)} series; the recorder alone {min(floors):.1f} s of CPU")
    print(f"  a correction in the second year: {correction / min(floors):.2f} x that")
    is_reached = report("Statistics of five years", min(taken) / min(floors), MOST)
    print(
        f"  the loop itself held up {min(blocks.cpu):.1f} to {max(blocks.cpu):.1f} ms,"
        f" others waited up to {max(blocks.wall):.1f} ms"
    )
    title = "Statistics of five years, longest block"
    return report(title, min(blocks.cpu), LONGEST_BLOCK, "ms") and is_reached


if __name__ == "__main__":
    raise SystemExit(not asyncio.run(run()))
