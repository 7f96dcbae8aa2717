"""How the benchmarks measure: CPU time, floor and candidate in turn, the best of many rounds."""

from collections.abc import Awaitable, Callable, Mapping
import time

ROUNDS = 25


async def cpu_seconds(
    works: Mapping[str, Callable[[], Awaitable[object]]],
    *,
    repeats: int,
    rounds: int = ROUNDS,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, float]:
    """Return the CPU seconds of one call of each work, in its best round.

    The works take turns in every round, and what other programs do only ever adds: caches go
    cold, the clock slows down. The best of many rounds is what a work costs by itself.
    ``time.process_time`` counts all threads, ``time.thread_time`` the event loop's alone.
    """
    taken: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        await work()
    for _ in range(rounds):
        for name, work in works.items():
            began = clock()
            for _ in range(repeats):
                await work()
            taken[name].append((clock() - began) / repeats)
    return {name: min(values) for name, values in taken.items()}


def report(title: str, value: float, limit: float, unit: str = "x the floor") -> bool:
    """Print one figure beside what it must reach; tell whether it does."""
    is_reached = value <= limit
    verdict = "reached" if is_reached else "MISSED"
    print(f"{title:<66} {value:8.2f} {unit} (to reach: {limit:g}) {verdict}")
    return is_reached
