"""Tests of CleverEV's polls against answers that a simulator would not give."""

from typing import Any

import aiohttp
from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.backends.backend import Answer
from custom_components.ev_charging_sessions.charging.errors import (
    BackendUnavailableError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from custom_components.ev_charging_sessions.charging.model import (
    EnergyUnit,
    Session,
    SessionStatus,
)
from tests.conftest import START

from .cleverev_answers import (
    ACCOUNT,
    CHARGER,
    CONNECTOR,
    ENDED,
    LIST,
    RUNNING,
    ScriptedNamespace,
    cleverev_at,
    past,
    session_of,
    without,
)
from .scripted_server import Request, ScriptedServer

STOPPED = RUNNING | {
    "status": "Stopped",
    "stoppedAtTimestamp": "2026-11-21T09:00:00Z",
    "updatedAt": "2026-11-21T09:00:00Z",
}
Told = list[tuple[str, SessionStatus | None]]


class Script:
    """A backend, and the namespace that it reads."""

    def __init__(self, server: ScriptedServer, http: aiohttp.ClientSession) -> None:
        """Start with a namespace without sessions."""
        self.server = server
        self.namespace = ScriptedNamespace()
        server.answer = self.namespace
        self._http = http
        self.backend = cleverev_at(server.url, http)
        self.answer = Answer()

    def restart(self, **options: Any) -> None:
        """Begin anew with a backend that knows nothing."""
        self.backend = cleverev_at(self.server.url, self._http, **options)

    async def poll(self, *open_sessions: Session, watched: tuple[str, ...] = ()) -> Told:
        """Poll, and return what matters of the sessions that are told."""
        self.server.requests.clear()
        known = {session.session_id: session for session in open_sessions}
        self.answer = await self.backend.poll(known, watched=watched)
        return [(session.session_id, session.status) for session in self.answer.sessions]

    async def registers(self) -> list[tuple[float, ...]]:
        """Poll, and return the registers of the sessions that are told."""
        await self.poll()
        return [
            tuple(value.energy for value in session.meter_values)
            for session in self.answer.sessions
        ]

    @property
    def asked(self) -> list[str]:
        """Return where the last poll has sent its requests, without the hosts."""
        return [request.path.rpartition("/")[2] for request in self.server.requests]


@pytest.fixture
def script(
    server: ScriptedServer, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> Script:
    """Return a backend at a scripted namespace."""
    freezer.move_to(START)
    return Script(server, http)


def opened(session_id: str = "sess_1", place: str | None = "chg_1-1") -> Session:
    """Return a session that the ledger takes for open."""
    return Session(
        account=ACCOUNT,
        session_id=session_id,
        charge_point_id=place,
        status=SessionStatus.CHARGING,
        started=START,
    )


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


@pytest.mark.parametrize("generation", ["current", "legacy"])
async def test_a_session_that_nobody_knows_any_more(
    script: Script, freezer: FrozenDateTimeFactory, generation: str
) -> None:
    """Test that a session which was deleted is given up after an hour."""
    script.restart(api_generation=generation)
    script.namespace.sessions = [ENDED]
    await script.poll()
    for _ in range(4):
        assert await script.poll(opened()) == []
        freezer.tick(900)
    assert await script.poll(opened()) == [("sess_1", SessionStatus.FINISHED)]
    assert script.answer.sessions[0].stop_reason == "not_found"


async def test_a_session_that_cannot_be_read_is_not_given_up(
    script: Script, freezer: FrozenDateTimeFactory
) -> None:
    """Test that what stands in a list is there, whether or not anybody can read it."""
    script.namespace.sessions = [RUNNING | {"energy": "much"}]
    for _ in range(8):
        assert await script.poll(opened()) == []
        assert set(script.answer.unreadable) == {"chargingSessions[].energy"}
        assert "sess_1" not in script.asked
        freezer.tick(900)


@pytest.mark.parametrize(
    ("answer", "noted"),
    [
        ({"chargingSession": RUNNING | {"id": "other"}}, "chargingSession.id"),
        ({"chargingSession": without(RUNNING, "chargerId")}, "chargingSessions[].chargerId"),
        ({"success": False}, "session: unsuccessful"),
        (403, "session: HTTP 403"),
        ({"chargingSession": 5}, "$"),
    ],
)
async def test_look_ups_that_fail(
    script: Script, freezer: FrozenDateTimeFactory, answer: Any, noted: str
) -> None:
    """Test that a look-up which is refused or unreadable ends nothing."""
    script.namespace.answers["sess_1"] = answer
    for _ in range(8):
        assert await script.poll(opened()) == []
        assert len(script.answer.unreadable) == 1
        assert noted in {*script.answer.unreadable, "$"}
        freezer.tick(900)
    script.namespace.answers["sess_1"] = 500
    assert await script.poll(opened(), opened("sess_2")) == []
    assert script.answer.unreadable == ()
    # What cannot be reached now is not asked for the next session at once.
    assert "sess_2" not in script.asked
    script.namespace.answers["sess_1"] = {"session": STOPPED}
    freezer.tick(900)
    assert await script.poll(opened()) == [("sess_1", SessionStatus.FINISHED)]


async def test_look_ups_take_turns(script: Script) -> None:
    """Test that many missing sessions do not use up the budget, and that each has its turn."""
    missing = [opened(f"sess_{number}") for number in range(10)]
    asked: list[str] = []
    for number in range(5):
        await script.poll(*missing)
        asked += [each for each in script.asked if each.startswith("sess_")]
        assert len(asked) == 4 * (number + 1)
    assert sorted(asked) == sorted([each.session_id for each in missing] * 2)


async def test_legacy_look_ups_have_an_end(script: Script) -> None:
    """Test that a session is looked for at its charger, on a few pages."""
    script.restart(api_generation="legacy")
    script.namespace.sessions = [past(number) for number in range(2500, 0, -1)]
    await script.poll()
    script.namespace.sessions[2200] |= {"id": "sess_9"}
    assert await script.poll(opened("sess_9")) == []
    assert len(script.asked) == 2 + 3
    script.namespace.sessions[200] |= {"id": "sess_8"}
    assert await script.poll(opened("sess_8")) == [("sess_8", SessionStatus.FINISHED)]
    # Of a session without a place nobody knows where to look.
    assert await script.poll(opened("sess_7", None)) == []
    assert len(script.asked) == 2


async def test_watched_sessions(script: Script) -> None:
    """Test that a session that commands wait for is looked up when it is in no list."""
    script.namespace.answers["sess_5"] = {"session": RUNNING | {"id": "sess_5"}}
    assert await script.poll(watched=("sess_5",)) == [("sess_5", SessionStatus.CHARGING)]
    assert await script.poll(watched=("sess_5",)) == []
    assert "sess_5" in script.asked
    script.namespace.sessions = [RUNNING]
    await script.poll(watched=("sess_1",))
    assert "sess_1" not in script.asked


@pytest.mark.parametrize("size", [99, 100, 101, 250])
async def test_chargers_on_several_pages(script: Script, size: int) -> None:
    """Test that all chargers are read, with no more requests than pages."""
    script.namespace.chargers = [CHARGER | {"id": f"chg_{number}"} for number in range(size)]
    await script.poll()
    assert len(script.answer.charge_points) == size
    assert script.answer.listed == {f"chg_{number}-1" for number in range(size)}
    assert script.asked.count("chargers") == -(-size // 100)
    await script.poll()
    assert script.answer == Answer(read=START)
    del script.namespace.chargers[7]
    await script.poll()
    assert script.answer.charge_points == ()
    assert script.answer.listed
    assert len(script.answer.listed) == size - 1


@pytest.mark.parametrize(
    ("body", "points", "is_listed"),
    [
        ({"chargers": [CHARGER]}, 1, True),
        ({"chargers": [CHARGER], "total": 2}, 1, False),
        ({"chargers": [CHARGER, {"id": "a/b"}], "total": 2}, 1, False),
        ({"chargers": None}, 0, True),
        ({"chargers": [], "total": 0}, 0, True),
        ({"chargers": [CHARGER | {"connectors": [CONNECTOR, 5]}]}, 0, False),
    ],
)
async def test_chargers_that_may_not_be_all(
    script: Script, body: object, points: int, is_listed: bool
) -> None:
    """Test that nothing counts as gone while some chargers may be missing."""
    script.namespace.answers["chargers"] = body
    await script.poll()
    assert len(script.answer.charge_points) == points
    assert (script.answer.listed is not None) is is_listed
    assert script.asked.count("chargers") <= 2


async def test_too_many_chargers(script: Script) -> None:
    """Test that the pages have an end, and that nothing is gone for being behind it."""
    script.namespace.chargers = [CHARGER | {"id": f"chg_{number}"} for number in range(2100)]
    await script.poll()
    assert (len(script.answer.charge_points), script.answer.listed) == (2000, None)
    assert script.asked.count("chargers") == 20


async def test_one_charger_cannot_be_read(script: Script) -> None:
    """Test that the others are told, and the field is named, also when nothing has changed."""
    script.namespace.chargers = [CHARGER | {"id": "a/b"}, CHARGER]
    for expected in (1, 0):
        await script.poll()
        assert len(script.answer.charge_points) == expected
        assert script.answer.unreadable == ("chargers[].id",)


async def test_where_requests_go(script: Script) -> None:
    """Test that the list is where the seed has it, with the parameters that it names."""
    await script.poll()
    assert {request.path for request in script.server.requests} == {LIST, "/chargers"}
    assert {request.method for request in script.server.requests} == {"GET"}
    assert not any(request.body for request in script.server.requests)


async def test_the_unit_of_a_single_session(script: Script) -> None:
    """Test that a session that was looked up means the same as in a list."""
    script.namespace.answers["sess_1"] = STOPPED
    await script.poll(opened())
    (session,) = script.answer.sessions
    assert session == session_of(STOPPED)


async def test_a_charger_that_comes_back(script: Script) -> None:
    """Test that a charge point that was gone is told again, though it is as it was."""
    script.namespace.chargers = [CHARGER, CHARGER | {"id": "chg_2"}]
    await script.poll()
    del script.namespace.chargers[1]
    await script.poll()
    assert (script.answer.charge_points, script.answer.listed) == ((), {"chg_1-1"})
    assert await script.backend.charge_point("chg_2-1") is None
    script.namespace.chargers.append(CHARGER | {"id": "chg_2"})
    await script.poll()
    assert [point.charge_point_id for point in script.answer.charge_points] == ["chg_2-1"]
    assert script.answer.listed == {"chg_1-1", "chg_2-1"}


async def test_what_a_connector_said_once_does_not_hold_for_ever(script: Script) -> None:
    """Test that the meter shows a pause while the chargers cannot be read."""
    script.namespace.chargers, script.namespace.sessions = [CHARGER], [RUNNING]
    assert await script.poll() == [("sess_1", SessionStatus.CHARGING)]
    script.namespace.answers["chargers"] = 500
    assert await script.poll() == []
    times = ("lastMeteredAtTimestamp", "updatedAt")
    script.namespace.sessions = [RUNNING | dict.fromkeys(times, "2026-11-21T08:40:00Z")]
    assert await script.poll() == [("sess_1", SessionStatus.SUSPENDED)]
    del script.namespace.answers["chargers"]
    assert await script.poll() == [("sess_1", SessionStatus.CHARGING)]


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


async def test_what_was_not_read_to_its_end_ends_nothing(
    script: Script, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a session which may be on a page that was not read is not given up."""
    script.restart(api_generation="legacy")
    script.namespace.sessions = [RUNNING | {"id": f"sess_{number}"} for number in range(110)]
    script.namespace.cap = 5
    for _ in range(8):
        assert "gone" not in {session_id for session_id, _ in await script.poll(opened("gone"))}
        freezer.tick(900)
    del script.namespace.sessions[20:]
    for _ in range(6):
        told = await script.poll(opened("gone"))
        freezer.tick(900)
    assert ("gone", SessionStatus.FINISHED) in told


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
