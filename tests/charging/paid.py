"""Sessions that cost something, and tariffs, for the tests of prices and bills."""

from decimal import Decimal
from typing import Any

from custom_components.ev_charging_sessions.charging.ledger import Change, Ledger
from custom_components.ev_charging_sessions.charging.model import (
    Cost,
    Session,
    SessionStatus,
    Source,
)
from custom_components.ev_charging_sessions.charging.tariff_model import (
    PriceComponent,
    PriceComponentType,
    Restrictions,
    Tariff,
    TariffElement,
)

from .answers import answer, at, euros


def a_tariff(*prices: tuple[PriceComponentType, str], **restrictions: Any) -> Tariff:
    """Return a tariff of one element."""
    components = tuple(
        PriceComponent(
            type=kind,
            price=Decimal(price),
            unit=Decimal(60 if "time" in kind else 1),
        )
        for kind, price in prices
    )
    element = TariffElement(
        components=components,
        restrictions=Restrictions(**restrictions) if restrictions else None,
    )
    return Tariff(currency="EUR", elements=(element,))


PER_KWH = a_tariff((PriceComponentType.ENERGY, "0.50"))
PER_MINUTE = a_tariff((PriceComponentType.FLAT, "1"), (PriceComponentType.TIME, "0.10"))
PER_SLOW_KWH = a_tariff((PriceComponentType.ENERGY, "0.50"), max_power=Decimal(11))


def ended(cost: str | None = None, **said: Any) -> Session:
    """Return a session of 20 kWh in an hour that has ended."""
    return answer(
        **{
            "charge_point_id": "CP1",
            "status": SessionStatus.FINISHED,
            "started": at(0),
            "ended": at(60),
            "updated": at(60),
            "energy": 20.0,
            "cost": euros(cost) if cost else None,
            **said,
        }
    )


def costing(amount: str, source: Source = Source.COMPUTED, currency: str = "EUR") -> Cost:
    """Return a cost that was not reported."""
    return Cost(amount=Decimal(amount), currency=currency, source=source)


async def kept(ledger: Ledger, *sessions: Session) -> list[Change]:
    """Write sessions to the ledger and return what that has changed."""
    changes: list[Change] = []
    for session in sessions:
        changes += await ledger.upsert([session])
    return changes
