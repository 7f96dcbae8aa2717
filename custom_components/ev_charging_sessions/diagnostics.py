"""Diagnostics: enough to see what goes on, nothing that tells who charges, or where."""

from datetime import datetime
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_CURRENCY
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from .charging.outbox import Outbox
from .const import (
    CONF_API_GENERATION,
    CONF_API_VERSION,
    CONF_BACKEND,
    CONF_ENERGY_UNIT,
)
from .coordinator import ChargingConfigEntry, ChargingCoordinator

# What an account is set to, as far as it tells neither who somebody is nor where. All that is
# not named here stays inside, also what a network may need some day.
_SETTINGS = (CONF_API_VERSION, CONF_API_GENERATION, CONF_CURRENCY, CONF_ENERGY_UNIT)


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: ChargingConfigEntry
) -> dict[str, Any]:
    """Return the state of an account; charge points are numbered instead of named."""
    told = await _account(hass, entry)
    if entry.state is ConfigEntryState.LOADED:
        told["charge_points"] = [
            _charge_point(entry.runtime_data, charge_point_id)
            for charge_point_id in sorted(entry.runtime_data.data.charge_points)
        ]
    return told


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: ChargingConfigEntry, device: dr.DeviceEntry
) -> dict[str, Any]:
    """Return the state of an account, and of the one charge point that a device stands for."""
    told = await _account(hass, entry)
    if entry.state is ConfigEntryState.LOADED:
        coordinator = entry.runtime_data
        charge_point_id = coordinator.charge_point_of(device)
        if charge_point_id and charge_point_id in coordinator.data.charge_points:
            told["charge_point"] = _charge_point(coordinator, charge_point_id)
    return told


async def _account(hass: HomeAssistant, entry: ChargingConfigEntry) -> dict[str, Any]:
    told = {
        "backend": entry.data[CONF_BACKEND],
        "settings": {key: entry.data[key] for key in _SETTINGS if key in entry.data},
        "options": sorted(entry.options),
        "state": entry.state.value,
        "reason": entry.error_reason_translation_key,
    }
    # An account that the network keeps from being set up has one too, and needs it most.
    coordinator: ChargingCoordinator | None = getattr(entry, "runtime_data", None)
    if coordinator is None:
        return told
    shapes = await hass.async_add_executor_job(coordinator.backend.answers.shapes)
    told["last_answers"] = dict(shapes)
    if entry.state is not ConfigEntryState.LOADED:
        return told
    cause = coordinator.last_exception and coordinator.last_exception.__cause__
    return {
        **told,
        "cards": len(coordinator.backend.cards),
        "active_sessions": coordinator.data.active_sessions,
        "last_update_success": coordinator.last_update_success,
        "last_error": repr(cause) if cause else None,
        "unreadable_fields": sorted(set(coordinator.unreadable)),
        "update_interval": str(coordinator.update_interval),
        "outbox": _outbox(coordinator.outbox),
    }


def _charge_point(coordinator: ChargingCoordinator, charge_point_id: str) -> dict[str, Any]:
    state = coordinator.data.charge_points[charge_point_id]
    return {
        "is_added": charge_point_id in coordinator.subentry_ids,
        "status": state.status,
        "session_status": state.session.status if state.session else None,
        "session_started": _iso(state.session.started if state.session else None),
        "session_ended": _iso(state.session.ended if state.session else None),
        "last_reported": _iso(state.last_reported),
        "running_command": state.running,
        "wish": state.wish,
        "mode": state.setting.mode if state.setting else None,
        "is_gone": state.is_gone,
        "tariffs": len(state.charge_point.tariffs),
    }


def _outbox(outbox: Outbox | None) -> dict[str, int] | None:
    return {"waiting": outbox.waiting, "refused": outbox.refused} if outbox else None


def _iso(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
