"""What becomes of a broken file: it is set aside, and what can still be read of it goes on."""

from collections.abc import Iterable, Iterator, Mapping, Set as AbstractSet
from contextlib import closing
from datetime import UTC, datetime
from itertools import batched, count
from pathlib import Path
import sqlite3
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Table, false, func, literal, null, select

from .ledger_database import connect
from .ledger_imports import WHOLE_PAST
from .ledger_migrations import migrate
from .ledger_rows import (
    Columns,
    command_from_columns,
    content_from_json,
    known_from_columns,
)
from .ledger_schema import (
    BATCH,
    METADATA,
    accounts,
    commands,
    imports,
    posting_sources,
    revisions,
    schema_version,
    sessions,
    tariffs as tariff_table,
)
from .ledger_tariffs import Tariffs, is_intact
from .merge import to_microseconds
from .model import Account

# What belongs to a database lies beside it under its name and one of these.
_PARTS = ("", "-wal", "-shm")
# A gap of so many numbers is the end of a table.
_NO_MORE = 2**32
# Those of the broken file say that what is lost has been read already.
_LEFT_OUT = {schema_version, imports}
_NOBODY = Account(backend="", account_id="")


def set_aside(file: Path) -> tuple[Path, int]:
    """Put a new ledger in the place of a broken one, with all that can still be read.

    Returns where the broken one lies now, and how many sessions the new one has. Killed at any
    moment, either the broken file is still in its place or all of the new one is there.
    """
    if finished := finish(file):
        return finished
    new = _new(file)
    _remove(new)
    engine = connect(f"sqlite:///{new}")
    try:
        with engine.execution_options(writes=True).begin() as connection:
            migrate(connection)
            _copy(file, connection)
            _want_past(connection)
            found = connection.execute(select(func.count()).select_from(sessions)).scalar_one()
    finally:
        engine.dispose()
    aside = _free_name(file)
    _exchange(file, aside)
    return aside, found


def finish(file: Path) -> tuple[Path, int] | None:
    """Finish what a crash has interrupted; if it has, return what ``set_aside`` would have."""
    if file.exists() or not _new(file).exists():
        return None
    asides = file.parent.glob(f"{file.name}.corrupt.*")
    files = (each for each in asides if not each.name.endswith(_PARTS[1:]))
    aside = max(files, default=_free_name(file))
    _exchange(file, aside)
    with closing(sqlite3.connect(file)) as connection:
        (found,) = connection.execute("SELECT count(*) FROM sessions").fetchone()
    return aside, found


def _exchange(file: Path, aside: Path) -> None:
    """Put the new file in the place of the broken one.

    That goes first, so that its absence tells that this has begun; and the new one comes last,
    for it would take a log that is still there for its own.
    """
    for part in _PARTS:
        old = file.with_name(file.name + part)
        if old.exists():
            old.rename(aside.with_name(aside.name + part))
    _new(file).rename(file)


def _new(file: Path) -> Path:
    return file.with_name(f"{file.name}.new")


def _remove(file: Path) -> None:
    for part in _PARTS:
        file.with_name(file.name + part).unlink(missing_ok=True)


def _free_name(file: Path) -> Path:
    """Return a name that no file has, as Home Assistant's recorder would call it."""
    name = f"{file.name}.corrupt.{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}"
    names = (name if not number else f"{name}.{number}" for number in count())
    return next(
        file.with_name(each)
        for each in names
        if not any(file.with_name(each + part).exists() for part in _PARTS)
    )


def _copy(broken: Path, connection: Connection) -> None:
    """Copy every row that can be read and makes sense, each table after those it refers to."""
    kept: dict[Table, set[int]] = {}
    with closing(sqlite3.connect(broken)) as source:
        for table in METADATA.sorted_tables:
            if table in _LEFT_OUT:
                continue
            tariffs = Tariffs(connection)
            # Two rows may claim to be the same one.
            statement = table.insert().prefix_with("OR IGNORE")
            for batch in batched(_rows(source, table), BATCH, strict=False):
                rows = [row for row in batch if _belongs(table, row, kept)]
                if table is posting_sources:
                    _post_no_past(rows)
                if table is sessions:
                    tariffs.load(row["tariff"] for row in rows)
                if found := [row for row in rows if _makes_sense(table, row, tariffs)]:
                    connection.execute(statement, found)
            if "id" in table.c:
                kept[table] = set(connection.execute(select(table.c.id)).scalars())


def _post_no_past(sources: Iterable[Columns]) -> None:
    """Let what a network tells again of the past not be posted: it may have been already."""
    now = to_microseconds(datetime.now(UTC))
    for source in sources:
        if not source["is_live"]:
            source["since"] = now


def _want_past(connection: Connection) -> None:
    """Have the past of every account read again, for whoever meets the new file first."""
    since = to_microseconds(datetime.now(UTC) - WHOLE_PAST)
    values = {
        "account": accounts.c.id,
        "since": literal(since),
        "position": null(),
        "is_whole": false(),
        "progress": null(),
        "read": literal(0),
        "new": literal(0),
        "changed": literal(0),
    }
    connection.execute(imports.insert().from_select(list(values), select(*values.values())))


def _rows(source: sqlite3.Connection, table: Table) -> Iterator[Columns]:
    """Read a table by its key, past the pages that cannot be read."""
    try:
        present = {row[1] for row in source.execute(f"PRAGMA table_info({table.name})")}
    except sqlite3.DatabaseError:
        return
    names = [column.name for column in table.c if column.name in present]
    if not names:
        return
    missing: Columns = {column.name: None for column in table.c}
    if table is posting_sources:
        # As when an older file is migrated: what had to be posted is in the outbox.
        missing["since"] = to_microseconds(datetime.now(UTC))
    keys = [column.name for column in table.primary_key]
    if table.dialect_options["sqlite"]["with_rowid"]:
        keys = ["rowid"]
    statement = (
        f"SELECT {keys[0]}, {', '.join(names)} FROM {table.name}"  # noqa: S608 -- our own names
        f" WHERE {keys[0]} >= ? ORDER BY {', '.join(keys)}"
    )
    start, gap = 0, 1
    while gap < _NO_MORE:
        try:
            for key, *values in source.execute(statement, (start,)):
                if isinstance(key, int):
                    start, gap = key + 1, 1
                yield missing | dict(zip(names, values, strict=True))
        except sqlite3.DatabaseError, OverflowError:
            # A page holds some rows, so it takes some steps to get past it.
            start, gap = start + gap, gap + gap // 4 + 1
        else:
            return


def _belongs(table: Table, row: Columns, kept: Mapping[Table, AbstractSet[int]]) -> bool:
    """Tell whether a row has what its columns can hold, and belongs to rows that are there."""
    for column in table.c:
        value = row[column.name]
        if not _can_hold(column, value):
            return False
        for key in column.foreign_keys:
            if value is None or value in kept[key.column.table]:
                continue
            if not column.nullable:
                return False
            row[column.name] = None
    return True


def _can_hold(column: Column[Any], value: object) -> bool:
    if value is None:
        return bool(column.nullable)
    if column.type.python_type is bool:
        return value in {0, 1}
    if column.type.python_type is float:
        return isinstance(value, int | float)
    return isinstance(value, column.type.python_type)


def _makes_sense(table: Table, row: Columns, tariffs: Tariffs) -> bool:
    """Tell whether the content of a row can be read as what it was written as."""
    try:
        if table is tariff_table:
            return is_intact(row["digest"], row["content"])
        if table is sessions:
            known_from_columns(_NOBODY, row, tariffs)
        elif table is revisions:
            content_from_json(_NOBODY, "", row["content"], tariffs)
        elif table is commands:
            command_from_columns(_NOBODY, row)
    except ArithmeticError, LookupError, TypeError, ValueError, msgspec.MsgspecError:
        return False
    return True
