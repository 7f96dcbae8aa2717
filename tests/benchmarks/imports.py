"""How long the integration takes to import, beside core's ``ohme``; Home Assistant is loaded."""

import os
from pathlib import Path
import subprocess
import sys
import tempfile

from .measure import report

ROUNDS = 11
# Frozen, because a collection of all that Home Assistant holds would fall into either by chance.
_TIMED = """
import gc
import importlib
from time import process_time
import homeassistant.bootstrap
from homeassistant.components import {platforms}
gc.collect()
gc.freeze()
began = process_time()
for name in {modules!r}:
    importlib.import_module(name)
print(process_time() - began)
"""
_PLATFORMS = "binary_sensor, button, diagnostics, event, number, select, sensor, switch, time"


def _modules(package: str, folder: Path) -> list[str]:
    """Return every module of a package, those of its sub-packages too."""
    return sorted(
        ".".join((package, *path.relative_to(folder).with_suffix("").parts)).removesuffix(
            ".__init__"
        )
        for path in folder.rglob("*.py")
    )


def _seconds(modules: list[str], cache: str) -> float:
    """Return the CPU seconds of importing them in a new process, compiled before."""
    code = _TIMED.format(modules=modules, platforms=_PLATFORMS)
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache, "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return float(done.stdout)


def run() -> bool:
    """Run the benchmark of the imports."""
    from homeassistant.components import ohme  # noqa: PLC0415 - loads Home Assistant

    ours = Path(__file__).parents[2] / "custom_components" / "ev_charging_sessions"
    packages = {
        "floor": _modules("homeassistant.components.ohme", Path(ohme.__file__).parent),
        "ours": _modules("custom_components.ev_charging_sessions", ours),
    }
    taken: dict[str, list[float]] = {name: [] for name in packages}
    with tempfile.TemporaryDirectory() as cache:
        for modules in packages.values():
            _seconds(modules, cache)
        for _ in range(ROUNDS):
            for name, modules in packages.items():
                taken[name].append(_seconds(modules, cache))
    print(f"  ours {min(taken['ours']) * 1e3:.1f} ms, ohme {min(taken['floor']) * 1e3:.1f} ms")
    ratio = min(taken["ours"]) / min(taken["floor"])
    return report("Import of all modules, beside core's ohme", ratio, 1.3)


if __name__ == "__main__":
    raise SystemExit(not run())
