"""System health: how the accounts and the archive are, and whether the networks are there."""

from collections.abc import Awaitable
from typing import Any

from homeassistant.components import system_health
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .archive import LEDGER
from .charging.errors import LedgerError
from .charging.ledger import Ledger
from .const import CONF_BACKEND, CONF_BASE_URL, DOMAIN
from .networks import NETWORKS
from .wording import async_explained

_MEBIBYTE = 1024 * 1024


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Register what is told."""
    register.async_register_info(_info)


async def _info(hass: HomeAssistant) -> dict[str, Any]:
    """Return figures and words that tell neither who somebody is nor where."""
    entries = hass.config_entries.async_entries(DOMAIN, include_disabled=False)
    loaded = [entry for entry in entries if entry.state is ConfigEntryState.LOADED]
    networks = [NETWORKS[entry.data[CONF_BACKEND]].title for entry in entries]
    answering = [entry for entry in loaded if entry.runtime_data.last_update_success]
    outboxes = [entry.runtime_data.outbox for entry in loaded if entry.runtime_data.outbox]
    return {
        "accounts": ", ".join(f"{name}: {networks.count(name)}" for name in sorted(set(networks))),
        "accounts_answering": f"{len(answering)} / {len(entries)}",
        **await _archive(hass),
        "unposted_sessions": sum(outbox.waiting for outbox in outboxes),
        **_reach(hass, {entry.data[CONF_BACKEND]: entry.data[CONF_BASE_URL] for entry in entries}),
    }


async def _archive(hass: HomeAssistant) -> dict[str, Any]:
    # Opening it may take longer than system health waits, and what gives up on that takes the
    # accounts along that wait for it too. While it is being opened, a future is in its place.
    ledger = hass.data.get(LEDGER)
    if not isinstance(ledger, Ledger):
        return {"archive": async_explained(hass, "common.archive_not_open")}
    try:
        health = await ledger.health()
    except LedgerError as err:
        return {"archive": async_explained(hass, f"exceptions.{err.key}.message")}
    return {
        "archive": health.database,
        "archive_size": f"{health.size / _MEBIBYTE:.1f} MiB",
        "schema_version": health.schema_version,
        "sessions": health.sessions,
    }


def _reach(hass: HomeAssistant, urls: dict[str, str]) -> dict[str, Awaitable[Any]]:
    """Return whether the networks in use can be reached; where that is, is not told."""
    keys = {
        "can_reach_shell_recharge": "shell_recharge",
        "can_reach_smappee": "smappee",
        "can_reach_cleverev": "cleverev",
        "can_reach_plugsurfing": "plugsurfing",
    }
    return {
        key: system_health.async_check_can_reach_url(hass, urls[backend])
        for key, backend in keys.items()
        if backend in urls
    }
