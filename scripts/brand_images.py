"""Make the images of ``brand/`` from the drawings in ``docs/brand``, with Chromium.

Run as ``.venv/bin/python -m scripts.brand_images``. The drawings hold shapes only, no letters of a
font, so they look the same on every machine.
"""

from pathlib import Path
import re
import subprocess
from tempfile import TemporaryDirectory

from PIL import Image

from tests.browser.chromium import find_chromium

_ROOT = Path(__file__).parent.parent
_DRAWINGS = _ROOT / "docs" / "brand"
_IMAGES = _ROOT / "custom_components" / "ev_charging_sessions" / "brand"


def _make(chromium: str, drawing: Path, scale: int, file: Path) -> None:
    """Render a drawing at its own size, or twice that."""
    svg = drawing.read_text()
    (size,) = re.findall(r'viewBox="0 0 (\d+) (\d+)"', svg)
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        page, shot = Path(folder) / "page.html", Path(folder) / "shot.png"
        page.write_text(f"<style>body{{margin:0}}svg{{display:block}}</style>{svg}")
        subprocess.run(
            [
                chromium,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--force-color-profile=srgb",
                f"--force-device-scale-factor={scale}",
                "--default-background-color=00000000",
                f"--user-data-dir={folder}/profile",
                f"--window-size={','.join(size)}",
                f"--screenshot={shot}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
        )
        with Image.open(shot) as image:
            image.save(file, optimize=True)


def main() -> None:
    """Make every image anew."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("This needs Chromium.")
    for drawing in sorted(_DRAWINGS.glob("*.svg")):
        for scale, suffix in ((1, ""), (2, "@2x")):
            file = _IMAGES / f"{drawing.stem}{suffix}.png"
            _make(chromium, drawing, scale, file)
            print(file.relative_to(_ROOT), file.stat().st_size)


if __name__ == "__main__":
    main()
