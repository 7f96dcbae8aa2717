"""Commands whose answer tells nothing: sent once, and their outcome found by looking."""

import asyncio
from collections.abc import Awaitable, Callable
import json
from pathlib import Path

from aiohttp import web
import pytest

from custom_components.ev_charging_sessions.charging.errors import (
    AuthenticationError,
    BackendError,
    BackendUnavailableError,
    CommandFailedError,
    RateLimitError,
)
from custom_components.ev_charging_sessions.charging.events import EventType
from custom_components.ev_charging_sessions.charging.model import (
    CommandKind,
    CommandState,
    SessionStatus,
)
from tests.simulator.world import Phase

from .driver import CARD, EVSE, Driver
from .ledger_files import commands, execute
from .presses import START, STOP, charging, crash, prepare, press, pressed, told
from .scripted_server import Request, ScriptedServer


@pytest.mark.parametrize("kind", [START, STOP])
@pytest.mark.parametrize("fault", ["drop_answer", "broken_json", "empty_body", "stall_answer"])
async def test_done_all_the_same(
    driver: Driver, ledger_file: Path, kind: CommandKind, fault: str
) -> None:
    """Test that what was done without a word is found, and is not asked for again."""
    driver.simulator.faults.on(fault, scope=kind)
    outcome = await driver.outcome(await pressed(driver, kind))
    (session,) = driver.simulator.world.sessions.values()
    assert outcome.session.session_id == session.session_id
    assert session.phase is (Phase.STARTED if kind is START else Phase.STOPPED)
    assert driver.sent(kind) == 1
    assert commands(ledger_file) == [(kind, "confirmed", None)]
    assert driver.events == []


@pytest.mark.parametrize("kind", [START, STOP])
@pytest.mark.parametrize("fault", ["reset", "html", "http_500", "http_502", "stall"])
async def test_not_done(driver: Driver, ledger_file: Path, kind: CommandKind, fault: str) -> None:
    """Test that what was not done is waited for and given up, and not asked for again."""
    driver.simulator.faults.on(fault, scope=kind)
    waiting = await pressed(driver, kind, 60)
    with pytest.raises(CommandFailedError) as failure:
        await driver.outcome(waiting)
    assert failure.value.state is CommandState.TIMED_OUT
    assert driver.sent(kind) == 1
    assert commands(ledger_file) == [(kind, "timed_out", None)]
    assert told(driver) == [(EVSE, EventType(f"{kind}_failed"), "timed_out")]
    phases = [session.phase for session in driver.simulator.world.sessions.values()]
    assert phases == ([] if kind is START else [Phase.STARTED])


async def test_an_error_that_was_none(driver: Driver, ledger_file: Path) -> None:
    """Test that a start is found that took effect although the server says it broke."""
    driver.simulator.faults.on("http_500", scope="start")
    waiting = await pressed(driver, START)
    await driver.until(lambda: driver.sent("start"))
    session = driver.simulator.world.start(EVSE, CARD)
    outcome = await driver.outcome(waiting)
    assert outcome.session.session_id == session.session_id
    assert commands(ledger_file) == [(START, "confirmed", None)]
    assert driver.sent("start") == 1


async def test_an_answer_that_cannot_be_read(
    driver: Driver, server: ScriptedServer, ledger_file: Path
) -> None:
    """Test that a name of a wrong type is as good as none."""

    def answer(request: Request) -> web.Response:
        data: list[dict[str, object]] = [{"sessionId": 7}]
        if request.path.endswith("active"):
            data = [{"id": "a", "evseId": EVSE, "SessionState": {"status": "Started"}}]
        return web.Response(text=json.dumps({"data": data}))

    server.answer = answer
    driver.restart(base_url=server.url)
    outcome = await driver.outcome(driver.commands.start(EVSE, CARD))
    assert outcome.session.session_id == "a"
    assert len(server.asked("start")) == 1
    assert commands(ledger_file) == [(START, "confirmed", None)]


@pytest.mark.parametrize("is_listed", [True, False])
async def test_a_lost_start_that_failed(driver: Driver, ledger_file: Path, is_listed: bool) -> None:
    """Test that a session seen while it was starting is followed by name until it fails."""
    driver.simulator.shell.settings.list_start_requested = is_listed
    driver.simulator.world.fail_next_start("EvseInUse")
    driver.simulator.faults.on("drop_answer", scope="start")
    waiting = await pressed(driver, START)
    with pytest.raises(CommandFailedError) as failure:
        await driver.outcome(waiting)
    expected = (CommandState.REJECTED, "EvseInUse") if is_listed else (CommandState.TIMED_OUT, None)
    assert (failure.value.state, failure.value.reason) == expected
    assert commands(ledger_file) == [(START, *expected)]
    assert driver.sent("start") == 1


@pytest.mark.parametrize("kind", [START, STOP])
@pytest.mark.parametrize("fault", ["http_503", "reset", "html", "http_401"])
async def test_lost_in_an_outage(
    driver: Driver, ledger_file: Path, kind: CommandKind, fault: str
) -> None:
    """Test that looking goes on through an outage that begins with the answer."""
    await prepare(driver, kind)
    driver.simulator.faults.on("drop_answer", scope=kind, count=1)
    driver.simulator.faults.on(fault, scope="GET", seconds=40)
    outcome = await driver.outcome(press(driver, kind))
    assert outcome.seconds >= 40
    assert driver.sent(kind) == 1
    assert commands(ledger_file) == [(kind, "confirmed", None)]
    assert driver.events == []


async def test_looking_obeys_the_quiet_that_was_asked_for(driver: Driver) -> None:
    """Test that nothing is sent before Retry-After is over, and the outcome is found then."""
    driver.simulator.faults.on("http_503", scope="start", retry_after=25)
    waiting = await pressed(driver, START)
    await driver.until(lambda: driver.sent("start"))
    driver.simulator.world.start(EVSE, CARD)
    asked = driver.simulator.clock.now()
    assert (await driver.outcome(waiting)).session.status is SessionStatus.CHARGING
    moments = [each.time for each in driver.simulator.log.entries if each.call.name == "active"]
    assert (moments[0] - asked).total_seconds() >= 25
    assert driver.sent("start") == 1


async def _refuse_connections(driver: Driver) -> None:
    await driver.simulator.stop()


async def _break_sign_in(driver: Driver) -> None:
    driver.simulator.faults.on("http_500", scope="token")


async def _hide_sign_in(driver: Driver) -> None:
    driver.simulator.faults.on("html", scope="token")


async def _refuse_token(driver: Driver) -> None:
    driver.simulator.faults.on("http_401", scope="token")


async def _limit_sign_in(driver: Driver) -> None:
    driver.simulator.faults.on("http_429", scope="token")


@pytest.mark.parametrize("kind", [START, STOP])
@pytest.mark.parametrize(
    ("obstacle", "error"),
    [
        (_refuse_connections, BackendUnavailableError),
        (_break_sign_in, BackendUnavailableError),
        (_hide_sign_in, BackendUnavailableError),
        (_refuse_token, AuthenticationError),
        (_limit_sign_in, RateLimitError),
    ],
)
async def test_what_was_never_sent(
    driver: Driver,
    ledger_file: Path,
    kind: CommandKind,
    obstacle: Callable[[Driver], Awaitable[None]],
    error: type[BackendError],
) -> None:
    """Test that nothing is waited for when the request has certainly not arrived."""
    await prepare(driver, kind)
    await crash(driver)
    await obstacle(driver)
    failing = press(driver, kind)
    # Without any time passing.
    await driver.until(failing.done)
    with pytest.raises(error):
        await failing
    assert driver.sent(kind) == 0
    assert commands(ledger_file) == [(kind, "rejected", error.key)]
    assert told(driver) == [(EVSE, EventType(f"{kind}_failed"), error.key)]


async def test_refused_credentials_are_met_by_a_poll_too(driver: Driver) -> None:
    """Test that refused credentials lead to a poll, by which a person hears of them."""
    await charging(driver)
    driver.simulator.faults.on("http_401", scope="stop")
    with pytest.raises(AuthenticationError):
        await driver.outcome(driver.commands.stop_at(EVSE))
    # A 401 says that nothing was done, so a fresh token was worth a second try.
    assert (driver.sent("stop"), driver.sent("active")) == (2, 1)


async def test_pressed_again_after_the_ledger_broke(driver: Driver, ledger_file: Path) -> None:
    """Test that a start whose name could not be written down is not sent a second time."""
    execute(
        ledger_file,
        "CREATE TRIGGER full BEFORE UPDATE ON commands BEGIN SELECT RAISE(ABORT, 'full'); END",
    )
    await driver.outcome(asyncio.wait({await pressed(driver, START)}))
    execute(ledger_file, "DROP TRIGGER full")
    await driver.outcome(asyncio.wait({press(driver, START)}))
    assert driver.sent("start") == 1
