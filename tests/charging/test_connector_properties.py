"""What holds at a connector whatever happens to it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from math import inf, nan
from typing import Any

from hypothesis import given, settings, strategies as st

from custom_components.ev_charging_sessions.charging.connector import (
    Authorization,
    Connector,
    Observation,
)
from custom_components.ev_charging_sessions.charging.errors import ConnectorBusyError
from custom_components.ev_charging_sessions.charging.merge import Known, merge
from custom_components.ev_charging_sessions.charging.model import Session, SessionStatus

from .answers import NOON
from .connector_bench import ACCOUNT, EVSE, GUEST, Bench
from .connector_world import World

relaxed = settings(deadline=None, max_examples=150)

type Event = tuple[str, Any]

EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 40)),
    st.tuples(st.sampled_from(("plug", "switch", "start", "stop", "reset")), st.none()),
    st.tuples(st.just("hide"), st.sampled_from(("meter", "switch", "plug"))),
    st.tuples(st.just("keep"), st.none()),
    st.tuples(st.just("restart"), st.integers(0, 8)),
)
WORLDS = st.builds(
    World,
    has_plug=st.booleans(),
    register=st.sampled_from((0, 7, 99_990)),
    power=st.sampled_from((3_600, 7_200, 21_600)),
)


def happen(world: World, event: Event) -> None:
    """Let something happen."""
    match event:
        case ("wait", minutes):
            world.wait(minutes)
        case ("hide", entity):
            world.hide(entity)
        case ("restart", minutes):
            world.restart(minutes)
        case ("keep", _):
            world.keep(is_urgent=True)
        case (name, _):
            getattr(world, name)()


@relaxed
@given(WORLDS, st.lists(EVENTS, max_size=40))
def test_no_energy_is_lost_or_told_twice(world: World, events: list[Event]) -> None:
    """Test that the sessions together have exactly what has flowed, kills and gaps included."""
    for event in events:
        happen(world, event)
    world.settle()
    assert world.measured == world.kwh
    assert not world.is_open


@relaxed
@given(WORLDS, st.lists(EVENTS, max_size=25))
def test_each_session_has_its_own(world: World, events: list[Event]) -> None:
    """Test that while the meter can be read each session has what flowed in it, and when."""
    flowed: dict[str, float] = {}
    for event in events:
        if event == ("hide", "meter"):
            continue
        before = world.kwh
        happen(world, event)
        session = world.connector.session
        if world.kwh > before and session is not None:
            flowed[session.session_id] = flowed.get(session.session_id, 0.0) + world.kwh - before
    world.settle()
    for session_id, session in world.ledger.items():
        assert round(flowed.get(session_id, 0.0), 6) == (session.energy or 0.0)


LOOKS = st.builds(
    Observation,
    at=st.integers(-100, 100_000).map(lambda seconds: NOON + timedelta(seconds=seconds)),
    is_on=st.sampled_from((None, True, False)),
    is_plugged=st.sampled_from((None, True, False)),
    reading=st.one_of(
        st.none(), st.floats(0, 60), st.floats(), st.sampled_from((nan, inf, -1.0, 0.0, 1_000.0))
    ),
)
ORDERS = st.sampled_from(("begin", "private", "end", "fail", "will_end", "forget", "tick", "told"))


class _Watch:
    """What is told of sessions, held against what must always be so."""

    def __init__(self) -> None:
        self.known: dict[str, Known] = {}

    def hear(self, session: Session) -> None:
        """Take in what is told; the ledger must come to hold just that."""
        before = self.known.get(session.session_id)
        if before is not None:
            assert session.updated is not None
            assert before.session.updated is not None
            is_again = session == before.session
            assert is_again or session.updated > before.session.updated
            self._check_order(before.session, session)
        known = merge(before, session).known
        assert known.session == session
        self.known[session.session_id] = known
        self._check(session)

    @staticmethod
    def _check_order(before: Session, after: Session) -> None:
        assert after.started == before.started
        assert after.card_id == before.card_id
        if not before.is_open:
            assert (after.status, after.ended) == (before.status, before.ended)
            assert after == before or after.energy != before.energy
        if before.status is not SessionStatus.STARTING:
            assert after.status is not SessionStatus.STARTING
        if before.meter_values:
            assert after.meter_values[-1].at >= before.meter_values[-1].at
            assert after.meter_values[-1].energy >= before.meter_values[-1].energy

    @staticmethod
    def _check(session: Session) -> None:
        assert session.started is not None
        assert session.details is not None
        assert (session.ended is None) == session.is_open
        assert session.ended is None or session.ended >= session.started
        assert (session.energy is None) == (session.energy_source is None)
        assert session.energy is None or session.energy >= 0
        first, last = session.details.charging_started, session.details.charging_ended
        assert (first is None) == (last is None)
        assert first is None or last is None or first <= last


@settings(deadline=None, max_examples=400)
@given(st.booleans(), st.lists(st.one_of(LOOKS, ORDERS), max_size=40))
def test_anything_may_be_seen(has_plug: bool, happenings: list[Observation | str]) -> None:
    """Test that no look and no order, in any order and by any clock, tells what cannot be."""
    connector = Connector(ACCOUNT, EVSE, has_plug=has_plug)
    watch = _Watch()
    now = NOON
    for happening in happenings:
        now = happening.at if isinstance(happening, Observation) else now
        _happen(connector, happening, now)
        if happening == "told":
            while session := connector.changed():
                watch.hear(session)
        open_one = connector.session
        is_open = open_one is not None and open_one.is_open
        assert is_open or not connector.is_pending
        assert not (connector.must_be_off and is_open)
    while session := connector.changed():
        watch.hear(session)
    assert len([known for known in watch.known.values() if known.session.is_open]) <= 1


def _happen(connector: Connector, happening: Observation | str, now: datetime) -> None:
    is_open = connector.session is not None and connector.session.is_open
    orders: dict[str, Callable[[], object]] = {
        "begin": lambda: connector.begin(GUEST, now),
        "private": lambda: connector.begin(Authorization(), now),
        "end": lambda: connector.end(now, "local"),
        "fail": lambda: connector.fail(now, "switch_failed"),
        "will_end": lambda: connector.will_end("remote"),
        "forget": connector.forget,
        "tick": lambda: connector.tick(now),
        "told": lambda: None,
    }
    if isinstance(happening, Observation):
        connector.observe(happening)
        return
    try:
        orders[happening]()
    except ConnectorBusyError:
        assert is_open
    except ValueError:
        assert connector.session is None


STEPS = st.lists(
    st.tuples(
        st.integers(1, 25),
        st.sampled_from((None, "begin", "end", "restart")),
        st.sampled_from((None, True, False)),
        st.sampled_from((None, True, False)),
        st.sampled_from((None, 0, 1_500)),
    ),
    max_size=30,
)


@settings(deadline=None, max_examples=300)
@given(st.booleans(), STEPS)
def test_a_restart_changes_nothing(has_plug: bool, steps: list[tuple[Any, ...]]) -> None:
    """Test that sessions come out as if there had been no restart, as far as that can be.

    What flows at a connector without a session is not for it to know after a restart, nor
    whether a switch that is on was off since the last one.
    """
    steady, shaken = Bench(has_plug=has_plug), Bench(has_plug=has_plug)
    minute, reading = 0, 100_000
    known_on, known_plugged = False, False if has_plug else None
    for minutes, order, is_on, is_plugged, flow in steps:
        minute += minutes + 1
        session = steady.connector.session
        is_open = session is not None and session.is_open
        before, reading = reading, reading + (flow or 0 if is_open else 0)
        known_on = known_on and (is_open or order != "restart")
        for bench in (steady, shaken):
            if order == "begin" and not is_open:
                bench.begin(minute)
            if order == "end" and is_open:
                bench.end(minute)
            if order == "restart":
                if bench is shaken:
                    bench.restart()
                # What was known before it could not be seen any more is forgotten, but for
                # what a session says of its meter.
                shown = before / 1_000
                bench.see(minute, is_on=known_on, is_plugged=known_plugged, reading=shown)
            bench.see(
                minute + 1,
                is_on=is_on,
                is_plugged=is_plugged if has_plug else None,
                reading=None if flow is None and is_open else reading / 1_000,
            )
            if bench.connector.is_pending:
                bench.tick(minute + 1.25)
            if is_owed := bench.connector.must_be_off:
                bench.see(minute + 1, is_on=False)
        known_on = known_on if is_on is None else is_on
        known_on = known_on and not is_owed
        known_plugged = is_plugged if has_plug and is_plugged is not None else known_plugged
    assert list(map(_essence, shaken.told.values())) == list(map(_essence, steady.told.values()))


def _essence(session: Session) -> tuple[object, ...]:
    """Return what a restart must leave as it is.

    When a car was plugged in is known again only once it has been unplugged.
    """
    return (
        session.session_id,
        session.card_id,
        session.status,
        session.ended,
        session.stop_reason,
        session.error_code,
        session.energy,
        session.details and session.details.charging_started,
        session.details and session.details.charging_ended,
    )
