"""A program that imports the past of an account, until it is through or killed.

It prints every slice that the ledger has acknowledged. It uses the ground floor alone.
"""

import asyncio
from datetime import UTC, datetime, timedelta
import os
import sys
from typing import Any

import aiohttp
from charging.backends.cleverev import CleverEV  # type: ignore[import-not-found] # At run time.
from charging.backends.smappee import Smappee  # type: ignore[import-not-found] # The same.
from charging.history import History  # type: ignore[import-not-found] # The same.
from charging.ledger import Ledger  # type: ignore[import-not-found] # The same.
from charging.model import Account, EnergyUnit  # type: ignore[import-not-found] # The same.


def tell(*words: object) -> None:
    """Print one line in one piece."""
    os.write(sys.stdout.fileno(), (" ".join(map(str, words)) + "\n").encode())


def backend_of(session: aiohttp.ClientSession, account: Any, base_url: str) -> Any:
    """Return the backend of an account, with the credentials that the environment holds."""
    if account.backend == "cleverev":
        return CleverEV(
            session,
            account,
            base_url=base_url,
            api_token=os.environ["API_TOKEN"],
            organization_id=None,
            currency="EUR",
            energy_unit=EnergyUnit.WH,
            api_generation="legacy",
            cards=(),
        )
    return Smappee(
        session,
        account,
        client_id=os.environ["CLIENT_ID"],
        client_secret=os.environ["CLIENT_SECRET"],
        username=os.environ["USERNAME"],
        password=os.environ["PASSWORD"],
        service_location_ids=("20001",),
        cards=(),
        keep_tokens=lambda _: None,
        base_url=f"{base_url}/dev/v3",
    )


async def main(url: str, backend: str, base_url: str, days: float) -> None:
    """Begin an import, or go on with the one that was under way."""
    account = Account(backend=backend, account_id="a1")
    ledger = Ledger(url)
    await ledger.open()

    async def keep(past: Any, step: Any) -> Any:
        changes = await ledger.upsert(past.sessions, read=past.read, step=step)
        tell("kept", step.read)
        return changes

    async with aiohttp.ClientSession() as session:
        history = History(
            account,
            backend_of(session, account, base_url),
            ledger,
            keep=keep,
            on_refused=lambda: None,
            spawn=lambda work: asyncio.get_running_loop().create_task(work),
        )
        await history.resume()
        if history.known is None:
            history.begin(datetime.now(UTC) - timedelta(days=days))
        done = await history.finished()
        tell("done", done.read, done.new, done.changed)
    await ledger.close()


if __name__ == "__main__":
    if "homeassistant" in sys.modules:
        sys.exit("The ground floor must not need Home Assistant")
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])))
