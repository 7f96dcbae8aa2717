"""What the tests of imports share: a long past, waiting for an import, and comparing the books."""

import asyncio
from contextlib import closing
from decimal import Decimal
import sqlite3
from typing import Any

from custom_components.ev_charging_sessions.archive import LEDGER_FILE
from custom_components.ev_charging_sessions.charging.ledger import SessionQuery
from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import Home
from tests.simulator import Simulator
from tests.simulator.defaults import RFIDS
from tests.simulator.park_past import populate_past

YEARS = 1826
FIVE_YEARS = 10 * YEARS


def ask(home: Home, days: int = YEARS + 1) -> asyncio.Task[Any]:
    """Order an import, and do not wait for it."""
    data = {"config_entry_id": home.entry.entry_id, "days": days}
    call = home.hass.services.async_call(
        DOMAIN, "import_history", data, blocking=True, return_response=True
    )
    return asyncio.create_task(call)


async def import_all(home: Home, days: int = YEARS + 1) -> dict[str, Any]:
    """Import the past, and let time pass until that is through."""
    return await through(home, ask(home, days))


async def through(home: Home, call: asyncio.Task[Any], *, hours: float = 4) -> dict[str, Any]:
    """Let time pass, minute by minute, until an import has answered."""
    await home.settle()
    for _ in range(round(60 * hours)):
        if call.done():
            break
        await home.advance(61)
    assert call.done()
    answer: dict[str, Any] = await call
    return answer


async def park_ledger(home: Home) -> dict[str, tuple[object, ...]]:
    """Return what the archive says of all sessions of parks."""
    found = await home.coordinator.ledger.sessions(SessionQuery())
    return {
        each.session_id: (
            each.charge_point_id,
            each.card_id,
            each.started,
            each.ended,
            each.energy and round(each.energy * 1000),
        )
        for each in found
    }


def park_books(simulator: Simulator) -> dict[str, tuple[object, ...]]:
    """Return what the network would say of them."""
    parks = simulator.parks
    return {
        str(each.id): (
            f"{each.serial}-{each.position}",
            each.rfid,
            each.started,
            each.ended,
            round(parks.energy(each) * 1000),
        )
        for each in parks.sessions.values()
    }


async def namespace_ledger(home: Home) -> tuple[int, int, Decimal]:
    """Return how many sessions of a namespace there are, their Wh and their price."""
    found = await home.coordinator.ledger.sessions(SessionQuery())
    assert len({each.session_id for each in found}) == len(found)
    return (
        len(found),
        sum(round((each.energy or 0.0) * 1000) for each in found),
        sum((each.cost.amount for each in found if each.cost), Decimal(0)),
    )


def namespace_books(simulator: Simulator) -> tuple[int, int, Decimal]:
    """Return what the network would say."""
    energy, price = simulator.namespace.total()
    return len(simulator.namespace.archive), energy, price


def give_parks_a_past(simulator: Simulator, sessions: int, *, days: float = YEARS) -> None:
    """Let both parks have a past, with the cards of its drivers."""
    for number, park in enumerate((20001, 20002)):
        part = sessions // 2
        populate_past(simulator.parks, park, part, days=days, rfids=list(RFIDS), seed=number)


def session_rows(home: Home) -> list[object]:
    """Return all rows of the archive that an import may write, but that of the import itself."""
    with closing(sqlite3.connect(home.hass.config.path(LEDGER_FILE))) as file:
        tables = ("sessions", "revisions", "meter_values", "outbox", "statistics_due")
        return [row for each in tables for row in file.execute(f"SELECT * FROM {each}")]  # noqa: S608 - no input
