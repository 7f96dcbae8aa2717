"""The demo and a browser, for tests that see what a person sees."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import pytest_socket

from scripts.demo_home import dashboard, past
from scripts.demo_home.house import House, open_house
from tests.browser.frontend import open_frontend, required_chromium
from tests.browser.page import Page


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Return the demo as it is shown to a person, started once for all tests."""
    required_chromium()
    # Before each test sockets are disabled, and this begins during the first.
    pytest_socket.enable_socket()
    async with open_house(tmp_path_factory.mktemp("demo") / "state") as house:
        await past.read(house)
        await dashboard.save(house)
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def page(house: House, socket_enabled: None) -> AsyncIterator[Page]:
    """Return a page of a new browser that is logged in at the demo."""
    async with open_frontend(house.home) as page:
        yield page
