"""Tests of starting and stopping at CleverEV, and of what is refused."""

import json

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.backends.backend import Backend, Capabilities
from custom_components.ev_charging_sessions.charging.backends.cleverev import CleverEV
from custom_components.ev_charging_sessions.charging.errors import (
    BackendUnavailableError,
    InvalidInputError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from custom_components.ev_charging_sessions.charging.model import (
    ChargingMode,
    ModeSetting,
    Session,
    SessionStatus,
)
from tests.conftest import START
from tests.simulator import Simulator

from .cleverev_answers import (
    ACCOUNT,
    ORGANIZATION,
    RUNNING,
    TOKEN,
    ScriptedNamespace,
    cleverev_at,
)
from .cleverev_owner import HOTEL, POINT, SECRETS, NamespaceOwner
from .scripted_server import ScriptedServer
from .secrets import assert_silent, said_by


@pytest.fixture
async def owner(
    simulator: Simulator, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> NamespaceOwner:
    """Return an account whose clock moves together with that of the simulator."""
    freezer.move_to(START)
    return NamespaceOwner(simulator, http, freezer)


def session(session_id: str = "sess_1") -> Session:
    """Return a session to be stopped."""
    return Session(account=ACCOUNT, session_id=session_id)


async def test_start_and_stop(owner: NamespaceOwner) -> None:
    """Test a session from the request for it to its end, as commands see it."""
    owner.namespace.plug(HOTEL, 1)
    await owner.poll()
    await owner.backend.start(POINT, None)
    assert await owner.states() == []
    owner.tick(3)
    ((session_id, status),) = await owner.states()
    assert status is SessionStatus.CHARGING
    await owner.backend.stop(owner.sessions[session_id])
    assert await owner.states() == []
    owner.tick(3)
    assert await owner.states() == [(session_id, SessionStatus.FINISHED)]
    assert owner.sessions[session_id].stop_reason == "Remote"
    with pytest.raises(RequestRejectedError):
        await owner.backend.stop(owner.sessions[session_id])


async def test_a_start_that_comes_to_nothing(owner: NamespaceOwner) -> None:
    """Test that nothing is left of a session that never begins."""
    await owner.backend.start(POINT, None)
    for _ in range(4):
        assert await owner.states() == []
        owner.tick(900)


@pytest.mark.parametrize("status", [200, 400, 409, 422])
async def test_refused(owner: NamespaceOwner, status: int) -> None:
    """Test that a refusal is one whatever its status is, and quotes nobody."""
    owner.simulator.cleverev.settings.refusal_status = status  # type: ignore[assignment] # It is one of the four.
    owner.namespace.set_online(HOTEL, online=False)
    with pytest.raises(RequestRejectedError) as caught:
        await owner.backend.start(POINT, None)
    assert caught.value.status == status
    assert caught.value.code == ("unsuccessful" if status == 200 else f"HTTP {status}")
    assert_silent(said_by(caught.value), SECRETS | {"offline"})


async def test_request_of_a_start(server: ScriptedServer, http: aiohttp.ClientSession) -> None:
    """Test what is sent, and that the card stays out of it."""
    server.answer = ScriptedNamespace(answers={"start": {"chargingSession": {"id": "sess_7"}}})
    await cleverev_at(server.url, http).start("chg-1-x-2", "card")
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/sessions/start")
    assert json.loads(request.body) == {
        "chargerId": "chg-1-x",
        "connectorId": 2,
        "source": "console",
    }


@pytest.mark.parametrize("body", ["{}", "", "null", '{"success": true, "id": []}'])
async def test_little_said(server: ScriptedServer, http: aiohttp.ClientSession, body: str) -> None:
    """Test that a command has been accepted whatever its answer tells besides."""
    server.answer = ScriptedNamespace(answers={"start": body, "stop": body})
    backend = cleverev_at(server.url, http)
    await backend.start("chg_1-1", None)
    await backend.stop(session())


async def test_odd_answer(server: ScriptedServer, http: aiohttp.ClientSession) -> None:
    """Test that an answer of another kind leaves open what became of the command."""
    server.answer = ScriptedNamespace(answers={"start": "[]"})
    with pytest.raises(UnexpectedAnswerError) as caught:
        await cleverev_at(server.url, http).start("chg_1-1", None)
    assert caught.value.was_sent


@pytest.mark.parametrize("body", ["<html>", "{"])
async def test_answers_from_somewhere_else(
    server: ScriptedServer, http: aiohttp.ClientSession, body: str
) -> None:
    """Test that a web page does not pass for a command that worked."""
    server.answer = ScriptedNamespace(answers={"start": body, "stop": body})
    backend = cleverev_at(server.url, http)
    with pytest.raises(BackendUnavailableError):
        await backend.stop(session())
    with pytest.raises(BackendUnavailableError):
        await backend.start("chg_1-1", None)


@pytest.mark.parametrize("place", ["", "chg_1", "../x-1", "chg_1-", "chg_1-x", "-1", "a/b-1"])
async def test_places_that_are_none(http: aiohttp.ClientSession, place: str) -> None:
    """Test that nothing is sent for a connector that cannot be."""
    with pytest.raises(InvalidInputError) as caught:
        await cleverev_at("http://127.0.0.1:9", http).start(place, None)
    assert (caught.value.field, caught.value.key) == ("device", "unknown_connector")


@pytest.mark.parametrize("session_id", ["..", "a/b", "", "x" * 65, "a?b", "ä"])
async def test_ids_that_lead_elsewhere(
    server: ScriptedServer, http: aiohttp.ClientSession, session_id: str
) -> None:
    """Test that an id of another form never gets into an address."""
    strange = RUNNING | {"id": session_id or "a b"}
    server.answer = ScriptedNamespace(sessions=[strange])
    backend = cleverev_at(server.url, http)
    with pytest.raises(UnexpectedAnswerError) as caught:
        await backend.stop(session(session_id))
    assert (caught.value.path, caught.value.was_sent) == ("chargingSessions[].id", False)
    assert not server.requests
    answer = await backend.poll({session_id: session(session_id)})
    assert len(answer.sessions) == 1
    assert not server.asked("stop")


async def test_headers(server: ScriptedServer, http: aiohttp.ClientSession) -> None:
    """Test what each generation is told about who asks."""
    server.answer = ScriptedNamespace()
    await cleverev_at(server.url, http).poll({})
    for request in server.requests:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert request.headers["organization-id"] == ORGANIZATION
        assert ("compatibility-date" in request.headers) is (request.path == "/chargers")
    (chargers,) = server.asked("/chargers")
    assert chargers.headers["compatibility-date"] == "2025-11-02"
    server.requests.clear()
    await cleverev_at(server.url, http, organization_id=None, api_generation="legacy").poll({})
    assert not [each for each in server.requests if "organization-id" in each.headers]
    assert not server.asked("/chargers")


async def test_the_legacy_generation_only_lists(http: aiohttp.ClientSession) -> None:
    """Test that nothing is sent for what it cannot do."""
    backend = cleverev_at("http://127.0.0.1:9", http, api_generation="legacy")
    assert backend.capabilities == Capabilities(
        energy=True, prices=True, past=True, lists_past=True
    )
    with pytest.raises(InvalidInputError) as start:
        await backend.start("chg_1-1", None)
    with pytest.raises(InvalidInputError) as stop:
        await backend.stop(session())
    assert (start.value.key, stop.value.key) == ("cannot_start", "cannot_stop")


async def test_what_the_newer_generation_can_do(http: aiohttp.ClientSession) -> None:
    """Test the capabilities, and that no mode can be set."""
    backend: Backend = cleverev_at("http://127.0.0.1:9", http)
    assert isinstance(backend, CleverEV)
    assert backend.capabilities == Capabilities(
        start=True, stop=True, energy=True, prices=True, past=True, lists_past=True
    )
    assert backend.cards == ()
    with pytest.raises(InvalidInputError) as caught:
        await backend.set_mode("chg_1-1", ModeSetting(mode=ChargingMode.PAUSED))
    assert caught.value.key == "mode_not_offered"
