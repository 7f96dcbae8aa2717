"""Tests of reading CleverEV's chargers, on one page or many."""

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.backends.backend import Answer
from custom_components.ev_charging_sessions.charging.model import (
    SessionStatus,
)
from tests.conftest import START

from .cleverev_answers import (
    CHARGER,
    CONNECTOR,
    RUNNING,
)
from .cleverev_script import Script
from .scripted_server import ScriptedServer


@pytest.fixture
def script(
    server: ScriptedServer, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> Script:
    """Return a backend at a scripted namespace."""
    freezer.move_to(START)
    return Script(server, http)


@pytest.mark.parametrize("size", [99, 100, 101, 250])
async def test_chargers_on_several_pages(script: Script, size: int) -> None:
    """Test that all chargers are read, with no more requests than pages."""
    script.namespace.chargers = [CHARGER | {"id": f"chg_{number}"} for number in range(size)]
    await script.poll()
    assert len(script.answer.charge_points) == size
    assert script.answer.listed == {f"chg_{number}-1" for number in range(size)}
    assert script.asked.count("chargers") == -(-size // 100)
    await script.poll()
    assert script.answer == Answer(read=START)
    del script.namespace.chargers[7]
    await script.poll()
    assert script.answer.charge_points == ()
    assert script.answer.listed
    assert len(script.answer.listed) == size - 1


@pytest.mark.parametrize(
    ("body", "points", "is_listed"),
    [
        ({"chargers": [CHARGER]}, 1, True),
        ({"chargers": [CHARGER], "total": 2}, 1, False),
        ({"chargers": [CHARGER, {"id": "a/b"}], "total": 2}, 1, False),
        ({"chargers": None}, 0, True),
        ({"chargers": [], "total": 0}, 0, True),
        ({"chargers": [CHARGER | {"connectors": [CONNECTOR, 5]}]}, 0, False),
    ],
)
async def test_chargers_that_may_not_be_all(
    script: Script, body: object, points: int, is_listed: bool
) -> None:
    """Test that nothing counts as gone while some chargers may be missing."""
    script.namespace.answers["chargers"] = body
    await script.poll()
    assert len(script.answer.charge_points) == points
    assert (script.answer.listed is not None) is is_listed
    assert script.asked.count("chargers") <= 2


async def test_too_many_chargers(script: Script) -> None:
    """Test that the pages have an end, and that nothing is gone for being behind it."""
    script.namespace.chargers = [CHARGER | {"id": f"chg_{number}"} for number in range(2100)]
    await script.poll()
    assert (len(script.answer.charge_points), script.answer.listed) == (2000, None)
    assert script.asked.count("chargers") == 20


async def test_one_charger_cannot_be_read(script: Script) -> None:
    """Test that the others are told, and the field is named, also when nothing has changed."""
    script.namespace.chargers = [CHARGER | {"id": "a/b"}, CHARGER]
    for expected in (1, 0):
        await script.poll()
        assert len(script.answer.charge_points) == expected
        assert script.answer.unreadable == ("chargers[].id",)


async def test_a_charger_that_comes_back(script: Script) -> None:
    """Test that a charge point that was gone is told again, though it is as it was."""
    script.namespace.chargers = [CHARGER, CHARGER | {"id": "chg_2"}]
    await script.poll()
    del script.namespace.chargers[1]
    await script.poll()
    assert (script.answer.charge_points, script.answer.listed) == ((), {"chg_1-1"})
    assert await script.backend.charge_point("chg_2-1") is None
    script.namespace.chargers.append(CHARGER | {"id": "chg_2"})
    await script.poll()
    assert [point.charge_point_id for point in script.answer.charge_points] == ["chg_2-1"]
    assert script.answer.listed == {"chg_1-1", "chg_2-1"}


async def test_what_a_connector_said_once_does_not_hold_for_ever(script: Script) -> None:
    """Test that the meter shows a pause while the chargers cannot be read."""
    script.namespace.chargers, script.namespace.sessions = [CHARGER], [RUNNING]
    assert await script.poll() == [("sess_1", SessionStatus.CHARGING)]
    script.namespace.answers["chargers"] = 500
    assert await script.poll() == []
    times = ("lastMeteredAtTimestamp", "updatedAt")
    script.namespace.sessions = [RUNNING | dict.fromkeys(times, "2026-11-21T08:40:00Z")]
    assert await script.poll() == [("sess_1", SessionStatus.SUSPENDED)]
    del script.namespace.answers["chargers"]
    assert await script.poll() == [("sess_1", SessionStatus.CHARGING)]
