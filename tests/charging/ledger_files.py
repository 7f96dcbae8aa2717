"""What is in the file of a ledger, seen without the ledger."""

from collections.abc import Sequence
from contextlib import closing
import json
from pathlib import Path
import re
import sqlite3
from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect


def commands(file: Path) -> list[tuple[str, str, str | None]]:
    """Return the kind, the state and the reason of every command, oldest first."""
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(
            "SELECT kind, state, reason FROM commands ORDER BY created, command_id"
        ).fetchall()


def execute(file: Path, statement: str, parameters: Sequence[str] = ()) -> None:
    """Do something to the file of a ledger behind its back."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement, parameters)


def written(file: Path) -> tuple[bytes, bytes]:
    """Return the bytes of a ledger's file and of its log."""
    return file.read_bytes(), file.with_name(f"{file.name}-wal").read_bytes()


def plan_of(file: Path, statement: Select[Any], **parameters: Any) -> list[str]:
    """Return the steps in which a ledger's file would answer a statement.

    A statement with a list among its parameters has to be given all of them.
    """
    text = str(
        statement.params(parameters).compile(
            dialect=sqlite_dialect(paramstyle="named"),
            compile_kwargs={"render_postcompile": True},
        )
    )
    names = dict.fromkeys(re.findall(r":(\w+)", text), 1)
    with closing(sqlite3.connect(file)) as connection:
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", names)]


def rows(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that is in a ledger's file, without the numbers that order has given."""
    with closing(sqlite3.connect(file)) as connection:
        fields = [row[1] for row in connection.execute("PRAGMA table_info(sessions)")]
        own = ", ".join(field for field in fields if field not in {"id", "account", "tariff"})
        sessions = (
            f"SELECT {own}, content FROM sessions"  # noqa: S608 -- names of columns
            " LEFT JOIN tariffs ON tariffs.id = tariff ORDER BY session_id"
        )
        of_session = "JOIN sessions ON sessions.id = session ORDER BY 1, 2"
        revisions = f"SELECT session_id, version, content FROM revisions {of_session}"  # noqa: S608 -- our own text
        values = f"SELECT session_id, at, meter_values.energy FROM meter_values {of_session}"  # noqa: S608 -- the same
        tariffs = dict(connection.execute("SELECT id, content FROM tariffs").fetchall())
        return {
            "sessions": connection.execute(sessions).fetchall(),
            "revisions": [
                (session_id, version, _with_tariff(json.loads(content), tariffs))
                for session_id, version, content in connection.execute(revisions)
            ],
            "meter_values": connection.execute(values).fetchall(),
        }


def _with_tariff(content: dict[str, Any], tariffs: dict[int, str]) -> str:
    if "tariff" in content:
        content["tariff"] = tariffs[content["tariff"]]
    return json.dumps(content, sort_keys=True)
