"""Triggers: what happens at charge points, for automations without templates."""

from typing import ClassVar, override

from homeassistant.components.event import ATTR_EVENT_TYPE
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
)

from .charging.events import EventType
from .event import ATTR_UNKNOWN_CARD, SESSION
from .targets import entities_of_key
from .trigger_figures import CostAboveTrigger, EnergyAboveTrigger
from .trigger_idle_fee import IdleFeeStartsSoonTrigger

_EVENTS: dict[str, DomainSpec] = {Platform.EVENT: DomainSpec()}


class NewsTrigger(StatelessEntityTriggerBase):
    """Triggers when the event entity of a charge point tells something of these types.

    ``trigger.to_state.attributes`` is all that is known of the session.
    """

    _domain_specs = _EVENTS
    _types: ClassVar[frozenset[EventType]]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        return entities_of_key(self._hass, entities, Platform.EVENT, SESSION.key)

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        return state.attributes.get(ATTR_EVENT_TYPE) in self._types


class SessionStartedTrigger(NewsTrigger):
    """A car is connected, and its session was accepted."""

    _types = frozenset({EventType.STARTED})


class ChargingStartedTrigger(NewsTrigger):
    """Energy flows, for the first time or again."""

    _types = frozenset({EventType.CHARGING})


class ChargingSuspendedTrigger(NewsTrigger):
    """No energy flows, and the session goes on."""

    _types = frozenset({EventType.SUSPENDED})


class SessionFinishedTrigger(NewsTrigger):
    """A session has come to its good end."""

    _types = frozenset({EventType.FINISHED})


class SessionFailedTrigger(NewsTrigger):
    """A session has failed, or a start never became one.

    After a stop that was refused the session goes on, so that is another matter.
    """

    _types = frozenset({EventType.FAILED, EventType.START_FAILED})


class UnknownCardTrigger(SessionStartedTrigger):
    """A session was begun with a card that nobody has given a name."""

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        is_unknown: bool = state.attributes.get(ATTR_UNKNOWN_CARD, False)
        return is_unknown and super().is_valid_state(state, report_not_triggered)


TRIGGERS: dict[str, type[Trigger]] = {
    "session_started": SessionStartedTrigger,
    "charging_started": ChargingStartedTrigger,
    "charging_suspended": ChargingSuspendedTrigger,
    "session_finished": SessionFinishedTrigger,
    "session_failed": SessionFailedTrigger,
    "energy_above": EnergyAboveTrigger,
    "cost_above": CostAboveTrigger,
    "idle_fee_starts_soon": IdleFeeStartsSoonTrigger,
    "unknown_card": UnknownCardTrigger,
}


async def async_get_triggers(_hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers of charge points."""
    return TRIGGERS
