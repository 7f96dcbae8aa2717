"""Make the pictures of the archive in docs/ again: ``python -m tests.browser.pictures``."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.demo_home import dashboard, past
from scripts.demo_home.devices import DOMAIN, read_devices
from scripts.demo_home.house import House, open_house
from tests.browser.frontend import open_frontend, show_last_month_of_energy
from tests.browser.page import Page

_DOCS = Path(__file__).parents[2] / "docs"
# More would take long to load for somebody who only wants to read.
_MOST_BYTES = 300_000
_PAPER_WIDTH = 800
# Whose statement is shown, of which places.
_CARD, _PLACES = "Anna", ("Depot Fast", "Hotel Garage")


async def _calendar(page: Page, house: House) -> None:
    """Show last month of the park, in cells that have room for what an event says."""
    await page.resize(1910, 1010)
    await page.open(f"{house.home.url}/calendar")
    await page.click("Sidebar toggle")
    for other in ("CleverEV Sessions", "PlugSurfing Sessions", "Shell Recharge Sessions"):
        await page.click(other)
    await page.click("Previous")


async def _energy(page: Page, house: House) -> None:
    """Show last month in the Energy dashboard, from the top to the bottom."""
    await page.resize(1280, 2020)
    await show_last_month_of_energy(page, house.home)


async def _statement(page: Page, house: House) -> None:
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


async def _make() -> None:
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        async with open_house(Path(folder) / "demo") as house:
            await past.read(house)
            await dashboard.save(house)
            for name, show in _PICTURES.items():
                async with open_frontend(house.home) as page:
                    await show(page, house)
                    # What is drawn moves for a moment.
                    await asyncio.sleep(5)
                    _keep(_DOCS / name, await page.screenshot())


def _keep(file: Path, picture: bytes) -> None:
    if len(picture) > _MOST_BYTES:
        raise ValueError(f"{file} would have {len(picture)} bytes.")
    file.write_bytes(picture)


_PICTURES: dict[str, Callable[[Page, House], Awaitable[None]]] = {
    "calendar.png": _calendar,
    "energy.png": _energy,
    "statement.png": _statement,
}

if __name__ == "__main__":
    asyncio.run(_make())
