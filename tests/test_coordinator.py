"""The meeting point of an account: how it begins, and whom it tells what."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from homeassistant.config_entries import ConfigEntryState

from custom_components.ev_charging_sessions.archive import LEDGER_FILE
from tests.charging.ledger_files import execute
from tests.home import EVSE, OTHER_EVSE, Home
from tests.simulator.defaults import CARDS


@pytest.mark.parametrize("table", ["sessions", "commands"])
async def test_broken_ledger(home: Home, table: str) -> None:
    """Test that nothing is asked before the archive can be read, and all is shown after."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    assert await home.hass.config_entries.async_unload(home.entry.entry_id)
    file = Path(home.hass.config.path(LEDGER_FILE))
    await home.hass.async_add_executor_job(execute, file, f"ALTER TABLE {table} RENAME TO hidden")
    home.simulator.log.clear()
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.settle()
    assert home.is_in(ConfigEntryState.SETUP_RETRY)
    assert home.entry.error_reason_translation_key == "ledger_error"
    assert not home.simulator.log.entries
    await home.hass.async_add_executor_job(execute, file, f"ALTER TABLE hidden RENAME TO {table}")
    await home.run(60)
    assert home.is_in(ConfigEntryState.LOADED)
    assert home.state("sensor", "status").state == "charging"


class Ears:
    """Listeners as entities have them, and how often each of them was told."""

    def __init__(self, home: Home, *contexts: str | None) -> None:
        """Begin to listen for these charge points, or (``None``) for the account."""
        self.told: Counter[str | None] = Counter()
        for context in contexts:
            home.coordinator.async_add_listener(self._listener(context), context)

    def _listener(self, context: str | None) -> Callable[[], None]:
        def update() -> None:
            self.told[context] += 1

        return update


async def test_only_who_has_news_is_told(home: Home) -> None:
    """Test that a change at one charge point costs the entities of another nothing."""
    await home.add_account(EVSE, OTHER_EVSE)
    ears = Ears(home, EVSE, OTHER_EVSE, None)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    assert home.state("sensor", "status").state == "charging"
    assert ears.told.keys() == {EVSE, None}
    ears.told.clear()
    home.simulator.world.start_at_pole(OTHER_EVSE, CARDS[0])
    await home.run(31)
    assert ears.told.keys() == {OTHER_EVSE, None}


async def test_all_are_told_of_an_outage(home: Home) -> None:
    """Test that live values go and come everywhere, though no charge point has news."""
    await home.add_account(EVSE, OTHER_EVSE)
    ears = Ears(home, EVSE, OTHER_EVSE, None)
    home.simulator.faults.on("http_503")
    await home.run(310)
    assert ears.told.keys() == {EVSE, OTHER_EVSE, None}
    assert ears.told[EVSE] == ears.told[OTHER_EVSE] == 1
    home.simulator.faults.off()
    await home.run(120)
    assert ears.told[EVSE] == ears.told[OTHER_EVSE] == 2


async def test_a_listener_that_raises(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Test that one listener that raises silences no other, and is said once in the log."""
    await home.add_account(EVSE)

    def fail() -> None:
        raise ValueError("I cannot listen")

    home.coordinator.async_add_listener(fail, EVSE)
    ears = Ears(home, EVSE, None)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    assert ears.told.keys() == {EVSE, None}
    assert home.coordinator.last_update_success
    failures = [each for each in caplog.records if each.getMessage() == "A listener failed"]
    assert failures
    assert all(each.exc_info for each in failures)
