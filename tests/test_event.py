"""The event entity: every piece of news once."""

from datetime import timedelta

import pytest

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, State, callback
from homeassistant.helpers import entity_registry as er

from tests.home import EVSE, OTHER_EVSE, Home
from tests.simulator.defaults import CARDS


@pytest.fixture
def told(home: Home) -> list[State]:
    """Return the states of event entities as they come, but for those of a start."""
    states: list[State] = []

    @callback
    def listen(event: Event[EventStateChangedData]) -> None:
        old, new = event.data["old_state"], event.data["new_state"]
        if (
            new is not None
            and new.domain == "event"
            and new.state not in {"unknown", "unavailable"}
            and (old is None or old.state != new.state or old.attributes != new.attributes)
            and not new.attributes.get("restored")
        ):
            states.append(new)

    home.hass.bus.async_listen(EVENT_STATE_CHANGED, listen)
    return states


def _types(told: list[State]) -> list[str]:
    return [state.attributes["event_type"] for state in told]


async def test_session(home: Home, told: list[State]) -> None:
    """Test the news along a session, each told once, with what is known and no more."""
    await home.add_account(EVSE)
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(400)
    assert _types(told) == ["started", "charging"]
    told.clear()
    home.simulator.world.unplug(EVSE)
    await home.run(400)
    (finished,) = told
    attributes = dict(finished.attributes)
    for key in ("friendly_name", "event_types", "icon"):
        attributes.pop(key, None)
    assert attributes == {
        "event_type": "finished",
        "session_id": session.session_id,
        "backend": "shell_recharge",
        "device_id": home.device_id(),
        "evse_id": EVSE,
        "card": "Shell Recharge",
        "status": "finished",
        "started": "2026-11-21T04:00:00-08:00",
        "ended": attributes["ended"],
        "duration": 400.0,
    }


async def test_event_types(home: Home) -> None:
    """Test that automations can choose from all kinds of news."""
    await home.add_account(EVSE)
    assert home.state("event", "session").state == "unknown"
    assert home.state("event", "session").attributes["event_types"] == [
        "started",
        "charging",
        "suspended",
        "finished",
        "failed",
        "start_failed",
        "stop_failed",
        "corrected",
        "bill_differs",
        "post_refused",
    ]


async def test_news_from_a_new_place(home: Home, told: list[State]) -> None:
    """Test that the news that brings a charge point into being is told by its new entity."""
    await home.add_account()
    home.simulator.world.start_at_pole(OTHER_EVSE, CARDS[0])
    await home.advance(310)
    assert _types(told) == ["started", "charging"]
    assert {state.entity_id for state in told} == {home.entity_id("event", "session", OTHER_EVSE)}


async def test_no_news_at_first(home: Home, told: list[State]) -> None:
    """Test that what went on before the account was added is no news, and its end is."""
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.add_account(EVSE)
    await home.advance(31)
    assert home.state("sensor", "status").state == "charging"
    assert _types(told) == []
    home.simulator.world.unplug(EVSE)
    await home.advance(31)
    assert _types(told) == ["finished"]


async def test_restart(home: Home, told: list[State]) -> None:
    """Test that after a restart only what happened meanwhile is told."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    before = home.state("event", "session").state
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    assert home.state("event", "session").state == before
    assert home.state("event", "session").attributes["event_type"] == "charging"

    told.clear()
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    home.simulator.world.unplug(EVSE)
    await home.advance(100)
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.settle()
    assert [kind for kind in _types(told) if kind != "charging"] == ["finished"]
    assert home.state("event", "session").attributes["event_type"] == "finished"


async def test_failed_start(home: Home, told: list[State]) -> None:
    """Test that a start that fails is told once, with the reason of the network."""
    await home.add_account(EVSE)
    with pytest.raises(Exception, match="EvNotConnectedToEvse"):
        await home.act("start_session", device_id=home.device_id())
    await home.advance(310)
    (failed,) = told
    assert failed.attributes["event_type"] == "start_failed"
    assert failed.attributes["reason"] == "EvNotConnectedToEvse"
    assert failed.attributes["status"] == "failed"


async def test_refused_start(home: Home, told: list[State]) -> None:
    """Test that a start that never became a session is told without one."""
    await home.add_account(EVSE)
    home.simulator.faults.on("http_403", scope="start")
    with pytest.raises(Exception, match="E0403"):
        await home.act("start_session", device_id=home.device_id())
    (failed,) = told
    assert failed.attributes["event_type"] == "start_failed"
    assert failed.attributes["reason"] == "E0403"
    assert "session_id" not in failed.attributes


async def test_failed_start_elsewhere(home: Home, told: list[State]) -> None:
    """Test that a start by another app that fails under our eyes is told as failed."""
    home.simulator.shell.settings.list_start_requested = True
    await home.add_account(EVSE)
    home.simulator.world.start_delay = 400
    home.simulator.world.start(EVSE, CARDS[0])
    await home.advance(310)
    assert home.state("sensor", "status").state == "starting"
    assert _types(told) == []
    await home.advance(120)
    (failed,) = told
    assert failed.attributes["event_type"] == "failed"
    assert failed.attributes["reason"] == "EvNotConnectedToEvse"


async def test_failed_stop(home: Home, told: list[State]) -> None:
    """Test that a stop that fails is told, and the session goes on."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    told.clear()
    home.simulator.world.fail_next_stop("InternalError")
    with pytest.raises(Exception, match="InternalError"):
        await home.act("stop_session", device_id=home.device_id())
    assert _types(told) == ["stop_failed"]


async def test_correction(home: Home, told: list[State]) -> None:
    """Test that a late change of an ended session is told."""
    await home.add_account(EVSE)
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    home.simulator.world.unplug(EVSE)
    await home.advance(31)
    told.clear()
    assert session.stopped
    session.stopped -= timedelta(seconds=60)
    session.updated = home.simulator.clock.now()
    await home.advance(31)
    assert _types(told) == ["corrected"]


async def test_network_down(home: Home) -> None:
    """Test that the last news stays to be seen while the network is silent."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    home.simulator.faults.on("http_500", scope="*")
    await home.advance(31)
    assert home.state("event", "session").attributes["event_type"] == "charging"


async def test_entity_turned_off(home: Home) -> None:
    """Test that the other entities go on when nobody wants the news."""
    await home.add_account(EVSE)
    er.async_get(home.hass).async_update_entity(
        home.entity_id("event", "session"), disabled_by=er.RegistryEntryDisabler.USER
    )
    await home.settle()
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    assert home.state("sensor", "status").state == "charging"
