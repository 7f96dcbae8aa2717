"""Tests of starting and stopping sessions at CleverEV."""

import pytest

from . import Simulator
from .cleverev_client import ENERGY, IDLE, NamespaceClient
from .defaults import CLEVEREV_ID_TAGS, CLEVEREV_OWNER, CLEVEREV_REMOTE_ID_TAG


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
    assert (shown["id"], shown["status"]) == (key, "Started")
    assert (shown["idTag"], shown["userId"]) == (CLEVEREV_REMOTE_ID_TAG, CLEVEREV_OWNER)
    intent = shown["chargingIntent"]
    assert (intent["type"], intent["startType"]) == ("InApp", "Remote")
    assert intent["pushNotificationPreferences"]["afterPrice"] == "10.00"
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


async def test_a_slow_charger(simulator: Simulator, host: NamespaceClient) -> None:
    """A car that comes before the charger has heard of the start waits for that as well."""
    simulator.namespace.settings.start_delay = 30
    simulator.namespace.settings.stop_delay = 30
    _, body = await host.start()
    simulator.clock.advance(10)
    assert simulator.namespace.plug(ENERGY, 1) is None
    simulator.clock.advance(19)
    assert await host.sessions() == []
    simulator.clock.advance(1)
    (shown,) = await host.sessions()
    key = body["chargingSession"]["id"]
    assert shown["id"] == key
    await host.stop(key)
    await host.stop(key)
    simulator.clock.advance(29)
    assert (await host.sessions())[0]["status"] == "Started"
    simulator.clock.advance(1)
    assert (await host.sessions())[0]["duration"] == 30


async def test_without_an_id(simulator: Simulator, host: NamespaceClient) -> None:
    """The answer to a start may not tell which session comes of it."""
    simulator.cleverev.settings.start_tells_id = False
    simulator.namespace.plug(ENERGY, 1)
    assert await host.start() == (200, {"success": True})
    simulator.clock.advance(2)
    assert len(await host.sessions()) == 1


@pytest.mark.parametrize("code", [200, 400, 409, 422])
async def test_refused_start(simulator: Simulator, host: NamespaceClient, code: int) -> None:
    """No session begins where one runs or waits, where something is broken, or nobody answers."""
    namespace = simulator.namespace
    simulator.cleverev.settings.refusal_status = code  # type: ignore[assignment]

    async def says() -> str:
        status, body = await host.start()
        assert (status, body["success"]) == (code, False)
        message: str = body["message"]
        return message

    for outage in ("Faulted", "Unavailable", "Reserved"):
        namespace.set_outage(ENERGY, 1, outage)
        assert await says() == f"Connector is {outage}"
    namespace.set_outage(ENERGY, 1, None)
    namespace.set_online(ENERGY, online=False)
    assert await says() == "Charger is offline"
    namespace.set_online(ENERGY)
    namespace.charger(ENERGY).is_initialized = False
    assert await says() == "Charger was never online"
    namespace.charger(ENERGY).is_initialized = True
    namespace.fail_next("start")
    assert await says() == "Charger has rejected the command"
    await host.start()
    assert await says() == "Connector is occupied"
    namespace.plug(ENERGY, 1)
    simulator.clock.advance(2)
    assert await says() == "Connector is occupied"
    assert len(await host.sessions()) == 1


async def test_refused_stop(simulator: Simulator, host: NamespaceClient) -> None:
    """A session that is over, or at a charger that is offline, cannot be stopped."""
    namespace = simulator.namespace
    session = namespace.start_at_pole(ENERGY, 1, CLEVEREV_ID_TAGS[0])
    namespace.fail_next("stop")
    assert (await host.stop(session.id))[0] == 400
    namespace.set_online(ENERGY, online=False)
    assert (await host.stop(session.id))[0] == 400
    namespace.set_online(ENERGY)
    assert (await host.stop(session.id))[0] == 200
    simulator.clock.advance(2)
    status, body = await host.stop(session.id)
    assert (status, body["message"]) == (400, "Charging session is stopped already")


async def test_accepted_and_never_done(simulator: Simulator, host: NamespaceClient) -> None:
    """A start or stop may be accepted and have no effect."""
    namespace = simulator.namespace
    namespace.plug(ENERGY, 1)
    namespace.fail_next("start", "never")
    status, body = await host.start()
    assert (status, body["success"]) == (200, True)
    simulator.clock.advance(600)
    assert await host.sessions() == []
    assert (await host.get(body["chargingSession"]["id"]))[0] == 404
    await host.start()
    simulator.clock.advance(2)
    (shown,) = await host.sessions()
    namespace.fail_next("stop", "never")
    assert await host.stop(shown["id"]) == (200, {"success": True})
    simulator.clock.advance(600)
    assert (await host.sessions())[0]["status"] == "Started"
    with pytest.raises(ValueError, match="politely"):
        namespace.fail_next("stop", "politely")


async def test_a_start_that_is_overtaken(simulator: Simulator, host: NamespaceClient) -> None:
    """A driver with a key card, or a fault, may come first."""
    namespace = simulator.namespace
    await host.start()
    session = namespace.start_at_pole(ENERGY, 1, CLEVEREV_ID_TAGS[0])
    await host.start(IDLE)
    namespace.fault(IDLE, 1)
    simulator.clock.advance(600)
    assert [each["id"] for each in await host.sessions()] == [session.id]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"chargerId": None}, 400),
        ({"chargerId": "nowhere"}, 404),
        ({"connectorId": 3}, 404),
        ({"connectorId": 0}, 400),
        ({"connectorId": True}, 400),
        ({"connectorId": "1"}, 400),
        ({"source": "website"}, 400),
        ({"source": None}, 400),
    ],
)
async def test_nonsense(host: NamespaceClient, body: dict[str, object], status: int) -> None:
    """A wrong start says what is wrong with it."""
    given: dict[str, object] = {"chargerId": ENERGY, "connectorId": 1, "source": "app"}
    code, answer = await host.json("POST", "/sessions/start", json=given | body)
    assert (code, answer["success"]) == (status, False)
    assert answer["message"]


async def test_no_json(host: NamespaceClient) -> None:
    """A body that is no JSON object is refused."""
    for data in (b"", b"[]", b"{", b"\xff"):
        assert (await host.json("POST", "/sessions/start", data=data))[0] == 400
