"""Changes of a CleverEV account: a new token, other settings, and which account it is."""

from typing import Any

import pytest

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType

from tests.home import Home
from tests.namespace import POINT, answer_reauth, open_form, reconfigure
from tests.park import enter, flows_in_progress, suggestions
from tests.simulator.defaults import CLEVEREV_ORGANIZATION, CLEVEREV_TOKEN

LEGACY: dict[str, Any] = {"organization_id": None, "api_generation": "legacy"}


def _replace_token(home: Home) -> None:
    """Let the namespace take another token only."""
    home.simulator.cleverev.revoke()
    home.simulator.namespace.tokens.add("new-token")


@pytest.mark.parametrize("changes", [{}, LEGACY], ids=["current", "legacy"])
async def test_reauthentication(home: Home, changes: dict[str, Any]) -> None:
    """Test that a new token is asked for once the old one is refused, and nothing else."""
    await home.add_namespace(**changes)
    account_id, before = home.entry.unique_id, dict(home.entry.data)
    _replace_token(home)
    await home.run(310)
    assert flows_in_progress(home) == [SOURCE_REAUTH]
    flows = home.hass.config_entries.flow
    (flow,) = flows.async_progress()
    form: dict[str, Any] = dict(await flows.async_configure(flow["flow_id"]))
    assert form["step_id"] == "reauth_confirm"
    assert form["description_placeholders"]["name"] == "CleverEV"
    assert set(form["data_schema"].schema) == {"api_token"}
    assert suggestions(form) == {}

    result = await answer_reauth(home, "wrong")
    assert result["errors"] == {"base": "authentication_failed"}
    result = await answer_reauth(home, " new-token ")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    assert home.is_in(ConfigEntryState.LOADED)
    assert dict(home.entry.data) == before | {"api_token": "new-token"}
    # Without an organization nobody can tell whose token it is: the account stays.
    assert home.entry.unique_id == account_id
    assert home.coordinator.account.account_id == account_id
    assert home.coordinator.last_update_success
    assert flows_in_progress(home) == []


async def test_reconfiguration(home: Home) -> None:
    """Test that all but the token is shown, and that changes are used at once."""
    await home.add_namespace()
    account_id = home.entry.unique_id
    result = await reconfigure(home)
    assert result["step_id"] == "reconfigure"
    assert suggestions(result) == {
        "base_url": home.simulator.url,
        "organization_id": CLEVEREV_ORGANIZATION,
        "currency": "EUR",
        "energy_unit": "Wh",
        "api_generation": "current",
    }
    _replace_token(home)
    changes = {"api_token": "new-token", "currency": "CZK", "energy_unit": "kWh"}
    result = await enter(home, result["flow_id"], home.namespace_input(**changes))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    await home.settle()
    assert changes.items() <= home.entry.data.items()
    assert home.entry.unique_id == account_id
    session = home.simulator.namespace.walk_in()
    await home.run(310)
    energy = home.simulator.namespace.session(session.id).energy
    assert float(home.state("sensor", "session_energy", POINT).state) == energy


async def test_reconfiguration_that_fails_changes_nothing(home: Home) -> None:
    """Test that wrong input leaves the account as it was, and can be mended."""
    await home.add_namespace()
    before = dict(home.entry.data)
    result = await reconfigure(home)
    for changes, errors in (
        ({"api_token": "wrong"}, {"base": "authentication_failed"}),
        ({"currency": "XYZ"}, {"currency": "unknown_currency"}),
        # An emptied field is empty, and does not get its old value back.
        ({"organization_id": None}, {"organization_id": "no_organization_id"}),
    ):
        user_input = home.namespace_input(**changes)
        result = await enter(home, result["flow_id"], user_input)
        assert result["step_id"] == "reconfigure"
        assert result["errors"] == errors
        assert dict(home.entry.data) == before
    result = await enter(home, result["flow_id"], home.namespace_input())
    assert result["reason"] == "reconfigure_successful"


async def test_other_organization(home: Home) -> None:
    """Test that an account cannot be turned into that of another organization."""
    await home.add_namespace()
    before = dict(home.entry.data)
    home.simulator.namespace.organization_id = "other"
    result = await reconfigure(home)
    result = await enter(home, result["flow_id"], home.namespace_input(organization_id="other"))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "wrong_account"
    assert dict(home.entry.data) == before


async def test_other_generation(home: Home) -> None:
    """Test the way from the older API to the current one and back, on the same account."""
    await home.add_namespace(**LEGACY)
    account_id = home.entry.unique_id
    home.simulator.namespace.walk_in()
    await home.run(310)
    device_id = home.device_id(POINT)
    result = await reconfigure(home)
    result = await enter(home, result["flow_id"], home.namespace_input())
    assert result["reason"] == "reconfigure_successful"
    await home.settle()
    assert home.state("switch", "charging", POINT).state == "on"
    assert home.entry.data["organization_id"] == CLEVEREV_ORGANIZATION
    assert home.entry.unique_id == account_id
    assert home.device_id(POINT) == device_id

    result = await reconfigure(home)
    result = await enter(home, result["flow_id"], home.namespace_input(**LEGACY))
    assert result["reason"] == "reconfigure_successful"
    await home.settle()
    assert home.entry.data["organization_id"] is None
    assert home.entry.unique_id == account_id


async def test_legacy_account_gets_a_known_organization(home: Home) -> None:
    """Test that an account cannot become one that is there already."""
    await home.add_namespace()
    first = home.entry
    await home.add_namespace(**LEGACY)
    result = await reconfigure(home)
    result = await enter(home, result["flow_id"], home.namespace_input())
    assert result["reason"] == "already_configured"
    assert home.entry.data["organization_id"] is None
    assert await home.hass.config_entries.async_unload(first.entry_id)


async def test_renewed_token_is_no_other_account(home: Home) -> None:
    """Test that an account that is known by its token is still known by its next one."""
    await home.add_namespace(**LEGACY)
    _replace_token(home)
    await home.run(310)
    result = await answer_reauth(home, "new-token")
    assert result["reason"] == "reauth_successful"
    for token in ("new-token", CLEVEREV_TOKEN):
        home.simulator.namespace.tokens.add(token)
        form = await open_form(home)
        user_input = home.namespace_input(api_token=token, **LEGACY)
        result = await enter(home, form["flow_id"], user_input)
        assert result["type"] is FlowResultType.ABORT
        assert result["reason"] == "already_configured"
