"""The eight rules of the design that always hold (section 3), from the network to the states.

Rule 5, of commands, has test_rules_commands.py to itself.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNKNOWN
from homeassistant.helpers import entity_registry as er

from custom_components.ev_charging_sessions.charging.model import Session, SessionStatus
from tests.calls import begin_start
from tests.home import EVSE, OTHER_EVSE, Home
from tests.observe import Writes, gaps, sessions, times, told_events
from tests.simulator.defaults import CARDS
from tests.simulator.world import Phase

THIRD_EVSE = "NL*TNM*EVIRTUALCP0002*0"


async def test_unknown_stays_unknown(home: Home) -> None:
    """Test rule 1: no energy and no cost at Shell, neither an entity nor a zero."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    await home.act("start_session", device_id=home.device_id())
    await home.run(600)
    await home.act("stop_session", device_id=home.device_id())
    keys = {
        each.unique_id.removeprefix(f"{home.entry.unique_id}_").removeprefix(f"{EVSE}_")
        for each in er.async_entries_for_config_entry(er.async_get(home.hass), home.entry.entry_id)
    }
    assert "session_duration" in keys
    assert not [key for key in keys if "energy" in key or "cost" in key or "power" in key]
    response: Any = await home.act("get_sessions")
    (row,) = response["sessions"]
    unknown = ("energy", "energy_source", "cost", "currency", "cost_source", "stop_reason")
    assert {row[key] for key in unknown} == {None}
    assert response["totals"]["energy"] is None
    assert response["totals"]["cost"] == {}


async def test_unknown_status_is_no_status(home: Home) -> None:
    """Test rule 1: a status in no vocabulary is unknown, and neither on nor off nor over."""
    await home.add_account()
    home.simulator.faults.on("unknown_enum")
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    assert home.state("sensor", "status").state == STATE_UNKNOWN
    assert home.state("binary_sensor", "charging").state == STATE_UNKNOWN
    assert home.state("sensor", "session_ended").state == STATE_UNKNOWN
    assert (await sessions(home))[session.session_id].is_open


async def test_the_end_of_a_running_session_is_unknown(home: Home) -> None:
    """Test rule 1: an end that the network tells of a session that still runs is no end."""
    home.simulator.shell.settings.bogus_stopped_at = True
    await home.add_account()
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    assert (await sessions(home))[session.session_id].ended is None
    assert home.state("sensor", "session_ended").state == STATE_UNKNOWN


@pytest.mark.parametrize("api_version", ["v1", "v2"])
@pytest.mark.parametrize("dialect", ["1.0.0", "current"])
async def test_units_end_at_the_backend(
    home: Home, api_version: str, dialect: Literal["1.0.0", "current"]
) -> None:
    """Test rule 2: every generation of the API leads to the same times and seconds."""
    home.simulator.shell.settings.dialect = dialect
    await home.add_account(api_version=api_version)
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    began = home.simulator.clock.now()
    await home.run(310)
    home.simulator.world.unplug(EVSE)
    lasted = home.simulator.clock.now() - began
    await home.run(31)
    known = (await sessions(home))[session.session_id]
    assert known.started
    assert known.ended
    assert known.started.tzinfo is UTC
    assert known.ended.tzinfo is UTC
    assert known.ended - known.started == pytest.approx(lasted, abs=timedelta(seconds=1))
    response: Any = await home.act("get_sessions")
    assert response["sessions"][0]["duration"] == pytest.approx(lasted.total_seconds(), abs=1)
    duration = home.state("sensor", "session_duration")
    assert duration.attributes["unit_of_measurement"] == "min"
    assert float(duration.state) * 60 == pytest.approx(lasted.total_seconds(), abs=1)


@pytest.mark.parametrize("power", [0.011, 11.0, 22_000.0])
async def test_units_are_not_guessed(home: Home, power: float) -> None:
    """Test rule 2: a power is kW because the contract says so, whatever its size."""
    home.simulator.world.charge_point(EVSE).max_power = power
    await home.add_account(EVSE)
    shown = home.coordinator.data.charge_points[EVSE].charge_point
    assert shown.max_power == power


async def _tell(home: Home, order: str) -> dict[str, Session]:
    """Let the same answers come in some order, and return what the ledger makes of them.

    ``a`` is the answer while the session runs, ``z`` the one that shows how it ended, ``c``
    a later correction of that. Between two answers the home forgets what it has seen.
    """
    world = home.simulator.world
    session = world.start_at_pole(EVSE, CARDS[0])
    assert session.started
    told: dict[str, tuple[Phase, datetime | None, datetime]] = {}
    told["a"] = (Phase.STARTED, None, session.started)
    for name, seconds in (("z", 100), ("c", 200)):
        moment = session.started + timedelta(seconds=seconds)
        told[name] = (Phase.STOPPED, moment, moment)
    for name in order:
        session.phase, session.stopped, session.updated = told[name]
        await home.hass.config_entries.async_reload(home.entry.entry_id)
        # As if it had just ended: so it is read again.
        home.coordinator.sessions.ended[session.session_id] = home.simulator.clock.now()
        await home.coordinator.async_refresh()
    return await sessions(home)


@pytest.mark.parametrize("order", ["azc", "aazzcc", "acz", "aczazc", "azca", "aca", "azcazczzaa"])
async def test_order_of_answers(home: Home, order: str) -> None:
    """Test rule 3: the same answers, in any order and repeated, give the same ledger."""
    await home.add_account(EVSE)
    (known,) = (await _tell(home, order)).values()
    assert known.status is SessionStatus.FINISHED
    assert known.started
    assert known.ended == known.started + timedelta(seconds=200)
    assert known.updated == known.ended
    revisions = await home.coordinator.ledger.revisions(known.account, known.session_id)
    # What was said of the end before the correction is kept.
    assert [each.session.ended for each in revisions] == (
        [known.started + timedelta(seconds=100)] if "z" in order else []
    )


async def test_late_correction(home: Home) -> None:
    """Test rule 3: a correction after the end becomes a revision and an event."""
    await home.add_account(EVSE)
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    home.simulator.world.unplug(EVSE)
    await home.run(60)
    assert session.stopped
    first = (await sessions(home))[session.session_id].ended
    # Meanwhile somebody else charges there, so this session is no longer the shown one.
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(31)
    session.stopped += timedelta(seconds=7)
    session.updated = home.simulator.clock.now()
    await home.run(31)
    known = (await sessions(home))[session.session_id]
    assert first
    assert known.ended == first + timedelta(seconds=7)
    revisions = await home.coordinator.ledger.revisions(known.account, known.session_id)
    assert [each.session.ended for each in revisions] == [first]
    event = home.state("event", "session")
    assert event.attributes["event_type"] == "corrected"
    assert event.attributes["session_id"] == session.session_id


async def test_vanished_is_not_over(home: Home) -> None:
    """Test rule 4: a session that the list drops stays open until its own end is told."""
    await home.add_account(EVSE)
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    home.simulator.faults.on("http_503", scope="retrieve")
    home.simulator.world.unplug(EVSE)
    await home.run(300)
    assert (await sessions(home))[session.session_id].is_open
    assert home.state("sensor", "active_sessions", None).state == "1"
    home.simulator.faults.off()
    await home.run(700)
    known = (await sessions(home))[session.session_id]
    assert known.status is SessionStatus.FINISHED
    assert known.ended
    assert session.stopped
    assert abs(known.ended - session.stopped) < timedelta(seconds=1)


async def test_ended_while_nobody_looked(home: Home) -> None:
    """Test rule 4: an end while Home Assistant was off is found, and told once."""
    await home.add_account(EVSE)
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    home.simulator.world.unplug(EVSE)
    await home.advance(7 * 3600)
    with Writes(home.hass) as writes:
        await home.hass.config_entries.async_setup(home.entry.entry_id)
        await home.settle()
        await home.run(400)
    known = (await sessions(home))[session.session_id]
    assert known.status is SessionStatus.FINISHED
    assert session.stopped
    assert known.ended
    assert abs(known.ended - session.stopped) < timedelta(seconds=1)
    # The first one is what Home Assistant itself restores.
    assert told_events(writes) == ["charging", "finished"]


async def test_one_budget(home: Home) -> None:
    """Test rule 6: never more than sixty requests a minute, and commands go first."""
    world = home.simulator.world
    await home.add_account(EVSE)
    world.plug(EVSE)
    crowd = world.populate(140, CARDS[0])
    await home.run(310)
    assert home.state("sensor", "active_sessions", None).state == "140"
    for session in crowd:
        world.unplug(session.evse_id)
    # The poll that asks what became of them has to wait for its budget.
    await home.run(45)
    asked = home.simulator.clock.now()
    call = begin_start(home)
    await home.run(2)
    (sent,) = times(home, "start")
    assert sent - asked <= timedelta(seconds=2)
    await home.run(400)
    assert (await call)["status"] == "charging"
    moments = times(home)
    for index, moment in enumerate(moments):
        within = [each for each in moments[index:] if each - moment < timedelta(seconds=60)]
        assert len(within) <= 60
    assert home.state("sensor", "active_sessions", None).state == "1"


async def test_back_off_has_jitter(home: Home) -> None:
    """Test rule 6: no two waits of an outage are quite the same."""
    await home.add_account(EVSE)
    home.simulator.faults.on("http_503")
    await home.run(3 * 3600)
    waits = gaps(times(home, "active"))[5:]
    assert len({round(wait) for wait in waits}) > len(waits) / 2


async def test_cards_show_as_their_alias(home: Home) -> None:
    """Test rule 7: a card is what its owner calls it, in states, events and answers."""
    await home.add_account(EVSE)
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Family")
    er.async_get(home.hass).async_update_entity(home.entity_id("sensor", "card"), disabled_by=None)
    # Home Assistant itself reloads the account for that, a little later.
    await home.run(40)
    assert home.entry.state is ConfigEntryState.LOADED
    with Writes(home.hass) as writes:
        home.simulator.world.start_at_pole(EVSE, CARDS[1])
        await home.run(620)
        response: Any = await home.act("get_sessions")
    assert home.state("sensor", "card").state == "Family"
    assert home.state("event", "session").attributes["card"] == "Family"
    assert response["sessions"][0]["card"] == "Family"
    for card in CARDS:
        assert card not in repr(writes.states)
        assert card not in repr(response)


async def test_no_lists_in_attributes(home: Home) -> None:
    """Test rule 8: no attribute is a list, but for the choices that Home Assistant itself adds."""
    await home.add_account(EVSE, OTHER_EVSE, THIRD_EVSE)
    with Writes(home.hass) as writes:
        home.simulator.world.plug(EVSE)
        await home.act("start_session", device_id=home.device_id())
        home.simulator.world.start_at_pole(OTHER_EVSE, CARDS[0])
        await home.run(400)
        await home.act("stop_session", device_id=home.device_id())
        await home.run(100)
    states = [*writes.states, *(state.as_dict() for state in home.hass.states.async_all())]
    assert len(states) > 30
    listed = {
        name
        for state in states
        for name, value in state["attributes"].items()
        if isinstance(value, list | tuple | dict | set)
    }
    assert listed == {"options", "event_types"}
