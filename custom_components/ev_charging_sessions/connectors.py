"""The connectors that this home offers: the entities behind them, watched and switched."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
import logging
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import (
    ATTR_ENTITY_ID,
    ATTR_UNIT_OF_MEASUREMENT,
    SERVICE_TURN_OFF,
    SERVICE_TURN_ON,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    UnitOfEnergy,
)
from homeassistant.core import (
    Event,
    EventStateChangedData,
    HomeAssistant,
    callback,
    split_entity_id,
)
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event, async_track_time_interval
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import EnergyConverter

from .charging.backends.plugsurfing import PlugSurfing
from .charging.connector import Observation
from .charging.errors import SwitchFailedError
from .charging.model import Session
from .const import (
    CONF_ENERGY_ENTITY,
    CONF_EVSE_ID,
    CONF_PLUG_ENTITY,
    CONF_SWITCH_ENTITY,
    DOMAIN,
    SUBENTRY_CONNECTOR,
)
from .coordinator import ChargingConfigEntry, ChargingCoordinator

ENTITIES = (CONF_SWITCH_ENTITY, CONF_ENERGY_ENTITY, CONF_PLUG_ENTITY)

_LOGGER = logging.getLogger(__name__)

# Some things come about by time alone: a car that never came, one that has been full for long.
TICK = timedelta(seconds=5)

_IS_ON = {STATE_ON: True, STATE_OFF: False}


@callback
def async_follow_names(hass: HomeAssistant) -> None:
    """Keep the entities of connectors when they are renamed, whether or not they are watched.

    A device is renamed with all its entities, one after the other, while the account already
    reloads because of the first.
    """

    @callback
    def follow(event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        if event.data["action"] != "update" or "entity_id" not in event.data["changes"]:
            return
        old, new = event.data["changes"]["entity_id"], event.data["entity_id"]
        for entry in hass.config_entries.async_entries(DOMAIN):
            for subentry in entry.get_subentries_of_type(SUBENTRY_CONNECTOR):
                if old in subentry.data.values():
                    data = {
                        field: new if value == old else value
                        for field, value in subentry.data.items()
                    }
                    hass.config_entries.async_update_subentry(entry, subentry, data=data)

    hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, follow)


class SwitchCharger:
    """A charger that lets current flow while an entity is on."""

    def __init__(self, hass: HomeAssistant, entity_id: str) -> None:
        """Remember which entity."""
        self._hass = hass
        self.entity_id = entity_id
        self._has_warned = False

    async def async_cut(self) -> None:
        """Turn it off as far as that is possible, for nobody waits for it any more."""
        with suppress(SwitchFailedError):
            await self.turn(is_on=False)

    async def turn(self, *, is_on: bool) -> None:
        """Turn it on or off. Raises SwitchFailedError."""
        state = self._hass.states.get(self.entity_id)
        if state is None or state.state == STATE_UNAVAILABLE:
            # Home Assistant would do nothing, and say nothing.
            raise SwitchFailedError(is_timeout=False)
        domain, _ = split_entity_id(self.entity_id)
        service = SERVICE_TURN_ON if is_on else SERVICE_TURN_OFF
        data = {ATTR_ENTITY_ID: self.entity_id}
        try:
            await self._hass.services.async_call(domain, service, data, blocking=True)
        except Exception as err:
            # A boundary: any integration may be behind the switch, and raise what it likes.
            level = logging.DEBUG if self._has_warned else logging.WARNING
            self._has_warned = True
            _LOGGER.log(level, "%s could not be turned: %s", self.entity_id, type(err).__name__)
            raise SwitchFailedError(is_timeout=False) from err
        self._has_warned = False


class Poles:
    """Tells the backend what the entities of its connectors show, and cuts what is over."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ChargingConfigEntry,
        coordinator: ChargingCoordinator,
        backend: PlugSurfing,
    ) -> None:
        """Wire up; nothing is watched yet."""
        self._hass = hass
        self._entry = entry
        self._coordinator = coordinator
        self._backend = backend
        self._is_refresh_due = False
        self._chargers: dict[str, SwitchCharger] = {}
        self._cutting: set[str] = set()
        self._has_warned: set[str] = set()

    @callback
    def async_watch(self, last: Mapping[str, Session]) -> None:
        """Offer all connectors; ``last`` holds the last session of each."""
        for subentry in self._entry.get_subentries_of_type(SUBENTRY_CONNECTOR):
            data = subentry.data
            connector_id: str = data[CONF_EVSE_ID]
            charger = SwitchCharger(self._hass, data[CONF_SWITCH_ENTITY])
            self._chargers[connector_id] = charger
            self._backend.add_connector(
                connector_id,
                charger,
                has_plug=CONF_PLUG_ENTITY in data,
                last=last.get(connector_id),
            )
            self._async_follow(subentry)
        for undo in (
            self._coordinator.async_add_listener(self._async_cut_what_is_over),
            async_track_time_interval(self._hass, self._async_tick, TICK, cancel_on_shutdown=True),
            self._async_let_go,
        ):
            self._entry.async_on_unload(undo)

    @callback
    def _async_follow(self, subentry: ConfigSubentry) -> None:
        data = subentry.data
        connector_id: str = data[CONF_EVSE_ID]
        entity_ids = [data[field] for field in ENTITIES if field in data]

        @callback
        def observe(_event: Event[EventStateChangedData] | None = None) -> None:
            if self._backend.observe(connector_id, _observation(self._hass, data)):
                self._async_refresh_soon()

        observe()
        unsubscribe = async_track_state_change_event(self._hass, entity_ids, observe)
        self._entry.async_on_unload(unsubscribe)

    @callback
    def _async_tick(self, now: datetime) -> None:
        """Let time pass, also where polling is turned off."""
        if self._backend.tick(now):
            self._async_refresh_soon()

    @callback
    def _async_let_go(self) -> None:
        """Cut a car off whose connector is no more or has another switch: nobody measures it."""
        switches = {
            (each.data[CONF_EVSE_ID], each.data[CONF_SWITCH_ENTITY])
            for each in self._entry.get_subentries_of_type(SUBENTRY_CONNECTOR)
        }
        for connector_id, connector in self._backend.connectors.items():
            charger = self._chargers[connector_id]
            is_charging = connector.session is not None and connector.session.is_open
            if is_charging and (connector_id, charger.entity_id) not in switches:
                self._hass.async_create_task(charger.async_cut())

    @callback
    def _async_refresh_soon(self) -> None:
        """Have the news taken in, those of one moment together."""
        if self._is_refresh_due:
            return
        self._is_refresh_due = True

        async def refresh() -> None:
            self._is_refresh_due = False
            await self._coordinator.async_refresh()

        self._entry.async_create_task(self._hass, refresh(), eager_start=False)

    @callback
    def _async_cut_what_is_over(self) -> None:
        """Turn off what is still on after its session, or the next car would charge for free."""
        for connector_id, connector in self._backend.connectors.items():
            if connector.must_be_off and connector_id not in self._cutting:
                self._cutting.add(connector_id)
                self._entry.async_create_background_task(
                    self._hass, self._async_cut(connector_id), f"cut {connector_id}"
                )

    async def _async_cut(self, connector_id: str) -> None:
        try:
            await self._backend.cut(connector_id)
        except SwitchFailedError as err:
            if connector_id not in self._has_warned:
                _LOGGER.warning(
                    "%s is still on although its session is over: %s", connector_id, err
                )
            self._has_warned.add(connector_id)
        else:
            self._has_warned.discard(connector_id)
        finally:
            self._cutting.discard(connector_id)


def _observation(hass: HomeAssistant, data: Mapping[str, Any]) -> Observation:
    """Return what the entities of a connector show now."""
    return Observation(
        at=dt_util.utcnow(),
        is_on=_is_on(hass, data[CONF_SWITCH_ENTITY]),
        is_plugged=_is_on(hass, data.get(CONF_PLUG_ENTITY)),
        reading=_reading(hass, data[CONF_ENERGY_ENTITY]),
    )


def _is_on(hass: HomeAssistant, entity_id: str | None) -> bool | None:
    state = hass.states.get(entity_id) if entity_id else None
    return _IS_ON.get(state.state) if state else None


def _reading(hass: HomeAssistant, entity_id: str) -> float | None:
    """Return what a meter stands at, in kWh."""
    state = hass.states.get(entity_id)
    unit = unit_of_meter(hass, entity_id)
    if state is None or unit is None:
        return None
    try:
        reading = float(state.state)
    except ValueError:
        return None
    return EnergyConverter.convert(reading, unit, UnitOfEnergy.KILO_WATT_HOUR)


def unit_of_meter(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return the unit of energy that an entity counts in, ``None`` if it shows no such unit."""
    state = hass.states.get(entity_id)
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) if state else None
    return unit if unit in EnergyConverter.VALID_UNITS else None
