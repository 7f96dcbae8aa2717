"""What belongs into one transaction with what is written of sessions."""

from datetime import UTC, datetime

from sqlalchemy import Connection

from .ledger_imports import ImportStep, note_step
from .ledger_links import link
from .ledger_operator import put_references
from .ledger_postings import Postings
from .ledger_units import use_units
from .ledger_upsert import Change, upsert
from .model import Account, EnergyUnit, Session


def write_answers(
    connection: Connection,
    postings: Postings,
    answers: tuple[Session, ...],
    read: datetime | None,
    step: ImportStep | None,
) -> tuple[tuple[Change, ...], frozenset[Account]]:
    """Merge answers; return what changed by them, and for whom there is something to post."""
    changes = upsert(connection, answers, read)
    if step is not None:
        note_step(connection, step, changes)
    put_references(connection, changes)
    link(connection, changes)
    return changes, postings.put(connection, changes, datetime.now(UTC))


def write_units(
    connection: Connection,
    postings: Postings,
    account: Account,
    energy_unit: EnergyUnit,
    currency: str,
) -> frozenset[Account]:
    """Note the units of an account; return for whom there is something to post anew."""
    if not use_units(connection, account, energy_unit, currency):
        return frozenset()
    return postings.renew(connection, account, datetime.now(UTC))
