"""The options of an operator: a price, sessions to forward, and the address for calls."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import voluptuous as vol

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from .charging.backends.plugsurfing_ids import plain_evse_id
from .charging.errors import InvalidInputError
from .const import CONF_BACKEND, CONF_EVSE_ID, CONF_FORWARD, DOMAIN, SUBENTRY_CONNECTOR
from .coordinator import ChargingCoordinator
from .networks import NETWORKS
from .operation import ATTR_ACCOUNT_ID, ATTR_BACKEND, ATTR_CHARGE_POINT_ID
from .options_flow import OwnPriceFlow
from .reach import Reach, async_check_reach, async_url


class _Place(NamedTuple):
    """A charge point of another account, whose sessions can be forwarded."""

    backend: str
    account_id: str
    charge_point_id: str

    @property
    def key(self) -> str:
        """Return one word for it."""
        return "|".join(self)


class OperatorOptionsFlow(OwnPriceFlow):
    """Everything an operator may set, one thing at a time."""

    def __init__(self) -> None:
        """Start with nothing chosen."""
        self._chosen: list[_Place] = []

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user choose what to set."""
        return self.async_show_menu(step_id="init", menu_options=["calls", "forward", "price"])

    async def async_step_calls(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the address for the network, and whether calls from outside come in by it."""
        webhook_id = self.config_entry.data[CONF_WEBHOOK_ID]
        reach = await async_check_reach(self.hass, webhook_id)
        if reach is Reach.REACHED:
            if user_input is not None:
                return self.async_create_entry(data=dict(self.config_entry.options))
            errors = {}
        else:
            errors = {"base": reach.value}
        return self.async_show_form(
            step_id="calls",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders={"url": async_url(self.hass, webhook_id) or "-"},
        )

    async def async_step_forward(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Let the user choose charge points of other accounts."""
        places = dict(self._places())
        if user_input is not None:
            self._chosen = [place for place in places if place.key in user_input[CONF_FORWARD]]
            return await self.async_step_evse_ids()
        options = [
            SelectOptionDict(value=place.key, label=label) for place, label in places.items()
        ]
        select = SelectSelectorConfig(options=options, multiple=True, mode=SelectSelectorMode.LIST)
        schema = vol.Schema(
            {
                vol.Required(
                    CONF_FORWARD, default=[place.key for place in self._evse_ids()]
                ): SelectSelector(select)
            }
        )
        return self.async_show_form(step_id="forward", data_schema=schema)

    async def async_step_evse_ids(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask under which EVSE ID the network knows those that have none as their id."""
        labels, known = dict(self._places()), self._evse_ids()
        found: dict[_Place, str] = {}
        errors: dict[str, str] = {}
        for place in self._chosen:
            label = labels[place]
            given = (user_input or {}).get(label, place.charge_point_id)
            try:
                found[place] = self._checked(given)
            except InvalidInputError as err:
                if label in (user_input or {}):
                    errors[label] = err.key
                continue
            if self._is_taken(found, place):
                errors[label if self._is_asked_for(place) else "base"] = "evse_id_taken"
        asked = [place for place in self._chosen if self._is_asked_for(place)]
        if errors or len(found) < len(self._chosen):
            fields = {vol.Required(labels[place]): TextSelector() for place in asked}
            suggested = {labels[place]: known[place] for place in asked if place in known}
            return self.async_show_form(
                step_id="evse_ids",
                data_schema=self.add_suggested_values_to_schema(
                    vol.Schema(fields), user_input or suggested
                ),
                errors=errors,
            )
        forward = [
            {
                ATTR_BACKEND: place.backend,
                ATTR_ACCOUNT_ID: place.account_id,
                ATTR_CHARGE_POINT_ID: place.charge_point_id,
                CONF_EVSE_ID: evse_id,
            }
            for place, evse_id in found.items()
        ]
        return self.async_create_entry(data={**self.config_entry.options, CONF_FORWARD: forward})

    def _is_taken(self, found: Mapping[_Place, str], place: _Place) -> bool:
        """Tell whether an EVSE ID is that of a connector or of another charge point already."""
        others = [evse_id for other, evse_id in found.items() if other != place]
        subentries = self.config_entry.get_subentries_of_type(SUBENTRY_CONNECTOR)
        others += [subentry.data[CONF_EVSE_ID] for subentry in subentries]
        return plain_evse_id(found[place]) in map(plain_evse_id, others)

    def _is_asked_for(self, place: _Place) -> bool:
        try:
            self._checked(place.charge_point_id)
        except InvalidInputError:
            return True
        return False

    def _checked(self, evse_id: str) -> str:
        checked = NETWORKS[self.config_entry.data[CONF_BACKEND]].checked_connector_id or str
        return checked(evse_id)

    def _evse_ids(self) -> Mapping[_Place, str]:
        """Return the EVSE IDs of what is forwarded already."""
        return {
            _Place(each[ATTR_BACKEND], each[ATTR_ACCOUNT_ID], each[ATTR_CHARGE_POINT_ID]): each[
                CONF_EVSE_ID
            ]
            for each in self.config_entry.options.get(CONF_FORWARD, ())
        }

    def _places(self) -> Iterable[tuple[_Place, str]]:
        """Return all that can be chosen, under a name that tells the account too.

        What was chosen of an account that is not there at the moment stays.
        """
        others = []
        for entry in self.hass.config_entries.async_entries(DOMAIN):
            if entry is self.config_entry or entry.state is not ConfigEntryState.LOADED:
                continue
            coordinator: ChargingCoordinator = entry.runtime_data
            account = coordinator.account
            for charge_point_id, point in sorted(coordinator.charge_points.by_id.items()):
                place = _Place(account.backend, account.account_id, charge_point_id)
                name = charge_point_id
                if point.name:
                    name = f"{point.name} ({charge_point_id})"
                others.append((place, f"{entry.title}: {name}"))
        there = {place for place, _ in others}
        gone = [(place, place.charge_point_id) for place in self._evse_ids() if place not in there]
        return [*others, *gone]
