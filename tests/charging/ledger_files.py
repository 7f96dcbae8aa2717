"""What is in the file of a ledger, seen without the ledger."""

from contextlib import closing
from pathlib import Path
import sqlite3
from typing import Any


def commands(file: Path) -> list[tuple[str, str, str | None]]:
    """Return the kind, the state and the reason of every command, oldest first."""
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(
            "SELECT kind, state, reason FROM commands ORDER BY created, command_id"
        ).fetchall()


def execute(file: Path, statement: str) -> None:
    """Do something to the file of a ledger behind its back."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


def rows(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that is in a ledger's file, without the numbers that order has given."""
    with closing(sqlite3.connect(file)) as connection:
        fields = [row[1] for row in connection.execute("PRAGMA table_info(sessions)")]
        content = ", ".join(field for field in fields if field not in {"id", "account"})
        sessions = f"SELECT {content} FROM sessions ORDER BY session_id"  # noqa: S608 -- names of columns
        revisions = (
            "SELECT session_id, version, content FROM revisions"
            " JOIN sessions ON sessions.id = session ORDER BY 1, 2"
        )
        return {
            "sessions": connection.execute(sessions).fetchall(),
            "revisions": connection.execute(revisions).fetchall(),
        }
