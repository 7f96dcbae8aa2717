"""Whether the network can call this home, as far as that can be seen from here."""

from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
import ipaddress

from aiohttp import ClientError, ClientTimeout
from yarl import URL

from homeassistant.components import webhook
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_WEBHOOK_ID, EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.helpers.start import async_at_started

from .const import CONF_UNSEEN_URL, DOMAIN, SUBENTRY_CONNECTOR
from .issues import async_note_reach
from .webhook import REFUSAL
from .wording import async_explained

_LOOK_AGAIN = timedelta(hours=1)
_REACH_WITHIN = ClientTimeout(total=10)


class Reach(StrEnum):
    """Whether calls from outside can come in, as far as that can be seen from here."""

    REACHED = "reached"
    NO_URL = "no_external_url"
    NO_ANSWER = "no_answer"
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
            is_ours = response.status == HTTPStatus.UNAUTHORIZED and body == REFUSAL.body
    except ClientError, TimeoutError:
        return Reach.NO_ANSWER
    if not is_ours:
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
    so once the network has called where we could not, our own look counts no more there.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Wire up; nothing is called yet."""
        self._hass = hass
        self._entry = entry
        self._is_doubtful = False

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
        if not self._is_doubtful:
            return
        self._is_doubtful = False
        data = {**self._entry.data, CONF_UNSEEN_URL: self._url}
        self._hass.config_entries.async_update_entry(self._entry, data=data)
        async_note_reach(self._hass, self._entry, None)

    @property
    def _url(self) -> str | None:
        return async_url(self._hass, self._entry.data[CONF_WEBHOOK_ID])

    async def _async_look(self) -> None:
        data = self._entry.data
        if CONF_UNSEEN_URL in data and data[CONF_UNSEEN_URL] == self._url:
            async_note_reach(self._hass, self._entry, None)
            return
        was_doubtful = self._is_doubtful
        reach = await async_check_reach(self._hass, data[CONF_WEBHOOK_ID])
        self._is_doubtful = reach is not Reach.REACHED
        if not self._is_doubtful:
            async_note_reach(self._hass, self._entry, None)
        elif was_doubtful or reach is not Reach.NO_ANSWER:
            # No answer may be no more than an internet connection that is away for a moment.
            async_note_reach(self._hass, self._entry, async_reason(self._hass, reach))
