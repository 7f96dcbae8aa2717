"""The calendar of an account, as a person, an automation and the frontend read it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.components.calendar.const import DATA_COMPONENT
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import State
from homeassistant.helpers import device_registry as dr

from custom_components.ev_charging_sessions.calendar import SESSIONS
from custom_components.ev_charging_sessions.charging.model import SessionStatus, Source
from tests.calls import add_second_account, charged
from tests.home import EVSE, OTHER_EVSE, Home
from tests.namespace import POINT
from tests.observe import Writes
from tests.past_sessions import COMPANY, add_account, add_archive, cost, ended
from tests.simulator.defaults import CARDS

OCTOBER = datetime(2026, 10, 1, 0, tzinfo=UTC)


def _calendar(home: Home) -> State:
    return home.state("calendar", SESSIONS.key, None)


async def _events(home: Home, start: str, end: str) -> list[dict[str, Any]]:
    """Return what the action of Home Assistant says."""
    entity_id = _calendar(home).entity_id
    response: Any = await home.hass.services.async_call(
        "calendar",
        "get_events",
        {"entity_id": entity_id, "start_date_time": start, "end_date_time": end},
        blocking=True,
        return_response=True,
    )
    found: list[dict[str, Any]] = response[entity_id]["events"]
    return found


async def test_event_of_a_session(home: Home) -> None:
    """Test what an event says: place, energy, cost, card and how it ended, without a number."""
    await add_account(home)
    began = datetime(2026, 10, 3, 6, 30, tzinfo=UTC)
    session = ended(home, "1", began, card_id=CARDS[1], stop_reason="EVDisconnected")
    await add_archive(home, session)
    (event,) = await _events(home, "2026-10-03 00:00:00", "2026-10-04 00:00:00")
    assert event == {
        "start": "2026-10-03T08:30:00+02:00",
        "end": "2026-10-03T09:30:00+02:00",
        "summary": f"{EVSE}: 11.2 kWh, 4.35 EUR",
        "description": (
            f"Card: {COMPANY}\nEnergy: 11.200 kWh\nCost: 4.35 EUR (Reported)\n"
            "Status: Finished (EVDisconnected)"
        ),
        "location": EVSE,
    }


async def test_what_is_not_known_is_not_said(home: Home) -> None:
    """Test that neither a zero nor the number of a card stands in for what is not known."""
    await add_account(home)
    began = datetime(2026, 10, 3, 6, 30, tzinfo=UTC)
    unknown = {"energy": None, "cost": None, "status": None, "charge_point_id": None}
    await add_archive(home, ended(home, "1", began, card_id="PLANTED-CARD", **unknown))
    (event,) = await _events(home, "2026-10-03 00:00:00", "2026-10-04 00:00:00")
    assert event["summary"] == "Unknown charge point"
    assert "description" not in event
    assert "location" not in event
    assert "PLANTED" not in str(event)


async def test_which_sessions_lie_in_a_range(
    home: Home, hass_client: ClientSessionGenerator
) -> None:
    """Test that all that overlap a range are in it, each with a length, over HTTP too."""
    await add_account(home)
    hour = timedelta(hours=1)
    day = datetime(2026, 10, 2, 22, tzinfo=UTC)
    await add_archive(
        home,
        ended(home, "the day before", day - 2 * hour),
        ended(home, "ends at midnight", day - hour),
        ended(home, "over midnight", day - hour / 2),
        ended(home, "within", day + hour),
        ended(home, "of no length", day + 2 * hour, ended=day + 2 * hour),
        ended(home, "ends before it begins", day + 3 * hour, ended=day),
        ended(home, "of unknown end", day + 4 * hour, ended=None),
        ended(home, "over the next midnight", day + 23.5 * hour),
        ended(home, "begins at the next midnight", day + 24 * hour),
        ended(home, "of unknown start", day, started=None),
        ended(home, "still open", day - hour, ended=None, status=SessionStatus.CHARGING),
    )
    client = await hass_client()
    entity_id = _calendar(home).entity_id
    listed = await (await client.get("/api/calendars")).json()
    assert {each["entity_id"] for each in listed} == {entity_id}
    answer = await client.get(
        f"/api/calendars/{entity_id}",
        params={"start": "2026-10-03T00:00:00+02:00", "end": "2026-10-04T00:00:00+02:00"},
    )
    events = await answer.json()
    lengths = {
        each["uid"]: datetime.fromisoformat(each["end"]["dateTime"])
        - datetime.fromisoformat(each["start"]["dateTime"])
        for each in events
    }
    second = timedelta(seconds=1)
    assert lengths == {
        "still open": datetime(2026, 11, 21, 12, tzinfo=UTC) - (day - hour),
        "over midnight": hour,
        "within": hour,
        "of no length": second,
        "ends before it begins": second,
        "of unknown end": second,
        "over the next midnight": hour,
    }


async def test_summer_ends(home: Home) -> None:
    """Test that a session in the hour that there is twice is where it was."""
    await add_account(home)
    first = datetime(2026, 10, 25, 0, 15, tzinfo=UTC)
    half = timedelta(minutes=30)
    await add_archive(
        home,
        ended(home, "1", first, ended=first + half),
        ended(home, "2", first + 2 * half, ended=first + 3 * half),
    )
    # Not by the action: the frozen clock forgets which of two hours it is when it is copied.
    calendar = home.hass.data[DATA_COMPONENT].get_entity(_calendar(home).entity_id)
    assert calendar
    events = await calendar.async_get_events(home.hass, first - half, first + 4 * half)
    assert [(str(each.start), str(each.end)) for each in events] == [
        ("2026-10-25 02:15:00+02:00", "2026-10-25 02:45:00+02:00"),
        ("2026-10-25 02:15:00+01:00", "2026-10-25 02:45:00+01:00"),
    ]


async def test_more_than_a_page(home: Home) -> None:
    """Test that each of many sessions is there once, in the order of time."""
    await add_account(home)
    hour = timedelta(hours=1)
    await add_archive(
        home, *(ended(home, f"{number:04}", OCTOBER + number * hour / 2) for number in range(700))
    )
    events = await _events(home, "2026-09-01 00:00:00", "2026-12-01 00:00:00")
    starts = [each["start"] for each in events]
    assert len(set(starts)) == 700
    assert [datetime.fromisoformat(each) for each in starts] == sorted(
        datetime.fromisoformat(each) for each in starts
    )


async def test_running_session(home: Home) -> None:
    """Test that the running session is the live event for as long as it runs, and no longer."""
    await home.add_account(EVSE)
    assert _calendar(home).state == STATE_OFF
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    began = datetime(2026, 11, 21, 12, tzinfo=UTC)
    await home.run(310)
    assert _calendar(home).state == STATE_ON
    assert _calendar(home).attributes["message"] == EVSE
    assert _calendar(home).attributes["location"] == EVSE
    await home.run(4000)
    assert _calendar(home).state == STATE_ON
    (event,) = await _events(home, "2026-11-21 00:00:00", "2026-11-22 00:00:00")
    start, end = (datetime.fromisoformat(event[key]) for key in ("start", "end"))
    assert (start, end) == (began, began + timedelta(seconds=4310))
    home.simulator.world.unplug(session.evse_id)
    await home.run(31)
    assert _calendar(home).state == STATE_OFF
    assert "message" not in _calendar(home).attributes


async def test_running_session_is_not_there_tomorrow(home: Home) -> None:
    """Test that a session without an end is no event of the days to come."""
    await add_account(home)
    began = datetime(2026, 11, 21, 10, tzinfo=UTC)
    running = {"ended": None, "status": SessionStatus.CHARGING}
    await add_archive(home, ended(home, "1", began, **running))
    assert await _events(home, "2026-11-22 00:00:00", "2026-11-23 00:00:00") == []
    assert len(await _events(home, "2026-11-21 00:00:00", "2026-11-22 00:00:00")) == 1


async def test_live_event_is_written_in_steps(home: Home) -> None:
    """Test that a session of which nothing new is told is written once an hour."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    with Writes(home.hass) as writes:
        await home.run(7200)
    assert writes.entity_ids.count(_calendar(home).entity_id) == 2
    assert _calendar(home).state == STATE_ON


async def test_live_event_tells_energy_and_cost(home: Home) -> None:
    """Test that the figures of the live event move on with those of the session."""
    await home.add_namespace()
    home.simulator.namespace.start_at_pole(POINT.rpartition("-")[0], 1, "TAG-1")
    await home.run(600)
    first = _calendar(home)
    await home.run(600)
    second = _calendar(home)
    assert first.state == second.state == STATE_ON
    assert first.attributes["message"] != second.attributes["message"]
    sensor = home.state("sensor", "session_cost", POINT)
    assert second.attributes["message"].endswith(" EUR")
    assert f"{float(sensor.state):.2f} EUR" in second.attributes["message"]
    assert " kWh, " in second.attributes["message"]


async def test_without_network(home: Home) -> None:
    """Test that the archive and the running session are shown while the network is away."""
    await home.add_account(EVSE, OTHER_EVSE)
    await charged(home, OTHER_EVSE, CARDS[0], 600)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    await home.simulator.stop()
    await home.run(900)
    assert not home.coordinator.last_update_success
    assert _calendar(home).state == STATE_ON
    assert len(await _events(home, "2026-11-21 00:00:00", "2026-11-22 00:00:00")) == 2


async def test_each_account_has_its_own(home: Home) -> None:
    """Test that a calendar shows the sessions of its account, on the device of the account."""
    await home.add_account(EVSE)
    await add_archive(home, ended(home, "1", OCTOBER))
    other = await add_second_account(home)
    registry = dr.async_get(home.hass)
    states = [home.hass.states.get(each) for each in home.hass.states.async_entity_ids("calendar")]
    assert len(states) == 2
    mine = _calendar(home).entity_id
    for state in states:
        assert state
        response: Any = await home.hass.services.async_call(
            "calendar",
            "get_events",
            {
                "entity_id": state.entity_id,
                "start_date_time": "2026-09-01 00:00:00",
                "duration": {"days": 60},
            },
            blocking=True,
            return_response=True,
        )
        assert len(response[state.entity_id]["events"]) == (state.entity_id == mine)
    assert registry.async_get(home.device_id(None))
    await home.hass.config_entries.async_unload(other)


async def test_name_of_a_person(home: Home) -> None:
    """Test that a charge point goes by the name that its owner gave its device."""
    await add_account(home)
    await add_archive(home, ended(home, "1", OCTOBER))
    dr.async_get(home.hass).async_update_device(home.device_id(), name_by_user="Garage <b>")
    (event,) = await _events(home, "2026-10-01 00:00:00", "2026-10-02 00:00:00")
    assert event["summary"] == "Garage <b>: 11.2 kWh, 4.35 EUR"
    assert event["location"] == "Garage <b>"


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        (cost("0"), "0.00 EUR"),
        (cost("1234.5"), "1\u202f234.50 EUR"),
        (cost("7.12345"), "7.12345 EUR"),
        (cost("950", "JPY"), "950 JPY"),
        (cost("-1.20", source=Source.COMPUTED), "-1.20 EUR"),
    ],
)
async def test_money(home: Home, money: Any, shown: str) -> None:
    """Test that amounts are shown in coins, and finer ones as they are."""
    await add_account(home)
    await add_archive(home, ended(home, "1", OCTOBER, cost=money))
    (event,) = await _events(home, "2026-10-01 00:00:00", "2026-10-02 00:00:00")
    assert event["summary"] == f"{EVSE}: 11.2 kWh, {shown}"
