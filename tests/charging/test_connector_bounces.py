"""That a connector does not believe what a switch or a plug sensor shows for a moment only."""

import pytest

from custom_components.ev_charging_sessions.charging.model import SessionStatus

from .answers import at
from .connector_bench import Bench

CONNECTED = SessionStatus.CONNECTED
SUSPENDED = SessionStatus.SUSPENDED
CHARGING = SessionStatus.CHARGING
FINISHED = SessionStatus.FINISHED

SECOND = 1 / 60


def is_pending(bench: Bench) -> bool:
    """Tell whether time alone is about to change something."""
    return bench.connector.is_pending


def must_be_off(bench: Bench) -> bool:
    """Tell whether the switch has to be turned off."""
    return bench.connector.must_be_off


@pytest.fixture(params=[True, False], ids=["plug", "no plug"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """Return a connector with a plug sensor, a car there, and one without such a sensor."""
    bench = Bench(has_plug=request.param)
    if bench.has_plug:
        bench.see(1, is_plugged=True)
    return bench


@pytest.fixture
def plug() -> Bench:
    """Return a connector with a plug sensor, at which a guest charges since the fourth minute."""
    bench = Bench(has_plug=True)
    bench.see(1, is_plugged=True)
    bench.begin(2)
    bench.see(3, is_on=True)
    bench.see(4, reading=100.2)
    return bench


def test_a_switch_that_bounces_at_the_start(bench: Bench) -> None:
    """Test that a switch that shows old news after it came on ends no session."""
    bench.begin(2)
    bench.see(2 + 1 * SECOND, is_on=True)
    assert not is_pending(bench)
    assert not bench.see(2 + 3 * SECOND, is_on=False)
    assert (bench.session.status, is_pending(bench)) == (CONNECTED, True)
    assert not bench.see(2 + 6 * SECOND, is_on=True)
    assert not is_pending(bench)
    bench.tick(2.5)
    assert bench.session.status is CONNECTED


def test_a_switch_that_bounces_long_after_it_was_told(bench: Bench) -> None:
    """Test that a slow switch may bounce just as one that comes on at once."""
    bench.begin(2)
    bench.see(3, is_on=True)
    bench.see(3 + 14 * SECOND, is_on=False)
    assert bench.session.status is CONNECTED
    bench.see(3 + 14.5 * SECOND, is_on=None)
    bench.tick(3.5)
    assert (bench.session.status, is_pending(bench)) == (CONNECTED, False)


def test_a_switch_that_is_turned_off_right_after_the_start(bench: Bench) -> None:
    """Test that a switch that stays off is believed, as of when it was first seen off."""
    bench.begin(2)
    bench.see(3, is_on=True)
    bench.see(3 + 2 * SECOND, is_on=False)
    assert not bench.tick(3 + 14 * SECOND)
    assert is_pending(bench)
    assert bench.tick(3 + 15 * SECOND)
    assert not is_pending(bench)
    if bench.has_plug:
        assert bench.session.status is SUSPENDED
        return
    assert (bench.session.status, bench.session.stop_reason) == (FINISHED, "switched_off")
    assert bench.session.ended == at(3 + 2 * SECOND)


def test_a_switch_that_is_turned_off_later(bench: Bench) -> None:
    """Test that a switch that has been on for a while is believed at once."""
    bench.begin(2)
    bench.see(3, is_on=True)
    assert bench.see(3 + 15 * SECOND, is_on=False)
    assert bench.session.status is (SUSPENDED if bench.has_plug else FINISHED)


def test_a_stop_right_after_the_start(bench: Bench) -> None:
    """Test that a session that we end ourselves ends at once."""
    bench.begin(2)
    bench.see(3, is_on=True)
    bench.connector.will_end("remote")
    assert bench.see(3 + 2 * SECOND, is_on=False)
    assert (bench.session.status, bench.session.stop_reason) == (FINISHED, "remote")
    assert bench.session.ended == at(3 + 2 * SECOND)


def test_by_hand_a_switch_may_bounce_too(bench: Bench) -> None:
    """Test that what is charged by hand is one session though its switch bounces."""
    bench.see(2, is_on=True)
    bench.see(2 + 3 * SECOND, is_on=False)
    bench.see(2 + 6 * SECOND, is_on=True)
    bench.see(4, reading=100.5)
    assert list(bench.told) == ["s1"]
    assert (bench.session.status, bench.session.energy) == (CHARGING, 0.5)


def test_a_switch_that_bounces_at_a_stop(bench: Bench) -> None:
    """Test that a switch that shows for a moment that it is still on begins no session."""
    bench.begin(2)
    bench.see(3, is_on=True)
    bench.see(9, reading=101.0)
    bench.connector.will_end("remote")
    bench.see(10, is_on=False)
    bench.connector.will_end(None)
    bench.end(10)
    bench.see(10 + 2 * SECOND, is_on=True)
    assert must_be_off(bench)
    bench.see(10 + 6 * SECOND, reading=101.2)
    bench.see(10 + 12 * SECOND, is_on=False)
    assert not must_be_off(bench)
    bench.see(10 + 29 * SECOND, is_on=True)
    assert must_be_off(bench)
    bench.see(10 + 29.5 * SECOND, is_on=False)
    assert {key: session.energy for key, session in bench.told.items()} == {"s1": 1.2}


def test_switched_on_by_hand_after_a_stop(bench: Bench) -> None:
    """Test that who turns a switch on half a minute after a stop may charge."""
    bench.begin(2)
    bench.see(3, is_on=True)
    bench.see(9, reading=101.0)
    bench.end(10)
    bench.see(10 + 2 * SECOND, is_on=False)
    bench.see(10 + 30 * SECOND, is_on=True)
    assert not must_be_off(bench)
    assert (bench.session.session_id, bench.session.card_id) == ("s2", None)


def test_a_plug_sensor_that_flaps(plug: Bench) -> None:
    """Test that a plug that seems to be out for a moment neither ends nor cuts anything."""
    assert not plug.see(5, is_plugged=False)
    assert is_pending(plug)
    assert not plug.tick(5 + 4.9 * SECOND)
    assert not plug.see(5 + 4.95 * SECOND, is_plugged=True)
    assert not is_pending(plug)
    plug.see(5 + 30 * SECOND, is_plugged=False)
    plug.see(5 + 32 * SECOND, is_plugged=None)
    plug.tick(6)
    plug.see(6 + 1 * SECOND, is_plugged=False)
    plug.see(6 + 2 * SECOND, is_plugged=True)
    assert (plug.session.status, plug.session.session_id) == (CHARGING, "s1")
    assert not must_be_off(plug)


def test_a_plug_that_is_out(plug: Bench) -> None:
    """Test that a session has ended when its plug was first seen out, with what came after."""
    plug.see(5, is_plugged=False)
    plug.see(5 + 3 * SECOND, reading=100.3)
    assert plug.session.is_open
    assert plug.tick(5 + 5 * SECOND)
    assert (plug.session.status, plug.session.stop_reason) == (FINISHED, "unplugged")
    assert (plug.session.ended, plug.session.energy) == (at(5), 0.3)
    assert (plug.details.charging_started, plug.details.charging_ended) == (at(4), at(5))
    assert plug.session.updated == at(5 + 5 * SECOND)
    assert must_be_off(plug)
    assert not is_pending(plug)


def test_a_plug_that_is_out_of_a_switch_that_is_off(plug: Bench) -> None:
    """Test that who turns off and unplugs is believed at once, in whatever order."""
    plug.see(5, is_plugged=False)
    assert plug.see(5 + 1 * SECOND, is_on=False)
    assert (plug.session.stop_reason, plug.session.ended) == ("unplugged", at(5))
    plug.begin(20)
    plug.see(21, is_on=True, is_plugged=True)
    plug.see(22, is_on=False)
    assert plug.see(23, is_plugged=False)
    assert (plug.session.session_id, plug.session.ended) == ("s2", at(23))


def test_all_flows_after_the_plug_is_out(plug: Bench) -> None:
    """Test that a slow meter does not say that a car has charged after it left."""
    bench = Bench(has_plug=True)
    bench.see(1, is_plugged=True)
    bench.begin(2)
    bench.see(3, is_on=True)
    bench.see(5, is_plugged=False)
    bench.see(5 + 3 * SECOND, reading=100.3)
    bench.tick(6)
    assert (bench.details.charging_started, bench.details.charging_ended) == (at(5), at(5))
    assert bench.session.energy == 0.3


def test_a_plug_sensor_after_a_restart(plug: Bench) -> None:
    """Test that the first that a plug sensor shows after a restart may be wrong."""
    plug.restart()
    plug.see(8, is_plugged=False)
    assert is_pending(plug)
    plug.see(8 + 2 * SECOND, is_plugged=True)
    assert plug.session.status is CHARGING
    plug.restart()
    plug.see(9, is_plugged=False)
    plug.tick(9 + 5 * SECOND)
    assert (plug.session.status, plug.session.ended) == (FINISHED, at(9))


def test_a_flap_is_no_arrival() -> None:
    """Test that a car is there since it was plugged in, though its plug sensor flaps."""
    bench = Bench(has_plug=True)
    bench.see(1, is_plugged=True)
    bench.see(5, is_plugged=False)
    bench.see(5 + 2 * SECOND, is_plugged=True)
    assert bench.begin(6).started == at(1)


def test_another_car_has_come() -> None:
    """Test that a car that was plugged in after another one left has just come."""
    bench = Bench(has_plug=True)
    bench.see(1, is_plugged=True)
    bench.see(5, is_plugged=False)
    bench.see(5 + 6 * SECOND, is_plugged=True)
    assert bench.begin(6).started == at(5 + 6 * SECOND)


def test_nothing_is_pending_where_nothing_is_open(plug: Bench) -> None:
    """Test that only an open session is waited for."""
    bench = Bench(has_plug=True)
    assert not is_pending(bench)
    bench.begin(2)
    assert not is_pending(bench)
    plug.end(5)
    plug.see(5 + 1 * SECOND, is_plugged=False, is_on=False)
    assert not is_pending(plug)
