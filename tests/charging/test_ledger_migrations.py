"""Tests of opening ledgers: new ones, old ones, broken ones and those of the future."""

from contextlib import closing
from copy import replace
from datetime import UTC, datetime
from pathlib import Path
import sqlite3
from typing import Any

import pytest
from sqlalchemy import Connection

from custom_components.ev_charging_sessions.charging import ledger_migrations
from custom_components.ev_charging_sessions.charging.errors import LedgerError
from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.ledger_migrations import current_version
from custom_components.ev_charging_sessions.charging.ledger_outbox import PostingSource
from custom_components.ev_charging_sessions.charging.model import (
    Command,
    CommandKind,
    SessionDetails,
    SessionStatus,
    Source,
)

from .answers import ACCOUNT, OTHER_ACCOUNT, answer, at, details, euros, metered, tariff

VERSIONS = Path(__file__).with_name("ledger_versions")

# What each file in ledger_versions holds; a release that changes the schema adds a file
# that the release before it wrote with fill().
END = answer(
    "ended",
    charge_point_id="CP1",
    card_id="card",
    status=SessionStatus.FINISHED,
    started=at(0),
    ended=at(60),
    energy=12.5,
    energy_source=Source.METERED,
    cost=euros("4.50"),
    stop_reason="Remote",
    updated=at(62),
)
BEFORE = answer("ended", status=SessionStatus.FINISHED, energy=12.0, updated=at(61))
OPEN = answer("open", status=SessionStatus.CHARGING, error_code="none")
COMMAND = Command(
    command_id="c1",
    account=ACCOUNT,
    kind=CommandKind.STOP,
    charge_point_id="CP1",
    session_id="open",
    created=at(1),
    deadline=at(6),
)


# What ledgers can hold from version 3 on.
CORRECTED = answer(
    "told",
    status=SessionStatus.FINISHED,
    tariff=tariff("0.40", texts=(("en", "By night"),)),
    meter_values=metered((0, 1.0), (60, 13.5)),
    details=details(note="To work"),
    updated=at(62),
)
TOLD = replace(
    CORRECTED,
    tariff=tariff("0.45"),
    meter_values=metered((0, 1.0), (30, 7.25)),
    updated=at(61),
)

# What they can hold from version 4 on.
SOURCE = PostingSource(
    account=ACCOUNT, charge_point_id="pole", connector_id="DE*8PS*E1", is_live=True
)
REFUSED = answer(
    "refused",
    charge_point_id="pole",
    card_id="card",
    status=SessionStatus.FINISHED,
    started=at(-60),
    ended=at(-30),
    details=SessionDetails(payment_reference="order"),
)


async def fill(ledger: Ledger) -> None:
    """Write what the tests look for in a ledger."""
    await ledger.upsert([BEFORE, OPEN, TOLD])
    await ledger.upsert([END, CORRECTED])
    await ledger.add_command(COMMAND)
    await fill_outbox(ledger)


async def fill_outbox(ledger: Ledger) -> None:
    """Write what ledgers can hold from version 4 on; again changes nothing."""
    await ledger.outbox.use_sources(OTHER_ACCOUNT, [SOURCE])
    await ledger.upsert([REFUSED])
    for posting in await ledger.outbox.due(OTHER_ACCOUNT, datetime.max.replace(tzinfo=UTC), 9):
        await ledger.outbox.refused(posting, "181")
    await ledger.use_cards(OTHER_ACCOUNT, ["card", "other"])


async def check(ledger: Ledger, version: int = current_version()) -> None:
    """Check that a ledger holds what was written by the fill of a version."""
    assert await ledger.session(ACCOUNT, "ended") == END
    assert await ledger.open_sessions(ACCOUNT) == (OPEN,)
    (revision,) = await ledger.revisions(ACCOUNT, "ended")
    assert revision.session == BEFORE
    assert await ledger.pending_commands(ACCOUNT) == (COMMAND,)
    if version >= 3:
        assert await ledger.session(ACCOUNT, "told") == CORRECTED
        (revision,) = await ledger.revisions(ACCOUNT, "told")
        assert revision.session == TOLD
        timeline = metered((0, 1.0), (30, 7.25), (60, 13.5))
        assert await ledger.meter_values(ACCOUNT, "told") == timeline
    if version >= 4:
        (posting,) = await ledger.outbox.refused_ones(OTHER_ACCOUNT)
        assert (posting.session, posting.connector_id) == (REFUSED, "DE*8PS*E1")
        assert (posting.revision, posting.attempts, posting.code) == (1, 0, "181")
        assert await ledger.session_of_reference(ACCOUNT, "order") == REFUSED
        assert await ledger.knows_card(OTHER_ACCOUNT, "other")
        assert await ledger.use_cards(OTHER_ACCOUNT, ["card", "other"]) == 0


async def open_and_close(file: Path) -> None:
    """Open the ledger of a file once."""
    ledger = Ledger(f"sqlite:///{file}")
    await ledger.open()
    await ledger.close()


def read(file: Path) -> bytes:
    """Return all bytes of a file."""
    return file.read_bytes()


def run(file: Path, script: str) -> None:
    """Run a script of SQL on a file."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(script)


def schema(file: Path) -> dict[str, Any]:
    """Return the columns and indexes of a file, and its version."""
    with closing(sqlite3.connect(file)) as connection:
        names = connection.execute("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'")
        found: dict[str, Any] = {
            name: (
                sorted(row[1:] for row in connection.execute(f"PRAGMA table_xinfo({name})")),
                connection.execute(f"PRAGMA index_xinfo({name})").fetchall(),
                # Their numbers only tell the order in which they were added.
                sorted(row[2:] for row in connection.execute(f"PRAGMA foreign_key_list({name})")),
                sorted(row[2:] for row in connection.execute(f"PRAGMA index_list({name})")),
            )
            for (name,) in names.fetchall()
        }
        found["version"] = connection.execute("SELECT version FROM schema_version").fetchall()
    return found


@pytest.mark.parametrize("version", range(1, current_version() + 1))
async def test_a_ledger_of_each_version_opens(tmp_path: Path, version: int) -> None:
    """Test that a file of each release keeps its content and gets the current schema.

    It can also be written to, as one that was never migrated.
    """
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    run(old, (VERSIONS / f"{version}.sql").read_text())
    ledger = Ledger(f"sqlite:///{old}")
    await ledger.open()
    await check(ledger, version)
    await ledger.upsert([TOLD, CORRECTED])
    await fill_outbox(ledger)
    await check(ledger)
    await ledger.close()
    await open_and_close(new)
    assert schema(old) == schema(new)


async def test_a_new_ledger_holds_what_is_written(ledger: Ledger) -> None:
    """Test that what the files of old releases are checked for is what fill writes."""
    await fill(ledger)
    await check(ledger)


async def test_opening_again_changes_nothing(ledger_file: Path) -> None:
    """Test that a current file is not written to when it is opened."""
    await open_and_close(ledger_file)
    before = read(ledger_file)
    await open_and_close(ledger_file)
    assert read(ledger_file) == before


async def test_a_newer_ledger_is_refused(ledger_file: Path) -> None:
    """Test that a file of a later release is neither used nor changed."""
    await open_and_close(ledger_file)
    run(ledger_file, "UPDATE schema_version SET version = version + 1")
    before = read(ledger_file)
    ledger = Ledger(f"sqlite:///{ledger_file}")
    with pytest.raises(LedgerError, match="version 6, this release knows 5"):
        await ledger.open()
    with pytest.raises(LedgerError):
        await ledger.open_sessions(ACCOUNT)
    assert read(ledger_file) == before


async def test_migrations_run_once_and_in_order(
    ledger: Ledger, ledger_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that each missing step runs once, and only the missing ones."""
    await fill(ledger)
    await ledger.close()
    ran: list[int] = []
    known = ledger_migrations.MIGRATIONS

    def add_note(connection: Connection) -> None:
        ran.append(1)
        connection.exec_driver_sql("ALTER TABLE commands ADD COLUMN note TEXT")

    def fill_note(connection: Connection) -> None:
        ran.append(2)
        connection.exec_driver_sql("UPDATE commands SET note = 'kept'")

    monkeypatch.setattr(ledger_migrations, "MIGRATIONS", (*known, add_note))
    await open_and_close(ledger_file)
    monkeypatch.setattr(ledger_migrations, "MIGRATIONS", (*known, add_note, fill_note))
    await open_and_close(ledger_file)
    await ledger.open()
    await check(ledger)
    assert ran == [1, 2]
    assert schema(ledger_file)["version"] == [(current_version(),)]


async def test_a_migration_that_fails_leaves_no_trace(
    ledger: Ledger, ledger_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that steps are rolled back with their tables and rows if a later one fails."""
    await fill(ledger)
    await ledger.close()
    before = schema(ledger_file)

    def add_note(connection: Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE commands ADD COLUMN note TEXT")
        connection.exec_driver_sql("DELETE FROM commands")

    def break_off(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE half_done (id INTEGER)")
        connection.exec_driver_sql("DROP TABLE unknown")

    steps = (*ledger_migrations.MIGRATIONS, add_note, break_off)
    with monkeypatch.context() as patch:
        patch.setattr(ledger_migrations, "MIGRATIONS", steps)
        with pytest.raises(LedgerError):
            await open_and_close(ledger_file)
    assert schema(ledger_file) == before
    await ledger.open()
    await check(ledger)


async def test_a_foreign_database(ledger_file: Path) -> None:
    """Test that a database with other tables of our names is refused and left alone."""
    run(ledger_file, "CREATE TABLE sessions (id INTEGER)")
    with pytest.raises(LedgerError):
        await open_and_close(ledger_file)
    with closing(sqlite3.connect(ledger_file)) as connection:
        found = connection.execute("SELECT name FROM sqlite_schema").fetchall()
    assert found == [("sessions",)]


@pytest.mark.parametrize(
    "url",
    ["sqlite:////no/such/folder/ledger.db", "sqlite:////", "no url", "nonsense://x"],
)
async def test_a_place_that_cannot_be_opened(url: str) -> None:
    """Test that a wrong place is a LedgerError, whatever is wrong with it."""
    with pytest.raises(LedgerError):
        await Ledger(url).open()
