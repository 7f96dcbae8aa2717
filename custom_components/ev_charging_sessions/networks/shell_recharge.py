"""Shell Recharge: drivers of companies, with a client of their own and contracts that pay."""

from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from homeassistant.const import CONF_CLIENT_ID, CONF_CLIENT_SECRET
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from ..charging.backends import shell_recharge
from ..charging.backends.backend import Backend
from ..charging.backends.transport import checked_base_url
from ..charging.model import Account, ChargeCard
from ..const import CONF_API_VERSION, CONF_BASE_URL, CONF_EMA_ID, SECTION_ADVANCED
from .network import PASSWORD, URL, Keep, Network, advanced


def _checked(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        CONF_CLIENT_ID: data[CONF_CLIENT_ID].strip(),
        CONF_CLIENT_SECRET: data[CONF_CLIENT_SECRET].strip(),
        CONF_EMA_ID: shell_recharge.checked_ema_id(data[CONF_EMA_ID]),
        CONF_BASE_URL: checked_base_url(data[CONF_BASE_URL]),
        CONF_API_VERSION: data[CONF_API_VERSION],
    }


def _create(
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


_API_VERSION = SelectSelector(
    SelectSelectorConfig(
        options=list(shell_recharge.API_VERSIONS),
        mode=SelectSelectorMode.DROPDOWN,
        translation_key=CONF_API_VERSION,
    )
)

NETWORK = Network(
    title="Shell Recharge",
    schema=vol.Schema(
        {
            vol.Required(CONF_CLIENT_ID): TextSelector(),
            vol.Required(CONF_CLIENT_SECRET): PASSWORD,
            vol.Required(CONF_EMA_ID): TextSelector(),
            vol.Required(SECTION_ADVANCED): advanced(
                {
                    vol.Required(CONF_BASE_URL, default=shell_recharge.BASE_URL): URL,
                    vol.Required(CONF_API_VERSION, default="v2"): _API_VERSION,
                }
            ),
        }
    ),
    identity=lambda _: (CONF_CLIENT_ID,),
    credentials=(CONF_CLIENT_SECRET,),
    secrets=(CONF_CLIENT_SECRET,),
    default_card=CONF_EMA_ID,
    checked=_checked,
    checked_card_id=shell_recharge.checked_ema_id,
    checked_charge_point_id=shell_recharge.checked_evse_id,
    create=_create,
)
