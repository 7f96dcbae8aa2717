"""Tests of Shell Recharge's polls, commands and look-ups, against the simulator."""

from collections.abc import Callable
from copy import replace
import json
from typing import Any
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web
import pytest

from custom_components.ev_charging_sessions.charging.backends import shell_recharge_wire
from custom_components.ev_charging_sessions.charging.backends.listing import Listing
from custom_components.ev_charging_sessions.charging.backends.shell_recharge import (
    FORGOTTEN_AFTER,
    checked_ema_id,
    checked_evse_id,
)
from custom_components.ev_charging_sessions.charging.errors import (
    BackendError,
    BackendUnavailableError,
    InvalidInputError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from custom_components.ev_charging_sessions.charging.model import (
    ChargePointStatus,
    Session,
    SessionStatus,
)
from tests.simulator.world import Phase

from .driver import ACCOUNT, CARD, EVSE, OTHER_CARD, OTHER_EVSE, Driver
from .scripted_server import Request, ScriptedServer
from .test_transport import backend_at


def states(sessions: tuple[Session, ...]) -> list[tuple[str, SessionStatus | None]]:
    """Return what matters of some sessions."""
    return [(session.session_id, session.status) for session in sessions]


def asked_for(driver: Driver) -> list[str]:
    """Return the cards that ``active`` was asked for."""
    entries = driver.simulator.log.entries
    return [parse_qs(each.query)["emaId"][0] for each in entries if each.call.name == "active"]


@pytest.mark.parametrize(
    ("text", "evse_id"),
    [
        (" nl*tnm*e02003451*0 ", "NL*TNM*E02003451*0"),
        ("NL*TNM*EVIRTUALCP0002*0", "NL*TNM*EVIRTUALCP0002*0"),
        ("NLTNME0200345100000", "NLTNME0200345100000"),
    ],
)
def test_evse_ids(text: str, evse_id: str) -> None:
    """Test the canonical spelling of an EVSE id."""
    assert checked_evse_id(text) == evse_id


@pytest.mark.parametrize(
    "text",
    ["", "NL*TNM*E0200345*0", f"NL*TNM*E{'0' * 29}", "NL-TNM-C00122045-K", "NL*TNM*X02003451*0*0"],
)
def test_evse_ids_that_cannot_be(text: str) -> None:
    """Test that an impossible EVSE id is told apart before anything is sent."""
    with pytest.raises(InvalidInputError) as caught:
        checked_evse_id(text)
    assert (caught.value.field, caught.value.key) == ("evse_id", "invalid_evse_id")


@pytest.mark.parametrize(
    ("text", "ema_id"),
    [
        (" nl-tnm-c00122045-k ", "NL-TNM-C00122045-K"),
        ("NLTNMC00122045K", "NL-TNM-C00122045-K"),
        ("NL-TNM-C0216599X-A", "NL-TNM-C0216599X-A"),
        ("NL-TNM-C00122045", "NL-TNM-C00122045"),
    ],
)
def test_ema_ids(text: str, ema_id: str) -> None:
    """Test that one card has one spelling."""
    assert checked_ema_id(text) == ema_id


@pytest.mark.parametrize(
    "text", ["", "NL-TNM-00122045-K", "NL-TNM-C0012204", "NL*TNM*E02003451*0", "04A1B2C3D4E5F6"]
)
def test_ema_ids_that_cannot_be(text: str) -> None:
    """Test that an impossible EMA-ID is refused, and not repeated."""
    with pytest.raises(InvalidInputError) as caught:
        checked_ema_id(text)
    assert (caught.value.field, caught.value.key) == ("ema_id", "invalid_ema_id")
    assert not text or text not in str(caught.value)


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
    assert await driver.poll() == ()
    driver.tick(FORGOTTEN_AFTER - 1)
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
    assert await driver.poll() == ()
    driver.tick(FORGOTTEN_AFTER - 1)
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


async def test_a_failing_poll_does_not_cost_a_card_its_turn(driver: Driver) -> None:
    """Test that the card whose poll has failed is the one that is asked next."""
    driver.restart(cards=(CARD, OTHER_CARD))
    await driver.poll()
    driver.simulator.log.clear()
    driver.simulator.faults.on("http_500", scope="active", count=1)
    with pytest.raises(BackendUnavailableError):
        await driver.poll()
    await driver.poll()
    first, second = asked_for(driver)
    assert first == second


async def test_forget(driver: Driver) -> None:
    """Test that everything is told again after an answer that could not be kept."""
    session = driver.simulator.world.start_at_pole(EVSE, CARD)
    assert len(await driver.poll()) == 1
    driver.backend.forget()
    assert states(await driver.poll()) == [(session.session_id, SessionStatus.CHARGING)]


@pytest.mark.parametrize("count", [1, 2, 6])
async def test_idle_cards_take_turns(driver: Driver, count: int) -> None:
    """Test that more cards do not mean more requests of an account that is idle."""
    cards = tuple(f"NL-TNM-C0000000{number}-K" for number in range(count))
    driver.restart(cards=cards)
    await driver.poll()
    driver.simulator.log.clear()
    for _ in range(2 * count):
        driver.tick(300)
        await driver.poll()
    assert len(asked_for(driver)) == 2 * count
    assert asked_for(driver)[:count] == asked_for(driver)[count:]
    assert set(asked_for(driver)) == set(cards)


async def test_a_card_in_use_is_asked_every_time(driver: Driver) -> None:
    """Test that a session makes its own card due, and leaves the others their turns."""
    driver.restart(cards=(CARD, OTHER_CARD))
    driver.simulator.world.start_at_pole(EVSE, OTHER_CARD)
    await driver.poll()
    driver.simulator.log.clear()
    for _ in range(3):
        await driver.poll()
    assert asked_for(driver).count(OTHER_CARD) == 3
    assert asked_for(driver).count(CARD) == 3


async def test_a_card_that_is_wanted(driver: Driver) -> None:
    """Test that a card whose start is in doubt is asked out of turn."""
    cards = (CARD, OTHER_CARD, "NL-TNM-C00000003-K")
    driver.restart(cards=cards)
    await driver.poll()
    driver.simulator.log.clear()
    for _ in range(3):
        await driver.backend.poll({}, cards=[cards[2]])
    assert asked_for(driver).count(cards[2]) == 3


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
async def test_404_on_active(driver: Driver, version: str) -> None:
    """Test that 404 means none in the first generation and a wrong address later."""
    driver.restart(api_version=version)
    driver.simulator.shell.settings.active_not_found = True
    if version == "v1":
        assert await driver.poll() == ()
        await driver.backend.verify()
    else:
        with pytest.raises(RequestRejectedError):
            await driver.poll()
        with pytest.raises(RequestRejectedError):
            await driver.backend.verify()


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


async def test_one_card_that_is_refused(
    server: ScriptedServer, http: aiohttp.ClientSession, driver: Driver
) -> None:
    """Test that a card the network refuses hides no other, unless it is the first."""

    def answer(request: Request) -> web.Response:
        if OTHER_CARD in request.query:
            return web.Response(text='{"errors": [{"code": "E0001"}]}', status=400)
        return web.Response(text='{"data": [{"id": "a", "SessionState": "Started"}]}')

    server.answer = answer
    backend = driver.new_backend(base_url=server.url, cards=(CARD, OTHER_CARD))
    for _ in range(3):
        found = await backend.poll({})
        assert found.unreadable == ("active: E0001",)
    backend = driver.new_backend(base_url=server.url, cards=(OTHER_CARD, CARD))
    with pytest.raises(RequestRejectedError):
        await backend.poll({})


async def test_the_card_of_a_list_is_the_one_that_was_asked_for(
    server: ScriptedServer, http: aiohttp.ClientSession
) -> None:
    """Test that another spelling of a card in an answer does not make another card."""
    item = {"id": "a", "emaId": "nltnmc00122045k", "SessionState": {"status": "Started"}}
    server.answer = lambda _request: web.Response(text=json.dumps({"data": [item]}))
    backend = backend_at(server.url, http)
    (listed,) = (await backend.poll({})).sessions
    assert listed.card_id == CARD
    known = {"a": replace(listed, status=None)}
    backend.forget()
    retrieved = await backend.poll(known, watched=["a"])
    assert {session.card_id for session in retrieved.sessions} == {CARD}


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


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_look_up(driver: Driver, version: str) -> None:
    """Test a charge point in both generations: two requests, and one from then on."""
    driver.restart(api_version=version)
    found = await driver.backend.charge_point(EVSE)
    assert found is not None
    assert (found.status, found.max_power) == (ChargePointStatus.AVAILABLE, 11)
    assert (found.operator, found.connector_type) == ("TheNewMotion", "Type2")
    assert found.tariffs[0].currency == "EUR"
    driver.simulator.world.plug(EVSE)
    found = await driver.backend.charge_point(EVSE)
    assert found is not None
    assert found.status is ChargePointStatus.OCCUPIED
    assert driver.simulator.log.counts() == {"token": 1, "locations": 1, "location": 2}
    other = await driver.backend.charge_point(OTHER_EVSE)
    assert other is not None
    assert other.status is ChargePointStatus.AVAILABLE


async def test_look_up_of_what_nobody_knows(driver: Driver) -> None:
    """Test that an unknown EVSE is nothing, also where that is a 404."""
    assert await driver.backend.charge_point("NL*TNM*E99999999*0") is None
    driver.simulator.faults.on("http_404", scope="locations", count=1)
    assert await driver.backend.charge_point(EVSE) is None
    assert await driver.backend.charge_point(EVSE) is not None
    driver.simulator.faults.on("http_404", scope="location", count=1)
    assert await driver.backend.charge_point(EVSE) is None
    driver.simulator.log.clear()
    assert await driver.backend.charge_point(EVSE) is not None
    assert driver.simulator.log.counts() == {"locations": 1, "location": 1}


@pytest.mark.parametrize("fault", ["http_400", "http_500", "html"])
@pytest.mark.parametrize("scope", ["locations", "location"])
async def test_look_up_that_fails(driver: Driver, scope: str, fault: str) -> None:
    """Test that a failure is no answer about a charge point."""
    driver.simulator.faults.on(fault, scope=scope)
    with pytest.raises(BackendError):
        await driver.backend.charge_point(EVSE)


async def test_look_up_at_a_place_without_it(
    server: ScriptedServer, http: aiohttp.ClientSession
) -> None:
    """Test that a search that finds the wrong place is not remembered."""
    server.answer = lambda _request: web.Response(text='{"data": [{"uid": 7, "evses": []}]}')
    backend = backend_at(server.url, http)
    assert await backend.charge_point(EVSE) is None
    assert await backend.charge_point(EVSE) is None
    assert len(server.asked("locations")) == len(server.asked("locations/7")) == 2


@pytest.mark.parametrize("uid", ["..", "../../token", "1?x=2", "a/b", "", "x" * 65, "1 2"])
async def test_places_that_lead_elsewhere(
    server: ScriptedServer, http: aiohttp.ClientSession, uid: str
) -> None:
    """Test that an answer cannot send us, and our token, to another path."""
    body = json.dumps({"data": [{"uid": uid}]})
    server.answer = lambda _request: web.Response(text=body)
    with pytest.raises(UnexpectedAnswerError) as caught:
        await backend_at(server.url, http).charge_point(EVSE)
    assert caught.value.path == "data[].uid"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "act", [lambda driver: driver.backend.verify(), lambda driver: driver.poll()]
)
async def test_verify_and_poll_need_few_requests(
    driver: Driver, act: Callable[[Driver], Any]
) -> None:
    """Test that an account proves itself with one token and one read."""
    await act(driver)
    assert driver.simulator.log.counts() == {"token": 1, "active": 1}


def test_listings_keep_to_themselves() -> None:
    """Test that nothing has been seen by a listing that is empty."""
    assert not Listing().is_told_again_by(b"")
