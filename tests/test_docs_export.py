"""The examples of docs/export.md, run as a user would."""

from datetime import UTC, datetime
from pathlib import Path
import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml

from custom_components.ev_charging_sessions.export_formats import COLUMNS
from tests.home import Home
from tests.past_sessions import add_account, add_archive, ended
from tests.simulator.defaults import CARDS

DOCS = (Path(__file__).parent.parent / "docs" / "export.md").read_text()
MONTHLY, MAIL, NIGHTLY = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)


@pytest.fixture
async def folder(home: Home, tmp_path: Path) -> Path:
    """Return the media folder of a home that has charged in November."""
    home.hass.config.allowlist_external_dirs = {str(tmp_path)}
    await add_account(home)
    began = datetime(2026, 11, 3, 22, tzinfo=UTC)
    await add_archive(home, ended(home, "1", began), ended(home, "2", began, card_id=CARDS[1]))
    return tmp_path


async def _automate(home: Home, example: str, folder: Path, day: str) -> list[str]:
    """Add an example as an automation, let its time come, and return the files it has written."""
    parsed: Any = parse_yaml(example.replace("/media", str(folder)))
    assert parsed["triggers"][0]["trigger"] == "time"
    automation = {**parsed, "triggers": [{"trigger": "event", "event_type": "go"}]}
    assert await async_setup_component(home.hass, "automation", {"automation": automation})
    home._clock.move_to(datetime.fromisoformat(f"{day}T06:00:00+01:00"))
    home.hass.bus.async_fire("go")
    await home.run(20)
    return _exported(folder)


def _exported(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.suffix in {".html", ".csv"}]


async def test_statement_of_every_month(home: Home, folder: Path) -> None:
    """Test that the first of December brings the statement of November, and its name says so."""
    files = await _automate(home, MONTHLY, folder, "2026-12-01")
    assert files == ["statement-2026-11.html"]


async def test_no_statement_within_a_month(home: Home, folder: Path) -> None:
    """Test that other mornings bring none."""
    assert await _automate(home, MONTHLY, folder, "2026-12-02") == []


async def test_statement_by_mail(home: Home, folder: Path) -> None:
    """Test that a mail has the statement as its text."""
    mails = async_mock_service(home.hass, "smtp", "send_message")
    await _automate(home, MAIL, folder, "2026-12-01")
    assert [mail.data["message"] for mail in mails] == ["1 sessions."]
    assert mails[0].data["html"].startswith("<!DOCTYPE html>")
    assert "November 2026" in mails[0].data["html"]


async def test_spreadsheet_of_every_night(home: Home, folder: Path) -> None:
    """Test that a spreadsheet gets everything."""
    assert await _automate(home, NIGHTLY, folder, "2026-12-02") == ["charging.csv"]


def test_columns_are_explained() -> None:
    """Test that the columns of the table are those that the page tells, and no others."""
    _, _, rest = DOCS.partition("| Column | What it holds |\n|---|---|\n")
    rows = rest.partition("\n\n")[0].splitlines()
    told = [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(told) == sorted(COLUMNS)
