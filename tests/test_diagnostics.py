"""The diagnostics: of use to whoever mends a bug, and of none to whoever is curious."""

import json
from typing import Any

from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component

from tests.home import EVSE, OTHER_EVSE, Home
from tests.simulator.defaults import CARDS, CLIENT_ID, CLIENT_SECRET

SIGN_IN = dict.fromkeys(("access_token", "expires_in", "token_type"), "string")


async def _download(home: Home, hass_client: ClientSessionGenerator) -> dict[str, Any]:
    await async_setup_component(home.hass, "diagnostics", {})
    return dict(await get_diagnostics_for_config_entry(home.hass, hass_client, home.entry))


async def test_diagnostics(home: Home, hass_client: ClientSessionGenerator) -> None:
    """Test what is told of an account with an added and a visited charge point."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(OTHER_EVSE, CARDS[0])
    await home.advance(310)
    charge_point = {
        "is_added": True,
        "status": "available",
        "session_status": None,
        "session_started": None,
        "session_ended": None,
        "last_reported": "2026-11-21T12:00:00+00:00",
        "running_command": None,
        "wish": None,
        "mode": None,
        "is_gone": False,
        "tariffs": 1,
    }
    told = await _download(home, hass_client)
    answers = told.pop("last_answers")
    assert told == {
        "backend": "shell_recharge",
        "settings": {"api_version": "v2"},
        "options": [],
        "state": "loaded",
        "reason": None,
        "cards": 1,
        "active_sessions": 1,
        "last_update_success": True,
        "last_error": None,
        "unreadable_fields": [],
        "update_interval": "0:00:30",
        "outbox": None,
        "charge_points": [
            charge_point,
            {
                **charge_point,
                "is_added": False,
                "status": "charging",
                "session_status": "charging",
                "session_started": "2026-11-21T12:00:00+00:00",
                "last_reported": "2026-11-21T12:05:10+00:00",
            },
        ],
    }
    assert set(answers) == {
        "charge-session/active: 200",
        "location: 200",
        "locations: 200",
        "sign-in: 200",
    }
    assert answers["charge-session/active: 200"]["data"][0]["startedAt"] == "string"
    device = dr.async_get(home.hass).async_get(home.device_id(OTHER_EVSE))
    assert device
    of_device = await get_diagnostics_for_device(home.hass, hass_client, home.entry, device)
    expected = told | {"last_answers": answers, "charge_point": told["charge_points"][1]}
    del expected["charge_points"]
    assert of_device == expected


async def test_trouble(home: Home, hass_client: ClientSessionGenerator) -> None:
    """Test that the last error and the fields that could not be read are told."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    home.simulator.faults.on("rotten_session")
    await home.advance(310)
    told = await _download(home, hass_client)
    assert told["unreadable_fields"] == ["data[].startedAt"]
    home.simulator.faults.on("http_503", scope="*")
    await home.advance(310)
    told = await _download(home, hass_client)
    assert told["last_update_success"] is False
    assert told["last_error"] == "BackendUnavailableError('HTTP 503')"
    assert {"charge-session/active: 200", "charge-session/active: 503"} <= set(told["last_answers"])


async def test_not_loaded(home: Home, hass_client: ClientSessionGenerator) -> None:
    """Test that an account that cannot be set up has diagnostics too, with what has kept it."""
    await home.add_account()
    home.simulator.faults.on("html", scope="active")
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    assert await _download(home, hass_client) == {
        "backend": "shell_recharge",
        "settings": {"api_version": "v2"},
        "options": [],
        "state": "setup_retry",
        "reason": "backend_unavailable",
        "last_answers": {"charge-session/active: 200": "no JSON", "sign-in: 200": SIGN_IN},
    }
    await home.hass.config_entries.async_unload(home.entry.entry_id)


async def test_nothing_personal(home: Home, hass_client: ClientSessionGenerator) -> None:
    """Test that no secret, card, place or session can be found in the download."""
    await home.add_account(EVSE)
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Company card")
    session = home.simulator.world.start_at_pole(OTHER_EVSE, CARDS[0])
    await home.advance(310)
    text = json.dumps(await _download(home, hass_client))
    planted = [
        CLIENT_ID,
        CLIENT_SECRET,
        *CARDS,
        *(card.replace("-", "") for card in CARDS),
        EVSE,
        OTHER_EVSE,
        "E02003451",
        "Company card",
        "Maarssenbroeksedijk",
        session.session_id,
        session.user_id,
        home.simulator.url,
        str(home.entry.unique_id),
    ]
    assert [value for value in planted if value in text] == []
