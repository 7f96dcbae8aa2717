"""The cards and charge points of an account, from their forms to what they change."""

from types import MappingProxyType
from typing import Any

import pytest

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntryState,
    ConfigSubentry,
    SubentryFlowContext,
)
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import EVSE, OTHER_EVSE, Home
from tests.simulator.defaults import CARDS


async def _form(home: Home, kind: str) -> str:
    subentries = home.hass.config_entries.subentries
    result = await subentries.async_init(
        (home.entry.entry_id, kind), context=SubentryFlowContext(source=SOURCE_USER)
    )
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    assert result["errors"] == {}
    return result["flow_id"]


async def _enter(home: Home, flow_id: str, user_input: dict[str, str]) -> dict[str, Any]:
    subentries = home.hass.config_entries.subentries
    return dict(await subentries.async_configure(flow_id, user_input))


async def _rename_form(home: Home, subentry_id: str) -> dict[str, Any]:
    subentries = home.hass.config_entries.subentries
    result = await subentries.async_init(
        (home.entry.entry_id, "charge_card"),
        context=SubentryFlowContext(source=SOURCE_RECONFIGURE, subentry_id=subentry_id),
    )
    assert result["step_id"] == "reconfigure"
    assert result["errors"] == {}
    return dict(result)


def _entities(home: Home) -> dict[tuple[str, str], str]:
    """Return the entities of the account, by domain and unique id."""
    return {
        (entry.domain, entry.unique_id): entry.entity_id
        for entry in er.async_entries_for_config_entry(er.async_get(home.hass), home.entry.entry_id)
    }


def _device(home: Home, charge_point_id: str) -> dr.DeviceEntry | None:
    identifier = (DOMAIN, f"{home.entry.unique_id}_{charge_point_id}")
    return dr.async_get(home.hass).async_get_device_by_identifier(identifier, home.entry.entry_id)


def _subentry_id(home: Home, charge_point_id: str) -> str:
    return next(
        subentry.subentry_id
        for subentry in home.entry.subentries.values()
        if subentry.unique_id == charge_point_id
    )


async def test_add_card(home: Home) -> None:
    """Test that a new card is asked about at once, under its canonical number."""
    await home.add_account()
    flow_id = await _form(home, "charge_card")
    home.simulator.log.clear()
    user_input = {"identifier": f" {CARDS[1].lower()} ", "alias": " Company "}
    result = await _enter(home, flow_id, user_input)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Company"
    assert result["data"] == {"identifier": CARDS[1], "alias": "Company"}
    await home.settle()
    queries = {entry.query for entry in home.simulator.log.entries}
    assert f"emaId={CARDS[1]}" in queries


async def test_add_card_without_the_archive(home: Home) -> None:
    """Test that a card can be given by its number where none can be looked for."""
    await home.add_account()
    await home.coordinator.ledger.close()
    flow_id = await _form(home, "charge_card")
    result = await _enter(home, flow_id, {"identifier": CARDS[1], "alias": "Company"})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_add_cards_at_once(home: Home) -> None:
    """Test that all that changes while an account loads again makes it load once more."""
    await home.add_account()
    loaded = []

    def note() -> None:
        if home.entry.state is ConfigEntryState.LOADED:
            loaded.append(len(home.entry.runtime_data.backend.cards))

    home.entry.async_on_state_change(note)
    for number in range(3):
        card = {"identifier": f"NL-TNM-C0000000{number}", "alias": f"Card {number}"}
        subentry = ConfigSubentry(
            data=MappingProxyType(card),
            subentry_type="charge_card",
            title=card["alias"],
            unique_id=card["identifier"],
        )
        home.hass.config_entries.async_add_subentry(home.entry, subentry)
    await home.settle()
    assert loaded == [2, 4]


@pytest.mark.parametrize(
    ("user_input", "errors"),
    [
        ({"identifier": "123", "alias": "Card"}, {"identifier": "invalid_ema_id"}),
        ({"identifier": "NL-TNM-C00000000-0", "alias": "Company"}, {"alias": "alias_exists"}),
        (
            {"identifier": "NL-TNM-C00000000-0", "alias": "Shell Recharge"},
            {"alias": "alias_exists"},
        ),
        ({"identifier": "NL-TNM-C00000000-0", "alias": " "}, {"alias": "alias_empty"}),
        ({"identifier": CARDS[1], "alias": "Other"}, {"identifier": "card_exists"}),
        ({"identifier": CARDS[1].lower(), "alias": "Other"}, {"identifier": "card_exists"}),
        (
            {"identifier": "123", "alias": ""},
            {"identifier": "invalid_ema_id", "alias": "alias_empty"},
        ),
    ],
)
async def test_wrong_card(home: Home, user_input: dict[str, str], errors: dict[str, str]) -> None:
    """Test that a wrong or doubled card is told, and that the form recovers."""
    await home.add_account()
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Company")
    flow_id = await _form(home, "charge_card")
    result = await _enter(home, flow_id, user_input)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    good = {"identifier": "NL-TNM-C00000000-0", "alias": "Third"}
    result = await _enter(home, flow_id, good)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await home.settle()


async def test_name_default_card(home: Home) -> None:
    """Test that the default card can be given a name of its own, and stays the default."""
    await home.add_account()
    assert [card.alias for card in home.coordinator.backend.cards] == ["Shell Recharge"]
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Company")
    await home.add_subentry("charge_card", identifier=CARDS[0], alias="Mine")
    cards = home.coordinator.backend.cards
    assert [(card.identifier, card.alias) for card in cards] == [
        (CARDS[0], "Mine"),
        (CARDS[1], "Company"),
    ]


async def test_rename_card(home: Home) -> None:
    """Test that a card gets another name, that is used at once, and not one that is taken."""
    await home.add_account()
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Company")
    (subentry_id,) = home.entry.subentries
    result = await _rename_form(home, subentry_id)
    assert set(result["data_schema"].schema) == {"alias"}
    for alias, error in (("Shell Recharge", "alias_exists"), (" ", "alias_empty")):
        result = await _enter(home, result["flow_id"], {"alias": alias})
        assert result["errors"] == {"alias": error}
    result = await _enter(home, result["flow_id"], {"alias": "Employer"})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    await home.settle()
    subentry = home.entry.subentries[subentry_id]
    assert subentry.title == "Employer"
    assert subentry.data == {"identifier": CARDS[1], "alias": "Employer"}
    assert home.coordinator.backend.cards[1].alias == "Employer"


async def test_rename_card_to_its_own_name(home: Home) -> None:
    """Test that the form may be sent as it is."""
    await home.add_account()
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Company")
    (subentry_id,) = home.entry.subentries
    result = await _rename_form(home, subentry_id)
    result = await _enter(home, result["flow_id"], {"alias": "Company"})
    assert result["reason"] == "reconfigure_successful"


async def test_rename_account(home: Home) -> None:
    """Test that the default card without a name of its own follows that of the account."""
    await home.add_account()
    home.hass.config_entries.async_update_entry(home.entry, title="Family")
    await home.settle()
    assert home.coordinator.backend.cards[0].alias == "Family"
    device = dr.async_get(home.hass).async_get(home.device_id(None))
    assert device
    assert device.name == "Family"


async def test_add_charge_point(home: Home) -> None:
    """Test that a charge point is there at once, with its device in its own subentry."""
    await home.add_account()
    flow_id = await _form(home, "charge_point")
    result = await _enter(home, flow_id, {"evse_id": f" {EVSE.lower()} "})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == EVSE
    assert result["data"] == {"evse_id": EVSE}
    assert result["unique_id"] == EVSE
    await home.settle()
    assert home.state("sensor", "status").state == "available"
    device = _device(home, EVSE)
    assert device
    assert device.config_subentry_id == _subentry_id(home, EVSE)


@pytest.mark.parametrize(
    ("evse_id", "error"),
    [
        ("", "invalid_evse_id"),
        ("NL*TNM*E0200", "invalid_evse_id"),
        (CARDS[0], "invalid_evse_id"),
        ("NL*TNM*E" + "0" * 40, "invalid_evse_id"),
        (EVSE, "charge_point_exists"),
        (EVSE.lower(), "charge_point_exists"),
    ],
)
async def test_wrong_charge_point(home: Home, evse_id: str, error: str) -> None:
    """Test that a wrong or doubled EVSE id is told, sends nothing, and can be mended."""
    await home.add_account(EVSE)
    flow_id = await _form(home, "charge_point")
    home.simulator.log.clear()
    result = await _enter(home, flow_id, {"evse_id": evse_id})
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"evse_id": error}
    assert home.simulator.log.entries == []
    result = await _enter(home, flow_id, {"evse_id": OTHER_EVSE})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await home.settle()


async def test_remove_charge_point(home: Home) -> None:
    """Test that a removed charge point leaves nothing behind, and the other one alone."""
    await home.add_account(EVSE, OTHER_EVSE)
    home.hass.config_entries.async_remove_subentry(home.entry, _subentry_id(home, EVSE))
    await home.settle()
    assert _device(home, EVSE) is None
    assert not any(f"_{EVSE}_" in unique_id for _, unique_id in _entities(home))
    assert list(home.coordinator.data.charge_points) == [OTHER_EVSE]
    assert home.state("sensor", "status", OTHER_EVSE).state == "available"


async def test_remove_card(home: Home) -> None:
    """Test that a removed card is no longer asked about."""
    await home.add_account()
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Company")
    (subentry_id,) = home.entry.subentries
    home.simulator.log.clear()
    home.hass.config_entries.async_remove_subentry(home.entry, subentry_id)
    await home.settle()
    await home.advance(310)
    queries = {entry.query for entry in home.simulator.log.entries}
    assert f"emaId={CARDS[0]}" in queries
    assert f"emaId={CARDS[1]}" not in queries


async def test_adopt_charge_point(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Test that a charge point that turned up keeps all its entities when it is added."""
    await home.add_account()
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    device = _device(home, EVSE)
    assert device
    assert device.config_subentry_id is None
    entity_id = "sensor.my_charge_point"
    er.async_get(home.hass).async_update_entity(
        home.entity_id("sensor", "status"), new_entity_id=entity_id
    )
    dr.async_get(home.hass).async_update_device(device.id, name_by_user="Corner")
    await home.settle()
    before = _entities(home)

    await home.add_subentry("charge_point", evse_id=EVSE)
    subentry_id = _subentry_id(home, EVSE)
    assert _entities(home) == before
    moved = _device(home, EVSE)
    assert moved
    assert moved.id == device.id
    assert moved.name_by_user == "Corner"
    assert moved.config_subentry_id == subentry_id
    entries = er.async_entries_for_device(
        er.async_get(home.hass), device.id, include_disabled_entities=True
    )
    assert {entry.config_subentry_id for entry in entries} == {subentry_id}
    status = home.hass.states.get(entity_id)
    assert status
    assert status.state == "charging"
    assert "different config subentry" not in caplog.text


async def test_release_charge_point(home: Home) -> None:
    """Test that a charge point whose subentry goes while it charges stays as a visited one."""
    await home.add_account(EVSE)
    before = _entities(home)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    assert home.state("sensor", "status").state == "charging"

    home.hass.config_entries.async_remove_subentry(home.entry, _subentry_id(home, EVSE))
    await home.settle()
    device = _device(home, EVSE)
    assert device
    assert device.config_subentry_id is None
    assert _entities(home) == before
    assert home.state("sensor", "status").state == "charging"
