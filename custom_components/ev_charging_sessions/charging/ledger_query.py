"""What can be asked of the ledger, and the statements that ask it.

The statements are built once, at their first use, so SQLAlchemy compiles each of them once.
"""

from collections.abc import Iterable, Mapping
from copy import replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    Table,
    Update,
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
from .ledger_rows import PAUSED, status_number
from .ledger_schema import (
    ENDED,
    IS_OPEN,
    IS_PENDING,
    accounts,
    commands,
    links,
    revisions,
    sessions,
)
from .merge import to_microseconds
from .model import Account, CommandState, SessionStatus


class SessionQuery(Discreet, frozen=True, kw_only=True):
    """Which sessions to look for; ``None`` leaves a filter out, ``()`` matches nothing.

    A charge point and a card come with their account, because another account may use the
    same one, and nobody has asked for what it did there.

    ``start`` and ``end`` are aware times, and a session matches if some of it lies at or
    after ``start`` and before ``end``. An open session is still running. An ended one whose
    end is unknown counts at its start only, and one whose start is unknown matches only
    if neither bound is given.
    """

    hidden = frozenset({"cards"})

    accounts: tuple[Account, ...] | None = None
    session_ids: tuple[str, ...] | None = None
    charge_points: tuple[tuple[Account, str], ...] | None = None
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


def names(account: Account) -> dict[str, str]:
    """Return the parameters of a statement about an account."""
    return {"backend": account.backend, "account_id": account.account_id}


@cache
def find_account_row() -> Select[Any]:
    """Return the statement for the row of an account."""
    return select(accounts.c.id).where(
        accounts.c.backend == bindparam("backend"), accounts.c.account_id == bindparam("account_id")
    )


@cache
def find_sessions() -> Select[Any]:
    """Return the statement for some sessions of an account by their ids."""
    return select(sessions).where(
        sessions.c.account == bindparam("account"),
        sessions.c.session_id.in_(bindparam("session_ids", expanding=True)),
    )


@cache
def find_numbers() -> Select[Any]:
    """Return the statement for the row numbers of some sessions of an account."""
    return select(sessions.c.session_id, sessions.c.id).where(
        sessions.c.account == bindparam("account"),
        sessions.c.session_id.in_(bindparam("session_ids", expanding=True)),
    )


@cache
def find_session() -> Select[Any]:
    """Return the statement for one session."""
    return select(sessions).where(
        sessions.c.account == find_account_row().scalar_subquery(),
        sessions.c.session_id == bindparam("session_id"),
    )


@cache
def find_open() -> Select[Any]:
    """Return the statement for the open sessions of an account.

    Its reader sorts: with an ORDER BY, SQLite would read all sessions by their start instead
    of the few in the index of the open ones.
    """
    return select(sessions).where(
        sessions.c.account == find_account_row().scalar_subquery(), IS_OPEN
    )


@cache
def find_last() -> Select[Any]:
    """Return the statement for the session that started last at each charge point.

    It hops from one charge point to the next in the index, where GROUP BY would read
    every session of the account.
    """
    points = select(func.min(sessions.c.charge_point_id).label("charge_point_id")).cte(
        "points", recursive=True
    )
    next_point = (
        select(func.min(sessions.c.charge_point_id))
        .where(sessions.c.charge_point_id > points.c.charge_point_id)
        .scalar_subquery()
    )
    points = points.union_all(select(next_point).where(points.c.charge_point_id.is_not(None)))
    last = (
        select(sessions.c.id)
        .where(
            sessions.c.account == find_account_row().scalar_subquery(),
            sessions.c.charge_point_id == points.c.charge_point_id,
        )
        .order_by(*_newest_first())
        .limit(1)
        .scalar_subquery()
    )
    return select(sessions).where(sessions.c.id.in_(select(last).select_from(points)))


@cache
def find_revisions() -> Select[Any]:
    """Return the statement for what was known of some sessions before."""
    return (
        select(revisions)
        .where(revisions.c.session.in_(bindparam("rows", expanding=True)))
        .order_by(revisions.c.session, revisions.c.version)
    )


@cache
def find_versions() -> Select[Any]:
    """Return the statement for some versions of some sessions, of which there may be many."""
    return select(revisions).where(
        revisions.c.session.in_(bindparam("rows", expanding=True)),
        revisions.c.version.in_(bindparam("versions", expanding=True)),
    )


@cache
def find_pending() -> Select[Any]:
    """Return the statement for the commands of an account whose outcome is not known."""
    return (
        select(commands)
        .where(commands.c.account == find_account_row().scalar_subquery(), IS_PENDING)
        .order_by(commands.c.created, commands.c.command_id)
    )


@cache
def find_settings() -> Select[Any]:
    """Return the statement for the last mode that was set at each charge point of an account.

    There are up to two: the last one, and the last one that let a car charge. A ``setting``
    of a mode without a limit is always the same text.
    """
    is_paused = commands.c.setting == PAUSED
    newest_first = func.row_number().over(
        partition_by=(commands.c.charge_point_id, is_paused),
        order_by=(commands.c.created.desc(), commands.c.command_id),
    )
    ranked = (
        select(commands.c.command_id, newest_first.label("rank"))
        .where(
            commands.c.account == find_account_row().scalar_subquery(),
            commands.c.state == CommandState.CONFIRMED.value,
            commands.c.setting.is_not(None),
        )
        .subquery()
    )
    return (
        select(commands)
        .where(commands.c.command_id.in_(select(ranked.c.command_id).where(ranked.c.rank == 1)))
        .order_by(commands.c.created, commands.c.command_id)
    )


@cache
def sum_energy() -> Select[Any]:
    """Return the statement for what an account has charged at each charge point, in kWh."""
    return (
        select(sessions.c.charge_point_id, func.sum(sessions.c.energy).label("energy"))
        .where(sessions.c.account == find_account_row().scalar_subquery())
        .group_by(sessions.c.charge_point_id)
    )


@cache
def update_session() -> Update:
    """Return the statement that writes all that may change of a session."""
    statement = sessions.update().where(sessions.c.id == bindparam("row"))
    return statement.values(_parameters(sessions, but={"id", "account", "session_id"}))


@cache
def update_revision() -> Update:
    """Return the statement that writes the content of a revision anew."""
    return (
        revisions.update()
        .where(revisions.c.session == bindparam("row"), revisions.c.version == bindparam("at"))
        .values(content=bindparam("content"))
    )


@cache
def update_command() -> Update:
    """Return the statement that writes all that may change of a command."""
    statement = commands.update().where(commands.c.command_id == bindparam("command"))
    return statement.values(_parameters(commands, but={"command_id", "account"}))


@cache
def uncounted() -> Select[Any]:
    """Return the statement for the row numbers of sessions that another one stands for."""
    return select(links.c.session).where(links.c.is_undone == false())


def page(query: SessionQuery) -> Select[Any]:
    """Return the statement for the sessions of a query, with the columns of the account."""
    statement = (
        select(sessions, accounts.c.backend, accounts.c.account_id.label("account_name"))
        .select_from(sessions.join(accounts))
        .where(*_conditions(query))
        .order_by(*_newest_first(), sessions.c.account)
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


def _newest_first() -> tuple[ColumnElement[Any], ...]:
    return sessions.c.started.desc().nulls_last(), sessions.c.session_id


def _parameters(table: Table, *, but: set[str]) -> dict[str, BindParameter[Any]]:
    return {column.name: bindparam(column.name) for column in table.c if column.name not in but}


def _any_of(conditions: Iterable[ColumnElement[bool]]) -> ColumnElement[bool]:
    # Without the first one, an or_() of nothing would match everything.
    return or_(false(), *conditions)


def _conditions(
    query: SessionQuery, of: FromClause = sessions, owner: FromClause = accounts
) -> list[ColumnElement[bool]]:
    def belongs_to(account: Account) -> ColumnElement[bool]:
        return and_(owner.c.backend == account.backend, owner.c.account_id == account.account_id)

    conditions: list[ColumnElement[bool]] = []
    if query.accounts is not None:
        conditions.append(_any_of(belongs_to(account) for account in query.accounts))
    if query.session_ids is not None:
        conditions.append(of.c.session_id.in_(query.session_ids))
    for column, wanted in (
        (of.c.charge_point_id, query.charge_points),
        (of.c.card_id, query.cards),
    ):
        if wanted is not None:
            # The first of these says nothing new, but only with it an index can be used.
            conditions.append(column.in_([name for _, name in wanted]))
            names: dict[Account, list[str]] = {}
            for account, name in wanted:
                names.setdefault(account, []).append(name)
            conditions.append(
                _any_of(and_(belongs_to(account), column.in_(names[account])) for account in names)
            )
    if query.statuses is not None:
        conditions.append(of.c.status.in_([status_number(s) for s in query.statuses]))
    if query.start is not None:
        start = to_microseconds(query.start)
        conditions.append(of.c.started.is_not(None))
        conditions.append(or_(of.c.status < ENDED, of.c.ended > start, of.c.started >= start))
    if query.end is not None:
        conditions.append(of.c.started < to_microseconds(query.end))
    return conditions
