"""What the statistics of an account should say: its energy and cost by clock hour."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from msgspec import Struct, field
from sqlalchemy import BindParameter, Connection, Select, bindparam, or_, select

from .energy import HOUR, charging_interval, course, parts_of, spread
from .ledger_outbox import Work
from .ledger_query import find_account_row, names, uncounted
from .ledger_rows import plain_rows, session_from_columns
from .ledger_schema import BATCH, IS_OPEN, meter_values, sessions
from .ledger_statistics import Due, clear_due, mark_account_due, read_due
from .ledger_tariffs import Tariffs
from .model import Account

type Parts = dict[int, int]
"""Parts of a kWh or of a unit of money (see ``energy``) by hour."""


class Hours(Struct, frozen=True):
    """What lies in the hours of a charge point; hours without anything are left out."""

    energy: Parts = field(default_factory=dict)
    cost: Parts = field(default_factory=dict)


@cache
def find_points() -> Select[Any]:
    """Return the statement for the charge points of an account that are known to have been used."""
    return (
        select(sessions.c.charge_point_id)
        .where(sessions.c.account == find_account_row().scalar_subquery())
        .distinct()
    )


@cache
def find_charges() -> Select[Any]:
    """Return the statement for some of the sessions that may lie in or after an hour.

    With the bare account SQLite would find all its sessions in an index, and sort them, for
    each slice. Adding nothing has it go on in the table where the last slice has ended.
    """
    since: BindParameter[int] = bindparam("since")
    return (
        select(
            sessions.c.id,
            sessions.c.charge_point_id,
            sessions.c.status,
            sessions.c.started,
            sessions.c.ended,
            sessions.c.updated,
            sessions.c.energy,
            sessions.c.cost,
            sessions.c.currency,
            sessions.c.cost_source,
            sessions.c.details,
        )
        .where(
            sessions.c.account + 0 == find_account_row().scalar_subquery(),
            sessions.c.id > bindparam("last"),
            or_(sessions.c.energy.is_not(None), sessions.c.cost.is_not(None)),
            or_(
                IS_OPEN,
                sessions.c.started.is_(None),
                sessions.c.ended.is_(None),
                sessions.c.started >= since,
                sessions.c.ended >= since,
            ),
            sessions.c.id.not_in(uncounted()),
        )
        .order_by(sessions.c.id)
        .limit(BATCH)
    )


@cache
def find_readings() -> Select[Any]:
    """Return the statement for the timelines of some rows of ``sessions``."""
    return select(meter_values).where(meter_values.c.session.in_(bindparam("rows", expanding=True)))


class LedgerStatistics:
    """The statistics of accounts: which of them are wrong, and what they should say.

    The empty charge point stands for sessions of which nobody knows where they were. Sessions
    that another one stands for do not count. Every method raises LedgerError.
    """

    def __init__(self, read: Work, write: Work) -> None:
        """Use the transactions of a ledger."""
        self._read = read
        self._write = write
        self._listeners: set[Callable[[], None]] = set()

    def on_change(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back, in the event loop, when statistics may have become wrong.

        Returns how to end that.
        """
        self._listeners.add(callback)
        return lambda: self._listeners.discard(callback)

    def tell(self) -> None:
        """Tell those who listen that sessions have been written."""
        for callback in tuple(self._listeners):
            callback()

    async def due(self, account: Account) -> Mapping[str, Due]:
        """Return which statistics are wrong, by charge point."""
        return await self._read(read_due, account)

    async def clear(self, account: Account, written: Mapping[str, Due]) -> None:
        """Note that what was due has been written; what has changed since stays due."""
        await self._write(clear_due, account, written)

    async def mark_all(self, account: Account) -> None:
        """Note that all statistics of an account are wrong."""
        await self._write(mark_account_due, account)

    async def points(self, account: Account) -> frozenset[str]:
        """Return all charge points of an account that have sessions."""
        return await self._read(_points, account)

    async def hours(self, account: Account, since: int, currency: str) -> Mapping[str, Hours]:
        """Return what lies in an hour and those after it, by charge point.

        The cost is that in one currency (ISO 4217). It is read in slices, so that a poll does
        not have to wait for years of sessions.
        """
        found: dict[str, Hours] = {}
        last = 0
        while True:
            last, slice_ = await self._read(_slice, account, since, currency, last)
            for point, hours in slice_.items():
                known = found.setdefault(point, Hours())
                _add(known.energy, hours.energy, since)
                _add(known.cost, hours.cost, since)
            if not last:
                return found


def _points(connection: Connection, account: Account) -> frozenset[str]:
    found = connection.execute(find_points(), names(account)).scalars()
    return frozenset(point or "" for point in found)


def _slice(
    connection: Connection, account: Account, since: int, currency: str, last: int
) -> tuple[int, dict[str, Hours]]:
    """Return what some sessions say, and the number of the last one if there may be more."""
    wanted = {**names(account), "since": since * HOUR, "last": last}
    rows = plain_rows(connection.execute(find_charges(), wanted))
    readings = _readings(connection, [row["id"] for row in rows])
    tariffs = Tariffs(connection)
    found: dict[str, Hours] = {}
    for row in rows:
        hours = found.setdefault(row["charge_point_id"] or "", Hours())
        session = session_from_columns(account, "", row, tariffs)
        interval = charging_interval(session)
        if interval is None:
            continue
        stretches = course(interval, readings.get(row["id"], {}), session.energy)
        if session.energy is not None:
            _add(hours.energy, spread(stretches, parts_of(session.energy)), since)
        if session.cost is not None and session.cost.currency == currency:
            _add(hours.cost, spread(stretches, parts_of(session.cost.amount)), since)
    return (rows[-1]["id"] if len(rows) == BATCH else 0), found


def _readings(connection: Connection, rows: Sequence[int]) -> dict[int, dict[int, float]]:
    found: dict[int, dict[int, float]] = {}
    for row in connection.execute(find_readings(), {"rows": rows}):
        found.setdefault(row.session, {})[row.at] = row.energy
    return found


def _add(parts: Parts, more: Parts, since: int) -> None:
    for hour, part in more.items():
        if hour >= since:
            parts[hour] = parts.get(hour, 0) + part
