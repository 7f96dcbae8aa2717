"""Tests of starts that the network repeats because it has never got an answer."""

import asyncio

import pytest

from tests.guest_house import GuestHouse
from tests.simulator.defaults import PLUGSURFING_EVSE as EVSE
from tests.simulator.plugsurfing_caller import Reply


@pytest.fixture
async def house(guest_house: GuestHouse) -> GuestHouse:
    """Return a guest house with a pole at which a car has been plugged in."""
    await guest_house.add_devices("front")
    await guest_house.add_operator()
    await guest_house.add_connector()
    guest_house.poles.pole("front").plug()
    await guest_house.home.advance(30)
    return guest_house


async def test_repeat_of_a_start_that_has_failed(house: GuestHouse) -> None:
    """Test that a start which has failed has failed, however often the network asks."""
    pole = house.poles.pole("front")
    pole.set_offline("relay")
    await house.home.advance(30)
    (first,) = await house.caller.start(EVSE, payment_reference="payment-1")
    assert first.code == 310
    pole.set_offline()
    await house.home.advance(30)
    (second,) = await house.caller.start(EVSE, payment_reference="payment-1")
    assert (second.status, second.code) == (200, 310)
    assert "session-start" not in second.body
    assert not pole.is_on
    await house.home.advance(60)
    (another,) = await house.caller.start(EVSE, payment_reference="payment-2")
    assert (another.status, another.code) == (200, 0)
    assert pole.is_on


async def _interrupt(house: GuestHouse, fault: str) -> asyncio.Task[tuple[Reply, ...]]:
    """Start a session, and take the home down while it waits for the switch."""
    house.home.simulator.faults.on(fault, scope="switch", count=1)
    start = asyncio.create_task(house.caller.start(EVSE, payment_reference="payment-1"))
    await house.home.settle()
    assert house.home.simulator.log.count("switch") == 1
    assert await house.hass.config_entries.async_unload(house.home.entry.entry_id)
    return start


async def test_interrupted_before_the_switch_was_on(house: GuestHouse) -> None:
    """Test that a start which a restart has cut short has failed, and the next one works."""
    home, pole = house.home, house.poles.pole("front")
    start = await _interrupt(house, "stall")
    pole.set_offline("relay")
    await home.advance(10)
    assert await house.hass.config_entries.async_setup(home.entry.entry_id)
    await home.advance(10)
    (unclear,) = await house.caller.start(EVSE, payment_reference="payment-1")
    assert unclear.code == 312
    pole.set_offline()
    await home.run(45)
    (repeated,) = await house.caller.start(EVSE, payment_reference="payment-1")
    assert repeated.code == 310
    await home.advance(60)
    (another,) = await house.caller.start(EVSE, payment_reference="payment-2")
    assert (another.code, pole.is_on) == (0, True)
    start.cancel()


async def test_interrupted_after_the_switch_was_on(house: GuestHouse) -> None:
    """Test that a session whose switch was on goes on after a restart, with the same answer."""
    home, pole = house.home, house.poles.pole("front")
    start = await _interrupt(house, "stall_answer")
    assert pole.is_on
    home.simulator.faults.off()
    await home.advance(10)
    assert await house.hass.config_entries.async_setup(home.entry.entry_id)
    await home.run(60)
    (repeated,) = await house.caller.start(EVSE, payment_reference="payment-1")
    assert repeated.code == 0
    assert home.state("sensor", "status", EVSE).state == "charging"
    assert pole.is_on
    start.cancel()
