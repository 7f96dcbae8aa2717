"""Whether energies are in the unit that the account is set to, as far as sessions show it.

CleverEV does not say whether it tells Wh or kWh. A person sets it, and what is here never
changes that: it only collects what speaks for the other unit, so that the person can be
asked. See ``contracts/cleverev.md``, section 1.5.
"""

from collections.abc import Collection
from decimal import Decimal

from ..model import EnergyUnit, Session
from ..tariff import PriceComponentType

# So many sessions must speak for the other unit, and none for the one that is set.
_WITNESSES = 3

_OTHER = {EnergyUnit.WH: EnergyUnit.KWH, EnergyUnit.KWH: EnergyUnit.WH}
_TO_KWH = {EnergyUnit.WH: Decimal("0.001"), EnergyUnit.KWH: Decimal(1)}

# No charger gives more kW than this, and no car takes less than this many on average, unless
# it only stands there; a session shorter than this many hours may be a matter of its times.
_MOST_KW = 400
_LEAST_KW = 1
_LEAST_WATT = 20
_LEAST_HOURS = 1 / 6
_LEAST_HOURS_AT_ALL = 1 / 60

# A price is only good evidence if energy has cost more than rounding could.
_LEAST_MONEY = Decimal("0.05")
_ROUNDING = Decimal("0.01")
_LENIENCE = Decimal("0.02")


class UnitCheck:
    """What the sessions of an account say about the unit of its energies."""

    def __init__(self, unit: EnergyUnit) -> None:
        """Start without evidence; ``unit`` is the one that is set."""
        self._unit = unit
        self._votes: dict[str, EnergyUnit] = {}

    def note(self, session: Session) -> None:
        """Take a session's evidence, which replaces what it said before."""
        vote = None if session.is_open else _vote(session, self._unit)
        if vote is None:
            self._votes.pop(session.session_id, None)
        else:
            self._votes[session.session_id] = vote

    def keep(self, session_ids: Collection[str]) -> None:
        """Forget what other sessions said."""
        self._votes = {key: vote for key, vote in self._votes.items() if key in session_ids}

    @property
    def other_unit(self) -> EnergyUnit | None:
        """Return the unit that the energies rather seem to be in than the one that is set."""
        votes = [*self._votes.values()]
        if len(votes) < _WITNESSES or self._unit in votes:
            return None
        return _OTHER[self._unit]


def _vote(session: Session, unit: EnergyUnit) -> EnergyUnit | None:
    """Return the unit that a session speaks for; contradictions say nothing."""
    if not session.energy:
        return None
    told = Decimal(repr(session.energy)) / _TO_KWH[unit]
    votes = {_by_price(session, told), _by_power(session, float(told))} - {None}
    return votes.pop() if len(votes) == 1 else None


def _by_price(session: Session, told: Decimal) -> EnergyUnit | None:
    """Return the unit in which the price of a session follows from its tariff.

    Only a tariff that counts nothing but energy, always at the same price, can tell.
    """
    tariff, cost = session.tariff, session.cost
    if tariff is None or cost is None or not tariff.is_complete or len(tariff.elements) != 1:
        return None
    element = tariff.elements[0]
    if element.restrictions is not None or cost.amount in {tariff.min_price, tariff.max_price}:
        return None
    flat = per_kwh = Decimal(0)
    for component in element.components:
        match component.type:
            case PriceComponentType.FLAT:
                flat += component.price
            case PriceComponentType.ENERGY:
                per_kwh += component.price / component.unit
            case _ if component.price:
                return None
    paid = cost.amount - flat
    if per_kwh <= 0 or paid < _LEAST_MONEY:
        return None
    margin = max(_ROUNDING, paid * _LENIENCE)
    fitting = [
        unit for unit, to_kwh in _TO_KWH.items() if abs(per_kwh * told * to_kwh - paid) <= margin
    ]
    return fitting[0] if len(fitting) == 1 else None


def _by_power(session: Session, told: float) -> EnergyUnit | None:
    """Return the unit in which the mean power of a session makes sense."""
    if session.started is None or session.ended is None:
        return None
    hours = (session.ended - session.started).total_seconds() / 3600
    if hours < _LEAST_HOURS_AT_ALL:
        return None
    power = told / hours
    if power > _MOST_KW:
        # More than any charger gives, if this were kWh.
        return EnergyUnit.WH
    if hours >= _LEAST_HOURS and _LEAST_KW <= power < _LEAST_WATT:
        # Less than a lamp takes, if this were Wh.
        return EnergyUnit.KWH
    return None
