"""The devices of parks: which there are, how they come, are renamed, and go."""

import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from homeassistant.helpers import device_registry as dr, issue_registry as ir

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import Home
from tests.park import (
    NORTH,
    POINT,
    SERIAL,
    SOUTH,
    SOUTH_POINT,
    SOUTH_SERIAL,
    TWIN,
    device,
    places,
    reload,
    remove_device,
)

HOUR = 3600
NEW, NEW_POINT = "6020000021", "6020000021-1"
LIVE = [
    ("sensor", "status"),
    ("sensor", "power"),
    ("binary_sensor", "connected"),
    ("binary_sensor", "charging"),
    ("switch", "charging"),
    ("select", "charging_mode"),
    ("number", "charging_limit"),
]
KEPT = ["energy", "session_energy", "session_started", "session_ended", "session_duration"]


def _live(home: Home, point: str) -> set[bool]:
    """Return whether the live entities of a connector are available: all, none, or some."""
    return {home.state(*each, point).state != "unavailable" for each in LIVE}


def _issue(home: Home) -> ir.IssueEntry | None:
    return ir.async_get(home.hass).async_get_issue(DOMAIN, f"park_lost_{home.entry.entry_id}")


async def test_shape(home: Home) -> None:
    """Test one service for the account, and one device for each connector behind it."""
    await home.add_parks()
    account = device(home, None)
    assert account.entry_type is dr.DeviceEntryType.SERVICE
    assert account.manufacturer == account.name == "Smappee"
    described = {
        point: (device(home, point).name, device(home, point).manufacturer)
        for point in places(home)
    }
    north = {f"602000000{number}-1": (f"North {number}", "Parking North") for number in range(1, 7)}
    assert described == {
        **north,
        "6020000005-1": ("North 5 1", "Parking North"),
        "6020000005-2": ("North 5 2", "Parking North"),
        SOUTH_POINT: ("South 1", "Parking South"),
    }
    for point in places(home):
        assert device(home, point).via_device_id == account.id
        assert device(home, point).entry_type is None
        assert device(home, point).config_subentry_id is None


async def test_no_charge_points_by_hand(home: Home) -> None:
    """Test that cards can be added, and charge points cannot: the network lists them."""
    await home.add_parks(SOUTH)
    assert set(home.entry.supported_subentry_types) == {"charge_card"}


async def test_new_station(home: Home) -> None:
    """Test that a new station is there within the hour, without a reload."""
    await home.add_parks()
    coordinator = home.coordinator
    home.simulator.parks.add_station(20001, NEW, "North 7", connectors=2)
    assert NEW_POINT not in places(home)
    await home.run(HOUR + 310)
    for point, name in ((NEW_POINT, "North 7 1"), ("6020000021-2", "North 7 2")):
        assert (device(home, point).name, device(home, point).manufacturer) == (
            name,
            "Parking North",
        )
        assert home.state("sensor", "status", point).state == "available"
        assert _live(home, point) == {True}
        assert home.state("sensor", "energy", point).state == "0.0"
    assert home.coordinator is coordinator


async def test_new_connector(home: Home) -> None:
    """Test that a new connector of a known station is there within the hour."""
    await home.add_parks()
    home.simulator.parks.add_connector(SERIAL, 2)
    await home.run(HOUR + 310)
    assert device(home, f"{SERIAL}-2").name == "North 1 2"
    # What was the only connector is now told apart from the other one.
    assert device(home, POINT).name == "North 1 1"
    assert _live(home, f"{SERIAL}-2") == _live(home, POINT) == {True}


@pytest.mark.parametrize("serial", [NEW, SERIAL], ids=["station", "connector"])
@pytest.mark.parametrize("waited", [0, 1500])
async def test_new_with_a_session(home: Home, serial: str, waited: float) -> None:
    """Test that a session at something new brings it within five minutes and a poll."""
    await home.add_parks()
    await home.run(waited)
    parks = home.simulator.parks
    if serial == NEW:
        parks.add_station(20001, NEW, "North 7")
    connector = parks.add_connector(serial, 2)
    session = parks.plug(serial, connector.position)
    await home.run(300 + 35)
    point = f"{serial}-2"
    assert device(home, point).name == ("North 7 2" if serial == NEW else "North 1 2")
    assert device(home, point).manufacturer == "Parking North"
    assert home.state("sensor", "status", point).state == "charging"
    assert _live(home, point) == {True}
    started = home.state("sensor", "session_started", point).state
    assert started == session.started.isoformat()


async def test_station_that_is_gone(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Test that a station that was taken down keeps what it charged until it is removed."""
    await home.add_parks()
    parks = home.simulator.parks
    session = parks.plug(SERIAL, 1)
    await home.run(1200)
    parks.unplug(SERIAL, 1)
    await home.run(310)
    energy = home.state("sensor", "energy", POINT).state
    assert float(energy) == parks.energy(session) > 1
    before = [home.state("sensor", key, POINT).state for key in KEPT]
    assert _live(home, POINT) == {True}
    # It is still listed.
    assert not await remove_device(home, hass_ws_client, POINT)

    parks.remove_station(SERIAL)
    await home.run(HOUR + 310)
    assert _live(home, POINT) == {False}
    assert [home.state("sensor", key, POINT).state for key in KEPT] == before
    assert _live(home, SOUTH_POINT) == {True}
    assert _issue(home) is None
    await reload(home)
    assert home.state("sensor", "energy", POINT).state == energy
    assert _live(home, POINT) == {False}

    assert await remove_device(home, hass_ws_client, POINT)
    assert POINT not in places(home)
    await home.run(310)
    await reload(home)
    assert POINT not in places(home)
    # The archive and the meter of the account keep what it charged.
    assert home.state("sensor", "energy", None).state == energy
    answer = await home.act("get_sessions")
    assert answer
    assert answer["count"] == 1


async def test_connector_that_is_gone(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Test that a connector that was taken away leaves the other one of its station alone."""
    await home.add_parks()
    home.simulator.parks.remove_connector(TWIN, 2)
    await home.run(HOUR + 310)
    assert _live(home, f"{TWIN}-2") == {False}
    assert _live(home, f"{TWIN}-1") == {True}
    assert not await remove_device(home, hass_ws_client, f"{TWIN}-1")
    assert await remove_device(home, hass_ws_client, f"{TWIN}-2")


async def test_station_that_comes_back(home: Home) -> None:
    """Test that a station that is put up again is alive again, on the same device."""
    await home.add_parks()
    parks = home.simulator.parks
    device_id = home.device_id(POINT)
    parks.remove_station(SERIAL)
    await home.run(HOUR + 310)
    assert _live(home, POINT) == {False}
    parks.add_station(20001, SERIAL, "North 1")
    await home.run(HOUR + 310)
    assert _live(home, POINT) == {True}
    assert home.device_id(POINT) == device_id


async def test_renamed_station(home: Home) -> None:
    """Test that a station's new name becomes that of its device, but not over a person's."""
    await home.add_parks()
    registry = dr.async_get(home.hass)
    registry.async_update_device(home.device_id(SOUTH_POINT), name_by_user="Mine")
    parks = home.simulator.parks
    parks.station(SERIAL).name = "Corner"
    parks.station(SOUTH_SERIAL).name = "Far corner"
    parks.park(20001).name = "Parking Centre"
    entity_id = home.entity_id("sensor", "status", POINT)
    await home.run(HOUR + 310)
    assert device(home).name == "Corner"
    assert device(home).manufacturer == "Parking Centre"
    assert home.entity_id("sensor", "status", POINT) == entity_id
    southern = device(home, SOUTH_POINT)
    assert (southern.name, southern.name_by_user) == ("Far corner", "Mine")


async def test_lost_park(home: Home) -> None:
    """Test that a lost park is told once, by name, and is all there again when given back."""
    await home.add_parks()
    parks = home.simulator.parks
    session = parks.plug(SOUTH_SERIAL, 1)
    await home.run(310)
    parks.unplug(SOUTH_SERIAL, 1)
    await home.run(310)
    assert _issue(home) is None
    parks.disown(20002)
    await home.run(310)
    issue = _issue(home)
    assert issue
    assert issue.translation_key == "park_lost"
    assert issue.translation_placeholders == {"title": "Smappee", "parks": "Parking South"}
    assert _live(home, SOUTH_POINT) == {False}
    assert float(home.state("sensor", "energy", SOUTH_POINT).state) == parks.energy(session)
    assert _live(home, POINT) == {True}
    # The reading of the configuration finds the same.
    await home.run(HOUR)
    assert _issue(home)
    assert _live(home, SOUTH_POINT) == {False}

    parks.own(20002)
    await home.run(HOUR + 310)
    assert _issue(home) is None
    assert _live(home, SOUTH_POINT) == {True}
    assert home.state("sensor", "status", SOUTH_POINT).state == "available"


async def test_only_park_lost(home: Home) -> None:
    """Test that an account whose only park is lost waits for it, over a restart too."""
    await home.add_parks(NORTH)
    home.simulator.parks.disown(20001)
    await home.run(310)
    assert _issue(home)
    assert home.coordinator.last_update_success
    await reload(home)
    issue = _issue(home)
    assert issue
    assert _live(home, POINT) == {False}
    home.simulator.parks.own(20001)
    await home.run(HOUR + 310)
    assert _issue(home) is None
    assert _live(home, POINT) == {True}


@pytest.mark.parametrize("is_loaded", [True, False])
async def test_removed_account_leaves_no_issue(home: Home, is_loaded: bool) -> None:
    """Test that nothing is left of a lost park when its account goes."""
    await home.add_parks()
    home.simulator.parks.disown(20002)
    await home.run(310)
    assert _issue(home)
    if not is_loaded:
        await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    await home.settle()
    assert not [each for each in ir.async_get(home.hass).issues if each[0] == DOMAIN]
    assert dr.async_entries_for_config_entry(dr.async_get(home.hass), home.entry.entry_id) == []
