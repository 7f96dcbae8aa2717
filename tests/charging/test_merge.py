"""Tests of how answers join."""

from copy import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import permutations
from math import isfinite
from typing import Any

from hypothesis import given, settings, strategies as st
import msgspec
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
    Intent,
    MeterValue,
    Session,
    SessionDetails,
    SessionStatus,
    Source,
)

from .answers import ANSWERS, CONTENT, answer, at, details, euros, metered, tariff

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
        return (float(value) + 0.0, session.energy_source) if isfinite(value) else None
    if name == "meter_values":
        numbers = [replace(each, energy=each.energy + 0.0) for each in value]
        by_moment = {
            each.at: each
            for each in sorted(numbers, key=lambda each: each.energy)
            if isfinite(each.energy)
        }
        return tuple(by_moment[moment] for moment in sorted(by_moment)) or None
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
                is_told(value),
                value.amount,
                str(value.amount),
                value.currency,
                9 - [*Source].index(value.source),
            )
        case "meter_values":
            return [(each.at, each.energy) for each in reversed(value)]
        case "tariff" | "details":
            return msgspec.json.encode(value)
    return value


def is_told(cost: Cost) -> bool:
    """Tell whether a cost comes from the network."""
    return cost.source in {Source.METERED, Source.REPORTED}


def outranks(name: str, value: Any) -> bool:
    """Tell whether a value stays although a newer answer says another one."""
    return (name == "status" and value in ENDS) or (name == "cost" and is_told(value))


def expected(answers: list[Session]) -> tuple[dict[str, Any], dict[Any, dict[str, Any]]]:
    """Say without any merging what a set of answers amounts to: content and archive."""

    def best(name: str, among: list[Session]) -> Any:
        candidates = [
            (
                outranks(name, value),
                age(one),
                preference(name, value),
                value,
            )
            for one in among
            if (value := said(one, name)) is not None
        ]
        return max(candidates, key=lambda each: each[:3])[3] if candidates else None

    content = {name: best(name, answers) for name in CONTENT}
    newest = max(map(age, answers))
    archive: dict[Any, dict[str, Any]] = {}
    for one in answers:
        if not one.is_open and age(one) < newest:
            of_age = [each for each in answers if age(each) == age(one)]
            archive[one.updated] = {name: best(name, of_age) for name in CONTENT}
    return content, archive


@settings(deadline=None)
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


@settings(deadline=None)
@given(st.data(), st.lists(ANSWERS, min_size=1, max_size=6))
def test_order_and_repeats_do_not_matter(data: st.DataObject, answers: list[Session]) -> None:
    """Test that any order of the same answers, with repeats, gives the same."""
    repeats = data.draw(st.lists(st.sampled_from(answers), max_size=4))
    shuffled = data.draw(st.permutations(answers + repeats))
    one, other = merge_all(answers), merge_all(shuffled)
    assert repr(one[0]) == repr(other[0])
    assert {v: repr(s) for v, s in one[1].items()} == {v: repr(s) for v, s in other[1].items()}
    assert one == other


@settings(deadline=None)
@given(st.lists(ANSWERS, min_size=1, max_size=6))
def test_an_answer_already_merged_changes_nothing(answers: list[Session]) -> None:
    """Test that the state stays the same when the newest answers come again."""
    known, _ = merge_all(answers)
    for one in answers:
        assert merge(known, one).known == known


def test_none_replaces_nothing() -> None:
    """Test that a newer answer which says less takes nothing away."""
    said: dict[str, Any] = {
        "energy": 3.0,
        "card_id": "card",
        "cost": euros("1.20"),
        "tariff": tariff("0.40"),
        "meter_values": metered((0, 3.0)),
        "details": details(),
    }
    known, _ = merge_all(
        [answer(updated=at(1), **said), answer(updated=at(2), status=SessionStatus.CHARGING)]
    )
    assert known.session == answer(updated=at(2), status=SessionStatus.CHARGING, **said)
    assert set(known.older) == set(said)
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


@pytest.mark.parametrize("source", [Source.COMPUTED, Source.ESTIMATED])
def test_a_reported_cost_outranks_one_of_our_own(source: Source) -> None:
    """Test that what the network says stays, whatever is computed later, until it says more."""
    reported = answer(updated=at(1), cost=euros("4.00"))
    computed = answer(updated=at(2), cost=replace(euros("4.50"), source=source))
    for known, _ in (merge_all([reported, computed]), merge_all([computed, reported])):
        assert (known.session.cost, known.session.updated) == (reported.cost, at(2))
        corrected = answer(updated=at(3), cost=euros("3.90"))
        assert merge(known, corrected).known.session.cost == euros("3.90")
    recomputed = answer(updated=at(3), cost=Cost(amount=Decimal(1), currency="EUR", source=source))
    assert merge_all([computed, recomputed])[0].session.cost == recomputed.cost


def test_an_outranked_cost_is_archived_as_it_was_said() -> None:
    """Test that a revision does not depend on when the cost was reported that is shown."""
    end: dict[str, Any] = {"status": SessionStatus.FINISHED, "updated": at(2)}
    said = answer(cost=replace(euros("4.50"), source=Source.COMPUTED), **end)
    answers = [
        answer(updated=at(1), cost=euros("4.00")),
        answer(cost=replace(euros("4.40"), source=Source.COMPUTED), **end),
        said,
        answer(**end),
        answer(status=SessionStatus.FINISHED, updated=at(3), energy=1.0),
    ]
    for order in permutations(answers):
        known, archive = merge_all([*order])
        assert (known.session.cost, known.outranked) == (euros("4.00"), None)
        assert [*archive.values()] == [said]
        assert merge_all([*order, answers[0]]) == (known, archive)


def test_meter_values_are_those_of_the_newest_answer_with_any() -> None:
    """Test that meter values are neither added up nor taken away."""
    known, _ = merge_all(
        [
            answer(updated=at(1), meter_values=metered((0, 1.0), (1, 2.0))),
            answer(updated=at(2), meter_values=metered((2, 3.0), (0, 1.0))),
            answer(updated=at(3)),
        ]
    )
    assert known.session.meter_values == metered((0, 1.0), (2, 3.0))


def test_two_meter_values_of_one_moment() -> None:
    """Test that the larger one stays, and that a zero has no sign."""
    for values in (((1, 2.0), (0, -0.0), (1, 3)), ((1, 3), (1, 2.0), (0, 0))):
        known, _ = merge_all([answer(meter_values=metered(*values))])
        assert repr(known.session.meter_values) == repr(metered((0, 0.0), (1, 3.0)))


def test_without_time_stamps_the_meter_values_that_reach_further_stay() -> None:
    """Test that a reading of later on is the newer one where nothing else tells."""
    far, near = metered((0, 1.0), (9, 2.0)), metered((0, 1.0), (5, 7.0))
    for order in ((far, near), (near, far)):
        known, _ = merge_all([answer(meter_values=values) for values in order])
        assert known.session.meter_values == far


def test_what_is_not_a_number_is_unknown() -> None:
    """Test that infinite and undefined figures never enter."""
    nan = float("nan")
    bad = Cost(amount=Decimal("NaN"), currency="EUR", source=Source.REPORTED)
    told = details("Infinity")
    assert told.intent
    known, _ = merge_all(
        [
            answer(
                energy=float("inf"),
                energy_source=Source.METERED,
                cost=bad,
                meter_values=metered((0, nan)),
                details=replace(told, intent=replace(told.intent, notify_after_duration=nan)),
            )
        ]
    )
    intent = replace(told.intent, notify_after_price=None)
    assert known.session == answer(details=replace(told, intent=intent))


def test_times_become_utc_and_must_be_aware() -> None:
    """Test that a time keeps its instant, and that a naive one is refused."""
    local, naive = at(0).astimezone(timezone(timedelta(hours=2))), at(0).replace(tzinfo=None)

    def said(moment: datetime) -> list[Session]:
        intent = Intent(kind="in_app", start_kind="local")
        return [
            answer(started=moment),
            answer(meter_values=(MeterValue(moment, 1.0),)),
            answer(details=SessionDetails(created=moment)),
            answer(details=SessionDetails(intent=replace(intent, created=moment))),
            answer(details=SessionDetails(intent=replace(intent, updated=moment))),
        ]

    for one, utc, wrong in zip(said(local), said(at(0)), said(naive), strict=True):
        assert msgspec.json.encode(merge(None, one).known.session) == msgspec.json.encode(utc)
        with pytest.raises(TypeError):
            merge(None, wrong)


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
