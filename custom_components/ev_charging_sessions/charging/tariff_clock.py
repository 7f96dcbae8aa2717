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

_DAY = 86_400
_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)


class Window(Struct, frozen=True):
    """The part of a day from ``start`` to before ``end``, and the days it is good for.

    Both are in seconds since midnight. ``days`` are those of ``datetime.weekday``, all of
    them without any.
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
    if start == end and days is None:
        return None
    begin = _seconds(start) if start != end else 0
    until = _seconds(end) if start != end and end is not None else _DAY
    # A window that ends at midnight ends with the day, not before it begins.
    return Window(begin, until or _DAY, None if days is None else frozenset(days))


def cuts(
    windows: frozenset[Window], zone: ZoneInfo, begin: datetime, end: datetime
) -> list[datetime]:
    """Return all moments between two others at which a window may open or close, in order."""
    found: set[datetime] = set()
    day = begin.astimezone(zone).date()
    last = end.astimezone(zone).date()
    while day <= last:
        found.update(_moments(day, windows, zone))
        day += timedelta(days=1)
    return sorted(moment for moment in found if begin < moment < end)


def wall(moment: datetime, zone: ZoneInfo) -> tuple[int, int]:
    """Return the second of the day and the day of the week that a zone's clocks show."""
    local = moment.astimezone(zone)
    return local.hour * 3600 + local.minute * 60 + local.second, local.weekday()


@cache
def zone_of(name: str | None) -> ZoneInfo:
    """Return a time zone; its first use reads a file. Raises PriceUnknownError."""
    try:
        return ZoneInfo(name or "")
    except ValueError, OSError, KeyError:
        pass
    raise PriceUnknownError("time_zone")


@lru_cache(maxsize=256)
def _moments(day: date, windows: frozenset[Window], zone: ZoneInfo) -> frozenset[datetime]:
    """Return when windows open and close on a day, and when clocks are put forward or back."""
    midnight = datetime.combine(day, time(), zone)
    is_plain = midnight.utcoffset() == (midnight + timedelta(days=1)).utcoffset()
    found = set()
    for second in {0, *(each for window in windows for each in (window.start, window.end))}:
        local = midnight + timedelta(seconds=second)
        found.add(local.astimezone(UTC))
        if not is_plain:
            found.add(local.replace(fold=1).astimezone(UTC))
    if not is_plain:
        found.add(_change(midnight.astimezone(UTC), zone))
    return frozenset(found)


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
    return 0 if moment is None else moment.hour * 3600 + moment.minute * 60 + moment.second
