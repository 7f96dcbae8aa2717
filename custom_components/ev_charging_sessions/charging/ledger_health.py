"""How the ledger is: what somebody wants to know who looks for what is wrong."""

from msgspec import Struct
from sqlalchemy import Connection, func, select

from .ledger_schema import METADATA, schema_version, sessions


class Health(Struct, frozen=True, kw_only=True):
    """The kind of database, its size in bytes, and the number of sessions in it."""

    database: str
    size: int
    sessions: int
    schema_version: int


def health_of(connection: Connection) -> Health:
    """Return how the ledger is."""
    return Health(
        database="SQLite" if _is_sqlite(connection) else "PostgreSQL",
        size=_size(connection),
        sessions=connection.execute(select(func.count()).select_from(sessions)).scalar_one(),
        schema_version=connection.execute(select(schema_version.c.version)).scalar_one(),
    )


def touch(connection: Connection) -> None:
    """Write to the ledger what it says already."""
    version = schema_version.c.version
    connection.execute(schema_version.update().values({version: version}))


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _size(connection: Connection) -> int:
    if _is_sqlite(connection):
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one())
    # Others may have tables in the same database.
    tables = [func.pg_total_relation_size(table.name) for table in METADATA.sorted_tables]
    return sum(connection.execute(select(*tables)).one())
