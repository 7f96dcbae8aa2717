"""Start and stop at a CleverEV namespace, with the switch and with the actions."""

import asyncio
from typing import Any

import pytest

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from tests.home import Home
from tests.namespace import DEPOT, ENTRANCE, GARAGE_POINT, POINT
from tests.observe import Writes, told_events
from tests.simulator.defaults import CLEVEREV_ID_TAGS, CLEVEREV_NOTE
from tests.simulator.namespace_model import NamespaceSession


async def _press(home: Home, service: str, point: str = POINT) -> None:
    """Press the switch of a connector, and let time pass until it is done."""
    entity_id = home.entity_id("switch", "charging", point)
    press = asyncio.create_task(
        home.hass.services.async_call("switch", service, {"entity_id": entity_id}, blocking=True)
    )
    await home.settle()
    for _ in range(150):
        if press.done():
            break
        await home.advance(1)
    await press


async def _act(home: Home, action: str, **data: Any) -> dict[str, Any]:
    answer = await home.act(action, **data)
    assert answer is not None
    return dict(answer)


def _session(home: Home) -> NamespaceSession:
    """Return the session at the entrance as it is in truth."""
    session = home.simulator.namespace.connector(ENTRANCE, 1).session
    assert session
    return session


async def test_switch(home: Home) -> None:
    """Test that on starts without any card, off stops, and each is sent once."""
    await home.add_namespace()
    assert home.coordinator.backend.cards == ()
    home.simulator.namespace.plug(ENTRANCE, 1)
    await _press(home, "turn_on")
    assert home.state("switch", "charging", POINT).state == "on"
    assert home.state("sensor", "status", POINT).state == "charging"
    await home.run(600)
    assert float(home.state("sensor", "session_energy", POINT).state) > 1
    await _press(home, "turn_off")
    assert home.state("switch", "charging", POINT).state == "off"
    counts = home.simulator.log.counts()
    assert (counts["start_session"], counts["stop_session"]) == (1, 1)


async def test_actions(home: Home) -> None:
    """Test that the answers of start and stop tell the session, by device and by id."""
    await home.add_namespace()
    namespace = home.simulator.namespace
    namespace.plug(ENTRANCE, 1)
    started = await _act(home, "start_session", device_id=home.device_id(POINT))
    session = _session(home)
    assert (started["session_id"], started["status"]) == (session.id, "charging")
    assert 0 < started["seconds"] < 30
    again = await _act(home, "start_session", device_id=home.device_id(POINT))
    assert (again["session_id"], again["seconds"]) == (session.id, 0)
    entry_id = home.entry.entry_id
    stopped = await _act(
        home, "stop_session", config_entry_id=entry_id, session_id=started["session_id"]
    )
    assert (stopped["session_id"], stopped["status"]) == (session.id, "finished")
    assert home.simulator.log.count("start_session") == 1

    namespace.plug(DEPOT, 1)
    other = await _act(home, "start_session", config_entry_id=entry_id, evse_id=f" {DEPOT}-1 ")
    assert other["status"] == "charging"
    assert home.state("switch", "charging", f"{DEPOT}-1").state == "on"


async def test_no_card(home: Home) -> None:
    """Test that a card is refused before anything is sent, for the token pays."""
    await home.add_namespace()
    await home.add_subentry("charge_card", identifier=CLEVEREV_ID_TAGS[0], alias="Anna")
    home.simulator.namespace.plug(ENTRANCE, 1)
    for card in ("Anna", "nobody"):
        with pytest.raises(ServiceValidationError) as caught:
            await home.act("start_session", device_id=home.device_id(POINT), card=card)
        assert caught.value.translation_key == "cannot_choose_card"
    assert home.simulator.log.count("start_session") == 0
    # A named card changes nothing for a start without one.
    started = await _act(home, "start_session", device_id=home.device_id(POINT))
    assert started["status"] == "charging"


@pytest.mark.parametrize("status", [200, 400, 409])
async def test_refused_start(home: Home, status: Any) -> None:
    """Test that a start that the charger refuses says so, and the switch flips back."""
    await home.add_namespace()
    home.simulator.cleverev.settings.refusal_status = status
    home.simulator.namespace.fail_next("start")
    with Writes(home.hass) as writes:
        with pytest.raises(HomeAssistantError) as caught:
            await _press(home, "turn_on")
        await home.settle()
    assert caught.value.translation_key == "request_rejected"
    assert home.state("switch", "charging", POINT).state == "off"
    assert told_events(writes) == ["start_failed"]


@pytest.mark.parametrize("how", ["never", "no car"])
async def test_start_that_comes_to_nothing(home: Home, how: str) -> None:
    """Test that a start that was accepted and never runs is given up, and sent once."""
    await home.add_namespace()
    if how == "never":
        home.simulator.namespace.plug(ENTRANCE, 1)
        home.simulator.namespace.fail_next("start", "never")
    with pytest.raises(HomeAssistantError) as caught:
        await _press(home, "turn_on")
    assert caught.value.translation_key == "command_timed_out"
    assert home.simulator.log.count("start_session") == 1
    # A network that does not know a session may only be slow, for an hour.
    await home.run(3700)
    assert home.state("switch", "charging", POINT).state == "off"
    assert home.state("sensor", "active_sessions", None).state == "0"


@pytest.mark.parametrize("is_told", [True, False])
@pytest.mark.parametrize("kind", [None, "drop_answer"])
async def test_start_whose_session_is_not_told(
    home: Home, kind: str | None, *, is_told: bool
) -> None:
    """Test that a start is found by looking when its answer is lost or tells no session."""
    await home.add_namespace()
    home.simulator.cleverev.settings.start_tells_id = is_told
    home.simulator.namespace.plug(ENTRANCE, 1)
    if kind:
        home.simulator.faults.on(kind, scope="start_session")
    started = await _act(home, "start_session", device_id=home.device_id(POINT))
    assert (started["session_id"], started["status"]) == (_session(home).id, "charging")
    assert home.simulator.log.count("start_session") == 1


@pytest.mark.parametrize(
    ("how", "key"), [("refused", "request_rejected"), ("never", "command_timed_out")]
)
async def test_failed_stop(home: Home, how: str, key: str) -> None:
    """Test that a stop that fails says why, and the session goes on."""
    await home.add_namespace()
    home.simulator.namespace.start_at_pole(ENTRANCE, 1, CLEVEREV_ID_TAGS[0])
    await home.run(310)
    home.simulator.namespace.fail_next("stop", how)
    with pytest.raises(HomeAssistantError) as caught:
        await _press(home, "turn_off")
    assert caught.value.translation_key == key
    assert home.state("switch", "charging", POINT).state == "on"
    assert home.state("sensor", "status", POINT).state == "charging"


async def test_legacy_takes_no_commands(home: Home) -> None:
    """Test that an account of the older API refuses both before anything is sent."""
    await home.add_namespace(organization_id=None, api_generation="legacy")
    session = home.simulator.namespace.start_at_pole(ENTRANCE, 1, CLEVEREV_ID_TAGS[0])
    await home.run(310)
    home.simulator.log.clear()
    for action, data, key in (
        ("start_session", {"device_id": home.device_id(POINT)}, "cannot_start"),
        ("stop_session", {"device_id": home.device_id(POINT)}, "cannot_stop"),
        (
            "stop_session",
            {"config_entry_id": home.entry.entry_id, "session_id": session.id},
            "cannot_stop",
        ),
    ):
        with pytest.raises(ServiceValidationError) as caught:
            await home.act(action, **data)
        assert caught.value.translation_key == key
    assert {"start_session", "stop_session"}.isdisjoint(home.simulator.log.counts())


async def test_what_the_archive_tells(home: Home) -> None:
    """Test that the archive has what an operator is told, and the events of a session do not."""
    await home.add_namespace()
    await home.add_subentry("charge_card", identifier=CLEVEREV_ID_TAGS[0], alias="Anna")
    session = home.simulator.namespace.start_at_pole(GARAGE_POINT[:-2], 1, CLEVEREV_ID_TAGS[0])
    home.simulator.namespace.annotate(session.id, CLEVEREV_NOTE)
    await home.run(310)
    (row,) = (await _act(home, "get_sessions"))["sessions"]
    told = {key: row[key] for key in ("intent", "start_kind", "note", "location_id")}
    assert told == {
        "intent": "personal_keycard",
        "start_kind": "local",
        "note": CLEVEREV_NOTE,
        "location_id": session.location_id,
    }
    assert row["session_id"] == session.id
    assert row["evse_id"] == GARAGE_POINT
    assert row["card"] == "Anna"
    assert row["currency"] == "EUR"
    attributes = home.state("event", "session", GARAGE_POINT).attributes
    assert attributes["session_id"] == session.id
    assert told.keys().isdisjoint(attributes)
