"""Tests of signing in: tokens, their lives, and credentials that are refused."""

import asyncio
from base64 import b64decode
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.errors import (
    AuthenticationError,
    BackendUnavailableError,
    RequestRejectedError,
    UnexpectedAnswerError,
)

from .acts import Act, backend_at, poll, start
from .driver import CARD, EVSE, Driver
from .scripted_server import Request, ScriptedServer
from .secrets import assert_silent, raises, said_by


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
        # Least of all is it taken for "no session", which is what a 404 can mean.
        with pytest.raises(BackendUnavailableError):
            await poll(backend)
        assert [request.path for request in server.asked("token")] == paths
        return
    await poll(backend)
    await poll(backend)
    expected = [paths[0], paths[0]] if answers == ["v1"] else [*paths, paths[1]]
    assert [request.path for request in server.asked("token")] == expected
