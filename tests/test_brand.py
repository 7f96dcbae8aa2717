"""Tests that the images of the brand are what Home Assistant's frontend expects of them."""

from pathlib import Path
import re
import struct

import pytest

from tests.texts import FOLDER, ROOT

IMAGES = FOLDER / "brand"
DRAWINGS = ROOT / "docs" / "brand"
NAMES = ["dark_icon", "dark_logo", "icon", "logo"]
MOST_BYTES = 100_000


def _header(image: Path) -> tuple[int, int, int]:
    """Return the width and height of a PNG file, and the kind of its colours."""
    data = image.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert data[12:16] == b"IHDR"
    width, height, _, colour = struct.unpack(">IIBB", data[16:26])
    return width, height, colour


def test_all_are_there() -> None:
    """Test that each drawing has its image in both sizes, and no image is left over."""
    assert sorted(path.stem for path in DRAWINGS.glob("*.svg")) == NAMES
    wanted = {f"{name}{suffix}.png" for name in NAMES for suffix in ("", "@2x")}
    assert {path.name for path in IMAGES.iterdir()} == wanted


@pytest.mark.parametrize("name", NAMES)
def test_sizes(name: str) -> None:
    """Test that an image has the size of its drawing and twice that, and is transparent."""
    text = (DRAWINGS / f"{name}.svg").read_text()
    ((width, height),) = re.findall(r'viewBox="0 0 (\d+) (\d+)"', text)
    width, height = int(width), int(height)
    assert height == 256
    assert (width == height) is name.endswith("icon")
    assert width >= height
    for scale, suffix in ((1, ""), (2, "@2x")):
        image = IMAGES / f"{name}{suffix}.png"
        # 6 is true colour with transparency.
        assert _header(image) == (width * scale, height * scale, 6)
        assert image.stat().st_size < MOST_BYTES


def test_dark_ones_differ() -> None:
    """Test that a dark background gets images of its own."""
    for name in ("icon", "logo"):
        for suffix in ("", "@2x"):
            bright, dark = (IMAGES / f"{kind}{name}{suffix}.png" for kind in ("", "dark_"))
            assert bright.read_bytes() != dark.read_bytes()


def test_drawings_need_no_font() -> None:
    """Test that the drawings are made of shapes, so that they look the same everywhere."""
    for drawing in DRAWINGS.glob("*.svg"):
        assert not re.search(r"<text|<image|font|href", drawing.read_text())
