"""Home Assistant's frontend in a browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
from time import time

import pytest

from scripts.demo_home.books import last_month
from scripts.demo_home.home_assistant import HomeAssistant
from tests.browser.chromium import find_chromium, open_chromium
from tests.browser.page import Page, new_page

# Where the demo's home is.
_TIME_ZONE = "Europe/Amsterdam"
_SIZE = (1280, 1000)

# The marks of a module with tests in the browser. One worker has them all, and with them the one
# demo that they share; the first of them waits until that has started.
MARKS = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("browser"),
]


def required_chromium() -> str:
    """Return the program, or skip the test that asks."""
    if program := find_chromium():
        return program
    pytest.skip("needs Chromium, which is not installed: see scripts/test_programs")


@asynccontextmanager
async def open_frontend(home: HomeAssistant) -> AsyncIterator[Page]:
    """Open a page of a new browser in which the owner of the demo has logged in."""
    async with open_chromium(required_chromium()) as connection:
        page = await new_page(connection, time_zone=_TIME_ZONE)
        await page.resize(*_SIZE)
        tokens = {
            **home.tokens,
            "hassUrl": home.url,
            "clientId": home.client_id,
            "expires": 1000 * (time() + home.tokens["expires_in"]),
        }
        stored = json.dumps(json.dumps(tokens))
        script = f"localStorage.setItem('hassTokens', {stored})"
        await page.command("Page.addScriptToEvaluateOnNewDocument", source=script)
        yield page


async def show_last_month_of_energy(page: Page, home: HomeAssistant) -> None:
    """Go to last month in the Energy dashboard."""
    await page.open(f"{home.url}/energy")
    # It begins with this day, or during the first hour with the day before.
    day = await page.wait_for_match(r"([A-Z][a-z]{2} \d{1,2}) Now$")
    await page.click(day)
    await page.click("This month")
    await page.click("Previous")
    await page.wait_for(f"{last_month().start:%B} Now")
