"""Adding cards and charge points to an account in the user interface."""

from typing import Any

import voluptuous as vol

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.util import dt as dt_util

from .charging.errors import InvalidInputError, LedgerError
from .charging.ledger import SessionQuery
from .charging.model import Session
from .const import (
    CONF_ALIAS,
    CONF_BACKEND,
    CONF_EVSE_ID,
    CONF_IDENTIFIER,
    SUBENTRY_CHARGE_CARD,
    SUBENTRY_CHARGE_POINT,
)
from .networks import NETWORKS, cards_of

CHARGE_POINT_SCHEMA = vol.Schema({vol.Required(CONF_EVSE_ID): TextSelector()})

# The last sessions among which cards without a name are looked for.
_RECENT = 500


class ChargeCardFlow(ConfigSubentryFlow):
    """Add a card, or change its alias."""

    def __init__(self) -> None:
        """Start without knowing any card."""
        self._unnamed: dict[str, Session] = {}

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add a card under a name of its owner's choice."""
        errors: dict[str, str] = {}
        if user_input is not None:
            entry = self._get_entry()
            network = NETWORKS[entry.data[CONF_BACKEND]]
            identifier, alias = user_input[CONF_IDENTIFIER], user_input[CONF_ALIAS].strip()
            if seen := self._unnamed.get(identifier):
                # However it is made up, sessions carry it.
                identifier = seen.card_id or ""
            else:
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
        else:
            self._unnamed = await self._async_unnamed_cards()
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(self._schema(), user_input),
            errors=errors,
        )

    def _schema(self) -> vol.Schema:
        """Return the form: the number of a card, or one that was seen without a name."""
        options = [
            SelectOptionDict(value=key, label=_where_and_when(self._get_entry(), session))
            for key, session in self._unnamed.items()
        ]
        select = SelectSelectorConfig(
            options=options, custom_value=True, mode=SelectSelectorMode.DROPDOWN
        )
        identifier = SelectSelector(select) if options else TextSelector()
        return vol.Schema(
            {vol.Required(CONF_IDENTIFIER): identifier, vol.Required(CONF_ALIAS): TextSelector()}
        )

    async def _async_unnamed_cards(self) -> dict[str, Session]:
        """Return the last session of each card without a name, under a key that tells nothing."""
        entry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return {}
        coordinator = entry.runtime_data
        query = SessionQuery(accounts=(coordinator.account,), limit=_RECENT)
        try:
            sessions = await coordinator.ledger.sessions(query)
        except LedgerError:
            # A card can still be given by its number.
            return {}
        found: dict[str, Session] = {}
        for session in sessions:
            if session.card_id and not coordinator.card(session.card_id):
                found.setdefault(session.card_id, session)
        return {f"#{number}": session for number, session in enumerate(found.values(), 1)}

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
            checked = network.checked_charge_point_id or str
            try:
                evse_id = checked(user_input[CONF_EVSE_ID])
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


def _where_and_when(entry: ConfigEntry, session: Session) -> str:
    """Say where and when a card was used last, which its owner knows it by."""
    points = entry.runtime_data.charge_points.by_id
    point = points.get(session.charge_point_id or "")
    place = point.name if point and point.name else session.charge_point_id
    started = session.started
    time = f"{dt_util.as_local(started):%Y-%m-%d %H:%M}" if started else None
    return " · ".join(filter(None, (place, time)))
