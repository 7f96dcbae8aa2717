"""A Home Assistant with a recorder and an account that nobody polls, in a folder of its own.

As a program, it writes the statistics that are due, and rebuilds them when it is told to, until
it is killed. It prints what it has done.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
import sys

from tests import ha_compat  # noqa: F401 - loads what must come before Home Assistant

from pytest_homeassistant_custom_component.common import (  # isort: skip
    MockConfigEntry,
    async_test_home_assistant,
)

from homeassistant.helpers.recorder import async_initialize_recorder
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component

from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.model import Account
from custom_components.ev_charging_sessions.const import DOMAIN
from custom_components.ev_charging_sessions.coordinator import ChargingCoordinator
from custom_components.ev_charging_sessions.networks import NETWORKS
from custom_components.ev_charging_sessions.statistics import StatisticsWriter

ACCOUNT = Account(backend="smappee", account_id="0123456789abcdef")
LEDGER, RECORDER = "ledger.db", "recorder.db"


@asynccontextmanager
async def recording_home(folder: Path) -> AsyncIterator[ChargingCoordinator]:
    """Set up the home and what writes its statistics; nothing is written yet."""
    ledger = Ledger(f"sqlite:///{folder / LEDGER}")
    await ledger.open()
    async with async_test_home_assistant(config_dir=str(folder)) as hass:
        # It would time every step of the loop.
        hass.loop.set_debug(False)
        # Home Assistant's HTTP client looks names up with the help of this component.
        assert await async_setup_component(hass, "network", {})
        hass.data.pop(DATA_CUSTOM_COMPONENTS, None)
        async_initialize_recorder(hass)
        config = {"db_url": f"sqlite:///{folder / RECORDER}", "commit_interval": 1}
        assert await async_setup_component(hass, "recorder", {"recorder": config})
        await hass.async_block_till_done()
        credentials = dict.fromkeys(("client_id", "client_secret", "username", "password"), "x")
        entry = MockConfigEntry(
            domain=DOMAIN,
            unique_id=ACCOUNT.account_id,
            title="Company",
            data={
                "backend": ACCOUNT.backend,
                **credentials,
                "base_url": "http://127.0.0.1:9",
                "service_location_ids": ["1"],
            },
        )
        entry.add_to_hass(hass)
        backend = NETWORKS[ACCOUNT.backend].create(
            hass, ACCOUNT, entry.data, cards=(), keep=lambda _: None
        )
        coordinator = ChargingCoordinator(hass, entry, ACCOUNT, backend, ledger)
        coordinator.statistics = StatisticsWriter(hass, coordinator)
        try:
            yield coordinator
        finally:
            await hass.async_stop(force=True)
            await ledger.close()


def _tell(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


async def _main(folder: Path) -> None:
    async with recording_home(folder) as coordinator:
        writer = coordinator.statistics
        assert writer
        _tell("ready")
        await writer.async_catch_up()
        _tell("written")
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, sys.stdin.readline):
            await writer.async_rebuild(dry_run=False)
            _tell("rebuilt")


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
