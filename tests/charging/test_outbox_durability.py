"""Tests of what is posted when processes die, and in whatever order things become known."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
import random
import signal
import subprocess
import sys

from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from hypothesis import given, settings, strategies as st

from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.model import Session
from custom_components.ev_charging_sessions.charging.outbox import Outbox
from custom_components.ev_charging_sessions.charging.postings import is_worth_posting

from .answers import ACCOUNT, ANSWERS, NOON
from .ground_floor import environment
from .posts import TARGET, Clock, source

END_OF_TIME = datetime.max.replace(tzinfo=UTC)
RUNS = 4


async def run_and_kill(url: str, number: int) -> list[str]:
    """Run the program until it has booked something, kill it soon after, return what it said."""
    day = NOON + timedelta(days=100 * number)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("outbox_poster.py")),
        url,
        day.isoformat(),
        f"run{number}-",
        env=environment(),
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    first = await process.stdout.readline()
    assert first
    await asyncio.sleep(random.uniform(0.05, 0.6))
    process.kill()
    rest, _ = await process.communicate()
    assert process.returncode == -signal.SIGKILL
    # What follows the last line break was not printed whole.
    return (first + rest).decode().split("\n")[:-1]


async def test_kill_9_leaves_nothing_unposted(ledger_file: Path) -> None:
    """Test that each session that was kept ends at the network in its final form.

    The program is killed at any moment, also between the network's answer and the note of it.
    """
    url = f"sqlite:///{ledger_file}"
    said: list[str] = []
    for number in range(RUNS):
        said += await run_and_kill(url, number)
    booked = [line.split()[1:] for line in said if line.startswith("booked")]
    posted_later = await drained(url)
    assert posted_later
    assert await drained(url) == []
    final = {each[0]: each[1:] for each in booked + posted_later}
    kept = {line.split()[1] for line in said if line.startswith("kept")}
    assert len(kept) >= RUNS
    assert [name for name in kept if final.get(name) != ["finished", "2.0"]] == []
    # A kill leads to one repeat at most, and nothing is posted twice for another reason.
    assert len(booked) - len({tuple(each) for each in booked}) <= RUNS
    # The state of a session never goes back at the network.
    order = {("charging", "None"): 0, ("finished", "1.0"): 1, ("finished", "2.0"): 2}
    for name in final:
        steps = [order[status, energy] for each, status, energy in booked if each == name]
        assert steps == sorted(steps)


async def drained(url: str) -> list[list[str]]:
    """Let another process's outbox post all that is left, long after that, and return it."""
    posts: list[list[str]] = []

    async def post(session: Session, _: str) -> int:
        posts.append([session.session_id, str(session.status), str(session.energy)])
        return 0

    with freeze_time(NOON + timedelta(days=1000)) as frozen:
        assert isinstance(frozen, FrozenDateTimeFactory)
        clock = Clock(frozen)
        ledger = Ledger(url)
        await ledger.open()
        outbox = Outbox(
            TARGET,
            ledger,
            post,
            on_refused=lambda _: None,
            on_trouble=lambda _: None,
            on_change=lambda: None,
        )
        task = asyncio.create_task(outbox.run())
        await clock.settle()
        task.cancel()
        await asyncio.wait({task})
        await ledger.close()
    return posts


@settings(max_examples=100, deadline=None)
@given(st.data(), st.lists(ANSWERS, min_size=1, max_size=8), st.booleans())
async def test_the_network_knows_the_end_of_it(
    data: st.DataObject, answers: Sequence[Session], is_live: bool
) -> None:
    """Test that whatever becomes known, in whatever order, the newest of it gets posted.

    Between a post and the note of it anything may become known.
    """
    sources = [source("CP1", is_live=is_live), source("CP2", is_live=False)]
    posted: Session | None = None
    ledger = Ledger("sqlite://")
    await ledger.open()
    try:
        await ledger.outbox.use_sources(TARGET, sources)
        under_way = None
        for answer in answers:
            await ledger.upsert([answer])
            if under_way and data.draw(st.booleans()):
                await ledger.outbox.posted(under_way, "0")
                under_way = None
            if under_way is None and data.draw(st.booleans()):
                for under_way in await ledger.outbox.due(TARGET, END_OF_TIME, 1):
                    posted = under_way.session
        if under_way:
            await ledger.outbox.posted(under_way, "0")
        for posting in await ledger.outbox.due(TARGET, END_OF_TIME, 1):
            posted = posting.session
            assert await ledger.outbox.posted(posting, "0")
        known = await ledger.session(ACCOUNT, "s1")
    finally:
        await ledger.close()
    assert known
    is_known = posted is not None
    is_live = is_live and known.charge_point_id == "CP1"
    if known.charge_point_id and is_worth_posting(None, known, is_live=is_live, is_known=is_known):
        assert posted
        assert not is_worth_posting(posted, known, is_live=True, is_known=True)
