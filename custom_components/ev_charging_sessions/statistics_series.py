"""One series of long-term statistics: what the recorder holds of it, and what it should hold."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from math import isclose
from typing import NamedTuple

from msgspec import Struct

from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import (
    get_last_statistics,
    get_metadata,
    statistics_during_period,
)
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .charging.energy import PARTS, parts_of
from .charging.ledger_hours import Parts
from .const import DOMAIN

_HOUR = timedelta(hours=1)
_SECONDS = 3600
# Less than this, in a sum over years, is what floats leave behind.
_TRIFLE = PARTS // 1_000_000


class Row(NamedTuple):
    """What lies in an hour, and the sum up to its end."""

    state: float
    sum: float

    def is_like(self, other: Row | None) -> bool:
        """Tell whether a row says the same, as far as floats can say it."""
        return (
            other is not None
            and _is_close(self.state, other.state)
            and _is_close(self.sum, other.sum)
        )


class Series(Struct, frozen=True):
    """A series: its id, the name that people see, and its unit."""

    statistic_id: str
    name: str
    unit: str
    unit_class: str | None

    @property
    def metadata(self) -> StatisticMetaData:
        """Return what the recorder wants to know of the series."""
        return StatisticMetaData(
            mean_type=StatisticMeanType.NONE,
            has_sum=True,
            name=self.name,
            source=DOMAIN,
            statistic_id=self.statistic_id,
            unit_class=self.unit_class,
            unit_of_measurement=self.unit,
        )


class Stored(Struct, frozen=True):
    """What the recorder holds of a series: the rows from an hour on, and the sum before it.

    ``base`` is in parts of the unit.
    """

    base: int
    rows: Mapping[int, Row]


def time_of_hour(hour: int) -> datetime:
    """Return when an hour begins."""
    return dt_util.utc_from_timestamp(hour * _SECONDS)


def units_of(hass: HomeAssistant, statistic_ids: set[str]) -> dict[str, str | None]:
    """Return the units of those of some series that the recorder knows. Reads the database."""
    found = get_metadata(hass, statistic_ids=statistic_ids)
    return {each: metadata["unit_of_measurement"] for each, (_, metadata) in found.items()}


def read_stored(hass: HomeAssistant, statistic_id: str, since: int) -> Stored:
    """Return what the recorder holds of a series. Reads the database."""
    found = statistics_during_period(
        hass,
        time_of_hour(since),
        None,
        {statistic_id},
        "hour",
        None,
        {"change", "state", "sum"},
    ).get(statistic_id)
    if found:
        first = found[0]
        base = parts_of((first.get("sum") or 0) - (first.get("change") or 0))
        return Stored(
            base,
            {
                round(row["start"]) // _SECONDS: Row(row.get("state") or 0, row.get("sum") or 0)
                for row in found
            },
        )
    # The last one lies before the hour, however long before.
    return Stored(_last_sum(hass, statistic_id), {})


def lacks(hass: HomeAssistant, series: Series, amounts: Parts, until: int | None) -> bool:
    """Tell whether the recorder lacks something of the time up to an hour. Reads the database.

    ``amounts`` are all there are, and without an hour all of them are compared. Only sums are,
    which is enough for rows that were lost, and does not take the reading of years.
    """
    told = [part for hour, part in amounts.items() if until is None or hour < until]
    if not told:
        return False
    name = series.statistic_id
    if not units_of(hass, {name}):
        return True
    held = _last_sum(hass, name) if until is None else read_stored(hass, name, until).base
    if abs(sum(told) - held) <= _TRIFLE:
        return False
    # Amounts from before the first session show that it is the ledger that has lost something.
    # What the recorder still knows of that time is not taken away unasked.
    rows = read_stored(hass, name, 0).rows
    first = min(amounts)
    return not any(row.state for hour, row in rows.items() if hour < first)


def is_stored(hass: HomeAssistant, statistic_id: str, row: StatisticData) -> bool:
    """Tell whether the recorder holds a row as it is. Reads the database."""
    start = row["start"]
    found = statistics_during_period(
        hass, start, start + _HOUR, {statistic_id}, "hour", None, {"state", "sum"}
    ).get(statistic_id)
    if not found:
        return False
    wanted, held = (Row(each.get("state") or 0, each.get("sum") or 0) for each in (row, found[0]))
    return wanted.is_like(held)


def wanted_rows(amounts: Parts, since: int, base: int) -> dict[int, Row]:
    """Return the rows of a series from an hour on, of which ``base`` is the sum before it.

    There are rows for the hours with an amount, and one before each run of them: Home Assistant
    takes the first row in or before a period for the sum at its begin, so without it the first
    hour of a run would be missing in a period that begins in a gap.
    """
    return _summed(amounts, _wanted_hours(amounts, since), base)


def rows_to_write(amounts: Parts, since: int, stored: Stored) -> dict[int, Row]:
    """Return the rows that the recorder lacks, or holds otherwise.

    A row that is there without need stays, with nothing in its hour and the right sum.
    """
    rows = _summed(amounts, _wanted_hours(amounts, since) | stored.rows.keys(), stored.base)
    if not stored.rows:
        return rows
    return {hour: row for hour, row in rows.items() if not row.is_like(stored.rows.get(hour))}


def data_of(rows: Mapping[int, Row]) -> list[StatisticData]:
    """Return rows as the recorder takes them."""
    return [
        StatisticData(start=time_of_hour(hour), state=row.state, sum=row.sum)
        for hour, row in sorted(rows.items())
    ]


def spans_of(hours: Iterable[int]) -> list[tuple[datetime, datetime]]:
    """Return the times that some hours cover, as few as possible."""
    ordered = sorted(hours)
    if not ordered:
        return []
    breaks = [(before, after) for before, after in pairwise(ordered) if after > before + 1]
    begins = [ordered[0], *(after for _, after in breaks)]
    ends = [*(before for before, _ in breaks), ordered[-1]]
    return [
        (time_of_hour(begin), time_of_hour(end) + _HOUR)
        for begin, end in zip(begins, ends, strict=True)
    ]


def _last_sum(hass: HomeAssistant, statistic_id: str) -> int:
    """Return the last sum of a series in parts of its unit, 0 if there is none."""
    last = get_last_statistics(hass, 1, statistic_id, False, {"sum"}).get(statistic_id)
    return parts_of(last[0].get("sum") or 0) if last else 0


def _is_close(one: float, other: float) -> bool:
    # Sums that were continued from a float differ in its last digits from those that were not.
    return isclose(one, other, rel_tol=1e-14, abs_tol=1e-9)


def _wanted_hours(amounts: Parts, since: int) -> set[int]:
    hours = {hour for hour in amounts if hour >= since}
    return hours | {hour - 1 for hour in hours if hour > since}


def _summed(amounts: Parts, hours: Iterable[int], base: int) -> dict[int, Row]:
    rows: dict[int, Row] = {}
    total = base
    for hour in sorted(hours):
        amount = amounts.get(hour, 0)
        total += amount
        rows[hour] = Row(amount / PARTS, total / PARTS)
    return rows
