"""The price that a person has set for sessions whose network names none."""

from collections.abc import Callable
from decimal import Decimal

from .model import Cost, Session, Source
from .readings import kwh
from .tariff import coin_of
from .tariff_model import PriceComponent, PriceComponentType, Tariff, TariffElement

# Small parts are summed up while a session runs, and may not be lost to rounding.
_PARTS = Decimal("1e-6")


class OwnPrice:
    """What a kWh costs, in a currency (ISO 4217).

    One that is not fixed changes with time, so what was charged unseen is only estimated.
    """

    def __init__(self, currency: str, now: Callable[[], Decimal | None], *, is_fixed: bool) -> None:
        """Remember how to ask; ``now`` returns ``None`` while nobody knows the price."""
        self.currency = currency
        self._now = now
        self._is_fixed = is_fixed
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

    def cost_of(self, session: Session, known: Session | None) -> Cost | None:
        """Return the cost so far: what it was before, and what has been charged since.

        ``known`` is what the ledger holds of the session.
        """
        amount = self.now()
        if amount is None or session.energy is None:
            return None
        if known is None or known.cost is None or known.energy is None:
            if known is not None and not known.is_open:
                # It ended before there was a price.
                return None
            cost = kwh(session.energy) * amount
            is_seen = self._is_fixed or (session.is_open and known is None)
            source = Source.COMPUTED if is_seen else Source.ESTIMATED
        elif known.cost.currency != self.currency:
            return None
        else:
            cost = known.cost.amount + (kwh(session.energy) - kwh(known.energy)) * amount
            source = known.cost.source
        digits = _PARTS if session.is_open else coin_of(self.currency)
        return Cost(amount=cost.quantize(digits), currency=self.currency, source=source)
