"""Run the simulator by itself: ``python -m tests.simulator --port 8400 --autopilot``."""

from argparse import ArgumentParser, Namespace
import asyncio
from datetime import UTC, datetime, timedelta
from signal import SIGINT, SIGTERM
import sys

from . import Simulator


async def _run(options: Namespace) -> None:
    stop = asyncio.Event()
    for signal in (SIGINT, SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal, stop.set)
    start = datetime.now(UTC) - timedelta(seconds=options.ago)
    simulator = Simulator(
        start=start, frozen=False, host=options.host, port=options.port, seed=options.seed
    )
    async with simulator:
        if options.autopilot:
            simulator.autopilot.start()
        sys.stdout.write(f"{simulator.url}\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    """Serve until SIGTERM or SIGINT; the first line of output is the URL."""
    parser = ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8400, help="0 is any free port")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ago", type=float, default=0, help="begin so many seconds ago")
    parser.add_argument("--autopilot", action="store_true", help="cars come and go")
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
