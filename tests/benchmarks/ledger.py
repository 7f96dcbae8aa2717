"""What the ledger costs with 100,000 sessions in it, beside plain ``sqlite3``.

The floors do by hand what the ledger does: on a copy of the same file, with the same columns and
indexes, and with values of the same kinds. They know neither links nor revisions nor an outbox.
"""

import asyncio
from collections.abc import Iterable, Sequence
from copy import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import json
from pathlib import Path
import random
import shutil
import sqlite3
import tempfile
import time
from typing import Any
import uuid

from custom_components.ev_charging_sessions.charging.ledger import Ledger, SessionQuery
from custom_components.ev_charging_sessions.charging.model import (
    Account,
    Cost,
    Session,
    SessionStatus,
    Source,
)
from tests import ha_compat  # noqa: F401 - loads what must come before Home Assistant

from .measure import cpu_seconds, report
from .server import evse_id

SESSIONS = 100_000
OPEN = CHANGED = 100
ACCOUNT = Account(backend="shell_recharge", account_id="0123456789abcdef")
START = datetime(2021, 11, 21, 7, tzinfo=UTC)
STEP = timedelta(minutes=25)
MONTH = (datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC))
_US = 1_000_000


def _session(number: int) -> Session:
    """Return a session as networks tell it: a time stamp, a meter at its end, a price."""
    started = START + STEP * number
    is_open = number >= SESSIONS - OPEN
    ended = None if is_open else started + timedelta(hours=2)
    chance = random.Random(number)
    energy = round(chance.uniform(1, 60), 3)
    cost = Cost(amount=Decimal(round(energy * 45)) / 100, currency="EUR", source=Source.REPORTED)
    return Session(
        account=ACCOUNT,
        session_id=str(uuid.UUID(int=number * 0x9E3779B97F4A7C15 % 2**128)),
        charge_point_id=evse_id(number % 50),
        card_id="NL-TNM-C00122045-K",
        status=SessionStatus.CHARGING if is_open else SessionStatus.FINISHED,
        started=started,
        ended=ended,
        energy=energy,
        energy_source=Source.METERED,
        cost=None if is_open else cost,
        stop_reason=None if is_open else "Remote",
        updated=ended or started,
    )


def _chunks(size: int) -> Iterable[list[Session]]:
    for begin in range(0, SESSIONS, size):
        yield [_session(number) for number in range(begin, begin + size)]


def _microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * _US)


class Floor:
    """The same file in the hands of somebody who knows SQL and needs nothing but this."""

    def __init__(self, file: Path) -> None:
        """Open the file."""
        self._connection = sqlite3.connect(file)
        self._connection.execute("PRAGMA synchronous=FULL")
        self.month = tuple(map(_microseconds, MONTH))

    async def totals(self) -> tuple[int, float, float, dict[str, Decimal]]:
        """Return what ``Ledger.totals`` does, with exact sums of money."""
        start, end = self.month
        where = (
            " FROM sessions JOIN accounts ON accounts.id = sessions.account"
            " WHERE backend = ? AND account_id = ? AND started < ?"
            " AND started IS NOT NULL AND (status < 90 OR ended > ? OR started >= ?)"
        )
        asked = (ACCOUNT.backend, ACCOUNT.account_id, end, start, start)
        count, energy, duration = self._connection.execute(
            "SELECT count(*), sum(energy),"
            " sum(CASE WHEN status < 90 THEN NULL ELSE max(ended - started, 0) END)" + where,
            asked,
        ).fetchone()
        costs: dict[str, Decimal] = {}
        for currency, cost, times in self._connection.execute(
            "SELECT sessions.currency, cost, count(*)"
            + where
            + " AND cost IS NOT NULL GROUP BY 1, 2",
            asked,
        ):
            costs[currency] = costs.get(currency, Decimal(0)) + Decimal(cost) * times
        return count, energy, duration / _US, costs

    async def rows(self) -> list[Session]:
        """Return what ``Ledger.sessions`` does, as the same kind of values."""
        start, end = self.month
        rows = self._connection.execute(
            "SELECT sessions.*, backend, account_id FROM sessions"
            " JOIN accounts ON accounts.id = sessions.account"
            " WHERE backend = ? AND account_id = ? AND started < ?"
            " AND started IS NOT NULL AND (status < 90 OR ended > ? OR started >= ?)"
            " ORDER BY started DESC, session_id",
            (ACCOUNT.backend, ACCOUNT.account_id, end, start, start),
        )
        return [_row(*row) for row in rows]

    async def upsert(self, sessions: Sequence[Session]) -> list[tuple[Session | None, Session]]:
        """Write what is new, and return before and after of each session, as the ledger does."""
        before = {
            row[2]: _row(*row)
            for row in self._connection.execute(
                "SELECT sessions.*, backend, account_id FROM sessions"
                " JOIN accounts ON accounts.id = sessions.account"
                " WHERE account = 1 AND session_id IN (SELECT value FROM json_each(?))",
                [json.dumps([each.session_id for each in sessions])],
            )
        }
        changed = [
            (before.get(each.session_id), each)
            for each in sessions
            if before.get(each.session_id) != each
        ]
        await self.write([after for _, after in changed])
        return changed

    async def write(self, sessions: Iterable[Session]) -> None:
        """Write the columns of some sessions by their keys, whatever is there."""
        self._connection.executemany(
            "INSERT INTO sessions (account, session_id, charge_point_id, card_id, status, started,"
            " ended, updated, energy, energy_source, cost, currency, cost_source, stop_reason)"
            " VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?)"
            " ON CONFLICT (account, session_id) DO UPDATE SET"
            " charge_point_id = excluded.charge_point_id, card_id = excluded.card_id,"
            " status = excluded.status, started = excluded.started, ended = excluded.ended,"
            " updated = excluded.updated, energy = excluded.energy,"
            " energy_source = excluded.energy_source, cost = excluded.cost,"
            " currency = excluded.currency, cost_source = excluded.cost_source,"
            " stop_reason = excluded.stop_reason"
            " WHERE excluded.updated > updated",
            [
                (
                    each.session_id,
                    each.charge_point_id,
                    each.card_id,
                    90 if each.ended else 40,
                    each.started and _microseconds(each.started),
                    each.ended and _microseconds(each.ended),
                    each.updated and _microseconds(each.updated),
                    each.energy,
                    each.cost and str(each.cost.amount),
                    each.cost and each.cost.currency,
                    2 if each.cost else None,
                    each.stop_reason,
                )
                for each in sessions
            ],
        )
        self._connection.commit()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


_STATUS = {40: SessionStatus.CHARGING, 90: SessionStatus.FINISHED}
_SOURCE = {1: Source.METERED, 2: Source.REPORTED}


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else datetime.fromtimestamp(microseconds / _US, UTC)


def _row(*row: Any) -> Session:
    cost = None
    if row[11] is not None:
        cost = Cost(amount=Decimal(row[11]), currency=row[12], source=_SOURCE[row[13]])
    return Session(
        account=Account(backend=row[-2], account_id=row[-1]),
        session_id=row[2],
        charge_point_id=row[3],
        card_id=row[4],
        status=_STATUS[row[5]],
        started=_moment(row[6]),
        ended=_moment(row[7]),
        updated=_moment(row[8]),
        energy=row[9],
        energy_source=_SOURCE[row[10]],
        cost=cost,
        stop_reason=row[14],
        error_code=row[15],
    )


async def _longest_block(work: Any, rounds: int = 5) -> float:
    """Return for how many milliseconds the event loop was late at most, in the best round."""
    found = []
    for _ in range(rounds):
        longest, task = 0.0, asyncio.create_task(work())
        while not task.done():
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - began - 0.001)
        await task
        found.append(longest)
    return min(found) * 1e3


class Changes:
    """News about some sessions that are open or have just ended, newer each time."""

    def __init__(self) -> None:
        """Begin with what is in the ledger."""
        self._sessions = [_session(number) for number in range(SESSIONS - CHANGED, SESSIONS)]

    def next(self, count: int = CHANGED) -> list[Session]:
        """Return the sessions with more energy."""
        self._sessions = [
            replace(
                each,
                energy=(each.energy or 0) + 0.125,
                updated=(each.updated or START) + timedelta(seconds=1),
            )
            for each in self._sessions
        ]
        return self._sessions[-count:]


async def run() -> bool:
    """Run the benchmarks of the ledger."""
    with tempfile.TemporaryDirectory() as folder:
        path, copy = Path(folder) / "ledger.db", Path(folder) / "copy.db"
        url = f"sqlite:///{path}"
        ledger = Ledger(url)
        await ledger.open()
        for chunk in _chunks(2000):
            await ledger.upsert(chunk)
        await ledger.close()
        size = path.stat().st_size / SESSIONS
        shutil.copy(path, copy)
        await ledger.open()
        floor = Floor(copy)
        query = SessionQuery(accounts=(ACCOUNT,), start=MONTH[0], end=MONTH[1])
        totals, rows = await ledger.totals(query), await ledger.sessions(query)
        assert (totals.count, totals.duration) == (await floor.totals())[::2]
        assert totals.cost == (await floor.totals())[3]
        assert list(rows) == await floor.rows()
        print(f"  a month has {totals.count} sessions")
        ours, theirs = Changes(), Changes()

        async def upsert_one() -> None:
            assert len(await ledger.upsert(ours.next(1))) == 1

        async def upsert() -> None:
            assert len(await ledger.upsert(ours.next())) == CHANGED

        async def no_upsert() -> None:
            ours.next()

        taken = await cpu_seconds(
            {
                "totals": lambda: ledger.totals(query),
                "totals floor": floor.totals,
                "rows": lambda: ledger.sessions(query),
                "rows floor": floor.rows,
                "one": upsert_one,
                "one floor": lambda: floor.upsert(theirs.next(1)),
                "upsert": upsert,
                "upsert floor": lambda: floor.upsert(theirs.next()),
                "write": lambda: floor.write(theirs.next()),
                "news": no_upsert,
            },
            repeats=3,
        )
        # What the benchmark itself does to have news is no work of either.
        for name in ("one", "one floor", "upsert", "upsert floor", "write"):
            taken[name] -= taken["news"]
        print(f"  one upsert: {taken['one'] / taken['one floor']:.1f} x one with plain sqlite3")
        print(
            f"  upsert of 100: {taken['upsert'] / taken['write']:.1f} x writing them"
            " without a look at what is there"
        )
        title = "Ledger of 100,000 sessions, "
        reached = [
            report(f"{title}totals of a month", taken["totals"] / taken["totals floor"], 1.5),
            report(f"{title}a month's rows", taken["rows"] / taken["rows floor"], 1.5),
            report(f"{title}upsert of 100 rows", taken["upsert"] / taken["upsert floor"], 4),
            report(f"{title}one upsert", taken["one"] * 1e3, 2, "ms"),
            report(f"{title}size on disk", size, 400, "bytes a session"),
        ]
        works = {
            "totals of all": lambda: ledger.totals(SessionQuery()),
            "a month's rows": lambda: ledger.sessions(query),
            "upsert of 100 rows": upsert,
        }
        for name, work in works.items():
            block = await _longest_block(work)
            reached.append(report(f"{title}block by {name}", block, 20, "ms"))
        floor.close()
        await ledger.close()

        opened: list[float] = []
        for _ in range(15):
            began = time.process_time()
            ledger = Ledger(url)
            await ledger.open()
            found = await ledger.open_sessions(ACCOUNT)
            opened.append(time.process_time() - began)
            assert len(found) == OPEN
            await ledger.close()
        reached.append(
            report(
                f"{title}open and load the open ones",
                sorted(opened)[len(opened) // 2] * 1e3,
                10,
                "ms of CPU",
            )
        )
        # As after a crash: then all pages are looked at.
        path.with_name(f"{path.name}-wal").touch()
        began = time.process_time()
        await ledger.open()
        print(f"  open after a crash: {(time.process_time() - began) * 1e3:.0f} ms of CPU")
        await ledger.close()
        return all(reached)


if __name__ == "__main__":
    raise SystemExit(not asyncio.run(run()))
