"""The ground floor for programs of their own, which find it as ``charging``."""

from contextlib import suppress

from tests.programs import CACHE, PROJECT

# Beside it in the package lie modules that have the names of others, such as ``calendar``.
_FOLDER = PROJECT / ".dev" / "ground_floor"


def environment() -> dict[str, str]:
    """Return the environment of a program that uses the ground floor."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        (_FOLDER / "charging").symlink_to("../../custom_components/ev_charging_sessions/charging")
    return {"PYTHONPATH": str(_FOLDER), **CACHE}
