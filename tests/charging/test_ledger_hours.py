"""Test what the ledger says of clock hours."""

from copy import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from custom_components.ev_charging_sessions.charging.energy import HOUR, PARTS
from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.ledger_hours import Hours, find_charges
from custom_components.ev_charging_sessions.charging.merge import to_microseconds
from custom_components.ev_charging_sessions.charging.model import (
    Account,
    Cost,
    MeterValue,
    Session,
    SessionStatus,
    Source,
)

from .answers import ACCOUNT, OTHER_ACCOUNT
from .ledger_files import execute, plan_of

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR_OF_NOON = to_microseconds(NOON) // HOUR
SESSION = Session(
    account=ACCOUNT,
    session_id="s1",
    charge_point_id="p1",
    status=SessionStatus.FINISHED,
    started=NOON,
    ended=NOON + timedelta(hours=2),
    energy=8.0,
    cost=Cost(amount=Decimal("1.50"), currency="EUR", source=Source.REPORTED),
    updated=NOON + timedelta(hours=2),
)


async def _hours(
    ledger: Ledger, since: int = 0, account: Account = ACCOUNT
) -> dict[str, tuple[dict[int, float], dict[int, float]]]:
    """Return energy and cost by charge point and hour after noon."""

    def whole(parts: dict[int, int]) -> dict[int, float]:
        return {hour - HOUR_OF_NOON: part / PARTS for hour, part in sorted(parts.items())}

    found = await ledger.statistics.hours(account, HOUR_OF_NOON + since, "EUR")
    return {
        point: (whole(hours.energy), whole(hours.cost))
        for point, hours in found.items()
        if hours != Hours()
    }


async def test_hours(ledger: Ledger) -> None:
    """Test that the sessions of an account are counted where they were, and no others."""
    await ledger.upsert(
        [
            SESSION,
            replace(SESSION, session_id="s2", charge_point_id=None, cost=None),
            replace(SESSION, session_id="s3", energy=None, charge_point_id="p2"),
            replace(SESSION, account=OTHER_ACCOUNT),
        ]
    )
    cost = {0: 0.75, 1: 0.75}
    assert await _hours(ledger) == {
        "p1": ({0: 4.0, 1: 4.0}, cost),
        "": ({0: 4.0, 1: 4.0}, {}),
        "p2": ({}, cost),
    }
    assert await ledger.statistics.points(ACCOUNT) == {"", "p1", "p2"}
    dollars = await ledger.statistics.hours(ACCOUNT, 0, "USD")
    assert not any(hours.cost for hours in dollars.values())


async def test_from_an_hour_on(ledger: Ledger) -> None:
    """Test that sessions which began before an hour count with what they have in and after it."""
    open_one = replace(
        SESSION,
        session_id="s2",
        status=SessionStatus.CHARGING,
        started=NOON - timedelta(hours=6),
        ended=None,
        cost=None,
    )
    await ledger.upsert([SESSION, open_one])
    assert await _hours(ledger, 1) == {"p1": ({1: 5.0}, {1: 0.75})}
    assert await _hours(ledger, 2) == {}


async def test_timeline(ledger: Ledger) -> None:
    """Test that energy, and the cost with it, follows the meter values of all answers."""
    first = MeterValue(NOON, 100.0)
    values = (MeterValue(NOON + timedelta(hours=1), 106.0), MeterValue(NOON, 100.0))
    await ledger.upsert(
        [
            replace(SESSION, meter_values=(first,), updated=NOON),
            replace(SESSION, meter_values=values),
        ]
    )
    assert await _hours(ledger) == {"p1": ({0: 6.0, 1: 2.0}, {0: 1.125, 1: 0.375})}


async def test_other_report(ledger: Ledger, ledger_file: Path) -> None:
    """Test that a session that another one stands for does not count as long as it does."""
    await ledger.upsert([SESSION, replace(SESSION, session_id="s2", charge_point_id="p2")])
    execute(ledger_file, "INSERT INTO links VALUES (1, 2, 0)")
    assert set(await _hours(ledger)) == {"p2"}
    execute(ledger_file, "UPDATE links SET is_undone = 1")
    assert set(await _hours(ledger)) == {"p1", "p2"}


async def test_many(ledger: Ledger) -> None:
    """Test that no session is lost or counted twice between two slices."""
    await ledger.upsert([replace(SESSION, session_id=f"s{number}") for number in range(1001)])
    assert await _hours(ledger) == {"p1": ({0: 4004.0, 1: 4004.0}, {0: 750.75, 1: 750.75})}


async def test_slices_go_on(ledger: Ledger, ledger_file: Path) -> None:
    """Test that a slice does not look again at all that lies before it."""
    plan = plan_of(ledger_file, find_charges(), backend="", account_id="", since=0, last=0)
    assert "SEARCH sessions USING INTEGER PRIMARY KEY (rowid>?)" in plan
    assert not any("TEMP B-TREE" in step for step in plan)


async def test_what_is_due(ledger: Ledger) -> None:
    """Test that what changes while it is written stays due, and an unknown account is not."""
    await ledger.statistics.mark_all(OTHER_ACCOUNT)
    assert await ledger.statistics.due(OTHER_ACCOUNT) == {}
    await ledger.upsert([SESSION, replace(SESSION, session_id="s2", charge_point_id="p2")])
    due = await ledger.statistics.due(ACCOUNT)
    assert {point: each.since for point, each in due.items()} == {
        "p1": to_microseconds(NOON),
        "p2": to_microseconds(NOON),
    }
    later = NOON + timedelta(hours=3)
    await ledger.upsert([replace(SESSION, energy=9.0, updated=later)])
    await ledger.statistics.clear(ACCOUNT, due)
    assert set(await ledger.statistics.due(ACCOUNT)) == {"p1"}
    await ledger.statistics.mark_all(ACCOUNT)
    assert {each.since for each in (await ledger.statistics.due(ACCOUNT)).values()} == {0}
