"""Test how energy and cost lie in clock hours."""

from collections.abc import Mapping
from copy import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charging_sessions.charging.energy import (
    HOUR,
    PARTS,
    Interval,
    charging_interval,
    course,
    parts_of,
    spread,
)
from custom_components.ev_charging_sessions.charging.merge import to_microseconds
from custom_components.ev_charging_sessions.charging.model import (
    Account,
    Session,
    SessionDetails,
    SessionStatus,
)

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR_OF_NOON = to_microseconds(NOON) // HOUR
MINUTE = HOUR // 60
ACCOUNT = Account(backend="smappee", account_id="a1")


def _at(minutes: float) -> int:
    """Return a moment, in minutes after noon."""
    return to_microseconds(NOON) + round(minutes * MINUTE)


def _hours(
    begin: float, end: float, readings: Mapping[int, float], energy: float
) -> dict[int, float]:
    """Return the kWh by hour after noon of a session that is told in minutes after noon."""
    values = {_at(minutes): each for minutes, each in readings.items()}
    stretches = course(Interval(_at(begin), _at(end)), values, energy)
    found = spread(stretches, parts_of(energy))
    return {hour - HOUR_OF_NOON: part / PARTS for hour, part in found.items()}


def test_without_readings() -> None:
    """Test that energy whose meter nobody has read is spread evenly."""
    assert _hours(30, 150, {}, 8) == {0: 2.0, 1: 4.0, 2: 2.0}
    assert _hours(30, 150, {60: 5.0}, 8) == {0: 2.0, 1: 4.0, 2: 2.0}


def test_up_to_the_full_hour() -> None:
    """Test that a session which ends at a full hour has no part in the next one."""
    assert _hours(0, 60, {}, 8) == {0: 8.0}
    assert _hours(0, 60, {0: 1.0, 60: 9.0}, 8) == {0: 8.0}


def test_no_time() -> None:
    """Test that all energy of a session without a length is in the hour of its start."""
    assert _hours(60, 60, {}, 8) == {1: 8.0}
    assert _hours(60, 60, {0: 1.0, 60: 2.0}, 8) == {1: 8.0}


def test_readings() -> None:
    """Test that energy lies where the meter has counted it."""
    readings = {0: 100.0, 30: 106.0, 90: 108.0, 120: 108.0}
    assert _hours(0, 120, readings, 8) == {0: 7.0, 1: 1.0}


def test_more_than_was_measured() -> None:
    """Test that what was not measured flowed while nobody has read the meter."""
    assert _hours(0, 180, {60: 100.0, 120: 104.0}, 10) == {0: 3.0, 1: 4.0, 2: 3.0}
    assert _hours(0, 120, {0: 100.0, 60: 104.0}, 10) == {0: 4.0, 1: 6.0}
    assert _hours(0, 120, {60: 104.0, 120: 108.0}, 10) == {0: 6.0, 1: 4.0}


def test_scaled() -> None:
    """Test that readings from end to end give the course, and the session the sum."""
    assert _hours(0, 120, {0: 100.0, 60: 103.0, 120: 104.0}, 8) == {0: 6.0, 1: 2.0}
    assert _hours(0, 180, {60: 100.0, 90: 103.0, 150: 109.0}, 3) == {1: 2.0, 2: 1.0}


def test_meter_that_stands_still() -> None:
    """Test that a cost without any measured energy is spread evenly."""
    stretches = course(Interval(_at(0), _at(120)), {_at(0): 5.0, _at(120): 5.0}, 0.0)
    assert spread(stretches, 10) == {HOUR_OF_NOON: 5, HOUR_OF_NOON + 1: 5}


def test_meter_that_falls() -> None:
    """Test that a slip of the meter takes no energy away from any hour."""
    assert _hours(0, 120, {0: 10.0, 30: 9.0, 60: 12.0, 120: 14.0}, 4) == {0: 2.0, 1: 2.0}


def _minute(minutes: float) -> datetime:
    """Return a time in minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def _charged(begin: float, end: float) -> SessionDetails:
    """Return the details of a session that charged from one minute after noon to another."""
    return SessionDetails(charging_started=_minute(begin), charging_ended=_minute(end))


PLAIN = Session(account=ACCOUNT, session_id="s1", status=SessionStatus.FINISHED)
WHOLE = replace(PLAIN, started=_minute(0), ended=_minute(90))


@pytest.mark.parametrize(
    ("session", "begin", "end"),
    [
        (WHOLE, 0, 90),
        (replace(WHOLE, details=_charged(10, 80)), 10, 80),
        (replace(WHOLE, details=_charged(-10, 95)), 0, 90),
        (replace(WHOLE, ended=None, updated=_minute(50)), 0, 0),
        (
            replace(WHOLE, status=SessionStatus.CHARGING, ended=None, updated=_minute(50)),
            0,
            50,
        ),
        (replace(WHOLE, ended=None, details=_charged(0, 40)), 0, 40),
        (replace(WHOLE, started=_minute(100)), 100, 100),
        (replace(WHOLE, started=None), 90, 90),
        (replace(PLAIN, details=SessionDetails(created=_minute(5)), updated=_minute(50)), 5, 5),
        (replace(WHOLE, started=_minute(-60 * 24 * 400)), 90, 90),
    ],
)
def test_interval(session: Session, begin: float, end: float) -> None:
    """Test that the time of charging is the best that is known of it."""
    assert charging_interval(session) == Interval(_at(begin), _at(end))


def test_no_interval() -> None:
    """Test that a session of which no time is known has none in the statistics either."""
    assert charging_interval(PLAIN) is None


_MOMENTS = st.integers(min_value=-HOUR, max_value=30 * HOUR)
_ENERGIES = st.decimals(min_value=0, max_value=300, places=9).map(float)
_READINGS = st.dictionaries(_MOMENTS, st.floats(min_value=0, max_value=1e5), max_size=20)


@given(
    begin=_MOMENTS,
    length=st.integers(min_value=0, max_value=30 * HOUR),
    readings=_READINGS,
    energy=_ENERGIES,
    amount=st.integers(min_value=0, max_value=10**13),
)
def test_parts(
    begin: int, length: int, readings: dict[int, float], energy: float, amount: int
) -> None:
    """Test that parts add up exactly, and that none is negative or out of time."""
    interval = Interval(begin, begin + length)
    stretches = course(interval, readings, energy)
    found = spread(stretches, amount)
    assert sum(found.values()) == amount
    assert all(part > 0 for part in found.values())
    last = max(interval.end - 1, interval.begin)
    assert all(interval.begin // HOUR <= hour <= last // HOUR for hour in found)


@given(
    begin=_MOMENTS,
    length=st.integers(min_value=1, max_value=30 * HOUR),
    amount=st.integers(min_value=0, max_value=10**13),
)
def test_even(begin: int, length: int, amount: int) -> None:
    """Test that each hour has its share of the time, to one part."""
    found = spread(course(Interval(begin, begin + length), {}, None), amount)
    for hour in range(begin // HOUR, (begin + length) // HOUR + 1):
        inside = min(begin + length, (hour + 1) * HOUR) - max(begin, hour * HOUR)
        assert abs(found.get(hour, 0) - Fraction(amount * max(inside, 0), length)) <= 1


@given(readings=st.dictionaries(_MOMENTS, _ENERGIES, min_size=2, max_size=20))
def test_as_measured(readings: dict[int, float]) -> None:
    """Test that a session which has what its meter says, has it when the meter says so."""
    times = sorted(readings)
    rising = dict(zip(times, sorted(readings.values()), strict=True))
    energy = rising[times[-1]] - rising[times[0]]
    found = spread(course(Interval(times[0], times[-1]), rising, energy), parts_of(energy))
    for at in times[1:-1]:
        before = sum(part for hour, part in found.items() if hour < at // HOUR)
        upto = sum(part for hour, part in found.items() if hour <= at // HOUR)
        measured = parts_of(rising[at]) - parts_of(rising[times[0]])
        assert before - 2 <= measured <= upto + 2
