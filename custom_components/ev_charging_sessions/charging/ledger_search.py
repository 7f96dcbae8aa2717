"""Searching the ledger for sessions: what can be asked, and the statements that ask it."""

from collections.abc import Iterable, Mapping
from copy import replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    not_,
    or_,
    select,
)

from .discreet import Discreet
from .ledger_query import newest_first
from .ledger_rows import status_number
from .ledger_schema import ENDED, IS_OPEN, accounts, links, sessions
from .merge import to_microseconds
from .model import Account, SessionStatus


class SessionQuery(Discreet, frozen=True, kw_only=True):
    """Which sessions to look for; ``None`` leaves a filter out, ``()`` matches nothing.

    A charge point and a card come with their account, because another account may use the
    same one, and nobody has asked for what it did there. Besides those at ``charge_points``,
    all sessions of the accounts in ``whole`` match, wherever they were.

    ``start`` and ``end`` are aware times, and a session matches if some of it lies at or
    after ``start`` and before ``end``. An open session is still running. An ended one whose
    end is unknown counts at its start only, and one whose start is unknown matches only
    if neither bound is given.
    """

    hidden = frozenset({"cards"})

    accounts: tuple[Account, ...] | None = None
    session_ids: tuple[str, ...] | None = None
    charge_points: tuple[tuple[Account, str], ...] | None = None
    whole: tuple[Account, ...] = ()
    cards: tuple[tuple[Account, str], ...] | None = None
    statuses: tuple[SessionStatus, ...] | None = None
    start: datetime | None = None
    end: datetime | None = None
    limit: int | None = None
    offset: int = 0


class Totals(Struct, frozen=True, kw_only=True):
    """The sums over all sessions of a query.

    ``count`` is of all of them; a charge that two of them report is in the sums once.
    ``energy`` is in kWh over the sessions that tell theirs. ``duration`` is in seconds over
    the ended sessions with a known start and end. Either is ``None`` if there is no such
    session. ``cost`` is exact, by currency (ISO 4217).
    """

    count: int
    energy: float | None
    duration: float | None
    cost: Mapping[str, Decimal]


def page(query: SessionQuery) -> Select[Any]:
    """Return the statement for the sessions of a query, with the columns of the account."""
    statement = (
        select(sessions, accounts.c.backend, accounts.c.account_id.label("account_name"))
        .select_from(sessions.join(accounts))
        .where(*_conditions(query))
        .order_by(*newest_first(), sessions.c.account)
        .offset(query.offset)
    )
    return statement if query.limit is None else statement.limit(query.limit)


def numbers(query: SessionQuery) -> Select[Any]:
    """Return the statement for the row numbers of the charges of a query, oldest start first."""
    is_counted, found = _counted(query)
    return (
        select(sessions.c.id)
        .select_from(found)
        .where(*_conditions(query), is_counted)
        .order_by(sessions.c.started.nulls_last(), sessions.c.session_id, sessions.c.account)
    )


@cache
def find_numbered() -> Select[Any]:
    """Return the statement for the sessions of some row numbers, as that of a page."""
    return (
        select(sessions, accounts.c.backend, accounts.c.account_id.label("account_name"))
        .select_from(sessions.join(accounts))
        .where(sessions.c.id.in_(bindparam("rows", expanding=True)))
    )


def sums(query: SessionQuery) -> Select[Any]:
    """Return the statement for the count, energy and microseconds of a query."""
    is_counted, found = _counted(query)
    length = sessions.c.ended - sessions.c.started
    return (
        select(
            func.count().label("count"),
            func.sum(case((is_counted, sessions.c.energy))).label("energy"),
            # The sum of BIGINTs is a NUMERIC elsewhere, and the driver would say Decimal.
            cast(
                func.sum(
                    case(
                        (or_(IS_OPEN, not_(is_counted)), None),
                        (length < 0, 0),
                        else_=length,
                    )
                ),
                BigInteger,
            ).label("duration"),
        )
        .select_from(found)
        .where(*_conditions(query))
    )


def amounts(query: SessionQuery) -> Select[Any]:
    """Return the statement for each amount of a query, and how often it occurs."""
    is_counted, found = _counted(query)
    return (
        select(sessions.c.currency, sessions.c.cost, func.count().label("count"))
        .select_from(found)
        .where(*_conditions(query), sessions.c.cost.is_not(None), is_counted)
        .group_by(sessions.c.currency, sessions.c.cost)
    )


def _counted(query: SessionQuery) -> tuple[ColumnElement[bool], FromClause]:
    """Return whether a session counts, and the tables that tell it.

    It does not where the query also finds a better report of the same charge, or would find it
    in another time: then it counts there, so that months add up to their year.
    """
    better, owners = sessions.alias("better"), accounts.alias("owners")
    found = (
        sessions.join(accounts)
        .outerjoin(links, and_(links.c.session == sessions.c.id, links.c.is_undone == false()))
        .outerjoin(better, better.c.id == links.c.counted)
        .outerjoin(owners, owners.c.id == better.c.account)
    )
    always = replace(query, start=None, end=None)
    is_told_better = and_(better.c.id.is_not(None), *_conditions(always, better, owners))
    # What is not known of the better report makes no match, just as in the query itself.
    return not_(func.coalesce(is_told_better, false())), found


def _any_of(conditions: Iterable[ColumnElement[bool]]) -> ColumnElement[bool]:
    # Without the first one, an or_() of nothing would match everything.
    return or_(false(), *conditions)


def _belongs_to(account: Account, owner: FromClause) -> ColumnElement[bool]:
    return and_(owner.c.backend == account.backend, owner.c.account_id == account.account_id)


def _is_among(
    column: ColumnElement[Any], wanted: Iterable[tuple[Account, str]], owner: FromClause
) -> ColumnElement[bool]:
    names: dict[Account, list[str]] = {}
    for account, name in wanted:
        names.setdefault(account, []).append(name)
    return _any_of(
        and_(_belongs_to(account, owner), column.in_(names[account])) for account in names
    )


def _conditions(
    query: SessionQuery, of: FromClause = sessions, owner: FromClause = accounts
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.accounts is not None:
        conditions.append(_any_of(_belongs_to(account, owner) for account in query.accounts))
    if query.session_ids is not None:
        conditions.append(of.c.session_id.in_(query.session_ids))
    for column, wanted, whole in (
        (of.c.charge_point_id, query.charge_points, query.whole),
        (of.c.card_id, query.cards, ()),
    ):
        if wanted is None:
            continue
        if not whole:
            # It says nothing new, but only with it an index can be used.
            conditions.append(column.in_([name for _, name in wanted]))
        anywhere = (_belongs_to(account, owner) for account in whole)
        conditions.append(or_(_is_among(column, wanted, owner), *anywhere))
    if query.statuses is not None:
        conditions.append(of.c.status.in_([status_number(s) for s in query.statuses]))
    if query.start is not None:
        start = to_microseconds(query.start)
        conditions.append(of.c.started.is_not(None))
        conditions.append(or_(of.c.status < ENDED, of.c.ended > start, of.c.started >= start))
    if query.end is not None:
        conditions.append(of.c.started < to_microseconds(query.end))
    return conditions
