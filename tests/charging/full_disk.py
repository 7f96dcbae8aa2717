"""A disk without room, as far as the database of one open ledger can tell."""

from typing import Any

from sqlalchemy import Connection

from custom_components.ev_charging_sessions.charging.ledger import Ledger

_ENOUGH = 1_000_000


class FullDisk:
    """Lets the file of a ledger grow or not, so that SQLite itself says that it is full."""

    def __init__(self, ledger: Ledger) -> None:
        """Remember whose file; there is room."""
        self._ledger = ledger

    async def fill(self) -> None:
        """Leave no room for any change of a session."""
        await self._ledger._write(_use_room)
        await self._ledger._read(_limit, 0)

    async def limit(self, pages: int) -> None:
        """Leave room for so many pages."""
        await self._ledger._read(_limit, pages)

    async def make_room(self) -> None:
        """Let the file grow again."""
        await self._ledger._read(_limit, _ENOUGH)


def _use_room(connection: Connection) -> None:
    """Have each change need a page of its own, for the last pages of a file have some room."""
    connection.exec_driver_sql("CREATE TABLE filler (content BLOB)")
    for event in ("INSERT", "UPDATE"):
        connection.exec_driver_sql(
            f"CREATE TRIGGER fill_at_{event} BEFORE {event} ON sessions"  # noqa: S608 -- our own words
            " BEGIN INSERT INTO filler VALUES (zeroblob(10000)); END"
        )


def _limit(connection: Connection, more: int) -> None:
    raw: Any = connection.connection.dbapi_connection
    (used,) = raw.execute("PRAGMA page_count").fetchone()
    raw.execute(f"PRAGMA max_page_count={used + more}")
