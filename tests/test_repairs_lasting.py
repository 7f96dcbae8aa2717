"""Tests of how long the repairs of an outage last: not reloads, but answers and writes end them."""

from functools import partial
import logging

import pytest

from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler, ConfigEntryState
from homeassistant.helpers import issue_registry as ir

from custom_components.ev_charging_sessions.charging.errors import (
    BackendUnavailableError,
    LedgerSetupError,
)
from custom_components.ev_charging_sessions.const import DOMAIN
from custom_components.ev_charging_sessions.issues import async_note_failure, async_note_unposted
from tests.guest_house import GuestHouse
from tests.home import EVSE, Home


def _issues(home: Home) -> set[str]:
    """Return what our issues are about."""
    found = ir.async_get(home.hass).issues.values()
    return {str(each.translation_key) for each in found if each.domain == DOMAIN}


async def _pass(home: Home, hours: int) -> None:
    """Let hours pass in strides: a home that does little else is asked often enough so."""
    for _ in range(6 * hours):
        await home.advance(601)


def _marks(home: Home) -> set[str]:
    """Return the accounts of which it is noted since when something fails."""
    kept = [value for key, value in home.hass.data.items() if str(key).endswith("_since")]
    assert kept
    return {entry_id for each in kept for entry_id in each}


async def _disable(home: Home, entry: ConfigEntry, by: ConfigEntryDisabler | None) -> None:
    await home.hass.config_entries.async_set_disabled_by(entry.entry_id, by)
    await home.settle()


async def test_outage_while_an_account_comes_and_goes(guest_house: GuestHouse) -> None:
    """Test that a reload does not end an outage, and that what is turned off has none."""
    house, home = guest_house, guest_house.home
    entries, user = home.hass.config_entries, ConfigEntryDisabler.USER
    await house.add_operator()
    operator = home.entry
    await home.add_account(EVSE)
    home.simulator.faults.on("http_503", scope="*")
    await _pass(home, 2)
    assert _issues(home) == {"backend_unavailable"}
    await entries.async_reload(home.entry.entry_id)
    await home.settle()
    assert home.is_in(ConfigEntryState.SETUP_RETRY)
    assert _issues(home) == {"backend_unavailable"}
    assert _marks(home) == {home.entry.entry_id}

    # It waits for its set-up, so there is nothing to unload.
    await _disable(home, home.entry, user)
    assert (_issues(home), _marks(home)) == (set(), set())
    await home.advance(7201)
    await _disable(home, home.entry, None)
    assert home.is_in(ConfigEntryState.SETUP_RETRY)
    assert _issues(home) == set(), "it has just begun"
    await entries.async_unload(home.entry.entry_id)
    await home.advance(3 * 3600)
    await entries.async_setup(home.entry.entry_id)
    assert _issues(home) == set(), "nobody knows what was meanwhile"
    home.simulator.faults.off()
    await home.run(700)
    assert home.is_in(ConfigEntryState.LOADED)
    assert _marks(home) == set()

    # The archive of all: whoever is turned off or removed holds its recovery up no more.
    ledger = home.coordinator.ledger
    await ledger.close()
    for entry in (home.entry, operator):
        await entries.async_reload(entry.entry_id)
    await _pass(home, 2)
    assert _marks(home) == {home.entry.entry_id, operator.entry_id}
    assert _issues(home) == {"archive_unavailable"}
    await _disable(home, operator, user)
    assert _marks(home) == {home.entry.entry_id}
    await ledger.open()
    await home.run(700)
    assert (_issues(home), _marks(home)) == (set(), set())

    for leave in (
        partial(_disable, home, home.entry, user),
        partial(entries.async_remove, home.entry.entry_id),
    ):
        async_note_failure(home.hass, home.entry, BackendUnavailableError("HTTP 503"))
        async_note_failure(home.hass, home.entry, LedgerSetupError("ledger_url_invalid"))
        async_note_unposted(home.hass, home.entry)
        assert _marks(home) == {home.entry.entry_id}
        assert _issues(home) == {"archive_unavailable"}
        await leave()
        assert (_issues(home), _marks(home)) == (set(), set())


async def test_archive_unavailable_to_an_outbox(
    guest_house: GuestHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that it is not put down to the network, nor over before something can be written."""
    caplog.set_level(logging.INFO)
    home = guest_house.home
    await guest_house.add_operator()
    ledger = home.coordinator.ledger
    await ledger.close()
    caplog.clear()
    await _pass(home, 2)
    assert _issues(home) == {"archive_unavailable"}
    await home.coordinator.async_refresh()
    assert home.coordinator.last_update_success, "there was nothing to write"
    assert _issues(home) == {"archive_unavailable"}
    await ledger.open()
    await _pass(home, 1)
    assert (_issues(home), _marks(home)) == (set(), set())
    told = [each.getMessage().partition(":")[0] for each in caplog.records]
    lines = [each for each in told if each.startswith("Sessions ")]
    assert lines == ["Sessions cannot be posted now", "Sessions are posted again"]
