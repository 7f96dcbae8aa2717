"""Tests of Shell Recharge's JSON: what every answer has, errors, and whatever else may come."""

from collections.abc import Callable
from datetime import datetime
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

from .driver import ACCOUNT, EVSE
from .shell_answers import NOW, RETRIEVED, SESSION_ID, decoded, wrapped


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
