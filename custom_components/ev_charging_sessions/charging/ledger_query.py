"""The statements that look for one thing in the ledger.

The statements are built once, at their first use, so SQLAlchemy compiles each of them once.
"""

from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Table,
    Update,
    bindparam,
    false,
    func,
    select,
)

from .ledger_rows import PAUSED
from .ledger_schema import (
    IS_OPEN,
    IS_PENDING,
    accounts,
    commands,
    links,
    revisions,
    sessions,
)
from .model import Account, CommandState


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
        .order_by(*newest_first())
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


def newest_first() -> tuple[ColumnElement[Any], ...]:
    """Return how sessions are sorted; those of an unknown start come last."""
    return sessions.c.started.desc().nulls_last(), sessions.c.session_id


def _parameters(table: Table, *, but: set[str]) -> dict[str, BindParameter[Any]]:
    return {column.name: bindparam(column.name) for column in table.c if column.name not in but}
