"""The examples of PlugSurfing's documentation, and what its tests make of them."""

from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.ev_charging_sessions.charging.backends.plugsurfing_calls import (
    CallError,
    PostSession,
    decode_call,
)
from custom_components.ev_charging_sessions.charging.model import (
    Account,
    CardType,
    Cost,
    Session,
    SessionDetails,
    SessionStatus,
    Source,
)

from .secrets import assert_silent, said_by

_FILE = Path(__file__).parents[1] / "simulator/fixtures/plugsurfing.json"

SAMPLES: list[dict[str, Any]] = json.loads(_FILE.read_text())["samples"]

ACCOUNT = Account(backend="plugsurfing", account_id="a1")
CONNECTOR = "DE*8PS*ETABCD*1"
PARTNER = "123456-123456-abcdef-abc123-456def"
CARD = "12345678"

# All that must never show, from the examples and from the tests.
SECRETS = {"secret", "DE*8PS*123456*7", "12345678", "abcdefab", "ABCDEFAB", "1212", PARTNER}

# The session of the seed's example.
FINISHED = Session(
    account=ACCOUNT,
    session_id="abcdef-123456-abc123-456def",
    charge_point_id=CONNECTOR,
    card_id=CARD,
    status=SessionStatus.FINISHED,
    started=datetime(2010, 1, 1, 11, tzinfo=UTC),
    ended=datetime(2010, 1, 1, 17, tzinfo=UTC),
    energy=16.5,
    energy_source=Source.REPORTED,
    cost=Cost(amount=Decimal("14.32"), currency="EUR", source=Source.REPORTED),
    details=SessionDetails(
        card_type=CardType.RFID,
        charging_started=datetime(2010, 1, 1, 12, tzinfo=UTC),
        charging_ended=datetime(2010, 1, 1, 16, tzinfo=UTC),
    ),
)


def sample(call: str, label: str = "Request") -> Any:
    """Return an example."""
    (found,) = (each["body"] for each in SAMPLES if (each["call"], each["label"]) == (call, label))
    return deepcopy(found)


def body_of(value: object) -> bytes:
    """Return the bytes of some JSON."""
    return json.dumps(value).encode()


def changed(call: str, path: str, value: object) -> bytes:
    """Return an example with one value set, or left out if it is ``...``."""
    body = sample(call)
    *way, last = path.split(".")
    part = body[call]
    for name in way:
        part = part[name]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    return body_of(body)


def refused(body: bytes) -> CallError:
    """Return how a body is refused, which must not tell what is in it."""
    with pytest.raises(CallError) as caught:
        decode_call(body)
    error = caught.value
    assert type(error) is CallError
    assert error.__cause__ is error.__context__ is None
    assert_silent(said_by(error), SECRETS)
    return error


def posted(body: bytes) -> PostSession:
    """Return a session that a partner posts."""
    call = decode_call(body)
    assert isinstance(call, PostSession)
    return call
