"""Tests of system health: figures and words for everybody's eyes."""

from typing import Any

from pytest_homeassistant_custom_component.common import get_system_health_info

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from custom_components.ev_charging_sessions.archive import LEDGER, async_ledger
from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import EVSE, Home
from tests.simulator.defaults import CARDS


async def _told(hass: HomeAssistant) -> dict[str, Any]:
    info = await get_system_health_info(hass, DOMAIN)
    return {
        key: await value if key.startswith("can_reach") else value for key, value in info.items()
    }


async def test_system_health(home: Home) -> None:
    """Test what is told without accounts, a network, trouble, and an archive."""
    hass = home.hass
    assert await async_setup_component(hass, "system_health", {})
    assert await async_setup_component(hass, DOMAIN, {})
    told = await _told(hass)
    assert told["accounts_answering"] == "0 / 0"
    assert told["archive"] == "Not open"
    assert LEDGER not in hass.data, "whoever only asks is not to open it"
    opening = hass.async_create_task(async_ledger(hass))
    assert (await _told(hass))["archive"] == "Not open", "it is not waited for"
    await opening
    await home.add_parks()
    await home.add_account(EVSE)
    home.simulator.faults.on("reset", scope="*")
    await home.advance(310)
    told = await _told(hass)
    assert told["accounts_answering"] == "0 / 2"
    assert told["can_reach_smappee"] == {"type": "failed", "error": "unreachable"}

    home.simulator.faults.off()
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(700)
    told = await _told(hass)
    assert told.pop("archive_size").endswith(" MiB")
    assert told == {
        "accounts": "Shell Recharge: 1, Smappee: 1",
        "accounts_answering": "2 / 2",
        "archive": "SQLite",
        "schema_version": 5,
        "sessions": 1,
        "unposted_sessions": 0,
        "can_reach_shell_recharge": "ok",
        "can_reach_smappee": "ok",
    }
    await home.coordinator.ledger.close()
    told = await _told(hass)
    assert told["archive"] == "The archive of sessions could not be read or written."
    await home.coordinator.ledger.open()
