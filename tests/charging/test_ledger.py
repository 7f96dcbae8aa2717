"""Tests of the ledger: what it keeps, and that it keeps it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import replace
from decimal import Decimal
import json
from pathlib import Path
import tempfile
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ev_charging_sessions.charging import ledger as ledger_module
from custom_components.ev_charging_sessions.charging.errors import LedgerError
from custom_components.ev_charging_sessions.charging.ledger import Change, Ledger
from custom_components.ev_charging_sessions.charging.model import (
    Command,
    CommandKind,
    CommandState,
    Session,
    SessionStatus,
    Source,
)

from .answers import ACCOUNT, ANSWERS, OTHER_ACCOUNT, answer, at, euros
from .ledger_files import rows, written


@asynccontextmanager
async def opened(file: Path) -> AsyncIterator[Ledger]:
    """Open the ledger of a file for a while."""
    ledger = Ledger(f"sqlite:///{file}")
    await ledger.open()
    try:
        yield ledger
    finally:
        await ledger.close()


async def test_a_session_comes_back_as_it_went_in(ledger: Ledger, ledger_file: Path) -> None:
    """Test that every field survives, also in a new process's view of the file."""
    session = answer(
        charge_point_id="NL*SHE*E1",
        card_id="NL-SHE-C1",
        status=SessionStatus.FINISHED,
        started=at(0).replace(microsecond=123456),
        ended=at(60),
        energy=0.1 + 0.2,
        cost=euros("12.340"),
        stop_reason="Remote",
        error_code="0",
        updated=at(61),
    )
    assert await ledger.upsert([session]) == (Change(None, session),)
    await ledger.close()
    again = Ledger(f"sqlite:///{ledger_file}")
    await again.open()
    stored = await again.session(ACCOUNT, "s1")
    assert stored == session
    assert str(stored and stored.cost and stored.cost.amount) == "12.340"
    assert await again.session(OTHER_ACCOUNT, "s1") is None
    await again.close()


async def test_upsert_tells_what_changed(ledger: Ledger) -> None:
    """Test the changes of a new session, of progress, and of a correction."""
    start = answer(status=SessionStatus.CHARGING, energy=1.0, updated=at(1))
    end = answer(status=SessionStatus.FINISHED, energy=2.0, updated=at(2))
    late = replace(end, energy=3.0, updated=at(3))
    (new,) = await ledger.upsert([start])
    (progress,) = await ledger.upsert([end])
    (touched,) = await ledger.upsert([replace(end, updated=at(2.5))])
    (correction,) = await ledger.upsert([late])
    assert (new.before, progress.before, correction.after) == (None, start, late)
    assert [change.is_correction for change in (new, progress, touched, correction)] == [
        False,
        False,
        False,
        True,
    ]


async def test_one_change_for_each_session_of_a_batch(ledger: Ledger) -> None:
    """Test that a batch tells the whole way of a session as one change."""
    start = answer(status=SessionStatus.CHARGING, updated=at(1))
    end = answer(status=SessionStatus.FINISHED, updated=at(2))
    other = answer("s2", account=OTHER_ACCOUNT, updated=at(1))
    assert await ledger.upsert([end, other, start]) == (Change(None, end), Change(None, other))


async def test_nothing_new_writes_nothing(ledger: Ledger, ledger_file: Path) -> None:
    """Test that no byte is written when all is known, the late answers included."""
    answers = [
        answer(status=SessionStatus.CHARGING, energy=1.0, card_id="card", updated=at(1)),
        answer(status=SessionStatus.FINISHED, energy=2.0, updated=at(2)),
        answer(status=SessionStatus.FINISHED, energy=3.0, updated=at(3)),
    ]
    for one in answers:
        await ledger.upsert([one])
    before = written(ledger_file)
    for one in answers:
        assert await ledger.upsert([one]) == ()
    assert await ledger.upsert(answers) == ()
    assert await ledger.upsert([]) == ()
    assert written(ledger_file) == before
    await ledger.upsert([answer(error_code="new", updated=at(0))])
    assert written(ledger_file) != before


async def test_nothing_needs_no_database(ledger: Ledger) -> None:
    """Test that an upsert of nothing does not even begin a transaction."""
    await ledger.close()
    assert await ledger.upsert([]) == ()


@settings(max_examples=60, deadline=None)
@given(st.data(), st.lists(ANSWERS, min_size=1, max_size=6))
async def test_order_and_repeats_leave_the_same_ledger(
    data: st.DataObject, answers: list[Session]
) -> None:
    """Test that any order, repeats and batches leave the same rows and revisions."""
    repeats = data.draw(st.lists(st.sampled_from(answers), max_size=4))
    others = [data.draw(st.permutations(answers + repeats)) for _ in range(2)]
    with tempfile.TemporaryDirectory() as folder:
        contents = []
        for number, order in enumerate([answers, *others]):
            file = Path(folder) / f"{number}.db"
            async with opened(file) as ledger:
                while order:
                    size = data.draw(st.integers(1, len(order)))
                    await ledger.upsert(order[:size])
                    order = order[size:]  # noqa: PLW2901 -- the rest is what is left to do
                revisions = await ledger.revisions(ACCOUNT, "s1")
            contents.append((rows(file), repr(revisions)))
        assert contents[0] == contents[1] == contents[2]


async def test_revisions_survive_any_order_of_arrival(ledger: Ledger) -> None:
    """Test that a correction that arrives before what it corrects still shows it."""
    end = answer(status=SessionStatus.FINISHED, energy=10.0, updated=at(1))
    await ledger.upsert([replace(end, energy=12.0, updated=at(3))])
    assert await ledger.revisions(ACCOUNT, "s1") == ()
    assert await ledger.upsert([replace(end, energy=11.0, updated=at(2)), end]) == ()
    revisions = await ledger.revisions(ACCOUNT, "s1")
    assert [(r.version, r.session.energy) for r in revisions] == [(at(1), 10.0), (at(2), 11.0)]
    stored = await ledger.session(ACCOUNT, "s1")
    assert stored
    assert stored.energy == 12.0
    assert await ledger.revisions(ACCOUNT, "unknown") == ()


@pytest.mark.parametrize("batches", [[[0, 1, 2]], [[0], [1, 2]], [[0], [1], [2]], [[0], [2], [1]]])
async def test_late_answers_of_one_version_share_a_revision(
    ledger: Ledger, ledger_file: Path, batches: list[list[int]]
) -> None:
    """Test that two late answers with the same time stamp become one revision."""
    end = answer(status=SessionStatus.FINISHED, energy=9.0, updated=at(1))
    answers = [
        replace(end, energy=12.0, stop_reason="Remote", updated=at(2)),
        replace(end, stop_reason="Local"),
        replace(end, energy=10.0),
    ]
    for batch in batches:
        await ledger.upsert(answers[number] for number in batch)
    (revision,) = await ledger.revisions(ACCOUNT, "s1")
    assert revision.session == replace(end, energy=10.0, stop_reason="Local")
    assert len(rows(ledger_file)["revisions"]) == 1


async def test_answers_without_a_time_stamp_become_revisions_too(ledger: Ledger) -> None:
    """Test that the oldest revision may have no version."""
    end = answer(status=SessionStatus.FINISHED, energy=10.0)
    await ledger.upsert([end])
    await ledger.upsert([replace(end, energy=11.0, updated=at(0))])
    (revision,) = await ledger.revisions(ACCOUNT, "s1")
    assert (revision.version, revision.session) == (None, end)


async def test_a_revision_tells_a_cost_that_was_not_shown(
    ledger: Ledger, ledger_file: Path
) -> None:
    """Test that a computed cost is kept behind a reported one, in whatever order they come."""
    answers = [
        answer(cost=euros("4.00"), updated=at(1)),
        answer(
            cost=replace(euros("4.50"), source=Source.COMPUTED),
            status=SessionStatus.FINISHED,
            updated=at(2),
        ),
        answer(energy=3.0, status=SessionStatus.FINISHED, updated=at(3)),
    ]
    for one in answers:
        await ledger.upsert([one])
    await ledger.upsert(replace(one, account=OTHER_ACCOUNT) for one in answers[::-1])
    for account in (ACCOUNT, OTHER_ACCOUNT):
        assert await ledger.cost(account) == {"EUR": Decimal("4.00")}
    revisions = rows(ledger_file)["revisions"]
    assert [json.loads(content)["cost"] for _, _, content in revisions] == ["4.50", "4.50"]
    assert revisions[0] == revisions[1]


async def test_a_large_batch(ledger: Ledger, ledger_file: Path) -> None:
    """Test more sessions than fit into one statement, new and changed."""
    new = [answer(f"s{n}", status=SessionStatus.FINISHED) for n in range(1201)]
    assert len(await ledger.upsert(new)) == 1201
    changed = [replace(session, energy=1.0, updated=at(1)) for session in new]
    assert len(await ledger.upsert(changed[::-1])) == 1201
    found = rows(ledger_file)
    assert (len(found["sessions"]), len(found["revisions"])) == (1201, 1201)


async def test_open_sessions(ledger: Ledger) -> None:
    """Test that a session is open until its end is known, whatever is missing."""
    await ledger.upsert(
        [
            answer("ended", status=SessionStatus.FINISHED),
            answer("failed", status=SessionStatus.FAILED, started=at(9)),
            answer("unknown"),
            answer("old", status=SessionStatus.CHARGING, started=at(1)),
            answer("new", status=SessionStatus.STOP_FAILED, started=at(2)),
            answer("other", account=OTHER_ACCOUNT, status=SessionStatus.CHARGING),
        ]
    )
    found = await ledger.open_sessions(ACCOUNT)
    assert [session.session_id for session in found] == ["new", "old", "unknown"]
    await ledger.upsert([answer("new", status=SessionStatus.FINISHED)])
    found = await ledger.open_sessions(ACCOUNT)
    assert [session.session_id for session in found] == ["old", "unknown"]


async def test_latest_sessions(ledger: Ledger) -> None:
    """Test that an open session counts before a later one, and a start before none."""
    await ledger.upsert(
        [
            answer(name, charge_point_id=point, status=status, started=started, account=account)
            for name, point, status, started, account in (
                ("open", "A", SessionStatus.CHARGING, at(1), ACCOUNT),
                ("earlier", "A", SessionStatus.CHARGING, at(0), ACCOUNT),
                ("later", "A", SessionStatus.FINISHED, at(2), ACCOUNT),
                ("first", "B", SessionStatus.FINISHED, at(1), ACCOUNT),
                ("last", "B", SessionStatus.FINISHED, at(2), ACCOUNT),
                ("startless", "B", SessionStatus.FINISHED, None, ACCOUNT),
                ("only", "C", SessionStatus.FAILED, None, ACCOUNT),
                ("nowhere", None, SessionStatus.CHARGING, at(5), ACCOUNT),
                ("foreign", "D", SessionStatus.CHARGING, at(5), OTHER_ACCOUNT),
            )
        ]
    )
    found = await ledger.latest_sessions(ACCOUNT)
    assert [session.session_id for session in found] == ["open", "last", "only"]
    assert await ledger.latest_sessions(replace(ACCOUNT, account_id="none")) == ()


def command(command_id: str = "c1", **values: Any) -> Command:
    """Return a command that is pending."""
    return Command(
        command_id=command_id,
        kind=CommandKind.START,
        charge_point_id="CP1",
        deadline=at(5),
        **{"account": ACCOUNT, "created": at(0), **values},
    )


async def test_commands(ledger: Ledger) -> None:
    """Test that commands are pending until their outcome is written."""
    late, first = command("late", created=at(1)), command("first", card_id="card")
    await ledger.add_command(late)
    await ledger.add_command(first)
    await ledger.add_command(command("other", account=OTHER_ACCOUNT))
    assert await ledger.pending_commands(ACCOUNT) == (first, late)
    known = replace(first, session_id="s1")
    await ledger.update_command(known)
    assert await ledger.pending_commands(ACCOUNT) == (known, late)
    await ledger.update_command(
        replace(known, state=CommandState.REJECTED, reason="busy", resolved=at(2))
    )
    assert await ledger.pending_commands(ACCOUNT) == (late,)


async def test_commands_are_told_apart_by_id(ledger: Ledger) -> None:
    """Test that no command is written twice, and none that is unknown is changed."""
    await ledger.add_command(command())
    with pytest.raises(LedgerError):
        await ledger.add_command(command())
    with pytest.raises(LedgerError):
        await ledger.update_command(command("unknown"))
    assert await ledger.pending_commands(ACCOUNT) == (command(),)


def test_no_repr_shows_a_card() -> None:
    """Test that what the ledger hands out keeps card ids out of logs."""
    session = answer(card_id="card-4711")
    shown = (
        Change(session, session),
        ledger_module.Revision(version=None, session=session),
        ledger_module.SessionQuery(cards=((ACCOUNT, "card-4711"),)),
        command(card_id="card-4711"),
        Ledger("postgresql://user:card-4711@host/db"),
    )
    assert not [each for each in shown if "card-4711" in repr(each)]
