"""The polling table of the design, request by request."""

import asyncio

import pytest

from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from custom_components.ev_charging_sessions.charging.model import SessionStatus
from tests.home import EVSE, OTHER_EVSE, Home
from tests.observe import LedgerWatch, Writes, gaps, sessions, times
from tests.simulator.defaults import CARDS

THIRD_EVSE = "NL*TNM*EVIRTUALCP0002*0"
LOOK_UPS = {"locations", "location"}


async def test_idle(home: Home) -> None:
    """Test that an account without an open session is read every five minutes."""
    await home.add_account(EVSE)
    await home.run(400)
    home.simulator.log.clear()
    await home.run(3000)
    waits = gaps(times(home, "active"))
    assert len(waits) == 9
    assert waits == pytest.approx([300] * 9, abs=1)


async def test_open_session(home: Home) -> None:
    """Test that an account with an open session is read every thirty seconds."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(305)
    home.simulator.log.clear()
    await home.run(600)
    waits = gaps(times(home, "active"))
    assert len(waits) == 19
    assert waits == pytest.approx([30] * 19, abs=1)


async def test_after_an_end(home: Home) -> None:
    """Test that an ended session is read again for five minutes, and no longer."""
    await home.add_account(EVSE)
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(305)
    home.simulator.world.unplug(EVSE)
    await home.run(31)
    assert (await sessions(home))[session.session_id].status is SessionStatus.FINISHED
    home.simulator.log.clear()
    await home.run(1200)
    polls = times(home, "active")
    assert gaps(polls) == pytest.approx([30] * 10 + [300] * 2, abs=1)
    # Late values would come with the session itself.
    assert len(times(home, "retrieve")) == 10


async def test_after_a_command(home: Home) -> None:
    """Test the waits of a command that nothing confirms: short, longer, then the deadline."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    home.simulator.world.start_delay = 10_000
    home.simulator.log.clear()
    call = asyncio.create_task(
        home.hass.services.async_call(
            "ev_charging_sessions",
            "start_session",
            {"device_id": home.device_id(), "timeout": 180},
            blocking=True,
            return_response=True,
        )
    )
    await home.settle()
    await home.run(181)
    with pytest.raises(Exception, match="not confirmed the command in time"):
        await call
    moments = [*times(home, "start"), *times(home, "retrieve")]
    expected = [2, 3, 5, 8, 13, 21, 34, 30, 30, 30, 4]
    assert gaps(moments)[: len(expected)] == pytest.approx(expected, abs=1)
    assert len(times(home, "start")) == 1


async def test_polling_disabled(home: Home) -> None:
    """Test that without polling nothing is read but by commands and on request."""
    await async_setup_component(home.hass, "homeassistant", {})
    await home.add_account(EVSE)
    home.hass.config_entries.async_update_entry(home.entry, pref_disable_polling=True)
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    home.simulator.log.clear()
    await home.run(3600)
    assert not home.simulator.log.entries

    home.simulator.world.plug(EVSE)
    response = await home.act("start_session", device_id=home.device_id())
    assert response
    assert response["status"] == "charging"
    assert home.state("sensor", "status").state == "charging"

    home.simulator.log.clear()
    await home.run(3600)
    assert not home.simulator.log.entries
    home.simulator.world.unplug(EVSE)
    await _update(home, home.entity_id("sensor", "status"))
    assert home.state("sensor", "active_sessions", None).state == "0"
    # A session of which nothing is known yet is found on request too.
    home.simulator.world.start_at_pole(OTHER_EVSE, CARDS[0])
    await home.run(11)
    await _update(home, home.entity_id("sensor", "status"))
    assert home.state("sensor", "status", OTHER_EVSE).state == "charging"


async def _update(home: Home, entity_id: str) -> None:
    call = asyncio.create_task(
        home.hass.services.async_call(
            "homeassistant", "update_entity", {"entity_id": entity_id}, blocking=True
        )
    )
    await home.run(1)
    await call


@pytest.mark.parametrize("cards", [1, 2, 5])
async def test_requests_of_an_idle_account(home: Home, cards: int) -> None:
    """Test that an idle account makes at most twelve requests an hour besides look-ups."""
    await home.add_account(EVSE, OTHER_EVSE, THIRD_EVSE)
    for number in range(1, cards):
        home.simulator.world.cards.add(f"NL-TNM-C0000000{number}-A")
        await home.add_subentry(
            "charge_card", identifier=f"NL-TNM-C0000000{number}-A", alias=f"Card {number}"
        )
    await home.run(600)
    for _ in range(3):
        home.simulator.log.clear()
        await home.run(3600)
        counts = home.simulator.log.counts()
        tokens = counts.pop("token", 0)
        look_ups = sum(counts.pop(name, 0) for name in LOOK_UPS)
        assert sum(counts.values()) <= 12, counts
        assert counts["active"] >= 11
        # A token lives 899 s, and each charge point is looked up once an hour.
        assert tokens <= 5
        assert look_ups == 3


async def test_every_card_gets_its_turn(home: Home) -> None:
    """Test that a session with any of five cards is found within five polls."""
    cards = [f"NL-TNM-C0000000{number}-A" for number in range(4)]
    await home.add_account()
    for card in cards:
        home.simulator.world.cards.add(card)
        await home.add_subentry("charge_card", identifier=card, alias=card[-3:] + card[-4])
    await home.run(600)
    home.simulator.world.start_at_pole(EVSE, cards[2])
    await home.run(5 * 301)
    assert home.state("sensor", "status").state == "charging"


@pytest.mark.parametrize("sessions_open", [0, 3])
async def test_nothing_changed(home: Home, sessions_open: int) -> None:
    """Test that a poll with nothing new writes no state and no row of the ledger."""
    await home.add_account(EVSE, OTHER_EVSE, THIRD_EVSE)
    for evse_id in (EVSE, OTHER_EVSE, THIRD_EVSE)[:sessions_open]:
        home.simulator.world.start_at_pole(evse_id, CARDS[0])
    await home.run(320)
    # Durations move with the clock, not with polls.
    _disable_durations(home)
    await home.run(320)
    ledger = LedgerWatch(home)
    home.simulator.log.clear()
    with Writes(home.hass) as writes:
        await home.run(1000)
    assert home.simulator.log.count("active") >= 3
    assert writes.entity_ids == []
    assert not ledger.was_written
    ledger.close()


async def test_one_change(home: Home) -> None:
    """Test that one change among many writes exactly the entities concerned."""
    await home.add_account(EVSE, OTHER_EVSE, THIRD_EVSE)
    world = home.simulator.world
    started = [world.start_at_pole(evse_id, CARDS[0]) for evse_id in (EVSE, OTHER_EVSE)]
    # What the calendar shows is the session that began last.
    await home.advance(1)
    world.start_at_pole(THIRD_EVSE, CARDS[0])
    await home.run(319)
    world.stop(started[1].session_id)
    world.stop_delay = 10_000
    ledger = LedgerWatch(home)
    with Writes(home.hass) as writes:
        await home.run(35)
    concerned = {
        home.entity_id("sensor", "status", OTHER_EVSE),
        home.entity_id("binary_sensor", "connected", OTHER_EVSE),
        home.entity_id("binary_sensor", "charging", OTHER_EVSE),
        home.entity_id("switch", "charging", OTHER_EVSE),
        home.entity_id("event", "session", OTHER_EVSE),
        home.entity_id("sensor", "session_duration", OTHER_EVSE),
        home.entity_id("sensor", "session_ended", OTHER_EVSE),
        home.entity_id("sensor", "last_reported", OTHER_EVSE),
        home.entity_id("sensor", "active_sessions", None),
    }
    durations = {home.entity_id("sensor", "session_duration", each) for each in (EVSE, THIRD_EVSE)}
    assert set(writes.entity_ids) - durations == concerned
    assert ledger.was_written
    ledger.close()


async def test_first_change_after_start(home: Home) -> None:
    """Test that the first news of one charge point does not write the others once more."""
    await home.add_account(EVSE, OTHER_EVSE)
    home.simulator.world.start_at_pole(OTHER_EVSE, CARDS[0])
    with Writes(home.hass) as writes:
        await home.run(305)
    at_evse = {
        each.entity_id
        for each in er.async_entries_for_config_entry(er.async_get(home.hass), home.entry.entry_id)
        if f"_{EVSE}_" in each.unique_id
    }
    assert at_evse
    assert not at_evse.intersection(writes.entity_ids)
    assert home.entity_id("sensor", "status", OTHER_EVSE) in writes.entity_ids


def _disable_durations(home: Home) -> None:
    registry = er.async_get(home.hass)
    for evse_id in (EVSE, OTHER_EVSE, THIRD_EVSE):
        registry.async_update_entity(
            home.entity_id("sensor", "session_duration", evse_id),
            disabled_by=er.RegistryEntryDisabler.USER,
        )
