"""Tests of the physical world."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from .cars import Car
from .client import CARD, EVSE
from .clock import Clock, real_now
from .defaults import CARDS, default_world
from .world import Phase, Session, UnknownThingError, World

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    """Make the default world in frozen time."""
    return default_world(Clock(START))


def _phase(session: Session) -> Phase:
    """Read the phase anew, which the type checker takes for unchanged otherwise."""
    return session.phase


def test_default_world(world: World) -> None:
    """There are six EVSEs, two cards and one account to begin with."""
    assert len(world.charge_points) == 6
    assert world.cards == set(CARDS)
    assert world.accounts == {"demo-client": "demo-secret"}


def test_session_from_request_to_end(world: World) -> None:
    """A session starts and stops after the delays, and not before."""
    world.plug(EVSE, Car(capacity=60, level=20, max_power=11))
    session = world.start(EVSE, CARD)
    world.clock.advance(4.9)
    assert _phase(session) is Phase.START_REQUESTED
    assert world.sessions_of(CARD) == []
    world.clock.advance(0.1)
    assert _phase(session) is Phase.STARTED
    assert session.started == START + timedelta(seconds=5)
    world.clock.advance(3600)
    assert world.energy(session) == pytest.approx(11)
    world.stop(session.session_id)
    assert _phase(session) is Phase.STOP_REQUESTED
    assert world.sessions_of(CARD) == [session]
    world.clock.advance(10)
    assert _phase(session) is Phase.STOPPED
    assert session.stopped == START + timedelta(seconds=3610)
    assert world.energy(session) == pytest.approx(11 * 3605 / 3600)
    assert world.sessions_of(CARD) == []


def test_a_full_car_takes_no_more(world: World) -> None:
    """Energy ends with the room in the battery."""
    world.plug(EVSE, Car(capacity=60, level=58))
    session = world.start_at_pole(EVSE, CARD)
    world.clock.advance(36000)
    assert world.energy(session) == pytest.approx(2)


def _no_car(_world: World) -> None:
    """Leave the charge point as it is."""


def _broken(world: World) -> None:
    world.plug(EVSE)
    world.set_service(EVSE, out_of_service=True)


def _refuses(world: World) -> None:
    world.plug(EVSE)
    world.charge_point(EVSE).refused_cards.add(CARD)


def _in_use(world: World) -> None:
    world.start_at_pole(EVSE, CARDS[1])


def _told_to(world: World) -> None:
    world.plug(EVSE)
    world.fail_next_start("InternalError")


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        (_no_car, "EvNotConnectedToEvse"),
        (_broken, "EvseOutOfService"),
        (_refuses, "ChargeTokenNotSupported"),
        (_in_use, "EvseInUse"),
        (_told_to, "InternalError"),
    ],
)
def test_start_that_fails_later(world: World, prepare: Callable[[World], None], code: str) -> None:
    """An accepted start fails for the physical reason, and takes no session with it."""
    prepare(world)
    session = world.start(EVSE, CARD)
    world.clock.advance(5)
    assert (session.phase, session.error) == (Phase.FAILED_TO_START, code)
    assert session.started is None


def test_stop_that_fails_can_be_repeated(world: World) -> None:
    """A session that failed to stop still runs, and stops at the next attempt."""
    session = world.start_at_pole(EVSE, CARD)
    world.fail_next_stop("ServiceUnavailable")
    world.stop(session.session_id)
    world.clock.advance(5)
    assert (session.phase, session.error) == (Phase.FAILED_TO_STOP, "ServiceUnavailable")
    assert world.running_at(EVSE) is session
    world.stop(session.session_id)
    world.clock.advance(5)
    assert _phase(session) is Phase.STOPPED
    assert world.running_at(EVSE) is None


def test_stop_asked_for_twice(world: World) -> None:
    """The second request changes nothing about the end that the first one brings."""
    session = world.start_at_pole(EVSE, CARD)
    world.stop(session.session_id)
    world.clock.advance(3)
    world.stop(session.session_id)
    world.clock.advance(60)
    assert _phase(session) is Phase.STOPPED
    assert session.stopped == START + timedelta(seconds=5)


def test_stop_before_the_start(world: World) -> None:
    """A session that is stopped before it has started never starts."""
    world.plug(EVSE)
    session = world.start(EVSE, CARD)
    world.stop(session.session_id)
    world.clock.advance(60)
    assert _phase(session) is Phase.STOPPED
    assert session.started is None


def test_pulling_the_plug_ends_the_session(world: World) -> None:
    """A car that leaves ends its session at once, whatever was asked for."""
    session = world.start_at_pole(EVSE, CARD)
    world.clock.advance(60)
    world.unplug(EVSE)
    assert _phase(session) is Phase.STOPPED
    assert session.stopped == START + timedelta(seconds=60)
    with pytest.raises(UnknownThingError):
        world.stop(session.session_id)


def test_every_change_has_a_time_stamp_of_its_own(world: World) -> None:
    """Changes within one frozen moment still move ``updated``."""
    world.start_delay = 0
    world.plug(EVSE)
    session = world.start(EVSE, CARD)
    before = session.updated
    world.clock.settle()
    assert _phase(session) is Phase.STARTED
    assert session.updated > before


def test_unknown_things(world: World) -> None:
    """What does not exist is refused at once."""
    with pytest.raises(UnknownThingError):
        world.start("NL*TNM*E00000000*0", CARD)
    with pytest.raises(UnknownThingError):
        world.start(EVSE, "NL-TNM-C99999999-X")
    with pytest.raises(UnknownThingError):
        world.stop("no such session")


def test_the_same_world_every_time() -> None:
    """Ids are the same in every run, and differ from each other."""
    worlds = [default_world(Clock(START)) for _ in range(2)]
    first, second = [[each.session_id for each in it.populate(10, CARD)] for it in worlds]
    assert first == second
    assert len(set(first)) == 10


def test_a_thousand_sessions_are_made_fast(world: World) -> None:
    """A crowd is there in well under a second."""
    before = real_now()
    world.populate(1000, CARD)
    assert len(world.sessions_of(CARD)) == 1000
    assert real_now() - before < 1
