"""The sensors of parks: energy, power and the words for what goes on."""

from typing import Any

import pytest

from homeassistant.core import State

from custom_components.ev_charging_sessions.charging.meters import SAMPLE_EXPIRES
from tests.home import Home
from tests.observe import Writes, sessions, told_events
from tests.park import POINT, SERIAL, SOUTH, SOUTH_POINT, SOUTH_SERIAL, reload
from tests.simulator.cars import Car

PLACE = (SOUTH_SERIAL, 1)


def _sensor(home: Home, key: str) -> State:
    return home.state("sensor", key, SOUTH_POINT)


def _value(home: Home, key: str) -> float:
    return float(_sensor(home, key).state)


def _words(home: Home) -> tuple[str, str, str]:
    """Return what is said of the connector: its status, if a car is there, and if it charges."""
    return (
        _sensor(home, "status").state,
        home.state("binary_sensor", "connected", SOUTH_POINT).state,
        home.state("binary_sensor", "charging", SOUTH_POINT).state,
    )


async def _poll(home: Home) -> None:
    """Read now, so that what is shown is what is there."""
    await home.coordinator.async_refresh()
    await home.settle()


async def test_never_charged(home: Home) -> None:
    """Test that a connector without a session has charged nothing, and knows of none."""
    await home.add_parks(SOUTH)
    assert _words(home) == ("available", "off", "off")
    assert _sensor(home, "session_energy").state == "unknown"
    assert _sensor(home, "session_energy").attributes["energy_source"] is None
    assert _sensor(home, "session_energy").attributes.get("last_reset") is None
    assert _value(home, "energy") == _value(home, "power") == 0
    assert home.state("sensor", "energy", None).state == "0.0"


async def test_session_energy(home: Home) -> None:
    """Test that the energy of a session is the meter's, and begins anew with the next one."""
    await home.add_parks(SOUTH)
    parks = home.simulator.parks
    first = parks.plug(*PLACE)
    await home.run(900)
    await _poll(home)
    state = _sensor(home, "session_energy")
    assert float(state.state) == parks.energy(first) == pytest.approx(2.75, abs=0.01)
    expected = {
        "state_class": "total",
        "device_class": "energy",
        "unit_of_measurement": "kWh",
        "last_reset": first.started.isoformat(),
        "energy_source": "reported",
    }
    assert expected.items() <= state.attributes.items()

    parks.unplug(*PLACE)
    await home.run(400)
    state = _sensor(home, "session_energy")
    assert float(state.state) == parks.energy(first)
    assert state.attributes["last_reset"] == first.started.isoformat()
    # The last reading is the meter's own word.
    assert state.attributes["energy_source"] == "metered"

    second = parks.plug(*PLACE)
    await _poll(home)
    state = _sensor(home, "session_energy")
    assert float(state.state) == 0
    assert state.attributes["last_reset"] == second.started.isoformat()
    await home.run(300)
    await _poll(home)
    assert _value(home, "session_energy") == parks.energy(second) > 0.5


async def test_lifetime_energy(home: Home) -> None:
    """Test that all sessions add up, at a connector and in the account, and corrections count."""
    await home.add_parks()
    parks = home.simulator.parks
    first = parks.plug(*PLACE)
    other = parks.plug(SERIAL, 1, Car(max_power=22))
    await home.run(600)
    parks.unplug(*PLACE)
    await home.run(60)
    second = parks.plug(*PLACE)
    await home.run(400)
    await _poll(home)
    here = parks.energy(first) + parks.energy(second)
    whole = here + parks.energy(other)
    assert _value(home, "energy") == pytest.approx(here, abs=1e-6)
    assert float(home.state("sensor", "energy", POINT).state) == parks.energy(other)
    account = home.state("sensor", "energy", None)
    assert float(account.state) == pytest.approx(whole, abs=1e-6)
    for state in (account, _sensor(home, "energy")):
        assert state.attributes["state_class"] == "total"
        assert "last_reset" not in state.attributes

    # Of the session before the one that runs.
    parks.correct(first.id, first.start_reading + 1.25)
    await _poll(home)
    assert _value(home, "energy") == pytest.approx(1.25 + parks.energy(second), abs=1e-6)
    account = home.state("sensor", "energy", None)
    assert float(account.state) == pytest.approx(whole - here + 1.25 + parks.energy(second))
    assert _value(home, "session_energy") == parks.energy(second)
    await reload(home)
    assert _value(home, "energy") == pytest.approx(1.25 + parks.energy(second), abs=1e-6)


async def test_power(home: Home) -> None:
    """Test that power is what the meter says, nothing in a pause, and nothing at the end."""
    await home.add_parks(SOUTH)
    parks = home.simulator.parks
    parks.plug(*PLACE, Car(max_power=22))
    await home.run(310)
    assert _sensor(home, "power").state == "unknown"
    await home.run(95)
    assert _value(home, "power") == pytest.approx(22, rel=0.02)
    assert _sensor(home, "power").attributes["unit_of_measurement"] == "kW"
    parks.set_car_power(*PLACE, 7.4)
    await home.run(65)
    assert _value(home, "power") == pytest.approx(7.4, rel=0.02)
    parks.suspend(*PLACE)
    await home.run(35)
    assert _value(home, "power") == 0
    parks.resume(*PLACE)
    await home.run(95)
    assert _value(home, "power") == pytest.approx(7.4, rel=0.02)
    parks.unplug(*PLACE)
    await home.run(35)
    assert _value(home, "power") == 0


async def test_power_of_an_old_reading(home: Home) -> None:
    """Test that power is unknown once the meter has not been read for long."""
    await home.add_parks(SOUTH)
    home.simulator.smappee.settings.reading_interval = 720
    home.simulator.parks.plug(*PLACE)
    await home.run(1475)
    assert _value(home, "power") == pytest.approx(11, rel=0.05)
    await home.run(SAMPLE_EXPIRES.total_seconds() - 60)
    assert _value(home, "power") == pytest.approx(11, rel=0.05)
    await home.run(120)
    assert _words(home)[0] == "charging"
    assert _sensor(home, "power").state == "unknown"
    assert _value(home, "session_energy") == _value(home, "energy") == 4.4


async def test_power_of_rare_readings(home: Home) -> None:
    """Test that power is never far above what flows when a meter is read every five minutes.

    When the first value that is seen was read is not known, so the next one tells nothing.
    """
    await home.add_parks(SOUTH)
    home.simulator.smappee.settings.reading_interval = 300
    await home.run(10)
    home.simulator.parks.plug(*PLACE)
    with Writes(home.hass) as writes:
        await home.run(950)
    shown = [
        float(state["state"])
        for state in writes.states
        if state["entity_id"] == "sensor.south_1_power" and state["state"] != "unknown"
    ]
    assert shown[-1] == pytest.approx(11, rel=0.15)
    assert max(shown) < 11 * 1.15


async def test_words(home: Home) -> None:
    """Test the words for all that can happen to a car."""
    await home.add_parks(SOUTH)
    parks = home.simulator.parks
    parks.plug(*PLACE, Car(capacity=60, level=59.8))
    await home.run(35)
    await _poll(home)
    assert _words(home) == ("charging", "on", "on")
    parks.suspend(*PLACE)
    await home.run(35)
    assert _words(home) == ("suspended", "on", "off")
    parks.resume(*PLACE)
    await home.run(65)
    # The car is full.
    assert _words(home) == ("connected", "on", "off")
    assert _value(home, "power") == 0
    parks.unplug(*PLACE)
    await home.run(35)
    assert _words(home) == ("available", "off", "off")


async def test_unknown_status(home: Home) -> None:
    """Test that a word from the future is no word, and the session is open all the same."""
    await home.add_parks(SOUTH)
    home.simulator.faults.on("unknown_enum")
    home.simulator.parks.plug(*PLACE)
    await home.run(310)
    assert _words(home) == ("unknown", "unknown", "unknown")
    assert _sensor(home, "power").state == "unknown"
    assert home.state("sensor", "active_sessions", None).state == "1"
    home.simulator.faults.off()
    await home.run(35)
    assert _words(home) == ("charging", "on", "on")


async def test_initial_is_never_shown(home: Home) -> None:
    """Test that a session that is only being made up is no session yet."""
    await home.add_parks(SOUTH)
    home.simulator.smappee.settings.initial_seconds = 900
    with Writes(home.hass) as writes:
        session = home.simulator.parks.plug(*PLACE)
        await home.run(890)
        assert _sensor(home, "session_started").state == "unknown"
        assert _sensor(home, "session_energy").state == "unknown"
        assert home.state("sensor", "active_sessions", None).state == "0"
        assert await sessions(home) == {}
        assert told_events(writes) == []
        await home.run(330)
    assert _words(home) == ("charging", "on", "on")
    assert _sensor(home, "session_started").state == session.started.isoformat()
    assert told_events(writes)[:1] == ["started"]
    words = [
        each["state"] for each in writes.states if each["entity_id"] == "sensor.south_1_status"
    ]
    assert words
    assert "starting" not in words


@pytest.mark.parametrize(
    "settings",
    [
        {"session_shape": "documented"},
        {"session_shape": "documented", "seconds": True, "single_as_object": True},
        {"single_as_object": True, "empty_as_204": False},
        {"energy_as_text": True, "newest_first": False},
        {"seconds": True, "plain_range_shows": "completed"},
        {"charger_id_key": "smartDeviceId"},
    ],
)
async def test_shapes(home: Home, settings: dict[str, Any]) -> None:
    """Test that no way of printing a session changes what it is."""
    for name, value in settings.items():
        setattr(home.simulator.smappee.settings, name, value)
    await home.add_parks(SOUTH)
    parks = home.simulator.parks
    first = parks.plug(*PLACE, rfid="04523022AA4881")
    await home.run(400)
    await _poll(home)
    assert _words(home) == ("charging", "on", "on")
    assert _value(home, "session_energy") == parks.energy(first) > 1
    parks.unplug(*PLACE)
    await home.run(60)
    assert _words(home) == ("available", "off", "off")
    second = parks.plug(*PLACE)
    await home.run(300)
    await _poll(home)
    assert _value(home, "session_energy") == parks.energy(second) > 0.5
    assert _sensor(home, "session_started").state == second.started.isoformat()
    whole = parks.energy(first) + parks.energy(second)
    assert _value(home, "energy") == pytest.approx(whole, abs=1e-6)
    known = await sessions(home)
    assert known[str(first.id)].ended == first.ended
    assert known[str(first.id)].card_id == "04523022AA4881"
    assert home.coordinator.unreadable == ()


@pytest.mark.parametrize("hours", [11, 12], ids=["of the home", "of the world"])
async def test_midnight(home: Home, hours: int) -> None:
    """Test that a session over midnight stays one, with all its energy and its whole time."""
    await home.hass.config.async_set_time_zone("Europe/Amsterdam")
    await home.add_parks(SOUTH)
    await home.advance(hours * 3600 - 900)
    parks = home.simulator.parks
    session = parks.plug(*PLACE)
    await home.run(1800)
    await _poll(home)
    assert _words(home) == ("charging", "on", "on")
    assert _value(home, "session_energy") == _value(home, "energy") == parks.energy(session) > 5
    assert _value(home, "power") == pytest.approx(11, rel=0.05)
    assert _value(home, "session_duration") == pytest.approx(30, abs=1)
    parks.unplug(*PLACE)
    await home.run(310)
    (kept,) = (await sessions(home)).values()
    assert (kept.started, kept.ended) == (session.started, session.ended)
    assert kept.ended
    assert _sensor(home, "session_ended").state == kept.ended.isoformat()
    assert _value(home, "session_energy") == _value(home, "energy") == parks.energy(session)
    # Until the plug was pulled, and not until now.
    assert _value(home, "session_duration") == pytest.approx(30)
