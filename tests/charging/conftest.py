"""What the tests of the ledger share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.ev_charging_sessions.charging.ledger import Ledger


@pytest.fixture
def ledger_file(tmp_path: Path) -> Path:
    """Return where the ledger of a test lies."""
    return tmp_path / "ledger.db"


@pytest.fixture
async def ledger(ledger_file: Path) -> AsyncIterator[Ledger]:
    """Return an open ledger in a new file."""
    ledger = Ledger(f"sqlite:///{ledger_file}")
    await ledger.open()
    yield ledger
    await ledger.close()
