"""Tests of Smappee's stations and devices in JSON."""

import json
from typing import Any

from msgspec import Raw
import pytest

from custom_components.ev_charging_sessions.charging.backends.smappee_configuration_wire import (
    Connector,
    Currents,
    decode_connectors,
    decode_device,
    decode_stations,
)
from custom_components.ev_charging_sessions.charging.errors import UnexpectedAnswerError
from custom_components.ev_charging_sessions.charging.model import ChargePoint, ChargingMode

from .park_owner import NORTH
from .smappee_answers import STATION

_MOST = "etc.smart.device.type.car.charger.config.max.current"
_LEAST = "etc.smart.device.type.car.charger.config.min.current"


def connectors(**changes: Any) -> list[Connector]:
    """Return the connectors of a station that is different in some ways."""
    return decode_connectors(Raw(json.dumps(STATION | changes).encode()), NORTH, "North")


def device(*properties: dict[str, Any], **changes: Any) -> tuple[frozenset[str], Currents]:
    """Return what a smart device with these properties says."""
    body = {"id": "CARCHARGER-7", "uuid": "u", "configurationProperties": properties} | changes
    return decode_device(Raw(json.dumps(body).encode()))


def test_connector() -> None:
    """Test the one connector of a station."""
    (connector,) = connectors()
    assert connector == Connector(
        charge_point=ChargePoint(
            charge_point_id="6020999999-1",
            name="Front door",
            operator="North",
            modes=(ChargingMode.NORMAL, ChargingMode.SMART, ChargingMode.PAUSED),
        ),
        park_id=NORTH,
        serial="6020999999",
        position=1,
        names=frozenset({"7", "CARCHARGER-7", "uuid-7"}),
    )


def test_two_connectors() -> None:
    """Test that several connectors of a station are told apart by their position."""
    chargers = [{"smartDeviceId": "a", "position": "2"}, {"uuid": "u", "position": 1}]
    found = connectors(serialNumber=6020999999, name=None, chargers=chargers)
    assert [each.charge_point.name for each in found] == ["6020999999 2", "6020999999 1"]
    assert [each.charge_point.charge_point_id for each in found] == ["6020999999-2", "6020999999-1"]
    assert [each.names for each in found] == [{"a", "CARCHARGER-a"}, {"u"}]


def test_the_only_connector_needs_no_position() -> None:
    """Test that the only connector of a station is its first one."""
    assert connectors(chargers=[{"id": 7}])[0].position == 1
    assert connectors(chargers=[]) == connectors(chargers=None) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "EV Base Ultra"},
        {"type": "EV_BASE_ULTRA"},
        {"type": {"name": "EV Base Ultra", "id": 5}},
        {"currentType": "DC"},
        {"chargers": [{"id": 7, "currentType": "dc"}]},
    ],
)
def test_direct_current(changes: dict[str, Any]) -> None:
    """Test that a DC connector knows neither the smart mode nor a limit."""
    changes["chargers"] = [{"maxCurrent": 200, **changes.get("chargers", [{}])[0]}]
    (connector,) = connectors(**changes)
    assert connector.charge_point.modes == (ChargingMode.NORMAL, ChargingMode.PAUSED)
    limited = connector.with_currents(Currents(6, 200))
    assert limited.charge_point.max_current is limited.charge_point.min_current is None


def test_its_own_currents_come_first() -> None:
    """Test that currents of the station beat those of a device."""
    (connector,) = connectors(chargers=[{"maxCurrent": "16"}])
    point = connector.with_currents(Currents(6, 32)).charge_point
    assert (point.min_current, point.max_current) == (6, 16)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"serialNumber": None}, "serialNumber"),
        ({"serialNumber": "../1"}, "serialNumber"),
        ({"serialNumber": "a-1"}, "serialNumber"),
        ({"chargers": 5}, "chargers"),
        ({"chargers": [{"position": "left"}]}, "chargers[].position"),
        ({"chargers": [{}, {"position": 2}]}, "chargers[].position"),
        ({"chargers": [{"maxCurrent": "many"}]}, "chargers[].maxCurrent"),
    ],
)
def test_stations_that_cannot_be_read(changes: dict[str, Any], path: str) -> None:
    """Test that the field is named."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        connectors(**changes)
    assert caught.value.path == f"chargingStations[].{path}"


def test_stations() -> None:
    """Test that stations are left undecoded, and that there may be none."""
    (raw,) = decode_stations(json.dumps({"chargingStations": [STATION]}).encode())
    assert json.loads(bytes(raw)) == STATION
    for body in (b"null", b"{}", b'{"chargingStations": null}', b'{"chargingStations": []}'):
        assert decode_stations(body) == []
    with pytest.raises(UnexpectedAnswerError):
        decode_stations(b'{"chargingStations": {}}')


@pytest.mark.parametrize(
    "value",
    [
        {"value": {"value": 32, "unit": "A"}},
        {"value": 32},
        {"value": "32"},
        {"values": [{"Quantity": {"value": 32, "unit": "A"}}]},
        {"values": [{"Quantity": 32}]},
        {"value": None, "values": [32]},
    ],
)
def test_currents(value: dict[str, Any]) -> None:
    """Test every way in which a current is wrapped."""
    names, currents = device({"spec": {"name": _MOST, "species": "Quantity"}, **value})
    assert names == {"CARCHARGER-7", "u"}
    assert currents == Currents(None, 32)


@pytest.mark.parametrize("value", [None, True, {}, [], [[]], {"unit": "A"}, "", "nan", -1, 1e400])
def test_currents_that_say_nothing(value: object) -> None:
    """Test that what is no current is none."""
    body = json.dumps({"spec": {"name": _LEAST}, "value": value}).replace("Infinity", '"inf"')
    assert device(json.loads(body))[1] == Currents()


def test_other_devices() -> None:
    """Test that a device may have nothing to say, in whatever form."""
    odd: tuple[dict[str, Any], ...] = (
        {"spec": None, "value": [1]},
        {"spec": {"name": "led"}, "values": {"a": "b"}},
        {},
    )
    assert device(*odd)[1] == device(configurationProperties=None)[1] == Currents()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"id": [1]}, "smartdevices[].id"),
        (
            {"configurationProperties": [{"spec": {"name": _MOST}, "value": "many"}]},
            "smartdevices[].configurationProperties[]",
        ),
    ],
)
def test_devices_that_cannot_be_read(changes: dict[str, Any], path: str) -> None:
    """Test that the field is named."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        device(**changes)
    assert caught.value.path == path


def test_a_value_in_many_wrappings() -> None:
    """Test that no depth of an answer is too much."""
    deep = '{"value": ' * 300 + "7" + "}" * 300
    raw = f'{{"configurationProperties": [{{"spec": {{"name": "{_MOST}"}}, "value": {deep}}}]}}'
    assert decode_device(Raw(raw.encode()))[1] == Currents(None, 7)
