"""The devices of a CleverEV namespace: chargers with their connectors, and what they show."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from homeassistant.const import EntityCategory
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component

from custom_components.ev_charging_sessions.charging.model import OcppStatus
from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import EVSE, Home
from tests.namespace import (
    ALL_POINTS,
    DEPOT,
    ENTRANCE,
    GARAGE,
    GARAGE_POINT,
    NEIGHBOUR,
    POINT,
    SECOND,
    station,
)
from tests.park import device, places, reload, remove_device
from tests.simulator.defaults import CLEVEREV_ID_TAGS
from tests.simulator.namespace_model import Status

OCPP = ("sensor", "ocpp_status")


def _station(home: Home, charger_id: str) -> dr.DeviceEntry:
    found = station(home, charger_id)
    assert found, f"There is no station {charger_id}"
    return found


def _facts(found: dr.DeviceEntry) -> tuple[Any, ...]:
    return (found.name, found.manufacturer, found.model, found.sw_version)


async def _remove(home: Home, hass_ws_client: WebSocketGenerator, device_id: str) -> bool:
    """Press the button that removes a device which is no charge point."""
    await async_setup_component(home.hass, "config", {})
    client = await hass_ws_client(home.hass)
    answer: dict[str, Any] = await client.remove_device(device_id)
    await client.close()
    await home.settle()
    return bool(answer["success"])


async def test_shape(home: Home) -> None:
    """Test one service for the account, its chargers behind it, connectors behind those."""
    await home.add_namespace()
    account = device(home, None)
    assert account.entry_type is dr.DeviceEntryType.SERVICE
    assert account.manufacturer == account.name == "CleverEV"
    assert places(home) == ALL_POINTS
    make = ("Simulated", "AC Duo 22", "1.4.2")
    assert _facts(_station(home, ENTRANCE)) == ("Hotel Entrance 1", *make)
    assert _facts(device(home, POINT)) == ("Hotel Entrance 1 1", *make)
    assert _facts(device(home, NEIGHBOUR)) == ("Hotel Entrance 1 2", *make)
    assert _facts(device(home, GARAGE_POINT)) == ("Hotel Garage", *make)
    assert _station(home, DEPOT).model == "DC 50"
    for charger_id in (ENTRANCE, SECOND, GARAGE, DEPOT):
        assert _station(home, charger_id).via_device_id == account.id
        assert _station(home, charger_id).entry_type is None
    for point in ALL_POINTS:
        charger_id = point.rpartition("-")[0]
        assert device(home, point).via_device_id == _station(home, charger_id).id
    # The station itself is no place where a car can charge.
    assert home.coordinator.charge_point_of(_station(home, ENTRANCE)) is None


async def test_legacy_has_no_stations(home: Home) -> None:
    """Test that connectors the older API tells only sessions of hang on the account."""
    await home.add_namespace(organization_id=None, api_generation="legacy")
    home.simulator.namespace.start_at_pole(ENTRANCE, 1, CLEVEREV_ID_TAGS[0])
    await home.run(310)
    assert places(home) == {POINT}
    assert device(home, POINT).via_device_id == home.device_id(None)
    assert station(home, ENTRANCE) is None


async def test_changes_of_a_charger(home: Home) -> None:
    """Test that a new name, make or firmware shows at the station and its connectors."""
    await home.add_namespace()
    registry = dr.async_get(home.hass)
    registry.async_update_device(home.device_id(NEIGHBOUR), name_by_user="Mine")
    charger = home.simulator.namespace.charger(ENTRANCE)
    charger.name, charger.vendor, charger.model, charger.firmware = "Gate", "Other", "X1", "2.0"
    await home.run(310)
    make = ("Other", "X1", "2.0")
    assert _facts(_station(home, ENTRANCE)) == ("Gate", *make)
    assert _facts(device(home, POINT)) == ("Gate 1", *make)
    assert _facts(device(home, NEIGHBOUR)) == ("Gate 2", *make)
    assert device(home, NEIGHBOUR).name_by_user == "Mine"
    assert _station(home, SECOND).sw_version == "1.4.2"
    before = {each.id for each in _all(home)}
    await reload(home)
    assert {each.id for each in _all(home)} == before
    assert _facts(device(home, POINT)) == ("Gate 1", *make)


def _all(home: Home) -> list[dr.DeviceEntry]:
    return dr.async_entries_for_config_entry(dr.async_get(home.hass), home.entry.entry_id)


async def test_charger_that_is_gone(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Test that a charger that was taken down can be removed, and only it."""
    await home.add_namespace()
    chargers = home.simulator.namespace.chargers
    found, other = _station(home, ENTRANCE), _station(home, SECOND)
    assert not await _remove(home, hass_ws_client, found.id)
    gone = chargers.pop(ENTRANCE)
    await home.run(310)
    assert home.state("sensor", "status", POINT).state == "unavailable"
    await reload(home)
    # It is still behind its station, although nobody tells of either.
    assert device(home, POINT).via_device_id == found.id
    assert _facts(device(home, POINT))[1:] == ("Simulated", "AC Duo 22", "1.4.2")
    assert await remove_device(home, hass_ws_client, POINT)
    assert await _remove(home, hass_ws_client, found.id)
    assert not await _remove(home, hass_ws_client, other.id)
    assert station(home, ENTRANCE) is None
    await reload(home)
    assert station(home, ENTRANCE) is None
    assert device(home, NEIGHBOUR).via_device_id == home.device_id(None)

    chargers[ENTRANCE] = gone
    await home.run(310)
    assert places(home) == ALL_POINTS
    for point in (POINT, NEIGHBOUR):
        assert device(home, point).via_device_id == _station(home, ENTRANCE).id
        assert home.state("sensor", "status", point).state == "available"


async def test_charger_that_comes_back(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Test that a station that was removed is there again with its charger, without a reload."""
    await home.add_namespace()
    chargers = home.simulator.namespace.chargers
    gone = chargers.pop(ENTRANCE)
    await home.run(310)
    assert await _remove(home, hass_ws_client, _station(home, ENTRANCE).id)
    assert device(home, POINT).via_device_id is None
    chargers[ENTRANCE] = gone
    await home.run(310)
    assert device(home, POINT).via_device_id == _station(home, ENTRANCE).id


async def test_stations_while_turned_off(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Test that a station can be removed while the account is not loaded, and comes back."""
    await home.add_namespace()
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    assert await _remove(home, hass_ws_client, _station(home, ENTRANCE).id)
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.settle()
    assert device(home, POINT).via_device_id == _station(home, ENTRANCE).id


async def test_ocpp_status(home: Home) -> None:
    """Test that the status in the words of the charger is there beside ours, as diagnostics."""
    await home.add_namespace()
    namespace = home.simulator.namespace
    entity = er.async_get(home.hass).async_get(home.entity_id(*OCPP, POINT))
    assert entity
    assert entity.entity_category is EntityCategory.DIAGNOSTIC
    assert home.state(*OCPP, POINT).attributes["options"] == list(OcppStatus)
    told = [home.state(*OCPP, POINT).state]
    namespace.start_at_pole(ENTRANCE, 1, CLEVEREV_ID_TAGS[0])
    await home.run(310)
    told.append(home.state(*OCPP, POINT).state)
    namespace.pause(ENTRANCE, 1)
    await home.run(31)
    told.append(home.state(*OCPP, POINT).state)
    namespace.pause(ENTRANCE, 1, paused=False)
    namespace.full(ENTRANCE, 1)
    await home.run(31)
    told.append(home.state(*OCPP, POINT).state)
    namespace.set_outage(ENTRANCE, 1, Status.FAULTED)
    await home.run(310)
    told.append(home.state(*OCPP, POINT).state)
    assert told == ["available", "charging", "suspended_evse", "suspended_ev", "faulted"]
    assert home.state(*OCPP, NEIGHBOUR).state == "available"


async def test_ocpp_status_is_live(home: Home) -> None:
    """Test that the status is not shown while the network cannot be reached."""
    await home.add_namespace()
    home.simulator.faults.on("http_503")
    await home.run(310)
    assert home.state(*OCPP, POINT).state == "unavailable"
    home.simulator.faults.off()
    await home.run(310)
    assert home.state(*OCPP, POINT).state == "available"


@pytest.mark.parametrize("network", ["shell_recharge", "smappee", "legacy"])
async def test_no_ocpp_status(home: Home, network: str) -> None:
    """Test that there is no such sensor where nobody tells that status."""
    match network:
        case "shell_recharge":
            await home.add_account(EVSE)
        case "smappee":
            await home.add_parks()
        case _:
            await home.add_namespace(organization_id=None, api_generation="legacy")
            home.simulator.namespace.start_at_pole(ENTRANCE, 1, CLEVEREV_ID_TAGS[0])
            await home.run(310)
    entities = er.async_entries_for_config_entry(er.async_get(home.hass), home.entry.entry_id)
    assert entities
    assert not [each for each in entities if each.unique_id.endswith("ocpp_status")]
    assert all(
        not identifier.startswith("station_")
        for each in _all(home)
        for domain, identifier in each.identifiers
        if domain == DOMAIN
    )
