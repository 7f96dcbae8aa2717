"""What the polls of a big charging park cost, and for how long they hold the event loop up.

The floor of each figure is: GET both lists and ``orjson.loads`` both. A park has a thousand
stations of two connectors, ten thousand sessions in range and three hundred of them open.
``python -m tests.benchmarks.park 1000`` gives all of its connectors entities.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
import gc
from pathlib import Path
import sys
import tempfile
import time

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
from custom_components.ev_charging_sessions.charging.backends.smappee import Smappee
from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.model import Account
from custom_components.ev_charging_sessions.const import DOMAIN
from custom_components.ev_charging_sessions.coordinator import ChargingCoordinator

from . import park_server
from .measure import cpu_seconds, report

STATIONS = 1000
SESSIONS = 10_000
ACTIVE = 300
# Home Assistant lets an account have 10,000 entities, and a connector has 13 and more.
STATIONS_WITH_ENTITIES = 350
REPEATS, ROUNDS = 4, 9
FIRST_POLLS = 5
MOST = 1.4
LONGEST_BLOCK = 10.0
ACCOUNT = Account(backend="smappee", account_id="benchmark")

type Work = Callable[[], Awaitable[object]]


class Blocks:
    """For how many milliseconds others had to wait for their turn, at worst, in each call.

    ``wall`` is what they felt, which includes what other threads and programs did; ``cpu``
    is what the loop itself did meanwhile.
    """

    def __init__(self) -> None:
        """Start without any call."""
        self.wall: list[float] = []
        self.cpu: list[float] = []
        self._longest = (0.0, 0.0)

    async def watch(self, work: Work, repeats: int = 1) -> None:
        """Call a work and look how often others get their turn."""
        watcher = asyncio.create_task(self._take_turns())
        for _ in range(repeats):
            await asyncio.sleep(0)
            self._longest = (0.0, 0.0)
            await work()
            # What is under way at the end of the work is seen one turn later.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self.wall.append(self._longest[0] * 1e3)
            self.cpu.append(self._longest[1] * 1e3)
        watcher.cancel()

    def report(self, title: str) -> bool:
        """Print the longest wait of all, and of the best call."""
        print(
            f"  {title}: the loop itself held up {min(self.cpu):.1f} to {max(self.cpu):.1f} ms,"
            f" others waited up to {max(self.wall):.1f} ms"
        )
        return report(f"{title}, longest block", min(self.cpu), LONGEST_BLOCK, "ms")

    async def _take_turns(self) -> None:
        while True:
            wall, cpu = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0)
            self._longest = (
                max(self._longest[0], time.perf_counter() - wall),
                max(self._longest[1], time.thread_time() - cpu),
            )


def _entry(url: str) -> MockConfigEntry:
    credentials = dict.fromkeys(("client_id", "client_secret", "username", "password"), "x")
    return MockConfigEntry(
        domain=DOMAIN,
        unique_id=ACCOUNT.account_id,
        title="Benchmark",
        data={
            "backend": "smappee",
            **credentials,
            "base_url": url,
            "service_location_ids": [park_server.PARK],
        },
    )


def floor_of(session: ClientSession, url: str) -> Work:
    """Return what a poll at least costs: reading both lists, and decoding both."""

    async def floor() -> object:
        found = []
        for params in ({"range": "0"}, {"range": "0", "active": "true"}):
            address = f"{url}/chargingparks/{park_server.PARK}/sessions"
            headers = {"Authorization": "Bearer t"}
            async with session.get(address, params=params, headers=headers) as response:
                found.append(orjson.loads(await response.read()))
        return found

    return floor


async def _poll_of(coordinator: ChargingCoordinator) -> None:
    await coordinator.async_refresh()
    assert coordinator.last_update_success, coordinator.last_exception


@asynccontextmanager
async def _bare(hass: HomeAssistant, url: str) -> AsyncIterator[ChargingCoordinator]:
    """Make the coordinator of an account without entities; it has an empty ledger of its own."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(f"sqlite:///{Path(folder) / 'ledger.db'}")
        await ledger.open()
        backend = Smappee(
            async_get_clientsession(hass),
            ACCOUNT,
            client_id="x",
            client_secret="x",
            username="x",
            password="x",
            service_location_ids=(park_server.PARK,),
            cards=(),
            keep_tokens=lambda _: None,
            base_url=url,
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


async def _first(hass: HomeAssistant, url: str) -> bool:
    """Measure the first poll of all, whose whole month goes into an empty ledger."""
    floor = floor_of(async_get_clientsession(hass), url)
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
            assert len(coordinator.data.charge_points) == STATIONS * park_server.CONNECTORS
            assert coordinator.data.active_sessions == ACTIVE
        async with _bare(hass, url) as coordinator:
            await blocks.watch(partial(_poll_of, coordinator))
    best = {name: min(values) for name, values in taken.items()}
    print(
        f"  the floor takes {best['floor'] * 1e3:.0f} ms; the first poll {best['loop'] * 1e3:.0f}"
        f" ms ({best['loop'] / best['floor']:.1f} x), with the ledger's thread"
        f" {best['all'] * 1e3:.0f} ms ({best['all'] / best['floor']:.1f} x)"
    )
    return blocks.report("First poll of a park")


async def _configuration(coordinator: ChargingCoordinator) -> bool:
    """Measure the polls that read the configuration again, as happens once an hour."""
    backend = coordinator.backend
    assert isinstance(backend, Smappee)
    blocks = Blocks()
    for _ in range(REPEATS * ROUNDS):
        backend._parks._due = 0.0
        await blocks.watch(partial(_poll_of, coordinator))
    return blocks.report("Poll of a park with its configuration")


async def _steady(hass: HomeAssistant, url: str, title: str, poll: Work) -> bool:
    """Measure polls that bring nothing new, and polls that bring one change."""
    session = async_get_clientsession(hass)
    works = {"floor": floor_of(session, url), "poll": poll}
    is_reached = True
    for mode in ("still", "moving"):
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
        is_fast = report(name, loop["poll"] / loop["floor"], MOST)
        is_reached = blocks.report(name) and is_fast and is_reached
    return is_reached


async def _with_entities(hass: HomeAssistant, url: str, stations: int) -> bool:
    """Measure the polls of an account that is set up with all its entities."""
    entry = _entry(url)
    entry.add_to_hass(hass)
    began = time.perf_counter()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    coordinator = entry.runtime_data
    assert len(coordinator.data.charge_points) == stations * park_server.CONNECTORS
    print(
        f"  {len(hass.states.async_all())} entities were set up in"
        f" {time.perf_counter() - began:.0f} s"
    )
    is_reached = await _steady(
        hass,
        url,
        f"{stations * park_server.CONNECTORS} connectors with entities",
        partial(_poll_of, coordinator),
    )
    await hass.config_entries.async_unload(entry.entry_id)
    return is_reached


async def run(stations_with_entities: int = STATIONS_WITH_ENTITIES) -> bool:
    """Run the benchmarks of a park."""
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
            async with park_server.running(STATIONS, SESSIONS, ACTIVE) as url:
                is_reached = await _first(hass, url)
                async with _bare(hass, url) as coordinator:
                    poll = partial(_poll_of, coordinator)
                    is_reached = await _steady(hass, url, "Poll of a park", poll) and is_reached
                    is_reached = await _configuration(coordinator) and is_reached
            async with park_server.running(stations_with_entities, SESSIONS, ACTIVE) as url:
                is_reached = await _with_entities(hass, url, stations_with_entities) and is_reached
            await hass.async_stop(force=True)
    return is_reached


if __name__ == "__main__":
    raise SystemExit(not asyncio.run(run(*map(int, sys.argv[1:2]))))
