"""How far the past of each account has been read, kept together with what was read."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import Connection, select

from .ledger_outbox import Work
from .ledger_query import find_account_row, names
from .ledger_rows import session_from_columns
from .ledger_schema import ENDED, imports, sessions
from .ledger_tariffs import Tariffs
from .ledger_upsert import Change, find_account
from .merge import from_microseconds, to_microseconds
from .model import Account, Session

# Nobody asks for more, and a network that has more is not known.
WHOLE_PAST = timedelta(days=3660)


class Import(Struct, frozen=True, kw_only=True):
    """How far the past of an account has been read since a time, and what came of it.

    ``position`` is where its backend goes on, in its own words, and ``progress`` goes from 0
    to 1 where it is known. Of the sessions that were ``read``, the ledger did not know those
    that were ``new``, and knew others than they are now, ``changed``.
    """

    since: datetime
    position: str | None = None
    is_whole: bool = False
    progress: float | None = None
    read: int = 0
    new: int = 0
    changed: int = 0


class ImportStep(Struct, frozen=True, kw_only=True):
    """One slice of the past of an account since a time; without a ``position`` the last one."""

    account: Account
    since: datetime
    position: str | None
    progress: float | None
    read: int

    def after(self, known: Import, changes: Iterable[Change]) -> Import:
        """Return how far an import has come with this slice, which has changed that much."""
        news = [change.before is None for change in changes]
        return Import(
            since=known.since,
            position=self.position,
            is_whole=self.position is None,
            progress=self.progress,
            read=known.read + self.read,
            new=known.new + sum(news),
            changed=known.changed + len(news) - sum(news),
        )


class LedgerImports:
    """The imports of all accounts; it is reached as ``ledger.imports``.

    A step is noted by ``ledger.upsert``, in the transaction that writes its sessions. Every
    method raises LedgerError like those of the ledger.
    """

    def __init__(self, read: Work, write: Work) -> None:
        """Wire up; the arguments are the ledger's own."""
        self._read = read
        self._write = write

    async def find(self, account: Account) -> Import | None:
        """Return the last import of an account, also one that is not through."""
        return await self._read(_find, account)

    async def begin(self, account: Account, since: datetime) -> Import:
        """Note that the past of an account shall be read since a time, from the beginning."""
        begun = Import(since=since)
        await self._write(_put, account, begun)
        return begun

    async def unended(self, account: Account, since: datetime) -> dict[str, Session]:
        """Return the sessions since a time that are over and of which nobody knows when.

        Those that failed for a reason that is known have nothing more to tell.
        """
        return await self._read(_unended, account, since)


def note_step(connection: Connection, step: ImportStep, changes: Iterable[Change]) -> None:
    """Note a step in the import that it belongs to, unless another has taken its place."""
    known = _find(connection, step.account)
    if known is not None and known.since == step.since:
        _put(connection, step.account, step.after(known, changes))


def _find(connection: Connection, account: Account) -> Import | None:
    statement = select(imports).where(imports.c.account == find_account_row().scalar_subquery())
    row = connection.execute(statement, names(account)).first()
    if row is None:
        return None
    return Import(
        since=from_microseconds(row.since),
        position=row.position,
        is_whole=row.is_whole,
        progress=row.progress,
        read=row.read,
        new=row.new,
        changed=row.changed,
    )


def _put(connection: Connection, account: Account, known: Import) -> None:
    number = find_account(connection, account)
    columns = {
        "since": to_microseconds(known.since),
        "position": known.position,
        "is_whole": known.is_whole,
        "progress": known.progress,
        "read": known.read,
        "new": known.new,
        "changed": known.changed,
    }
    update = imports.update().where(imports.c.account == number).values(columns)
    if connection.execute(update).rowcount == 0:
        connection.execute(imports.insert().values(account=number, **columns))


def _unended(connection: Connection, account: Account, since: datetime) -> dict[str, Session]:
    statement = select(sessions).where(
        sessions.c.account == find_account_row().scalar_subquery(),
        sessions.c.status >= ENDED,
        sessions.c.ended.is_(None),
        sessions.c.error_code.is_(None),
        sessions.c.started.is_(None) | (sessions.c.started >= to_microseconds(since)),
    )
    rows = connection.execute(statement, names(account)).mappings().all()
    tariffs = Tariffs(connection)
    tariffs.load(row["tariff"] for row in rows)
    return {
        row["session_id"]: session_from_columns(account, row["session_id"], row, tariffs)
        for row in rows
    }
