"""What triggers and conditions are aimed at: the entities of charge points, and no others."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .charging.model import Session
from .const import DOMAIN
from .coordinator import ChargingCoordinator


def entities_of_key(
    hass: HomeAssistant, entity_ids: set[str], platform: Platform, key: str
) -> set[str]:
    """Return those that are the entity of this key at a charge point.

    A person may aim at a whole area, where entities of other integrations are too.
    """
    registry = er.async_get(hass)
    return {
        entity_id
        for entity_id in entity_ids
        if (entity := registry.async_get(entity_id))
        and entity.platform == DOMAIN
        and entity.domain == platform
        and entity.unique_id.endswith(f"_{key}")
    }


def device_id_of(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return the device that an entity belongs to."""
    entity = er.async_get(hass).async_get(entity_id)
    return entity.device_id if entity else None


def session_shown_by(hass: HomeAssistant, entity_id: str) -> Session | None:
    """Return the session that a sensor of a charge point shows a figure of.

    Also while its account is being loaded, which is when a sensor shows something first.
    """
    entity = er.async_get(hass).async_get(entity_id)
    if entity is None or entity.config_entry_id is None or entity.device_id is None:
        return None
    entry = hass.config_entries.async_get_entry(entity.config_entry_id)
    coordinator = getattr(entry, "runtime_data", None)
    device = dr.async_get(hass).async_get(entity.device_id)
    if device is None or not isinstance(coordinator, ChargingCoordinator):
        return None
    charge_point_id = coordinator.charge_point_of(device)
    state = coordinator.data.charge_points.get(charge_point_id or "")
    return state.session if state else None
