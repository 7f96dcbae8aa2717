"""Tests of what the two lists of a park say together, against scripted answers."""

from typing import Any

import aiohttp
import pytest

from custom_components.ev_charging_sessions.charging.backends.backend import Answer
from custom_components.ev_charging_sessions.charging.backends.smappee import Smappee
from custom_components.ev_charging_sessions.charging.errors import (
    BackendUnavailableError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from custom_components.ev_charging_sessions.charging.model import (
    ChargePointStatus,
    ChargingMode,
    Session,
)
from tests.conftest import START

from .park_owner import ACCOUNT, NORTH, SOUTH, smappee_at
from .scripted_server import Request, ScriptedServer
from .smappee_answers import ENDED, RUNNING, STATION, ScriptedPark, without

POINT = "6020999999-1"
STOPPED = RUNNING | {"status": "STOPPED", "to": 1710000009000, "stopReading": 105.0}


class Script:
    """A backend, and the park that it reads."""

    def __init__(self, server: ScriptedServer, http: aiohttp.ClientSession) -> None:
        """Start with a park without sessions."""
        self.server = server
        self.park = ScriptedPark()
        server.answer = self.park
        self.backend: Smappee = smappee_at(server.url, http)

    async def poll(self, **answers: Any) -> list[tuple[float | None, bool]]:
        """Poll after some answers have changed; return energy and openness of what is told."""
        self.park.answers |= answers
        answer: Answer = await self.backend.poll({})
        return [(session.energy, session.is_open) for session in answer.sessions]


@pytest.fixture
def script(server: ScriptedServer, http: aiohttp.ClientSession) -> Script:
    """Return a backend at a scripted park."""
    return Script(server, http)


def at(energy: float, **changes: Any) -> dict[str, Any]:
    """Return a running session that has charged so much."""
    return RUNNING | {"energy": energy} | changes


async def test_a_session_in_both_lists_is_told_once(script: Script) -> None:
    """Test that the list of active sessions is believed as long as a session runs."""
    assert await script.poll(past=[at(1)], active=[at(2)]) == [(2, True)]
    assert await script.poll(past=[at(1)], active=[at(2)]) == []


async def test_an_older_copy_overrides_nothing(script: Script) -> None:
    """Test that a list that lags behind cannot turn a session back."""
    await script.poll(past=[at(1)], active=[at(5)])
    assert await script.poll(past=[at(4)]) == []
    assert await script.poll(past=[at(6)], active=[at(7)]) == [(7, True)]
    assert await script.poll(active=[]) == []
    assert await script.poll(past=[at(8)]) == [(8, True)]


@pytest.mark.parametrize("ended_in", ["past", "active"])
async def test_the_end_wins(script: Script, ended_in: str) -> None:
    """Test that a session which either list shows ended has ended, in any order."""
    running_in = "active" if ended_in == "past" else "past"
    end = [(4.04, False)]
    assert await script.poll(**{ended_in: [STOPPED], running_in: [at(5)]}) == end
    assert await script.poll(**{running_in: [at(6)]}) == []
    assert await script.poll(**{running_in: []}) == []


async def test_the_end_of_a_running_session(script: Script) -> None:
    """Test an end that one list shows while the other still shows the session running."""
    assert await script.poll(active=[at(3)]) == [(3, True)]
    assert await script.poll(past=[STOPPED]) == [(4.04, False)]
    assert await script.poll(active=[at(3.5)]) == []


async def test_the_same_in_other_words(script: Script) -> None:
    """Test that a session whose bytes changed, and nothing else, is not told again."""
    assert len(await script.poll(past=[ENDED])) == 1
    assert await script.poll(past=[ENDED | {"priority": 5}]) == []
    assert await script.poll(past=[ENDED | {"userId": None}, at(1)]) == [(1, True)]


async def test_a_session_that_changes_lists(script: Script) -> None:
    """Test that a session which only appears in another list is no news."""
    assert await script.poll(active=[at(1)]) == [(1, True)]
    assert await script.poll(active=[], past=[at(1)]) == []
    assert await script.poll(active=204, past=[]) == []
    assert await script.poll(active=[at(1)]) == []


async def test_only_the_mode_changes(script: Script) -> None:
    """Test that a mode is told of its connector alone."""
    await script.poll(active=[RUNNING])
    assert await script.poll(active=[RUNNING | {"smartMode": "SMART"}]) == []
    point = await script.backend.charge_point(POINT)
    assert point
    assert point.mode is ChargingMode.SMART


async def test_a_session_that_is_gone_leaves_its_connector_free(script: Script) -> None:
    """Test that a connector is free when no list holds a session there any more."""
    await script.poll(active=[RUNNING])
    await script.poll(active=[])
    point = await script.backend.charge_point(POINT)
    assert point
    assert (point.status, point.mode) == (ChargePointStatus.AVAILABLE, None)


async def test_two_sessions_at_one_connector(script: Script) -> None:
    """Test that the newest of several open sessions tells the mode."""
    older = RUNNING | {"id": 1, "from": 1709000000000, "smartMode": "SMART"}
    bare = without(RUNNING, "from") | {"id": 2, "smartMode": "SMART"}
    for active in ([older, RUNNING, bare], [bare, RUNNING, older]):
        await script.poll(active=active)
        point = await script.backend.charge_point(POINT)
        assert point
        assert point.mode is ChargingMode.NORMAL


async def test_a_session_at_any_connector(script: Script) -> None:
    """Test that a session whose connector nobody knows leaves none of a station free."""
    chargers = [{"position": 1, "uuid": "u1"}, {"position": 2, "uuid": "u2"}]
    configuration = {"chargingStations": [STATION | {"chargers": chargers}]}
    bare = without(RUNNING, "connector")
    script.park.answers["meteringconfiguration"] = configuration
    assert (await script.backend.poll({})).sessions == ()
    script.park.answers["active"] = [bare]
    answer = await script.backend.poll({})
    assert answer.sessions[0].charge_point_id == "6020999999"
    assert [each.status for each in answer.charge_points] == [None, None]
    script.park.answers["active"] = [bare | {"connectorUuid": "u2"}]
    answer = await script.backend.poll({})
    assert answer.sessions[0].charge_point_id == "6020999999-2"
    free, taken = answer.charge_points
    assert (free.status, free.mode) == (ChargePointStatus.AVAILABLE, None)
    assert (taken.status, taken.mode) == (None, ChargingMode.NORMAL)


@pytest.mark.parametrize(
    "changes", [{}, {"smartDeviceUuid": "uuid-7"}, {"connectorUuid": "7"}, {"connectorUuid": "?"}]
)
async def test_the_only_connector(script: Script, changes: dict[str, str]) -> None:
    """Test that a session at a station with one connector is there, by whatever name."""
    script.park.answers["active"] = [without(RUNNING, "connector") | changes]
    answer = await script.backend.poll({})
    assert answer.sessions[0].charge_point_id == POINT


@pytest.mark.parametrize("name", ["past", "active"])
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("5", UnexpectedAnswerError),
        ("<html>", BackendUnavailableError),
        ("", BackendUnavailableError),
        ("[", BackendUnavailableError),
        (400, RequestRejectedError),
        (409, RequestRejectedError),
    ],
)
async def test_lists_that_are_none(
    script: Script, name: str, body: object, kind: type[Exception]
) -> None:
    """Test that an answer that lists nothing is not taken for an empty list."""
    await script.poll(past=[at(1)], active=[at(1)])
    script.park.answers[name] = body
    with pytest.raises(kind):
        await script.poll()
    assert await script.poll(past=[at(2)], active=[at(2)]) == [(2, True)]


@pytest.mark.parametrize(("body", "noted"), [("5", "sessions: $"), (400, "sessions: HTTP 400")])
async def test_a_list_that_is_refused_hides_no_other(
    server: ScriptedServer, http: aiohttp.ClientSession, body: object, noted: str
) -> None:
    """Test that the trouble of one park is noted, and the other one is told."""
    locations = [{"serviceLocationId": int(each)} for each in (NORTH, SOUTH)]
    fine = ScriptedPark(servicelocation={"serviceLocations": locations}, active=[RUNNING])
    bad = ScriptedPark(past=body)

    def answer(request: Request) -> aiohttp.web.Response:
        return (bad if f"chargingparks/{NORTH}" in request.path else fine)(request)

    server.answer = answer
    backend = smappee_at(server.url, http, service_location_ids=(NORTH, SOUTH))
    for expected in (1, 0):
        told = await backend.poll({})
        assert (len(told.sessions), told.unreadable, told.lost) == (expected, (noted,), ())
    # Nobody can tell what became of a session that may be of the park that is not told.
    lost = Session(account=ACCOUNT, session_id="1", charge_point_id="1-1", started=START)
    assert (await backend.poll({"1": lost})).sessions == ()
    assert not [each for each in server.requests if "chargingstations" in each.path]
