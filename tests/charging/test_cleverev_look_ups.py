"""Tests of what becomes of CleverEV's sessions that no list holds."""

from typing import Any

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.model import (
    SessionStatus,
)
from tests.conftest import START

from .cleverev_answers import (
    ENDED,
    RUNNING,
    past,
    session_of,
    without,
)
from .cleverev_script import Script, opened
from .scripted_server import ScriptedServer

STOPPED = RUNNING | {
    "status": "Stopped",
    "stoppedAtTimestamp": "2026-11-21T09:00:00Z",
    "updatedAt": "2026-11-21T09:00:00Z",
}


@pytest.fixture
def script(
    server: ScriptedServer, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> Script:
    """Return a backend at a scripted namespace."""
    freezer.move_to(START)
    return Script(server, http)


@pytest.mark.parametrize("generation", ["current", "legacy"])
async def test_a_session_that_nobody_knows_any_more(
    script: Script, freezer: FrozenDateTimeFactory, generation: str
) -> None:
    """Test that a session which was deleted is given up after an hour."""
    script.restart(api_generation=generation)
    script.namespace.sessions = [ENDED]
    await script.poll()
    for _ in range(4):
        assert await script.poll(opened()) == []
        freezer.tick(900)
    assert await script.poll(opened()) == [("sess_1", SessionStatus.FINISHED)]
    assert script.answer.sessions[0].stop_reason == "not_found"


async def test_a_session_that_cannot_be_read_is_not_given_up(
    script: Script, freezer: FrozenDateTimeFactory
) -> None:
    """Test that what stands in a list is there, whether or not anybody can read it."""
    script.namespace.sessions = [RUNNING | {"energy": "much"}]
    for _ in range(8):
        assert await script.poll(opened()) == []
        assert set(script.answer.unreadable) == {"chargingSessions[].energy"}
        assert "sess_1" not in script.asked
        freezer.tick(900)


@pytest.mark.parametrize(
    ("answer", "noted"),
    [
        ({"chargingSession": RUNNING | {"id": "other"}}, "chargingSession.id"),
        ({"chargingSession": without(RUNNING, "chargerId")}, "chargingSessions[].chargerId"),
        ({"success": False}, "session: unsuccessful"),
        (403, "session: HTTP 403"),
        ({"chargingSession": 5}, "$"),
    ],
)
async def test_look_ups_that_fail(
    script: Script, freezer: FrozenDateTimeFactory, answer: Any, noted: str
) -> None:
    """Test that a look-up which is refused or unreadable ends nothing."""
    script.namespace.answers["sess_1"] = answer
    for _ in range(8):
        assert await script.poll(opened()) == []
        assert len(script.answer.unreadable) == 1
        assert noted in {*script.answer.unreadable, "$"}
        freezer.tick(900)
    script.namespace.answers["sess_1"] = 500
    assert await script.poll(opened(), opened("sess_2")) == []
    assert script.answer.unreadable == ()
    # What cannot be reached now is not asked for the next session at once.
    assert "sess_2" not in script.asked
    script.namespace.answers["sess_1"] = {"session": STOPPED}
    freezer.tick(900)
    assert await script.poll(opened()) == [("sess_1", SessionStatus.FINISHED)]


async def test_look_ups_take_turns(script: Script) -> None:
    """Test that many missing sessions do not use up the budget, and that each has its turn."""
    missing = [opened(f"sess_{number}") for number in range(10)]
    asked: list[str] = []
    for number in range(5):
        await script.poll(*missing)
        asked += [each for each in script.asked if each.startswith("sess_")]
        assert len(asked) == 4 * (number + 1)
    assert sorted(asked) == sorted([each.session_id for each in missing] * 2)


async def test_legacy_look_ups_have_an_end(script: Script) -> None:
    """Test that a session is looked for at its charger, on a few pages."""
    script.restart(api_generation="legacy")
    script.namespace.sessions = [past(number) for number in range(2500, 0, -1)]
    await script.poll()
    script.namespace.sessions[2200] |= {"id": "sess_9"}
    assert await script.poll(opened("sess_9")) == []
    assert len(script.asked) == 2 + 3
    script.namespace.sessions[200] |= {"id": "sess_8"}
    assert await script.poll(opened("sess_8")) == [("sess_8", SessionStatus.FINISHED)]
    # Of a session without a place nobody knows where to look.
    assert await script.poll(opened("sess_7", None)) == []
    assert len(script.asked) == 2


async def test_watched_sessions(script: Script) -> None:
    """Test that a session that commands wait for is looked up when it is in no list."""
    script.namespace.answers["sess_5"] = {"session": RUNNING | {"id": "sess_5"}}
    assert await script.poll(watched=("sess_5",)) == [("sess_5", SessionStatus.CHARGING)]
    assert await script.poll(watched=("sess_5",)) == []
    assert "sess_5" in script.asked
    script.namespace.sessions = [RUNNING]
    await script.poll(watched=("sess_1",))
    assert "sess_1" not in script.asked


async def test_the_unit_of_a_single_session(script: Script) -> None:
    """Test that a session that was looked up means the same as in a list."""
    script.namespace.answers["sess_1"] = STOPPED
    await script.poll(opened())
    (session,) = script.answer.sessions
    assert session == session_of(STOPPED)


async def test_what_was_not_read_to_its_end_ends_nothing(
    script: Script, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a session which may be on a page that was not read is not given up."""
    script.restart(api_generation="legacy")
    script.namespace.sessions = [RUNNING | {"id": f"sess_{number}"} for number in range(110)]
    script.namespace.cap = 5
    for _ in range(8):
        assert "gone" not in {session_id for session_id, _ in await script.poll(opened("gone"))}
        freezer.tick(900)
    del script.namespace.sessions[20:]
    for _ in range(6):
        told = await script.poll(opened("gone"))
        freezer.tick(900)
    assert ("gone", SessionStatus.FINISHED) in told
