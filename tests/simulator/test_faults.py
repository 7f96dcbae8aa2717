"""Tests of everything that can be made to go wrong."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import sleep
from typing import Any

from aiohttp import ClientConnectionError, ClientError, ClientTimeout
from freezegun import freeze_time
import pytest

from . import Simulator
from .client import CARD, EVSE, Client
from .clock import Clock, real_now
from .faults import BACKEND_FAULTS, Call, Faults
from .world import Phase

ACTIVE = "/ev/v2/charge-session/active"
START = "/ev/v2/charge-session/start"
ORDER = {"evChargeNumber": CARD, "evseId": EVSE}


@pytest.mark.parametrize("status", [401, 403, 429, 500, 502, 503])
async def test_http_status(simulator: Simulator, client: Client, status: int) -> None:
    """Any status can be answered, in the network's words, until it is switched off."""
    simulator.faults.on(f"http_{status}")
    got, body = await client.active()
    assert (got, body["status"]) == (status, "FAILED")
    # Only a 500 has its details beside the errors.
    assert ("details" in body, "details" in body["errors"][0]) == (status == 500, status != 500)
    simulator.faults.off(f"http_{status}")
    assert (await client.active())[0] == 200


async def test_404(simulator: Simulator, client: Client) -> None:
    """A 404 is in the network's words, but that of a wrong address where it documents none."""
    simulator.faults.on("http_404")
    status, body = await client.json("POST", START, json=ORDER)
    assert (status, body["errors"][0]["code"]) == (404, "E0038")
    response = await client.send("GET", ACTIVE, params={"emaId": CARD})
    assert (response.status, await response.text()) == (404, "")


async def test_retry_after(simulator: Simulator, client: Client) -> None:
    """Retry-After comes as seconds or as a date, or not at all."""
    simulator.faults.on("http_429", count=1, retry_after=30)
    simulator.faults.on("http_503", count=1, retry_after=90, retry_after_date=True)
    simulator.faults.on("http_503", count=1)
    query = {"emaId": CARD}
    values = [
        (await client.send("GET", ACTIVE, params=query)).headers.get("Retry-After")
        for _ in range(3)
    ]
    assert values[0] == "30"
    assert values[1]
    due = simulator.clock.now() + timedelta(seconds=90)
    assert parsedate_to_datetime(values[1]) == due.replace(microsecond=0)
    assert values[2] is None


async def test_count(simulator: Simulator, client: Client) -> None:
    """A fault with a count ends by itself."""
    fault = simulator.faults.on("http_500", count=2)
    assert [(await client.active())[0] for _ in range(3)] == [500, 500, 200]
    assert fault.hits == 2


async def test_simulated_seconds(simulator: Simulator, client: Client) -> None:
    """A fault with seconds ends in simulated time."""
    simulator.faults.on("http_500", seconds=60)
    simulator.clock.advance(59)
    assert (await client.active())[0] == 500
    simulator.clock.advance(1)
    assert (await client.active())[0] == 200


async def test_real_seconds(simulator: Simulator, client: Client) -> None:
    """A fault with real seconds ends although the simulated time stands still."""
    simulator.faults.on("http_500", real_seconds=0.2)
    assert (await client.active())[0] == 500
    await asyncio.sleep(0.25)
    assert (await client.active())[0] == 200


@pytest.mark.parametrize(
    ("scope", "hit"),
    [
        (None, "start stop retrieve active locations"),
        ("*", "start stop retrieve active locations token"),
        ("token", "token"),
        ("active", "active"),
        ("POST", "start stop"),
        ("POST stop", "stop"),
        ("GET stop", ""),
        ("/ev/v2/charge-session", "start stop retrieve active"),
        ("shell_recharge", "start stop retrieve active locations"),
        ("smappee", ""),
    ],
)
def test_scopes(scope: str | None, hit: str) -> None:
    """A scope hits the calls that all of its words fit, and spares the token."""
    faults = Faults(Clock())
    faults.on("http_500", scope=scope)
    base = "/ev/v2/charge-session"
    calls = [
        Call("shell_recharge", "start", "POST", f"{base}/start"),
        Call("shell_recharge", "stop", "POST", f"{base}/stop"),
        Call("shell_recharge", "retrieve", "GET", f"{base}/retrieve"),
        Call("shell_recharge", "active", "GET", f"{base}/active"),
        Call("shell_recharge", "locations", "GET", "/ev/v2/locations"),
        Call("shell_recharge", "token", "POST", "/v2/oauth/token"),
    ]
    assert " ".join(call.name for call in calls if faults.take(call)) == hit


def test_unknown_fault() -> None:
    """A misspelt fault does not pass unnoticed."""
    for kind in ("htpp_500", "http_200", ""):
        with pytest.raises(ValueError, match="no fault"):
            Faults(Clock()).on(kind)


def test_backend_faults_are_left_to_the_backend() -> None:
    """The server by itself performs no fault of meaning."""
    faults = Faults(Clock())
    for kind in BACKEND_FAULTS:
        faults.on(kind)
    assert faults.take(Call("shell_recharge", "active", "GET", ACTIVE)) is None


async def test_html(simulator: Simulator, client: Client) -> None:
    """A page of HTML comes with 200, and the request has no effect."""
    simulator.faults.on("html")
    response = await client.send("POST", START, json=ORDER)
    assert (response.status, response.content_type) == (200, "text/html")
    assert simulator.world.sessions == {}


async def test_broken_json(simulator: Simulator, client: Client) -> None:
    """The answer is JSON by its header only."""
    simulator.faults.on("broken_json")
    response = await client.send("GET", ACTIVE, params={"emaId": CARD})
    assert (response.status, response.content_type) == (200, "application/json")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        await response.json()


async def test_empty_body(simulator: Simulator, client: Client) -> None:
    """The answer has its status and no body, and the request took effect."""
    simulator.faults.on("empty_body")
    response = await client.send("POST", START, json=ORDER)
    assert (response.status, response.headers["Content-Length"]) == (202, "0")
    assert len(simulator.world.sessions) == 1


async def test_reset(simulator: Simulator, client: Client) -> None:
    """The connection is reset before anything has an effect."""
    simulator.faults.on("reset", count=1)
    with pytest.raises(ClientConnectionError):
        await client.start()
    assert simulator.world.sessions == {}
    assert simulator.log.entries[-1].status is None
    assert (await client.active())[0] == 200


async def test_drop_answer(simulator: Simulator, client: Client) -> None:
    """A start takes effect although its answer is lost, and stop likewise."""
    simulator.world.plug(EVSE)
    simulator.faults.on("drop_answer", scope="POST")
    with pytest.raises(ClientConnectionError):
        await client.start()
    simulator.clock.advance(5)
    (session,) = simulator.world.sessions.values()
    phases = [session.phase]
    with pytest.raises(ClientConnectionError):
        await client.stop(session.session_id)
    simulator.clock.advance(5)
    assert [*phases, session.phase] == [Phase.STARTED, Phase.STOPPED]
    assert (simulator.log.count("start"), simulator.log.count("stop")) == (1, 1)


async def test_stall_until_the_client_gives_up(simulator: Simulator, client: Client) -> None:
    """A stalled request never answers and has no effect."""
    simulator.faults.on("stall")
    with pytest.raises(TimeoutError):
        await client.send("POST", START, json=ORDER, timeout=ClientTimeout(total=0.1))
    await asyncio.sleep(0.05)
    assert simulator.world.sessions == {}


async def test_stall_for_simulated_seconds(simulator: Simulator, client: Client) -> None:
    """A stalled request is answered when its delay has passed."""
    simulator.faults.on("stall", delay=30, count=1)
    task = asyncio.create_task(client.active())
    await asyncio.sleep(0.05)
    simulator.clock.advance(29)
    await asyncio.sleep(0.05)
    assert not task.done()
    simulator.clock.advance(1)
    assert (await task)[0] == 200


@pytest.mark.parametrize("limit", [{}, {"count": 1}, {"seconds": 60}])
async def test_stall_ends_with_the_fault(
    simulator: Simulator, client: Client, limit: dict[str, Any]
) -> None:
    """Who stalls goes on as soon as the fault is off."""
    simulator.faults.on("stall", **limit)
    task = asyncio.create_task(client.active())
    await asyncio.sleep(0.05)
    assert not task.done()
    if "seconds" in limit:
        simulator.clock.advance(60)
    else:
        simulator.faults.off()
    assert (await task)[0] == 200


async def test_stall_answer(simulator: Simulator, client: Client) -> None:
    """A start takes effect although its answer never comes."""
    simulator.faults.on("stall_answer")
    with pytest.raises(TimeoutError):
        await client.send("POST", START, json=ORDER, timeout=ClientTimeout(total=0.1))
    assert len(simulator.world.sessions) == 1


async def test_token_expired(simulator: Simulator, client: Client) -> None:
    """No token is good for anything, not even a fresh one."""
    simulator.faults.on("token_expired")
    assert (await client.active())[0] == 401
    _, body = await client.authorize()
    assert body["expires_in"] == "0"
    assert (await client.active())[0] == 401
    simulator.faults.off()
    await client.authorize()
    assert (await client.active())[0] == 200


async def test_token_revoked(simulator: Simulator, client: Client) -> None:
    """The tokens so far are refused, a fresh one is good."""
    simulator.faults.on("token_revoked")
    assert simulator.faults.active() == []
    assert (await client.active())[0] == 401
    await client.authorize()
    assert (await client.active())[0] == 200


async def test_token_endpoint_down(simulator: Simulator, client: Client) -> None:
    """The token endpoint can fail alone, in its own words."""
    simulator.faults.on("http_503", scope="token")
    status, body = await client.authorize()
    assert status == 503
    assert "error" in body
    assert (await client.active())[0] == 200


async def test_unknown_enum(simulator: Simulator, client: Client) -> None:
    """Sessions have a status that is in no vocabulary, in both dialects."""
    simulator.world.populate(2, CARD)
    simulator.faults.on("unknown_enum")
    _, body = await client.active()
    states = [each["SessionState"]["status"] for each in body["data"]]
    assert states == ["hibernating", "hibernating"]
    simulator.shell.settings.dialect = "1.0.0"
    _, body = await client.active()
    assert [each["SessionState"] for each in body["Data"]] == ["hibernating", "hibernating"]


async def test_rotten_session(simulator: Simulator, client: Client) -> None:
    """One session of three has a field of a wrong type; an empty answer does not count."""
    simulator.faults.on("rotten_session", scope="active", count=1)
    await client.active()
    simulator.world.populate(3, CARD)
    _, body = await client.active()
    kinds = [type(each["startedAt"]) for each in body["data"]]
    assert kinds == [dict, str, str]
    _, body = await client.active()
    assert isinstance(body["data"][0]["startedAt"], str)


async def test_failed_status(simulator: Simulator, client: Client) -> None:
    """A 2xx answer says FAILED, and the request has no effect."""
    simulator.faults.on("failed_status")
    status, body = await client.start()
    assert (status, body["status"]) == (200, "FAILED")
    assert "data" not in body
    assert simulator.world.sessions == {}


async def test_stale_active(simulator: Simulator, client: Client) -> None:
    """The list stays as it was for the time given, while retrieve tells the truth."""
    first = simulator.world.start_at_pole(EVSE, CARD)
    _, before = await client.active()
    simulator.faults.on("stale_active", seconds=60)
    second = simulator.world.start_at_pole("NL*TNM*E02003451*1", CARD)
    simulator.world.unplug(EVSE)
    _, stale = await client.active()
    assert stale["data"] == before["data"]
    _, body = await client.retrieve(first.session_id)
    assert body["data"][0]["sessionState"]["status"] == "Stopped"
    simulator.clock.advance(60)
    _, body = await client.active()
    assert [each["id"] for each in body["data"]] == [second.session_id]


async def test_time_frozen_by_freezegun(socket_enabled: None, client: Client) -> None:
    """A simulator starts, serves, stalls and stops while the process's time stands still."""
    began = real_now()
    with freeze_time(datetime(2026, 11, 21, 12, tzinfo=UTC)):
        async with Simulator() as simulator:
            url = f"{simulator.url}/ev/v2/locations"
            async with client.session.get(url) as response:
                assert response.status == 400
            simulator.faults.on("stall")
            task = asyncio.create_task(client.session.get(url))
            await asyncio.to_thread(sleep, 0.1)
            assert simulator.log.count() == 2
            simulator.clock.advance(3600)
            assert not task.done()
        with suppress(ClientError):
            (await task).close()
    assert real_now() - began < 5


async def test_server_goes_away_and_comes_back(simulator: Simulator, client: Client) -> None:
    """After stop the port refuses connections; after start the world is as it was."""
    session = simulator.world.start_at_pole(EVSE, CARD)
    await simulator.stop()
    with pytest.raises(ClientConnectionError):
        await client.active()
    await simulator.start()
    _, body = await client.active()
    assert [each["id"] for each in body["data"]] == [session.session_id]
