"""What the folder of the home holds before Home Assistant starts there for the first time."""

from collections.abc import Mapping
from contextlib import suppress
import json
from pathlib import Path
from random import sample
import socket
from typing import Any

from homeassistant.config_entries import STORAGE_VERSION, STORAGE_VERSION_MINOR

from custom_components.ev_charging_sessions.const import DOMAIN
from custom_components.ev_charging_sessions.networks import account_of
from tests.programs import PROJECT
from tests.simulator.defaults import PLUGSURFING_KEY, PLUGSURFING_PARTNER

from .devices import METER, PLUG, POLES, SWITCH

_WEBHOOK_ID = "chaos" * 8
_NOW = "2026-11-21T00:00:00+00:00"


def furnish(folder: Path, network_url: str, evse_ids: Mapping[str, str]) -> str:
    """Offer all poles to the network, and return the address of the webhook.

    ``evse_ids`` has the EVSE ID of each pole by its name.
    """
    port = _free_port()
    data = {
        "backend": "plugsurfing",
        "api_key": PLUGSURFING_KEY,
        "partner_identifier": PLUGSURFING_PARTNER,
        "base_url": network_url,
        "webhook_id": _WEBHOOK_ID,
    }
    subentries = [
        {
            "data": {
                "evse_id": evse_id,
                "switch_entity": SWITCH.format(name),
                "energy_entity": METER.format(name),
                "plug_entity": PLUG.format(name),
            },
            "subentry_id": f"01JCHAOS{number:018d}",
            "subentry_type": "connector",
            "title": evse_id,
            "unique_id": evse_id,
        }
        for number, (name, evse_id) in enumerate(evse_ids.items())
    ]
    entry: dict[str, Any] = {
        "created_at": _NOW,
        "modified_at": _NOW,
        "data": data,
        "disabled_by": None,
        "discovery_keys": {},
        "domain": DOMAIN,
        "entry_id": "01JCHAOSHOME00000000000000",
        "minor_version": 1,
        "options": {},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "subentries": subentries,
        "title": "PlugSurfing",
        "unique_id": account_of("plugsurfing", data).account_id,
        "version": 1,
    }
    # What configuration.yaml says of the server waits for a person's confirmation.
    server = {
        "server_host": ["127.0.0.1"],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "intermediate_v6",
        "use_x_frame_options": True,
        "created_at": _NOW,
        "error": None,
        "error_message": None,
    }
    (folder / ".storage").mkdir()
    http = {"stable": server, "pending": None, "yaml_migration_done": True}
    _store(folder, "http", 3, 1, http)
    entries = {"entries": [entry]}
    _store(folder, "core.config_entries", STORAGE_VERSION, STORAGE_VERSION_MINOR, entries)
    components = folder / "custom_components"
    components.mkdir()
    (components / DOMAIN).symlink_to(PROJECT / "custom_components" / DOMAIN)
    (folder / POLES).write_text("\n".join([network_url, *evse_ids]))
    return f"http://127.0.0.1:{port}/api/webhook/{_WEBHOOK_ID}"


def _store(folder: Path, key: str, version: int, minor_version: int, data: object) -> None:
    store = {"version": version, "minor_version": minor_version, "key": key, "data": data}
    (folder / ".storage" / key).write_text(json.dumps(store))


def _free_port() -> int:
    """Return a port that no outgoing connection takes while the home is dead."""
    for port in sample(range(20_000, 32_000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("No port is free")
