"""What a connector of ours measures: which energy belongs to which session, and when it flowed."""

from datetime import datetime

from custom_components.ev_charging_sessions.charging.connector import (
    Connector,
    Observation,
)
from custom_components.ev_charging_sessions.charging.model import (
    MeterMemory,
    MeterValue,
    SessionStatus,
    Source,
)

from .answers import at, metered
from .connector_bench import ACCOUNT, EVSE, Bench, started

HOURS = 60.0


def interval(bench: Bench) -> tuple[datetime | None, datetime | None]:
    """Return when energy first and last flowed."""
    return bench.details.charging_started, bench.details.charging_ended


def test_from_the_meter(bench: Bench) -> None:
    """Test what a session says of its meter, from its beginning to its end."""
    started(bench)
    assert (bench.session.energy, bench.session.energy_source) == (0.0, Source.METERED)
    assert interval(bench) == (None, None)
    assert bench.memory == MeterMemory(at=at(0), reading=100.0, counted=0.0)
    bench.see(5, reading=100.4)
    assert (bench.session.energy, interval(bench)) == (0.4, (at(5), at(5)))
    bench.see(8, reading=101.0)
    assert (bench.session.energy, interval(bench)) == (1.0, (at(5), at(8)))
    assert bench.memory == MeterMemory(at=at(8), reading=101.0, counted=1.0)
    assert bench.end(10).energy == 1.0
    assert interval(bench) == (at(5), at(8))


def test_what_flowed_before_is_not_charged(bench: Bench) -> None:
    """Test that a session begins where the meter stood when it began."""
    bench.see(1, reading=107.5)
    started(bench)
    bench.see(4, reading=108.0)
    assert bench.session.energy == 0.5
    assert bench.session.meter_values[-1].energy == 108.0


def test_the_first_watt_hour_counts(bench: Bench) -> None:
    """Test that charging begins with the first watt-hour, and not with less."""
    bench.begin(2)
    bench.see(2.1, is_on=True, is_plugged=True if bench.has_plug else None)
    bench.see(2.2, reading=100.0009)
    assert (bench.session.status, bench.session.energy) == (SessionStatus.CONNECTED, 0.0009)
    assert interval(bench) == (None, None)
    bench.see(2.3, reading=100.0018)
    assert (bench.session.status, interval(bench)) == (SessionStatus.CHARGING, (at(2.3), at(2.3)))


def test_a_long_rest_before_is_no_trickle(bench: Bench) -> None:
    """Test that a car charges from its first rise on, however long the meter stood before."""
    bench.begin(10 * HOURS)
    bench.see(10 * HOURS + 1, is_on=True, is_plugged=True if bench.has_plug else None)
    bench.see(10 * HOURS + 2, reading=100.01)
    assert bench.session.status is SessionStatus.CHARGING


def test_the_meter_is_known_before_but_not_at_the_start(bench: Bench) -> None:
    """Test that what a meter stood at when it was last known is where a session begins."""
    bench.see(1, reading=None)
    started(bench)
    assert bench.session.energy == 0.0
    bench.see(30, reading=102.0)
    assert (bench.session.energy, bench.session.energy_source) == (2.0, Source.METERED)


def test_the_meter_is_first_known_in_the_session(bench: Bench) -> None:
    """Test that what flowed before a meter was ever read stays unknown, and is said to be."""
    first = Bench(has_plug=bench.has_plug, reading=None)
    started(first)
    assert (first.session.energy, first.session.energy_source) == (None, None)
    assert (first.details.meter, first.session.meter_values) == (None, ())
    first.see(4, reading=100.0)
    assert (first.session.energy, first.session.energy_source) == (0.0, Source.ESTIMATED)
    first.see(5, reading=100.25)
    assert (first.session.energy, first.session.energy_source) == (0.25, Source.ESTIMATED)
    assert first.session.status is SessionStatus.CHARGING


def test_the_meter_is_never_known(bench: Bench) -> None:
    """Test that a session without any reading has no energy, not none of it."""
    blind = Bench(has_plug=bench.has_plug, reading=None)
    started(blind)
    ended = blind.end(10)
    blind.see(11, is_on=False)
    blind.see(12, reading=100.0)
    blind.see(13, reading=100.5)
    assert blind.told == {"s1": ended}
    assert (ended.energy, ended.energy_source, ended.meter_values) == (None, None, ())


def test_the_first_look_is_at_a_car_that_charges() -> None:
    """Test that a session that had begun before we came is measured from then on."""
    connector = Connector(ACCOUNT, EVSE, has_plug=True)
    connector.observe(Observation(at=at(0), is_on=True, is_plugged=True, reading=100.0))
    connector.observe(Observation(at=at(1), is_on=True, is_plugged=True, reading=100.1))
    assert connector.session is not None
    assert (connector.session.energy, connector.session.energy_source) == (0.1, Source.ESTIMATED)


def test_a_rise_seen_together_with_the_switch(bench: Bench) -> None:
    """Test that what a meter shows in the moment it is switched on and off is not lost."""
    bench.see(1, is_on=True, is_plugged=True if bench.has_plug else None, reading=100.3)
    assert bench.session.energy == 0.3
    bench.see(9, is_on=False, is_plugged=False if bench.has_plug else None, reading=100.9)
    assert (bench.session.energy, bench.session.is_open) == (0.9, False)
    assert interval(bench) == (at(1), at(9))


def test_a_meter_that_cannot_be_read_for_a_while(bench: Bench) -> None:
    """Test that energy over a gap is counted when the meter is back."""
    started(bench)
    bench.see(4, reading=100.2)
    bench.see(5, reading=None)
    bench.see(6 * HOURS, reading=150.2)
    assert (bench.session.energy, interval(bench)) == (50.2, (at(4), at(6 * HOURS)))


def test_a_reset_and_a_roll_over_in_a_session(bench: Bench) -> None:
    """Test that a session counts on, and that the meter it tells of never goes back."""
    started(bench)
    bench.see(4, reading=100.2)
    bench.see(5, reading=0.0)
    assert (bench.session.energy, bench.memory.reading) == (0.2, 0.0)
    bench.see(6, reading=0.3)
    assert bench.session.energy == 0.5
    assert bench.session.meter_values == metered((6, 100.5))


def test_a_slip_takes_nothing_back(bench: Bench) -> None:
    """Test that what a slip has added is taken back, but not from the session before."""
    started(bench)
    bench.see(4, reading=100.2)
    bench.see(5, reading=0.5)
    assert bench.session.energy == 0.7
    bench.end(5.1)
    bench.see(5.1, is_on=False)
    bench.begin(5.2)
    bench.see(5.3, is_on=True)
    bench.see(5.4, reading=100.3)
    assert (bench.session.energy, bench.session.meter_values[-1].energy) == (0.0, 0.5)
    bench.see(6, reading=100.4)
    assert (bench.session.energy, bench.session.meter_values[-1].energy) == (0.1, 0.6)


def test_a_slip_that_is_mended_in_the_session(bench: Bench) -> None:
    """Test that a slip costs nobody anything, and shows no meter that runs backwards."""
    started(bench)
    bench.see(4, reading=100.2)
    bench.see(5, reading=0.5)
    bench.see(6, reading=100.3)
    assert (bench.session.energy, bench.session.meter_values) == (0.3, metered((6, 100.7)))
    bench.see(9, reading=101.2)
    assert (bench.session.energy, bench.session.meter_values[-1]) == (1.2, MeterValue(at(9), 101.2))


def test_when_it_last_stood_still(bench: Bench) -> None:
    """Test that a car that charges again after a pause is not said to have charged all along."""
    started(bench)
    assert bench.session.meter_values == metered((2, 100.0))
    bench.see(4, reading=100.2)
    assert bench.session.meter_values == metered((3, 100.0), (4, 100.2))
    bench.tick(29)
    bench.see(30, reading=100.4)
    assert bench.session.meter_values == metered((29, 100.2), (30, 100.4))


def test_a_jump_did_not_happen_in_the_last_seconds(bench: Bench) -> None:
    """Test that a meter with news once a minute is not said to have stood still meanwhile."""
    started(bench)
    bench.see(4, reading=100.2)
    bench.tick(4.9)
    bench.see(5, reading=100.4)
    assert bench.session.meter_values == metered((5, 100.4))


def test_nothing_is_told_while_nothing_moves(bench: Bench) -> None:
    """Test that mere looks at a connector are no news."""
    started(bench)
    bench.see(4, reading=100.2)
    before = bench.session
    bench.see(5)
    bench.tick(6)
    bench.see(7, reading=100.15)
    assert bench.session is before
    assert bench.connector.changed() is None
