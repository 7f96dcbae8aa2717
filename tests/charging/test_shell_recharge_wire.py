"""Tests of Shell Recharge's JSON: every generation, and whatever else may come."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
import json
from typing import Any

from hypothesis import given, strategies as st
import msgspec
import pytest

from custom_components.ev_charging_sessions.charging.backends.shell_recharge_locations_wire import (
    charge_point,
    decode_location,
)
from custom_components.ev_charging_sessions.charging.backends.shell_recharge_wire import (
    decode_items,
    decode_session,
    decode_started,
    decode_token,
    error_code,
)
from custom_components.ev_charging_sessions.charging.errors import (
    ChargingError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from custom_components.ev_charging_sessions.charging.model import (
    ChargePointStatus,
    Session,
    SessionStatus,
)
from custom_components.ev_charging_sessions.charging.tariff import PriceComponentType

from .driver import ACCOUNT, EVSE
from .secrets import said_by

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SESSION_ID = "78b5d7a3-bdba-43d7-9851-1c84fcddb782"

# The published samples, from the seed and the documentation of SDK 2.2.0.
RETRIEVED = {
    "id": SESSION_ID,
    "userId": "281482b6-2c9a-4fd1-b3ea-1928edb40ef9",
    "emaId": "NL-TNM-C00122045-K",
    "evseId": EVSE,
    "lastUpdated": "2024-06-19T07:36:57.985998Z",
    "startedAt": "2024-06-19T11:20:27Z",
    "stoppedAt": "2014-06-19T12:20:27Z",
    "sessionState": {"status": "Started"},
}
ACTIVE = {
    "id": SESSION_ID,
    "userId": "281482b6-2c9a-4fd1-b3ea-1928edb40ef9",
    "emaId": "NL-TNM-C00122045-K",
    "evseId": EVSE,
    "startedAt": "2015-08-19T11:20:27Z",
    "stoppedAt": "2015-08-19T11:20:27Z",
    "SessionState": {"status": "Started"},
    "lastUpdated": "2024-07-17T07:36:57.985998Z",
}
LOCATION: dict[str, Any] = {
    "uid": "NL*MKS*E0000001*0",
    "operatorName": "TheNewMotion",
    "evses": [
        {
            "uid": "NL*MKS*E0000001*0_1",
            "evseId": "NL*TNM*E01000401*0",
            "status": "Available",
            "updated": "2021-10-06T10:44:24Z",
            "connectors": [
                {
                    "uid": "2",
                    "connectorType": "Type2",
                    "electricalProperties": {"powerType": "AC1Phase", "maxElectricPower": 232.04},
                }
            ],
            "authorizationMethods": ["NewMotionApp"],
        }
    ],
}
TARIFF_V1 = {"startFee": 0.0, "perMinute": 0.12, "perKWh": 0.89, "currency": "EUR"}


def wrapped(*items: Any, **changes: Any) -> bytes:
    """Return an answer of the current generation."""
    envelope = {"requestId": "9d2dee33", "status": "SUCCESS", "data": list(items)}
    return json.dumps(envelope | changes).encode()


def decoded(item: Any) -> Session:
    """Decode one session."""
    return decode_session(json.dumps(item).encode(), ACCOUNT, NOW)


def rejected(item: Any) -> str:
    """Return where a session is rotten; its values are said nowhere."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        decoded(item)
    assert "rotten" not in said_by(caught.value)
    assert caught.value.__context__ is None
    return caught.value.path


@pytest.mark.parametrize(
    ("item", "started", "updated"),
    [
        (
            RETRIEVED,
            datetime(2024, 6, 19, 11, 20, 27, tzinfo=UTC),
            datetime(2024, 6, 19, 7, 36, 57, 985998, UTC),
        ),
        (
            ACTIVE,
            datetime(2015, 8, 19, 11, 20, 27, tzinfo=UTC),
            datetime(2024, 7, 17, 7, 36, 57, 985998, UTC),
        ),
    ],
)
def test_published_samples(item: Any, started: datetime, updated: datetime) -> None:
    """Test both samples; the end that a running session claims is dropped."""
    (raw,) = decode_items(wrapped(item))
    assert decode_session(raw, ACCOUNT, NOW) == Session(
        account=ACCOUNT,
        session_id=SESSION_ID,
        charge_point_id=EVSE,
        card_id="NL-TNM-C00122045-K",
        status=SessionStatus.CHARGING,
        started=started,
        updated=updated,
    )


@pytest.mark.parametrize("key", ["SessionState", "Sessionstate"])
def test_first_generation(key: str) -> None:
    """Test capital keys, a state that is plain text, and a code beside it."""
    item = {
        "Id": SESSION_ID,
        "EmaId": "NL-TNM-C0216599X-A",
        "EvseId": "nl*tnm*evirtualcp0002*0",
        "StartedAt": "2022-10-21T09:56:59.725Z",
        "StoppedAt": None,
        key: "failed-to-start",
        "SessionCode": "EvNotConnectedToEvse",
        "SessionMessage": "No car",
    }
    body = json.dumps({"RequestId": "1", "Status": "SUCCESS", "Data": [item]}).encode()
    (raw,) = decode_items(body)
    assert decode_session(raw, ACCOUNT, NOW) == Session(
        account=ACCOUNT,
        session_id=SESSION_ID,
        charge_point_id="NL*TNM*EVIRTUALCP0002*0",
        card_id="NL-TNM-C0216599X-A",
        status=SessionStatus.FAILED,
        started=datetime(2022, 10, 21, 9, 56, 59, 725000, UTC),
        error_code="EvNotConnectedToEvse",
    )


@pytest.mark.parametrize("spell", [str.lower, str.upper, str.capitalize])
def test_keys_in_any_case(spell: Any) -> None:
    """Test that no capital letter hides a value, at any depth."""
    item = {
        spell(key): value if key != "sessionState" else {spell("status"): "Stopped"}
        for key, value in RETRIEVED.items()
    }
    session = decoded(item)
    assert session.status is SessionStatus.FINISHED
    assert (session.charge_point_id, session.card_id) == (EVSE, "NL-TNM-C00122045-K")
    assert session.started == datetime(2024, 6, 19, 11, 20, 27, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("start-requested", SessionStatus.STARTING),
        ("started", SessionStatus.CHARGING),
        ("stop-requested", SessionStatus.STOPPING),
        ("stopped", SessionStatus.FINISHED),
        ("failed-to-start", SessionStatus.FAILED),
        ("failed-to-stop", SessionStatus.STOP_FAILED),
    ],
)
def test_words_for_a_status(word: str, status: SessionStatus) -> None:
    """Test every word in every spelling, as an object and as plain text."""
    parts = word.split("-")
    for spelling in (
        word,
        word.upper(),
        "_".join(parts).upper(),
        " ".join(parts),
        "".join(part.capitalize() for part in parts),
        "".join(parts),
    ):
        assert decoded(RETRIEVED | {"sessionState": {"status": spelling}}).status is status
        assert decoded(RETRIEVED | {"sessionState": spelling}).status is status


@pytest.mark.parametrize(
    "state", [{"status": "hibernating"}, "hibernating", {}, {"status": None}, "", None]
)
def test_a_status_that_nobody_knows(state: Any) -> None:
    """Test that an unknown status is unknown, and the session is not."""
    session = decoded(RETRIEVED | {"sessionState": state})
    assert (session.status, session.session_id) == (None, SESSION_ID)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-06-19T11:20:27Z", datetime(2024, 6, 19, 11, 20, 27, tzinfo=UTC)),
        ("2024-06-19T11:20:27.725Z", datetime(2024, 6, 19, 11, 20, 27, 725000, UTC)),
        ("2024-06-19T11:20:27.985998Z", datetime(2024, 6, 19, 11, 20, 27, 985998, UTC)),
        ("2024-06-19T11:20:27.9859987Z", datetime(2024, 6, 19, 11, 20, 27, 985998, UTC)),
        ("2024-06-19T13:20:27+02:00", datetime(2024, 6, 19, 11, 20, 27, tzinfo=UTC)),
        ("2024-06-19T11:20:27", datetime(2024, 6, 19, 11, 20, 27, tzinfo=UTC)),
        ("08/19/2015 11:20:27", datetime(2015, 8, 19, 11, 20, 27, tzinfo=UTC)),
        ("", None),
        (None, None),
    ],
)
def test_notations_of_times(text: str | None, time: datetime | None) -> None:
    """Test every notation of the vendor, and that all times are UTC."""
    started = decoded(RETRIEVED | {"startedAt": text}).started
    assert started == time
    assert started is None or started.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    ["rotten", "19/08/2015 11:20:27", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"],
)
@pytest.mark.parametrize("field", ["startedAt", "stoppedAt", "lastUpdated"])
def test_times_that_are_none(field: str, text: str) -> None:
    """Test that a time nobody can read is named by its field."""
    assert rejected(RETRIEVED | {field: text}) == f"data[].{field}"


@pytest.mark.parametrize(
    ("status", "stopped", "ended"),
    [
        ("Stopped", "2024-06-19T12:00:00Z", datetime(2024, 6, 19, 12, tzinfo=UTC)),
        ("Stopped", "2014-06-19T12:00:00Z", None),
        ("Stopped", None, None),
        ("Started", "2024-06-19T12:00:00Z", None),
        ("FailedToStop", "2024-06-19T12:00:00Z", None),
    ],
)
def test_ends(status: str, stopped: str | None, ended: datetime | None) -> None:
    """Test that only an ended session has an end, and none before its start."""
    session = decoded(RETRIEVED | {"sessionState": {"status": status}, "stoppedAt": stopped})
    assert session.ended == ended


@pytest.mark.parametrize(("ahead", "counts"), [(23, True), (25, False)])
def test_a_time_stamp_from_the_future(ahead: int, counts: bool) -> None:
    """Test that a wrong clock is forgiven and a wrong date cannot win for ever."""
    updated = NOW + timedelta(hours=ahead)
    session = decoded(RETRIEVED | {"lastUpdated": updated.isoformat()})
    assert session.updated == (updated if counts else None)


@pytest.mark.parametrize(
    ("item", "path"),
    [
        (RETRIEVED | {"startedAt": {"rotten": 1}}, "data[].startedAt"),
        (RETRIEVED | {"id": 5}, "data[].id"),
        (RETRIEVED | {"id": None}, "data[].id"),
        (RETRIEVED | {"id": ""}, "data[].id"),
        (RETRIEVED | {"evseId": ["rotten"]}, "data[].evseId"),
        (RETRIEVED | {"sessionState": 7}, "data[].sessionState"),
        (RETRIEVED | {"sessionState": {"status": 7}}, "data[].sessionState.status"),
        (RETRIEVED | {"sessionState": {"error": "rotten"}}, "data[].sessionState.error"),
        ({"Id": SESSION_ID, "StartedAt": {"rotten": 1}}, "data[].startedAt"),
        ({"SessionState": "Started"}, "data[].id"),
        ("rotten", "data[]"),
        (None, "data[]"),
        ([], "data[]"),
    ],
)
def test_rotten_sessions(item: Any, path: str) -> None:
    """Test that a rotten field is named, in today's spelling and without its value."""
    assert rejected(item) == path


@pytest.mark.parametrize(
    "raw",
    [b'{"id": "\xff"}', b'{"Id": "\xff", "SessionState": "Started"}', b'{"\xff": 1, "Id": "a"}'],
)
def test_sessions_that_are_no_text(raw: bytes) -> None:
    """Test that bytes nobody can read, deep inside a good answer, are one rotten session."""
    (item,) = decode_items(b'{"data": [' + raw + b"]}")
    with pytest.raises(UnexpectedAnswerError) as caught:
        decode_session(item, ACCOUNT, NOW)
    assert caught.value.__context__ is None


def test_a_rotten_one_among_good_ones() -> None:
    """Test that an answer is split before anything in it is read."""
    items = decode_items(wrapped(ACTIVE, {"id": {"rotten": 1}}, RETRIEVED))
    assert decode_session(items[0], ACCOUNT, NOW).session_id == SESSION_ID
    assert decode_session(items[2], ACCOUNT, NOW).session_id == SESSION_ID
    with pytest.raises(UnexpectedAnswerError):
        decode_session(items[1], ACCOUNT, NOW)


@pytest.mark.parametrize(
    "body", [b'{"status": "SUCCESS"}', b'{"data": null}', b'{"Data": []}', b"{}"]
)
def test_answers_without_data(body: bytes) -> None:
    """Test that no data means no items."""
    assert decode_items(body) == []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"data": {}}', "data"),
        (b'{"Data": 5}', "Data"),
        (b"[]", "$"),
        (b'{"status": []}', "status"),
    ],
)
def test_answers_of_another_shape(body: bytes, path: str) -> None:
    """Test that an envelope that is none is named."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        decode_items(body)
    assert caught.value.path == path


@pytest.mark.parametrize("status", ["FAILED", "Failed", "failed"])
@pytest.mark.parametrize("key", ["status", "Status"])
def test_refusals_inside_a_good_status(key: str, status: str) -> None:
    """Test that FAILED is a refusal, with the code if there is one."""
    body = {key: status, "errors": [{"code": "E0038"}]}
    with pytest.raises(RequestRejectedError) as caught:
        decode_items(json.dumps(body).encode())
    assert (caught.value.code, caught.value.status) == ("E0038", 200)
    with pytest.raises(RequestRejectedError) as caught:
        decode_items(json.dumps({key: status, "errors": "odd"}).encode())
    assert caught.value.code == "FAILED"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"status": "FAILED", "errors": [{"code": "E0001", "details": ["x"]}]}, "E0001"),
        ({"errors": [{"code": "E0005"}], "details": ["x"]}, "E0005"),
        ({"Status": "SUCCESS", "Errors": [{"Code": "E0006", "AdditionalInfo": {}}]}, "E0006"),
        ({"code": "InvalidToken", "message": "x"}, "InvalidToken"),
        ({"error": "invalid_client", "error_descrription": "x"}, "invalid_client"),
        (
            {"ErrorCode": "invalid_request", "Error": "Unsupported grant type : x"},
            "invalid_request",
        ),
        ({"errors": []}, None),
        ({"errors": [{}]}, None),
        ({"errors": ["E0001"]}, None),
        ({"errors": [{"code": 5}]}, None),
        ([], None),
        (None, None),
        # What could be an identifier that is quoted back at us is no code.
        ({"code": "NL-TNM-C00122045-K"}, None),
        ({"code": "NLTNMC00122045K"}, None),
        ({"code": SESSION_ID}, None),
        ({"code": "a3e332f0-1bb2-4f50-a96b-e075bbb71e68"}, None),
        ({"code": "demo-secret"}, None),
        ({"code": "DEADBEEF01"}, None),
        ({"code": "card NL-TNM-C00122045-K unknown"}, None),
        ({"code": "E1234567890"}, None),
        ({"code": "x" * 41}, None),
        ({"code": "E0001\n"}, None),
    ],
)
def test_codes_of_errors(body: Any, code: str | None) -> None:
    """Test every published shape, and that nothing but a code comes through as one."""
    assert error_code(json.dumps(body).encode()) == code
    if isinstance(body, dict) and "code" in body:
        state = {"status": "failed-to-start", "error": {"code": body["code"], "message": "x"}}
        assert decoded(RETRIEVED | {"sessionState": state}).error_code == code


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b'{"code": "\xff"}', b'{"a":' * 100000])
def test_errors_that_say_nothing(body: bytes) -> None:
    """Test that the body of a refusal can be anything."""
    assert error_code(body) is None


@pytest.mark.parametrize(
    ("items", "session_id"),
    [
        ([{"sessionId": "c3e332f0"}], "c3e332f0"),
        ([{"SessionId": "c3e332f0"}], "c3e332f0"),
        ([{}], None),
        ([{"sessionId": None}], None),
        ([{"sessionId": ""}], None),
        ([], None),
    ],
)
def test_started(items: list[Any], session_id: str | None) -> None:
    """Test the answer to a start, which may forget to name the session."""
    assert (decode_started(wrapped(*items)) or None) == session_id


def test_started_as_something_else() -> None:
    """Test that a session id of another type is named."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        decode_started(wrapped({"sessionId": 5}))
    assert caught.value.path == "data[].sessionId"


def location(**evse: Any) -> bytes:
    """Return the published location with a changed EVSE."""
    return json.dumps(LOCATION | {"evses": [LOCATION["evses"][0] | evse]}).encode()


def connector(**changes: Any) -> dict[str, Any]:
    """Return a connector of a location."""
    return {"connectorType": "Type2", "electricalProperties": None} | changes


def test_published_location() -> None:
    """Test the sample of v2: status, power, connector, operator."""
    found = charge_point(decode_location(location()), "NL*TNM*E01000401*0", NOW)
    assert found is not None
    assert (found.status, found.operator) == (ChargePointStatus.AVAILABLE, "TheNewMotion")
    assert (found.connector_type, found.max_power) == ("Type2", 232.04)
    assert (found.tariffs, found.updated) == ((), NOW)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Available", ChargePointStatus.AVAILABLE),
        ("OCCUPIED", ChargePointStatus.OCCUPIED),
        ("Unavailable", ChargePointStatus.OFFLINE),
        ("Unknown", None),
        ("Dancing", None),
        (None, None),
    ],
)
def test_status_of_an_evse(word: str | None, status: ChargePointStatus | None) -> None:
    """Test the four words, and any other."""
    found = charge_point(decode_location(location(status=word)), "NL*TNM*E01000401*0", NOW)
    assert found is not None
    assert found.status is status


@pytest.mark.parametrize(
    "body",
    [{"uid": 12}, {"uid": "x", "evses": None}, {"uid": "x", "evses": [{}, {"evseId": "other"}]}],
)
def test_locations_without_the_evse(body: Any) -> None:
    """Test that a location that does not have an EVSE says nothing about it."""
    assert charge_point(decode_location(json.dumps(body).encode()), EVSE, NOW) is None


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"operatorName": "x"}, "data[]"),
        ({"uid": []}, "data[].uid"),
        ({"uid": 1, "evses": [{"status": 5}]}, "data[].evses[0].status"),
    ],
)
def test_rotten_locations(body: Any, path: str) -> None:
    """Test that a rotten field of a location is named."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        decode_location(json.dumps(body).encode())
    assert caught.value.path == path


def test_tariff_of_v1() -> None:
    """Test three flat prices: a start, a minute, a kWh."""
    body = location(connectors=[connector(tariff=TARIFF_V1), connector(tariff=TARIFF_V1)])
    found = charge_point(decode_location(body), "NL*TNM*E01000401*0", NOW)
    assert found is not None
    (tariff,) = found.tariffs
    assert (tariff.currency, tariff.is_complete) == ("EUR", True)
    assert [(each.type, each.price, each.step_size, each.vat) for each in tariff.components] == [
        (PriceComponentType.FLAT, Decimal("0.0"), Decimal(1), None),
        (PriceComponentType.TIME, Decimal("0.12"), Decimal(60), None),
        (PriceComponentType.ENERGY, Decimal("0.89"), Decimal(1), None),
    ]


def test_tariff_of_v2() -> None:
    """Test prices per step, and that restricted prices make a tariff incomplete."""
    component = {"type": "energy", "price": 0.45, "stepSize": 1, "vat": 21}
    wire = {
        "tariffId": "T1",
        "tariffType": "DRIVER",
        "currency": "EUR",
        "minPrice": 1.5,
        "elements": [
            {"priceComponents": [component, {"type": "PARKING_TIME", "price": 1}]},
            {"priceComponents": [{"type": "NEW", "price": 1}], "restrictions": {}},
        ],
    }
    night = {"priceComponents": [component], "restrictions": {"startTime": "22:00"}}
    restricted = wire | {"elements": [night], "tariffId": "T2"}
    body = location(connectors=[connector(tariffs=[wire, restricted])])
    found = charge_point(decode_location(body), "NL*TNM*E01000401*0", NOW)
    assert found is not None
    always, at_times = found.tariffs
    assert [(each.type, each.price, each.step_size, each.vat) for each in always.components] == [
        (PriceComponentType.ENERGY, Decimal("0.45"), Decimal(1), Decimal(21)),
        (PriceComponentType.PARKING_TIME, Decimal(1), Decimal(1), None),
    ]
    assert (always.tariff_id, always.min_price, always.max_price) == ("T1", Decimal("1.5"), None)
    assert (always.is_complete, at_times.is_complete) == (True, False)
    assert at_times.components == ()


@pytest.mark.parametrize(
    "tariff",
    [
        {"tariffType": "REIMBURSEMENT", "currency": "EUR"},
        {"tariffType": "ROAMING", "currency": "EUR"},
        {"currency": "euro"},
        {"perKWh": 1},
        {"currency": "EUR", "perKWh": "much"},
        {"currency": "EUR", "elements": 5},
        "rotten",
        None,
    ],
)
def test_tariffs_that_are_none_of_the_drivers(tariff: Any) -> None:
    """Test that an unreadable or foreign tariff hides neither the status nor the others."""
    body = location(connectors=[connector(tariffs=[tariff, TARIFF_V1], tariff=tariff)])
    found = charge_point(decode_location(body), "NL*TNM*E01000401*0", NOW)
    assert found is not None
    assert found.status is ChargePointStatus.AVAILABLE
    assert len(found.tariffs) == 1


def test_a_price_that_is_no_number() -> None:
    """Test that a price of infinity is left out, and said to be missing."""
    body = location(connectors=[connector(tariff=TARIFF_V1 | {"perKWh": "NaN"})])
    found = charge_point(decode_location(body), "NL*TNM*E01000401*0", NOW)
    assert found is not None
    assert not found.tariffs[0].is_complete
    assert len(found.tariffs[0].components) == 2


_KEYS = st.sampled_from(
    [
        *RETRIEVED,
        *("data", "Data", "status", "Status", "error", "errors", "code", "SessionState", "Id"),
        *("uid", "evses", "connectors", "tariffs", "tariff", "currency", "price", "elements"),
        *("access_token", "expires_in", "sessionId"),
    ]
)
_VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([*map(str, RETRIEVED.values()), "FAILED", "08/19/2015 11:20:27", EVSE])
    | st.datetimes().map(datetime.isoformat)
)
JSON = st.recursive(
    _VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=6),
    max_leaves=20,
)


def error_of(read: Callable[[], object]) -> ChargingError | None:
    """Return the error of our own that reading something leads to; any other goes on."""
    try:
        read()
    except ChargingError as err:
        return err
    return None


@given(json=JSON)
def test_any_answer(json: Any) -> None:
    """Test that whatever comes is an answer, or an error of our own."""
    body = msgspec.json.encode(json)
    for decode in (decode_items, decode_started, decode_token):
        error = error_of(partial(decode, body))
        assert error is None or error.__context__ is None
    error_code(body)


@given(json=st.dictionaries(_KEYS, JSON, max_size=8), connectors=JSON)
def test_any_item(json: Any, connectors: Any) -> None:
    """Test that any session and any location is read, or is an error with a path."""
    item = msgspec.json.encode({"id": "a", "uid": 1} | json)
    evse = {"evseId": EVSE, "connectors": connectors}
    location = msgspec.json.encode({"uid": 1, "evses": [evse]})
    for read in (
        lambda: decode_session(item, ACCOUNT, NOW),
        lambda: charge_point(decode_location(item), EVSE, NOW),
        lambda: charge_point(decode_location(location), EVSE, NOW),
    ):
        error = error_of(read)
        if error is not None:
            assert isinstance(error, UnexpectedAnswerError)
            assert error.path.startswith("data[]")
            assert error.__context__ is None


@given(raw=st.binary())
def test_any_bytes(raw: bytes) -> None:
    """Test that one item of an answer may be anything at all."""
    error = error_of(lambda: decode_session(raw, ACCOUNT, NOW))
    assert isinstance(error, UnexpectedAnswerError)
