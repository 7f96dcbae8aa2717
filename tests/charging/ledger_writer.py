"""A program that writes sessions to a ledger until it is killed.

It prints the id of each session once the ledger has acknowledged it. It imports the ground
floor alone, as a program without Home Assistant would.
"""

import asyncio
from itertools import count
import sys

from charging.ledger import Ledger  # type: ignore[import-not-found] # It is found at run time.
from charging.model import (  # type: ignore[import-not-found] # The same.
    Account,
    Session,
    SessionStatus,
)


async def main(url: str) -> None:
    """Write sessions, each with a correction, for ever."""
    ledger = Ledger(url)
    await ledger.open()
    account = Account(backend="smappee", account_id="a1")
    for number in count():
        for energy in (1.0, 2.0):
            session = Session(
                account=account,
                session_id=f"s{number}",
                status=SessionStatus.FINISHED,
                energy=energy,
            )
            await ledger.upsert([session])
        sys.stdout.write(f"s{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    if "homeassistant" in sys.modules:
        sys.exit("The ground floor must not need Home Assistant")
    asyncio.run(main(sys.argv[1]))
