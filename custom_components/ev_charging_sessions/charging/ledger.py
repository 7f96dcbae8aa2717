"""The archive of all sessions and commands, in one SQL database.

Everything a user sees is a view of it. What an awaited call has written survives a crash.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from itertools import batched
from pathlib import Path

from sqlalchemy import Connection, Engine

from .errors import LedgerCorruptError, LedgerError, LedgerFullError
from .ledger_commands import add_command, pending_commands, settings, update_command
from .ledger_database import (
    as_ledger_error,
    changes_of,
    check_pages,
    connect,
    file_of,
    was_killed,
)
from .ledger_health import Health, health_of, touch
from .ledger_hours import LedgerStatistics
from .ledger_imports import ImportStep, LedgerImports
from .ledger_links import Links, links_of, unlink
from .ledger_migrations import migrate
from .ledger_operator import knows_card, session_of_reference, use_cards
from .ledger_outbox import LedgerOutbox
from .ledger_postings import Postings
from .ledger_reads import (
    cost_of,
    energy_of,
    known_sessions,
    latest_sessions,
    numbered_sessions,
    numbers_of,
    one_session,
    open_sessions,
    page_of,
    revisions,
    totals,
)
from .ledger_salvage import finish, set_aside
from .ledger_schema import BATCH
from .ledger_search import SessionQuery, Totals
from .ledger_timelines import read_timelines
from .ledger_upsert import Change
from .ledger_writes import write_answers, write_units
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

    A file that turns out to be broken is set aside, and a new one takes its place with all that
    could still be read. Then ``set_aside`` is where the broken one lies, ``salvaged`` the number
    of sessions that came along, and ``on_set_aside`` is called, in the event loop. Whoever met
    the broken file while the ledger was open still gets a LedgerCorruptError, for what he knew
    of the ledger may hold no longer. Without room for a new one, each call tries again.

    ``on_full`` is called, in the event loop, with true when there is no room left to write, and
    with false when something has been written again.
    """

    def __init__(self, url: str) -> None:
        """Remember where the database is; nothing is opened yet."""
        self.set_aside: Path | None = None
        self.salvaged = 0
        self.on_set_aside: Callable[[], None] | None = None
        self.on_full: Callable[[bool], None] | None = None
        self._url = url
        self._engine: Engine | None = None
        self._executor: ThreadPoolExecutor | None = None
        self._is_full = self._told_full = False
        self._told_aside: Path | None = None
        self._may_set_aside = False
        self._broken: Path | None = None
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
        # A disk that breaks one file after the other would let us do so without end.
        self._may_set_aside = True
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

    async def pages(self, query: SessionQuery) -> AsyncIterator[tuple[Session, ...]]:
        """Yield all charges of a query in pages, oldest start first, unknown starts last.

        Each is there exactly once, also when others arrive or are corrected meanwhile. Of two
        sessions that are reports of one charge, only the one that counts is. ``limit`` and
        ``offset`` do not apply.
        """
        for rows in batched(await self._read(numbers_of, query), BATCH, strict=False):
            yield await self._read(numbered_sessions, rows)

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
        self.statistics.tell()

    async def revisions(self, account: Account, session_id: str) -> tuple[Revision, ...]:
        """Return what an ended session was known as before each correction, oldest first."""
        return await self._read(revisions, account, session_id)

    async def add_command(self, command: Command) -> None:
        """Write down a command; a second one of the same id is a LedgerError."""
        await self._write(add_command, command)

    async def update_command(self, command: Command) -> None:
        """Replace the command of the same id; an unknown id is a LedgerError."""
        await self._write(update_command, command)

    async def pending_commands(self, account: Account) -> tuple[Command, ...]:
        """Return the commands whose outcome is not known yet, oldest first."""
        return await self._read(pending_commands, account)

    async def settings(self, account: Account) -> tuple[Command, ...]:
        """Return the commands that set the modes of charge points last, oldest first.

        For each charge point there are up to two: the last one, and the last one that let a
        car charge.
        """
        return await self._read(settings, account)

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

    async def health(self) -> Health:
        """Return how large the ledger is, and of what kind."""
        return await self._read(health_of)

    async def try_to_write(self) -> None:
        """Find out whether something can be written, by writing what changes nothing."""
        await self._write(touch)

    async def _read[*Ts, R](self, work: Callable[[Connection, *Ts], R], *args: *Ts) -> R:
        return await self._run(self._transact, False, work, *args)

    async def _write[*Ts, R](self, work: Callable[[Connection, *Ts], R], *args: *Ts) -> R:
        return await self._run(self._transact, True, work, *args)

    async def _run[*Ts, R](self, work: Callable[[*Ts], R], *args: *Ts) -> R:
        """Do some work in the ledger's thread, where all database errors become ours."""
        if self._executor is None:
            raise LedgerError("The ledger is not open")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work, *args)
        finally:
            self._tell_trouble()

    def _tell_trouble(self) -> None:
        """Tell what the ledger's thread has noticed."""
        if self._is_full is not self._told_full:
            self._told_full = self._is_full
            if self.on_full:
                self.on_full(self._is_full)
        if self.set_aside != self._told_aside:
            self._told_aside = self.set_aside
            if self.on_set_aside:
                self.on_set_aside()

    def _transact[*Ts, R](
        self, writes: bool, work: Callable[[Connection, *Ts], R], *args: *Ts
    ) -> R:
        try:
            return self._begin(writes, work, *args)
        except LedgerCorruptError:
            self._replace()
            raise

    def _begin[*Ts, R](self, writes: bool, work: Callable[[Connection, *Ts], R], *args: *Ts) -> R:
        if self._broken is not None:
            raise LedgerCorruptError("The ledger cannot be used: it is broken")
        if self._engine is None:
            raise LedgerError("The ledger is not open")
        engine = self._engine.execution_options(writes=writes)
        try:
            with as_ledger_error(), engine.begin() as connection:
                before = changes_of(connection)
                result = work(connection, *args)
                has_written = writes and before != changes_of(connection)
        except LedgerFullError:
            self._is_full = True
            raise
        if has_written:
            self._is_full = False
        return result

    def _upsert(
        self,
        loop: asyncio.AbstractEventLoop,
        answers: tuple[Session, ...],
        read: datetime | None,
        step: ImportStep | None,
    ) -> tuple[Change, ...]:
        changes, targets = self._transact(True, write_answers, self._postings, answers, read, step)
        self._tell(loop, targets)
        return changes

    def _use_units(
        self,
        loop: asyncio.AbstractEventLoop,
        account: Account,
        energy_unit: EnergyUnit,
        currency: str,
    ) -> None:
        targets = self._transact(True, write_units, self._postings, account, energy_unit, currency)
        self._tell(loop, targets)

    def _tell(self, loop: asyncio.AbstractEventLoop, targets: AbstractSet[Account]) -> None:
        # From here, because whoever has asked for this may not wait for its end.
        loop.call_soon_threadsafe(self.statistics.tell)
        if targets:
            loop.call_soon_threadsafe(self.outbox.tell, targets)

    def _connect(self) -> None:
        engine = connect(self._url)
        file = file_of(engine)
        if file:
            with as_ledger_error():
                if finished := finish(file):
                    self.set_aside, self.salvaged = finished
        # Looking at each page at each start would take longer than all the rest of it.
        is_doubtful = file is not None and was_killed(file)
        self._engine, self._broken = engine, None
        self._postings.forget()
        try:
            self._begin(True, migrate)
            if is_doubtful:
                self._begin(False, check_pages)
        except LedgerCorruptError:
            if not self._replace():
                raise

    def _replace(self) -> bool:
        """Set a broken file aside, unless that has been done already; tell whether it was."""
        file = file_of(self._engine) if self._engine else self._broken
        if file is None or not self._may_set_aside:
            return False
        self._disconnect()
        self._broken = file
        try:
            with as_ledger_error():
                self.set_aside, self.salvaged = set_aside(file)
        except LedgerFullError:
            self._is_full = True
            raise
        self._broken = None
        self._is_full = self._may_set_aside = False
        self._engine = connect(self._url)
        self._postings.forget()
        return True

    def _disconnect(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()
