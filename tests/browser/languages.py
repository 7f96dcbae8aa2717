"""Look at our texts in the frontend, in one language after the other, and take pictures of them.

``python -m tests.browser.languages <folder> [language ...]`` takes all pictures and tells what
is missing, cut off or in the wrong language.
"""

from argparse import ArgumentParser
import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
import sys
from tempfile import TemporaryDirectory

from scripts.demo_home.devices import DOMAIN, Device, read_devices
from scripts.demo_home.home_assistant import HomeAssistant
from scripts.demo_home.house import CONNECTORS, EVSES, PLACES, House, open_house
from scripts.demo_home.operator_scene import FRONT
from tests.browser.frontend import open_frontend
from tests.browser.page import Page
from tests.browser.texts import LANGUAGES, Texts

type Sight = tuple[str, list[str]]

NETWORKS = ("shell_recharge", "smappee", "cleverev", "plugsurfing")
# One charge point of each kind, and their accounts.
DEVICES = {
    "shell_recharge": EVSES[0],
    "smappee": CONNECTORS[0],
    "cleverev": PLACES[0],
    "plugsurfing": FRONT,
}
# The accounts that have options, in the order in which the frontend lists them.
OPTIONS = {"cleverev": "import_history", "plugsurfing": "init", "smappee": "init"}
_CONFIGURE = "ui.panel.config.integrations.config_entry.configure"
# So tall that a whole form fits.
_SIZE = (1280, 1700)


@asynccontextmanager
async def in_language(house: House, language: str) -> AsyncIterator[Texts]:
    """Let the home and its owner speak a language, and English again in the end."""
    await _speak(house, language)
    try:
        yield Texts(language)
    finally:
        await _speak(house, "en")


async def look_at_networks(
    page: Page, home: HomeAssistant, texts: Texts, networks: Sequence[str] = NETWORKS
) -> AsyncGenerator[Sight]:
    """Show the menu and the form of each network, with what is expected there."""
    await page.resize(*_SIZE)
    menu = texts.of("config", "step", "user")
    for network in networks:
        await page.open(f"{home.url}/config/integrations/dashboard/add?domain={DOMAIN}")
        await page.wait_for(texts.at("title"))
        await _until_asked(page, texts)
        if network == networks[0]:
            yield "menu", menu
        await page.click(texts.at("config", "step", "user", "menu_options", network))
        await page.click(texts.at("config", "step", network, "sections", "advanced", "name"))
        yield f"form-{network}", texts.of("config", "step", network)


async def look_at_options(page: Page, home: HomeAssistant, texts: Texts) -> AsyncGenerator[Sight]:
    """Show the first step of the options of each account that has any."""
    for index, (network, step) in enumerate(OPTIONS.items()):
        await page.open(f"{home.url}/config/integrations/integration/{DOMAIN}")
        await page.wait_for("CleverEV")
        label = await page.evaluate(
            f"document.querySelector('home-assistant').hass.localize('{_CONFIGURE}')"
        )
        await page.click(label, index)
        found = texts.at("options", "step", step)
        yield f"options-{network}", [found["title"], found["description"]]


async def look_at_devices(
    page: Page, home: HomeAssistant, texts: Texts, names: Collection[str] = tuple(DEVICES)
) -> AsyncGenerator[Sight]:
    """Show a charge point of each kind, and one account."""
    await page.resize(*_SIZE)
    devices = await read_devices(home)
    for name in names:
        point = next(each for each in devices if each.identifier.endswith(DEVICES[name]))
        account = next(
            each for each in devices if each.is_account and each.entry_id == point.entry_id
        )
        for kind, device in (("device", point), ("account", account)):
            await page.open(f"{home.url}/config/devices/device/{device.device_id}")
            yield f"{kind}-{name}", await _names(home, texts, device)


async def _names(home: HomeAssistant, texts: Texts, device: Device) -> list[str]:
    """Return the names of all entities of a device that are not those of their class."""
    known = await home.command(
        "config/entity_registry/get_entries", entity_ids=[*device.entities.values()]
    )
    return [
        texts.at("entity", each["entity_id"].partition(".")[0], each["translation_key"], "name")
        for each in known.values()
        if each["translation_key"] and not each["hidden_by"]
    ]


async def _until_asked(page: Page, texts: Texts) -> None:
    """Say yes when the frontend asks whether an integration shall be added."""
    question = texts.at("config", "step", "user", "description")
    for _ in range(20):
        await asyncio.sleep(0.5)
        if question in await page.text():
            return
        await page.press_enter()
    await page.wait_for(question)


async def _speak(house: House, language: str) -> None:
    home = house.home
    locale = dict.fromkeys(
        ("number_format", "time_format", "date_format", "first_weekday"), "language"
    )
    await home.command(
        "frontend/set_user_data",
        key="language",
        value={**locale, "time_zone": "local", "language": language},
    )
    # What is not up to the frontend, such as the names of entities, is in the home's language.
    await home.command("config/core/update", language=language)
    for entry_id in (house.shell_id, house.park_id, house.namespace_id, house.operator_id):
        await home.call("homeassistant.reload_config_entry", {"entry_id": entry_id})


async def _tell(folder: Path, languages: Collection[str]) -> int:
    """Take all pictures, and return how many complaints there are."""
    count = 0
    with TemporaryDirectory(ignore_cleanup_errors=True) as state:
        async with open_house(Path(state) / "demo") as house:
            for language in languages:
                async with (
                    in_language(house, language) as texts,
                    open_frontend(house.home) as page,
                ):
                    for sights in (look_at_networks, look_at_options, look_at_devices):
                        async for name, expected in sights(page, house.home, texts):
                            found = await texts.complaints(page, expected)
                            picture = folder / f"{name}-{language}.png"
                            picture.write_bytes(await page.screenshot())
                            count += len(found)
                            sys.stdout.write(f"{language} {name}: {'; '.join(found) or 'well'}\n")
                            sys.stdout.flush()
    return count


def main() -> int:
    """Return 0 when nothing is wrong, and 1 otherwise."""
    parser = ArgumentParser(prog="python -m tests.browser.languages", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("languages", nargs="*", metavar="language", help=", ".join(LANGUAGES))
    options = parser.parse_args()
    if unknown := set(options.languages).difference(LANGUAGES):
        parser.error(f"there is no {min(unknown)}")
    options.folder.mkdir(parents=True, exist_ok=True)
    return 1 if asyncio.run(_tell(options.folder, options.languages or LANGUAGES)) else 0


if __name__ == "__main__":
    sys.exit(main())
