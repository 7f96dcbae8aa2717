"""The repairs: what a person only has to confirm, and what can be tried again at once."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, override

import voluptuous as vol

from homeassistant.components.repairs import (
    ConfirmRepairFlow,
    FlowType,
    RepairsFlow,
    RepairsFlowResult,
)
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .archive import async_ledger
from .charging.errors import ChargingError, LedgerError
from .const import CONF_ENERGY_UNIT, DOMAIN
from .coordinator import ChargingConfigEntry, ChargingCoordinator
from .exceptions import placeholders_of
from .issues import (
    ARCHIVE_FULL,
    ARCHIVE_UNAVAILABLE,
    BACKEND_UNAVAILABLE,
    CALLS_UNREACHABLE,
    OTHER_UNIT,
    PARK_LOST,
    POSTS_REFUSED,
    SESSIONS_UNPOSTED,
)
from .reach import Reach, async_check_reach, async_reason, async_url
from .wording import async_explained

type Attempt[EntryT: ChargingConfigEntry | None] = Callable[
    [HomeAssistant, EntryT], Awaitable[str | None]
]
"""Tries whether the trouble of an account, or of all, is over; returns why it is not."""


def _is_gone(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Tell whether an account has been removed while a form about it was open."""
    return hass.config_entries.async_get_entry(entry.entry_id) is None


class SwitchUnitFlow(ConfirmRepairFlow):
    """Set an account to the other unit of energy, once a person has agreed.

    Never by itself: that would rewrite the archive because of what may be one odd meter.
    """

    def __init__(self, entry: ConfigEntry) -> None:
        """Remember which account."""
        self._entry = entry

    @override
    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask, and change the unit."""
        if user_input is not None and self.data and not _is_gone(self.hass, self._entry):
            entries = self.hass.config_entries
            data = {**self._entry.data, CONF_ENERGY_UNIT: self.data["other_unit"]}
            entries.async_update_entry(self._entry, data=data)
            entries.async_schedule_reload(self._entry.entry_id)
        return await super().async_step_confirm(user_input)


class PostAgainFlow(ConfirmRepairFlow):
    """Post again what the network has refused, once a person has mended why."""

    def __init__(self, entry: ChargingConfigEntry) -> None:
        """Remember whose sessions."""
        self._entry = entry

    @override
    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask, and have all of them posted again."""
        if user_input is not None and self._entry.state is ConfigEntryState.LOADED:
            coordinator = self._entry.runtime_data
            if coordinator.outbox:
                try:
                    await coordinator.outbox.post_again()
                except LedgerError:
                    return self.async_abort(reason="ledger_error")
        return await super().async_step_confirm(user_input)


class ReconfigureFlow(ConfirmRepairFlow):
    """Lead on to the settings of an account; only what is set there mends the trouble."""

    def __init__(self, entry: ConfigEntry) -> None:
        """Remember which account."""
        self._entry = entry

    @override
    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask, and lead on."""
        if user_input is None or _is_gone(self.hass, self._entry):
            return await super().async_step_confirm(user_input)
        flow = await self.hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": self._entry.entry_id}
        )
        next_flow = (FlowType.CONFIG_FLOW, flow["flow_id"])
        return self.async_abort(reason="reconfigure", next_flow=next_flow)


class TryAgainFlow[EntryT: ChargingConfigEntry | None](ConfirmRepairFlow):
    """Try now what is tried now and then anyway, and tell why it still fails if it does."""

    def __init__(self, attempt: Attempt[EntryT], entry: EntryT) -> None:
        """Remember what to try."""
        self._attempt = attempt
        self._entry = entry

    @override
    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask, and try."""
        # Before that, for it may take the issue away.
        placeholders = self._placeholders()
        errors = {}
        if user_input is not None:
            answer = None
            if self._entry is None or not _is_gone(self.hass, self._entry):
                answer = await self._attempt(self.hass, self._entry)
            if answer is None:
                return self.async_create_entry(data={})
            errors = {"base": "not_mended"}
            placeholders["answer"] = answer
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _placeholders(self) -> dict[str, str]:
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return dict(issue.translation_placeholders or {}) if issue else {}


class CheckAddressFlow(TryAgainFlow[ChargingConfigEntry]):
    """Show the address for calls, which is too secret for the issue itself, and call it."""

    @override
    def _placeholders(self) -> dict[str, str]:
        url = async_url(self.hass, self._entry.data[CONF_WEBHOOK_ID])
        return {**super()._placeholders(), "url": url or "-"}


async def _ask_again(hass: HomeAssistant, entry: ChargingConfigEntry) -> str | None:
    """Ask the network of an account, and set the account up if it was waiting for that."""
    if entry.state is ConfigEntryState.LOADED:
        await entry.runtime_data.async_refresh()
    else:
        await hass.config_entries.async_reload(entry.entry_id)
    if entry.state is not ConfigEntryState.LOADED:
        key = entry.error_reason_translation_key
        placeholders = entry.error_reason_translation_placeholders
    elif entry.runtime_data.last_update_success:
        return None
    else:
        failure = entry.runtime_data.last_exception
        key = getattr(failure, "translation_key", None)
        placeholders = getattr(failure, "translation_placeholders", None)
    if key is None:
        return async_explained(hass, "common.see_log")
    return async_explained(hass, f"exceptions.{key}.message", **(placeholders or {}))


async def _post_now(hass: HomeAssistant, entry: ChargingConfigEntry) -> str | None:
    if entry.state is not ConfigEntryState.LOADED or not entry.runtime_data.outbox:
        return await _ask_again(hass, entry)
    try:
        await entry.runtime_data.outbox.try_now()
    except ChargingError as err:
        return _explained(hass, err)
    return None


async def _call_ourselves(hass: HomeAssistant, entry: ChargingConfigEntry) -> str | None:
    reach = await async_check_reach(hass, entry.data[CONF_WEBHOOK_ID])
    return None if reach is Reach.REACHED else async_reason(hass, reach)


async def _write_again(hass: HomeAssistant, _: None) -> str | None:
    """Write to the archive, and have all accounts tell it what it has missed."""
    entries: list[ChargingConfigEntry] = hass.config_entries.async_entries(DOMAIN)
    try:
        ledger = await async_ledger(hass)
        for entry in entries:
            if entry.state is ConfigEntryState.LOADED:
                await entry.runtime_data.async_refresh()
                failure = _failure(entry.runtime_data)
                if failure and isinstance(failure.__cause__, LedgerError):
                    return _explained(hass, failure.__cause__)
        # There may have been nothing to tell.
        await ledger.try_to_write()
    except LedgerError as err:
        return _explained(hass, err)
    for entry in entries:
        if entry.state is ConfigEntryState.SETUP_RETRY:
            hass.config_entries.async_schedule_reload(entry.entry_id)
    return None


def _failure(coordinator: ChargingCoordinator) -> BaseException | None:
    return None if coordinator.last_update_success else coordinator.last_exception


def _explained(hass: HomeAssistant, err: ChargingError) -> str:
    return async_explained(hass, f"exceptions.{err.key}.message", **placeholders_of(err))


_FLOWS: dict[str, Callable[[ChargingConfigEntry], RepairsFlow]] = {
    BACKEND_UNAVAILABLE: partial(TryAgainFlow, _ask_again),
    CALLS_UNREACHABLE: partial(CheckAddressFlow, _call_ourselves),
    OTHER_UNIT: SwitchUnitFlow,
    PARK_LOST: ReconfigureFlow,
    POSTS_REFUSED: PostAgainFlow,
    SESSIONS_UNPOSTED: partial(TryAgainFlow, _post_now),
}


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow of an issue: by default one that puts aside what somebody has seen."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    kind = issue.translation_key if issue else None
    if kind in {ARCHIVE_FULL, ARCHIVE_UNAVAILABLE}:
        return TryAgainFlow(_write_again, None)
    entry = hass.config_entries.async_get_entry(str((data or {}).get("entry_id")))
    if entry is None or kind not in _FLOWS:
        return ConfirmRepairFlow()
    return _FLOWS[kind](entry)
