"""The flow that adds a CleverEV namespace."""

from typing import Any

import pytest

from homeassistant.config_entries import ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType, InvalidData

from custom_components.ev_charging_sessions.networks import NETWORKS
from tests.home import Home
from tests.namespace import ALL_POINTS, POINT, open_form
from tests.park import enter, places, suggestions
from tests.simulator.defaults import CLEVEREV_ORGANIZATION, CLEVEREV_TOKEN

# The account id is a digest: it must never change, and never show who it is.
UNIQUE_ID = "90f6a9bf0322d09e"
LEGACY_UNIQUE_ID = "791a7d6e91bc0026"


def _defaults(result: dict[str, Any]) -> dict[str, Any]:
    """Return what the fields of a form hold before anybody has typed anything."""
    fields = dict(result["data_schema"].schema)
    fields |= fields.pop("advanced").schema.schema
    return {str(key): key.default() for key in fields if callable(key.default)}


async def _finish(home: Home, flow_id: str, **changes: Any) -> None:
    """Send good input."""
    result = await enter(home, flow_id, home.namespace_input(**changes))
    assert result["type"] is FlowResultType.CREATE_ENTRY, result
    home.entry = result["result"]
    await home.settle()
    assert home.entry.state is ConfigEntryState.LOADED


async def test_full_flow(home: Home) -> None:
    """Test the way from the menu to an account that runs."""
    result = await open_form(home)
    assert "http" not in str(_defaults(result))
    home.simulator.log.clear()
    result = await enter(home, result["flow_id"], home.namespace_input())
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "CleverEV"
    assert result["data"] == {
        "backend": "cleverev",
        "base_url": home.simulator.url,
        "api_token": CLEVEREV_TOKEN,
        "organization_id": CLEVEREV_ORGANIZATION,
        "currency": "EUR",
        "energy_unit": "Wh",
        "api_generation": "current",
    }
    home.entry = result["result"]
    assert home.entry.unique_id == UNIQUE_ID
    await home.settle()
    assert home.entry.state is ConfigEntryState.LOADED
    assert places(home) == ALL_POINTS
    # The past can be imported; a price of one's own is for networks that tell none.
    assert home.entry.supports_options
    assert not NETWORKS["cleverev"].takes_own_price
    assert set(home.entry.supported_subentry_types) == {"charge_card"}


async def test_legacy(home: Home) -> None:
    """Test that the older API does without an organization, and takes no commands."""
    home.simulator.cleverev.settings.offers = "legacy"
    await home.add_namespace(organization_id=None, api_generation="legacy")
    assert home.entry.unique_id == LEGACY_UNIQUE_ID
    assert home.entry.data["organization_id"] is None
    home.simulator.namespace.walk_in()
    await home.run(310)
    assert home.state("sensor", "status", POINT).state == "charging"
    assert home.hass.states.async_entity_ids("switch") == []


async def test_the_account_shows_no_credential(home: Home) -> None:
    """Test that neither the token nor the organization can be read from the account."""
    await home.add_namespace()
    shown = f"{home.entry.unique_id} {home.entry.title}"
    assert CLEVEREV_TOKEN not in shown
    assert CLEVEREV_ORGANIZATION not in shown


@pytest.mark.parametrize("currency", ["EUR", "NOK"])
async def test_defaults(home: Home, currency: str) -> None:
    """Test that only what nobody else can know must be entered; the money is the home's."""
    home.hass.config.currency = currency
    result = await open_form(home)
    assert _defaults(result) == {
        "currency": currency,
        "energy_unit": "Wh",
        "api_generation": "current",
    }
    user_input = {
        key: home.namespace_input()[key] for key in ("base_url", "api_token", "organization_id")
    }
    result = await enter(home, result["flow_id"], {**user_input, "advanced": {}})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["currency"] == currency
    assert result["data"]["energy_unit"] == "Wh"
    await home.settle()
    home.entry = result["result"]


async def test_input_is_tidied(home: Home) -> None:
    """Test that blanks, a slash and small letters do no harm."""
    result = await open_form(home)
    await _finish(
        home,
        result["flow_id"],
        base_url=f" {home.simulator.url}/ ",
        api_token=f"{CLEVEREV_TOKEN}\n",
        organization_id=f" {CLEVEREV_ORGANIZATION} ",
        currency=" czk ",
        energy_unit="kWh",
    )
    assert home.entry.unique_id == UNIQUE_ID
    assert home.entry.data["base_url"] == home.simulator.url
    assert home.entry.data["api_token"] == CLEVEREV_TOKEN
    assert home.entry.data["organization_id"] == CLEVEREV_ORGANIZATION
    assert home.entry.data["currency"] == "CZK"
    assert home.entry.data["energy_unit"] == "kWh"


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"currency": "XYZ"}, {"currency": "unknown_currency"}),
        ({"currency": "Euro"}, {"currency": "unknown_currency"}),
        ({"currency": ""}, {"currency": "unknown_currency"}),
        ({"organization_id": None}, {"organization_id": "no_organization_id"}),
        ({"organization_id": "  "}, {"organization_id": "no_organization_id"}),
        ({"base_url": "http://api.cleverev.net"}, {"base_url": "base_url_not_https"}),
        ({"base_url": "cleverev"}, {"base_url": "invalid_base_url"}),
        ({"api_token": "wrong"}, {"base": "authentication_failed"}),
        ({"base_url": "http://127.0.0.1:1"}, {"base": "backend_unavailable"}),
    ],
)
async def test_wrong_input(home: Home, changes: dict[str, Any], errors: dict[str, str]) -> None:
    """Test that wrong input is told at its field, is not lost, and can be mended."""
    result = await open_form(home)
    home.simulator.log.clear()
    result = await enter(home, result["flow_id"], home.namespace_input(**changes))
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "cleverev"
    assert result["errors"] == errors
    entered = {key: value for key, value in changes.items() if value is not None}
    assert entered.items() <= suggestions(result).items()
    if "base" not in errors:
        assert home.simulator.log.entries == []
    await _finish(home, result["flow_id"])
    assert home.entry.unique_id == UNIQUE_ID


@pytest.mark.parametrize(
    "changes", [{"energy_unit": "MWh"}, {"api_generation": "v3"}], ids=["unit", "generation"]
)
async def test_no_choice(home: Home, changes: dict[str, Any]) -> None:
    """Test that what is not among the choices gets no further."""
    result = await open_form(home)
    with pytest.raises(InvalidData):
        await enter(home, result["flow_id"], home.namespace_input(**changes))


@pytest.mark.parametrize(
    ("kind", "error", "placeholders"),
    [
        ("http_400", "request_rejected", {}),
        ("http_401", "authentication_failed", {}),
        ("http_404", "request_rejected", {}),
        ("http_429", "rate_limited", {"seconds": "17"}),
        ("http_500", "backend_unavailable", {"reason": "HTTP 500"}),
        ("html", "backend_unavailable", {"reason": "no JSON in the answer"}),
        ("broken_json", "backend_unavailable", {"reason": "no JSON in the answer"}),
        ("reset", "backend_unavailable", {"reason": "ClientOSError"}),
        ("failed_status", "request_rejected", {}),
        ("token_expired", "authentication_failed", {}),
    ],
)
async def test_network_in_trouble(
    home: Home, kind: str, error: str, placeholders: dict[str, str]
) -> None:
    """Test that trouble at the network has its own text, and that a later try succeeds."""
    result = await open_form(home)
    retry_after = 17 if kind == "http_429" else None
    home.simulator.faults.on(kind, scope="cleverev", retry_after=retry_after)
    result = await enter(home, result["flow_id"], home.namespace_input())
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": error}
    assert result["description_placeholders"].items() >= placeholders.items()
    home.simulator.faults.off()
    await _finish(home, result["flow_id"])


async def test_another_organization(home: Home) -> None:
    """Test that an organization which the token is not good for makes no account."""
    result = await open_form(home)
    user_input = home.namespace_input(organization_id="another")
    result = await enter(home, result["flow_id"], user_input)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": "request_rejected"}
    assert result["description_placeholders"].items() >= {"code": "chargers: HTTP 403"}.items()
    assert home.hass.config_entries.async_entries("ev_charging_sessions") == []
    await _finish(home, result["flow_id"])


async def test_a_token_without_the_chargers(home: Home) -> None:
    """Test that a token which may only read sessions makes no account for commands."""
    result = await open_form(home)
    home.simulator.faults.on("http_403", scope="chargers")
    result = await enter(home, result["flow_id"], home.namespace_input())
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": "request_rejected"}
    home.simulator.faults.off()
    await _finish(home, result["flow_id"])


async def test_already_configured(home: Home) -> None:
    """Test that an organization cannot be added a second time, whatever the token."""
    await home.add_namespace()
    home.simulator.namespace.tokens.add("other")
    result = await open_form(home)
    result = await enter(home, result["flow_id"], home.namespace_input(api_token="other"))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_two_organizations(home: Home) -> None:
    """Test that each organization is an account of its own, also with the same token."""
    await home.add_namespace()
    first = home.entry
    home.simulator.namespace.organization_id = "other"
    await home.add_namespace(organization_id="other")
    assert first.unique_id == UNIQUE_ID != home.entry.unique_id
    assert await home.hass.config_entries.async_unload(first.entry_id)


async def test_identifier_of_a_card(home: Home) -> None:
    """Test that a card is known by what chargers read, and that something else is refused."""
    await home.add_namespace()
    subentries = home.hass.config_entries.subentries
    kind = (home.entry.entry_id, "charge_card")
    form = await subentries.async_init(kind, context={"source": "user"})
    user_input = {"identifier": "a" * 21, "alias": "Anna"}
    result = await subentries.async_configure(form["flow_id"], user_input)
    assert result["errors"] == {"identifier": "invalid_id_tag"}
    user_input["identifier"] = "ANNAS-TAG"
    result = await subentries.async_configure(form["flow_id"], user_input)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await home.settle()
