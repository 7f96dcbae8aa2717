"""When the clock lets a price hold: windows, days, and clocks put forward and back.

All minutes are counted by hand.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from custom_components.ev_charging_sessions.charging.errors import PriceUnknownError
from custom_components.ev_charging_sessions.charging.tariff import price

from .tariff_parts import START, element, flat, per_kwh, per_minute, receipt, steady, tariff

MONDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 0, 3, 4, 5, 6


def minutes(
    limits: dict[str, Any], begin: datetime, hours: float, time_zone: str = "Europe/Berlin"
) -> str:
    """Return for how many minutes of a session an element holds."""
    what = tariff(element(per_minute("1"), **limits), time_zone=time_zone)
    lines = receipt(what, steady(hours * 60, None, begin))
    return lines[0].split()[2] if lines else "0"


def window(start: str | None, end: str | None, *days: int) -> dict[str, Any]:
    """Return a window of times and days."""
    return {
        "start": None if start is None else time.fromisoformat(start),
        "end": None if end is None else time.fromisoformat(end),
        "days": days or None,
    }


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        # The session is from 18:00 on a Friday to 6:00.
        (window("20:00", "22:00"), "120"),
        (window("18:00", "20:00"), "120"),
        (window("17:00", "20:00"), "120"),
        (window("04:00", "06:00"), "120"),
        (window("05:00", "07:00"), "60"),
        (window("06:00", "18:00"), "0"),
        (window("12:00", "13:00"), "0"),
        (window("20:00:30", "20:01:15"), "0.75"),
        # Over midnight.
        (window("22:00", "02:00"), "240"),
        (window("18:00", "06:00"), "720"),
        (window("05:00", "19:00"), "120"),
        (window("19:00", "05:00"), "600"),
        (window("23:59", "00:01"), "2"),
        # Equal, and midnight at either end: midnight is the end of a day as well as its begin.
        (window("20:00", "20:00"), "720"),
        (window("00:00", "00:00"), "720"),
        (window("22:00", "00:00"), "120"),
        (window("00:00", "02:00"), "120"),
        # Only one of them: from then to midnight, or from midnight to then.
        (window("20:00", None), "240"),
        (window("00:00", None), "720"),
        (window(None, "20:00"), "480"),
        (window(None, "02:00"), "120"),
        (window(None, "00:00"), "720"),
        # Days.
        (window(None, None, FRIDAY), "360"),
        (window(None, None, SATURDAY), "360"),
        (window(None, None, FRIDAY, SATURDAY), "720"),
        (window(None, None, SUNDAY), "0"),
        ({"days": ()}, "0"),
        (window("20:00", "20:00", FRIDAY), "360"),
        # Behind midnight it is Saturday, also in a window that began on Friday.
        (window("22:00", "02:00", FRIDAY), "120"),
        (window("22:00", "02:00", SATURDAY), "120"),
        (window("22:00", "02:00", FRIDAY, SATURDAY), "240"),
        (window("19:00", None, FRIDAY), "300"),
        (window(None, "02:00", SATURDAY), "120"),
        # With bounds of time: from 18:30 on, and an hour after 20:00.
        (window("18:00", "20:00") | {"min_duration": 1800}, "90"),
        (window("20:00", "22:00") | {"held_for": 3600}, "60"),
        (window("20:00", "22:00") | {"held_for": 7200}, "0"),
        (window("22:00", "02:00", SATURDAY) | {"held_for": 1800}, "90"),
    ],
)
def test_windows_and_days(limits: dict[str, Any], expected: str) -> None:
    """Test for how long a window holds in a night from Friday to Saturday."""
    assert minutes(limits, START, 12) == expected


@pytest.mark.parametrize(
    ("zone", "begin", "hours", "limits", "expected"),
    [
        # 25 October 2026, Berlin: from 2:00 to 3:00 twice; from 0:00 to 6:00 are 7 hours.
        ("Europe/Berlin", "2026-10-24T22:00", 7, window("02:00", "03:00"), "120"),
        ("Europe/Berlin", "2026-10-24T22:00", 7, window("02:30", "03:30"), "90"),
        ("Europe/Berlin", "2026-10-24T22:00", 7, window("01:00", "02:15"), "90"),
        ("Europe/Berlin", "2026-10-24T22:00", 7, window("02:15", "02:45"), "60"),
        ("Europe/Berlin", "2026-10-24T22:00", 7, window("03:00", "04:00"), "60"),
        ("Europe/Berlin", "2026-10-24T22:00", 7, window("00:00", "06:00"), "420"),
        ("Europe/Berlin", "2026-10-24T22:00", 7, window("22:00", "02:30"), "180"),
        ("Europe/Berlin", "2026-10-22T22:00", 120, window(None, None, SUNDAY), "1500"),
        ("Europe/Berlin", "2026-10-22T22:00", 120, window("04:00", "05:00"), "300"),
        # A wait that reaches over the change is not longer for it.
        ("Europe/Berlin", "2026-10-24T22:00", 7, window("01:00", None) | {"held_for": 7200}, "240"),
        # 28 March 2027, Berlin: no 2:00 to 3:00; from 0:00 to 6:00 are 5 hours.
        ("Europe/Berlin", "2027-03-27T23:00", 5, window("02:00", "03:00"), "0"),
        ("Europe/Berlin", "2027-03-27T23:00", 5, window("02:30", "04:00"), "60"),
        ("Europe/Berlin", "2027-03-27T23:00", 5, window("01:00", "02:30"), "60"),
        ("Europe/Berlin", "2027-03-27T23:00", 5, window("02:15", "02:45"), "0"),
        ("Europe/Berlin", "2027-03-27T23:00", 5, window("03:00", "04:00"), "60"),
        ("Europe/Berlin", "2027-03-27T23:00", 5, window("00:00", "06:00"), "300"),
        ("Europe/Berlin", "2027-03-25T23:00", 96, window(None, None, SUNDAY), "1380"),
        ("Europe/Berlin", "2027-03-25T23:00", 96, window("02:45", "03:15"), "105"),
        # 30 April 2027, Cairo: a Friday that begins at 1:00; from 22:00 to 5:00 are 6 hours.
        ("Africa/Cairo", "2027-04-29T20:00", 6, window("00:00", "01:00"), "0"),
        ("Africa/Cairo", "2027-04-29T20:00", 6, window("00:30", "02:00"), "60"),
        ("Africa/Cairo", "2027-04-29T20:00", 6, window("23:00", "00:30"), "60"),
        ("Africa/Cairo", "2027-04-29T20:00", 6, window(None, None, THURSDAY), "120"),
        ("Africa/Cairo", "2027-04-29T20:00", 6, window(None, None, FRIDAY), "240"),
        ("Africa/Cairo", "2027-04-29T20:00", 6, window(None, "02:00", FRIDAY), "60"),
        # 29 October 2026, Cairo: a Thursday with two last hours; from 22:00 to 3:00 are 6.
        ("Africa/Cairo", "2026-10-29T19:00", 6, window("23:00", "00:00"), "120"),
        ("Africa/Cairo", "2026-10-29T19:00", 6, window("23:30", "00:30"), "90"),
        ("Africa/Cairo", "2026-10-29T19:00", 6, window(None, None, THURSDAY), "180"),
        ("Africa/Cairo", "2026-10-29T19:00", 6, window("00:00", None, FRIDAY), "180"),
        # 1 November 2026, Havana: a Sunday with two first hours; from 23:00 to 3:00 are 5.
        ("America/Havana", "2026-11-01T03:00", 5, window("00:00", "01:00"), "120"),
        ("America/Havana", "2026-11-01T03:00", 5, window("00:30", "01:30"), "90"),
        ("America/Havana", "2026-11-01T03:00", 5, window("23:30", "00:30"), "90"),
        ("America/Havana", "2026-11-01T03:00", 5, window(None, None, SATURDAY), "60"),
        ("America/Havana", "2026-11-01T03:00", 5, window(None, None, SUNDAY), "240"),
        # Where clocks never change, and are not whole hours away.
        ("Asia/Kathmandu", "2026-11-20T17:00", 3, window("23:00", "01:00"), "120"),
        ("Asia/Kathmandu", "2026-11-20T17:00", 3, window(None, None, SATURDAY), "105"),
        ("UTC", "2026-11-20T17:00", 3, window("18:00", "19:00"), "60"),
    ],
)
def test_clocks_that_change(
    zone: str, begin: str, hours: float, limits: dict[str, Any], expected: str
) -> None:
    """Test that a wall's clock counts: an hour that comes twice twice, one that does not never."""
    start = datetime.fromisoformat(begin).replace(tzinfo=UTC)
    assert minutes(limits, start, hours, zone) == expected


def test_change_is_found_to_the_second() -> None:
    """Test a session that begins and ends a second around the change of the clocks."""
    change = datetime(2026, 10, 25, 1, tzinfo=UTC)
    begin = change - timedelta(seconds=1)
    assert minutes(window("02:59:58", "03:00"), begin, 2 / 3600) == "0.016667"
    assert minutes(window("02:00", "02:00:01"), begin, 2 / 3600) == "0.016667"


def test_session_that_begins_within_a_second() -> None:
    """Test that a window opens on the second for a session that does not begin on one."""
    begin = START - timedelta(microseconds=250_000)
    # 60.25 s, of which 0.25 are before 18:00.
    what = tariff(element(per_minute("1"), start=time(18), end=time(19)), element(per_minute("60")))
    assert receipt(what, steady(60.25 / 60, None, begin)) == [
        "1 time: 1 x 1 = 1.00",
        "2 time: 0.004167 x 60 = 0.25",
    ]


def test_week() -> None:
    """Test work days from 8 to 18 in a session of a week: 5 times 10 of 168 hours."""
    what = tariff(
        element(per_kwh("0.5"), start=time(8), end=time(18), days=(0, 1, 2, 3, 4), name="day"),
        element(per_kwh("0.3"), name="night"),
    )
    assert receipt(what, steady(7 * 24 * 60, "168")) == [
        "day energy: 50 x 0.5 = 25.00",
        "night energy: 118 x 0.3 = 35.40",
    ]


def test_elements_of_the_clock_in_their_order() -> None:
    """Test that where windows overlap the first one counts."""
    what = tariff(
        element(per_minute("0.3"), start=time(20), end=time(23), name="first"),
        element(per_minute("0.2"), start=time(19), end=time(21), name="second"),
        element(per_minute("0.1"), flat("1"), name="rest"),
    )
    # 18 to 19 and 23 to 24 the rest, 19 to 20 the second, 20 to 23 the first.
    assert receipt(what, steady(360, None)) == [
        "first time: 180 x 0.3 = 54.00",
        "second time: 60 x 0.2 = 12.00",
        "rest time: 120 x 0.1 = 12.00",
        "rest flat: 1 x 1 = 1.00",
    ]


@pytest.mark.parametrize(
    "zone",
    [None, "", "Nowhere/City", "Europe", "../Berlin", "/etc/localtime", "Europe/\0", "x" * 999],
)
def test_unknown_zone(zone: str | None) -> None:
    """Test that a window in a zone that nobody knows leaves the price unknown."""
    with pytest.raises(PriceUnknownError, match="time_zone"):
        price(tariff(element(flat("1"), start=time(8)), time_zone=zone), steady(60, None))


@pytest.mark.parametrize(
    "limits", [window("08:00", "08:00"), window(None, "00:00"), {"max_duration": 9999}]
)
def test_zone_that_does_not_matter(limits: dict[str, Any]) -> None:
    """Test that a tariff needs no zone where it has no window."""
    what = tariff(element(flat("1"), **limits), time_zone=None)
    assert receipt(what, steady(60, None)) == ["1 flat: 1 x 1 = 1.00"]
