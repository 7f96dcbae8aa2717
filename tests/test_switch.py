"""The switch of a charge point."""

import asyncio

import pytest

from homeassistant.exceptions import HomeAssistantError

from tests.home import EVSE, OTHER_EVSE, Home
from tests.simulator.defaults import CARDS


def _press(home: Home, service: str, evse_id: str = EVSE) -> asyncio.Task[object]:
    entity_id = home.entity_id("switch", "charging", evse_id)
    return asyncio.create_task(
        home.hass.services.async_call("switch", service, {"entity_id": entity_id}, blocking=True)
    )


async def _done(home: Home, press: asyncio.Task[object]) -> None:
    for _ in range(150):
        if press.done():
            break
        await home.advance(1)
    await press


async def test_failed_start(home: Home) -> None:
    """Test that a start that fails flips back and says why."""
    await home.add_account(EVSE)
    press = _press(home, "turn_on")
    await home.settle()
    assert home.state("switch", "charging").state == "on"
    with pytest.raises(HomeAssistantError, match="EvNotConnectedToEvse") as failure:
        await _done(home, press)
    assert failure.value.translation_key == "command_rejected"
    assert home.state("switch", "charging").state == "off"
    assert home.simulator.log.count("start") == 1


async def test_failed_stop(home: Home) -> None:
    """Test that a stop that fails flips back, because the session goes on."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    home.simulator.world.fail_next_stop("InternalError")
    press = _press(home, "turn_off")
    await home.settle()
    assert home.state("switch", "charging").state == "off"
    with pytest.raises(HomeAssistantError, match="InternalError"):
        await _done(home, press)
    assert home.state("switch", "charging").state == "on"


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("http_403", "request_rejected"),
        ("http_429", "rate_limited"),
    ],
)
async def test_refused_start(home: Home, kind: str, key: str) -> None:
    """Test that a start that is turned away at once flips back and says why."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    home.simulator.faults.on(kind, scope="start")
    with pytest.raises(HomeAssistantError) as failure:
        await _done(home, _press(home, "turn_on"))
    assert failure.value.translation_key == key
    assert home.state("switch", "charging").state == "off"


async def test_time_limit(home: Home) -> None:
    """Test that a start that nobody confirms is given up after two minutes."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    home.simulator.world.start_delay = 500
    with pytest.raises(HomeAssistantError) as failure:
        await _done(home, _press(home, "turn_on"))
    assert failure.value.translation_key == "command_timed_out"
    assert home.simulator.log.count("start") == 1


async def test_second_thoughts(home: Home) -> None:
    """Test that off right after on wins, sends one start and one stop, and nobody fails."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    start = _press(home, "turn_on")
    await home.settle()
    stop = _press(home, "turn_off")
    await home.settle()
    assert home.state("switch", "charging").state == "off"
    await _done(home, start)
    await _done(home, stop)
    assert home.state("switch", "charging").state == "off"
    counts = home.simulator.log.counts()
    assert (counts["start"], counts["stop"]) == (1, 1)


async def test_superseded_press(home: Home) -> None:
    """Test that on, off, on ends as on without complaint from the press in between."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    presses = []
    for service in ("turn_on", "turn_off", "turn_on"):
        presses.append(_press(home, service))
        await home.settle()
    for press in presses:
        await _done(home, press)
    assert home.state("switch", "charging").state == "on"
    assert home.simulator.log.count("start") == 1
    assert home.simulator.log.count("stop") == 0


async def test_on_where_it_is_on(home: Home) -> None:
    """Test that pressing on again sends nothing, and neither does off where it is off."""
    await home.add_account(EVSE, OTHER_EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    await _done(home, _press(home, "turn_on"))
    await _done(home, _press(home, "turn_off", OTHER_EVSE))
    counts = home.simulator.log.counts()
    assert "start" not in counts
    assert "stop" not in counts


async def test_two_charge_points_at_once(home: Home) -> None:
    """Test that the command of one charge point does not wait for that of another."""
    await home.add_account(EVSE, OTHER_EVSE)
    for evse_id in (EVSE, OTHER_EVSE):
        home.simulator.world.plug(evse_id)
    presses = [_press(home, "turn_on", evse_id) for evse_id in (EVSE, OTHER_EVSE)]
    await home.settle()
    assert home.simulator.log.count("start") == 2
    for press in presses:
        await _done(home, press)
    assert home.state("switch", "charging", OTHER_EVSE).state == "on"


async def test_network_down(home: Home) -> None:
    """Test that the switch cannot be used while the network is silent."""
    await home.add_account(EVSE)
    home.simulator.faults.on("http_500", scope="*")
    await home.advance(310)
    assert home.state("switch", "charging").state == "unavailable"
