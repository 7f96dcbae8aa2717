"""What it costs to price a session by a long tariff, and to quote one."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from custom_components.ev_charging_sessions.charging.tariff import (
    PriceComponent,
    PriceComponentType,
    Reading,
    Restrictions,
    Tariff,
    TariffElement,
    fee_begins,
    price,
)

from .measure import cpu_seconds, report

ELEMENTS = 20
START = datetime(2026, 11, 21, 8, 7, 13, tzinfo=UTC)


def _element(number: int) -> TariffElement:
    """Return an element with a window, some days and a bound of power, and three prices."""
    return TariffElement(
        components=(
            PriceComponent(type=PriceComponentType.ENERGY, price=Decimal(30 + number) / 100),
            PriceComponent(type=PriceComponentType.TIME, price=Decimal("0.05"), unit=Decimal(60)),
            PriceComponent(type=PriceComponentType.FLAT, price=Decimal("0.5")),
        ),
        restrictions=Restrictions(
            start=time(number % 24, 15 * (number % 4)),
            end=time((number + 5) % 24, 30),
            days=tuple(sorted({number % 7, (number + 1) % 7, 5, 6})),
            min_power=Decimal(number) / 2,
        ),
    )


TARIFF = Tariff(
    currency="EUR",
    elements=tuple(_element(number) for number in range(ELEMENTS)),
    time_zone="Europe/Berlin",
)


def _day() -> list[Reading]:
    """Return a session of a day, read every quarter of an hour."""
    energy = Decimal(0)
    readings = [Reading(START, energy)]
    for number in range(96):
        energy += Decimal(number % 23) / 8
        readings.append(Reading(START + timedelta(minutes=15 * (number + 1)), energy))
    return readings


async def run() -> bool:
    """Run the benchmark of the prices."""
    day = _day()
    asked = [Reading(START, Decimal(0)), Reading(START + timedelta(hours=2), Decimal(30))]

    async def priced() -> None:
        price(TARIFF, day)

    async def quoted() -> None:
        price(TARIFF, asked)

    async def foreseen() -> None:
        fee_begins(TARIFF, day)

    works = {"price": priced, "quote": quoted, "fee": foreseen}
    taken = await cpu_seconds(works, repeats=5, rounds=60)
    print(f"  when the fee of such a day begins: {taken['fee'] * 1e3:.2f} ms")
    return all(
        [
            report(
                f"A day of {len(day)} readings priced by {ELEMENTS} elements",
                taken["price"] * 1e3,
                1,
                "ms of CPU",
            ),
            report(f"A quote by {ELEMENTS} elements", taken["quote"] * 1e3, 1, "ms of CPU"),
        ]
    )


if __name__ == "__main__":
    raise SystemExit(not asyncio.run(run()))
