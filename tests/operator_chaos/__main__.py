"""Runs the chaos with any seed: ``python -m tests.operator_chaos --seed 5 --times 10``."""

import argparse
import asyncio
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
import time

from .chaos import run


def main() -> None:
    """Run as many seeds as asked for, and tell what was wrong in which."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--stays", type=int, default=200)
    parser.add_argument("--kills", type=int, default=45)
    parser.add_argument("--poles", type=int, default=16)
    asked = parser.parse_args()
    is_good = True
    for seed in range(asked.seed, asked.seed + asked.times):
        began = time.monotonic()
        with TemporaryDirectory() as folder:
            result = asyncio.run(
                run(
                    Path(folder),
                    seed=seed,
                    stays=asked.stays,
                    kills=asked.kills,
                    poles=asked.poles,
                )
            )
        print(  # noqa: T201 - it talks to a person
            f"seed {seed}: {result.sessions} sessions, {result.posts} posts, {result.kills} kills,"
            f" {len(result.findings)} findings, {time.monotonic() - began:.0f} s {result.mishaps}",
            *result.findings,
            sep="\n  ",
            flush=True,
        )
        is_good = is_good and not result.findings
    sys.exit(not is_good)


if __name__ == "__main__":
    main()
