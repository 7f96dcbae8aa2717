"""CleverEV: operators of chargers, who sign in with the token of their organization."""

from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from homeassistant.const import CONF_API_TOKEN, CONF_CURRENCY
from homeassistant.core import HomeAssistant, async_get_hass
from homeassistant.generated.currencies import ACTIVE_CURRENCIES
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from ..charging.backends import cleverev
from ..charging.backends.backend import Backend
from ..charging.backends.transport import checked_base_url
from ..charging.errors import InvalidInputError
from ..charging.model import Account, ChargeCard, EnergyUnit
from ..const import (
    CONF_API_GENERATION,
    CONF_BASE_URL,
    CONF_ENERGY_UNIT,
    CONF_ORGANIZATION_ID,
    SECTION_ADVANCED,
)
from .network import PASSWORD, URL, Keep, Network, advanced

_CURRENT = "current"


def _checked(data: Mapping[str, Any]) -> dict[str, Any]:
    organization_id = (data.get(CONF_ORGANIZATION_ID) or "").strip()
    if data[CONF_API_GENERATION] == _CURRENT and not organization_id:
        raise InvalidInputError("organization_id", "no_organization_id")
    currency = data[CONF_CURRENCY].strip().upper()
    if currency not in ACTIVE_CURRENCIES:
        raise InvalidInputError("currency", "unknown_currency")
    return {
        CONF_BASE_URL: checked_base_url(data[CONF_BASE_URL]),
        CONF_API_TOKEN: data[CONF_API_TOKEN].strip(),
        CONF_ORGANIZATION_ID: organization_id or None,
        CONF_CURRENCY: currency,
        CONF_ENERGY_UNIT: data[CONF_ENERGY_UNIT],
        CONF_API_GENERATION: data[CONF_API_GENERATION],
    }


def _create(
    hass: HomeAssistant,
    account: Account,
    data: Mapping[str, Any],
    *,
    cards: tuple[ChargeCard, ...],
    keep: Keep,
) -> Backend:
    return cleverev.CleverEV(
        async_get_clientsession(hass),
        account,
        base_url=data[CONF_BASE_URL],
        api_token=data[CONF_API_TOKEN],
        organization_id=data[CONF_ORGANIZATION_ID],
        currency=data[CONF_CURRENCY],
        energy_unit=EnergyUnit(data[CONF_ENERGY_UNIT]),
        api_generation=data[CONF_API_GENERATION],
        cards=cards,
    )


def _identity(data: Mapping[str, Any]) -> tuple[str, ...]:
    # Without an organization there is nothing but the token to know an account by.
    return (CONF_ORGANIZATION_ID if data[CONF_ORGANIZATION_ID] else CONF_API_TOKEN,)


def _home_currency() -> str:
    return async_get_hass().config.currency


# The network tells prices without their currency, and may be at home in another country.
_CURRENCY = SelectSelector(
    SelectSelectorConfig(
        options=sorted(ACTIVE_CURRENCIES), custom_value=True, mode=SelectSelectorMode.DROPDOWN
    )
)
_ENERGY_UNIT = SelectSelector(
    SelectSelectorConfig(
        options=[SelectOptionDict(value=unit, label=unit) for unit in EnergyUnit],
        mode=SelectSelectorMode.DROPDOWN,
    )
)
_API_GENERATION = SelectSelector(
    SelectSelectorConfig(
        options=list(cleverev.API_GENERATIONS),
        mode=SelectSelectorMode.DROPDOWN,
        translation_key=CONF_API_GENERATION,
    )
)

NETWORK = Network(
    title="CleverEV",
    schema=vol.Schema(
        {
            vol.Required(CONF_BASE_URL): URL,
            vol.Required(CONF_API_TOKEN): PASSWORD,
            vol.Optional(CONF_ORGANIZATION_ID): TextSelector(),
            vol.Required(CONF_CURRENCY, default=_home_currency): _CURRENCY,
            vol.Required(CONF_ENERGY_UNIT, default=EnergyUnit.WH.value): _ENERGY_UNIT,
            vol.Required(SECTION_ADVANCED): advanced(
                {vol.Required(CONF_API_GENERATION, default=_CURRENT): _API_GENERATION}
            ),
        }
    ),
    identity=_identity,
    credentials=(CONF_API_TOKEN,),
    secrets=(CONF_API_TOKEN,),
    checked=_checked,
    checked_card_id=cleverev.checked_id_tag,
    create=_create,
    lists_past=True,
)
