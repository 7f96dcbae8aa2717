"""Tests of the outbox in the ledger: what gets there, and what becomes of it."""

from copy import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from sqlalchemy import Select

from custom_components.ev_charging_sessions.charging.errors import LedgerError
from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.ledger_outbox import (
    Posting,
    PostingState,
    count_states,
    find_due,
    find_next_due,
    find_one,
    find_refused,
)
from custom_components.ev_charging_sessions.charging.ledger_postings import find_rows
from custom_components.ev_charging_sessions.charging.model import EnergyUnit, SessionStatus

from .answers import ACCOUNT, NOON, OTHER_ACCOUNT, answer, at, euros, tariff
from .ledger_files import plan_of
from .posts import EVSE, OTHER_TARGET, TARGET, finished, running, source

END_OF_TIME = datetime.max.replace(tzinfo=UTC)
WAITING, POSTED, REFUSED = PostingState
NAMES = {"backend": "smappee", "account_id": "a1"}
IN_A_MINUTE = NOON + timedelta(seconds=60)


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


async def test_the_whole_way_of_a_session(live: Ledger, freezer: FrozenDateTimeFactory) -> None:
    """Test that a session is posted when it begins, and again when it has ended."""
    await live.upsert([running()])
    begun = await only(live)
    assert begun == Posting(
        target=TARGET,
        session=running(),
        connector_id=EVSE,
        revision=1,
        state=WAITING,
        attempts=0,
        due=NOON,
        code=None,
    )
    assert await live.outbox.posted(begun, "0")
    assert await waiting(live) == ()
    assert await live.outbox.next_due(TARGET) is None
    await live.upsert([running(energy=5.0, updated=at(2))])
    assert await waiting(live) == ()
    freezer.move_to(at(60))
    await live.upsert([finished()])
    ended = await only(live)
    assert (ended.session, ended.revision, ended.code) == (finished(), 2, None)
    assert ended.due == at(61) == await live.outbox.next_due(TARGET)
    assert await live.outbox.due(TARGET, at(60.99), 9) == ()
    assert await live.outbox.due(TARGET, at(61), 9) == (ended,)
    assert await live.outbox.posted(ended, "0")
    assert await live.outbox.counts(TARGET) == {WAITING: 0, POSTED: 1, REFUSED: 0}


async def test_a_source_that_is_not_live(ledger: Ledger) -> None:
    """Test that a session of another network is posted when it has ended."""
    await ledger.outbox.use_sources(TARGET, [source(is_live=False)])
    await ledger.upsert([running()])
    assert await waiting(ledger) == ()
    await ledger.upsert([finished()])
    assert (await only(ledger)).due == IN_A_MINUTE


async def test_a_failure_that_was_none(ledger: Ledger) -> None:
    """Test that a session is posted that turns out to have ended well, whatever it has charged."""
    await ledger.outbox.use_sources(TARGET, [source(is_live=False)])
    await ledger.upsert([finished(status=SessionStatus.FAILED, energy=None, updated=at(1))])
    assert await waiting(ledger) == ()
    await ledger.upsert([finished(energy=None, updated=at(2))])
    assert (await only(ledger)).session.status is SessionStatus.FINISHED


async def test_nobody_else_is_posted(live: Ledger) -> None:
    """Test that neither another charge point counts nor the same one of another account."""
    await live.upsert(
        [
            finished("s1", charge_point_id="CP2"),
            finished("s2", account=OTHER_ACCOUNT),
            finished("s3", charge_point_id=None),
            finished("s4", card_id=None),
        ]
    )
    assert await live.outbox.counts(TARGET) == {WAITING: 0, POSTED: 0, REFUSED: 0}


async def test_two_networks(ledger: Ledger) -> None:
    """Test that each network has its own outbox and its own connector."""
    await ledger.outbox.use_sources(TARGET, [source()])
    other = source(connector_id="DE*ABC*E9", is_live=False)
    await ledger.outbox.use_sources(OTHER_TARGET, [other])
    await ledger.upsert([running()])
    await ledger.outbox.posted(await only(ledger), "0")
    assert await ledger.outbox.due(OTHER_TARGET, END_OF_TIME, 9) == ()
    await ledger.upsert([finished()])
    (theirs,) = await ledger.outbox.due(OTHER_TARGET, END_OF_TIME, 9)
    assert (theirs.target, theirs.connector_id) == (OTHER_TARGET, "DE*ABC*E9")
    assert await ledger.outbox.refused(theirs, "181")
    assert (await only(ledger)).connector_id == EVSE
    assert await ledger.outbox.refused_ones(TARGET) == ()
    assert await ledger.outbox.counts(OTHER_TARGET, [REFUSED]) == {REFUSED: 1}


@pytest.mark.parametrize("late", ["charge_point_id", "card_id", "started"])
@pytest.mark.parametrize("whole", [running(), finished()])
async def test_what_is_known_late(live: Ledger, late: str, whole: Any) -> None:
    """Test that a session is posted once it is known where, whose and when it was."""
    await live.upsert([replace(whole, **{late: None})])
    assert await waiting(live) == ()
    await live.upsert([replace(whole, updated=at(70))])
    assert (await only(live)).session == replace(whole, updated=at(70))


async def test_a_session_that_was_somewhere_else(ledger: Ledger) -> None:
    """Test that a session whose charge point was wrong is posted as what it is."""
    sources = [source("CP1"), source("CP2", connector_id="DE*8PS*E2")]
    await ledger.outbox.use_sources(TARGET, sources)
    await ledger.upsert([finished()])
    await ledger.outbox.posted(await only(ledger), "0")
    await ledger.upsert([finished(charge_point_id="CP2", updated=at(62))])
    assert (await only(ledger)).connector_id == "DE*8PS*E2"
    await ledger.upsert([finished(charge_point_id="CP3", energy=1.0, updated=at(63))])
    assert (await only(ledger)).connector_id == "DE*8PS*E2"


async def test_many_at_once(live: Ledger) -> None:
    """Test that a batch of more than one statement can hold is all there, oldest due first."""
    many = [finished(f"s{n:04}") for n in range(1201)]
    await live.upsert(many)
    found = await live.outbox.due(TARGET, END_OF_TIME, 5000)
    assert [each.session for each in found] == many
    assert await live.outbox.due(TARGET, END_OF_TIME, 3) == found[:3]
    await live.outbox.delayed(found[0], IN_A_MINUTE + timedelta(seconds=1))
    await live.upsert([running("live")])
    found = await live.outbox.due(TARGET, END_OF_TIME, 5000)
    order = [each.session.session_id for each in found]
    assert (order[0], order[1], order[-1]) == ("live", "s0001", "s0000")


async def test_a_tariff_comes_along(live: Ledger) -> None:
    """Test that a posting holds all that the ledger knows of its session."""
    whole = finished(tariff=tariff("0.40"), cost=euros("4.50"))
    await live.upsert([whole])
    assert (await only(live)).session == whole


async def test_corrections_wait_once(live: Ledger, freezer: FrozenDateTimeFactory) -> None:
    """Test that corrections one after the other do not put a post off for ever."""
    await live.upsert([running()])
    for minute in range(5):
        await live.upsert([finished(energy=10.0 + minute, updated=at(61 + minute))])
        freezer.tick(30)
    posting = await only(live)
    assert (posting.due, posting.session.energy) == (IN_A_MINUTE, 14.0)
    await live.outbox.posted(posting, "0")
    await live.upsert([finished(energy=15.0, updated=at(70))])
    assert (await only(live)).due == at(2.5) + timedelta(seconds=60)


async def test_what_was_delayed_and_corrected(live: Ledger, freezer: FrozenDateTimeFactory) -> None:
    """Test that news end the waiting for a network that could not take the old."""
    await live.upsert([finished()])
    await live.outbox.delayed(await only(live), at(30))
    delayed = await only(live)
    assert (delayed.attempts, delayed.due) == (1, at(30))
    await live.upsert([finished(energy=13.0, updated=at(62))])
    assert ((await only(live)).attempts, (await only(live)).due) == (0, IN_A_MINUTE)


@pytest.mark.parametrize("mark", ["posted", "delayed", "refused"])
async def test_news_while_it_is_posted(live: Ledger, mark: str) -> None:
    """Test that a session goes on waiting if what was posted of it is not the newest."""
    await live.upsert([running()])
    old = await only(live)
    await live.upsert([finished()])
    what: Any = at(90) if mark == "delayed" else "0"
    assert not await getattr(live.outbox, mark)(old, what)
    newest = await only(live)
    assert (newest.session, newest.attempts, newest.due) == (finished(), 0, IN_A_MINUTE)
    assert await getattr(live.outbox, mark)(newest, what)


async def test_what_a_network_refuses(live: Ledger) -> None:
    """Test that it waits for a person, or for something new."""
    await live.upsert([finished("s1"), finished("s2", started=at(-1)), finished("s3")])
    for posting in await waiting(live):
        await live.outbox.refused(posting, "181")
    assert await live.outbox.next_due(TARGET) is None
    found = await live.outbox.refused_ones(TARGET)
    assert [each.session.session_id for each in found] == ["s2", "s1", "s3"]
    assert {(each.state, each.code) for each in found} == {(REFUSED, "181")}
    await live.upsert([finished("s1", energy=13.0, updated=at(62))])
    posting = await only(live)
    assert (posting.session.session_id, posting.code) == ("s1", None)
    assert await live.outbox.post_again(TARGET) == 2
    again = [each for each in await waiting(live) if each.session.session_id != "s1"]
    assert {(each.due, each.code, each.revision) for each in again} == {(NOON, None, 2)}
    assert await live.outbox.post_again(TARGET) == 0
    assert await live.outbox.post_again(OTHER_TARGET) == 0


async def test_posting_again_as_another_connector(live: Ledger) -> None:
    """Test that a wrong connector can be mended."""
    await live.upsert([finished("s1"), finished("s2", charge_point_id="CP2")])
    await live.outbox.add(TARGET, ACCOUNT, "s2", "by hand", NOON)
    for posting in await waiting(live):
        await live.outbox.refused(posting, "181")
    await live.outbox.use_sources(TARGET, [source(connector_id="DE*8PS*E7")])
    found = await live.outbox.refused_ones(TARGET)
    assert [each.connector_id for each in found] == [EVSE, "by hand"]
    assert await live.outbox.post_again(TARGET) == 2
    found = await waiting(live)
    assert [each.connector_id for each in found] == ["DE*8PS*E7", "by hand"]


async def test_posting_by_hand(ledger: Ledger, freezer: FrozenDateTimeFactory) -> None:
    """Test that any session can be posted, again too, and its corrections follow."""
    await ledger.upsert([finished(account=OTHER_ACCOUNT)])
    posting = await ledger.outbox.add(TARGET, OTHER_ACCOUNT, "s1", EVSE, at(5))
    assert posting == await only(ledger)
    assert (posting.session, posting.due) == (finished(account=OTHER_ACCOUNT), at(5))
    await ledger.outbox.posted(posting, "0")
    posting = await ledger.outbox.add(TARGET, OTHER_ACCOUNT, "s1", "DE*8PS*E2", at(6))
    assert (posting.connector_id, posting.revision) == ("DE*8PS*E2", 2)
    await ledger.outbox.posted(posting, "0")
    await ledger.upsert([finished(account=OTHER_ACCOUNT, energy=13.0, updated=at(62))])
    assert (await only(ledger)).connector_id == "DE*8PS*E2"
    with pytest.raises(LedgerError):
        await ledger.outbox.add(TARGET, ACCOUNT, "s1", EVSE, at(5))
    with pytest.raises(LedgerError):
        await ledger.outbox.add(TARGET, OTHER_ACCOUNT, "s2", EVSE, at(5))
    assert len(await waiting(ledger)) == 1


async def test_an_open_session_by_hand(ledger: Ledger) -> None:
    """Test that a network that was told of an open session hears of its end, even a bad one."""
    await ledger.upsert([running()])
    await ledger.outbox.posted(await ledger.outbox.add(TARGET, ACCOUNT, "s1", EVSE, NOON), "0")
    await ledger.upsert([finished(status=SessionStatus.FAILED, energy=None)])
    assert (await only(ledger)).session.status is SessionStatus.FAILED


async def test_other_units_are_posted_again(ledger: Ledger) -> None:
    """Test that a network hears when all energies it was told were in the wrong unit."""
    heard: list[str] = []
    ledger.outbox.on_new(TARGET, lambda: heard.append("new"))
    await ledger.outbox.use_sources(TARGET, [source()])
    await ledger.use_units(ACCOUNT, EnergyUnit.KWH, "EUR")
    await ledger.upsert([finished(energy=12500.0), finished("s2", charge_point_id="CP2")])
    await ledger.outbox.posted(await only(ledger), "0")
    await ledger.use_units(ACCOUNT, EnergyUnit.KWH, "EUR")
    await ledger.use_units(OTHER_ACCOUNT, EnergyUnit.KWH, "EUR")
    await ledger.use_units(OTHER_ACCOUNT, EnergyUnit.WH, "EUR")
    assert (await waiting(ledger), heard) == ((), ["new"])
    await ledger.use_units(ACCOUNT, EnergyUnit.WH, "EUR")
    posting = await only(ledger)
    assert (posting.session.energy, posting.revision, posting.due) == (12.5, 2, NOON)
    assert heard == ["new", "new"]


async def test_no_card_in_words(live: Ledger) -> None:
    """Test that a posting can be shown without showing whose it is."""
    await live.upsert([finished(card_id="card-4711")])
    posting = await only(live)
    assert posting.session.card_id == "card-4711"
    assert "4711" not in repr(posting)


@pytest.mark.parametrize(
    "statement", [find_due(), find_next_due(), find_refused(), find_one(), count_states()]
)
async def test_no_question_reads_the_whole_outbox(
    live: Ledger, ledger_file: Path, statement: Select[Any]
) -> None:
    """Test that the questions of each look are answered from an index."""
    await live.upsert([finished()])
    await live.close()
    plan = plan_of(ledger_file, statement, **NAMES, states=[1, 3])
    assert not [step for step in plan if step.startswith("SCAN")]
    if statement is not find_one():
        assert [step for step in plan if re.search(r"SEARCH outbox .*outbox_by_state", step)]
    if statement in {find_due(), find_next_due()}:
        assert not [step for step in plan if "ORDER BY" in step and "LAST TERM" not in step]


async def test_what_is_looked_up_for_changes(live: Ledger, ledger_file: Path) -> None:
    """Test that the rows of some sessions are found one by one."""
    await live.upsert([finished()])
    await live.close()
    plan = plan_of(ledger_file, find_rows(), **NAMES, session_ids=["a", "b"])
    assert not [step for step in plan if step.startswith("SCAN")]


async def test_counts_of_an_unknown_account(ledger: Ledger) -> None:
    """Test that an account without an outbox owes nothing."""
    assert await ledger.outbox.counts(TARGET) == {WAITING: 0, POSTED: 0, REFUSED: 0}
    assert await ledger.outbox.next_due(TARGET) is None
    assert await ledger.outbox.due(TARGET, END_OF_TIME, 1) == ()
    assert await ledger.outbox.refused_ones(TARGET) == ()
    assert await ledger.session(ACCOUNT, answer().session_id) is None
