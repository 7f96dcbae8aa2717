"""Conditions: what goes on at charge points right now."""

from typing import ClassVar, override

from homeassistant.const import STATE_ON, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import Condition, EntityStateConditionBase

from .binary_sensor import CHARGING, CONNECTED
from .targets import entities_of_key

_BINARY_SENSORS: dict[str, DomainSpec] = {Platform.BINARY_SENSOR: DomainSpec()}
_ON: set[str | bool] = {STATE_ON}


class _IsOnCondition(EntityStateConditionBase):
    """Passes while a binary sensor of a charge point is on."""

    _domain_specs = _BINARY_SENSORS
    _states = _ON
    _key: ClassVar[str]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        return entities_of_key(self._hass, entities, Platform.BINARY_SENSOR, self._key)


class IsChargingCondition(_IsOnCondition):
    """Energy flows in a session of the account."""

    _key = CHARGING.key


class IsConnectedCondition(_IsOnCondition):
    """A car is plugged in, in a session of the account."""

    _key = CONNECTED.key


CONDITIONS: dict[str, type[Condition]] = {
    "is_charging": IsChargingCondition,
    "is_connected": IsConnectedCondition,
}


async def async_get_conditions(_hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions of charge points."""
    return CONDITIONS
