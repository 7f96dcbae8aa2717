"""The main path: see a session, start one, stop one."""

import asyncio

from tests.home import EVSE, OTHER_EVSE, Home


async def test_start_and_stop_by_switch(home: Home) -> None:
    """Test the switch from off to on to off, with the session in between."""
    await home.add_account(EVSE)
    assert home.state("sensor", "status").state == "available"
    assert home.state("switch", "charging").state == "off"
    home.simulator.world.plug(EVSE)
    call = asyncio.create_task(
        home.hass.services.async_call(
            "switch", "turn_on", {"entity_id": home.entity_id("switch", "charging")}, blocking=True
        )
    )
    await home.settle()
    assert home.state("switch", "charging").state == "on"
    assert home.state("sensor", "status").state == "starting"
    for _ in range(4):
        await home.advance(5)
    await call
    assert home.state("sensor", "status").state == "charging"
    assert home.state("sensor", "active_sessions", None).state == "1"
    call = asyncio.create_task(
        home.hass.services.async_call(
            "switch", "turn_off", {"entity_id": home.entity_id("switch", "charging")}, blocking=True
        )
    )
    for _ in range(5):
        await home.advance(5)
    await call
    assert home.state("sensor", "status").state == "finished"


async def test_session_from_elsewhere(home: Home) -> None:
    """Test that a session at an EVSE that was never added turns up."""
    await home.add_account()
    home.simulator.world.plug(OTHER_EVSE)
    home.simulator.world.start_at_pole(OTHER_EVSE, "NL-TNM-C00122045-K")
    await home.advance(310)
    assert home.state("sensor", "status", OTHER_EVSE).state == "charging"
