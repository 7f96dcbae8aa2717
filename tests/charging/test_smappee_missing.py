"""Tests of sessions that Smappee's parks no longer list, against the simulator."""

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.backends.forgotten import FORGOTTEN_AFTER
from custom_components.ev_charging_sessions.charging.backends.smappee import (
    REVIEWED,
)
from custom_components.ev_charging_sessions.charging.backends.smappee_look_ups import (
    LOOK_UPS_PER_POLL,
)
from custom_components.ev_charging_sessions.charging.model import (
    Session,
    SessionStatus,
)
from tests.conftest import START

from .park_owner import (
    ACCOUNT,
    POINT,
    SERIAL,
    SOUTH_SERIAL,
    ParkOwner,
    smappee_at,
    states,
)
from .scripted_server import ScriptedServer
from .smappee_answers import RUNNING, ScriptedPark

DAY = 86400


async def test_a_session_that_vanishes_is_looked_up(owner: ParkOwner) -> None:
    """Test that a session that is too old for the lists is found at its station."""
    session = owner.parks.plug(SERIAL, 1)
    await owner.poll()
    owner.tick(REVIEWED.total_seconds() + DAY)
    await owner.poll()
    assert owner.sent("station_sessions") == 0
    owner.tick(60)
    owner.parks.unplug(SERIAL, 1)
    assert states(await owner.poll()) == [(str(session.id), SessionStatus.FINISHED)]
    assert owner.sent("station_sessions") == 1
    assert not owner.open
    await owner.poll()
    assert owner.sent("station_sessions") == 1


async def test_a_session_that_nobody_knows(owner: ParkOwner) -> None:
    """Test that an hour of not being found ends a session, and less does not."""
    owner.parks.plug(SERIAL, 1)
    await owner.poll()
    owner.parks.remove_station(SERIAL)
    assert (await owner.poll()).sessions == ()
    assert await owner.poll_for(FORGOTTEN_AFTER - 1) == []
    (ended,) = await owner.poll_for(2)
    assert (ended.status, ended.stop_reason) == (SessionStatus.FINISHED, "not_found")
    assert not owner.open


async def test_an_hour_of_not_being_found_begins_anew(owner: ParkOwner) -> None:
    """Test that a session that turned up in between is missing from then on only."""
    session = owner.parks.plug(SERIAL, 1)
    await owner.poll()
    of_station = owner.parks._by_station[SERIAL]
    of_station.clear()
    await owner.poll()
    await owner.poll_for(FORGOTTEN_AFTER - 1)
    of_station.append(session)
    await owner.poll()
    of_station.clear()
    owner.tick(2)
    assert (await owner.poll()).sessions == ()
    assert owner.open


async def test_an_hour_begins_anew_when_the_station_knows_it(
    server: ScriptedServer, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> None:
    """Test the same for a session that only its station still tells of."""
    park = ScriptedPark(active=[RUNNING])
    server.answer = park
    backend = smappee_at(server.url, http)
    (session,) = (await backend.poll({})).sessions
    park.answers["active"] = []
    told: list[Session] = []
    for minute in range(0, 75, 15):
        park.answers["station"] = [RUNNING] if minute == 45 else []
        told += (await backend.poll({session.session_id: session})).sessions
        freezer.tick(900)
    assert told == []


async def test_an_hour_begins_anew_after_an_outage(owner: ParkOwner) -> None:
    """Test that a session is not given up for an hour in which nobody looked."""
    owner.parks.plug(SERIAL, 1)
    await owner.poll()
    owner.parks.remove_station(SERIAL)
    await owner.poll()
    owner.tick(FORGOTTEN_AFTER + 1)
    assert (await owner.poll()).sessions == ()
    assert await owner.poll_for(FORGOTTEN_AFTER - 1) == []
    assert len(await owner.poll_for(2)) == 1


@pytest.mark.parametrize("fault", ["http_500", "html", "reset"])
async def test_a_station_in_trouble(owner: ParkOwner, fault: str) -> None:
    """Test that a look-up which fails hides nothing of what the lists tell."""
    owner.parks.plug(SERIAL, 1)
    await owner.poll()
    owner.tick(REVIEWED.total_seconds() + DAY)
    owner.parks.unplug(SERIAL, 1)
    other = owner.parks.plug(SOUTH_SERIAL, 1)
    owner.simulator.faults.on(fault, scope="station_sessions")
    assert states(await owner.poll()) == [(str(other.id), SessionStatus.CHARGING)]
    owner.simulator.faults.off()
    owner.tick(600)
    assert SessionStatus.FINISHED in {status for _, status in states(await owner.poll())}


async def test_late_meter_values_of_an_old_session(owner: ParkOwner) -> None:
    """Test that a session which was long enough to be on no list is still read afresh."""
    session = owner.parks.plug(SERIAL, 1)
    await owner.poll()
    owner.tick(REVIEWED.total_seconds() + DAY)
    await owner.poll()
    owner.tick(60)
    owner.parks.unplug(SERIAL, 1)
    await owner.poll()
    owner.parks.correct(session.id, owner.parks.reading(session) + 1)
    assert (await owner.poll()).sessions == ()
    watched = {str(session.id)}
    (corrected,) = (await owner.backend.poll(owner.open, watched=watched)).sessions
    assert corrected.energy == owner.parks.energy(session)
    assert (await owner.backend.poll(owner.open, watched={*watched, "nobody's"})).sessions == ()
    owner.parks._by_station[SERIAL].clear()
    for _ in range(6):
        owner.tick(900)
        assert (await owner.backend.poll(owner.open, watched=watched)).sessions == ()


async def test_look_ups_take_turns(owner: ParkOwner) -> None:
    """Test that a few are looked up at each poll, and each of them in turn."""
    await owner.poll()
    count = LOOK_UPS_PER_POLL + 3
    owner.open = {
        str(number): Session(
            account=ACCOUNT,
            session_id=str(number),
            charge_point_id=f"{number}-1",
            started=START,
            status=SessionStatus.CHARGING,
        )
        for number in range(count)
    }
    owner.simulator.log.clear()
    for _ in range(count):
        await owner.poll()
        owner.tick(30)
    asked = [
        entry.call.path.split("/")[4]
        for entry in owner.simulator.log.entries
        if entry.call.name == "station_sessions"
    ]
    assert len(asked) == LOOK_UPS_PER_POLL * count
    assert {asked.count(str(number)) for number in range(count)} == {LOOK_UPS_PER_POLL}


@pytest.mark.parametrize(
    "session",
    [
        Session(account=ACCOUNT, session_id="1", started=START),
        Session(account=ACCOUNT, session_id="1", charge_point_id=POINT),
    ],
)
async def test_a_session_that_cannot_be_looked_up(owner: ParkOwner, session: Session) -> None:
    """Test that a session of which too little is known is given up without a request."""
    await owner.poll()
    owner.open = {"1": session}
    assert (await owner.poll()).sessions == ()
    (ended,) = await owner.poll_for(FORGOTTEN_AFTER + 1)
    assert ended.status is SessionStatus.FINISHED
    assert owner.sent("station_sessions") == 0


@pytest.mark.parametrize(
    ("fault", "noted"),
    [
        ("rotten_session", "sessions[].from"),
        ("http_400", "station: HTTP 400"),
        ("http_403", "station: HTTP 403"),
    ],
)
async def test_a_look_up_that_is_refused(owner: ParkOwner, fault: str, noted: str) -> None:
    """Test that a refusal ends no session and hides no other."""
    owner.parks.plug(SERIAL, 1)
    await owner.poll()
    owner.tick(REVIEWED.total_seconds() + DAY)
    owner.parks.unplug(SERIAL, 1)
    other = owner.parks.plug(SOUTH_SERIAL, 1)
    owner.simulator.faults.on(fault, scope="station_sessions")
    answer = await owner.poll()
    assert states(answer) == [(str(other.id), SessionStatus.CHARGING)]
    assert answer.unreadable == (noted,)
    owner.tick(FORGOTTEN_AFTER + 1)
    await owner.poll()
    assert len(owner.open) == 2
