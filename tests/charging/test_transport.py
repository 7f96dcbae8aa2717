"""Tests of the one way to the networks."""

import asyncio
import logging
import socket

import aiohttp
from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.backends.transport import (
    TIMEOUT,
    HttpAnswer,
    Token,
)
from custom_components.ev_charging_sessions.charging.errors import (
    BackendError,
    BackendUnavailableError,
    RequestRejectedError,
)
from tests.simulator import Simulator
from tests.simulator.defaults import CLIENT_ID, CLIENT_SECRET

from .acts import Act, backend_at, poll, start
from .driver import CARD, EVSE, Driver
from .scripted_server import ScriptedServer
from .secrets import assert_silent, raises, said_by, secrets_of


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("http_500", "HTTP 500"),
        ("http_502", "HTTP 502"),
        ("http_503", "HTTP 503"),
        ("html", "no JSON in the answer"),
        ("broken_json", "no JSON in the answer"),
        ("empty_body", "no JSON in the answer"),
        ("drop_answer", None),
        ("reset", None),
    ],
)
@pytest.mark.parametrize(("act", "call"), [(poll, "active"), (start, "start")])
@pytest.mark.parametrize("scope", ["call", "token"])
async def test_a_backend_that_is_not_itself(
    driver: Driver,
    caplog: pytest.LogCaptureFixture,
    fault: str,
    reason: str | None,
    act: Act,
    call: str,
    scope: str,
) -> None:
    """Test every fault on every way: one kind of error, and not a word too many."""
    caplog.set_level(logging.DEBUG)
    driver.simulator.world.start_at_pole(EVSE, CARD)
    driver.simulator.faults.on(fault, scope=call if scope == "call" else "token")
    with raises(BackendUnavailableError, driver.simulator) as found:
        await act(driver.backend)
    if reason:
        assert found[0].reason == reason
    # What a sign-in was meant for has not been sent.
    assert found[0].was_sent is (scope == "call")
    assert driver.sent("start") == (call == "start" and scope == "call")
    assert_silent(caplog.text, secrets_of(driver.simulator))


async def test_the_log_names_calls_and_nothing_else(
    driver: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    """Test what a debug log shows of a good day."""
    caplog.set_level(logging.DEBUG)
    driver.simulator.world.start_at_pole(EVSE, CARD)
    await driver.poll()
    await driver.backend.charge_point(EVSE)
    assert "GET ev/v2/charge-session/active: 200" in caplog.text
    assert_silent(caplog.text, secrets_of(driver.simulator))


@pytest.mark.parametrize(("act", "call"), [(poll, "active"), (start, "start")])
async def test_a_stall_ends_with_the_time_limit(driver: Driver, act: Act, call: str) -> None:
    """Test that no request waits for ever."""
    await driver.backend.verify()
    driver.simulator.faults.on("stall_answer", scope=call)
    task = asyncio.ensure_future(act(driver.backend))
    driver.tasks.add(task)
    while not any(fault.hits for fault in driver.simulator.faults.active()):
        await driver.settle()
    assert TIMEOUT.total
    driver.tick(TIMEOUT.total - 1)
    await driver.settle()
    assert not task.done()
    driver.tick(2)
    with raises(BackendUnavailableError, driver.simulator) as found:
        await task
    assert found[0].was_sent


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("act", [poll, start])
async def test_redirects_are_not_followed(
    server: ScriptedServer, http: aiohttp.ClientSession, status: int, act: Act
) -> None:
    """Test that credentials travel nowhere but to the network, and errors do not say where."""
    async with ScriptedServer() as elsewhere:
        where = {"Location": f"{elsewhere.url}/{CARD}"}
        server.answer = lambda _request: web.Response(status=status, headers=where)
        with pytest.raises(BackendUnavailableError) as caught:
            await act(backend_at(server.url, http))
        assert caught.value.reason == f"HTTP {status}"
        server.token = server.answer
        with pytest.raises(BackendUnavailableError):
            await act(backend_at(server.url, http))
        assert not elsewhere.requests
        assert_silent(said_by(caught.value), {CARD, "secret-token"})


@pytest.mark.parametrize("act", [poll, start])
async def test_connection_refused(
    simulator: Simulator, http: aiohttp.ClientSession, act: Act
) -> None:
    """Test that it is certain that nothing was sent where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with raises(BackendUnavailableError, simulator) as found:
        await act(backend_at(url, http))
    assert not found[0].was_sent


async def test_connection_refused_for_the_command_alone(driver: Driver) -> None:
    """Test that a network that goes away after the sign-in has not got the command."""
    await driver.backend.verify()
    await driver.simulator.stop()
    # A connection that is kept for the next request is not kept this long.
    driver.tick(60)
    with raises(BackendUnavailableError, driver.simulator) as found:
        await driver.backend.start(EVSE, CARD)
    assert not found[0].was_sent


async def test_connecting_takes_too_long(
    simulator: Simulator, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a connection that never comes about has sent nothing."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        crowd = [socket.socket() for _ in range(4)]
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        task = asyncio.ensure_future(
            start(backend_at(f"http://127.0.0.1:{full.getsockname()[1]}", http))
        )
        for _ in range(20):
            await asyncio.sleep(0)
        assert not task.done()
        freezer.tick(11)
        with raises(BackendUnavailableError, simulator) as found:
            await task
        for one in crowd:
            one.close()
    assert found[0].reason == "ConnectionTimeoutError"
    assert not found[0].was_sent


async def test_an_attempt_has_a_request_id_of_its_own(driver: Driver) -> None:
    """Test that no two requests share a RequestId, not even one that is sent again."""
    await driver.backend.verify()
    driver.simulator.faults.on("reset", scope="active", count=1)
    driver.simulator.faults.on("token_revoked")
    await driver.backend.verify()
    await driver.backend.start(EVSE, CARD)
    entries = [entry for entry in driver.simulator.log.entries if entry.call.name != "token"]
    ids = [entry.request_id for entry in entries]
    assert len(ids) == len(set(ids)) == 5
    assert all(ids)


@pytest.mark.parametrize(
    "fault", ["http_400", "http_404", "http_408", "http_409", "http_429", "http_500", "reset"]
)
async def test_a_command_is_never_repeated(driver: Driver, fault: str) -> None:
    """Test that only a 401 makes a command be sent again."""
    driver.simulator.faults.on(fault, scope="start")
    with pytest.raises(BackendError):
        await driver.backend.start(EVSE, CARD)
    assert driver.sent("start") == 1


@pytest.mark.parametrize(
    ("status", "code"), [(400, "E0001"), (403, "E0403"), (404, "E0038"), (409, "E0409")]
)
async def test_refusals(driver: Driver, status: int, code: str) -> None:
    """Test that a refusal carries the network's code and its HTTP status."""
    driver.simulator.faults.on(f"http_{status}", scope="start")
    with raises(RequestRejectedError, driver.simulator) as found:
        await driver.backend.start(EVSE, CARD)
    assert (found[0].code, found[0].status) == (code, status)


@pytest.mark.parametrize("act", [poll, start])
async def test_a_refusal_inside_a_good_status(driver: Driver, act: Act) -> None:
    """Test that status FAILED means what it says, whatever HTTP says."""
    driver.simulator.faults.on("failed_status")
    with raises(RequestRejectedError, driver.simulator) as found:
        await act(driver.backend)
    assert found[0].status == 200


def test_representations_are_silent() -> None:
    """Test that neither a token nor a body shows itself."""
    assert_silent(repr(Token(value="hush", lifetime=1)), {"hush"})
    assert_silent(repr(HttpAnswer(status=200, body=b"hush")), {"hush"})


def test_demo_credentials_are_what_is_looked_for() -> None:
    """Test that the search for secrets would find those that the tests send."""
    assert CLIENT_ID != CLIENT_SECRET
    with pytest.raises(AssertionError):
        assert_silent(f"secret={CLIENT_SECRET}", {CLIENT_SECRET})
