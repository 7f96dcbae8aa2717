"""Tests of what a tariff of CleverEV means."""

from datetime import time
from decimal import Decimal
import json
from typing import Any

import pytest

from custom_components.ev_charging_sessions.charging.backends.cleverev_tariff_wire import Tariffs
from custom_components.ev_charging_sessions.charging.backends.cleverev_wire import SessionReader
from custom_components.ev_charging_sessions.charging.model import EnergyUnit
from custom_components.ev_charging_sessions.charging.tariff import (
    PriceComponent,
    PriceComponentType,
    Restrictions,
    Tariff,
)

from .cleverev_answers import ACCOUNT, ENDED, TARIFF, session_of

ELEMENT: dict[str, Any] = TARIFF["elements"][0]
RESTRICTIONS = {
    "startTime": {"hour": 6, "minute": 30},
    "endTime": {"hour": 22, "minute": 0},
    "daysOfWeek": ["Fri", "Mon"],
    "minEnergy": 5000,
    "maxEnergy": 20000.5,
    "minCurrent": 6,
    "maxCurrent": 32,
    "minPower": 3700,
    "maxPower": 11000,
    "minDuration": 600,
    "maxDuration": 3600,
    "vehicleRequestingPower": False,
    "minRestrictionsDuration": 1800,
}


def tariff_of(body: object, unit: EnergyUnit = EnergyUnit.WH, zone: str | None = None) -> Tariff:
    """Decode one tariff."""
    found = Tariffs("EUR", unit).get(json.dumps(body).encode(), zone)
    assert found
    return found


def restricted(**changes: object) -> dict[str, Any]:
    """Return a tariff with an element that only holds sometimes, and one that always does."""
    return {"elements": [ELEMENT | {"restrictions": RESTRICTIONS | changes}, ELEMENT]}


@pytest.mark.parametrize("unit", EnergyUnit)
def test_restrictions(unit: EnergyUnit) -> None:
    """Test that every restriction is read, in units that do not depend on the network's."""
    factor = 1000 if unit is EnergyUnit.WH else 1
    first, second = tariff_of(restricted(), unit).elements
    assert first.restrictions == Restrictions(
        start=time(6, 30),
        end=time(22),
        days=(0, 4),
        min_energy=Decimal(5000) / factor,
        max_energy=Decimal("20000.5") / factor,
        min_current=Decimal(6),
        max_current=Decimal(32),
        min_power=Decimal(3700) / factor,
        max_power=Decimal(11000) / factor,
        min_duration=Decimal(600),
        max_duration=Decimal(3600),
        is_requesting=False,
        held_for=Decimal(1800),
    )
    assert second.restrictions is None


def test_components() -> None:
    """Test what each price counts."""
    prices = {"Flat": "0,50", "PerMinute": "0.10", "PerKilowattHour": 0.3, "Free": None}
    (element,) = tariff_of({"elements": [ELEMENT | {"priceComponents": prices}]}).elements
    assert element.components == (
        PriceComponent(type=PriceComponentType.FLAT, price=Decimal("0.50")),
        PriceComponent(type=PriceComponentType.TIME, price=Decimal("0.10"), unit=Decimal(60)),
        PriceComponent(type=PriceComponentType.ENERGY, price=Decimal("0.3")),
    )


def test_the_whole_of_a_tariff() -> None:
    """Test bounds, texts, address and time zone."""
    body = TARIFF | {
        "minPrice": "1.00",
        "maxPrice": "12,50",
        "altTexts": [{"language": "EN", "text": "Cheap"}, {"language": "de", "text": "Billig"}],
        "altUrl": "https://example.org/tariff",
        "timeZone": "Europe/Prague",
    }
    tariff = tariff_of(body)
    assert (tariff.currency, tariff.is_complete) == ("EUR", True)
    assert (tariff.min_price, tariff.max_price) == (Decimal("1.00"), Decimal("12.50"))
    assert tariff.texts == (("en", "Cheap"), ("de", "Billig"))
    assert tariff.url == "https://example.org/tariff"
    assert tariff.time_zone == "Europe/Prague"
    assert tariff_of(body, zone="Europe/Bratislava").time_zone == "Europe/Bratislava"


@pytest.mark.parametrize(
    "body",
    [
        {"elements": [ELEMENT | {"priceComponents": {"PerHour": "1.00"}}]},
        {"elements": [ELEMENT | {"priceComponents": {"Flat": "free"}}]},
        {"elements": [ELEMENT | {"priceComponents": {"Flat": []}}, ELEMENT]},
        {"elements": [ELEMENT | {"priceComponents": None}, ELEMENT]},
        {"elements": [5, ELEMENT]},
        {"elements": 5},
        TARIFF | {"minPrice": "little"},
        TARIFF | {"maxPrice": []},
        [1],
        "free",
        restricted(startTime={"hour": 24, "minute": 0}),
        restricted(startTime={"hour": 6, "second": 0}),
        restricted(endTime="22:00"),
        restricted(daysOfWeek=["Mon", "Someday"]),
        restricted(minEnergy="much"),
        restricted(isHoliday=True),
        restricted(vehicleRequestingPower="no"),
    ],
)
def test_what_cannot_be_read(body: Any) -> None:
    """Test that the rest is kept, that it is known to be a rest, and the session as well."""
    session = session_of(ENDED | {"tariff": body})
    assert session.energy == 10
    assert session.tariff
    assert not session.tariff.is_complete
    # An element of which nobody knows when it holds must not seem to hold always.
    assert not [each for each in session.tariff.elements if each.restrictions is None][1:]


@pytest.mark.parametrize(
    "changes",
    [
        {"altTexts": [5, {"language": "english", "text": "x"}, {"language": "en"}]},
        {"altTexts": {"en": "x"}},
        {"altUrl": "javascript:alert(1)"},
        {"minPrice": "", "maxPrice": None},
        {"elements": [ELEMENT | {"restrictions": {}}]},
        {"elements": [ELEMENT | {"restrictions": {"daysOfWeek": []}}]},
        {"elements": [ELEMENT | {"restrictions": None}]},
    ],
)
def test_what_need_not_be_read(changes: dict[str, Any]) -> None:
    """Test that what is no price and no restriction leaves a tariff complete."""
    assert tariff_of(TARIFF | changes) == tariff_of(TARIFF)


def test_no_tariff() -> None:
    """Test a session without one."""
    assert session_of(ENDED | {"tariff": None}).tariff is None
    assert tariff_of({}).elements == ()


def test_sessions_share_their_tariff() -> None:
    """Test that thousands of sessions do not hold thousands of equal tariffs."""
    reader = SessionReader(ACCOUNT, "EUR", EnergyUnit.WH)

    def tariff(**changes: object) -> Tariff | None:
        return reader.decode(json.dumps(ENDED | changes).encode()).tariff

    one = tariff(id="1")
    assert one is tariff(id="2") is not None
    assert tariff(timeZone="Europe/Berlin") is not one
    tariffs = Tariffs("EUR", EnergyUnit.WH)
    for number in range(2500):
        tariffs.get(json.dumps(TARIFF | {"minPrice": str(number)}).encode(), None)
    assert len(tariffs._known) <= 1000
