"""Tests of the shapes of answers: all of their form, and nothing of what they say."""

import json
import re

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ev_charging_sessions.charging.shapes import LastAnswers, Shape, shape_of

# No word of a shape has it, so wherever it comes to light, a value or an id has.
MARK = "§"
MARKED = st.text(max_size=8).map(lambda text: MARK + text)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.sampled_from(["id", "startedAt", "charging-sessions", "_links", "SessionId"])
# Ids of networks and people: numbers, cards, EVSE ids, addresses.
IDS = st.sampled_from(
    ["20001", "NL-TNM-C1", "a@b.example", "Ann Lee", "ABCDEF", "9f8e-a1", "Bar-Inn", ""]
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | MARKED,
    lambda below: (
        st.lists(below, max_size=4) | st.dictionaries(NAMES | IDS | MARKED, below, max_size=5)
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_no_value_gets_out(value: object) -> None:
    """Test that neither a value nor the name of something that is no field is in a shape."""
    text = json.dumps(shape_of(json.dumps(value).encode()), ensure_ascii=False)
    assert MARK not in text
    assert not re.search(r"[0-9@]|Ann|ABC|Inn|TNM", text)


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_order_does_not_matter(value: object) -> None:
    """Test that the items of a list have one shape, in whichever order and however often."""
    once = shape_of(json.dumps([value, None]).encode())
    again = shape_of(json.dumps([None, value, value]).encode())
    assert once == again


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=64))
def test_any_bytes(body: bytes) -> None:
    """Test that whatever a network sends has some shape."""
    assert isinstance(shape_of(body), str | list | dict)


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        (b"", "no JSON"),
        (b"<html>", "no JSON"),
        (b"null", "null"),
        (b"[]", []),
        (b"{}", {}),
        (b'[1, 2.5, "3", true, null]', ["boolean | integer | null | number | string"]),
        (
            b'{"data": [{"id": "a", "endedAt": null}, {"id": "b"}, {"id": 3, "endedAt": "c"}]}',
            {"data": [{"id": "integer | string", "endedAt?": "null | string"}]},
        ),
        (
            b'{"20001": {"name": "a"}, "20002": {"name": "b", "lost": true}}',
            {"*": {"name": "string", "lost?": "boolean"}},
        ),
        # What looks like the name of a field is told, whatever it stands for.
        (b'{"jane_doe": 1, "Jane-Doe": 1}', {"jane_doe": "integer", "*": "integer"}),
        (b'[{"a": [1]}, {"a": {"b": 1}}]', [{"a": {"one of": [["integer"], {"b": "integer"}]}}]),
        (b"[" * 40 + b"]" * 40, None),
        (b"[" * 100_000, "no JSON"),
    ],
)
def test_shapes(body: bytes, shape: Shape | None) -> None:
    """Test what shapes look like."""
    found = shape_of(body)
    if shape is None:
        assert "deeper" in json.dumps(found)
    else:
        assert found == shape


def test_as_many_names_as_a_field_has_not() -> None:
    """Test that an object with more names than fields come in is taken for a list of things."""
    words = [f"{first}{second}" for first in "abcdefghijklmno" for second in "abcdefghijklmno"]
    found = shape_of(json.dumps(dict.fromkeys(words, 1)).encode())
    assert isinstance(found, dict)
    assert len(found) == 101
    assert found["*"] == "integer"


def test_last_answers() -> None:
    """Test that of each kind the last answer counts, and that memory is bounded."""
    answers = LastAnswers()
    answers.keep("a: 200", b'{"b": 1}')
    answers.keep("a: 200", b'{"c": 1}')
    answers.keep("list: 200", b" " * 600_000)
    assert answers.shapes() == {"a: 200": {"c": "integer"}, "list: 200": "too large"}
    for number in range(40):
        answers.keep(f"other {number}", b"1")
    assert len(answers.shapes()) == 32
    assert "a: 200" not in answers.shapes()
