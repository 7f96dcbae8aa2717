"""A file that is there either whole or not at all, where Home Assistant allows files."""

import os
from pathlib import Path
from tempfile import mkstemp
from typing import TextIO

from homeassistant.core_config import Config

from .service_fields import invalid


class ExportFile:
    """Writes to a temporary file beside the path, and puts it in its place at the end.

    Everything here waits for the disk, so none of it belongs into the event loop. Every method
    raises OSError where the disk does.
    """

    def __init__(self, config: Config, path: str, encoding: str) -> None:
        """Make the temporary file; refused where the path is not one to write to.

        A path that is not absolute is one below the configuration folder.
        """
        self._path = _allowed(config, path)
        # Nobody but the user that Home Assistant runs as may read it: it tells who was where.
        descriptor, name = mkstemp(dir=self._path.parent, prefix=".export-")
        self._draft = Path(name)
        self.out: TextIO = os.fdopen(descriptor, "w", encoding=encoding, newline="")

    def commit(self) -> None:
        """Put the file in its place, instead of one that is there already."""
        self.out.flush()
        os.fsync(self.out.fileno())
        self.out.close()
        self._draft.replace(self._path)

    def discard(self) -> None:
        """Remove what has been written, unless it is in its place."""
        # What cannot be written to a full disk cannot be flushed to it either.
        try:
            self.out.close()
        finally:
            self._draft.unlink(missing_ok=True)


def _allowed(config: Config, path: str) -> Path:
    """Return where a path leads to, with all links followed; refused where it must not."""
    try:
        target = Path(config.path(path))
        is_allowed = "\0" not in path and config.is_allowed_path(str(target))
        folder = target.parent.resolve(strict=True) if is_allowed else target.parent
    except FileNotFoundError as err:
        raise invalid("folder_missing") from err
    except (OSError, ValueError) as err:
        raise invalid("path_not_allowed") from err
    if not is_allowed:
        raise invalid("path_not_allowed")
    if not folder.is_dir():
        raise invalid("folder_missing")
    if (folder / target.name).is_dir():
        raise invalid("path_is_folder")
    return folder / target.name
