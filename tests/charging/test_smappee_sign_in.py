"""Tests of signing in at Smappee: stored tokens, refreshes, and the password."""

import asyncio
from datetime import timedelta
from typing import Any

import aiohttp
from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.backends.smappee import Tokens
from custom_components.ev_charging_sessions.charging.errors import (
    AuthenticationError,
    BackendUnavailableError,
    RateLimitError,
    RequestRejectedError,
    UnexpectedAnswerError,
)

from .park_owner import ParkOwner, smappee_at
from .scripted_server import ScriptedServer
from .secrets import assert_silent, said_by
from .smappee_answers import ScriptedPark
from .token_account import NOW, TokenAccount

SECRETS = {"pass-word", "client-secret", "access-1", "refresh-1", "stored-access", "stored-refresh"}


@pytest.fixture
def account(
    server: ScriptedServer, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> TokenAccount:
    """Return an account without stored tokens."""
    return TokenAccount(server, http, freezer)


@pytest.fixture
def stored(
    server: ScriptedServer, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> TokenAccount:
    """Return an account whose stored access token has an hour to live."""
    tokens = Tokens(
        access_token="stored-access",
        refresh_token="stored-refresh",
        expires=NOW + timedelta(hours=1),
    )
    return TokenAccount(server, http, freezer, tokens=tokens)


async def test_password(account: TokenAccount) -> None:
    """Test the first sign-in of all, and that its pair is kept."""
    await account.backend.verify()
    assert account.forms() == [
        {
            "grant_type": "password",
            "client_id": "id",
            "client_secret": "client-secret",
            "username": "owner",
            "password": "pass-word",
        }
    ]
    assert account.kept == [
        Tokens(
            access_token="access-1",
            refresh_token="refresh-1",
            expires=NOW + timedelta(seconds=36000),
        )
    ]
    assert account.bearers() == ["access-1"]


async def test_a_pair_is_kept_before_it_is_used(
    server: ScriptedServer, http: aiohttp.ClientSession
) -> None:
    """Test that no request is sent with a token that a crash could lose."""

    def keep(_tokens: Tokens) -> None:
        raise OSError("the disk is full")

    server.token = lambda _request: web.Response(text='{"access_token": "a"}')
    with pytest.raises(OSError, match="disk"):
        await smappee_at(server.url, http, keep_tokens=keep).verify()
    assert [request.path for request in server.requests] == ["/oauth2/token"]


async def test_refresh(account: TokenAccount) -> None:
    """Test that a pair whose life is over is refreshed, and the new pair is kept."""
    await account.backend.verify()
    account.clock.tick(36000 - 61)
    await account.backend.verify()
    assert account.grants() == ["password"]
    account.clock.tick(2)
    await account.backend.verify()
    await account.backend.verify()
    assert account.forms()[1:] == [
        {
            "grant_type": "refresh_token",
            "refresh_token": "refresh-1",
            "client_id": "id",
            "client_secret": "client-secret",
        }
    ]
    assert [each.refresh_token for each in account.kept] == ["refresh-1", "refresh-2"]
    assert account.bearers() == ["access-1", "access-1", "access-2", "access-2"]


async def test_stored_tokens(stored: TokenAccount) -> None:
    """Test that a stored access token is used at once while it lives, and then refreshed."""
    await stored.backend.verify()
    assert not stored.grants()
    assert not stored.kept
    stored.clock.tick(3600)
    await stored.backend.verify()
    assert stored.grants() == ["refresh_token"]
    assert stored.bearers() == ["stored-access", "access-1"]


async def test_stored_tokens_that_are_refused(stored: TokenAccount) -> None:
    """Test that a stored access token which is refused is not tried a second time."""
    park = ScriptedPark()
    stored.server.answer = lambda request: (
        web.Response(status=401)
        if request.headers["Authorization"] == "Bearer stored-access"
        else park(request)
    )
    await stored.backend.verify()
    assert stored.grants() == ["refresh_token"]
    assert stored.bearers() == ["stored-access", "access-1"]


@pytest.mark.parametrize("left", [-3600, 0, 60])
async def test_stored_tokens_that_are_too_old(
    server: ScriptedServer, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory, left: int
) -> None:
    """Test that a stored access token which would expire on its way is refreshed at once."""
    tokens = Tokens(
        access_token="old", refresh_token="stored-refresh", expires=NOW + timedelta(seconds=left)
    )
    account = TokenAccount(server, http, freezer, tokens=tokens)
    await account.backend.verify()
    assert account.grants() == ["refresh_token"]
    assert account.bearers() == ["access-1"]


async def test_a_pair_without_a_refresh_token(account: TokenAccount) -> None:
    """Test that the old refresh token stays good where an answer has none."""
    await account.backend.verify()
    account.pair = {"refresh_token": None}
    for _ in range(2):
        account.clock.tick(36000)
        await account.backend.verify()
    assert [form.get("refresh_token") for form in account.forms()] == [
        None,
        "refresh-1",
        "refresh-1",
    ]
    assert [each.refresh_token for each in account.kept] == ["refresh-1"] * 3


async def test_no_refresh_token_at_all(account: TokenAccount) -> None:
    """Test that without any refresh token it is the password again."""
    account.pair = {"refresh_token": None}
    await account.backend.verify()
    account.clock.tick(36000)
    await account.backend.verify()
    assert account.grants() == ["password", "password"]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (400, '{"error": "invalid_grant", "error_description": "invalid refresh token"}'),
        (401, "unauthorized_client: Invalid Credentials"),
        (403, ""),
    ],
)
async def test_a_dead_refresh_token(stored: TokenAccount, status: int, text: str) -> None:
    """Test that the password follows a refusal of the refresh token."""
    stored.refusals["refresh_token"] = web.Response(status=status, text=text)
    stored.clock.tick(3600)
    await stored.backend.verify()
    assert stored.grants() == ["refresh_token", "password"]
    assert [each.access_token for each in stored.kept] == ["access-2"]
    stored.refusals.clear()
    stored.clock.tick(36000)
    await stored.backend.verify()
    assert stored.forms()[2]["refresh_token"] == "refresh-2"


async def test_a_dead_refresh_token_is_not_tried_again(stored: TokenAccount) -> None:
    """Test that a password which failed to arrive is all that is sent the next time."""
    stored.refusals = {
        "refresh_token": web.Response(status=400),
        "password": web.Response(status=500),
    }
    stored.clock.tick(3600)
    with pytest.raises(BackendUnavailableError):
        await stored.backend.verify()
    stored.refusals.clear()
    await stored.backend.verify()
    assert stored.grants() == ["refresh_token", "password", "password"]


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_credentials_that_are_refused(account: TokenAccount, status: int) -> None:
    """Test that a refused password asks for other credentials, and tells none of them."""
    account.refusals["password"] = web.Response(
        status=status, text="unauthorized_client: pass-word"
    )
    with pytest.raises(AuthenticationError) as caught:
        await account.backend.verify()
    assert_silent(said_by(caught.value), SECRETS)
    assert account.grants() == ["password"]
    assert not account.kept


@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize("retry_after", [{}, {"Retry-After": "90"}])
async def test_a_refresh_that_fails(
    stored: TokenAccount, status: int, retry_after: dict[str, str]
) -> None:
    """Test that trouble does not burn a refresh token, nor send the password around."""
    stored.refusals["refresh_token"] = web.Response(status=status, headers=retry_after)
    stored.clock.tick(3600)
    with pytest.raises(BackendUnavailableError) as caught:
        await stored.backend.verify()
    assert not caught.value.was_sent
    assert stored.grants() == ["refresh_token"]
    stored.refusals.clear()
    stored.clock.tick(100)
    await stored.backend.verify()
    assert [form["grant_type"] for form in stored.forms()] == ["refresh_token"] * 2
    assert {form["refresh_token"] for form in stored.forms()} == {"stored-refresh"}


async def test_a_refresh_that_is_limited(stored: TokenAccount) -> None:
    """Test that a limit is passed on, and not answered with the password."""
    stored.refusals["refresh_token"] = web.Response(status=429, headers={"Retry-After": "90"})
    stored.clock.tick(3600)
    with pytest.raises(RateLimitError):
        await stored.backend.verify()
    assert stored.grants() == ["refresh_token"]


async def test_a_sign_in_that_is_refused_otherwise(account: TokenAccount) -> None:
    """Test that what other credentials cannot mend does not ask for them."""
    account.refusals["password"] = web.Response(status=409, text='{"error": "busy"}')
    with pytest.raises(RequestRejectedError) as caught:
        await account.backend.verify()
    assert (caught.value.code, caught.value.status) == ("busy", 409)


@pytest.mark.parametrize(
    ("pair", "path"),
    [
        ({"access_token": None}, "$"),
        ({"access_token": ""}, "access_token"),
        ({"access_token": "a\r\nX: y"}, "access_token"),
        ({"expires_in": "soon"}, "expires_in"),
        ({"expires_in": "inf"}, "expires_in"),
        ({"refresh_token": 5}, "refresh_token"),
    ],
)
async def test_tokens_that_cannot_be_used(
    account: TokenAccount, pair: dict[str, Any], path: str
) -> None:
    """Test that a wrong answer to a sign-in is named, kept nowhere, and sends nothing else."""
    account.pair = pair
    with pytest.raises(UnexpectedAnswerError) as caught:
        await account.backend.verify()
    assert (caught.value.path, caught.value.was_sent) == (path, False)
    assert not account.kept
    assert not account.bearers()


@pytest.mark.parametrize(
    ("expires_in", "lives"),
    [
        (None, 3600),
        ("", 3600),
        ("899", 899),
        (7199.5, 7199.5),
        (0, 0),
        (-5, 0),
        (1e30, 315_360_000),
    ],
)
async def test_lives_of_tokens(account: TokenAccount, expires_in: object, lives: float) -> None:
    """Test every way in which a life is, or is not, told."""
    account.pair = {"expires_in": expires_in}
    await account.backend.verify()
    assert account.kept[0].expires == NOW + timedelta(seconds=lives)


@pytest.mark.parametrize("version", ["v1", "v3", None])
async def test_addresses(
    server: ScriptedServer,
    http: aiohttp.ClientSession,
    freezer: FrozenDateTimeFactory,
    version: str | None,
) -> None:
    """Test that tokens are also looked for at the address that older documents name."""
    account = TokenAccount(server, http, freezer)
    give = server.token
    server.token = lambda request: (
        give(request) if f"/{version}/" in request.path else web.Response(status=404)
    )
    backend = smappee_at(f"{server.url}/dev/v3", http)
    paths = ["/dev/v3/oauth2/token", "/dev/v1/oauth2/token"]
    if version is None:
        with pytest.raises(BackendUnavailableError):
            await backend.verify()
    else:
        await backend.verify()
    expected = paths[:1] if version == "v3" else paths
    assert [request.path for request in server.asked("/token")] == expected
    assert not account.kept


async def test_many_requests_lead_to_one_refresh(stored: TokenAccount) -> None:
    """Test that a refresh token is never sent twice at once."""
    stored.clock.tick(3600)
    await asyncio.gather(*(stored.backend.verify() for _ in range(10)))
    assert stored.grants() == ["refresh_token"]


async def test_rotation(owner: ParkOwner) -> None:
    """Test days of polls against a network whose refresh tokens are good once."""
    for _ in range(5):
        await owner.poll()
        owner.tick(36000)
    assert len(owner.tokens) == owner.sent("token") == 5
    assert len({each.refresh_token for each in owner.tokens}) == 5
    owner.restart(tokens=owner.tokens[-1])
    await owner.poll()
    owner.restart(tokens=owner.tokens[0])
    await owner.poll()
    assert {entry.status for entry in owner.simulator.log.entries} == {200, 204, 400}


async def test_revoked_tokens(owner: ParkOwner) -> None:
    """Test that a revoked pair costs the password once."""
    await owner.poll()
    owner.simulator.faults.on("token_revoked")
    owner.simulator.log.clear()
    await owner.poll()
    statuses = [entry.status for entry in owner.simulator.log.entries if entry.call.name == "token"]
    assert statuses == [400, 200]


def test_tokens_are_silent() -> None:
    """Test that a pair does not show itself."""
    assert_silent(
        repr(Tokens(access_token="access-1", refresh_token="refresh-1", expires=NOW)), SECRETS
    )
