"""Tests of how answers join."""

from copy import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charging_sessions.charging.merge import (
    Known,
    Version,
    history,
    merge,
    version_of,
)
from custom_components.ev_charging_sessions.charging.model import (
    Cost,
    Session,
    SessionStatus,
    Source,
)

from .answers import ANSWERS, CONTENT, answer, at, euros

ENDS = (SessionStatus.FINISHED, SessionStatus.FAILED)


def merge_all(answers: list[Session]) -> tuple[Known, dict[Version, Session]]:
    """Merge answers one after the other and keep the archive, as the ledger does."""
    known: Known | None = None
    archive: dict[Version, Session] = {}
    for one in answers:
        known, archived = merge(known, one)
        if archived is not None:
            version = version_of(archived)
            stored = archive.get(version)
            archive[version] = merge(Known(stored) if stored else None, archived).known.session
    assert known is not None
    return known, archive


def said(session: Session, name: str) -> Any:
    """Return what an answer said under a name; a figure that is no number is nothing."""
    value = getattr(session, name)
    if name == "energy" and value is not None:
        return None if value != value else (float(value) + 0.0, session.energy_source)  # noqa: PLR0124 -- only not-a-number differs from itself
    return value


def age(session: Session) -> tuple[bool, datetime, bool]:
    """Return what puts answers in order."""
    never = datetime.min.replace(tzinfo=UTC)
    return session.updated is not None, session.updated or never, not session.is_open


def preference(name: str, value: Any) -> Any:
    """Return what decides between two values of one age."""
    match name:
        case "status":
            return list(SessionStatus).index(value)
        case "energy":
            return value[0], -1 if value[1] is None else 9 - list(Source).index(value[1])
        case "cost":
            return (
                value.amount,
                str(value.amount),
                value.currency,
                9 - [*Source].index(value.source),
            )
    return value


def expected(answers: list[Session]) -> tuple[dict[str, Any], dict[Any, dict[str, Any]]]:
    """Say without any merging what a set of answers amounts to: content and archive."""

    def best(name: str, among: list[Session], *, keep_end: bool) -> Any:
        candidates = [
            (
                name == "status" and keep_end and value in ENDS,
                age(one),
                preference(name, value),
                value,
            )
            for one in among
            if (value := said(one, name)) is not None
        ]
        return max(candidates, key=lambda each: each[:3])[3] if candidates else None

    content = {name: best(name, answers, keep_end=True) for name in CONTENT}
    newest = max(map(age, answers))
    archive: dict[Any, dict[str, Any]] = {}
    for one in answers:
        if not one.is_open and age(one) < newest:
            of_age = [each for each in answers if age(each) == age(one)]
            archive[one.updated] = {name: best(name, of_age, keep_end=False) for name in CONTENT}
    return content, archive


@given(st.lists(ANSWERS, min_size=1, max_size=7))
def test_merging_keeps_the_best_of_each_field(answers: list[Session]) -> None:
    """Test the merge against what the rules say of the whole set at once."""
    known, archive = merge_all(answers)
    content, archived = expected(answers)
    assert {name: repr(said(known.session, name)) for name in CONTENT} == {
        name: repr(value) for name, value in content.items()
    }
    assert known.session.updated == max(answers, key=age).updated
    assert {
        session.updated: {name: repr(said(session, name)) for name in CONTENT}
        for session in archive.values()
    } == {
        moment: {name: repr(value) for name, value in each.items()}
        for moment, each in archived.items()
    }


@given(st.data(), st.lists(ANSWERS, min_size=1, max_size=6))
def test_order_and_repeats_do_not_matter(data: st.DataObject, answers: list[Session]) -> None:
    """Test that any order of the same answers, with repeats, gives the same."""
    repeats = data.draw(st.lists(st.sampled_from(answers), max_size=4))
    shuffled = data.draw(st.permutations(answers + repeats))
    one, other = merge_all(answers), merge_all(shuffled)
    assert repr(one[0]) == repr(other[0])
    assert {v: repr(s) for v, s in one[1].items()} == {v: repr(s) for v, s in other[1].items()}
    assert one == other


@given(st.lists(ANSWERS, min_size=1, max_size=6))
def test_an_answer_already_merged_changes_nothing(answers: list[Session]) -> None:
    """Test that the state stays the same when the newest answers come again."""
    known, _ = merge_all(answers)
    for one in answers:
        assert merge(known, one).known == known


def test_none_replaces_nothing() -> None:
    """Test that a newer answer which says less takes nothing away."""
    known, _ = merge_all(
        [
            answer(updated=at(1), energy=3.0, card_id="card", cost=euros("1.20")),
            answer(updated=at(2), status=SessionStatus.CHARGING),
        ]
    )
    assert known.session == answer(
        updated=at(2),
        status=SessionStatus.CHARGING,
        energy=3.0,
        card_id="card",
        cost=euros("1.20"),
    )
    assert set(known.older) == {"energy", "card_id", "cost"}
    assert history(known, []) == ()


@pytest.mark.parametrize("end", [SessionStatus.FINISHED, SessionStatus.FAILED])
def test_an_ended_session_never_reopens(end: SessionStatus) -> None:
    """Test that a newer answer which shows it charging cannot reopen a session."""
    known, _ = merge_all(
        [
            answer(updated=at(1), status=end),
            answer(updated=at(2), status=SessionStatus.CHARGING, energy=5.0),
        ]
    )
    assert (known.session.status, known.session.energy) == (end, 5.0)


def test_at_one_time_the_end_is_newer() -> None:
    """Test that an ended answer wins over an open one with the same time stamp."""
    answers = [
        answer(updated=at(1), status=SessionStatus.CHARGING, energy=9.0, stop_reason="a"),
        answer(updated=at(1), status=SessionStatus.FINISHED, energy=8.0),
    ]
    for known, archive in (merge_all(answers), merge_all(answers[::-1])):
        assert (known.session.energy, known.session.stop_reason) == (8.0, "a")
        assert archive == {}


def test_without_time_stamps_the_larger_value_stays() -> None:
    """Test that a meter only counts up where a backend gives no time stamps."""
    known, _ = merge_all(
        [
            answer(status=SessionStatus.CHARGING, energy=2.0),
            answer(status=SessionStatus.CONNECTED, energy=1.0),
        ]
    )
    assert (known.session.status, known.session.energy) == (SessionStatus.CHARGING, 2.0)


def test_the_source_of_the_energy_goes_with_it() -> None:
    """Test that a figure without a source does not inherit one."""
    known, _ = merge_all(
        [
            answer(updated=at(1), energy=2.0, energy_source=Source.METERED),
            answer(updated=at(2), energy=3.0),
        ]
    )
    assert (known.session.energy, known.session.energy_source) == (3.0, None)


def test_a_superseded_end_is_archived_as_it_was_said() -> None:
    """Test that a revision holds nothing that an older answer had said."""
    _, archive = merge_all(
        [
            answer(updated=at(1), energy=2.0, energy_source=Source.METERED, card_id="card"),
            answer(updated=at(2), status=SessionStatus.FINISHED, stop_reason="Local"),
            answer(updated=at(3), status=SessionStatus.FINISHED),
        ]
    )
    assert [*archive.values()] == [
        answer(updated=at(2), status=SessionStatus.FINISHED, stop_reason="Local")
    ]


def test_equal_amounts_with_other_digits_have_an_order() -> None:
    """Test that 1.5 and 1.50 of one version do not depend on who came first."""
    answers = [answer(cost=euros("1.5")), answer(cost=euros("1.50"))]
    for order in (answers, answers[::-1]):
        cost = merge_all(order)[0].session.cost
        assert cost is not None
        assert str(cost.amount) == "1.50"


def test_what_is_not_a_number_is_unknown() -> None:
    """Test that infinite and undefined figures never enter."""
    bad = Cost(amount=Decimal("NaN"), currency="EUR", source=Source.REPORTED)
    known, _ = merge_all([answer(energy=float("inf"), energy_source=Source.METERED, cost=bad)])
    assert known.session == answer()


def test_times_become_utc_and_must_be_aware() -> None:
    """Test that a time keeps its instant, and that a naive one is refused."""
    local = at(0).astimezone(timezone(timedelta(hours=2)))
    started = merge(None, answer(started=local)).known.session.started
    assert (started, started and started.tzinfo) == (at(0), UTC)
    with pytest.raises(TypeError):
        merge(None, answer(started=datetime(2026, 5, 1)))  # noqa: DTZ001 -- that is the mistake


def test_history_tells_what_each_correction_replaced() -> None:
    """Test the revisions of an ended session that was corrected twice, once for real."""
    end: dict[str, Any] = {"status": SessionStatus.FINISHED, "ended": at(60)}
    first = answer(updated=at(61), energy=10.0, **end)
    known, archive = merge_all(
        [
            answer(updated=at(5), status=SessionStatus.CHARGING, charge_point_id="CP1"),
            answer(updated=at(63), energy=12.0, cost=euros("4.00"), **end),
            first,
            answer(updated=at(62), energy=10.0, **end),
        ]
    )
    assert len(archive) == 2
    (revision,) = history(known, [archive[version] for version in sorted(archive)])
    assert revision.version == at(62)
    assert revision.session == replace(first, updated=at(62), charge_point_id="CP1")


def test_history_of_an_answer_that_said_less() -> None:
    """Test that an answer which leaves a known figure out is no correction."""
    end: dict[str, Any] = {"status": SessionStatus.FINISHED}
    known, archive = merge_all(
        [
            answer(updated=at(1), energy=10.0, cost=euros("4"), **end),
            answer(updated=at(2), energy=10.0, **end),
            answer(updated=at(3), energy=11.0, **end),
        ]
    )
    (revision,) = history(known, [archive[version] for version in sorted(archive)])
    assert revision.session == answer(updated=at(2), energy=10.0, cost=euros("4"), **end)
