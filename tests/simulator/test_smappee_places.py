"""Tests of what Smappee tells about parks, stations and connectors."""

from typing import Any

import pytest

from . import Simulator
from .park_model import Connector
from .smappee_client import DC, NORTH, SOUTH, SOUTHERN, STATION, TWIN, ParkClient

MAX = "etc.smart.device.type.car.charger.config.max.current"
MIN = "etc.smart.device.type.car.charger.config.min.current"


async def test_service_locations(owner: ParkClient) -> None:
    """The account sees its parks, in the shape of the sample."""
    status, body = await owner.get("servicelocation")
    assert status == 200
    assert body.keys() == {"appName", "serviceLocations"}
    assert [
        (each["serviceLocationId"], each["name"], each.keys()) for each in body["serviceLocations"]
    ] == [
        (
            key,
            name,
            {"serviceLocationId", "serviceLocationUuid", "name", "deviceSerialNumber"},
        )
        for key, name in ((NORTH, "Parking North"), (SOUTH, "Parking South"))
    ]


async def test_metering_configuration(simulator: Simulator, owner: ParkClient) -> None:
    """A park has stations, with chargers that are the connectors."""
    status, body = await owner.get(f"servicelocation/{NORTH}/meteringconfiguration")
    assert status == 200
    stations = {each["serialNumber"]: each for each in body["chargingStations"]}
    assert len(stations) == 6
    assert stations[TWIN]["name"] == "North 5"
    assert stations[TWIN]["connectSerialNumber"] != TWIN
    left, right = stations[TWIN]["chargers"]
    connector = simulator.parks.connector(TWIN, 2)
    assert (left["position"], right["position"]) == (1, 2)
    assert (right["id"], right["uuid"]) == (connector.device_id, connector.uuid)
    assert [serial for serial, each in stations.items() if "model" in each] == [DC]
    assert stations[DC]["model"] == "EV Base Ultra"
    simulator.smappee.settings.charger_id_key = "smartDeviceId"
    _, body = await owner.get(f"servicelocation/{SOUTH}/meteringconfiguration")
    (station,) = body["chargingStations"]
    assert station["chargers"][0]["smartDeviceId"]


async def test_a_park_without_stations(simulator: Simulator, owner: ParkClient) -> None:
    """A location without stations has no metering configuration and no sessions."""
    simulator.parks.remove_station(SOUTHERN)
    for path in (
        f"servicelocation/{SOUTH}/meteringconfiguration",
        f"chargingparks/{SOUTH}/sessions?range=0",
    ):
        assert await owner.get(path) == (204, None)
    _, devices = await owner.get(f"servicelocation/{SOUTH}/smartdevices")
    assert [each["type"]["category"] for each in devices] == ["SWITCH"]
    assert (await owner.get(f"chargingstations/{SOUTHERN}/sessions", range="0"))[0] == 404


async def _devices(owner: ParkClient) -> dict[str, Any]:
    _, body = await owner.get(f"servicelocation/{NORTH}/smartdevices")
    return {each["uuid"]: each for each in body if each["type"]["category"] == "CARCHARGER"}


def _properties(device: Any) -> dict[str, Any]:
    return {each["spec"]["name"]: each["value"] for each in device["properties"]}


async def test_smart_devices(simulator: Simulator, owner: ParkClient) -> None:
    """Every connector is a smart device, which knows its currents if it is AC."""
    devices = await _devices(owner)
    assert len(devices) == 7
    connector = simulator.parks.connector(STATION, 1)
    device = devices[connector.uuid]
    assert device["id"] == f"CARCHARGER-{connector.device_id}"
    assert device["name"] == "North 1 1"
    assert device["configurationProperties"] == [
        {
            "spec": {"name": name, "species": "Quantity"},
            "values": [{"Quantity": {"value": value, "unit": "A"}}],
        }
        for name, value in ((MAX, 32), (MIN, 6))
    ]
    assert devices[simulator.parks.connector(DC, 1).uuid]["configurationProperties"] == []


async def test_state_of_a_smart_device(simulator: Simulator, owner: ParkClient) -> None:
    """A smart device tells its state and its limit as a percentage."""
    connector = simulator.parks.connector(STATION, 1)

    async def told(connector: Connector) -> tuple[str, int]:
        properties = _properties((await _devices(owner))[connector.uuid])
        return properties["chargingState"], properties["percentageLimit"]

    assert await told(connector) == ("STOPPED", 100)
    simulator.parks.plug(STATION, 1)
    simulator.parks.set_mode(STATION, 1, "NORMAL", 19)
    assert await told(connector) == ("STARTED", 50)
    simulator.parks.set_mode(STATION, 1, "NORMAL", 0)
    assert await told(connector) == ("STARTED", 0)
    simulator.parks.set_mode(STATION, 1, "PAUSED")
    assert await told(connector) == ("SUSPENDED", 0)


async def test_a_park_of_somebody_else(simulator: Simulator, owner: ParkClient) -> None:
    """A park that is not the account's is not listed, and forbidden, until it is again."""
    simulator.parks.disown(SOUTH)
    _, body = await owner.get("servicelocation")
    assert [each["serviceLocationId"] for each in body["serviceLocations"]] == [NORTH]
    for path in (
        f"servicelocation/{SOUTH}/meteringconfiguration",
        f"servicelocation/{SOUTH}/smartdevices",
        f"chargingparks/{SOUTH}/sessions?range=0",
        f"chargingstations/{SOUTHERN}/sessions?range=0",
    ):
        assert (await owner.get(path))[0] == 403
    assert await owner.set_mode({"mode": "PAUSED"}, SOUTHERN) == 403
    simulator.parks.own(SOUTH)
    assert await owner.set_mode({"mode": "PAUSED"}, SOUTHERN) == 204


@pytest.mark.parametrize(
    "path",
    [
        "servicelocation/1/meteringconfiguration",
        "servicelocation/nowhere/smartdevices",
        "chargingparks/1/sessions?range=0",
        "chargingstations/6000000000/sessions?range=0",
        "chargingstations",
        "elsewhere",
    ],
)
async def test_unknown_places(owner: ParkClient, path: str) -> None:
    """What is not there is a 404."""
    assert (await owner.get(path))[0] == 404
