"""A ledger whose file breaks, and what is in it."""

from contextlib import closing
from pathlib import Path
import random
import sqlite3

from custom_components.ev_charging_sessions.charging.ledger import Ledger, SessionQuery
from custom_components.ev_charging_sessions.charging.model import Session, SessionStatus

from .answers import answer, at, details, euros, metered, tariff

PAGE = 4096


class Trouble:
    """A ledger whose file a test can break, and what it has told of that."""

    def __init__(self, file: Path) -> None:
        """Open nothing yet."""
        self.file = file
        self.told: list[Path | None] = []
        self.full: list[bool] = []
        self.ledger = self._new()

    def _new(self) -> Ledger:
        ledger = Ledger(f"sqlite:///{self.file}")
        ledger.on_set_aside = lambda: self.told.append(ledger.set_aside)
        ledger.on_full = self.full.append
        return ledger

    async def reopen(self) -> None:
        """Close the ledger and open the file once more."""
        await self.ledger.close()
        self.ledger = self._new()
        await self.ledger.open()

    async def overwrite(self, *pages: int, to_the_end: bool = False) -> bytes:
        """Close the ledger, write nonsense on some pages, and return the file."""
        await self.ledger.close()
        content = bytearray(self.file.read_bytes())
        if to_the_end:
            pages = tuple(range(pages[0], len(content) // PAGE))
        for page in pages:
            content[page * PAGE : (page + 1) * PAGE] = random.Random(page).randbytes(PAGE)
        self.file.write_bytes(content)
        return bytes(content)

    def pages_of(self, table: str) -> list[int]:
        """Return the pages of a table that hold its rows, counted from 0."""
        statement = (
            "SELECT pageno - 1 FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path"
        )
        with closing(sqlite3.connect(self.file)) as connection:
            return [row[0] for row in connection.execute(statement, (table,))]

    async def all(self) -> dict[str, Session]:
        """Return all sessions."""
        return {each.session_id: each for each in await self.ledger.sessions(SessionQuery())}


def many(count: int) -> list[Session]:
    """Return sessions that differ, with all that a session can have."""
    return [
        answer(
            f"s{number}",
            charge_point_id=f"CP{number % 3}",
            card_id="card" * 10,
            status=SessionStatus.FINISHED,
            started=at(number),
            ended=at(number + 1),
            energy=float(number),
            cost=euros(f"{number}.50"),
            tariff=tariff("0.40"),
            meter_values=metered((number, 0.0), (number + 1, float(number))),
            details=details(note=f"{number}"),
            updated=at(number + 1),
        )
        for number in range(count)
    ]
