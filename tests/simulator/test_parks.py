"""Tests of the physical charging parks."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from time import sleep

import pytest

from .cars import Car
from .clock import Clock
from .defaults import RFIDS, default_parks
from .park_meter import shown
from .park_model import Mode, ParkSession, Status
from .parks import Parks
from .smappee_client import DC, NORTH, SOUTH, STATION, TWIN
from .world import UnknownThingError

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def parks() -> Parks:
    """Make the default parks in frozen time."""
    return default_parks(Clock(START))


def _says(session: ParkSession) -> tuple[Status, bool]:
    """Read the status anew, which the type checker takes for unchanged otherwise."""
    return session.status, session.suspended_by_user


def test_default_parks(parks: Parks) -> None:
    """There are two parks with seven stations and eight connectors to begin with."""
    north, south = parks.stations_of(NORTH), parks.stations_of(SOUTH)
    assert [each.name for each in north] == [f"North {number}" for number in range(1, 7)]
    assert [len(each.connectors) for each in north] == [1, 1, 1, 1, 2, 1]
    assert [each.serial for each in north if each.is_dc] == [DC]
    assert [each.name for each in south] == ["South 1"]
    assert all(len(serial) == 10 for serial in parks.stations)
    sockets = [each for station in north + south for each in station.connectors.values()]
    assert len({each.uuid for each in sockets}) == len({each.device_id for each in sockets}) == 8
    again = default_parks(Clock(START))
    assert again.connector(STATION, 1).uuid == parks.connector(STATION, 1).uuid


def test_a_session(parks: Parks) -> None:
    """A session begins with the plug and ends with it, and counts what flowed between."""
    car = Car(level=15)
    session = parks.plug(STATION, 1, car, RFIDS[0])
    assert _says(session) == (Status.CHARGING, False)
    assert (session.started, session.start_reading) == (START, 100.96)
    parks.clock.advance(3600)
    assert parks.meter(STATION, 1) == pytest.approx(111.96)
    assert parks.energy(session) == 11
    assert parks.unplug(STATION, 1) is session
    assert _says(session) == (Status.STOPPED, False)
    assert session.ended == START + timedelta(hours=1)
    assert session.stop_reading == parks.meter(STATION, 1)
    assert car.level == pytest.approx(26)
    parks.clock.advance(3600)
    assert parks.energy(session) == 11
    assert parks.plug(STATION, 1).start_reading == session.stop_reading


def test_a_car_gets_full(parks: Parks) -> None:
    """A full car draws nothing from the moment on in which it got full."""
    car = Car(capacity=60, level=49, max_power=11)
    session = parks.plug(STATION, 1, car)
    parks.clock.advance(3599)
    assert _says(session) == (Status.CHARGING, False)
    parks.clock.advance(1)
    assert _says(session) == (Status.STARTED, False)
    parks.clock.advance(7200)
    assert parks.energy(session) == 11
    assert car.level == pytest.approx(60)
    parks.unplug(STATION, 1)
    assert parks.energy(session) == 11


@pytest.mark.parametrize("car", [Car(capacity=60, level=60), Car(max_power=0)])
def test_a_car_that_wants_nothing(parks: Parks, car: Car) -> None:
    """A car that is full, or told not to charge, is connected without drawing."""
    session = parks.plug(STATION, 1, car)
    assert _says(session) == (Status.STARTED, False)
    parks.clock.advance(3600)
    assert parks.energy(session) == 0
    if not car.max_power:
        parks.set_car_power(STATION, 1, 4)
        assert _says(session) == (Status.CHARGING, False)
        parks.clock.advance(3600)
        assert parks.energy(session) == 4


def test_pause(parks: Parks) -> None:
    """A paused connector gives nothing, and the session goes on until the plug is pulled."""
    session = parks.plug(STATION, 1)
    parks.clock.advance(1800)
    parks.set_mode(STATION, 1, "PAUSED")
    assert _says(session) == (Status.SUSPENDED, True)
    parks.clock.advance(7200)
    assert parks.energy(session) == 5.5
    parks.set_mode(STATION, 1, "NORMAL")
    assert _says(session) == (Status.CHARGING, False)
    parks.clock.advance(1800)
    parks.set_mode(STATION, 1, "PAUSED")
    parks.unplug(STATION, 1)
    assert session.status is Status.STOPPED
    assert parks.energy(session) == 11


def test_plug_into_a_paused_connector(parks: Parks) -> None:
    """The session begins, but the car does not charge until the connector may."""
    parks.set_mode(STATION, 1, "PAUSED")
    session = parks.plug(STATION, 1)
    assert _says(session) == (Status.STARTED, True)
    parks.clock.advance(3600)
    assert parks.energy(session) == 0
    parks.set_mode(STATION, 1, "SMART")
    assert _says(session) == (Status.CHARGING, False)
    parks.set_mode(STATION, 1, "PAUSED")
    assert session.mode is Mode.SMART


@pytest.mark.parametrize(
    ("mode", "limit", "power"),
    [
        ("NORMAL", None, 22.0),
        ("NORMAL", 16.0, 11.04),
        ("NORMAL", 6.0, 4.14),
        ("NORMAL", 5.0, 0.0),
        ("NORMAL", 0.0, 0.0),
        ("SMART", None, 11.0),
    ],
)
def test_power(parks: Parks, mode: str, limit: float | None, power: float) -> None:
    """The car, the limit and the mode decide what flows; 6 A are the least a car can take."""
    session = parks.plug(STATION, 1, Car(max_power=22))
    parks.set_mode(STATION, 1, mode, limit)
    assert session.status is (Status.CHARGING if power else Status.STARTED)
    parks.clock.advance(3600)
    assert parks.energy(session) == pytest.approx(power, abs=0.001)
    assert session.current == (32 if limit is None else limit)


def test_dc(parks: Parks) -> None:
    """The DC station gives 80 kW."""
    parks.plug(DC, 1, Car(capacity=100, level=0, max_power=150))
    assert parks.connector(DC, 1).meter.power == 80
    parks.clock.advance(1800)
    assert parks.meter(DC, 1) == pytest.approx(140.96)


def test_load_shedding(parks: Parks) -> None:
    """The network may stop the flow for a while, which is not the user's doing."""
    session = parks.plug(STATION, 1)
    parks.suspend(STATION, 1)
    assert _says(session) == (Status.SUSPENDED, False)
    parks.clock.advance(3600)
    assert parks.energy(session) == 0
    parks.set_mode(STATION, 1, "PAUSED")
    parks.resume(STATION, 1)
    assert _says(session) == (Status.SUSPENDED, True)
    parks.set_mode(STATION, 1, "NORMAL")
    assert _says(session) == (Status.CHARGING, False)


def test_a_full_car_of_yesterday(parks: Parks) -> None:
    """The moment at which a car would have been full means nothing for the next car."""
    parks.plug(STATION, 1, Car(level=59))
    parks.clock.advance(60)
    parks.unplug(STATION, 1)
    parks.set_mode(STATION, 1, "PAUSED")
    session = parks.plug(STATION, 1)
    parks.clock.advance(3600)
    assert _says(session) == (Status.STARTED, True)


@pytest.mark.parametrize("stop", [105.5, 150.25])
def test_late_correction(parks: Parks, stop: float) -> None:
    """The last reading of a session may be corrected, up or down, and moves nothing else."""
    first = parks.plug(STATION, 1)
    with pytest.raises(ValueError, match="still runs"):
        parks.correct(first.id, stop)
    parks.clock.advance(3600)
    parks.unplug(STATION, 1)
    second = parks.plug(STATION, 1)
    meter = parks.meter(STATION, 1)
    assert parks.correct(first.id, stop) is first
    assert parks.energy(first) == pytest.approx(stop - 100.96)
    assert second.start_reading == parks.meter(STATION, 1) == meter


def test_who_is_where(parks: Parks) -> None:
    """A connector has one car, the two of a station are apart, and nothing is invented."""
    left, right = parks.plug(TWIN, 1), parks.plug(TWIN, 2)
    assert parks.sessions_at(TWIN) == [left, right]
    assert right.id > left.id
    with pytest.raises(ValueError, match="already"):
        parks.plug(TWIN, 1)
    parks.unplug(TWIN, 1)
    assert right.ended is None
    for act in (
        lambda: parks.unplug(TWIN, 1),
        lambda: parks.set_car_power(TWIN, 1, 3),
        lambda: parks.plug(TWIN, 3),
        lambda: parks.sessions_at("6000000000"),
        lambda: parks.correct(1, 1),
        lambda: parks.stations_of(1),
    ):
        with pytest.raises(UnknownThingError):
            act()
    with pytest.raises(ValueError, match="TURBO"):
        parks.set_mode(TWIN, 1, "TURBO")


def test_parks_change(parks: Parks) -> None:
    """Parks, stations and connectors come and go; who charges there has to leave."""
    session = parks.plug(TWIN, 2)
    parks.remove_connector(TWIN, 2)
    assert session.status is Status.STOPPED
    assert list(parks.station(TWIN).connectors) == [1]
    parks.add_connector(TWIN, 3)
    session = parks.plug(TWIN, 3)
    parks.remove_station(TWIN)
    assert session.status is Status.STOPPED
    session = parks.plug(STATION, 1)
    parks.remove_park(NORTH)
    assert session.status is Status.STOPPED
    assert list(parks.parks) == [SOUTH]
    assert len(parks.stations) == 1
    parks.add_park(5, "New")
    station = parks.add_station(5, "6000000005", "New 1", connectors=2, register=7)
    assert [parks.meter(station.serial, position) for position in station.connectors] == [7, 7]


def _a_wild_day(parks: Parks, random: Random) -> None:
    """Do something at a random connector every few minutes."""
    for _ in range(300):
        parks.clock.advance(random.uniform(0, 900))
        serial = random.choice([STATION, TWIN, DC])
        position = random.choice(list(parks.station(serial).connectors))
        match random.randrange(8):
            case 0 | 1 | 2 if parks.connector(serial, position).session:
                parks.unplug(serial, position)
            case 0 | 1 | 2:
                level, power = random.uniform(30, 61), random.uniform(3, 90)
                parks.plug(serial, position, Car(level=level, max_power=power))
            case 3:
                parks.set_mode(serial, position, "PAUSED")
            case 4:
                parks.set_mode(serial, position, "SMART")
            case 5:
                parks.set_mode(serial, position, "NORMAL", random.uniform(4, 32))
            case 6:
                parks.set_mode(serial, position, "NORMAL")
            case _:
                random.choice([parks.suspend, parks.resume])(serial, position)


@pytest.mark.parametrize("seed", range(20))
def test_no_watt_hour_is_lost(parks: Parks, seed: int) -> None:
    """The sessions of a connector add up to its register, whatever happened there."""
    before = {
        (serial, position): shown(parks.meter(serial, position))
        for serial, station in parks.stations.items()
        for position in station.connectors
    }
    _a_wild_day(parks, Random(seed))
    assert len(parks.sessions) > 40
    for (serial, position), start in before.items():
        stays = [each for each in parks.sessions_at(serial) if each.position == position]
        total = sum(round(parks.energy(each) * 1000) for each in stays)
        assert total == round((shown(parks.meter(serial, position)) - start) * 1000)
        assert all(parks.energy(each) >= 0 for each in stays)
        assert all(shown(each.start_reading) >= start for each in stays)


def test_energy_is_power_times_time(parks: Parks) -> None:
    """What a session counted is what its modes allowed for the time they lasted."""
    session = parks.plug(STATION, 1, Car(capacity=100, level=0, max_power=22))
    expected = 0.0
    random = Random(7)
    for _ in range(50):
        limit, seconds = random.choice([None, 6.0, 10.0, 16.0]), random.uniform(1, 600)
        power = 22 if limit is None else limit * 0.69
        parks.set_mode(STATION, 1, "NORMAL", limit)
        # Looking changes nothing, however often.
        for _ in range(3):
            parks.clock.advance(seconds / 3)
            parks.meter(STATION, 1)
        expected += power * seconds / 3600
    assert parks.reading(session) - session.start_reading == pytest.approx(expected)


def test_running_time() -> None:
    """With running time the register only ever grows, past the end of charging too."""
    parks = default_parks(Clock(frozen=False))
    session = parks.plug(STATION, 1, Car(level=59.999, max_power=22.08))
    readings: list[float] = []
    while session.status is Status.CHARGING or len(readings) < 20:
        readings.append(parks.meter(STATION, 1))
        sleep(0.005)
    assert readings == sorted(readings)
    assert parks.unplug(STATION, 1).stop_reading == pytest.approx(100.961)


def test_a_crowd(parks: Parks) -> None:
    """A big park has a past of 20 days that fits the registers, and cars that charge."""
    park = parks.populate(stations=50, sessions=2000)
    stations = parks.stations_of(park.service_location_id)
    assert len(stations) == 50
    stays = [each for station in stations for each in parks.sessions_at(station.serial)]
    ended = sorted(
        (each for each in stays if each.ended), key=lambda each: (each.serial, each.position)
    )
    assert len(ended) == 2000
    assert len(stays) == 2010
    assert min(each.started for each in ended) == START - timedelta(days=20)
    assert all(each.ended and each.ended <= START for each in ended)
    for first, second in pairwise(ended):
        if (first.serial, first.position) == (second.serial, second.position):
            assert first.ended
            assert first.ended < second.started
            assert first.stop_reading == second.start_reading
    assert all(parks.energy(each) > 0 for each in ended)


@pytest.mark.parametrize(("stations", "sessions"), [(1, 0), (3, 1), (1, 5000)])
def test_odd_crowds(parks: Parks, stations: int, sessions: int) -> None:
    """A big park may also be small, new or very busy."""
    parks.populate(stations=stations, sessions=sessions)
    ended = [each for each in parks.sessions.values() if each.ended]
    assert len(ended) == sessions
    assert all(each.ended and each.ended <= START for each in ended)
