"""Tests of what CleverEV tells of chargers, in both generations."""

from typing import Any

from . import Simulator
from .cleverev_client import DAY, ENERGY, FAST, IDLE, NamespaceClient
from .cleverev_wire import iso
from .defaults import (
    CLEVEREV_CONNECTION_URL,
    CLEVEREV_ID_TAGS,
    CLEVEREV_IP_ADDRESS,
    CLEVEREV_LOCATIONS,
    CLEVEREV_PASSWORD,
)

HOTEL, DEPOT = CLEVEREV_LOCATIONS
PUBLIC = "/api/locations/public/{}/chargers"


async def chargers(host: NamespaceClient, **query: str | int) -> dict[str, Any]:
    """Read chargers by their id, newer generation."""
    status, body = await host.json("GET", "/chargers", params=query)
    assert (status, body["success"]) == (200, True)
    return {each["id"]: each for each in body["chargers"]}


async def public(host: NamespaceClient, location: str = HOTEL, **body: object) -> Any:
    """Read the public chargers of a location, older generation."""
    status, answer = await host.json("POST", PUBLIC.format(location), json=body)
    assert (status, answer["success"]) == (200, True)
    return answer


async def test_chargers(simulator: Simulator, host: NamespaceClient) -> None:
    """Every charger tells what it is and how its connectors are, newest first."""
    found = await chargers(host)
    assert list(found) == [FAST, IDLE, DAY, ENERGY]
    charger = found[FAST]
    assert (charger["name"], charger["locationId"]) == ("Depot Fast", DEPOT)
    assert (charger["status"], charger["ocppVersion"]) == ("Available", "1.6")
    assert charger["connectors"] == [
        {
            "connectorId": 1,
            "type": "ccs2",
            "status": "Available",
            "statusSince": iso(simulator.clock.now()),
            "maxPower": 50,
            "maxCurrent": 125,
        }
    ]
    assert [each["type"] for each in found[ENERGY]["connectors"]] == ["type2", "type2"]
    simulator.cleverev.settings.connector_key = "id"
    assert [each["id"] for each in (await chargers(host))[ENERGY]["connectors"]] == [1, 2]


async def test_secrets(host: NamespaceClient) -> None:
    """Chargers carry what must never be shown."""
    for charger in (await chargers(host)).values():
        assert charger["basicAuthPassword"] == CLEVEREV_PASSWORD
        assert charger["ipAddress"] == CLEVEREV_IP_ADDRESS
        assert charger["connectionUrl"] == CLEVEREV_CONNECTION_URL


async def test_pages_of_chargers(host: NamespaceClient) -> None:
    """Pages count from one and have ten chargers, a hundred at most."""
    assert list(await chargers(host, per_page=3)) == [FAST, IDLE, DAY]
    assert list(await chargers(host, per_page=3, page=2)) == [ENERGY]
    assert await chargers(host, page=2) == {}
    assert len(await chargers(host, per_page=100)) == 4
    for query in ({"per_page": 101}, {"per_page": 0}, {"page": 0}, {"page": "x"}):
        assert (await host.json("GET", "/chargers", params=query))[0] == 400


async def test_include(host: NamespaceClient) -> None:
    """Connectors come along unless something else is asked for."""
    for include, expected in (("connectors", True), ("connectors,location", True), ("", False)):
        found = await chargers(host, include=include)
        assert all(("connectors" in each) is expected for each in found.values())


async def test_status(simulator: Simulator, host: NamespaceClient) -> None:
    """Connectors tell how they are, and since when; a charger tells of a fault."""
    namespace = simulator.namespace
    namespace.start_at_pole(ENERGY, 1, CLEVEREV_ID_TAGS[0])
    simulator.clock.advance(600)
    namespace.full(ENERGY, 1)
    namespace.fault(ENERGY, 2, "GroundFailure")
    namespace.set_outage(IDLE, 1, "Unavailable")
    then = simulator.clock.now()
    simulator.clock.advance(600)
    found = await chargers(host)
    assert [each["status"] for each in found[ENERGY]["connectors"]] == ["SuspendedEV", "Faulted"]
    assert found[ENERGY]["connectors"][0]["statusSince"] == iso(then)
    assert (found[ENERGY]["status"], found[ENERGY]["error"]) == ("Faulted", "GroundFailure")
    assert found[IDLE]["status"] == "Unavailable"
    assert "error" not in found[DAY]


async def test_offline(simulator: Simulator, host: NamespaceClient) -> None:
    """A charger that is offline looks as it was when it was last heard of."""
    namespace = simulator.namespace
    session = namespace.start_at_pole(ENERGY, 1, CLEVEREV_ID_TAGS[0])
    simulator.clock.advance(120)
    namespace.set_online(ENERGY, online=False)
    then = iso(simulator.clock.now())
    simulator.clock.advance(3600)
    namespace.unplug(ENERGY, 1)
    namespace.plug(ENERGY, 2, id_tag=CLEVEREV_ID_TAGS[1])
    charger = (await chargers(host))[ENERGY]
    assert (charger["disconnectedSince"], "connectedSince" in charger) == (then, False)
    assert charger["lastHeartbeat"] <= then
    assert [each["status"] for each in charger["connectors"]] == ["Charging", "Available"]
    (body,) = await host.sessions()
    assert (body["status"], body["energy"], body["lastMeteredAtTimestamp"]) == (
        "Started",
        366,
        then,
    )
    assert (await host.get(session.id))[1]["chargingSession"] == body
    hidden = namespace.connector(ENERGY, 2).session
    assert hidden
    assert (await host.get(hidden.id))[0] == 404
    namespace.set_online(ENERGY)
    charger = (await chargers(host))[ENERGY]
    assert "disconnectedSince" not in charger
    assert charger["connectedSince"] == iso(simulator.clock.now())
    assert [each["status"] for each in await host.sessions()] == ["Started", "Stopped"]


async def test_public_chargers(simulator: Simulator, host: NamespaceClient) -> None:
    """The older generation knows the public chargers of a location, by other names of types."""
    answer = await public(host)
    assert answer["count"] == 3
    assert [each["id"] for each in answer["chargers"]] == [ENERGY, DAY, IDLE]
    assert answer["chargers"][0]["connectors"][0]["type"] == "Mennekes_Type2"
    assert (await public(host, DEPOT))["chargers"] == []
    simulator.namespace.charger(FAST).is_public = True
    (fast,) = (await public(host, DEPOT))["chargers"]
    assert fast["connectors"][0]["type"] == "CCS2"
    assert (await host.json("POST", PUBLIC.format("nowhere"), json={}))[0] == 404
    assert (await host.json("POST", PUBLIC.format(HOTEL), data=b"x"))[0] == 400


async def test_filtered_public_chargers(simulator: Simulator, host: NamespaceClient) -> None:
    """They can be filtered and come in pages."""
    simulator.namespace.plug(DAY, 2)
    wanted = {"type": "Public", "connectors": {"status": "Preparing"}}
    (found,) = (await public(host, where=wanted))["chargers"]
    assert found["id"] == DAY
    assert (await public(host, where={"type": "Private"}))["chargers"] == []
    page = await public(host, pagination={"skip": 1, "take": 1})
    assert (page["count"], [each["id"] for each in page["chargers"]]) == (3, [DAY])
    simulator.cleverev.settings.count_is_total = False
    assert (await public(host, pagination={"skip": 1, "take": 1}))["count"] == 1
