"""Real automations in a home, and what they were told."""

from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import Event, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import Home

TRIGGERS: dict[str, dict[str, Any]] = {
    "session_started": {},
    "charging_started": {},
    "charging_suspended": {},
    "session_finished": {},
    "session_failed": {},
    "energy_above": {"energy": 2},
    "cost_above": {"amount": 1.5},
    "idle_fee_starts_soon": {"before": 10},
    "unknown_card": {},
}


class Told:
    """What an automation was told, in order."""

    def __init__(self, home: Home) -> None:
        """Begin to listen."""
        self.all: list[dict[str, Any]] = []
        home.hass.bus.async_listen("automation_was_told", self._note)

    @callback
    def _note(self, event: Event[dict[str, Any]]) -> None:
        self.all.append({**event.data, "at": dt_util.utcnow()})

    def take(self) -> list[str]:
        """Return the ids of the triggers that have fired since this was last asked."""
        ids = [each["id"] for each in self.all]
        self.all.clear()
        return ids


def trigger(key: str, target: dict[str, Any], name: str | None = None) -> dict[str, Any]:
    """Return the configuration of a trigger."""
    return {
        "trigger": f"{DOMAIN}.{key}",
        "target": target,
        "options": TRIGGERS[key],
        "id": name or key,
    }


async def automate(
    home: Home, *triggers: dict[str, Any], conditions: list[dict[str, Any]] | None = None
) -> Told:
    """Set up an automation with these triggers, and return what it will be told."""
    told = Told(home)
    data = {
        "id": "{{ trigger.id }}",
        "entity_id": "{{ trigger.entity_id }}",
        "device_id": "{{ trigger.device_id }}",
        "state": "{{ trigger.to_state.state }}",
        "attributes": "{{ dict(trigger.to_state.attributes) }}",
    }
    automation = {
        "alias": "Told",
        "mode": "queued",
        "max": 50,
        "triggers": list(triggers),
        "conditions": conditions or [],
        "actions": [{"event": "automation_was_told", "event_data_template": data}],
    }
    assert await async_setup_component(home.hass, "automation", {"automation": [automation]})
    await home.settle()
    return told


def put_into_area(home: Home, *charge_point_ids: str) -> str:
    """Put charge points into an area, beside entities of another integration."""
    hass = home.hass
    area = ar.async_get(hass).async_create("Garage")
    for charge_point_id in charge_point_ids:
        dr.async_get(hass).async_update_device(home.device_id(charge_point_id), area_id=area.id)
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    for platform, key, device_class in (
        ("event", "session", None),
        ("sensor", "session_energy", "energy"),
        ("sensor", "session_cost", "monetary"),
        ("sensor", "idle_fee", "timestamp"),
        ("binary_sensor", "charging", "battery_charging"),
        ("binary_sensor", "connected", "plug"),
    ):
        entity = er.async_get(hass).async_get_or_create(
            platform,
            "other",
            f"other_{key}",
            suggested_object_id=f"other_{key}",
            original_device_class=device_class,
            config_entry=other,
        )
        er.async_get(hass).async_update_entity(entity.entity_id, area_id=area.id)
    return area.id


def stir_others(home: Home) -> None:
    """Let the entities of the other integration tell what our own would tell."""
    states = home.hass.states
    for number, kind in enumerate(("started", "charging", "suspended", "finished", "failed")):
        attributes = {"event_type": kind, "unknown_card": True}
        states.async_set("event.other_session", f"2026-11-21T12:00:0{number}+00:00", attributes)
    for value in ("0", "100"):
        states.async_set("sensor.other_session_energy", value, {"unit_of_measurement": "kWh"})
        states.async_set("sensor.other_session_cost", value, {"unit_of_measurement": "EUR"})
    states.async_set("sensor.other_idle_fee", "unknown")
    states.async_set("sensor.other_idle_fee", dt_util.utcnow().isoformat())
    for key in ("charging", "connected"):
        states.async_set(f"binary_sensor.other_{key}", "on")
