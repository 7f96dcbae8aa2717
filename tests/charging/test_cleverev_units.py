"""Tests of what speaks for the other unit of energy."""

from copy import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from custom_components.ev_charging_sessions.charging.backends.cleverev_units import UnitCheck
from custom_components.ev_charging_sessions.charging.model import (
    Cost,
    EnergyUnit,
    Session,
    SessionStatus,
    Source,
)
from custom_components.ev_charging_sessions.charging.tariff import (
    PriceComponent,
    PriceComponentType,
    Restrictions,
    Tariff,
    TariffElement,
)

from .cleverev_answers import ACCOUNT

WH, KWH = EnergyUnit.WH, EnergyUnit.KWH
BEGIN = datetime(2026, 11, 21, 8, tzinfo=UTC)


def price(amount: str, kind: PriceComponentType = PriceComponentType.ENERGY) -> PriceComponent:
    """Return one price."""
    return PriceComponent(type=kind, price=Decimal(amount))


FLAT = price("0.50", PriceComponentType.FLAT)
PLAIN = Tariff(currency="EUR", elements=(TariffElement(components=(price("0.30"), FLAT)),))


def session(
    told: float,
    *,
    unit: EnergyUnit,
    hours: float = 2,
    cost: str | None = None,
    tariff: Tariff | None = PLAIN,
    number: int = 1,
    status: SessionStatus = SessionStatus.FINISHED,
) -> Session:
    """Return a session whose energy is so much in a unit that may be the wrong one."""
    return Session(
        account=ACCOUNT,
        session_id=str(number),
        status=status,
        started=BEGIN,
        ended=BEGIN + timedelta(hours=hours),
        energy=told / 1000 if unit is WH else told,
        cost=Cost(amount=Decimal(cost), currency="EUR", source=Source.REPORTED) if cost else None,
        tariff=tariff,
    )


def seems(unit: EnergyUnit, *sessions: Session) -> EnergyUnit | None:
    """Return what three sessions of each kind say."""
    check = UnitCheck(unit)
    for number, each in enumerate(sessions * 3):
        check.note(replace(each, session_id=str(number)))
    return check.other_unit


@pytest.mark.parametrize(
    ("told", "cost"), [(10, "3.50"), (0.5, "0.65"), (60, "18.5"), (300, "90.50")]
)
def test_prices_that_only_fit_the_other_unit(told: float, cost: str) -> None:
    """Test that a plain tariff shows the unit, whichever one is set."""
    # Without a duration power says nothing.
    assert seems(WH, session(told, unit=WH, cost=cost, hours=0)) is KWH
    assert seems(KWH, session(told, unit=KWH, cost=cost, hours=0)) is None
    assert seems(KWH, session(told * 1000, unit=KWH, cost=cost, hours=0)) is WH
    assert seems(WH, session(told * 1000, unit=WH, cost=cost, hours=0)) is None


@pytest.mark.parametrize(
    ("cost", "tariff"),
    [
        # No energy was paid for, or hardly any.
        ("0.00", PLAIN),
        ("0.50", PLAIN),
        ("0.53", PLAIN),
        # The price has another reason.
        ("7.00", PLAIN),
        (None, PLAIN),
        ("3.50", None),
        ("3.50", Tariff(currency="EUR", elements=PLAIN.elements, is_complete=False)),
        ("3.50", Tariff(currency="EUR", elements=PLAIN.elements, min_price=Decimal("3.5"))),
        ("3.50", Tariff(currency="EUR", elements=PLAIN.elements, max_price=Decimal("3.5"))),
        ("3.50", Tariff(currency="EUR", elements=PLAIN.elements * 2)),
        ("3.50", Tariff(currency="EUR", elements=())),
        (
            "3.50",
            Tariff(
                currency="EUR",
                elements=(
                    TariffElement(
                        components=(price("0.30"), FLAT),
                        restrictions=Restrictions(min_energy=Decimal(1)),
                    ),
                ),
            ),
        ),
        (
            "3.50",
            Tariff(
                currency="EUR",
                elements=(
                    TariffElement(
                        components=(price("0.30"), FLAT, price("0.10", PriceComponentType.TIME)),
                    ),
                ),
            ),
        ),
    ],
)
def test_prices_that_say_nothing(cost: str | None, tariff: Tariff | None) -> None:
    """Test that a price without a plain reason is no evidence."""
    assert seems(WH, session(10, unit=WH, cost=cost, tariff=tariff, hours=100)) is None


@pytest.mark.parametrize(
    ("told", "hours", "unit", "other"),
    [
        # 11,000 of an hour: a charger for 11 kW, if these are watt-hours.
        (11000, 1, KWH, WH),
        (11000, 1, WH, None),
        # Eleven of an hour: nobody charges with 11 W.
        (11, 1, WH, KWH),
        (11, 1, KWH, None),
        # 50 W may be a trickle, and 50 kW a fast charger.
        (50, 1, WH, None),
        (50, 1, KWH, None),
        # Half a kWh in an hour, as when a car was full: nothing to be seen.
        (0.5, 1, WH, None),
        # Too short for the one, and for any.
        (1, 0.1, WH, None),
        (300, 0.1, KWH, WH),
        (1000, 0.01, KWH, None),
        (0, 1, WH, None),
    ],
)
def test_power(told: float, hours: float, unit: EnergyUnit, other: EnergyUnit | None) -> None:
    """Test that a mean power which cannot be shows the unit."""
    assert seems(unit, session(told, unit=unit, hours=hours, tariff=None)) is other


@pytest.mark.parametrize(
    ("energies", "other"),
    [
        ((11, 11), None),
        ((11, 11, 50), None),
        ((11, 11, 50, 11), KWH),
        ((11, 11, 50, 11, 11000), None),
    ],
)
def test_how_many_have_to_say_so(energies: tuple[float, ...], other: EnergyUnit | None) -> None:
    """Test that three must agree, and that none may object."""
    check = UnitCheck(WH)
    for number, told in enumerate(energies):
        check.note(session(told, unit=WH, hours=1, number=number))
    assert check.other_unit is other
    # What the last one has said is replaced by what it says now.
    check.note(session(11, unit=WH, hours=1, number=len(energies) - 1))
    assert (check.other_unit is KWH) is (len(energies) >= 3)


def test_sessions_that_are_forgotten() -> None:
    """Test that only those that are still known count."""
    check = UnitCheck(WH)
    for number in range(4):
        check.note(session(11, unit=WH, hours=1, number=number))
    check.keep({"0", "3"})
    assert check.other_unit is None


def test_open_sessions_say_nothing() -> None:
    """Test that the price and the energy of a running session may be of different times."""
    running = session(11, unit=WH, hours=1, status=SessionStatus.CHARGING)
    assert seems(WH, running) is None


def test_contradictions_say_nothing() -> None:
    """Test that a session whose price and power disagree is no witness."""
    for unit in EnergyUnit:
        torn = session(11000, unit=unit, hours=1, cost="3300.50")
        assert seems(unit, torn) is None


def test_a_few_cents_say_nothing() -> None:
    """Test that a price which rounding could explain is no evidence."""
    assert seems(WH, session(0.1, unit=WH, hours=0, cost="0.54")) is None
    assert seems(WH, session(0.2, unit=WH, hours=0, cost="0.56")) is KWH
