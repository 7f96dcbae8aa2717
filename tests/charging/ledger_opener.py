"""A program that opens ledgers in processes of their own, and kills these.

For each line on its input, the URL of a ledger and the seconds after which opening it ends with
a kill, it prints how long that took, or that it was killed. It imports the ground floor alone.
"""

import asyncio
import os
import signal
import sys
import time

from charging.ledger import Ledger  # type: ignore[import-not-found] # It is found at run time.


def main() -> None:
    """Open and kill, until there is no more input."""
    for line in sys.stdin:
        url, seconds = line.split()
        began = time.monotonic()
        process = os.fork()
        if process == 0:
            asyncio.run(Ledger(url).open())
            # Without closing it, as a process that is killed a moment later.
            os._exit(0)
        done = False
        while not done and time.monotonic() - began < float(seconds):
            done = os.waitpid(process, os.WNOHANG) != (0, 0)
            time.sleep(0.0002)
        took = time.monotonic() - began
        if not done:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        sys.stdout.write(f"{took:.4f}\n" if done else "killed\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
