"""EV Charging Sessions: sessions of an electric car at any network, in one archive."""

from collections.abc import Mapping
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_CURRENCY
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType
from homeassistant.helpers.typing import ConfigType

from .archive import LEDGER_URL, YAML_SCHEMA, async_ledger
from .charging.errors import LedgerError
from .charging.model import EnergyUnit
from .connectors import async_follow_names
from .const import CONF_BACKEND, CONF_ENERGY_UNIT, CONF_LEDGER_URL, DOMAIN, PLATFORMS
from .coordinator import ChargingConfigEntry, ChargingCoordinator
from .devices import (
    async_keep_devices,
    async_move_to_subentries,
    async_register_account,
    is_station_in_use,
)
from .exceptions import translated
from .issues import async_clear, async_follow_disabling, async_forget, async_note_failure
from .networks import NETWORKS, account_of_entry, cards_of
from .operation import async_retire
from .price_source import own_price_of
from .services import async_setup_services
from .statistics import async_keep_statistics

_LOGGER = logging.getLogger(__name__)

CONFIG_SCHEMA = YAML_SCHEMA


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register what is there whether or not an account is."""
    if url := config.get(DOMAIN, {}).get(CONF_LEDGER_URL):
        hass.data[LEDGER_URL] = url
    async_setup_services(hass)
    async_follow_names(hass)
    async_follow_disabling(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: ChargingConfigEntry) -> None:
    """Set up one account."""
    _reload_when_changed(hass, entry)
    account = account_of_entry(entry)
    try:
        ledger = await async_ledger(hass)
        if unit := entry.data.get(CONF_ENERGY_UNIT):
            # A person may have changed it, and the archive must not stay in the other one.
            await ledger.use_units(account, EnergyUnit(unit), entry.data[CONF_CURRENCY])
    except LedgerError as err:
        async_note_failure(hass, entry, err)
        raise translated(ConfigEntryNotReady, err) from err
    network = NETWORKS[entry.data[CONF_BACKEND]]

    @callback
    def keep(data: Mapping[str, Any]) -> None:
        hass.config_entries.async_update_entry(entry, data={**entry.data, **data})

    backend = network.create(hass, account, entry.data, cards=cards_of(entry), keep=keep)
    coordinator = ChargingCoordinator(
        hass, entry, account, backend, ledger, own_price_of(hass, entry)
    )
    # Also of an account that cannot be set up, diagnostics tell what its network has answered.
    entry.runtime_data = coordinator
    await coordinator.async_config_entry_first_refresh()
    if network.operate:
        try:
            await network.operate(hass, entry, coordinator)
        except LedgerError as err:
            async_note_failure(hass, entry, err)
            raise translated(ConfigEntryNotReady, err) from err
    async_register_account(hass, entry, network.title)
    async_move_to_subentries(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    async_keep_devices(hass, entry)
    async_keep_statistics(hass, entry)
    try:
        await coordinator.history.resume()
    except LedgerError as err:
        _LOGGER.warning("The import of past sessions does not go on: %s", err)


async def async_unload_entry(hass: HomeAssistant, entry: ChargingConfigEntry) -> None:
    """Unload one account; the ledger stays open for the others."""
    await hass.config_entries.async_unload_platforms_or_raise(entry, PLATFORMS)
    async_clear(hass, entry)


async def async_remove_entry(hass: HomeAssistant, entry: ChargingConfigEntry) -> None:
    """Forget the troubles of an account; its sessions stay in the ledger."""
    async_forget(hass, entry)
    if NETWORKS[entry.data[CONF_BACKEND]].operate:
        try:
            await async_retire(hass, entry, account_of_entry(entry), await async_ledger(hass))
        except LedgerError as err:
            _LOGGER.warning("What has been charged last is not in the archive: %s", err)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: ChargingConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Let a person remove what is gone or was only visited, and nothing that is in use.

    A charge point that was added goes with its subentry, and the account with its entry.
    """
    if device.config_subentry_id or device.entry_type is DeviceEntryType.SERVICE:
        return False
    if entry.state is not ConfigEntryState.LOADED:
        return True
    coordinator = entry.runtime_data
    charge_point_id = coordinator.charge_point_of(device)
    if charge_point_id is None:
        return not is_station_in_use(coordinator, device)
    return coordinator.async_drop_charge_point(charge_point_id)


@callback
def _reload_when_changed(hass: HomeAssistant, entry: ChargingConfigEntry) -> None:
    """Use a new card, charge point, price or name at once.

    What the flows of the account itself change, they reload for.
    """

    def facts() -> tuple[str, dict[str, Any], list[object]]:
        # As dictionaries, because a subentry is changed in place.
        subentries: list[object] = [each.as_dict() for each in entry.subentries.values()]
        return entry.title, dict(entry.options), subentries

    known = facts()
    is_due = False

    async def reload(hass: HomeAssistant, entry: ChargingConfigEntry) -> None:
        nonlocal is_due
        # What changes until the reload begins needs no further one.
        if not is_due and facts() != known:
            is_due = True
            hass.config_entries.async_schedule_reload(entry.entry_id)

    entry.async_on_unload(entry.add_update_listener(reload))
