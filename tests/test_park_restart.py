"""What happens in a park while the home is off, and to a pause that it goes off in."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from custom_components.ev_charging_sessions.charging.model import (
    Command,
    CommandState,
    SessionStatus,
    Source,
)
from tests.home import Home
from tests.observe import Writes, complaints, sessions, told_events
from tests.simulator.cars import Car
from tests.simulator.park_model import ParkSession

SERIAL, POINT = "6020000001", "6020000001-1"
HOUR = 3600.0


@pytest.fixture(autouse=True)
def _no_debug(hass: HomeAssistant) -> None:
    # It takes half of the time.
    hass.loop.set_debug(False)


async def turn_off(home: Home) -> None:
    """Let the home go off."""
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.settle()
    assert home.is_in(ConfigEntryState.NOT_LOADED)


async def turn_on(home: Home) -> None:
    """Let the home come back."""
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.settle()
    assert home.is_in(ConfigEntryState.LOADED)


def energy(home: Home, point: str | None) -> float:
    """Return what was ever charged at a connector, or (``None``) in all."""
    return float(home.state("sensor", "energy", point).state)


def press(home: Home, service: str) -> asyncio.Task[Any]:
    """Press the switch without waiting."""
    entity_id = home.entity_id("switch", "charging", POINT)
    return asyncio.create_task(
        home.hass.services.async_call("switch", service, {"entity_id": entity_id}, blocking=True)
    )


async def pending(home: Home) -> tuple[Command, ...]:
    """Return the commands whose outcome nobody knows yet."""
    return await home.coordinator.ledger.pending_commands(home.coordinator.account)


async def check(home: Home, session: ParkSession, *, is_open: bool = False) -> None:
    """Check that the ledger knows a session as it truly is."""
    known = (await sessions(home))[str(session.id)]
    assert known.charge_point_id == f"{session.serial}-{session.position}"
    assert known.started
    assert abs(known.started - session.started) < timedelta(milliseconds=1)
    assert known.energy == pytest.approx(home.simulator.parks.energy(session), abs=1e-6)
    if is_open:
        assert known.status is SessionStatus.CHARGING
        assert known.ended is None
        return
    assert session.ended
    assert known.status is SessionStatus.FINISHED
    assert known.ended
    assert abs(known.ended - session.ended) < timedelta(milliseconds=1)
    assert known.energy_source is Source.METERED


@pytest.mark.parametrize("shows", ["all", "completed"])
@pytest.mark.parametrize("hours", [3, 20 * 24])
async def test_sessions_while_off(
    home: Home, hours: int, shows: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that sessions that began or ended while the home was off are found as they were."""
    parks = home.simulator.parks
    home.simulator.smappee.settings.plain_range_shows = shows
    await home.add_parks()
    ends = parks.plug(SERIAL, 1, Car(capacity=90), rfid="04523022AA4881")
    stays = parks.plug("6020000002", 1, Car(capacity=90))
    await home.run(310)
    await turn_off(home)
    await home.advance(HOUR)
    parks.unplug(SERIAL, 1)
    visits = [parks.plug("6020000005", 2), parks.plug(SERIAL, 1)]
    await home.advance(HOUR / 2)
    for each in visits:
        parks.unplug(each.serial, each.position)
    begins = parks.plug("6020000011", 1, Car(capacity=90))
    await home.advance((hours - 1.5) * HOUR)

    with Writes(home.hass) as writes:
        await turn_on(home)
        await home.run(1)
    # It is told at the connector where the session was seen to begin.
    assert "finished" in told_events(writes)
    ledger = await sessions(home)
    assert ledger.keys() == {str(each.id) for each in (ends, stays, *visits, begins)}
    for each in (ends, *visits):
        await check(home, each)
    await home.run(40)
    for each in (stays, begins):
        parks.unplug(each.serial, 1)
    await home.run(40)
    for each in (stays, begins):
        await check(home, each)
    at_first = parks.energy(ends) + parks.energy(visits[1])
    assert energy(home, POINT) == pytest.approx(at_first, abs=1e-6)
    whole = sum(parks.energy(each) for each in (ends, stays, *visits, begins))
    assert energy(home, None) == pytest.approx(whole, abs=1e-6)
    assert complaints(caplog.records) == []


async def test_lifetime_energy_over_restarts(home: Home) -> None:
    """Test that no restart adds what was added before, whether a session is open or not."""
    parks = home.simulator.parks
    await home.add_parks()
    past = parks.plug(SERIAL, 1)
    await home.run(640)
    parks.unplug(SERIAL, 1)
    stays = parks.plug("6020000002", 1, Car(level=59.0))
    await home.run(700)
    points = (POINT, "6020000002-1", "6020000011-1", None)
    before = {point: energy(home, point) for point in points}
    assert before[POINT] == pytest.approx(parks.energy(past), abs=1e-6)
    assert before["6020000002-1"] == pytest.approx(1, abs=0.0011)
    for _ in range(3):
        await turn_off(home)
        await home.advance(HOUR)
        await turn_on(home)
        assert {point: energy(home, point) for point in points} == before
    await home.run(310)
    assert {point: energy(home, point) for point in points} == before
    parks.unplug(stays.serial, 1)
    await home.run(40)
    assert energy(home, None) == pytest.approx(parks.energy(past) + parks.energy(stays), abs=1e-6)


@pytest.mark.parametrize("has_car", [True, False])
@pytest.mark.parametrize("kind", ["stall", "stall_answer", "none"])
async def test_a_pause_before_a_short_restart(home: Home, kind: str, has_car: bool) -> None:
    """Test that an interrupted pause is sent once more at most, and takes effect."""
    parks = home.simulator.parks
    await home.add_parks()
    connector = parks.connector(SERIAL, 1)
    if has_car:
        parks.plug(SERIAL, 1, Car(capacity=90))
        await home.run(310)
    if kind == "none":
        # It has arrived, and shows late.
        home.simulator.faults.on("stale_active", scope="smappee", seconds=60)
        home.simulator.smappee.settings.plain_range_shows = "completed"
    else:
        home.simulator.faults.on(kind, scope="smappee set_mode")
    task = press(home, "turn_off")
    await home.advance(1)
    await turn_off(home)
    await asyncio.gather(task, return_exceptions=True)
    home.simulator.faults.off("stall")
    home.simulator.faults.off("stall_answer")
    assert home.simulator.log.count("set_mode") == 1
    await home.advance(60)
    await turn_on(home)
    assert home.state("switch", "charging", POINT).state == "off"
    await home.run(130)
    assert connector.mode == "PAUSED"
    # What has arrived may be sent again, or be found.
    sent = home.simulator.log.count("set_mode")
    assert sent == 2 if kind == "stall" else sent <= 2
    assert home.state("switch", "charging", POINT).state == "off"
    assert home.state("select", "charging_mode", POINT).state == "paused"
    assert home.state("sensor", "status", POINT).state == ("suspended" if has_car else "available")
    assert await pending(home) == ()
    await home.run(HOUR)
    assert home.simulator.log.count("set_mode") == sent
    settled = await home.coordinator.ledger.settings(home.coordinator.account)
    assert [each.state for each in settled] == [CommandState.CONFIRMED]


@pytest.mark.parametrize("kind", ["stall", "stall_answer"])
async def test_a_pause_before_a_long_restart(home: Home, kind: str) -> None:
    """Test that what nobody waits for any more is looked for, and not sent again."""
    parks = home.simulator.parks
    await home.add_parks()
    parks.plug(SERIAL, 1, Car(capacity=90))
    await home.run(310)
    home.simulator.faults.on(kind, scope="smappee set_mode")
    task = press(home, "turn_off")
    await home.advance(1)
    await turn_off(home)
    await asyncio.gather(task, return_exceptions=True)
    home.simulator.faults.off()
    is_paused = parks.connector(SERIAL, 1).mode == "PAUSED"
    await home.advance(HOUR)
    with Writes(home.hass) as writes:
        await turn_on(home)
        await home.run(400)
    assert is_paused is (kind == "stall_answer")
    assert (parks.connector(SERIAL, 1).mode == "PAUSED") is is_paused
    assert home.simulator.log.count("set_mode") == 1
    assert home.state("switch", "charging", POINT).state == ("off" if is_paused else "on")
    status = "suspended" if is_paused else "charging"
    assert home.state("sensor", "status", POINT).state == status
    assert ("stop_failed" in told_events(writes)) is not is_paused
    assert await pending(home) == ()


@pytest.mark.parametrize(("mode", "limit"), [("NORMAL", 10.0), ("SMART", None)])
@pytest.mark.parametrize("is_interrupted", [False, True])
async def test_the_mode_before_a_pause_survives(
    home: Home, mode: str, limit: float | None, is_interrupted: bool
) -> None:
    """Test that a car charges on as it did before, when the home was off in between."""
    parks = home.simulator.parks
    await home.add_parks()
    connector = parks.connector(SERIAL, 1)
    parks.plug(SERIAL, 1, Car(capacity=90))
    await home.run(310)
    if limit:
        entity_id = home.entity_id("number", "charging_limit", POINT)
        await home.act("set_value", domain="number", entity_id=entity_id, value=limit)
    else:
        entity_id = home.entity_id("select", "charging_mode", POINT)
        await home.act("select_option", domain="select", entity_id=entity_id, option=mode.lower())
    assert (connector.mode, connector.limit) == (mode, limit)
    if is_interrupted:
        home.simulator.faults.on("stall_answer", scope="smappee set_mode")
    task = press(home, "turn_off")
    await home.run(5 if is_interrupted else 40)
    assert task.done() is not is_interrupted
    await turn_off(home)
    await asyncio.gather(task, return_exceptions=True)
    home.simulator.faults.off()
    await home.advance(60 if is_interrupted else 3 * 24 * HOUR)
    await turn_on(home)
    await home.run(60)
    assert connector.mode == "PAUSED"
    assert home.state("switch", "charging", POINT).state == "off"
    await home.act(
        "turn_on", domain="switch", entity_id=home.entity_id("switch", "charging", POINT)
    )
    assert (connector.mode, connector.limit) == (mode, limit)
    assert home.state("switch", "charging", POINT).state == "on"
    settled = await home.coordinator.ledger.settings(home.coordinator.account)
    assert {each.state for each in settled} == {CommandState.CONFIRMED}
