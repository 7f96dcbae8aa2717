"""The published answers of Shell Recharge about sessions, and how tests read them."""

from datetime import UTC, datetime
import json
from typing import Any

from custom_components.ev_charging_sessions.charging.backends.shell_recharge_wire import (
    decode_session,
)
from custom_components.ev_charging_sessions.charging.model import (
    Session,
)

from .driver import ACCOUNT, EVSE

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


def wrapped(*items: Any, **changes: Any) -> bytes:
    """Return an answer of the current generation."""
    envelope = {"requestId": "9d2dee33", "status": "SUCCESS", "data": list(items)}
    return json.dumps(envelope | changes).encode()


def decoded(item: Any) -> Session:
    """Decode one session."""
    return decode_session(json.dumps(item).encode(), ACCOUNT, NOW)
