"""Tests of starting and stopping sessions at CleverEV."""

from . import Simulator
from .cleverev_client import ENERGY, IDLE, NamespaceClient
from .defaults import CLEVEREV_OWNER, CLEVEREV_REMOTE_ID_TAG


async def test_start_and_stop(simulator: Simulator, host: NamespaceClient) -> None:
    """A car that is there charges after a start, and not after a stop."""
    namespace = simulator.namespace
    namespace.plug(ENERGY, 1)
    assert await host.status_of() == "Preparing"
    status, body = await host.start()
    key = body["chargingSession"]["id"]
    assert (status, body["success"]) == (200, True)
    assert (await host.get(key))[0] == 404
    simulator.clock.advance(2)
    (shown,) = await host.sessions()
    assert (shown["id"], shown["status"], shown["idTag"]) == (
        key,
        "Started",
        CLEVEREV_REMOTE_ID_TAG,
    )
    assert shown["userId"] == CLEVEREV_OWNER
    assert (shown["chargingIntent"]["type"], shown["chargingIntent"]["startType"]) == (
        "InApp",
        "Remote",
    )
    assert await host.status_of() == "Charging"
    assert await host.stop(key) == (200, {"success": True})
    assert (await host.sessions())[0]["status"] == "Started"
    simulator.clock.advance(2)
    (shown,) = await host.sessions()
    assert (shown["status"], shown["stoppedReason"]) == ("Stopped", "Remote")
    assert await host.status_of() == "Finishing"
    namespace.unplug(ENERGY, 1)
    assert await host.status_of() == "Available"


async def test_start_without_a_car(simulator: Simulator, host: NamespaceClient) -> None:
    """A start waits for a car, but not for ever."""
    _, body = await host.start(source="console")
    simulator.clock.advance(100)
    assert await host.status_of() == "Preparing"
    assert await host.sessions() == []
    simulator.namespace.plug(ENERGY, 1)
    (shown,) = await host.sessions()
    assert shown["id"] == body["chargingSession"]["id"]
    assert shown["chargingIntent"]["type"] == "InConsole"
    await host.start(IDLE)
    simulator.clock.advance(119)
    assert await host.status_of(IDLE) == "Preparing"
    simulator.clock.advance(1)
    assert await host.status_of(IDLE) == "Available"
    simulator.namespace.plug(IDLE, 1)
    assert len(await host.sessions()) == 1
