"""When sessions begin and end at a connector of ours, and what they are in between."""

from collections.abc import Callable
from uuid import UUID

import pytest

from custom_components.ev_charging_sessions.charging.connector import (
    Authorization,
    Connector,
    Observation,
)
from custom_components.ev_charging_sessions.charging.errors import ConnectorBusyError
from custom_components.ev_charging_sessions.charging.model import (
    CardType,
    ChargePointStatus,
    SessionStatus,
)

from .answers import at
from .connector_bench import ACCOUNT, EVSE, GUEST, Bench

STARTING = SessionStatus.STARTING
CONNECTED = SessionStatus.CONNECTED
SUSPENDED = SessionStatus.SUSPENDED
CHARGING = SessionStatus.CHARGING
FINISHED = SessionStatus.FINISHED
FAILED = SessionStatus.FAILED
AVAILABLE = ChargePointStatus.AVAILABLE
OCCUPIED = ChargePointStatus.OCCUPIED
OFFLINE = ChargePointStatus.OFFLINE


@pytest.fixture(params=[True, False], ids=["plug", "no plug"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """Return a connector with a plug sensor, and one without."""
    return Bench(has_plug=request.param)


@pytest.fixture
def plug() -> Bench:
    """Return a connector with a plug sensor."""
    return Bench(has_plug=True)


@pytest.fixture
def plain() -> Bench:
    """Return a connector without a plug sensor."""
    return Bench(has_plug=False)


def arrive(bench: Bench, minute: float) -> None:
    """Let a car be plugged in, where that can be seen."""
    if bench.has_plug:
        bench.see(minute, is_plugged=True)


def charging(bench: Bench) -> Bench:
    """Let a guest charge since the fourth minute, in the session that begins in the second."""
    arrive(bench, 1)
    bench.begin(2)
    bench.see(3, is_on=True)
    bench.see(4, reading=100.2)
    return bench


def test_before_it_was_ever_seen() -> None:
    """Test that nothing is known of a connector, and time tells nothing, before it is seen."""
    connector = Connector(ACCOUNT, EVSE, has_plug=True)
    assert connector.status is None
    assert not connector.tick(at(600))
    assert (connector.status, connector.session, connector.changed()) == (None, None, None)
    assert not connector.must_be_off


def test_an_id_is_an_id_everywhere() -> None:
    """Test that no two sessions in the world have the same id."""
    ids = {Connector(ACCOUNT, EVSE, has_plug=True).begin(GUEST, at(0)).session_id for _ in range(9)}
    assert len({UUID(session_id) for session_id in ids}) == 9


def test_the_life_of_a_session(bench: Bench) -> None:
    """Test a session that the network starts and stops, step by step."""
    arrive(bench, 1)
    session = bench.begin(2)
    assert session == bench.session
    assert (session.account, session.session_id) == (ACCOUNT, "s1")
    assert (session.charge_point_id, session.card_id) == (EVSE, "04523022AA4881")
    assert (session.status, session.ended, session.stop_reason) == (STARTING, None, None)
    assert session.started == (at(1) if bench.has_plug else at(2))
    assert bench.details.card_type is CardType.RFID
    assert bench.details.payment_reference == "P1"
    assert session.updated == at(2)
    assert bench.see(3, is_on=True)
    assert (bench.session.status, bench.session.updated) == (CONNECTED, at(3))
    assert bench.see(4, reading=100.1)
    assert (bench.session.status, bench.session.updated) == (CHARGING, at(4))
    assert not bench.see(5, reading=100.2)
    assert bench.session.updated == at(5)
    ended = bench.end(6)
    assert (ended.status, ended.ended, ended.stop_reason) == (FINISHED, at(6), "remote")
    assert (ended.energy, ended.updated, ended.error_code) == (0.2, at(6), None)
    assert bench.told == {"s1": ended}
    assert bench.connector.must_be_off
    assert bench.see(6.1, is_on=False)
    assert not bench.connector.must_be_off


def test_a_stop_that_is_announced(bench: Bench) -> None:
    """Test that a session ends for the reason that was announced when its switch goes off."""
    charging(bench)
    bench.connector.will_end("remote")
    assert bench.see(5, is_on=False)
    bench.connector.will_end(None)
    assert (bench.session.status, bench.session.stop_reason) == (FINISHED, "remote")
    assert bench.end(5.1, "local").stop_reason == "remote"
    assert not bench.connector.must_be_off


def test_a_stop_that_was_announced_in_vain(plain: Bench) -> None:
    """Test that what was announced says nothing of what happens after it was called off."""
    charging(plain)
    plain.connector.will_end("remote")
    plain.connector.will_end(None)
    plain.see(5, is_on=False)
    assert plain.session.stop_reason == "switched_off"


def test_a_stop_before_anything_flowed(bench: Bench) -> None:
    """Test that a session that is only starting can be stopped."""
    bench.begin(2)
    ended = bench.end(2.5)
    assert (ended.status, ended.ended, ended.energy) == (FINISHED, at(2.5), 0.0)


@pytest.mark.parametrize("status", [STARTING, CHARGING])
def test_busy(bench: Bench, status: SessionStatus) -> None:
    """Test that nobody can begin while a session is open, and that nothing changes by it."""
    if status is CHARGING:
        charging(bench)
    else:
        bench.begin(2)
    before = bench.session
    with pytest.raises(ConnectorBusyError) as err:
        bench.begin(5, Authorization(card_id="other"))
    assert err.value.key == "connector_busy"
    assert before.status is status
    assert bench.session is before
    assert "other" not in str(err.value)


def test_nobody_reads_who_charges() -> None:
    """Test that neither a card nor a reference shows where an authorization is printed."""
    assert repr(GUEST) == "Authorization(card_type=<CardType.RFID: 'rfid'>)"


@pytest.mark.parametrize("finish", [Connector.end, Connector.fail])
def test_nothing_to_end(bench: Bench, finish: Callable[..., object]) -> None:
    """Test that only what has begun can end, and that it ends once."""
    with pytest.raises(ValueError, match="No session"):
        finish(bench.connector, at(5), "remote")
    charging(bench)
    ended = bench.end(5, "local")
    assert finish(bench.connector, at(6), "other") is ended


def test_it_could_not_be_started(bench: Bench) -> None:
    """Test that a start that came to nothing says why, and is no session that ended well."""
    bench.begin(2)
    failed = bench.connector.fail(at(3), "switch_failed")
    assert (failed.status, failed.error_code, failed.stop_reason) == (
        FAILED,
        "switch_failed",
        None,
    )
    assert (failed.ended, failed.reason) == (at(3), "switch_failed")
    assert not bench.connector.must_be_off


def test_a_switch_that_obeys_too_late(bench: Bench) -> None:
    """Test that a switch that comes on after its start was given up is turned off again."""
    arrive(bench, 1)
    bench.begin(2)
    bench.connector.fail(at(3), "switch_timed_out")
    bench.see(3.5)
    bench.see(4, is_on=True)
    assert (bench.connector.must_be_off, bench.session.is_open) == (True, False)
    bench.see(4.1, is_on=False)
    bench.see(8, is_on=False)
    bench.see(9, is_on=True)
    assert (bench.connector.must_be_off, bench.session.is_open) == (False, True)
    assert bench.session.card_id is None


def test_plugged_in_after_the_start(plug: Bench) -> None:
    """Test that a guest may first use his card and then plug in."""
    plug.begin(2)
    plug.see(3, is_on=True)
    assert plug.session.status is STARTING
    plug.tick(6.9)
    assert plug.see(6.95, is_plugged=True)
    assert (plug.session.status, plug.session.started) == (CONNECTED, at(2))
    plug.tick(8)
    assert plug.session.status is CONNECTED


def test_nobody_plugs_in(plug: Bench) -> None:
    """Test that a connector does not wait for ever for who has been let in."""
    plug.begin(2)
    plug.see(3, is_on=True)
    assert not plug.tick(6.9)
    assert plug.tick(7)
    assert (plug.session.status, plug.session.reason) == (FAILED, "not_plugged_in")
    assert plug.session.ended == at(7)
    assert plug.connector.must_be_off


def test_nobody_knows_whether_somebody_plugs_in(plug: Bench) -> None:
    """Test that energy shows that a car is there when the plug sensor says nothing."""
    plug.begin(2)
    plug.see(3, is_on=True, is_plugged=None)
    plug.tick(6.9)
    assert plug.session.status is STARTING
    plug.see(6.95, reading=100.2)
    plug.tick(30)
    assert plug.session.status is SUSPENDED


@pytest.mark.parametrize("is_on", [True, False, None])
def test_a_start_that_nobody_can_see(bench: Bench, *, is_on: bool | None) -> None:
    """Test that a start of which nothing is seen does not block the connector for days."""
    bench.begin(2)
    bench.see(3, is_on=is_on, is_plugged=None)
    bench.tick(6.9)
    if is_on and not bench.has_plug:
        assert bench.session.status is CONNECTED
        return
    assert bench.session.status is STARTING
    assert bench.tick(7)
    assert (bench.session.status, bench.session.reason) == (FAILED, "not_started")
    assert (bench.session.ended, bench.connector.must_be_off) == (at(7), is_on is True)


def test_a_car_without_current(plug: Bench) -> None:
    """Test that a start fails over a restart too when its switch never comes on."""
    plug.see(1, is_plugged=True)
    plug.begin(2)
    plug.restart(3)
    plug.tick(7)
    assert plug.session.reason == "not_started"


def test_energy_while_the_switch_is_not_known(plain: Bench) -> None:
    """Test that energy that flows shows that a start has come about."""
    plain.see(1, is_on=None)
    plain.begin(2)
    plain.see(3, reading=100.2)
    assert plain.session.status is CHARGING


def test_energy_while_the_switch_is_off(bench: Bench) -> None:
    """Test that a meter that is late does not start a session whose switch is off."""
    arrive(bench, 1)
    bench.begin(2)
    bench.see(3, reading=100.2)
    assert (bench.session.status, bench.session.energy) == (STARTING, 0.2)


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
