"""Telling people of bills that nothing explains."""

from typing import TYPE_CHECKING

from homeassistant.util import dt as dt_util

from .charging.events import EventType, SessionEvent
from .issues import async_explain_bill, async_note_bill

if TYPE_CHECKING:
    from .coordinator import ChargingCoordinator


async def async_check_bills(coordinator: ChargingCoordinator) -> None:
    """Check the bills that are due; doubts become a repair issue and an event.

    Raises LedgerError.
    """
    hass, entry = coordinator.hass, coordinator.config_entry
    points = coordinator.charge_points.by_id
    verdicts = await coordinator.prices.bills.verdicts(points, dt_util.utcnow())
    for session_id in verdicts.explained:
        async_explain_bill(hass, entry, session_id)
    for doubt in verdicts.doubts:
        charge_point_id = doubt.session.charge_point_id or ""
        charge_point = points.get(charge_point_id)
        place = (charge_point and charge_point.name) or charge_point_id
        async_note_bill(hass, entry, place, doubt)
        kind = EventType.BILL_DIFFERS
        event = SessionEvent(type=kind, session=doubt.session, computed=doubt.computed)
        coordinator.add_event(charge_point_id, event)
