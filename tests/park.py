"""What the tests of charging parks share: their places, forms and requests for tokens."""

from typing import Any

from aiohttp import ClientResponse, ClientSession
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from homeassistant.config_entries import SOURCE_USER
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import Home

NORTH, SOUTH = "20001", "20002"
SERIAL, POINT = "6020000001", "6020000001-1"
TWIN = "6020000005"
SOUTH_SERIAL, SOUTH_POINT = "6020000011", "6020000011-1"


async def open_form(home: Home) -> str:
    """Choose Smappee in the menu and return the flow."""
    flows = home.hass.config_entries.flow
    result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.MENU
    assert "smappee" in result["menu_options"]
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "smappee"})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "smappee"
    assert result["errors"] == {}
    return result["flow_id"]


async def enter(home: Home, flow_id: str, user_input: dict[str, Any]) -> dict[str, Any]:
    """Send a form of a flow and return what comes next."""
    return dict(await home.hass.config_entries.flow.async_configure(flow_id, user_input))


async def choose(home: Home, flow_id: str, *parks: str) -> dict[str, Any]:
    """Choose parks in the last step of a flow."""
    return await enter(home, flow_id, {"service_location_ids": list(parks)})


def suggestions(result: dict[str, Any]) -> dict[str, Any]:
    """Return what a form already shows, with the fields of its section."""
    fields = dict(result["data_schema"].schema)
    if "advanced" in fields:
        fields |= fields.pop("advanced").schema.schema
    return {
        key.schema: key.description["suggested_value"]
        for key in fields
        if key.description and "suggested_value" in key.description
    }


def flows_in_progress(home: Home) -> list[str]:
    """Return where the flows of the integration that wait for a person come from."""
    flows = home.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return [str(flow["context"]["source"]) for flow in flows]


def note_grants(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that from now on gets the grant of each request for tokens, as it leaves."""
    grants: list[str] = []
    request = ClientSession._request

    async def noted(
        session: ClientSession, method: str, url: Any, **options: Any
    ) -> ClientResponse:
        form = options.get("data")
        if isinstance(form, dict) and "grant_type" in form:
            grants.append(form["grant_type"])
        return await request(session, method, url, **options)

    monkeypatch.setattr(ClientSession, "_request", noted)
    return grants


def device(home: Home, charge_point_id: str | None = POINT) -> dr.DeviceEntry:
    """Return the device of a connector or (``None``) of the account."""
    found = dr.async_get(home.hass).async_get(home.device_id(charge_point_id))
    assert isinstance(found, dr.DeviceEntry)
    return found


def places(home: Home) -> set[str]:
    """Return the connectors that have a device."""
    prefix = f"{home.entry.unique_id}_"
    devices = dr.async_entries_for_config_entry(dr.async_get(home.hass), home.entry.entry_id)
    return {
        identifier.removeprefix(prefix)
        for each in devices
        for _, identifier in each.identifiers
        if identifier.startswith(prefix)
    }


async def remove_device(
    home: Home, hass_ws_client: WebSocketGenerator, charge_point_id: str
) -> bool:
    """Press the button that removes a device, and tell whether it went."""
    await async_setup_component(home.hass, "config", {})
    # The usual one lives for half an hour.
    (user,) = [each for each in await home.hass.auth.async_get_users() if each.is_admin]
    access = home.hass.auth.async_create_access_token(next(iter(user.refresh_tokens.values())))
    client = await hass_ws_client(home.hass, access)
    answer: dict[str, Any] = await client.remove_device(home.device_id(charge_point_id))
    await client.close()
    await home.settle()
    return bool(answer["success"])


async def reload(home: Home) -> None:
    """Load the account again."""
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
