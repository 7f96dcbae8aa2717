"""Tests of imports: what each network can give, and going on in spite of everything."""

from datetime import timedelta

from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.model import Session, SessionStatus

from .answers import ACCOUNT, at
from .driver import ACCOUNT as DRIVER, EVSE, Driver
from .posts import TARGET, finished, running, source


async def _posted(ledger: Ledger) -> list[str]:
    """Return the sessions that wait to be posted."""
    waiting = await ledger.outbox.due(TARGET, at(1_000_000), 100)
    return [each.session.session_id for each in waiting]


async def test_old_sessions_are_not_posted(ledger: Ledger) -> None:
    """Test that a charge point that is forwarded from now on posts no bills of before."""
    await ledger.outbox.use_sources(TARGET, [source(since=at(100))])
    await ledger.upsert([finished("old", ended=at(99)), finished("new", ended=at(100))])
    assert await _posted(ledger) == ["new"]
    # Nor does a correction of it make it one.
    await ledger.upsert([finished("old", ended=at(99), energy=1.0, updated=at(200))])
    assert await _posted(ledger) == ["new"]
    # What goes on is to be paid, whenever it began.
    await ledger.upsert([running("open")])
    assert sorted(await _posted(ledger)) == ["new", "open"]


async def test_source_stays_one_since_then(ledger: Ledger) -> None:
    """Test that sources that are told again, as after a restart, keep their time."""
    await ledger.outbox.use_sources(TARGET, [source(since=at(100))])
    await ledger.outbox.use_sources(TARGET, [source(since=at(500)), source("CP2", since=at(500))])
    await ledger.upsert(
        [
            finished("one", ended=at(300)),
            finished("other", ended=at(300), charge_point_id="CP2"),
        ]
    )
    assert await _posted(ledger) == ["one"]
    # One that was taken away has to be chosen anew.
    await ledger.outbox.use_sources(TARGET, [])
    await ledger.outbox.use_sources(TARGET, [source(since=at(500))])
    await ledger.upsert([finished("two", ended=at(400))])
    assert await _posted(ledger) == ["one"]


async def test_posted_session_is_renewed(ledger: Ledger) -> None:
    """Test that what is in the outbox is posted again when it changes, whatever its age."""
    await ledger.outbox.use_sources(TARGET, [source()])
    await ledger.upsert([finished("old", ended=at(99))])
    await ledger.outbox.use_sources(TARGET, [source(since=at(1000))])
    (posting,) = await ledger.outbox.due(TARGET, at(1_000_000), 10)
    await ledger.outbox.posted(posting, "0")
    await ledger.upsert([finished("old", ended=at(99), energy=3.0, updated=at(2000))])
    assert await _posted(ledger) == ["old"]


async def test_unended(ledger: Ledger) -> None:
    """Test which sessions are asked for again: those that are over, nobody knows since when."""
    unknown = finished("unknown", ended=None)
    failed = finished("failed", ended=None, status=SessionStatus.FAILED, error_code="E1")
    before = finished("before", ended=None, started=at(-10))
    await ledger.upsert([unknown, failed, before, finished("known"), running("open")])
    assert set(await ledger.imports.unended(ACCOUNT, at(0))) == {"unknown"}
    assert set(await ledger.imports.unended(ACCOUNT, at(-10))) == {"unknown", "before"}


async def test_shell_rereads_what_it_knows(driver: Driver) -> None:
    """Test that of Shell's past only sessions without an end are asked for, one at a time."""
    world = driver.simulator.world
    card = driver.backend.cards[0].identifier
    sessions = []
    for _ in range(2):
        session = world.start_at_pole(EVSE, card)
        await driver.advance(60)
        world.unplug(EVSE)
        sessions.append(world.session(session.session_id))
    since = driver.simulator.clock.now() - timedelta(days=10)
    unended = {
        each.session_id: finished(each.session_id, ended=None, account=DRIVER) for each in sessions
    } | {"00000000-0000-4000-8000-000000000000": finished("nobody", ended=None)}
    found: dict[str, Session] = {}
    position = None
    progress: list[float] = []
    while True:
        past = await driver.backend.read_past(since, position, unended)
        found |= {each.session_id: each for each in past.sessions}
        position = past.position
        progress.append(past.progress or 0.0)
        if position is None:
            break
    assert {key: each.ended for key, each in found.items()} == {
        each.session_id: each.stopped for each in sessions
    }
    assert progress[-1] == 1
    assert progress == sorted(progress)
    assert driver.simulator.log.count("retrieve") == 3
