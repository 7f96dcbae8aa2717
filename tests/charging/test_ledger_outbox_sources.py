"""Tests of what the outbox takes in: from which charge points, and who hears of it."""

import asyncio
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.errors import LedgerError
from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.ledger_outbox import Posting

from .answers import ACCOUNT, NOON, at
from .ledger_files import execute
from .posts import EVSE, OTHER_TARGET, TARGET, finished, running, source

END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(freezer: FrozenDateTimeFactory) -> None:
    """Let it be noon."""
    freezer.move_to(NOON)


@pytest.fixture
async def live(ledger: Ledger) -> Ledger:
    """Return a ledger with a charge point whose sessions are posted live."""
    await ledger.outbox.use_sources(TARGET, [source()])
    return ledger


async def waiting(ledger: Ledger) -> tuple[Posting, ...]:
    """Return all that waits in the outbox of the target."""
    return await ledger.outbox.due(TARGET, END_OF_TIME, 1000)


async def only(ledger: Ledger) -> Posting:
    """Return the one session that waits in the outbox."""
    (posting,) = await waiting(ledger)
    return posting


async def test_sources_are_replaced(live: Ledger, ledger_file: Path) -> None:
    """Test that the newest set of sources counts, in the next process too."""
    await live.upsert([running("s1")])
    both = [source("CP2"), source("CP3"), source("CP3", connector_id="DE*8PS*E3")]
    await live.outbox.use_sources(TARGET, both)
    await live.upsert([running("s2"), running("s3", charge_point_id="CP2")])
    assert [each.session.session_id for each in await waiting(live)] == ["s1", "s3"]
    await live.close()
    await live.open()
    await live.upsert([running("s4"), running("s5", charge_point_id="CP3")])
    found = await waiting(live)
    assert [each.session.session_id for each in found] == ["s1", "s3", "s5"]
    assert found[-1].connector_id == "DE*8PS*E3"
    # Who has begun to tell of a session goes on to its end.
    await live.upsert([finished("s1")])
    assert finished("s1") in [each.session for each in await waiting(live)]
    await live.outbox.use_sources(TARGET, [])
    await live.upsert([running("s6", charge_point_id="CP3")])
    assert len(await waiting(live)) == 3


async def test_another_process_changes_the_sources(live: Ledger, ledger_file: Path) -> None:
    """Test that a ledger that is opened again does not remember old sources."""
    await live.upsert([running("s1", charge_point_id="CP2")])
    await live.close()
    execute(ledger_file, "UPDATE posting_sources SET charge_point_id = 'CP2'")
    await live.open()
    await live.upsert([running("s2", charge_point_id="CP2"), running("s3")])
    assert [each.session.session_id for each in await waiting(live)] == ["s2"]


async def test_sources_that_cannot_be_written(live: Ledger, ledger_file: Path) -> None:
    """Test that a transaction that fails leaves the sources as they were."""
    await live.upsert([running("s1")])
    execute(
        ledger_file,
        "CREATE TRIGGER fail BEFORE INSERT ON posting_sources BEGIN SELECT raise(ABORT, ''); END",
    )
    with pytest.raises(LedgerError):
        await live.outbox.use_sources(TARGET, [source("CP2")])
    await live.upsert([running("s2"), running("s3", charge_point_id="CP2")])
    assert [each.session.session_id for each in await waiting(live)] == ["s1", "s2"]


async def test_both_or_none(live: Ledger, ledger_file: Path) -> None:
    """Test that a session that cannot be put into the outbox is not written at all."""
    heard: list[int] = []
    live.outbox.on_new(TARGET, lambda: heard.append(1))
    trigger = "CREATE TRIGGER fail BEFORE INSERT ON outbox BEGIN SELECT raise(ABORT, ''); END"
    execute(ledger_file, trigger)
    with pytest.raises(LedgerError):
        await live.upsert([running()])
    assert await live.session(ACCOUNT, "s1") is None
    execute(ledger_file, "DROP TRIGGER fail")
    await asyncio.sleep(0)
    assert heard == []
    await live.upsert([running()])
    assert (await only(live)).session == running()
    assert heard == [1]


async def test_who_listens_hears(live: Ledger) -> None:
    """Test that news are told of one's own outbox, until one has heard enough."""
    heard: list[str] = []
    end = live.outbox.on_new(TARGET, lambda: heard.append("new"))
    live.outbox.on_new(OTHER_TARGET, lambda: heard.append("other"))
    await live.upsert([running()])
    assert heard == ["new"]
    await live.upsert([running(energy=2.0, updated=at(2))])
    await live.upsert([finished("s2", charge_point_id="CP2")])
    assert heard == ["new"]
    await live.upsert([finished(), finished("s3")])
    assert heard == ["new"] * 2
    await live.outbox.add(TARGET, ACCOUNT, "s2", EVSE, NOON)
    assert heard == ["new"] * 3
    await live.outbox.refused(await only_of(live, "s2"), "1")
    assert heard == ["new"] * 3
    await live.outbox.post_again(TARGET)
    assert heard == ["new"] * 4
    await live.outbox.post_again(TARGET)
    end()
    end()
    await live.upsert([running("s4")])
    assert heard == ["new"] * 4


async def only_of(ledger: Ledger, session_id: str) -> Posting:
    """Return the posting of a session."""
    found = [each for each in await waiting(ledger) if each.session.session_id == session_id]
    (posting,) = found
    return posting


async def test_who_asked_need_not_wait(live: Ledger) -> None:
    """Test that news are told even if the one who brought them has gone."""
    heard = asyncio.Event()
    live.outbox.on_new(TARGET, heard.set)
    assert live._executor
    for number in count():
        heard.clear()
        task = asyncio.create_task(live.upsert([running(f"s{number}")]))
        await asyncio.sleep(0)
        while live._executor._work_queue.qsize():  # noqa: ASYNC110 -- another thread empties it
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        # Work that the thread has not quite begun is called off, and that is another story.
        if await live.session(ACCOUNT, f"s{number}") and task.cancelled():
            break
    assert heard.is_set()
