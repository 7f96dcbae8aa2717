"""Tests of disks that are full, also while a file breaks."""

from contextlib import suppress
from copy import replace
from datetime import UTC, datetime
import errno
from pathlib import Path
import sqlite3

import pytest
from sqlalchemy import Engine, event

from custom_components.ev_charging_sessions.charging import ledger_salvage
from custom_components.ev_charging_sessions.charging.errors import (
    LedgerCorruptError,
    LedgerFullError,
)
from custom_components.ev_charging_sessions.charging.ledger_database import connect

from .answers import OTHER_ACCOUNT
from .full_disk import FullDisk
from .test_ledger_migrations import REFUSED, fill
from .trouble import Trouble, many

FAR = datetime.max.replace(tzinfo=UTC)


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


@pytest.mark.parametrize("is_open", [True, False])
async def test_a_broken_file_on_a_full_disk(
    trouble: Trouble, is_open: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that it is told what is missing, and that it goes on as soon as there is room."""
    sessions = many(600)
    await trouble.ledger.upsert(sessions)
    await trouble.ledger.close()
    content = await trouble.overwrite(*trouble.pages_of("sessions")[5:7])
    with monkeypatch.context() as patch:
        patch.setattr(ledger_salvage, "connect", _connect_without_room)
        if is_open:
            await trouble.ledger.open()
            for _ in range(3):
                with pytest.raises(LedgerFullError):
                    await trouble.all()
        else:
            trouble.file.with_name("ledger.db-wal").touch()
            with pytest.raises(LedgerFullError):
                await trouble.ledger.open()
    assert trouble.full == [True]
    assert trouble.told == []
    assert trouble.file.read_bytes() == content
    if is_open:
        # Whoever is the first has known the old one.
        with pytest.raises(LedgerCorruptError):
            await trouble.all()
    else:
        trouble.file.with_name("ledger.db-wal").touch()
        await trouble.ledger.open()
    assert trouble.full == [True, False]
    (aside,) = trouble.told
    assert aside
    assert aside.read_bytes() == content
    assert trouble.ledger.salvaged == len(await trouble.all()) > 500
    assert len(await trouble.ledger.upsert(sessions)) == 600 - trouble.ledger.salvaged


def _connect_without_room(url: str) -> Engine:
    engine = connect(url)

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA max_page_count=40")

    event.listen(engine, "connect", limit)
    return engine


async def test_a_disk_that_is_full_between_two_renames(
    trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that what has been salvaged is not thrown away by the next attempt."""
    await trouble.ledger.upsert(many(300))
    await trouble.ledger.close()
    content = await trouble.overwrite(trouble.pages_of("sessions")[3])
    await trouble.ledger.open()
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if self.name.endswith(".new"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", fail)
        with pytest.raises(LedgerFullError):
            await trouble.all()
    with pytest.raises(LedgerCorruptError):
        await trouble.all()
    (aside,) = trouble.told
    assert aside
    assert aside.read_bytes() == content
    assert trouble.ledger.salvaged == len(await trouble.all()) > 250


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
