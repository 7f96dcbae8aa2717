"""A session as actions, events and exports show it: the names of the design, no identifiers."""

from datetime import datetime
from typing import Any

from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

from .charging.model import Session
from .const import DOMAIN
from .coordinator import ChargingCoordinator


def session_row(coordinator: ChargingCoordinator, session: Session) -> dict[str, Any]:
    """Return a session as a row; what is not known is ``None``."""
    card = coordinator.card(session.card_id)
    return {
        "session_id": session.session_id,
        "backend": session.account.backend,
        "device_id": _device_id(coordinator, session.charge_point_id),
        "evse_id": session.charge_point_id,
        "card": card.alias if card else None,
        "status": session.status,
        "started": _iso(session.started),
        "ended": _iso(session.ended),
        "duration": session.duration(dt_util.utcnow()),
        "energy": session.energy,
        "energy_source": session.energy_source,
        "cost": str(session.cost.amount) if session.cost else None,
        "currency": session.cost.currency if session.cost else None,
        "cost_source": session.cost.source if session.cost else None,
        "stop_reason": session.reason,
    }


def archive_row(coordinator: ChargingCoordinator, session: Session) -> dict[str, Any]:
    """Return a session as a row with what an operator's backend tells of it besides.

    Only whoever asks the archive gets that: an event lies open in the history, and a note may
    name somebody.
    """
    details = session.details
    intent = details.intent if details else None
    return {
        **session_row(coordinator, session),
        "intent": intent.kind if intent else None,
        "start_kind": intent.start_kind if intent else None,
        "note": details.note if details else None,
        "location_id": details.location_id if details else None,
    }


def _device_id(coordinator: ChargingCoordinator, charge_point_id: str | None) -> str | None:
    if charge_point_id is None:
        return None
    device = dr.async_get(coordinator.hass).async_get_device_by_identifier(
        (DOMAIN, f"{coordinator.account.account_id}_{charge_point_id}"),
        coordinator.config_entry.entry_id,
    )
    return device.id if device else None


def _iso(time: datetime | None) -> str | None:
    """Return a time in the time zone of the home, with its offset."""
    return dt_util.as_local(time).isoformat() if time else None
