"""Which bills are doubted, and which explain themselves one way or another."""

from collections.abc import Mapping
from copy import replace
from decimal import Decimal
from typing import Any

import pytest

from custom_components.ev_charging_sessions.charging.bill_check import BillCheck, Doubt, Verdicts
from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.model import (
    ChargePoint,
    Cost,
    MeterValue,
    Session,
    SessionStatus,
    Source,
)
from custom_components.ev_charging_sessions.charging.tariff_model import (
    PriceComponentType,
    Tariff,
)

from .answers import ACCOUNT, at, euros, metered
from .paid import PER_KWH, PER_SLOW_KWH, a_tariff, costing, ended, kept

FLAT, ENERGY, TIME = PriceComponentType.FLAT, PriceComponentType.ENERGY, PriceComponentType.TIME


async def doubts(
    ledger: Ledger, *sessions: Session, points: Mapping[str, ChargePoint] | None = None
) -> list[Doubt]:
    """Return which of these answers' bills are doubted once all is settled."""
    bills = BillCheck(ACCOUNT, ledger)
    bills.note(await kept(ledger, *sessions), at(125))
    return list((await bills.verdicts(points or {}, at(132))).doubts)


@pytest.mark.parametrize(
    ("cost", "is_doubted"),
    [
        ("10.00", False),
        # 5 % of 10.00 are 0.50, and only more than that counts.
        ("10.50", False),
        ("10.51", True),
        ("9.50", False),
        ("9.49", True),
        ("0.00", True),
    ],
)
async def test_margin(ledger: Ledger, cost: str, is_doubted: bool) -> None:
    """Test that a bill may differ by five percent from the tariff."""
    found = await doubts(ledger, ended(cost, tariff=PER_KWH))
    assert bool(found) is is_doubted
    for doubt in found:
        assert doubt.reported == euros(cost)
        expected = Cost(amount=Decimal("10.00"), currency="EUR", source=Source.COMPUTED)
        assert doubt.computed == expected
        assert doubt.session.session_id == "s1"


@pytest.mark.parametrize(("cost", "is_doubted"), [("0.60", False), ("0.61", True), ("0.40", False)])
async def test_small_change(ledger: Ledger, cost: str, is_doubted: bool) -> None:
    """Test that nobody is bothered for ten cents, whatever part of the bill they are."""
    session = ended(cost, tariff=PER_KWH, energy=1.0)
    assert bool(await doubts(ledger, session)) is is_doubted


async def test_nothing_charged_and_billed(ledger: Ledger) -> None:
    """Test that a bill for no energy at all is doubted."""
    assert await doubts(ledger, ended("4.00", tariff=PER_KWH, energy=0.0))


@pytest.mark.parametrize(
    "session",
    [
        ended("99", tariff=None),
        ended("99", tariff=PER_KWH, status=SessionStatus.CHARGING, ended=None),
        ended("99", tariff=PER_KWH, energy=None),
        ended("99", tariff=PER_KWH, started=None),
        ended("99", tariff=PER_KWH, ended=None, updated=None),
        ended(tariff=PER_KWH),
        replace(ended(tariff=PER_KWH), cost=costing("99", Source.REPORTED, "SEK")),
        replace(ended(tariff=PER_KWH), cost=costing("99", Source.ESTIMATED)),
        # How fast energy flowed within this hour, nobody has seen.
        ended("99", tariff=PER_SLOW_KWH),
    ],
)
async def test_what_cannot_be_doubted(ledger: Ledger, session: Session) -> None:
    """Test that a bill is left alone where nobody can know better."""
    assert await doubts(ledger, session) == []


async def test_a_session_that_was_watched(ledger: Ledger) -> None:
    """Test that a price that depends on power is checked where all of the session was seen.

    A quarter of an hour at 40 kW is free, so only the other ten kWh are paid for. The last
    half hour without energy needs no meter value in between.
    """
    values = [(0.0, 100.0), (15, 110.0), (30, 112.5), (45, 115.0), (60, 117.5), (75, 120.0)]
    said: dict[str, Any] = {"tariff": PER_SLOW_KWH, "ended": at(120), "updated": at(120)}
    seen = [
        ended(
            status=SessionStatus.CHARGING,
            ended=None,
            updated=at(minutes),
            meter_values=metered((0, 100.0), (minutes, energy)),
        )
        for minutes, energy in values[1:]
    ]
    assert await doubts(ledger, *seen, ended("5.00", **said)) == []
    (doubt,) = await doubts(ledger, ended("6.00", **said | {"updated": at(121)}))
    assert doubt.computed.amount == Decimal("5.00")


async def test_current(ledger: Ledger) -> None:
    """Test that a price that depends on the current needs the limits of the charge point."""
    tariff = a_tariff((PriceComponentType.ENERGY, "1.00"), min_current=Decimal(30))
    values = metered(*((minutes, minutes / 3) for minutes in range(0, 61, 15)))
    session = ended("20.00", tariff=tariff, meter_values=values)
    assert await doubts(ledger, session) == []
    # 22 kW at 32 A are 29 A at 20 kW.
    point = ChargePoint(charge_point_id="CP1", max_power=22.0, max_current=32.0)
    session = ended("20.01", tariff=tariff, meter_values=values, updated=at(61))
    (doubt,) = await doubts(ledger, session, points={"CP1": point})
    assert doubt.computed.amount == 0


async def test_only_what_is_settled(ledger: Ledger) -> None:
    """Test that a bill is checked when late values have come, and again when it changes."""
    bills = BillCheck(ACCOUNT, ledger)
    bills.note(await kept(ledger, ended("0", tariff=PER_KWH, energy=19.0)), at(60))
    assert await bills.verdicts({}, at(65)) == Verdicts()
    # The bill follows a minute after the end, the energy two.
    bills.note(await kept(ledger, ended("10", tariff=PER_KWH, energy=19.0, updated=at(61))), at(61))
    bills.note(await kept(ledger, ended("10", tariff=PER_KWH, updated=at(62))), at(62))
    assert await bills.verdicts({}, at(67)) == Verdicts()
    assert await bills.verdicts({}, at(68)) == Verdicts((), frozenset({"s1"}))
    assert await bills.verdicts({}, at(99)) == Verdicts()
    # Energy that is corrected without its bill makes it a wrong one.
    changed = ended("10", tariff=PER_KWH, energy=30.0, updated=at(90))
    bills.note(await kept(ledger, changed), at(100))
    verdicts = await bills.verdicts({}, at(106))
    assert [doubt.computed.amount for doubt in verdicts.doubts] == [Decimal("15.00")]
    assert not verdicts.explained


async def test_history(ledger: Ledger) -> None:
    """Test that what ended more than a day ago is nobody's business any more."""
    bills = BillCheck(ACCOUNT, ledger)
    changes = await kept(ledger, ended("99", tariff=PER_KWH))
    bills.note(changes, at(60 + 24 * 60 + 1))
    assert await bills.verdicts({}, at(5000)) == Verdicts()
    bills.note(changes, at(60 + 24 * 60))
    assert (await bills.verdicts({}, at(5000))).doubts


async def test_a_clock_that_is_set_back(ledger: Ledger) -> None:
    """Test that a bill does not wait for hours because a clock was ahead."""
    bills = BillCheck(ACCOUNT, ledger)
    bills.note(await kept(ledger, ended("99", tariff=PER_KWH)), at(300))
    assert (await bills.verdicts({}, at(100))).doubts


IDLE = Tariff(
    currency="EUR",
    elements=(
        *a_tariff((TIME, "0.50"), is_requesting=False).elements,
        *a_tariff((ENERGY, "0.40")).elements,
    ),
)
TWO_FEES = Tariff(
    currency="EUR",
    elements=(
        *a_tariff((FLAT, "1.00"), (ENERGY, "0.40"), max_energy=Decimal(10)).elements,
        *a_tariff((FLAT, "1.00"), (ENERGY, "0.40")).elements,
    ),
)


def quarters(*energies: float) -> tuple[MeterValue, ...]:
    """Return the meter values of every quarter of an hour."""
    return metered(*((15 * number, energy) for number, energy in enumerate(energies)))


@pytest.mark.parametrize(
    ("said", "explained", "doubted"),
    [
        # Full somewhere in the second quarter: idle for 30 to 45 minutes at 0.50, and 8.00.
        (
            {"tariff": IDLE, "meter_values": quarters(0, 10, 20, 20, 20)},
            ("8.00", "15.50", "23.00", "26.70", "30.50", "32.00"),
            ("7.50", "32.10"),
        ),
        # The fee for starting is named twice: it may be paid once.
        (
            {"tariff": TWO_FEES, "meter_values": quarters(0, 5, 10, 15, 20)},
            ("9.00", "10.00"),
            ("8.50", "10.60"),
        ),
        # An hour and one second at ten cents a minute: 61 begun ones, or 60 and a sixtieth.
        (
            {"tariff": a_tariff((TIME, "10")), "ended": at(60 + 1 / 60)},
            ("600.17", "610.00"),
            ("570.00", "641.00"),
        ),
        # A session that came to nothing, and was let off its fee.
        (
            {"tariff": a_tariff((FLAT, "1.00"), (ENERGY, "0.40")), "energy": 0.0},
            ("0", "1.00"),
            ("2.00",),
        ),
        (
            {"tariff": replace(PER_KWH, min_price=Decimal(3)), "energy": 0.0},
            ("0", "3.00"),
            ("4.00",),
        ),
        # A zone that nobody knows matters only to a price that goes by the clock.
        ({"tariff": replace(PER_KWH, time_zone="Nowhere/Land")}, ("10.00",), ("20.00",)),
    ],
)
async def test_what_explains_a_bill(
    ledger: Ledger, said: dict[str, Any], explained: tuple[str, ...], doubted: tuple[str, ...]
) -> None:
    """Test that a bill is doubted only where nothing that may be meant explains it."""
    for number, cost in enumerate((*explained, *doubted)):
        session = ended(cost, **said, updated=at(100 + number))
        assert bool(await doubts(ledger, session)) is (cost in doubted), cost
