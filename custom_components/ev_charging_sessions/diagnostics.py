"""Diagnostics: enough to see what goes on, nothing that tells who charges, or where."""

from datetime import datetime
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .const import CONF_API_VERSION, CONF_BACKEND
from .coordinator import ChargingConfigEntry


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: ChargingConfigEntry
) -> dict[str, Any]:
    """Return the state of an account; charge points are numbered instead of named."""
    setup = {
        "backend": entry.data[CONF_BACKEND],
        "api_version": entry.data.get(CONF_API_VERSION),
        "state": entry.state.value,
        "reason": entry.error_reason_translation_key,
    }
    if entry.state is not ConfigEntryState.LOADED:
        return setup
    coordinator = entry.runtime_data
    data = coordinator.data
    cause = coordinator.last_exception and coordinator.last_exception.__cause__
    return {
        **setup,
        "cards": len(coordinator.backend.cards),
        "active_sessions": data.active_sessions,
        "last_update_success": coordinator.last_update_success,
        "last_error": repr(cause) if cause else None,
        "unreadable_fields": sorted(set(coordinator.unreadable)),
        "update_interval": str(coordinator.update_interval),
        "charge_points": [
            {
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
            for charge_point_id, state in sorted(data.charge_points.items())
        ],
    }


def _iso(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
