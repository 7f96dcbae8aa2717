"""Tests of the calls at PlugSurfing, over real HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from copy import replace
import json
import logging
import socket
from typing import Any

import aiohttp
from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
import msgspec
import pytest

from custom_components.ev_charging_sessions.charging.backends.budget import (
    PERIOD,
    REQUESTS_PER_PERIOD,
    RESERVED_FOR_COMMANDS,
)
from custom_components.ev_charging_sessions.charging.backends.plugsurfing_api import Api
from custom_components.ev_charging_sessions.charging.backends.plugsurfing_wire import StationPost
from custom_components.ev_charging_sessions.charging.errors import (
    AuthenticationError,
    BackendError,
    BackendUnavailableError,
    InvalidInputError,
    RateLimitError,
    RequestRejectedError,
)
from custom_components.ev_charging_sessions.charging.model import ChargePointStatus

from .plugsurfing_samples import CARD, CONNECTOR, FINISHED, PARTNER, sample
from .scripted_server import Request, ScriptedServer
from .secrets import assert_silent, said_by

KEY = "a39ff3fb-planted-key"
DRIVER = "DE*8PS*D89761*2"
SECRETS = {KEY, PARTNER, CARD, DRIVER, "12345678ABCDEF", "planted-words"}

OTHER_CARD = sample("rfid-verify")["rfid-verify"]["rfid"]

type Act = Callable[[Api], Awaitable[object]]


async def post_session(api: Api) -> int:
    """Post the session of the seed's example."""
    return await api.post_session(FINISHED, CONNECTOR)


async def post_status(api: Api) -> None:
    """Post that a connector is free."""
    await api.post_status("DE*8PS*E123456", ChargePointStatus.AVAILABLE)


async def verify_card(api: Api) -> str | None:
    """Ask about a card."""
    return await api.verify_card(OTHER_CARD)


async def post_station(api: Api) -> None:
    """Post the station of the documentation's example."""
    wire = sample("station-post")["station-post"]["station"]
    await api.post_station(msgspec.convert(wire, StationPost))


ACTS = [post_session, post_status, verify_card, post_station]


def answer(value: object, status: int = 200, **headers: str) -> Callable[[Request], web.Response]:
    """Return what answers with some JSON."""
    return lambda _request: web.Response(text=json.dumps(value), status=status, headers=headers)


def result(code: object, status: int = 200, **headers: str) -> Callable[[Request], web.Response]:
    """Return what answers with a code, and with words that nobody must see."""
    return answer({"result": {"code": code, "message": f"planted-words {CARD}"}}, status, **headers)


@pytest.fixture
def api(http: aiohttp.ClientSession, server: ScriptedServer) -> Api:
    """Return an account at the scripted network."""
    server.answer = result(0)
    return Api(http, base_url=server.url, api_key=KEY, partner_identifier=PARTNER)


async def refused[E: BackendError](api: Api, kind: type[E], act: Act = post_session) -> E:
    """Expect an error of exactly that kind, which keeps everything to itself."""
    with pytest.raises(kind) as caught:
        await act(api)
    assert type(caught.value) is kind
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert_silent(said_by(caught.value), SECRETS)
    return caught.value


@pytest.mark.parametrize(
    ("act", "call"),
    [
        (post_session, "session-post"),
        (post_status, "connector-post-status"),
        (verify_card, "rfid-verify"),
        (post_station, "station-post"),
    ],
)
async def test_requests_are_like_the_examples(
    api: Api, server: ScriptedServer, act: Act, call: str
) -> None:
    """Test the address, the headers to the letter, and the body."""
    await act(api)
    (request,) = server.requests
    assert (request.method, request.path, request.query) == ("POST", "/api/v4/request", "")
    headers = [(name.lower(), value) for name, value in request.headers.items()]
    assert ("authorization", f"key={KEY}") in headers
    assert ("content-type", "application/json") in headers
    expected = sample(call)
    if call == "station-post":
        expected["station-post"]["partner-identifier"] = PARTNER
    assert json.loads(request.body) == expected


async def test_no_header_is_sent_twice(http: aiohttp.ClientSession, api: Api) -> None:
    """Test the bytes of a request, for a header may hide behind another of its name."""
    seen = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.set_result(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    raw = Api(http, base_url=url, api_key=KEY, partner_identifier=PARTNER)
    error = await refused(raw, BackendUnavailableError)
    assert error.was_sent
    listener.close()
    head = (await seen).decode().lower()
    assert head.count("content-type:") == head.count("authorization:") == 1
    assert "content-type: application/json\r\n" in head
    assert f"authorization: key={KEY}\r\n" in head
    assert "charset" not in head


@pytest.mark.parametrize("code", [0, 11, 12, 7, 99, "000", "011", "0"])
async def test_success(api: Api, server: ScriptedServer, code: int | str) -> None:
    """Test that any 0xx is success, also as text."""
    server.answer = result(code)
    assert await post_session(api) == int(code)
    for act in ACTS:
        await act(api)


@pytest.mark.parametrize("act", ACTS)
async def test_success_of_version_3(api: Api, server: ScriptedServer, act: Act) -> None:
    """Test the older framing of answers."""
    server.answer = answer({"session": {"success": True, "reason": None}})
    await act(api)
    server.answer = answer({"session": {"success": False, "reason": "planted-words"}})
    assert (await refused(api, RequestRejectedError, act)).code == "200"
    server.answer = answer({"error": {"request": "planted-words"}}, 400)
    error = await refused(api, RequestRejectedError, act)
    assert (error.code, error.status) == ("200", 400)


async def test_who_a_card_belongs_to(api: Api, server: ScriptedServer) -> None:
    """Test that the driver of a card is told, if the network tells."""
    assert await api.verify_card(CARD) is None
    server.answer = answer(sample("rfid-verify", "Response"))
    assert await api.verify_card("ab:cd:ef:12") == DRIVER
    assert json.loads(server.requests[-1].body) == {"rfid-verify": {"rfid": "ABCDEF12"}}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *((code, 404) for code in (181, 191)),
        *((code, 200) for code in (192, 193, 310, 320)),
        *((code, 400) for code in (200, 211, 230, 322, 800, 999)),
        # 401 is also what is said of a driver.
        *((code, 401) for code in (140, 145, 191)),
        *((code, 403) for code in (193, 211)),
    ],
)
async def test_refusals(api: Api, server: ScriptedServer, code: int, status: int) -> None:
    """Test what is refused for good, whatever HTTP says to it."""
    server.answer = result(code, status)
    error = await refused(api, RequestRejectedError)
    assert (error.code, error.status) == (str(code), status)


@pytest.mark.parametrize(
    "trouble",
    [
        *(result(code, status) for code in (210, 220) for status in (200, 400, 401, 403)),
        *(result(code, status) for code in (0, 100, 200, "none") for status in (401, 403)),
        answer({"error": {"request": "planted-words"}}, 401),
        lambda _request: web.Response(status=401, text="<html>planted-words"),
        lambda _request: web.Response(status=403),
    ],
)
async def test_a_refused_key(
    api: Api, server: ScriptedServer, trouble: Callable[[Request], web.Response]
) -> None:
    """Test every way to say that the key is wrong."""
    server.answer = trouble
    await refused(api, AuthenticationError)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [200, 400, 404])
@pytest.mark.parametrize("code", [100, 101, 102, 302, 312, 400, 402])
async def test_codes_that_mean_later(
    api: Api, server: ScriptedServer, code: int, status: int
) -> None:
    """Test that what may be over later is no refusal, and that its wait is kept."""
    server.answer = result(code, status, **{"Retry-After": "90"})
    error = await refused(api, BackendUnavailableError)
    assert error.retry_after == 90
    assert error.reason.startswith(f"{code} ")
    server.answer = result(0)
    assert (await refused(api, RateLimitError)).retry_after == pytest.approx(90, abs=2)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "text"),
    [
        *((status, "<html>planted-words") for status in (200, 400, 404, 408, 413, 500, 502, 503)),
        *((200, text) for text in ("", "null", "[]", "{}", '{"result": {"code": 1000}}', "[" * 99)),
        *((status, '{"result": {"code": 0}}') for status in (400, 404, 408, 500, 503)),
        *((status, '{"result": {"code": 230}}') for status in (408, 500, 503)),
        (302, '{"result": {"code": 0}}'),
    ],
)
async def test_what_is_no_answer(api: Api, server: ScriptedServer, status: int, text: str) -> None:
    """Test that nothing counts as posted, nor as refused, that the network has not said."""
    server.answer = lambda _request: web.Response(status=status, text=text)
    error = await refused(api, BackendUnavailableError)
    assert error.was_sent
    assert error.retry_after
    assert 20 < error.retry_after < 40
    # A back-off of our own making does not hold a person up.
    server.answer = result(0)
    await post_session(api)


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (result(191, 404), RequestRejectedError),
        (result(210, 401), AuthenticationError),
        (result(100), BackendUnavailableError),
        (answer({}, 500), BackendUnavailableError),
    ],
)
async def test_every_call_fails_in_the_same_ways(
    api: Api,
    server: ScriptedServer,
    act: Act,
    trouble: Callable[[Request], web.Response],
    kind: type[BackendError],
) -> None:
    """Test that no call takes an error for a success."""
    server.answer = trouble
    await refused(api, kind, act)


@pytest.mark.parametrize("act", ACTS)
async def test_too_many_requests(api: Api, server: ScriptedServer, act: Act) -> None:
    """Test that 429 is obeyed."""
    server.answer = result(200, 429, **{"Retry-After": "30"})
    assert (await refused(api, RateLimitError, act)).retry_after == 30
    server.answer = result(0)
    await refused(api, RateLimitError, act)
    assert len(server.requests) == 1


@pytest.mark.parametrize("act", ACTS)
async def test_nobody_there(http: aiohttp.ClientSession, act: Act) -> None:
    """Test that it is known that nothing was sent."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    api = Api(http, base_url=url, api_key=KEY, partner_identifier=PARTNER)
    assert not (await refused(api, BackendUnavailableError, act)).was_sent


async def test_a_back_off_grows_and_ends(
    api: Api, server: ScriptedServer, freezer: FrozenDateTimeFactory
) -> None:
    """Test that failures in a row wait longer, and that an answer that makes sense ends it."""
    waits: list[float] = []
    for code in (100, 100, 100, 191, 100, 0, 100, 210, 100, 200, 100):
        server.answer = result(code, 401 if code == 200 else 200)
        try:
            await post_session(api)
        except BackendUnavailableError as err:
            waits.append(err.retry_after or 0)
        except RequestRejectedError, AuthenticationError:
            pass
        freezer.tick(700)
    doublings = [0, 1, 2, 0, 0, 0, 0]
    assert len(waits) == len(doublings)
    for wait, doubling in zip(waits, doublings, strict=True):
        assert 0.79 <= wait / (30 * 2**doubling) <= 1.21


async def test_posts_leave_room_for_cards(
    api: Api, server: ScriptedServer, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a driver at a pole does not queue behind an outbox."""
    posts = [asyncio.ensure_future(post_session(api)) for _ in range(REQUESTS_PER_PERIOD)]
    others = [asyncio.ensure_future(act(api)) for act in (post_status, post_station)]
    most = REQUESTS_PER_PERIOD - RESERVED_FOR_COMMANDS
    await asyncio.wait_for(asyncio.gather(*posts[:most]), 10)
    for _ in range(RESERVED_FOR_COMMANDS):
        await asyncio.wait_for(verify_card(api), 10)
    assert len(server.requests) == REQUESTS_PER_PERIOD
    assert not any(one.done() for one in (*posts[most:], *others))
    freezer.tick(PERIOD + 1)
    await asyncio.wait_for(asyncio.gather(*posts, *others), 10)


async def test_what_cannot_be_posted_is_not_sent(api: Api, server: ScriptedServer) -> None:
    """Test that a session without a card never leaves the house."""
    for missing, reason in (
        (replace(FINISHED, card_id=None), "no_card"),
        (replace(FINISHED, started=None), "no_start"),
        (replace(FINISHED, ended=None), "no_end"),
    ):
        with pytest.raises(InvalidInputError) as caught:
            await api.post_session(missing, CONNECTOR)
        assert caught.value.key == reason
        assert_silent(said_by(caught.value), SECRETS)
    assert not server.requests


@pytest.mark.parametrize("code", [0, 140, 145, 181, 190, 191, 192, 193])
async def test_a_key_that_is_good(api: Api, server: ScriptedServer, code: int) -> None:
    """Test that whatever is said of a card, the key was good enough to ask."""
    server.answer = result(code, 200 if code == 0 else 404)
    await api.verify()
    (request,) = server.requests
    assert json.loads(request.body) == {"rfid-verify": {"rfid": "00000000000000"}}


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (result(210, 401), AuthenticationError),
        (result(220, 403), AuthenticationError),
        (result(200, 400), RequestRejectedError),
        (result(230, 400), RequestRejectedError),
        (result(300, 404), RequestRejectedError),
        (result(100), BackendUnavailableError),
        (answer("<html>"), BackendUnavailableError),
        (result(0, 429), RateLimitError),
    ],
)
async def test_a_key_that_is_not(
    api: Api,
    server: ScriptedServer,
    trouble: Callable[[Request], web.Response],
    kind: type[BackendError],
) -> None:
    """Test that nothing else is taken for a good key."""
    server.answer = trouble
    await refused(api, kind, lambda one: one.verify())


async def test_nothing_is_said_about_anybody(
    api: Api, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Test what a debug log and a repr show of good days and bad ones."""
    caplog.set_level(logging.DEBUG)
    bodies: tuple[Any, ...] = (sample("rfid-verify", "Response"), {"result": {"code": 191}}, {})
    for act in ACTS:
        for body in bodies:
            server.answer = answer(body)
            try:
                await act(api)
            except BackendError as err:
                logging.getLogger().exception("planted", exc_info=err)
    assert "POST api/v4/request: 200" in caplog.text
    assert_silent(caplog.text + repr(api), SECRETS)
