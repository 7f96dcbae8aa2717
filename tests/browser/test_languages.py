"""Test that the frontend shows our texts: all of them, whole, and in the right language."""

import pytest

from scripts.demo_home.house import House
from tests.browser.frontend import MARKS
from tests.browser.languages import in_language, look_at_devices, look_at_networks
from tests.browser.page import Page
from tests.browser.texts import Texts

pytestmark = MARKS


# Two whose words are long; ``python -m tests.browser.languages`` sees more, and of all of them.
@pytest.mark.parametrize("language", ["de", "pl"])
async def test_texts(language: str, page: Page, house: House) -> None:
    """Test the first steps of adding an account, and the pages of its devices."""
    async with in_language(house, language) as texts:
        for sights in (look_at_networks, look_at_devices):
            async for name, expected in sights(page, house.home, texts, ["cleverev"]):
                assert await texts.complaints(page, expected) == [], name


async def test_what_is_wrong(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that what is missing, cut, raw or English is told, and nothing else."""
    monkeypatch.setattr("tests.browser.texts._SECONDS_TO_SHOW", 0)
    monkeypatch.setattr("tests.browser.texts._SECONDS_TO_REST", 0)
    german, english = Texts("de"), Texts("en")
    name = ("entity", "sensor", "session_energy", "name")
    await page.show(f"""
        <p>{german.at(*name)}</p>
        <p style="width: 3em; overflow: hidden; white-space: nowrap">{german.at(*name)}</p>
        <p style="width: 3em; overflow: auto; white-space: nowrap">{german.at(*name)}</p>
        <p>component.ev_charging_sessions.title</p>
        <p>energy_unit</p>
        <p>Noch {{seconds}} Sekunden</p>
        <p>{english.at(*name)}</p>
    """)
    assert await german.complaints(page, ["Ladepunkt"]) == [
        "missing: 'Ladepunkt'",
        f"cut: '{german.at(*name)}'",
        "raw: 'component.ev_charging_sessions.title'",
        "raw: 'energy_unit'",
        "raw: 'Noch {seconds} Sekunden'",
        f"English: '{english.at(*name)}'",
    ]
