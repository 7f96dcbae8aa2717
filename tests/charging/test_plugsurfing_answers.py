"""Tests of what PlugSurfing's answers mean."""

import json
from typing import Any

from hypothesis import given, settings, strategies as st
import msgspec
import pytest

from custom_components.ev_charging_sessions.charging.backends.plugsurfing_wire import (
    Outcome,
    WireAnswer,
    decode_answer,
    encoded,
)

from .plugsurfing_samples import SAMPLES, sample
from .secrets import assert_silent


@pytest.mark.parametrize("body", [each["body"] for each in SAMPLES if "esponse" in each["label"]])
def test_every_answer_of_the_examples(body: Any) -> None:
    """Test that each of them is understood, and comes out again as it went in."""
    raw = json.dumps(body).encode()
    assert decode_answer(raw) == Outcome(code=body["result"]["code"], evco_id=body.get("evco-id"))
    assert json.loads(encoded(msgspec.json.decode(raw, type=WireAnswer))) == body


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"result": {"code": "000", "message": "Success."}}, 0),
        ({"result": {"code": "011"}}, 11),
        ({"result": {"code": 99}}, 99),
        ({"result": {"code": 999, "message": None, "more": [1]}, "extra": {}}, 999),
        ({"session": {"success": True, "reason": None}}, 0),
        ({"session": {"success": False, "reason": "No."}}, 200),
        ({"session-start": {"success": True, "session-id": "1", "is-stoppable": True}}, 0),
        ({"rfid": {"success": True, "processed": 2}}, 0),
        ({"error": {"request": "No."}}, 200),
        ({"error": "No."}, 200),
        ({"result": {"code": 0}, "error": None}, 0),
        # The result is what counts where both framings are there.
        ({"session-start": {"success": True}, "result": {"code": 310}}, 310),
    ],
)
def test_answers(body: object, code: int) -> None:
    """Test both framings."""
    assert decode_answer(json.dumps(body).encode()) == Outcome(code=code)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"null", b"[]", b"{}", b"5", b'"result"', b"<html>", b"{", b"\xff", b"[" * 200_000),
        b'{"error": "\xff"}',
        b'{"error": ' + b"[" * 200_000,
        b'{"result": null}',
        b'{"result": 0}',
        b'{"result": {}}',
        *(
            b'{"result": {"code": ' + code + b"}}"
            for code in (b"null", b"true", b'"ok"', b'""', b'"0000"', b"-1", b"1000", b"0.5", b"[]")
        ),
        b'{"result": {"code": ' + b"9" * 5000 + b"}}",
        '{"result": {"code": "\u0660"}}'.encode(),
        b'{"error": null}',
        b'{"session": {"success": null}}',
        b'{"session": {"success": "true"}}',
    ],
    ids=lambda body: repr(body[:30]),
)
def test_what_is_no_answer(body: bytes) -> None:
    """Test that nothing is made of what this protocol does not know."""
    assert decode_answer(body) is None


@settings(deadline=None)
@given(
    st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["result", "code", "error", "success", "session", "evco-id"]), inner
            )
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_answer_does_harm(body: bytes) -> None:
    """Test that any bytes are an answer or none."""
    outcome = decode_answer(body)
    assert outcome is None or 0 <= outcome.code <= 999


def test_who_a_card_belongs_to() -> None:
    """Test what is told of a card, if anything is; nothing shows it."""
    outcome = decode_answer(json.dumps(sample("rfid-verify", "Response")).encode())
    assert outcome
    assert outcome.evco_id == "DE*8PS*D89761*2"
    assert_silent(repr(outcome), {"D89761"})
    nobodies: tuple[object, ...] = (None, "", "  ", 5, [])
    for nobody in nobodies:
        body = {"evco-id": nobody, "result": {"code": 0}}
        assert decode_answer(json.dumps(body).encode()) == Outcome(code=0)
