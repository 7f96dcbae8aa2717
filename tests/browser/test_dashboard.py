"""Test that the dashboard of the demo shows the charge points in a real browser."""

import pytest

from scripts.demo_home import dashboard
from scripts.demo_home.books import last_month
from scripts.demo_home.house import EVSES, House
from tests.browser.chromium import BrowserError
from tests.browser.frontend import MARKS
from tests.browser.page import Page

pytestmark = MARKS


async def test_charge_points(page: Page, house: House) -> None:
    """Test the first view, and the way to the next one."""
    await page.open(f"{house.home.url}/{dashboard.URL_PATH}")
    await page.wait_for("Shell Recharge", *EVSES)
    await page.click("Park")
    await page.wait_for("Parking North", "Energy of all sessions", "North 1")
    await page.click("Archive")
    await page.wait_for("Every session", f"{last_month().end:%B %Y}", "Cost by month")


async def test_what_is_not_there(page: Page, house: House) -> None:
    """Test that a wait for what never comes ends, with the text that is there instead."""
    await page.open(f"{house.home.url}/{dashboard.URL_PATH}")
    await page.wait_for(EVSES[0])
    with pytest.raises(BrowserError, match=r"nobody sees 'Shell Discharge'") as caught:
        await page.wait_for("Shell Discharge", seconds=1)
    assert EVSES[0] in str(caught.value)
