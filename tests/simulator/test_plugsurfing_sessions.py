"""Tests of what operators post to PlugSurfing: sessions, as strictly as they may be read."""

from datetime import UTC, datetime
from decimal import Decimal
import json
from typing import Any

import pytest

from . import Simulator
from .defaults import PLUGSURFING_EVSE, PLUGSURFING_PARTNER
from .plugsurfing_client import RFID, OperatorClient, running_session, session

# The example of the protocol's documentation.
EXAMPLE: dict[str, Any] = {
    "user": {"identifier": "12345678", "identifier-type": "rfid"},
    "session-id": "abcdef-123456-abc123-456def",
    "connector-id": "DE*8PS*ETABCD*1",
    "session-interval": {
        "start": "2010-01-01T11:00:00+00:00",
        "stop": "2010-01-01T17:00:00+00:00",
    },
    "charging-interval": {
        "start": "2010-01-01T12:00:00+00:00",
        "stop": "2010-01-01T16:00:00+00:00",
    },
    "energy-consumed": 16.5,
    "calculated-cost": {"amount": 14.32, "currency": "EUR"},
    "partner-identifier": "123456-123456-abcdef-abc123-456def",
}


async def test_example(simulator: Simulator, operator: OperatorClient) -> None:
    """The documented session is booked, and the answer is the documented one."""
    simulator.books.keys["demo-operator-key-6f1c"].add(EXAMPLE["partner-identifier"])
    answer = await operator.send("session-post", EXAMPLE)
    assert answer == (200, {"result": {"code": 0, "message": "Success."}})
    (booking,) = simulator.books.finals().values()
    assert (booking.user, booking.user_type) == ("12345678", "rfid")
    assert (booking.session_id, booking.connector_id) == (
        "abcdef-123456-abc123-456def",
        "DE*8PS*ETABCD*1",
    )
    assert (booking.started, booking.stopped) == (
        datetime(2010, 1, 1, 11, tzinfo=UTC),
        datetime(2010, 1, 1, 17, tzinfo=UTC),
    )
    assert (booking.charging_started, booking.charging_stopped) == (
        datetime(2010, 1, 1, 12, tzinfo=UTC),
        datetime(2010, 1, 1, 16, tzinfo=UTC),
    )
    assert (booking.energy, booking.cost, booking.currency) == (
        Decimal("16.5"),
        Decimal("14.32"),
        "EUR",
    )
    assert booking.body == EXAMPLE


async def test_news_of_a_session(simulator: Simulator, operator: OperatorClient) -> None:
    """Every post is kept in order, and the last one is the session's form."""
    books = simulator.books
    assert await operator.post(running_session()) == 0
    assert books.finals() == {}
    assert not books.latest()["session-1"].is_final
    charging = {"start": "2026-11-21T12:00:00+00:00"}
    assert await operator.post(running_session(charging_interval=charging)) == 0
    simulator.clock.advance(60)
    assert await operator.post(session()) == 0
    assert await operator.post(session()) == 0
    assert await operator.post(session("session-2")) == 0
    posts = books.posts_of("session-1")
    assert [each.is_final for each in posts] == [False, False, True, True]
    assert (posts[2].time - posts[0].time).total_seconds() == 60
    assert [each.session_id for each in books.posts] == ["session-1"] * 4 + ["session-2"]
    assert set(books.finals()) == {"session-1", "session-2"}
    assert books.violations == []


async def test_numbers_are_kept_as_written(simulator: Simulator, operator: OperatorClient) -> None:
    """What a float would blur is exact in the books."""
    text = json.dumps({"session-post": session()}).replace("16.5", "0.1000000000000000055")
    assert (await operator.raw(text.encode()))[0] == 200
    assert simulator.books.latest()["session-1"].energy == Decimal("0.1000000000000000055")


async def test_what_may_be_left_out(operator: OperatorClient) -> None:
    """A session of unknown energy and cost is a session, and so is one with unknown fields."""
    assert await operator.post(session(charging_interval=None, calculated_cost=None)) == 0
    assert await operator.post(session(energy_consumed=None)) == 0
    assert await operator.post(session(energy_consumed=0, mood="sunny")) == 0
    user = {"identifier": "DE*8PS*D89761*2", "identifier-type": "evco-id", "token": "x"}
    assert await operator.post(session("session-2", user=user)) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"user": None},
        {"user": RFID},
        {"user": {"identifier": RFID}},
        {"user": {"identifier": "", "identifier-type": "rfid"}},
        {"user": {"identifier": RFID, "identifier-type": "card"}},
        {"user": {"identifier": RFID, "identifier-type": "rfid", "token": None}},
        {"session_id": None},
        {"session_id": ""},
        {"session_id": 7},
        {"connector_id": None},
        {"partner_identifier": None},
        {"session_interval": None},
        {"session_interval": {}},
        {"session_interval": {"stop": "2026-11-21T17:00:00+00:00"}},
        {"energy_consumed": "16.5"},
        {"energy_consumed": -0.1},
        {"energy_consumed": True},
        {"calculated_cost": 14.32},
        {"calculated_cost": {"amount": 14.32}},
        {"calculated_cost": {"amount": "14.32", "currency": "EUR"}},
        {"calculated_cost": {"amount": 14.32, "currency": "euro"}},
        {"charging_interval": {"stop": "2026-11-21T16:00:00+00:00"}},
        {"charging_interval": {"start": "2026-11-21T12:00:00+00:00"}},
    ],
)
async def test_wrong_fields(
    simulator: Simulator, operator: OperatorClient, changes: dict[str, Any]
) -> None:
    """A field that is missing or wrong is refused, and remembered against the operator."""
    assert await operator.post(session(**changes)) == 230
    assert simulator.books.posts == []
    assert len(simulator.books.violations) == 1


@pytest.mark.parametrize(
    "time",
    [
        "2026-11-21T11:00:00Z",
        "2026-11-21T11:00:00",
        "2026-11-21T11:00:00.000+00:00",
        "2026-11-21T11:00:00+0000",
        "2026-11-21 11:00:00+00:00",
        "2026-13-21T11:00:00+00:00",
        "2026-11-21T11:00:00+25:00",
        1790000000,
        None,
    ],
)
async def test_wrong_times(operator: OperatorClient, time: object) -> None:
    """Times have an offset with a colon and no fractions, and are times."""
    good = "2026-11-21T17:00:00+01:00"
    for interval in ({"start": time, "stop": good}, {"start": good, "stop": time}):
        assert await operator.post(session(session_interval=interval)) == 230


@pytest.mark.parametrize(
    ("session_hours", "charging_hours", "code"),
    [
        ((11, 17), (11, 17), 0),
        ((11, 11), (11, 11), 0),
        ((17, 11), None, 230),
        ((11, 17), (10, 16), 230),
        ((11, 17), (12, 18), 230),
        ((11, 17), (16, 12), 230),
    ],
)
async def test_order_of_times(
    operator: OperatorClient,
    session_hours: tuple[int, int],
    charging_hours: tuple[int, int] | None,
    code: int,
) -> None:
    """A car charges while it is there."""
    assert (
        await operator.post(
            session(
                session_interval=_hours(*session_hours),
                charging_interval=charging_hours and _hours(*charging_hours),
            )
        )
        == code
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"energy_consumed": 1.5},
        {"calculated_cost": {"amount": 1, "currency": "EUR"}},
        {
            "charging_interval": {
                "start": "2026-11-21T12:00:00+00:00",
                "stop": "2026-11-21T16:00:00+00:00",
            }
        },
    ],
)
async def test_what_a_running_session_does_not_have(
    operator: OperatorClient, changes: dict[str, Any]
) -> None:
    """While a session goes on there is no energy, no cost and no end of the charge."""
    assert await operator.post(running_session(**changes)) == 230


async def test_partner(simulator: Simulator, operator: OperatorClient) -> None:
    """Only the partners of a key may post with it."""
    assert await operator.post(session(partner_identifier="somebody-else")) == 211
    simulator.books.keys["demo-operator-key-6f1c"].add("somebody-else")
    assert await operator.post(session(partner_identifier="somebody-else")) == 0


async def test_connector_of_no_station(simulator: Simulator, operator: OperatorClient) -> None:
    """A connector that nobody told of is refused only if the network is that strict."""
    assert await operator.post(session(connector_id="1356")) == 0
    simulator.plugsurfing.settings.knows_connectors = True
    assert await operator.post(session(connector_id="1356")) == 181
    assert await operator.post(session("session-2")) == 0


@pytest.mark.parametrize("name", [RFID, "session-1", PLUGSURFING_EVSE])
async def test_refused_for_good(simulator: Simulator, operator: OperatorClient, name: str) -> None:
    """A driver, a session or a connector can be refused until that is mended."""
    simulator.books.refuse(name, 191)
    assert await operator.post(session()) == 191
    assert simulator.books.posts == []
    assert [(each.name, each.code) for each in simulator.books.refused] == [("session-post", 191)]
    assert simulator.books.violations == []
    simulator.books.refuse(name, None)
    assert await operator.post(session()) == 0


async def test_violations(simulator: Simulator, operator: OperatorClient) -> None:
    """A session that runs again after its end, or has moved, is taken but written down."""
    await operator.post(session())
    await operator.post(running_session())
    await operator.post(session(connector_id="1356"))
    another = {"identifier": "12345678", "identifier-type": "rfid"}
    await operator.post(session(connector_id="1356", user=another))
    assert simulator.books.violations == [
        "session-1 was over, and runs again",
        "session-1 has another connector_id",
        "session-1 has another user",
    ]
    assert len(simulator.books.posts) == 4


def test_the_helper_writes_sessions_of_our_partner() -> None:
    """A test that changes nothing posts what is good."""
    assert session()["partner-identifier"] == PLUGSURFING_PARTNER
    assert "energy-consumed" not in running_session()


def _hours(start: int, stop: int) -> dict[str, str]:
    return {
        "start": f"2026-11-21T{start:02}:00:00+00:00",
        "stop": f"2026-11-21T{stop:02}:00:00+00:00",
    }
