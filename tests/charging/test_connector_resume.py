"""What a connector of ours makes of a restart, however long it took."""

from copy import replace

import pytest

from custom_components.ev_charging_sessions.charging.connector import Authorization
from custom_components.ev_charging_sessions.charging.model import (
    CardType,
    SessionStatus,
    Source,
)

from .answers import at
from .connector_bench import Bench

FINISHED = SessionStatus.FINISHED
CHARGING = SessionStatus.CHARGING


@pytest.fixture(params=[True, False], ids=["plug", "no plug"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """Return a connector with a plug sensor, and one without, at which a guest charges."""
    bench = Bench(has_plug=request.param)
    if bench.has_plug:
        bench.see(1, is_plugged=True)
    bench.begin(2)
    bench.see(3, is_on=True)
    bench.see(4, reading=100.5)
    bench.see(9, reading=101.0)
    return bench


def by_hand(*, has_plug: bool) -> Bench:
    """Return a connector that was switched on by hand."""
    bench = Bench(has_plug=has_plug)
    bench.see(1, is_on=True, is_plugged=True if has_plug else None)
    bench.see(4, reading=100.5)
    return bench


def ended(bench: Bench, *, obeys: bool = True) -> Bench:
    """Let the guest's session end in the tenth minute."""
    bench.end(10)
    if obeys:
        bench.see(10, is_on=False)
    return bench


def test_nothing_was_there_before(bench: Bench) -> None:
    """Test that a connector begins where there is nothing to go on with."""
    bench.told.clear()
    bench.restart()
    assert (bench.connector.session, bench.connector.status) == (None, None)
    assert not bench.connector.must_be_off


def test_nothing_is_said_before_the_first_look(bench: Bench) -> None:
    """Test that neither time nor a restart alone changes a session."""
    before = bench.session
    bench.restart()
    assert bench.session is before
    assert not bench.tick(6_000)
    assert bench.session is before
    assert bench.connector.status is None


def test_an_open_session_goes_on(bench: Bench) -> None:
    """Test that a session charges on over a restart, with all that flowed meanwhile."""
    bench.restart()
    bench.see(30, reading=105.0)
    assert (bench.session.session_id, bench.session.status) == ("s1", CHARGING)
    assert (bench.session.energy, bench.session.energy_source) == (5.0, Source.METERED)
    assert (bench.details.charging_started, bench.details.charging_ended) == (at(4), at(30))
    assert bench.session.meter_values[-1].energy == 105.0
    assert (bench.details.card_type, bench.details.payment_reference) == (CardType.RFID, "P1")
    assert bench.session.updated == at(30)
    assert bench.end(31).energy == 5.0


def test_the_meter_is_not_back_at_once(bench: Bench) -> None:
    """Test that a meter that comes back later than we do still counts from where it stood."""
    bench.restart()
    bench.see(30, reading=None)
    bench.see(31, reading=106.0)
    assert bench.session.energy == 6.0


def test_it_ended_while_nobody_looked(bench: Bench) -> None:
    """Test that a session is over whose car is gone, or whose switch is off, after a restart."""
    bench.restart()
    if bench.has_plug:
        bench.see(30, reading=103.0, is_plugged=False)
        bench.tick(30.1)
    else:
        bench.see(30, reading=103.0, is_on=False)
    assert bench.session.status is FINISHED
    assert (bench.session.ended, bench.session.energy) == (at(30), 3.0)
    assert bench.session.stop_reason == ("unplugged" if bench.has_plug else "switched_off")


def test_idle_over_a_restart(bench: Bench) -> None:
    """Test that energy that flowed while nobody looked is seen before a session counts as idle."""
    bench.restart()
    bench.see(300, reading=103.0)
    assert bench.session.status is CHARGING
    bench.restart()
    bench.see(600)
    assert bench.session.stop_reason == (None if bench.has_plug else "idle")


def test_a_session_that_only_started() -> None:
    """Test that a start that was cut short by a restart still ends for want of a car."""
    new = Bench(has_plug=True)
    new.begin(2)
    new.restart()
    new.see(6.9)
    assert new.session.status is SessionStatus.STARTING
    new.see(7)
    assert new.session.reason == "not_plugged_in"


def test_the_switch_was_not_turned_off_in_time(bench: Bench) -> None:
    """Test that a switch that stayed on over a restart is turned off."""
    ended(bench, obeys=False)
    bench.restart()
    owed = [bench.connector.must_be_off]
    bench.see(12)
    owed.append(bench.connector.must_be_off)
    bench.see(13, reading=101.5)
    bench.see(13.1, is_on=False)
    owed.append(bench.connector.must_be_off)
    assert owed == [False, True, False]
    bench.see(14, is_on=True)
    assert (bench.session.session_id, bench.session.card_id) == ("s2", None)


def test_the_switch_was_on_for_hours(bench: Bench) -> None:
    """Test that a switch that may have been turned on by hand meanwhile stays on."""
    ended(bench)
    bench.restart()
    bench.see(10 + 61, is_on=True)
    bench.see(10 + 62, reading=101.5)
    assert not bench.connector.must_be_off
    assert (bench.session.session_id, bench.session.card_id) == ("s2", None)


def test_who_charges_at_home_may_leave_it_on() -> None:
    """Test that a switch that nobody has to turn off is not turned off after a restart."""
    bench = by_hand(has_plug=True)
    bench.see(5, is_plugged=False)
    bench.tick(5.1)
    bench.restart(6)
    assert not bench.connector.must_be_off
    bench.see(7, is_plugged=True)
    assert bench.session.session_id == "s2"


@pytest.mark.parametrize("has_plug", [True, False])
def test_a_private_session_that_was_stopped(*, has_plug: bool) -> None:
    """Test that a stop on purpose is carried out over a restart whoever has charged."""
    bench = by_hand(has_plug=has_plug)
    bench.end(5, "local")
    bench.restart(6)
    assert bench.connector.must_be_off


def test_a_switch_that_obeys_too_late(bench: Bench) -> None:
    """Test that a start that failed may have its effect over a restart, and not for ever."""
    new = Bench(has_plug=bench.has_plug)
    new.begin(2)
    new.connector.fail(at(3), "switch_timed_out")
    new.listen()
    new.restart(4)
    new.see(5, is_on=True, is_plugged=True if bench.has_plug else None)
    assert new.connector.must_be_off
    new.see(6, is_on=False)
    new.see(8, is_on=False)
    new.see(9, is_on=True)
    assert not new.connector.must_be_off


@pytest.mark.parametrize(("minute", "energy"), [(12, 1.5), (24.9, 1.5), (25.1, 1.0)])
def test_late_energy_after_a_short_restart(bench: Bench, minute: float, energy: float) -> None:
    """Test that what a meter shows after a restart belongs to the session that just ended."""
    ended(bench)
    bench.restart()
    bench.see(minute, reading=101.5)
    assert bench.told["s1"].energy == energy
    bench.see(minute + 8.1, reading=102.0)
    assert bench.told["s1"].energy == energy


@pytest.mark.parametrize(("minute", "energy"), [(600, 1.5), (10 + 24 * 60.5, 1.0)])
def test_a_meter_that_is_back_after_a_restart(bench: Bench, minute: float, energy: float) -> None:
    """Test that a meter that could not be read at the end is waited for over a restart."""
    bench.see(9.5, reading=None)
    ended(bench)
    bench.restart(300)
    bench.see(minute, reading=101.5)
    assert bench.told["s1"].energy == energy


def test_restarts_change_nothing_told(bench: Bench) -> None:
    """Test that to look again after a restart is no news, whatever state a session is in."""
    before = bench.session
    bench.restart(9.5)
    assert bench.session is before
    after = ended(bench).session
    bench.restart(10.2)
    assert bench.session is after
    bench.restart(300)
    assert bench.connector.session is None
    assert bench.listen() == 0


def test_the_next_session_counts_from_where_the_meter_stood(bench: Bench) -> None:
    """Test that the memory of the session before carries the meter over a restart."""
    ended(bench)
    bench.restart(60)
    bench.see(61, reading=None)
    bench.begin(62)
    bench.see(90, is_on=True, reading=104.0)
    assert (bench.session.energy, bench.session.energy_source) == (3.0, Source.METERED)


@pytest.mark.parametrize(("minute", "energy"), [(25, 3.0), (25.1, 0.0)])
def test_what_flowed_while_nobody_looked_is_only_estimated(
    bench: Bench, minute: float, energy: float
) -> None:
    """Test that nobody is charged for what has long flowed before him while we were away."""
    ended(bench)
    bench.shown = replace(bench.shown, reading=None)
    bench.restart(20)
    bench.begin(minute)
    bench.see(30, is_on=True)
    bench.see(30.5, reading=104.0)
    assert (bench.session.energy, bench.session.energy_source) == (energy, Source.ESTIMATED)
    bench.see(31, reading=104.5)
    assert (bench.session.energy, bench.session.energy_source) == (energy + 0.5, Source.ESTIMATED)
    assert bench.told["s1"].energy == 1.0


def test_what_flowed_while_we_were_away_is_nobodys(bench: Bench) -> None:
    """Test that a car that has charged while we were away begins anew, its meter with it."""
    ended(bench)
    bench.restart()
    bench.see(600, is_on=True, reading=140.0)
    bench.see(601, reading=140.2)
    assert (bench.session.session_id, bench.session.energy) == ("s2", 0.2)


def test_the_meter_was_away_all_along(bench: Bench) -> None:
    """Test that what an open session cannot show yet is not lost when the next one begins."""
    bench.restart()
    bench.see(30, reading=None)
    bench.end(31)
    bench.see(31, is_on=False)
    bench.begin(60)
    bench.see(61, is_on=True, reading=105.0)
    assert (bench.session.energy, bench.session.energy_source) == (4.0, Source.ESTIMATED)


def test_started_after_the_session_before(bench: Bench) -> None:
    """Test that a session does not start before another one ended, restart or not."""
    ended(bench)
    bench.restart(11)
    assert bench.begin(12, Authorization(card_id="other")).started == at(12)
    if not bench.has_plug:
        return
    bench.see(13, is_plugged=False)
    bench.see(14, is_on=True)
    bench.end(15)
    bench.see(15, is_on=False)
    bench.see(16, is_plugged=True)
    assert bench.begin(18).started == at(16)
