"""Tariffs, sessions and bills in few words, for the tests of what charging costs."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from custom_components.ev_charging_sessions.charging.tariff import (
    Bill,
    PriceComponent,
    PriceComponentType,
    Reading,
    Restrictions,
    Tariff,
    TariffElement,
    price,
)

START = datetime(2026, 11, 20, 17, tzinfo=UTC)
"""A Friday, 18:00 in Berlin."""

_NUMBERS = ("energy", "current", "power", "duration")


def per_kwh(amount: str, **others: Any) -> PriceComponent:
    """Return a price of a kWh."""
    return PriceComponent(type=PriceComponentType.ENERGY, price=Decimal(amount), **others)


def flat(amount: str, **others: Any) -> PriceComponent:
    """Return a price of a session."""
    return PriceComponent(type=PriceComponentType.FLAT, price=Decimal(amount), **others)


def per_minute(
    amount: str, kind: PriceComponentType = PriceComponentType.TIME, **others: Any
) -> PriceComponent:
    """Return a price of a minute."""
    return PriceComponent(type=kind, price=Decimal(amount), unit=Decimal(60), **others)


def charging(amount: str, **others: Any) -> PriceComponent:
    """Return a price of a minute in which energy flows."""
    return per_minute(amount, PriceComponentType.CHARGING_TIME, **others)


def parking(amount: str, **others: Any) -> PriceComponent:
    """Return a price of a minute in which none flows."""
    return per_minute(amount, PriceComponentType.PARKING_TIME, **others)


def element(*components: PriceComponent, name: str | None = None, **limits: Any) -> TariffElement:
    """Return prices that hold within limits; numbers may be given as text or whole."""
    exact: dict[str, Any] = {
        key: Decimal(value) if key.endswith(_NUMBERS) or key == "held_for" else value
        for key, value in limits.items()
    }
    restrictions = Restrictions(**exact) if exact else None
    return TariffElement(components=components, name=name, restrictions=restrictions)


def tariff(
    *elements: TariffElement | PriceComponent,
    currency: str = "EUR",
    time_zone: str | None = "Europe/Berlin",
    **others: Any,
) -> Tariff:
    """Return a tariff; a price by itself always holds."""
    return Tariff(
        currency=currency,
        elements=tuple(
            each if isinstance(each, TariffElement) else element(each) for each in elements
        ),
        time_zone=time_zone,
        **others,
    )


def session(*points: tuple[float, str | None], start: datetime = START) -> list[Reading]:
    """Return what a meter said so many minutes after a start."""
    return [
        Reading(start + timedelta(minutes=minutes), None if energy is None else Decimal(energy))
        for minutes, energy in points
    ]


def steady(minutes: float, energy: str | None, start: datetime = START) -> list[Reading]:
    """Return a session in which energy flows evenly."""
    return session((0, None if energy is None else "0"), (minutes, energy), start=start)


def printed(bill: Bill) -> list[str]:
    """Return a bill as a receipt would show it."""
    return [
        f"{item.element or ''} {item.component}: "
        f"{item.quantity} x {item.unit_price} = {item.amount}".strip()
        for item in bill.items
    ]


def receipt(what: Tariff, how: list[Reading], amperes: str | None = None) -> list[str]:
    """Return what a session costs, as a receipt would show it."""
    ratio = None if amperes is None else Decimal(amperes)
    return printed(price(what, how, amperes_per_kilowatt=ratio))


def total(what: Tariff, how: list[Reading], amperes: str | None = None) -> str:
    """Return what a session costs in all."""
    ratio = None if amperes is None else Decimal(amperes)
    return str(price(what, how, amperes_per_kilowatt=ratio).total)
