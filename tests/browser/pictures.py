"""Make pictures in docs/ again: ``python -m tests.browser.pictures``, with names or for all."""

from argparse import ArgumentParser
import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.demo_home import dashboard, past
from scripts.demo_home.devices import DOMAIN, read_devices
from scripts.demo_home.house import House, open_house
from tests.browser import newcomer
from tests.browser.frontend import open_frontend, show_last_month_of_energy
from tests.browser.page import Page

_DOCS = Path(__file__).parents[2] / "docs"
# More would take long to load for somebody who only wants to read.
_MOST_BYTES = 300_000
_PAPER_WIDTH = 800
# Whose statement is shown, of which places.
_CARD, _PLACES = "Anna", ("Depot Fast", "Hotel Garage")


async def _calendar(page: Page, house: House) -> AsyncGenerator[str]:
    """Show last month of the park, in cells that have room for what an event says."""
    await page.resize(1910, 1010)
    await page.open(f"{house.home.url}/calendar")
    await page.click("Sidebar toggle")
    for other in ("CleverEV Sessions", "PlugSurfing Sessions", "Shell Recharge Sessions"):
        await page.click(other)
    await page.click("Previous")
    yield "calendar.png"


async def _energy(page: Page, house: House) -> AsyncGenerator[str]:
    """Show last month in the Energy dashboard, from the top to the bottom."""
    await page.resize(1280, 2020)
    await show_last_month_of_energy(page, house.home)
    yield "energy.png"


async def _statement(page: Page, house: House) -> AsyncGenerator[str]:
    """Show what somebody who charged in two places last month hands in, as a sheet of paper."""
    devices = await read_devices(house.home)
    answer = await house.home.act(
        f"{DOMAIN}.export_sessions",
        {
            "config_entry_id": house.namespace_id,
            "device_id": [
                each.device_id for each in devices if each.is_charge_point and each.name in _PLACES
            ],
            "card": _CARD,
            "format": "statement",
            "reimbursement_rate": 0.30,
        },
    )
    await page.resize(_PAPER_WIDTH, 100)
    await page.show(answer["text"])
    height = await page.evaluate("document.documentElement.scrollHeight")
    await page.resize(_PAPER_WIDTH, height)
    yield "statement.png"


async def _newcomer(page: Page, house: House) -> AsyncGenerator[str]:
    """Show what a newcomer sees on the way to a session, and when they have to sign in again."""
    async with newcomer.open_network(house.home) as network:
        await newcomer.choose_network(page, house.home)
        await newcomer.fill_in(page, network, newcomer.TOKEN)
        yield "newcomer-add.png"
        await page.click("Submit")
        await newcomer.import_past(page)
        newcomer.plug_in(network)
        await newcomer.open_device(page)
        await newcomer.press_switch(page)
        await page.wait_for("Status Charging")
        yield "newcomer-device.png"
        await newcomer.press_switch(page)
        await page.wait_for("Status Occupied")
        await newcomer.show_own_calendar(page)
        await page.click(await page.wait_for_match(rf"({newcomer.CONNECTOR}: \d\.\d kWh, .*? EUR)"))
        yield "newcomer-calendar.png"
        await page.click("Close")
        await page.wait_until_gone("Status: Finished")
        network.namespace.tokens = {newcomer.NEXT_TOKEN}
        await newcomer.open_device(page)
        await newcomer.press_switch(page)
        await page.wait_for("The network refused the credentials of this account.")
        await page.click("Settings")
        await page.click("Authentication expired for CleverEV")
        await page.wait_for("Sign in again")
        yield "newcomer-reauth.png"


async def _make(names: set[str]) -> None:
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        async with open_house(Path(folder) / "demo") as house:
            await past.read(house)
            await dashboard.save(house)
            for show in [each for each, makes in _PICTURES.items() if names.intersection(makes)]:
                async with (
                    open_frontend(house.home) as page,
                    aclosing(show(page, house)) as pictures,
                ):
                    async for name in pictures:
                        # What is drawn moves for a moment.
                        await asyncio.sleep(5)
                        if name in names:
                            _keep(_DOCS / name, await page.screenshot())


def _keep(file: Path, picture: bytes) -> None:
    if len(picture) > _MOST_BYTES:
        raise ValueError(f"{file} would have {len(picture)} bytes.")
    file.write_bytes(picture)


# Each shows a page and yields the name of its picture, and may go on to the next one.
_PICTURES: dict[Callable[[Page, House], AsyncGenerator[str]], tuple[str, ...]] = {
    _calendar: ("calendar.png",),
    _energy: ("energy.png",),
    _statement: ("statement.png",),
    _newcomer: (
        "newcomer-add.png",
        "newcomer-device.png",
        "newcomer-calendar.png",
        "newcomer-reauth.png",
    ),
}


def main() -> None:
    """Make the pictures that are named, or all."""
    known = [name for names in _PICTURES.values() for name in names]
    parser = ArgumentParser(prog="python -m tests.browser.pictures", description=__doc__)
    parser.add_argument("names", nargs="*", help=", ".join(known))
    names = parser.parse_args().names or known
    if unknown := set(names).difference(known):
        parser.error(f"there is no {min(unknown)}")
    asyncio.run(_make(set(names)))


if __name__ == "__main__":
    main()
