"""Attacks on the network's webhook with the right key: replays, and what belongs to others."""

import json
import logging
from typing import Any

import pytest

from homeassistant.components.webhook import async_handle_webhook
from homeassistant.util.aiohttp import MockRequest

from tests.guest_house import GuestHouse
from tests.observe import PACKAGE, sessions
from tests.raw_calls import Answer, call, framed
from tests.simulator.defaults import (
    PLUGSURFING_EVCO as EVCO,
    PLUGSURFING_EVSE as EVSE,
    PLUGSURFING_KEY as KEY,
    PLUGSURFING_PARTNER as PARTNER,
)

OTHER_EVCO = "DE*8PS*D00001*7"
CARD = "04D25A7B3C1F80"
REFERENCE = "order-4711"
SUCCESS, NOT_AUTHENTICATED, IN_USE = (200, 0), (401, 140), (200, 320)


@pytest.fixture
async def house(guest_house: GuestHouse) -> GuestHouse:
    """Return a guest house with a pole that the network may start, and a car at it."""
    await guest_house.add_devices("front")
    await guest_house.add_operator()
    await guest_house.add_connector()
    guest_house.poles.pole("front").plug()
    await guest_house.home.advance(30)
    return guest_house


def _user(evco_id: str = EVCO) -> dict[str, Any]:
    return {
        "user": {"identifier-type": "evco-id", "identifier": evco_id},
        "connector-id": EVSE,
    }


def _start(evco_id: str = EVCO, **more: str) -> bytes:
    return framed("session-start", _user(evco_id) | more)


def _stop(evco_id: str = EVCO, **more: str) -> bytes:
    return framed("session-stop", _user(evco_id) | more)


def _post(session_id: str, connector_id: str = "DE*ABC*E1", partner: str = PARTNER) -> bytes:
    fields = _user("DE*ABC*D12345*6") | {
        "session-id": session_id,
        "connector-id": connector_id,
        "session-interval": {
            "start": "2026-11-21T08:00:00+00:00",
            "stop": "2026-11-21T09:00:00+00:00",
        },
        "energy-consumed": 7.25,
        "partner-identifier": partner,
    }
    return framed("session-post", fields)


def _cards(*cards: str, partner: str = PARTNER) -> bytes:
    return framed("rfid-post", {"rfids": cards, "partner-identifier": partner})


async def _send(house: GuestHouse, body: bytes) -> tuple[int | None, int | None]:
    answer = await call(house.webhook_url, body)
    return answer.status, answer.code


def _id_in(answer: Answer) -> str:
    session_id: str = json.loads(answer.body)["session-start"]["session-id"]
    return session_id


def _moves(house: GuestHouse) -> list[bool]:
    return [each.on for each in house.poles.pole("front").switched]


@pytest.mark.parametrize("more", [{}, {"payment-reference": REFERENCE}], ids=["plain", "order"])
async def test_replayed_start(house: GuestHouse, more: dict[str, str]) -> None:
    """Test that a start which comes again starts nothing again, neither soon nor just after."""
    first = await call(house.webhook_url, _start(**more))
    assert (first.status, first.code) == SUCCESS
    for seconds in (0, 1, 600):
        await house.home.run(seconds)
        again = await call(house.webhook_url, _start(**more))
        assert (again.status, again.code) == SUCCESS
        assert _id_in(again) == _id_in(first)
    assert _moves(house) == [True]

    assert await _send(house, _stop(**{"session-id": _id_in(first)})) == SUCCESS
    for seconds in (0, 1, 30):
        await house.home.run(seconds)
        again = await call(house.webhook_url, _start(**more))
        assert (again.status, again.code) == (SUCCESS if more else IN_USE)
    assert _moves(house) == [True, False]
    assert len(await sessions(house.home)) == 1


async def test_replayed_order_much_later(house: GuestHouse) -> None:
    """Test that an order is filled once, also after a restart and with another car there."""
    order = {"payment-reference": REFERENCE}
    first = await call(house.webhook_url, _start(**order))
    await house.home.run(600)
    await _send(house, _stop())
    pole = house.poles.pole("front")
    pole.unplug()
    await house.home.run(120)
    await house.home.advance(7200)
    assert await house.hass.config_entries.async_reload(house.home.entry.entry_id)
    pole.plug()
    await house.home.run(60)
    again = await call(house.webhook_url, _start(**order))
    assert (again.status, again.code) == SUCCESS
    assert _id_in(again) == _id_in(first)
    assert _moves(house) == [True, False]


async def test_order_of_another(house: GuestHouse) -> None:
    """Test that an order serves its own driver only, and tells another no session's id."""
    order = {"payment-reference": REFERENCE}
    first = await call(house.webhook_url, _start(**order))
    stolen = await call(house.webhook_url, _start(OTHER_EVCO, **order))
    assert (stolen.status, stolen.code) == (400, 200)
    assert _id_in(first).encode() not in stolen.body
    assert _moves(house) == [True]


async def test_next_order(house: GuestHouse) -> None:
    """Test that another order of the same driver is no repeat, however soon it comes."""
    assert await _send(house, _start(**{"payment-reference": "order-1"})) == SUCCESS
    await house.home.run(60)
    assert await _send(house, _stop()) == SUCCESS
    await house.home.run(2)
    assert await _send(house, _start(**{"payment-reference": "order-2"})) == SUCCESS
    assert _moves(house) == [True, False, True]


async def test_replayed_stop(house: GuestHouse) -> None:
    """Test that a stop which comes again stops nobody else."""
    first = await call(house.webhook_url, _start())
    stop = _stop(**{"session-id": _id_in(first)})
    await house.home.run(600)
    for seconds in (0, 1, 600):
        await house.home.run(seconds)
        assert await _send(house, stop) == SUCCESS
    assert _moves(house) == [True, False]

    assert await _send(house, _start(OTHER_EVCO)) == SUCCESS
    await house.home.run(60)
    assert await _send(house, stop) == SUCCESS
    assert await _send(house, _stop()) == NOT_AUTHENTICATED
    assert _moves(house) == [True, False, True]
    assert house.home.state("switch", "charging", EVSE).state == "on"


async def test_strangers_stop(house: GuestHouse) -> None:
    """Test that a driver cannot stop, or take over, the session of another."""
    first = await call(house.webhook_url, _start())
    await house.home.run(60)
    named = {"session-id": _id_in(first)}
    assert await _send(house, _stop(OTHER_EVCO)) == NOT_AUTHENTICATED
    assert await _send(house, _stop(OTHER_EVCO, **named)) == NOT_AUTHENTICATED
    assert await _send(house, _start(OTHER_EVCO)) == IN_USE
    assert await _send(house, _stop(**{"session-id": "nobody's"})) == (400, 182)
    assert await _send(house, _stop(**{"connector-id": "DE*8PS*ENOBODY"})) == (404, 181)
    assert await _send(house, _start(**{"connector-id": "DE*8PS*ENOBODY"})) == (404, 181)
    assert _moves(house) == [True]
    (session,) = (await sessions(house.home)).values()
    assert session.card_id == EVCO


async def test_private_session(house: GuestHouse) -> None:
    """Test that the network can neither stop nor take over what was switched on by hand."""
    house.poles.pole("front").turn(on=True)
    await house.home.run(120)
    assert house.home.state("switch", "charging", EVSE).state == "on"
    (private,) = (await sessions(house.home)).values()
    named = {"session-id": private.session_id}
    for more in ({}, named):
        assert await _send(house, _stop(**more)) == NOT_AUTHENTICATED
    assert await _send(house, _start()) == IN_USE
    user = {"identifier-type": "rfid", "identifier": CARD}
    stop = framed("session-stop", {"user": user, "connector-id": EVSE, **named})
    assert await _send(house, stop) == NOT_AUTHENTICATED
    assert _moves(house) == [True]
    assert list(await sessions(house.home)) == [private.session_id]


async def test_other_kinds_of_users(house: GuestHouse) -> None:
    """Test that nobody charges with a password or token, nor on a card nobody vouches for."""
    for kind, name in (("username", "guest"), ("token", "t-1"), ("rfid", "04FFFFFFFFFF80")):
        user = {"identifier-type": kind, "identifier": name, "token": "secret"}
        body = framed("session-start", {"user": user, "connector-id": EVSE})
        assert await _send(house, body) == NOT_AUTHENTICATED
    assert _moves(house) == []


async def test_replayed_cards(house: GuestHouse) -> None:
    """Test that a list of cards may come again, and that another partner's does nothing."""
    for new in (2, 0, 0):
        answer = await call(house.webhook_url, _cards("04AAAAAAAAAA80", "04BBBBBBBBBB80"))
        assert (answer.status, answer.code) == SUCCESS
        assert json.loads(answer.body)["rfid"] == {"processed": new}
    for partner in ("another-partner-0815", PARTNER + "x", PARTNER[:-1], PARTNER.upper()):
        assert await _send(house, _cards("04CCCCCCCCCC80", partner=partner)) == (400, 211)
    ledger, account = house.home.coordinator.ledger, house.home.coordinator.account
    assert await ledger.knows_card(account, "04AAAAAAAAAA80")
    assert not await ledger.knows_card(account, "04CCCCCCCCCC80")
    assert _moves(house) == []


async def test_posted_sessions(house: GuestHouse) -> None:
    """Test that a partner's session enters the ledger once, and none of ours by the network."""
    for _ in range(3):
        assert await _send(house, _post("partner-1")) == SUCCESS
    assert await _send(house, _post("partner-2", partner="another-partner-0815")) == (400, 211)
    first = await call(house.webhook_url, _start())
    await house.home.run(60)
    before = await sessions(house.home)
    for body in (
        _post("partner-3", EVSE),
        _post("partner-3", EVSE.replace("*", "-").lower()),
        _post(_id_in(first)),
        _post(_id_in(first), EVSE),
    ):
        assert await _send(house, body) == (400, 200)
    assert await sessions(house.home) == before
    assert before.keys() == {"partner-1", _id_in(first)}
    # Also when ours is long over.
    await _send(house, _stop())
    await house.home.run(120)
    await house.home.advance(3600)
    before = await sessions(house.home)
    assert await _send(house, _post(_id_in(first))) == (400, 200)
    assert await sessions(house.home) == before
    assert _moves(house) == [True, False]
    assert "partner-1" not in house.books.finals()


async def test_session_of_a_connector_that_is_gone(house: GuestHouse) -> None:
    """Test that a session of ours stays ours when its connector is no longer offered."""
    first = await call(house.webhook_url, _start())
    await house.home.run(600)
    await _send(house, _stop())
    await house.home.run(120)
    entry = house.home.entry
    (subentry_id,) = entry.subentries
    house.hass.config_entries.async_remove_subentry(entry, subentry_id)
    await house.home.settle()
    before = await sessions(house.home)
    assert await _send(house, _post(_id_in(first))) == (400, 200)
    assert await _send(house, _post(_id_in(first), EVSE)) == (400, 200)
    assert await sessions(house.home) == before


async def test_reservations(house: GuestHouse) -> None:
    """Test that reservations are declined, in whatever shape they come."""
    identifiers = {"identifier": [{"evco-id": EVCO, "rfid": CARD}]}
    for name in ("reservation-start", "reservation-stop"):
        for fields in (
            {"connector-id": EVSE, **identifiers},
            {"identifier-type": "evco-id", "identifier": EVCO},
            {},
        ):
            assert await _send(house, framed(name, fields)) == (400, 330)
    assert _moves(house) == []


async def test_same_start_many_times_at_once(house: GuestHouse) -> None:
    """Test that of many same starts at once one starts, and all tell its session."""
    replies = await house.caller.start(EVSE, payment_reference=REFERENCE, times=20)
    assert {(each.status, each.code) for each in replies} == {SUCCESS}
    assert len({each.body["session-start"]["session-id"] for each in replies}) == 1
    assert _moves(house) == [True]
    replies = await house.caller.stop(EVSE, times=20)
    assert {(each.status, each.code) for each in replies} == {SUCCESS}
    assert _moves(house) == [True, False]


async def test_call_through_a_cloud(house: GuestHouse) -> None:
    """Test that a call which a cloud passes on, whole and without a connection, is one too."""
    webhook_id = house.home.entry.data["webhook_id"]
    for key, result in (("wrong", (401, 210)), (KEY, SUCCESS)):
        headers = {"Authorization": f"key={key}"}
        request = MockRequest(_start(), "cloud", method="POST", headers=headers)
        response = await async_handle_webhook(house.hass, webhook_id, request)
        assert isinstance(response.body, bytes)
        assert (response.status, json.loads(response.body)["result"]["code"]) == result
    assert _moves(house) == [True]


async def test_nothing_reaches_the_log(house: GuestHouse, caplog: pytest.LogCaptureFixture) -> None:
    """Test that no key, card, reference, identifier or address can be read in the log."""
    caplog.set_level(logging.DEBUG, PACKAGE)
    planted = {
        "key": "planted-key-77c1",
        "evco": "DE*PLT*D77777*7",
        "reference": "planted-order-1",
        "card": "04777777777780",
        "partner": "planted-partner-77",
        "session": "planted-session-7",
        "call": "planted-call",
    }
    rfid = {"identifier-type": "rfid", "identifier": planted["card"]}
    order = {"payment-reference": planted["reference"]}
    await call(house.webhook_url, _start(), key=planted["key"])
    for body in (
        _start(planted["evco"], **order),
        _start(OTHER_EVCO, **order),
        _stop(OTHER_EVCO, **{"session-id": planted["session"]}),
        framed("session-stop", {"user": rfid, "connector-id": EVSE}),
        framed(planted["call"], {"user": rfid}),
        framed("session-start", {"user": rfid, "connector-id": planted["session"]}),
        framed("session-start", {"user": planted["card"], "connector-id": EVSE}),
        _cards(planted["card"]),
        _cards(planted["card"], partner=planted["partner"]),
        _post(planted["session"]),
        _post(planted["session"], partner=planted["partner"]),
        planted["call"].encode(),
        _stop(planted["evco"]),
        framed("session-start", {"user": rfid, "connector-id": EVSE}),
    ):
        await call(house.webhook_url, body)
        await house.home.advance(1)
    await house.home.run(600)
    assert len(_moves(house)) >= 2
    secrets = [KEY, PARTNER, OTHER_EVCO, house.home.entry.data["webhook_id"], *planted.values()]
    # The name of a partner's session is none of a person.
    secrets.remove(planted["session"])
    ours = [each for each in caplog.records if each.name.startswith(PACKAGE)]
    assert ours
    formatter = logging.Formatter()
    lines = [formatter.format(each) for each in ours]
    assert [line for line in lines if any(secret in line for secret in secrets)] == []
    assert {name for name, text in planted.items() if text in str(ours)} == set()


async def test_other_partners_do_not_fill_the_log(
    house: GuestHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that a call which is refused again and again is told once."""
    caplog.clear()
    for _ in range(30):
        assert await _send(house, _cards(CARD, partner="another-partner-0815")) == (400, 211)
    warned = [each for each in caplog.records if each.levelno >= logging.WARNING]
    ours = [each.getMessage() for each in warned if each.name.startswith(PACKAGE)]
    assert len(ours) == 1
