"""Tests of who may call PlugSurfing, how its answers are framed, and what can go wrong there."""

import asyncio
from typing import Any

from aiohttp import ClientConnectionError
import pytest

from . import Simulator
from .defaults import PLUGSURFING_KEY, PLUGSURFING_PARTNER, PLUGSURFING_RFIDS
from .plugsurfing_client import PATH, RFID, OperatorClient, session

GOOD_KEY = f"key={PLUGSURFING_KEY}"


@pytest.mark.parametrize(
    "value",
    [None, "", PLUGSURFING_KEY, "key=", "key=another", f"Key={PLUGSURFING_KEY}", f"{GOOD_KEY} "],
)
async def test_wrong_key(simulator: Simulator, operator: OperatorClient, value: str | None) -> None:
    """Without a good key nothing is booked."""
    operator.headers["Authorization"] = value
    status, body = await operator.send("session-post", session())
    # A header's blanks at the end are nobody's business, says HTTP.
    good = value == f"{GOOD_KEY} "
    assert (status, body["result"]["code"]) == ((200, 0) if good else (401, 210))
    assert len(simulator.books.posts) == good


async def test_bearer(operator: OperatorClient) -> None:
    """The word before the key is no matter of taste."""
    operator.headers["Authorization"] = f"Bearer {PLUGSURFING_KEY}"
    assert await operator.post(session()) == 210


@pytest.mark.parametrize(
    "value",
    [None, "application/json;charset=UTF-8", "application/json; charset=utf-8", "text/json"],
)
async def test_content_type(operator: OperatorClient, value: str | None) -> None:
    """The type is exactly that of JSON, without a charset, as at the real server."""
    operator.headers["Content-Type"] = value
    status, body = await operator.send("session-post", session())
    assert (status, body["result"]["code"]) == (400, 230)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"session-post": {}, "rfid-verify": {}}',
        b'{"rfid-verify": {"rfid": "04D25A7B3C1F80", "rfid": "04D25A7B3C1F80"}}',
        b'{"rfid-verify": []}',
        b'\xef\xbb\xbf{"rfid-verify": {"rfid": "04D25A7B3C1F80"}}',
        b'{"rfid-verify": {"rfid": "\xff"}}',
        b'{"rfid-verify": {"rfid": "04D25A7B3C1F80", "weight": NaN}}',
        b"[" * 100_000,
        b" " * 2_000_000,
    ],
)
async def test_wrong_framing(operator: OperatorClient, content: bytes) -> None:
    """A body is an object with one key, once, and JSON."""
    status, body = await operator.raw(content)
    assert (status, body["result"]["code"]) == (400, 230)


@pytest.mark.parametrize("name", ["session-start", "session-get", "Session-Post"])
async def test_unknown_call(operator: OperatorClient, name: str) -> None:
    """Calls that an operator may not make are the client's error."""
    status, body = await operator.send(name, {})
    assert (status, body["result"]["code"]) == (400, 200)


async def test_wrong_addresses(simulator: Simulator, operator: OperatorClient) -> None:
    """There is one address, for POST alone; what is wrong is told in the network's words."""
    async with operator.session.get(PATH) as response:
        assert (response.status, (await response.json())["result"]["code"]) == (405, 200)
    async with operator.session.post("/api/v3/request") as response:
        assert (response.status, (await response.json())["result"]["code"]) == (404, 181)
    assert simulator.log.count(backend="plugsurfing") == 2


@pytest.mark.parametrize(
    ("rfid", "status", "code"),
    [
        (RFID, 200, 0),
        (PLUGSURFING_RFIDS[1], 400, 192),
        (PLUGSURFING_RFIDS[2], 400, 193),
        ("0477BD22AA4AAA", 404, 191),
        ("12345678", 404, 191),
        (RFID.lower(), 400, 230),
        ("123456", 400, 230),
        ("", 400, 230),
    ],
)
async def test_verify(
    simulator: Simulator, operator: OperatorClient, rfid: str, status: int, code: int
) -> None:
    """A good card has a contract; the others have a reason."""
    got, body = await operator.verify(rfid)
    assert (got, body["result"]["code"]) == (status, code)
    assert body.get("evco-id") == (None if code else "DE*8PS*C40318*2")
    asked = [(each.rfid, each.code) for each in simulator.books.verified]
    assert asked == ([] if code == 230 else [(rfid, code)])


@pytest.mark.parametrize("code", [11, 12, 99])
async def test_any_success(simulator: Simulator, operator: OperatorClient, code: int) -> None:
    """Every code from 0 to 99 is a success, and may be written as a text of three digits."""
    simulator.plugsurfing.settings.success_code = code
    assert await operator.post(session()) == code
    simulator.plugsurfing.settings.code_is_text = True
    status, body = await operator.send("session-post", session())
    assert (status, body["result"]["code"]) == (200, f"0{code}")


async def test_third_version(simulator: Simulator, operator: OperatorClient) -> None:
    """Answers may be framed as the third version did."""
    simulator.plugsurfing.settings.framing = "v3"
    answer = await operator.send("session-post", session())
    assert answer == (200, {"session": {"success": True, "reason": None}})
    assert await operator.verify(RFID) == (200, {"rfid-verify": {"verified": True}})
    assert await operator.verify("12345678") == (404, {"rfid-verify": {"verified": False}})
    simulator.books.refuse(RFID, 100)
    answer = await operator.send("session-post", session())
    assert answer == (500, {"session": {"success": False, "reason": "Refused with 100."}})
    status, body = await operator.send("session-post", {})
    assert (status, list(body), list(body["error"])) == (400, ["error"], ["request"])


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (100, 500),
        (102, 500),
        (191, 404),
        (210, 401),
        (220, 403),
        (230, 400),
        (182, 404),
        (800, 400),
    ],
)
async def test_any_code(
    simulator: Simulator, operator: OperatorClient, code: int, status: int
) -> None:
    """Every code can be the answer to a call, with a fitting status, and nothing is booked."""
    simulator.faults.on(f"code_{code}", scope="session-post", count=1)
    got, body = await operator.send("session-post", session())
    assert (got, body["result"]["code"]) == (status, code)
    assert simulator.books.posts == []
    assert (await operator.verify(RFID))[0] == 200
    assert await operator.post(session()) == 0


async def test_status_of_failures(simulator: Simulator, operator: OperatorClient) -> None:
    """A network that knows one status only says 200 to everything."""
    simulator.plugsurfing.settings.failure_status = 200
    simulator.faults.on("code_181")
    status, body = await operator.send("session-post", session())
    assert (status, body["result"]["code"]) == (200, 181)


async def test_system_error_with_200(simulator: Simulator, operator: OperatorClient) -> None:
    """The network's own trouble may come with a status that knows of none."""
    simulator.faults.on("failed_status")
    status, body = await operator.send("session-post", session())
    assert (status, body["result"]["code"]) == (200, 100)
    assert simulator.books.posts == []


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
async def test_http_faults(simulator: Simulator, operator: OperatorClient, status: int) -> None:
    """Any status can be answered, with an envelope and a time to wait."""
    simulator.faults.on(f"http_{status}", retry_after=30)
    body = {"session-post": session()}
    async with operator.session.post(PATH, json=body) as response:
        assert (response.status, response.headers["Retry-After"]) == (status, "30")
        assert (await response.json())["result"]["code"] in {210, 220, 181, 200, 100}
    assert simulator.books.posts == []


async def test_answer_lost(simulator: Simulator, operator: OperatorClient) -> None:
    """A session may be booked although nobody hears of it, and is then booked twice."""
    simulator.faults.on("drop_answer", scope="session-post", count=1)
    with pytest.raises(ClientConnectionError):
        await operator.post(session())
    assert await operator.post(session()) == 0
    assert len(simulator.books.posts_of("session-1")) == 2
    assert simulator.books.violations == []


async def test_connection_lost(simulator: Simulator, operator: OperatorClient) -> None:
    """A connection may break before anything is booked."""
    simulator.faults.on("reset", scope="session-post", count=1)
    with pytest.raises(ClientConnectionError):
        await operator.post(session())
    assert simulator.books.posts == []


async def test_html(simulator: Simulator, operator: OperatorClient) -> None:
    """A page of HTML comes instead of an envelope."""
    simulator.faults.on("html", count=1)
    async with operator.session.post(PATH, json={"session-post": session()}) as response:
        assert (response.status, response.content_type) == (200, "text/html")


async def test_slow(simulator: Simulator, operator: OperatorClient) -> None:
    """An answer may take its time, while the network has other calls to answer."""
    simulator.faults.on("stall", scope="session-post", delay=30, count=1)
    posting = asyncio.create_task(operator.post(session()))
    await asyncio.sleep(0.05)
    assert (await operator.verify(RFID))[0] == 200
    assert not posting.done()
    simulator.clock.advance(30)
    assert await posting == 0


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("rotten_session", {"code": "zero", "message": ["Success."]}),
        ("unknown_enum", {"code": 799, "message": "Something strange."}),
    ],
)
async def test_strange_answers(
    simulator: Simulator, operator: OperatorClient, kind: str, expected: dict[str, Any]
) -> None:
    """A result may be of another type, or have a code that is in no document."""
    simulator.faults.on(kind)
    _, body = await operator.send("session-post", session())
    assert body["result"] == expected
    assert simulator.books.posts == []


async def test_revoked_key(simulator: Simulator, operator: OperatorClient) -> None:
    """A key that was revoked stays so until the operator gets another."""
    simulator.faults.on("token_expired", count=1)
    assert await operator.post(session()) == 210
    assert await operator.post(session()) == 0
    simulator.faults.on("token_revoked")
    assert await operator.post(session()) == 210
    simulator.books.keys["another"] = {PLUGSURFING_PARTNER}
    operator.headers["Authorization"] = "key=another"
    assert await operator.post(session()) == 0
