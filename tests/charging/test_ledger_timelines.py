"""Tests of the timelines of sessions: the meter values of all answers."""

from copy import replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest
from sqlalchemy import Select

from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.ledger_timelines import (
    find_meter_values,
    find_timelines,
)
from custom_components.ev_charging_sessions.charging.model import MeterValue, SessionStatus

from .answers import ACCOUNT, OTHER_ACCOUNT, answer, at, metered
from .ledger_files import plan_of, rows, written

FINISHED = SessionStatus.FINISHED


async def test_the_values_of_all_answers_are_kept(ledger: Ledger) -> None:
    """Test that a session is shown with its newest values, and its timeline with all."""
    for minute in (5, 10, 7):
        values = metered((0, 100.0), (minute, 100.0 + minute))
        await ledger.upsert([answer(meter_values=values, updated=at(minute))])
    session = await ledger.session(ACCOUNT, "s1")
    assert session
    assert session.meter_values == metered((0, 100.0), (10, 110.0))
    assert await ledger.meter_values(ACCOUNT, "s1") == metered(
        (0, 100.0), (5, 105.0), (7, 107.0), (10, 110.0)
    )


async def test_the_larger_value_of_a_moment_stays(ledger: Ledger) -> None:
    """Test that a meter only counts up, also where the newest answer says otherwise."""
    await ledger.upsert([answer(meter_values=metered((1, 5.0), (2, 6.0)), updated=at(2))])
    await ledger.upsert([answer(meter_values=metered((1, 4.0), (2, 7.0)), updated=at(3))])
    session = await ledger.session(ACCOUNT, "s1")
    assert session
    assert session.meter_values == metered((1, 4.0), (2, 7.0))
    assert await ledger.meter_values(ACCOUNT, "s1") == metered((1, 5.0), (2, 7.0))
    await ledger.upsert([answer(meter_values=metered((1, 4.5)), updated=at(4))])
    assert await ledger.meter_values(ACCOUNT, "s1") == metered((1, 5.0), (2, 7.0))


_VALUES = st.lists(
    st.builds(
        MeterValue,
        st.sampled_from([at(minute) for minute in range(4)]),
        st.sampled_from((0.0, -0.0, 1, 2.5, float("nan"))),
    ),
    max_size=4,
).map(tuple)


@settings(max_examples=40, deadline=None)
@given(
    st.data(),
    st.lists(
        st.tuples(st.sampled_from("ab"), _VALUES, st.none() | st.integers(0, 2)),
        min_size=1,
        max_size=6,
    ),
)
async def test_a_timeline_is_the_union_of_all_answers(
    data: st.DataObject, told: list[tuple[str, Any, int | None]]
) -> None:
    """Test timelines against all values at once, in any order, with repeats and batches."""
    answers = [
        answer(name, meter_values=values, updated=None if minute is None else at(minute))
        for name, values, minute in told
    ]
    repeats = data.draw(st.lists(st.sampled_from(answers), max_size=4))
    order = data.draw(st.permutations(answers + repeats))
    ledger = Ledger("sqlite://")
    await ledger.open()
    try:
        while order:
            size = data.draw(st.integers(1, len(order)))
            changes = await ledger.upsert(
                order[:size], read=data.draw(st.sampled_from((None, at(1))))
            )
            for change in changes:
                found = await ledger.session(ACCOUNT, change.after.session_id)
                assert repr(found) == repr(change.after)
            order = order[size:]
        timelines = await ledger.timelines(ACCOUNT, "ab")
    finally:
        await ledger.close()
    expected: dict[str, dict[Any, float]] = {}
    for name, values, _ in told:
        for value in values:
            if value.energy >= 0:
                known = expected.setdefault(name, {})
                known[value.at] = max(known.get(value.at, 0.0), value.energy)
    assert timelines == {
        name: tuple(MeterValue(moment, known[moment]) for moment in sorted(known))
        for name, known in expected.items()
    }
    assert "-0.0" not in repr(timelines)


async def test_timelines_of_many_sessions(ledger: Ledger) -> None:
    """Test more sessions than fit into one statement, and that none but those are told."""
    for account, energy in ((ACCOUNT, 1.0), (OTHER_ACCOUNT, 2.0)):
        await ledger.upsert(
            answer(f"s{n}", account=account, meter_values=metered((n, energy))) for n in range(1201)
        )
    await ledger.upsert([answer("silent")])
    names = [f"s{n}" for n in range(1200)]
    found = await ledger.timelines(ACCOUNT, [*names, "silent", "unknown"])
    assert found == {name: metered((n, 1.0)) for n, name in enumerate(names)}
    assert await ledger.timelines(ACCOUNT, []) == {}
    assert await ledger.meter_values(ACCOUNT, "silent") == ()
    assert await ledger.meter_values(OTHER_ACCOUNT, "s3") == metered((3, 2.0))
    assert await ledger.meter_values(replace(ACCOUNT, account_id="none"), "s3") == ()


async def test_an_answer_of_before_writes_nothing(ledger: Ledger, ledger_file: Path) -> None:
    """Test that values which are no longer shown are not written again either."""
    answers = [
        answer(meter_values=metered((minute, minute)), updated=at(minute)) for minute in (1, 2)
    ]
    await ledger.upsert(answers)
    before = written(ledger_file)
    for one in answers:
        assert await ledger.upsert([one]) == ()
    assert written(ledger_file) == before
    await ledger.upsert([answer(meter_values=metered((1, 1.0), (9, 9.0)), updated=at(9))])
    assert await ledger.meter_values(ACCOUNT, "s1") == metered((1, 1.0), (2, 2.0), (9, 9.0))


async def test_an_answer_that_says_nothing_else_new(ledger: Ledger, ledger_file: Path) -> None:
    """Test that a late answer adds its values although the session stays as it was."""
    await ledger.upsert([answer(status=FINISHED, meter_values=metered((9, 2.0)))], read=at(9))
    shown = rows(ledger_file)["sessions"]
    assert await ledger.upsert([answer(meter_values=metered((3, 1.0)))], read=at(3)) == ()
    assert rows(ledger_file)["sessions"] == shown
    assert await ledger.meter_values(ACCOUNT, "s1") == metered((3, 1.0), (9, 2.0))


@pytest.mark.parametrize("statement", [find_timelines(), find_meter_values()])
async def test_timelines_are_found_by_their_keys(
    ledger: Ledger, ledger_file: Path, statement: Select[Any]
) -> None:
    """Test that no question of a poll reads the values of all sessions."""
    await ledger.close()
    plan = plan_of(
        ledger_file,
        statement,
        backend="b",
        account_id="a",
        session_ids=["s1"],
        rows=[1],
        first=0,
    )
    assert not [step for step in plan if step.startswith("SCAN")]
    bounds = "session=? AND at>?" if statement is find_meter_values() else "session=?"
    assert f"SEARCH meter_values USING PRIMARY KEY ({bounds})" in plan
