"""A program that measures sessions and posts them, until it is killed.

It prints every post that the network has taken, before the outbox knows of it, and every
session once the ledger has acknowledged its end. It imports the ground floor alone. Its clock
begins at the time that is given, and runs ahead as fast as it must to let sessions settle.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import count
import os
import random
import sys
from typing import Any

from charging.ledger import Ledger  # type: ignore[import-not-found] # It is found at run time.
from charging.ledger_outbox import (  # type: ignore[import-not-found] # The same.
    PostingSource,
)
from charging.model import (  # type: ignore[import-not-found] # The same.
    Account,
    Session,
    SessionStatus,
)
from charging.outbox import Outbox  # type: ignore[import-not-found] # The same.
from freezegun import freeze_time

ACCOUNT = Account(backend="smappee", account_id="a1")
TARGET = Account(backend="plugsurfing", account_id="p1")


def tell(*words: object) -> None:
    """Print one line in one piece."""
    os.write(sys.stdout.fileno(), (" ".join(map(str, words)) + "\n").encode())


async def post(session: Any, _connector_id: str) -> int:
    """Be the network, and take a while to answer after a post is booked."""
    await asyncio.sleep(0)
    tell("booked", session.session_id, session.status, session.energy)
    await asyncio.to_thread(os.sched_yield)
    return 0


async def measure(ledger: Any, clock: Any, prefix: str) -> None:
    """Let one session after the other begin, end and be corrected, for ever."""
    for number in count():
        now = datetime.now(UTC)
        begun = Session(
            account=ACCOUNT,
            session_id=f"{prefix}{number}",
            charge_point_id="CP1",
            card_id="card",
            status=SessionStatus.CHARGING,
            started=now,
            updated=now,
        )
        await ledger.upsert([begun])
        for energy in (1.0, 2.0):
            ended = Session(
                account=ACCOUNT,
                session_id=begun.session_id,
                status=SessionStatus.FINISHED,
                ended=now,
                energy=energy,
                updated=now + timedelta(seconds=energy),
            )
            await ledger.upsert([ended])
            if random.random() < 0.5:
                clock.tick(61)
                await asyncio.sleep(0)
        tell("kept", begun.session_id)


async def main(url: str, clock: Any, prefix: str) -> None:
    """Measure and post."""
    ledger = Ledger(url)
    await ledger.open()
    source = PostingSource(account=ACCOUNT, charge_point_id="CP1", connector_id="E", is_live=True)
    await ledger.outbox.use_sources(TARGET, [source])
    outbox = Outbox(
        TARGET,
        ledger,
        post,
        on_refused=lambda _: None,
        on_trouble=lambda _: None,
        on_change=lambda: None,
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(outbox.run())
        group.create_task(measure(ledger, clock, prefix))


if __name__ == "__main__":
    if "homeassistant" in sys.modules:
        sys.exit("The ground floor must not need Home Assistant")
    with freeze_time(sys.argv[2], tick=True) as frozen:
        asyncio.run(main(sys.argv[1], frozen, sys.argv[3]))
