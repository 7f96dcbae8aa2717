"""Test which statistics the ledger notes as due."""

from copy import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
import sqlite3
from typing import Any

import pytest

from custom_components.ev_charging_sessions.charging.errors import LedgerError
from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.model import (
    Account,
    Cost,
    EnergyUnit,
    MeterValue,
    Session,
    SessionStatus,
    Source,
)

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
ACCOUNT = Account(backend="smappee", account_id="a1")
SESSION = Session(
    account=ACCOUNT,
    session_id="s1",
    charge_point_id="p1",
    status=SessionStatus.FINISHED,
    started=NOON,
    ended=NOON + timedelta(hours=2),
    energy=8.0,
    updated=NOON + timedelta(hours=2),
)


def _later(session: Session = SESSION, **changes: Any) -> Session:
    """Return a newer answer about a session."""
    assert session.updated
    return replace(session, updated=session.updated + timedelta(hours=1), **changes)


class _World:
    """A ledger, and what is due in its file."""

    def __init__(self, path: Path) -> None:
        self.path = path / "ledger.db"
        self.ledger = Ledger(f"sqlite:///{self.path}")

    def due(self) -> dict[str, tuple[datetime, int]]:
        """Return from when on what is due, and its revision, by charge point."""
        with sqlite3.connect(self.path) as connection:
            rows = connection.execute(
                "SELECT charge_point_id, since, revision FROM statistics_due"
            ).fetchall()
        connection.close()
        return {
            point: (datetime.fromtimestamp(since / 1e6, UTC), revision)
            for point, since, revision in rows
        }

    def clear(self) -> None:
        """Forget what is due."""
        with sqlite3.connect(self.path) as connection:
            connection.execute("DELETE FROM statistics_due")
        connection.close()

    async def due_after(self, *sessions: Session) -> dict[str, tuple[datetime, int]]:
        """Return what is due after an upsert, of what was not before it."""
        self.clear()
        await self.ledger.upsert(sessions)
        return self.due()


async def test_due(tmp_path: Path) -> None:
    """Test that a session is due from its start, and again each time it says something else."""
    world = _World(tmp_path)
    await world.ledger.open()
    assert await world.due_after(SESSION) == {"p1": (NOON, 1)}
    assert await world.due_after(SESSION) == {}
    # The same, read again.
    assert await world.due_after(_later()) == {}
    # What the statistics do not show.
    assert await world.due_after(_later(_later(), stop_reason="remote")) == {}
    cheaper = _later(
        _later(_later()), cost=Cost(amount=Decimal(3), currency="EUR", source=Source.REPORTED)
    )
    await world.ledger.upsert([cheaper])
    assert world.due() == {"p1": (NOON, 1)}
    await world.ledger.upsert([_later(cheaper, energy=7.0)])
    assert world.due() == {"p1": (NOON, 2)}
    await world.ledger.close()


async def test_due_before_and_after(tmp_path: Path) -> None:
    """Test that a session that moves is due where it was, and where it is."""
    world = _World(tmp_path)
    await world.ledger.open()
    await world.ledger.upsert([SESSION])
    earlier = NOON - timedelta(hours=3)
    moved = _later(charge_point_id="p2")
    assert await world.due_after(moved) == {"p1": (NOON, 1), "p2": (NOON, 1)}
    sooner = _later(moved, started=earlier)
    assert await world.due_after(sooner) == {"p2": (earlier, 1)}
    assert await world.due_after(_later(sooner, started=NOON)) == {"p2": (earlier, 1)}
    await world.ledger.close()


async def test_earliest_counts(tmp_path: Path) -> None:
    """Test that what is due stays due from the earliest time on."""
    world = _World(tmp_path)
    await world.ledger.open()
    day = timedelta(days=1)
    for number, days in enumerate((0, 1, -1, 0)):
        at = NOON + days * day
        session = replace(SESSION, session_id=f"s{number}", started=at, ended=at)
        await world.ledger.upsert([session])
    assert world.due() == {"p1": (NOON - day, 4)}
    await world.ledger.close()


async def test_no_amounts(tmp_path: Path) -> None:
    """Test that sessions without energy and cost make nothing due, nor those without a time."""
    world = _World(tmp_path)
    await world.ledger.open()
    assert await world.due_after(replace(SESSION, energy=None)) == {}
    timeless = Session(account=ACCOUNT, session_id="s2", energy=1.0)
    assert await world.due_after(timeless) == {}
    nowhere = replace(SESSION, session_id="s3", charge_point_id=None)
    assert await world.due_after(nowhere) == {"": (NOON, 1)}
    await world.ledger.close()


async def test_old_answer(tmp_path: Path) -> None:
    """Test that an old answer which only adds to the timeline is due, and no change."""
    world = _World(tmp_path)
    await world.ledger.open()
    await world.ledger.upsert([SESSION])
    old = replace(
        SESSION,
        status=SessionStatus.CHARGING,
        ended=None,
        energy=4.0,
        meter_values=(MeterValue(NOON, 1.0), MeterValue(NOON + timedelta(hours=1), 5.0)),
        updated=NOON + timedelta(hours=1),
    )
    await world.ledger.upsert([old])
    world.clear()
    older = replace(
        old,
        meter_values=(MeterValue(NOON + timedelta(minutes=1), 3.0),),
        updated=NOON + timedelta(minutes=1),
    )
    assert await world.due_after(older) == {"p1": (NOON, 1)}
    assert await world.due_after(older) == {}
    await world.ledger.close()


async def test_units(tmp_path: Path) -> None:
    """Test that all is due when energies or prices turn out to be in another unit."""
    world = _World(tmp_path)
    await world.ledger.open()
    await world.ledger.use_units(ACCOUNT, EnergyUnit.KWH, "EUR")
    await world.ledger.upsert([SESSION, replace(SESSION, session_id="s2", charge_point_id=None)])
    world.clear()
    await world.ledger.use_units(ACCOUNT, EnergyUnit.KWH, "EUR")
    assert world.due() == {}
    await world.ledger.use_units(ACCOUNT, EnergyUnit.WH, "EUR")
    assert set(world.due()) == {"", "p1"}
    assert all(since.year == 1970 for since, _ in world.due().values())
    await world.ledger.close()


async def test_same_transaction(tmp_path: Path) -> None:
    """Test that an upsert that fails leaves nothing due, so that both are there or neither."""
    world = _World(tmp_path)
    await world.ledger.open()
    with sqlite3.connect(world.path) as connection:
        connection.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON statistics_due"
            " BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    connection.close()
    with pytest.raises(LedgerError):
        await world.ledger.upsert([SESSION])
    assert await world.ledger.session(ACCOUNT, "s1") is None
    await world.ledger.close()
