"""What the tests of CleverEV namespaces share: their places and their form."""

from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigFlowContext,
)
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import Home
from tests.simulator.defaults import CLEVEREV_CHARGERS

ENTRANCE, SECOND, GARAGE, DEPOT = CLEVEREV_CHARGERS
POINT, NEIGHBOUR = f"{ENTRANCE}-1", f"{ENTRANCE}-2"
GARAGE_POINT = f"{GARAGE}-1"
ALL_POINTS = {POINT, NEIGHBOUR, f"{SECOND}-1", f"{SECOND}-2", GARAGE_POINT, f"{DEPOT}-1"}


async def open_form(home: Home) -> dict[str, Any]:
    """Choose CleverEV in the menu and return its form."""
    flows = home.hass.config_entries.flow
    result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.MENU
    assert "cleverev" in result["menu_options"]
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "cleverev"})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "cleverev"
    assert result["errors"] == {}
    return dict(result)


async def reconfigure(home: Home) -> dict[str, Any]:
    """Open the form that changes the account."""
    context = ConfigFlowContext(source=SOURCE_RECONFIGURE, entry_id=home.entry.entry_id)
    return dict(await home.hass.config_entries.flow.async_init(DOMAIN, context=context))


async def answer_reauth(home: Home, api_token: str) -> dict[str, Any]:
    """Enter a token where the account asks to sign in again."""
    flows = home.hass.config_entries.flow
    (flow,) = flows.async_progress_by_handler(DOMAIN)
    result = dict(await flows.async_configure(flow["flow_id"], {"api_token": api_token}))
    await home.settle()
    return result


def station(home: Home, charger_id: str) -> dr.DeviceEntry | None:
    """Return the device of a charger, if it has one."""
    found = dr.async_get(home.hass).async_get_device_by_identifier(
        (DOMAIN, f"station_{home.entry.unique_id}_{charger_id}"), home.entry.entry_id
    )
    assert found is None or isinstance(found, dr.DeviceEntry)
    return found
