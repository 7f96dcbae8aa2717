"""Tests of CleverEV's polls against answers that a simulator would not give."""

from typing import Any

import aiohttp
from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.errors import (
    BackendUnavailableError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from custom_components.ev_charging_sessions.charging.model import (
    EnergyUnit,
    SessionStatus,
)
from tests.conftest import START

from .cleverev_answers import (
    ENDED,
    LIST,
    RUNNING,
    past,
)
from .cleverev_script import Script
from .scripted_server import Request, ScriptedServer

STOPPED = RUNNING | {
    "status": "Stopped",
    "stoppedAtTimestamp": "2026-11-21T09:00:00Z",
    "updatedAt": "2026-11-21T09:00:00Z",
}


@pytest.fixture
def script(
    server: ScriptedServer, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> Script:
    """Return a backend at a scripted namespace."""
    freezer.move_to(START)
    return Script(server, http)


@pytest.mark.parametrize(
    "body",
    [
        {"chargingSessions": [ENDED]},
        {"chargingSessions": [ENDED], "count": 1, "more": {}},
        {"success": None, "chargingSessions": [ENDED], "count": "one"},
        {"success": True, "chargingSessions": [ENDED, ENDED], "count": -1},
    ],
)
async def test_lists_that_say_less(script: Script, body: object) -> None:
    """Test that neither success nor a count has to be told, and that a row may be twice."""
    script.restart(api_generation="legacy")
    script.namespace.answers["namespace"] = body
    assert await script.poll() == [("sess_0", SessionStatus.FINISHED)]
    assert await script.poll() == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("5", UnexpectedAnswerError),
        ("[]", UnexpectedAnswerError),
        ("{}", UnexpectedAnswerError),
        ('{"success": true}', UnexpectedAnswerError),
        ('{"success": true, "chargingSessions": {}}', UnexpectedAnswerError),
        ('{"success": false}', RequestRejectedError),
        ('{"success": false, "message": "secret"}', RequestRejectedError),
        ("<html>", BackendUnavailableError),
        ("", BackendUnavailableError),
        ("{", BackendUnavailableError),
        (400, RequestRejectedError),
        (500, BackendUnavailableError),
    ],
)
async def test_lists_that_are_none(script: Script, body: object, kind: type[Exception]) -> None:
    """Test that an answer that lists nothing is not taken for an empty list."""
    script.namespace.answers["namespace"] = body
    for attempt in (script.backend.poll({}), script.backend.verify()):
        with pytest.raises(kind) as caught:
            await attempt
        assert "secret" not in repr(caught.value)


async def test_no_sessions(script: Script) -> None:
    """Test that nothing may also be null."""
    script.namespace.answers["namespace"] = {"chargingSessions": None}
    assert await script.poll() == []


async def test_the_end_wins(script: Script) -> None:
    """Test a session that ends between the two lists, so that both hold it."""
    script.namespace.sessions = [RUNNING]
    assert await script.poll() == [("sess_1", SessionStatus.CHARGING)]
    lists = script.namespace

    def answer(request: Request) -> Any:
        lists.sessions = [STOPPED if "Stopped" in request.query else RUNNING]
        return lists(request)

    script.server.answer = answer
    assert await script.poll() == [("sess_1", SessionStatus.FINISHED)]
    assert await script.poll() == []


async def test_a_session_that_changes_lists(script: Script) -> None:
    """Test that a session which was reviewed and is then listed is told once."""
    script.namespace.sessions = [RUNNING, ENDED]
    assert len(await script.poll()) == 2
    assert await script.poll() == []


async def test_the_same_in_other_words(script: Script) -> None:
    """Test that a session whose bytes changed, and nothing else, is not told again."""
    script.namespace.sessions = [RUNNING, ENDED]
    await script.poll()
    script.namespace.sessions = [RUNNING | {"duration": 5}, ENDED | {"note ": "x"}]
    assert await script.poll() == []
    script.namespace.sessions = [RUNNING, ENDED | {"price": "3.01"}]
    assert await script.poll() == [("sess_0", SessionStatus.FINISHED)]


async def test_the_first_energy_shows_the_unit_of_the_registers(script: Script) -> None:
    """Test that registers are told once it has shown itself what they count."""
    still = RUNNING | {"energy": 0, "lastMeteredAtEnergy": 1000000}
    script.namespace.sessions = [still]
    script.restart(energy_unit="kWh")
    assert await script.registers() == [()]
    script.namespace.sessions = [RUNNING | {"energy": 3.5}]
    assert await script.registers() == [(1000.0, 1003.5)]
    script.namespace.sessions = [still | {"id": "sess_2"}]
    assert await script.registers() == [(1000.0, 1000.0)]


async def test_where_requests_go(script: Script) -> None:
    """Test that the list is where the seed has it, with the parameters that it names."""
    await script.poll()
    assert {request.path for request in script.server.requests} == {LIST, "/chargers"}
    assert {request.method for request in script.server.requests} == {"GET"}
    assert not any(request.body for request in script.server.requests)


async def test_a_review_of_pages_that_happen_to_be_short(script: Script) -> None:
    """Test that a review goes on behind a page that could have held more."""
    script.restart(api_generation="legacy")
    script.namespace.sessions = [past(number) for number in range(250, 0, -1)]
    script.namespace.count = None
    caps = iter([100, 100, 40, 100, 7])

    def answer(request: Request) -> Any:
        script.namespace.cap = next(caps, 100)
        return script.namespace(request)

    script.server.answer = answer
    assert len(await script.poll()) == 250


async def test_evidence_that_is_gone(script: Script, freezer: FrozenDateTimeFactory) -> None:
    """Test that sessions which nobody knows any more say nothing about units."""
    times = {"startedAtEnergy": None, "price": None, "tariff": None, "energy": 20}
    script.namespace.sessions = [ENDED | times | {"id": str(number)} for number in range(3)]
    await script.poll()
    assert script.answer.other_unit is EnergyUnit.KWH
    script.namespace.sessions = []
    freezer.tick(86400)
    await script.poll()
    await script.poll()
    assert not script.answer.other_unit


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"success": False, "code": "CHARGER_OFFLINE", "message": "secret"}, "CHARGER_OFFLINE"),
        ({"success": False, "error": "Forbidden"}, "Forbidden"),
        ({"success": False, "code": "secret@example.org"}, "HTTP 400"),
        ({"success": False, "code": 5, "error": {"secret": 1}}, "HTTP 400"),
        ([], "HTTP 400"),
    ],
)
async def test_codes(script: Script, body: object, code: str) -> None:
    """Test that only a word passes for the vendor's code, and no message does."""
    script.server.answer = lambda _request: web.json_response(body, status=400)
    with pytest.raises(RequestRejectedError) as caught:
        await script.backend.verify()
    assert (caught.value.code, caught.value.status) == (code, 400)
