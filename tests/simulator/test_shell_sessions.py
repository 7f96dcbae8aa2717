"""Tests of Shell Recharge's charge sessions on the wire."""

from datetime import datetime
import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from . import Simulator
from .client import CARD, EVSE, Client

SAMPLES = json.loads((Path(__file__).parent / "fixtures/shell_recharge.json").read_text())
UNKNOWN = "123e4567-e89b-42d3-a456-426614174000"


def shape(value: Any) -> Any:
    """Reduce an answer to its keys and types."""
    match value:
        case dict():
            return {key: shape(each) for key, each in value.items()}
        case list():
            return [shape(each) for each in value]
        case _:
            return type(value).__name__


async def test_answers_have_the_published_shapes(simulator: Simulator, client: Client) -> None:
    """Start, retrieve, active and stop have the keys and types of the samples, no more."""
    simulator.world.plug(EVSE)
    status, started = await client.start()
    assert status == 202
    session_id = started["data"][0]["sessionId"]
    assert UUID(session_id)
    simulator.clock.advance(5)
    answers = {
        "start": started,
        "retrieve": (await client.retrieve(session_id))[1],
        "active": (await client.active())[1],
        "stop": (await client.stop(session_id))[1],
    }
    for name, answer in answers.items():
        assert shape(answer) == shape(SAMPLES[name]), name
    sample = SAMPLES["retrieve"]["data"][0]
    session = answers["retrieve"]["data"][0]
    for key in ("startedAt", "stoppedAt", "lastUpdated"):
        assert len(session[key]) == len(sample[key]), key


async def test_v1_paths_and_body_of_the_seed(simulator: Simulator, client: Client) -> None:
    """The spelling of the seed document works on v1."""
    simulator.world.plug(EVSE)
    base = "/ev/v1/charge-session"
    status, body = await client.json("POST", f"{base}/start", json=SAMPLES["start_request"])
    assert status == 202
    query = {"sessionId": body["data"][0]["sessionId"]}
    simulator.clock.advance(5)
    assert (await client.json("GET", f"{base}/retrieve", params=query))[0] == 200
    _, body = await client.json("GET", f"{base}/active", params={"emaId": CARD})
    assert [each["id"] for each in body["data"]] == [query["sessionId"]]
    assert (await client.json("POST", f"{base}/stop", params=query))[0] == 202


async def test_accepted_can_be_200(simulator: Simulator, client: Client) -> None:
    """The number of success can be what the SDK prints."""
    simulator.shell.settings.accepted_status = 200
    session = simulator.world.start_at_pole(EVSE, CARD)
    assert (await client.stop(session.session_id))[0] == 200


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("pascal", ["StartRequested", "Started", "StopRequested", "Stopped"]),
        ("kebab", ["start-requested", "started", "stop-requested", "stopped"]),
        ("upper_snake", ["START_REQUESTED", "STARTED", "STOP_REQUESTED", "STOPPED"]),
    ],
)
async def test_spellings(
    simulator: Simulator, client: Client, spelling: Any, expected: list[str]
) -> None:
    """Retrieve tells every step of a session, in the spelling that was chosen."""
    simulator.shell.settings.spelling = spelling
    simulator.world.plug(EVSE)
    _, body = await client.start()
    session_id = body["data"][0]["sessionId"]
    seen = []

    async def look() -> None:
        _, body = await client.retrieve(session_id)
        seen.append(body["data"][0]["sessionState"]["status"])

    await look()
    simulator.clock.advance(5)
    await look()
    await client.stop(session_id)
    await look()
    simulator.clock.advance(5)
    await look()
    assert seen == expected


async def test_failed_start_tells_why(simulator: Simulator, client: Client) -> None:
    """A start without a car is accepted and fails later, and never gets active."""
    status, body = await client.start()
    assert status == 202
    simulator.clock.advance(5)
    _, answer = await client.retrieve(body["data"][0]["sessionId"])
    state = answer["data"][0]["sessionState"]
    assert state["status"] == "FailedToStart"
    assert state["error"]["code"] == "EvNotConnectedToEvse"
    assert "startedAt" not in answer["data"][0]
    assert (await client.active())[1]["data"] == []


async def test_active_lists_what_runs(simulator: Simulator, client: Client) -> None:
    """A session is active from its start to its end, and of its own card only."""
    simulator.world.plug(EVSE)
    _, body = await client.start()
    session_id = body["data"][0]["sessionId"]

    async def listed(card: str = CARD) -> list[str]:
        return [each["id"] for each in (await client.active(card))[1]["data"]]

    assert await listed() == []
    simulator.shell.settings.list_start_requested = True
    assert await listed() == [session_id]
    simulator.clock.advance(5)
    assert await listed() == [session_id]
    assert await listed("NL-TNM-C0216599X-A") == []
    await client.stop(session_id)
    assert await listed() == [session_id]
    simulator.clock.advance(5)
    assert await listed() == []
    _, body = await client.retrieve(session_id)
    assert body["data"][0]["stoppedAt"] > body["data"][0]["startedAt"]


async def test_stopped_at_of_a_running_session(simulator: Simulator, client: Client) -> None:
    """It is there and years before the start as in the samples, or absent by choice."""
    simulator.world.start_at_pole(EVSE, CARD)
    (session,) = (await client.active())[1]["data"]
    assert session["stoppedAt"] < session["startedAt"]
    simulator.shell.settings.bogus_stopped_at = False
    (session,) = (await client.active())[1]["data"]
    assert "stoppedAt" not in session


async def test_last_updated(simulator: Simulator, client: Client) -> None:
    """It moves with a change, by choice with a heartbeat, and can be missing."""
    session_id = simulator.world.start_at_pole(EVSE, CARD).session_id

    async def updated() -> datetime | None:
        _, body = await client.retrieve(session_id)
        text = body["data"][0].get("lastUpdated")
        return datetime.fromisoformat(text) if text else None

    first = await updated()
    simulator.clock.advance(100)
    assert await updated() == first
    simulator.shell.settings.heartbeat = 30
    beat = await updated()
    assert first
    assert beat
    assert (beat - first).total_seconds() == 90
    simulator.shell.settings.heartbeat = 0
    await client.stop(session_id)
    changed = await updated()
    assert changed
    assert (changed - first).total_seconds() == pytest.approx(100, abs=1)
    simulator.shell.settings.last_updated = False
    assert await updated() is None


async def test_empty_active(simulator: Simulator, client: Client) -> None:
    """Nothing active is an empty list, no list, or a 404, by choice."""
    assert (await client.active())[1]["data"] == []
    simulator.shell.settings.data_when_empty = False
    assert "data" not in (await client.active())[1]
    simulator.shell.settings.active_not_found = True
    assert (await client.active())[0] == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"evChargeNumber": CARD, "evseId": "NL*TNM*E00000000*0"}, 404),
        ({"evChargeNumber": "NL-TNM-C99999999-X", "evseId": EVSE}, 404),
        ({"evChargeNumber": CARD}, 400),
        ({"evseId": EVSE}, 400),
        ({"evChargeNumber": CARD, "evseId": "short"}, 400),
        ({"EvChargeNumber": CARD, "EvseId": EVSE}, 400),
        ([], 400),
    ],
)
async def test_start_refused(client: Client, body: object, status: int) -> None:
    """A start that cannot be right is refused at once, with a body as published."""
    path = "/ev/v2/charge-session/start"
    got, answer = await client.json("POST", path, json=body)
    assert got == status
    published = SAMPLES["errors"][str(status)]
    assert answer["status"] == "FAILED"
    assert answer["errors"][0].keys() == published.keys()
    assert answer["errors"][0]["code"] == published["code"]


async def test_start_needs_json(client: Client) -> None:
    """A body that is no JSON is a bad request."""
    path = "/ev/v2/charge-session/start"
    assert (await client.send("POST", path, data="nonsense")).status == 400
    headers = {"Content-Type": "application/json"}
    assert (await client.send("POST", path, data="{", headers=headers)).status == 400


@pytest.mark.parametrize(("session_id", "status"), [(UNKNOWN, 404), ("17", 400), ("", 400)])
async def test_session_refused(client: Client, session_id: str, status: int) -> None:
    """An unknown session is not found, and an id of another form is bad."""
    assert (await client.retrieve(session_id))[0] == status
    assert (await client.stop(session_id))[0] == status


async def test_stop_twice(simulator: Simulator, client: Client) -> None:
    """A session that has ended cannot be stopped any more."""
    session_id = simulator.world.start_at_pole(EVSE, CARD).session_id
    assert (await client.stop(session_id))[0] == 202
    simulator.clock.advance(5)
    assert (await client.stop(session_id))[0] == 404


async def test_active_needs_a_plausible_card(client: Client) -> None:
    """An EMA-ID has 14 to 19 characters."""
    assert (await client.active("short"))[0] == 400


async def test_other_paths_and_methods(client: Client) -> None:
    """What does not exist is answered in the network's words."""
    status, body = await client.json("GET", "/ev/v2/charge-session/start")
    assert (status, body["status"]) == (405, "FAILED")
    status, body = await client.json("GET", "/ev/v3/charge-session")
    assert (status, body["errors"][0]["code"]) == (404, "E0038")


async def test_dialect_of_1_0_0(simulator: Simulator, client: Client) -> None:
    """The oldest shape: PascalCase, the state a plain text, the id in the path."""
    simulator.shell.settings.dialect = "1.0.0"
    base = "/ev/v1/charge-session"
    body = {"EvChargeNumber": CARD, "EvseId": EVSE}
    _, answer = await client.json("POST", f"{base}/start", json=body)
    assert set(answer) == {"RequestId", "Status", "Data"}
    session_id = answer["Data"][0]["SessionId"]
    simulator.clock.advance(5)
    query = {"SessionId": session_id}
    _, answer = await client.json("GET", f"{base}/retrieve/{session_id}", params=query)
    session = answer["Data"][0]
    assert session["Sessionstate"] == "FailedToStart"
    assert session["SessionCode"] == "EvNotConnectedToEvse"
    assert session["SessionMessage"]

    session_id = simulator.world.start_at_pole(EVSE, CARD).session_id
    _, answer = await client.json("GET", f"{base}/active", params={"EmaId": CARD})
    assert set(answer["Data"][0]) == {
        "Id",
        "UserId",
        "EmaId",
        "EvseId",
        "StartedAt",
        "StoppedAt",
        "SessionState",
        "SessionCode",
        "SessionMessage",
    }
    assert answer["Data"][0]["SessionCode"] is None
    body = {"SesssionId": session_id}
    status, answer = await client.json("POST", f"{base}/stop/{session_id}", json=body)
    assert (status, set(answer)) == (202, {"RequestId", "Status"})


async def test_errors_of_1_0_0(simulator: Simulator, client: Client) -> None:
    """The oldest errors have other keys and codes, and a 401 that claims success."""
    simulator.shell.settings.dialect = "1.0.0"
    status, body = await client.retrieve(UNKNOWN)
    assert (status, body["Status"]) == (404, "FAILED")
    assert set(body["Errors"][0]) == {"Code", "Title", "Detail", "AdditionalInfo"}
    assert body["Errors"][0]["Code"] == "E0005"
    simulator.shell.tokens.revoke()
    status, body = await client.retrieve(str(uuid4()))
    assert (status, body["Status"]) == (401, "SUCCESS")
    status, body = await client.json("GET", "/locations/v1/ev")
    assert (status, body["code"]) == (401, "InvalidToken")
