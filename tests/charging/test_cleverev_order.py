"""Tests of the order of what is told of a session, through a ledger."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
import json
from pathlib import Path

from msgspec.structs import replace
import pytest

from custom_components.ev_charging_sessions.charging.backends.cleverev_chargers_wire import (
    decode_charger,
)
from custom_components.ev_charging_sessions.charging.backends.cleverev_status import (
    Told,
    with_statuses,
)
from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.model import (
    Cost,
    OcppStatus,
    Session,
    SessionStatus,
    Source,
)

from .cleverev_answers import ACCOUNT
from .test_cleverev_status import BEGIN, CHARGING, POINT, SUSPENDED, at

CHARGES, PAUSES = OcppStatus.CHARGING, OcppStatus.SUSPENDED_EV
FREE = OcppStatus.AVAILABLE


def row(minute: float, energy: float, ended: float | None = None) -> Session:
    """Return a session as the wire tells it, with its own time stamp."""
    return Session(
        account=ACCOUNT,
        session_id="1",
        charge_point_id=POINT,
        status=None if ended is None else SessionStatus.FINISHED,
        started=BEGIN,
        ended=None if ended is None else at(ended),
        energy=energy,
        cost=Cost(amount=Decimal(str(energy)), currency="EUR", source=Source.REPORTED),
        updated=at(minute),
    )


class House:
    """Polls, and keeps what is told in a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        """Begin with nothing told."""
        self._ledger = ledger
        self._told: dict[str, Told] = {}

    def restart(self) -> None:
        """Forget all that only the backend knows."""
        self._told = {}

    async def poll(
        self, session: Session, status: OcppStatus = CHARGES, since: float | None = None
    ) -> Session:
        """Tell a row and how its connector is; return what the ledger then knows."""
        connector = {
            "connectorId": 1,
            "status": status.replace("_", ""),
            "statusSince": None if since is None else at(since).isoformat(),
        }
        charger = {"id": POINT.removesuffix("-1"), "connectors": [connector]}
        (point,) = decode_charger(json.dumps(charger).encode())
        assert point.charge_point_id == POINT
        assert point.ocpp_status is status
        open_sessions = {
            each.session_id: each for each in await self._ledger.open_sessions(ACCOUNT)
        }
        (told,) = with_statuses([session], {POINT: point}, self._told, open_sessions)
        before = self._told.get("1")
        if before is None or before.session != told.session:
            await self._ledger.upsert((told.session,))
        self._told["1"] = told
        known = await self._ledger.session(ACCOUNT, "1")
        assert known
        return known

    async def revisions(self) -> int:
        """Return how many corrections the ledger knows of."""
        return len(await self._ledger.revisions(ACCOUNT, "1"))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House]:
    """Return a house with an empty ledger."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    await ledger.open()
    yield House(ledger)
    await ledger.close()


def figures(known: Session) -> tuple[bool, float | None, datetime | None]:
    """Return what matters of a session."""
    assert known.cost
    assert known.cost.amount == Decimal(str(known.energy))
    return known.is_open, known.energy, known.updated


async def test_a_correction_after_a_connector_that_was_ahead(house: House) -> None:
    """Test that neither an end nor its corrections are outranked by a clock of a charger."""
    assert (await house.poll(row(20, 5), PAUSES, since=31)).updated == at(20)
    assert figures(await house.poll(row(22, 5.1, ended=22), FREE, since=32)) == (False, 5.1, at(22))
    await house.poll(row(22, 5.1, ended=22), FREE, since=32)
    assert await house.revisions() == 0
    assert figures(await house.poll(row(25, 4.9, ended=22), FREE)) == (False, 4.9, at(25))
    assert await house.revisions() == 1


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_status_that_changes_while_the_row_stands_still(
    house: House, restarts: bool
) -> None:
    """Test that each change shows, and that none outranks the next row of the session."""
    stamps = []
    for number in range(7):
        status = (CHARGES, PAUSES)[number % 2]
        known = await house.poll(row(10, 5), status, since=None if number % 3 else 600)
        assert known.status is (CHARGING, SUSPENDED)[number % 2]
        assert known.updated
        stamps.append(known.updated)
        if restarts:
            house.restart()
    assert all(one < two for one, two in pairwise(stamps))
    assert stamps[-1] - at(10) < timedelta(milliseconds=1)
    lower = replace(row(10, 4.5), updated=at(10) + timedelta(milliseconds=1))
    assert (await house.poll(lower)).energy == 4.5
    end = replace(row(11, 4.4, ended=11), updated=at(10) + timedelta(milliseconds=2))
    assert figures(await house.poll(end, FREE)) == (False, 4.4, end.updated)


async def test_an_end_with_the_stamp_of_the_row_before(house: House) -> None:
    """Test that an end counts although its stamp stood still, and that corrections follow."""
    await house.poll(row(10, 5), CHARGES)
    paused = await house.poll(row(10, 5), PAUSES)
    assert figures(await house.poll(row(10, 4.8, ended=11), FREE)) == (False, 4.8, paused.updated)
    for _ in range(2):
        await house.poll(row(10, 4.8, ended=11), FREE)
    assert await house.revisions() == 0
    house.restart()
    assert (await house.poll(row(10, 4.8, ended=11), FREE)).energy == 4.8
    assert await house.revisions() == 0
    assert figures(await house.poll(row(12, 4.7, ended=11), FREE)) == (False, 4.7, at(12))


async def test_an_end_whose_stamp_lies_before_the_last_row(house: House) -> None:
    """Test a network whose clock was put back: the end counts, and so do its corrections."""
    await house.poll(row(31, 5), CHARGES)
    assert figures(await house.poll(row(22, 4.9, ended=22), FREE)) == (False, 4.9, at(31))
    assert (await house.poll(row(25, 4.8, ended=22), FREE)).energy == 4.8
    assert (await house.poll(row(26, 4.7, ended=22), FREE)).energy == 4.7
    # One that comes late is no correction.
    assert (await house.poll(row(25, 4.8, ended=22), FREE)).energy == 4.7
    assert (await house.poll(row(40, 4.6, ended=22), FREE)).updated == at(40)


async def test_a_row_that_comes_late(house: House) -> None:
    """Test that an older row brings no older figures, though its connector has changed."""
    await house.poll(row(10, 5), CHARGES)
    known = await house.poll(row(9, 4), PAUSES)
    assert (known.status, known.energy) == (SUSPENDED, 5)
    assert figures(await house.poll(row(11, 5.5), PAUSES)) == (True, 5.5, at(11))


async def test_a_ledger_that_is_ahead(house: House) -> None:
    """Test that a session goes on whose stamp was lifted too far by an earlier version."""
    await house.poll(row(60, 5), CHARGES)
    house.restart()
    assert (await house.poll(row(10, 5), PAUSES)).status is SUSPENDED
    assert (await house.poll(row(11, 4.9), PAUSES)).energy == 4.9
    house.restart()
    assert figures(await house.poll(row(12, 4.8, ended=12), FREE))[:2] == (False, 4.8)
    assert (await house.poll(row(13, 4.7, ended=12), FREE)).energy == 4.7
