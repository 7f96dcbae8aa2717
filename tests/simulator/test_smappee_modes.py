"""Tests of setting the mode of a connector over HTTP."""

import pytest

from . import Simulator
from .cars import Car
from .park_model import Mode, Status
from .smappee_client import DC, STATION, TWIN, ParkClient


def _normal(unit: object, value: object) -> dict[str, object]:
    return {"mode": "NORMAL", "limit": {"unit": unit, "value": value}}


@pytest.mark.parametrize(
    ("body", "mode", "current"),
    [
        ({"mode": "NORMAL"}, Mode.NORMAL, 32),
        (_normal("AMPERE", 6), Mode.NORMAL, 6),
        (_normal("AMPERE", 0), Mode.NORMAL, 0),
        (_normal("AMPERE", 15.5), Mode.NORMAL, 15.5),
        (_normal("AMPERE", 32), Mode.NORMAL, 32),
        (_normal("PERCENTAGE", 0), Mode.NORMAL, 6),
        (_normal("PERCENTAGE", 50), Mode.NORMAL, 19),
        (_normal("PERCENTAGE", 100), Mode.NORMAL, 32),
        ({"mode": "SMART"}, Mode.SMART, 32),
        ({"mode": "PAUSED"}, Mode.PAUSED, 32),
    ],
)
async def test_modes(
    simulator: Simulator, owner: ParkClient, body: object, mode: Mode, current: float
) -> None:
    """All modes and limits of the documentation work, and say nothing in return."""
    assert await owner.set_mode(body) == 204
    connector = simulator.parks.connector(STATION, 1)
    assert (connector.mode, connector.current) == (mode, current)


@pytest.mark.parametrize(
    "body",
    [
        _normal("AMPERE", 32.1),
        _normal("AMPERE", -1),
        _normal("PERCENTAGE", 101),
        _normal("PERCENTAGE", -0.5),
        _normal("PERCENTAGE", "50"),
        _normal("PERCENTAGE", True),
        _normal("VOLT", 16),
        _normal(None, 16),
        {"mode": "NORMAL", "limit": {}},
        {"mode": "NORMAL", "limit": 16},
        {"mode": "SMART", "limit": {"unit": "AMPERE", "value": 16}},
        {"mode": "PAUSED", "limit": {"unit": "AMPERE", "value": 16}},
        {"mode": "TURBO"},
        {"mode": ["NORMAL"]},
        {"mode": "normal"},
        {},
        [],
        None,
    ],
)
async def test_wrong_modes(simulator: Simulator, owner: ParkClient, body: object) -> None:
    """What the documentation does not allow is refused and changes nothing."""
    simulator.parks.set_mode(STATION, 1, "NORMAL", 10)
    assert await owner.set_mode(body) == 400
    connector = simulator.parks.connector(STATION, 1)
    assert (connector.mode, connector.limit) == (Mode.NORMAL, 10)


async def test_no_json(owner: ParkClient) -> None:
    """A body that is no JSON is refused."""
    path = f"chargingstations/{STATION}/connectors/1/mode"
    for data in (b"mode=SMART", b"\xff", b""):
        assert (await owner.send("PUT", path, data=data)).status == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"mode": "NORMAL"}, 204),
        ({"mode": "PAUSED"}, 204),
        ({"mode": "SMART"}, 400),
        (_normal("AMPERE", 100), 400),
        (_normal("PERCENTAGE", 100), 400),
    ],
)
async def test_dc(owner: ParkClient, body: object, status: int) -> None:
    """A DC station can only charge or be paused."""
    assert await owner.set_mode(body, DC) == status


@pytest.mark.parametrize(
    ("serial", "position"), [("6000000000", 1), (STATION, 2), (STATION, 0), (TWIN, 3)]
)
async def test_unknown_connectors(owner: ParkClient, serial: str, position: int) -> None:
    """Only what is there has a mode."""
    assert await owner.set_mode({"mode": "NORMAL"}, serial, position) == 404


async def test_position_that_is_no_number(owner: ParkClient) -> None:
    """A position is a number."""
    path = f"chargingstations/{STATION}/connectors/left/mode"
    assert (await owner.send("PUT", path, json={"mode": "SMART"})).status == 404
    path = f"chargingstations/{STATION}/connectors/1/mode"
    assert (await owner.send("POST", path, json={"mode": "SMART"})).status == 405


async def test_status_200(simulator: Simulator, owner: ParkClient) -> None:
    """The answer may be a 200 as well, without a body."""
    simulator.smappee.settings.mode_status = 200
    assert await owner.set_mode({"mode": "PAUSED"}) == 200


async def test_pause_and_go_on(simulator: Simulator, owner: ParkClient) -> None:
    """The mode stops and starts the flow, and the session shows it."""
    session = simulator.parks.plug(TWIN, 2, Car(max_power=22))
    await owner.set_mode({"mode": "PAUSED"}, TWIN, 2)
    (body,) = await owner.sessions(active="true")
    assert (body["status"], body["suspendedByUser"]) == ("SUSPENDED", True)
    await owner.set_mode(_normal("AMPERE", 10), TWIN, 2)
    (body,) = await owner.sessions(active="true")
    assert (body["status"], body["suspendedByUser"]) == ("CHARGING", False)
    assert (body["smartMode"], body["maxAmperes"]) == ("NORMAL", [10, 10, 10])
    simulator.clock.advance(3600)
    await owner.set_mode({"mode": "SMART"}, TWIN, 2)
    (body,) = await owner.sessions(active="true")
    assert (body["smartMode"], body["energy"]) == ("SMART", 6.9)
    assert session.status is Status.CHARGING
