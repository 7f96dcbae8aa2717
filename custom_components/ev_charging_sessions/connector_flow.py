"""Offering a connector to the network: an EVSE ID, and the entities that make it up."""

from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import Platform
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
    TextSelector,
)

from .charging.backends.plugsurfing_ids import plain_evse_id
from .charging.errors import InvalidInputError
from .connectors import ENTITIES, unit_of_meter
from .const import (
    CONF_BACKEND,
    CONF_ENERGY_ENTITY,
    CONF_EVSE_ID,
    CONF_PLUG_ENTITY,
    CONF_SWITCH_ENTITY,
    DOMAIN,
    SUBENTRY_CONNECTOR,
)
from .networks import NETWORKS

_INPUT_BOOLEAN = "input_boolean"

_ENTITIES: dict[Any, EntitySelector] = {
    vol.Required(CONF_SWITCH_ENTITY): EntitySelector(
        EntitySelectorConfig(domain=[Platform.SWITCH, _INPUT_BOOLEAN])
    ),
    vol.Required(CONF_ENERGY_ENTITY): EntitySelector(
        EntitySelectorConfig(
            filter=EntityWithDeviceFilterSelectorConfig(
                domain=Platform.SENSOR, device_class=SensorDeviceClass.ENERGY
            )
        )
    ),
    vol.Optional(CONF_PLUG_ENTITY): EntitySelector(
        EntitySelectorConfig(domain=[Platform.BINARY_SENSOR, _INPUT_BOOLEAN])
    ),
}

CONNECTOR_SCHEMA = vol.Schema({vol.Required(CONF_EVSE_ID): TextSelector(), **_ENTITIES})
CHANGE_SCHEMA = vol.Schema(_ENTITIES)


class ConnectorFlow(ConfigSubentryFlow):
    """Offer a connector, or change the entities behind it."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Offer a connector under its EVSE ID."""
        errors: dict[str, str] = {}
        if user_input is not None:
            entry = self._get_entry()
            checked = NETWORKS[entry.data[CONF_BACKEND]].checked_connector_id or str
            errors = self._errors(user_input)
            try:
                evse_id = checked(user_input[CONF_EVSE_ID])
            except InvalidInputError as err:
                errors[CONF_EVSE_ID] = err.key
            else:
                if any(
                    plain_evse_id(subentry.data[CONF_EVSE_ID]) == plain_evse_id(evse_id)
                    for subentry in entry.get_subentries_of_type(SUBENTRY_CONNECTOR)
                ):
                    errors[CONF_EVSE_ID] = "connector_exists"
                if not errors:
                    data = {**user_input, CONF_EVSE_ID: evse_id}
                    return self.async_create_entry(title=evse_id, data=data, unique_id=evse_id)
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(CONNECTOR_SCHEMA, user_input),
            errors=errors,
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change the entities; the EVSE ID is what makes it this connector."""
        entry, subentry = self._get_entry(), self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = self._errors(user_input, but=subentry.subentry_id)
            if not errors:
                data = {**user_input, CONF_EVSE_ID: subentry.data[CONF_EVSE_ID]}
                return self.async_update_and_abort(entry, subentry, data=data)
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                CHANGE_SCHEMA, user_input or subentry.data
            ),
            errors=errors,
        )

    def _errors(self, user_input: Mapping[str, Any], *, but: str | None = None) -> dict[str, str]:
        """Return what is wrong with the entities of a connector.

        Two connectors with one switch or one meter would charge for each other, and a switch
        of ours would wait for itself.
        """
        errors: dict[str, str] = {}
        if unit_of_meter(self.hass, user_input[CONF_ENERGY_ENTITY]) is None:
            errors[CONF_ENERGY_ENTITY] = "no_energy_unit"
        others = [
            subentry.data
            for entry in self.hass.config_entries.async_entries(DOMAIN)
            for subentry in entry.get_subentries_of_type(SUBENTRY_CONNECTOR)
            if subentry.subentry_id != but
        ]
        for field in ENTITIES:
            if field in user_input and any(
                user_input[field] == other.get(field) for other in others
            ):
                errors[field] = "entity_in_use"
        for field in (CONF_SWITCH_ENTITY, CONF_ENERGY_ENTITY):
            if self._is_ours(user_input[field]):
                errors[field] = "own_entity"
        return errors

    def _is_ours(self, entity_id: str) -> bool:
        entity = er.async_get(self.hass).async_get(entity_id)
        return entity is not None and entity.platform == DOMAIN
