"""Tests of Smappee's polls, against the simulator."""

from datetime import timedelta

import pytest

from custom_components.ev_charging_sessions.charging.backends import smappee_wire
from custom_components.ev_charging_sessions.charging.backends.smappee import (
    REVIEW_INTERVAL,
)
from custom_components.ev_charging_sessions.charging.errors import (
    InvalidInputError,
)
from custom_components.ev_charging_sessions.charging.model import (
    ChargePointStatus,
    ChargingMode,
    Session,
    SessionStatus,
    Source,
)
from tests.conftest import START
from tests.simulator.cars import Car
from tests.simulator.defaults import (
    RFIDS,
)

from .park_owner import (
    ACCOUNT,
    DOUBLE_SERIAL,
    NORTH,
    POINT,
    SERIAL,
    SOUTH,
    SOUTH_SERIAL,
    ParkOwner,
    states,
)

DAY = 86400


async def test_the_life_of_a_session(owner: ParkOwner) -> None:
    """Test a car from plug to plug: what each poll tells, and that energy is metered at last."""
    assert (await owner.poll()).sessions == ()
    session = owner.parks.plug(SERIAL, 1, Car(level=0, max_power=22), RFIDS[0])
    answer = await owner.poll()
    assert answer.sessions == (
        Session(
            account=ACCOUNT,
            session_id=str(session.id),
            charge_point_id=POINT,
            card_id=RFIDS[0],
            status=SessionStatus.CHARGING,
            started=START,
            energy=0.0,
            energy_source=Source.REPORTED,
        ),
    )
    assert answer.read == START
    owner.tick(3600)
    (charging,) = (await owner.poll()).sessions
    assert charging.energy == pytest.approx(22, abs=0.001)
    owner.parks.suspend(SERIAL, 1)
    assert states(await owner.poll()) == [(str(session.id), SessionStatus.SUSPENDED)]
    owner.tick(60)
    ended = owner.parks.unplug(SERIAL, 1)
    (last,) = (await owner.poll()).sessions
    assert (last.status, last.ended) == (SessionStatus.FINISHED, ended.ended)
    assert (last.energy, last.energy_source) == (owner.parks.energy(ended), Source.METERED)
    assert (await owner.poll()).sessions == ()


async def test_nothing_changed(owner: ParkOwner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that a poll that brings nothing new returns and decodes nothing."""
    owner.parks.plug(SERIAL, 1, Car(level=60))
    owner.parks.plug(SOUTH_SERIAL, 1, Car(level=60))
    assert len((await owner.poll()).sessions) == 2
    decoded: list[bytes] = []
    await owner.poll()
    monkeypatch.setattr(smappee_wire, "_read_list", decoded.append)
    owner.simulator.log.clear()
    for _ in range(3):
        owner.tick(30)
        answer = await owner.poll()
        assert (answer.sessions, answer.charge_points, answer.listed) == ((), (), None)
    assert not decoded
    assert owner.simulator.log.counts() == {"park_sessions": 12}


async def test_only_what_changed_is_told(owner: ParkOwner) -> None:
    """Test that one change among many sessions is one session, and is decoded alone."""
    park = owner.parks.populate(20, 300)
    owner.restart(service_location_ids=(str(park.service_location_id),))
    assert len((await owner.poll()).sessions) == 304
    for _ in range(2):
        assert not {status for _, status in states(await owner.poll())} - {SessionStatus.CHARGING}
    running = [each for each in owner.parks.sessions.values() if not each.ended]
    owner.parks.unplug(running[2].serial, running[2].position)
    assert states(await owner.poll()) == [(str(running[2].id), SessionStatus.FINISHED)]


@pytest.mark.parametrize("shows", ["all", "completed"])
async def test_what_the_list_of_the_past_shows(owner: ParkOwner, shows: str) -> None:
    """Test both readings of the documents: each state of a session is told once."""
    owner.simulator.smappee.settings.plain_range_shows = "all" if shows == "all" else "completed"
    await owner.poll()
    session = owner.parks.plug(SERIAL, 1)
    assert states(await owner.poll()) == [(str(session.id), SessionStatus.CHARGING)]
    owner.parks.unplug(SERIAL, 1)
    assert states(await owner.poll()) == [(str(session.id), SessionStatus.FINISHED)]
    assert states(await owner.poll()) == []
    assert owner.sent("station_sessions") == 0


async def test_shapes(owner: ParkOwner) -> None:
    """Test the documented shape, bare objects, seconds and texts from plug to plug."""
    settings = owner.simulator.smappee.settings
    settings.session_shape = "documented"
    settings.single_as_object = settings.seconds = settings.energy_as_text = True
    settings.empty_as_204 = False
    settings.charger_id_key = "smartDeviceId"
    await owner.poll()
    assert owner.points[POINT].max_current == 32
    owner.parks.plug(SERIAL, 1)
    owner.parks.plug(DOUBLE_SERIAL, 2)
    owner.tick(3600)
    sessions = (await owner.poll()).sessions
    assert {each.charge_point_id for each in sessions} == {POINT, DOUBLE_SERIAL}
    assert {each.energy for each in sessions} == {11.0}
    owner.parks.unplug(SERIAL, 1)
    (ended,) = (await owner.poll()).sessions
    assert ended.started == START
    assert ended.ended == START + timedelta(hours=1)


async def test_initial_is_not_told(owner: ParkOwner) -> None:
    """Test that a session is told when it is one, and its connector is not free before."""
    owner.simulator.smappee.settings.initial_seconds = 5
    await owner.poll()
    session = owner.parks.plug(SERIAL, 1)
    answer = await owner.poll()
    assert answer.sessions == ()
    assert owner.points[POINT].status is None
    owner.tick(6)
    assert states(await owner.poll()) == [(str(session.id), SessionStatus.CHARGING)]


async def test_a_session_that_ended_while_away(owner: ParkOwner) -> None:
    """Test that what happened while nobody looked is told at the first poll."""
    await owner.poll()
    first = owner.parks.plug(SERIAL, 1)
    await owner.poll()
    owner.tick(DAY)
    owner.parks.unplug(SERIAL, 1)
    second = owner.parks.plug(SERIAL, 1)
    owner.parks.unplug(SERIAL, 1)
    owner.tick(20 * DAY)
    owner.restart()
    assert set(states(await owner.poll())) == {
        (str(first.id), SessionStatus.FINISHED),
        (str(second.id), SessionStatus.FINISHED),
    }


async def test_how_far_back_is_read(owner: ParkOwner) -> None:
    """Test the ranges: a month at first, two days from then on, and all day long the same."""
    await owner.poll()
    owner.tick(3600)
    await owner.poll()
    owner.tick(3600)
    await owner.poll()
    queries = [
        entry.query
        for entry in owner.simulator.log.entries
        if entry.call.path.endswith(f"chargingparks/{NORTH}/sessions")
    ]
    midnight = START.replace(hour=0)

    def ago(days: int) -> str:
        return f"range={int((midnight - timedelta(days=days)).timestamp() * 1000)}"

    assert queries[0::2] == [ago(31), ago(2), ago(2)]
    assert queries[1::2] == [f"active=true&{ago(365)}"] * 3


async def test_an_open_session_widens_the_range(owner: ParkOwner) -> None:
    """Test that the list reaches back to the start of the oldest open session of the park."""
    owner.parks.plug(SERIAL, 1)
    await owner.poll()
    owner.simulator.log.clear()
    owner.tick(10 * DAY)
    await owner.poll()
    owner.tick(60)
    owner.simulator.log.clear()
    await owner.poll()
    started = f"range={int(START.replace(hour=0).timestamp() * 1000)}"
    north, _, south, _ = (entry.query for entry in owner.simulator.log.entries)
    assert north == started
    assert south != started
    owner.parks.unplug(SERIAL, 1)
    ((_, status),) = states(await owner.poll())
    assert status is SessionStatus.FINISHED


async def test_an_open_session_of_no_known_park_widens_every_range(owner: ParkOwner) -> None:
    """Test that a session is looked for in each park while nobody knows where it was."""
    await owner.poll()
    started = START - timedelta(days=9)
    owner.open = {"1": Session(account=ACCOUNT, session_id="1", started=started)}
    owner.simulator.log.clear()
    await owner.poll()
    queries = [entry.query for entry in owner.simulator.log.entries]
    first = f"range={int(started.replace(hour=0).timestamp() * 1000)}"
    assert queries[0] == queries[2] == first


async def test_a_late_correction(owner: ParkOwner) -> None:
    """Test that a correction of weeks ago is found once a day, and told once."""
    session = owner.parks.plug(SERIAL, 1)
    owner.tick(3600)
    owner.parks.unplug(SERIAL, 1)
    owner.tick(20 * DAY)
    await owner.poll()
    owner.parks.correct(session.id, owner.parks.reading(session) + 1)
    owner.tick(REVIEW_INTERVAL.total_seconds() - 1)
    assert (await owner.poll()).sessions == ()
    owner.tick(1)
    (corrected,) = (await owner.poll()).sessions
    assert corrected.energy == pytest.approx(12)
    for _ in range(3):
        owner.tick(DAY)
        assert (await owner.poll()).sessions == ()


async def test_verify_and_poll_need_few_requests(owner: ParkOwner) -> None:
    """Test what the first steps, and a usual poll, cost."""
    await owner.backend.verify()
    assert owner.simulator.log.counts() == {"token": 1, "servicelocations": 1}
    assert await owner.backend.service_locations() == {
        NORTH: "Parking North",
        SOUTH: "Parking South",
    }
    owner.simulator.log.clear()
    await owner.poll()
    assert owner.simulator.log.counts() == {
        "servicelocations": 1,
        "metering_configuration": 2,
        "smart_devices": 2,
        "park_sessions": 4,
    }


async def test_no_park_is_chosen_yet(owner: ParkOwner) -> None:
    """Test an account of which no park was chosen."""
    owner.restart(service_location_ids=())
    answer = await owner.poll()
    assert (answer.sessions, answer.listed, answer.lost) == ((), set(), ())


async def test_sessions_cannot_be_started_or_stopped(owner: ParkOwner) -> None:
    """Test that a session is the car's business."""
    assert owner.backend.capabilities.modes
    assert owner.backend.capabilities.energy
    assert not owner.backend.capabilities.start
    assert not owner.backend.capabilities.stop
    with pytest.raises(InvalidInputError):
        await owner.backend.start(POINT, "card")
    with pytest.raises(InvalidInputError):
        await owner.backend.stop(Session(account=ACCOUNT, session_id="1"))
    assert not owner.simulator.log.entries


async def test_modes_that_sessions_tell(owner: ParkOwner) -> None:
    """Test that a connector is in the mode its open session tells, and in none without one."""
    await owner.poll()
    assert owner.points[POINT].mode is None
    owner.parks.plug(SERIAL, 1)
    for word, mode in (
        ("NORMAL", ChargingMode.NORMAL),
        ("SMART", ChargingMode.SMART),
        ("PAUSED", ChargingMode.PAUSED),
    ):
        owner.parks.set_mode(SERIAL, 1, word)
        answer = await owner.poll()
        assert [(each.charge_point_id, each.mode) for each in answer.charge_points] == [
            (POINT, mode)
        ]
        owner.tick(30)
        assert (await owner.poll()).charge_points == ()
    owner.parks.unplug(SERIAL, 1)
    await owner.poll()
    point = owner.points[POINT]
    assert (point.mode, point.status) == (None, ChargePointStatus.AVAILABLE)
    assert point.updated == START + timedelta(seconds=90)
    assert await owner.backend.charge_point(POINT) == point
    assert await owner.backend.charge_point("nobody's") is None
