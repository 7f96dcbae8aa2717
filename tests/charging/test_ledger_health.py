"""Tests of what a ledger tells of itself, and of finding out whether it can be written."""

from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.ledger_migrations import current_version

from .answers import answer


async def test_health(ledger: Ledger, ledger_url: str) -> None:
    """Test that kind, size and number of sessions are told, and that a try changes nothing."""
    await ledger.upsert([answer("a"), answer("b")])
    health = await ledger.health()
    assert health.database == ("SQLite" if ledger_url.startswith("sqlite") else "PostgreSQL")
    assert health.sessions == 2
    assert health.schema_version == current_version()
    assert 100_000 < health.size < 10_000_000
    await ledger.try_to_write()
    assert await ledger.health() == health
