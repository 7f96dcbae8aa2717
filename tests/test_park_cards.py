"""The RFID cards of a park: seen without a name, named by place and time, and found again."""

from typing import Any

import pytest

from homeassistant.config_entries import SOURCE_USER, SubentryFlowContext
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import SelectSelector, TextSelector

from tests.home import Home
from tests.park import POINT, SERIAL, SOUTH_POINT, SOUTH_SERIAL
from tests.simulator.defaults import RFIDS

TZ = "Europe/Amsterdam"
LABEL = "North 1 · 2026-11-21 13:00"


async def _set_up(home: Home) -> None:
    """Add the parks, with the sensors of the cards turned on."""
    await home.hass.config.async_set_time_zone(TZ)
    await home.add_parks()
    for point in (POINT, SOUTH_POINT):
        entity_id = home.entity_id("sensor", "card", point)
        entity = er.async_get(home.hass).async_get(entity_id)
        assert entity
        assert entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        er.async_get(home.hass).async_update_entity(entity_id, disabled_by=None)
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()


async def _form(home: Home) -> dict[str, Any]:
    subentries = home.hass.config_entries.subentries
    result = await subentries.async_init(
        (home.entry.entry_id, "charge_card"), context=SubentryFlowContext(source=SOURCE_USER)
    )
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {}
    return dict(result)


async def _enter(home: Home, flow_id: str, identifier: str, alias: str) -> dict[str, Any]:
    subentries = home.hass.config_entries.subentries
    user_input = {"identifier": identifier, "alias": alias}
    result = dict(await subentries.async_configure(flow_id, user_input))
    await home.settle()
    return result


def _offered(result: dict[str, Any]) -> dict[str, str]:
    """Return the labels of the cards that a form offers, by the value they stand for."""
    selector = result["data_schema"].schema["identifier"]
    if isinstance(selector, TextSelector):
        return {}
    assert isinstance(selector, SelectSelector)
    # A card can also be typed.
    assert selector.config["custom_value"]
    options: Any = selector.config["options"]
    return {option["value"]: option["label"] for option in options}


async def _rows(home: Home, **filters: Any) -> list[tuple[str, str | None]]:
    """Return the sessions that the action finds, newest first, each with its card."""
    answer = await home.act("get_sessions", **filters)
    assert answer
    rows: Any = answer["sessions"]
    return [(row["session_id"], row["card"]) for row in rows]


def _card(home: Home, point: str = POINT) -> str:
    return home.state("sensor", "card", point).state


async def test_unknown_card(home: Home) -> None:
    """Test that a card without a name is shown as such, and a car without card as unknown."""
    await _set_up(home)
    assert _card(home) == "unknown"
    home.simulator.parks.plug(SERIAL, 1, rfid=RFIDS[0])
    home.simulator.parks.plug(SOUTH_SERIAL, 1)
    await home.run(310)
    assert _card(home) == "unnamed"
    assert _card(home, SOUTH_POINT) == "unknown"
    for state in home.hass.states.async_all():
        assert RFIDS[0] not in repr(state.as_dict())


async def test_name_a_card_that_was_seen(home: Home) -> None:
    """Test that a card is offered by place and time, and its name holds for the past too."""
    await _set_up(home)
    parks = home.simulator.parks
    first = parks.plug(SOUTH_SERIAL, 1, rfid=RFIDS[0])
    await home.run(60)
    other = parks.plug("6020000002", 1)
    await home.run(310)
    parks.unplug(SOUTH_SERIAL, 1)
    await home.run(600 - 310 - 60)
    second = parks.plug(SERIAL, 1, rfid=RFIDS[0])
    await home.run(310)
    ids = [str(each.id) for each in (second, other, first)]
    assert await _rows(home) == [(each, None) for each in ids]

    result = await _form(home)
    # Where it was seen last.
    assert _offered(result) == {"#1": "North 1 · 2026-11-21 13:10"}
    assert RFIDS[0] not in repr(result)
    result = await _enter(home, result["flow_id"], "#1", " Anna ")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Anna"
    assert result["data"] == {"identifier": RFIDS[0], "alias": "Anna"}
    assert _card(home) == "Anna"
    assert _card(home, SOUTH_POINT) == "Anna"
    assert await _rows(home) == [(ids[0], "Anna"), (ids[1], None), (ids[2], "Anna")]
    assert await _rows(home, card="Anna") == [(ids[0], "Anna"), (ids[2], "Anna")]


async def test_two_unnamed_cards(home: Home) -> None:
    """Test that each unnamed card is offered once, until the last of them has its name."""
    await _set_up(home)
    parks = home.simulator.parks
    parks.plug(SERIAL, 1, rfid=RFIDS[0])
    parks.plug("6020000002", 1)
    await home.run(60)
    parks.plug(SOUTH_SERIAL, 1, rfid=RFIDS[1])
    await home.run(310)
    result = await _form(home)
    offered = _offered(result)
    assert sorted(offered.values()) == [LABEL, "South 1 · 2026-11-21 13:01"]
    assert not [value for value in offered if any(rfid in value for rfid in RFIDS)]
    southern = next(value for value, label in offered.items() if "South" in label)
    result = await _enter(home, result["flow_id"], southern, "Bram")
    assert result["data"] == {"identifier": RFIDS[1], "alias": "Bram"}
    assert (_card(home), _card(home, SOUTH_POINT)) == ("unnamed", "Bram")

    result = await _form(home)
    ((value, label),) = _offered(result).items()
    assert label == LABEL
    result = await _enter(home, result["flow_id"], value, "Anna")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert (_card(home), _card(home, SOUTH_POINT)) == ("Anna", "Bram")
    assert _offered(await _form(home)) == {}


async def test_no_list_without_cards(home: Home) -> None:
    """Test that there is nothing to choose from before a card was seen, or while it is off."""
    await home.add_parks()
    assert _offered(await _form(home)) == {}
    home.simulator.parks.plug(SERIAL, 1, rfid=RFIDS[0])
    await home.run(310)
    assert len(_offered(await _form(home))) == 1
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    assert _offered(await _form(home)) == {}


@pytest.mark.parametrize("text", ["04:52:30 22-aa-48-81", "04523022AA4881", " 04523022aa4881 "])
async def test_typed_card(home: Home, text: str) -> None:
    """Test that a card can be given by its number in any spelling, seen or not."""
    await _set_up(home)
    result = await _form(home)
    result = await _enter(home, result["flow_id"], text, "Anna")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {"identifier": RFIDS[0], "alias": "Anna"}
    assert home.state("sensor", "status", POINT).state == "available"
    session = home.simulator.parks.plug(SERIAL, 1, rfid=RFIDS[0])
    await home.run(310)
    assert _card(home) == "Anna"
    assert await _rows(home, card="Anna") == [(str(session.id), "Anna")]
    # A second time, in another spelling, it is the same card.
    result = await _form(home)
    result = await _enter(home, result["flow_id"], "0452-3022-AA48-81", "Other")
    assert result["errors"] == {"identifier": "card_exists"}


@pytest.mark.parametrize("text", ["", "123", "#1", "#2", "04523022Ä", "0" * 41, "NL*TNM"])
async def test_wrong_card(home: Home, text: str) -> None:
    """Test that what is no card is told, is not lost, and can be mended."""
    await home.add_parks()
    flow_id = (await _form(home))["flow_id"]
    result = await _enter(home, flow_id, text, "Anna")
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"identifier": "invalid_rfid"}
    shown = {key.schema: key.description["suggested_value"] for key in result["data_schema"].schema}
    assert shown == {"identifier": text, "alias": "Anna"}
    result = await _enter(home, flow_id, RFIDS[0], "Anna")
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_wrong_alias(home: Home) -> None:
    """Test that a card that was chosen stays chosen while its name is not right yet."""
    await _set_up(home)
    await home.add_subentry("charge_card", identifier=RFIDS[1], alias="Bram")
    home.simulator.parks.plug(SERIAL, 1, rfid=RFIDS[0])
    await home.run(310)
    result = await _form(home)
    flow_id = result["flow_id"]
    for alias, error in ((" ", "alias_empty"), ("Bram", "alias_exists")):
        result = await _enter(home, flow_id, "#1", alias)
        assert result["errors"] == {"alias": error}
        assert _offered(result) == {"#1": LABEL}
        assert RFIDS[0] not in repr(result)
    result = await _enter(home, flow_id, "#1", "Anna")
    assert result["data"] == {"identifier": RFIDS[0], "alias": "Anna"}
    assert _card(home) == "Anna"


async def test_a_seen_card_of_another_form(home: Home) -> None:
    """Test that a card whose number looks like no RFID can be named all the same."""
    await _set_up(home)
    home.simulator.parks.plug(SERIAL, 1, rfid="guest_7")
    await home.run(310)
    assert _card(home) == "unnamed"
    result = await _form(home)
    assert _offered(result) == {"#1": LABEL}
    result = await _enter(home, result["flow_id"], "#1", "Guest")
    assert result["type"] is FlowResultType.CREATE_ENTRY, result["errors"]
    assert _card(home) == "Guest"
