"""From when on the sessions of a park are read, and what becomes of those that no list holds."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import logging
import re
from typing import Any
from urllib.parse import parse_qs

import pytest

from homeassistant.core import HomeAssistant

from custom_components.ev_charging_sessions.charging.model import SessionStatus
from tests.home import Home
from tests.observe import PACKAGE, sessions
from tests.simulator.cars import Car

OTHER, ONE = "6020000001", "6020000002"
POINT, OTHER_POINT = f"{ONE}-1", f"{OTHER}-1"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def _no_debug(hass: HomeAssistant) -> None:
    # It takes half of the time.
    hass.loop.set_debug(False)


def ranges(home: Home, *, active: bool = False) -> list[datetime]:
    """Return from when on sessions were asked for, request by request."""
    queries = [
        parse_qs(each.query)
        for each in home.simulator.log.entries
        if each.call.name == "park_sessions"
    ]
    return [
        datetime.fromtimestamp(int(query["range"][0]) / 1000, UTC)
        for query in queries
        if ("active" in query) is active
    ]


async def let_pass(home: Home, period: timedelta, *, step: timedelta = 6 * HOUR) -> None:
    """Let days pass in which the home looks only now and then."""
    for _ in range(period // step):
        await home.advance(step.total_seconds())
        await home.coordinator.async_refresh()
        await home.settle()


async def stop_polling(home: Home) -> None:
    """Let the home look only when it is asked to."""
    home.hass.config_entries.async_update_entry(home.entry, pref_disable_polling=True)
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()


async def test_ranges(home: Home) -> None:
    """Test from when on sessions are read: two days, and a month at first and once a day."""
    await home.add_parks("20001")
    await stop_polling(home)
    today = home.simulator.clock.now().replace(hour=0)
    assert ranges(home) == [today - 31 * DAY] * 2
    # The same all day, so that answers can be compared.
    for expected in (today - 2 * DAY, today - DAY):
        home.simulator.log.clear()
        until = home.simulator.clock.now().replace(hour=0) + DAY - HOUR / 60
        while home.simulator.clock.now() + HOUR < until:
            await let_pass(home, HOUR, step=HOUR)
        read = ranges(home)
        assert len(read) >= 11
        assert len(set(ranges(home, active=True))) == 1
        if expected == today - DAY:
            # A day after the last time.
            read.remove(today - 30 * DAY)
        assert set(read) == {expected}
        await let_pass(home, HOUR, step=HOUR)


@pytest.mark.parametrize("shows", ["all", "completed"])
async def test_a_car_that_stays_for_days(home: Home, shows: Any) -> None:
    """Test that the end of a long session is found, with its energy."""
    home.simulator.smappee.settings.plain_range_shows = shows
    await home.add_parks("20001")
    await stop_polling(home)
    session = home.simulator.parks.plug(ONE, 1, Car(max_power=0.4, capacity=90))
    await let_pass(home, 5 * DAY)
    assert home.state("sensor", "active_sessions", None).state == "1"
    home.simulator.parks.unplug(ONE, 1)
    home.simulator.log.clear()
    await let_pass(home, HOUR, step=HOUR)
    midnight = session.started.replace(hour=0)
    assert ranges(home)[0] in {midnight, midnight - 26 * DAY}
    assert home.simulator.log.count("station_sessions") == 0
    known = (await sessions(home))[str(session.id)]
    assert known.status is SessionStatus.FINISHED
    assert known.ended == session.ended
    assert known.energy == pytest.approx(48, abs=0.0011)
    assert known.energy == pytest.approx(home.simulator.parks.energy(session), abs=1e-6)


async def test_an_old_open_session_widens_the_range(home: Home) -> None:
    """Test that the range of a usual poll goes back to the start of the oldest open session."""
    await home.add_parks("20001")
    await stop_polling(home)
    session = home.simulator.parks.plug(ONE, 1)
    await let_pass(home, 4 * DAY)
    home.simulator.log.clear()
    await let_pass(home, 2 * HOUR, step=HOUR)
    assert ranges(home)[-1] == session.started.replace(hour=0)
    home.simulator.parks.unplug(ONE, 1)
    await let_pass(home, 2 * HOUR, step=HOUR)
    today = home.simulator.clock.now().replace(hour=0)
    assert ranges(home)[-1] == today - 2 * DAY


async def test_a_late_correction(home: Home) -> None:
    """Test that a correction after ten days is found within a day."""
    await home.add_parks("20001")
    await stop_polling(home)
    session = home.simulator.parks.plug(ONE, 1)
    await let_pass(home, HOUR, step=HOUR)
    home.simulator.parks.unplug(ONE, 1)
    await let_pass(home, 10 * DAY, step=12 * HOUR)
    assert session.stop_reading is not None
    home.simulator.parks.correct(session.id, session.stop_reading + 1.5)
    await let_pass(home, DAY)
    known = (await sessions(home))[str(session.id)]
    energy = home.simulator.parks.energy(session)
    assert known.energy == pytest.approx(energy, abs=1e-6)
    assert float(home.state("sensor", "energy", POINT).state) == pytest.approx(energy, abs=1e-6)
    revisions = await home.coordinator.ledger.revisions(known.account, known.session_id)
    assert [each.session.energy for each in revisions] == [pytest.approx(energy - 1.5, abs=1e-6)]


@pytest.mark.parametrize("count", [50, 2000])
async def test_the_archive_costs_nothing(
    home: Home, count: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that what is read at a usual poll does not grow with what is past."""
    parks = home.simulator.parks
    park = parks.populate(stations=5, sessions=count)
    station = parks.stations_of(park.service_location_id)[0]
    parks.unplug(station.serial, 1)
    await home.advance(8 * 24 * 3600)
    parks.plug(station.serial, 1)
    caplog.set_level(logging.DEBUG, f"{PACKAGE}.charging.backends.transport")
    await home.add_parks(str(park.service_location_id))
    first = _sizes(caplog)[0]
    assert first > 200 * count
    caplog.clear()
    await home.run(700)
    assert len(_sizes(caplog)) >= 4
    assert max(_sizes(caplog)) < 1000
    assert len(await sessions(home)) == count + 2


def _sizes(caplog: pytest.LogCaptureFixture) -> list[int]:
    """Return how many bytes the answers had that listed sessions."""
    found = (
        re.fullmatch(r"GET chargingparks/\d+/sessions: \d+, (\d+) bytes, .*", each.getMessage())
        for each in caplog.records
    )
    return [int(match[1]) for match in found if match]


def _hide(home: Home, monkeypatch: pytest.MonkeyPatch, serial: str) -> None:
    """Let the lists of its park leave a station out, which still knows its sessions itself."""
    parks = home.simulator.parks
    stations_of: Callable[[int], list[Any]] = parks.stations_of
    monkeypatch.setattr(
        parks,
        "stations_of",
        lambda park: [each for each in stations_of(park) if each.serial != serial],
    )


async def test_a_session_that_only_its_station_knows(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that a session which vanishes from both lists is followed at its station."""
    await home.add_parks("20001")
    session = home.simulator.parks.plug(ONE, 1)
    other = home.simulator.parks.plug(OTHER, 1)
    await home.run(310)
    _hide(home, monkeypatch, ONE)
    home.simulator.log.clear()
    await home.run(95)
    asked = [each for each in home.simulator.log.entries if each.call.name == "station_sessions"]
    assert {each.call.path.split("/")[-2] for each in asked} == {ONE}
    assert len(asked) == 3
    energy = float(home.state("sensor", "session_energy", POINT).state)
    at = asked[-1].time
    assert energy == pytest.approx(
        home.simulator.parks.reading(session, at) - session.start_reading, abs=0.0011
    )
    home.simulator.parks.unplug(ONE, 1)
    await home.run(31)
    known = await sessions(home)
    assert known[str(session.id)].status is SessionStatus.FINISHED
    assert known[str(session.id)].stop_reason is None
    assert known[str(session.id)].ended == session.ended
    assert known[str(session.id)].energy == pytest.approx(
        home.simulator.parks.energy(session), abs=1e-6
    )
    assert known[str(other.id)].is_open
    # Late meter values are waited for, and nothing after them.
    await home.run(310)
    home.simulator.log.clear()
    await home.run(95)
    assert home.simulator.log.count("station_sessions") == 0


async def test_a_session_that_nobody_knows(home: Home) -> None:
    """Test that a session is given up after an hour, and not before, with what it had."""
    await home.add_parks("20001")
    parks = home.simulator.parks
    session = parks.plug(ONE, 1)
    await home.run(610)
    energy = float(home.state("sensor", "session_energy", POINT).state)
    assert energy > 0
    parks._by_station[ONE].remove(session)
    await home.run(31)
    vanished = home.simulator.clock.now()
    assert home.simulator.log.count("station_sessions") >= 1
    await home.run(3500)
    assert (await sessions(home))[str(session.id)].is_open
    assert home.state("sensor", "status", POINT).state == "charging"
    await home.run(130)
    known = (await sessions(home))[str(session.id)]
    assert known.status is SessionStatus.FINISHED
    assert known.stop_reason == "not_found"
    assert known.energy == energy
    assert home.simulator.clock.now() - vanished < timedelta(minutes=62)
    assert home.state("sensor", "active_sessions", None).state == "0"


@pytest.mark.parametrize("kind", ["http_400", "http_404", "rotten_session", "http_503"])
async def test_a_look_up_that_fails(home: Home, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that a station that cannot be asked hides no news of the others."""
    await home.add_parks("20001")
    session = home.simulator.parks.plug(ONE, 1)
    await home.run(310)
    _hide(home, monkeypatch, ONE)
    home.simulator.faults.on(kind, scope="smappee station_sessions")
    home.simulator.parks.plug(OTHER, 1)
    await home.run(600)
    assert home.state("sensor", "status", OTHER_POINT).state == "charging"
    assert (await sessions(home))[str(session.id)].is_open
