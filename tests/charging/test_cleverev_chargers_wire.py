"""Tests of what a charger of CleverEV means."""

import json
from typing import Any

import pytest

from custom_components.ev_charging_sessions.charging.backends import cleverev_chargers_wire
from custom_components.ev_charging_sessions.charging.backends.cleverev_chargers_wire import (
    decode_charger,
)
from custom_components.ev_charging_sessions.charging.errors import UnexpectedAnswerError
from custom_components.ev_charging_sessions.charging.model import (
    ChargePoint,
    ChargePointStatus,
    OcppStatus,
    Station,
)

from .cleverev_answers import CHARGER, CONNECTOR, without

STATION = Station(station_id="chg_1", name="Garage", vendor="ACME", model="Duo", firmware="1.2")


def decoded(charger: dict[str, Any], *connectors: dict[str, Any]) -> list[ChargePoint]:
    """Decode one charger."""
    body = charger | ({"connectors": connectors} if connectors else {})
    return decode_charger(json.dumps(body).encode())


def test_a_charger_with_one_connector() -> None:
    """Test what a connector is as a charge point."""
    assert decoded(CHARGER) == [
        ChargePoint(
            charge_point_id="chg_1-1",
            name="Garage",
            status=ChargePointStatus.OCCUPIED,
            connector_type="type2",
            max_power=22.0,
            max_current=32.0,
            station=STATION,
            ocpp_status=OcppStatus.CHARGING,
        )
    ]


def test_a_charger_with_two_connectors() -> None:
    """Test that names tell the connectors of one charger apart, and zero is none."""
    connectors = [CONNECTOR | {"connectorId": number} for number in (0, 2, 1)]
    points = decoded(CHARGER, *connectors)
    assert [(each.charge_point_id, each.name) for each in points] == [
        ("chg_1-2", "Garage 2"),
        ("chg_1-1", "Garage 1"),
    ]
    assert decoded(without(CHARGER, "name"), *connectors)[0].name is None


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Available", ChargePointStatus.AVAILABLE),
        ("Preparing", ChargePointStatus.OCCUPIED),
        ("Charging", ChargePointStatus.OCCUPIED),
        ("SuspendedEVSE", ChargePointStatus.OCCUPIED),
        ("SuspendedEV", ChargePointStatus.OCCUPIED),
        ("Finishing", ChargePointStatus.OCCUPIED),
        ("Reserved", ChargePointStatus.RESERVED),
        ("Unavailable", ChargePointStatus.OFFLINE),
        ("Faulted", ChargePointStatus.FAULTED),
        ("Hibernating", None),
        (5, None),
    ],
)
def test_statuses(word: object, status: ChargePointStatus | None) -> None:
    """Test every word of OCPP, and one that is none."""
    (connector,) = decoded(CHARGER, CONNECTOR | {"status": word})
    assert connector.status is status
    ocpp = connector.ocpp_status
    assert (ocpp is None) if status is None else (ocpp and ocpp.replace("_", "") == word.lower())  # type: ignore[attr-defined] # It is text.


def test_where_the_status_is_the_chargers() -> None:
    """Test that a charger speaks for its only connector, and not for one of two."""
    bare = without(CONNECTOR, "status", "statusSince")
    charger = CHARGER | {"status": "Faulted", "statusSince": "2026-11-21T09:00:00Z"}
    (only,) = decoded(charger, bare)
    assert only.ocpp_status is OcppStatus.FAULTED
    for connector in decoded(charger, bare, bare | {"connectorId": 2}):
        assert connector.status is None


@pytest.mark.parametrize(
    ("gone", "back", "is_offline"),
    [
        (None, None, False),
        (None, "2026-11-01T00:00:00Z", False),
        ("2026-11-01T00:00:00Z", None, True),
        ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", False),
        ("2026-11-02T00:00:00Z", "2026-11-01T00:00:00Z", True),
        ("never", None, False),
    ],
)
def test_a_charger_that_is_cut_off(gone: str | None, back: str | None, is_offline: bool) -> None:
    """Test that a charger nobody reaches is offline, whatever it said last."""
    (connector,) = decoded(CHARGER | {"disconnectedSince": gone, "connectedSince": back})
    assert (connector.status is ChargePointStatus.OFFLINE) is is_offline
    assert connector.ocpp_status is OcppStatus.CHARGING


@pytest.mark.parametrize(
    ("told", "power"),
    [(22000, 22.0), (22, 22.0), (350, 350.0), ("11000", 11.0), (None, None), ("much", None)],
)
def test_power(told: object, power: float | None) -> None:
    """Test that power may be in watts or kilowatts."""
    (connector,) = decoded(CHARGER, CONNECTOR | {"maxPower": told})
    assert connector.max_power == power


@pytest.mark.parametrize(
    ("connector", "place"),
    [
        ({"connectorId": 3, "id": 9}, 3),
        ({"connectorId": "3"}, 3),
        ({"number": 3, "id": "3f8f2a52"}, 3),
        ({"id": 3}, 3),
        ({"id": "3f8f2a52-0000"}, 1),
        ({}, 1),
    ],
)
def test_the_number_of_a_connector(connector: dict[str, Any], place: int) -> None:
    """Test the names under which the number may stand; its place in the list is the last."""
    (found,) = decoded(CHARGER, connector)
    assert found.charge_point_id == f"chg_1-{place}"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"id": "../x"}, "chargers[].id"),
        ({"id": None}, "chargers[].id"),
        ({"connectors": {}}, "chargers[].connectors"),
        ({"connectors": [5]}, "chargers[].connectors[]"),
    ],
)
def test_what_cannot_be_read(changes: dict[str, Any], path: str) -> None:
    """Test that the error names the field."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        decoded(CHARGER | changes)
    assert caught.value.path == path


def test_no_secret_is_ever_decoded() -> None:
    """Test that no struct has a place for what nobody should know."""
    fields = {
        name
        for struct in (cleverev_chargers_wire._Charger, cleverev_chargers_wire._Connector)
        for name in struct.__struct_fields__
    }
    assert not fields & {"basicAuthPassword", "ipAddress", "connectionUrl", "userId"}
    assert "basic-password" not in repr(decoded(CHARGER))


def test_no_connectors() -> None:
    """Test a charger that was never set up."""
    assert decoded(CHARGER | {"connectors": None}) == []
