"""Tests of what can be made to go wrong with Smappee."""

import asyncio

from aiohttp import ClientConnectionError
import pytest

from . import Simulator
from .client import Client
from .park_model import Mode
from .smappee_client import NORTH, SOUTHERN, STATION, TWIN, ParkClient

PARK = f"chargingparks/{NORTH}"
CALLS = {
    "servicelocations": "servicelocation",
    "metering_configuration": f"servicelocation/{NORTH}/meteringconfiguration",
    "smart_devices": f"servicelocation/{NORTH}/smartdevices",
    "park_sessions": f"{PARK}/sessions?range=0",
    "station_sessions": f"chargingstations/{TWIN}/sessions?range=0",
}


async def test_names_of_calls(simulator: Simulator, owner: ParkClient) -> None:
    """Every call is written down by its name."""
    for path in CALLS.values():
        await owner.get(path)
    await owner.set_mode({"mode": "PAUSED"})
    await owner.get("weather")
    names = ["token", *CALLS, "set_mode", "unknown"]
    assert simulator.log.counts() == dict.fromkeys(names, 1)
    assert simulator.log.count(backend="smappee") == len(names)


@pytest.mark.parametrize("name", CALLS)
async def test_scope_of_a_call(simulator: Simulator, owner: ParkClient, name: str) -> None:
    """A fault hits the call that its scope names, and no other."""
    simulator.faults.on("http_503", scope=f"smappee {name}", retry_after=9)
    for each, path in CALLS.items():
        response = await owner.send("GET", path)
        if each == name:
            assert (response.status, response.headers["Retry-After"]) == (503, "9")
        else:
            assert response.status < 300


async def test_scope_of_a_network(simulator: Simulator, client: Client, owner: ParkClient) -> None:
    """A fault of one network leaves the other alone, and requests for a token too."""
    simulator.faults.on("http_500", scope="smappee")
    assert (await owner.get("servicelocation"))[0] == 500
    assert (await client.active())[0] == 200
    assert (await owner.login())[0] == 200
    simulator.faults.off()
    simulator.faults.on("http_500", scope="shell_recharge")
    assert (await owner.get("servicelocation"))[0] == 200
    assert (await client.active())[0] == 500


async def test_refused_token(simulator: Simulator, owner: ParkClient) -> None:
    """A request for a token can fail as well, in the words of the network."""
    simulator.faults.on("http_401", scope="smappee token")
    assert (await owner.login())[:2] == (401, "unauthorized_client: Invalid Credentials")
    simulator.faults.off()
    simulator.faults.on("http_500", scope="token")
    assert (await owner.renew())[0] == 500


@pytest.mark.parametrize("kind", ["reset", "drop_answer"])
async def test_cut_connection(simulator: Simulator, owner: ParkClient, kind: str) -> None:
    """A mode may have been set although no answer came."""
    # Without a count, because aiohttp repeats a PUT by itself on a connection that was reused.
    simulator.faults.on(kind, scope="set_mode")
    with pytest.raises(ClientConnectionError):
        await owner.set_mode({"mode": "SMART"})
    expected = Mode.SMART if kind == "drop_answer" else Mode.NORMAL
    assert simulator.parks.connector(STATION, 1).mode is expected


async def test_odd_answers(simulator: Simulator, owner: ParkClient) -> None:
    """Answers may be HTML, empty, cut in half or late."""
    simulator.parks.plug(TWIN, 1)
    for kind in ("html", "empty_body", "broken_json"):
        simulator.faults.on(kind, scope="park_sessions", count=1)
        response = await owner.send("GET", CALLS["park_sessions"])
        assert response.status == 200
    simulator.faults.on("stall", scope="park_sessions", count=1)
    late = asyncio.create_task(owner.sessions())
    await asyncio.sleep(0.05)
    assert not late.done()
    simulator.faults.off()
    assert len(await late) == 1


async def test_unknown_status(simulator: Simulator, owner: ParkClient) -> None:
    """Sessions may have a status that nobody knows."""
    simulator.parks.plug(TWIN, 1)
    simulator.parks.plug(TWIN, 2)
    simulator.faults.on("unknown_enum", count=1)
    assert [each["status"] for each in await owner.sessions()] == ["hibernating"] * 2
    assert [each["status"] for each in await owner.sessions()] == ["CHARGING"] * 2


async def test_rotten_session(simulator: Simulator, owner: ParkClient) -> None:
    """The first session of an answer may be unreadable."""
    simulator.parks.plug(TWIN, 1)
    simulator.parks.plug(TWIN, 2)
    simulator.faults.on("rotten_session")
    first, second = await owner.sessions()
    assert isinstance(first["from"], dict)
    assert isinstance(second["from"], int)


async def test_stale_list(simulator: Simulator, owner: ParkClient) -> None:
    """The active sessions may stay as they were, while the plain list goes on."""
    parks = simulator.parks
    old = parks.plug(TWIN, 1)
    parks.plug(SOUTHERN, 1)
    simulator.clock.advance(360)
    simulator.faults.on("stale_active")
    simulator.clock.advance(360)
    parks.unplug(TWIN, 1)
    new = parks.plug(TWIN, 2)
    for where in (PARK, f"chargingstations/{TWIN}"):
        (body,) = await owner.sessions(where, active="true")
        assert (body["id"], body["status"], body["energy"]) == (old.id, "CHARGING", 1.1)
    assert await owner.sessions(f"chargingstations/{STATION}", active="true") == []
    assert [each["id"] for each in await owner.sessions()] == [new.id, old.id]
    simulator.faults.on("unknown_enum", count=1)
    (body,) = await owner.sessions(active="true")
    assert body["status"] == "hibernating"
    (body,) = await owner.sessions(active="true")
    assert body["status"] == "CHARGING"
    simulator.faults.off()
    (body,) = await owner.sessions(active="true")
    assert body["id"] == new.id
