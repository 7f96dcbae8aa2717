"""Tests of the drivers who come to the poles by themselves."""

import asyncio
from itertools import pairwise

from . import Simulator
from .defaults import PLUGSURFING_EVSES, POLES
from .pole_drivers import PoleDrivers
from .test_plugsurfing_control import Webhook, serving

FRONT, YARD = POLES
STOPPABLE = {
    "session-start": {"session-id": "our-1", "is-stoppable": True},
    "result": {"code": 0, "message": "Success."},
}


def _drivers(simulator: Simulator, seed: int = 1) -> PoleDrivers:
    places = dict(zip(POLES, PLUGSURFING_EVSES, strict=True))
    return PoleDrivers(simulator.clock, simulator.poles, simulator.caller, places, seed=seed)


async def _pass(simulator: Simulator, drivers: PoleDrivers, minutes: int) -> None:
    """Let time pass in small steps, and every call be answered at its time."""
    for _ in range(minutes * 6):
        simulator.clock.advance(10)
        while drivers._calls:
            await asyncio.gather(*drivers._calls)


async def _calls_of_an_hour(seed: int) -> list[tuple[str, str]]:
    async with Simulator() as simulator, serving(Webhook()) as webhook:
        webhook.answer = STOPPABLE
        simulator.caller.url = webhook.url
        drivers = _drivers(simulator, seed)
        drivers.start()
        await _pass(simulator, drivers, 60)
        return [(each.name, each.fields["connector-id"]) for each in simulator.caller.calls]


async def test_drivers(socket_enabled: None) -> None:
    """In an hour cars come and go, always the same; some stop in the app, some do not."""
    calls = await _calls_of_an_hour(1)
    assert {place for _, place in calls} == {PLUGSURFING_EVSES[1]}
    starts = calls.count(("session-start", PLUGSURFING_EVSES[1]))
    stops = calls.count(("session-stop", PLUGSURFING_EVSES[1]))
    assert 8 < starts < 40
    assert 0 < stops < starts
    assert calls == await _calls_of_an_hour(1)
    assert calls != await _calls_of_an_hour(2)


async def test_cars_behave(simulator: Simulator) -> None:
    """One car waits at the first pole; at the other one stands a car at a time, then none."""
    async with serving(Webhook()) as webhook:
        webhook.answer = STOPPABLE
        drivers = _drivers(simulator)
        drivers.start()
        drivers.start()
        await _pass(simulator, drivers, 5)
        assert simulator.poles.pole(YARD).stays == []
        simulator.caller.url = webhook.url
        await _pass(simulator, drivers, 30)
        drivers.stop()
        assert not drivers.is_on
        await _pass(simulator, drivers, 30)
    front, yard = (simulator.poles.pole(each) for each in POLES)
    assert front.car is not None
    assert len(front.stays) == 1
    assert yard.car is None
    assert len(yard.stays) > 3
    assert all(each.unplugged for each in yard.stays)


async def test_nobody_comes_straight_back(simulator: Simulator) -> None:
    """Two drivers in a row are never the same, and all of them come in time."""
    async with serving(Webhook()) as webhook:
        webhook.answer = STOPPABLE
        simulator.caller.url = webhook.url
        drivers = _drivers(simulator)
        drivers.start()
        await _pass(simulator, drivers, 120)
    calls = [each for each in simulator.caller.calls if each.name == "session-start"]
    users = [each.fields["user"]["identifier"] for each in calls]
    assert all(first != second for first, second in pairwise(users))
    assert len(set(users)) == 3


async def test_who_is_refused_leaves(simulator: Simulator) -> None:
    """A driver whom the operator sends away does not stay, and nobody stops what never began."""
    async with serving(Webhook()) as webhook:
        webhook.answer = {"result": {"code": 320, "message": "EVSE in use."}}
        simulator.caller.url = webhook.url
        drivers = _drivers(simulator)
        drivers.start()
        await _pass(simulator, drivers, 30)
    assert {each.name for each in simulator.caller.calls} == {"session-start"}
    stays = simulator.poles.pole(YARD).stays[:-1]
    assert stays
    times = [(each.unplugged - each.plugged).total_seconds() for each in stays if each.unplugged]
    assert len(times) == len(stays)
    assert max(times) < 60


async def test_a_plug_that_somebody_else_pulls(simulator: Simulator) -> None:
    """Whoever finds the car gone already has nothing to unplug."""
    async with serving(Webhook()) as webhook:
        simulator.caller.url = webhook.url
        drivers = _drivers(simulator)
        drivers.start()
        await _pass(simulator, drivers, 1)
        simulator.poles.pole(YARD).unplug()
        drivers.stop()
        await _pass(simulator, drivers, 10)
    assert simulator.poles.pole(YARD).car is None


async def test_drivers_are_part_of_the_autopilot(simulator: Simulator) -> None:
    """The autopilot lets a car wait at the first pole."""
    simulator.autopilot.start()
    assert simulator.poles.pole(FRONT).car is not None
    simulator.autopilot.stop()
