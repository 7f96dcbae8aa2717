"""Run all benchmarks; exit with 1 if one of them misses what it must reach."""

import asyncio

from . import calls, imports, ledger, namespace, park, poll, prices, statistics


def main() -> int:
    """Run them one after the other."""
    reached = [
        asyncio.run(poll.run()),
        asyncio.run(park.run()),
        asyncio.run(namespace.run()),
        asyncio.run(calls.run()),
        asyncio.run(ledger.run()),
        asyncio.run(prices.run()),
        asyncio.run(statistics.run()),
        imports.run(),
    ]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    raise SystemExit(main())
