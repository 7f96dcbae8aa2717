"""How the tables of an older release become those of this one."""

from collections.abc import Callable
from time import time

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    inspect,
)

from .errors import LedgerError
from .ledger_links import link_all
from .ledger_schema import METADATA, schema_version

_FIRST_WITH_LINKS = 5

type Migration = Callable[[Connection], None]


def _to_2(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE commands ADD COLUMN setting TEXT")


def _to_3(connection: Connection) -> None:
    tables = MetaData()
    Table("sessions", tables, Column("id", Integer, primary_key=True))
    Table(
        "tariffs",
        tables,
        Column("id", Integer, primary_key=True),
        Column("digest", Text, nullable=False, unique=True),
        Column("content", Text, nullable=False),
    ).create(connection)
    Table(
        "meter_values",
        tables,
        Column("session", ForeignKey("sessions.id"), primary_key=True),
        Column("at", BigInteger, primary_key=True),
        Column("energy", Double, nullable=False),
        sqlite_with_rowid=False,
    ).create(connection)
    for column in ("tariff INTEGER REFERENCES tariffs (id)", "meter_values TEXT", "details TEXT"):
        connection.exec_driver_sql(f"ALTER TABLE sessions ADD COLUMN {column}")
    for column in ("energy_unit", "currency"):
        connection.exec_driver_sql(f"ALTER TABLE accounts ADD COLUMN {column} TEXT")


def _to_4(connection: Connection) -> None:
    tables = MetaData()
    Table("accounts", tables, Column("id", Integer, primary_key=True))
    Table("sessions", tables, Column("id", Integer, primary_key=True))
    Table(
        "posting_sources",
        tables,
        Column("target", ForeignKey("accounts.id"), primary_key=True),
        Column("source", ForeignKey("accounts.id"), primary_key=True),
        Column("charge_point_id", Text, primary_key=True),
        Column("connector_id", Text, nullable=False),
        Column("is_live", Boolean, nullable=False),
        sqlite_with_rowid=False,
    ).create(connection)
    Table(
        "outbox",
        tables,
        Column("session", ForeignKey("sessions.id"), primary_key=True),
        Column("target", ForeignKey("accounts.id"), primary_key=True),
        Column("connector_id", Text, nullable=False),
        Column("state", SmallInteger, nullable=False),
        Column("revision", Integer, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("due", BigInteger, nullable=False),
        Column("code", Text),
        Index("outbox_by_state", "target", "state", "due"),
        sqlite_with_rowid=False,
    ).create(connection)
    Table(
        "network_cards",
        tables,
        Column("account", ForeignKey("accounts.id"), primary_key=True),
        Column("card_id", Text, primary_key=True),
        sqlite_with_rowid=False,
    ).create(connection)
    Table(
        "payment_references",
        tables,
        Column("account", ForeignKey("accounts.id"), primary_key=True),
        Column("reference", Text, primary_key=True),
        Column("session", ForeignKey("sessions.id"), primary_key=True),
        sqlite_with_rowid=False,
    ).create(connection)


def _to_5(connection: Connection) -> None:
    tables = MetaData()
    Table("accounts", tables, Column("id", Integer, primary_key=True))
    Table("sessions", tables, Column("id", Integer, primary_key=True))
    sources = Table("posting_sources", tables, Column("since", BigInteger))
    connection.exec_driver_sql("ALTER TABLE posting_sources ADD COLUMN since BIGINT")
    # What had to be posted is in the outbox by now, and older sessions that an import finds
    # were over before anybody wanted them posted.
    connection.execute(sources.update().values(since=round(time() * 1_000_000)))
    Table(
        "statistics_due",
        tables,
        Column("account", ForeignKey("accounts.id"), primary_key=True),
        Column("charge_point_id", Text, primary_key=True),
        Column("since", BigInteger, nullable=False),
        Column("revision", Integer, nullable=False),
        sqlite_with_rowid=False,
    ).create(connection)
    connection.exec_driver_sql(
        "INSERT INTO statistics_due (account, charge_point_id, since, revision)"
        " SELECT account, coalesce(charge_point_id, ''), min(started), 1 FROM sessions"
        " WHERE started IS NOT NULL GROUP BY 1, 2"
    )
    Table(
        "imports",
        tables,
        Column("account", ForeignKey("accounts.id"), primary_key=True),
        Column("since", BigInteger, nullable=False),
        Column("position", Text),
        Column("is_whole", Boolean, nullable=False),
        Column("progress", Double),
        Column("read", Integer, nullable=False),
        Column("new", Integer, nullable=False),
        Column("changed", Integer, nullable=False),
        sqlite_with_rowid=False,
    ).create(connection)
    Table(
        "links",
        tables,
        Column("session", ForeignKey("sessions.id"), primary_key=True),
        Column("counted", ForeignKey("sessions.id"), primary_key=True),
        Column("is_undone", Boolean, nullable=False),
        Index("links_by_counted", "counted"),
        sqlite_with_rowid=False,
    ).create(connection)


MIGRATIONS: tuple[Migration, ...] = (_to_2, _to_3, _to_4, _to_5)
"""The steps from version 1 to 2, from 2 to 3 and so on.

A new file gets the current tables at once, so a step must lead to exactly these tables. A
step never changes after its release, and so uses no table of ``ledger_schema`` but the version.
"""


def current_version() -> int:
    """Return the schema version that this code reads and writes."""
    return 1 + len(MIGRATIONS)


def migrate(connection: Connection) -> None:
    """Create the tables, or bring them up to date, in the connection's transaction.

    Raises LedgerError if a newer release has written the file.
    """
    known = current_version()
    if not inspect(connection).has_table(schema_version.name):
        METADATA.create_all(connection, checkfirst=False)
        connection.execute(schema_version.insert().values(version=known))
        return
    found = connection.execute(schema_version.select()).scalar_one()
    if found > known:
        raise LedgerError(f"The ledger has schema version {found}, this release knows {known}")
    if found < known:
        for step in MIGRATIONS[found - 1 :]:
            step(connection)
        if found < _FIRST_WITH_LINKS:
            # No step, because it stands on the tables of today.
            link_all(connection)
        connection.execute(schema_version.update().values(version=known))
