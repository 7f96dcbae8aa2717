"""Run the demo: ``scripts/demo``, or ``scripts/demo --check`` without a person."""

from argparse import ArgumentParser
import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
import shutil
from signal import SIGINT, SIGTERM
import sys
from tempfile import mkdtemp
from typing import Any

from . import dashboard, past
from .check import Checks
from .devices import read_devices
from .home_assistant import PASSWORD, USERNAME
from .house import open_house
from .processes import PROJECT, DemoError
from .progress import step

_STATE = PROJECT / ".dev" / "demo"
_SECONDS_FOR_CHECK = 600
_SECONDS_BETWEEN_LOOKS = 10


async def _show() -> None:
    """Run until Ctrl+C."""
    print("Starting the demo. Its state lies in .dev/demo.")
    async with open_house(_STATE, with_usual_port=True) as house:
        with step("months of sessions, read from the networks"):
            await past.read(house)
        with step("cars that come and go"):
            await house.simulator.post("autopilot", on=True)
            # Without a session these look rarely, but when they are loaded they look at all.
            for entry_id in (house.shell_id, house.park_id):
                await house.home.call("homeassistant.reload_config_entry", {"entry_id": entry_id})
        with step("dashboard"):
            shown = await dashboard.save(house)
        print(
            f"\n  Open   {house.home.url}/{dashboard.URL_PATH}"
            f"\n  Login  {USERNAME} / {PASSWORD}"
            "\n\n  Sessions come and go by themselves. The car at the first charge point waits for"
            "\n  you, and the one at North 1 in the park stays for you to pause it, or to limit it."
            "\n  In the namespace a car waits at Hotel Entrance 1 1. The one in the garage is full"
            "\n  and soon pays for its place. Repairs doubt a wrong bill after six minutes."
            "\n  At the front pole of the guest house a car waits for you to start it in the app of"
            "\n  the network, which then calls this Home Assistant. The months before are in the"
            "\n  archive, the calendar and the Energy dashboard."
            "\n\n  Ctrl+C ends the demo; the next start is faster.\n",
            flush=True,
        )
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            # Sessions make charge points known that nobody added, and prices that have a fee.
            if dashboard.size(await read_devices(house.home)) != shown:
                shown = await dashboard.save(house)


async def _check() -> None:
    """Run every check in a house of its own, and keep that only if something is wrong."""
    _STATE.parent.mkdir(exist_ok=True)
    folder = Path(mkdtemp(prefix="check-", dir=_STATE.parent))
    print("Checking the demo without a person.")
    try:
        async with (
            asyncio.timeout(_SECONDS_FOR_CHECK),
            open_house(folder) as house,
        ):
            with step("dashboard"):
                await dashboard.save(house)
            await Checks(house, folder).run()
    except BaseException:
        print(f"The logs lie in {folder.relative_to(PROJECT)}.")
        raise
    shutil.rmtree(folder)
    print("All is well.")


def main() -> int:
    """Return 0 when all went well, 1 when not, 130 after Ctrl+C."""
    parser = ArgumentParser(prog="scripts/demo", description="See EV Charging Sessions at work.")
    parser.add_argument("--check", action="store_true", help="check it all without a person")
    parser.add_argument("--reset", action="store_true", help="forget the state of earlier demos")
    options = parser.parse_args()
    try:
        if options.check:
            asyncio.run(_until_told(_check()))
        else:
            with _only_one():
                if options.reset:
                    shutil.rmtree(_STATE, ignore_errors=True)
                asyncio.run(_until_told(_show()))
    except DemoError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except TimeoutError:
        print("\nIt took too long.", file=sys.stderr)
        return 1
    except asyncio.CancelledError:
        print("\nStopped.")
        return 130 if options.check else 0
    return 0


@contextmanager
def _only_one() -> Iterator[None]:
    """Keep a second demo from the state of a running one."""
    _STATE.parent.mkdir(exist_ok=True)
    with _STATE.with_suffix(".lock").open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except OSError:
            raise DemoError("The demo already runs.") from None
        yield


async def _until_told(work: Coroutine[Any, Any, None]) -> None:
    """Let Ctrl+C and a polite kill end the work in the same way."""
    if task := asyncio.current_task():
        for signal in (SIGINT, SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signal, task.cancel)
    await work


if __name__ == "__main__":
    sys.exit(main())
