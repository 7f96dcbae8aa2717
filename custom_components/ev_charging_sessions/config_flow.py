"""Set-up of an account, its cards and its charge points in the user interface."""

from collections.abc import Mapping
from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.core import callback
from homeassistant.helpers.selector import TextSelector

from .charging.errors import ChargingError, InvalidInputError
from .charging.model import ChargeCard
from .const import (
    CONF_ALIAS,
    CONF_BACKEND,
    CONF_EVSE_ID,
    CONF_IDENTIFIER,
    DOMAIN,
    SECTION_ADVANCED,
    SUBENTRY_CHARGE_CARD,
    SUBENTRY_CHARGE_POINT,
)
from .exceptions import placeholders_of
from .networks import NETWORKS, Network, account_of, cards_of

CARD_SCHEMA = vol.Schema(
    {vol.Required(CONF_IDENTIFIER): TextSelector(), vol.Required(CONF_ALIAS): TextSelector()}
)
CHARGE_POINT_SCHEMA = vol.Schema({vol.Required(CONF_EVSE_ID): TextSelector()})


class ChargingConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add an account, or give an existing one new credentials or settings."""

    VERSION = 1

    def __init__(self) -> None:
        """Start with no complaints about the input."""
        self._errors: dict[str, str] = {}
        self._placeholders: dict[str, str] = {}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user choose the network."""
        return self.async_show_menu(step_id="user", menu_options=list(NETWORKS))

    async def async_step_shell_recharge(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set up a Shell Recharge account."""
        return await self._async_step_account("shell_recharge", user_input)

    async def _async_step_account(
        self, backend: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        network = NETWORKS[backend]
        if user_input is not None:
            data = await self._async_checked(backend, _flat(user_input))
            if data is not None:
                await self.async_set_unique_id(account_of(backend, data).account_id)
                self._abort_if_unique_id_configured()
                return self.async_create_entry(
                    title=network.title, data={CONF_BACKEND: backend, **data}
                )
        return self._async_show_form(backend, network.schema, user_input)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Ask for credentials because the network refuses the stored ones."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the credentials only."""
        entry = self._get_reauth_entry()
        network = NETWORKS[entry.data[CONF_BACKEND]]
        schema = vol.Schema(
            {
                key: value
                for key, value in network.schema.schema.items()
                if key in network.credentials
            }
        )
        if user_input is not None and (result := await self._async_update(entry, user_input)):
            return result
        suggested = user_input or _suggested(network, entry.data)
        return self._async_show_form("reauth_confirm", schema, suggested)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change any setting of an account, but not which account it is."""
        entry = self._get_reconfigure_entry()
        network = NETWORKS[entry.data[CONF_BACKEND]]
        if user_input is not None and (result := await self._async_update(entry, user_input)):
            return result
        suggested = user_input or _suggested(network, entry.data)
        return self._async_show_form("reconfigure", network.schema, suggested)

    async def _async_update(
        self, entry: ConfigEntry, user_input: dict[str, Any]
    ) -> ConfigFlowResult | None:
        """Store new data and use it at once; ``None`` when it is not right yet."""
        backend = entry.data[CONF_BACKEND]
        data = await self._async_checked(backend, {**entry.data, **_flat(user_input)})
        if data is None:
            return None
        await self.async_set_unique_id(account_of(backend, data).account_id)
        self._abort_if_unique_id_mismatch(reason="wrong_account")
        result = self.async_update_and_abort(entry, data_updates=data)
        # Reloaded even when nothing changed: the network may accept again what it refused.
        # Only now, because a reload starts at once, with the data as they are.
        self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result

    async def _async_checked(self, backend: str, data: dict[str, Any]) -> dict[str, Any] | None:
        """Return canonical data that the network has accepted, or note what is wrong."""
        self._errors, self._placeholders = {}, {}
        network = NETWORKS[backend]
        try:
            checked = network.checked(data)
            card = ChargeCard(identifier=checked[network.default_card], alias="")
            account = account_of(backend, checked)
            await network.create(self.hass, account, checked, (card,)).verify()
        except InvalidInputError as err:
            # A field inside a section cannot carry an error of its own.
            field = err.field if err.field in network.schema.schema else "base"
            self._errors = {field: err.key}
        except ChargingError as err:
            self._errors = {"base": err.key}
            self._placeholders = placeholders_of(err)
        else:
            return checked
        return None

    def _async_show_form(
        self, step_id: str, schema: vol.Schema, suggested: Mapping[str, Any] | None
    ) -> ConfigFlowResult:
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=self._errors,
            description_placeholders=self._placeholders,
        )

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what can be added to an account."""
        return {
            SUBENTRY_CHARGE_CARD: ChargeCardFlow,
            SUBENTRY_CHARGE_POINT: ChargePointFlow,
        }


class ChargeCardFlow(ConfigSubentryFlow):
    """Add a card, or change its alias."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add a card under a name of its owner's choice."""
        errors: dict[str, str] = {}
        if user_input is not None:
            entry = self._get_entry()
            network = NETWORKS[entry.data[CONF_BACKEND]]
            identifier, alias = user_input[CONF_IDENTIFIER], user_input[CONF_ALIAS].strip()
            try:
                identifier = network.checked_card_id(identifier)
            except InvalidInputError as err:
                errors[CONF_IDENTIFIER] = err.key
            if any(
                subentry.data[CONF_IDENTIFIER] == identifier
                for subentry in entry.get_subentries_of_type(SUBENTRY_CHARGE_CARD)
            ):
                errors[CONF_IDENTIFIER] = "card_exists"
            errors |= _alias_errors(entry, alias, identifier)
            if not errors:
                return self.async_create_entry(
                    title=alias, data={CONF_IDENTIFIER: identifier, CONF_ALIAS: alias}
                )
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(CARD_SCHEMA, user_input),
            errors=errors,
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change the alias of a card; its identifier is what makes it this card."""
        entry, subentry = self._get_entry(), self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None:
            alias = user_input[CONF_ALIAS].strip()
            errors = _alias_errors(entry, alias, subentry.data[CONF_IDENTIFIER])
            if not errors:
                return self.async_update_and_abort(
                    entry, subentry, title=alias, data_updates={CONF_ALIAS: alias}
                )
        schema = vol.Schema({vol.Required(CONF_ALIAS): TextSelector()})
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or subentry.data),
            errors=errors,
        )


class ChargePointFlow(ConfigSubentryFlow):
    """Add a charge point that is to be there also when nobody charges."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add a charge point by its EVSE id."""
        errors: dict[str, str] = {}
        if user_input is not None:
            entry = self._get_entry()
            network = NETWORKS[entry.data[CONF_BACKEND]]
            try:
                evse_id = network.checked_charge_point_id(user_input[CONF_EVSE_ID])
            except InvalidInputError as err:
                errors[CONF_EVSE_ID] = err.key
            else:
                if any(
                    subentry.unique_id == evse_id
                    for subentry in entry.get_subentries_of_type(SUBENTRY_CHARGE_POINT)
                ):
                    errors[CONF_EVSE_ID] = "charge_point_exists"
                else:
                    return self.async_create_entry(
                        title=evse_id, data={CONF_EVSE_ID: evse_id}, unique_id=evse_id
                    )
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(CHARGE_POINT_SCHEMA, user_input),
            errors=errors,
        )


def _alias_errors(entry: ConfigEntry, alias: str, identifier: str) -> dict[str, str]:
    """Return what is wrong with an alias: a start must be able to tell cards apart."""
    if not alias:
        return {CONF_ALIAS: "alias_empty"}
    if any(card.alias == alias and card.identifier != identifier for card in cards_of(entry)):
        return {CONF_ALIAS: "alias_exists"}
    return {}


def _flat(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a form without its section."""
    return {
        **{key: value for key, value in user_input.items() if key != SECTION_ADVANCED},
        **user_input.get(SECTION_ADVANCED, {}),
    }


def _suggested(network: Network, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored data in the shape of the form, without what only its owner may see."""
    fields = {key: value for key, value in data.items() if key not in network.secrets}
    return {**fields, SECTION_ADVANCED: fields}
