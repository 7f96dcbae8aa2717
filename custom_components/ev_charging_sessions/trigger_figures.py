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
from .trigger_sensor import SessionSensorTrigger

OPTION_ENERGY = "energy"
OPTION_AMOUNT = "amount"


def _schema_of(option: str) -> vol.Schema:
    limit = vol.All(vol.Coerce(float), vol.Range(min=0))
    return ENTITY_STATE_TRIGGER_SCHEMA.extend(
        {vol.Required(CONF_OPTIONS): {vol.Required(option): limit}}
    )


class FigureAboveTrigger(SessionSensorTrigger):
    """Triggers once in a session, when a figure of it is first seen above a limit."""

    _option: ClassVar[str]

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Have seen nothing yet."""
        super().__init__(hass, config)
        self._limit: float = self._options[self._option]
        # By sensor, the begin of the session that has last been above the limit.
        self._passed: dict[str, str] = {}

    @abstractmethod
    def _value(self, state: State) -> float:
        """Return the figure in the unit of the limit."""

    @override
    def _recall(self, sensor: str, stored: StoredState) -> None:
        self._passes(sensor, stored.state)

    @callback
    @override
    def _look(self, sensor: str, state: State, *, is_first: bool) -> None:
        if self._passes(sensor, state) and not is_first:
            self._tell(state)

    def _passes(self, sensor: str, state: State) -> bool:
        """Take note of a state, and tell whether it is the first above the limit."""
        if state.state == STATE_UNKNOWN or self._value(state) <= self._limit:
            return False
        begin = str(state.attributes.get(ATTR_LAST_RESET))
        before, self._passed[sensor] = self._passed.get(sensor), begin
        return begin != before


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
