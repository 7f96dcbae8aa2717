"""Tests of the namespace by remote control."""

from datetime import timedelta

import pytest

from . import Simulator
from .cleverev_client import DAY, ENERGY, IDLE, LIST, NamespaceClient
from .client import Client
from .defaults import CLEVEREV_GUEST, CLEVEREV_ID_TAGS
from .test_control import control

PLACE = {"charger_id": ENERGY, "connector_id": 1}
SECOND = timedelta(seconds=1)


async def test_a_stay_by_remote_control(simulator: Simulator, client: Client) -> None:
    """A car comes, is held back, charges, has enough and leaves, over HTTP alone."""
    body = PLACE | {"id_tag": CLEVEREV_ID_TAGS[0], "car": {"level": 10, "max_power": 22}}
    session = await control(client, "POST", "namespace/plug", body)
    assert (session["status"], session["intent"]) == ("Started", "AutoCharge")
    await control(client, "POST", "namespace/pause", PLACE)
    await control(client, "POST", "clock", {"advance": 1800})
    await control(client, "POST", "namespace/pause", PLACE | {"paused": False})
    await control(client, "POST", "clock", {"advance": 1800})
    await control(client, "POST", "namespace/car_power", PLACE | {"max_power": 4})
    await control(client, "POST", "clock", {"advance": 900})
    await control(client, "POST", "namespace/full", PLACE)
    await control(client, "POST", "clock", {"advance": 900})
    ended = await control(client, "POST", "namespace/unplug", PLACE)
    assert (ended["session_id"], ended["stop_reason"]) == (session["session_id"], "EVDisconnected")
    assert (ended["energy"], ended["price"]) == (12_000, "5.40")
    given = {"session_id": session["session_id"]}
    corrected = await control(client, "POST", "namespace/correct", given | {"energy": 10_000})
    assert corrected["price"] == "4.50"
    wrong = await control(client, "POST", "namespace/bill_error", given | {"amount": "0.75"})
    assert wrong["price"] == "5.25"
    await control(client, "POST", "namespace/note", given | {"note": "Kept waiting"})
    assert simulator.namespace.session(session["session_id"]).note == "Kept waiting"
    assert await control(client, "POST", "namespace/plug", PLACE) == {}
    assert await control(client, "POST", "namespace/unplug", PLACE) == {}


async def test_start_and_stop_at_the_pole(simulator: Simulator, client: Client) -> None:
    """A guest starts with the card of a room, and stops with it."""
    body = PLACE | {"id_tag": "ROOM214", "intent": "InfostarKeycard", "details": CLEVEREV_GUEST}
    session = await control(client, "POST", "namespace/start_at_pole", body)
    assert (session["intent"], session["id_tag"]) == ("InfostarKeycard", "ROOM214")
    given = {"session_id": session["session_id"], "reason": "DeAuthorized"}
    assert (await control(client, "POST", "namespace/stop", given))["stop_reason"] == "DeAuthorized"


async def test_trouble_by_remote_control(simulator: Simulator, client: Client) -> None:
    """Connectors break, chargers go offline or lose their power, and commands fail."""
    for charger_id in (ENERGY, DAY, IDLE):
        body = {"charger_id": charger_id, "connector_id": 1, "id_tag": CLEVEREV_ID_TAGS[0]}
        await control(client, "POST", "namespace/plug", body)
    await control(client, "POST", "namespace/fault", PLACE | {"error": "OverVoltage"})
    await control(client, "POST", "namespace/online", {"charger_id": DAY, "online": False})
    await control(client, "POST", "namespace/lose_power", {"charger_id": IDLE})
    state = await control(client, "GET", "state")
    shown = {each["charger_id"]: each for each in state["chargers"]}
    assert shown[ENERGY]["connectors"][0]["status"] == "Faulted"
    assert [each["online"] for each in shown.values()] == [True, False, False, True]
    assert [each["status"] for each in state["namespace_sessions"]] == [
        "Stopped",
        "Started",
        "Stopped",
    ]
    await control(client, "POST", "namespace/outage", PLACE | {"outage": None})
    await control(client, "POST", "namespace/fail_next", {"start": "never", "stop": "refused"})
    state = await control(client, "GET", "state")
    assert state["chargers"][0]["connectors"][0] == {
        "connector_id": 1,
        "status": "Finishing",
        "power": 0,
        "register": 1_000_000,
        "car": "Car",
        "session": None,
    }


async def test_a_past_by_remote_control(
    simulator: Simulator, client: Client, host: NamespaceClient
) -> None:
    """A past is one request away, and its sums are told."""
    made = await control(client, "POST", "namespace/populate", {"sessions": 25, "days": 3})
    rows = await host.sessions(take=100)
    assert made["sessions"] == len(rows) == 25
    assert made["energy"] == sum(each["energy"] for each in rows)
    assert (await control(client, "GET", "state"))["namespace_count"] == 25


async def test_what_was_between_by_remote_control(simulator: Simulator, client: Client) -> None:
    """The sessions of a time are those that have begun before its end and ended after its start."""
    past = simulator.namespace.populate(30, days=30, is_lively=True)
    first, second, *_ = (past.session(each) for each in past.numbers)
    assert first.stopped
    both = {"start": first.stopped.isoformat(), "end": (second.started + SECOND).isoformat()}
    made = await control(client, "POST", "namespace/between", both)
    assert [each["session_id"] for each in made["sessions"]] == [second.id]
    assert made["sessions"][0]["energy"] == past.energies[1]
    both["start"] = (first.stopped - SECOND).isoformat()
    made = await control(client, "POST", "namespace/between", both)
    assert [each["session_id"] for each in made["sessions"]] == [first.id, second.id]


async def test_a_tariff_by_remote_control(client: Client) -> None:
    """A new price counts for sessions that begin afterwards; none is free of charge."""
    place = PLACE | {"id_tag": CLEVEREV_ID_TAGS[0]}
    await control(client, "POST", "namespace/start_at_pole", place)
    await control(client, "POST", "namespace/tariff", PLACE | {"tariff": None})
    await control(client, "POST", "clock", {"advance": 3600})
    assert (await control(client, "POST", "namespace/unplug", PLACE))["price"] == "4.95"
    await control(client, "POST", "namespace/start_at_pole", place)
    await control(client, "POST", "clock", {"advance": 3600})
    assert (await control(client, "POST", "namespace/unplug", PLACE))["price"] == "0.00"


async def test_tokens_by_remote_control(client: Client, host: NamespaceClient) -> None:
    """The token can be revoked, and another one made."""
    await control(client, "POST", "tokens/revoke")
    assert (await host.json("GET", LIST))[0] == 401
    await control(client, "POST", "namespace/token", {"token": "another"})
    host.headers["Authorization"] = "Bearer another"
    assert (await host.json("GET", LIST))[0] == 200


async def test_settings_by_remote_control(simulator: Simulator, client: Client) -> None:
    """Both what is said and how fast things happen can be set."""
    settings = await control(client, "GET", "settings")
    assert settings["cleverev"]["energy_unit"] == "Wh"
    assert settings["namespace"]["sample_interval"] == 60
    await control(client, "PATCH", "settings/cleverev", {"energy_unit": "kWh"})
    await control(client, "PATCH", "settings/namespace", {"start_delay": 5})
    assert simulator.cleverev.settings.energy_unit == "kWh"
    assert simulator.namespace.settings.start_delay == 5


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("plug", {"charger_id": "nowhere", "connector_id": 1}, 404),
        ("plug", {"charger_id": ENERGY}, 400),
        ("plug", PLACE | {"car": {"wings": 2}}, 400),
        ("plug", PLACE | {"id_tag": "x", "intent": "Telepathy"}, 400),
        ("full", PLACE, 400),
        ("stop", {"session_id": "nonsense"}, 404),
        ("bill_error", {"session_id": "csn-00000000000100001", "amount": "1"}, 404),
        ("outage", PLACE | {"outage": "Charging Slowly"}, 400),
        ("fail_next", {"pause": "never"}, 400),
        ("fail_next", {"start": "politely"}, 400),
        ("token", {}, 400),
    ],
)
async def test_nonsense(client: Client, path: str, body: object, status: int) -> None:
    """A wrong control request says what is wrong with it."""
    async with client.session.post(f"/_control/namespace/{path}", json=body) as response:
        assert response.status == status
        assert (await response.json())["error"]
