"""Tests of what becomes of sessions that the network refuses, or cannot take now."""

import pytest

from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.guest_house import GuestHouse
from tests.home import EVSE as SHELL_EVSE
from tests.simulator.defaults import (
    CARDS,
    PLUGSURFING_EVCO,
    PLUGSURFING_EVSE as EVSE,
    PLUGSURFING_KEY,
)


@pytest.fixture
async def house(guest_house: GuestHouse) -> GuestHouse:
    """Return a guest house with a pole at which a car is plugged in."""
    await guest_house.add_devices("front")
    await guest_house.add_operator()
    await guest_house.add_connector()
    guest_house.poles.pole("front").plug()
    await guest_house.home.run(60)
    return guest_house


async def _charge(house: GuestHouse, seconds: float = 600) -> str:
    """Let a driver charge, and return the id of the session."""
    (answer,) = await house.caller.start(EVSE)
    assert answer.code == 0, answer
    await house.home.run(seconds)
    (ended,) = await house.caller.stop(EVSE)
    assert ended.code == 0, ended
    return str(answer.body["session-start"]["session-id"])


def _issue(house: GuestHouse, kind: str) -> ir.IssueEntry | None:
    issue_id = f"{kind}_{house.home.entry.entry_id}"
    return ir.async_get(house.hass).async_get_issue(DOMAIN, issue_id)


def _unposted(house: GuestHouse) -> str:
    return house.home.state("sensor", "unposted_sessions", None).state


async def _confirm(house: GuestHouse, issue: ir.IssueEntry) -> None:
    """Confirm a repair."""
    manager = repairs_flow_manager(house.hass)
    assert manager
    form = await manager.async_init(DOMAIN, data={"issue_id": issue.issue_id})
    assert form["step_id"] == "confirm"
    result = await manager.async_configure(form["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_start_update_final(house: GuestHouse) -> None:
    """Test that the network hears of the start, of the first energy, and of the end, once each."""
    session_id = await _charge(house)
    await house.home.run(120)
    start, update, final = house.books.posts_of(session_id)
    assert (start.charging_started, start.stopped, start.energy) == (None, None, None)
    assert update.charging_started is not None
    assert update.stopped is None
    assert final.stopped is not None
    assert final.charging_stopped is not None
    assert (final.user_type, final.user) == ("evco-id", PLUGSURFING_EVCO)
    assert house.books.violations == []
    assert _unposted(house) == "0"


async def test_outage(house: GuestHouse) -> None:
    """Test that sessions wait for the network through an outage and a restart."""
    house.home.simulator.faults.on("http_503", scope="session-post")
    first = await _charge(house)
    await house.home.advance(600)
    assert house.books.posts_of(first) == []
    assert _unposted(house) == "1"
    assert _issue(house, "sessions_unposted") is None
    for _ in range(4):
        await house.home.advance(1801)
    assert _issue(house, "sessions_unposted")
    await house.hass.config_entries.async_reload(house.home.entry.entry_id)
    await house.home.settle()
    second = await _charge(house)
    await house.home.advance(86400)
    house.home.simulator.faults.off()
    await house.home.advance(1801)
    await house.home.run(60)
    finals = house.books.finals()
    assert set(finals) == {first, second}
    assert [len(house.books.posts_of(each)) for each in (first, second)] == [1, 1]
    assert _unposted(house) == "0"
    assert _issue(house, "sessions_unposted") is None


async def test_refused_and_posted_again(house: GuestHouse) -> None:
    """Test that a refusal is told, outlasts a restart, and is mended by posting again."""
    house.books.refuse(EVSE, 181)
    session_id = await _charge(house)
    await house.home.run(120)
    issue = _issue(house, "posts_refused")
    assert issue
    assert issue.translation_placeholders == {
        "title": "PlugSurfing",
        "count": "1",
        "reason": "181 EVSE not found",
    }
    event = house.home.state("event", "session", EVSE)
    assert event.attributes["event_type"] == "post_refused"
    assert event.attributes["reason"] == "181"
    assert event.attributes["session_id"] == session_id

    await house.hass.config_entries.async_reload(house.home.entry.entry_id)
    await house.home.settle()
    again = _issue(house, "posts_refused")
    assert again
    assert again.translation_placeholders == issue.translation_placeholders

    house.books.refuse(EVSE, None)
    await _confirm(house, again)
    await house.home.run(10)
    assert set(house.books.finals()) == {session_id}
    assert _issue(house, "posts_refused") is None


async def test_refused_key(house: GuestHouse) -> None:
    """Test that a key that is refused is asked for, and that nothing is lost meanwhile."""
    house.books.keys["another-key"] = house.books.keys.pop(PLUGSURFING_KEY)
    session_id = await _charge(house)
    await house.home.run(120)
    (flow,) = house.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["context"]["source"] == "reauth"
    flows = house.hass.config_entries.flow
    await flows.async_configure(flow["flow_id"], {"api_key": "another-key"})
    await house.home.run(120)
    assert set(house.books.finals()) == {session_id}


async def test_post_session(house: GuestHouse) -> None:
    """Test that a session can be posted by hand, and that the code of the network is told."""
    entry_id = house.home.entry.entry_id
    house.books.refuse(EVSE, 181)
    session_id = await _charge(house)
    await house.home.run(120)
    asked = {"config_entry_id": entry_id, "session_id": session_id}
    with pytest.raises(HomeAssistantError, match="181"):
        await house.home.act("post_session", **asked)
    house.books.refuse(EVSE, None)
    assert await house.home.act("post_session", **asked) == {"code": 0}
    assert set(house.books.finals()) == {session_id}
    assert _issue(house, "posts_refused") is None
    with pytest.raises(ServiceValidationError) as caught:
        await house.home.act("post_session", config_entry_id=entry_id, session_id="nobody's")
    assert caught.value.translation_key == "unknown_session"


async def test_nothing_private_is_posted(house: GuestHouse) -> None:
    """Test that a session without a card stays at home, also when it is asked for."""
    await house.hass.services.async_call(
        "switch", "turn_on", {"entity_id": "switch.pole_front"}, blocking=True
    )
    await house.home.run(600)
    assert house.home.state("sensor", "status", EVSE).state == "charging"
    await house.home.act(
        "turn_off", domain="switch", entity_id=house.home.entity_id("switch", "charging", EVSE)
    )
    await house.home.run(120)
    session = house.home.coordinator.sessions.at[EVSE]
    assert session.energy
    assert house.books.posts == []
    with pytest.raises(ServiceValidationError) as caught:
        await house.home.act(
            "post_session",
            config_entry_id=house.home.entry.entry_id,
            session_id=session.session_id,
        )
    assert caught.value.translation_key == "no_card"
    assert _issue(house, "posts_refused") is None


async def test_only_an_operator_posts(house: GuestHouse) -> None:
    """Test that other accounts, and charge points that are not forwarded, are told apart."""
    operator = house.home.entry
    await house.home.add_account(SHELL_EVSE)
    shell, house.home.entry = house.home.entry, operator
    session = house.home.simulator.world.start_at_pole(SHELL_EVSE, CARDS[0])
    await house.home.run(400)
    for entry, key in ((shell, "not_an_operator"), (operator, "unknown_session")):
        with pytest.raises(ServiceValidationError) as caught:
            await house.home.act(
                "post_session", config_entry_id=entry.entry_id, session_id=session.session_id
            )
        assert caught.value.translation_key == key
    await house.hass.config_entries.async_unload(shell.entry_id)


async def test_post_station(house: GuestHouse) -> None:
    """Test that the network learns where the connectors of this home are."""
    house.books.stations.clear()
    await house.hass.services.async_call(
        DOMAIN,
        "post_station",
        {
            "device_id": [house.home.device_id(EVSE)],
            "station_id": "guest-house",
            "name": "Guest house",
            "connector_type": "type_2",
            "power": 11,
            "street": "Hauptstrasse",
            "street_number": "1a",
            "zip": "10243",
            "city": "Berlin",
            "country": "de",
            "phone": "+49 30 1234567",
        },
        blocking=True,
    )
    station = house.books.stations["guest-house"]
    assert station["cpo-id"] == "DE*8PS"
    assert station["address"]["country"] == "DE"
    assert station["latitude"] == house.hass.config.latitude
    assert station["connectors"] == [{"id": EVSE, "name": "Type2", "speed": 11.0}]


async def test_status(house: GuestHouse) -> None:
    """Test that the network knows at any time whether a connector is free."""
    assert house.books.status(EVSE) == "Occupied"
    house.poles.pole("front").unplug()
    await house.home.run(60)
    assert house.books.status(EVSE) == "Available"
    house.poles.pole("front").set_offline("relay")
    await house.home.run(60)
    assert house.books.status(EVSE) == "Offline"
