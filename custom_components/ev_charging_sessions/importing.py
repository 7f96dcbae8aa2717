"""Importing the past of an account: how far back, and once more when the archive was lost."""

from datetime import timedelta
import logging

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .charging.errors import LedgerError
from .charging.ledger import Ledger
from .charging.ledger_imports import WHOLE_PAST
from .const import CONF_BACKEND, DOMAIN
from .coordinator import ChargingCoordinator
from .networks import NETWORKS, account_of_entry

_LOGGER = logging.getLogger(__name__)

CONF_DAYS = "days"

DEFAULT_DAYS = 365
MOST_DAYS = WHOLE_PAST.days


@callback
def async_begin_import(coordinator: ChargingCoordinator, days: int) -> None:
    """Begin to read the past of an account, or reach farther back with what is under way.

    Raises InvalidInputError where there is no past to be read.
    """
    coordinator.history.begin(dt_util.utcnow() - timedelta(days=days))


async def async_want_past(hass: HomeAssistant, ledger: Ledger) -> None:
    """Have an archive that has just begun anew read all that networks tell of the past.

    What the accounts want is noted, and they begin when they are loaded. For those that could
    be salvaged it has been noted with them. One that is added later wants nothing.
    """
    for entry in hass.config_entries.async_entries(DOMAIN):
        if not NETWORKS[entry.data[CONF_BACKEND]].lists_past:
            continue
        account = account_of_entry(entry)
        try:
            if await ledger.imports.find(account) is None:
                await ledger.imports.begin(account, dt_util.utcnow() - WHOLE_PAST)
        except LedgerError as err:
            _LOGGER.warning("The past will not be read again by itself: %s", err)
