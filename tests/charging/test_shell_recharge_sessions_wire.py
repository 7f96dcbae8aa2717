"""Tests of Shell Recharge's JSON: sessions of every generation, and rotten ones."""

from datetime import UTC, datetime, timedelta
import json
from typing import Any

import pytest

from custom_components.ev_charging_sessions.charging.backends.shell_recharge_wire import (
    decode_items,
    decode_session,
)
from custom_components.ev_charging_sessions.charging.errors import (
    UnexpectedAnswerError,
)
from custom_components.ev_charging_sessions.charging.model import (
    Session,
    SessionStatus,
)

from .driver import ACCOUNT, EVSE
from .secrets import said_by
from .shell_answers import ACTIVE, NOW, RETRIEVED, SESSION_ID, decoded, wrapped


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
