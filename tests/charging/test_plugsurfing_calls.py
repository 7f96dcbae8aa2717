"""Tests of what the network's calls mean."""

from datetime import UTC, datetime

import pytest

from custom_components.ev_charging_sessions.charging.backends.plugsurfing_calls import (
    Call,
    CancelReservation,
    PostCards,
    PostSession,
    Reserve,
    Start,
    Stop,
    decode_call,
)
from custom_components.ev_charging_sessions.charging.backends.plugsurfing_codes import ResultCode
from custom_components.ev_charging_sessions.charging.model import (
    CardType,
    SessionStatus,
)

from .plugsurfing_samples import (
    ACCOUNT,
    CONNECTOR,
    FINISHED,
    PARTNER,
    SECRETS,
    body_of,
    changed,
    posted,
    refused,
    sample,
)
from .secrets import assert_silent

RECEIVED = ("session-start", "session-stop", "rfid-post", "session-post", "reservation-start")


@pytest.mark.parametrize(
    ("call", "meaning"),
    [
        (
            "session-start",
            Start(
                card_id="DE*8PS*123456*7",
                card_type=CardType.EVCO_ID,
                connector_id="1356",
                payment_reference="1212",
            ),
        ),
        (
            "session-stop",
            Stop(
                card_id="DE*8PS*123456*7",
                card_type=CardType.EVCO_ID,
                connector_id="1356",
                session_id="dfdf",
            ),
        ),
        ("rfid-post", PostCards(cards=("12345678", "ABCDEFAB"), partner_identifier=PARTNER)),
        ("reservation-start", Reserve(connector_id=CONNECTOR)),
        ("reservation-stop", CancelReservation(connector_id=None)),
    ],
)
def test_examples(call: str, meaning: Call) -> None:
    """Test every call of the documentation that comes in."""
    decoded = decode_call(body_of(sample(call)))
    assert decoded == meaning
    assert decoded.call_name == call
    assert_silent(repr(decoded), SECRETS)


def test_a_partner_posts_a_session() -> None:
    """Test the seed's example as one who receives it."""
    call = decode_call(body_of(sample("session-post")))
    assert isinstance(call, PostSession)
    assert (call.connector_id, call.partner_identifier) == (CONNECTOR, PARTNER)
    assert call.session(ACCOUNT) == FINISHED
    assert_silent(repr(call), SECRETS)


def test_a_partner_posts_a_session_that_runs() -> None:
    """Test the least that can be told."""
    body = sample("session-post")
    for name in ("charging-interval", "energy-consumed", "calculated-cost"):
        del body["session-post"][name]
    del body["session-post"]["session-interval"]["stop"]
    call = decode_call(body_of(body))
    assert isinstance(call, PostSession)
    session = call.session(ACCOUNT)
    assert (session.status, session.is_open) == (SessionStatus.CHARGING, True)
    assert session.started == datetime(2010, 1, 1, 11, tzinfo=UTC)
    assert (session.ended, session.energy, session.energy_source) == (None, None, None)
    assert (session.cost, session.updated) == (None, None)


@pytest.mark.parametrize("path", ["charging-interval", "energy-consumed", "calculated-cost"])
def test_null_is_nothing(path: str) -> None:
    """Test that what is optional may also be null."""
    assert decode_call(changed("session-post", path, None)) == decode_call(
        changed("session-post", path, ...)
    )


def test_the_names_of_the_interface_for_apps() -> None:
    """Test ``end`` for ``stop`` and camel case."""
    body = {
        "session-post": {
            "user": {"identifierType": "rfid", "identifier": "12345678"},
            "sessionId": "abcdef-123456-abc123-456def",
            "connectorId": CONNECTOR,
            "sessionInterval": {
                "start": "2010-01-01T11:00:00+00:00",
                "end": "2010-01-01T17:00:00+00:00",
            },
            "chargingInterval": {
                "start": "2010-01-01T12:00:00+00:00",
                "end": "2010-01-01T16:00:00+00:00",
            },
            "energyConsumed": 16.5,
            "calculatedCost": {"amount": "14.32", "currency": "eur"},
            "partnerIdentifier": PARTNER,
        }
    }
    assert posted(body_of(body)).session(ACCOUNT) == FINISHED


def test_the_documented_name_counts() -> None:
    """Test that a value under a name of the interface for apps does not displace it."""
    call = decode_call(START.replace(b'"connector-id"', b'"connectorId": 5, "connector-id"'))
    assert call == decode_call(START)


def test_unknown_fields_are_accepted_everywhere() -> None:
    """Test that what is added one day costs no call."""
    extra = {"new": [{"x": 1, "y": ["@"]}], "nul": "\0", "half": "\ud800", "big": 1e300}

    def widened(part: object) -> object:
        if isinstance(part, dict):
            return {name: widened(each) for name, each in part.items()} | extra
        return [widened(each) for each in part] if isinstance(part, list) else part

    for call in RECEIVED:
        ((name, fields),) = sample(call).items()
        body = body_of({name: widened(fields)}).replace(b'"@"', b"9" * 5000, 1)
        assert decode_call(body) == decode_call(body_of(sample(call)))


@pytest.mark.parametrize("kind", ["evco-id", "EVCO-ID", "evco_id"])
def test_kinds_of_identifiers(kind: str) -> None:
    """Test that their spelling does not matter."""
    call = decode_call(changed("session-start", "user.identifier-type", kind))
    assert isinstance(call, Start)
    assert call.card_type is CardType.EVCO_ID


@pytest.mark.parametrize(
    ("kind", "card_type", "card_id"),
    [
        ("rfid", CardType.RFID, "04523022AA4881"),
        ("username", CardType.USERNAME, "04:52:30:22:aa:48:81"),
        ("token", CardType.TOKEN, "04:52:30:22:aa:48:81"),
    ],
)
def test_cards_of_every_kind(kind: str, card_type: CardType, card_id: str) -> None:
    """Test that only a card has one canonical spelling."""
    user = {"identifier-type": kind, "identifier": " 04:52:30:22:aa:48:81 ", "token": "secret"}
    for name in ("session-start", "session-stop"):
        call = decode_call(changed(name, "user", user))
        assert isinstance(call, Start | Stop)
        assert (call.card_type, call.card_id) == (card_type, card_id)
        assert_silent(repr(call), {card_id, "secret"})


def test_a_card_listed_twice_is_one() -> None:
    """Test that the list of cards says each once, in its canonical spelling."""
    call = decode_call(changed("rfid-post", "rfids", ["abcdefab", "ABCDEFAB", "AB:CD:EF:AB"]))
    assert isinstance(call, PostCards)
    assert call.cards == ("ABCDEFAB",)


def test_an_empty_list_of_cards() -> None:
    """Test that no card may charge any longer."""
    call = decode_call(changed("rfid-post", "rfids", []))
    assert isinstance(call, PostCards)
    assert call.cards == ()


START = body_of(sample("session-start"))


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b" ", b"null", b"[]", b"5", b'"session-start"', b"{}", b"{", b"<html>", b"\xff\xfe"),
        b"[" * 1_000_000,
        b'{"session-start":' * 100_000,
        b'{"session-start":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        START[:-1],
        START + b"}",
        START + START,
        b"\xef\xbb\xbf" + START,
        START.decode().encode("utf-16"),
        START.decode().encode("utf-32"),
        START.replace(b"1356", b"13\xff56"),
        START.replace(b"1356", b"13\n56"),
        START.replace(b'"1356"', b"NaN"),
        b'{"session-start": null, "session-stop": null}',
        START[:-1] + b', "extra": 1}',
        # Whatever comes first or last, one of the two would be overlooked.
        START[:-1] + b"," + START[1:],
        START.replace(b'"connector-id"', b'"connector-id": "1", "connector-id"'),
        START.replace(b'"identifier"', b'"identifier": "secret", "identifier"'),
        START.replace(b'"connector-id"', b'"x": {"y": 1, "y": 2}, "connector-id"'),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_frames(body: bytes) -> None:
    """Test everything around a call that can be wrong."""
    error = refused(body)
    assert (error.code, error.call_name) == (ResultCode.INVALID_FORMAT, None)


@pytest.mark.parametrize("fields", [None, 5, "secret", [], ["secret"], True])
def test_below_a_call_is_an_object(fields: object) -> None:
    """Test what cannot hold the fields of a call."""
    for call in (*RECEIVED, "reservation-stop"):
        error = refused(body_of({call: fields}))
        assert (error.code, error.call_name) == (ResultCode.INVALID_FORMAT, call)


@pytest.mark.parametrize(
    "name",
    ["station-post", "rfid-verify", "Session-Start", "session_start", "secret", "", "\ud800"],
)
def test_unknown_calls(name: str) -> None:
    """Test that there is no call but those that are ours to take."""
    error = refused(body_of({name: {}}))
    assert (error.code, error.call_name) == (ResultCode.CLIENT_ERROR, None)
