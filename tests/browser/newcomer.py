"""What a newcomer does in the frontend, by nothing but looking, clicking and typing.

The network where they charge is a simulator of its own, so that whatever happens there happens
to nobody else in the demo.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from scripts.demo_home.devices import DOMAIN
from scripts.demo_home.home_assistant import HomeAssistant
from tests.browser.page import Page
from tests.simulator import Simulator
from tests.simulator.cars import Car
from tests.simulator.defaults import CLEVEREV_ENERGY_TARIFF
from tests.simulator.namespace_model import Charger, NamespaceSession

TOKEN, NEXT_TOKEN = "newcomer-token", "newcomer-next-token"
CONNECTOR = "Courtyard 1"
SESSIONS = 8
_ORGANIZATION = "newcomer-organization"
_CHARGER = "chg-newcomer-courtya1"
_SWITCH = f"Toggle {CONNECTOR} Charging"
# So much flows here that a session of seconds has an energy to see.
_MAX_POWER = 350.0
_OTHER_CALENDARS = (
    # The first of two, which is the one of the demo's own namespace.
    "CleverEV Sessions",
    "PlugSurfing Sessions",
    "Shell Recharge Sessions",
    "Smappee Sessions",
)


@asynccontextmanager
async def open_network(home: HomeAssistant) -> AsyncIterator[Simulator]:
    """Open a namespace that has one charger, and in the end remove the account from the home."""
    network = Simulator(start=datetime.now(UTC), frozen=False)
    namespace = network.namespace
    namespace.organization_id, namespace.tokens = _ORGANIZATION, {TOKEN}
    namespace.chargers.clear()
    namespace.add_charger(
        Charger(
            id=_CHARGER,
            name="Courtyard",
            location_id="loc-newcomer",
            created=datetime.now(UTC) - timedelta(days=90),
            model="DC Duo 350",
        )
    )
    connectors = [
        namespace.add_connector(_CHARGER, tariff=CLEVEREV_ENERGY_TARIFF, is_dc=True)
        for _ in range(2)
    ]
    namespace.populate(SESSIONS, days=30, is_lively=True)
    for connector in connectors:
        connector.max_power = _MAX_POWER
    before = await _accounts(home)
    async with network:
        try:
            yield network
        finally:
            for entry_id in await _accounts(home) - before:
                await home.remove_entry(entry_id)


async def choose_network(page: Page, home: HomeAssistant) -> None:
    """Find the integration where integrations are added, and then the network."""
    await page.open(home.url)
    await page.click("Settings")
    await page.click("Devices & services")
    await page.click("Add integration")
    await page.click("Search for a brand name")
    await page.type("EV Charging")
    await page.wait_until_gone("1-Wire")
    await page.click("EV Charging Sessions")
    await page.click("CleverEV namespace")


async def fill_in(page: Page, network: Simulator, token: str) -> None:
    """Fill in the form of the network, and leave alone what is there already."""
    await page.fill("Address of the API", network.url)
    await page.fill("API token", token)
    await page.fill("Organization ID", _ORGANIZATION)


async def import_past(page: Page) -> None:
    """Take the offer to import what the network knows."""
    await page.wait_for("Import past sessions", "How far back")
    await page.click("Submit")
    await page.wait_for(f"Sessions read: {SESSIONS}.")
    await _close(page, "The import is through.")


async def open_device(page: Page) -> None:
    """Go to the device of the connector, through the integration."""
    await page.click("Settings")
    await page.click("Devices & services")
    await page.click("EV Charging Sessions")
    await page.click(CONNECTOR)
    await page.wait_for(f"{CONNECTOR} Device info DC Duo 350", "Controls Charging", "Status")


def plug_in(network: Simulator) -> None:
    """Come with a car that takes all that there is."""
    car = Car(capacity=400, level=40, max_power=_MAX_POWER)
    network.namespace.plug(_CHARGER, 1, car=car)


def running_session(network: Simulator) -> NamespaceSession | None:
    """Return what goes on at the connector, as the network knows it."""
    return network.namespace.connector(_CHARGER, 1).session


async def press_switch(page: Page) -> None:
    """Press the switch of the connector."""
    await page.click(_SWITCH)


async def show_own_calendar(page: Page) -> None:
    """Go to the calendar and see no other account there."""
    await page.click("Calendar")
    for name in _OTHER_CALENDARS:
        await page.click(name)


async def sign_in_again(page: Page, token: str) -> None:
    """Fill in what is asked for after the network has refused the credentials."""
    await page.wait_for("Sign in again", "The network refuses the stored credentials of CleverEV.")
    await page.fill("API token", token)
    await page.click("Submit")
    await _close(page, "Re-authentication was successful")


async def _close(page: Page, last_words: str) -> None:
    await page.wait_for(last_words)
    await page.click("Close")
    # The frontend goes back in its history when a dialog ends, which would undo the next click.
    await page.wait_until_gone(last_words)


async def _accounts(home: HomeAssistant) -> set[str]:
    entries = await home.command("config_entries/get", domain=DOMAIN)
    return {each["entry_id"] for each in entries}
