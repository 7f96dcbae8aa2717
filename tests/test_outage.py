"""Start-up without the network, or without the ledger."""

import logging
from pathlib import Path

import pytest

from homeassistant.config_entries import ConfigEntryState
from homeassistant.exceptions import HomeAssistantError

from custom_components.ev_charging_sessions.archive import LEDGER, LEDGER_FILE
from tests.charging.ledger_files import execute
from tests.home import EVSE, Home
from tests.observe import complaints, sessions
from tests.simulator.defaults import CARDS


@pytest.fixture(autouse=True)
def _log_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)


@pytest.mark.parametrize("fault", ["refused", "http_503", "html", "reset", "http_429"])
async def test_no_network_at_start_up(
    home: Home, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that an account comes up by itself once the network answers again."""
    await home.add_account(EVSE)
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    caplog.clear()
    if fault == "refused":
        await home.simulator.stop()
    else:
        home.simulator.faults.on(fault, scope="*")
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.settle()
    assert home.is_in(ConfigEntryState.SETUP_RETRY)
    reason = "rate_limited" if fault == "http_429" else "backend_unavailable"
    assert home.entry.error_reason_translation_key == reason
    home.simulator.world.unplug(EVSE)
    await home.run(600)
    assert home.is_in(ConfigEntryState.SETUP_RETRY)

    if fault == "refused":
        await home.simulator.start()
    else:
        home.simulator.faults.off()
    # The longest wait between two tries of Home Assistant, or of our own.
    await home.run(1300)
    assert home.is_in(ConfigEntryState.LOADED)
    assert not (await sessions(home))[session.session_id].is_open
    assert home.state("sensor", "session_ended").state != "unknown"
    assert complaints(caplog.records) == []


async def test_credentials_refused_at_start_up(home: Home) -> None:
    """Test that refused credentials at set-up ask a person instead of trying on."""
    await home.add_account(EVSE)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    home.simulator.world.accounts.clear()
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.settle()
    assert home.is_in(ConfigEntryState.SETUP_ERROR)
    assert home.entry.error_reason_translation_key == "authentication_failed"
    (flow,) = home.hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"


def _raise_version(file: Path, by: int) -> bytes:
    """Make a file one of a later release, or bring it back, and return it."""
    execute(file, f"UPDATE schema_version SET version = version + {by}")  # noqa: S608 -- our own number
    return file.read_bytes()


async def test_ledger_of_a_later_release(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Test that a ledger that cannot be used keeps the account waiting, in plain words."""
    await home.add_account(EVSE)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.hass.data.pop(LEDGER).close()
    file = Path(home.hass.config.path(LEDGER_FILE))
    later = await home.hass.async_add_executor_job(_raise_version, file, 1)
    caplog.clear()
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.settle()
    assert home.is_in(ConfigEntryState.SETUP_RETRY)
    assert home.entry.error_reason_translation_key == "ledger_error"
    assert complaints(caplog.records) == []
    assert await home.hass.async_add_executor_job(file.read_bytes) == later

    await home.hass.async_add_executor_job(_raise_version, file, -1)
    await home.run(700)
    assert home.is_in(ConfigEntryState.LOADED)
    assert home.state("sensor", "status").state == "available"


async def test_ledger_breaks_while_running(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Test that what could not be written down is read again once that is possible."""
    await home.add_account(EVSE)
    caplog.clear()
    await home.coordinator.ledger.close()
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    assert home.state("sensor", "status").state == "unavailable"
    with pytest.raises(HomeAssistantError) as failure:
        await home.act("get_sessions")
    assert failure.value.translation_key == "ledger_error"
    assert complaints(caplog.records) == []
    await home.coordinator.ledger.open()
    await home.run(310)
    assert home.state("sensor", "status").state == "charging"
    assert session.session_id in await sessions(home)
