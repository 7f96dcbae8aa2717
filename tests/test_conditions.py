"""Conditions: real automations that look at what goes on right now."""

from homeassistant.setup import async_setup_component

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.automations import put_into_area, stir_others
from tests.home import Home
from tests.namespace import GARAGE, GARAGE_POINT
from tests.simulator.defaults import CLEVEREV_ID_TAGS


async def test_conditions(home: Home) -> None:
    """Test that both conditions look at our own entities in an area, and at no others."""
    await home.add_namespace()
    area = put_into_area(home, GARAGE_POINT)
    told: list[str] = []
    home.hass.bus.async_listen("passed", lambda event: told.append(event.data["by"]))
    automations = [
        {
            "alias": f"{key} {how}",
            "triggers": {"trigger": "event", "event_type": "look"},
            "conditions": {"condition": f"{DOMAIN}.{key}", "target": target, "options": options},
            "actions": {"event": "passed", "event_data": {"by": f"{key} {how}"}},
        }
        for key in ("is_charging", "is_connected")
        for how, target, options in (
            ("area", {"area_id": area}, {}),
            ("device", {"device_id": home.device_id(GARAGE_POINT)}, {"behavior": "all"}),
            ("for", {"device_id": home.device_id(GARAGE_POINT)}, {"for": {"minutes": 5}}),
        )
    ]
    assert await async_setup_component(home.hass, "automation", {"automation": automations})

    async def passed() -> set[str]:
        told.clear()
        home.hass.bus.async_fire("look")
        await home.hass.async_block_till_done()
        return set(told)

    stir_others(home)
    assert await passed() == set()
    namespace = home.simulator.namespace
    namespace.plug(GARAGE, 1, id_tag=CLEVEREV_ID_TAGS[0])
    await home.advance(310)
    connected = {"is_connected area", "is_connected device"}
    assert await passed() == {*connected, "is_charging area", "is_charging device"}
    await home.advance(310)
    assert await passed() >= {"is_charging for", "is_connected for"}
    namespace.full(GARAGE, 1)
    await home.advance(31)
    assert await passed() == {*connected, "is_connected for"}
