"""Files of exports: where they may be, and that they are there as a whole or not at all."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
import resource
import stat
from typing import Any

import pytest

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from tests.home import Home
from tests.past_sessions import add_account, add_archive, ended

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
OLD = "what was there before"


@pytest.fixture
async def allowed(home: Home, tmp_path: Path) -> Path:
    """Return a folder that Home Assistant allows, of a home with an archive."""
    folder = tmp_path / "allowed"
    folder.mkdir()
    (tmp_path / "other").mkdir()
    home.hass.config.allowlist_external_dirs = {str(folder)}
    await add_account(home)
    hour = timedelta(hours=1)
    await add_archive(home, *(ended(home, str(n), OCTOBER + n * hour) for n in range(300)))
    return folder


async def _export(home: Home, path: object, form: str = "csv", **data: Any) -> Any:
    return await home.act("export_sessions", format=form, path=str(path), **data)


def _all_files(folder: Path) -> list[str]:
    """Return what is in a folder and below, also what is hidden."""
    return sorted(path.name for path in folder.rglob("*") if not path.name.startswith("ev_"))


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("csv", b"\xef\xbb\xbfstarted,ended,"),
        ("json", b'{"sessions":['),
        ("statement", b"<!DOCTYPE html>"),
    ],
)
async def test_file(home: Home, allowed: Path, form: str, begins: bytes) -> None:
    """Test that a file has the text of the response, for nobody else on the machine to read."""
    path = allowed / "charging.txt"
    path.write_text(OLD)
    response = await _export(home, path, form)
    assert response == {"path": str(path), "count": 300}
    assert path.read_bytes().startswith(begins)
    answer: Any = await home.act("export_sessions", format=form)
    encoding = "utf-8-sig" if form == "csv" else "utf-8"
    assert path.read_bytes().decode(encoding) == answer["text"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert _all_files(allowed) == ["charging.txt"]


async def test_path_below_the_configuration(home: Home, allowed: Path) -> None:
    """Test that a path that begins nowhere begins in the configuration folder."""
    await _export(home, "allowed/charging.csv")
    assert _all_files(allowed) == ["charging.csv"]


async def test_without_response(home: Home, allowed: Path) -> None:
    """Test that an automation may write a file and not ask for anything."""
    path = allowed / "a.csv"
    data = {"format": "csv", "path": str(path)}
    await home.hass.services.async_call("ev_charging_sessions", "export_sessions", data, True)
    assert path.exists()


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/etc/charging.csv", "path_not_allowed"),
        ("{root}/other/charging.csv", "path_not_allowed"),
        ("{root}/charging.csv", "path_not_allowed"),
        ("{root}/allowed/../other/charging.csv", "path_not_allowed"),
        ("{root}/allowed/missing/../../other/charging.csv", "path_not_allowed"),
        ("{root}/allowed-as-well/charging.csv", "path_not_allowed"),
        ("charging.csv", "path_not_allowed"),
        ("../charging.csv", "path_not_allowed"),
        ("", "path_not_allowed"),
        ("/", "path_not_allowed"),
        ("{root}/allowed/..", "path_not_allowed"),
        ("{root}/allowed/a\0b.csv", "path_not_allowed"),
        ("{root}/allowed/link/charging.csv", "path_not_allowed"),
        ("{root}/allowed/link-to-file.csv", "path_not_allowed"),
        ("{root}/allowed/loop/charging.csv", "path_not_allowed"),
        ("{root}/allowed/missing/charging.csv", "folder_missing"),
        ("{root}/allowed/file/charging.csv", "folder_missing"),
        ("{root}/allowed", "path_is_folder"),
        ("{root}/allowed/folder/", "path_is_folder"),
    ],
)
async def test_paths_that_are_refused(home: Home, allowed: Path, path: str, key: str) -> None:
    """Test that nothing is written outside of the allowed folders, whatever leads there."""
    root = allowed.parent
    (allowed / "link").symlink_to(root / "other")
    (root / "other" / "secret.csv").write_text(OLD)
    (allowed / "link-to-file.csv").symlink_to(root / "other" / "secret.csv")
    (allowed / "loop").symlink_to(allowed / "loop")
    (allowed / "file").write_text(OLD)
    (allowed / "folder").mkdir()
    before = _all_files(root)
    with pytest.raises(ServiceValidationError) as refusal:
        await _export(home, path.format(root=root))
    assert refusal.value.translation_key == key
    assert str(root) not in str(refusal.value)
    assert _all_files(root) == before
    assert (root / "other" / "secret.csv").read_text() == OLD


async def test_dangling_link(home: Home, allowed: Path) -> None:
    """Test that a link to what is not there is replaced, and not followed."""
    target = allowed.parent / "other" / "new.csv"
    (allowed / "link.csv").symlink_to(target)
    await _export(home, allowed / "link.csv")
    assert not target.exists()
    assert not (allowed / "link.csv").is_symlink()


async def test_name_is_too_long(home: Home, allowed: Path) -> None:
    """Test that what the disk refuses is told with its reason, and leaves nothing behind."""
    with pytest.raises(HomeAssistantError, match="File name too long") as failure:
        await _export(home, allowed / ("a" * 300))
    assert failure.value.translation_key == "export_not_written"
    assert _all_files(allowed) == []


@pytest.mark.parametrize("form", ["csv", "json", "statement"])
async def test_disk_is_full(home: Home, allowed: Path, form: str) -> None:
    """Test that a file that does not fit leaves the one that was there, and no half of it."""
    path = allowed / "charging.txt"
    path.write_text(OLD)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The disk of this process takes no more than that from now on.
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, most))
    try:
        with pytest.raises(HomeAssistantError, match="File too large") as failure:
            await _export(home, path, form, start="2026-09-01 00:00:00")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    assert failure.value.translation_key == "export_not_written"
    assert path.read_text() == OLD
    assert _all_files(allowed) == ["charging.txt"]


@pytest.fixture
def read_only(allowed: Path) -> Iterator[Path]:
    """Return the allowed folder for as long as nothing can be made in it."""
    allowed.chmod(0o500)
    yield allowed
    allowed.chmod(0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
async def test_folder_is_read_only(home: Home, read_only: Path) -> None:
    """Test that a folder that cannot be written to is told."""
    with pytest.raises(HomeAssistantError, match="Permission denied") as failure:
        await _export(home, read_only / "a.csv")
    assert failure.value.translation_key == "export_not_written"


async def test_folders_of_home_assistant(home: Home, allowed: Path) -> None:
    """Test that a folder counts as allowed only as itself, and a file in it may be replaced."""
    (allowed / "folder").mkdir()
    await _export(home, allowed / "folder" / ".." / "folder" / "a.csv")
    await _export(home, allowed / "folder" / "a.csv")
    assert _all_files(allowed) == ["a.csv", "folder"]
