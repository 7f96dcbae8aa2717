"""What the programs that tests start have in common."""

from pathlib import Path

PROJECT = Path(__file__).parents[1]
# Compiling takes longer than all the rest of a start, so it is done once.
CACHE = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(PROJECT / ".dev" / "pycache")}
