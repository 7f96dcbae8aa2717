"""A CleverEV namespace out of reach: what stays, what goes, and how it comes back."""

import logging

import pytest

from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import issue_registry as ir

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import Home
from tests.namespace import ENTRANCE, POINT
from tests.observe import complaints, downs, recoveries, sessions
from tests.park import reload
from tests.simulator.defaults import CLEVEREV_ID_TAGS

LIVE = [
    ("sensor", "status"),
    ("sensor", "power"),
    ("sensor", "ocpp_status"),
    ("binary_sensor", "connected"),
    ("binary_sensor", "charging"),
    ("switch", "charging"),
]
KEPT = ["energy", "session_energy", "session_started", "session_duration"]


@pytest.fixture(autouse=True)
def _log_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def _live(home: Home) -> set[bool]:
    """Return whether the live entities are available: all, none, or some."""
    return {home.state(*each, POINT).state != "unavailable" for each in LIVE}


@pytest.mark.parametrize("kind", ["http_500", "html", "reset", "broken_json"])
async def test_outage(home: Home, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """Test that an outage is told once, keeps what is known, and ends by itself."""
    await home.add_namespace()
    namespace = home.simulator.namespace
    session = namespace.start_at_pole(ENTRANCE, 1, CLEVEREV_ID_TAGS[0])
    await home.run(600)
    assert _live(home) == {True}
    before = [home.state("sensor", key, POINT).state for key in KEPT[:3]]
    caplog.clear()
    home.simulator.faults.on(kind, scope="cleverev")
    await home.run(310)
    assert _live(home) == {False}
    assert [home.state("sensor", key, POINT).state for key in KEPT[:3]] == before
    assert home.state("sensor", "active_sessions", None).state == "1"
    namespace.unplug(ENTRANCE, 1)
    await home.run(4500)
    issues = [each[1] for each in ir.async_get(home.hass).issues if each[0] == DOMAIN]
    assert issues == [f"backend_unavailable_{home.entry.entry_id}"]

    home.simulator.faults.off()
    await home.run(700)
    assert _live(home) == {True}
    assert home.state("sensor", "status", POINT).state == "available"
    known = (await sessions(home))[session.id]
    assert not known.is_open
    assert known.energy == namespace.session(session.id).energy / 1000
    assert not [each for each in ir.async_get(home.hass).issues if each[0] == DOMAIN]
    assert len(downs(caplog.records)) == len(recoveries(caplog.records)) == 1
    assert complaints(caplog.records) == []


async def test_pause(home: Home) -> None:
    """Test that values stay while the network only asks for fewer requests."""
    await home.add_namespace()
    home.simulator.namespace.start_at_pole(ENTRANCE, 1, CLEVEREV_ID_TAGS[0])
    await home.run(310)
    home.simulator.faults.on("http_429", scope="cleverev", retry_after=120)
    home.simulator.log.clear()
    await home.run(119)
    assert len(home.simulator.log.entries) <= 1
    assert _live(home) == {True}
    home.simulator.faults.off()
    await home.run(310)
    assert home.coordinator.last_update_success


async def test_chargers_out_of_reach(home: Home) -> None:
    """Test that sessions are read on while only the list of chargers fails."""
    await home.add_namespace()
    home.simulator.faults.on("http_500", scope="chargers")
    session = home.simulator.namespace.start_at_pole(ENTRANCE, 1, CLEVEREV_ID_TAGS[0])
    await home.run(310)
    assert session.id in await sessions(home)
    assert home.state("sensor", "active_sessions", None).state == "1"
    assert float(home.state("sensor", "session_energy", POINT).state) > 0
    home.simulator.faults.off()
    await home.run(310)
    assert home.state("sensor", "ocpp_status", POINT).state == "charging"


@pytest.mark.parametrize("kind", ["http_503", "html"])
async def test_no_network_at_start_up(home: Home, kind: str) -> None:
    """Test that an account comes up by itself, and learns what has ended meanwhile."""
    await home.add_namespace()
    session = home.simulator.namespace.start_at_pole(ENTRANCE, 1, CLEVEREV_ID_TAGS[0])
    await home.run(310)
    home.simulator.faults.on(kind, scope="cleverev")
    await reload(home)
    assert home.is_in(ConfigEntryState.SETUP_RETRY)
    home.simulator.namespace.unplug(ENTRANCE, 1)
    await home.run(600)
    home.simulator.faults.off()
    await home.run(1300)
    assert home.is_in(ConfigEntryState.LOADED)
    assert not (await sessions(home))[session.id].is_open
    assert home.state("sensor", "status", POINT).state == "available"


async def test_charger_that_is_offline(home: Home) -> None:
    """Test that a charger without a connection says so, and its session ends when it is back."""
    await home.add_namespace()
    namespace = home.simulator.namespace
    session = namespace.start_at_pole(ENTRANCE, 1, CLEVEREV_ID_TAGS[0])
    await home.run(310)
    namespace.set_online(ENTRANCE, online=False)
    namespace.unplug(ENTRANCE, 1)
    await home.run(310)
    assert (await sessions(home))[session.id].is_open
    assert home.state("switch", "charging", POINT).state == "on"
    namespace.set_online(ENTRANCE)
    await home.run(310)
    known = (await sessions(home))[session.id]
    assert not known.is_open
    assert known.energy == namespace.session(session.id).energy / 1000
    assert home.state("sensor", "status", POINT).state == "available"
