"""Set-up of an account in the user interface."""

from collections.abc import Mapping
from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    OptionsFlow,
)
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from .charging.errors import ChargingError, InvalidInputError
from .charging.model import ChargeCard
from .connector_flow import ConnectorFlow
from .const import (
    CONF_BACKEND,
    CONF_SERVICE_LOCATION_IDS,
    DOMAIN,
    SECTION_ADVANCED,
    SUBENTRY_CHARGE_CARD,
    SUBENTRY_CHARGE_POINT,
    SUBENTRY_CONNECTOR,
)
from .exceptions import placeholders_of
from .import_flow import STEP_IMPORT, AccountOptionsFlow
from .networks import NETWORKS, Network, account_of
from .operator_options import OperatorOptionsFlow
from .subentry_flows import ChargeCardFlow, ChargePointFlow


class ChargingConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add an account, or give an existing one new credentials or settings."""

    VERSION = 1

    def __init__(self) -> None:
        """Start with no complaints about the input."""
        self._errors: dict[str, str] = {}
        self._placeholders: dict[str, str] = {}
        self._backend = ""
        self._data: dict[str, Any] = {}
        self._places: dict[str, str] = {}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user choose the network."""
        return self.async_show_menu(step_id="user", menu_options=list(NETWORKS))

    async def async_step_shell_recharge(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set up a Shell Recharge account."""
        return await self._async_step_account("shell_recharge", user_input)

    async def async_step_smappee(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set up a Smappee account."""
        return await self._async_step_account("smappee", user_input)

    async def async_step_cleverev(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set up a namespace at CleverEV."""
        return await self._async_step_account("cleverev", user_input)

    async def async_step_plugsurfing(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Become a charge point operator at PlugSurfing."""
        return await self._async_step_account("plugsurfing", user_input)

    async def _async_step_account(
        self, backend: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        network = NETWORKS[backend]
        if user_input is not None:
            data = await self._async_checked(backend, _flat(user_input))
            if data is not None:
                await self.async_set_unique_id(account_of(backend, data).account_id)
                self._abort_if_unique_id_configured()
                self._abort_if_known(backend, data)
                self._backend, self._data = backend, data
                return await self._async_next_step()
        return self._async_show_form(backend, network.schema, user_input)

    async def async_step_parks(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user choose among the places of the account; all of them by default."""
        self._errors = {}
        if user_input is not None:
            if user_input[CONF_SERVICE_LOCATION_IDS]:
                self._data |= user_input
                return await self._async_finish()
            self._errors = {CONF_SERVICE_LOCATION_IDS: "no_park_chosen"}
        chosen = list(self._places)
        if self.source == SOURCE_RECONFIGURE:
            known = self._get_reconfigure_entry().data[CONF_SERVICE_LOCATION_IDS]
            chosen = [each for each in chosen if each in known] or chosen
        options = [
            SelectOptionDict(value=place_id, label=name) for place_id, name in self._places.items()
        ]
        select = SelectSelectorConfig(options=options, multiple=True, mode=SelectSelectorMode.LIST)
        schema = vol.Schema({vol.Required(CONF_SERVICE_LOCATION_IDS): SelectSelector(select)})
        return self._async_show_form("parks", schema, {CONF_SERVICE_LOCATION_IDS: chosen})

    async def _async_next_step(self) -> ConfigFlowResult:
        return await (self.async_step_parks() if self._places else self._async_finish())

    async def _async_finish(self) -> ConfigFlowResult:
        """Store what was entered: as a new account, or in the one that is reconfigured."""
        if self.source == SOURCE_RECONFIGURE:
            return self._async_store(self._get_reconfigure_entry(), self._data)
        return self.async_create_entry(
            title=NETWORKS[self._backend].title, data={CONF_BACKEND: self._backend, **self._data}
        )

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Lead on to the import of past sessions, where the network lists any."""
        entry = result["result"]
        network = NETWORKS[self._backend]
        if not network.lists_past or entry.state is not ConfigEntryState.LOADED:
            return result
        options = self.hass.config_entries.options
        flow = await options.async_init(entry.entry_id)
        if network.takes_own_price:
            flow = await options.async_configure(flow["flow_id"], {"next_step_id": STEP_IMPORT})
        result["next_flow"] = (FlowType.OPTIONS_FLOW, flow["flow_id"])
        return result

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
        if user_input is not None:
            data = await self._async_updated(entry, {**entry.data, **user_input})
            if data is not None:
                return self._async_store(entry, data)
        suggested = user_input or _suggested(network, entry.data)
        return self._async_show_form("reauth_confirm", schema, suggested)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change any setting of an account, but not which account it is."""
        entry = self._get_reconfigure_entry()
        network = NETWORKS[entry.data[CONF_BACKEND]]
        if user_input is not None:
            # A field that was emptied is not in the input, and shall not come back.
            others = entry.data.keys() - _fields(network)
            kept = {key: entry.data[key] for key in others}
            data = await self._async_updated(entry, kept | _flat(user_input))
            if data is not None:
                self._data = data
                return await self._async_next_step()
        suggested = user_input or _suggested(network, entry.data)
        return self._async_show_form("reconfigure", network.schema, suggested)

    async def _async_updated(
        self, entry: ConfigEntry, data: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Return the new data of an account; ``None`` when it is not right yet.

        An account that is known by its credentials alone cannot be told from another one:
        then a person must know what they do, and the account stays what it was.
        """
        backend = entry.data[CONF_BACKEND]
        checked = await self._async_checked(backend, data)
        if checked is None:
            return None
        network = NETWORKS[backend]
        if network.is_lasting(entry.data) and network.is_lasting(checked):
            await self.async_set_unique_id(account_of(backend, checked).account_id)
            self._abort_if_unique_id_mismatch(reason="wrong_account")
        self._abort_if_known(backend, checked, but=entry)
        return checked

    def _abort_if_known(
        self, backend: str, data: Mapping[str, Any], *, but: ConfigEntry | None = None
    ) -> None:
        """Abort when another entry has come to be this account: ids outlive credentials."""
        account = account_of(backend, data)
        for entry in self._async_current_entries():
            if (
                entry is not but
                and entry.data[CONF_BACKEND] == backend
                and account_of(backend, entry.data) == account
            ):
                raise AbortFlow("already_configured")

    @callback
    def _async_store(self, entry: ConfigEntry, data: dict[str, Any]) -> ConfigFlowResult:
        """Store new data and use it at once."""
        result = self.async_update_and_abort(entry, data_updates=data)
        # Reloaded even when nothing changed: the network may accept again what it refused.
        # Only now, because a reload starts at once, with the data as they are.
        self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result

    async def _async_checked(self, backend: str, data: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return canonical data that the network has accepted, or note what is wrong."""
        self._errors, self._placeholders = {}, {}
        network = NETWORKS[backend]
        kept: dict[str, Any] = {}
        try:
            checked = network.checked(data)
            field = network.default_card
            cards = (ChargeCard(identifier=checked[field], alias=""),) if field else ()
            account = account_of(backend, checked)
            account_backend = network.create(
                self.hass, account, checked, cards=cards, keep=kept.update
            )
            if network.places is None:
                await account_backend.verify()
            else:
                self._places = await network.places(account_backend)
        except InvalidInputError as err:
            # A field inside a section cannot carry an error of its own.
            field = err.field if err.field in network.schema.schema else "base"
            self._errors = {field: err.key}
        except ChargingError as err:
            self._errors = {"base": err.key}
            self._placeholders = placeholders_of(err)
        else:
            if network.places is None or self._places:
                return checked | kept
            self._errors = {"base": "no_parks"}
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

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Let the user import the past, set a price, and more where the home is the operator."""
        is_operator = NETWORKS[config_entry.data[CONF_BACKEND]].operate is not None
        return OperatorOptionsFlow() if is_operator else AccountOptionsFlow()

    @classmethod
    @callback
    @override
    def async_supports_options_flow(cls, config_entry: ConfigEntry) -> bool:
        """Tell whether there is anything to set or to import at this network."""
        network = NETWORKS[config_entry.data[CONF_BACKEND]]
        return network.takes_own_price or network.lists_past

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what can be added to an account."""
        flows: dict[str, type[ConfigSubentryFlow]] = {SUBENTRY_CHARGE_CARD: ChargeCardFlow}
        if NETWORKS[config_entry.data[CONF_BACKEND]].checked_charge_point_id:
            flows[SUBENTRY_CHARGE_POINT] = ChargePointFlow
        if NETWORKS[config_entry.data[CONF_BACKEND]].checked_connector_id:
            flows[SUBENTRY_CONNECTOR] = ConnectorFlow
        return flows


def _flat(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a form without its section."""
    return {
        **{key: value for key, value in user_input.items() if key != SECTION_ADVANCED},
        **user_input.get(SECTION_ADVANCED, {}),
    }


def _fields(network: Network) -> set[str]:
    """Return the fields of a form, with those of its section."""
    fields = network.schema.schema
    return {str(key) for key in (*fields, *fields[SECTION_ADVANCED].schema.schema)}


def _suggested(network: Network, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored data in the shape of the form, without what only its owner may see."""
    fields = {
        key: value
        for key, value in data.items()
        if value is not None and key not in network.secrets
    }
    return {**fields, SECTION_ADVANCED: fields}
