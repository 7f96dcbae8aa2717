"""The repairs that a person only has to confirm."""

from typing import Any, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .charging.errors import LedgerError
from .const import CONF_ENERGY_UNIT
from .coordinator import ChargingCoordinator
from .issues import ARCHIVE_REPLACED, BILL_DIFFERS, POSTS_REFUSED


class SwitchUnitFlow(ConfirmRepairFlow):
    """Set an account to the other unit of energy, once a person has agreed.

    Never by itself: that would rewrite the archive because of what may be one odd meter.
    """

    def __init__(self, entry_id: str, unit: str) -> None:
        """Remember what is to be changed."""
        self._entry_id = entry_id
        self._unit = unit

    @override
    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask, and change the unit."""
        entries = self.hass.config_entries
        if user_input is not None and (entry := entries.async_get_entry(self._entry_id)):
            data = {**entry.data, CONF_ENERGY_UNIT: self._unit}
            entries.async_update_entry(entry, data=data)
            entries.async_schedule_reload(self._entry_id)
        return await super().async_step_confirm(user_input)


class PostAgainFlow(ConfirmRepairFlow):
    """Post again what the network has refused, once a person has mended why."""

    def __init__(self, entry_id: str) -> None:
        """Remember whose sessions."""
        self._entry_id = entry_id

    @override
    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask, and have all of them posted again."""
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        if user_input is not None and entry and entry.state is ConfigEntryState.LOADED:
            coordinator: ChargingCoordinator = entry.runtime_data
            if coordinator.outbox:
                try:
                    await coordinator.outbox.post_again()
                except LedgerError:
                    return self.async_abort(reason="ledger_error")
        return await super().async_step_confirm(user_input)


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow of an issue that a confirmation mends, or puts aside once it was seen."""
    if issue_id.startswith((ARCHIVE_REPLACED, BILL_DIFFERS)) or data is None:
        return ConfirmRepairFlow()
    if issue_id.startswith(POSTS_REFUSED):
        return PostAgainFlow(str(data["entry_id"]))
    return SwitchUnitFlow(str(data["entry_id"]), str(data["other_unit"]))
