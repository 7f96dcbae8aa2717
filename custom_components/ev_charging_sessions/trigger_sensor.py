"""What the triggers share that watch a sensor of sessions, and remember what they have told."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, override

from homeassistant.const import ATTR_DEVICE_ID, ATTR_ENTITY_ID, STATE_UNAVAILABLE, Platform
from homeassistant.core import CALLBACK_TYPE, CoreState, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er, restore_state
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.restore_state import StoredState
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.target import (
    TargetStateChangedData,
    async_track_target_selector_state_change_event,
)
from homeassistant.helpers.trigger import (
    EntityTriggerBase,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)

from .targets import device_id_of, entities_of_key

_SENSORS: dict[str, DomainSpec] = {Platform.SENSOR: DomainSpec()}


class SessionSensorTrigger(EntityTriggerBase):
    """Watches one sensor of each charge point, over reloads, outages and restarts.

    The triggers of Home Assistant compare a state with the one before. Between the two an
    account may have been reloaded, or Home Assistant started anew; so this one compares with
    what it has last seen, or else with what was shown before the restart.
    """

    _domain_specs = _SENSORS
    _key: ClassVar[str]
    _run: TriggerActionRunner

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        return entities_of_key(self._hass, entities, Platform.SENSOR, self._key)

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Watch nothing yet."""
        super().__init__(hass, config)
        # Sensors are remembered by the id of the registry, which outlives a new entity id.
        self._watched: dict[str, str] = {}
        self._known: set[str] = set()

    @abstractmethod
    def _recall(self, sensor: str, stored: StoredState) -> None:
        """Take note of what was shown before Home Assistant was started."""

    @abstractmethod
    def _look(self, sensor: str, state: State, *, is_first: bool) -> None:
        """Compare what is shown with what was seen before, and tell what there is to tell.

        Nobody knows what was told of a sensor that shows something else than nothing when it
        is seen first, so nothing is told then.
        """

    def _forget(self, sensor: str) -> None:
        """Expect nothing more of a sensor."""

    @callback
    def _tell(self, state: State) -> None:
        """Let the automation act."""
        payload = {
            ATTR_ENTITY_ID: state.entity_id,
            ATTR_DEVICE_ID: device_id_of(self._hass, state.entity_id),
            "to_state": state,
        }
        self._run(payload, f"state of {state.entity_id}", state.context)

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        self._run = run_action
        stop_tracking = await async_track_target_selector_state_change_event(
            self._hass, self._target, self._changed, self.entity_filter, self._aimed_at
        )
        stop_waiting = async_at_started(self._hass, self._look_at_all)

        @callback
        def stop() -> None:
            stop_waiting()
            stop_tracking()
            for sensor in self._watched.values():
                self._forget(sensor)

        return stop

    @callback
    def _changed(self, data: TargetStateChangedData) -> None:
        event = data.state_change_event.data
        if event["new_state"] is None:
            self._forget(self._watched[event["entity_id"]])
        self._look_if_shown(event["new_state"])

    @callback
    def _aimed_at(
        self, added: set[str], removed: set[str], states: Mapping[str, State | None]
    ) -> None:
        registry = er.async_get(self._hass)
        before = {self._watched.pop(entity_id) for entity_id in removed}
        for entity_id in added:
            if entity := registry.async_get(entity_id):
                self._watched[entity_id] = entity.id
                self._begin(entity_id, states[entity_id])
        for sensor in before - set(self._watched.values()):
            self._forget(sensor)

    def _begin(self, entity_id: str, state: State | None) -> None:
        if self._hass.state is not CoreState.running:
            stored = restore_state.async_get(self._hass).async_get_stored_state(entity_id)
            if stored and stored.state.state != STATE_UNAVAILABLE:
                self._known.add(self._watched[entity_id])
                self._recall(self._watched[entity_id], stored)
        elif state is None:
            # It is being made, so there was nothing to tell before.
            self._known.add(self._watched[entity_id])
        else:
            self._look_if_shown(state)

    @callback
    def _look_at_all(self, hass: HomeAssistant) -> None:
        """Look what has happened while Home Assistant was off; nothing may act before."""
        for entity_id in self._watched:
            self._look_if_shown(hass.states.get(entity_id))

    def _look_if_shown(self, state: State | None) -> None:
        if state is None or state.state == STATE_UNAVAILABLE:
            return
        sensor = self._watched[state.entity_id]
        is_first = sensor not in self._known
        self._known.add(sensor)
        self._look(sensor, state, is_first=is_first)
