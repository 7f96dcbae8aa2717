"""Tests of files that break."""

from contextlib import closing
from copy import replace
from datetime import UTC, datetime
from pathlib import Path
import random
import sqlite3
import traceback

import pytest

from custom_components.ev_charging_sessions.charging import ledger_salvage
from custom_components.ev_charging_sessions.charging.errors import (
    LedgerCorruptError,
    LedgerError,
)
from custom_components.ev_charging_sessions.charging.ledger import Ledger, SessionQuery
from custom_components.ev_charging_sessions.charging.ledger_imports import ImportStep
from custom_components.ev_charging_sessions.charging.ledger_outbox import PostingState
from custom_components.ev_charging_sessions.charging.ledger_schema import BATCH

from .answers import ACCOUNT, OTHER_ACCOUNT, answer, at
from .ledger_files import execute, rows
from .test_ledger_migrations import SOURCE, VERSIONS, check, fill, open_and_close, run
from .trouble import PAGE, Trouble, many

CARD = "04A1B2C3D4"


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
    """Test that commands, the outbox, cards and revisions come along, and imports begin anew."""
    await fill(trouble.ledger)
    # What has ended before a source was added is not posted, and what is lost may have been.
    past = replace(SOURCE, charge_point_id="past", is_live=False, since=at(0))
    await trouble.ledger.outbox.use_sources(OTHER_ACCOUNT, [SOURCE, past])
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
        wanted = connection.execute(
            "SELECT position, is_whole, progress, read, new, changed FROM imports"
        ).fetchall()
        assert wanted == [(None, 0, None, 0, 0, 0)] * 2
        ((day,),) = connection.execute("SELECT DISTINCT since / 86400000000 FROM imports")
        since = dict(connection.execute("SELECT charge_point_id, since FROM posting_sources"))
    today = datetime.now(UTC)
    assert 3660 <= (today - datetime.fromtimestamp(day * 86400, UTC)).days <= 3661
    assert since["pole"] is None
    assert abs(since["past"] / 1e6 - today.timestamp()) < 300


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


@pytest.mark.parametrize("step", range(3))
async def test_a_crash_while_it_is_set_aside(
    trouble: Trouble, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that after a crash at any step all that can be salvaged is there."""
    sessions = many(300)
    await trouble.ledger.upsert(sessions)
    await trouble.ledger.close()
    content = await trouble.overwrite(trouble.pages_of("sessions")[3])
    trouble.file.with_name("ledger.db-wal").touch()
    steps = 0
    rename = Path.rename

    class PowerCutError(BaseException):
        """The end of everything."""

    def crash(self: Path, target: Path) -> Path:
        nonlocal steps
        steps += 1
        if steps == 1:
            # As a disk leaves it that does not let SQLite fold the log in.
            trouble.file.with_name("ledger.db-wal").write_bytes(b"log")
        if steps > step:
            raise PowerCutError
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", crash)
        with pytest.raises(PowerCutError):
            await trouble.ledger.open()
    await trouble.reopen()
    aside = trouble.ledger.set_aside
    assert aside
    assert aside.read_bytes() == content
    assert len(await trouble.all()) > 250
    assert trouble.ledger.salvaged == len(await trouble.all())
    if step > 0:
        assert aside.with_name(f"{aside.name}-wal").read_bytes() == b"log"
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


async def test_a_garbled_text_is_not_shown(trouble: Trouble) -> None:
    """Test that no traceback holds what is left of a card."""
    await trouble.ledger.upsert([answer(card_id=CARD)])
    await trouble.ledger.close()
    execute(
        trouble.file,
        "UPDATE sessions SET card_id = CAST(CAST(card_id AS BLOB) || x'FF' AS TEXT)",
    )
    await trouble.ledger.open()
    with pytest.raises(LedgerCorruptError) as caught:
        await trouble.all()
    assert CARD not in "".join(traceback.format_exception(caught.value))


async def test_a_text_that_cannot_be_written_is_not_shown(trouble: Trouble) -> None:
    """Test that it is an error of the ledger like others, without the text."""
    with pytest.raises(LedgerError) as caught:
        await trouble.ledger.upsert([answer(card_id=f"{CARD}\ud800")])
    assert str(caught.value) == "The ledger cannot be used: UnicodeEncodeError"
    assert CARD not in "".join(traceback.format_exception(caught.value))


async def test_pages_of_a_file_that_is_replaced_meanwhile(trouble: Trouble) -> None:
    """Test that a reader of pages goes on with the sessions that are left."""
    await trouble.ledger.upsert(many(BATCH + 9))
    found = 0
    async for page in trouble.ledger.pages(SessionQuery()):
        found += len(page)
        run(trouble.file, f"DELETE FROM meter_values WHERE session > {BATCH + 3}")  # noqa: S608 -- our own number
        run(trouble.file, f"DELETE FROM sessions WHERE id > {BATCH + 3}")  # noqa: S608 -- the same
    assert found == BATCH + 3


async def test_a_slice_of_an_import_that_is_no_more(trouble: Trouble) -> None:
    """Test that an import that began before the file broke does not move the one after it."""
    begun = await trouble.ledger.imports.begin(ACCOUNT, at(0))
    step = ImportStep(account=ACCOUNT, since=begun.since, position="2", progress=0.5, read=1)
    await trouble.ledger.upsert([answer()], step=step)
    moved = await trouble.ledger.imports.find(ACCOUNT)
    assert moved
    assert (moved.position, moved.read) == ("2", 1)
    anew = await trouble.ledger.imports.begin(ACCOUNT, at(-9))
    await trouble.ledger.upsert([answer("s2")], step=step)
    assert await trouble.ledger.imports.find(ACCOUNT) == anew
    assert await trouble.ledger.session(ACCOUNT, "s2")
