"""Tests of posting what waits in the outbox."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
import logging
from pathlib import Path
import random
import sqlite3
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.errors import (
    AuthenticationError,
    BackendUnavailableError,
    ChargingError,
    InvalidInputError,
    LedgerError,
    RateLimitError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.ledger_outbox import PostingState

from .answers import NOON, at
from .desk import Desk
from .ledger_files import execute
from .posts import EVSE, TARGET, finished, logged, pause, running, source

WAITING, POSTED, REFUSED = PostingState
REJECTED = RequestRejectedError("181", status=200)
DOWN = BackendUnavailableError("HTTP 503")
TEMPORARY = [
    BackendUnavailableError("HTTP 503"),
    BackendUnavailableError("HTTP 503", retry_after=10),
    RateLimitError(10),
    UnexpectedAnswerError("result"),
    TimeoutError(),
    ValueError("a bug"),
]


@pytest.fixture(autouse=True)
def _no_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let waits be as long as they are meant."""
    monkeypatch.setattr(random, "uniform", lambda low, high: (low + high) / 2)


@pytest.fixture
async def desk(ledger: Ledger, freezer: FrozenDateTimeFactory) -> AsyncIterator[Desk]:
    """Return an outbox with a live charge point, at noon."""
    freezer.move_to(NOON)
    await ledger.outbox.use_sources(TARGET, [source()])
    desk = Desk(ledger, freezer)
    yield desk
    await desk.stop()


async def test_a_session_from_begin_to_end(desk: Desk) -> None:
    """Test that news are posted as soon as they are due, and once."""
    await desk.run()
    assert (desk.network.posts, desk.counts) == ([], [])
    await desk.ledger.upsert([running()])
    await desk.clock.settle()
    assert desk.network.posts == [(running(), EVSE)]
    await desk.ledger.upsert([finished()])
    await desk.clock.advance(59)
    assert desk.outbox.waiting == 1
    assert len(desk.network.posts) == 1
    await desk.clock.advance(2)
    assert desk.network.posts[1:] == [(finished(), EVSE)]
    await desk.clock.advance(3600, step=60)
    assert len(desk.network.posts) == 2
    assert await desk.states() == {POSTED: 1}
    assert desk.counts == [(1, 0), (0, 0)] * 2
    assert (desk.refused, desk.troubles) == ([], [None])


async def test_what_waited_for_the_start(desk: Desk) -> None:
    """Test that what is due already is posted at once, that which is due longest first."""
    await desk.ledger.upsert([finished("s2"), finished("s1")])
    await desk.ledger.upsert([running("s3")])
    desk.freezer.move_to(at(10))
    await desk.run()
    assert [session_id for session_id, _ in desk.sent] == ["s3", "s2", "s1"]
    assert desk.network.most_at_once == 1


async def test_the_code_of_a_success_is_kept(desk: Desk, ledger_file: Path) -> None:
    """Test that the row says what the network has answered."""
    desk.network.answers = [11]
    await desk.ledger.upsert([running()])
    await desk.run()
    with closing(sqlite3.connect(ledger_file)) as connection:
        assert connection.execute("SELECT code FROM outbox").fetchall() == [("11",)]


@pytest.mark.parametrize("err", TEMPORARY, ids=repr)
async def test_a_network_in_trouble(desk: Desk, err: Exception) -> None:
    """Test that a session is posted when the network is well again, and not before."""
    desk.network.answers = [err]
    await desk.ledger.upsert([running()])
    await desk.run()
    assert (await desk.states(), desk.refused) == ({WAITING: 1}, [])
    (trouble,) = desk.troubles
    assert isinstance(trouble, ChargingError)
    await desk.clock.advance(29)
    assert len(desk.sent) == 1
    await desk.clock.advance(2)
    assert desk.sent == [("s1", 1.0)] * 2
    assert await desk.states() == {POSTED: 1}
    assert desk.troubles == [trouble, None]


@pytest.mark.parametrize(
    "err", [BackendUnavailableError("HTTP 503", retry_after=600), RateLimitError(600)], ids=repr
)
async def test_a_network_that_asks_for_quiet(desk: Desk, err: Exception) -> None:
    """Test that Retry-After is obeyed, by what is new too."""
    desk.network.answers = [err]
    await desk.ledger.upsert([running()])
    await desk.run()
    await desk.ledger.upsert([running("s2")])
    await desk.clock.advance(598, step=13)
    assert desk.sent == [("s1", 1.0)]
    assert desk.outbox.waiting == 2
    await desk.clock.advance(3)
    assert sorted(desk.sent) == [("s1", 1.0), ("s1", 1.0), ("s2", 1.0)]


async def test_an_outage_of_days(desk: Desk) -> None:
    """Test that the network is asked ever more rarely, and nothing is lost."""
    many = [running(f"s{n}") for n in range(4)]
    desk.network.answers = [DOWN] * 1000
    await desk.ledger.upsert(many)
    await desk.run()
    asked = []
    for _ in range(20):
        before = len(desk.sent)
        await desk.clock.advance(1800, step=30)
        asked.append(len(desk.sent) - before)
    assert asked[0] <= 7
    assert asked[2:] == [1] * 18
    assert {session_id for session_id, _ in desk.sent} == {each.session_id for each in many}
    desk.network.answers = []
    desk.network.posts = []
    await desk.ledger.upsert([finished("s0")])
    await desk.clock.advance(3600, step=30)
    assert sorted(desk.sent) == [("s0", 12.5), ("s1", 1.0), ("s2", 1.0), ("s3", 1.0)]
    assert desk.troubles[-2:] == [DOWN, None]
    assert desk.troubles.count(None) == 1
    assert await desk.states() == {POSTED: 4}


async def test_one_that_always_fails(desk: Desk) -> None:
    """Test that a session at which the network stumbles holds up no other for long."""
    await desk.ledger.upsert([running("bad")])

    async def post(session: Any, where: str) -> int:
        desk.network.posts.append((session, where))
        if session.session_id == "bad":
            raise DOWN
        return 0

    desk.outbox._post = post
    await desk.run()
    await desk.clock.advance(3 * 3600, step=60)
    for number in range(5):
        await desk.ledger.upsert([running(f"s{number}")])
        await desk.clock.advance(1860, step=60)
        assert (f"s{number}", 1.0) in desk.sent
    tries = desk.sent.count(("bad", 1.0))
    assert 10 <= tries <= 25
    await desk.ledger.upsert([running("s5"), running("s6")])
    await desk.clock.advance(1860, step=60)
    assert {("s5", 1.0), ("s6", 1.0)} <= set(desk.sent)


async def test_a_key_that_is_refused(desk: Desk) -> None:
    """Test that the network is tried again every ten minutes, and a person is told."""
    err = AuthenticationError("refused")
    desk.network.answers = [err, err]
    await desk.ledger.upsert([running("s1"), running("s2")])
    await desk.run()
    assert (desk.troubles, await desk.states()) == ([err], {WAITING: 2})
    await desk.clock.advance(598, step=13)
    assert len(desk.sent) == 1
    await desk.clock.advance(3)
    assert (len(desk.sent), desk.troubles) == (2, [err, err])
    await desk.clock.advance(601, step=13)
    assert desk.troubles == [err, err, None]
    assert await desk.states() == {POSTED: 2}


@pytest.mark.parametrize(
    ("err", "code"), [(REJECTED, "181"), (InvalidInputError("card", "no_card"), "no_card")]
)
async def test_what_is_refused_for_good(desk: Desk, err: Exception, code: str) -> None:
    """Test that a refusal is told once, holds up nothing, and can be overcome."""
    desk.network.answers = [err]
    await desk.ledger.upsert([running("s1"), running("s2")])
    await desk.run()
    assert desk.sent == [("s1", 1.0), ("s2", 1.0)]
    (posting,) = desk.refused
    assert (posting.session, posting.code, posting.state) == (running("s1"), code, REFUSED)
    assert (posting,) == await desk.ledger.outbox.refused_ones(TARGET)
    assert (desk.outbox.waiting, desk.outbox.refused) == (0, 1)
    assert desk.troubles == [None]
    await desk.clock.advance(7200, step=60)
    assert len(desk.sent) == 2
    assert await desk.outbox.post_again() == 1
    await desk.clock.settle()
    assert desk.sent[2:] == [("s1", 1.0)]
    assert (desk.outbox.waiting, desk.outbox.refused) == (0, 0)
    assert await desk.outbox.post_again() == 0


async def test_a_refusal_is_known_when_it_is_told(desk: Desk) -> None:
    """Test that the counts hold the refusal of which somebody hears."""
    desk.network.answers = [REJECTED]
    seen: list[int] = []
    desk.outbox._on_refused = lambda _: seen.append(desk.outbox.refused)
    await desk.ledger.upsert([running("s1")])
    await desk.run()
    assert seen == [1]


async def test_a_refusal_ends_a_trouble(desk: Desk) -> None:
    """Test that a network that refuses is one that answers."""
    desk.network.answers = [DOWN, REJECTED]
    await desk.ledger.upsert([running("s1")])
    await desk.run()
    await desk.clock.advance(31)
    assert desk.troubles == [DOWN, None]


async def test_refusals_are_counted_after_a_restart(desk: Desk) -> None:
    """Test that what was refused before is known, and told by nobody again."""
    desk.network.answers = [REJECTED]
    await desk.ledger.upsert([running("s1")])
    await desk.run()
    await desk.stop()
    desk.new()
    assert desk.outbox.refused == 0
    await desk.run()
    assert (desk.outbox.refused, desk.counts[-1], len(desk.refused)) == (1, (0, 1), 1)


@pytest.mark.parametrize("outcome", [0, REJECTED, DOWN], ids=repr)
async def test_news_during_a_post(desk: Desk, outcome: Any) -> None:
    """Test that the end of a session is posted whatever came of its begin meanwhile."""
    desk.network.answers = [outcome]
    desk.network.is_holding = True
    await desk.ledger.upsert([running()])
    await desk.run()
    await desk.ledger.upsert([finished()])
    await desk.clock.advance(120, step=10)
    assert desk.sent == [("s1", 1.0)]
    desk.network.release()
    await desk.clock.advance(61)
    assert desk.sent == [("s1", 1.0), ("s1", 12.5)]
    assert (await desk.states(), desk.refused) == ({POSTED: 1}, [])


async def test_a_post_that_is_cut_off(desk: Desk) -> None:
    """Test that a session is posted again if nobody has seen what became of it."""
    desk.network.is_holding = True
    await desk.ledger.upsert([running()])
    await desk.run()
    assert len(desk.sent) == 1
    await desk.stop()
    assert await desk.states() == {WAITING: 1}
    desk.network.is_holding = False
    desk.new()
    await desk.run()
    assert desk.sent == [("s1", 1.0)] * 2


async def test_nobody_listens_any_more(desk: Desk) -> None:
    """Test that an outbox that has ended is told nothing."""
    await desk.run()
    await desk.stop()
    assert not any(desk.ledger.outbox._listeners.values())


async def test_a_ledger_that_fails(desk: Desk, ledger_file: Path) -> None:
    """Test that it neither ends the posting nor makes it hammer the network."""
    await desk.ledger.upsert([running()])
    execute(
        ledger_file,
        "CREATE TRIGGER fail BEFORE UPDATE ON outbox BEGIN SELECT raise(ABORT, ''); END",
    )
    await desk.run()
    assert desk.sent == [("s1", 1.0)]
    (err,) = desk.troubles
    assert isinstance(err, LedgerError)
    await desk.clock.advance(2000, step=10)
    assert 4 <= len(desk.sent) <= 8
    execute(ledger_file, "DROP TRIGGER fail")
    await desk.clock.advance(1801, step=30)
    assert await desk.states() == {POSTED: 1}
    assert desk.troubles[-1] is None


async def test_a_ledger_that_is_closed(desk: Desk) -> None:
    """Test that the outbox goes on when its ledger can be read again."""
    await desk.ledger.upsert([running()])
    await desk.ledger.close()
    task = desk.task = asyncio.create_task(desk.outbox.run())
    await pause()
    assert not task.done()
    assert desk.sent == []
    await desk.ledger.open()
    await desk.clock.advance(31)
    assert desk.sent == [("s1", 1.0)]


async def test_a_ledger_in_trouble_with_nothing_to_post(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that the end of its trouble is told although nothing is posted then."""
    caplog.set_level(logging.INFO)
    await desk.run()
    for _ in range(2):
        await desk.ledger.close()
        await desk.clock.advance(901, step=60)
        assert isinstance(desk.troubles[-1], LedgerError)
        await desk.ledger.open()
        await desk.clock.advance(1801, step=60)
        assert desk.troubles[-1] is None
    assert desk.troubles.count(None) == 3
    begin, end = (
        "Sessions cannot be posted now: The ledger is not open",
        "Sessions are posted again",
    )
    assert logged(caplog, "outbox") == [begin, end] * 2


async def test_a_ledger_in_trouble_while_the_network_is(desk: Desk) -> None:
    """Test that a network that takes nothing is not taken for well once the ledger is."""
    desk.network.answers = [DOWN] * 1000
    await desk.ledger.upsert([running()])
    await desk.run()
    await desk.clock.advance(3600, step=30)
    await desk.ledger.close()
    desk.outbox._news.set()
    await desk.clock.settle()
    assert isinstance(desk.troubles[-1], LedgerError)
    await desk.ledger.open()
    tries = len(desk.sent)
    await desk.outbox.post_again()
    await desk.clock.settle()
    assert len(desk.sent) == tries, "it is not due"
    assert None not in desk.troubles
    desk.network.answers = []
    await desk.clock.advance(3600, step=30)
    assert desk.troubles[-1] is None


async def test_a_clock_that_was_ahead(desk: Desk) -> None:
    """Test that what was written under a wrong date is not put off for years."""
    desk.freezer.move_to(NOON + timedelta(days=3000))
    await desk.ledger.upsert([finished("s1"), finished("s2")])
    desk.freezer.move_to(NOON)
    await desk.run()
    assert len(desk.sent) == 2


async def test_a_clock_that_was_behind(desk: Desk) -> None:
    """Test that a clock that is put right while nothing is due is soon looked at."""
    await desk.ledger.upsert([finished()])
    (posting,) = await desk.ledger.outbox.due(TARGET, at(10), 1)
    await desk.ledger.outbox.delayed(posting, at(50))
    # A test's clock cannot leap without all the timers, so it must do to see how they are set.
    assert await desk.outbox._next() == (None, 300.0)
    desk.freezer.move_to(at(49))
    assert await desk.outbox._next() == (None, 60.0)
    await desk.run()
    await desk.clock.advance(61)
    assert len(desk.sent) == 1


async def test_what_is_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Test that a trouble is logged when it begins and when it ends, and shows nobody."""
    caplog.set_level(logging.INFO)
    desk.network.answers = [DOWN, DOWN, REJECTED, 0]
    await desk.ledger.upsert([running("s1", card_id="card-4711"), running("s2")])
    await desk.run()
    await desk.clock.advance(120)
    assert logged(caplog, "outbox") == [
        "Sessions cannot be posted now: HTTP 503",
        "The network has refused a session: 181",
        "Sessions are posted again",
    ]
    assert "4711" not in caplog.text
