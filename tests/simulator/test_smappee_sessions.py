"""Tests of Smappee's sessions over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from . import Simulator
from .cars import Car
from .defaults import RFIDS
from .smappee_client import NORTH, SOUTH, SOUTHERN, STATION, TWIN, ParkClient
from .smappee_wire import epoch_ms

PARK = f"chargingparks/{NORTH}"
AT_TWIN = f"chargingstations/{TWIN}"


def _ids(sessions: list[Any]) -> list[int]:
    return [each["id"] for each in sessions]


async def test_a_running_session(simulator: Simulator, owner: ParkClient) -> None:
    """A running session looks as clients see it: without an end and its reading."""
    session = simulator.parks.plug(TWIN, 2, rfid=RFIDS[0])
    simulator.clock.advance(1112.8)
    (body,) = await owner.sessions()
    assert body == {
        "id": session.id,
        "serialNumber": TWIN,
        "connector": 2,
        "authenticationType": "RFID",
        "rfid": RFIDS[0],
        "userId": 42,
        "from": epoch_ms(session.started),
        "status": "CHARGING",
        "suspendedByUser": False,
        "externalControl": False,
        "smartMode": "NORMAL",
        "priority": 100,
        "minimumExcessPercentage": 100,
        "maxAmperes": [32, 32, 32],
        "startReading": 100.96,
        "energy": 3.4,
    }


async def test_an_ended_session(simulator: Simulator, owner: ParkClient) -> None:
    """An ended session has an end, a last reading and, without a card, no user."""
    simulator.parks.set_mode(STATION, 1, "SMART")
    session = simulator.parks.plug(STATION, 1, Car(max_power=9.5))
    simulator.clock.advance(10800)
    simulator.parks.unplug(STATION, 1)
    simulator.clock.advance(600)
    (body,) = await owner.sessions()
    assert body == {
        "id": session.id,
        "serialNumber": STATION,
        "connector": 1,
        "from": epoch_ms(session.started),
        "to": epoch_ms(session.started) + 10_800_000,
        "status": "STOPPED",
        "suspendedByUser": False,
        "externalControl": False,
        "smartMode": "SMART",
        "priority": 100,
        "minimumExcessPercentage": 100,
        "maxAmperes": [32, 32, 32],
        "startReading": 100.96,
        "energy": 14.25,
        "stopReading": 115.21,
    }


async def test_documented_shape(simulator: Simulator, owner: ParkClient) -> None:
    """The documentation shows other fields, and a last reading before the end."""
    simulator.smappee.settings.session_shape = "documented"
    session = simulator.parks.plug(STATION, 1, Car(max_power=9.5 / 2), RFIDS[1])
    simulator.clock.advance(10800)
    expected = {
        "id": session.id,
        "serialNumber": int(STATION),
        "authenticationType": "RFID",
        "rfid": RFIDS[1],
        "csmsTransactionId": "",
        "from": epoch_ms(session.started),
        "status": "CHARGING",
        "range": 100,
        "duration": 2,
        "priority": 100,
        "startReading": 100.96,
        "stopReading": 115.21,
    }
    assert await owner.sessions() == [expected]
    ended = simulator.parks.unplug(STATION, 1).ended
    assert ended
    expected |= {"to": epoch_ms(ended), "status": "STOPPED"}
    assert await owner.sessions() == [expected]


async def test_range(simulator: Simulator, owner: ParkClient) -> None:
    """The range filters by the start of a session; its end is exclusive and may be absent."""
    stays = []
    for _ in range(3):
        stays.append(simulator.parks.plug(TWIN, 1))
        simulator.clock.advance(1800)
        simulator.parks.unplug(TWIN, 1)
        simulator.clock.advance(1800)
    first, second, third = (each.id for each in stays)
    start = epoch_ms(stays[1].started)
    assert _ids(await owner.sessions(since=start)) == [third, second]
    assert _ids(await owner.sessions(since=start + 1)) == [third]
    end = epoch_ms(stays[2].started)
    assert _ids(await owner.sessions(range=f"{start},{end}")) == [second]
    assert _ids(await owner.sessions(range=f"{start},{end + 1}")) == [third, second]
    assert _ids(await owner.sessions(range=f"{start},{start}")) == []
    # A session that has begun before the range is not in it, even if it ended there.
    assert _ids(await owner.sessions(since=start - 1)) == [third, second]
    assert _ids(await owner.sessions()) == [third, second, first]
    simulator.smappee.settings.newest_first = False
    assert _ids(await owner.sessions()) == [first, second, third]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"active": "true"},
        {"range": ""},
        {"range": "yesterday"},
        {"range": "1,"},
        {"range": "1,2,3"},
        {"range": "-1"},
        {"range": "2,1"},
        {"range": "1.5"},
        {"range": "1", "active": "maybe"},
    ],
)
@pytest.mark.parametrize("where", [PARK, AT_TWIN])
async def test_bad_queries(owner: ParkClient, where: str, query: dict[str, str]) -> None:
    """A range is required, active or not, and has to make sense."""
    assert (await owner.get(f"{where}/sessions", **query))[0] == 400


async def test_active(simulator: Simulator, owner: ParkClient) -> None:
    """Active are the sessions whose car is still connected, whatever it does."""
    parks = simulator.parks
    ended = parks.plug(TWIN, 1).id
    full = parks.plug(TWIN, 2, Car(level=60)).id
    simulator.clock.advance(60)
    parks.unplug(TWIN, 1)
    paused = parks.plug(STATION, 1).id
    parks.set_mode(STATION, 1, "PAUSED")
    assert _ids(await owner.sessions(active="true")) == [paused, full]
    assert _ids(await owner.sessions(active="True")) == [paused, full]
    assert _ids(await owner.sessions(active="false")) == [paused, full, ended]
    assert _ids(await owner.sessions()) == [paused, full, ended]
    # The range counts for the active ones as well.
    assert _ids(await owner.sessions(active="true", since=epoch_ms(simulator.clock.now()))) == [
        paused
    ]
    simulator.smappee.settings.plain_range_shows = "completed"
    assert _ids(await owner.sessions()) == [ended]
    assert _ids(await owner.sessions(active="true")) == [paused, full]


async def test_park_and_station(simulator: Simulator, owner: ParkClient) -> None:
    """A park has the sessions of its stations, and a station its own."""
    parks = simulator.parks
    left, right = parks.plug(TWIN, 1).id, parks.plug(TWIN, 2).id
    north, south = parks.plug(STATION, 1).id, parks.plug(SOUTHERN, 1).id
    assert _ids(await owner.sessions()) == [north, right, left]
    assert _ids(await owner.sessions(f"chargingparks/{SOUTH}")) == [south]
    assert _ids(await owner.sessions(AT_TWIN)) == [right, left]
    assert _ids(await owner.sessions(AT_TWIN, active="true")) == [right, left]


async def test_empty(simulator: Simulator, owner: ParkClient) -> None:
    """No sessions are no content, or an empty list."""
    for where in (PARK, AT_TWIN):
        assert await owner.get(f"{where}/sessions", range="0") == (204, None)
    simulator.smappee.settings.empty_as_204 = False
    for where in (PARK, AT_TWIN):
        assert await owner.get(f"{where}/sessions", range="0") == (200, [])


async def test_single_as_object(simulator: Simulator, owner: ParkClient) -> None:
    """One session may come bare, several never do."""
    simulator.smappee.settings.single_as_object = True
    simulator.parks.plug(TWIN, 1)
    _, body = await owner.get(f"{PARK}/sessions", range="0")
    assert body["serialNumber"] == TWIN
    simulator.parks.plug(TWIN, 2)
    _, body = await owner.get(f"{PARK}/sessions", range="0")
    assert len(body) == 2


async def test_numbers_in_other_clothes(simulator: Simulator, owner: ParkClient) -> None:
    """The energy may be a text, and times may be seconds."""
    simulator.smappee.settings.energy_as_text = True
    simulator.smappee.settings.seconds = True
    session = simulator.parks.plug(TWIN, 1)
    simulator.clock.advance(3600)
    simulator.parks.unplug(TWIN, 1)
    (body,) = await owner.sessions()
    assert body["energy"] == "11.000"
    assert body["from"] == epoch_ms(session.started) // 1000
    assert body["to"] == body["from"] + 3600


async def test_readings_now_and_then(simulator: Simulator, owner: ParkClient) -> None:
    """The meter of a running session may be read only every few minutes."""
    simulator.smappee.settings.reading_interval = 300
    parks = simulator.parks
    parks.plug(TWIN, 1, Car(max_power=12))

    async def told() -> float:
        (body,) = await owner.sessions()
        energy: float = body["energy"]
        return energy

    simulator.clock.advance(299)
    assert await told() == 0
    simulator.clock.advance(1)
    assert await told() == 1
    # A change of power between two readings is in the next one only.
    simulator.clock.advance(100)
    parks.set_mode(TWIN, 1, "PAUSED")
    assert await told() == 1
    simulator.clock.advance(200)
    assert await told() == 1.333
    parks.set_mode(TWIN, 1, "NORMAL")
    simulator.clock.advance(150)
    assert await told() == 1.333
    # The reading of a session that has ended is final.
    parks.unplug(TWIN, 1)
    assert await told() == 1.833


async def test_initial(simulator: Simulator, owner: ParkClient) -> None:
    """A session may be INITIAL for a moment."""
    simulator.smappee.settings.initial_seconds = 10
    simulator.parks.plug(TWIN, 1)
    simulator.clock.advance(9)
    assert [each["status"] for each in await owner.sessions()] == ["INITIAL"]
    simulator.clock.advance(1)
    assert [each["status"] for each in await owner.sessions()] == ["CHARGING"]
    simulator.parks.unplug(TWIN, 1)
    simulator.parks.plug(TWIN, 1)
    simulator.parks.unplug(TWIN, 1)
    assert [each["status"] for each in await owner.sessions()] == ["STOPPED", "STOPPED"]


async def test_every_status(simulator: Simulator, owner: ParkClient) -> None:
    """What happens to a car shows in the status of its session."""
    parks = simulator.parks
    parks.plug(TWIN, 1, Car(level=59))

    async def told() -> tuple[str, bool]:
        body = (await owner.sessions())[0]
        return body["status"], body["suspendedByUser"]

    assert await told() == ("CHARGING", False)
    parks.suspend(TWIN, 1)
    assert await told() == ("SUSPENDED", False)
    parks.resume(TWIN, 1)
    simulator.clock.advance(3600)
    assert await told() == ("STARTED", False)
    parks.set_mode(TWIN, 1, "PAUSED")
    assert await told() == ("SUSPENDED", True)
    simulator.clock.advance(60)
    parks.unplug(TWIN, 1)
    assert (await told())[0] == "STOPPED"
    parks.plug(TWIN, 1)
    assert await told() == ("STARTED", True)


async def test_late_correction(simulator: Simulator, owner: ParkClient) -> None:
    """A correction shows, and the next session starts where the register was."""
    parks = simulator.parks
    session = parks.plug(TWIN, 1)
    simulator.clock.advance(3600)
    parks.unplug(TWIN, 1)
    parks.plug(TWIN, 1)
    parks.correct(session.id, 110.5)
    second, first = await owner.sessions()
    assert (first["stopReading"], first["energy"]) == (110.5, 9.54)
    assert second["startReading"] == 111.96


async def test_readings_are_whole_watt_hours(simulator: Simulator, owner: ParkClient) -> None:
    """Readings are cut to watt-hours, and a session starts with what the last one ended with."""
    for power, seconds in ((11, 17), (7.4, 1000.3), (3.7, 3333.33), (11, 1)):
        simulator.parks.plug(TWIN, 1, Car(max_power=power))
        simulator.clock.advance(seconds)
        simulator.parks.unplug(TWIN, 1)
        simulator.clock.advance(1)
    sessions = (await owner.sessions())[::-1]
    energies = [each["energy"] for each in sessions]
    stops = [each["stopReading"] for each in sessions]
    assert [each["startReading"] for each in sessions] == [100.96, *stops[:-1]]
    assert all(value == round(value, 3) for value in energies + stops)
    assert sum(round(1000 * each) for each in energies) == round(1000 * (stops[-1] - 100.96))
    assert stops[-1] <= simulator.parks.meter(TWIN, 1) < stops[-1] + 0.001


async def test_a_crowd(simulator: Simulator, owner: ParkClient) -> None:
    """Of a big park the last fourteen days can be read in one answer."""
    park = simulator.parks.populate(stations=100, sessions=5000).service_location_id
    since = epoch_ms(simulator.clock.now() - timedelta(days=14))
    sessions = await owner.sessions(f"chargingparks/{park}", since=since)
    assert 3400 < len(sessions) < 3600
    assert len(await owner.sessions(f"chargingparks/{park}", active="true")) == 20
