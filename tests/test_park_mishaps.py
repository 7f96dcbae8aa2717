"""What goes wrong at a park in small ways, and must not become something large."""

import asyncio
from datetime import timedelta

import pytest

from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import Home

SERIAL, POINT = "6020000001", "6020000001-1"
TWIN = "6020000005"


def press(home: Home, service: str) -> asyncio.Task[object]:
    """Press the switch without waiting."""
    entity_id = home.entity_id("switch", "charging", POINT)
    return asyncio.create_task(
        home.hass.services.async_call("switch", service, {"entity_id": entity_id}, blocking=True)
    )


async def test_a_pause_that_a_restart_interrupts(home: Home) -> None:
    """Test that a pause that may not have arrived is carried out after the restart."""
    await home.add_parks()
    connector = home.simulator.parks.connector(SERIAL, 1)
    home.simulator.parks.plug(SERIAL, 1)
    await home.run(310)
    home.simulator.faults.on("http_503", scope="smappee set_mode", count=1)
    task = press(home, "turn_off")
    await home.settle()
    assert connector.mode == "NORMAL"
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    assert home.state("switch", "charging", POINT).state == "off"
    await home.run(60)
    with pytest.raises(HomeAssistantError):
        await task
    assert connector.mode == "PAUSED"
    assert home.state("switch", "charging", POINT).state == "off"
    assert home.state("sensor", "status", POINT).state == "suspended"


@pytest.mark.parametrize("kind", ["http_503", "drop_answer", "html"])
async def test_a_limit_that_did_not_arrive_is_not_shown(home: Home, kind: str) -> None:
    """Test that the mode from before does not pass for the outcome of a new limit."""
    await home.add_parks()
    connector = home.simulator.parks.connector(SERIAL, 1)
    home.simulator.parks.plug(SERIAL, 1)
    await home.run(310)
    entity_id = home.entity_id("number", "charging_limit", POINT)
    await home.act("set_value", domain="number", entity_id=entity_id, value=16)
    fault = home.simulator.faults.on(kind, scope="smappee set_mode", count=2)
    await home.act("set_value", domain="number", entity_id=entity_id, value=8)
    assert fault.hits == 2
    assert connector.limit == 8
    assert home.state("number", "charging_limit", POINT).state == "8.0"
    home.simulator.faults.on(kind, scope="smappee set_mode")
    connector.limit = 16
    with pytest.raises(HomeAssistantError) as caught:
        await home.act("set_value", domain="number", entity_id=entity_id, value=10)
    assert caught.value.translation_key == "command_timed_out"
    assert home.state("number", "charging_limit", POINT).state == "8.0"


@pytest.mark.parametrize("days", [3, 40])
async def test_a_late_value_of_a_long_session(home: Home, days: int) -> None:
    """Test that the meter's last word counts at once, however long the car was there."""
    await home.add_parks("20001")
    parks = home.simulator.parks
    session = parks.plug(SERIAL, 1)
    await home.run(310)
    entry_id = home.entry.entry_id
    await home.hass.config_entries.async_unload(entry_id)
    await home.advance(timedelta(days=days).total_seconds())
    await home.hass.config_entries.async_setup(entry_id)
    await home.settle()
    parks.unplug(SERIAL, 1)
    true = session.stop_reading
    assert true
    parks.correct(session.id, true - 1)
    await home.run(60)
    assert float(home.state("sensor", "energy", POINT).state) == pytest.approx(
        parks.energy(session)
    )
    parks.correct(session.id, true)
    await home.run(60)
    assert float(home.state("sensor", "energy", POINT).state) == pytest.approx(
        parks.energy(session)
    )


async def test_a_session_at_one_of_two_connectors(home: Home) -> None:
    """Test that a session that does not tell its connector shows at its station, alive."""
    home.simulator.smappee.settings.session_shape = "documented"
    await home.add_parks("20001")
    home.simulator.parks.plug(TWIN, 2)
    await home.run(310)
    assert home.state("sensor", "status", TWIN).state == "charging"
    assert float(home.state("sensor", "session_energy", TWIN).state) > 0


async def test_one_refusal_does_not_take_a_park_away(home: Home) -> None:
    """Test that a park is lost only if the account no longer lists it."""
    await home.add_parks()
    home.simulator.parks.plug(SERIAL, 1)
    await home.run(310)
    home.simulator.faults.on("http_404", scope="smappee park_sessions", count=1)
    await home.run(31)
    await home.run(31)
    assert home.state("sensor", "status", POINT).state == "charging"
    assert not ir.async_get(home.hass).issues


async def test_all_refused_asks_for_credentials(home: Home) -> None:
    """Test that an account that may see nothing any more is told from lost parks."""
    await home.add_parks()
    home.simulator.faults.on("http_403", scope="smappee")
    await home.run(310)
    (flow,) = home.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["context"]["source"] == "reauth"


async def test_an_old_configuration_leaves_free_connectors_free(home: Home) -> None:
    """Test that what every poll says does not expire with the configuration."""
    await home.add_parks()
    home.simulator.faults.on("http_503", scope="smappee metering_configuration")
    await home.run(3 * 3600)
    assert home.state("sensor", "status", POINT).state == "available"


async def test_a_pause_that_ended_elsewhere(home: Home) -> None:
    """Test that sessions that do not tell their mode can still contradict one."""
    home.simulator.smappee.settings.session_shape = "documented"
    await home.add_parks("20001")
    home.simulator.parks.plug(SERIAL, 1)
    await home.run(310)
    entity_id = home.entity_id("switch", "charging", POINT)
    await home.act("turn_off", domain="switch", entity_id=entity_id)
    assert home.state("switch", "charging", POINT).state == "off"
    home.simulator.parks.set_mode(SERIAL, 1, "NORMAL")
    await home.run(62)
    assert home.state("binary_sensor", "charging", POINT).state == "on"
    assert home.state("switch", "charging", POINT).state == "unknown"


async def test_nothing_starts_without_a_car(home: Home) -> None:
    """Test that pausing a free connector does not look like a session."""
    await home.add_parks()
    home.simulator.faults.on("stall_answer", scope="smappee set_mode", delay=20)
    task = press(home, "turn_off")
    await home.advance(5)
    assert home.state("sensor", "status", POINT).state == "available"
    await home.advance(20)
    await task
