"""Tests of the energy meter of a connector."""

from datetime import UTC, datetime, timedelta

import pytest

from .park_meter import Meter, shown

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _after(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def test_what_it_showed_a_while_ago() -> None:
    """The meter knows every moment since it was told to forget."""
    meter = Meter(START, 5)
    meter.draw(_after(1), 10, 100)
    meter.draw(_after(2), 4, 100)
    assert [meter.reading(_after(hours)) for hours in (-1, 0, 1, 1.5, 2, 3)] == [
        *(5, 5, 5),
        *(10, 15, 19),
    ]
    meter.forget()
    assert [meter.reading(_after(hours)) for hours in (1, 2, 3)] == [15, 15, 19]


def test_a_full_car_ends_the_flow() -> None:
    """More than the room does not flow, however late somebody looks."""
    meter = Meter(START, 5)
    meter.draw(START, 10, 2.5)
    assert meter.power == 10
    assert [meter.reading(_after(hours)) for hours in (0.2, 0.25, 9)] == [7, 7.5, 7.5]
    assert meter.since_change(_after(9)) == 2.5


def test_a_change_that_comes_late() -> None:
    """A change before the last one, by a moment, takes nothing back."""
    meter = Meter(START, 5)
    meter.draw(START, 10, 100)
    meter.draw(_after(1), 20, 100)
    assert meter.since_change(_after(0.9)) == 0
    meter.draw(_after(0.9), 0, 100)
    assert [meter.reading(_after(hours)) for hours in (1, 2)] == [15, 15]


@pytest.mark.parametrize(
    ("reading", "expected"),
    [(14.25, 14.25), (115.21, 115.21), (1.0009, 1.0), (1.9999999, 1.999), (0.0, 0.0)],
)
def test_shown(reading: float, expected: float) -> None:
    """A reading is rounded down to the watt-hour, except for how floats add up."""
    assert shown(reading) == expected


def test_shown_after_many_small_steps() -> None:
    """Ten times 0.1 kWh are a kWh."""
    assert shown(sum([0.1] * 10)) == 1
