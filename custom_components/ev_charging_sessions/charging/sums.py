"""What many sessions come to together, added one by one."""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal

from .model import Cost, Session
from .tariff_coins import coin_of

# Sums of money and energy are exact as long as they have no more digits than this.
_EXACT = Context(prec=200)


@dataclass(slots=True)
class Sums:
    """The sums over the sessions that were added, exact; what is not known is not in them.

    ``energy`` is in kWh, ``duration`` in seconds over the ended sessions with a known start
    and end; both are ``None`` while no session tells its own. ``cost`` is by currency. The
    sessions that lack a figure are counted: ``unpaid_energy`` is what those without a cost
    have charged, as far as they tell it.
    """

    count: int = 0
    energy: Decimal | None = None
    duration: float | None = None
    cost: dict[str, Decimal] = field(default_factory=dict)
    without_energy: int = 0
    without_cost: int = 0
    unpaid_energy: Decimal = Decimal(0)
    still_open: int = 0

    def add(self, session: Session) -> None:
        """Add one more session."""
        self.count += 1
        energy = exact_energy(session)
        if energy is None:
            self.without_energy += 1
        else:
            self.energy = _EXACT.add(self.energy or Decimal(0), energy)
        if session.is_open:
            self.still_open += 1
        elif session.started and session.ended:
            lasted = max((session.ended - session.started).total_seconds(), 0.0)
            self.duration = (self.duration or 0.0) + lasted
        if session.cost:
            self.pay(session.cost)
        else:
            self.without_cost += 1
            self.unpaid_energy = _EXACT.add(self.unpaid_energy, energy or Decimal(0))

    def pay(self, cost: Cost) -> None:
        """Add an amount to what was paid in its currency."""
        paid = self.cost.get(cost.currency, Decimal(0))
        self.cost[cost.currency] = _EXACT.add(paid, cost.amount)


def exact_energy(session: Session) -> Decimal | None:
    """Return the kWh of a session as they are written, not as a computer approximates them."""
    return None if session.energy is None else Decimal(str(session.energy))


def amount_at(rate: Decimal, currency: str, session: Session) -> Decimal | None:
    """Return what the energy of a session comes to at a price per kWh, in whole coins.

    Half a coin is rounded upwards, as invoices do. Without an energy there is no amount.
    """
    energy = exact_energy(session)
    if energy is None:
        return None
    amount = _EXACT.multiply(rate, energy)
    return amount.quantize(coin_of(currency), rounding=ROUND_HALF_UP, context=_EXACT)
