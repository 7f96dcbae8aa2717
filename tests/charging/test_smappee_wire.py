"""Tests of Smappee's sessions in JSON."""

from datetime import UTC, datetime
import json
from typing import Any

from hypothesis import given, settings, strategies as st
import msgspec
import pytest

from custom_components.ev_charging_sessions.charging.backends.smappee import checked_rfid
from custom_components.ev_charging_sessions.charging.backends.smappee_wire import (
    decode_items,
    decode_service_locations,
    decode_session,
    error_code,
)
from custom_components.ev_charging_sessions.charging.errors import (
    InvalidInputError,
    UnexpectedAnswerError,
)
from custom_components.ev_charging_sessions.charging.model import (
    ChargingMode,
    Session,
    SessionStatus,
    Source,
)

from .park_owner import ACCOUNT
from .secrets import assert_silent, said_by
from .smappee_answers import DOCUMENTED, ENDED, RUNNING, decoded, locate, session_of, without


def test_documented_session() -> None:
    """Test the sample of the documentation, whose status is a list of all of them."""
    assert session_of(DOCUMENTED) == Session(
        account=ACCOUNT,
        session_id="123",
        charge_point_id="5820999999",
        card_id="THERFIDTHATSTARTEDTHESESSION",
        status=SessionStatus.FINISHED,
        started=datetime(2021, 10, 31, 23, tzinfo=UTC),
        ended=datetime(2021, 11, 17, 23, tzinfo=UTC),
        energy=14.25,
        energy_source=Source.METERED,
    )


def test_running_session() -> None:
    """Test a session as clients see it while it runs."""
    item = decoded(RUNNING)
    assert item.session == Session(
        account=ACCOUNT,
        session_id="987654",
        charge_point_id="6020999999-1",
        card_id="04523022AA4881",
        status=SessionStatus.CHARGING,
        started=datetime(2024, 3, 9, 16, tzinfo=UTC),
        energy=3.4,
        energy_source=Source.REPORTED,
    )
    assert (item.session_id, item.mode) == ("987654", ChargingMode.NORMAL)
    assert (item.is_open, item.is_initial) == (True, False)


def test_ended_session() -> None:
    """Test that the meter of an ended session counts, and not what was reckoned."""
    item = decoded(ENDED)
    assert item.session.ended == datetime(2024, 3, 8, 15, 13, 20, tzinfo=UTC)
    assert (item.session.energy, item.session.energy_source) == (14.25, Source.METERED)
    assert not item.is_open
    assert item.mode is ChargingMode.SMART


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ([], 0),
        (None, 0),
        ([RUNNING, ENDED], 2),
        (RUNNING, 1),
    ],
)
@pytest.mark.parametrize("space", ["", " \r\n\t "])
def test_answers(body: Any, count: int, space: str) -> None:
    """Test a list, a bare object, and nothing."""
    items = decode_items((space + json.dumps(body) + space).encode())
    assert len(items) == count
    assert [json.loads(bytes(item)) for item in items] == (
        body if isinstance(body, list) else [body] * count
    )


@pytest.mark.parametrize("body", ["5", '"text"', "true", "false"])
def test_answers_of_another_kind(body: str) -> None:
    """Test that anything else is no answer about sessions."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        decode_items(body.encode())
    assert caught.value.path == "$"


@pytest.mark.parametrize("body", ["", "   ", "<html>", "[", "[1,", "{", "nul", "\udcff"])
def test_answers_that_are_no_json(body: str) -> None:
    """Test that what is not JSON is left to the transport."""
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        decode_items(body.encode(errors="surrogateescape"))


@pytest.mark.parametrize(
    ("connector", "point"),
    [
        (2, "6020999999-2"),
        ("2", "6020999999-2"),
        ({"number": 2}, "6020999999-2"),
        ({"number": "2", "uuid": "u"}, "6020999999-2"),
        ({"position": 2}, "6020999999-2"),
        ({"number": 1, "position": 2}, "6020999999-1"),
        (0, "6020999999-0"),
        ({"number": None, "position": 2}, "6020999999-2"),
        *(
            (nothing, "6020999999")
            for nothing in (None, "", {}, [1], {"number": [1]}, "left", -1, "1.5", 10**400, True)
        ),
    ],
)
def test_connectors(connector: object, point: str) -> None:
    """Test every way in which a connector is told, or not."""
    assert session_of(RUNNING | {"connector": connector}).charge_point_id == point


@pytest.mark.parametrize(
    ("changes", "point"),
    [
        ({"serialNumber": 6020999999}, "6020999999-1"),
        ({"serialNumber": None, "chargingStationSerial": "6020999999"}, "6020999999-1"),
        ({"chargingStationSerial": "1"}, "6020999999-1"),
    ],
)
def test_stations(changes: dict[str, object], point: str) -> None:
    """Test the spellings of a station's serial number."""
    assert session_of(RUNNING | changes).charge_point_id == point


@pytest.mark.parametrize(
    ("rfid", "card"),
    [
        ("04523022aa4881", "04523022AA4881"),
        (" 04:52-30 22:AA:48:81 ", "04523022AA4881"),
        (4523022, "4523022"),
        ("ém:1", "ÉM:1"),
        ("abc", "ABC"),
        ("  ", None),
        ("", None),
        (None, None),
    ],
)
@pytest.mark.parametrize("key", ["rfid", "rfidToken"])
def test_cards(rfid: str | None, card: str | None, key: str) -> None:
    """Test that a card has one spelling, and that one of another form is kept."""
    assert session_of(without(RUNNING, "rfid") | {key: rfid}).card_id == card


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"status": "STARTED"}, SessionStatus.CONNECTED),
        ({"status": "started"}, SessionStatus.CONNECTED),
        ({"status": "STARTED", "suspendedByUser": True}, SessionStatus.SUSPENDED),
        ({"status": "CHARGING", "suspendedByUser": True}, SessionStatus.CHARGING),
        ({"status": "SUSPENDED"}, SessionStatus.SUSPENDED),
        ({"status": "STOPPING"}, SessionStatus.STOPPING),
        ({"status": "STOPPED"}, SessionStatus.FINISHED),
        ({"status": "COMPLETED"}, SessionStatus.FINISHED),
        ({"status": "hibernating"}, None),
        ({"status": "hibernating", "to": 1710000009000}, SessionStatus.FINISHED),
        ({"status": None}, None),
        ({"status": None, "to": 1710000009000}, SessionStatus.FINISHED),
        ({"status": "hibernating", "to": 0}, None),
    ],
)
def test_statuses(changes: dict[str, Any], status: SessionStatus | None) -> None:
    """Test every status, and those that nobody knows."""
    item = decoded(RUNNING | changes)
    assert item.session.status is status
    assert item.is_open is item.session.is_open
    assert not item.is_initial


def test_initial_is_no_session_yet() -> None:
    """Test that the status that stands for none is told apart."""
    assert decoded(RUNNING | {"status": "INITIAL"}).is_initial


@pytest.mark.parametrize(
    ("changes", "mode"),
    [
        ({"smartMode": "NORMAL"}, ChargingMode.NORMAL),
        ({"smartMode": "standard"}, ChargingMode.NORMAL),
        ({"smartMode": "SMART"}, ChargingMode.SMART),
        ({"smartMode": "SOLAR"}, ChargingMode.SMART),
        ({"smartMode": "LUNAR"}, None),
        ({"smartMode": None}, None),
        ({"smartMode": "SMART", "suspendedByUser": True}, ChargingMode.PAUSED),
        ({"smartMode": None, "suspendedByUser": True}, ChargingMode.PAUSED),
        ({"smartMode": None, "suspendedByUser": None}, None),
        ({"smartMode": "SMART", "suspendedByUser": "true"}, ChargingMode.PAUSED),
        ({"smartMode": "SMART", "suspendedByUser": {}}, ChargingMode.SMART),
        ({"smartMode": {}, "suspendedByUser": []}, None),
    ],
)
def test_modes(changes: dict[str, object], mode: ChargingMode | None) -> None:
    """Test what a session tells of the mode of its connector."""
    assert decoded(RUNNING | changes).mode is mode


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1710000000000, 1710000000),
        (1710000000123, 1710000000.123),
        (1710000000000.5, 1710000000.0005),
        ("1710000000000", 1710000000),
        (1710000000, 1710000000),
        ("1710000000", 1710000000),
        (0, None),
        ("", None),
        (None, None),
    ],
)
def test_times(value: object, seconds: float | None) -> None:
    """Test milliseconds, the seconds some clients have seen, and nothing."""
    started = session_of(RUNNING | {"from": value}).started
    assert started == (None if seconds is None else datetime.fromtimestamp(seconds, UTC))


def test_the_end_of_an_open_session() -> None:
    """Test that a session that is not over has no end, nor one that ended before it began."""
    assert session_of(ENDED | {"status": "CHARGING"}).ended is None
    assert session_of(ENDED | {"to": 1709899999999}).ended is None


@pytest.mark.parametrize(
    ("changes", "energy", "source"),
    [
        ({"startReading": "100.96", "stopReading": "115.21"}, 14.25, Source.METERED),
        ({"startReading": 0, "stopReading": 0}, 0, Source.METERED),
        ({"startReading": 0.1, "stopReading": 0.3}, 0.2, Source.METERED),
        ({"startReading": 116}, 14.3, Source.REPORTED),
        ({"stopReading": None}, 14.3, Source.REPORTED),
        ({"stopReading": "inf"}, 14.3, Source.REPORTED),
        ({"stopReading": None, "energy": "14.25"}, 14.25, Source.REPORTED),
        ({"stopReading": None, "energy": 0}, 0, Source.REPORTED),
        ({"stopReading": None, "energy": -1}, None, None),
        ({"stopReading": None, "energy": "nan"}, None, None),
        ({"stopReading": None, "energy": ""}, None, None),
        ({"stopReading": None, "energy": None}, None, None),
    ],
)
def test_energies(changes: dict[str, object], energy: float | None, source: Source | None) -> None:
    """Test the meter, what the network reckons, and neither."""
    session = session_of(ENDED | changes)
    assert (session.energy, session.energy_source) == (energy, source)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": None}, "id"),
        ({"id": ""}, "id"),
        ({"id": True}, "id"),
        ({"id": [1]}, "id"),
        ({"serialNumber": None}, "serialNumber"),
        ({"serialNumber": "../../token"}, "serialNumber"),
        ({"serialNumber": "60-1"}, "serialNumber"),
        ({"serialNumber": ""}, "serialNumber"),
        ({"serialNumber": "x" * 65}, "serialNumber"),
        ({"from": {"a": 1}}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"from": -1}, "from"),
        ({"from": 1e30}, "from"),
        ({"from": "inf"}, "from"),
        ({"from": "nan"}, "from"),
        ({"to": "1e999"}, "to"),
        ({"status": 5}, "status"),
        ({"rfid": {"a": 1}}, "rfid"),
        ({"startReading": "many"}, "startReading"),
        ({"energy": [1]}, "energy"),
    ],
)
def test_sessions_that_cannot_be_read(changes: dict[str, Any], field: str) -> None:
    """Test that the field is named, and nothing of what it says."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        decoded(RUNNING | changes)
    assert caught.value.path == f"sessions[].{field}"
    assert caught.value.__context__ is None


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*RUNNING, "to", "stopReading", "rfidToken", "connectorUuid"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=3,
        ),
    )
)
def test_any_session(changes: dict[str, Any]) -> None:
    """Test that whatever is said leads to a session or to the one error for it."""
    raw = json.dumps(RUNNING | changes).encode()
    failure: UnexpectedAnswerError | None = None
    try:
        item = decode_session(raw, ACCOUNT, locate)
    except UnexpectedAnswerError as err:
        failure = err
    else:
        assert item.session.session_id
        assert item.is_open is item.session.is_open
    if failure:
        assert failure.path.startswith("sessions[]")
        assert_silent(said_by(failure), {"04523022AA4881"})


@pytest.mark.parametrize(
    ("text", "rfid"),
    [("04:52:30:22:aa:48:81", "04523022AA4881"), (" 1234 ", "1234"), ("a-b c:d", "ABCD")],
)
def test_checked_rfid(text: str, rfid: str) -> None:
    """Test the canonical spelling of what a person enters."""
    assert checked_rfid(text) == rfid


@pytest.mark.parametrize("text", ["", "123", "04.52.30", "x" * 41, "04523022ÄA"])
def test_checked_rfid_refuses(text: str) -> None:
    """Test that what cannot be a card is refused without being repeated."""
    with pytest.raises(InvalidInputError) as caught:
        checked_rfid(text)
    assert (caught.value.field, caught.value.key) == ("identifier", "invalid_rfid")
    assert caught.value.__context__ is None


def test_service_locations() -> None:
    """Test that ids become text, and that a place without a name goes by its id."""
    body = {
        "appName": "x",
        "serviceLocations": [
            {"serviceLocationId": 123, "name": "Home"},
            {"serviceLocationId": "124", "name": None},
        ],
    }
    assert decode_service_locations(json.dumps(body).encode()) == {"123": "Home", "124": "124"}
    assert decode_service_locations(b'{"appName": "x"}') == {}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ("[]", "$"),
        ('{"serviceLocations": 5}', "serviceLocations"),
        ('{"serviceLocations": [{"name": "x"}]}', "serviceLocations[0]"),
        (
            '{"serviceLocations": [{"serviceLocationId": "../x"}]}',
            "serviceLocations[].serviceLocationId",
        ),
    ],
)
def test_service_locations_that_cannot_be_read(body: str, path: str) -> None:
    """Test that a list of places that is wrong is not taken for a shorter one."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        decode_service_locations(body.encode())
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"error": "invalid_grant", "error_description": "the token abc"}', "invalid_grant"),
        ('{"code": "OUT_OF_RANGE", "error": "x y"}', "OUT_OF_RANGE"),
        ('{"error": "Card 04523022AA4881 is unknown"}', None),
        ('{"error": "E04523022"}', None),
        ('{"error": {"code": "a"}}', None),
        ('{"code": 400}', None),
        ('{"code": true}', None),
        ("unauthorized_client: Invalid Credentials", None),
        ("[]", None),
        ("", None),
        ("[" * 5000, None),
    ],
)
def test_error_codes(body: str, code: str | None) -> None:
    """Test that only a word that looks like a code gets through."""
    assert error_code(body.encode()) == code
