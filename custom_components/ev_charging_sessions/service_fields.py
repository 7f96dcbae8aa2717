"""Reading what a person gave an action, and saying what is wrong with it."""

from collections.abc import Iterable
from datetime import datetime

import voluptuous as vol

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import (
    async_get_config_entry,
    async_get_device_and_config_entry,
)
from homeassistant.util import dt as dt_util

from .charging.backends.backend import default_card_id
from .charging.model import Account, ChargeCard, SessionStatus
from .const import DOMAIN
from .coordinator import ChargingCoordinator

_YEARS = range(1900, 2200)


def _in_years(time: datetime) -> datetime:
    """Refuse a time so far away that nothing can be reckoned from it."""
    if time.year not in _YEARS:
        raise vol.Invalid(f"A year has to be from {_YEARS.start} to {_YEARS.stop - 1}")
    return time


TIME_FIELD = vol.All(cv.datetime, _in_years)
"""What a time has to be, with or without a zone."""


def coordinator_of(call: ServiceCall) -> ChargingCoordinator:
    """Return the account that an action is about."""
    entry = async_get_config_entry(call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID])
    coordinator: ChargingCoordinator = entry.runtime_data
    return coordinator


def coordinators_of(call: ServiceCall) -> list[ChargingCoordinator]:
    """Return the accounts that an action is about, each once."""
    entry_ids = dict.fromkeys(call.data[ATTR_CONFIG_ENTRY_ID])
    return [async_get_config_entry(call.hass, DOMAIN, each).runtime_data for each in entry_ids]


def charge_point_of(hass: HomeAssistant, device_id: str) -> tuple[ChargingCoordinator, str]:
    """Return the charge point that a device stands for."""
    device, entry = async_get_device_and_config_entry(hass, DOMAIN, device_id)
    coordinator: ChargingCoordinator = entry.runtime_data
    charge_point_id = coordinator.charge_point_of(device)
    if charge_point_id is None or charge_point_id not in coordinator.data.charge_points:
        raise invalid("not_a_charge_point")
    return coordinator, charge_point_id


def card_id_of(coordinator: ChargingCoordinator, alias: str | None) -> str | None:
    """Return the identifier of the card with that alias; without one, of the default card."""
    cards = coordinator.backend.cards
    if alias is None:
        return default_card_id(coordinator.backend)
    found = [card.identifier for card in cards if card.alias == alias]
    if not found:
        raise _unknown_card(cards)
    if len(found) > 1:
        raise invalid("ambiguous_card")
    return found[0]


def cards_of_aliases(
    coordinators: list[ChargingCoordinator], aliases: list[str] | None
) -> tuple[tuple[Account, str], ...] | None:
    """Return all cards that go by one of these aliases, each in its own account."""
    if aliases is None:
        return None
    cards = [
        (coordinator.account, card)
        for coordinator in coordinators
        for card in coordinator.backend.cards
    ]
    if not set(aliases) <= {card.alias for _, card in cards}:
        raise _unknown_card(card for _, card in cards)
    return tuple((account, card.identifier) for account, card in cards if card.alias in aliases)


def _unknown_card(cards: Iterable[ChargeCard]) -> ServiceValidationError:
    """Return an error that does not repeat the input, which may be the number of a card."""
    return invalid("unknown_card", cards=", ".join(dict.fromkeys(card.alias for card in cards)))


def statuses_of(words: list[str] | None) -> tuple[SessionStatus, ...] | None:
    """Return the statuses of these words, ``None`` without any."""
    if words is None:
        return None
    if not set(words) <= set(SessionStatus):
        raise invalid("unknown_status", statuses=", ".join(SessionStatus))
    return tuple(SessionStatus(word) for word in words)


def time_of(call: ServiceCall, field: str) -> datetime | None:
    """Return a time that a person entered; without a zone it is that of the home."""
    time: datetime | None = call.data.get(field)
    return dt_util.as_utc(time) if time else None


def refuse(call: ServiceCall, key: str, *fields: str) -> None:
    """Refuse fields that contradict the others."""
    if any(field in call.data for field in fields):
        raise invalid(key)


def require(call: ServiceCall, key: str, *fields: str) -> None:
    """Refuse a call that lacks one of these fields."""
    if any(field not in call.data for field in fields):
        raise invalid(key)


def invalid(key: str, **placeholders: str) -> ServiceValidationError:
    """Return the translated error of a mistake that a person made."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )


def unable(key: str, **placeholders: str) -> HomeAssistantError:
    """Return the translated error of something that nobody is to blame for."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )
