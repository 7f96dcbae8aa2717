"""The life of a real Home Assistant, from its start until somebody kills it.

Importing it takes four times as long as all the rest of a start, so one process does that once,
and each life is a fork of it. Nothing of a life before is in its memory, for nothing ever runs
in the process that is forked.
"""

import multiprocessing
from multiprocessing.process import BaseProcess
import os
from pathlib import Path
import sys

from homeassistant import __main__
from homeassistant.bootstrap import DEFAULT_INTEGRATIONS

from tests.programs import PROJECT

OUTPUT = "output.log"


def new_life(folder: Path) -> BaseProcess:
    """Return a process that will be Home Assistant in a folder of its own."""
    context = multiprocessing.get_context("forkserver")
    components = (f"homeassistant.components.{domain}" for domain in DEFAULT_INTEGRATIONS)
    context.set_forkserver_preload([__name__, *components])
    return context.Process(target=_live, args=(folder,))


def _live(folder: Path) -> None:
    output = os.open(folder / OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(output, stream.fileno())
    os.chdir(folder)
    # Of two folders ``custom_components`` a package wins, and that is the project's.
    sys.path[:] = [str(folder), *(each for each in sys.path if Path(each) != PROJECT)]
    sys.argv = ["hass", "--config", str(folder), "--skip-pip"]
    sys.exit(__main__.main())
