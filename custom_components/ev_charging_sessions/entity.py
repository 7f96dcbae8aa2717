"""What all entities of an account share."""

from collections.abc import Callable, Iterable
from typing import override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .charging.state import ChargePointState
from .const import DOMAIN
from .coordinator import ChargingConfigEntry, ChargingCoordinator
from .devices import charge_point_device


class ChargingEntity(CoordinatorEntity[ChargingCoordinator]):
    """An entity that writes its state only when what it shows has changed."""

    _attr_has_entity_name = True
    _shown: object = None

    @property
    def shown(self) -> object:
        """Return what the state is made of; equal values are not written twice."""
        return None

    @override
    async def async_added_to_hass(self) -> None:
        """Remember what is about to be written for the first time."""
        await super().async_added_to_hass()
        self._shown = (self.available, self.shown)

    @callback
    @override
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Carry on under the new entity id; without this, the entity would be added anew."""
        super().async_entity_id_changed(old_entity_id)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        shown = (self.available, self.shown)
        if shown != self._shown:
            self._shown = shown
            self.async_write_ha_state()


class AccountEntity(ChargingEntity):
    """An entity of the account as a whole, wherever its sessions are."""

    def __init__(self, coordinator: ChargingCoordinator, description: EntityDescription) -> None:
        """Attach to the device of the account."""
        super().__init__(coordinator)
        self.entity_description = description
        account_id = coordinator.account.account_id
        self._attr_unique_id = f"{account_id}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, account_id)})

    @property
    @override
    def available(self) -> bool:
        """Stay available: the ledger knows the sessions without the network."""
        return True


class ChargePointEntity(ChargingEntity):
    """An entity of one charge point."""

    # What the ledger knows stays true while the network cannot be reached.
    _is_live = True

    def __init__(
        self,
        coordinator: ChargingCoordinator,
        charge_point_id: str,
        description: EntityDescription,
    ) -> None:
        """Attach to the device of the charge point."""
        super().__init__(coordinator, charge_point_id)
        self.entity_description = description
        self.charge_point_id = charge_point_id
        account_id = coordinator.account.account_id
        self._attr_unique_id = f"{account_id}_{charge_point_id}_{description.key}"
        self._attr_device_info = charge_point_device(coordinator, charge_point_id)

    @property
    def charge_point_state(self) -> ChargePointState:
        """Return the state of the charge point that this entity belongs to."""
        return self.coordinator.data.charge_points[self.charge_point_id]

    @property
    @override
    def available(self) -> bool:
        state = self.coordinator.data.charge_points.get(self.charge_point_id)
        if state is None:
            return False
        return not self._is_live or (self.coordinator.shows_last_values and not state.is_gone)


@callback
def async_add_charge_points(
    entry: ChargingConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    create: Callable[[ChargingCoordinator, str], Iterable[Entity]],
    *,
    where: Callable[[ChargePointState], bool] = lambda _: True,
) -> None:
    """Add the entities of every charge point, and of each new one when it turns up.

    ``where`` tells which charge points have them. It is asked again until it says yes, as
    a session can tell of a charge point before the network does.
    """
    coordinator = entry.runtime_data
    known: set[str] = set()

    @callback
    def add_new() -> None:
        for charge_point_id in coordinator.data.charge_points.keys() - known:
            if not where(coordinator.data.charge_points[charge_point_id]):
                continue
            known.add(charge_point_id)
            async_add_entities(
                create(coordinator, charge_point_id),
                config_subentry_id=coordinator.subentry_ids.get(charge_point_id),
            )
        known.intersection_update(coordinator.data.charge_points)

    entry.async_on_unload(coordinator.async_add_listener(add_new))
    add_new()


def has_modes(state: ChargePointState) -> bool:
    """Tell whether a charge point is turned on and off by its mode."""
    return bool(state.charge_point.modes)
