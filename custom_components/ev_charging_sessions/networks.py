"""What the upper floor has to know of each network: its form, and how to reach it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import hashlib
from typing import Any

import voluptuous as vol

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_CLIENT_ID, CONF_CLIENT_SECRET
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .charging.backends import shell_recharge
from .charging.backends.backend import Backend
from .charging.backends.transport import checked_base_url
from .charging.model import Account, ChargeCard
from .const import (
    CONF_ALIAS,
    CONF_API_VERSION,
    CONF_BACKEND,
    CONF_BASE_URL,
    CONF_EMA_ID,
    CONF_IDENTIFIER,
    SECTION_ADVANCED,
    SUBENTRY_CHARGE_CARD,
)

_PASSWORD = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_URL = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))


@dataclass(frozen=True, kw_only=True)
class Network:
    """How one backend is set up.

    ``checked`` and the two ``checked_…_id`` return the canonical form of what a person
    entered and raise InvalidInputError. ``identity`` are the fields that tell one account
    from another, ``credentials`` those that a reauthentication asks for again.
    """

    title: str
    schema: vol.Schema
    identity: tuple[str, ...]
    credentials: tuple[str, ...]
    secrets: tuple[str, ...]
    default_card: str
    checked: Callable[[Mapping[str, Any]], dict[str, Any]]
    checked_card_id: Callable[[str], str]
    checked_charge_point_id: Callable[[str], str]
    create: Callable[[HomeAssistant, Account, Mapping[str, Any], tuple[ChargeCard, ...]], Backend]


def _checked_shell_recharge(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        CONF_CLIENT_ID: data[CONF_CLIENT_ID].strip(),
        CONF_CLIENT_SECRET: data[CONF_CLIENT_SECRET].strip(),
        CONF_EMA_ID: shell_recharge.checked_ema_id(data[CONF_EMA_ID]),
        CONF_BASE_URL: checked_base_url(data[CONF_BASE_URL]),
        CONF_API_VERSION: data[CONF_API_VERSION],
    }


def _create_shell_recharge(
    hass: HomeAssistant, account: Account, data: Mapping[str, Any], cards: tuple[ChargeCard, ...]
) -> Backend:
    return shell_recharge.ShellRecharge(
        async_get_clientsession(hass),
        account,
        client_id=data[CONF_CLIENT_ID],
        client_secret=data[CONF_CLIENT_SECRET],
        cards=cards,
        base_url=data[CONF_BASE_URL],
        api_version=data[CONF_API_VERSION],
    )


NETWORKS: dict[str, Network] = {
    shell_recharge.BACKEND: Network(
        title="Shell Recharge",
        schema=vol.Schema(
            {
                vol.Required(CONF_CLIENT_ID): TextSelector(),
                vol.Required(CONF_CLIENT_SECRET): _PASSWORD,
                vol.Required(CONF_EMA_ID): TextSelector(),
                vol.Required(SECTION_ADVANCED): section(
                    vol.Schema(
                        {
                            vol.Required(CONF_BASE_URL, default=shell_recharge.BASE_URL): _URL,
                            vol.Required(CONF_API_VERSION, default="v2"): SelectSelector(
                                SelectSelectorConfig(
                                    options=list(shell_recharge.API_VERSIONS),
                                    mode=SelectSelectorMode.DROPDOWN,
                                    translation_key=CONF_API_VERSION,
                                )
                            ),
                        }
                    ),
                    {"collapsed": True},
                ),
            }
        ),
        identity=(CONF_CLIENT_ID,),
        credentials=(CONF_CLIENT_SECRET,),
        secrets=(CONF_CLIENT_SECRET,),
        default_card=CONF_EMA_ID,
        checked=_checked_shell_recharge,
        checked_card_id=shell_recharge.checked_ema_id,
        checked_charge_point_id=shell_recharge.checked_evse_id,
        create=_create_shell_recharge,
    ),
}


def account_of(backend: str, data: Mapping[str, Any]) -> Account:
    """Return the account of these credentials, under an id that does not show them."""
    parts = [backend, *(data[field] for field in NETWORKS[backend].identity)]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return Account(backend=backend, account_id=digest[:16])


def cards_of(entry: ConfigEntry) -> tuple[ChargeCard, ...]:
    """Return the cards of an entry, the default one first.

    A default card that its owner has given no alias goes by the title of the entry.
    """
    default = entry.data[NETWORKS[entry.data[CONF_BACKEND]].default_card]
    aliases = {
        subentry.data[CONF_IDENTIFIER]: subentry.data[CONF_ALIAS]
        for subentry in entry.get_subentries_of_type(SUBENTRY_CHARGE_CARD)
    }
    aliases = {default: aliases.pop(default, entry.title)} | aliases
    return tuple(
        ChargeCard(identifier=identifier, alias=alias) for identifier, alias in aliases.items()
    )
