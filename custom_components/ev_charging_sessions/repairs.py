"""The repairs that a person only has to confirm."""

from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant

from .const import CONF_ENERGY_UNIT
from .issues import BILL_DIFFERS


class SwitchUnitFlow(RepairsFlow):
    """Set an account to the other unit of energy, once a person has agreed.

    Never by itself: that would rewrite the archive because of what may be one odd meter.
    """

    def __init__(self, entry_id: str, unit: str, placeholders: Mapping[str, str]) -> None:
        """Remember what is to be changed, and what the text is filled with."""
        self._entry_id = entry_id
        self._unit = unit
        self._placeholders = placeholders

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin with the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask, and change the unit."""
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                data_schema=vol.Schema({}),
                description_placeholders=self._placeholders,
            )
        entries = self.hass.config_entries
        if entry := entries.async_get_entry(self._entry_id):
            data = {**entry.data, CONF_ENERGY_UNIT: self._unit}
            entries.async_update_entry(entry, data=data)
            entries.async_schedule_reload(self._entry_id)
        return self.async_create_entry(data={})


class SeenFlow(RepairsFlow):
    """Put a matter aside that a person has taken note of."""

    def __init__(self, placeholders: Mapping[str, str]) -> None:
        """Remember what the text is filled with."""
        self._placeholders = placeholders

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin with the text."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Show what it is about; to close that is all there is to do."""
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                data_schema=vol.Schema({}),
                description_placeholders=self._placeholders,
            )
        return self.async_create_entry(data={})


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow of an issue that a confirmation mends."""
    told = {key: str(value) for key, value in (data or {}).items()}
    if issue_id.startswith(BILL_DIFFERS):
        return SeenFlow(told)
    return SwitchUnitFlow(told.pop("entry_id"), told["other_unit"], told)
