"""The sensors: what they show while charging, afterwards, and while the network is silent."""

from datetime import UTC, datetime

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from homeassistant.const import EVENT_STATE_CHANGED, EntityCategory
from homeassistant.helpers import entity_registry as er

from tests.home import EVSE, OTHER_EVSE, Home
from tests.simulator.defaults import CARDS

LEDGER_VIEWS = ["session_duration", "session_started", "session_ended"]


def _values(home: Home, *keys: str) -> list[str]:
    return [home.state("sensor", key).state for key in keys]


def _minutes(home: Home) -> float:
    return float(home.state("sensor", "session_duration").state)


async def _charging(home: Home) -> None:
    """Let a session run at a charge point that was added."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    assert home.state("sensor", "status").state == "charging"


async def test_never_charged(home: Home) -> None:
    """Test that a charge point without a session shows itself, and nothing of a session."""
    await home.add_account(EVSE)
    assert _values(home, "status", *LEDGER_VIEWS) == ["available", *["unknown"] * 3]
    reported = datetime.fromisoformat(home.state("sensor", "last_reported").state)
    assert reported == datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert home.state("sensor", "active_sessions", None).state == "0"


async def test_open_session(home: Home) -> None:
    """Test what is shown of a session that runs."""
    await _charging(home)
    assert _values(home, "session_started", "session_ended") == [
        "2026-11-21T12:00:00+00:00",
        "unknown",
    ]
    assert _minutes(home) == pytest.approx(310 / 60)
    assert home.state("sensor", "active_sessions", None).state == "1"


async def test_ended_session(home: Home) -> None:
    """Test that the last session stays to be seen."""
    await _charging(home)
    home.simulator.world.unplug(EVSE)
    await home.advance(31)
    assert _values(home, "session_started", "session_ended") == [
        "2026-11-21T12:00:00+00:00",
        "2026-11-21T12:05:10+00:00",
    ]
    assert _minutes(home) == pytest.approx(310 / 60)
    assert home.state("sensor", "active_sessions", None).state == "0"


@pytest.mark.parametrize(
    ("settings", "status"),
    [({"out_of_service": True}, "offline"), ({"offline": True}, "unknown"), ({}, "available")],
)
async def test_status_of_charge_point(home: Home, settings: dict[str, bool], status: str) -> None:
    """Test what a charge point says of itself."""
    home.simulator.world.set_service(EVSE, **settings)
    await home.add_account(EVSE)
    assert home.state("sensor", "status").state == status


async def test_status_occupied(home: Home) -> None:
    """Test that somebody else's car is seen, and said to be nobody's session."""
    home.simulator.world.plug(EVSE)
    await home.add_account(EVSE)
    assert home.state("sensor", "status").state == "occupied"
    assert home.state("sensor", "session_started").state == "unknown"


async def test_status_of_commands(home: Home) -> None:
    """Test that a start and a stop pass through the words for them."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    changes = async_capture_events(home.hass, EVENT_STATE_CHANGED)
    await home.act("start_session", device_id=home.device_id())
    await home.act("stop_session", device_id=home.device_id())
    entity_id = home.entity_id("sensor", "status")
    seen = [
        change.data["new_state"].state
        for change in changes
        if change.data["entity_id"] == entity_id
    ]
    assert seen[:3] == ["starting", "charging", "stopping"]
    assert seen[-1] in {"finished", "occupied"}


async def test_unknown_status(home: Home) -> None:
    """Test that a status from the future is unknown, and the session is open all the same."""
    await home.add_account(EVSE)
    home.simulator.faults.on("unknown_enum")
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    assert home.state("sensor", "status").state == "unknown"
    assert home.state("sensor", "active_sessions", None).state == "1"
    assert home.state("switch", "charging").state == "on"


async def test_duration_ticks(home: Home) -> None:
    """Test that the duration moves once a minute while a session is open, and only then."""
    await _charging(home)
    entity_id = home.entity_id("sensor", "session_duration")
    changes = async_capture_events(home.hass, EVENT_STATE_CHANGED)

    def ticks() -> int:
        return sum(change.data["entity_id"] == entity_id for change in changes)

    await home.run(305)
    assert ticks() == 5
    home.simulator.world.unplug(EVSE)
    await home.run(31)
    assert home.state("sensor", "session_ended").state != "unknown"
    written = home.state("sensor", "session_duration").last_reported
    changes.clear()
    await home.run(200)
    assert ticks() == 0
    assert home.state("sensor", "session_duration").last_reported == written


async def test_duration_ticks_without_network(home: Home) -> None:
    """Test that the time of an open session goes on while the network is silent."""
    await _charging(home)
    home.simulator.faults.on("http_503", scope="*")
    await home.run(130)
    assert home.state("sensor", "status").state == "unavailable"
    assert 7 <= _minutes(home) <= 7.5


async def test_network_down(home: Home) -> None:
    """Test that live values go and come with the network, and those of the ledger stay."""
    await _charging(home)
    await home.simulator.stop()
    await home.advance(60)
    assert home.state("sensor", "status").state == "unavailable"
    assert home.state("sensor", "active_sessions", None).state == "1"
    assert "unavailable" not in _values(home, *LEDGER_VIEWS, "last_reported")
    await home.simulator.start()
    await home.advance(700)
    assert home.state("sensor", "status").state == "charging"


async def test_rate_limited(home: Home) -> None:
    """Test that values stay while the network wants fewer requests."""
    await _charging(home)
    home.simulator.faults.on("http_429", retry_after=600)
    await home.advance(60)
    assert not home.coordinator.last_update_success
    assert home.state("sensor", "status").state == "charging"
    assert home.state("switch", "charging").state == "on"


async def test_no_energy_and_no_cost(home: Home) -> None:
    """Test that nothing pretends to know the energy or the price at Shell."""
    await _charging(home)
    entries = er.async_entries_for_config_entry(er.async_get(home.hass), home.entry.entry_id)
    keys = {entry.unique_id.rpartition("*0_")[2] for entry in entries} - {
        f"{home.entry.unique_id}_active_sessions",
        f"{home.entry.unique_id}_sessions",
    }
    assert keys == {
        "card",
        "charging",
        "connected",
        "last_reported",
        "session",
        "session_duration",
        "session_ended",
        "session_started",
        "status",
    }
    classes = {entry.original_device_class for entry in entries}
    assert not classes & {"energy", "monetary", "power"}


async def test_entities(home: Home) -> None:
    """Test the ids, names and categories that dashboards and automations rely on."""
    await home.add_account(EVSE)
    entries = er.async_entries_for_config_entry(er.async_get(home.hass), home.entry.entry_id)
    account = home.entry.unique_id
    assert {
        entry.entity_id: entry.unique_id.removeprefix(f"{account}_").removeprefix(f"{EVSE}_")
        for entry in entries
    } == {
        "binary_sensor.nl_tnm_e02003451_0_car_charging": "charging",
        "binary_sensor.nl_tnm_e02003451_0_connected": "connected",
        "calendar.shell_recharge_sessions": "sessions",
        "event.nl_tnm_e02003451_0_session": "session",
        "sensor.nl_tnm_e02003451_0_card": "card",
        "sensor.nl_tnm_e02003451_0_last_reported": "last_reported",
        "sensor.nl_tnm_e02003451_0_session_duration": "session_duration",
        "sensor.nl_tnm_e02003451_0_session_ended": "session_ended",
        "sensor.nl_tnm_e02003451_0_session_started": "session_started",
        "sensor.nl_tnm_e02003451_0_status": "status",
        "sensor.shell_recharge_active_sessions": "active_sessions",
        "switch.nl_tnm_e02003451_0_charging": "charging",
    }
    assert all(entry.has_entity_name for entry in entries)
    assert {
        entry.entity_id.rpartition("0_")[2]
        for entry in entries
        if entry.entity_category is EntityCategory.DIAGNOSTIC
    } == {"card", "last_reported"}
    disabled = [entry.entity_id for entry in entries if entry.disabled_by]
    assert disabled == ["sensor.nl_tnm_e02003451_0_card"]


async def test_attributes_are_no_lists(home: Home) -> None:
    """Test that no attribute holds more than one thing, but for the words of an enum."""
    await _charging(home)
    for state in home.hass.states.async_all():
        for key, value in state.attributes.items():
            assert key in {"options", "event_types"} or not isinstance(value, list | dict)


@pytest.mark.parametrize(("card", "alias"), [(CARDS[0], "Shell Recharge"), (CARDS[1], "Company")])
async def test_card(home: Home, card: str, alias: str) -> None:
    """Test that the sensor of the card, once turned on, shows a name and never a number."""
    await home.add_account(EVSE)
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Company")
    er.async_get(home.hass).async_update_entity(home.entity_id("sensor", "card"), disabled_by=None)
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    assert home.state("sensor", "card").state == "unknown"
    home.simulator.world.start_at_pole(EVSE, card)
    await home.advance(310)
    await home.advance(310)
    assert home.state("sensor", "card").state == alias


async def test_foreign_card(home: Home) -> None:
    """Test that a card that its owner took away again is an unnamed one."""
    await home.add_account(EVSE)
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Company")
    er.async_get(home.hass).async_update_entity(home.entity_id("sensor", "card"), disabled_by=None)
    home.simulator.world.start_at_pole(EVSE, CARDS[1])
    await home.advance(310)
    await home.advance(310)
    subentry_id = list(home.entry.subentries)[-1]
    home.hass.config_entries.async_remove_subentry(home.entry, subentry_id)
    await home.settle()
    assert home.state("sensor", "session_started").state != "unknown"
    assert home.state("sensor", "card").state == "unnamed"


async def test_several_charge_points(home: Home) -> None:
    """Test that charge points do not take each other's values."""
    await home.add_account(EVSE, OTHER_EVSE)
    home.simulator.world.start_at_pole(OTHER_EVSE, CARDS[0])
    await home.advance(310)
    assert home.state("sensor", "status").state == "available"
    assert home.state("sensor", "session_started").state == "unknown"
    assert home.state("sensor", "status", OTHER_EVSE).state == "charging"
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(31)
    assert home.state("sensor", "status").state == "charging"
    assert home.state("sensor", "active_sessions", None).state == "2"
