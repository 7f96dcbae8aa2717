"""Smappee: owners of charging parks, who sign in as a user and choose among their parks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import voluptuous as vol

from homeassistant.const import (
    CONF_CLIENT_ID,
    CONF_CLIENT_SECRET,
    CONF_PASSWORD,
    CONF_USERNAME,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import TextSelector

from ..charging.backends import smappee
from ..charging.backends.backend import Backend
from ..charging.backends.transport import checked_base_url
from ..charging.model import Account, ChargeCard
from ..const import CONF_BASE_URL, CONF_SERVICE_LOCATION_IDS, CONF_TOKENS, SECTION_ADVANCED
from .network import PASSWORD, URL, Keep, Network, advanced


def _checked(data: Mapping[str, Any]) -> dict[str, Any]:
    # A password may begin or end with a space.
    fields = (CONF_CLIENT_ID, CONF_CLIENT_SECRET, CONF_USERNAME)
    return {
        **{field: data[field].strip() for field in fields},
        CONF_PASSWORD: data[CONF_PASSWORD],
        CONF_BASE_URL: checked_base_url(data[CONF_BASE_URL]),
    }


def _create(
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


async def _places(backend: Backend) -> dict[str, str]:
    if not isinstance(backend, smappee.Smappee):
        raise TypeError("Not a Smappee account")
    return await backend.service_locations()


NETWORK = Network(
    title="Smappee",
    schema=vol.Schema(
        {
            vol.Required(CONF_CLIENT_ID): TextSelector(),
            vol.Required(CONF_CLIENT_SECRET): PASSWORD,
            vol.Required(CONF_USERNAME): TextSelector(),
            vol.Required(CONF_PASSWORD): PASSWORD,
            vol.Required(SECTION_ADVANCED): advanced(
                {vol.Required(CONF_BASE_URL, default=smappee.BASE_URL): URL}
            ),
        }
    ),
    identity=lambda _: (CONF_CLIENT_ID, CONF_USERNAME),
    credentials=(CONF_CLIENT_SECRET, CONF_PASSWORD),
    secrets=(CONF_CLIENT_SECRET, CONF_PASSWORD),
    checked=_checked,
    checked_card_id=smappee.checked_rfid,
    create=_create,
    places=_places,
    takes_own_price=True,
    lists_past=True,
)
