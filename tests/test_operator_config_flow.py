"""Tests of becoming an operator in the user interface."""

from typing import Any

import pytest

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntryState,
    ConfigFlowContext,
    SubentryFlowContext,
)
from homeassistant.data_entry_flow import FlowResultType

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.guest_house import METER, PLUG, SWITCH, GuestHouse
from tests.simulator.defaults import (
    PLUGSURFING_EVSE as EVSE,
    PLUGSURFING_EVSES,
    PLUGSURFING_KEY,
    PLUGSURFING_PARTNER,
)


async def _open_form(house: GuestHouse) -> dict[str, Any]:
    flows = house.hass.config_entries.flow
    result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "plugsurfing"})
    assert result["step_id"] == "plugsurfing"
    return dict(result)


async def _submit(house: GuestHouse, result: dict[str, Any], **changes: Any) -> dict[str, Any]:
    flows = house.hass.config_entries.flow
    entered = house.user_input(**changes)
    return dict(await flows.async_configure(result["flow_id"], entered))


async def test_full_flow(guest_house: GuestHouse) -> None:
    """Test that the account is known by its partner identifier, which nobody sees."""
    result = await _submit(guest_house, await _open_form(guest_house))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert entry.title == "PlugSurfing"
    assert entry.data == {
        "backend": "plugsurfing",
        "api_key": PLUGSURFING_KEY,
        "partner_identifier": PLUGSURFING_PARTNER,
        "base_url": guest_house.home.simulator.url,
        "webhook_id": entry.data["webhook_id"],
    }
    assert len(entry.data["webhook_id"]) == 64
    assert PLUGSURFING_PARTNER not in entry.unique_id
    await guest_house.home.settle()
    guest_house.home.entry = entry
    assert entry.state is ConfigEntryState.LOADED
    (verified,) = guest_house.books.verified
    assert verified.rfid == "00000000000000"


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"partner_identifier": "too short"}, {"partner_identifier": "weak_partner_identifier"}),
        (
            {"partner_identifier": PLUGSURFING_KEY},
            {"partner_identifier": "weak_partner_identifier"},
        ),
        ({"api_key": "two words"}, {"api_key": "invalid_api_key"}),
        ({"api_key": "ключ"}, {"api_key": "invalid_api_key"}),
        ({"advanced": {"base_url": "http://example.com"}}, {"base": "base_url_not_https"}),
        ({"api_key": "another-key"}, {"base": "authentication_failed"}),
    ],
)
async def test_wrong_input(
    guest_house: GuestHouse, changes: dict[str, Any], errors: dict[str, str]
) -> None:
    """Test that wrong input is told at its field, and can be put right."""
    result = await _submit(guest_house, await _open_form(guest_house), **changes)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    result = await _submit(guest_house, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    guest_house.home.entry = result["result"]


async def test_already_configured(guest_house: GuestHouse) -> None:
    """Test that one partner identifier is one account."""
    await guest_house.add_operator()
    result = await _submit(guest_house, await _open_form(guest_house))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_reconfigure_keeps_the_address(guest_house: GuestHouse) -> None:
    """Test that the network can go on to call where it did after the account was changed."""
    await guest_house.add_operator()
    entry = guest_house.home.entry
    webhook_id = entry.data["webhook_id"]
    context = ConfigFlowContext(source=SOURCE_RECONFIGURE, entry_id=entry.entry_id)
    flows = guest_house.hass.config_entries.flow
    result: dict[str, Any] = dict(await flows.async_init(DOMAIN, context=context))
    suggested = [each.description for each in result["data_schema"].schema]
    assert all("suggested_value" not in (each or {}) for each in suggested)
    result = await _submit(guest_house, result)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    await guest_house.home.settle()
    assert entry.data["webhook_id"] == webhook_id
    assert entry.state is ConfigEntryState.LOADED


@pytest.fixture
async def house(guest_house: GuestHouse) -> GuestHouse:
    """Return a guest house with two poles and an account, but no connector."""
    await guest_house.add_devices("front")
    await guest_house.add_devices("yard")
    await guest_house.add_operator()
    return guest_house


async def _offer(house: GuestHouse, **user_input: str) -> dict[str, Any]:
    subentries = house.hass.config_entries.subentries
    result = await subentries.async_init(
        (house.home.entry.entry_id, "connector"), context={"source": SOURCE_USER}
    )
    result = await subentries.async_configure(result["flow_id"], user_input)
    await house.home.settle()
    return dict(result)


def _pole(name: str, evse_id: str = EVSE) -> dict[str, str]:
    return {
        "evse_id": evse_id,
        "switch_entity": SWITCH.format(name),
        "energy_entity": METER.format(name),
        "plug_entity": PLUG.format(name),
    }


async def test_offer_connector(house: GuestHouse) -> None:
    """Test that a connector gets its device and entities, in capitals."""
    result = await _offer(house, **_pole("front", EVSE.lower()))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == EVSE
    assert house.home.state("sensor", "status", EVSE).state == "available"
    assert house.home.state("switch", "charging", EVSE).state == "off"
    assert house.home.device_id(EVSE)


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"evse_id": "1356"}, {"evse_id": "invalid_evse_id"}),
        ({"evse_id": EVSE}, {"evse_id": "connector_exists"}),
        ({"switch_entity": SWITCH.format("front")}, {"switch_entity": "entity_in_use"}),
        ({"energy_entity": METER.format("front")}, {"energy_entity": "entity_in_use"}),
        ({"energy_entity": "sensor.nowhere"}, {"energy_entity": "no_energy_unit"}),
    ],
)
async def test_wrong_connector(
    house: GuestHouse, changes: dict[str, str], errors: dict[str, str]
) -> None:
    """Test that what cannot be a connector of its own is told at its field."""
    await house.add_connector()
    right = _pole("yard", PLUGSURFING_EVSES[1])
    result = await _offer(house, **right | changes)
    assert result["errors"] == errors
    subentries = house.hass.config_entries.subentries
    result = dict(await subentries.async_configure(result["flow_id"], right))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await house.home.settle()


async def test_own_switch(house: GuestHouse) -> None:
    """Test that a connector cannot be switched by the switch that waits for it."""
    await house.add_connector()
    own = house.home.entity_id("switch", "charging", EVSE)
    right = _pole("yard", PLUGSURFING_EVSES[1])
    result = await _offer(house, **right | {"switch_entity": own})
    assert result["errors"] == {"switch_entity": "own_entity"}


async def test_change_entities(house: GuestHouse) -> None:
    """Test that a connector can get other entities and stays the connector it is."""
    await house.add_connector()
    entry = house.home.entry
    (subentry,) = entry.subentries.values()
    subentries = house.hass.config_entries.subentries
    context = SubentryFlowContext(source=SOURCE_RECONFIGURE, subentry_id=subentry.subentry_id)
    result = await subentries.async_init((entry.entry_id, "connector"), context=context)
    entities = {key: value for key, value in _pole("yard").items() if key != "evse_id"}
    del entities["plug_entity"]
    flow_id = result["flow_id"]
    result = await subentries.async_configure(flow_id, entities | {"energy_entity": "sensor.none"})
    assert result["errors"] == {"energy_entity": "no_energy_unit"}
    result = await subentries.async_configure(flow_id, entities)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    await house.home.settle()
    (answer,) = await house.caller.start(EVSE)
    assert answer.code == 0
    assert house.poles.pole("yard").is_on
    assert not house.poles.pole("front").is_on
