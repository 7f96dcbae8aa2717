"""Which statistics of an account lack what its sessions say.

What they should say is in ``ledger_hours``.
"""

from collections.abc import Iterable, Mapping
from functools import cache

from msgspec import Struct
from sqlalchemy import Connection, TextClause, delete, select, text

from .energy import charging_interval
from .ledger_query import find_account_row, names
from .ledger_schema import sessions, statistics_due
from .model import Account, Session


class Due(Struct, frozen=True):
    """From when on (microseconds since 1970) statistics are wrong, and how often they became so."""

    since: int
    revision: int


@cache
def put_due() -> TextClause:
    """Return the statement that makes the statistics of a charge point due, from a time on."""
    # As text, because SQLAlchemy knows this only in the dialect of each database.
    return text(
        "INSERT INTO statistics_due (account, charge_point_id, since, revision)"
        " VALUES (:account, :charge_point_id, :since, 1)"
        " ON CONFLICT (account, charge_point_id) DO UPDATE SET"
        " since = CASE WHEN excluded.since < statistics_due.since"
        " THEN excluded.since ELSE statistics_due.since END,"
        " revision = statistics_due.revision + 1"
    )


def mark_due(
    connection: Connection, account_number: int, since_by_point: Mapping[str, int]
) -> None:
    """Note from when on (microseconds since 1970) the statistics of charge points are wrong.

    The empty charge point stands for sessions of which nobody knows where they were. This
    belongs in the transaction that changes what they say: then nothing that happens to Home
    Assistant in between can make them miss it.
    """
    if since_by_point:
        # In order, so that two that write at once do not wait for each other.
        connection.execute(
            put_due(),
            [
                {"account": account_number, "charge_point_id": point, "since": since}
                for point, since in sorted(since_by_point.items())
            ],
        )


def mark_all_due(connection: Connection, account_number: int) -> None:
    """Note that all statistics of an account are wrong."""
    points = connection.execute(
        select(sessions.c.charge_point_id).where(sessions.c.account == account_number).distinct()
    ).scalars()
    mark_due(connection, account_number, {point or "": 0 for point in points})


def mark_account_due(connection: Connection, account: Account) -> None:
    """Note that all statistics of an account are wrong, if the ledger knows it."""
    number = connection.execute(find_account_row(), names(account)).scalar()
    if number is not None:
        mark_all_due(connection, number)


def read_due(connection: Connection, account: Account) -> dict[str, Due]:
    """Return which statistics of an account are wrong, by charge point."""
    number = find_account_row().scalar_subquery()
    found = connection.execute(
        select(statistics_due).where(statistics_due.c.account == number), names(account)
    )
    return {row.charge_point_id: Due(row.since, row.revision) for row in found}


def clear_due(connection: Connection, account: Account, written: Mapping[str, Due]) -> None:
    """Note that statistics have been written, unless they became wrong again meanwhile."""
    number = connection.execute(find_account_row(), names(account)).scalar()
    for point, due in sorted(written.items()):
        connection.execute(
            delete(statistics_due).where(
                statistics_due.c.account == number,
                statistics_due.c.charge_point_id == point,
                statistics_due.c.revision == due.revision,
            )
        )


def due_since(found: Iterable[Session]) -> dict[str, int]:
    """Return from when on some sessions are part of the statistics, by charge point."""
    due: dict[str, int] = {}
    for session in found:
        if session.energy is None and session.cost is None:
            continue
        if (interval := charging_interval(session)) is not None:
            point = session.charge_point_id or ""
            due[point] = min(interval.begin, due.get(point, interval.begin))
    return due


def changes_statistics(before: Session | None, after: Session) -> bool:
    """Tell whether a change of a session is one of the statistics, too."""
    if before is None:
        return True
    return _counted(before) != _counted(after)


def _counted(session: Session) -> tuple[object, ...]:
    cost = session.cost
    return (
        session.energy,
        cost and (cost.amount, cost.currency),
        session.charge_point_id,
        charging_interval(session),
    )
