"""What the upper floor has to know of each network: its form, and how to reach it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
import hashlib
from typing import Any, Protocol

import voluptuous as vol

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    CONF_CLIENT_ID,
    CONF_CLIENT_SECRET,
    CONF_PASSWORD,
    CONF_USERNAME,
)
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

from .charging.backends import shell_recharge, smappee
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
    CONF_SERVICE_LOCATION_IDS,
    CONF_TOKENS,
    SECTION_ADVANCED,
    SUBENTRY_CHARGE_CARD,
)

_PASSWORD = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_URL = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))


type Keep = Callable[[Mapping[str, Any]], None]
"""Stores what a backend wants to find in the data of its account the next time."""


class Create(Protocol):
    """Makes the backend of an account."""

    def __call__(
        self,
        hass: HomeAssistant,
        account: Account,
        data: Mapping[str, Any],
        *,
        cards: tuple[ChargeCard, ...],
        keep: Keep,
    ) -> Backend:
        """Return a backend that has sent nothing yet."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """How one backend is set up.

    ``checked`` and the two ``checked_…_id`` return the canonical form of what a person
    entered and raise InvalidInputError. ``identity`` are the fields that tell one account
    from another, ``credentials`` those that a reauthentication asks for again.

    ``default_card`` is the field of the card that pays where none is chosen. Without
    ``checked_charge_point_id``, the network itself tells which charge points there are.
    ``places`` returns the names of the places an account can be limited to, by id.
    """

    title: str
    schema: vol.Schema
    identity: tuple[str, ...]
    credentials: tuple[str, ...]
    secrets: tuple[str, ...]
    checked: Callable[[Mapping[str, Any]], dict[str, Any]]
    checked_card_id: Callable[[str], str]
    create: Create
    default_card: str | None = None
    checked_charge_point_id: Callable[[str], str] | None = None
    places: Callable[[Backend], Awaitable[dict[str, str]]] | None = None


def _checked_shell_recharge(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        CONF_CLIENT_ID: data[CONF_CLIENT_ID].strip(),
        CONF_CLIENT_SECRET: data[CONF_CLIENT_SECRET].strip(),
        CONF_EMA_ID: shell_recharge.checked_ema_id(data[CONF_EMA_ID]),
        CONF_BASE_URL: checked_base_url(data[CONF_BASE_URL]),
        CONF_API_VERSION: data[CONF_API_VERSION],
    }


def _create_shell_recharge(
    hass: HomeAssistant,
    account: Account,
    data: Mapping[str, Any],
    *,
    cards: tuple[ChargeCard, ...],
    keep: Keep,
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


def _checked_smappee(data: Mapping[str, Any]) -> dict[str, Any]:
    # A password may begin or end with a space.
    fields = (CONF_CLIENT_ID, CONF_CLIENT_SECRET, CONF_USERNAME)
    return {
        **{field: data[field].strip() for field in fields},
        CONF_PASSWORD: data[CONF_PASSWORD],
        CONF_BASE_URL: checked_base_url(data[CONF_BASE_URL]),
    }


def _create_smappee(
    hass: HomeAssistant,
    account: Account,
    data: Mapping[str, Any],
    *,
    cards: tuple[ChargeCard, ...],
    keep: Keep,
) -> Backend:
    def keep_tokens(tokens: smappee.Tokens) -> None:
        keep(
            {
                CONF_TOKENS: {
                    "access_token": tokens.access_token,
                    "refresh_token": tokens.refresh_token,
                    "expires": tokens.expires.isoformat(),
                }
            }
        )

    return smappee.Smappee(
        async_get_clientsession(hass),
        account,
        client_id=data[CONF_CLIENT_ID],
        client_secret=data[CONF_CLIENT_SECRET],
        username=data[CONF_USERNAME],
        password=data[CONF_PASSWORD],
        service_location_ids=tuple(data.get(CONF_SERVICE_LOCATION_IDS, ())),
        cards=cards,
        base_url=data[CONF_BASE_URL],
        tokens=_stored_tokens(data),
        keep_tokens=keep_tokens,
    )


def _stored_tokens(data: Mapping[str, Any]) -> smappee.Tokens | None:
    stored = data.get(CONF_TOKENS)
    if stored is None:
        return None
    return smappee.Tokens(**{**stored, "expires": datetime.fromisoformat(stored["expires"])})


async def _smappee_places(backend: Backend) -> dict[str, str]:
    if not isinstance(backend, smappee.Smappee):
        raise TypeError("Not a Smappee account")
    return await backend.service_locations()


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
    smappee.BACKEND: Network(
        title="Smappee",
        schema=vol.Schema(
            {
                vol.Required(CONF_CLIENT_ID): TextSelector(),
                vol.Required(CONF_CLIENT_SECRET): _PASSWORD,
                vol.Required(CONF_USERNAME): TextSelector(),
                vol.Required(CONF_PASSWORD): _PASSWORD,
                vol.Required(SECTION_ADVANCED): section(
                    vol.Schema({vol.Required(CONF_BASE_URL, default=smappee.BASE_URL): _URL}),
                    {"collapsed": True},
                ),
            }
        ),
        identity=(CONF_CLIENT_ID, CONF_USERNAME),
        credentials=(CONF_CLIENT_SECRET, CONF_PASSWORD),
        secrets=(CONF_CLIENT_SECRET, CONF_PASSWORD),
        checked=_checked_smappee,
        checked_card_id=smappee.checked_rfid,
        create=_create_smappee,
        places=_smappee_places,
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
    aliases = {
        subentry.data[CONF_IDENTIFIER]: subentry.data[CONF_ALIAS]
        for subentry in entry.get_subentries_of_type(SUBENTRY_CHARGE_CARD)
    }
    if field := NETWORKS[entry.data[CONF_BACKEND]].default_card:
        default = entry.data[field]
        aliases = {default: aliases.pop(default, entry.title)} | aliases
    return tuple(
        ChargeCard(identifier=identifier, alias=alias) for identifier, alias in aliases.items()
    )
