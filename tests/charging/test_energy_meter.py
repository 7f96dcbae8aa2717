"""What a meter counts, whatever becomes of its register."""

from copy import replace
from datetime import timedelta
from itertools import pairwise
from math import inf, nan

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ev_charging_sessions.charging.energy_meter import EnergyMeter
from custom_components.ev_charging_sessions.charging.model import MeterMemory, MeterValue

from .answers import NOON, at

HOUR = 60.0


def counted(*readings: tuple[float, float]) -> float | None:
    """Return what a meter counts of readings, each with its minute after noon."""
    meter = EnergyMeter()
    for minute, reading in readings:
        meter.read(reading, at(minute))
    return meter.counted


def test_nothing_is_known_before_the_first_reading() -> None:
    """Test that a meter that was never read has counted nothing that could be told."""
    meter = EnergyMeter()
    assert (meter.counted, meter.memory) == (None, None)
    meter.read(100.0, at(0))
    assert meter.counted == 0.0
    assert meter.memory == MeterMemory(at=at(0), reading=100.0, counted=0.0)


@pytest.mark.parametrize("reading", [nan, inf, -inf, -0.001])
@pytest.mark.parametrize("is_first", [True, False])
def test_what_is_no_register_is_ignored(reading: float, *, is_first: bool) -> None:
    """Test that a reading that no register can show leaves everything as it was."""
    meter = EnergyMeter(None if is_first else MeterMemory(at=at(0), reading=5.0, counted=1.0))
    before = meter.memory
    meter.read(reading, at(HOUR))
    assert meter.memory is before


@pytest.mark.parametrize(
    ("readings", "energy"),
    [
        pytest.param([(0, 100), (1, 100.2), (2, 100.5)], 0.5, id="it charges"),
        pytest.param([(0, 100), (600, 160)], 60.0, id="it was away for ten hours"),
        pytest.param([(0, 0), (0, 1)], 1.0, id="it shows whole kWh only"),
        pytest.param([(0, 0.1), (0, 1.1)], 1.0, id="whole kWh, as floats have them"),
        pytest.param([(0, 100), (-60, 100.5), (-59, 101)], 1.0, id="a clock was set back"),
        pytest.param([(0, 100), (1, 99.9), (2, 100.2)], 0.2, id="noise"),
        pytest.param([(0, 100), (1, 99.95), (2, 99.99), (3, 100)], 0.0, id="it trembles"),
        pytest.param([(0, 100), (1, 150)], 0.0, id="more than any connector gives"),
        pytest.param([(0, 100), (1, 150), (2, 150.2)], 0.2, id="it goes on after that"),
        pytest.param([(0, 100), (1, 150), (2, 100.1)], 0.1, id="a slip upwards"),
        pytest.param([(0, 100), (1, 150), (2, 99.95), (3, 100.1)], 0.1, id="a slip and noise"),
        pytest.param([(0, 100), (600, 5_000)], 0.0, id="more than any car takes"),
        pytest.param([(0, 100), (1, 0), (2, 0.3)], 0.3, id="it is reset"),
        pytest.param([(0, 100), (30, 8), (40, 9)], 9.0, id="it is reset and charges unseen"),
        pytest.param([(0, 0.08), (1, 0), (2, 0.2)], 0.2, id="it is reset to nothing from little"),
        pytest.param([(0, 1_000), (600, 800), (601, 800.2)], 0.2, id="another meter"),
        pytest.param([(0, 30), (1, 25), (2, 25.2)], 0.2, id="another meter, with less on it"),
        pytest.param([(0, 1_003), (900, 1_000), (901, 1_000.2)], 0.2, id="it is put right"),
        pytest.param([(0, 15), (900, 14), (901, 14.2)], 0.2, id="a small one is put right"),
        pytest.param([(0, 1_000), (1, 0), (2, 1_000.2)], 0.2, id="a slip to nothing"),
        pytest.param([(0, 5), (1, 0), (2, 5.1)], 0.1, id="a slip of a small register"),
        pytest.param([(0, 5), (1, 0), (2, 4.95), (3, 5.1)], 0.1, id="a slip, back in the noise"),
        pytest.param([(0, 5), (1, 0), (2, 0.1), (40, 5.05), (41, 5.15)], 5.15, id="it passes it"),
        pytest.param([(0, 5), (1, 0), (61, 6)], 6.0, id="a reset, an hour of 6 kW unseen"),
        pytest.param([(0, 1_000), (1, 0.3), (2, 1_000.4)], 0.4, id="a slip to something"),
        pytest.param([(0, 1_000), (1, 0), (2, 1_500), (3, 1_500.2)], 0.2, id="not even back"),
        pytest.param([(0, 1_000), (1, 500), (2, 0), (3, 1_000.4)], 0.4, id="a slip in two steps"),
        pytest.param(
            [(0, 1_000), (1, 999_999.5), (2, 0.2), (3, 1_000.4)], 0.4, id="up, down and back"
        ),
        pytest.param([(0, 1_000), (1, 999_999.5), (2, 0.2)], 0.2, id="up and down for good"),
        pytest.param([(0, 99_999.6), (1, 0.2), (2, 0.4)], 0.8, id="it rolls over"),
        pytest.param([(0, 99_960), (240, 4)], 44.0, id="it rolls over unseen"),
        pytest.param([(0, 4_294_967.196), (1, 0.1)], 0.2, id="32 bits of Wh"),
        pytest.param([(0, 2_147_483.548), (1, 0.1)], 0.2, id="31 bits of Wh"),
        pytest.param([(0, 6_553.5), (1, 0.1)], 0.2, id="16 bits of 0.1 kWh"),
        pytest.param([(0, 1_000), (1, 0.25)], 0.25, id="it shows the end of its register"),
        pytest.param([(0, 900), (600, 3)], 3.0, id="too far from an end to roll over"),
        pytest.param([(0, 1_000), (600, 999)], 0.0, id="it has not rolled over a whole register"),
        pytest.param([(0, 99_999.6), (1, 0), (2, 0.2)], 0.6, id="it rolls over to nothing"),
        pytest.param([(0, 99_990), (600, 0), (601, 0.2)], 0.2, id="it is reset near its end"),
        pytest.param([(0, 99_990), (1, 0.2)], 0.2, id="too far for the time to roll over"),
        pytest.param([(5, 100.3), (300, 900)], 799.7, id="it was away, and charged fast"),
        pytest.param([(5, 100.3), (300, 900), (301, 100.31)], 0.01, id="a spike"),
        pytest.param([(5, 100), (300, 900), (301, 99.95)], 0.0, id="a spike, back in the noise"),
        pytest.param([(5, 100), (9, 104.5), (10, 100.1)], 0.1, id="a small spike"),
        pytest.param([(0, 100), (300, 900), (301, 900.2), (302, 100.3)], 0.3, id="a long spike"),
        pytest.param([(0, 100), (300, 900), (301, 906), (302, 100.3)], 0.3, id="two spikes"),
        pytest.param(
            [(0, 100), (300, 900), (301, 0), (302, 100.3)], 0.3, id="up, to nothing, back"
        ),
        pytest.param([(0, 100), (300, 900), (301, 0), (302, 0.3)], 800.3, id="fast, then a reset"),
        pytest.param(
            [(0, 100), (300, 900), (301, 0), (302, 0.3), (303, 100.4)], 800.3, id="no way back"
        ),
        pytest.param(
            [(0, 100), (10, 111), (1_500, 111.2), (1_501, 105)], 11.2, id="too late to come back"
        ),
    ],
)
def test_counting(readings: list[tuple[float, float]], energy: float) -> None:
    """Test what a meter counts of what its register does."""
    assert counted(*readings) == energy


def test_a_long_rest_is_no_sign_of_a_stale_meter() -> None:
    """Test that a meter that shows news once an hour loses nothing, however often it is read."""
    meter = EnergyMeter()
    meter.read(100.0, at(0))
    for minute in range(60):
        meter.read(100.0, at(minute))
    meter.read(111.0, at(59.9))
    assert meter.counted == 11.0


@pytest.mark.parametrize(("reading", "energy"), [(300.0, 200.0), (302.0, 0.0), (900.0, 0.0)])
def test_what_was_looked_at_does_not_leap(reading: float, energy: float) -> None:
    """Test that what a meter may not have shown for hours is no more than few vehicles take."""
    meter = EnergyMeter()
    for minute in range(301):
        meter.read(100.0, at(minute))
    meter.read(reading, at(300.5))
    assert meter.counted == energy
    meter.read(100.1, at(301.5))
    assert meter.counted == 0.1


@pytest.mark.parametrize("minute", [1, 60])
def test_a_spike_is_remembered(minute: int) -> None:
    """Test that a register may come back over a restart, and that a mended spike is forgotten."""
    meter = EnergyMeter()
    meter.read(100.0, at(0))
    meter.read(100.0, at(290))
    meter.read(150.0, at(300))
    place = MeterValue(at(290), 100.0)
    assert meter.memory == MeterMemory(at=at(300), reading=150.0, counted=50.0, risen=place)
    again = EnergyMeter(meter.memory)
    again.read(100.5, at(300 + minute))
    assert again.memory == MeterMemory(at=at(300 + minute), reading=100.5, counted=0.5)


@pytest.mark.parametrize("reading", [nan, inf, -1.0])
def test_what_is_no_register_is_no_look(reading: float) -> None:
    """Test that a reading that says nothing does not shorten what a meter was away for."""
    meter = EnergyMeter()
    meter.read(100.0, at(0))
    meter.read(reading, at(599))
    meter.read(400.0, at(600))
    assert meter.counted == 300.0


def test_memory_stands_still_with_the_register() -> None:
    """Test that nothing has to be written down while nothing moves."""
    meter = EnergyMeter()
    meter.read(100.0, at(0))
    before = meter.memory
    meter.read(100.0, at(1))
    meter.read(99.95, at(2))
    meter.read(100.0000001, at(3))
    assert meter.memory is before


def test_a_slip_is_forgotten_once_it_is_mended() -> None:
    """Test that what a register has left behind it is no place to come back to."""
    meter = EnergyMeter()
    for minute, reading in enumerate([1_000.0, 0.0, 1_000.2]):
        meter.read(reading, at(minute))
    assert meter.memory == MeterMemory(at=at(2), reading=1_000.2, counted=0.2)


def test_a_reset_is_remembered_until_it_is_passed() -> None:
    """Test where a meter would come back to, as long as that would tell something."""
    meter = EnergyMeter(MeterMemory(at=at(0), reading=2.0, counted=7.0))
    meter.read(0.0, at(1))
    before = MeterValue(at(0), 2.0)
    reset = MeterMemory(at=at(1), reading=0.0, counted=7.0, fallen=before, fallen_counted=7.0)
    assert meter.memory == reset
    meter.read(0.5, at(9))
    assert meter.memory == replace(reset, at=at(9), reading=0.5, counted=7.5)
    meter.read(2.1, at(39))
    assert meter.memory == MeterMemory(at=at(39), reading=2.1, counted=9.1)


def test_exact_after_very_many_readings() -> None:
    """Test that a hundred thousand readings leave nothing behind that floats are known for."""
    meter = EnergyMeter()
    for step in range(100_001):
        meter.read(12_345.678 + step * 0.0123456, NOON + step * timedelta(seconds=10))
    assert meter.counted == 1_234.56


STEPS = st.lists(st.tuples(st.integers(1, 120), st.integers(0, 22_000)), min_size=1, max_size=30)
"""Minutes and the W that flow in them."""


@given(STEPS, st.integers(0, 99_999_999), st.data())
@settings(deadline=None)
def test_no_reset_or_roll_over_that_is_seen_costs_a_watt_hour(
    steps: list[tuple[int, int]], start: int, data: st.DataObject
) -> None:
    """Test that all that flows is counted while a register of 100,000 kWh is read often."""
    meter = EnergyMeter()
    now, register, flowed = NOON, start, 0
    meter.read(register / 1_000, now)
    for minutes, power in steps:
        if data.draw(st.booleans()) and register < 95_000_000:
            register = 0
            meter.read(0.0, now)
        for _ in range(minutes):
            now += timedelta(minutes=1)
            register = (register + power // 60) % 100_000_000
            flowed += power // 60
            meter.read(register / 1_000, now)
    assert meter.counted == flowed / 1_000


READINGS = st.one_of(
    st.floats(), st.floats(0, 2_000), st.sampled_from((0.0, 999.9, 1_000.0, 4_294_967.0))
)
MOMENTS = st.one_of(st.integers(-60, 60), st.integers(0, 100_000))


@given(st.lists(st.tuples(MOMENTS, READINGS), max_size=30))
def test_any_readings(readings: list[tuple[int, float]]) -> None:
    """Test that a meter counts no more than can have flowed, and never runs backwards far."""
    meter = EnergyMeter()
    now = NOON
    memories = []
    for minutes, reading in readings:
        now += timedelta(minutes=minutes)
        meter.read(reading, now)
        if meter.memory:
            memories.append(meter.memory)
    for before, after in pairwise(memories):
        passed = max((after.at - before.at) / timedelta(hours=1), 0.0)
        if after.counted < before.counted:
            # Only what a slip or a spike had added is taken back.
            fallen = before.fallen_counted if before.fallen else inf
            risen = before.risen_counted if before.risen else inf
            assert after.counted >= min(fallen, risen)
        elif before.fallen is None and before.risen is None:
            assert after.counted - before.counted <= 500 * passed + 1.000001
        assert after.counted >= 0
        assert after.counted == round(after.counted, 6)


@given(st.lists(st.tuples(st.integers(0, 300), READINGS), max_size=20), st.integers(0, 20))
def test_it_goes_on_from_its_memory(readings: list[tuple[int, float]], cut: int) -> None:
    """Test that a restart changes nothing; when it last stood still is known no more."""
    meter, restarted = EnergyMeter(), EnergyMeter()
    now = NOON
    for number, (minutes, reading) in enumerate(readings):
        now += timedelta(minutes=minutes)
        before = restarted.memory
        meter.read(reading, now)
        restarted.read(reading, now)
        if number >= cut and restarted.memory is not before:
            restarted = EnergyMeter(restarted.memory and replace(restarted.memory))
    assert restarted.memory == meter.memory
