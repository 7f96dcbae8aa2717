"""Test that a newcomer comes from nothing to a session in the calendar, in a real browser."""

from scripts.demo_home.house import House
from tests.browser import newcomer
from tests.browser.frontend import MARKS
from tests.browser.page import Page

pytestmark = MARKS


async def test_newcomer(page: Page, house: House) -> None:
    """Test all that they do at first, and what they do when the network turns them away."""
    async with newcomer.open_network(house.home) as network:
        await newcomer.choose_network(page, house.home)
        await newcomer.fill_in(page, network, "mistyped")
        await page.click("Submit")
        await page.wait_for("The network refused the credentials. Check each of them")
        await page.fill("API token", newcomer.TOKEN)
        await page.click("Submit")
        await newcomer.import_past(page)

        await newcomer.open_device(page)
        newcomer.plug_in(network)
        await newcomer.press_switch(page)
        await page.wait_for("Status Charging", "Connected Plugged in")
        session = newcomer.running_session(network)
        assert session
        await newcomer.press_switch(page)
        await page.wait_for("Status Occupied", "Not charging")
        assert newcomer.running_session(network) is None

        energy, cost = session.energy / 1000, network.namespace.price(session)
        assert energy > 0.1
        await newcomer.show_own_calendar(page)
        event = f"{newcomer.CONNECTOR}: {energy:.1f} kWh, {cost:.2f} EUR"
        await page.click(event)
        await page.wait_for(f"Energy: {energy:.3f} kWh", "Status: Finished (Remote)")
        await page.click("Close")
        await page.wait_until_gone("Status: Finished")

        network.namespace.tokens = {newcomer.NEXT_TOKEN}
        await newcomer.open_device(page)
        await newcomer.press_switch(page)
        await page.wait_for("The network refused the credentials of this account.")
        await page.click("Settings")
        await page.click("Authentication expired for CleverEV")
        await newcomer.sign_in_again(page, newcomer.NEXT_TOKEN)
        await newcomer.open_device(page)
        await page.wait_for("Status Occupied")
        await newcomer.press_switch(page)
        await page.wait_for("Status Charging")
        assert newcomer.running_session(network)
