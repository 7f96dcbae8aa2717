"""Tests of sessions at a pole of our own, from the call of the network to the last post."""

import pytest

from tests.guest_house import GuestHouse
from tests.simulator.defaults import PLUGSURFING_EVSE as EVSE


@pytest.fixture
async def house(guest_house: GuestHouse) -> GuestHouse:
    """Return a guest house with a pole that the network may start."""
    await guest_house.add_devices("front")
    await guest_house.add_operator()
    await guest_house.add_connector()
    return guest_house


async def test_started_charged_stopped_posted(house: GuestHouse) -> None:
    """Test the whole way of a session that a driver starts and stops with the network's app."""
    home, caller = house.home, house.caller
    pole = house.poles.pole("front")
    pole.plug()
    await home.run(60)
    assert home.state("sensor", "status", EVSE).state == "occupied"

    (answer,) = await caller.start(EVSE)
    assert (answer.status, answer.code) == (200, 0)
    assert [each.on for each in pole.switched] == [True]
    await home.run(600)
    assert home.state("sensor", "status", EVSE).state == "charging"
    assert home.state("switch", "charging", EVSE).state == "on"

    (answer,) = await caller.stop(EVSE)
    assert (answer.status, answer.code) == (200, 0)
    assert [each.on for each in pole.switched] == [True, False]
    await home.run(120)
    (posted,) = house.books.finals().values()
    assert float(posted.energy or 0) == pytest.approx(pole.energy, abs=0.0005)
    assert house.books.violations == []
