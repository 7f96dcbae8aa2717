"""What the polls of a CleverEV namespace cost, however many sessions it has.

The floor of each figure is: GET the lists of the same poll and ``orjson.loads`` all of them.
A namespace of ten chargers has a hundred sessions, or a hundred thousand; a big one has a
thousand connectors, and three hundred sessions are open there.
``python -m tests.benchmarks.namespace 500`` gives all connectors of the big one entities.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
import gc
from pathlib import Path
import sys
import tempfile
import time
from typing import NamedTuple

from aiohttp import ClientSession
import orjson

from tests import ha_compat  # noqa: F401 - loads what must come before Home Assistant

from pytest_homeassistant_custom_component.common import (  # isort: skip
    MockConfigEntry,
    async_test_home_assistant,
)

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component

from custom_components.ev_charging_sessions.charging.backends import budget
from custom_components.ev_charging_sessions.charging.backends.cleverev import CleverEV
from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.model import Account, EnergyUnit
from custom_components.ev_charging_sessions.const import DOMAIN
from custom_components.ev_charging_sessions.coordinator import ChargingCoordinator

from . import namespace_server
from .measure import cpu_seconds, report
from .park import Blocks, Work

FEW, MANY = 100, 100_000
CHARGERS, ACTIVE = 10, 10
BIG_CHARGERS, BIG_ACTIVE = 500, 300
# Home Assistant lets an account have 10,000 entities, and a connector has 15 and more.
CHARGERS_WITH_ENTITIES = 250
REPEATS, ROUNDS = 4, 9
FIRST_POLLS = 3
MOST = 1.4
# The lists of a small namespace are short, and writing one change down takes what it takes.
MOST_OF_FEW = 4.0
# What two measurements of the same may differ by.
SAME = 1.5
ACCOUNT = Account(backend="cleverev", account_id="benchmark")
_HEADERS = {"Authorization": "Bearer x", "organization-id": "benchmark"}


def _entry(url: str) -> MockConfigEntry:
    return MockConfigEntry(
        domain=DOMAIN,
        unique_id=ACCOUNT.account_id,
        title="Benchmark",
        data={
            "backend": "cleverev",
            "base_url": url,
            "api_token": "x",
            "organization_id": "benchmark",
            "currency": "EUR",
            "energy_unit": "Wh",
            "api_generation": "current",
        },
    )


async def _poll_of(coordinator: ChargingCoordinator) -> None:
    await coordinator.async_refresh()
    assert coordinator.last_update_success, coordinator.last_exception
    assert not coordinator.unreadable, coordinator.unreadable


@asynccontextmanager
async def _bare(hass: HomeAssistant, url: str) -> AsyncIterator[ChargingCoordinator]:
    """Make the coordinator of an account without entities; it has an empty ledger of its own."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(f"sqlite:///{Path(folder) / 'ledger.db'}")
        await ledger.open()
        backend = CleverEV(
            async_get_clientsession(hass),
            ACCOUNT,
            base_url=url,
            api_token="x",
            organization_id="benchmark",
            currency="EUR",
            energy_unit=EnergyUnit.WH,
            api_generation="current",
            cards=(),
        )
        entry = _entry(url)
        entry.add_to_hass(hass)
        entry.mock_state(hass, ConfigEntryState.SETUP_IN_PROGRESS)
        coordinator = ChargingCoordinator(hass, entry, ACCOUNT, backend, ledger)
        await coordinator._async_setup()
        yield coordinator
        await coordinator.async_shutdown()
        await ledger.close()
        entry.mock_state(hass, ConfigEntryState.NOT_LOADED)
    # Whoever sets an account up later would set up this one too.
    await hass.config_entries.async_remove(entry.entry_id)


async def _asked(session: ClientSession, url: str) -> list[tuple[str, int]]:
    """Return what the server was asked for since it was last asked this, and how much it gave."""
    async with session.get(f"{url}/asked") as response:
        return [(path, size) for path, size in orjson.loads(await response.read())]


def floor_of(session: ClientSession, url: str, paths: list[str]) -> Work:
    """Return what a poll at least costs: reading its lists, and decoding them."""

    async def floor() -> object:
        found = []
        for path in paths:
            async with session.get(url + path, headers=_HEADERS) as response:
                found.append(orjson.loads(await response.read()))
        return found

    return floor


class Cost(NamedTuple):
    """What a poll costs: requests, bytes, and the CPU of the event loop beside the floor."""

    requests: int
    size: int
    still: float
    moving: float


async def _steady(
    hass: HomeAssistant, url: str, title: str, poll: Work, most: float = MOST
) -> tuple[bool, Cost]:
    """Measure polls that bring nothing new, and polls that bring one change.

    ``most`` is what the latter may take, beside the floor.
    """
    session = async_get_clientsession(hass)
    await poll()
    await _asked(session, url)
    await poll()
    asked = await _asked(session, url)
    works = {"floor": floor_of(session, url, [path for path, _ in asked]), "poll": poll}
    is_reached = True
    taken: dict[str, float] = {}
    for mode, limit in (("still", MOST), ("moving", most)):
        async with session.get(f"{url}/mode/{mode}") as response:
            assert response.ok
        name = f"{title}, {'nothing' if mode == 'still' else 'one session'} changed"
        every = await cpu_seconds(works, repeats=REPEATS, rounds=ROUNDS)
        loop = await cpu_seconds(works, repeats=REPEATS, rounds=ROUNDS, clock=time.thread_time)
        least, blocks = Blocks(), Blocks()
        await least.watch(works["floor"], REPEATS)
        await blocks.watch(poll, REPEATS * ROUNDS)
        print(
            f"  with all threads: {every['poll'] / every['floor']:.2f} x the floor,"
            f" {every['poll'] * 1e3:.1f} ms; the floor blocks {min(least.wall):.1f} ms"
        )
        is_fast = report(name, loop["poll"] / loop["floor"], limit)
        is_reached = blocks.report(name) and is_fast and is_reached
        taken[mode] = loop["poll"] / loop["floor"]
    size = sum(size for _, size in asked)
    print(f"  {title}: {len(asked)} requests, {size:,} bytes")
    return is_reached, Cost(requests=len(asked), size=size, **taken)


async def _sizes(hass: HomeAssistant) -> bool:
    """Measure that a poll costs the same however many sessions there are."""
    is_reached = True
    costs = []
    for sessions in (FEW, MANY):
        async with (
            namespace_server.running(CHARGERS, sessions, ACTIVE) as url,
            _bare(hass, url) as coordinator,
        ):
            title, poll = f"Poll, {sessions:,} sessions", partial(_poll_of, coordinator)
            is_fast, cost = await _steady(hass, url, title, poll, MOST_OF_FEW)
            assert coordinator.data.active_sessions == ACTIVE
        is_reached = is_fast and is_reached
        costs.append(cost)
    few, many = costs
    # The count of all sessions that have ended has some digits more.
    digits = len(str(MANY - ACTIVE)) - len(str(FEW - ACTIVE))
    title = f"Beside {FEW:,} sessions, {MANY:,} take"
    reached = (
        report(f"{title} so many more requests", many.requests - few.requests, 0, ""),
        report(f"{title} so many more bytes", many.size - few.size - digits, 0, ""),
        report(f"{title}, with nothing changed", many.still / few.still, SAME, "x as much"),
        report(f"{title}, with one changed", many.moving / few.moving, SAME, "x as much"),
    )
    return all(reached) and is_reached


async def _first(hass: HomeAssistant, url: str) -> bool:
    """Measure the first poll of all, which reads the newest 2,000 sessions."""
    session = async_get_clientsession(hass)
    async with _bare(hass, url) as coordinator:
        await _asked(session, url)
        await _poll_of(coordinator)
        asked = await _asked(session, url)
        points = len(coordinator.data.charge_points)
        assert points == BIG_CHARGERS * namespace_server.CONNECTORS
        assert coordinator.data.active_sessions == BIG_ACTIVE
    print(f"  first poll: {len(asked)} requests, {sum(size for _, size in asked):,} bytes")
    floor = floor_of(session, url, [path for path, _ in asked])
    taken: dict[str, list[float]] = {"floor": [], "loop": [], "all": []}
    blocks = Blocks()
    for _ in range(FIRST_POLLS):
        began = time.process_time()
        await floor()
        taken["floor"].append(time.process_time() - began)
        async with _bare(hass, url) as coordinator:
            loop, every = time.thread_time(), time.process_time()
            await _poll_of(coordinator)
            taken["loop"].append(time.thread_time() - loop)
            taken["all"].append(time.process_time() - every)
        async with _bare(hass, url) as coordinator:
            await blocks.watch(partial(_poll_of, coordinator))
    best = {name: min(values) for name, values in taken.items()}
    print(
        f"  the floor takes {best['floor'] * 1e3:.0f} ms; the first poll"
        f" {best['loop'] / best['floor']:.1f} x, with the ledger's thread"
        f" {best['all'] / best['floor']:.1f} x"
    )
    return blocks.report("First poll of a namespace")


async def _with_entities(hass: HomeAssistant, url: str, chargers: int) -> bool:
    """Measure the polls of an account that is set up with all its entities."""
    entry = _entry(url)
    entry.add_to_hass(hass)
    began = time.perf_counter()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    coordinator = entry.runtime_data
    connectors = chargers * namespace_server.CONNECTORS
    assert len(coordinator.data.charge_points) == connectors
    print(
        f"  {len(hass.states.async_all())} entities were set up in"
        f" {time.perf_counter() - began:.0f} s"
    )
    title = f"{connectors} connectors with entities"
    is_reached, _ = await _steady(hass, url, title, partial(_poll_of, coordinator))
    await hass.config_entries.async_unload(entry.entry_id)
    return is_reached


async def run(chargers_with_entities: int = CHARGERS_WITH_ENTITIES) -> bool:
    """Run the benchmarks of a namespace."""
    # The budget would pace the benchmark instead of the code.
    budget.REQUESTS_PER_PERIOD = 10**9
    with tempfile.TemporaryDirectory() as folder:
        async with async_test_home_assistant(config_dir=folder) as hass:
            # It would time every step of the loop.
            hass.loop.set_debug(False)
            # Home Assistant's HTTP client looks names up with the help of this component.
            assert await async_setup_component(hass, "network", {})
            hass.data.pop(DATA_CUSTOM_COMPONENTS)
            # A collection of all that Home Assistant holds would fall into either by chance.
            gc.collect()
            gc.freeze()
            is_reached = await _sizes(hass)
            async with namespace_server.running(BIG_CHARGERS, MANY, BIG_ACTIVE) as url:
                is_reached = await _first(hass, url) and is_reached
                async with _bare(hass, url) as coordinator:
                    poll, title = partial(_poll_of, coordinator), "1,000 connectors, 300 open"
                    is_fast, _ = await _steady(hass, url, title, poll)
                    is_reached = is_fast and is_reached
            async with namespace_server.running(chargers_with_entities, MANY, BIG_ACTIVE) as url:
                is_reached = await _with_entities(hass, url, chargers_with_entities) and is_reached
            await hass.async_stop(force=True)
    return is_reached


if __name__ == "__main__":
    raise SystemExit(not asyncio.run(run(*map(int, sys.argv[1:2]))))
