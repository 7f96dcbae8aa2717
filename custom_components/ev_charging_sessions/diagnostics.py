"""Diagnostics: enough to see what goes on, nothing that tells who charges, or where."""

from datetime import datetime
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_CURRENCY
from homeassistant.core import HomeAssistant

from .charging.outbox import Outbox
from .const import (
    CONF_API_GENERATION,
    CONF_API_VERSION,
    CONF_BACKEND,
    CONF_ENERGY_UNIT,
)
from .coordinator import ChargingConfigEntry

# What an account is set to, as far as it tells neither who somebody is nor where. All that is
# not named here stays inside, also what a network may need some day.
_SETTINGS = (CONF_API_VERSION, CONF_API_GENERATION, CONF_CURRENCY, CONF_ENERGY_UNIT)


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: ChargingConfigEntry
) -> dict[str, Any]:
    """Return the state of an account; charge points are numbered instead of named."""
    setup = {
        "backend": entry.data[CONF_BACKEND],
        "settings": {key: entry.data[key] for key in _SETTINGS if key in entry.data},
        "options": sorted(entry.options),
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
        "outbox": _outbox(coordinator.outbox),
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


def _outbox(outbox: Outbox | None) -> dict[str, int] | None:
    return {"waiting": outbox.waiting, "refused": outbox.refused} if outbox else None


def _iso(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
