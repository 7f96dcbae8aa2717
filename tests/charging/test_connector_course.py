"""What sessions at a connector of ours are in between, and how they end without being told to."""

from custom_components.ev_charging_sessions.charging.connector import (
    Connector,
    Observation,
)
from custom_components.ev_charging_sessions.charging.model import (
    ChargePointStatus,
    SessionStatus,
)

from .answers import at
from .connector_bench import ACCOUNT, EVSE, GUEST, Bench, arrive, charging

STARTING = SessionStatus.STARTING
CONNECTED = SessionStatus.CONNECTED
SUSPENDED = SessionStatus.SUSPENDED
CHARGING = SessionStatus.CHARGING
FINISHED = SessionStatus.FINISHED
FAILED = SessionStatus.FAILED
AVAILABLE = ChargePointStatus.AVAILABLE
OCCUPIED = ChargePointStatus.OCCUPIED
OFFLINE = ChargePointStatus.OFFLINE


def test_switched_on_by_hand_with_a_plug(plug: Bench) -> None:
    """Test that a session without a card begins once a car is there and the switch is on."""
    assert not plug.see(1, is_on=True)
    assert plug.connector.session is None
    assert plug.see(2, is_plugged=True)
    assert (plug.session.status, plug.session.started) == (CONNECTED, at(2))
    assert (plug.session.card_id, plug.details.card_type) == (None, None)
    plug.see(3, reading=100.2)
    plug.see(4, is_plugged=False)
    plug.tick(4.1)
    assert (plug.session.stop_reason, plug.session.ended) == ("unplugged", at(4))
    assert not plug.connector.must_be_off
    plug.see(5, is_plugged=True)
    assert (plug.session.session_id, plug.session.started) == ("s2", at(5))


def test_switched_on_by_hand_after_plugging_in(plug: Bench) -> None:
    """Test that a session has started when its car was plugged in."""
    plug.see(1, is_plugged=True)
    plug.see(9, is_on=True)
    assert (plug.session.status, plug.session.started) == (CONNECTED, at(1))


def test_plugged_in_while_nobody_looked() -> None:
    """Test that a session starts now if it is not known when its car was plugged in."""
    connector = Connector(ACCOUNT, EVSE, has_plug=True)
    connector.observe(Observation(at=at(0), is_on=False, is_plugged=True))
    assert connector.begin(GUEST, at(5)).started == at(5)


def test_a_plug_that_was_not_known_for_a_while(plug: Bench) -> None:
    """Test that a gap in what a plug sensor says does not hide that a car has come."""
    plug.see(1, is_plugged=None)
    plug.see(2, is_plugged=True)
    plug.see(3, is_plugged=None)
    plug.see(4, is_plugged=True)
    assert plug.begin(5).started == at(2)


def test_switched_on_by_hand_without_a_plug(plain: Bench) -> None:
    """Test that a session without a card lasts from switching on to switching off."""
    assert plain.see(1, is_on=True)
    assert (plain.session.status, plain.session.card_id) == (CONNECTED, None)
    assert plain.session.started == at(1)
    plain.tick(300)
    assert plain.session.is_open
    assert plain.see(301, is_on=False)
    assert (plain.session.stop_reason, plain.session.ended) == ("switched_off", at(301))


def test_on_from_the_very_first_look() -> None:
    """Test that a switch that may always have been on is in use once energy flows."""
    connector = Connector(ACCOUNT, EVSE, has_plug=False)
    connector.observe(Observation(at=at(0), is_on=True, reading=100.0))
    assert not connector.observe(Observation(at=at(60), is_on=True, reading=100.01))
    assert connector.changed() is None
    assert connector.observe(Observation(at=at(61), is_on=True, reading=100.07))
    session = connector.changed()
    assert session is not None
    assert (session.energy, session.status) == (0.06, CHARGING)


def test_a_switch_that_was_not_known_for_a_while(plain: Bench) -> None:
    """Test that a switch that is found on was turned on if it was off when last known."""
    plain.see(1, is_on=None)
    assert plain.connector.session is None
    plain.see(2, is_on=True)
    assert plain.session.started == at(2)


def test_unplugged(plug: Bench) -> None:
    """Test that a guest's session ends when he drives away."""
    charging(plug)
    assert not plug.see(5, is_plugged=False)
    assert plug.tick(5.1)
    assert (plug.session.status, plug.session.stop_reason) == (FINISHED, "unplugged")
    assert plug.session.ended == at(5)
    assert plug.connector.must_be_off
    plug.see(5.2, is_plugged=True)
    assert not plug.session.is_open


def test_unplugged_and_switched_off_at_once(plug: Bench) -> None:
    """Test that a car that has left was not left behind without current."""
    charging(plug)
    plug.see(5, is_plugged=False, is_on=False)
    assert plug.session.stop_reason == "unplugged"
    assert not plug.connector.must_be_off


def test_switched_off_by_somebody_else(bench: Bench) -> None:
    """Test that a switch that is turned off ends a session only where no plug is seen."""
    charging(bench)
    assert bench.see(5, is_on=False)
    if not bench.has_plug:
        assert (bench.session.status, bench.session.stop_reason) == (FINISHED, "switched_off")
        return
    assert bench.session.status is SUSPENDED
    bench.see(5.5, reading=100.4)
    assert (bench.session.status, bench.session.energy) == (SUSPENDED, 0.4)
    bench.see(6, is_on=True)
    assert bench.session.status is SUSPENDED
    bench.see(7, reading=100.6)
    assert bench.session.status is CHARGING


def test_the_switch_goes_on_and_off_while_starting(bench: Bench) -> None:
    """Test that a switch that is still off does not end what has only begun."""
    arrive(bench, 1)
    bench.begin(2)
    bench.see(2.1, is_on=False)
    bench.tick(2.5)
    assert bench.session.status is STARTING


def test_a_car_that_pauses(bench: Bench) -> None:
    """Test that a car that takes nothing for ten minutes is suspended until it takes more."""
    charging(bench)
    assert not bench.tick(13.9)
    assert bench.tick(14)
    assert bench.session.status is SUSPENDED
    assert bench.see(20, reading=100.4)
    assert bench.session.status is CHARGING


def test_a_car_that_never_took_anything_is_not_suspended(plug: Bench) -> None:
    """Test that only what has charged can pause."""
    plug.see(1, is_plugged=True)
    plug.begin(2)
    plug.see(3, is_on=True)
    plug.tick(300)
    assert plug.session.status is CONNECTED


def test_idle_without_a_plug_sensor(plain: Bench) -> None:
    """Test that a guest's session ends when nothing flows, for his car may be gone."""
    charging(plain)
    assert not plain.tick(33.9) or plain.session.status is SUSPENDED
    assert plain.tick(34)
    assert (plain.session.status, plain.session.stop_reason) == (FINISHED, "idle")
    assert plain.session.ended == at(34)
    assert plain.connector.must_be_off
    plain.see(35, reading=100.4)
    plain.see(50, reading=101)
    plain.see(51)
    assert plain.connector.session is None
    assert plain.connector.must_be_off


def test_idle_from_the_beginning(plain: Bench) -> None:
    """Test that a session in which nothing ever flows ends too."""
    plain.begin(2)
    plain.see(3, is_on=True)
    plain.tick(31.9)
    assert plain.session.is_open
    plain.tick(32)
    assert plain.session.stop_reason == "idle"


def test_a_charger_that_draws_a_little_itself_is_idle(plain: Bench) -> None:
    """Test that what a charger takes for itself keeps no session open."""
    charging(plain)
    for number in range(1, 6):
        plain.see(4 + number * 6, reading=100.2 + number / 1_000)
    assert plain.session.stop_reason == "idle"
    assert (plain.session.energy, plain.details.charging_ended) == (0.205, at(4))


def test_idle_with_a_plug_sensor(plug: Bench) -> None:
    """Test that a car that is seen to be there may stay as long as it likes."""
    charging(plug)
    plug.tick(600)
    assert plug.session.status is SUSPENDED


def test_idle_without_a_card(plain: Bench) -> None:
    """Test that who charges at home may let a car stand there."""
    plain.see(1, is_on=True)
    plain.see(2, reading=100.2)
    plain.tick(600)
    assert plain.session.status is SUSPENDED


def test_a_meter_that_cannot_be_read_is_not_idle(plain: Bench) -> None:
    """Test that a session goes on while nobody knows whether energy flows."""
    charging(plain)
    plain.see(5, reading=None)
    plain.tick(600)
    assert plain.session.status is CHARGING
    plain.see(601, reading=150.0)
    assert (plain.session.status, plain.session.energy) == (CHARGING, 50.0)


def test_a_meter_that_was_never_read_is_not_idle() -> None:
    """Test that the first reading of a meter does not show that nothing has flowed before."""
    bench = Bench(has_plug=False, reading=None)
    bench.begin(2)
    bench.see(3, is_on=True)
    bench.see(60, reading=100.0)
    assert bench.session.status is CONNECTED
    bench.tick(89.9)
    assert bench.session.status is CONNECTED
    bench.tick(90)
    assert bench.session.stop_reason == "idle"


def test_nothing_known_ends_nothing(bench: Bench) -> None:
    """Test that a session outlives that no entity says anything."""
    charging(bench)
    before = bench.session
    assert bench.see(5, is_on=None, is_plugged=None, reading=None)
    bench.tick(6_000)
    assert bench.session is before
    assert bench.connector.status is OFFLINE


def test_stopped_by_hand_while_switched_on_by_hand(bench: Bench) -> None:
    """Test that a session on purpose ended does not begin again before its switch is off."""
    arrive(bench, 1)
    bench.see(1, is_on=True)
    bench.end(3, "local")
    bench.see(3.1, reading=100.2)
    assert not bench.session.is_open
    assert bench.connector.must_be_off
    bench.see(4, is_on=False)
    bench.see(5, is_on=True)
    assert (bench.session.is_open, bench.session.started) == (True, at(5))


def test_a_guest_comes_while_the_switch_is_still_on(bench: Bench) -> None:
    """Test that a new session does not have to wait for the switch of the one before."""
    charging(bench)
    bench.end(5)
    owed = [bench.connector.must_be_off]
    bench.begin(6)
    owed.append(bench.connector.must_be_off)
    assert owed == [True, False]
    bench.tick(6.1)
    assert (bench.session.status, bench.session.started) == (CONNECTED, at(6))


def test_who_comes_by(plug: Bench) -> None:
    """Test what a driver who comes by would find."""
    assert plug.connector.status is AVAILABLE
    plug.see(1, is_on=None)
    assert plug.connector.status is OFFLINE
    plug.see(2, is_on=False, is_plugged=True)
    assert plug.connector.status is OCCUPIED
    plug.see(3, is_plugged=None)
    assert plug.connector.status is OCCUPIED
    plug.see(4, is_plugged=False)
    assert plug.connector.status is AVAILABLE
    plug.begin(5)
    assert plug.connector.status is OCCUPIED


def test_free_again_without_a_plug_sensor(plain: Bench) -> None:
    """Test that a connector is free as soon as its session is over."""
    charging(plain)
    assert plain.connector.status is OCCUPIED
    plain.end(5)
    assert plain.connector.status is AVAILABLE


def test_two_changes_of_one_moment(bench: Bench) -> None:
    """Test that what came later has the later stamp, though no clock tells them apart."""
    first = bench.begin(2)
    second = bench.end(2)
    assert first.updated is not None
    assert second.updated is not None
    assert second.updated > first.updated


def test_a_clock_that_is_set_back(bench: Bench) -> None:
    """Test that a session neither ends before it began nor has its news outranked."""
    charging(bench)
    before = bench.session
    bench.see(-60, reading=100.4)
    ended = bench.end(-59)
    assert ended.started is not None
    assert ended.ended == ended.started
    assert ended.energy == 0.4
    first, last = bench.details.charging_started, bench.details.charging_ended
    assert first is not None
    assert last is not None
    assert first <= last
    assert ended.updated is not None
    assert before.updated is not None
    assert ended.updated > before.updated
    assert bench.told["s1"] is ended
