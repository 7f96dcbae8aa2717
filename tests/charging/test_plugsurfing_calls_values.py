"""Tests of every value that a call of the network can have."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from custom_components.ev_charging_sessions.charging.backends.plugsurfing_calls import (
    PostCards,
    decode_call,
)
from custom_components.ev_charging_sessions.charging.backends.plugsurfing_calls_wire import (
    MOST_CARDS,
)
from custom_components.ev_charging_sessions.charging.backends.plugsurfing_codes import ResultCode
from custom_components.ev_charging_sessions.charging.model import Cost, Source

from .plugsurfing_samples import body_of, changed, posted, refused, sample


@pytest.mark.parametrize(
    ("number", "energy"),
    [
        ("16.5", 16.5),
        ("0", 0.0),
        ("-0.0", 0.0),
        ("1.65e1", 16.5),
        ('"16.5"', 16.5),
        ("12.3456789", 12.345679),
        ("12.340000000000002", 12.34),
        ("16.500000000000000000000", 16.5),
        ("1e-12", 0.0),
        ("1000000", 1e6),
    ],
)
def test_energies(number: str, energy: float) -> None:
    """Test how an energy may be written."""
    body = changed("session-post", "energy-consumed", "@").replace(b'"@"', number.encode())
    assert repr(posted(body).energy) == repr(energy)


@pytest.mark.parametrize(
    ("number", "amount"),
    [
        ("14.32", "14.32"),
        ("14.320", "14.320"),
        ("0.1", "0.1"),
        ("3", "3"),
        ("1e2", "100"),
        ("0e9", "0"),
        ("-0", "0"),
        ('"3.76"', "3.76"),
        ("9007199254740.993", None),
        ("0.30000000000000004", "0.30000000000000004"),
        ("123456789.123456789", "123456789.123456789"),
    ],
)
def test_amounts(number: str, amount: str | None) -> None:
    """Test that an amount stays what was written, digit by digit."""
    body = changed("session-post", "calculated-cost.amount", "@").replace(b'"@"', number.encode())
    if amount is None:
        assert refused(body).code == ResultCode.INVALID_FORMAT
        return
    cost = posted(body).cost
    assert cost == Cost(amount=Decimal(amount), currency="EUR", source=Source.REPORTED)
    assert str(cost.amount) == amount


@pytest.mark.parametrize(
    "number",
    [
        *("-1", "-0.001", "1000000.1", "1e7", "1e400", "-1e400", "1e999999999999999999999"),
        *(
            "NaN",
            "Infinity",
            "-Infinity",
            "true",
            "[]",
            "{}",
            '""',
            '"NaN"',
            '"sNaN"',
            '"Infinity"',
        ),
        *('"abc"', "1" * 61, "1" * 5000, "0." + "1" * 70, "0." + "0" * 40 + "1", "1e-999999"),
        *("0x10", "01", ".5", "1.", "+1", "16,5", '"16,5"'),
    ],
)
def test_numbers_that_cannot_be_meant(number: str) -> None:
    """Test what is no energy; with a currency it is no amount either."""
    for path in ("energy-consumed", "calculated-cost.amount"):
        if path != "energy-consumed" and number in {"1000000.1", "1e7"}:
            continue
        body = changed("session-post", path, "@").replace(b'"@"', number.encode())
        assert refused(body).code == ResultCode.INVALID_FORMAT


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-29T03:30:00+02:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("2026-03-29T01:30:00Z", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("2026-03-29t01:30:00z", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("2026-03-29T01:30:00-0930", datetime(2026, 3, 29, 11, tzinfo=UTC)),
        ("2026-03-29T01:30:00.25Z", datetime(2026, 3, 29, 1, 30, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_times(text: str, moment: datetime) -> None:
    """Test how a time may be written."""
    body = sample("session-post")
    del body["session-post"]["charging-interval"]
    body["session-post"]["session-interval"] = {"start": text, "stop": text}
    session = posted(body_of(body))
    assert session.started == session.ended == moment


@pytest.mark.parametrize(
    "text",
    [
        "2010-01-01T11:00:00",
        "2010-01-01",
        "2010-01-01 11:00:00+00:00",
        "20100101T110000Z",
        "2010-W01-1T11:00:00Z",
        "2010-02-30T11:00:00Z",
        "2010-01-01T25:00:00Z",
        "2010-01-01T11:00:60Z",
        "2010-01-01T11:00:00+25:00",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "1999-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "٢٠١٠-01-01T11:00:00Z",
        "now",
        "",
        "1" * 65,
        1262343600,
        None,
        [],
    ],
)
def test_times_that_cannot_be_meant(text: object) -> None:
    """Test that there is no start without a moment it means."""
    error = refused(changed("session-post", "session-interval.start", text))
    assert error.code == ResultCode.INVALID_FORMAT
    assert "session-post.session-interval.start" in error.message
    if text is not None:
        refused(changed("session-post", "session-interval.stop", text))
        refused(changed("session-post", "charging-interval.start", text))
        refused(changed("session-post", "charging-interval.stop", text))


@pytest.mark.parametrize("interval", ["session-interval", "charging-interval"])
def test_an_end_before_the_start(interval: str) -> None:
    """Test that time runs forward."""
    error = refused(changed("session-post", f"{interval}.stop", "2010-01-01T10:59:59Z"))
    assert error.message == f"Invalid value at session-post.{interval}.stop."


TEXTS = [
    *(("session-start", path, 64) for path in ("user.identifier", "connector-id")),
    ("session-start", "payment-reference", 128),
    *(("session-stop", path, 64) for path in ("user.identifier", "connector-id")),
    ("session-stop", "session-id", 128),
    *(("session-post", path, 64) for path in ("user.identifier", "connector-id")),
    *(("session-post", path, 128) for path in ("session-id", "partner-identifier")),
    ("rfid-post", "partner-identifier", 128),
    ("reservation-start", "connector-id", 64),
]


@pytest.mark.parametrize(("call", "path", "longest"), TEXTS)
def test_texts_are_bounded(call: str, path: str, longest: int) -> None:
    """Test that a text is as long as it may be, and made of what can be shown."""
    decode_call(changed(call, path, "é" * longest))
    texts: tuple[object, ...] = (
        *("", "é" * (longest + 1), "secret" * 1000),
        *("a\0b", "a\nb", "a\n", "\x7f", "\x85", "\ud800", "\udfff"),
        *(5, True, 1.5, [], {}, ["secret"]),
    )
    for text in texts:
        error = refused(changed(call, path, text))
        assert error.code == ResultCode.INVALID_FORMAT
        assert error.message == f"Invalid value at {call}.{path}."
        assert error.call_name == call


@pytest.mark.parametrize(
    ("call", "path"),
    [
        ("session-start", "user"),
        ("session-start", "user.identifier"),
        ("session-start", "user.identifier-type"),
        ("session-start", "connector-id"),
        ("session-stop", "user"),
        ("session-stop", "connector-id"),
        ("session-post", "user"),
        ("session-post", "session-id"),
        ("session-post", "connector-id"),
        ("session-post", "session-interval"),
        ("session-post", "session-interval.start"),
        ("session-post", "partner-identifier"),
        ("session-post", "calculated-cost.amount"),
        ("session-post", "calculated-cost.currency"),
        ("rfid-post", "rfids"),
        ("rfid-post", "partner-identifier"),
    ],
)
def test_what_a_call_needs(call: str, path: str) -> None:
    """Test that nothing is made up for what is missing."""
    for nothing in (..., None):
        error = refused(changed(call, path, nothing))
        assert (error.code, error.call_name) == (ResultCode.INVALID_FORMAT, call)


@pytest.mark.parametrize(
    ("call", "path", "value"),
    [
        *(("session-start", "user.identifier-type", kind) for kind in ("", "email", "secret" * 99)),
        ("session-start", "user.identifier", "   "),
        ("rfid-post", "rfids", ["12345678", ""]),
        ("rfid-post", "rfids", ["12345678", "  "]),
        ("rfid-post", "rfids", ["12345678", 5]),
        ("rfid-post", "rfids", ["secret" * 20]),
        ("rfid-post", "rfids", {"12345678": 1}),
        ("rfid-post", "rfids", "12345678"),
        *(
            ("session-post", "calculated-cost.currency", currency)
            for currency in ("", "EU", "EURO", "€€€", "EUR\n", 978)
        ),
        ("session-post", "calculated-cost", "14.32"),
        ("session-post", "session-interval", "secret"),
        ("session-start", "user", ["secret"]),
    ],
)
def test_values_that_cannot_be_meant(call: str, path: str, value: object) -> None:
    """Test that a call is done as a whole or not at all."""
    assert refused(changed(call, path, value)).code == ResultCode.INVALID_FORMAT


def test_a_list_of_too_many_cards() -> None:
    """Test the end of a list."""
    cards = [f"{number:08X}" for number in range(MOST_CARDS + 1)]
    assert refused(changed("rfid-post", "rfids", cards)).code == ResultCode.INVALID_FORMAT
    call = decode_call(changed("rfid-post", "rfids", cards[1:]))
    assert isinstance(call, PostCards)
    assert len(call.cards) == MOST_CARDS


CARDS = [f"{number:08X}" for number in range(5000)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"rfids":', b'"rfids": [], "rfids":'),
        (b'"partner-identifier":', b'"partner-identifier": "secret", "partner-identifier":'),
        (b'{"rfid-post":', b'{"rfid-post": {}, "rfid-post":'),
        (b'{"rfid-post":', b'{"secret": {}, "rfid-post":'),
        (b'{"rfid-post":', b'{"session-post":'),
        (b'"00000007"', b"NaN"),
        (b'"00000007"', b'"0000\xff007"'),
        (b'"00000007"', b'"\\ud800"'),
        (b'"00000007"', b"[" * 100_000),
        (b'"00000007"', b"7"),
        (b'"00000007"', b'"\\u0000"'),
        (b'"00000007"', b'""'),
        (b"]", b"],"),
        (b"}}", b"}"),
    ],
    ids=lambda part: repr(part[:40]),
)
def test_a_long_list_is_read_as_strictly(old: bytes, new: bytes) -> None:
    """Test that speed costs no care."""
    body = changed("rfid-post", "rfids", CARDS)
    call = decode_call(body)
    assert isinstance(call, PostCards)
    assert call.cards == tuple(CARDS)
    damaged = body.replace(old, new, 1)
    assert damaged != body
    assert refused(damaged).code == ResultCode.INVALID_FORMAT


@pytest.mark.parametrize("call", ["session-start", "session-post", "reservation-start"])
def test_no_other_call_is_long(call: str) -> None:
    """Test that nobody keeps us busy with what a call does not need."""
    decode_call(changed(call, "more", [1] * 4000))
    error = refused(changed(call, "more", [1] * 8000))
    assert (error.code, error.message) == (ResultCode.INVALID_FORMAT, "Invalid value at $.")
