"""Tests of Shell Recharge's polls and commands, against the simulator."""

from collections.abc import Callable
import json
from typing import Any, Literal

import aiohttp
from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.backends import shell_recharge_wire
from custom_components.ev_charging_sessions.charging.backends.forgotten import FORGOTTEN_AFTER
from custom_components.ev_charging_sessions.charging.errors import (
    BackendError,
    BackendUnavailableError,
    RequestRejectedError,
)
from custom_components.ev_charging_sessions.charging.model import (
    Session,
    SessionStatus,
)
from tests.simulator.world import Phase

from .acts import backend_at
from .driver import ACCOUNT, CARD, EVSE, OTHER_EVSE, Driver
from .scripted_server import Request, ScriptedServer


def states(sessions: tuple[Session, ...]) -> list[tuple[str, SessionStatus | None]]:
    """Return what matters of some sessions."""
    return [(session.session_id, session.status) for session in sessions]


async def test_nothing_changed(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that a poll that brings nothing new returns and decodes nothing."""
    driver.simulator.world.populate(5, CARD)
    assert len(await driver.poll()) == 5
    decoded: list[str] = []
    monkeypatch.setattr(shell_recharge_wire, "_read_envelope", decoded.append)
    for _ in range(3):
        driver.tick(30)
        assert await driver.poll() == ()
    assert not decoded
    assert driver.sent("active") == 4


async def test_only_what_changed_is_told(driver: Driver) -> None:
    """Test that one change among many sessions is one session."""
    made = driver.simulator.world.populate(20, CARD)
    await driver.poll()
    driver.tick(30)
    driver.simulator.world.stop(made[7].session_id)
    assert states(await driver.poll()) == [(made[7].session_id, SessionStatus.STOPPING)]
    driver.tick(30)
    assert states(await driver.poll()) == [(made[7].session_id, SessionStatus.FINISHED)]
    assert driver.sent("retrieve") == 1


@pytest.mark.parametrize(
    "shape",
    [
        '{{"requestId": "{id}", "status": "SUCCESS", "data": {data}}}',
        '{{"status": "SUCCESS", "requestId": "{id}", "data": {data}}}',
        '{{"data": {data}, "status": "SUCCESS", "requestId": "{id}"}}',
        '{{"RequestId": "{id}", "Status": "SUCCESS", "Data": {data}}}',
        '{{"requestId": null, "status": "SUCCESS", "data": {data}}}',
        '{{"data": {data}}}',
    ],
)
async def test_the_request_id_is_no_news(
    server: ScriptedServer, http: aiohttp.ClientSession, shape: str
) -> None:
    """Test that a request id, wherever it stands, changes nothing; and that a session does."""
    word = "Started"

    def answer(request: Request) -> web.Response:
        items = [{"id": each, "SessionState": {"status": word}} for each in ("a", "b")]
        request_id = request.headers["RequestId"]
        return web.Response(text=shape.format(id=request_id, data=json.dumps(items)))

    server.answer = answer
    backend = backend_at(server.url, http)
    assert len((await backend.poll({})).sessions) == 2
    assert (await backend.poll({})).sessions == ()
    word = "Stopped"
    assert {each.status for each in (await backend.poll({})).sessions} == {SessionStatus.FINISHED}


async def test_a_session_that_vanishes_is_looked_up(driver: Driver) -> None:
    """Test that the end of a session that ``active`` drops is told by ``retrieve``."""
    session = driver.simulator.world.start_at_pole(EVSE, CARD)
    await driver.poll()
    driver.tick(60)
    driver.simulator.world.unplug(EVSE)
    (ended,) = await driver.poll()
    assert (ended.status, ended.ended) == (SessionStatus.FINISHED, session.stopped)
    assert not driver.open
    driver.simulator.log.clear()
    assert await driver.poll() == ()
    assert driver.simulator.log.counts() == {"active": 1}


async def test_a_session_that_ended_while_away(driver: Driver) -> None:
    """Test that an open session of the ledger is looked up after a restart."""
    driver.simulator.world.start_at_pole(EVSE, CARD)
    await driver.poll()
    known = driver.open
    driver.restart()
    driver.open = known
    driver.tick(3600)
    driver.simulator.world.unplug(EVSE)
    driver.tick(3600)
    (ended,) = await driver.poll()
    assert ended.status is SessionStatus.FINISHED
    assert ended.card_id == CARD


async def test_a_session_that_was_never_listed_is_told_once(driver: Driver) -> None:
    """Test that a retrieved answer that says the same again is not told again."""
    driver.simulator.world.start_delay = 600
    await driver.keep([await driver.backend.start(EVSE, CARD)])
    assert len(await driver.poll()) == 1
    assert await driver.poll() == ()
    driver.backend.forget()
    assert len(await driver.poll()) == 1


@pytest.mark.parametrize(
    ("begun", "end"),
    [
        (SessionStatus.CHARGING, SessionStatus.FINISHED),
        (SessionStatus.STARTING, SessionStatus.FAILED),
    ],
)
async def test_a_session_that_nobody_knows(
    driver: Driver, begun: SessionStatus, end: SessionStatus
) -> None:
    """Test that an hour of 404 ends a session, and less does not."""
    session = Session(account=ACCOUNT, session_id=driver.simulator.world.uuid(), status=begun)
    await driver.keep([session])
    for _ in range(4):
        assert await driver.poll() == ()
        driver.tick((FORGOTTEN_AFTER - 1) / 4)
    assert await driver.poll() == ()
    driver.tick(2)
    (ended,) = await driver.poll()
    assert (ended.status, ended.stop_reason) == (end, "not_found")
    assert not driver.open


async def test_an_hour_of_404_begins_anew(driver: Driver) -> None:
    """Test that a session that turned up in between is missing from then on only."""
    driver.simulator.world.start_at_pole(EVSE, CARD)
    await driver.poll()
    driver.simulator.faults.on("http_404", scope="retrieve")
    listed = driver.simulator.world._by_card[CARD]
    hidden = listed.copy()
    listed.clear()
    for _ in range(4):
        assert await driver.poll() == ()
        driver.tick((FORGOTTEN_AFTER - 1) / 4)
    listed.extend(hidden)
    await driver.poll()
    listed.clear()
    driver.tick(2)
    assert await driver.poll() == ()
    assert len(driver.open) == 1


@pytest.mark.parametrize("fault", ["http_500", "http_503", "html", "reset", "http_401"])
async def test_a_failing_poll_loses_nothing(driver: Driver, fault: str) -> None:
    """Test that what was read before a failure is told again, from every request on."""
    await driver.poll()
    gone = driver.simulator.world.start_at_pole(OTHER_EVSE, CARD)
    await driver.poll()
    driver.tick(30)
    driver.simulator.world.unplug(OTHER_EVSE)
    new = driver.simulator.world.start_at_pole(EVSE, CARD)
    driver.simulator.faults.on(fault, scope="retrieve", count=2)
    with pytest.raises(BackendError):
        await driver.poll()
    driver.simulator.faults.off()
    driver.tick(30)
    assert set(states(await driver.poll())) == {
        (gone.session_id, SessionStatus.FINISHED),
        (new.session_id, SessionStatus.CHARGING),
    }


async def test_forget(driver: Driver) -> None:
    """Test that everything is told again after an answer that could not be kept."""
    session = driver.simulator.world.start_at_pole(EVSE, CARD)
    assert len(await driver.poll()) == 1
    driver.backend.forget()
    assert states(await driver.poll()) == [(session.session_id, SessionStatus.CHARGING)]


async def test_watched_sessions_are_read_afresh(driver: Driver) -> None:
    """Test that a stale list does not hide what became of a watched session."""
    session = driver.simulator.world.start_at_pole(EVSE, CARD)
    await driver.poll()
    driver.simulator.faults.on("stale_active", scope="active")
    driver.tick(30)
    driver.simulator.world.unplug(EVSE)
    assert (await driver.backend.poll(driver.open)).sessions == ()
    answer = await driver.backend.poll(driver.open, watched=[session.session_id])
    assert states(answer.sessions) == [(session.session_id, SessionStatus.FINISHED)]
    assert await driver.backend.poll({}, watched=[driver.simulator.world.uuid()])


async def test_a_watched_session_that_the_ledger_does_not_have(driver: Driver) -> None:
    """Test that the session of a command is found by its id alone."""
    session = driver.simulator.world.start(EVSE, CARD)
    answer = await driver.backend.poll({}, watched=[session.session_id])
    assert states(answer.sessions) == [(session.session_id, SessionStatus.STARTING)]


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("dialect", ["1.0.0", "current"])
async def test_404_of_the_network(
    driver: Driver, version: str, dialect: Literal["1.0.0", "current"]
) -> None:
    """Test that a 404 with a code of the network means none, in every generation."""
    driver.simulator.shell.settings.dialect = dialect
    driver.simulator.shell.settings.active_not_found = True
    driver.restart(api_version=version)
    await driver.backend.verify()
    session = driver.simulator.world.start_at_pole(EVSE, CARD)
    assert len(await driver.poll()) == 1
    driver.simulator.world.unplug(EVSE)
    assert states(await driver.poll()) == [(session.session_id, SessionStatus.FINISHED)]


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>Not Found</html>",
        '{"status": 404, "error": "Not Found"}',
        '{"code": "NotFound"}',
        '{"errors": [{"code": "E0001"}]}',
    ],
)
async def test_404_of_a_wrong_address(
    server: ScriptedServer, http: aiohttp.ClientSession, version: str, body: str
) -> None:
    """Test that any other 404 neither lets an account pass nor hides its sessions."""
    server.answer = lambda _request: web.Response(text=body, status=404)
    backend = backend_at(server.url, http, api_version=version)
    for act in (backend.verify, lambda: backend.poll({})):
        with pytest.raises(RequestRejectedError):
            await act()


async def test_404_of_a_wrong_address_ends_no_session(
    server: ScriptedServer, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a session is not given up because ``retrieve`` is not where it should be."""
    server.answer = lambda request: web.Response(
        text='{"data": []}', status=404 if "retrieve" in request.path else 200
    )
    backend = backend_at(server.url, http)
    lost = {"a": Session(account=ACCOUNT, session_id="a")}
    for _ in range(2):
        answer = await backend.poll(lost)
        assert (answer.sessions, answer.unreadable) == ((), ("retrieve: HTTP 404",))
        freezer.tick(FORGOTTEN_AFTER + 1)


async def test_the_first_generation(driver: Driver) -> None:
    """Test a session from start to stop in the oldest dialect."""
    driver.simulator.shell.settings.dialect = "1.0.0"
    driver.simulator.shell.settings.active_not_found = True
    driver.restart(api_version="v1")
    driver.simulator.world.plug(EVSE)
    session = await driver.backend.start(EVSE, CARD)
    await driver.keep([session])
    assert states(await driver.poll()) == [(session.session_id, SessionStatus.STARTING)]
    driver.tick(10)
    assert states(await driver.poll())[-1] == (session.session_id, SessionStatus.CHARGING)
    await driver.backend.stop(session)
    driver.tick(10)
    (ended,) = await driver.poll()
    assert (ended.status, ended.card_id) == (SessionStatus.FINISHED, CARD)
    assert all("/v1/" in entry.call.path for entry in driver.simulator.log.entries)


async def test_a_rotten_session_among_good_ones(driver: Driver) -> None:
    """Test that the others are told, the rotten one is named, and looked up by itself."""
    made = driver.simulator.world.populate(3, CARD)
    driver.simulator.faults.on("rotten_session", scope="active")
    answer = await driver.backend.poll({})
    assert states(answer.sessions) == [
        (each.session_id, SessionStatus.CHARGING) for each in made[1:]
    ]
    assert answer.unreadable == ("data[].startedAt",)
    again = await driver.backend.poll({})
    assert (again.sessions, again.unreadable) == ((), answer.unreadable)
    known = Session(account=ACCOUNT, session_id=made[0].session_id)
    looked_up = await driver.backend.poll({known.session_id: known})
    assert states(looked_up.sessions) == [(known.session_id, SessionStatus.CHARGING)]


@pytest.mark.parametrize(
    ("fault", "noted"),
    [
        ("rotten_session", "data[].startedAt"),
        ("http_400", "retrieve: E0001"),
        ("http_403", "retrieve: E0403"),
        ("failed_status", "retrieve: "),
    ],
)
async def test_one_session_that_cannot_be_looked_up(driver: Driver, fault: str, noted: str) -> None:
    """Test that a session the network refuses to tell of hides no other."""
    session = driver.simulator.world.start_at_pole(EVSE, CARD)
    lost = Session(
        account=ACCOUNT, session_id=driver.simulator.world.start(OTHER_EVSE, CARD).session_id
    )
    driver.simulator.faults.on(fault, scope="retrieve")
    answer = await driver.backend.poll({lost.session_id: lost})
    assert states(answer.sessions) == [(session.session_id, SessionStatus.CHARGING)]
    assert len(answer.unreadable) == 1
    assert answer.unreadable[0].startswith(noted)


async def test_an_answer_about_another_session(
    server: ScriptedServer, http: aiohttp.ClientSession
) -> None:
    """Test that nobody is told of a session that was not asked for."""
    server.answer = lambda request: web.Response(
        text='{"data": [{"id": "b", "sessionState": "Stopped"}]}'
        if "retrieve" in request.path
        else '{"data": []}'
    )
    lost = Session(account=ACCOUNT, session_id="a")
    answer = await backend_at(server.url, http).poll({"a": lost})
    assert (answer.sessions, answer.unreadable) == ((), ("data[].id",))


async def test_unknown_status(driver: Driver) -> None:
    """Test that a session in a state nobody knows is there, and open."""
    driver.simulator.world.start_at_pole(EVSE, CARD)
    driver.simulator.faults.on("unknown_enum", scope="active")
    ((_, status),) = states(await driver.poll())
    assert status is None
    assert len(driver.open) == 1


async def test_start(driver: Driver) -> None:
    """Test what is known of a session right after a start."""
    driver.simulator.world.plug(EVSE)
    session = await driver.backend.start(EVSE, CARD)
    assert session == Session(
        account=ACCOUNT,
        session_id=session.session_id,
        charge_point_id=EVSE,
        card_id=CARD,
        status=SessionStatus.STARTING,
    )
    assert driver.simulator.world.session(session.session_id).card == CARD


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_any_good_status_is_an_acceptance(driver: Driver, status: int) -> None:
    """Test start and stop with each status that the documents leave open."""
    driver.simulator.shell.settings.accepted_status = status
    driver.simulator.world.plug(EVSE)
    session = await driver.backend.start(EVSE, CARD)
    driver.tick(10)
    await driver.backend.stop(session)
    driver.tick(10)
    assert driver.simulator.world.session(session.session_id).phase is Phase.STOPPED


async def test_a_start_without_a_name(server: ScriptedServer, http: aiohttp.ClientSession) -> None:
    """Test that an acceptance that names no session leaves the outcome open."""
    with pytest.raises(BackendUnavailableError) as caught:
        await backend_at(server.url, http).start(EVSE, CARD)
    assert caught.value.was_sent


@pytest.mark.parametrize(
    "act", [lambda driver: driver.backend.verify(), lambda driver: driver.poll()]
)
async def test_verify_and_poll_need_few_requests(
    driver: Driver, act: Callable[[Driver], Any]
) -> None:
    """Test that an account proves itself with one token and one read."""
    await act(driver)
    assert driver.simulator.log.counts() == {"token": 1, "active": 1}
