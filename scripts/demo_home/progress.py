"""What the demo tells whoever watches it."""

from collections.abc import Iterator
from contextlib import contextmanager
import sys
from time import monotonic


@contextmanager
def step(name: str) -> Iterator[None]:
    """Announce a step to a person, and say how long it took once it is done."""
    back = ""
    if sys.stdout.isatty():
        print(f"  … {name}", end="", flush=True)
        back = "\r"
    start = monotonic()
    try:
        yield
    except BaseException:
        print(f"{back}  ✗ {name}", flush=True)
        raise
    print(f"{back}  ✓ {name} ({monotonic() - start:.1f} s)", flush=True)
