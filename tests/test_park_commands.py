"""Pausing, resuming and limiting the connectors of a park."""

import asyncio
from typing import Any

import pytest

from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.event import async_track_state_change_event

from custom_components.ev_charging_sessions.charging.mode_settings import check_setting
from custom_components.ev_charging_sessions.charging.model import (
    ChargingMode,
    Limit,
    LimitUnit,
    ModeSetting,
)
from tests.home import Home

SERIAL, POINT = "6020000001", "6020000001-1"
DC_SERIAL, DC_POINT = "6020000006", "6020000006-1"


async def switch(home: Home, service: str, point: str = POINT) -> None:
    """Press a switch and wait for what comes of it."""
    await home.act(service, domain="switch", entity_id=home.entity_id("switch", "charging", point))


async def select(home: Home, option: str, point: str = POINT) -> None:
    """Choose a mode and wait for what comes of it."""
    entity_id = home.entity_id("select", "charging_mode", point)
    await home.act("select_option", domain="select", entity_id=entity_id, option=option)


async def limit(home: Home, value: float, point: str = POINT) -> None:
    """Set a limit and wait for what comes of it."""
    entity_id = home.entity_id("number", "charging_limit", point)
    await home.act("set_value", domain="number", entity_id=entity_id, value=value)


def press(home: Home, service: str) -> asyncio.Task[Any]:
    """Press the switch without waiting."""
    return asyncio.create_task(
        home.hass.services.async_call(
            "switch",
            service,
            {"entity_id": home.entity_id("switch", "charging", POINT)},
            blocking=True,
        )
    )


def shown(home: Home, point: str = POINT) -> tuple[str, str, str]:
    """Return what the switch, the mode and the limit of a connector show."""
    return (
        home.state("switch", "charging", point).state,
        home.state("select", "charging_mode", point).state,
        home.state("number", "charging_limit", point).state,
    )


@pytest.mark.parametrize("is_charging", [True, False])
async def test_off_pauses_and_on_brings_back(home: Home, is_charging: bool) -> None:
    """Test that on restores the mode and the limit from before, with and without a car."""
    await home.add_parks()
    parks = home.simulator.parks
    connector = parks.connector(SERIAL, 1)
    if is_charging:
        parks.plug(SERIAL, 1)
        await home.run(310)
    await select(home, "normal")
    await limit(home, 10)
    assert shown(home) == ("on", "normal", "10.0")
    assert (connector.mode, connector.limit) == ("NORMAL", 10)
    await switch(home, "turn_off")
    assert shown(home) == ("off", "paused", "unknown")
    assert connector.mode == "PAUSED"
    expected = "suspended" if is_charging else "available"
    assert home.state("sensor", "status", POINT).state == expected
    await switch(home, "turn_on")
    assert shown(home) == ("on", "normal", "10.0")
    assert (connector.mode, connector.limit) == ("NORMAL", 10)
    await select(home, "smart")
    await switch(home, "turn_off")
    await switch(home, "turn_on")
    assert shown(home) == ("on", "smart", "unknown")
    assert home.simulator.log.count("set_mode") == 7


async def test_a_restart_remembers_the_mode_from_before(home: Home) -> None:
    """Test that a pause can be undone after a restart, to the mode it had."""
    await home.add_parks()
    home.simulator.parks.plug(SERIAL, 1)
    await home.run(310)
    await limit(home, 12)
    await switch(home, "turn_off")
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    assert shown(home)[:2] == ("off", "paused")
    await switch(home, "turn_on")
    assert home.simulator.parks.connector(SERIAL, 1).limit == 12


async def test_a_mode_set_elsewhere_shows(home: Home) -> None:
    """Test that what somebody does in the vendor's app is followed while a car is there."""
    await home.add_parks()
    parks = home.simulator.parks
    parks.plug(SERIAL, 1)
    await home.run(310)
    parks.set_mode(SERIAL, 1, "PAUSED")
    await home.run(31)
    assert shown(home) == ("off", "paused", "unknown")
    parks.set_mode(SERIAL, 1, "SMART")
    await home.run(31)
    assert shown(home) == ("on", "smart", "unknown")


async def test_the_mode_is_unknown_until_somebody_tells(home: Home) -> None:
    """Test that nobody guesses a mode that the network does not tell."""
    await home.add_parks()
    assert shown(home) == ("unknown", "unknown", "unknown")


@pytest.mark.parametrize("presses", [10, 9])
@pytest.mark.parametrize("has_car", [True, False])
async def test_the_switch_does_not_bounce(home: Home, presses: int, has_car: bool) -> None:
    """Test quick presses against a network that answers 20 seconds late."""
    await home.add_parks()
    parks = home.simulator.parks
    if has_car:
        parks.plug(SERIAL, 1)
        await home.run(310)
    seen: list[str] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        if event.data["new_state"]:
            seen.append(event.data["new_state"].state)

    async_track_state_change_event(home.hass, [home.entity_id("switch", "charging", POINT)], note)
    home.simulator.faults.on("stall_answer", scope="smappee set_mode", delay=20)
    pressed: list[str] = []
    tasks = []
    for number in range(presses):
        service = "turn_on" if number % 2 else "turn_off"
        pressed.append(service.removeprefix("turn_"))
        tasks.append(press(home, service))
        await home.advance(1)
        assert home.state("switch", "charging", POINT).state == pressed[-1]
    for _ in range(150):
        await home.advance(1)
        assert home.state("switch", "charging", POINT).state == pressed[-1]
    await asyncio.gather(*tasks)
    assert seen == pressed
    assert home.simulator.log.count("set_mode") == (2 if presses > 1 else 1)
    mode = parks.connector(SERIAL, 1).mode
    assert (mode == "PAUSED") is (pressed[-1] == "off")


async def test_a_late_network_is_waited_for(home: Home) -> None:
    """Test that a pause is done when the session shows it, not when it was accepted."""
    await home.add_parks()
    home.simulator.parks.plug(SERIAL, 1)
    await home.run(310)
    home.simulator.faults.on("stale_active", scope="smappee", seconds=40)
    home.simulator.smappee.settings.plain_range_shows = "completed"
    task = press(home, "turn_off")
    for _ in range(30):
        await home.advance(1)
    assert not task.done()
    assert home.state("switch", "charging", POINT).state == "off"
    assert home.state("sensor", "status", POINT).state == "stopping"
    for _ in range(60):
        await home.advance(1)
    assert task.done()
    await task
    assert home.state("sensor", "status", POINT).state == "suspended"


async def test_a_mode_that_never_shows(home: Home) -> None:
    """Test that the switch goes back to what is true when the time is over."""
    await home.add_parks()
    home.simulator.parks.plug(SERIAL, 1)
    await home.run(310)
    home.simulator.faults.on("stale_active", scope="smappee")
    home.simulator.smappee.settings.plain_range_shows = "completed"
    with pytest.raises(HomeAssistantError) as caught:
        await switch(home, "turn_off")
    assert caught.value.translation_key == "command_timed_out"
    assert home.state("switch", "charging", POINT).state == "on"
    assert home.state("event", "session", POINT).attributes["event_type"] == "stop_failed"


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("http_400", "request_rejected"),
        ("http_429", "rate_limited"),
        ("http_404", "request_rejected"),
    ],
)
async def test_a_refusal_is_told(home: Home, kind: str, key: str) -> None:
    """Test that a refused mode reaches the caller, and changes nothing."""
    await home.add_parks()
    await switch(home, "turn_on")
    home.simulator.faults.on(kind, scope="smappee set_mode")
    with pytest.raises(HomeAssistantError) as caught:
        await switch(home, "turn_off")
    assert caught.value.translation_key == key
    assert shown(home)[:2] == ("on", "normal")


async def test_a_lost_answer_without_a_session(home: Home) -> None:
    """Test that nobody claims to know what became of it where nothing can show it."""
    await home.add_parks()
    home.simulator.faults.on("drop_answer", scope="smappee set_mode")
    with pytest.raises(HomeAssistantError) as caught:
        await switch(home, "turn_off")
    assert caught.value.translation_key == "command_timed_out"
    assert home.state("switch", "charging", POINT).state == "unknown"


async def test_a_lost_answer_with_a_session(home: Home) -> None:
    """Test that the session tells what became of it."""
    await home.add_parks()
    home.simulator.parks.plug(SERIAL, 1)
    await home.run(310)
    home.simulator.faults.on("drop_answer", scope="smappee set_mode", count=1)
    await switch(home, "turn_off")
    assert shown(home)[:2] == ("off", "paused")


async def test_actions_pause_and_resume(home: Home) -> None:
    """Test that the actions do what the switch does, and say how it came out."""
    await home.add_parks()
    session = home.simulator.parks.plug(SERIAL, 1)
    await home.run(310)
    device_id = home.device_id(POINT)
    answer = await home.act("stop_session", device_id=device_id)
    assert answer
    assert (answer["session_id"], answer["status"]) == (str(session.id), "suspended")
    answer = await home.act("start_session", device_id=device_id)
    assert answer
    assert (answer["session_id"], answer["status"]) == (str(session.id), "charging")
    other = await home.act("start_session", device_id=home.device_id("6020000002-1"))
    assert other
    assert (other["session_id"], other["status"]) == (None, None)
    by_id = await home.act(
        "stop_session", config_entry_id=home.entry.entry_id, session_id=str(session.id)
    )
    assert by_id
    assert by_id["status"] == "suspended"
    with pytest.raises(ServiceValidationError) as caught:
        await home.act("start_session", device_id=device_id, card="Mine")
    assert caught.value.translation_key == "cannot_choose_card"


@pytest.mark.parametrize("value", [5, 33, -1])
async def test_a_limit_out_of_range(home: Home, value: float) -> None:
    """Test that a limit that the connector cannot keep is refused before anything is sent."""
    await home.add_parks()
    await select(home, "normal")
    attributes = home.state("number", "charging_limit", POINT).attributes
    assert (attributes["min"], attributes["max"]) == (6, 32)
    home.simulator.log.clear()
    with pytest.raises(ServiceValidationError) as caught:
        await limit(home, value)
    assert caught.value.translation_key == "out_of_range"
    assert home.simulator.log.entries == []


@pytest.mark.parametrize("mode", ["smart", "paused", None])
async def test_a_limit_in_another_mode(home: Home, mode: str | None) -> None:
    """Test that only the normal mode takes a limit, and not one that nobody knows either."""
    await home.add_parks()
    if mode:
        await select(home, mode)
    home.simulator.log.clear()
    with pytest.raises(ServiceValidationError) as caught:
        await limit(home, 10)
    assert caught.value.translation_key == "limit_not_normal"
    assert "normal mode" in str(caught.value)
    assert home.simulator.log.entries == []


async def test_a_dc_station_offers_no_limit(home: Home) -> None:
    """Test that a DC station can be on or off, and that the ground floor holds it too."""
    await home.add_parks()
    registry_ids = {state.entity_id for state in home.hass.states.async_all("number")}
    assert not [entity_id for entity_id in registry_ids if "north_6" in entity_id]
    attributes = home.state("select", "charging_mode", DC_POINT).attributes
    assert attributes["options"] == ["normal", "paused"]
    home.simulator.log.clear()
    point = home.coordinator.data.charge_points[DC_POINT].charge_point
    for wrong, key in (
        (ModeSetting(mode=ChargingMode.NORMAL, limit=Limit(value=10)), "limit_not_offered"),
        (
            ModeSetting(mode=ChargingMode.NORMAL, limit=Limit(value=10, unit=LimitUnit.PERCENT)),
            "limit_not_offered",
        ),
        (ModeSetting(mode=ChargingMode.SMART), "mode_not_offered"),
    ):
        with pytest.raises(Exception, match=key):
            check_setting(point, wrong)
        with pytest.raises(Exception, match=key):
            await home.coordinator.commands.modes.set_mode(point, wrong)
    assert home.simulator.log.entries == []
    await switch(home, "turn_off", DC_POINT)
    assert home.simulator.parks.connector(DC_SERIAL, 1).mode == "PAUSED"


async def test_a_connector_that_is_gone(home: Home) -> None:
    """Test that nothing is sent for a station that was taken down."""
    await home.add_parks()
    point = home.coordinator.data.charge_points[POINT].charge_point
    device_id = home.device_id(POINT)
    home.simulator.parks.remove_station(SERIAL)
    await home.run(3700)
    assert home.state("switch", "charging", POINT).state == "unavailable"
    assert home.state("sensor", "energy", POINT).state == "0.0"
    home.simulator.log.clear()
    with pytest.raises(ServiceValidationError) as caught:
        await home.act("start_session", device_id=device_id)
    assert caught.value.translation_key == "unknown_connector"
    with pytest.raises(Exception, match="unknown_connector"):
        await home.coordinator.commands.modes.pause(point)
    assert home.simulator.log.count("set_mode") == 0


async def test_a_park_that_is_no_longer_ours(home: Home) -> None:
    """Test that a lost park is told, takes no command, and leaves the others alone."""
    await home.add_parks()
    parks = home.simulator.parks
    device_id = home.device_id(POINT)
    parks.disown(20001)
    await home.run(3700)
    parks.plug("6020000011", 1)
    await home.run(310)
    assert home.state("sensor", "status", "6020000011-1").state == "charging"
    assert home.state("switch", "charging", POINT).state == "unavailable"
    home.simulator.log.clear()
    with pytest.raises(ServiceValidationError) as caught:
        await home.act("start_session", device_id=device_id)
    assert caught.value.translation_key in {"park_lost", "unknown_connector"}
    assert home.simulator.log.count("set_mode") == 0
