"""The charging limit of a connector, in ampere."""

from collections.abc import Iterable
from typing import override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
)
from homeassistant.const import UnitOfElectricCurrent
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charging.model import Limit, LimitUnit
from .charging.state import ChargePointState
from .coordinator import ChargingConfigEntry, ChargingCoordinator
from .entity import ChargePointEntity, async_add_charge_points, has_modes
from .exceptions import async_carry_out

# As for the switches: the ground floor lets only one command at a time through to each.
PARALLEL_UPDATES = 0

LIMIT = NumberEntityDescription(
    key="charging_limit",
    translation_key="charging_limit",
    device_class=NumberDeviceClass.CURRENT,
    native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
    native_step=1,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ChargingConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the limits of the connectors that know one."""
    async_add_charge_points(entry, async_add_entities, _create, where=_has_limit)


def _has_limit(state: ChargePointState) -> bool:
    return has_modes(state) and state.charge_point.max_current is not None


def _create(coordinator: ChargingCoordinator, charge_point_id: str) -> Iterable[NumberEntity]:
    yield ChargingLimit(coordinator, charge_point_id, LIMIT)


class ChargingLimit(ChargePointEntity, NumberEntity):
    """How much a car may draw in the normal mode; unknown while no limit was set."""

    @property
    @override
    def shown(self) -> object:
        if not self.available:
            return None
        return self.native_value, self.native_min_value, self.native_max_value

    @property
    @override
    def native_min_value(self) -> float:
        return self.charge_point_state.charge_point.min_current or 0.0

    @property
    @override
    def native_max_value(self) -> float:
        return self.charge_point_state.charge_point.max_current or 0.0

    @property
    @override
    def native_value(self) -> float | None:
        setting = self.charge_point_state.setting
        limit = setting.limit if setting else None
        return limit.value if limit and limit.unit is LimitUnit.AMPERE else None

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Limit the current, and wait until the network has taken it; normal mode only."""
        charge_point = self.charge_point_state.charge_point
        limit = Limit(value=value)
        await async_carry_out(self.coordinator.commands.modes.set_limit(charge_point, limit))
