"""Tests of the parks by remote control, and of the drivers who come by themselves."""

from itertools import pairwise

import pytest

from . import Simulator
from .autopilot import Autopilot
from .client import Client
from .clock import Clock
from .defaults import RFIDS, default_parks, default_world
from .park_drivers import ParkDrivers
from .park_model import Mode, Status
from .smappee_client import NORTH, SOUTH, SOUTHERN, STATION, TWIN, ParkClient
from .test_control import control

PLACE = {"serial": TWIN, "position": 2}


async def test_a_stay_by_remote_control(simulator: Simulator, client: Client) -> None:
    """A car comes, is held by the network, charges and leaves, over HTTP alone."""
    body = PLACE | {"rfid": RFIDS[0], "car": {"level": 10, "max_power": 22}}
    session = await control(client, "POST", "park/plug", body)
    assert (session["status"], session["rfid"]) == ("CHARGING", RFIDS[0])
    await control(client, "POST", "park/suspend", PLACE)
    await control(client, "POST", "clock", {"advance": 1800})
    await control(client, "POST", "park/resume", PLACE)
    await control(client, "POST", "clock", {"advance": 1800})
    ended = await control(client, "POST", "park/unplug", PLACE)
    assert (ended["id"], ended["status"], ended["energy"]) == (session["id"], "STOPPED", 11)
    fixed = {"session_id": session["id"], "stop_reading": 111}
    assert (await control(client, "POST", "park/correct", fixed))["energy"] == 10.04


async def test_state(simulator: Simulator, client: Client) -> None:
    """The state shows parks, stations, connectors and sessions."""
    session = simulator.parks.plug(TWIN, 2)
    simulator.parks.set_mode(TWIN, 2, "NORMAL", 10)
    simulator.clock.advance(3600)
    state = await control(client, "GET", "state")
    north, south = state["parks"]
    assert (north["service_location_id"], north["name"], north["owned"]) == (
        NORTH,
        "Parking North",
        True,
    )
    assert [each["serial"] for each in south["stations"]] == [SOUTHERN]
    station = next(each for each in north["stations"] if each["serial"] == TWIN)
    free, taken = station["connectors"]
    assert (free["car"], free["session"]) == (None, None)
    assert taken == {
        "position": 2,
        "mode": "NORMAL",
        "limit": 10,
        "power": pytest.approx(6.9),
        "meter": pytest.approx(107.86),
        "car": "Car",
        "session": session.id,
    }
    (shown,) = state["park_sessions"]
    assert (shown["id"], shown["energy"]) == (session.id, 6.9)
    assert state["sessions"] == []


async def test_places_by_remote_control(simulator: Simulator, client: Client) -> None:
    """Stations come and go, parks change hands, and a big park is one request away."""
    body = {"service_location_id": SOUTH, "serial": "6020000012", "name": "South 2"}
    await control(client, "POST", "park/add_station", body | {"connectors": 2})
    assert len(simulator.parks.station("6020000012").connectors) == 2
    await control(client, "POST", "park/remove_station", {"serial": SOUTHERN})
    assert SOUTHERN not in simulator.parks.stations
    await control(client, "POST", "park/disown", {"service_location_id": SOUTH})
    assert simulator.parks.disowned == {SOUTH}
    await control(client, "POST", "park/own", {"service_location_id": SOUTH})
    assert simulator.parks.disowned == set()
    made = await control(client, "POST", "park/populate", {"stations": 3, "sessions": 50})
    assert len(simulator.parks.stations_of(made["service_location_id"])) == 3


@pytest.mark.parametrize("is_lively", [False, True])
async def test_a_past_by_remote_control(
    simulator: Simulator, client: Client, is_lively: bool
) -> None:
    """A park gets a past, in which every register goes on where the last car has left it."""
    past = {"service_location_id": NORTH, "sessions": 70, "days": 10, "is_lively": is_lively}
    made = await control(client, "POST", "park/populate_past", past)
    sessions = list(simulator.parks.sessions.values())
    assert made["sessions"] == len(sessions) == 70
    assert made["energy"] == round(1000 * sum(map(simulator.parks.energy, sessions)))
    assert (len({each.ended - each.started for each in sessions if each.ended}) > 1) == is_lively
    for station in simulator.parks.stations_of(NORTH):
        for position in station.connectors:
            there = [
                each
                for each in simulator.parks.sessions_at(station.serial)
                if each.position == position
            ]
            assert len(there) == 10
            for before, after in pairwise(there):
                assert before.ended
                assert before.ended < after.started
                assert before.stop_reading == after.start_reading
            assert simulator.parks.meter(station.serial, position) == there[-1].stop_reading


async def test_tokens_by_remote_control(client: Client, owner: ParkClient) -> None:
    """Tokens of every network end at once; refresh tokens can die alone."""
    await control(client, "POST", "tokens/expire")
    assert (await owner.get("servicelocation"))[0] == (await client.active())[0] == 401
    assert (await owner.renew())[0] == 200
    await control(client, "POST", "tokens/kill_refresh")
    assert (await owner.get("servicelocation"))[0] == 200
    assert (await owner.renew())[0] == 400
    await owner.login()
    await control(client, "POST", "tokens/revoke")
    assert (await owner.renew())[0] == 400


async def test_settings_by_remote_control(simulator: Simulator, client: Client) -> None:
    """The settings are there by the name of the network."""
    assert (await control(client, "GET", "settings"))["smappee"]["session_shape"] == "client"
    await control(client, "PATCH", "settings/smappee", {"session_shape": "documented"})
    assert simulator.smappee.settings.session_shape == "documented"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("plug", {"serial": "6000000000", "position": 1}, 404),
        ("plug", {"serial": TWIN, "position": 3}, 404),
        ("plug", {"serial": TWIN}, 400),
        ("plug", {"serial": TWIN, "position": 1, "car": {"wings": 2}}, 400),
        ("unplug", {"serial": TWIN, "position": 1}, 404),
        ("correct", {"session_id": 1, "stop_reading": 1}, 404),
        ("disown", {"service_location_id": 1}, 404),
        ("remove_station", {}, 400),
    ],
)
async def test_nonsense(client: Client, path: str, body: object, status: int) -> None:
    """A wrong control request says what is wrong with it."""
    async with client.session.post(f"/_control/park/{path}", json=body) as response:
        assert response.status == status
        assert (await response.json())["error"]


def _an_hour(seed: int) -> list[tuple[str, int, str | None, Status]]:
    parks = default_parks(Clock())
    ParkDrivers(parks, seed=seed).start()
    parks.clock.advance(3600)
    return [
        (each.serial, each.position, each.rfid, each.status) for each in parks.sessions.values()
    ]


def test_drivers() -> None:
    """In an hour dozens of cars come and go, always the same, and one stays."""
    stays = _an_hour(1)
    assert stays[0] == (STATION, 1, RFIDS[0], Status.CHARGING)
    assert [serial for serial, *_ in stays].count(STATION) == 1
    assert len([status for *_, status in stays if status is Status.STOPPED]) > 20
    assert {rfid for *_, rfid, _ in stays} == {*RFIDS, None}
    assert stays == _an_hour(1)
    assert stays != _an_hour(2)


def test_drivers_are_part_of_the_autopilot() -> None:
    """The first car is there at once; when nobody else comes, all others leave."""
    clock = Clock()
    parks = default_parks(clock)
    autopilot = Autopilot(default_world(clock), parks)
    autopilot.start()
    autopilot.start()
    assert parks.connector(STATION, 1).session
    clock.advance(1200)
    # Somebody else may pull a plug, take a station away or pause it.
    busy = next(each for each in parks.sessions.values() if each.id > 987_002 and not each.ended)
    parks.unplug(busy.serial, busy.position)
    parks.remove_station(TWIN)
    parks.set_mode(SOUTHERN, 1, Mode.PAUSED)
    clock.advance(1200)
    autopilot.stop()
    clock.advance(1200)
    assert [each.serial for each in parks.sessions.values() if not each.ended] == [STATION]


def test_drivers_without_parks() -> None:
    """Where there are no stations nobody comes."""
    parks = default_parks(Clock())
    for park in list(parks.parks):
        parks.remove_park(park)
    ParkDrivers(parks).start()
    parks.clock.advance(600)
    assert not parks.sessions
