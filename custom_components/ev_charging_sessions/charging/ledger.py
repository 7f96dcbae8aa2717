"""The archive of all sessions and commands, in one SQL database.

Everything a user sees is a view of it. What an awaited call has written survives a crash.
"""

import asyncio
from collections.abc import Callable, Iterable, Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from .errors import LedgerError
from .ledger_hours import LedgerStatistics
from .ledger_imports import ImportStep, LedgerImports, note_step
from .ledger_links import Links, link, links_of, unlink
from .ledger_migrations import migrate
from .ledger_operator import knows_card, put_references, session_of_reference, use_cards
from .ledger_outbox import LedgerOutbox
from .ledger_postings import Postings
from .ledger_query import (
    SessionQuery,
    Totals,
    find_pending,
    find_settings,
    names,
    update_command,
)
from .ledger_reads import (
    cost_of,
    energy_of,
    known_sessions,
    latest_sessions,
    one_session,
    open_sessions,
    page_of,
    revisions,
    totals,
)
from .ledger_rows import command_from_columns, command_to_columns
from .ledger_schema import commands
from .ledger_timelines import read_timelines
from .ledger_units import use_units
from .ledger_upsert import Change, find_account, upsert
from .merge import Revision
from .model import Account, Command, EnergyUnit, MeterValue, Session

__all__ = ["Change", "Ledger", "Revision", "SessionQuery", "Totals"]


class Ledger:
    """The archive behind a database URL such as ``sqlite:////config/ledger.db``.

    Every method raises LedgerError if the database cannot be opened, read or written.
    Times in arguments are aware; a naive one is a TypeError.

    ``outbox`` holds what operators owe their networks: ``upsert`` puts it there. ``imports``
    holds how far the past of accounts has been read.
    ``statistics`` tells what lies in which hour, and where a change has made that wrong.
    """

    def __init__(self, url: str) -> None:
        """Remember where the database is; nothing is opened yet."""
        self._url = url
        self._engine: Engine | None = None
        self._executor: ThreadPoolExecutor | None = None
        self._postings = Postings()
        self.outbox = LedgerOutbox(self._postings, self._read, self._write)
        self.statistics = LedgerStatistics(self._read, self._write)
        self.imports = LedgerImports(self._read, self._write)

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
        self,
        sessions: Iterable[Session],
        *,
        read: datetime | None = None,
        step: ImportStep | None = None,
    ) -> tuple[Change, ...]:
        """Merge answers of backends, all or none, and return what changed by them.

        Any order of the same answers, with repeats, leads to the same ledger. There is at
        most one change for each session; nothing is written where nothing is new.

        ``read`` stands in for the time stamp of answers that have none of their own. It puts
        them in order as long as those of a backend come in the order in which they were read.
        ``step`` is the slice of an import that they are, which is noted with them.
        """
        answers = tuple(sessions)
        if not answers and step is None:
            return ()
        return await self._run(self._upsert, asyncio.get_running_loop(), answers, read, step)

    async def use_units(self, account: Account, energy_unit: EnergyUnit, currency: str) -> None:
        """Note in which units the energies and prices of an account are read.

        When they are not those of the last time, all that was read is corrected.
        """
        await self._run(self._use_units, asyncio.get_running_loop(), account, energy_unit, currency)

    async def open_sessions(self, account: Account) -> tuple[Session, ...]:
        """Return the sessions that have not ended, newest start first."""
        return await self._read(open_sessions, account)

    async def latest_sessions(self, account: Account) -> tuple[Session, ...]:
        """Return the session that counts at each charge point, by charge point id.

        It is the open one that started last, or else the one that started last. Sessions
        at an unknown charge point are left out.
        """
        return await self._read(latest_sessions, account)

    async def session(self, account: Account, session_id: str) -> Session | None:
        """Return a session, or ``None`` if the ledger does not know it."""
        return await self._read(one_session, account, session_id)

    async def known(self, account: Account, session_ids: Iterable[str]) -> dict[str, Session]:
        """Return those of some sessions that the ledger knows, by their ids."""
        return await self._read(known_sessions, account, tuple(session_ids))

    async def meter_values(self, account: Account, session_id: str) -> tuple[MeterValue, ...]:
        """Return the meter values of all answers about a session, oldest first.

        Of two for the same moment the larger one counts.
        """
        return (await self.timelines(account, [session_id])).get(session_id, ())

    async def timelines(
        self, account: Account, session_ids: Iterable[str]
    ) -> dict[str, tuple[MeterValue, ...]]:
        """Return what ``meter_values`` says of some sessions, by their ids.

        Where it says nothing of a session, there is no item.
        """
        return await self._read(read_timelines, account, tuple(session_ids))

    async def sessions(self, query: SessionQuery) -> tuple[Session, ...]:
        """Return the sessions of a query, newest start first, unknown starts last."""
        return await self._read(page_of, query)

    async def totals(self, query: SessionQuery) -> Totals:
        """Return the sums over a query, whatever its ``limit`` and ``offset``."""
        return await self._read(totals, query)

    async def links(self, found: Iterable[Session]) -> Links:
        """Return what other networks report of the same charges as some sessions."""
        return await self._read(links_of, tuple(found))

    async def unlink(self, account: Account, session_id: str) -> None:
        """Undo for good that a session reports the same charge as others.

        A session that is not known is a LedgerError.
        """
        await self._write(unlink, account, session_id)

    async def revisions(self, account: Account, session_id: str) -> tuple[Revision, ...]:
        """Return what an ended session was known as before each correction, oldest first."""
        return await self._read(revisions, account, session_id)

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
        return await self._read(energy_of, account)

    async def cost(self, account: Account) -> dict[str, Decimal]:
        """Return what all sessions of an account cost, exactly, by currency (ISO 4217)."""
        return await self._read(cost_of, account)

    async def use_cards(self, account: Account, cards: Iterable[str]) -> int:
        """Replace the cards that a network lets charge and return how many are new."""
        return await self._write(use_cards, account, frozenset(cards))

    async def knows_card(self, account: Account, card_id: str) -> bool:
        """Tell whether a card is one of those, written in the same way."""
        return await self._read(knows_card, account, card_id)

    async def session_of_reference(self, account: Account, reference: str) -> Session | None:
        """Return the session that was started under a payment reference, the last of several."""
        return await self._read(session_of_reference, account, reference)

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

    def _upsert(
        self,
        loop: asyncio.AbstractEventLoop,
        answers: tuple[Session, ...],
        read: datetime | None,
        step: ImportStep | None,
    ) -> tuple[Change, ...]:
        changes, targets = self._transact(True, _upsert, self._postings, answers, read, step)
        self._tell(loop, targets)
        return changes

    def _use_units(
        self,
        loop: asyncio.AbstractEventLoop,
        account: Account,
        energy_unit: EnergyUnit,
        currency: str,
    ) -> None:
        targets = self._transact(True, _use_units, self._postings, account, energy_unit, currency)
        self._tell(loop, targets)

    def _tell(self, loop: asyncio.AbstractEventLoop, targets: AbstractSet[Account]) -> None:
        # From here, because whoever has asked for this may not wait for its end.
        if targets:
            loop.call_soon_threadsafe(self.outbox.tell, targets)

    def _connect(self) -> None:
        self._postings.forget()
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


def _upsert(
    connection: Connection,
    postings: Postings,
    answers: tuple[Session, ...],
    read: datetime | None,
    step: ImportStep | None,
) -> tuple[tuple[Change, ...], frozenset[Account]]:
    changes = upsert(connection, answers, read)
    if step is not None:
        note_step(connection, step, changes)
    put_references(connection, changes)
    link(connection, changes)
    return changes, postings.put(connection, changes, datetime.now(UTC))


def _use_units(
    connection: Connection,
    postings: Postings,
    account: Account,
    energy_unit: EnergyUnit,
    currency: str,
) -> frozenset[Account]:
    if not use_units(connection, account, energy_unit, currency):
        return frozenset()
    return postings.renew(connection, account, datetime.now(UTC))


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
        for row in connection.execute(find_pending(), names(account)).mappings()
    )


def _settings(connection: Connection, account: Account) -> tuple[Command, ...]:
    return tuple(
        command_from_columns(account, row)
        for row in connection.execute(find_settings(), names(account)).mappings()
    )
