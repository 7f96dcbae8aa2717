"""Triggers and conditions: real automations over real sessions."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from homeassistant.core import CoreState
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.automations import TRIGGERS, Told, automate, put_into_area, stir_others, trigger
from tests.home import EVSE, Home
from tests.namespace import GARAGE, GARAGE_POINT
from tests.simulator.defaults import CARDS, CLEVEREV_ID_TAGS

NAMED, UNNAMED = CLEVEREV_ID_TAGS[:2]


ENTITY_OF = {
    "energy_above": ("sensor", "session_energy"),
    "cost_above": ("sensor", "session_cost"),
    "idle_fee_starts_soon": ("sensor", "idle_fee"),
}


def _entity_id(home: Home, key: str) -> str:
    platform, entity_key = ENTITY_OF.get(key, ("event", "session"))
    return home.entity_id(platform, entity_key, GARAGE_POINT)


async def _charge_once(home: Home) -> None:
    """Let a car come and go: the network tells prices of sessions only."""
    home.simulator.namespace.plug(GARAGE, 1, id_tag=NAMED)
    await home.advance(310)
    home.simulator.namespace.unplug(GARAGE, 1)
    await home.advance(310)


async def _watch(home: Home) -> Told:
    """Have one account, and an automation with all triggers aimed at the garage's device."""
    await home.add_namespace()
    target = {"device_id": home.device_id(GARAGE_POINT)}
    return await automate(home, *(trigger(key, target) for key in TRIGGERS))


async def _full(home: Home) -> datetime:
    """Let the car be full, and return when the fee begins."""
    home.simulator.namespace.full(GARAGE, 1)
    await home.advance(31)
    await home.advance(61)
    begins = dt_util.parse_datetime(home.state("sensor", "idle_fee", GARAGE_POINT).state)
    assert begins
    return begins


async def test_session(home: Home) -> None:
    """Test all triggers along two sessions, aimed at a device, an area and the entities alone."""
    await home.add_namespace()
    await home.add_subentry("charge_card", identifier=NAMED, alias="Blue card")
    await _charge_once(home)
    area = put_into_area(home, GARAGE_POINT)
    targets = {"device": {"device_id": home.device_id(GARAGE_POINT)}, "area": {"area_id": area}}
    told = await automate(
        home,
        *(
            trigger(key, target, f"{key} {how}")
            for key in TRIGGERS
            for how, target in targets.items()
        ),
        *(trigger(key, {"entity_id": _entity_id(home, key)}, f"{key} entity") for key in TRIGGERS),
    )
    stir_others(home)
    await home.settle()
    assert told.take() == []

    def take() -> list[str]:
        """Return what was told, the same for each kind of target."""
        by_target: dict[str, list[str]] = {"device": [], "area": [], "entity": []}
        for each in told.all:
            key, how = each["id"].split()
            assert each["entity_id"] == _entity_id(home, key)
            by_target[how].append(key)
        told.all.clear()
        assert by_target["device"] == by_target["area"] == by_target["entity"]
        return by_target["device"]

    namespace = home.simulator.namespace
    namespace.plug(GARAGE, 1, id_tag=UNNAMED)
    await home.advance(310)
    assert sorted(take()) == ["charging_started", "session_started", "unknown_card"]
    await home.advance(1800)
    assert sorted(take()) == ["cost_above", "energy_above"]
    begins = await _full(home)
    assert take() == ["charging_suspended"]
    stir_others(home)
    due = (begins - timedelta(minutes=10) - dt_util.utcnow()).total_seconds()
    await home.advance(due - 2)
    assert take() == []
    await home.advance(4)
    fee = next(each for each in told.all if each["id"] == "idle_fee_starts_soon device")
    assert fee["device_id"] == home.device_id(GARAGE_POINT)
    assert dt_util.parse_datetime(fee["state"]) == begins
    assert take() == ["idle_fee_starts_soon"]
    namespace.unplug(GARAGE, 1)
    await home.advance(310)
    assert UNNAMED not in str(told.all)
    finished = told.all[0]["attributes"]
    assert finished["energy"] > 2
    assert finished["device_id"] == home.device_id(GARAGE_POINT)
    assert finished["currency"] == "EUR"
    assert "card" not in finished
    assert take() == ["session_finished"]

    namespace.plug(GARAGE, 1, id_tag=NAMED)
    await home.advance(310)
    assert told.all[0]["attributes"]["card"] == "Blue card"
    assert sorted(take()) == ["charging_started", "session_started"]
    await home.advance(1800)
    assert sorted(take()) == ["cost_above", "energy_above"]


async def test_own_start(home: Home) -> None:
    """Test that the number that the network puts in the place of a card raises no alarm."""
    told = await _watch(home)
    home.simulator.namespace.plug(GARAGE, 1)
    await home.act("start_session", device_id=home.device_id(GARAGE_POINT))
    assert sorted(told.take()) == ["charging_started", "session_started"]
    assert home.state("sensor", "active_sessions", None).state == "1"


async def test_own_start_that_is_late(home: Home) -> None:
    """Test that our own start raises no alarm when it was given up, and the next car does."""
    told = await _watch(home)
    namespace = home.simulator.namespace
    namespace.settings.start_delay = 40
    namespace.plug(GARAGE, 1)
    with pytest.raises(HomeAssistantError):
        await home.act("start_session", device_id=home.device_id(GARAGE_POINT), timeout=10)
    assert told.take() == ["session_failed"]
    await home.advance(310)
    assert sorted(told.take()) == ["charging_started", "session_started"]
    namespace.unplug(GARAGE, 1)
    await home.advance(610)
    told.take()
    namespace.plug(GARAGE, 1, id_tag=UNNAMED)
    await home.advance(310)
    assert sorted(told.take()) == ["charging_started", "session_started", "unknown_card"]


async def test_failures(home: Home) -> None:
    """Test that a start that is refused and a session that fails are both a failed session."""
    await home.add_account(EVSE)
    told = await automate(home, trigger("session_failed", {"device_id": home.device_id()}))
    with pytest.raises(Exception, match="EvNotConnectedToEvse"):
        await home.act("start_session", device_id=home.device_id())
    (failed,) = told.all
    assert failed["attributes"]["reason"] == "EvNotConnectedToEvse"
    told.take()
    home.simulator.shell.settings.list_start_requested = True
    home.simulator.world.start_delay = 400
    home.simulator.world.start(EVSE, CARDS[0])
    await home.advance(310)
    assert home.state("sensor", "status").state == "starting"
    assert told.take() == []
    await home.advance(120)
    assert told.take() == ["session_failed"]


async def _restart(
    home: Home, seconds: float, meanwhile: Callable[[], object] = lambda: None
) -> None:
    """Let Home Assistant be off for so long; its automations arm as late as it lets them.

    ``meanwhile`` is what happens while other integrations are still being set up.
    """
    hass = home.hass
    automation = {"entity_id": "automation.told"}
    await hass.services.async_call("automation", "turn_off", automation, blocking=True)
    await hass.config_entries.async_unload(home.entry.entry_id)
    hass.set_state(CoreState.not_running)
    await home.advance(seconds)
    await hass.services.async_call("automation", "turn_on", automation, blocking=True)
    await hass.config_entries.async_setup(home.entry.entry_id)
    await home.settle()
    meanwhile()
    await home.advance(31)
    await hass.async_start()
    await home.settle()


async def test_restarts(home: Home) -> None:
    """Test that what happens while Home Assistant is off is told once it is back, and once."""
    told = await _watch(home)
    namespace = home.simulator.namespace
    await _charge_once(home)
    told.take()
    namespace.plug(GARAGE, 1, id_tag=UNNAMED)
    await _restart(home, 60)
    assert sorted(told.take()) == ["charging_started", "session_started", "unknown_card"]
    await _restart(home, 1800)
    assert sorted(told.take()) == ["cost_above", "energy_above"]
    await _restart(home, 60)
    assert told.take() == []
    begins = await _full(home)
    assert told.take() == ["charging_suspended"]
    due = begins - timedelta(minutes=10)
    await _restart(home, (due - dt_util.utcnow()).total_seconds() + 60)
    assert told.take() == ["idle_fee_starts_soon"]
    await _restart(home, 60)
    await home.advance(700)
    assert told.take() == []
    await _restart(home, 60, lambda: namespace.unplug(GARAGE, 1))
    assert told.take() == ["session_finished"]


async def _arm_again(home: Home) -> None:
    """Turn the automation off and on, as happens to one that is changed."""
    for action in ("turn_off", "turn_on"):
        await home.act(action, domain="automation", entity_id="automation.told")


async def test_reloads(home: Home) -> None:
    """Test that an account that is loaded again loses nothing and says nothing twice."""
    told = await _watch(home)
    namespace, entries = home.simulator.namespace, home.hass.config_entries
    await _charge_once(home)
    er.async_get(home.hass).async_update_entity_options(
        _entity_id(home, "energy_above"), "sensor", {"unit_of_measurement": "Wh"}
    )
    namespace.plug(GARAGE, 1, id_tag=UNNAMED)
    await home.advance(310)
    assert "energy_above" not in told.take()
    await entries.async_unload(home.entry.entry_id)
    await home.advance(1800)
    await entries.async_setup(home.entry.entry_id)
    await home.settle()
    assert sorted(told.take()) == ["cost_above", "energy_above"]
    await _arm_again(home)
    registry = er.async_get(home.hass)
    for key in ("energy_above", "cost_above", "idle_fee_starts_soon", "session_finished"):
        entity_id = _entity_id(home, key)
        registry.async_update_entity(entity_id, new_entity_id=f"{entity_id}_renamed")
    await entries.async_reload(home.entry.entry_id)
    await home.advance(61)
    assert told.take() == []
    begins = await _full(home)
    assert told.take() == ["charging_suspended"]
    await entries.async_unload(home.entry.entry_id)
    await home.advance((begins - dt_util.utcnow()).total_seconds() - 590)
    assert told.take() == ["idle_fee_starts_soon"]
    await entries.async_setup(home.entry.entry_id)
    await home.advance(60)
    await _arm_again(home)
    await home.advance(600)
    assert told.take() == []
    namespace.unplug(GARAGE, 1)
    await home.advance(61)
    assert told.take() == ["session_finished"]


async def test_history(home: Home) -> None:
    """Test that a session that was over before it was ever seen passes no limit."""
    told = await _watch(home)
    namespace, entries = home.simulator.namespace, home.hass.config_entries
    await _charge_once(home)
    told.take()
    await entries.async_unload(home.entry.entry_id)
    namespace.plug(GARAGE, 1, id_tag=UNNAMED)
    await home.advance(1800)
    namespace.unplug(GARAGE, 1)
    await home.advance(600)
    await entries.async_setup(home.entry.entry_id)
    await home.settle()
    await home.advance(61)
    assert float(home.state("sensor", "session_energy", GARAGE_POINT).state) > 2
    assert told.take() == []


async def test_session_that_moves(home: Home) -> None:
    """Test that a session that turns out to have begun at another time stays the same."""
    told = await _watch(home)
    await _charge_once(home)
    session = home.simulator.namespace.plug(GARAGE, 1, id_tag=UNNAMED)
    assert session
    await home.advance(310)
    await home.advance(1800)
    assert {"cost_above", "energy_above"} <= set(told.take())
    begun, register = session.samples[0]
    session.samples[0] = (begun + timedelta(seconds=7), register)
    before = home.state("sensor", "session_energy", GARAGE_POINT).attributes["last_reset"]
    await home.advance(31)
    after = home.state("sensor", "session_energy", GARAGE_POINT).attributes["last_reset"]
    assert after != before
    assert told.take() == []


async def test_fee_that_moves(home: Home) -> None:
    """Test a fee that is seen late, put off a little, put off for long, gone and back."""
    told = await _watch(home)
    await _charge_once(home)
    home.simulator.namespace.plug(GARAGE, 1, id_tag=UNNAMED)
    await home.advance(310)
    told.take()
    now = dt_util.utcnow()

    async def show(minutes: float | None) -> list[str]:
        begins = "unknown" if minutes is None else (now + timedelta(minutes=minutes)).isoformat()
        home.hass.states.async_set(_entity_id(home, "idle_fee_starts_soon"), begins)
        await home.hass.async_block_till_done()
        return told.take()

    assert await show(5) == ["idle_fee_starts_soon"]
    assert await show(12) == []
    assert await show(None) == []
    assert await show(5) == []
    assert await show(15.2) == []
    await home.advance(305)
    assert told.take() == []
    await home.advance(10)
    assert told.take() == ["idle_fee_starts_soon"]


async def test_editor(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Test that the editor of automations finds all of them, for our devices and no others."""
    await home.add_namespace()
    await _charge_once(home)
    area = put_into_area(home)
    client = await hass_ws_client(home.hass)
    for kind, keys in (("trigger", set(TRIGGERS)), ("condition", {"is_charging", "is_connected"})):
        await client.send_json_auto_id({"type": f"{kind}_platforms/subscribe"})
        assert (await client.receive_json())["success"]
        found = (await client.receive_json())["event"]
        ours = {key: found[key] for key in found if key.startswith(DOMAIN)}
        assert set(ours) == {f"{DOMAIN}.{key}" for key in keys}
        for target, expected in (
            ({"device_id": [home.device_id(GARAGE_POINT)]}, set(ours)),
            ({"area_id": [area]}, set()),
        ):
            await client.send_json_auto_id({"type": f"get_{kind}s_for_target", "target": target})
            result = (await client.receive_json())["result"]
            assert {key for key in result if key.startswith(DOMAIN)} == expected


async def test_wrong_options(home: Home) -> None:
    """Test that options that make no sense are refused."""
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("energy_above", {}),
        ("energy_above", {"energy": -1}),
        ("cost_above", {"amount": "a lot"}),
        ("idle_fee_starts_soon", {"before": 0}),
        ("session_started", {"energy": 1}),
    ]
    automations = [
        {
            "alias": f"Wrong {number}",
            "triggers": {"trigger": f"{DOMAIN}.{key}", "target": {"area_id": "x"}, "options": each},
            "actions": [],
        }
        for number, (key, each) in enumerate(wrong)
    ]
    assert await async_setup_component(home.hass, DOMAIN, {})
    assert await async_setup_component(home.hass, "automation", {"automation": automations})
    states = home.hass.states.async_all("automation")
    assert [each.state for each in states] == ["unavailable"] * len(wrong)
