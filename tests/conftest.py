"""What all tests share: a simulator that speaks HTTP, and a home that uses it."""

import calendar
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from functools import lru_cache
import logging
from pathlib import Path
from types import ModuleType
from typing import Any

import freezegun.api
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component import patch_time
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

import custom_components.ev_charging_sessions  # noqa: F401 - else another folder of that name wins
from tests.charging.postgresql import PostgreSQL, programs
from tests.guest_house import GuestHouse
from tests.home import Home
from tests.simulator import Simulator

# The test package lets it tell each statement, which costs more than many a statement.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
# What Home Assistant does in everyday life would be kept for each test, and sent to the reporter.
logging.getLogger("homeassistant").setLevel(logging.WARNING)
# The test package writes all of it a second time, beside what pytest keeps for a test that fails.
for _handler in logging.getLogger().handlers:
    if type(_handler) is logging.StreamHandler:
        logging.getLogger().removeHandler(_handler)


def _module_hash(module: ModuleType) -> str:
    """Tell whether a module has to be looked through again for what must stand still.

    Each of some thousand is asked whenever time is frozen, and all their names would take long.
    """
    return f"{id(module)}-{len(getattr(module, '__dict__', ()))}"


@lru_cache(maxsize=2)
def _seconds_at(now: datetime) -> float:
    return calendar.timegm(now.timetuple()) + now.microsecond / 1e6


def _seconds() -> float:
    """Tell the frozen time, for which loop and states ask far more often than it changes."""
    return _seconds_at(freezegun.api.get_current_time())


# What must not stand still keeps its own clock. To look through the callers besides, at each look
# at a clock, would find nobody else.
freezegun.api.call_stack_inspection_limit = 0
patch_time.ha_get_module_attributes_hash = _module_hash
freezegun.api.fake_time = freezegun.api._get_fake_monotonic = _seconds

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Leave the loops as they are, instead of having each task remember where it was made.

    That takes nearly half of the time. To have it all the same, set PYTHONASYNCIODEBUG=1.
    """


@pytest.fixture(autouse=True)
def _integration(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant find the integration of this repository, where a test uses it."""
    if "recorder_mock" in request.fixturenames:
        # It has to be there before Home Assistant.
        request.getfixturevalue("recorder_mock")
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture
def recorder_config() -> dict[str, Any]:
    """Record no states, where a test is about statistics: each would be committed by itself."""
    return {"exclude": {"entity_globs": ["*"]}, "commit_interval": 0}


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncIterator[Simulator]:
    """Serve a fresh simulator with frozen time."""
    async with Simulator(start=START) as simulator:
        yield simulator


@pytest.fixture
async def home(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, tmp_path: Path
) -> AsyncIterator[Home]:
    """Return a home whose clock moves together with that of the simulator.

    Its ledger lies in a folder of its own.
    """
    hass.config.config_dir = str(tmp_path)
    freezer.move_to(START)
    home = Home(hass, simulator, freezer)
    yield home
    await home.close()


@pytest.fixture
async def guest_house(home: Home, hass_client_no_auth: ClientSessionGenerator) -> GuestHouse:
    """Return a guest house whose Home Assistant can be called over HTTP."""
    # All that has addresses has to be there before the first client.
    for component in ("webhook", "repairs"):
        assert await async_setup_component(home.hass, component, {})
    client = await hass_client_no_auth()
    return GuestHouse(home, str(client.make_url("")))


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL]:
    """Return a server of PostgreSQL that is there for the tests alone."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed: there is no initdb")
    with PostgreSQL() as server:
        yield server
