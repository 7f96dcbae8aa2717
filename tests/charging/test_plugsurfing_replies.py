"""Tests of the replies to the network's calls."""

import json
from typing import Any

import pytest

from custom_components.ev_charging_sessions.charging.backends.plugsurfing_calls import reply
from custom_components.ev_charging_sessions.charging.backends.plugsurfing_codes import ResultCode

from .plugsurfing_samples import sample


def answered(*args: Any, **more: Any) -> tuple[int, Any]:
    """Return the status and the JSON of a reply."""
    answer = reply(*args, **more)
    return answer.status, json.loads(answer.body)


def test_replies_are_like_the_examples() -> None:
    """Test every answer of the documentation that we may give."""
    for call in ("session-start", "session-stop", "session-post", "reservation-stop"):
        assert answered(call, ResultCode.SUCCESS) == (200, sample(call, "Response"))
    assert answered(
        "session-start",
        ResultCode.SUCCESS,
        session_id="abcdef-123456-abc123-456def",
        is_stoppable=True,
    ) == (200, sample("session-start", "Stoppable response"))
    assert answered("rfid-post", ResultCode.SUCCESS, processed=2) == (
        200,
        sample("rfid-post", "Response"),
    )
    assert answered(
        "reservation-start",
        ResultCode.OTHER_RESERVATION_ACTIVE,
        "EVCO ID has another active reservation.",
    ) == (400, sample("reservation-start", "Error response"))


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *((code, 200) for code in (0, 11, 12, 310, 312, 320, 321, 323)),
        *((code, 401) for code in (140, 145, 210)),
        (220, 403),
        *((code, 404) for code in (181, 300)),
        *((code, 400) for code in (100, 144, 182, 191, 200, 211, 230, 302, 322, 330, 400)),
    ],
)
def test_http_statuses(code: int, status: int) -> None:
    """Test the HTTP status of a code; an unknown driver who stops is a case of its own."""
    code = ResultCode(code)
    for call in (None, "session-start", "rfid-post"):
        assert answered(call, code)[0] == status
    assert answered("session-stop", code)[0] == (401 if code == 144 else status)
    assert answered(None, code, status=429)[0] == 429


def test_every_code_makes_a_sentence() -> None:
    """Test what stands beside a code for whoever reads it."""
    assert answered(None, ResultCode.EVSE_NOT_FOUND)[1] == {
        "result": {"code": 181, "message": "EVSE not found."}
    }
    for code in ResultCode:
        message = answered("session-start", code)[1]["result"]["message"]
        assert message[0].isupper()
        assert message.endswith(".")


def test_a_session_that_cannot_be_stopped() -> None:
    """Test that nothing is told that is not known."""
    assert answered("session-start", ResultCode.CHARGING_STARTED, is_stoppable=False) == (
        200,
        {
            "session-start": {"is-stoppable": False},
            "result": {"code": 11, "message": "Charging started."},
        },
    )
