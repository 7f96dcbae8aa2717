"""Tests of the control API over HTTP, of the log and of the program itself."""

import asyncio
from datetime import timedelta
from signal import SIGTERM
import sys
from typing import Any

from aiohttp import ClientSession
import pytest

from . import Simulator
from .autopilot import Autopilot
from .client import CARD, EVSE, Client
from .clock import Clock
from .defaults import CARDS, default_world
from .world import Phase


async def control(client: Client, method: str, path: str, body: object = None) -> Any:
    """Send a control request that must succeed."""
    async with client.session.request(method, f"/_control/{path}", json=body) as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def test_a_session_by_remote_control(simulator: Simulator, client: Client) -> None:
    """A car, time and the end of a session can be had over HTTP alone."""
    await control(client, "POST", "plug", {"evse_id": EVSE})
    await client.start()
    await control(client, "POST", "clock", {"advance": 5})
    (session,) = (await control(client, "GET", "state"))["sessions"]
    assert session["phase"] == "started"
    await control(client, "POST", f"sessions/{session['session_id']}/stop")
    await control(client, "POST", "clock", {"advance": 5})
    state = await control(client, "GET", "state")
    assert state["sessions"][0]["phase"] == "stopped"
    assert state["requests"] == {"token": 1, "start": 1}
    await control(client, "POST", "unplug", {"evse_id": EVSE})
    assert simulator.world.charge_point(EVSE).car is None


async def test_start_at_the_pole(simulator: Simulator, client: Client) -> None:
    """A driver can be sent to a charge point."""
    session = await control(client, "POST", "sessions", {"evse_id": EVSE, "card": CARD})
    assert (session["phase"], session["card"]) == ("started", CARD)
    assert simulator.world.running_at(EVSE)


async def test_time(simulator: Simulator, client: Client) -> None:
    """Time can be moved, let run and frozen again."""
    before = simulator.clock.now()
    answer = await control(client, "POST", "clock", {"advance": 90})
    assert answer == {"now": (before + timedelta(seconds=90)).isoformat(), "frozen": True}
    answer = await control(client, "POST", "clock", {"frozen": False})
    assert answer["frozen"] is False
    answer = await control(client, "POST", "clock", {"frozen": True})
    assert answer["frozen"] is True


async def test_faults_by_remote_control(simulator: Simulator, client: Client) -> None:
    """Faults are switched on with all their limits, shown, and switched off."""
    body = {"kind": "http_503", "scope": "active", "count": 5, "retry_after": 7}
    assert (await control(client, "POST", "faults", body))["hits"] == 0
    response = await client.send("GET", "/ev/v2/charge-session/active", params={"emaId": CARD})
    assert (response.status, response.headers["Retry-After"]) == (503, "7")
    (fault,) = (await control(client, "GET", "faults"))["faults"]
    assert (fault["kind"], fault["hits"]) == ("http_503", 1)
    await control(client, "POST", "faults", {"kind": "stall"})
    await control(client, "DELETE", "faults/http_503")
    assert [each.kind for each in simulator.faults.active()] == ["stall"]
    await control(client, "DELETE", "faults")
    assert (await client.active())[0] == 200


async def test_trouble_with_charge_points(simulator: Simulator, client: Client) -> None:
    """A charge point can be broken, and the next start or stop can fail."""
    await control(client, "POST", "service", {"evse_id": EVSE, "out_of_service": True})
    await control(client, "POST", "fail_next", {"start": "EvseNotSupported"})
    assert simulator.world.charge_point(EVSE).out_of_service
    session = simulator.world.start(EVSE, CARD)
    simulator.clock.advance(5)
    assert session.error == "EvseNotSupported"
    await control(client, "POST", "service", {"evse_id": EVSE, "out_of_service": False})
    running = simulator.world.start_at_pole(EVSE, CARD)
    await control(client, "POST", "fail_next", {"stop": "InternalError"})
    simulator.world.stop(running.session_id)
    simulator.clock.advance(5)
    assert running.phase is Phase.FAILED_TO_STOP


async def test_tokens_by_remote_control(client: Client) -> None:
    """Tokens can be expired and revoked."""
    for end in ("expire", "revoke"):
        await control(client, "POST", f"tokens/{end}")
        assert (await client.active())[0] == 401
        await client.authorize()


async def test_settings_by_remote_control(simulator: Simulator, client: Client) -> None:
    """A backend's behaviour can be read and changed."""
    answer = await control(client, "GET", "settings")
    assert answer["shell_recharge"]["spelling"] == "pascal"
    await control(client, "PATCH", "settings/shell_recharge", {"spelling": "kebab"})
    assert simulator.shell.settings.spelling == "kebab"


async def test_a_crowd_by_remote_control(client: Client) -> None:
    """A thousand sessions are one request away."""
    await control(client, "POST", "populate", {"sessions": 1000, "card": CARD})
    assert len((await client.active())[1]["data"]) == 1000


async def test_log(simulator: Simulator, client: Client) -> None:
    """Every request is written down with what was done to it, except control itself."""
    simulator.faults.on("http_500", count=1)
    await client.active()
    await client.active()
    answer = await control(client, "GET", "log?name=active")
    assert answer["counts"] == {"token": 1, "active": 2}
    first, second = answer["entries"]
    assert (first["status"], first["fault"]) == (500, "http_500")
    assert (second["status"], second["fault"]) == (200, None)
    assert first["call"]["method"] == "GET"
    assert first["query"] == f"emaId={CARD}"
    assert first["request_id"] != second["request_id"]
    await control(client, "DELETE", "log")
    assert simulator.log.count() == 0
    await client.active()
    assert simulator.log.count("active", backend="shell_recharge") == 1
    assert simulator.log.count(backend="smappee") == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "plug", {"evse_id": "nowhere"}, 404),
        ("POST", "plug", {}, 400),
        ("POST", "faults", {"kind": "gremlin"}, 400),
        ("POST", "faults", {"kind": "stall", "colour": "red"}, 400),
        ("POST", "clock", {"advance": -1}, 400),
        ("POST", "tokens/steal", None, 400),
        ("PATCH", "settings/shell_recharge", {"colour": "red"}, 400),
        ("PATCH", "settings/nobody", {"colour": "red"}, 400),
    ],
)
async def test_nonsense(client: Client, method: str, path: str, body: object, status: int) -> None:
    """A wrong control request says what is wrong with it."""
    async with client.session.request(method, f"/_control/{path}", json=body) as response:
        assert response.status == status
        assert (await response.json())["error"]


async def test_foreign_paths(simulator: Simulator, client: Client) -> None:
    """A path of no backend is a plain 404, and is counted."""
    async with client.session.get("/favicon.ico") as response:
        assert response.status == 404
    assert simulator.log.counts()["unknown"] == 1


def _an_hour(seed: int) -> list[tuple[str, str, Phase]]:
    world = default_world(Clock())
    Autopilot(world, seed=seed).start()
    world.unplug(EVSE)
    world.clock.advance(3600)
    return [(each.evse_id, each.card, each.phase) for each in world.sessions.values()]


def test_autopilot() -> None:
    """In an hour dozens of sessions come and go, always the same, and not at the first EVSE."""
    sessions = _an_hour(1)
    assert len(sessions) > 20
    assert {card for _, card, _ in sessions} == set(CARDS)
    assert len([phase for *_, phase in sessions if phase is Phase.STOPPED]) > 20
    assert EVSE not in {evse_id for evse_id, *_ in sessions}
    assert sessions == _an_hour(1)
    assert sessions != _an_hour(2)


async def test_autopilot_by_remote_control(simulator: Simulator, client: Client) -> None:
    """The autopilot can be switched on and off; who came still leaves."""
    assert await control(client, "POST", "autopilot", {"on": True}) == {"on": True}
    simulator.clock.advance(600)
    assert await control(client, "POST", "autopilot", {"on": False}) == {"on": False}
    simulator.clock.advance(600)
    count = len(simulator.world.sessions)
    assert count > 2
    simulator.clock.advance(3600)
    assert len(simulator.world.sessions) == count
    assert simulator.world.sessions_of(CARDS[0]) + simulator.world.sessions_of(CARDS[1]) == []


async def test_program(socket_enabled: None) -> None:
    """The program prints its URL, serves in running time and ends cleanly on SIGTERM."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.simulator", "--port", "0", "--autopilot"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    url = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()
    async with ClientSession() as session, session.get(f"{url}/_control/state") as response:
        state = await response.json()
    assert (state["frozen"], state["autopilot"]) == (False, True)
    process.send_signal(SIGTERM)
    _, errors = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, errors) == (0, b"")
