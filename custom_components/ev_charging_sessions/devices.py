"""The devices: one service for the account, and one device for each of its charge points."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.typing import UNDEFINED

from .const import DOMAIN
from .coordinator import ChargingConfigEntry, ChargingCoordinator


@callback
def async_register_account(hass: HomeAssistant, entry: ChargingConfigEntry, network: str) -> None:
    """Register the device that stands for the account itself."""
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, entry.runtime_data.account.account_id)},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer=network,
        name=entry.title,
    )


def charge_point_device(coordinator: ChargingCoordinator, charge_point_id: str) -> DeviceInfo:
    """Describe the device of a charge point; what is not known now may have been before."""
    account_id = coordinator.account.account_id
    charge_point = coordinator.data.charge_points[charge_point_id].charge_point
    return DeviceInfo(
        identifiers={(DOMAIN, f"{account_id}_{charge_point_id}")},
        name=charge_point.name or charge_point_id,
        manufacturer=charge_point.operator or UNDEFINED,
        model=charge_point.connector_type or UNDEFINED,
        via_device_id=dr.async_get_device_id_by_identifier(
            coordinator.hass,
            (DOMAIN, account_id),
            config_entry_id=coordinator.config_entry.entry_id,
        ),
    )


@callback
def async_keep_devices(hass: HomeAssistant, entry: ChargingConfigEntry) -> None:
    """Let a device tell who runs its charge point as soon as a look-up has found out."""
    coordinator = entry.runtime_data
    registry = dr.async_get(hass)
    told: dict[str, tuple[str | None, ...]] = {}

    @callback
    def tell() -> None:
        for charge_point_id, state in coordinator.data.charge_points.items():
            charge_point = state.charge_point
            facts = (charge_point.name, charge_point.operator, charge_point.connector_type)
            if told.get(charge_point_id, (None,) * len(facts)) == facts:
                continue
            told[charge_point_id] = facts
            identifier = (DOMAIN, f"{coordinator.account.account_id}_{charge_point_id}")
            if device := registry.async_get_device_by_identifier(identifier, entry.entry_id):
                registry.async_update_device(
                    device.id,
                    name=charge_point.name or UNDEFINED,
                    manufacturer=charge_point.operator or UNDEFINED,
                    model=charge_point.connector_type or UNDEFINED,
                )

    entry.async_on_unload(coordinator.async_add_listener(tell))
    tell()


@callback
def async_move_to_subentries(hass: HomeAssistant, entry: ChargingConfigEntry) -> None:
    """Move a charge point that turned up by itself into the subentry it was given since.

    Its entities go first: the registry removes those that their device leaves behind.
    """
    coordinator = entry.runtime_data
    devices, entities = dr.async_get(hass), er.async_get(hass)
    for device in dr.async_entries_for_config_entry(devices, entry.entry_id):
        subentry_id = coordinator.subentry_ids.get(coordinator.charge_point_of(device) or "")
        if subentry_id is None or device.config_subentry_id == subentry_id:
            continue
        for entity in er.async_entries_for_device(
            entities, device.id, include_disabled_entities=True
        ):
            if entity.config_entry_id == entry.entry_id:
                entities.async_update_entity(entity.entity_id, config_subentry_id=subentry_id)
        devices.async_update_device(device.id, new_config_subentry_id=subentry_id)
