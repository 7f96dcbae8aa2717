"""The price that a person has set for sessions whose network names none."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from .model import Cost, Session, Source
from .readings import kwh
from .tariff import coin_of
from .tariff_model import PriceComponent, PriceComponentType, Tariff, TariffElement

# Small parts are summed up while a session runs, and may not be lost to rounding.
_PARTS = Decimal("1e-6")
# What was charged since a look longer ago than this, nobody has seen.
_UNSEEN_AFTER = timedelta(minutes=30)


class OwnPrice:
    """What a kWh costs, in a currency (ISO 4217).

    One that is not fixed changes with time, so what was charged unseen is only estimated.
    """

    def __init__(self, currency: str, now: Callable[[], Decimal | None], *, is_fixed: bool) -> None:
        """Remember how to ask; ``now`` returns ``None`` while nobody knows the price."""
        self.currency = currency
        # Up to which energy the sessions are paid that went on while nobody knew the price.
        self.unpaid: dict[str, float] = {}
        self._now = now
        self.is_fixed = is_fixed
        self._last: Decimal | None = None

    def now(self) -> Decimal | None:
        """Return the price; while it cannot be read, the last one is the best there is."""
        amount = self._now()
        if amount is not None:
            self._last = amount
        return self._last

    def tariff(self) -> Tariff | None:
        """Return the price as a tariff, if it is known."""
        amount = self.now()
        if amount is None:
            return None
        component = PriceComponent(type=PriceComponentType.ENERGY, price=amount)
        return Tariff(currency=self.currency, elements=(TariffElement(components=(component,)),))

    def cost_of(self, session: Session, known: Session | None, now: datetime) -> Cost | None:
        """Return the cost so far: what it was before, and what has been charged since.

        ``known`` is what the ledger holds of the session.
        """
        amount = self.now()
        paid = known.cost if known else None
        until = known.energy if known and paid else None
        is_late = session.session_id in self.unpaid
        if session.energy is None or (paid and paid.currency != self.currency):
            return None
        if known and not known.is_open and paid is None and not is_late:
            # It ended before there was a price.
            return None
        if amount is None:
            self.unpaid.setdefault(session.session_id, until or 0.0)
            return None
        until = self.unpaid.pop(session.session_id, until)
        charged = kwh(session.energy) - kwh(until or 0.0)
        cost = (paid.amount if paid else Decimal(0)) + amount * charged
        seen = known.updated if known else session.started
        is_seen = not is_late and seen is not None and now - seen <= _UNSEEN_AFTER
        # What is only told again, as after each restart, is no less sure than before.
        is_sure = (self.is_fixed or is_seen or (paid and not charged)) and (
            not paid or paid.source is Source.COMPUTED
        )
        digits = _PARTS if session.is_open else coin_of(self.currency)
        return Cost(
            amount=cost.quantize(digits, ROUND_HALF_UP),
            currency=self.currency,
            source=Source.COMPUTED if is_sure else Source.ESTIMATED,
        )
