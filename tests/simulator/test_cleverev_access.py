"""Tests of who may ask CleverEV for what, and of everything that can be made to go wrong."""

import asyncio
from collections.abc import Mapping

from aiohttp import ClientConnectionError
import pytest

from . import Simulator
from .cleverev_client import ENERGY, LIST, NamespaceClient
from .client import Client
from .defaults import CLEVEREV_ID_TAGS, CLEVEREV_LOCATIONS, CLEVEREV_TOKEN

CALLS = {
    "list_sessions": ("GET", LIST),
    "public_chargers": ("POST", f"/api/locations/public/{CLEVEREV_LOCATIONS[0]}/chargers"),
    "chargers": ("GET", "/chargers"),
    "start_session": ("POST", "/sessions/start"),
    "get_session": ("GET", "/sessions/csn-00000000000000001"),
    "stop_session": ("POST", "/sessions/csn-00000000000000001/stop"),
}
NEWER = {"chargers", "get_session", "stop_session"}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("value", [None, "Bearer", "Bearer nonsense", f"Basic {CLEVEREV_TOKEN}"])
async def test_bad_token(host: NamespaceClient, name: str, value: str | None) -> None:
    """Without a good token there is nothing to see."""
    host.headers["Authorization"] = value
    status, body = await host.json(*CALLS[name])
    assert (status, body) == (401, {"success": False, "message": "Unauthorized"})


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"organization-id": None}, 400),
        ({"organization-id": ""}, 400),
        ({"organization-id": "x" * 41}, 400),
        ({"organization-id": "another"}, 403),
        ({"compatibility-date": None}, 400),
        ({"compatibility-date": "tomorrow"}, 400),
        ({"compatibility-date": "2025-10-31"}, 400),
    ],
)
async def test_headers(
    host: NamespaceClient, headers: Mapping[str, str | None], status: int
) -> None:
    """The newer API wants to know the organization and the version, the older one neither."""
    host.headers |= headers
    for name in NEWER:
        answer = await host.json(*CALLS[name])
        assert (answer[0], answer[1]["success"]) == (status, False)
    assert await host.sessions() == []


async def test_later_version(host: NamespaceClient) -> None:
    """Any later date is good too."""
    host.headers["compatibility-date"] = "2026-11-20"
    assert (await host.json("GET", "/chargers"))[0] == 200


async def test_start_without_an_organization(host: NamespaceClient) -> None:
    """The vendor's page about starting does not ask for one, but a wrong one is refused."""
    host.headers["organization-id"] = None
    assert (await host.start())[0] == 200
    host.headers["organization-id"] = "another"
    assert (await host.start())[0] == 403


async def test_revoked_token(simulator: Simulator, host: NamespaceClient) -> None:
    """A token that was revoked stays so until the owner makes a new one."""
    simulator.faults.on("token_revoked")
    assert (await host.json("GET", LIST))[0] == 401
    simulator.namespace.tokens.add("another")
    assert (await host.json("GET", LIST))[0] == 401
    host.headers["Authorization"] = "Bearer another"
    assert (await host.json("GET", LIST))[0] == 200


async def test_expired_token(simulator: Simulator, host: NamespaceClient) -> None:
    """While the fault is on no token is good."""
    simulator.faults.on("token_expired", scope="cleverev", count=1)
    assert (await host.json("GET", LIST))[0] == 401
    assert (await host.json("GET", LIST))[0] == 200


async def test_names_of_calls(simulator: Simulator, host: NamespaceClient) -> None:
    """Every call is written down by its name."""
    for method, path in CALLS.values():
        await host.send(method, path)
    await host.send("GET", "/api/weather")
    names = [*CALLS, "unknown"]
    assert simulator.log.counts() == dict.fromkeys(names, 1)
    assert simulator.log.count(backend="cleverev") == len(names)


@pytest.mark.parametrize("name", CALLS)
async def test_too_many_requests(simulator: Simulator, host: NamespaceClient, name: str) -> None:
    """A fault hits the call that its scope names, and no other, in the network's words."""
    simulator.faults.on("http_429", scope=f"cleverev {name}", retry_after=17)
    for each, (method, path) in CALLS.items():
        response = await host.send(method, path)
        assert (response.status == 429) is (each == name)
        if each == name:
            assert response.headers["Retry-After"] == "17"
            assert (await response.json())["success"] is False


async def test_internal_error(simulator: Simulator, host: NamespaceClient, client: Client) -> None:
    """An error 500 has the body that the seed shows, and other networks are spared."""
    simulator.faults.on("http_500", scope="cleverev")
    status, body = await host.json("GET", LIST)
    assert (status, body.keys()) == (500, {"success", "message"})
    assert (await client.active())[0] == 200


@pytest.mark.parametrize("name", CALLS)
async def test_failure_with_200(simulator: Simulator, host: NamespaceClient, name: str) -> None:
    """A failure may come as 200; then nothing has happened."""
    simulator.faults.on("failed_status", scope=name)
    status, body = await host.json(*CALLS[name])
    assert (status, body["success"]) == (200, False)
    assert body["message"]


async def test_one_generation_only(simulator: Simulator, host: NamespaceClient) -> None:
    """A host may have the addresses of one generation only."""
    simulator.cleverev.settings.offers = "legacy"
    assert (await host.json("GET", LIST))[0] == 200
    assert (await host.json("GET", "/chargers"))[0] == 404
    simulator.cleverev.settings.offers = "current"
    assert (await host.json("GET", LIST))[0] == 404
    assert (await host.json("GET", "/chargers"))[0] == 200


@pytest.mark.parametrize("kind", ["reset", "drop_answer"])
async def test_cut_connection(simulator: Simulator, host: NamespaceClient, kind: str) -> None:
    """A session may have been started although no answer came."""
    simulator.namespace.plug(ENERGY, 1)
    simulator.faults.on(kind, scope="start_session")
    with pytest.raises(ClientConnectionError):
        await host.start()
    simulator.clock.advance(5)
    assert len(await host.sessions()) == (1 if kind == "drop_answer" else 0)


async def test_odd_answers(simulator: Simulator, host: NamespaceClient) -> None:
    """Answers may be HTML, empty, cut in half or late."""
    for kind in ("html", "empty_body", "broken_json"):
        simulator.faults.on(kind, scope="list_sessions", count=1)
        assert (await host.send("GET", LIST)).status == 200
    simulator.faults.on("stall", scope="list_sessions", count=1)
    late = asyncio.create_task(host.sessions())
    await asyncio.sleep(0.05)
    assert not late.done()
    simulator.faults.off()
    assert await late == []


async def test_unreadable_sessions(simulator: Simulator, host: NamespaceClient) -> None:
    """Sessions may have a status that nobody knows, or a field of a wrong type."""
    first = simulator.namespace.start_at_pole(ENERGY, 1, CLEVEREV_ID_TAGS[0])
    simulator.namespace.start_at_pole(ENERGY, 2, CLEVEREV_ID_TAGS[1])
    simulator.faults.on("unknown_enum", count=2)
    assert [each["status"] for each in await host.sessions()] == ["hibernating"] * 2
    assert (await host.get(first.id))[1]["chargingSession"]["status"] == "hibernating"
    simulator.faults.on("rotten_session", count=2)
    newest, oldest = await host.sessions()
    assert isinstance(newest["startedAtTimestamp"], dict)
    assert isinstance(oldest["startedAtTimestamp"], str)
    body = (await host.get(first.id))[1]["chargingSession"]
    assert isinstance(body["startedAtTimestamp"], dict)


async def test_stale_list(simulator: Simulator, host: NamespaceClient) -> None:
    """The list may stay as it was while a single session is up to date."""
    namespace = simulator.namespace
    over = namespace.start_at_pole(ENERGY, 2, CLEVEREV_ID_TAGS[1])
    namespace.unplug(ENERGY, 2)
    old = namespace.start_at_pole(ENERGY, 1, CLEVEREV_ID_TAGS[0])
    simulator.clock.advance(360)
    simulator.faults.on("stale_active")
    simulator.clock.advance(360)
    namespace.unplug(ENERGY, 1)
    new = namespace.start_at_pole(ENERGY, 2, CLEVEREV_ID_TAGS[1])
    (body,) = await host.sessions(status="Started")
    assert (body["id"], body["status"], body["energy"]) == (old.id, "Started", 1100)
    assert [each["id"] for each in await host.sessions()] == [old.id, over.id]
    assert [each["id"] for each in await host.sessions(status="Stopped")] == [over.id]
    assert (await host.get(old.id))[1]["chargingSession"]["status"] == "Stopped"
    simulator.faults.off()
    assert [each["id"] for each in await host.sessions()] == [new.id, old.id, over.id]
