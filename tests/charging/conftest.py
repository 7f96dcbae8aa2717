"""What the tests of the ground floor share."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.ledger import Ledger
from tests.conftest import START
from tests.simulator import Simulator

from .connector_bench import Bench
from .driver import Driver
from .park_owner import ParkOwner
from .postgresql import PostgreSQL
from .scripted_server import ScriptedServer
from .trouble import Trouble


@pytest.fixture(autouse=True)
def configure_event_loop() -> None:
    """Leave the loop as Python makes it, for Home Assistant is upstairs."""


@pytest.fixture(autouse=True)
def disable_http_server() -> None:
    """Leave Home Assistant's server alone, which nobody starts here."""


@pytest.fixture
def ledger_file(tmp_path: Path) -> Path:
    """Return where the ledger of a test lies."""
    return tmp_path / "ledger.db"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of the ledger with both databases, unless they look into its file."""
    names = metafunc.fixturenames
    if "ledger_url" in names and metafunc.module.__name__.rpartition(".")[2].startswith(
        "test_ledger"
    ):
        databases = ["sqlite"] if "ledger_file" in names else ["sqlite", "postgresql"]
        metafunc.parametrize("ledger_url", databases, indirect=True)


@pytest.fixture
def ledger_url(request: pytest.FixtureRequest) -> str:
    """Return where the ledger of a test lies: a new file, or a new schema of a database."""
    if getattr(request, "param", "sqlite") == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql")
        return server.new_url()
    return f"sqlite:///{request.getfixturevalue('ledger_file')}"


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[Ledger]:
    """Return an open ledger in a new database."""
    ledger = Ledger(ledger_url)
    await ledger.open()
    yield ledger
    await ledger.close()


@pytest.fixture
async def trouble(ledger_file: Path) -> AsyncIterator[Trouble]:
    """Return an open ledger in a new file."""
    trouble = Trouble(ledger_file)
    await trouble.ledger.open()
    yield trouble
    await trouble.ledger.close()


@pytest.fixture
async def http(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a client session of its own, as Home Assistant would lend one."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def driver(
    simulator: Simulator,
    http: aiohttp.ClientSession,
    freezer: FrozenDateTimeFactory,
    ledger: Ledger,
) -> AsyncIterator[Driver]:
    """Return an account whose clock moves together with that of the simulator."""
    freezer.move_to(START)
    driver = Driver(simulator, http, freezer, ledger)
    yield driver
    for task in driver.tasks:
        task.cancel()


@pytest.fixture
async def owner(
    simulator: Simulator, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> ParkOwner:
    """Return an account with parks whose clock moves together with that of the simulator."""
    freezer.move_to(START)
    return ParkOwner(simulator, http, freezer)


@pytest.fixture
async def server(socket_enabled: None) -> AsyncIterator[ScriptedServer]:
    """Serve whatever a test wants answered."""
    async with ScriptedServer() as server:
        yield server


@pytest.fixture(params=[True, False], ids=["plug", "no plug"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """Return a connector with a plug sensor, and one without."""
    return Bench(has_plug=request.param)


@pytest.fixture
def plug() -> Bench:
    """Return a connector with a plug sensor."""
    return Bench(has_plug=True)


@pytest.fixture
def plain() -> Bench:
    """Return a connector without a plug sensor."""
    return Bench(has_plug=False)
