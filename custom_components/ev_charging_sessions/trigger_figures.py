"""Triggers on what a session has charged and what it costs."""

from abc import abstractmethod
from typing import ClassVar, override

import voluptuous as vol

from homeassistant.components.sensor import ATTR_LAST_RESET
from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    CONF_OPTIONS,
    STATE_UNKNOWN,
    UnitOfEnergy,
)
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers.restore_state import StoredState
from homeassistant.helpers.trigger import ENTITY_STATE_TRIGGER_SCHEMA, TriggerConfig
from homeassistant.util.unit_conversion import EnergyConverter

from .sensor import SESSION_ENERGY
from .sensor_costs import SESSION_COST
from .targets import session_shown_by
from .trigger_sensor import SessionSensorTrigger

OPTION_ENERGY = "energy"
OPTION_AMOUNT = "amount"


def _schema_of(option: str) -> vol.Schema:
    limit = vol.All(vol.Coerce(float), vol.Range(min=0))
    return ENTITY_STATE_TRIGGER_SCHEMA.extend(
        {vol.Required(CONF_OPTIONS): {vol.Required(option): limit}}
    )


class FigureAboveTrigger(SessionSensorTrigger):
    """Triggers once in a session, when a figure of it is first seen above a limit.

    A session that has never been seen while it was open is history.
    """

    _option: ClassVar[str]

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Have seen nothing yet."""
        super().__init__(hass, config)
        self._limit: float = self._options[self._option]
        # By sensor, what was shown before Home Assistant was started, and the ids of the
        # sessions that have last been open and last been above the limit.
        self._stored: dict[str, State] = {}
        self._open: dict[str, str] = {}
        self._passed: dict[str, str] = {}

    @abstractmethod
    def _value(self, state: State) -> float:
        """Return the figure in the unit of the limit."""

    @override
    def _recall(self, sensor: str, stored: StoredState) -> None:
        self._stored[sensor] = stored.state

    @callback
    @override
    def _look(self, sensor: str, state: State, *, is_first: bool) -> None:
        session = session_shown_by(self._hass, state.entity_id)
        if session is None:
            return
        session_id = session.session_id
        stored = self._stored.pop(sensor, None)
        if stored and _begin_of(stored) == _begin_of(state):
            self._open[sensor] = session_id
            if self._is_above(stored):
                self._passed[sensor] = session_id
        if session.is_open:
            self._open[sensor] = session_id
        if not self._is_above(state) or self._passed.get(sensor) == session_id:
            return
        self._passed[sensor] = session_id
        if self._open.get(sensor) == session_id and not is_first:
            self._tell(state)

    def _is_above(self, state: State) -> bool:
        return state.state != STATE_UNKNOWN and self._value(state) > self._limit


def _begin_of(state: State) -> str:
    """Return when the session of a figure began, which is all that a stored one tells of it."""
    return str(state.attributes.get(ATTR_LAST_RESET))


class EnergyAboveTrigger(FigureAboveTrigger):
    """A session has charged more than so many kWh."""

    _key = SESSION_ENERGY.key
    _option = OPTION_ENERGY
    _schema = _schema_of(OPTION_ENERGY)

    @override
    def _value(self, state: State) -> float:
        unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
        return EnergyConverter.convert(float(state.state), unit, UnitOfEnergy.KILO_WATT_HOUR)


class CostAboveTrigger(FigureAboveTrigger):
    """A session costs more than so much, in its own currency."""

    _key = SESSION_COST.key
    _option = OPTION_AMOUNT
    _schema = _schema_of(OPTION_AMOUNT)

    @override
    def _value(self, state: State) -> float:
        return float(state.state)
