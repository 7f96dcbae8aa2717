"""The archive of this home: where it lies, and what is done when it is in trouble."""

from copy import replace
import logging

import voluptuous as vol

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.singleton import singleton
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .charging.errors import LedgerError, LedgerSetupError
from .charging.ledger import Ledger
from .const import CONF_LEDGER_URL, DOMAIN
from .coordinator import ChargingCoordinator
from .importing import async_want_past
from .issues import async_note_full, async_note_replaced
from .operation import sources_of

_LOGGER = logging.getLogger(__name__)

LEDGER: HassKey[Ledger] = HassKey(f"{DOMAIN}_ledger")
LEDGER_FILE = f"{DOMAIN}.db"
# What configuration.yaml says of it. There is a password in it.
LEDGER_URL: HassKey[str] = HassKey(f"{DOMAIN}_ledger_url")

# Whether an address is right is found out later: a complaint of this schema would show it.
YAML_SCHEMA = vol.Schema(
    {DOMAIN: vol.Schema({vol.Optional(CONF_LEDGER_URL): cv.string})}, extra=vol.ALLOW_EXTRA
)

_IN_USE = {
    ConfigEntryState.LOADED,
    ConfigEntryState.SETUP_IN_PROGRESS,
    ConfigEntryState.SETUP_RETRY,
}


@singleton(LEDGER, async_=True)
async def async_ledger(hass: HomeAssistant) -> Ledger:
    """Return the one ledger of this home, opened at its first use. Raises LedgerError."""
    url = hass.data.get(LEDGER_URL)
    if url and not url.startswith("postgresql"):
        raise LedgerSetupError("ledger_url_invalid")
    ledger = Ledger(url or f"sqlite:///{hass.config.path(LEDGER_FILE)}")

    @callback
    def note_full(is_full: bool) -> None:
        async_note_full(hass, is_full)

    @callback
    def note_replaced() -> None:
        if ledger.set_aside:
            _LOGGER.error("The archive was broken; its file is now %s", ledger.set_aside.name)
            async_note_replaced(hass, ledger.set_aside.name, ledger.salvaged)

    @callback
    def start_again() -> None:
        note_replaced()
        hass.async_create_task(_async_start_again(hass, ledger), f"{DOMAIN} new archive")

    ledger.on_full = note_full
    ledger.on_set_aside = note_replaced
    await ledger.open()
    if ledger.set_aside:
        await async_want_past(hass, ledger)
    # An attempt before may have found no room even to open it.
    async_note_full(hass, False)
    # From now on there are accounts that know what was in it.
    ledger.on_set_aside = start_again

    async def close(_event: Event) -> None:
        await ledger.close()

    # The very last event, so that what is still under way can be noted.
    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, close)
    return ledger


async def _async_start_again(hass: HomeAssistant, ledger: Ledger) -> None:
    """Have all accounts take up what the new ledger holds, and tell it what it lacks.

    What a network knows is read again. What our own connectors have measured last, only
    memory still holds.
    """
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        coordinator: ChargingCoordinator = entry.runtime_data
        if coordinator.outbox is None:
            continue
        account = coordinator.account
        try:
            # First of all, for what is kept now is also to be posted. What other networks tell
            # again of the past is not: it may have been posted by the archive that is gone.
            sources = [
                source if source.is_live else replace(source, since=dt_util.utcnow())
                for source in sources_of(entry, account)
            ]
            await ledger.outbox.use_sources(account, sources)
        except LedgerError as err:
            _LOGGER.warning("What was measured last may not be posted: %s", err)
        coordinator.backend.forget()
        await coordinator.async_refresh()
    await async_want_past(hass, ledger)
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state in _IN_USE:
            hass.config_entries.async_schedule_reload(entry.entry_id)
