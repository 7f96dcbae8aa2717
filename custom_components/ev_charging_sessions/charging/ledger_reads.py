"""What the ledger answers about sessions, each within one transaction."""

from collections.abc import Iterable, Sequence
from decimal import Decimal, localcontext
from itertools import batched

from sqlalchemy import Connection, Executable

from .ledger_query import (
    find_account_row,
    find_last,
    find_open,
    find_revisions,
    find_session,
    find_sessions,
    names,
    sum_energy,
)
from .ledger_rows import (
    Row,
    content_from_json,
    known_from_columns,
    session_from_columns,
)
from .ledger_schema import BATCH
from .ledger_search import (
    SessionQuery,
    Totals,
    amounts,
    find_numbered,
    numbers,
    page,
    sums,
)
from .ledger_tariffs import Tariffs
from .merge import Known, Revision, history
from .model import Account, Session

# Sums of money are exact as long as they have no more digits than this.
_DIGITS = 200


def open_sessions(connection: Connection, account: Account) -> tuple[Session, ...]:
    """Return the sessions of an account that have not ended, newest start first."""

    def newest_first(session: Session) -> tuple[bool, float, str]:
        started = session.started
        return started is None, -started.timestamp() if started else 0.0, session.session_id

    return tuple(sorted(_find(connection, find_open(), account), key=newest_first))


def latest_sessions(connection: Connection, account: Account) -> tuple[Session, ...]:
    """Return the session that counts at each charge point of an account."""
    still_open = reversed(open_sessions(connection, account))
    found = (*_find(connection, find_last(), account), *still_open)
    # Of several at one charge point the last one in this order stays.
    by_point = {session.charge_point_id: session for session in found}
    return tuple(by_point[point] for point in sorted(filter(None, by_point)))


def one_session(connection: Connection, account: Account, session_id: str) -> Session | None:
    """Return a session, or ``None`` if the ledger does not know it."""
    found = _find_known(connection, account, session_id)
    return None if found is None else found[1].session


def known_sessions(
    connection: Connection, account: Account, session_ids: Iterable[str]
) -> dict[str, Session]:
    """Return those of some sessions that the ledger knows, by their ids."""
    number = connection.execute(find_account_row(), names(account)).scalar()
    rows: list[Row] = []
    for batch in batched(session_ids, BATCH, strict=False):
        wanted = {"account": number, "session_ids": batch}
        rows += connection.execute(find_sessions(), wanted).mappings()
    tariffs = _tariffs(connection, rows)
    return {
        row["session_id"]: session_from_columns(account, row["session_id"], row, tariffs)
        for row in rows
    }


def page_of(connection: Connection, query: SessionQuery) -> tuple[Session, ...]:
    """Return the sessions of a query, newest start first, unknown starts last."""
    return _archived(connection, connection.execute(page(query)).mappings().all())


def numbers_of(connection: Connection, query: SessionQuery) -> tuple[int, ...]:
    """Return the row numbers of all charges of a query, oldest start first.

    Of two sessions that are reports of one charge, only the one that counts is among them.
    """
    return tuple(connection.execute(numbers(query)).scalars())


def numbered_sessions(connection: Connection, rows: Sequence[int]) -> tuple[Session, ...]:
    """Return the sessions of some row numbers, in their order.

    A number may be gone when a broken file has been replaced since it was found.
    """
    found = connection.execute(find_numbered(), {"rows": rows}).mappings()
    by_number = {row["id"]: row for row in found}
    return _archived(connection, [by_number[number] for number in rows if number in by_number])


def totals(connection: Connection, query: SessionQuery) -> Totals:
    """Return the sums over a query."""
    row = connection.execute(sums(query)).mappings().one()
    duration = row["duration"]
    return Totals(
        count=row["count"],
        energy=row["energy"],
        duration=None if duration is None else duration / 1_000_000,
        cost=_sum_costs(connection, query),
    )


def revisions(connection: Connection, account: Account, session_id: str) -> tuple[Revision, ...]:
    """Return what an ended session was known as before each correction."""
    found = _find_known(connection, account, session_id)
    if found is None:
        return ()
    row, known = found
    tariffs = Tariffs(connection)
    archived = [
        content_from_json(account, session_id, revision.content, tariffs)
        for revision in connection.execute(find_revisions(), {"rows": [row]}).all()
    ]
    return history(known, archived)


def energy_of(connection: Connection, account: Account) -> dict[str | None, float]:
    """Return the kWh of all sessions of an account, by charge point id."""
    return {
        row.charge_point_id: row.energy
        for row in connection.execute(sum_energy(), names(account))
        if row.energy is not None
    }


def cost_of(connection: Connection, account: Account) -> dict[str, Decimal]:
    """Return the exact sum of all costs of an account, by currency."""
    return _sum_costs(connection, SessionQuery(accounts=(account,)))


def _sum_costs(connection: Connection, query: SessionQuery) -> dict[str, Decimal]:
    cost: dict[str, Decimal] = {}
    with localcontext(prec=_DIGITS):
        for row in connection.execute(amounts(query)).mappings():
            amount = Decimal(row["cost"]) * row["count"]
            cost[row["currency"]] = cost.get(row["currency"], Decimal(0)) + amount
    return cost


def _archived(connection: Connection, rows: Sequence[Row]) -> tuple[Session, ...]:
    """Return the sessions of rows that come with the columns of their accounts."""
    tariffs = _tariffs(connection, rows)
    owners = {row["account"]: (row["backend"], row["account_name"]) for row in rows}
    accounts = {
        number: Account(backend=backend, account_id=account_id)
        for number, (backend, account_id) in owners.items()
    }
    return tuple(
        session_from_columns(accounts[row["account"]], row["session_id"], row, tariffs)
        for row in rows
    )


def _find(connection: Connection, statement: Executable, account: Account) -> tuple[Session, ...]:
    rows = connection.execute(statement, names(account)).mappings().all()
    tariffs = _tariffs(connection, rows)
    return tuple(session_from_columns(account, row["session_id"], row, tariffs) for row in rows)


def _find_known(
    connection: Connection, account: Account, session_id: str
) -> tuple[int, Known] | None:
    wanted = {**names(account), "session_id": session_id}
    row = connection.execute(find_session(), wanted).mappings().one_or_none()
    if row is None:
        return None
    return row["id"], known_from_columns(account, row, _tariffs(connection, [row]))


def _tariffs(connection: Connection, rows: Sequence[Row]) -> Tariffs:
    """Return the tariffs of some rows of ``sessions``."""
    tariffs = Tariffs(connection)
    tariffs.load(row["tariff"] for row in rows)
    return tariffs
