"""What sessions cost where the network does not say it, and when a minute costs more."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import replace
from datetime import datetime
from decimal import Decimal

from .backends.backend import Capabilities
from .bill_check import BillCheck, never_idle
from .errors import PriceUnknownError
from .ledger import Change, Ledger
from .model import Account, ChargePoint, Cost, MeterValue, OcppStatus, Session, Source
from .own_price import OwnPrice
from .readings import amperes_of, is_watched, readings_of, thinned
from .state import ChargePointState, tariff_at
from .tariff import (
    Bill,
    Reading,
    can_rise,
    depends_on_course,
    fee_begins,
    price,
)
from .tariff_clock import zone_of
from .tariff_course import needs_clock, needs_energy
from .tariff_model import Tariff

# So many readings are enough to see when a fee begins, also of a session of days.
_READINGS = 120
# So many sessions are priced before others get their turn.
_AT_ONCE = 100


class Prices:
    """The prices of one account: its own one, its tariffs, and what has been paid so far."""

    def __init__(
        self,
        account: Account,
        ledger: Ledger,
        capabilities: Capabilities,
        own: OwnPrice | None = None,
    ) -> None:
        """Wire up; nothing is read yet."""
        self.cost: dict[str, Decimal] = {}
        self.own = own
        self._account = account
        self._ledger = ledger
        self._capabilities = capabilities
        self.bills = BillCheck(account, ledger)
        self._fees: dict[str, datetime | None] = {}
        self._zones: set[str | None] = set()

    async def load(self, open_sessions: Iterable[Session]) -> None:
        """Take up what the ledger holds. Raises LedgerError."""
        self.cost = dict(await self._ledger.cost(self._account))
        await self._foresee(list(open_sessions), {})

    def fee_begins(self, session: Session) -> datetime | None:
        """Return when a minute of an open session begins to cost more, if that is in sight."""
        return self._fees.get(session.session_id)

    async def priced(
        self,
        sessions: Sequence[Session],
        open_sessions: Mapping[str, Session],
        points: Mapping[str, ChargePoint],
        now: datetime,
        *,
        is_past: bool = False,
    ) -> Sequence[Session]:
        """Return what was read, with the costs that the network leaves out.

        ``is_past`` are sessions of long ago: what a price that changes was then, nobody knows.
        Raises LedgerError.
        """
        if is_past:
            if self.own and not self.own.is_fixed:
                return sessions
            # Nor does anybody know what a charge point cost.
            points = {}
        if not any(self._can_price(session, points) for session in sessions):
            return sessions
        known: Mapping[str, Session] = open_sessions
        timelines: Mapping[str, Sequence[MeterValue]] = {}
        if self.own:
            others = [each.session_id for each in sessions if each.session_id not in open_sessions]
            known = {**await self._ledger.known(self._account, others), **open_sessions}
        else:
            timelines = await self._timelines([each for each in sessions if each.tariff])
        priced = []
        for number, session in enumerate(sessions):
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
            cost = None
            if not self._can_price(session, points):
                pass
            elif self.own:
                cost = self.own.cost_of(session, known.get(session.session_id), now)
            else:
                timeline = timelines.get(session.session_id, ())
                point = points.get(session.charge_point_id or "")
                cost = await self._at_tariff(session, timeline, point)
            priced.append(replace(session, cost=cost) if cost else session)
        return priced

    async def overdue(self, now: datetime) -> list[Session]:
        """Return what went on while nobody knew the own price, once somebody does.

        Raises LedgerError.
        """
        if self.own is None or not self.own.unpaid or self.own.now() is None:
            return []
        known = await self._ledger.known(self._account, list(self.own.unpaid))
        return [
            replace(session, cost=cost)
            for session in known.values()
            if (cost := self.own.cost_of(session, session, now))
        ]

    async def follow(
        self,
        changes: Sequence[Change],
        points: Mapping[str, ChargePoint],
        now: datetime,
        *,
        is_news: bool,
    ) -> None:
        """Follow what has changed in the ledger; only the bills of news are checked.

        Raises LedgerError.
        """
        for number, change in enumerate(changes):
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
            if change.before and change.before.cost:
                self._pay(change.before.cost, -1)
            if change.after.cost:
                self._pay(change.after.cost, 1)
            if not change.after.is_open:
                self._fees.pop(change.after.session_id, None)
        if is_news:
            self.bills.note(changes, now)
        await self._foresee([each.after for each in changes if each.after.is_open], points)

    @property
    def tells_all_costs(self) -> bool:
        """Tell whether the cost of every session can be known."""
        capabilities = self._capabilities
        return capabilities.prices or (capabilities.energy and self.own is not None)

    def tells_cost(self, state: ChargePointState) -> bool:
        """Tell whether the cost of sessions at a charge point can be known."""
        return self.tells_all_costs or (state.tariff is not None and not needs_energy(state.tariff))

    def tells_fee(self, state: ChargePointState) -> bool:
        """Tell whether there may be a fee at a charge point that can be foreseen."""
        tariff = state.tariff
        if tariff is None or not can_rise(tariff):
            return False
        return self._capabilities.energy or not needs_energy(tariff)

    async def quote(self, state: ChargePointState, readings: Sequence[Reading]) -> Bill:
        """Return what a session would cost at a charge point. Raises PriceUnknownError."""
        tariff = state.tariff
        if tariff is None and self.own:
            tariff = self.own.tariff()
        if tariff is None:
            raise PriceUnknownError("tariff")
        await self._load_zone(tariff)
        return price(tariff, readings, amperes_per_kilowatt=amperes_of(state.charge_point))

    def _pay(self, cost: Cost, times: int) -> None:
        paid = self.cost.get(cost.currency, Decimal(0))
        self.cost[cost.currency] = paid + times * cost.amount

    def _can_price(self, session: Session, points: Mapping[str, ChargePoint]) -> bool:
        """Tell whether a cost is missing that can be found out here."""
        if session.cost:
            return False
        if self.own:
            return session.energy is not None
        if session.is_open and session.energy is None:
            return False
        return tariff_at(points.get(session.charge_point_id or ""), session) is not None

    async def _at_tariff(
        self,
        session: Session,
        timeline: Sequence[MeterValue],
        charge_point: ChargePoint | None,
    ) -> Cost | None:
        """Return the cost of a session at the one tariff that it can have."""
        tariff = tariff_at(charge_point, session)
        if tariff is None:
            return None
        values = {value.at: value for value in (*timeline, *session.meter_values)}
        try:
            await self._load_zone(tariff)
            readings = readings_of(session, [values[at] for at in sorted(values)])
            bill = price(tariff, readings, amperes_per_kilowatt=amperes_of(charge_point))
        except PriceUnknownError:
            return None
        is_sure = is_watched(readings) or not depends_on_course(tariff)
        source = Source.COMPUTED if is_sure else Source.ESTIMATED
        return Cost(amount=bill.total, currency=bill.currency, source=source)

    async def _foresee(
        self, sessions: Collection[Session], points: Mapping[str, ChargePoint]
    ) -> None:
        """Find out when a minute of open sessions begins to cost more."""
        timed = [
            (session, tariff)
            for session in sessions
            if (tariff := tariff_at(points.get(session.charge_point_id or ""), session))
            and can_rise(tariff)
        ]
        timelines = await self._timelines([session for session, _ in timed])
        for session, tariff in timed:
            timeline = timelines.get(session.session_id, ())
            point = points.get(session.charge_point_id or "")
            self._fees[session.session_id] = await self._fee(session, tariff, timeline, point)
            await asyncio.sleep(0)

    async def _fee(
        self,
        session: Session,
        tariff: Tariff,
        timeline: Sequence[MeterValue],
        charge_point: ChargePoint | None,
    ) -> datetime | None:
        """Return when a minute of a session begins to cost more, if that can be known."""
        if charge_point and charge_point.ocpp_status is OcppStatus.SUSPENDED_EVSE:
            # The charger keeps the car waiting, which is not the driver's fault.
            tariff = never_idle(tariff)
        try:
            await self._load_zone(tariff)
            return fee_begins(
                tariff,
                thinned(readings_of(session, timeline), _READINGS),
                amperes_per_kilowatt=amperes_of(charge_point),
            )
        except PriceUnknownError:
            return None

    async def _load_zone(self, tariff: Tariff) -> None:
        """Read the file of a tariff's time zone, if it needs one, without holding anybody up."""
        if tariff.time_zone not in self._zones and needs_clock(tariff):
            await asyncio.to_thread(zone_of, tariff.time_zone)
            self._zones.add(tariff.time_zone)

    async def _timelines(self, sessions: Collection[Session]) -> Mapping[str, Sequence[MeterValue]]:
        if not sessions:
            return {}
        ids = [session.session_id for session in sessions]
        return await self._ledger.timelines(self._account, ids)
