"""Property tests of the door to everybody: any bytes are a call, or get a code."""

from datetime import UTC, datetime
import json
from typing import Any

from hypothesis import given, settings, strategies as st

from custom_components.ev_charging_sessions.charging.backends.plugsurfing_calls import (
    Call,
    CallError,
    CancelReservation,
    PostCards,
    PostSession,
    Reserve,
    Start,
    Stop,
    decode_call,
    reply,
)
from custom_components.ev_charging_sessions.charging.backends.plugsurfing_codes import ResultCode

from .plugsurfing_samples import ACCOUNT, body_of, sample

CALLS = (
    "session-start",
    "session-stop",
    "rfid-post",
    "session-post",
    "reservation-start",
    "reservation-stop",
)
VALID = [body_of(sample(call)) for call in CALLS]
NAMES = sorted(
    {
        *CALLS,
        *("user", "identifier-type", "identifier", "connector-id", "connectorId", "session-id"),
        *("session-interval", "charging-interval", "start", "stop", "end", "energy-consumed"),
        *("calculated-cost", "amount", "currency", "partner-identifier", "rfids"),
        "payment-reference",
    }
)
WORDS = ["rfid", "evco-id", "12345678", "EUR", "NaN", "-1", "2010-01-01T11:00:00+00:00", "\0", ""]

numbers = (
    st.integers()
    | st.integers(-(10**60), 10**60)
    | st.floats()
    | st.sampled_from([0, -0.0, 1e308, 5e-324, 10**400])
)
leaves = st.none() | st.booleans() | numbers | st.text() | st.sampled_from(WORDS)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=6)
    ),
    max_leaves=20,
)


def written(value: object) -> bytes:
    """Return the bytes of some JSON, in which half a surrogate pair may stand as it is."""
    return json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass")


def must_be_bounded(text: str | None, longest: int) -> None:
    """Hold a text against what the ledger and the log can bear."""
    assert text is None or 0 < len(text) <= longest
    assert text is None or not any(ord(each) < 32 or 0xD800 <= ord(each) < 0xE000 for each in text)


def must_make_sense(call: Call) -> None:
    """Hold a call against what the rest of the house relies on."""
    match call:
        case Start():
            must_be_bounded(call.card_id, 64)
            must_be_bounded(call.connector_id, 64)
            must_be_bounded(call.payment_reference, 128)
        case Stop():
            must_be_bounded(call.card_id, 64)
            must_be_bounded(call.connector_id, 64)
            must_be_bounded(call.session_id, 128)
        case PostCards():
            for card in call.cards:
                must_be_bounded(card, 64)
            must_be_bounded(call.partner_identifier, 128)
        case Reserve() | CancelReservation():
            must_be_bounded(call.connector_id, 64)
        case PostSession():
            session = call.session(ACCOUNT)
            must_be_bounded(session.session_id, 128)
            must_be_bounded(session.card_id, 64)
            must_be_bounded(session.charge_point_id, 64)
            assert session.started
            assert session.started.tzinfo is UTC
            assert session.ended is None or session.ended >= session.started
            assert session.energy is None or 0 <= session.energy <= 1e6
            assert session.cost is None or 0 <= session.cost.amount <= 10**9
            assert session.cost is None or "E" not in str(session.cost.amount)
            assert session.duration(datetime(2200, 1, 1, tzinfo=UTC)) is not None


def must_be_answered(body: bytes) -> Call | None:
    """Decode any bytes: nothing comes of them but a call that makes sense, or a code."""
    error: CallError | None = None
    try:
        call = decode_call(body)
    except CallError as err:
        error = err
    if error is None:
        must_make_sense(call)
        return call
    code, message = error.code, error.message
    answer = reply(error.call_name, code, message)
    assert code in {ResultCode.INVALID_FORMAT, ResultCode.CLIENT_ERROR}
    assert answer.status == 400
    assert json.loads(answer.body) == {"result": {"code": int(code), "message": message}}
    assert error.__context__ is None
    return None


def test_the_examples_are_calls() -> None:
    """Test that what the others mutate is valid to begin with."""
    assert all(must_be_answered(body) is not None for body in VALID)


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes(body: bytes) -> None:
    """Test noise."""
    must_be_answered(body)


@settings(deadline=None)
@given(values)
def test_any_json(value: object) -> None:
    """Test JSON of any shape."""
    must_be_answered(written(value))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(CALLS), values)
def test_any_fields(call: str, fields: object) -> None:
    """Test anything below the name of a call."""
    must_be_answered(written({call: fields}))


@st.composite
def calls_with_a_change(draw: st.DrawFn) -> bytes:
    """Return a valid call with some of its values replaced, dropped or doubled."""
    call = draw(st.sampled_from(CALLS))
    body: Any = sample(call)
    for _ in range(draw(st.integers(1, 3))):
        part = body[call]
        while isinstance(part, dict) and part:
            name = draw(st.sampled_from(sorted(part)))
            if isinstance(part[name], dict) and draw(st.booleans()):
                part = part[name]
                continue
            if draw(st.booleans()):
                part[name] = draw(values)
            else:
                del part[name]
            break
    return written(body)


@settings(max_examples=500, deadline=None)
@given(calls_with_a_change())
def test_calls_with_other_values(body: bytes) -> None:
    """Test what is nearly a call."""
    must_be_answered(body)


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(VALID),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), st.binary(max_size=3)), max_size=4),
)
def test_calls_with_other_bytes(body: bytes, changes: list[tuple[float, int, bytes]]) -> None:
    """Test a call that has been damaged on its way."""
    for place, length, insert in changes:
        start = int(place * len(body))
        body = body[:start] + insert + body[start + length :]
    must_be_answered(body)


@given(st.sampled_from(CALLS), st.integers(1, 300_000), st.sampled_from([b"[", b'{"x":']))
@settings(max_examples=20, deadline=None)
def test_any_depth(call: str, depth: int, opening: bytes) -> None:
    """Test that depth is refused, closed or not, and costs nothing but that."""
    closing = (b"]" if opening == b"[" else b"}") * depth
    prefix = b'{"' + call.encode() + b'": '
    must_be_answered(prefix + opening * depth)
    must_be_answered(prefix + opening * depth + b"1" + closing + b"}")


@settings(deadline=None)
@given(st.sampled_from(CALLS), st.dictionaries(st.text(min_size=12), values, max_size=3))
def test_unknown_fields(call: str, more: dict[str, object]) -> None:
    """Test that fields which nobody knows change nothing."""
    body = sample(call)
    body[call] |= {name: value for name, value in more.items() if name not in NAMES}
    expected = decode_call(body_of(sample(call)))
    if _is_plain(more):
        assert decode_call(body_of(body)) == expected
    else:
        must_be_answered(body_of(body))


def _is_plain(value: object) -> bool:
    """Tell whether JSON knows a value: it has no NaN and no infinity."""
    if isinstance(value, dict):
        return all(_is_plain(each) for each in value.values())
    if isinstance(value, list):
        return all(_is_plain(each) for each in value)
    return not isinstance(value, float) or abs(value) < float("inf")
