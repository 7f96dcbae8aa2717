"""A command and its outcome: what the network shows, whatever it has answered."""

from collections.abc import Callable
from pathlib import Path

import pytest

from custom_components.ev_charging_sessions.charging.command_runs import Outcome
from custom_components.ev_charging_sessions.charging.errors import (
    CommandFailedError,
    LedgerError,
    RequestRejectedError,
)
from custom_components.ev_charging_sessions.charging.events import EventType
from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.model import (
    CommandKind,
    CommandState,
    Session,
    SessionStatus,
)
from tests.simulator import Simulator
from tests.simulator.world import Phase

from .driver import ACCOUNT, CARD, EVSE, OTHER_CARD, Driver
from .ledger_files import commands, execute
from .presses import START, STOP, charging, crash, prepare, press, pressed, told


@pytest.mark.parametrize(
    ("kind", "status"), [(START, SessionStatus.CHARGING), (STOP, SessionStatus.FINISHED)]
)
async def test_confirmed(
    driver: Driver, ledger_file: Path, kind: CommandKind, status: SessionStatus
) -> None:
    """Test that a command is done when the network shows it, and no news by itself."""
    outcome = await driver.outcome(await pressed(driver, kind))
    (session,) = driver.simulator.world.sessions.values()
    assert outcome.session.session_id == session.session_id
    assert outcome.session.status is status
    assert await driver.ledger.session(ACCOUNT, session.session_id) == outcome.session
    assert driver.simulator.world.start_delay <= outcome.seconds < 30
    assert driver.sent(kind) == 1
    assert commands(ledger_file) == [(kind, "confirmed", None)]
    assert driver.events == []


async def test_what_is_known_of_a_command_under_way(driver: Driver) -> None:
    """Test what a poll and a switch are told from the press to the confirmation."""
    driver.simulator.faults.on("stall", scope="start")
    waiting = await pressed(driver, START)
    await driver.until(lambda: driver.sent("start"))
    known = driver.commands
    assert (known.running(EVSE), known.wish(EVSE), known.is_busy) == (START, START, True)
    assert (known.watched, known.cards) == (set(), {CARD})

    driver.simulator.faults.off()
    await driver.until(lambda: known.watched)
    (session,) = driver.simulator.world.sessions.values()
    assert (known.watched, known.cards) == ({session.session_id}, set())
    assert (known.running(EVSE), known.wish(EVSE), known.is_busy) == (START, START, True)
    assert {each.status for each in driver.open.values()} == {SessionStatus.STARTING}

    await driver.outcome(waiting)
    assert (known.running(EVSE), known.wish(EVSE), known.is_busy) == (None, None, False)
    assert (known.watched, known.cards) == (set(), set())
    assert {place for place, *_ in driver.changes} == {EVSE}


async def test_told_of_a_change_after_it(driver: Driver) -> None:
    """Test that whoever hears of a change sees it already."""
    await driver.outcome(await pressed(driver, START))
    assert driver.changes[0][1] is START
    assert (EVSE, START, START) in driver.changes
    assert driver.changes[-1] == (EVSE, None, None)


@pytest.mark.parametrize("kind", [START, STOP])
async def test_written_before_it_is_sent(
    driver: Driver, ledger_file: Path, kind: CommandKind
) -> None:
    """Test that a crash at the moment of sending finds the command in the ledger."""
    await prepare(driver, kind)
    # A new backend has to sign in first.
    await crash(driver)
    driver.simulator.faults.on("stall", scope="token")
    waiting = press(driver, kind)
    await driver.until(lambda: driver.sent("token"))
    assert commands(ledger_file) == [(kind, "pending", None)]
    assert driver.sent(kind) == 0
    driver.simulator.faults.off()
    await driver.outcome(waiting)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE commands",
        "CREATE TRIGGER full BEFORE INSERT ON commands BEGIN SELECT RAISE(ABORT, 'full'); END",
    ],
)
async def test_what_cannot_be_written_is_not_sent(
    driver: Driver, ledger_file: Path, statement: str
) -> None:
    """Test that a start which a crash would forget is not sent at all."""
    driver.simulator.world.plug(EVSE)
    execute(ledger_file, statement)
    with pytest.raises(LedgerError):
        await driver.outcome(driver.commands.start(EVSE, CARD))
    assert driver.sent("start") == 0
    assert (driver.commands.is_busy, driver.commands.wish(EVSE)) == (False, None)


@pytest.mark.parametrize("kind", [START, STOP])
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("http_400", "E0001"),
        ("http_403", "E0403"),
        ("http_404", "E0038"),
        ("http_409", "E0409"),
        ("failed_status", "E0200"),
    ],
)
async def test_refused(
    driver: Driver, ledger_file: Path, kind: CommandKind, fault: str, code: str
) -> None:
    """Test that a refusal ends a command at once, with the network's code."""
    driver.simulator.faults.on(fault, scope=kind)
    refused = await pressed(driver, kind)
    # Without any time passing: there is nothing to watch for.
    await driver.until(refused.done)
    with pytest.raises(RequestRejectedError) as refusal:
        await refused
    assert refusal.value.code == code
    assert driver.sent(kind) == 1
    # Only "not found" can mean that there is nothing left to stop.
    assert bool(driver.sent("active")) is (kind is STOP and fault == "http_404")
    assert commands(ledger_file) == [(kind, "rejected", code)]
    assert told(driver) == [(EVSE, EventType(f"{kind}_failed"), code)]
    assert len(driver.open) == (kind is STOP)


def _no_car(simulator: Simulator) -> None:
    simulator.world.charge_point(EVSE).car = None


def _out_of_service(simulator: Simulator) -> None:
    simulator.world.set_service(EVSE, out_of_service=True)


def _foreign_card(simulator: Simulator) -> None:
    simulator.world.charge_point(EVSE).refused_cards.add(CARD)


def _in_use(simulator: Simulator) -> None:
    simulator.world.start_at_pole(EVSE, OTHER_CARD)


@pytest.mark.parametrize(
    ("obstacle", "code"),
    [
        (_no_car, "EvNotConnectedToEvse"),
        (_out_of_service, "EvseOutOfService"),
        (_foreign_card, "ChargeTokenNotSupported"),
        (_in_use, "EvseInUse"),
    ],
)
async def test_failed_to_start(
    driver: Driver, ledger_file: Path, obstacle: Callable[[Simulator], None], code: str
) -> None:
    """Test that a start that was accepted and then failed tells why, as news too."""
    driver.simulator.world.plug(EVSE)
    obstacle(driver.simulator)
    with pytest.raises(CommandFailedError) as failure:
        await driver.outcome(driver.commands.start(EVSE, CARD))
    assert (failure.value.state, failure.value.reason) == (CommandState.REJECTED, code)
    assert driver.sent("start") == 1
    assert commands(ledger_file) == [(START, "rejected", code)]
    assert told(driver) == [(EVSE, EventType.START_FAILED, code)]
    ((_, event),) = driver.events
    assert event.session
    assert (event.session.status, event.session.error_code) == (SessionStatus.FAILED, code)


async def test_failed_to_stop(driver: Driver, ledger_file: Path) -> None:
    """Test that a stop that failed leaves a session that the next press can stop."""
    session = await charging(driver)
    driver.simulator.world.fail_next_stop("Timeout")
    with pytest.raises(CommandFailedError) as failure:
        await driver.outcome(driver.commands.stop(session))
    assert (failure.value.state, failure.value.reason) == (CommandState.REJECTED, "Timeout")
    assert told(driver) == [(EVSE, EventType.STOP_FAILED, "Timeout")]
    assert driver.open[session.session_id].status is SessionStatus.STOP_FAILED
    # The refusal of the first press is no answer to the second.
    driver.tick(60)
    outcome = await driver.outcome(driver.commands.stop(driver.open[session.session_id]))
    assert outcome.session.status is SessionStatus.FINISHED
    assert commands(ledger_file) == [(STOP, "rejected", "Timeout"), (STOP, "confirmed", None)]
    assert driver.sent("stop") == 2


@pytest.mark.parametrize("kind", [START, STOP])
async def test_timed_out(driver: Driver, ledger_file: Path, kind: CommandKind) -> None:
    """Test that waiting ends at the deadline, and that what comes later is seen all the same."""
    world = driver.simulator.world
    world.start_delay = world.stop_delay = 100
    waiting = await pressed(driver, kind, 60)
    began = driver.simulator.clock.now()
    with pytest.raises(CommandFailedError) as failure:
        await driver.outcome(waiting)
    assert failure.value.state is CommandState.TIMED_OUT
    # A slow machine may see the deadline some simulated seconds later.
    assert 60 <= (driver.simulator.clock.now() - began).total_seconds() < 80
    assert commands(ledger_file) == [(kind, "timed_out", None)]
    assert told(driver) == [(EVSE, EventType(f"{kind}_failed"), "timed_out")]
    assert not driver.commands.is_busy
    driver.tick(60)
    await driver.poll()
    (known,) = await driver.ledger.latest_sessions(ACCOUNT)
    assert known.status is (SessionStatus.CHARGING if kind is START else SessionStatus.FINISHED)
    assert driver.sent(kind) == 1


@pytest.mark.parametrize(
    ("phase", "status"),
    [
        (Phase.STARTED, SessionStatus.CHARGING),
        (Phase.FAILED_TO_STOP, SessionStatus.STOP_FAILED),
        (Phase.STARTED, None),
    ],
)
async def test_start_where_a_session_runs(
    driver: Driver, ledger_file: Path, phase: Phase, status: SessionStatus | None
) -> None:
    """Test that a session that is open in any way is the outcome, and nothing is sent."""
    session = driver.simulator.world.start_at_pole(EVSE, CARD)
    session.phase = phase
    if status is None:
        driver.simulator.faults.on("unknown_enum")
    await driver.poll()
    outcome = await driver.outcome(driver.commands.start(EVSE, OTHER_CARD))
    assert outcome == Outcome(session=driver.open[session.session_id], seconds=0.0)
    assert outcome.session.status is status
    assert driver.sent("start") == 0
    assert commands(ledger_file) == []


async def test_start_where_a_session_is_starting(driver: Driver, ledger_file: Path) -> None:
    """Test that a start that somebody else has sent is waited for, and not sent again."""
    driver.simulator.shell.settings.list_start_requested = True
    driver.simulator.world.start_delay = 30
    driver.simulator.world.plug(EVSE)
    session = driver.simulator.world.start(EVSE, CARD)
    await driver.poll()
    outcome = await driver.outcome(driver.commands.start(EVSE, CARD))
    assert outcome.session.session_id == session.session_id
    assert outcome.session.status is SessionStatus.CHARGING
    assert outcome.seconds >= 25
    assert driver.sent("start") == 0
    assert commands(ledger_file) == [(START, "confirmed", None)]


async def test_start_where_a_session_fails_to_start(driver: Driver, ledger_file: Path) -> None:
    """Test that a start that somebody else has sent is followed by its name when it fails."""
    driver.simulator.shell.settings.list_start_requested = True
    driver.simulator.world.fail_next_start("EvseInUse")
    driver.simulator.world.start(EVSE, CARD)
    await driver.poll()
    with pytest.raises(CommandFailedError) as failure:
        await driver.outcome(driver.commands.start(EVSE, CARD))
    assert (failure.value.state, failure.value.reason) == (CommandState.REJECTED, "EvseInUse")
    assert driver.sent("start") == 0
    assert commands(ledger_file) == [(START, "rejected", "EvseInUse")]


async def test_stop_of_what_has_ended(driver: Driver, ledger_file: Path) -> None:
    """Test that a session that is over is the outcome of its stop, and nothing is sent."""
    session = await charging(driver)
    driver.simulator.world.unplug(EVSE)
    await driver.poll()
    outcome = await driver.outcome(driver.commands.stop(session))
    assert (outcome.session.status, outcome.seconds) == (SessionStatus.FINISHED, 0.0)
    await driver.outcome(driver.commands.stop_at(EVSE))
    assert driver.sent("stop") == 0
    assert commands(ledger_file) == []


async def test_stop_of_what_has_just_ended(driver: Driver, ledger_file: Path) -> None:
    """Test that "not found" counts as done once the network tells how the session ended."""
    session = await charging(driver)
    driver.simulator.world.unplug(EVSE)
    outcome = await driver.outcome(driver.commands.stop(session))
    assert outcome.session.status is SessionStatus.FINISHED
    entries = driver.simulator.log.entries
    assert [entry.status for entry in entries if entry.call.name == "stop"] == [404]
    assert commands(ledger_file) == [(STOP, "confirmed", None)]
    assert driver.events == []


async def test_stop_that_is_not_found_and_cannot_be_looked_up(driver: Driver) -> None:
    """Test that "not found" alone does not end a session."""
    session = await charging(driver)
    driver.simulator.world.unplug(EVSE)
    driver.simulator.faults.on("http_500", scope="retrieve")
    with pytest.raises(RequestRejectedError):
        await driver.outcome(driver.commands.stop(session))
    assert driver.open[session.session_id].status is SessionStatus.CHARGING
    assert driver.sent("stop") == 1


@pytest.mark.parametrize("is_known", [True, False])
async def test_stop_of_a_session_without_a_place(
    driver: Driver, ledger_file: Path, is_known: bool
) -> None:
    """Test that a session can be stopped by its id alone, also one the ledger does not have."""
    session_id = driver.simulator.world.start_at_pole(EVSE, CARD).session_id
    session = Session(account=ACCOUNT, session_id=session_id)
    if is_known:
        await driver.keep([session])
    outcome = await driver.outcome(driver.commands.stop(session))
    assert outcome.session.status is SessionStatus.FINISHED
    assert commands(ledger_file) == [(STOP, "confirmed", None)]
    assert {place for place, *_ in driver.changes} == {session_id}


@pytest.mark.parametrize("has_time_stamps", [True, False])
async def test_stale_list(driver: Driver, ledger: Ledger, has_time_stamps: bool) -> None:
    """Test that a list from before a press neither confirms nor undoes it."""
    driver.simulator.shell.settings.last_updated = has_time_stamps
    driver.simulator.world.plug(EVSE)
    driver.simulator.faults.on("stale_active", scope="active")
    started = await driver.outcome(driver.commands.start(EVSE, CARD))
    assert started.session.status is SessionStatus.CHARGING
    assert (await driver.poll(), len(driver.open)) == ((), 1)

    driver.simulator.faults.off()
    await driver.poll()
    driver.simulator.faults.on("stale_active", scope="active")
    driver.simulator.world.stop_delay = 20
    driver.changes.clear()
    waiting = press(driver, STOP)
    seen: list[SessionStatus | None] = []
    while not waiting.done():
        await driver.advance(1)
        (known,) = await ledger.latest_sessions(ACCOUNT)
        if known.status not in seen[-1:]:
            seen.append(known.status)
    assert seen[-2:] == [SessionStatus.STOPPING, SessionStatus.FINISHED]
    assert seen.count(SessionStatus.CHARGING) <= 1
    assert {wish for _, wish, _ in driver.changes[:-1]} == {STOP}
    assert (await waiting).seconds >= 20
    await driver.poll()
    assert not driver.open


async def test_start_where_a_session_has_just_ended(driver: Driver) -> None:
    """Test that a session that ended since the last poll is no outcome of a start."""
    old = await charging(driver)
    driver.simulator.world.unplug(EVSE)
    driver.simulator.world.plug(EVSE)
    outcome = await driver.outcome(driver.commands.start(EVSE, CARD))
    assert outcome.session.session_id != old.session_id
    assert driver.sent("start") == 1


async def test_start_where_a_session_is_stopping(driver: Driver) -> None:
    """Test that a session that is about to end is no outcome of a start."""
    session = await charging(driver)
    driver.simulator.world.stop(session.session_id)
    await driver.poll()
    await driver.outcome(driver.commands.start(EVSE, CARD))
    await driver.advance(10)
    await driver.poll()
    assert [each.status for each in driver.open.values()] == [SessionStatus.CHARGING]
