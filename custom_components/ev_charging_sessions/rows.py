"""A session as actions, events and exports show it: the names of the design, no identifiers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType

from .charging.ledger_links import Link
from .charging.model import Session
from .const import DOMAIN
from .coordinator import ChargingCoordinator


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """What the sessions of an account are shown with, as it is at this moment.

    Unlike the registry it is taken from, it can be used in any thread. ``cards`` are aliases
    by the identifiers of cards; ``places`` are names and ``devices`` ids of devices, both by
    charge point id. ``account`` is what a person calls the account.
    """

    account: str
    cards: Mapping[str, str]
    places: Mapping[str, str]
    devices: Mapping[str, str]


def labels_of(coordinator: ChargingCoordinator) -> Labels:
    """Return the labels of an account."""
    registry, entry = dr.async_get(coordinator.hass), coordinator.config_entry
    devices = {
        charge_point_id: device
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
        if (charge_point_id := coordinator.charge_point_of(device))
    }
    return Labels(
        account=entry.title,
        # The first of several with the same number counts, as everywhere.
        cards={card.identifier: card.alias for card in reversed(coordinator.backend.cards)},
        places={
            charge_point_id: name
            for charge_point_id, device in devices.items()
            if (name := device.name_by_user or device.name)
        },
        devices={charge_point_id: device.id for charge_point_id, device in devices.items()},
    )


def place_of(coordinator: ChargingCoordinator, charge_point_id: str | None) -> str | None:
    """Return the name of one charge point, if it has a device."""
    device = _device(coordinator, charge_point_id)
    return (device.name_by_user or device.name) if device else None


def session_row(coordinator: ChargingCoordinator, session: Session) -> dict[str, Any]:
    """Return a session as a row; what is not known is ``None``."""
    card = coordinator.card(session.card_id)
    device = _device(coordinator, session.charge_point_id)
    return _row(session, card.alias if card else None, device.id if device else None)


def linked_row(labels: Labels, session: Session, links: Sequence[Link]) -> dict[str, Any]:
    """Return a session as a row with the other reports of the same charge."""
    return {
        **archive_row(labels, session),
        "counts": not any(link.counts for link in links),
        "linked": link_rows(links),
    }


def archive_row(labels: Labels, session: Session) -> dict[str, Any]:
    """Return a session as a row with what an operator's backend tells of it besides.

    Only whoever asks the archive gets that: an event lies open in the history, and a note may
    name somebody.
    """
    details = session.details
    intent = details.intent if details else None
    return {
        **_row(
            session,
            labels.cards.get(session.card_id or ""),
            labels.devices.get(session.charge_point_id or ""),
        ),
        "intent": intent.kind if intent else None,
        "start_kind": intent.start_kind if intent else None,
        "note": details.note if details else None,
        "location_id": details.location_id if details else None,
    }


def _row(session: Session, card: str | None, device_id: str | None) -> dict[str, Any]:
    return {
        "session_id": session.session_id,
        "backend": session.account.backend,
        "device_id": device_id,
        "evse_id": session.charge_point_id,
        "card": card,
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


def link_rows(links: Sequence[Link]) -> list[JsonValueType]:
    """Return the other reports of a charge as rows."""
    return [
        {"backend": link.account.backend, "session_id": link.session_id, "counts": link.counts}
        for link in links
    ]


def _device(
    coordinator: ChargingCoordinator, charge_point_id: str | None
) -> dr.AnyDeviceEntry | None:
    if charge_point_id is None:
        return None
    return dr.async_get(coordinator.hass).async_get_device_by_identifier(
        (DOMAIN, f"{coordinator.account.account_id}_{charge_point_id}"),
        coordinator.config_entry.entry_id,
    )


def _iso(time: datetime | None) -> str | None:
    """Return a time in the time zone of the home, with its offset."""
    return dt_util.as_local(time).isoformat() if time else None
