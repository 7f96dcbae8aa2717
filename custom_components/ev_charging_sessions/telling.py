"""Telling entities what concerns them: whom a poll has brought news, and who can be left alone."""

from collections.abc import Mapping
from datetime import timedelta
import logging
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .charging.errors import LedgerFullError, RateLimitError
from .charging.state import AccountState, ChargePointState

_LOGGER = logging.getLogger(__name__)


class TellingCoordinator(DataUpdateCoordinator[AccountState]):
    """Tells each listener only of what has changed for it."""

    def __init__(
        self, hass: HomeAssistant, config_entry: ConfigEntry, *, update_interval: timedelta
    ) -> None:
        """Begin with nothing told."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=config_entry,
            name=config_entry.title,
            update_interval=update_interval,
            always_update=False,
        )
        self._told: tuple[Mapping[str, ChargePointState], bool] = ({}, False)

    @property
    def shows_last_values(self) -> bool:
        """Tell whether live values still hold: also while the network wants fewer polls.

        And while there is no room in the archive for what it has told.
        """
        return self.last_update_success or isinstance(
            self.last_exception and self.last_exception.__cause__,
            RateLimitError | LedgerFullError,
        )

    @callback
    @override
    def _async_refresh_finished(self) -> None:
        """Tell also when one failure has followed another that left the values standing."""
        _, was_live = self._told
        if was_live != self.shows_last_values and not self.last_update_success:
            self.async_update_listeners()

    @callback
    @override
    def async_update_listeners(self) -> None:
        """Tell an entity of a charge point only when there are news about that one.

        In an account with many of them most news concern one, and looking for them in all
        entities would cost more than all the rest of a poll.
        """
        before, was_live = self._told
        now, is_live = self._told = (
            self.data.charge_points if self.data else {},
            self.shows_last_values,
        )
        is_quiet = is_live is was_live
        quiet = {
            charge_point_id
            for charge_point_id, state in now.items()
            if is_quiet and state is before.get(charge_point_id)
        }
        for update, context in list(self._listeners.values()):
            if context in quiet:
                continue
            try:
                update()
            except Exception:
                # As in the method of Home Assistant: one listener must not silence the others.
                _LOGGER.exception("A listener failed")
