"""Changes of a Smappee account: other parks, another password."""

from typing import Any

from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigFlowContext,
)
from homeassistant.data_entry_flow import FlowResultType

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import Home
from tests.park import (
    NORTH,
    POINT,
    SOUTH,
    SOUTH_POINT,
    choose,
    enter,
    flows_in_progress,
    places,
    remove_device,
    suggestions,
)
from tests.simulator.defaults import (
    SMAPPEE_CLIENT_ID,
    SMAPPEE_CLIENT_SECRET,
    SMAPPEE_USERNAME,
)


async def _reconfigure(home: Home) -> dict[str, Any]:
    context = ConfigFlowContext(source=SOURCE_RECONFIGURE, entry_id=home.entry.entry_id)
    return dict(await home.hass.config_entries.flow.async_init(DOMAIN, context=context))


async def test_reconfiguration(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Test that a park less is read no longer, and that its devices can be removed."""
    await home.add_parks()
    account_id, all_places = home.entry.unique_id, places(home)
    result = await _reconfigure(home)
    assert result["step_id"] == "reconfigure"
    assert suggestions(result) == {
        "client_id": SMAPPEE_CLIENT_ID,
        "username": SMAPPEE_USERNAME,
        "base_url": f"{home.simulator.url}/dev/v3",
    }
    result = await enter(home, result["flow_id"], home.park_input())
    assert result["step_id"] == "parks"
    assert suggestions(result) == {"service_location_ids": [NORTH, SOUTH]}
    home.simulator.log.clear()
    result = await choose(home, result["flow_id"], NORTH)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    await home.settle()
    assert home.entry.data["service_location_ids"] == [NORTH]
    assert home.entry.unique_id == account_id

    home.simulator.parks.plug("6020000011", 1)
    await home.run(310)
    assert not [each for each in home.simulator.log.entries if SOUTH in each.call.path]
    assert home.state("sensor", "status", SOUTH_POINT).state == "unavailable"
    assert home.state("sensor", "status", POINT).state == "available"
    assert not await remove_device(home, hass_ws_client, POINT)
    assert await remove_device(home, hass_ws_client, SOUTH_POINT)
    assert places(home) == all_places - {SOUTH_POINT}

    result = await _reconfigure(home)
    result = await enter(home, result["flow_id"], home.park_input())
    assert suggestions(result) == {"service_location_ids": [NORTH]}
    await choose(home, result["flow_id"], NORTH, SOUTH)
    await home.settle()
    assert home.state("sensor", "status", SOUTH_POINT).state == "charging"


async def test_reconfiguration_to_another_account(home: Home) -> None:
    """Test that an account cannot be turned into that of another user."""
    await home.add_parks(SOUTH)
    home.simulator.parks.users["tenant"] = "rent"
    before = dict(home.entry.data)
    result = await _reconfigure(home)
    user_input = home.park_input(username="tenant", password="rent")
    result = await enter(home, result["flow_id"], user_input)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "wrong_account"
    assert dict(home.entry.data) == before


async def test_reconfiguration_that_fails_changes_nothing(home: Home) -> None:
    """Test that wrong input and no park at all leave the account as it was."""
    await home.add_parks(SOUTH)
    before = dict(home.entry.data)
    result = await _reconfigure(home)
    flow_id = result["flow_id"]
    result = await enter(home, flow_id, home.park_input(password="wrong"))
    assert result["errors"] == {"base": "authentication_failed"}
    await enter(home, flow_id, home.park_input())
    result = await choose(home, flow_id)
    assert result["errors"] == {"service_location_ids": "no_park_chosen"}
    assert dict(home.entry.data) == before
    home.hass.config_entries.flow.async_abort(flow_id)


async def test_reauthentication(home: Home) -> None:
    """Test that a new password is asked for once the old one is refused, and parks stay."""
    await home.add_parks(SOUTH)
    home.simulator.parks.users[SMAPPEE_USERNAME] = "new"
    home.simulator.smappee.tokens.revoke()
    await home.run(310)
    assert flows_in_progress(home) == [SOURCE_REAUTH]
    assert home.state("sensor", "status", SOUTH_POINT).state == "unavailable"
    (flow,) = home.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    flows = home.hass.config_entries.flow
    result: dict[str, Any] = dict(await flows.async_configure(flow["flow_id"]))
    assert result["step_id"] == "reauth_confirm"
    assert result["description_placeholders"]["name"] == "Smappee"
    # Client and user are what makes it this account, so they are not asked for.
    assert set(result["data_schema"].schema) == {"client_secret", "password"}
    assert suggestions(result) == {}

    wrong = {"client_secret": SMAPPEE_CLIENT_SECRET, "password": "wrong"}
    result = await enter(home, result["flow_id"], wrong)
    assert result["errors"] == {"base": "authentication_failed"}
    good = {"client_secret": SMAPPEE_CLIENT_SECRET, "password": "new"}
    home.simulator.log.clear()
    result = await enter(home, result["flow_id"], good)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await home.settle()
    assert home.entry.state is ConfigEntryState.LOADED
    assert home.entry.data["password"] == "new"
    assert home.entry.data["service_location_ids"] == [SOUTH]
    assert home.state("sensor", "status", SOUTH_POINT).state == "available"
    assert home.simulator.log.count("token") == 1
    assert 401 not in {each.status for each in home.simulator.log.entries}
    assert flows_in_progress(home) == []
    assert places(home) == {SOUTH_POINT}
