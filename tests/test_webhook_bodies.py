"""Attacks on the network's webhook by what is sent: too much, too slowly, or nonsense."""

import asyncio
from collections.abc import Iterator
import gzip
import itertools
import json
import logging
import zlib

import pytest

from tests.guest_house import GuestHouse
from tests.raw_calls import CUT_OFF, RawLine, call, chunked, framed
from tests.simulator.defaults import (
    PLUGSURFING_EVCO as EVCO,
    PLUGSURFING_EVSE as EVSE,
    PLUGSURFING_KEY as KEY,
    PLUGSURFING_PARTNER as PARTNER,
    PLUGSURFING_RFIDS,
)

MEGABYTE = 1_048_576
USER = {"identifier-type": "evco-id", "identifier": EVCO}
START = framed("session-start", {"user": USER, "connector-id": EVSE})
AUTHORIZATION = f"Authorization: key={KEY}"
REFUSED, TOO_LARGE, TOO_SLOW = (401, 210), (413, 200), (408, 200)

JUNK = {
    "nothing": b"",
    "blanks": b"  \r\n\t ",
    "half an object": START[:-1],
    "more than an object": START + b"{}",
    "two calls": b'{"session-start": {}, "session-stop": {}}',
    "the same twice": START[:-1] + b"," + START[1:],
    "no call": b"{}",
    "a list": b"[" + START + b"]",
    "a number": b"1e999999999",
    "not a number": b"NaN",
    "a huge number": b"9" * 100_000,
    "deep lists": b"[" * 500_000,
    "deep objects": b'{"a":' * 150_000,
    "deep below a call": b'{"session-start":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "deep in a field": START[:-2] + b', "x": ' + b'{"a":' * 90_000 + b"1" + b"}" * 90_002,
    "no text": bytes(range(256)) * 16,
    "another encoding": START.decode().encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + START,
    "half a surrogate pair": START.replace(b"ETABCD", rb"\ud800"),
    "NUL": START.replace(b"ETABCD", rb"\u0000"),
    "a form": b"connector-id=DE*8PS*ETABCD*1",
    "XML": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
    "null": b'{"session-start": null}',
    "no user": framed("session-start", {"connector-id": EVSE}),
    "no connector": framed("session-start", {"user": USER}),
    "a list of connectors": framed("session-start", {"user": USER, "connector-id": [EVSE]}),
    "a long name": framed("session-start", {"user": USER, "connector-id": EVSE * 5000}),
}
UNKNOWN = (
    "session-begin",
    "SESSION-START",
    "session_start",
    "",
    "result",
    "__proto__",
    "rfid-verify",
)


@pytest.fixture
async def house(guest_house: GuestHouse) -> GuestHouse:
    """Return a guest house with a pole that the network may start, and a car at it."""
    await guest_house.add_devices("front")
    await guest_house.add_operator()
    await guest_house.add_connector()
    guest_house.poles.pole("front").plug()
    await guest_house.home.advance(30)
    return guest_house


def _much() -> Iterator[bytes]:
    return itertools.repeat(b" " * 65_536, 160)


async def _assert_it_still_works(house: GuestHouse) -> None:
    """Assert that no switch has moved, and that one still can."""
    pole = house.poles.pole("front")
    assert pole.switched == []
    await house.home.advance(5)
    answer = await call(house.webhook_url, START)
    assert (answer.status, answer.code) == (200, 0)
    assert [each.on for each in pole.switched] == [True]


async def test_junk(house: GuestHouse) -> None:
    """Test that nonsense gets an answer in the protocol's words, and does nothing."""
    for name, body in JUNK.items():
        answer = await call(house.webhook_url, body)
        assert (answer.status, answer.code) == (400, 230), name
        await house.home.advance(1)
    await _assert_it_still_works(house)


async def test_unknown_calls(house: GuestHouse) -> None:
    """Test that calls which nobody knows are refused."""
    fields = json.loads(START)["session-start"]
    for name in UNKNOWN:
        answer = await call(house.webhook_url, framed(name, fields))
        assert (answer.status, answer.code) == (400, 200), name
    await _assert_it_still_works(house)


async def test_large_bodies(house: GuestHouse) -> None:
    """Test that of ten megabytes no more is read than a call can have."""
    url, much = house.webhook_url, b" " * 10 * MEGABYTE
    for key, refusal in ((KEY, TOO_LARGE), ("wrong", REFUSED)):
        for body in (much, _much()):
            answer = await call(url, body, key=key)
            # The line may be cut while the caller still speaks.
            assert answer == CUT_OFF or (answer.status, answer.code) == refusal
    answer = await call(url, START + b" " * (MEGABYTE - len(START)) + b" ")
    assert answer == CUT_OFF or (answer.status, answer.code) == TOO_LARGE
    await _assert_it_still_works(house)


async def test_largest_body(house: GuestHouse) -> None:
    """Test that a call which is just as large as calls may be is understood, chunked or not."""
    cards = [f"04{number:012X}" for number in range(58_000)]
    body = framed("rfid-post", {"rfids": cards, "partner-identifier": PARTNER})
    body += b" " * (MEGABYTE - len(body))
    parts = [body[at : at + 9999] for at in range(0, MEGABYTE, 9999)]
    for content, new in ((body, len(cards)), (parts, 0)):
        answer = await call(house.webhook_url, content)
        assert (answer.status, answer.code) == (200, 0)
        assert json.loads(answer.body)["rfid"] == {"processed": new}


async def test_announced_size_is_enough(house: GuestHouse) -> None:
    """Test that who announces too much is answered before a single byte of it."""
    for key, refusal in ((KEY, TOO_LARGE), ("wrong", REFUSED)):
        async with RawLine(house.webhook_url) as line:
            size = f"Content-Length: {10 * MEGABYTE}"
            await line.say(line.head(f"Authorization: key={key}", size))
            answer = await line.answer()
            assert (answer.status, answer.code) == refusal


@pytest.mark.parametrize("key", [KEY, "wrong"])
async def test_line_is_cut(house: GuestHouse, key: str) -> None:
    """Test that who goes on with a body nobody wants has to hang up within a second."""
    async with RawLine(house.webhook_url) as line:
        size = f"Content-Length: {10 * MEGABYTE}"
        await line.say(line.head(f"Authorization: key={key}", size), b" ")
        await line.answer()
        cut = asyncio.create_task(line.is_cut())
        await house.home.advance(1.1)
        assert cut.done()
        assert await cut


async def test_line_is_cut_after_little(house: GuestHouse) -> None:
    """Test that of a body nobody wants little is taken in, however fast it comes."""
    async with RawLine(house.webhook_url) as line:
        await line.say(line.head("Authorization: key=wrong", "Transfer-Encoding: chunked"))
        assert (await line.answer()).code == 210
        # Frozen time lets no time limit help.
        sending = asyncio.create_task(line.say_all(chunked(itertools.repeat(b" " * 65_536))))
        assert await line.is_cut()
        await sending


async def test_compressed_bodies(house: GuestHouse) -> None:
    """Test that nothing which is packed gets unpacked."""
    zeros = b"0" * 100 * MEGABYTE
    packed = {
        "gzip": gzip.compress(zeros),
        "deflate": zlib.compress(zeros),
        **dict.fromkeys(("br", "zstd", "identity", "nonsense"), START),
    }
    for encoding, body in packed.items():
        for key, refusal in ((KEY, TOO_LARGE), ("wrong", REFUSED)):
            answer = await call(house.webhook_url, body, f"Content-Encoding: {encoding}", key=key)
            # What it cannot unpack, Home Assistant's server refuses by itself.
            assert (answer.status, answer.code) == refusal or answer.status in {400, None}, encoding
    await _assert_it_still_works(house)


async def test_slow_body(house: GuestHouse) -> None:
    """Test that a body which stops in the middle is waited for, but not for long."""
    async with RawLine(house.webhook_url) as line:
        head = line.head(AUTHORIZATION, f"Content-Length: {len(START)}")
        await line.say(head, START[:-1])
        answering = asyncio.create_task(line.answer())
        await house.home.settle()
        await house.home.advance(9)
        assert not answering.done()
        await house.home.advance(2)
        answer = await answering
        assert (answer.status, answer.code) == TOO_SLOW
        # What comes now comes too late.
        await line.say(START[-1:])
        cut = asyncio.create_task(line.is_cut())
        await house.home.advance(2)
        assert cut.done()
        assert await cut
    await _assert_it_still_works(house)


async def test_dribbled_body(house: GuestHouse) -> None:
    """Test that a byte a second, which never lets a pause grow long, does not help."""
    async with RawLine(house.webhook_url) as line:
        await line.say(line.head(AUTHORIZATION, f"Content-Length: {len(START)}"))
        answering = asyncio.create_task(line.answer())
        await house.home.settle()
        for second in range(len(START)):
            await line.say(START[second : second + 1])
            await house.home.advance(1)
            if answering.done():
                break
        assert 9 <= second <= 11
        answer = await answering
        assert (answer.status, answer.code) == TOO_SLOW
    await _assert_it_still_works(house)


async def test_many_slow_ones(house: GuestHouse) -> None:
    """Test that many who are slow at once are not waited for, and then give their places back."""
    lines = [RawLine(house.webhook_url) for _ in range(60)]
    answering = []
    for line in lines:
        await line.__aenter__()
        await line.say(line.head(AUTHORIZATION, f"Content-Length: {len(START)}"), START[:9])
        answering.append(asyncio.create_task(line.answer()))
    await house.home.settle()
    early = [each.result() for each in answering if each.done()]
    assert {(each.status, each.code) for each in early} == {(429, 100)}
    assert len(early) == 20
    assert all("retry-after: 1" in each.head.lower() for each in early)
    # By now there may be more calls again, but all the places are taken.
    await house.home.advance(3)
    assert (await call(house.webhook_url, START)).status == 429
    await house.home.advance(8)
    answers = [await each for each in answering]
    assert sorted(answer.status or 0 for answer in answers) == [408] * 40 + [429] * 20
    for line in lines:
        await line.__aexit__()
    await _assert_it_still_works(house)


async def test_slow_ones_without_the_key(house: GuestHouse) -> None:
    """Test that those without the key take nobody's place, however many and slow they are."""
    lines = [RawLine(house.webhook_url) for _ in range(200)]
    for line in lines:
        await line.__aenter__()
        await line.say(line.head("Authorization: key=no", f"Content-Length: {len(START)}"), b"{")
    answers = [await line.answer() for line in lines]
    assert {(answer.status, answer.code) for answer in answers} == {REFUSED}
    await _assert_it_still_works(house)
    for line in lines:
        await line.__aexit__()


async def test_too_many_calls(house: GuestHouse) -> None:
    """Test that who has the key and calls too often has to wait, and then may again."""
    answers = [await call(house.webhook_url, framed("nonsense", {})) for _ in range(60)]
    assert [answer.status for answer in answers] == [400] * 40 + [429] * 20
    assert {answer.code for answer in answers[40:]} == {100}
    await house.home.advance(1)
    answers = [await call(house.webhook_url, framed("nonsense", {})) for _ in range(25)]
    assert [answer.status for answer in answers] == [400] * 20 + [429] * 5
    await _assert_it_still_works(house)


async def test_hanging_up(house: GuestHouse) -> None:
    """Test that who hangs up leaves no call half done, and does not give his place away."""
    home, pole = house.home, house.poles.pole("front")
    home.simulator.faults.on("stall", scope="plugsurfing rfid-verify", delay=5)
    user = {"identifier-type": "rfid", "identifier": PLUGSURFING_RFIDS[0]}
    body = framed("session-start", {"user": user, "connector-id": EVSE})
    for _ in range(40):
        async with RawLine(house.webhook_url) as line:
            await line.say(line.head(AUTHORIZATION, f"Content-Length: {len(body)}"), body)
            await home.settle()
    await home.advance(3)
    assert (await call(house.webhook_url, body)).status == 429
    assert pole.switched == []
    await home.advance(5)
    assert [each.on for each in pole.switched] == [True]
    answer = await call(house.webhook_url, body)
    assert (answer.status, answer.code) == (200, 0)


@pytest.mark.parametrize("pause", [False, True], ids=["at once", "after a pause"])
@pytest.mark.parametrize("key", [KEY, "wrong"])
async def test_broken_chunks(
    house: GuestHouse, caplog: pytest.LogCaptureFixture, key: str, *, pause: bool
) -> None:
    """Test that a body whose frame breaks is refused, and is no error of the webhook."""
    caplog.clear()
    async with RawLine(house.webhook_url) as line:
        await line.say(line.head(f"Authorization: key={key}", "Transfer-Encoding: chunked"))
        if pause:
            await house.home.settle()
        await line.say(b"5\r\n{\r\n\r\nnonsense\r\n")
        answering = asyncio.create_task(line.answer())
        await house.home.settle()
        await house.home.advance(11)
        answer = await answering
        refusal = TOO_SLOW if key == KEY else REFUSED
        assert (answer.status, answer.code) == refusal or answer.status in {400, None}
        cut = asyncio.create_task(line.is_cut())
        await house.home.advance(2)
        assert cut.done()
    # Home Assistant's server itself notes every request that is no HTTP.
    errors = {each.name for each in caplog.records if each.levelno >= logging.ERROR}
    assert errors <= {"aiohttp.server", "aiohttp.access"}
    await _assert_it_still_works(house)
