"""Calls of the actions, and what has to be there before them."""

import asyncio
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import SOURCE_USER
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import EVSE, Home
from tests.simulator.defaults import CARDS
from tests.simulator.world import Session


async def charged(home: Home, evse_id: str, card: str, seconds: float) -> Session:
    """Let a car charge for that long, with all of it seen."""
    session = home.simulator.world.start_at_pole(evse_id, card)
    await home.advance(310)
    await home.advance(seconds - 310)
    home.simulator.world.unplug(evse_id)
    await home.advance(31)
    return session


async def add_second_account(home: Home) -> str:
    """Add another account, and return its entry."""
    home.simulator.world.accounts["company"] = "other"
    flows = home.hass.config_entries.flow
    result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "shell_recharge"})
    user_input = home.user_input(client_id="company", client_secret="other", ema_id=CARDS[1])
    result = await flows.async_configure(result["flow_id"], user_input)
    await home.settle()
    entry_id: str = result["result"].entry_id
    return entry_id


async def expect_refusal(
    home: Home, action: str, data: dict[str, Any], key: str, text: str
) -> None:
    """Expect a call to be refused with a text, before anything is sent."""
    home.simulator.log.clear()
    with pytest.raises(ServiceValidationError) as refusal:
        await home.act(action, **data)
    assert refusal.value.translation_key == key
    assert text in str(refusal.value)
    assert home.simulator.log.entries == []
    assert home.simulator.world.sessions == {}


def resolved_ids(home: Home, data: dict[str, Any]) -> dict[str, Any]:
    """Put the ids of this home in the place of the words for them."""
    foreign = MockConfigEntry(domain="foreign", title="Foreign")
    foreign.add_to_hass(home.hass)
    device = dr.async_get(home.hass).async_get_or_create(
        config_entry_id=foreign.entry_id, identifiers={("foreign", "1")}, name="Foreign"
    )
    words = {
        "ENTRY": home.entry.entry_id,
        "DEVICE": home.device_id(),
        "SERVICE": home.device_id(None),
        "FOREIGN": device.id,
        "FOREIGN_ENTRY": foreign.entry_id,
    }

    def resolved(value: Any) -> Any:
        if isinstance(value, list):
            return [resolved(each) for each in value]
        return words.get(value, value)

    return {key: resolved(value) for key, value in data.items()}


def begin_start(home: Home, evse_id: str = EVSE, **data: Any) -> asyncio.Task[Any]:
    """Call a start without waiting for it, so that a test can let time pass meanwhile."""
    return asyncio.create_task(
        home.hass.services.async_call(
            DOMAIN,
            "start_session",
            {"device_id": home.device_id(evse_id), **data},
            blocking=True,
            return_response=True,
        )
    )
