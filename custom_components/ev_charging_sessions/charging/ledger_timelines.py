"""The timelines of sessions: the meter values of all answers about them."""

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import batched
from typing import Any

from sqlalchemy import Connection, Select, Update, bindparam, select

from .ledger_query import find_account_row, names
from .ledger_rows import Columns
from .ledger_schema import BATCH, meter_values, sessions
from .merge import meter_values_of
from .model import Account, MeterValue


@cache
def find_timelines() -> Select[Any]:
    """Return the statement for the meter values of some sessions of an account."""
    return (
        select(sessions.c.session_id, meter_values.c.at, meter_values.c.energy)
        .select_from(sessions.join(meter_values))
        .where(
            sessions.c.account == find_account_row().scalar_subquery(),
            sessions.c.session_id.in_(bindparam("session_ids", expanding=True)),
        )
        .order_by(meter_values.c.session, meter_values.c.at)
    )


@cache
def find_meter_values() -> Select[Any]:
    """Return the statement for what is there of some sessions at and after a moment."""
    return select(meter_values).where(
        meter_values.c.session.in_(bindparam("rows", expanding=True)),
        meter_values.c.at >= bindparam("first"),
    )


@cache
def update_meter_value() -> Update:
    """Return the statement that replaces the meter value of one moment."""
    return (
        meter_values.update()
        .where(meter_values.c.session == bindparam("row"), meter_values.c.at == bindparam("moment"))
        .values(energy=bindparam("energy"))
    )


def add_meter_values(connection: Connection, added: Mapping[int, Mapping[int, float]]) -> set[int]:
    """Add kWh by time, in microseconds, to the timelines of some rows of ``sessions``.

    Returns the rows whose timeline is another one now.

    Of two values for the same moment the larger one stays, so the order does not matter.
    """
    if not added:
        return set()
    # New values are mostly the last ones, so of a long timeline next to nothing is read.
    first = min(at for values in added.values() for at in values)
    found = connection.execute(find_meter_values(), {"rows": list(added), "first": first})
    stored: dict[tuple[int, int], float] = {(row.session, row.at): row.energy for row in found}
    new: list[Columns] = []
    changed: list[Columns] = []
    for row, values in added.items():
        for at, energy in values.items():
            known = stored.get((row, at))
            if known is None:
                new.append({"session": row, "at": at, "energy": energy})
            elif energy > known:
                changed.append({"row": row, "moment": at, "energy": energy})
    if new:
        connection.execute(meter_values.insert(), new)
    if changed:
        connection.execute(update_meter_value(), changed)
    return {columns["session"] for columns in new} | {columns["row"] for columns in changed}


def read_timelines(
    connection: Connection, account: Account, session_ids: Iterable[str]
) -> dict[str, tuple[MeterValue, ...]]:
    """Return the timelines of those sessions of an account that have one."""
    found: dict[str, dict[int, float]] = {}
    for batch in batched(session_ids, BATCH, strict=False):
        wanted = {**names(account), "session_ids": batch}
        for session_id, at, energy in connection.execute(find_timelines(), wanted):
            found.setdefault(session_id, {})[at] = energy
    return {session_id: meter_values_of(values) for session_id, values in found.items()}
