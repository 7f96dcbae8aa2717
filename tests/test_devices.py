"""The devices: the account, its charge points, and which of them can be removed."""

from typing import Any

from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import EVSE, OTHER_EVSE, Home
from tests.simulator.defaults import CARDS


def _devices(home: Home) -> list[dr.DeviceEntry]:
    registry = dr.async_get(home.hass)
    return dr.async_entries_for_config_entry(registry, home.entry.entry_id)


async def _visit(home: Home, evse_id: str) -> None:
    """Let a car charge at a charge point that was never added."""
    home.simulator.world.start_at_pole(evse_id, CARDS[0])
    await home.advance(310)
    home.simulator.world.unplug(evse_id)
    await home.advance(31)


async def _remove(
    home: Home, hass_ws_client: WebSocketGenerator, charge_point_id: str | None
) -> bool:
    """Press the button that removes a device."""
    await async_setup_component(home.hass, "config", {})
    client = await hass_ws_client(home.hass)
    answer: dict[str, Any] = await client.remove_device(home.device_id(charge_point_id))
    await home.settle()
    return bool(answer["success"])


async def test_shape(home: Home) -> None:
    """Test one service for the account, and one device for each charge point behind it."""
    await home.add_account(EVSE)
    await _visit(home, OTHER_EVSE)
    account_id = home.entry.unique_id
    service, added, visited = _devices(home)
    assert service.identifiers == {(DOMAIN, account_id)}
    assert service.entry_type is dr.DeviceEntryType.SERVICE
    assert service.manufacturer == service.name == "Shell Recharge"
    assert service.config_subentry_id is None
    for device, evse_id in ((added, EVSE), (visited, OTHER_EVSE)):
        assert device.identifiers == {(DOMAIN, f"{account_id}_{evse_id}")}
        assert device.name == evse_id
        assert device.manufacturer == "TheNewMotion"
        assert device.model == "Type2"
        assert device.via_device_id == service.id
        assert device.entry_type is None
    assert added.config_subentry_id == next(iter(home.entry.subentries))
    assert visited.config_subentry_id is None


async def test_known_place_stays_known(home: Home) -> None:
    """Test that a look-up that fails at the start does not wipe out what is known."""
    await home.add_account(EVSE)
    home.simulator.faults.on("http_500", scope="locations")
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    device = _devices(home)[-1]
    assert device.manufacturer == "TheNewMotion"
    assert device.model == "Type2"


async def test_late_look_up(home: Home) -> None:
    """Test that the device learns what a later look-up finds."""
    home.simulator.faults.on("http_500", scope="locations")
    await home.add_account(EVSE)
    home.simulator.faults.off()
    await home.run(3700)
    assert home.state("sensor", "status").state == "available"
    device = _devices(home)[-1]
    assert device.manufacturer == "TheNewMotion"


async def test_remove_visited(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Test that a visited charge point goes for good, and comes again with a session."""
    await home.add_account()
    await _visit(home, OTHER_EVSE)
    assert await _remove(home, hass_ws_client, OTHER_EVSE)
    assert len(_devices(home)) == 1
    assert home.coordinator.data.charge_points == {}
    await home.run(400)
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    assert len(_devices(home)) == 1

    home.simulator.world.start_at_pole(OTHER_EVSE, CARDS[0])
    await home.advance(310)
    assert home.state("sensor", "status", OTHER_EVSE).state == "charging"


async def test_remove_while_charging(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Test that a charge point with an open session stays."""
    await home.add_account()
    home.simulator.world.start_at_pole(OTHER_EVSE, CARDS[0])
    await home.advance(310)
    assert not await _remove(home, hass_ws_client, OTHER_EVSE)
    assert home.state("sensor", "status", OTHER_EVSE).state == "charging"


async def test_remove_added(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Test that a charge point that was added goes with its subentry only."""
    await home.add_account(EVSE)
    assert not await _remove(home, hass_ws_client, EVSE)
    assert home.state("sensor", "status").state == "available"


async def test_remove_account(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Test that the service goes with its entry only."""
    await home.add_account()
    assert not await _remove(home, hass_ws_client, None)


async def test_remove_visited_while_down(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Test that a visited charge point can be removed while the account is turned off."""
    await home.add_account()
    await _visit(home, OTHER_EVSE)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    assert home.entry.state is ConfigEntryState.NOT_LOADED
    assert await _remove(home, hass_ws_client, OTHER_EVSE)
    assert len(_devices(home)) == 1


async def test_entities_of_visited_stay(home: Home) -> None:
    """Test that a visited charge point is still there after a restart."""
    await home.add_account()
    await _visit(home, OTHER_EVSE)
    before = er.async_entries_for_config_entry(er.async_get(home.hass), home.entry.entry_id)
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    after = er.async_entries_for_config_entry(er.async_get(home.hass), home.entry.entry_id)
    assert {entry.entity_id for entry in before} == {entry.entity_id for entry in after}
    assert home.state("sensor", "session_ended", OTHER_EVSE).state == "2026-11-21T12:05:10+00:00"
