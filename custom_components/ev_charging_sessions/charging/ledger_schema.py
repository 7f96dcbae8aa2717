"""The tables of the ledger.

Times are microseconds since 1970 in UTC, energy is kWh, money is text so that no digit is
lost. Status and sources are small numbers (see ``ledger_rows``). What is only ever shown
whole, and never asked for, is JSON.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

ENDED = 90
"""The lowest number of a status that means the session has ended."""

BATCH = 500
"""How many rows one statement asks for.

Databases limit the parameters of a statement, PostgreSQL's driver to 32,767.
"""

METADATA = MetaData()

schema_version = Table("schema_version", METADATA, Column("version", Integer, nullable=False))

accounts = Table(
    "accounts",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("backend", Text, nullable=False),
    Column("account_id", Text, nullable=False),
    # In which units its energies and prices were read, where the network does not say.
    Column("energy_unit", Text),
    Column("currency", Text),
    UniqueConstraint("backend", "account_id"),
)

# Tens of thousands of sessions have the same tariff, so each content is here once. One that
# no session refers to any more stays: revisions refer to it, and there are only ever a few.
tariffs = Table(
    "tariffs",
    METADATA,
    Column("id", Integer, primary_key=True),
    # A key of fixed length for the content, which may be longer than an index can take.
    Column("digest", Text, nullable=False, unique=True),
    Column("content", Text, nullable=False),
)

sessions = Table(
    "sessions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("account", ForeignKey(accounts.c.id), nullable=False),
    Column("session_id", Text, nullable=False),
    Column("charge_point_id", Text),
    Column("card_id", Text),
    Column("status", SmallInteger, nullable=False),
    Column("started", BigInteger),
    Column("ended", BigInteger),
    Column("updated", BigInteger),
    Column("energy", Double),
    Column("energy_source", SmallInteger),
    Column("cost", Text),
    Column("currency", Text),
    Column("cost_source", SmallInteger),
    Column("stop_reason", Text),
    Column("error_code", Text),
    # The versions of the fields that the newest answer did not mention, as JSON.
    Column("older", Text),
    Column("tariff", ForeignKey(tariffs.c.id)),
    # Those of the newest answer that had any, as JSON: it can hold less than, and another
    # value for the same moment than, the table of that name.
    Column("meter_values", Text),
    Column("details", Text),
    UniqueConstraint("account", "session_id"),
    # No two of these begin with the account, for SQLite would choose one of them by chance.
    Index("sessions_by_charge_point", "charge_point_id", "account", "started"),
    Index("sessions_by_start", "account", "started"),
)

# The database uses the partial index only for the very same words, so the number must not
# become a parameter. The index holds the status although it is all about it: only then does
# SQLite prefer it to the other indexes of an account.
IS_OPEN = sessions.c.status < literal_column(str(ENDED))

Index(
    "sessions_open",
    sessions.c.account,
    sessions.c.status,
    sqlite_where=IS_OPEN,
    postgresql_where=IS_OPEN,
)

revisions = Table(
    "revisions",
    METADATA,
    Column("session", ForeignKey(sessions.c.id), primary_key=True),
    Column("version", BigInteger, primary_key=True),
    # What the answer of this version said, as JSON with the column names of ``sessions``.
    Column("content", Text, nullable=False),
    sqlite_with_rowid=False,
)

# The meter values of all answers about a session.
meter_values = Table(
    "meter_values",
    METADATA,
    Column("session", ForeignKey(sessions.c.id), primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("energy", Double, nullable=False),
    sqlite_with_rowid=False,
)

commands = Table(
    "commands",
    METADATA,
    Column("command_id", Text, primary_key=True),
    Column("account", ForeignKey(accounts.c.id), nullable=False),
    Column("kind", Text, nullable=False),
    Column("charge_point_id", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("deadline", BigInteger, nullable=False),
    Column("card_id", Text),
    Column("session_id", Text),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("resolved", BigInteger),
    # The mode of a connector that was asked for, as JSON.
    Column("setting", Text),
)

IS_PENDING = commands.c.state == literal_column("'pending'")

Index(
    "commands_pending",
    commands.c.account,
    sqlite_where=IS_PENDING,
    postgresql_where=IS_PENDING,
)

# The charge points whose sessions are posted to the network of the target.
posting_sources = Table(
    "posting_sources",
    METADATA,
    Column("target", ForeignKey(accounts.c.id), primary_key=True),
    Column("source", ForeignKey(accounts.c.id), primary_key=True),
    Column("charge_point_id", Text, primary_key=True),
    Column("connector_id", Text, nullable=False),
    Column("is_live", Boolean, nullable=False),
    # Sessions that had ended before this are not posted; without it, all are.
    Column("since", BigInteger),
    sqlite_with_rowid=False,
)

# A session that was posted stays here: that it was is a fact to be kept.
outbox = Table(
    "outbox",
    METADATA,
    # In this order a session's rows are found without knowing the targets.
    Column("session", ForeignKey(sessions.c.id), primary_key=True),
    Column("target", ForeignKey(accounts.c.id), primary_key=True),
    Column("connector_id", Text, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("code", Text),
    Index("outbox_by_state", "target", "state", "due"),
    sqlite_with_rowid=False,
)

# The cards that the network of an account has told to accept.
network_cards = Table(
    "network_cards",
    METADATA,
    Column("account", ForeignKey(accounts.c.id), primary_key=True),
    Column("card_id", Text, primary_key=True),
    sqlite_with_rowid=False,
)

# A network may order a session again under the same reference after the first one has failed.
payment_references = Table(
    "payment_references",
    METADATA,
    Column("account", ForeignKey(accounts.c.id), primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("session", ForeignKey(sessions.c.id), primary_key=True),
    sqlite_with_rowid=False,
)

# From when on the statistics of a charge point may lack what the sessions say. The charge point
# is empty for sessions of which nobody knows where they were.
statistics_due = Table(
    "statistics_due",
    METADATA,
    Column("account", ForeignKey(accounts.c.id), primary_key=True),
    Column("charge_point_id", Text, primary_key=True),
    Column("since", BigInteger, nullable=False),
    # Grows with each change, so that one that comes while the statistics are written is seen.
    Column("revision", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# How far the past of an account has been read from its network.
imports = Table(
    "imports",
    METADATA,
    Column("account", ForeignKey(accounts.c.id), primary_key=True),
    Column("since", BigInteger, nullable=False),
    # Where the backend goes on, in its own words; none before its first answer.
    Column("position", Text),
    Column("is_whole", Boolean, nullable=False),
    Column("progress", Double),
    Column("read", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# Two sessions that are reports of one charge. ``session`` is the one that does not count where
# both are counted. A link that a person has undone stays, so that it is not made again.
links = Table(
    "links",
    METADATA,
    Column("session", ForeignKey(sessions.c.id), primary_key=True),
    Column("counted", ForeignKey(sessions.c.id), primary_key=True),
    Column("is_undone", Boolean, nullable=False),
    Index("links_by_counted", "counted"),
    sqlite_with_rowid=False,
)
