"""A second of the flood that ``tests/benchmarks/calls.py`` lets last for ten."""

import asyncio
import json
import logging
from pathlib import Path

import pytest

from homeassistant.core import HomeAssistant

from tests.benchmarks.calls import flooded, replays
from tests.benchmarks.calls_home import calls_home
from tests.benchmarks.calls_peer import network, turns
from tests.observe import PACKAGE

SECONDS = 1.0
# The bodies of half the calls would be 30 MB.
MOST_MEMORY = 15.0


async def test_flood(
    hass: HomeAssistant, socket_enabled: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that a flood is answered or cut off, moves no switch, and lets a real call through."""
    hass.config.config_dir = str(tmp_path)
    # A log that is kept, and a loop that is watched, would grow with every call.
    caplog.set_level(logging.WARNING)
    caplog.set_level(logging.DEBUG, PACKAGE)
    hass.loop.set_debug(False)
    async with network() as url, calls_home(hass, url) as home:
        order = {"payment-reference": "order-1"}
        wrong = home.call("session-start", 1, key="wrong")
        big = home.call("session-start", 1, key="wrong", padding="x" * 60_000)
        floor, _ = await flooded("bare webhook", home.bare(wrong), seconds=SECONDS)
        assert floor.answers == {"200": floor.sent}
        assert home.switch.turned == []

        flooding = asyncio.create_task(flooded("wrong key", wrong, big, seconds=SECONDS))
        (started,) = await turns(home.call("session-start", 60, **order))
        refused, watch = await flooding
        assert set(refused.answers) <= {"401", "cut"}
        assert refused.answers["401"] >= refused.sent / 2
        assert sum(refused.answers.values()) == refused.sent
        assert max(watch.memory) - watch.memory[0] < MOST_MEMORY
        assert (started.status, json.loads(started.body)["result"]["code"]) == (200, 0)

        known, watch = await flooded("right key", *replays(home), seconds=SECONDS)
        assert set(known.answers) <= {"200", "400", "401", "429", "cut"}
        assert known.answers["400"] > 0
        assert sum(known.answers.values()) == known.sent
        assert max(watch.memory) - watch.memory[0] < MOST_MEMORY
        assert [is_on for _, is_on in home.switch.turned] == [True]
        ours = [each.getMessage() for each in caplog.records if each.name.startswith(PACKAGE)]
        assert len(ours) < 50
