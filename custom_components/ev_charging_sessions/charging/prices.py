"""What sessions cost where the network does not say it, and whether it says it right."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from msgspec import Struct

from .backends.backend import Capabilities
from .errors import PriceUnknownError
from .ledger import Change, Ledger
from .model import Account, ChargePoint, Cost, MeterValue, Session, Source
from .own_price import OwnPrice
from .readings import amperes_of, readings_of
from .state import ChargePointState, tariff_at
from .tariff import Bill, Reading, depends_on_course, fee_begins, is_time_priced, price
from .tariff_clock import zone_of
from .tariff_course import needs_energy
from .tariff_model import Tariff

# A bill is doubted when it differs from what was computed by more than both of these.
TOLERANCE = Decimal("0.05")
LEAST_DIFFERENCE = Decimal("0.10")
# Where the price depends on the course of a session, that must have been watched this closely.
LONGEST_GAP = timedelta(minutes=20)


class Doubt(Struct, frozen=True, kw_only=True):
    """A session whose reported cost is not what its tariff makes of it."""

    session: Session
    reported: Cost
    computed: Cost


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
        self._fees: dict[str, datetime | None] = {}
        self._zones: set[str] = set()

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
    ) -> Sequence[Session]:
        """Return what a poll brought, with the costs that the network leaves out.

        Raises LedgerError.
        """
        if not any(self._can_price(session, points) for session in sessions):
            return sessions
        known: Mapping[str, Session] = open_sessions
        if self.own:
            others = [each.session_id for each in sessions if each.session_id not in open_sessions]
            known = {**await self._ledger.known(self._account, others), **open_sessions}
        priced = []
        for session in sessions:
            cost = None
            if not self._can_price(session, points):
                pass
            elif self.own:
                cost = self.own.cost_of(session, known.get(session.session_id))
            else:
                cost = await self._at_tariff(session, points.get(session.charge_point_id or ""))
            priced.append(replace(session, cost=cost) if cost else session)
        return priced

    async def follow(
        self, changes: Sequence[Change], points: Mapping[str, ChargePoint], *, is_news: bool
    ) -> list[Doubt]:
        """Follow what has changed in the ledger; return the new bills that seem wrong.

        What is no news is not checked. Raises LedgerError.
        """
        for change in changes:
            if change.before and change.before.cost:
                self._pay(change.before.cost, -1)
            if change.after.cost:
                self._pay(change.after.cost, 1)
            if not change.after.is_open:
                self._fees.pop(change.after.session_id, None)
        await self._foresee([each.after for each in changes if each.after.is_open], points)
        return await self._checked(changes, points) if is_news else []

    @property
    def tells_all_costs(self) -> bool:
        """Tell whether the cost of every session can be known."""
        capabilities = self._capabilities
        return capabilities.prices or (capabilities.energy and self.own is not None)

    def tells_cost(self, state: ChargePointState) -> bool:
        """Tell whether the cost of sessions at a charge point can be known."""
        return self.tells_all_costs or (state.tariff is not None and not needs_energy(state.tariff))

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
        point = points.get(session.charge_point_id or "")
        return not session.is_open and tariff_at(point, session) is not None

    async def _at_tariff(self, session: Session, charge_point: ChargePoint | None) -> Cost | None:
        """Return the cost of an ended session at the one tariff that it can have been."""
        tariff = tariff_at(charge_point, session)
        if tariff is None:
            return None
        try:
            await self._load_zone(tariff)
            bill = price(
                tariff, readings_of(session, ()), amperes_per_kilowatt=amperes_of(charge_point)
            )
        except PriceUnknownError:
            return None
        return Cost(amount=bill.total, currency=bill.currency, source=Source.COMPUTED)

    async def _foresee(
        self, sessions: Collection[Session], points: Mapping[str, ChargePoint]
    ) -> None:
        """Find out when a minute of open sessions begins to cost more."""
        timed = [
            (session, tariff)
            for session in sessions
            if (tariff := tariff_at(points.get(session.charge_point_id or ""), session))
            and is_time_priced(tariff)
        ]
        timelines = await self._timelines([session for session, _ in timed])
        for session, tariff in timed:
            begins = None
            try:
                await self._load_zone(tariff)
                begins = fee_begins(
                    tariff,
                    readings_of(session, timelines.get(session.session_id, ())),
                    amperes_per_kilowatt=amperes_of(points.get(session.charge_point_id or "")),
                )
            except PriceUnknownError:
                pass
            self._fees[session.session_id] = begins
            await asyncio.sleep(0)

    async def _checked(
        self, changes: Sequence[Change], points: Mapping[str, ChargePoint]
    ) -> list[Doubt]:
        """Compare new bills with what their tariffs make of the sessions."""
        billed = [each.after for each in changes if _has_new_bill(each)]
        timelines = await self._timelines(billed)
        doubts = []
        for session in billed:
            timeline = timelines.get(session.session_id, ())
            doubt = await self._doubt(session, timeline, points.get(session.charge_point_id or ""))
            if doubt:
                doubts.append(doubt)
            await asyncio.sleep(0)
        return doubts

    async def _doubt(
        self, session: Session, timeline: Sequence[MeterValue], charge_point: ChargePoint | None
    ) -> Doubt | None:
        """Return the doubt about a bill; what cannot be computed well is not doubted."""
        tariff, reported = session.tariff, session.cost
        if tariff is None or reported is None or reported.currency != tariff.currency:
            return None
        try:
            readings = readings_of(session, timeline)
            if depends_on_course(tariff) and _longest_gap(readings) > LONGEST_GAP:
                return None
            await self._load_zone(tariff)
            bill = price(tariff, readings, amperes_per_kilowatt=amperes_of(charge_point))
        except PriceUnknownError:
            return None
        difference = abs(reported.amount - bill.total)
        if difference <= LEAST_DIFFERENCE or difference <= bill.total * TOLERANCE:
            return None
        computed = Cost(amount=bill.total, currency=bill.currency, source=Source.COMPUTED)
        return Doubt(session=session, reported=reported, computed=computed)

    async def _load_zone(self, tariff: Tariff) -> None:
        """Read the file of a tariff's time zone, if it needs one, without holding anybody up."""
        if tariff.time_zone is not None and tariff.time_zone not in self._zones:
            await asyncio.to_thread(zone_of, tariff.time_zone)
            self._zones.add(tariff.time_zone)

    async def _timelines(self, sessions: Collection[Session]) -> Mapping[str, Sequence[MeterValue]]:
        if not sessions:
            return {}
        ids = [session.session_id for session in sessions]
        return await self._ledger.timelines(self._account, ids)


def _longest_gap(readings: Sequence[Reading]) -> timedelta:
    """Return the longest time in which nobody knows when its energy flowed."""
    return max(
        (
            after.at - before.at
            for before, after in pairwise(readings)
            if before.energy != after.energy
        ),
        default=timedelta(0),
    )


def _has_new_bill(change: Change) -> bool:
    after, before = change.after, change.before
    if after.is_open or after.tariff is None or after.cost is None:
        return False
    if after.cost.source is not Source.REPORTED:
        return False
    return before is None or before.is_open or before.cost != after.cost
