"""Importing the past of an account: how far back, and once more when the archive was lost."""

from datetime import timedelta

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .coordinator import ChargingCoordinator

CONF_DAYS = "days"

DEFAULT_DAYS = 365
MOST_DAYS = 3660


@callback
def async_begin_import(coordinator: ChargingCoordinator, days: int) -> None:
    """Begin to read the past of an account, or reach farther back with what is under way.

    Raises InvalidInputError where there is no past to be read.
    """
    coordinator.history.begin(dt_util.utcnow() - timedelta(days=days))


@callback
def async_read_again(coordinator: ChargingCoordinator) -> None:
    """Read all there is of the past for an archive that has just begun anew.

    Not once more if that has been begun already: it goes on by itself.
    """
    if coordinator.backend.capabilities.lists_past and coordinator.history.known is None:
        async_begin_import(coordinator, MOST_DAYS)
