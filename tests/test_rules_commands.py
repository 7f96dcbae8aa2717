"""Rule 5 of the design (section 3): a command is sent once, and done when it shows."""

from typing import Any

import pytest

from homeassistant.exceptions import HomeAssistantError

from tests.calls import begin_start
from tests.home import EVSE, Home
from tests.observe import Writes, told_events
from tests.simulator.defaults import CARDS


async def test_command_is_done_when_shown(home: Home) -> None:
    """Test rule 5: an accepted start is pending until the session runs."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    home.simulator.world.start_delay = 20
    call = begin_start(home)
    await home.settle()
    await home.run(10)
    assert home.simulator.log.count("start") == 1
    assert not call.done()
    assert home.state("sensor", "status").state == "starting"
    await home.run(25)
    response = await call
    assert response["status"] == "charging"
    assert 20 <= response["seconds"] <= 35


async def test_refused_command(home: Home) -> None:
    """Test rule 5: a refused start and stop reach the caller and the event entity."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    home.simulator.world.fail_next_start("EvseOutOfService")
    with Writes(home.hass) as writes:
        with pytest.raises(HomeAssistantError) as caught:
            await home.act("start_session", device_id=home.device_id())
        assert caught.value.translation_key == "command_rejected"
        assert caught.value.translation_placeholders == {"reason": "EvseOutOfService"}
        assert home.state("switch", "charging").state == "off"
        assert home.state("event", "session").attributes["reason"] == "EvseOutOfService"
        await home.act("start_session", device_id=home.device_id())
        home.simulator.world.fail_next_stop("InternalError")
        with pytest.raises(HomeAssistantError) as caught:
            await home.act("stop_session", device_id=home.device_id())
        assert caught.value.translation_key == "command_rejected"
        assert home.state("switch", "charging").state == "on"
    assert told_events(writes)[0] == "start_failed"
    assert told_events(writes)[-1] == "stop_failed"
    assert "failed" not in told_events(writes)


async def test_stale_poll_cannot_flip_the_switch(home: Home) -> None:
    """Test rule 5: a list from before the press changes nothing while it is under way."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    home.simulator.faults.on("stale_active")
    home.simulator.world.stop_delay = 40
    entity_id = home.entity_id("switch", "charging")
    with Writes(home.hass) as writes:
        await home.act("turn_off", domain="switch", entity_id=entity_id)
        await home.run(200)
    shown = [each["state"] for each in writes.states if each["entity_id"] == entity_id]
    assert shown == ["off"]
    home.simulator.faults.off()
    home.simulator.faults.on("stale_active")
    home.simulator.world.plug(EVSE)
    with Writes(home.hass) as writes:
        await home.act("turn_on", domain="switch", entity_id=entity_id)
        await home.run(200)
    shown = [each["state"] for each in writes.states if each["entity_id"] == entity_id]
    assert shown == ["on"]


@pytest.mark.parametrize("kind", ["drop_answer", "broken_json", "empty_body"])
async def test_start_is_never_sent_twice(home: Home, kind: str) -> None:
    """Test rule 5: a start whose answer got lost is found by looking, not by asking again."""
    await home.add_account(EVSE)
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Family")
    await home.run(100)
    home.simulator.log.clear()
    home.simulator.world.plug(EVSE)
    home.simulator.faults.on(kind, scope="start", count=1)
    response: Any = await home.act("start_session", device_id=home.device_id(), card="Family")
    assert response["status"] == "charging"
    assert home.simulator.log.count("start") == 1
    assert len(home.simulator.world.sessions) == 1


async def test_start_that_hangs(home: Home) -> None:
    """Test rule 5: a start that nobody answers is resolved by what the network shows."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    home.simulator.faults.on("stall_answer", scope="start")
    call = begin_start(home)
    await home.settle()
    await home.run(60)
    assert (await call)["status"] == "charging"
    assert home.simulator.log.count("start") == 1


async def test_timed_out_command(home: Home) -> None:
    """Test rule 5: a start that nothing confirms ends at its deadline, and says so."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    home.simulator.world.start_delay = 500
    with pytest.raises(HomeAssistantError) as caught:
        await home.act("start_session", device_id=home.device_id(), timeout=60)
    assert caught.value.translation_key == "command_timed_out"
    assert home.state("event", "session").attributes["event_type"] == "start_failed"
    assert home.simulator.log.count("start") == 1


async def test_unloaded_in_mid_command(home: Home) -> None:
    """Test rule 5: a command outlives a reload, is not sent again, and its caller is told."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    home.simulator.world.start_delay = 30
    call = begin_start(home)
    await home.settle()
    await home.run(10)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    with pytest.raises(HomeAssistantError) as caught:
        await call
    assert caught.value.translation_key == "command_pending"
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.settle()
    assert home.state("sensor", "status").state == "starting"
    assert home.state("switch", "charging").state == "on"
    with Writes(home.hass) as writes:
        await home.run(60)
    assert home.state("sensor", "status").state == "charging"
    assert home.simulator.log.count("start") == 1
    assert not await home.coordinator.ledger.pending_commands(home.coordinator.account)
    assert "start_failed" not in told_events(writes)


async def test_resolved_at_start_up(home: Home) -> None:
    """Test rule 5: a start that failed while Home Assistant was off is told as failed."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    home.simulator.world.start_delay = 30
    home.simulator.world.fail_next_start("EvseInUse")
    call = begin_start(home)
    await home.settle()
    await home.run(5)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    with pytest.raises(HomeAssistantError):
        await call
    await home.advance(3600)
    with Writes(home.hass) as writes:
        await home.hass.config_entries.async_setup(home.entry.entry_id)
        await home.settle()
        await home.run(10)
    assert told_events(writes) == ["start_failed"]
    assert home.state("event", "session").attributes["reason"] == "EvseInUse"
    assert home.simulator.log.count("start") == 1
