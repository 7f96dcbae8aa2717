"""Importing the past of an account in the user interface, beside what else may be set there."""

import asyncio
from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.const import UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)

from .charging.errors import ChargingError
from .charging.history import History
from .const import CONF_BACKEND
from .exceptions import placeholders_of
from .importing import CONF_DAYS, DEFAULT_DAYS, MOST_DAYS, async_begin_import
from .networks import NETWORKS
from .options_flow import OwnPriceFlow

STEP_IMPORT = "import_history"

IMPORT_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_DAYS, default=DEFAULT_DAYS): NumberSelector(
            NumberSelectorConfig(
                min=1,
                max=MOST_DAYS,
                mode=NumberSelectorMode.BOX,
                unit_of_measurement=UnitOfTime.DAYS,
            )
        )
    }
)


class ImportFlow(OptionsFlow):
    """Begin an import, or look at the one that is under way.

    The import is not that of the dialog: it goes on when that is closed.
    """

    _history: History
    _outcome: asyncio.Task[ConfigFlowResult]
    _is_watching = False

    async def async_step_import_history(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how far back, unless an import is under way."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        coordinator = self.config_entry.runtime_data
        self._history = coordinator.history
        if user_input is not None:
            async_begin_import(coordinator, int(user_input[CONF_DAYS]))
        if self._history.is_running:
            return await self.async_step_importing()
        return self.async_show_form(step_id=STEP_IMPORT, data_schema=IMPORT_SCHEMA)

    async def async_step_importing(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show how far the import has come."""
        if not self._is_watching:
            self._is_watching = True
            self._history.on_progress.add(self._async_show_progress)
            self._outcome = self.hass.async_create_task(self._async_outcome())
        if self._outcome.done():
            return self.async_show_progress_done(next_step_id="imported")
        return self.async_show_progress(
            step_id="importing", progress_action="importing", progress_task=self._outcome
        )

    async def async_step_imported(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say what came of it."""
        return await self._outcome

    @callback
    @override
    def async_remove(self) -> None:
        """Let the import go on without anybody looking."""
        if self._is_watching:
            self._history.on_progress.discard(self._async_show_progress)

    async def _async_outcome(self) -> ConfigFlowResult:
        try:
            done = await self._history.finished()
        except ChargingError as err:
            return self.async_abort(reason=err.key, description_placeholders=placeholders_of(err))
        counts = {"read": done.read, "new": done.new, "changed": done.changed}
        return self.async_abort(
            reason="imported",
            description_placeholders={
                **{name: str(count) for name, count in counts.items()},
                "unreadable": str(self._history.unreadable),
            },
        )

    @callback
    def _async_show_progress(self, progress: float | None) -> None:
        if progress is not None:
            self.async_update_progress(progress)


class AccountOptionsFlow(ImportFlow, OwnPriceFlow):
    """All that the owner of an account at a network may set or order."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user choose, where there is more than one thing to do."""
        network = NETWORKS[self.config_entry.data[CONF_BACKEND]]
        if not network.takes_own_price:
            return await self.async_step_import_history()
        return self.async_show_menu(step_id="init", menu_options=["price", STEP_IMPORT])
