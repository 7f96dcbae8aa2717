"""Test that the past of the demo is where a person looks for it, with the simulator's figures."""

from decimal import Decimal
import re

from scripts.demo_home.books import last_month, namespace_sessions, shares, totals
from scripts.demo_home.devices import DOMAIN, read_devices
from scripts.demo_home.house import House
from tests.browser.frontend import MARKS, show_last_month_of_energy
from tests.browser.page import Page

pytestmark = MARKS

# So tall that a month of the calendar hides no event for want of room.
_TALL = (1280, 3000)
# What the dashboard rounds to, and a watt-hour for the recorder's numbers, which are not decimal.
_ROUNDING = Decimal("0.006")


async def test_calendar(page: Page, house: House) -> None:
    """Test that every session of last month is in its calendar, with its energy and cost."""
    month = last_month()
    names = {each.identifier: each.name for each in await read_devices(house.home)}
    expected = [
        each.event(next(names[key] for key in names if key.endswith(each.charge_point_id)))
        for each in await namespace_sessions(house.simulator, month)
    ]
    assert len(expected) > 100
    await page.resize(*_TALL)
    await page.open(f"{house.home.url}/calendar")
    await page.wait_for("CleverEV Sessions", f"{last_month().end:%B %Y}")
    await page.click("Previous")
    await page.wait_for(f"{month.start:%B %Y}", *(" ".join(each.split()) for each in expected))


async def test_energy_dashboard(page: Page, house: House) -> None:
    """Test that the Energy dashboard has the total of last month, in kWh and in euro."""
    month = last_month()
    energy, cost = shares(await namespace_sessions(house.simulator, month), month)

    def is_total(text: str) -> bool:
        found = re.search(r"CleverEV energy ([\d,.]+) kWh €([\d,.]+)", text)
        return found is not None and all(
            abs(Decimal(shown.replace(",", "")) - true) <= _ROUNDING
            for shown, true in zip(found.groups(), (energy, cost), strict=True)
        )

    await show_last_month_of_energy(page, house.home)
    await page.wait_until(is_total, f"{energy:.3f} kWh and {cost:.3f} euro of CleverEV")


async def test_statement(page: Page, house: House) -> None:
    """Test that the statement of last month opens in a browser, with the month's total."""
    month = last_month()
    sessions = await namespace_sessions(house.simulator, month)
    energy, cost = totals(each for each in sessions if each.started >= month.start)
    answer = await house.home.act(
        f"{DOMAIN}.export_sessions",
        {"config_entry_id": house.namespace_id, "format": "statement"},
    )
    await page.show(answer["text"])
    await page.wait_for(f"{month.start:%B %Y}")
    await page.wait_for(
        f"Sessions {answer['count']}",
        f"Energy {energy:,.3f} kWh".replace(",", " "),
        f"Cost {cost:,.2f} EUR".replace(",", " "),
    )
