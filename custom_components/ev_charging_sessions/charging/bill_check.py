"""Whether what a network asks for a session is what the session's tariff makes of it.

The tariffs of networks leave open how they are meant, meters are read only now and then, and
bills come late. So a bill is doubted only when no way to read the tariff, and nothing that
may have happened between two meter values, explains it.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from copy import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise, product

from msgspec import Struct

from .errors import PriceUnknownError
from .ledger import Change, Ledger
from .model import Account, ChargePoint, Cost, Session, Source
from .readings import amperes_of, is_watched, readings_of
from .tariff import Reading, depends_on_course, price
from .tariff_model import PriceComponentType, Restrictions, Tariff, TariffElement

# A bill may differ by either of these from what explains it best.
TOLERANCE = Decimal("0.05")
LEAST_DIFFERENCE = Decimal("0.10")
# Late meter values and prices have come by then.
SETTLED_AFTER = timedelta(minutes=6)
# What ended longer ago is history.
LONGEST_AGO = timedelta(days=1)

_MINUTE = Decimal(60)
_SECOND = timedelta(seconds=1)


class Doubt(Struct, frozen=True, kw_only=True):
    """A session whose reported cost is not what its tariff makes of it."""

    session: Session
    reported: Cost
    computed: Cost


class Verdicts(Struct, frozen=True):
    """The bills that nothing explains, and the ids of the sessions whose bill is in order."""

    doubts: tuple[Doubt, ...] = ()
    explained: frozenset[str] = frozenset()


class BillCheck:
    """The bills of an account that are still to be checked."""

    def __init__(self, account: Account, ledger: Ledger) -> None:
        """Start with none."""
        self._account = account
        self._ledger = ledger
        self._waiting: dict[str, tuple[Session, datetime]] = {}

    def note(self, changes: Sequence[Change], now: datetime) -> None:
        """Note the bills of sessions that have just ended, or were changed since."""
        for change in changes:
            session = change.after
            if _is_billed(session) and session.ended and now - session.ended <= LONGEST_AGO:
                self._waiting[session.session_id] = session, now

    async def verdicts(self, points: Mapping[str, ChargePoint], now: datetime) -> Verdicts:
        """Check the bills that have not changed for long enough. Raises LedgerError."""
        due = [
            session
            for session, noted in self._waiting.values()
            if not timedelta() <= now - noted < SETTLED_AFTER
        ]
        if not due:
            return Verdicts()
        ids = [session.session_id for session in due]
        timelines = await self._ledger.timelines(self._account, ids)
        doubts, explained = [], set()
        for session in due:
            del self._waiting[session.session_id]
            point = points.get(session.charge_point_id or "")
            try:
                readings = readings_of(session, timelines.get(session.session_id, ()))
                # Many ways to read a tariff take time, and nobody should wait for them.
                doubt = await asyncio.to_thread(_doubt, session, readings, amperes_of(point))
            except PriceUnknownError:
                continue
            if doubt:
                doubts.append(doubt)
            else:
                explained.add(session.session_id)
        return Verdicts(tuple(doubts), frozenset(explained))


def _is_billed(session: Session) -> bool:
    cost = session.cost
    return (
        not session.is_open
        and session.tariff is not None
        and cost is not None
        and cost.source is Source.REPORTED
        and cost.currency == session.tariff.currency
        # A session that came to nothing is often let off its fees.
        and bool(cost.amount or session.energy)
    )


def _doubt(session: Session, readings: list[Reading], amperes: Decimal | None) -> Doubt | None:
    """Return the doubt about a bill. Raises PriceUnknownError."""
    tariff, reported = session.tariff, session.cost
    if tariff is None or reported is None:
        return None
    if depends_on_course(tariff) and not is_watched(readings):
        raise PriceUnknownError("energy")
    bill = price(tariff, readings, amperes_per_kilowatt=amperes)
    totals = [
        price(read, course, amperes_per_kilowatt=amperes).total
        for read, course in product(_meanings(tariff), _courses(tariff, readings))
    ]
    nearest = min(max(reported.amount, min(totals)), max(totals))
    difference = abs(reported.amount - nearest)
    if difference <= LEAST_DIFFERENCE or difference <= nearest * TOLERANCE:
        return None
    computed = Cost(amount=bill.total, currency=bill.currency, source=Source.COMPUTED)
    return Doubt(session=session, reported=reported, computed=computed)


def _courses(tariff: Tariff, readings: list[Reading]) -> Iterator[list[Reading]]:
    """Yield how a session may have gone between its readings.

    Next to where energy stands still it may have ceased, or begun, anywhere between two of
    them. Where the price depends on the power, all at once would be no way a car can charge.
    """
    yield readings
    if not depends_on_course(tariff) or _is_bounded_by_power(tariff):
        return
    flows = [before.energy != after.energy for before, after in pairwise(readings)]
    for is_early in (True, False):
        course = readings[:1]
        for number, (before, after) in enumerate(pairwise(readings)):
            neighbours = flows[number + 1 : number + 2] if is_early else flows[:number][-1:]
            if flows[number] and not any(neighbours) and after.at - before.at > 2 * _SECOND:
                course.append(
                    Reading(before.at + _SECOND, after.energy)
                    if is_early
                    else Reading(after.at - _SECOND, before.energy)
                )
            course.append(after)
        yield course


def _is_bounded_by_power(tariff: Tariff) -> bool:
    return any(
        bound is not None
        for element in tariff.elements
        if (each := element.restrictions)
        for bound in (each.min_power, each.max_power, each.min_current, each.max_current)
    )


def _meanings(tariff: Tariff) -> set[Tariff]:
    """Return all that a tariff may mean where its network does not say.

    A flat price may be paid once however many elements name it, a begun minute in full, and a
    car that the charger itself keeps waiting may not count as idle.
    """
    meanings = {tariff}
    for other in (_with_one_flat_price, _with_begun_minutes, never_idle):
        meanings |= {other(each) for each in meanings}
    return meanings


def _with_one_flat_price(tariff: Tariff) -> Tariff:
    elements: list[TariffElement] = []
    has_flat = False
    for element in tariff.elements:
        flats = [each for each in element.components if each.type is PriceComponentType.FLAT]
        components = tuple(each for each in element.components if not has_flat or each not in flats)
        has_flat = has_flat or bool(flats)
        elements.append(replace(element, components=components))
    return replace(tariff, elements=tuple(elements))


def _with_begun_minutes(tariff: Tariff) -> Tariff:
    return replace(
        tariff,
        elements=tuple(
            replace(
                element,
                components=tuple(
                    replace(each, step=each.step or _MINUTE)
                    if each.type is PriceComponentType.TIME
                    else each
                    for each in element.components
                ),
            )
            for element in tariff.elements
        ),
    )


def never_idle(tariff: Tariff) -> Tariff:
    """Return what a tariff comes to while a car counts as one that requests power."""
    return replace(
        tariff,
        elements=tuple(
            replace(element, restrictions=replace(restrictions, is_requesting=None))
            if (restrictions := element.restrictions or Restrictions()).is_requesting
            else element
            for element in tariff.elements
            if not (element.restrictions and element.restrictions.is_requesting is False)
        ),
    )
