"""The devices: a service for the account, and behind it its stations and charge points."""

from typing import TypedDict

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.typing import UNDEFINED, UndefinedType

from .charging.model import ChargePoint, Station
from .const import DOMAIN
from .coordinator import ChargingConfigEntry, ChargingCoordinator


class _Facts(TypedDict):
    """What is known of a device; what is not known now may have been before."""

    name: str | UndefinedType
    manufacturer: str | UndefinedType
    model: str | UndefinedType
    sw_version: str | UndefinedType


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
    """Describe the device of a charge point."""
    charge_point = coordinator.data.charge_points[charge_point_id].charge_point
    facts = _facts_of(charge_point)
    return DeviceInfo(
        identifiers={_identifier(coordinator, charge_point_id)},
        name=charge_point.name or charge_point_id,
        manufacturer=facts["manufacturer"],
        model=facts["model"],
        sw_version=facts["sw_version"],
        via_device_id=_via_device_id(coordinator, charge_point),
    )


def is_station_in_use(coordinator: ChargingCoordinator, device: dr.AnyDeviceEntry) -> bool:
    """Tell whether a device stands for a station some of whose charge points are there."""
    return any(
        _station_identifier(coordinator, state.charge_point.station) in device.identifiers
        for state in coordinator.data.charge_points.values()
        if state.charge_point.station and not state.is_gone
    )


@callback
def async_keep_devices(hass: HomeAssistant, entry: ChargingConfigEntry) -> None:
    """Let a device tell who made and runs its charge point as soon as the network tells it."""
    coordinator = entry.runtime_data
    registry = dr.async_get(hass)
    told: dict[str, ChargePoint] = {}

    @callback
    def tell() -> None:
        for charge_point_id, state in coordinator.data.charge_points.items():
            charge_point = state.charge_point
            if state.is_gone:
                # Should it come back, its station may have been removed meanwhile.
                told.pop(charge_point_id, None)
                continue
            if told.get(charge_point_id) is charge_point:
                continue
            identifier = _identifier(coordinator, charge_point_id)
            if device := registry.async_get_device_by_identifier(identifier, entry.entry_id):
                told[charge_point_id] = charge_point
                if charge_point.station:
                    _register_station(coordinator, charge_point.station)
                via_device_id = _via_device_id(coordinator, charge_point)
                facts = _facts_of(charge_point)
                registry.async_update_device(device.id, via_device_id=via_device_id, **facts)

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


def _facts_of(charge_point: ChargePoint) -> _Facts:
    """Return what a charge point says of its device, and what its station says for it."""
    station = charge_point.station or Station(station_id="")
    return _Facts(
        name=charge_point.name or UNDEFINED,
        manufacturer=station.vendor or charge_point.operator or UNDEFINED,
        model=station.model or charge_point.connector_type or UNDEFINED,
        sw_version=station.firmware or UNDEFINED,
    )


def _via_device_id(coordinator: ChargingCoordinator, charge_point: ChargePoint) -> str:
    """Return the device behind which a charge point is: its station, or else the account.

    One whose station the network no longer tells stays behind it.
    """
    registry, entry_id = dr.async_get(coordinator.hass), coordinator.config_entry.entry_id
    if station := charge_point.station:
        identifier = _station_identifier(coordinator, station)
        found = registry.async_get_device_by_identifier(identifier, entry_id)
        return (found or _register_station(coordinator, station)).id
    identifier = _identifier(coordinator, charge_point.charge_point_id)
    device = registry.async_get_device_by_identifier(identifier, entry_id)
    return (device and device.via_device_id) or _account_device_id(coordinator)


def _register_station(coordinator: ChargingCoordinator, station: Station) -> dr.DeviceEntry:
    """Register the device of a station, or bring it up to what is told of it now."""
    return dr.async_get(coordinator.hass).async_get_or_create(
        config_entry_id=coordinator.config_entry.entry_id,
        identifiers={_station_identifier(coordinator, station)},
        name=station.name or station.station_id,
        manufacturer=station.vendor or UNDEFINED,
        model=station.model or UNDEFINED,
        sw_version=station.firmware or UNDEFINED,
        via_device_id=_account_device_id(coordinator),
    )


def _account_device_id(coordinator: ChargingCoordinator) -> str:
    return dr.async_get_device_id_by_identifier(
        coordinator.hass,
        (DOMAIN, coordinator.account.account_id),
        config_entry_id=coordinator.config_entry.entry_id,
    )


def _identifier(coordinator: ChargingCoordinator, charge_point_id: str) -> tuple[str, str]:
    return DOMAIN, f"{coordinator.account.account_id}_{charge_point_id}"


def _station_identifier(coordinator: ChargingCoordinator, station: Station) -> tuple[str, str]:
    """Return an identifier that cannot be taken for that of a charge point."""
    return DOMAIN, f"station_{coordinator.account.account_id}_{station.station_id}"
