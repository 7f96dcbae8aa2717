"""Whether the network can call this home, as far as that can be seen from here."""

import asyncio
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
import ipaddress
from typing import Any

from aiohttp import ClientError, ClientSSLError, ClientTimeout
from yarl import URL

from homeassistant.components import webhook
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_WEBHOOK_ID, EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.helpers.start import async_at_started

from .const import CONF_UNSEEN_URL, DOMAIN, SUBENTRY_CONNECTOR
from .issues import CALLS_UNREACHABLE, async_note_reach
from .webhook import REFUSAL
from .wording import async_explained

_LOOK_AGAIN = timedelta(hours=1)
# What an internet connection or a proxy needs to come back.
_MOMENT = timedelta(minutes=5)
_REACH_WITHIN = ClientTimeout(total=10)


class Reach(StrEnum):
    """Whether calls from outside can come in, as far as that can be seen from here."""

    REACHED = "reached"
    NO_URL = "no_external_url"
    NO_ANSWER = "no_answer"
    BAD_CERTIFICATE = "bad_certificate"
    OTHER_ANSWER = "other_answer"
    LOCAL_ONLY = "local_only"
    NOT_HTTPS = "not_https"


@callback
def async_url(hass: HomeAssistant, webhook_id: str) -> str | None:
    """Return the address that the network is to call, ``None`` without an external one."""
    try:
        url = get_url(hass, allow_internal=False, allow_cloud=True, prefer_external=True)
    except NoURLAvailableError:
        return None
    return f"{url}{webhook.async_generate_path(webhook_id)}"


async def async_check_reach(hass: HomeAssistant, webhook_id: str) -> Reach:
    """Call ourselves the way the network would, but without the key.

    Nobody but our own door refuses that in the words of the protocol. The key is not sent,
    for the address may lead to somebody else.
    """
    url = async_url(hass, webhook_id)
    if url is None:
        return Reach.NO_URL
    session = async_get_clientsession(hass)
    try:
        async with session.post(
            url, json={}, timeout=_REACH_WITHIN, allow_redirects=False
        ) as response:
            body = await response.content.read(1024)
            status = response.status
    except ClientSSLError:
        return Reach.BAD_CERTIFICATE
    except ClientError, TimeoutError:
        return Reach.NO_ANSWER
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # A proxy that finds nobody behind it, as while either of them starts.
        return Reach.NO_ANSWER
    if status != HTTPStatus.UNAUTHORIZED or body != REFUSAL.body:
        return Reach.OTHER_ANSWER
    if _is_local(URL(url).host or ""):
        return Reach.LOCAL_ONLY
    return Reach.REACHED if url.startswith("https:") else Reach.NOT_HTTPS


def _is_local(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".lan", ".home.arpa", ".internal"))


@callback
def async_reason(hass: HomeAssistant, reach: Reach) -> str:
    """Return what is wrong with an address, and what to do about it."""
    return async_explained(hass, f"options.error.{reach.value}")


class ReachWatch:
    """Tells when the network cannot call the connectors of an account, and when it can again.

    An account without connectors needs no calls. Many routers do not let a home call itself,
    so once the network has called where we could not, our own look tells of no trouble there,
    until it succeeds.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Wire up; nothing is called yet."""
        self._hass = hass
        self._entry = entry

    @callback
    def async_watch(self) -> None:
        """Look now and then, for as long as the account is loaded."""
        hass, entry = self._hass, self._entry
        if not any(entry.get_subentries_of_type(SUBENTRY_CONNECTOR)):
            return

        async def look(_: datetime | Event | HomeAssistant) -> None:
            entry.async_create_background_task(hass, self._async_look(), f"{DOMAIN} reach")

        for undo in (
            # Before that, nobody answers at any address.
            async_at_started(hass, look),
            async_track_time_interval(hass, look, _LOOK_AGAIN, cancel_on_shutdown=True),
            hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, look),
        ):
            entry.async_on_unload(undo)

    @callback
    def async_heard(self) -> None:
        """Take note of a call of the network."""
        if self._is_told:
            self._keep({**self._entry.data, CONF_UNSEEN_URL: self._url})
            async_note_reach(self._hass, self._entry, None)

    @property
    def _is_told(self) -> bool:
        # A person may have ended it too, with the button of the repair.
        return any(
            issue.active
            and issue.translation_key == CALLS_UNREACHABLE
            and (issue.data or {}).get("entry_id") == self._entry.entry_id
            for issue in ir.async_get(self._hass).issues.values()
            if issue.domain == DOMAIN
        )

    @property
    def _url(self) -> str | None:
        return async_url(self._hass, self._entry.data[CONF_WEBHOOK_ID])

    @property
    def _is_unseen(self) -> bool:
        data = self._entry.data
        return CONF_UNSEEN_URL in data and data[CONF_UNSEEN_URL] == self._url

    async def _async_look(self) -> None:
        reach = await self._async_check()
        if reach is Reach.NO_ANSWER and not self._is_told and not self._is_unseen:
            # That may be over in a moment.
            await asyncio.sleep(_MOMENT.total_seconds())
            reach = await self._async_check()
        if reach is Reach.REACHED:
            data = dict(self._entry.data)
            data.pop(CONF_UNSEEN_URL, None)
            self._keep(data)
        is_fine = reach is Reach.REACHED or self._is_unseen
        reason = None if is_fine else async_reason(self._hass, reach)
        async_note_reach(self._hass, self._entry, reason)

    async def _async_check(self) -> Reach:
        return await async_check_reach(self._hass, self._entry.data[CONF_WEBHOOK_ID])

    @callback
    def _keep(self, data: dict[str, Any]) -> None:
        self._hass.config_entries.async_update_entry(self._entry, data=data)
