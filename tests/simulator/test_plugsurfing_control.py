"""Tests of PlugSurfing by remote control, and of its calls to an operator's webhook."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
from typing import Any

from aiohttp import web
import pytest

from . import Simulator
from .client import Client
from .defaults import (
    PLUGSURFING_EVCO,
    PLUGSURFING_EVSE,
    PLUGSURFING_EVSES,
    PLUGSURFING_KEY,
    PLUGSURFING_PARTNER,
)
from .plugsurfing_caller import Driver
from .plugsurfing_client import OperatorClient, running_session, session
from .test_control import control

USER = {"identifier-type": "evco-id", "identifier": PLUGSURFING_EVCO}


class Webhook:
    """An operator that writes down what comes and answers what it is told to."""

    def __init__(self) -> None:
        """Answer that all went well."""
        self.url = ""
        self.requests: list[tuple[dict[str, str], Any]] = []
        self.answer: Any = {"result": {"code": 0, "message": "Success."}}
        self.status = 200
        self.all_there = asyncio.Barrier(1)

    async def serve(self, request: web.Request) -> web.Response:
        """Write a request down, and answer when all have come that are waited for."""
        self.requests.append((dict(request.headers), await request.json()))
        async with asyncio.timeout(5):
            await self.all_there.wait()
        if isinstance(self.answer, str):
            return web.Response(text=self.answer, status=self.status)
        return web.json_response(self.answer, status=self.status)


@asynccontextmanager
async def serving(webhook: Webhook) -> AsyncIterator[Webhook]:
    """Serve a webhook at its ``url``."""
    app = web.Application()
    app.router.add_post("/api/webhook/secret", webhook.serve)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    webhook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/webhook/secret"
    try:
        yield webhook
    finally:
        await runner.cleanup()


@pytest.fixture
async def webhook(simulator: Simulator) -> AsyncIterator[Webhook]:
    """Serve an operator's webhook, which the network knows."""
    async with serving(Webhook()) as webhook:
        simulator.caller.url = webhook.url
        yield webhook


async def test_start_and_stop(simulator: Simulator, webhook: Webhook) -> None:
    """A session that can be stopped is stopped by its id, once."""
    webhook.answer = {
        "session-start": {"session-id": "our-1", "is-stoppable": True},
        "result": {"code": 12, "message": "Plug in."},
    }
    (reply,) = await simulator.caller.start(PLUGSURFING_EVSE, payment_reference="1212")
    assert (reply.status, reply.code, reply.is_success) == (200, 12, True)
    assert reply.seconds > 0
    headers, body = webhook.requests[0]
    assert headers["Authorization"] == f"key={PLUGSURFING_KEY}"
    assert headers["Content-Type"] == "application/json"
    assert body == {
        "session-start": {
            "user": USER,
            "connector-id": PLUGSURFING_EVSE,
            "payment-reference": "1212",
        }
    }
    for _ in range(2):
        await simulator.caller.stop(PLUGSURFING_EVSE)
    fields = {"user": USER, "connector-id": PLUGSURFING_EVSE}
    assert [body for _, body in webhook.requests[1:]] == [
        {"session-stop": fields | {"session-id": "our-1"}},
        {"session-stop": fields},
    ]
    assert [each.name for each in simulator.caller.calls] == [
        "session-start",
        "session-stop",
        "session-stop",
    ]


async def test_what_was_refused_is_not_stopped(simulator: Simulator, webhook: Webhook) -> None:
    """The id of a session that did not start, or did not stop, is treated as such."""
    webhook.status = 404
    webhook.answer = {
        "session-start": {"session-id": "our-1"},
        "result": {"code": 181, "message": "EVSE not found."},
    }
    (reply,) = await simulator.caller.start(PLUGSURFING_EVSE)
    assert (reply.status, reply.code, reply.is_success) == (404, 181, False)
    assert simulator.caller.session_ids == {}
    simulator.caller.session_ids[PLUGSURFING_EVSE] = "our-2"
    await simulator.caller.stop(PLUGSURFING_EVSE)
    assert simulator.caller.session_ids == {PLUGSURFING_EVSE: "our-2"}


async def test_several_at_once(simulator: Simulator, webhook: Webhook) -> None:
    """A call that is repeated is under way several times at the same moment."""
    webhook.all_there = asyncio.Barrier(5)
    replies = await simulator.caller.start(PLUGSURFING_EVSE, times=5)
    assert [each.code for each in replies] == [0] * 5
    assert len(webhook.requests) == 5


async def test_other_calls(simulator: Simulator, webhook: Webhook) -> None:
    """Cards, reservations and sessions of others are told of in the protocol's words."""
    caller = simulator.caller
    await caller.send_cards("12345678", "ABCDEFAB")
    await caller.reserve(PLUGSURFING_EVSE)
    await caller.cancel_reservation()
    await caller.call("session-post", session(), key="another")
    assert [body for _, body in webhook.requests] == [
        {
            "rfid-post": {
                "rfids": ["12345678", "ABCDEFAB"],
                "partner-identifier": PLUGSURFING_PARTNER,
            }
        },
        {
            "reservation-start": {
                "connector-id": PLUGSURFING_EVSE,
                "identifier": [{"evco-id": PLUGSURFING_EVCO}],
            }
        },
        {"reservation-stop": USER},
        {"session-post": session()},
    ]
    keys = [headers["Authorization"] for headers, _ in webhook.requests]
    assert keys == [*[f"key={PLUGSURFING_KEY}"] * 3, "key=another"]


async def test_another_driver(simulator: Simulator, webhook: Webhook) -> None:
    """A driver may be known by a card."""
    driver = Driver(identifier="04D25A7B3C1F80", identifier_type="rfid")
    await simulator.caller.start(PLUGSURFING_EVSE, driver)
    _, body = webhook.requests[0]
    assert body["session-start"]["user"] == {
        "identifier-type": "rfid",
        "identifier": "04D25A7B3C1F80",
    }


@pytest.mark.parametrize("answer", ["", "nonsense", [], {}, {"result": {"code": "0"}}])
async def test_answers_that_are_no_envelope(
    simulator: Simulator, webhook: Webhook, answer: object
) -> None:
    """What is no envelope has no code, and is no success."""
    webhook.answer = answer
    (reply,) = await simulator.caller.start(PLUGSURFING_EVSE)
    assert (reply.status, reply.code, reply.is_success) == (200, None, False)


async def test_nobody_answers(simulator: Simulator) -> None:
    """A webhook that is not there is no failure of the network."""
    simulator.caller.url = "http://127.0.0.1:9/api/webhook/secret"
    (reply,) = await simulator.caller.start(PLUGSURFING_EVSE)
    assert (reply.status, reply.body, reply.code) == (None, None, None)


async def test_calls_by_remote_control(client: Client, webhook: Webhook) -> None:
    """Calls can be made over HTTP, to any address, with any key, and are listed."""
    other = {"url": webhook.url, "key": "another"}
    await control(client, "POST", "plugsurfing/webhook", other)
    body = {"connector_id": PLUGSURFING_EVSE, "driver": {"identifier": "DE*8PS*123456*7"}}
    answer = await control(client, "POST", "plugsurfing/start", body)
    (reply,) = answer["replies"]
    assert (reply["status"], reply["body"]["result"]["code"]) == (200, 0)
    await control(client, "POST", "plugsurfing/stop", {"connector_id": PLUGSURFING_EVSE})
    made = {"call": "rfid-post", "body": {"rfids": []}, "key": "third", "times": 2}
    answer = await control(client, "POST", "plugsurfing/call", made)
    assert len(answer["replies"]) == 2
    keys = [headers["Authorization"] for headers, _ in webhook.requests]
    assert keys == ["key=another", "key=another", "key=third", "key=third"]
    start, stop, cards = (await control(client, "GET", "plugsurfing/calls"))["calls"]
    assert start["body"]["user"]["identifier"] == "DE*8PS*123456*7"
    assert [each["call"] for each in (start, stop, cards)] == [
        "session-start",
        "session-stop",
        "rfid-post",
    ]
    assert len(cards["replies"]) == 2


async def test_books_by_remote_control(
    simulator: Simulator, client: Client, operator: OperatorClient
) -> None:
    """Everything that was posted can be read over HTTP."""
    await operator.post(running_session())
    await operator.post(session())
    await operator.post(session("session-2", energy_consumed=-1))
    await operator.tell_status("Occupied")
    await operator.verify("12345678")
    books = await control(client, "GET", "plugsurfing/books")
    assert books["violations"] == [
        "session-post: session-post.energy-consumed is missing or invalid"
    ]
    (shown,) = books["sessions"].values()
    assert (shown["posts"], shown["is_final"], shown["energy"]) == (2, True, "16.5")
    assert (shown["started"], shown["cost"]) == ("2026-11-21T11:00:00+00:00", "14.32")
    posts = (await control(client, "GET", "plugsurfing/books/session-1"))["posts"]
    assert [each["is_final"] for each in posts] == [False, True]
    assert posts[1]["body"] == session()
    statuses = await control(client, "GET", "plugsurfing/statuses")
    assert statuses["now"] == {PLUGSURFING_EVSE: "Occupied", PLUGSURFING_EVSES[1]: None}
    assert len(statuses["posts"]) == 1
    verified = (await control(client, "GET", "plugsurfing/verified"))["verified"]
    assert [(each["rfid"], each["code"]) for each in verified] == [("12345678", 191)]
    refused = (await control(client, "GET", "plugsurfing/refused"))["refused"]
    assert [each["code"] for each in refused] == [230, 191]
    assert (await control(client, "GET", "plugsurfing/stations")) == {"stations": {}}


async def test_settings_by_remote_control(
    simulator: Simulator, client: Client, operator: OperatorClient
) -> None:
    """Cards, connectors, keys and refusals can be set over HTTP."""
    card = {"rfid": "12345678", "evco_id": "DE*8PS*123456*7"}
    await control(client, "POST", "plugsurfing/cards", card)
    assert (await operator.verify("12345678"))[1]["evco-id"] == "DE*8PS*123456*7"
    await control(client, "POST", "plugsurfing/cards", card | {"state": "no_payment"})
    assert (await operator.verify("12345678"))[1]["result"]["code"] == 193
    connector = {"connector_id": "1356", "partner": PLUGSURFING_PARTNER}
    await control(client, "POST", "plugsurfing/connectors", connector)
    assert await operator.tell_status("Available", "1356") == 0
    await control(client, "POST", "plugsurfing/refuse", {"name": "session-1", "code": 182})
    assert await operator.post(session()) == 182
    await control(client, "POST", "plugsurfing/refuse", {"name": "session-1", "code": None})
    assert await operator.post(session()) == 0
    key = {"key": "another", "partners": ["third"]}
    await control(client, "POST", "plugsurfing/keys", key)
    operator.headers["Authorization"] = "key=another"
    assert await operator.post(session("session-2", partner_identifier="third")) == 0
    fault = {"kind": "code_100", "scope": "session-post", "count": 1}
    await control(client, "POST", "faults", fault)
    assert await operator.post(session("session-2", partner_identifier="third")) == 100
    changed = await control(client, "PATCH", "settings/plugsurfing", {"success_code": 11})
    assert changed["success_code"] == 11
    assert json.dumps(await control(client, "GET", "settings"))
