"""When the clock lets a tariff element hold: times of day and days of the week, in its zone.

Vendors are silent about the corners, so these are assumptions: a time of day is what a clock
on the wall shows, so on the day on which clocks go back an hour counts twice, and on the day
on which they go forward it never comes. A window whose start and end are equal is the whole
day, one that has only one of them reaches to or from midnight. The day of the week is that
of the very moment, also behind midnight in a window that began the evening before.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from .errors import PriceUnknownError

_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)


type Openness = tuple[bool, ...]
"""For each of some windows, whether it is open."""


class Window(Struct, frozen=True):
    """The part of a day from ``start`` to before ``end``, and the days it is good for.

    Both are in seconds since midnight; an end that is not after the start is on the next
    day. ``days`` are those of ``datetime.weekday``, all of them without any.
    """

    start: int
    end: int
    days: frozenset[int] | None

    def holds(self, second: int, day: int) -> bool:
        """Tell whether a wall clock and calendar that show this are inside."""
        if self.days is not None and day not in self.days:
            return False
        if self.start < self.end:
            return self.start <= second < self.end
        return second >= self.start or second < self.end


def window_of(start: time | None, end: time | None, days: Sequence[int] | None) -> Window | None:
    """Return the window of these restrictions; ``None`` when they restrict nothing."""
    begin, until = _seconds(start), _seconds(end)
    if begin == until and days is None:
        return None
    return Window(begin, until, None if days is None else frozenset(days))


def openings(
    windows: tuple[Window | None, ...], zone: ZoneInfo, begin: datetime, end: datetime
) -> list[tuple[datetime, Openness]]:
    """Return which windows are open from ``begin`` on, and from each later moment on.

    Only moments before ``end`` at which a window opens or closes are told, in order.
    """
    found = {begin: _openness(windows, begin, zone)}
    day = begin.astimezone(zone).date()
    last = end.astimezone(zone).date()
    while day <= last:
        found.update(each for each in _of_day(day, windows, zone) if begin < each[0] < end)
        day += timedelta(days=1)
    told: list[tuple[datetime, Openness]] = []
    for moment, openness in sorted(found.items()):
        if not told or told[-1][1] != openness:
            told.append((moment, openness))
    return told


@cache
def zone_of(name: str | None) -> ZoneInfo:
    """Return a time zone; its first use reads a file. Raises PriceUnknownError."""
    try:
        return ZoneInfo(name or "")
    except ValueError, OSError, KeyError:
        pass
    raise PriceUnknownError("time_zone")


@lru_cache(maxsize=256)
def _of_day(
    day: date, windows: tuple[Window | None, ...], zone: ZoneInfo
) -> tuple[tuple[datetime, Openness], ...]:
    """Return which windows are open from when on, for all moments of a day that may matter."""
    return tuple(
        (moment, _openness(windows, moment, zone)) for moment in _moments(day, windows, zone)
    )


def _openness(windows: tuple[Window | None, ...], moment: datetime, zone: ZoneInfo) -> Openness:
    local = moment.astimezone(zone)
    second = local.hour * 3600 + local.minute * 60 + local.second
    return tuple(each is None or each.holds(second, local.weekday()) for each in windows)


def _moments(day: date, windows: tuple[Window | None, ...], zone: ZoneInfo) -> set[datetime]:
    """Return when windows open and close on a day, and when clocks are put forward or back."""
    midnight = datetime.combine(day, time(), zone)
    is_plain = midnight.utcoffset() == (midnight + timedelta(days=1)).utcoffset()
    found = set()
    for second in {
        0,
        *(each for window in windows if window for each in (window.start, window.end)),
    }:
        local = midnight + timedelta(seconds=second)
        found.add(local.astimezone(UTC))
        if not is_plain:
            found.add(local.replace(fold=1).astimezone(UTC))
    if not is_plain:
        found.add(_change(midnight.astimezone(UTC), zone))
    return found


def _change(midnight: datetime, zone: ZoneInfo) -> datetime:
    """Return when the clocks change on the day that begins at ``midnight``."""
    offset = midnight.astimezone(zone).utcoffset()
    low, high = midnight, midnight + 26 * _HOUR
    while high - low > _SECOND:
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def _seconds(moment: time | None) -> int:
    """Return the seconds since midnight, which also stands for no time at all."""
    return 0 if moment is None else moment.hour * 3600 + moment.minute * 60 + moment.second
