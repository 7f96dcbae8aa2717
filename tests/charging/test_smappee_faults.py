"""Tests of Smappee's polls when something is wrong, against the simulator."""

from datetime import timedelta
import logging

import pytest

from custom_components.ev_charging_sessions.charging.backends.smappee import REVIEWED
from custom_components.ev_charging_sessions.charging.errors import (
    BackendError,
    BackendUnavailableError,
    RateLimitError,
    RequestRejectedError,
)
from custom_components.ev_charging_sessions.charging.model import (
    ChargePointStatus,
    SessionStatus,
)
from tests.conftest import START
from tests.simulator.cars import Car
from tests.simulator.defaults import (
    RFIDS,
    SMAPPEE_CLIENT_SECRET,
    SMAPPEE_PASSWORD,
    SMAPPEE_USERNAME,
)

from .park_owner import (
    DOUBLE_SERIAL,
    NORTH,
    POINT,
    SERIAL,
    SOUTH,
    SOUTH_POINT,
    SOUTH_SERIAL,
    ParkOwner,
    states,
)
from .secrets import assert_silent

DAY = 86400


async def test_a_review_that_fails_stays_due(owner: ParkOwner) -> None:
    """Test that a failure costs no review, and that nothing counts as seen."""
    session = owner.parks.plug(SERIAL, 1)
    owner.parks.unplug(SERIAL, 1)
    owner.tick(20 * DAY)
    owner.simulator.faults.on("http_500", scope=f"/dev/v3/chargingparks/{SOUTH}", count=1)
    with pytest.raises(BackendUnavailableError):
        await owner.poll()
    answer = await owner.poll()
    assert states(answer) == [(str(session.id), SessionStatus.FINISHED)]
    assert answer.listed
    assert len(answer.charge_points) == 8


@pytest.mark.parametrize("fault", ["http_500", "http_503", "html", "empty_body", "reset"])
@pytest.mark.parametrize("scope", [NORTH, SOUTH])
async def test_a_failing_poll_loses_nothing(owner: ParkOwner, fault: str, scope: str) -> None:
    """Test that what was read before a failure is told again, charge points included."""
    await owner.poll()
    sessions = [owner.parks.plug(SERIAL, 1), owner.parks.plug(SOUTH_SERIAL, 1)]
    owner.simulator.faults.on(fault, scope=f"/dev/v3/chargingparks/{scope}")
    with pytest.raises(BackendError):
        await owner.poll()
    owner.simulator.faults.off()
    owner.tick(600)
    told = {session_id for session_id, _ in states(await owner.poll())}
    assert told == {str(session.id) for session in sessions}
    assert owner.points[POINT].status is owner.points[SOUTH_POINT].status is None


async def test_a_limit(owner: ParkOwner) -> None:
    """Test that a 429 is passed on with what the network asks for."""
    await owner.poll()
    owner.simulator.faults.on("http_429", scope="park_sessions", count=1, retry_after=90)
    with pytest.raises(RateLimitError) as caught:
        await owner.poll()
    assert caught.value.retry_after == 90


async def test_forget(owner: ParkOwner) -> None:
    """Test that everything is told again after an answer that could not be kept."""
    owner.parks.plug(SERIAL, 1)
    before = await owner.poll()
    assert (await owner.poll()).charge_points == ()
    owner.backend.forget()
    again = await owner.poll()
    assert (again.sessions, again.listed) == (before.sessions, before.listed)
    assert again.charge_points == before.charge_points


async def test_forget_a_review(owner: ParkOwner) -> None:
    """Test that what only a review tells is told again too."""
    session = owner.parks.plug(SERIAL, 1)
    owner.parks.unplug(SERIAL, 1)
    owner.tick(20 * DAY)
    for _ in range(2):
        assert states(await owner.poll()) == [(str(session.id), SessionStatus.FINISHED)]
        assert states(await owner.poll()) == []
        owner.backend.forget()


async def test_a_clock_that_is_put_back(owner: ParkOwner) -> None:
    """Test that reviews go on when a clock was wrong."""
    await owner.poll()
    owner.backend._reviewed[NORTH] += timedelta(days=10)
    owner.simulator.log.clear()
    await owner.poll()
    north, _, south, _ = (entry.query for entry in owner.simulator.log.entries)
    first = int((START - REVIEWED).replace(hour=0).timestamp() * 1000)
    assert north == f"range={first}"
    assert south != north


async def test_a_stale_list_of_active_sessions(owner: ParkOwner) -> None:
    """Test that an end is believed, whatever the other list says."""
    session = owner.parks.plug(SERIAL, 1)
    await owner.poll()
    owner.simulator.faults.on("stale_active", scope="park_sessions")
    owner.tick(60)
    owner.parks.unplug(SERIAL, 1)
    assert states(await owner.poll()) == [(str(session.id), SessionStatus.FINISHED)]
    assert (await owner.poll()).sessions == ()
    owner.simulator.faults.off()
    assert (await owner.poll()).sessions == ()
    assert owner.points[POINT].status is ChargePointStatus.AVAILABLE


async def test_a_rotten_session_among_good_ones(owner: ParkOwner) -> None:
    """Test that the others are told, and the rotten one is named."""
    owner.simulator.smappee.settings.newest_first = False
    for position in (1, 2):
        owner.parks.plug(DOUBLE_SERIAL, position, Car(level=60))
    owner.simulator.faults.on("rotten_session", scope="park_sessions")
    answer = await owner.poll()
    assert [each.charge_point_id for each in answer.sessions] == [f"{DOUBLE_SERIAL}-2"]
    assert set(answer.unreadable) == {"sessions[].from"}
    owner.simulator.faults.off()
    answer = await owner.poll()
    assert [each.charge_point_id for each in answer.sessions] == [f"{DOUBLE_SERIAL}-1"]
    assert answer.unreadable == ()


async def test_unknown_status(owner: ParkOwner) -> None:
    """Test that a session in a state nobody knows is there, and open."""
    owner.parks.plug(SERIAL, 1)
    owner.simulator.faults.on("unknown_enum", scope="park_sessions")
    ((_, status),) = states(await owner.poll())
    assert status is None
    assert len(owner.open) == 1


async def test_the_log_names_calls_and_nothing_else(
    owner: ParkOwner, caplog: pytest.LogCaptureFixture
) -> None:
    """Test what a debug log shows of a good day and of a bad one."""
    caplog.set_level(logging.DEBUG)
    owner.parks.plug(SERIAL, 1, rfid=RFIDS[0])
    await owner.poll()
    owner.simulator.faults.on("http_400")
    with pytest.raises(RequestRejectedError):
        await owner.poll()
    assert f"GET chargingparks/{NORTH}/sessions: 200" in caplog.text
    assert_silent(
        caplog.text,
        {
            *RFIDS,
            SMAPPEE_CLIENT_SECRET,
            SMAPPEE_PASSWORD,
            SMAPPEE_USERNAME,
            *(each.access_token for each in owner.tokens),
            *(each.refresh_token for each in owner.tokens),
        },
    )
