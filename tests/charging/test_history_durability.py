"""Tests of imports whose process is killed at any moment."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
import random
import signal
import subprocess
import sys

import pytest

from custom_components.ev_charging_sessions.charging.ledger import Ledger, SessionQuery
from custom_components.ev_charging_sessions.charging.model import Account
from tests.simulator import Simulator
from tests.simulator.defaults import (
    CLEVEREV_TOKEN,
    SMAPPEE_CLIENT_ID,
    SMAPPEE_CLIENT_SECRET,
    SMAPPEE_PASSWORD,
    SMAPPEE_USERNAME,
)
from tests.simulator.park_past import populate_past

from .ground_floor import environment

SESSIONS = 3000
DAYS = 900
KILLS = 3


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncIterator[Simulator]:
    """Serve a fresh simulator in real time."""
    async with Simulator(frozen=False) as simulator:
        yield simulator


async def run(folder: Path, backend: str, simulator: Simulator, slices: int | None) -> list[str]:
    """Run the program, kill it soon after so many slices, and return what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("past_importer.py")),
        f"sqlite:///{folder / 'ledger.db'}",
        backend,
        simulator.url,
        str(DAYS + 1),
        env={
            **environment(),
            "API_TOKEN": CLEVEREV_TOKEN,
            "CLIENT_ID": SMAPPEE_CLIENT_ID,
            "CLIENT_SECRET": SMAPPEE_CLIENT_SECRET,
            "USERNAME": SMAPPEE_USERNAME,
            "PASSWORD": SMAPPEE_PASSWORD,
        },
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    if slices is None:
        said, _ = await process.communicate()
        assert process.returncode == 0
        return said.decode().splitlines()
    for _ in range(slices):
        assert await process.stdout.readline()
    await asyncio.sleep(random.uniform(0, 0.03))
    process.kill()
    await process.communicate()
    assert process.returncode == -signal.SIGKILL
    return []


@pytest.mark.parametrize("backend", ["smappee", "cleverev"])
async def test_kill_9_loses_and_doubles_nothing(
    simulator: Simulator, tmp_path: Path, backend: str
) -> None:
    """Test that an import goes on where it was, and counts each session once."""
    if backend == "smappee":
        populate_past(simulator.parks, 20001, SESSIONS, days=DAYS)
        books = {
            str(each.id): round(simulator.parks.energy(each) * 1000)
            for each in simulator.parks.sessions.values()
        }
        name = "park_sessions"
    else:
        past = simulator.namespace.populate(SESSIONS, days=DAYS)
        books = {
            f"csn-{number:017d}": energy
            for number, energy in zip(past.numbers, past.energies, strict=True)
        }
        name = "list_sessions"
    for _ in range(KILLS):
        await run(tmp_path, backend, simulator, random.randint(1, 6))
    (*_, last) = await run(tmp_path, backend, simulator, None)
    assert last == f"done {SESSIONS} {SESSIONS} 0"
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    await ledger.open()
    found = await ledger.sessions(SessionQuery())
    known = await ledger.imports.find(Account(backend=backend, account_id="a1"))
    await ledger.close()
    assert len(found) == SESSIONS
    assert {each.session_id: round((each.energy or 0) * 1000) for each in found} == books
    assert known is not None
    assert (known.read, known.new, known.changed) == (SESSIONS, SESSIONS, 0)
    # Nothing was read from the beginning again: only what was under way at a kill.
    assert simulator.log.count(name) <= 34 + 2 * KILLS
