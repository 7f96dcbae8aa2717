"""Tests of what the ledger keeps for an operator: cards and payment references."""

from pathlib import Path
import sqlite3
from typing import Any

import pytest

from custom_components.ev_charging_sessions.charging.errors import LedgerError
from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.model import (
    Session,
    SessionDetails,
    SessionStatus,
)

from .answers import ACCOUNT, OTHER_ACCOUNT, answer, at
from .ledger_files import execute


def ordered(session_id: str, reference: str | None, **said: Any) -> Session:
    """Return a session that was started under a payment reference."""
    details = SessionDetails(payment_reference=reference)
    return answer(session_id, **{"started": at(0), "details": details, **said})


async def test_a_list_replaces_the_one_before(ledger: Ledger) -> None:
    """Test that only the cards of the last list are known, and the new ones are counted."""
    assert await ledger.use_cards(ACCOUNT, ["A", "B", "A"]) == 2
    assert await ledger.use_cards(ACCOUNT, ["B", "C", "D"]) == 2
    known = [card for card in "ABCDE" if await ledger.knows_card(ACCOUNT, card)]
    assert known == ["B", "C", "D"]
    assert await ledger.use_cards(ACCOUNT, ["D", "C", "B"]) == 0
    assert await ledger.use_cards(ACCOUNT, []) == 0
    assert not await ledger.knows_card(ACCOUNT, "B")


async def test_cards_of_somebody_else(ledger: Ledger) -> None:
    """Test that each account has cards of its own."""
    await ledger.use_cards(ACCOUNT, ["A"])
    assert not await ledger.knows_card(OTHER_ACCOUNT, "A")
    assert await ledger.use_cards(OTHER_ACCOUNT, ["A"]) == 1
    await ledger.use_cards(OTHER_ACCOUNT, [])
    assert await ledger.knows_card(ACCOUNT, "A")


async def test_very_many_cards(ledger: Ledger) -> None:
    """Test that a list may be longer than a statement can hold."""
    many = {f"{number:08X}" for number in range(40_000)}
    assert await ledger.use_cards(ACCOUNT, many) == 40_000
    assert await ledger.use_cards(ACCOUNT, many) == 0
    assert await ledger.use_cards(ACCOUNT, ["00000007", "one"]) == 1
    assert await ledger.knows_card(ACCOUNT, "00000007")
    assert not await ledger.knows_card(ACCOUNT, "00000008")


async def test_a_list_that_cannot_be_written(ledger: Ledger, ledger_file: Path) -> None:
    """Test that the old list stays if the new one cannot be taken."""
    await ledger.use_cards(ACCOUNT, ["A"])
    execute(
        ledger_file,
        "CREATE TRIGGER fail BEFORE INSERT ON network_cards BEGIN SELECT raise(ABORT, ''); END",
    )
    with pytest.raises(LedgerError):
        await ledger.use_cards(ACCOUNT, ["B"])
    assert await ledger.knows_card(ACCOUNT, "A")


async def test_the_session_of_a_reference(ledger: Ledger, ledger_file: Path) -> None:
    """Test that a reference leads to its session as it is known now, in each account."""
    await ledger.upsert([ordered("s1", "R1"), ordered("s2", None), ordered("s3", "R3")])
    await ledger.upsert([ordered("s1", "R1", energy=2.0, updated=at(1))])
    await ledger.upsert([ordered("s1", "R1", energy=3.0, updated=at(2))])
    found = await ledger.session_of_reference(ACCOUNT, "R1")
    assert found == await ledger.session(ACCOUNT, "s1")
    assert found
    assert found.energy == 3.0
    assert await ledger.session_of_reference(ACCOUNT, "R2") is None
    assert await ledger.session_of_reference(OTHER_ACCOUNT, "R1") is None
    await ledger.upsert([ordered("x1", "R1", account=OTHER_ACCOUNT)])
    other = await ledger.session_of_reference(OTHER_ACCOUNT, "R1")
    assert other
    assert other.session_id == "x1"
    with sqlite3.connect(ledger_file) as connection:
        assert connection.execute("SELECT count(*) FROM payment_references").fetchone() == (3,)
    connection.close()


async def test_a_reference_that_comes_late(ledger: Ledger) -> None:
    """Test that a session may be known before its reference is."""
    await ledger.upsert([ordered("s1", None)])
    await ledger.upsert([ordered("s1", "R1", updated=at(1))])
    found = await ledger.session_of_reference(ACCOUNT, "R1")
    assert found
    assert found.session_id == "s1"


async def test_a_second_session_of_a_reference(ledger: Ledger) -> None:
    """Test that the session counts that was started last under a reference."""
    failed = ordered("s2", "R1", status=SessionStatus.FAILED)
    again = ordered("s1", "R1", started=at(5))
    await ledger.upsert([again, failed, ordered("s0", "R1", started=None)])
    assert await ledger.session_of_reference(ACCOUNT, "R1") == again


async def test_a_batch_of_references(ledger: Ledger) -> None:
    """Test that more come in at once than a statement can hold."""
    await ledger.upsert(ordered(f"s{n}", f"R{n}") for n in range(1201))
    found = await ledger.session_of_reference(ACCOUNT, "R1200")
    assert found
    assert found.session_id == "s1200"
