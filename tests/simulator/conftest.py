"""What the simulator's own tests share."""

from collections.abc import AsyncIterator

from aiohttp import ClientSession
import pytest

from . import Simulator
from .cleverev_client import START, NamespaceClient
from .client import Client
from .clock import Clock
from .defaults import default_namespace
from .namespace import Namespace
from .plugsurfing_client import OperatorClient
from .smappee_client import ParkClient


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncIterator[Simulator]:
    """Serve a fresh simulator with frozen time."""
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[Client]:
    """Talk to the simulator with a token of the demo account."""
    async with ClientSession(simulator.url) as session:
        client = Client(session)
        await client.authorize()
        yield client


@pytest.fixture
async def owner(simulator: Simulator) -> AsyncIterator[ParkClient]:
    """Talk to the simulator with the tokens of the owner of the parks."""
    async with ClientSession(simulator.url) as session:
        owner = ParkClient(session)
        await owner.login()
        yield owner


@pytest.fixture
async def host(simulator: Simulator) -> AsyncIterator[NamespaceClient]:
    """Talk to the simulator with the token of the hotel that runs the namespace."""
    async with ClientSession(simulator.url) as session:
        yield NamespaceClient(session)


@pytest.fixture
async def operator(simulator: Simulator) -> AsyncIterator[OperatorClient]:
    """Talk to the simulator with the key of the operator of two connectors."""
    async with ClientSession(simulator.url) as session:
        yield OperatorClient(session)


@pytest.fixture
def namespace() -> Namespace:
    """Make the default namespace in frozen time."""
    return default_namespace(Clock(START))
