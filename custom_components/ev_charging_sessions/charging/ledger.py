"""The archive of all sessions and commands, in one SQL database.

Everything a user sees is a view of it. What an awaited call has written survives a crash.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any

from sqlalchemy import Connection, Engine, Executable, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from .errors import LedgerError
from .ledger_query import (
    SessionQuery,
    Totals,
    amounts,
    find_last,
    find_open,
    find_pending,
    find_revisions,
    find_session,
    find_settings,
    page,
    sum_energy,
    sums,
    update_command,
)
from .ledger_rows import (
    command_from_columns,
    command_to_columns,
    content_from_json,
    known_from_columns,
    session_from_columns,
)
from .ledger_schema import commands, migrate
from .ledger_upsert import Change, find_account, upsert
from .merge import Known, Revision, history
from .model import Account, Command, Session

__all__ = ["Change", "Ledger", "Revision", "SessionQuery", "Totals"]

# Sums of money are exact as long as they have no more digits than this.
_DIGITS = 200


class Ledger:
    """The archive behind a database URL such as ``sqlite:////config/ledger.db``.

    Every method raises LedgerError if the database cannot be opened, read or written.
    Times in arguments are aware; a naive one is a TypeError.
    """

    def __init__(self, url: str) -> None:
        """Remember where the database is; nothing is opened yet."""
        self._url = url
        self._engine: Engine | None = None
        self._executor: ThreadPoolExecutor | None = None

    async def open(self) -> None:
        """Open the database, and create or migrate its tables.

        Raises LedgerError also for a database that a newer release has written.
        """
        if self._executor is not None:
            return
        self._executor = ThreadPoolExecutor(1, "ev_charging_ledger")
        try:
            await self._run(self._connect)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish what was asked for and close the database; again does nothing."""
        executor, self._executor = self._executor, None
        if executor is None:
            return
        try:
            await asyncio.get_running_loop().run_in_executor(executor, self._disconnect)
        finally:
            executor.shutdown()

    async def upsert(
        self, sessions: Iterable[Session], *, read: datetime | None = None
    ) -> tuple[Change, ...]:
        """Merge answers of backends, all or none, and return what changed by them.

        Any order of the same answers, with repeats, leads to the same ledger. There is at
        most one change for each session; nothing is written where nothing is new.

        ``read`` stands in for the time stamp of answers that have none of their own. It puts
        them in order as long as those of a backend come in the order in which they were read.
        """
        answers = tuple(sessions)
        if not answers:
            return ()
        return await self._write(upsert, answers, read)

    async def open_sessions(self, account: Account) -> tuple[Session, ...]:
        """Return the sessions that have not ended, newest start first."""
        return await self._read(_open, account)

    async def latest_sessions(self, account: Account) -> tuple[Session, ...]:
        """Return the session that counts at each charge point, by charge point id.

        It is the open one that started last, or else the one that started last. Sessions
        at an unknown charge point are left out.
        """
        return await self._read(_latest, account)

    async def session(self, account: Account, session_id: str) -> Session | None:
        """Return a session, or ``None`` if the ledger does not know it."""
        return await self._read(_session, account, session_id)

    async def sessions(self, query: SessionQuery) -> tuple[Session, ...]:
        """Return the sessions of a query, newest start first, unknown starts last."""
        return await self._read(_page, query)

    async def totals(self, query: SessionQuery) -> Totals:
        """Return the sums over a query, whatever its ``limit`` and ``offset``."""
        return await self._read(_totals, query)

    async def revisions(self, account: Account, session_id: str) -> tuple[Revision, ...]:
        """Return what an ended session was known as before each correction, oldest first."""
        return await self._read(_revisions, account, session_id)

    async def add_command(self, command: Command) -> None:
        """Write down a command; a second one of the same id is a LedgerError."""
        await self._write(_add_command, command)

    async def update_command(self, command: Command) -> None:
        """Replace the command of the same id; an unknown id is a LedgerError."""
        await self._write(_update_command, command)

    async def pending_commands(self, account: Account) -> tuple[Command, ...]:
        """Return the commands whose outcome is not known yet, oldest first."""
        return await self._read(_pending, account)

    async def settings(self, account: Account) -> tuple[Command, ...]:
        """Return the commands that set the modes of charge points last, oldest first.

        For each charge point there are up to two: the last one, and the last one that let a
        car charge.
        """
        return await self._read(_settings, account)

    async def energy(self, account: Account) -> dict[str | None, float]:
        """Return the kWh of all sessions of an account, by charge point id.

        Under ``None`` are those at an unknown charge point. Where no session tells its
        energy, there is no item.
        """
        return await self._read(_energy, account)

    async def _read[*Ts, R](self, work: Callable[[Connection, *Ts], R], *args: *Ts) -> R:
        return await self._run(self._transact, False, work, *args)

    async def _write[*Ts, R](self, work: Callable[[Connection, *Ts], R], *args: *Ts) -> R:
        return await self._run(self._transact, True, work, *args)

    async def _run[*Ts, R](self, work: Callable[[*Ts], R], *args: *Ts) -> R:
        """Do some work in the ledger's thread, where all database errors become ours."""
        if self._executor is None:
            raise LedgerError("The ledger is not open")
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._executor, work, *args)
        except (SQLAlchemyError, OSError, ImportError) as err:
            raise LedgerError(_reason(err)) from err

    def _transact[*Ts, R](
        self, writes: bool, work: Callable[[Connection, *Ts], R], *args: *Ts
    ) -> R:
        if self._engine is None:
            raise LedgerError("The ledger is not open")
        engine = self._engine.execution_options(writes=writes)
        with engine.begin() as connection:
            return work(connection, *args)

    def _connect(self) -> None:
        # Parameters are hidden because errors reach logs and card ids must not.
        self._engine = create_engine(self._url, hide_parameters=True)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        self._transact(True, migrate)

    def _disconnect(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    for pragma in (
        "busy_timeout=10000",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # The driver would begin only at the first change, and not for DDL at all. And a
    # transaction that reads before it writes fails at once if somebody else has written
    # in between, whatever the timeout, unless it has the lock from the start.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _reason(err: Exception) -> str:
    """Say what happened without the values that the texts of drivers may hold."""
    cause = err.orig if isinstance(err, DBAPIError) and err.orig is not None else err
    name = getattr(cause, "sqlite_errorname", type(cause).__name__)
    return f"The ledger cannot be used: {name}"


def _names(account: Account) -> dict[str, str]:
    return {"backend": account.backend, "account_id": account.account_id}


def _find(connection: Connection, statement: Executable, account: Account) -> tuple[Session, ...]:
    return tuple(
        session_from_columns(account, row["session_id"], row)
        for row in connection.execute(statement, _names(account)).mappings()
    )


def _open(connection: Connection, account: Account) -> tuple[Session, ...]:
    def newest_first(session: Session) -> tuple[bool, float, str]:
        started = session.started
        return started is None, -started.timestamp() if started else 0.0, session.session_id

    return tuple(sorted(_find(connection, find_open(), account), key=newest_first))


def _latest(connection: Connection, account: Account) -> tuple[Session, ...]:
    found = (*_find(connection, find_last(), account), *reversed(_open(connection, account)))
    # Of several at one charge point the last one in this order stays.
    by_point = {session.charge_point_id: session for session in found}
    return tuple(by_point[point] for point in sorted(filter(None, by_point)))


def _find_known(
    connection: Connection, account: Account, session_id: str
) -> tuple[int, Known] | None:
    wanted = {**_names(account), "session_id": session_id}
    row = connection.execute(find_session(), wanted).mappings().one_or_none()
    return None if row is None else (row["id"], known_from_columns(account, row))


def _session(connection: Connection, account: Account, session_id: str) -> Session | None:
    found = _find_known(connection, account, session_id)
    return None if found is None else found[1].session


def _page(connection: Connection, query: SessionQuery) -> tuple[Session, ...]:
    found: dict[int, Account] = {}
    return tuple(
        session_from_columns(
            found.setdefault(
                row["account"],
                Account(backend=row["backend"], account_id=row["account_name"]),
            ),
            row["session_id"],
            row,
        )
        for row in connection.execute(page(query)).mappings()
    )


def _totals(connection: Connection, query: SessionQuery) -> Totals:
    cost: dict[str, Decimal] = {}
    with localcontext(prec=_DIGITS):
        for row in connection.execute(amounts(query)).mappings():
            amount = Decimal(row["cost"]) * row["count"]
            cost[row["currency"]] = cost.get(row["currency"], Decimal(0)) + amount
    row = connection.execute(sums(query)).mappings().one()
    duration = row["duration"]
    return Totals(
        count=row["count"],
        energy=row["energy"],
        duration=None if duration is None else duration / 1_000_000,
        cost=cost,
    )


def _revisions(connection: Connection, account: Account, session_id: str) -> tuple[Revision, ...]:
    found = _find_known(connection, account, session_id)
    if found is None:
        return ()
    row, known = found
    archived = [
        content_from_json(account, session_id, revision.content)
        for revision in connection.execute(find_revisions(), {"rows": [row]})
    ]
    return history(known, archived)


def _add_command(connection: Connection, command: Command) -> None:
    account = find_account(connection, command.account)
    connection.execute(commands.insert(), {"account": account, **command_to_columns(command)})


def _update_command(connection: Connection, command: Command) -> None:
    columns = command_to_columns(command)
    columns["command"] = columns.pop("command_id")
    if connection.execute(update_command(), columns).rowcount == 0:
        raise LedgerError("The ledger does not know this command")


def _pending(connection: Connection, account: Account) -> tuple[Command, ...]:
    return tuple(
        command_from_columns(account, row)
        for row in connection.execute(find_pending(), _names(account)).mappings()
    )


def _settings(connection: Connection, account: Account) -> tuple[Command, ...]:
    return tuple(
        command_from_columns(account, row)
        for row in connection.execute(find_settings(), _names(account)).mappings()
    )


def _energy(connection: Connection, account: Account) -> dict[str | None, float]:
    return {
        row.charge_point_id: row.energy
        for row in connection.execute(sum_energy(), _names(account))
        if row.energy is not None
    }
