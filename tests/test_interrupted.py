"""What is under way when somebody stops waiting, reloads, removes, or when the network is down."""

import asyncio
import threading
from typing import Any

import pytest

from homeassistant.config_entries import ConfigEntryState
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import EVSE, Home
from tests.observe import Writes, told_events
from tests.simulator.defaults import CARDS


async def _update(home: Home) -> asyncio.Task[Any]:
    """Ask for a poll, as an automation does, and do not wait for it."""
    assert await async_setup_component(home.hass, "homeassistant", {})
    entity_id = home.entity_id("switch", "charging")
    return asyncio.create_task(
        home.hass.services.async_call(
            "homeassistant", "update_entity", {"entity_id": entity_id}, blocking=True
        )
    )


def _issues(home: Home) -> list[str | None]:
    """Return what a person is told of in the repairs."""
    issues = ir.async_get(home.hass).issues.values()
    return [issue.translation_key for issue in issues if issue.domain == DOMAIN]


async def test_nobody_waits_for_the_poll_any_more(home: Home) -> None:
    """Test that a session which the ledger has taken is shown, whoever was cancelled meanwhile."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    gate = threading.Event()
    executor = home.coordinator.ledger._executor
    assert executor
    executor.submit(gate.wait)
    poll = await _update(home)
    for _ in range(2000):
        await asyncio.sleep(0)
    assert executor._work_queue.qsize() == 1
    poll.cancel()
    with pytest.raises(asyncio.CancelledError):
        await poll
    gate.set()
    await home.settle()
    await home.run(310)
    assert home.state("switch", "charging").state == "on"
    assert home.state("sensor", "active_sessions", None).state == "1"


async def test_poll_outlives_a_reload(home: Home) -> None:
    """Test that an answer to the account before a reload does not hide news from the one after."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    home.simulator.faults.on("stall", scope="active", count=1, delay=5)
    poll = await _update(home)
    await home.settle()
    home.simulator.faults.on("stall", scope="active", count=1, delay=10)
    home.hass.config_entries.async_schedule_reload(home.entry.entry_id)
    await home.run(20)
    await poll
    await home.run(310)
    assert home.state("switch", "charging").state == "on"


async def test_poll_outlives_the_account(home: Home) -> None:
    """Test that a poll of a removed account leaves no repair issue that nobody takes back."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    home.simulator.faults.on("rotten_session", scope="active")
    home.simulator.faults.on("stall", scope="active", count=1, delay=5)
    poll = await _update(home)
    await home.settle()
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    await home.run(8)
    assert poll.done()
    assert _issues(home) == []


async def test_outage_from_the_start(home: Home) -> None:
    """Test that an outage is told after an hour too when the account could not even be set up."""
    await home.add_account(EVSE)
    home.simulator.faults.on("http_500", scope="*")
    home.hass.config_entries.async_schedule_reload(home.entry.entry_id)
    await home.run(3000)
    assert home.is_in(ConfigEntryState.SETUP_RETRY)
    assert _issues(home) == []
    await home.run(2400)
    assert _issues(home) == ["backend_unavailable"]
    home.simulator.faults.off()
    await home.run(1300)
    assert home.is_in(ConfigEntryState.LOADED)
    assert _issues(home) == []


async def test_account_removed_in_an_outage(home: Home) -> None:
    """Test that the issue of an account goes with it, also if it is not loaded."""
    await home.add_account(EVSE)
    home.simulator.faults.on("http_500", scope="*")
    home.hass.config_entries.async_schedule_reload(home.entry.entry_id)
    await home.run(5400)
    assert _issues(home) == ["backend_unavailable"]
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    assert _issues(home) == []


async def test_start_while_the_network_is_down(home: Home) -> None:
    """Test that what was open when it was last seen is no success of a start."""
    await home.add_account(EVSE)
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    home.simulator.world.stop(session.session_id)
    home.simulator.faults.on("http_500", scope="*")
    with pytest.raises(HomeAssistantError) as refused:
        await home.act("start_session", device_id=home.device_id())
    assert refused.value.translation_key == "backend_unavailable"
    assert home.simulator.log.count("start") == 0


async def test_six_starts_at_once(home: Home) -> None:
    """Test that a company can send all its cars to charge without running out of requests."""
    evse_ids = list(home.simulator.world.charge_points)[:6]
    assert len(evse_ids) == 6
    await home.add_account(*evse_ids)
    for evse_id in evse_ids:
        home.simulator.world.plug(evse_id)
    await home.run(200)
    calls = [
        asyncio.create_task(
            home.hass.services.async_call(
                DOMAIN,
                "start_session",
                {"device_id": home.device_id(evse_id)},
                blocking=True,
                return_response=True,
            )
        )
        for evse_id in evse_ids
    ]
    await home.settle()
    await home.run(30)
    assert [call.done() for call in calls] == [True] * 6
    outcomes: list[Any] = await asyncio.gather(*calls)
    assert {outcome["status"] for outcome in outcomes} == {"charging"}


async def test_old_news(home: Home) -> None:
    """Test that a start which failed long ago is not told when its charge point first appears."""
    await home.add_account()
    home.simulator.faults.on("http_400", scope="start")
    with pytest.raises(HomeAssistantError):
        await home.act("start_session", config_entry_id=home.entry.entry_id, evse_id=EVSE)
    home.simulator.faults.off()
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    with Writes(home.hass) as writes:
        await home.run(310)
    assert told_events(writes) == ["started", "charging"]


async def test_visit_of_yesterday(home: Home) -> None:
    """Test that a status is not shown as live long after anybody has looked."""
    await home.add_account()
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    home.simulator.world.stop(session.session_id)
    await home.run(600)
    assert home.state("sensor", "status").state == "occupied"
    home.simulator.world.unplug(EVSE)
    await home.run(3 * 3600)
    assert home.state("sensor", "status").state != "occupied"
    assert home.state("binary_sensor", "connected").state == "unknown"


async def test_one_look_up_fails(home: Home) -> None:
    """Test that one hiccup of the locations does not cost the status an hour."""
    await home.add_account()
    home.simulator.faults.on("http_503", scope="locations", count=1)
    await home.add_subentry("charge_point", evse_id=EVSE)
    assert home.state("sensor", "status").state == "unknown"
    await home.run(610)
    assert home.state("sensor", "status").state == "available"


async def test_slow_look_up(home: Home) -> None:
    """Test that the news of a session does not wait for the place where it is."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    for scope in ("locations", "location"):
        home.simulator.faults.on("stall", scope=scope, delay=25)
    await home.run(301)
    assert home.state("switch", "charging").state == "on"
