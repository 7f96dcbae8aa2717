"""Tests of Shell Recharge's JSON: locations, the state of an EVSE, and tariffs."""

from datetime import time
from decimal import Decimal
import json
from typing import Any

import pytest

from custom_components.ev_charging_sessions.charging.backends.shell_recharge_locations_wire import (
    charge_point,
    decode_location,
)
from custom_components.ev_charging_sessions.charging.errors import (
    UnexpectedAnswerError,
)
from custom_components.ev_charging_sessions.charging.model import (
    ChargePointStatus,
)
from custom_components.ev_charging_sessions.charging.tariff_model import (
    PriceComponentType,
    Restrictions,
    Tariff,
)

from .driver import EVSE
from .shell_answers import NOW

LOCATION: dict[str, Any] = {
    "uid": "NL*MKS*E0000001*0",
    "operatorName": "TheNewMotion",
    "evses": [
        {
            "uid": "NL*MKS*E0000001*0_1",
            "evseId": "NL*TNM*E01000401*0",
            "status": "Available",
            "updated": "2021-10-06T10:44:24Z",
            "connectors": [
                {
                    "uid": "2",
                    "connectorType": "Type2",
                    "electricalProperties": {"powerType": "AC1Phase", "maxElectricPower": 232.04},
                }
            ],
            "authorizationMethods": ["NewMotionApp"],
        }
    ],
}


TARIFF_V1 = {"startFee": 0.0, "perMinute": 0.12, "perKWh": 0.89, "currency": "EUR"}


def location(**evse: Any) -> bytes:
    """Return the published location with a changed EVSE."""
    return json.dumps(LOCATION | {"evses": [LOCATION["evses"][0] | evse]}).encode()


def connector(**changes: Any) -> dict[str, Any]:
    """Return a connector of a location."""
    return {"connectorType": "Type2", "electricalProperties": None} | changes


def test_published_location() -> None:
    """Test the sample of v2: status, power, connector, operator."""
    found = charge_point(decode_location(location()), "NL*TNM*E01000401*0", NOW)
    assert found is not None
    assert (found.status, found.operator) == (ChargePointStatus.AVAILABLE, "TheNewMotion")
    assert (found.connector_type, found.max_power) == ("Type2", 232.04)
    assert (found.tariffs, found.updated) == ((), NOW)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Available", ChargePointStatus.AVAILABLE),
        ("OCCUPIED", ChargePointStatus.OCCUPIED),
        ("Unavailable", ChargePointStatus.OFFLINE),
        ("Unknown", None),
        ("Dancing", None),
        (None, None),
    ],
)
def test_status_of_an_evse(word: str | None, status: ChargePointStatus | None) -> None:
    """Test the four words, and any other."""
    found = charge_point(decode_location(location(status=word)), "NL*TNM*E01000401*0", NOW)
    assert found is not None
    assert found.status is status


@pytest.mark.parametrize(
    "body",
    [{"uid": 12}, {"uid": "x", "evses": None}, {"uid": "x", "evses": [{}, {"evseId": "other"}]}],
)
def test_locations_without_the_evse(body: Any) -> None:
    """Test that a location that does not have an EVSE says nothing about it."""
    assert charge_point(decode_location(json.dumps(body).encode()), EVSE, NOW) is None


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"operatorName": "x"}, "data[]"),
        ({"uid": []}, "data[].uid"),
        ({"uid": 1, "evses": 5}, "data[].evses"),
    ],
)
def test_rotten_locations(body: Any, path: str) -> None:
    """Test that a rotten field of a location is named."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        decode_location(json.dumps(body).encode())
    assert caught.value.path == path


@pytest.mark.parametrize(
    "neighbour",
    [
        {"evseId": "X", "connectors": [{"electricalProperties": {"maxElectricPower": "11"}}]},
        {"evseId": 5},
        "rotten",
        None,
    ],
)
def test_a_rotten_neighbour(neighbour: Any) -> None:
    """Test that an EVSE that cannot be read hides no other of its site."""
    body = LOCATION | {"evses": [neighbour, *LOCATION["evses"]]}
    found = charge_point(decode_location(json.dumps(body).encode()), "NL*TNM*E01000401*0", NOW)
    assert found is not None
    assert found.status is ChargePointStatus.AVAILABLE


def test_a_rotten_evse() -> None:
    """Test that an EVSE that cannot be read is not taken for one that is not there."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        charge_point(decode_location(location(status=5)), "NL*TNM*E01000401*0", NOW)
    assert caught.value.path == "data[].evses[].status"


def prices(tariff: Tariff) -> list[tuple[Any, ...]]:
    """Return what each price of a tariff counts, its amount, its unit and its VAT."""
    return [
        (component.type, component.price, component.unit, component.vat)
        for element in tariff.elements
        for component in element.components
    ]


def test_tariff_of_v1() -> None:
    """Test three flat prices: a start, a minute, a kWh."""
    body = location(connectors=[connector(tariff=TARIFF_V1), connector(tariff=TARIFF_V1)])
    found = charge_point(decode_location(body), "NL*TNM*E01000401*0", NOW)
    assert found is not None
    (tariff,) = found.tariffs
    assert (tariff.currency, tariff.is_complete) == ("EUR", True)
    assert prices(tariff) == [
        (PriceComponentType.FLAT, Decimal("0.0"), Decimal(1), None),
        (PriceComponentType.TIME, Decimal("0.12"), Decimal(60), None),
        (PriceComponentType.ENERGY, Decimal("0.89"), Decimal(1), None),
    ]


COMPONENT = {"type": "energy", "price": 0.45, "stepSize": 1, "vat": 21}


def tariff_of(*elements: Any, **values: Any) -> Tariff:
    """Return what is read of a v2 tariff with these elements."""
    wire = {"currency": "EUR", "elements": elements, **values}
    body = location(connectors=[connector(tariffs=[wire])])
    found = charge_point(decode_location(body), "NL*TNM*E01000401*0", NOW)
    assert found is not None
    (tariff,) = found.tariffs
    return tariff


def test_tariff_of_v2() -> None:
    """Test prices per step, and what is around them."""
    tariff = tariff_of(
        {"priceComponents": [COMPONENT, {"type": "PARKING_TIME", "price": 1}]},
        {"priceComponents": None, "restrictions": {}},
        tariffId="T1",
        tariffType="DRIVER",
        minPrice=1.5,
    )
    assert prices(tariff) == [
        (PriceComponentType.ENERGY, Decimal("0.45"), Decimal(1), Decimal(21)),
        (PriceComponentType.PARKING_TIME, Decimal(1), Decimal(1), None),
    ]
    assert (tariff.tariff_id, tariff.min_price, tariff.max_price) == ("T1", Decimal("1.5"), None)
    assert (tariff.is_complete, tariff.time_zone) == (True, None)


@pytest.mark.parametrize(
    ("told", "restrictions"),
    [
        (None, None),
        ({}, None),
        ({"startDate": None, "dayOfWeek": [], "new": None}, None),
        (
            {"startTime": "22:00", "endTime": "06:30", "dayOfWeek": ["MONDAY", "Sunday"]},
            Restrictions(start=time(22), end=time(6, 30), days=(0, 6)),
        ),
        (
            {"start_time": "18:00", "end_time": "24:00", "day_of_week": ["SATURDAY"]},
            Restrictions(start=time(18), end=time(0), days=(5,)),
        ),
        (
            {"minKwh": 0.1, "maxKwh": "20", "minCurrent": 6, "maxCurrent": 16},
            Restrictions(
                min_energy=Decimal("0.1"),
                max_energy=Decimal(20),
                min_current=Decimal(6),
                max_current=Decimal(16),
            ),
        ),
        (
            {"min_kwh": 0, "max_power": 11.5, "min_power": 3.7, "max_duration": 7200},
            Restrictions(
                min_energy=Decimal(0),
                max_power=Decimal("11.5"),
                min_power=Decimal("3.7"),
                max_duration=Decimal(7200),
            ),
        ),
        ({"minDuration": 3600}, Restrictions(min_duration=Decimal(3600))),
    ],
)
def test_restrictions(told: Any, restrictions: Restrictions | None) -> None:
    """Test when an element holds, in the vendor's spelling and in that of OCPI."""
    tariff = tariff_of({"priceComponents": [COMPONENT], "restrictions": told})
    (element,) = tariff.elements
    assert (tariff.is_complete, element.restrictions) == (True, restrictions)


@pytest.mark.parametrize(
    "restrictions",
    [
        {"startDate": "2026-05-01"},
        {"end_date": "2026-05-01"},
        {"reservation": "RESERVATION"},
        {"new": False},
        {"startTime": "24:00"},
        {"startTime": "7:00"},
        {"endTime": "22:60"},
        {"endTime": 22},
        {"dayOfWeek": ["FUNDAY"]},
        {"dayOfWeek": "MONDAY"},
        {"maxKwh": "much"},
        {"maxKwh": "Infinity"},
        {"maxPower": "NaN"},
        ["MONDAY"],
        "at night",
    ],
)
def test_restrictions_that_are_not_understood(restrictions: Any) -> None:
    """Test that a price is not shown at all if nobody can tell when it holds."""
    tariff = tariff_of(
        {"priceComponents": [COMPONENT], "restrictions": restrictions},
        {"priceComponents": [{"type": "FLAT", "price": 1}]},
    )
    assert not tariff.is_complete
    assert prices(tariff) == [(PriceComponentType.FLAT, Decimal(1), Decimal(1), None)]


def test_a_component_of_an_unknown_type() -> None:
    """Test that something more to pay for makes a tariff incomplete.

    The rest would pass for all there is to pay, and a session would look cheaper than it is.
    """
    tariff = tariff_of(
        {"priceComponents": [{"type": "FLAT", "price": 1}]},
        {"priceComponents": [COMPONENT, {"type": "NEW", "price": 1}]},
    )
    assert not tariff.is_complete
    assert prices(tariff) == [(PriceComponentType.FLAT, Decimal(1), Decimal(1), None)]


@pytest.mark.parametrize(
    "tariff",
    [
        {"tariffType": "REIMBURSEMENT", "currency": "EUR"},
        {"tariffType": "ROAMING", "currency": "EUR"},
        {"currency": "euro"},
        {"perKWh": 1},
        {"currency": "EUR", "perKWh": "much"},
        {"currency": "EUR", "elements": 5},
        "rotten",
        None,
    ],
)
def test_tariffs_that_are_none_of_the_drivers(tariff: Any) -> None:
    """Test that an unreadable or foreign tariff hides neither the status nor the others."""
    body = location(connectors=[connector(tariffs=[tariff, TARIFF_V1], tariff=tariff)])
    found = charge_point(decode_location(body), "NL*TNM*E01000401*0", NOW)
    assert found is not None
    assert found.status is ChargePointStatus.AVAILABLE
    assert len(found.tariffs) == 1


def test_a_price_that_is_no_number() -> None:
    """Test that a price of infinity is left out, and said to be missing."""
    body = location(connectors=[connector(tariff=TARIFF_V1 | {"perKWh": "NaN"})])
    found = charge_point(decode_location(body), "NL*TNM*E01000401*0", NOW)
    assert found is not None
    assert not found.tariffs[0].is_complete
    assert len(prices(found.tariffs[0])) == 2


@pytest.mark.parametrize("name", ["minPrice", "maxPrice"])
def test_a_bound_that_is_no_number(name: str) -> None:
    """Test that a least or highest price that cannot be compared is said to be missing."""
    tariff = tariff_of({"priceComponents": [COMPONENT]}, **{name: "NaN"})
    assert (tariff.is_complete, tariff.min_price, tariff.max_price) == (False, None, None)
    without_vat = tariff_of({"priceComponents": [COMPONENT | {"vat": "Infinity"}]})
    assert (without_vat.is_complete, without_vat.elements) == (False, ())
