"""Tests of the one way to the networks."""

import asyncio
from base64 import b64decode
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
import logging
import socket
from typing import Any
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.backends.shell_recharge import ShellRecharge
from custom_components.ev_charging_sessions.charging.backends.transport import (
    TIMEOUT,
    HttpAnswer,
    Token,
    checked_base_url,
)
from custom_components.ev_charging_sessions.charging.errors import (
    AuthenticationError,
    BackendError,
    BackendUnavailableError,
    InvalidInputError,
    RateLimitError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from custom_components.ev_charging_sessions.charging.model import ChargeCard, Session
from tests.simulator import Simulator
from tests.simulator.defaults import CLIENT_ID, CLIENT_SECRET

from .driver import ACCOUNT, CARD, EVSE, Driver
from .scripted_server import Request, ScriptedServer
from .secrets import assert_silent, said_by, secrets_of

type Act = Callable[[ShellRecharge], Awaitable[Any]]

SESSION = Session(account=ACCOUNT, session_id="78b5d7a3-bdba-43d7-9851-1c84fcddb782")


def poll(backend: ShellRecharge) -> Awaitable[Any]:
    """Read."""
    return backend.poll({})


def start(backend: ShellRecharge) -> Awaitable[Any]:
    """Command."""
    return backend.start(EVSE, CARD)


def backend_at(url: str, http: aiohttp.ClientSession, **options: str) -> ShellRecharge:
    """Return a backend at a scripted server."""
    settings = {"client_id": "id", "client_secret": "pass-word"} | options
    cards = (ChargeCard(identifier=CARD, alias="Mine"),)
    return ShellRecharge(http, ACCOUNT, cards=cards, base_url=url, **settings)


@contextmanager
def raises[E: BackendError](kind: type[E], simulator: Simulator) -> Iterator[list[E]]:
    """Expect an error of exactly that kind, and that it keeps everything to itself."""
    found: list[E] = []
    with pytest.raises(kind) as caught:
        yield found
    assert type(caught.value) is kind
    assert_silent(said_by(caught.value), secrets_of(simulator))
    assert caught.value.__cause__ is caught.value.__context__ is None
    found.append(caught.value)


async def test_one_token_for_many_requests(driver: Driver) -> None:
    """Test that 20 requests at once lead to one request for a token."""
    backend = driver.new_backend()
    await asyncio.gather(*(backend.verify() for _ in range(20)))
    assert driver.simulator.log.counts() == {"token": 1, "active": 20}


async def test_one_fresh_token_for_many_refusals(driver: Driver) -> None:
    """Test that 20 requests whose token was revoked lead to one request for another."""
    backend = driver.new_backend()
    await backend.verify()
    driver.tick(60)
    driver.simulator.faults.on("token_revoked")
    driver.simulator.log.clear()
    await asyncio.gather(*(backend.verify() for _ in range(10)))
    assert driver.sent("token") == 1


@pytest.mark.parametrize(("version", "lifetime"), [("v1", 7199), ("v2", 899)])
async def test_a_token_is_renewed_a_minute_early(
    driver: Driver, version: str, lifetime: int
) -> None:
    """Test the life of a token that is told as a number (v1) and as text (v2)."""
    driver.simulator.shell.settings.token_lifetime = lifetime
    backend = driver.new_backend(api_version=version)
    await backend.verify()
    driver.tick(lifetime - 61)
    await backend.verify()
    assert driver.sent("token") == 1
    driver.tick(2)
    await backend.verify()
    assert driver.sent("token") == 2
    assert {entry.status for entry in driver.simulator.log.entries} == {200}


async def test_a_token_that_lives_shorter_than_the_margin(driver: Driver) -> None:
    """Test that a short life does not mean a token for every request."""
    driver.simulator.shell.settings.token_lifetime = 40
    await driver.backend.verify()
    driver.tick(19)
    await driver.backend.verify()
    assert driver.sent("token") == 1
    driver.tick(2)
    await driver.backend.verify()
    assert driver.sent("token") == 2


@pytest.mark.parametrize(
    ("lifetime", "lives"),
    [
        ("", 3600),
        (', "expires_in": null', 3600),
        (', "expires_in": ""', 3600),
        (', "expires_in": "899"', 899),
        (', "expires_in": "899.5"', 899.5),
        (', "expires_in": 7199', 7199),
        (', "expires_in": 0', 0),
        (', "expires_in": -5', 0),
    ],
)
async def test_lives_of_tokens(
    server: ScriptedServer,
    http: aiohttp.ClientSession,
    freezer: FrozenDateTimeFactory,
    lifetime: str,
    lives: float,
) -> None:
    """Test every way in which a life is, or is not, told."""
    text = f'{{"access_token": "t"{lifetime}}}'
    server.token = lambda _request: web.Response(text=text)
    backend = backend_at(server.url, http)
    await backend.verify()
    if lives:
        freezer.tick(lives - 61)
        await backend.verify()
        assert len(server.asked("token")) == 1
    freezer.tick(2)
    await backend.verify()
    assert len(server.asked("token")) == 2


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ('{"token_type": "Bearer"}', "$"),
        ('{"access_token": 5}', "access_token"),
        ('{"access_token": ""}', "access_token"),
        ('{"access_token": "a b"}', "access_token"),
        ('{"access_token": "a\\r\\nX: y"}', "access_token"),
        ('{"access_token": "t", "expires_in": "soon"}', "expires_in"),
        ('{"access_token": "t", "expires_in": "nan"}', "expires_in"),
        ('{"access_token": "t", "expires_in": "inf"}', "expires_in"),
        ('{"access_token": "t", "expires_in": {}}', "expires_in"),
        ("[]", "$"),
    ],
)
async def test_tokens_that_cannot_be_used(
    server: ScriptedServer, http: aiohttp.ClientSession, body: str, path: str
) -> None:
    """Test that a wrong answer to a sign-in is named, and sends nothing else."""
    server.token = lambda _request: web.Response(text=body)
    with pytest.raises(UnexpectedAnswerError) as caught:
        await start(backend_at(server.url, http))
    assert (caught.value.path, caught.value.was_sent) == (path, False)
    assert [request.path for request in server.requests] == ["/v2/oauth/token"]


async def test_revoked_token(driver: Driver) -> None:
    """Test that a revoked token is replaced once, and the command is sent again for it."""
    await driver.backend.verify()
    driver.simulator.faults.on("token_revoked")
    await driver.backend.start(EVSE, CARD)
    starts = [entry.status for entry in driver.simulator.log.entries if entry.call.name == "start"]
    assert (starts, driver.sent("token")) == ([401, 202], 2)


@pytest.mark.parametrize("act", [poll, start])
async def test_refused_with_a_fresh_token(driver: Driver, act: Act) -> None:
    """Test that a second 401 is final, and that the next call begins with a new token."""
    await driver.backend.verify()
    driver.simulator.log.clear()
    driver.simulator.faults.on("http_401", count=2)
    with raises(AuthenticationError, driver.simulator):
        await act(driver.backend)
    assert (driver.sent("token"), len(driver.simulator.log.entries)) == (1, 3)
    await driver.backend.verify()
    assert driver.sent("token") == 2


async def test_form_fields_first(driver: Driver) -> None:
    """Test that the secret travels in the form where that is accepted."""
    driver.simulator.shell.settings.accept_basic = False
    await driver.backend.verify()
    assert driver.sent("token") == 1


async def test_basic_where_forms_are_refused(driver: Driver) -> None:
    """Test the fallback, and that the next sign-in remembers it."""
    driver.simulator.shell.settings.accept_form = False
    await driver.backend.verify()
    assert driver.sent("token") == 2
    driver.tick(900)
    await driver.backend.verify()
    assert driver.sent("token") == 3
    driver.simulator.shell.settings.accept_form = True
    driver.simulator.shell.settings.accept_basic = False
    driver.tick(900)
    await driver.backend.verify()
    assert driver.sent("token") == 5


@pytest.mark.parametrize(
    "body",
    [
        '{"error": "invalid_client", "error_description": "no", "error_uri": "u"}',
        '{"error_descrription": "invalid client or client credentials", "error": "invalid_client"}',
        '{"ErrorCode": "invalid_client", "Error": "ClientId is Invalid"}',
        '{"error": "invalid_grant"}',
        '{"error": "unauthorized_client"}',
    ],
)
@pytest.mark.parametrize("status", [400, 401])
async def test_wrong_credentials(
    server: ScriptedServer, http: aiohttp.ClientSession, status: int, body: str
) -> None:
    """Test every published shape of that error: each way is tried once, no more."""
    server.token = lambda _request: web.Response(text=body, status=status)
    with pytest.raises(AuthenticationError) as caught:
        await poll(backend_at(server.url, http))
    assert_silent(said_by(caught.value), {"pass-word"})
    form, basic = server.requests
    assert parse_qs(form.body) == {
        "grant_type": ["client_credentials"],
        "client_id": ["id"],
        "client_secret": ["pass-word"],
    }
    assert "Authorization" not in form.headers
    assert parse_qs(basic.body) == {"grant_type": ["client_credentials"]}
    assert b64decode(basic.headers["Authorization"].removeprefix("Basic ")) == b"id:pass-word"


@pytest.mark.parametrize(
    ("client_id", "client_secret"), [("a:b", "c"), ("id", "pässwörd €"), ("id", "a\r\nb")]
)
async def test_credentials_of_any_letters(
    server: ScriptedServer, http: aiohttp.ClientSession, client_id: str, client_secret: str
) -> None:
    """Test that no letter in a credential breaks a sign-in."""
    server.token = lambda _request: web.Response(text="{}", status=401)
    backend = backend_at(server.url, http, client_id=client_id, client_secret=client_secret)
    with pytest.raises(AuthenticationError):
        await poll(backend)
    sent = b64decode(server.requests[1].headers["Authorization"].removeprefix("Basic "))
    assert sent.decode() == f"{client_id}:{client_secret}"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, '{"error": "invalid_scope"}', "invalid_scope"),
        (
            400,
            '{"ErrorCode": "invalid_request", "Error": "Unsupported grant type : x"}',
            "invalid_request",
        ),
        (403, "<html>", "HTTP 403"),
    ],
)
async def test_sign_in_refused_for_another_reason(
    server: ScriptedServer, http: aiohttp.ClientSession, status: int, body: str, code: str
) -> None:
    """Test that what other credentials cannot mend does not ask for other credentials."""
    server.token = lambda _request: web.Response(text=body, status=status)
    with pytest.raises(RequestRejectedError) as caught:
        await poll(backend_at(server.url, http))
    assert (caught.value.code, caught.value.status) == (code, status)
    assert len(server.requests) == 1


@pytest.mark.parametrize("answers", [["v1"], ["v2"], []])
async def test_token_paths_of_v1(
    server: ScriptedServer, http: aiohttp.ClientSession, answers: list[str]
) -> None:
    """Test that the seed's token path gives way to the newer one, for good, on a 404."""

    def token(request: Request) -> web.Response:
        if request.path.strip("/").split("/")[0] in answers:
            return web.Response(text='{"access_token": "t", "expires_in": 0}')
        return web.Response(status=404)

    server.token = token
    backend = backend_at(server.url, http, api_version="v1")
    paths = ["/v1/oauth/token", "/v2/oauth/token"]
    if not answers:
        # Least of all is it taken for "no session", which is what 404 means in v1.
        with pytest.raises(BackendUnavailableError):
            await poll(backend)
        assert [request.path for request in server.asked("token")] == paths
        return
    await poll(backend)
    await poll(backend)
    expected = [paths[0], paths[0]] if answers == ["v1"] else [*paths, paths[1]]
    assert [request.path for request in server.asked("token")] == expected


@pytest.mark.parametrize("as_date", [False, True])
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("scope", ["active", "token"])
async def test_retry_after(driver: Driver, status: int, scope: str, as_date: bool) -> None:
    """Test that nothing at all is sent before the time that the network has named."""
    kind = RateLimitError if status == 429 else BackendUnavailableError
    driver.simulator.faults.on(
        f"http_{status}", scope=scope, count=1, retry_after=90, retry_after_date=as_date
    )
    with pytest.raises(kind) as caught:
        await poll(driver.backend)
    assert isinstance(caught.value, RateLimitError | BackendUnavailableError)
    assert caught.value.retry_after == 90
    driver.simulator.log.clear()
    driver.tick(89)
    for act in (poll, start):
        with raises(RateLimitError, driver.simulator) as limited:
            await act(driver.backend)
        assert limited[0].retry_after == pytest.approx(1)
    assert not driver.simulator.log.entries
    driver.tick(2)
    await driver.backend.start(EVSE, CARD)


@pytest.mark.parametrize("header", ["soon", "", "²", "-1", "1e3", "Mon, 99 Foo 2026 12:00:00 GMT"])
async def test_retry_after_that_says_nothing(
    server: ScriptedServer, http: aiohttp.ClientSession, header: str
) -> None:
    """Test that a header nobody understands leads to a back-off of our own."""
    server.answer = lambda _request: web.Response(status=429, headers={"Retry-After": header})
    with pytest.raises(RateLimitError) as caught:
        await poll(backend_at(server.url, http))
    assert 24 <= caught.value.retry_after <= 36


async def test_retry_after_without_a_zone(
    server: ScriptedServer, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a date whose zone is unknown is taken for UTC."""
    freezer.move_to(datetime(2026, 11, 21, 12, tzinfo=UTC))
    header = "Sat, 21 Nov 2026 12:01:30 -0000"
    server.answer = lambda _request: web.Response(status=503, headers={"Retry-After": header})
    with pytest.raises(BackendUnavailableError) as caught:
        await poll(backend_at(server.url, http))
    assert caught.value.retry_after == 90


async def test_a_limit_without_a_time_keeps_polls_quiet(driver: Driver) -> None:
    """Test that polls wait after a bare 429, and a person need not."""
    driver.simulator.faults.on("http_429", scope="active", count=1)
    with raises(RateLimitError, driver.simulator) as limited:
        await poll(driver.backend)
    driver.simulator.log.clear()
    with raises(RateLimitError, driver.simulator):
        await poll(driver.backend)
    assert not driver.simulator.log.entries
    await driver.backend.start(EVSE, CARD)
    driver.tick(limited[0].retry_after + 1)
    await poll(driver.backend)


async def test_back_off_grows_until_an_answer_makes_sense(driver: Driver) -> None:
    """Test that failures in a row lengthen the wait, and an answer ends that."""
    driver.simulator.faults.on("html", scope="active", count=4)
    waits = []
    for _ in range(4):
        with raises(BackendUnavailableError, driver.simulator) as found:
            await poll(driver.backend)
        waits.append(found[0].retry_after or 0)
    assert all(after > before for before, after in pairwise(waits))
    await poll(driver.backend)
    driver.simulator.faults.on("html", scope="active", count=1)
    with raises(BackendUnavailableError, driver.simulator) as found:
        await poll(driver.backend)
    assert found[0].retry_after is not None
    assert found[0].retry_after <= 36


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


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.shell.com", "https://api.shell.com"),
        (" https://api.shell.com/ ", "https://api.shell.com"),
        ("HTTPS://API.Shell.com:8443/ev//", "https://api.shell.com:8443/ev"),
        ("https://192.168.1.5", "https://192.168.1.5"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://127.0.0.1:8400/", "http://127.0.0.1:8400"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:8400", "http://[::1]:8400"),
        ("http://localhost:8400", "http://localhost:8400"),
        ("http://LOCALHOST", "http://localhost"),
    ],
)
def test_base_urls(text: str, url: str) -> None:
    """Test the addresses that are accepted, and their canonical form."""
    assert checked_base_url(text) == url


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("http://api.shell.com", "base_url_not_https"),
        ("http://192.168.1.5", "base_url_not_https"),
        ("http://127.0.0.1.evil.example", "base_url_not_https"),
        ("http://localhost.evil.example", "base_url_not_https"),
        ("http://127.1", "base_url_not_https"),
        ("ftp://localhost", "base_url_not_https"),
        ("ws://api.shell.com", "base_url_not_https"),
        ("//api.shell.com", "base_url_not_https"),
        ("", "invalid_base_url"),
        ("api.shell.com", "invalid_base_url"),
        ("https://", "invalid_base_url"),
        ("https:///ev", "invalid_base_url"),
        ("https://user@api.shell.com", "invalid_base_url"),
        ("https://user:pass@api.shell.com", "invalid_base_url"),
        ("https://:pass@api.shell.com", "invalid_base_url"),
        ("http://user@localhost", "invalid_base_url"),
        ("https://api.shell.com?key=1", "invalid_base_url"),
        ("https://api.shell.com#x", "invalid_base_url"),
        ("https://api.shell.com:99999", "invalid_base_url"),
        ("https://[::1", "invalid_base_url"),
        ("https://api shell.com", "invalid_base_url"),
        ("https://api.shell.com\x00", "invalid_base_url"),
        ("https://\udcff.com", "invalid_base_url"),
    ],
)
def test_base_urls_that_are_refused(text: str, key: str) -> None:
    """Test that clear text leaves no machine, and that credentials stay out of a URL."""
    with pytest.raises(InvalidInputError) as caught:
        checked_base_url(text)
    assert (caught.value.field, caught.value.key) == ("base_url", key)
    assert "pass" not in said_by(caught.value)


def test_demo_credentials_are_what_is_looked_for() -> None:
    """Test that the search for secrets would find those that the tests send."""
    assert CLIENT_ID != CLIENT_SECRET
    with pytest.raises(AssertionError):
        assert_silent(f"secret={CLIENT_SECRET}", {CLIENT_SECRET})
