"""What the ledger costs with 100,000 sessions in it, beside plain ``sqlite3``."""

import asyncio
from collections.abc import Iterable
from copy import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import sqlite3
import tempfile
import time
import uuid

from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.model import Account, Session, SessionStatus
from tests import ha_compat  # noqa: F401 - loads what must come before Home Assistant

from .measure import cpu_seconds, report
from .server import evse_id

SESSIONS = 100_000
OPEN = 5
ACCOUNT = Account(backend="shell_recharge", account_id="0123456789abcdef")
START = datetime(2021, 11, 21, 7, tzinfo=UTC)


def _session(number: int) -> Session:
    started = START + timedelta(minutes=25 * number)
    is_open = number >= SESSIONS - OPEN
    ended = None if is_open else started + timedelta(hours=2)
    return Session(
        account=ACCOUNT,
        session_id=str(uuid.UUID(int=number * 0x9E3779B97F4A7C15 % 2**128)),
        charge_point_id=evse_id(number % 50),
        card_id="NL-TNM-C00122045-K",
        status=SessionStatus.CHARGING if is_open else SessionStatus.FINISHED,
        started=started,
        ended=ended,
        updated=ended or started,
    )


def _chunks(size: int) -> Iterable[list[Session]]:
    for begin in range(0, SESSIONS, size):
        yield [_session(number) for number in range(begin, begin + size)]


async def run() -> bool:
    """Run the benchmarks of the ledger."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        url = f"sqlite:///{path}"
        ledger = Ledger(url)
        await ledger.open()
        for chunk in _chunks(2000):
            await ledger.upsert(chunk)
        session = _session(SESSIONS - 1)
        plain = sqlite3.connect(path)
        plain.execute("CREATE TABLE plain (id TEXT PRIMARY KEY, updated INTEGER)")
        plain.execute("INSERT INTO plain VALUES (?, 0)", (session.session_id,))
        plain.commit()

        async def floor() -> None:
            plain.execute(
                "INSERT INTO plain VALUES (?, 1) ON CONFLICT DO UPDATE SET updated = updated + 1",
                (session.session_id,),
            )
            plain.commit()

        async def upsert() -> None:
            nonlocal session
            assert session.updated
            session = replace(session, updated=session.updated + timedelta(seconds=1))
            assert len(await ledger.upsert([session])) == 1

        taken = await cpu_seconds({"floor": floor, "upsert": upsert}, repeats=20)
        print(f"  one upsert: {taken['upsert'] / taken['floor']:.1f} x one with plain sqlite3")
        is_reached = report(
            "Ledger of 100,000 sessions, one upsert", taken["upsert"] * 1e3, 2, "ms"
        )
        plain.close()
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
        size = path.stat().st_size / SESSIONS
        print(f"  {size:.0f} bytes a session on disk")
        return (
            report(
                "Ledger of 100,000 sessions, open and load the open ones",
                sorted(opened)[len(opened) // 2] * 1e3,
                10,
                "ms of CPU",
            )
            and is_reached
        )


if __name__ == "__main__":
    raise SystemExit(not asyncio.run(run()))
