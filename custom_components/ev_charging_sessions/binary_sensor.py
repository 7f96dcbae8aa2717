"""Binary sensors: is a car plugged in, does energy flow."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charging.state import ChargePointState
from .coordinator import ChargingConfigEntry, ChargingCoordinator
from .entity import ChargePointEntity, async_add_charge_points

# The coordinator does the talking; the entities only read what it found.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class ChargePointBinarySensorDescription(BinarySensorEntityDescription):
    """A binary sensor of a charge point, and where its value comes from."""

    is_on_fn: Callable[[ChargePointState], bool | None]


CONNECTED = ChargePointBinarySensorDescription(
    key="connected",
    translation_key="connected",
    device_class=BinarySensorDeviceClass.PLUG,
    is_on_fn=lambda state: state.is_connected,
)

CHARGING = ChargePointBinarySensorDescription(
    key="charging",
    # With the name of its device class it would be called like the switch, and Assist could
    # not tell which of the two is to be turned on.
    translation_key="charging",
    device_class=BinarySensorDeviceClass.BATTERY_CHARGING,
    is_on_fn=lambda state: state.is_charging,
)

DESCRIPTIONS = (CONNECTED, CHARGING)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ChargingConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the binary sensors of the charge points."""
    async_add_charge_points(entry, async_add_entities, _create)


def _create(coordinator: ChargingCoordinator, charge_point_id: str) -> Iterable[BinarySensorEntity]:
    for description in DESCRIPTIONS:
        yield ChargePointBinarySensor(coordinator, charge_point_id, description)


class ChargePointBinarySensor(ChargePointEntity, BinarySensorEntity):
    """A yes or no about a charge point."""

    entity_description: ChargePointBinarySensorDescription

    @property
    @override
    def shown(self) -> bool | None:
        return self.is_on if self.available else None

    @property
    @override
    def is_on(self) -> bool | None:
        return self.entity_description.is_on_fn(self.charge_point_state)
