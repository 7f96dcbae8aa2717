"""The examples of the README and of docs/actions.md, run as a user would."""

from pathlib import Path
import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from homeassistant.core import ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml

from custom_components.ev_charging_sessions.charging.state import Status
from tests.calls import charged
from tests.home import EVSE, Home
from tests.simulator.defaults import CARDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
FAMILY, MONTH = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
COMPANY, QUOTE = re.findall(
    r"```yaml\n(.*?)```", (ROOT / "docs" / "actions.md").read_text(), re.DOTALL
)


async def _automate(home: Home, example: str) -> list[ServiceCall]:
    """Add an example as an automation, and return the messages that it will send."""
    for word, its in (
        ("event.nl_tnm_e02003451_0_session", home.entity_id("event", "session")),
        ("0123456789abcdef0123456789abcdef", home.device_id()),
    ):
        example = example.replace(word, its)
    parsed: Any = parse_yaml(example)
    automation = {"triggers": [{"trigger": "event", "event_type": "go"}], **parsed}
    messages: list[ServiceCall] = async_mock_service(home.hass, "notify", "notify")
    assert await async_setup_component(home.hass, "automation", {"automation": automation})
    await home.settle()
    return messages


async def _go(home: Home) -> None:
    home.hass.bus.async_fire("go")
    await home.run(30)


async def test_end_of_a_session(home: Home) -> None:
    """Test that an end is told once, and is no news again after a reload."""
    await home.add_account(EVSE)
    messages = await _automate(home, FAMILY)
    await charged(home, EVSE, CARDS[0], 600)
    assert [call.data["message"] for call in messages] == ["finished"]
    home.hass.config_entries.async_schedule_reload(home.entry.entry_id)
    await home.settle()
    await home.run(30)
    assert home.state("event", "session").attributes["event_type"] == "finished"
    assert len(messages) == 1


async def test_failed_start(home: Home) -> None:
    """Test that a start that came to nothing is told with its reason."""
    await home.add_account(EVSE)
    messages = await _automate(home, FAMILY)
    home.simulator.world.plug(EVSE)
    home.simulator.world.fail_next_start("EvseInUse")
    with pytest.raises(HomeAssistantError, match="EvseInUse"):
        await home.act("start_session", device_id=home.device_id())
    assert [call.data["message"] for call in messages] == ["start_failed EvseInUse"]


async def test_start_with_the_company_card(home: Home) -> None:
    """Test that the answer of a start can be used."""
    await home.add_account(EVSE)
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Company card")
    messages = await _automate(home, COMPANY)
    home.simulator.world.plug(EVSE)
    await _go(home)
    (call,) = messages
    assert re.fullmatch(r"Charging after \d\.\d seconds\.", call.data["message"])


@pytest.mark.parametrize(
    ("charges", "expected"),
    [(False, "0 sessions, 0.0 hours."), (True, "1 sessions, 0.5 hours.")],
)
async def test_month(home: Home, charges: bool, expected: str) -> None:
    """Test the sum of a month, also of one in which nobody charged."""
    await home.add_account(EVSE)
    example = MONTH.replace("2026-11-01", "2026-12-01").replace("2026-10-01", "2026-11-01")
    messages = await _automate(home, example)
    if charges:
        await charged(home, EVSE, CARDS[0], 1800)
    await _go(home)
    assert [call.data["message"] for call in messages] == [expected]


def test_every_status_is_listed() -> None:
    """Test that the README has the words that automations compare with."""
    (row,) = re.findall(r"^\| Status \|(.*)\|$", README, re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == list(Status)


async def test_quote(home: Home) -> None:
    """Test that the example of a quote gives a price, by the tariff of that charge point."""
    await home.add_account(EVSE)
    await home.run(60)
    messages = await _automate(home, QUOTE)
    await _go(home)
    # 30 kWh at 0.45 with 21 % VAT.
    assert [call.data["message"] for call in messages] == ["16.34 EUR"]
