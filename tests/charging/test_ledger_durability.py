"""Tests of what the ledger keeps when processes die, collide or fail."""

import asyncio
from pathlib import Path
import random
import shutil
import signal
import sqlite3
import subprocess
import sys

import pytest

from custom_components.ev_charging_sessions.charging.errors import LedgerError
from custom_components.ev_charging_sessions.charging.ledger import Ledger, SessionQuery
from custom_components.ev_charging_sessions.charging.ledger_migrations import current_version

from .answers import ACCOUNT, OTHER_ACCOUNT, answer, at
from .ground_floor import environment
from .ledger_files import rows
from .test_ledger_migrations import VERSIONS, check, run, schema

# So many sessions more than those that tell what was in a file of an old version.
MANY_IDS = tuple(f"m{number}" for number in range(2000))
MANY = """
WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 1999)
INSERT INTO sessions (account, session_id, status, energy) SELECT 1, 'm' || n, 90, 1.5 FROM n;
"""
# At so many moments of opening a file a process is killed.
MOMENTS = 16


async def test_kill_9_loses_nothing_acknowledged(ledger_file: Path) -> None:
    """Test that a process killed while writing leaves every session it had reported."""
    url = f"sqlite:///{ledger_file}"
    acknowledged: list[str] = []
    for _ in range(3):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("ledger_writer.py")),
            url,
            env=environment(),
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        first = await process.stdout.readline()
        assert first
        await asyncio.sleep(random.uniform(0.01, 0.3))
        process.kill()
        rest, _ = await process.communicate()
        assert process.returncode == -signal.SIGKILL
        lines = (first + rest).decode().split("\n")
        # What follows the last line break was not printed whole.
        acknowledged = max(acknowledged, lines[:-1], key=len)
        ledger = Ledger(url)
        await ledger.open()
        for session_id in acknowledged:
            stored = await ledger.session(ACCOUNT, session_id)
            assert stored
            assert stored.energy == 2.0
        await ledger.close()
    with sqlite3.connect(ledger_file) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


async def test_errors_are_ledger_errors_without_values(ledger: Ledger, ledger_file: Path) -> None:
    """Test that a table that fails gives an error that shows no card and no parameter."""
    connection = sqlite3.connect(ledger_file)
    connection.execute(
        "CREATE TRIGGER fail BEFORE INSERT ON sessions BEGIN SELECT raise(ABORT, 'card-4711'); END"
    )
    connection.close()
    with pytest.raises(LedgerError) as caught:
        await ledger.upsert([answer(card_id="card-4711")])
    assert str(caught.value) == "The ledger cannot be used: SQLITE_CONSTRAINT_TRIGGER"
    parameters = str(caught.value.__cause__).split("parameters", 1)[-1]
    assert "card-4711" not in parameters


@pytest.mark.parametrize("state", ["new", "closed"])
async def test_a_ledger_that_is_not_open(ledger_file: Path, state: str) -> None:
    """Test that a ledger answers nothing before it is opened and after it is closed."""
    ledger = Ledger(f"sqlite:///{ledger_file}")
    await ledger.close()
    if state == "closed":
        await ledger.open()
        await ledger.open()
        await ledger.close()
        await ledger.close()
    with pytest.raises(LedgerError):
        await ledger.upsert([answer()])
    with pytest.raises(LedgerError):
        await ledger.open_sessions(ACCOUNT)


async def test_close_finishes_what_was_asked(ledger: Ledger, ledger_file: Path) -> None:
    """Test that an upsert that was under way is written, and the log folded in."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(ledger.upsert([answer()]))
        await asyncio.sleep(0)
        group.create_task(ledger.close())
    assert len(task.result()) == 1
    assert not ledger_file.with_name("ledger.db-wal").exists()
    assert len(rows(ledger_file)["sessions"]) == 1


async def test_gathered_upserts_of_one_session_give_one_row(
    ledger: Ledger, ledger_file: Path
) -> None:
    """Test a hundred upserts at once through two ledgers on one file."""
    second = Ledger(f"sqlite:///{ledger_file}")
    await second.open()
    answers = [answer(energy=float(n), updated=at(n % 10)) for n in range(100)]
    changes = await asyncio.gather(
        *(([ledger, second][n % 2]).upsert([one]) for n, one in enumerate(answers))
    )
    assert sum(change.before is None for each in changes for change in each) == 1
    stored = await second.session(ACCOUNT, "s1")
    assert stored
    assert (stored.energy, stored.updated) == (99.0, at(9))
    await second.close()
    assert len(rows(ledger_file)["sessions"]) == 1


async def test_a_batch_is_written_whole_or_not_at_all(ledger: Ledger, ledger_file: Path) -> None:
    """Test that nothing of a batch stays if one of its answers cannot be written."""
    with pytest.raises(TypeError):
        await ledger.upsert(
            [
                answer("s0", account=OTHER_ACCOUNT),
                answer("s1", started=at(0).replace(tzinfo=None)),
            ]
        )
    assert rows(ledger_file)["sessions"] == []


@pytest.mark.parametrize("version", range(current_version()))
async def test_kill_9_during_migration(tmp_path: Path, version: int) -> None:
    """Test that a file of each version is whole, whenever the process dies that opens it.

    Version 0 is no file at all.
    """
    old = tmp_path / "old.db"
    if version:
        run(old, (VERSIONS / f"{version}.sql").read_text() + MANY)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("ledger_opener.py")),
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )

    async def opened(file: Path, seconds: float) -> str:
        assert process.stdin
        assert process.stdout
        process.stdin.write(f"sqlite:///{file} {seconds}\n".encode())
        return (await process.stdout.readline()).decode().strip()

    copies = [tmp_path / f"{number}.db" for number in range(MOMENTS + 1)]
    if version:
        for copy in copies:
            shutil.copy(old, copy)
    whole = float(await opened(copies[0], 60))
    killed = 0
    for number, copy in enumerate(copies[1:]):
        took = await opened(copy, whole * number / MOMENTS)
        if took == "killed":
            killed += 1
        else:
            # Other programs have held it up before.
            whole = float(took)
        if number % 2:
            # Killed again at another moment of the second attempt.
            await opened(copy, whole * random.random())
    process.kill()
    await process.wait()
    assert killed > MOMENTS // 4
    for copy in copies:
        ledger = Ledger(f"sqlite:///{copy}")
        await ledger.open()
        assert ledger.set_aside is None
        if version:
            await check(ledger, version)
            assert (await ledger.totals(SessionQuery(session_ids=MANY_IDS))).count == len(MANY_IDS)
        await ledger.close()
        assert schema(copy) == schema(copies[0])
        assert schema(copy)["version"] == [(current_version(),)]
