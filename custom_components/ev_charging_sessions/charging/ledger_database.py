"""How the ledger speaks with its database, and what the errors of databases mean for it."""

from collections.abc import Iterator
from contextlib import contextmanager
import errno
from pathlib import Path
import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from .errors import LedgerCorruptError, LedgerError, LedgerFullError, LedgerSetupError

_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_FULL_OS = {errno.ENOSPC, errno.EDQUOT, errno.EIO}
# "disk_full" of PostgreSQL.
_FULL_SQLSTATE = "53100"
# Whoever writes to PostgreSQL has this lock: any number, as long as all have the same.
_WRITERS = 4_513_716_208
_SECONDS_TO_CONNECT = 10


def connect(url: str) -> Engine:
    """Return what opens connections to a database; none is open yet. Raises LedgerError."""
    try:
        parsed = make_url(url)
        name = parsed.get_backend_name()
        # Parameters are hidden because errors reach logs and card ids must not.
        if name == "sqlite":
            engine = create_engine(parsed, hide_parameters=True)
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        if name == "postgresql":
            engine = create_engine(
                parsed,
                hide_parameters=True,
                # The server may have been restarted since the last transaction.
                pool_pre_ping=True,
                connect_args={"connect_timeout": _SECONDS_TO_CONNECT},
            )
            event.listen(engine, "begin", _begin_postgresql)
            return engine
    except ImportError:
        raise LedgerSetupError("ledger_driver_missing") from None
    except ArgumentError, ValueError:
        # Neither the text nor the cause may show the address: there is a password in it.
        pass
    raise LedgerSetupError("ledger_url_invalid") from None


def file_of(engine: Engine) -> Path | None:
    """Return the file of an SQLite database."""
    if engine.dialect.name != "sqlite":
        return None
    file = Path(engine.url.database or "")
    return file if file.name else None


def was_killed(file: Path) -> bool:
    """Tell whether nobody has closed an SQLite database after the last change.

    The log of changes is folded in and removed when it is closed.
    """
    return file.with_name(f"{file.name}-wal").exists()


def check_pages(connection: Connection) -> None:
    """Read an SQLite database as a whole. Raises LedgerCorruptError."""
    if connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
        raise LedgerCorruptError("The ledger cannot be used: quick_check")


def changes_of(connection: Connection) -> object:
    """Return what is another value once rows were written through a connection.

    PostgreSQL does not tell, so there it is always another.
    """
    return getattr(connection.connection.dbapi_connection, "total_changes", object())


@contextmanager
def as_ledger_error() -> Iterator[None]:
    """Turn what goes wrong with a database into a LedgerError."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError, ValueError) as err:
        raise _error_of(err) from (err if _is_discreet(err) else None)


def _error_of(err: Exception) -> LedgerError:
    """Return what an error means, without the values that the texts of drivers may hold."""
    cause = err.orig if isinstance(err, DBAPIError) and err.orig is not None else err
    sqlstate = getattr(cause, "pgcode", None) or getattr(cause, "sqlstate", None)
    name = getattr(cause, "sqlite_errorname", sqlstate or type(cause).__name__)
    reason = f"The ledger cannot be used: {name}"
    # The lowest byte is the kind of an error, and the others tell more about it.
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if code in _CORRUPT or _is_garbled(cause):
        return LedgerCorruptError(reason)
    is_full = isinstance(cause, OSError) and cause.errno in _FULL_OS
    if code in _FULL or sqlstate == _FULL_SQLSTATE or is_full:
        return LedgerFullError(reason)
    return LedgerError(reason)


def _is_discreet(err: Exception) -> bool:
    """Tell whether the text of an error shows nothing but what went wrong.

    Those of PostgreSQL's drivers name the server, its user and values of rows. That of a
    garbled text shows what is left of it, and that of one that cannot be encoded all of it.
    """
    if isinstance(err, ValueError):
        return False
    cause = err.orig if isinstance(err, DBAPIError) else err
    if isinstance(err, DBAPIError) and not isinstance(cause, sqlite3.Error):
        return False
    return cause is None or not _is_garbled(cause)


def _is_garbled(cause: BaseException) -> bool:
    """Tell whether SQLite has returned a text that was never written: it has no code for it."""
    return isinstance(cause, sqlite3.OperationalError) and "decode to UTF-8" in str(cause)


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


def _begin_postgresql(connection: Connection) -> None:
    # The same as for SQLite: one writer at a time, whichever Home Assistant it belongs to,
    # and readers who see one moment only.
    if connection.get_execution_options().get("writes", False):
        connection.exec_driver_sql("SET LOCAL lock_timeout = 10000")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
