"""Tests of files that break and of disks that are full."""

from collections.abc import AsyncIterator
from contextlib import closing, suppress
from copy import replace
from datetime import UTC, datetime
from pathlib import Path
import random
import sqlite3

import pytest

from custom_components.ev_charging_sessions.charging import ledger_salvage
from custom_components.ev_charging_sessions.charging.errors import (
    LedgerCorruptError,
    LedgerError,
    LedgerFullError,
)
from custom_components.ev_charging_sessions.charging.ledger import Ledger, SessionQuery
from custom_components.ev_charging_sessions.charging.ledger_outbox import PostingState
from custom_components.ev_charging_sessions.charging.model import Session, SessionStatus

from .answers import ACCOUNT, OTHER_ACCOUNT, answer, at, details, euros, metered, tariff
from .full_disk import FullDisk
from .ledger_files import execute, rows
from .test_ledger_migrations import REFUSED, VERSIONS, check, fill, open_and_close, run

PAGE = 4096
FAR = datetime.max.replace(tzinfo=UTC)


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


@pytest.fixture
async def trouble(ledger_file: Path) -> AsyncIterator[Trouble]:
    """Return an open ledger in a new file."""
    trouble = Trouble(ledger_file)
    await trouble.ledger.open()
    yield trouble
    await trouble.ledger.close()


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


@pytest.mark.parametrize(
    "content", [b"no database" * 500, b"SQLite format 3\0" + b"x" * 8000], ids=["text", "header"]
)
async def test_a_file_that_is_no_database(trouble: Trouble, content: bytes) -> None:
    """Test that a file that cannot be read at all makes place for a new one, and is kept."""
    await trouble.ledger.close()
    trouble.file.write_bytes(content)
    await trouble.reopen()
    (aside,) = trouble.told
    assert aside
    assert aside == trouble.ledger.set_aside
    assert aside.parent == trouble.file.parent
    assert aside.name.startswith("ledger.db.corrupt.20")
    assert aside.read_bytes() == content
    assert trouble.ledger.salvaged == 0
    assert len(await trouble.ledger.upsert([answer()])) == 1
    await trouble.reopen()
    assert trouble.told == [aside]
    assert list(await trouble.all()) == ["s1"]


async def test_broken_pages_are_met_while_it_is_open(trouble: Trouble) -> None:
    """Test that whoever meets them is told, and everybody after that has a ledger again."""
    sessions = many(600)
    await trouble.ledger.upsert(sessions)
    await trouble.ledger.close()
    lost = trouble.pages_of("sessions")[5:7]
    content = await trouble.overwrite(*lost)
    await trouble.ledger.open()
    assert trouble.told == []
    with pytest.raises(LedgerCorruptError, match="SQLITE_CORRUPT"):
        await trouble.all()
    (aside,) = trouble.told
    assert aside
    assert aside.read_bytes() == content
    found = await trouble.all()
    assert trouble.ledger.salvaged == len(found)
    assert 600 > len(found) > 500
    assert found.items() <= {each.session_id: each for each in sessions}.items()
    timelines = await trouble.ledger.timelines(ACCOUNT, found)
    assert timelines == {each: found[each].meter_values for each in found}
    # The networks tell the others again.
    changes = await trouble.ledger.upsert(sessions)
    assert len(changes) == 600 - len(found)
    assert await trouble.all() == {each.session_id: each for each in sessions}


@pytest.mark.parametrize("seed", range(12))
async def test_nothing_that_is_salvaged_was_never_written(trouble: Trouble, seed: int) -> None:
    """Test that whatever is broken, the ledger works again and holds no nonsense."""
    chance = random.Random(seed)
    sessions = many(300)
    await trouble.ledger.upsert(sessions)
    corrected = [replace(each, energy=99.0, updated=at(999)) for each in sessions[:50]]
    await trouble.ledger.upsert(corrected)
    await trouble.ledger.close()
    content = bytearray(trouble.file.read_bytes())
    for _ in range(chance.choice((1, 10, 30))):
        page = PAGE * chance.randrange(1, len(content) // PAGE)
        nonsense = (bytes(PAGE), chance.randbytes(PAGE), content[PAGE : 2 * PAGE])
        content[page : page + PAGE] = chance.choice(nonsense)
    if seed % 3 == 0:
        del content[PAGE * chance.randrange(1, len(content) // PAGE) :]
    trouble.file.write_bytes(content)
    # A log that was left tells that nobody has closed it, so all of it is looked at.
    trouble.file.with_name("ledger.db-wal").touch()
    await trouble.ledger.open()
    assert len(trouble.told) == 1
    written = {each.session_id: each for each in (*sessions, *corrected)}
    assert (await trouble.all()).items() <= written.items()
    await trouble.ledger.upsert([*sessions, *corrected])
    assert await trouble.all() == written
    await trouble.ledger.close()
    with closing(sqlite3.connect(trouble.file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


async def test_everything_but_the_broken_is_salvaged(trouble: Trouble) -> None:
    """Test that commands, the outbox, cards and revisions come along, and imports do not."""
    await fill(trouble.ledger)
    await trouble.ledger.upsert(many(200))
    await trouble.ledger.close()
    execute(
        trouble.file,
        "INSERT INTO imports VALUES (1, 0, NULL, 1, NULL, 0, 0, 0)",
    )
    before = rows(trouble.file)
    (page, *_) = trouble.pages_of("sessions_by_charge_point")
    await trouble.overwrite(page)
    await trouble.ledger.open()
    with pytest.raises(LedgerCorruptError):
        await trouble.ledger.latest_sessions(ACCOUNT)
    await check(trouble.ledger)
    counts = await trouble.ledger.outbox.counts(OTHER_ACCOUNT)
    assert counts[PostingState.REFUSED] == 1
    await trouble.ledger.close()
    assert rows(trouble.file) == before
    with closing(sqlite3.connect(trouble.file)) as connection:
        assert connection.execute("SELECT count(*) FROM imports").fetchone() == (0,)
        assert connection.execute("SELECT since FROM posting_sources").fetchall() == [(None,)]


@pytest.mark.parametrize("version", [1, 3, 4])
async def test_a_broken_file_of_an_older_release(ledger_file: Path, version: int) -> None:
    """Test that it is brought up to date by being read row by row."""
    run(ledger_file, (VERSIONS / f"{version}.sql").read_text())
    trouble = Trouble(ledger_file)
    trouble.file.with_name("ledger.db-wal").touch()
    await trouble.overwrite(trouble.pages_of("sessions_by_charge_point")[0])
    await trouble.ledger.open()
    assert len(trouble.told) == 1
    await check(trouble.ledger, version)
    await trouble.ledger.close()
    with closing(sqlite3.connect(trouble.file)) as connection:
        (since,) = connection.execute("SELECT count(since) FROM posting_sources").fetchone()
    assert since == (1 if version >= 4 else 0)


async def test_one_file_at_each_opening(trouble: Trouble) -> None:
    """Test that a disk that breaks the new file too is not given one after the other."""
    for number in range(2):
        await trouble.ledger.upsert(many(100))
        await trouble.overwrite(1, to_the_end=True)
        await trouble.reopen()
        assert len(trouble.told) == 1 + number
        await trouble.ledger.upsert(many(100))
        # While it is open, as a failing disk does it.
        with closing(sqlite3.connect(trouble.file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = trouble.file.stat().st_size
        with trouble.file.open("r+b") as file:
            file.seek(PAGE)
            file.write(b"\xff" * (size - PAGE))
        await trouble.ledger._run(trouble.ledger._engine.dispose)  # type: ignore[union-attr] # It is open.
        for _ in range(3):
            with pytest.raises(LedgerCorruptError):
                await trouble.all()
        assert len(trouble.told) == 1 + number
        await trouble.reopen()
        assert len(trouble.told) == 2 + number
        trouble.told.pop()
    assert len(list(trouble.file.parent.glob("ledger.db.corrupt.*"))) == 4


@pytest.mark.parametrize("step", range(2))
async def test_a_crash_while_it_is_set_aside(
    trouble: Trouble, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that after a crash at any step all that can be salvaged is there."""
    sessions = many(300)
    await trouble.ledger.upsert(sessions)
    await trouble.ledger.close()
    lost = trouble.pages_of("sessions")[3]
    await trouble.overwrite(lost)
    trouble.file.with_name("ledger.db-wal").touch()
    steps = 0
    rename = Path.rename

    class PowerCutError(BaseException):
        """The end of everything."""

    def crash(self: Path, target: Path) -> Path:
        nonlocal steps
        steps += 1
        if steps > step:
            raise PowerCutError
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", crash)
        with pytest.raises(PowerCutError):
            await trouble.ledger.open()
    if step == 0:
        trouble.file.with_name("ledger.db-wal").touch()
    await trouble.reopen()
    assert trouble.ledger.set_aside
    assert trouble.ledger.set_aside.exists()
    assert len(await trouble.all()) > 250
    assert not ledger_salvage._new(trouble.file).exists()


async def test_a_healthy_file_is_never_set_aside(ledger_file: Path) -> None:
    """Test that a database of somebody else or of a newer release is left alone."""
    run(ledger_file, "CREATE TABLE sessions (id INTEGER)")
    ledger = Ledger(f"sqlite:///{ledger_file}")
    with pytest.raises(LedgerError):
        await ledger.open()
    run(ledger_file, "DROP TABLE sessions")
    await open_and_close(ledger_file)
    run(ledger_file, "UPDATE schema_version SET version = version + 1")
    with pytest.raises(LedgerError):
        await ledger.open()
    assert ledger.set_aside is None
    assert [each.name for each in ledger_file.parent.iterdir()] == ["ledger.db"]


async def test_a_full_disk(trouble: Trouble) -> None:
    """Test that nothing is half written, what is known is told, and it goes on with room."""
    disk = FullDisk(trouble.ledger)
    sessions = many(300)
    await trouble.ledger.upsert(sessions[:100])
    before = await trouble.all()
    await disk.limit(1)
    for _ in range(2):
        with pytest.raises(LedgerFullError) as caught:
            await trouble.ledger.upsert(sessions[100:])
        assert str(caught.value) == "The ledger cannot be used: SQLITE_FULL"
        assert await trouble.all() == before
    # That nothing had to be written does not show that there is room.
    assert await trouble.ledger.upsert(sessions[:100]) == ()
    assert trouble.full == [True]
    await disk.make_room()
    assert len(await trouble.ledger.upsert(sessions[100:])) == 200
    assert trouble.full == [True, False]
    assert len(await trouble.all()) == 300


async def test_a_full_disk_and_the_outbox(trouble: Trouble) -> None:
    """Test that a session is in the outbox if and only if it is in the ledger."""
    disk = FullDisk(trouble.ledger)
    await fill(trouble.ledger)
    await disk.limit(0)
    written = []
    with suppress(LedgerFullError):
        for number in range(200):
            await trouble.ledger.upsert([replace(REFUSED, session_id=f"p{number}")])
            written.append(f"p{number}")
    assert 0 < len(written) < 200
    found = [each for each in await trouble.all() if each.startswith("p")]
    due = await trouble.ledger.outbox.due(OTHER_ACCOUNT, FAR, 999)
    assert {each.session.session_id for each in due} == set(found) == set(written)
