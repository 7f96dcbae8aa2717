"""When a minute begins to cost more: since when it does, or when it will."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.ev_charging_sessions.charging.errors import PriceUnknownError
from custom_components.ev_charging_sessions.charging.tariff import (
    PriceComponent,
    PriceComponentType,
    Reading,
    Tariff,
    fee_begins,
    price,
)

from .tariff_parts import (
    START,
    charging,
    element,
    flat,
    parking,
    per_kwh,
    per_minute,
    session,
    steady,
    tariff,
)

DAY = 24 * 60

# A fee for cars that are done, and one that waits for half an hour before it.
PARKING = tariff(per_kwh("0.4"), parking("0.1"))
PATIENT = tariff(per_kwh("0.4"), element(parking("0.1"), is_requesting=False, held_for=1800))
# The first two hours are free; three hours later it gets dearer.
STAGES = tariff(
    element(per_minute("0"), max_duration=7200),
    element(per_minute("0.1"), max_duration=18000),
    element(per_minute("0.3")),
)
# By day, by night: 8:00 to 20:00 and the rest.
BY_DAY = tariff(element(per_minute("0.2"), start=time(8), end=time(20)), per_minute("0.1"))
# What is dear only for an hour, from 20:00 on.
RUSH_HOUR = tariff(
    element(per_minute("0.3"), start=time(20), end=time(21)),
    element(per_minute("0.2"), start=time(21), end=time(22)),
    flat("1"),
)
BY_ENERGY = tariff(per_kwh("0.4"), element(per_minute("0.1"), min_energy=20))

FULL = [(0, "0"), (60, "10")]


def by_the_hour(amount: str) -> PriceComponent:
    """Return a price of an hour."""
    return PriceComponent(type=PriceComponentType.TIME, price=Decimal(amount), unit=Decimal(3600))


def fee(what: Tariff, *points: tuple[float, str | None], **others: Any) -> float | None:
    """Return after how many minutes of a session the fee begins."""
    begins = fee_begins(what, session(*points), **others)
    if begins is None:
        return None
    assert begins.tzinfo is UTC
    return (begins - START) / timedelta(minutes=1)


@pytest.mark.parametrize(
    ("what", "points", "expected"),
    [
        # It is free now, and goes on as it did until the last reading.
        (PARKING, FULL, None),
        (PATIENT, FULL, None),
        (STAGES, [(0, "0")], 120),
        (STAGES, [(0, "0"), (119, "5")], 120),
        # It is in force, also from this very moment on.
        (STAGES, [(0, "0"), (120, "5")], 120),
        (STAGES, [(0, "0"), (121, "5")], 120),
        (STAGES, [(0, "0"), (299, "5")], 120),
        (PARKING, [*FULL, (61, "10")], 60),
        (PARKING, [*FULL, (90, "10"), (600, "10")], 60),
        # It is dearer than before since then.
        (STAGES, [(0, "0"), (300, "5")], 300),
        (STAGES, [(0, "0"), (DAY, "5")], 300),
        # It waits: half an hour after the car was full, or longer.
        (PATIENT, [*FULL, (61, "10")], 90),
        (PATIENT, [*FULL, (89, "10")], 90),
        (PATIENT, [*FULL, (90, "10")], 90),
        (PATIENT, [*FULL, (95, "10")], 90),
        (PATIENT, [(0, "0")], 30),
        (PATIENT, [(0, "0"), (20, "0"), (30, "1")], None),
        (PATIENT, [(0, "0"), (20, "0"), (30, "1"), (31, "1")], 60),
        # It is over again: the car charges on.
        (PARKING, [*FULL, (90, "10"), (100, "11")], None),
        (PATIENT, [*FULL, (120, "10"), (130, "11")], None),
        (PARKING, [*FULL, (90, "10"), (100, "11"), (110, "11")], 100),
        # A session that began with it: it is a fee once a minute has been cheaper.
        (PARKING, [(0, "0")], None),
        (PARKING, [(0, "0"), (5, "0")], None),
        (PARKING, [(0, "0"), (5, "0"), (60, "9")], None),
        (PARKING, [(0, "0"), (5, "0"), (60, "9"), (70, "9")], 60),
        # By day from 8:00 on, 14 hours after the session began; by night it is over.
        (BY_DAY, [(0, "0")], 14 * 60),
        (BY_DAY, [(0, "0"), (20 * 60, "5")], 14 * 60),
        (BY_DAY, [(0, "0"), (26 * 60 - 1, "5")], 14 * 60),
        (BY_DAY, [(0, "0"), (26 * 60, "5")], 38 * 60),
        (BY_DAY, [(0, "0"), (27 * 60, "5")], 38 * 60),
        # From 20:00 on dear, from 21:00 less so, from 22:00 free: one fee of two hours.
        (RUSH_HOUR, [(0, "0"), (90, "0")], 120),
        (RUSH_HOUR, [(0, "0"), (150, "0")], 120),
        (RUSH_HOUR, [(0, "0"), (210, "0")], 120),
        (RUSH_HOUR, [(0, "0"), (240, "0")], DAY + 120),
        # 20 kWh are in sight at 10 kW, later at less, and not at all when nothing flows.
        (BY_ENERGY, FULL, 120),
        (BY_ENERGY, [*FULL, (120, "15")], 180),
        (BY_ENERGY, [*FULL, (120, "10")], None),
        (BY_ENERGY, [(0, "0")], None),
        # Readings of one moment tell no power; what was before them does.
        (BY_ENERGY, [*FULL, (60, "10")], 120),
        (PARKING, [*FULL, (60, "10")], None),
        (BY_ENERGY, [(0, "0"), (60, "5"), (60, "10")], 120),
        # A jump of the meter is no time in which nothing had to be paid.
        (tariff(per_minute("0.1")), [(0, "0"), (0, "5"), (60, "9")], None),
        (STAGES, [(0, "0"), (130, "5"), (130, "9"), (140, "9")], 120),
        # A meter that runs back tells that nothing flows.
        (PARKING, [*FULL, (90, "9")], 60),
        # Prices that are always the same, or not for minutes.
        (tariff(per_minute("0.1")), FULL, None),
        (tariff(charging("0.1")), [(0, "0")], None),
        (tariff(element(flat("1"), per_kwh("1"), min_duration=3600)), [(0, "0")], None),
        # What charging costs by the minute, once the car takes energy.
        (tariff(charging("0.1")), [(0, "0"), (5, "0"), (10, "1")], 5),
        # VAT makes 1.20 of 1, which is more than 1.10; 1.09 and 0 % are not.
        (
            tariff(
                element(per_minute("1", vat=Decimal(20)), min_duration=3600),
                per_minute("1.1"),
            ),
            [(0, "0")],
            60,
        ),
        (
            tariff(
                element(per_minute("1.09", vat=Decimal(0)), min_duration=3600),
                per_minute("1.1"),
            ),
            [(0, "0")],
            None,
        ),
        # An hour for 3.06 is dearer than a minute for 0.05, an hour for 3 is not.
        (
            tariff(
                element(by_the_hour("3.06"), min_duration=3600),
                per_minute("0.05"),
            ),
            [(0, "0")],
            60,
        ),
        (
            tariff(element(by_the_hour("3"), min_duration=3600), per_minute("0.05")),
            [(0, "0")],
            None,
        ),
        # Eight days are looked ahead, and no more.
        (
            tariff(element(per_minute("1"), min_duration=8 * 86400 - 1)),
            [(0, "0")],
            8 * DAY - 1 / 60,
        ),
        (tariff(element(per_minute("1"), min_duration=8 * 86400)), [(0, "0")], None),
        (tariff(element(per_minute("1"), min_duration=8 * 86400)), [(0, "0"), (1, "0")], 8 * DAY),
        # Without a meter.
        (STAGES, [(0, None)], 120),
        (STAGES, [(0, None), (130, None)], 120),
    ],
)
def test_fee(what: Tariff, points: list[tuple[float, str | None]], expected: float | None) -> None:
    """Test after how many minutes a fee began, or will."""
    assert fee(what, *points) == expected


def test_window_at_a_weekday() -> None:
    """Test that on a Friday evening the fee of Monday morning is in sight."""
    what = tariff(
        per_kwh("0.4"),
        element(per_minute("0.1"), start=time(8), end=time(18), days=(0, 1, 2, 3)),
    )
    begins = fee_begins(what, steady(60, "10"))
    assert begins == datetime(2026, 11, 23, 8, tzinfo=ZoneInfo("Europe/Berlin"))
    # On Thursday evening it is over for another three days.
    begins = fee_begins(what, steady(6 * DAY + 60, "10"))
    assert begins == datetime(2026, 11, 30, 8, tzinfo=ZoneInfo("Europe/Berlin"))


def test_window_behind_the_change_of_the_clocks() -> None:
    """Test that a fee at 8:00 is at 8:00, and times in one zone are no trap."""
    berlin = ZoneInfo("Europe/Berlin")
    what = tariff(element(per_minute("0.1"), start=time(8), end=time(18)))
    start = datetime(2026, 10, 24, 20, tzinfo=berlin)
    how = [Reading(start, Decimal(0)), Reading(start + timedelta(hours=4), Decimal(8))]
    begins = fee_begins(what, how)
    assert begins == datetime(2026, 10, 25, 7, tzinfo=UTC)
    later = [*how, Reading(datetime(2026, 10, 25, 9, tzinfo=berlin), Decimal(9))]
    assert fee_begins(what, later) == datetime(2026, 10, 25, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "begin", "expected"),
    [
        # Clocks go from 2:00 to 3:00, and so past 2:30, at 1:00 UTC.
        ("02:30", datetime(2027, 3, 27, 20, tzinfo=UTC), datetime(2027, 3, 28, 1, tzinfo=UTC)),
        # They go back to 2:00 at 1:00 UTC, when 2:45 has already been once.
        ("02:45", datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, 45, tzinfo=UTC)),
    ],
)
def test_fee_when_clocks_change(start: str, begin: datetime, expected: datetime) -> None:
    """Test that a fee whose hour is skipped begins with the next one, at that very moment."""
    what = tariff(
        element(per_minute("0.1"), start=time.fromisoformat(start), end=time(4)),
    )
    assert fee_begins(what, steady(5, None, begin)) == expected


def test_moment_with_endless_digits() -> None:
    """Test that a moment which no clock can show is told to the nearest microsecond."""
    what = tariff(element(per_minute("0.1"), min_energy=1))
    # At 7 kW a kWh takes 514.285714285... s, at 3 kW 1200, at 9 kWh in 8 hours 3200.
    assert fee_begins(what, steady(10, "1")) == START + timedelta(minutes=10)
    assert fee_begins(what, steady(6, "0.7")) == START + timedelta(microseconds=514_285_714)
    assert fee_begins(what, steady(70, "3.5")) == START + timedelta(minutes=20)
    assert fee_begins(what, steady(7, "0.3")) == START + timedelta(minutes=23, seconds=20)
    # At 1.1 kW it takes 3272.727272727... s.
    assert fee_begins(what, steady(6, "0.11")) == START + timedelta(microseconds=3_272_727_273)


def test_power_that_goes_on() -> None:
    """Test that what depends on power or current goes on with the last ones."""
    what = tariff(
        element(per_minute("0"), min_power=5), element(per_minute("0.1"), min_duration=7200)
    )
    assert fee(what, *FULL) is None
    assert fee(what, *FULL, (90, "11")) == 120
    weak = tariff(element(per_minute("0.1"), max_current=5, min_duration=7200))
    amperes = {"amperes_per_kilowatt": Decimal("1.5")}
    assert fee(weak, *FULL, **amperes) is None
    assert fee(weak, *FULL, (90, "11"), **amperes) == 120


@pytest.mark.parametrize(
    ("what", "how"),
    [
        (tariff(per_minute("1"), is_complete=False), steady(60, "1")),
        (tariff(parking("1")), steady(60, None)),
        (tariff(parking("1")), session((0, "0"), (60, None))),
        (tariff(parking("1")), session((0, None), (60, "1"))),
        (tariff(element(per_minute("1"), max_current=5)), steady(60, "1")),
        (tariff(element(per_minute("1"), days=(1,)), time_zone=None), steady(60, "1")),
    ],
)
def test_what_is_missing(what: Tariff, how: list[Reading]) -> None:
    """Test that the same is missing for the fee as for the price."""
    with pytest.raises(PriceUnknownError) as of_price:
        price(what, how)
    with pytest.raises(PriceUnknownError) as of_fee:
        fee_begins(what, how)
    assert of_fee.value.key == of_price.value.key


def test_nothing_is_missing_without_prices_of_time() -> None:
    """Test that a tariff which never charges for time has no fee, whatever else is unknown."""
    assert fee_begins(tariff(per_kwh("1"), is_complete=False), steady(60, None)) is None
