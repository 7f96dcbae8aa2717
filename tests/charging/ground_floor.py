"""The ground floor for programs of their own, which find it as ``charging``."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from custom_components.ev_charging_sessions.charging import model


@cache
def _folder() -> TemporaryDirectory[str]:
    """Make a folder with the ground floor alone; it is gone when the tests end.

    Beside it in the package lie modules that have the names of others, such as ``calendar``.
    """
    folder = TemporaryDirectory()
    (Path(folder.name) / "charging").symlink_to(Path(model.__file__).parent)
    return folder


def environment() -> dict[str, str]:
    """Return the environment of a program that uses the ground floor."""
    return {"PYTHONPATH": _folder().name, "PYTHONDONTWRITEBYTECODE": "1"}
