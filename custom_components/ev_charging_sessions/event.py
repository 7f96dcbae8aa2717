"""The event entity of a charge point: the news about its sessions, for automations."""

from collections.abc import Iterable
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import CoreState, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.start import async_at_started

from .charging.events import EventType, SessionEvent
from .charging.model import Session
from .coordinator import ChargingConfigEntry, ChargingCoordinator
from .entity import ChargePointEntity, async_add_charge_points
from .rows import session_row

# The coordinator does the talking; the entity only tells what it found.
PARALLEL_UPDATES = 0

ATTR_UNKNOWN_CARD = "unknown_card"

SESSION = EventEntityDescription(
    key="session", translation_key="session", event_types=list(EventType)
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ChargingConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the event entities of the charge points."""
    async_add_charge_points(entry, async_add_entities, _create)


def _create(coordinator: ChargingCoordinator, charge_point_id: str) -> Iterable[EventEntity]:
    yield SessionEventEntity(coordinator, charge_point_id, SESSION)


class SessionEventEntity(ChargePointEntity, EventEntity):
    """Tells each piece of news once, also one from before it was added."""

    _is_live = False

    @override
    async def async_added_to_hass(self) -> None:
        """Tell what was found while this entity was being made, or Home Assistant was off."""
        await super().async_added_to_hass()
        self.async_on_remove(async_at_started(self.hass, self._async_home_started))

    @callback
    @override
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Carry on: what has been told has been told."""
        super().async_entity_id_changed(old_entity_id)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self._async_tell()

    @callback
    def _async_home_started(self, hass: HomeAssistant) -> None:
        # Only once it has been added can it write one state after the other.
        hass.loop.call_soon(self._async_tell)

    @callback
    def _async_tell(self) -> None:
        if self.hass.state in {CoreState.not_running, CoreState.starting}:
            # No automation listens yet.
            return
        for event in self.coordinator.news.take(self.charge_point_id):
            self._trigger_event(event.type, self._attributes(event))
            self.async_write_ha_state()

    def _attributes(self, event: SessionEvent) -> dict[str, Any]:
        row = session_row(self.coordinator, event.session) if event.session else {}
        if event.computed:
            row["computed_cost"] = str(event.computed.amount)
        if event.reason:
            row["reason"] = event.reason
        if event.type is EventType.STARTED and event.session and self._is_unknown(event.session):
            row[ATTR_UNKNOWN_CARD] = True
        return {key: value for key, value in row.items() if value is not None}

    def _is_unknown(self, session: Session) -> bool:
        """Tell whether a session was begun with a card that nobody has given a name.

        Where we start one, the network may put a number of its own in the place of a card.
        """
        if not session.card_id or self.coordinator.commands.is_ours(session):
            return False
        return self.coordinator.card(session.card_id) is None
