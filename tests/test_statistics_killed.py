"""Test what is left of the statistics when Home Assistant is killed while it writes them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from os import environ
from pathlib import Path
from random import Random
import sqlite3
import sys

import pytest

from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.model import (
    Cost,
    Session,
    SessionStatus,
    Source,
)
from tests.programs import CACHE, PROJECT
from tests.recording_home import ACCOUNT, LEDGER, RECORDER

FIRST = datetime(2024, 11, 1, tzinfo=UTC)
SESSIONS = 600
HOUR = 3600
ENERGY, COST = 6.0, Decimal("1.20")


def _sessions() -> list[Session]:
    """Return sessions of three hours each, from one full hour to another."""
    found = []
    for number in range(SESSIONS):
        started = FIRST + timedelta(hours=number * 13)
        ended = started + timedelta(hours=3)
        session = Session(
            account=ACCOUNT,
            session_id=f"s{number}",
            charge_point_id=f"{number % 2}",
            status=SessionStatus.FINISHED,
            started=started,
            ended=ended,
            energy=ENERGY,
            cost=Cost(amount=COST, currency="EUR", source=Source.REPORTED),
            updated=ended,
        )
        found.append(session)
    return found


@asynccontextmanager
async def _home(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the home in a process of its own, and kill it in the end."""
    with (folder / "output.log").open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.recording_home", str(folder)),
            cwd=PROJECT,
            env=environ | CACHE,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=output,
        )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def _until(process: asyncio.subprocess.Process, line: str, folder: Path) -> None:
    assert process.stdout
    while told := await process.stdout.readline():
        if told.decode().strip() == line:
            return
    raise AssertionError((folder / "output.log").read_text())


async def _until_true(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_true():  # noqa: ASYNC110 - another process makes it true
            await asyncio.sleep(0.01)


def _ask(file: Path, statement: str) -> list[tuple[float, ...]]:
    with closing(sqlite3.connect(file, timeout=20)) as connection, connection:
        return connection.execute(statement).fetchall()


def _has_begun(folder: Path) -> Callable[[], bool]:
    """Return what tells whether something has changed in the statistics from now on."""
    statement = "SELECT count(*), total(sum), total(state) FROM statistics"
    before = _ask(folder / RECORDER, statement)
    return lambda: _ask(folder / RECORDER, statement) != before


def _assert_right(folder: Path) -> None:
    """Compare all series with the sessions, hour by hour."""
    assert _ask(folder / LEDGER, "SELECT count(*) FROM statistics_due") == [(0,)]
    for series, of_point in (("%abcdef", None), ("%abcdef_0", 0), ("%abcdef_1", 1)):
        for kind, amount in (("energy", ENERGY), ("cost", float(COST))):
            rows = _ask(
                folder / RECORDER,
                "SELECT start_ts, state, sum FROM statistics JOIN statistics_meta"  # noqa: S608 - our own
                " ON statistics_meta.id = metadata_id"
                f" WHERE statistic_id LIKE '{series}_{kind}' ORDER BY start_ts",
            )
            hours = {
                int(session.started.timestamp()) + hour * HOUR
                for number, session in enumerate(_sessions())
                if session.started and of_point in (None, number % 2)
                for hour in range(3)
            }
            assert {start for start, state, _ in rows if state} == hours
            assert len({start for start, *_ in rows}) == len(rows)
            total = 0.0
            for _, state, sum_ in rows:
                assert state == pytest.approx(amount / 3, abs=1e-6) or not state
                total += state
                assert sum_ == pytest.approx(total, abs=1e-6)
            count = sum(of_point in (None, number % 2) for number in range(SESSIONS))
            assert total == pytest.approx(count * amount, abs=1e-6)


@pytest.mark.timeout(180)
async def test_killed(socket_enabled: None, tmp_path: Path) -> None:
    """Test that statistics are whole after kills while they were written and rebuilt."""
    asyncio.get_running_loop().set_debug(False)
    random = Random()
    ledger = Ledger(f"sqlite:///{tmp_path / LEDGER}")
    await ledger.open()
    await ledger.upsert(_sessions())
    await ledger.close()
    async with _home(tmp_path) as process:
        await _until(process, "ready", tmp_path)
        await _until_true(_has_begun(tmp_path))
        await asyncio.sleep(random.uniform(0, 0.3))
    assert _ask(tmp_path / LEDGER, "SELECT count(*) FROM statistics_due") == [(2,)]
    async with _home(tmp_path) as process:
        await _until(process, "written", tmp_path)
        _assert_right(tmp_path)
        # Somebody has spoiled all sums, and takes away half a year.
        _ask(tmp_path / RECORDER, "UPDATE statistics SET sum = sum + 100, state = 7")
        _ask(
            tmp_path / RECORDER,
            f"DELETE FROM statistics WHERE start_ts < {FIRST.timestamp() + 150 * 24 * HOUR}",  # noqa: S608 - our own
        )
        assert process.stdin
        has_begun = _has_begun(tmp_path)
        process.stdin.write(b"rebuild\n")
        await _until_true(has_begun)
        await asyncio.sleep(random.uniform(0, 0.3))
    assert _ask(tmp_path / LEDGER, "SELECT count(*) FROM statistics_due") == [(2,)]
    async with _home(tmp_path) as process:
        await _until(process, "written", tmp_path)
        _assert_right(tmp_path)
