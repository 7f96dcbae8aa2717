"""PlugSurfing: a network that starts chargers of this home, and gets what is charged there."""

from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from homeassistant.components.webhook import async_generate_id
from homeassistant.const import CONF_API_KEY, CONF_WEBHOOK_ID
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..charging.backends import plugsurfing, plugsurfing_ids
from ..charging.backends.backend import Backend
from ..charging.backends.transport import checked_base_url
from ..charging.errors import InvalidInputError
from ..charging.model import Account, ChargeCard
from ..const import CONF_BASE_URL, CONF_PARTNER_IDENTIFIER, SECTION_ADVANCED
from ..operation import async_operate
from .network import PASSWORD, URL, Keep, Network, advanced

# Whoever could guess it could post in the operator's name.
_SHORTEST_IDENTIFIER = 16


def _checked(data: Mapping[str, Any]) -> dict[str, Any]:
    api_key = data[CONF_API_KEY].strip()
    if not api_key or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        raise InvalidInputError("api_key", "invalid_api_key")
    partner_identifier = data[CONF_PARTNER_IDENTIFIER].strip()
    if len(partner_identifier) < _SHORTEST_IDENTIFIER or partner_identifier == api_key:
        raise InvalidInputError("partner_identifier", "weak_partner_identifier")
    return {
        CONF_API_KEY: api_key,
        CONF_PARTNER_IDENTIFIER: partner_identifier,
        CONF_BASE_URL: checked_base_url(data[CONF_BASE_URL]),
        CONF_WEBHOOK_ID: data.get(CONF_WEBHOOK_ID) or async_generate_id(),
    }


def _create(
    hass: HomeAssistant,
    account: Account,
    data: Mapping[str, Any],
    *,
    cards: tuple[ChargeCard, ...],
    keep: Keep,
) -> Backend:
    return plugsurfing.PlugSurfing(
        async_get_clientsession(hass),
        account,
        base_url=data[CONF_BASE_URL],
        api_key=data[CONF_API_KEY],
        partner_identifier=data[CONF_PARTNER_IDENTIFIER],
        cards=cards,
    )


NETWORK = Network(
    title="PlugSurfing",
    schema=vol.Schema(
        {
            vol.Required(CONF_API_KEY): PASSWORD,
            vol.Required(CONF_PARTNER_IDENTIFIER): PASSWORD,
            vol.Required(SECTION_ADVANCED): advanced(
                {vol.Required(CONF_BASE_URL, default=plugsurfing.BASE_URL): URL}
            ),
        }
    ),
    identity=lambda _: (CONF_PARTNER_IDENTIFIER,),
    credentials=(CONF_API_KEY,),
    secrets=(CONF_API_KEY, CONF_PARTNER_IDENTIFIER),
    checked=_checked,
    checked_card_id=plugsurfing_ids.checked_card_id,
    create=_create,
    checked_connector_id=plugsurfing_ids.checked_evse_id,
    operate=async_operate,
    takes_own_price=True,
)
