"""The flows of an account: add, sign in again, change."""

from typing import Any

import pytest

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntryState,
    ConfigFlowContext,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import EVSE, Home
from tests.simulator.defaults import CARDS, CLIENT_ID, CLIENT_SECRET

# The account id is a digest: it must never change, and never show the client id.
UNIQUE_ID = "15b8d0890d70e6eb"


async def _open_form(home: Home) -> str:
    """Choose Shell Recharge in the menu and return the flow."""
    flows = home.hass.config_entries.flow
    result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == ["shell_recharge", "smappee", "cleverev", "plugsurfing"]
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "shell_recharge"})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "shell_recharge"
    assert result["errors"] == {}
    return result["flow_id"]


async def _enter(hass: HomeAssistant, flow_id: str, user_input: dict[str, Any]) -> dict[str, Any]:
    return dict(await hass.config_entries.flow.async_configure(flow_id, user_input))


def _lasting(home: Home) -> dict[str, Any]:
    """Return what is stored of an account and its charge point, but for what is always new."""
    stored = home.entry.as_dict()
    (subentry,) = stored["subentries"]
    new = dict.fromkeys(("entry_id", "created_at", "modified_at"))
    return stored | new | {"subentries": [subentry | {"subentry_id": None}]}


def _suggestions(result: dict[str, Any]) -> dict[str, Any]:
    """Return what a form already shows, with the fields of its section."""
    fields = dict(result["data_schema"].schema)
    if "advanced" in fields:
        fields |= fields.pop("advanced").schema.schema
    return {
        key.schema: key.description["suggested_value"]
        for key in fields
        if key.description and "suggested_value" in key.description
    }


async def test_full_flow(home: Home) -> None:
    """Test the way from the menu to an account that runs."""
    flow_id = await _open_form(home)
    result = await _enter(home.hass, flow_id, home.user_input())
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Shell Recharge"
    assert result["data"] == {
        "backend": "shell_recharge",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "ema_id": CARDS[0],
        "base_url": home.simulator.url,
        "api_version": "v2",
    }
    home.entry = result["result"]
    assert home.entry.unique_id == UNIQUE_ID
    await home.settle()
    assert home.entry.state is ConfigEntryState.LOADED


async def test_homes_have_what_the_flows_store(home: Home) -> None:
    """Test that the account that most tests begin with is the one that a person adds."""
    flow_id = await _open_form(home)
    result = await _enter(home.hass, flow_id, home.user_input())
    home.entry = result["result"]
    await home.add_subentry("charge_point", evse_id=EVSE)
    by_person = _lasting(home)
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    await home.add_account(EVSE)
    assert _lasting(home) == by_person


async def test_input_is_tidied(home: Home) -> None:
    """Test that blanks, small letters and a slash at the end do no harm."""
    flow_id = await _open_form(home)
    user_input = home.user_input(
        client_id=f" {CLIENT_ID} ",
        client_secret=f"{CLIENT_SECRET}\n",
        ema_id=f" {CARDS[0].lower()}",
        base_url=f" {home.simulator.url}/ ",
    )
    result = await _enter(home.hass, flow_id, user_input)
    home.entry = result["result"]
    assert home.entry.unique_id == UNIQUE_ID
    assert home.entry.data["client_secret"] == CLIENT_SECRET
    assert home.entry.data["ema_id"] == CARDS[0]
    assert home.entry.data["base_url"] == home.simulator.url
    await home.settle()


async def test_already_configured(home: Home) -> None:
    """Test that the same account cannot be added a second time."""
    await home.add_account()
    flow_id = await _open_form(home)
    result = await _enter(home.hass, flow_id, home.user_input(ema_id=CARDS[1]))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_second_account(home: Home) -> None:
    """Test that another client id is another account."""
    await home.add_account()
    home.simulator.world.accounts["company"] = "other"
    flow_id = await _open_form(home)
    user_input = home.user_input(client_id="company", client_secret="other")
    result = await _enter(home.hass, flow_id, user_input)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].unique_id != UNIQUE_ID
    await home.settle()
    assert await home.hass.config_entries.async_unload(result["result"].entry_id)


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"client_secret": "wrong"}, {"base": "authentication_failed"}),
        ({"client_id": "nobody"}, {"base": "authentication_failed"}),
        ({"ema_id": "NL-TNM"}, {"ema_id": "invalid_ema_id"}),
        ({"ema_id": "NL*TNM*E02003451*0"}, {"ema_id": "invalid_ema_id"}),
        ({"base_url": "http://api.shell.com"}, {"base": "base_url_not_https"}),
        ({"base_url": "ftp://127.0.0.1"}, {"base": "base_url_not_https"}),
        ({"base_url": "shell"}, {"base": "invalid_base_url"}),
        ({"base_url": "https://me:pw@api.shell.com"}, {"base": "invalid_base_url"}),
        ({"base_url": "http://127.0.0.1:1"}, {"base": "backend_unavailable"}),
    ],
)
async def test_wrong_input(home: Home, changes: dict[str, str], errors: dict[str, str]) -> None:
    """Test that wrong input is told apart, is not lost, and can be mended."""
    flow_id = await _open_form(home)
    result = await _enter(home.hass, flow_id, home.user_input(**changes))
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    assert changes.items() <= _suggestions(result).items()

    result = await _enter(home.hass, flow_id, home.user_input())
    assert result["type"] is FlowResultType.CREATE_ENTRY
    home.entry = result["result"]
    assert home.entry.unique_id == UNIQUE_ID
    await home.settle()


@pytest.mark.parametrize(
    "changes",
    [
        {"ema_id": "NL-TNM"},
        {"base_url": "http://api.shell.com"},
        {"base_url": "http://192.168.1.2"},
        {"base_url": "http://localhost.shell.com"},
    ],
)
async def test_nothing_sent_for_bad_input(home: Home, changes: dict[str, str]) -> None:
    """Test that input that cannot be right reaches no network."""
    flow_id = await _open_form(home)
    result = await _enter(home.hass, flow_id, home.user_input(**changes))
    assert result["type"] is FlowResultType.FORM
    assert home.simulator.log.entries == []
    home.hass.config_entries.flow.async_abort(flow_id)


@pytest.mark.parametrize(
    ("kind", "scope", "error", "placeholders"),
    [
        ("http_403", "active", "request_rejected", {"code": "E0403"}),
        ("http_403", "token", "request_rejected", {"code": "invalid_request"}),
        ("http_404", "active", "request_rejected", {"code": "HTTP 404"}),
        ("failed_status", "active", "request_rejected", {"code": "E0200"}),
        ("http_429", "active", "rate_limited", {"seconds": "17"}),
        ("http_500", "*", "backend_unavailable", {"reason": "HTTP 500"}),
        ("http_503", "token", "backend_unavailable", {"reason": "HTTP 503"}),
        ("html", "*", "backend_unavailable", {"reason": "no JSON in the answer"}),
        ("html", "active", "backend_unavailable", {"reason": "no JSON in the answer"}),
        ("broken_json", "active", "backend_unavailable", {"reason": "no JSON in the answer"}),
        ("empty_body", "active", "backend_unavailable", {"reason": "no JSON in the answer"}),
        ("reset", "token", "backend_unavailable", {}),
        ("token_expired", "active", "authentication_failed", {}),
    ],
)
async def test_network_in_trouble(
    home: Home, kind: str, scope: str, error: str, placeholders: dict[str, str]
) -> None:
    """Test that trouble at the network has its own text, and that a later try succeeds."""
    flow_id = await _open_form(home)
    retry_after = 17 if kind == "http_429" else None
    home.simulator.faults.on(kind, scope=scope, retry_after=retry_after)
    result = await _enter(home.hass, flow_id, home.user_input())
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": error}
    assert placeholders.items() <= result["description_placeholders"].items()

    home.simulator.faults.off()
    result = await _enter(home.hass, flow_id, home.user_input())
    assert result["type"] is FlowResultType.CREATE_ENTRY
    home.entry = result["result"]
    await home.settle()


async def test_server_down(home: Home) -> None:
    """Test that a server that is not there is told, and that it may come back."""
    flow_id = await _open_form(home)
    await home.simulator.stop()
    result = await _enter(home.hass, flow_id, home.user_input())
    assert result["errors"] == {"base": "backend_unavailable"}
    assert result["description_placeholders"]["reason"] == "ClientConnectorError"

    await home.simulator.start()
    result = await _enter(home.hass, flow_id, home.user_input())
    assert result["type"] is FlowResultType.CREATE_ENTRY
    home.entry = result["result"]
    await home.settle()


async def test_first_generation(home: Home) -> None:
    """Test an account at the first generation of the API from its form to a stop."""
    home.simulator.shell.settings.dialect = "1.0.0"
    home.simulator.shell.settings.active_not_found = True
    flow_id = await _open_form(home)
    result = await _enter(home.hass, flow_id, home.user_input(api_version="v1"))
    home.entry = result["result"]
    await home.add_subentry("charge_point", evse_id=EVSE)
    assert home.state("sensor", "status").state == "available"
    home.simulator.world.plug(EVSE)
    switch = {"domain": "switch", "entity_id": home.entity_id("switch", "charging")}
    await home.act("turn_on", **switch)
    assert home.state("sensor", "status").state == "charging"
    await home.act("turn_off", **switch)
    assert home.state("switch", "charging").state == "off"
    assert home.state("sensor", "session_ended").state != "unknown"
    paths = {entry.call.path for entry in home.simulator.log.entries}
    assert all("/v1/" in path for path in paths)


def _state(home: Home) -> ConfigEntryState:
    return home.entry.state


async def _reauth_flow(home: Home) -> dict[str, Any]:
    (flow,) = home.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["context"]["source"] == SOURCE_REAUTH
    return dict(await home.hass.config_entries.flow.async_configure(flow["flow_id"]))


async def test_reauthentication(home: Home) -> None:
    """Test that new credentials are asked for once the old ones are refused."""
    await home.add_account(EVSE)
    home.simulator.world.accounts[CLIENT_ID] = "new"
    home.simulator.shell.tokens.revoke()
    await home.advance(310)
    result = await _reauth_flow(home)
    assert result["step_id"] == "reauth_confirm"
    assert result["description_placeholders"]["name"] == "Shell Recharge"
    # The client id is what makes it this account, so it is not asked for: it cannot change.
    assert set(result["data_schema"].schema) == {"client_secret"}
    assert _suggestions(result) == {}

    result = await _enter(home.hass, result["flow_id"], {"client_secret": "wrong"})
    assert result["errors"] == {"base": "authentication_failed"}

    home.simulator.log.clear()
    result = await _enter(home.hass, result["flow_id"], {"client_secret": "new"})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await home.settle()
    assert home.entry.state is ConfigEntryState.LOADED
    assert home.entry.data["client_secret"] == "new"
    assert home.entry.data["ema_id"] == CARDS[0]
    assert home.state("sensor", "status").state == "available"
    assert 401 not in {entry.status for entry in home.simulator.log.entries}
    assert home.hass.config_entries.flow.async_progress_by_handler(DOMAIN) == []


async def test_reauthentication_at_start(home: Home) -> None:
    """Test that credentials that were refused at the start are mended without a restart."""
    await home.add_account(EVSE)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    home.simulator.world.accounts[CLIENT_ID] = "new"
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    assert _state(home) is ConfigEntryState.SETUP_ERROR
    assert home.entry.error_reason_translation_key == "authentication_failed"
    await home.settle()

    result = await _reauth_flow(home)
    result = await _enter(home.hass, result["flow_id"], {"client_secret": "new"})
    assert result["reason"] == "reauth_successful"
    await home.settle()
    assert _state(home) is ConfigEntryState.LOADED


async def test_reauthentication_with_unchanged_secret(home: Home) -> None:
    """Test that the old credentials do again once the network has changed its mind."""
    await home.add_account()
    home.simulator.world.accounts[CLIENT_ID] = "new"
    home.simulator.shell.tokens.revoke()
    await home.advance(310)
    assert not home.coordinator.last_update_success
    home.simulator.world.accounts[CLIENT_ID] = CLIENT_SECRET
    result = await _reauth_flow(home)
    result = await _enter(home.hass, result["flow_id"], {"client_secret": CLIENT_SECRET})
    assert result["reason"] == "reauth_successful"
    await home.settle()
    assert home.coordinator.last_update_success


async def _reconfigure_flow(home: Home) -> dict[str, Any]:
    context = ConfigFlowContext(source=SOURCE_RECONFIGURE, entry_id=home.entry.entry_id)
    return dict(await home.hass.config_entries.flow.async_init(DOMAIN, context=context))


async def test_reconfiguration(home: Home) -> None:
    """Test that another card and server are used at once, and the secret is not shown."""
    await home.add_account()
    result = await _reconfigure_flow(home)
    assert result["step_id"] == "reconfigure"
    assert _suggestions(result) == {
        "client_id": CLIENT_ID,
        "ema_id": CARDS[0],
        "base_url": home.simulator.url,
        "api_version": "v2",
    }
    result = await _enter(home.hass, result["flow_id"], home.user_input(ema_id="no card"))
    assert result["errors"] == {"ema_id": "invalid_ema_id"}

    home.simulator.log.clear()
    changed = home.user_input(ema_id=CARDS[1], api_version="v1")
    result = await _enter(home.hass, result["flow_id"], changed)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    await home.settle()
    assert home.entry.data["ema_id"] == CARDS[1]
    assert home.entry.unique_id == UNIQUE_ID
    assert {
        (entry.call.path, entry.query)
        for entry in home.simulator.log.entries
        if entry.call.name == "active"
    } == {("/ev/v1/charge-session/active", f"emaId={CARDS[1]}")}


async def test_reconfiguration_to_another_account(home: Home) -> None:
    """Test that an account cannot be turned into another one."""
    await home.add_account()
    home.simulator.world.accounts["company"] = "other"
    result = await _reconfigure_flow(home)
    user_input = home.user_input(client_id="company", client_secret="other")
    result = await _enter(home.hass, result["flow_id"], user_input)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "wrong_account"
    assert home.entry.data["client_id"] == CLIENT_ID
