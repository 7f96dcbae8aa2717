"""The charging mode of a connector."""

from collections.abc import Iterable
from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charging.model import ChargingMode, ModeSetting
from .coordinator import ChargingConfigEntry, ChargingCoordinator
from .entity import ChargePointEntity, async_add_charge_points, has_modes
from .exceptions import async_carry_out

# As for the switches: the ground floor lets only one command at a time through to each.
PARALLEL_UPDATES = 0

MODE = SelectEntityDescription(key="charging_mode", translation_key="charging_mode")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ChargingConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the modes of the connectors, where the network lets them be set."""
    async_add_charge_points(entry, async_add_entities, _create, where=has_modes)


def _create(coordinator: ChargingCoordinator, charge_point_id: str) -> Iterable[SelectEntity]:
    yield ChargingModeSelect(coordinator, charge_point_id, MODE)


class ChargingModeSelect(ChargePointEntity, SelectEntity):
    """Shows the mode that was asked for until the network shows it too or declines."""

    @property
    @override
    def shown(self) -> object:
        return (self.current_option, self.options) if self.available else None

    @property
    @override
    def options(self) -> list[str]:
        return list(self.charge_point_state.charge_point.modes)

    @property
    @override
    def current_option(self) -> str | None:
        setting = self.charge_point_state.setting
        return setting.mode if setting else None

    @override
    async def async_select_option(self, option: str) -> None:
        """Set the mode, without any limit, and wait until the network shows it."""
        setting = ModeSetting(mode=ChargingMode(option))
        charge_point = self.charge_point_state.charge_point
        await async_carry_out(self.coordinator.commands.modes.set_mode(charge_point, setting))
