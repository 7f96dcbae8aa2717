"""Energy and cost of an account and its charge points as long-term statistics.

The ledger knows which of them are wrong, and since when; that is cleared only after the
recorder has committed them. So whatever happens in between, they are right in the end.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import batched
import logging
from math import inf

from msgspec import Struct

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.components.recorder.tasks import SynchronizeTask
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from .charging.energy import HOUR
from .charging.errors import LedgerError
from .charging.ledger_hours import Hours, Parts
from .charging.ledger_statistics import Due
from .const import DOMAIN
from .coordinator import ChargingConfigEntry, ChargingCoordinator
from .statistics_names import SeriesNames, async_series_names
from .statistics_series import (
    Series,
    data_of,
    is_stored,
    lacks,
    read_stored,
    rows_to_write,
    spans_of,
    time_of_hour,
    units_of,
    wanted_rows,
)

_LOGGER = logging.getLogger(__name__)

# A network often tells the last of a session in several answers.
_PAUSE = 60.0
_HOUR_SECONDS = 3600
# The recorder stands still for everybody while it takes one call.
_ROWS_AT_ONCE = 500
# What is not there after this many times will not be there after another one.
_TRIES = 3


class Difference(Struct, frozen=True, kw_only=True):
    """How a series differs from what the ledger says: how many rows, and the last sums."""

    series: Series
    added: int
    changed: int
    removed: int
    sum_before: float
    sum_after: float
    first: datetime


class _Plan(Struct, frozen=True):
    """How a series differs, and what of it has to go: all, or what lies in some times."""

    difference: Difference
    spans: list[tuple[datetime, datetime]]
    is_void: bool


class StatisticsWriter:
    """Keeps the statistics of one account as its ledger says."""

    def __init__(self, hass: HomeAssistant, coordinator: ChargingCoordinator) -> None:
        """Remember whose they are; nothing is written yet."""
        self._hass = hass
        self._coordinator = coordinator
        self._account = coordinator.account
        self._ledger = coordinator.ledger.statistics
        self._recorder = get_instance(hass)
        self._writing = asyncio.Lock()
        self._seen: dict[str, int] = {}
        self._hour: int | None = None
        self._cancel: CALLBACK_TYPE | None = None
        self._due = inf

    async def async_catch_up(self) -> None:
        """Write all that is due, after a look at what somebody else may have taken away."""
        async with self._writing:
            await self._async_check()
            self._hour = None
        await self.async_look()

    async def async_look(self) -> None:
        """Write what is due and at rest.

        A session that is under way says something else every minute, so it is written after
        each full hour and soon after its end. So are the many sessions of an import.
        """
        if self._writing.locked():
            self.async_wake()
            return
        async with self._writing:
            due = await self._ledger.due(self._account)
            now = dt_util.utcnow().timestamp()
            hour = int(now) // _HOUR_SECONDS
            is_new_hour, self._hour = hour != self._hour, hour
            sessions = self._coordinator.sessions.open.values()
            moving = {session.charge_point_id or "" for session in sessions}
            at_rest = {
                point: each
                for point, each in due.items()
                if is_new_hour or (point not in moving and self._seen.get(point) == each.revision)
            }
            self._seen = {point: each.revision for point, each in due.items()}
            if at_rest:
                await self._async_write(at_rest)
            if due.keys() - at_rest.keys() - moving:
                self.async_wake()
            elif due:
                # What could not be written, too.
                self.async_wake(_HOUR_SECONDS - now % _HOUR_SECONDS + _PAUSE)

    @callback
    def async_wake(self, seconds: float = _PAUSE) -> None:
        """Look after some seconds, unless that is to be sooner anyway."""
        at = self._hass.loop.time() + seconds
        if at < self._due:
            self.async_stop()
            self._due = at
            self._cancel = async_call_later(self._hass, seconds, self._async_wake_up)

    @callback
    def async_stop(self) -> None:
        """Look no more."""
        if self._cancel:
            self._cancel()
        self._cancel, self._due = None, inf

    @callback
    def _async_wake_up(self, _now: datetime) -> None:
        self._cancel, self._due = None, inf
        self._spawn(self.async_look)

    def _spawn(self, what: Callable[[], Awaitable[None]]) -> None:
        self._coordinator.config_entry.async_create_background_task(
            self._hass, self._async_work(what), f"{DOMAIN} statistics", eager_start=False
        )

    async def _async_work(self, what: Callable[[], Awaitable[None]]) -> None:
        try:
            await what()
        except LedgerError as err:
            _LOGGER.debug("The statistics have to wait: %s", err)
            self.async_wake()

    @callback
    def async_start(self) -> CALLBACK_TYPE:
        """Catch up, and look whenever sessions have been written; return how to end that."""
        end = self._ledger.on_change(self.async_wake)
        self._spawn(self.async_catch_up)

        @callback
        def stop() -> None:
            end()
            self.async_stop()

        return stop

    async def async_rebuild(self, *, dry_run: bool) -> list[Difference]:
        """Make all statistics what the ledger says, and return how they differed from that."""
        async with self._writing:
            plans = [plan async for plan in self._plans()]
            if plans and not dry_run:
                # Should this be cut short, the rest is done at the next start.
                await self._ledger.mark_all(self._account)
                due = await self._ledger.due(self._account)
                for plan in plans:
                    await self._async_remove(plan)
                await self._async_write(due)
        return [plan.difference for plan in plans]

    async def _async_check(self) -> None:
        """Have all written again if some of it is lost, or if money is another one now."""
        names = await async_series_names(self._hass, self._coordinator)
        points = [None, *(await self._ledger.points(self._account) - {""})]
        units = await self._async_units(names, points)
        outdated = [
            series.statistic_id
            for series in map(names.cost, points)
            if units.get(series.statistic_id, series.unit) != series.unit
        ]
        if outdated or await self._async_lacks(names, points):
            await self._ledger.mark_all(self._account)
        await self._async_clear(outdated)

    async def _async_lacks(self, names: SeriesNames, points: Iterable[str | None]) -> bool:
        """Tell whether the recorder has lost something that was written once.

        It may have lost its last commits in a power cut, be a copy from long ago, or somebody
        has deleted a series. What is still due is no loss, so only what lies before it counts.
        """
        hours, whole = await self._async_hours(0)
        # Asked after the hours were read: what has changed since is due, and not compared.
        due = await self._ledger.due(self._account)
        until = {point or None: each.since // HOUR for point, each in due.items()}
        if until:
            until[None] = min(until.values())

        def lack() -> bool:
            return any(
                lacks(self._hass, series, amounts, until.get(point))
                for point in points
                for series, amounts in _series_of(names, point, hours, whole)
            )

        return await self._recorder.async_add_executor_job(lack)

    async def _async_write(self, due: Mapping[str, Due]) -> None:
        """Write what is due, and forget that it is once the recorder has it."""
        if not due:
            return
        # The row before the first one may have to be written, too.
        begin = {point or None: max(each.since // HOUR - 1, 0) for point, each in due.items()}
        begin[None] = min(begin.values())
        names = await async_series_names(self._hass, self._coordinator)
        units = await self._async_units(names, begin)
        hours, whole = await self._async_hours(begin[None])
        if any(
            amounts and series.statistic_id not in units
            for point in begin
            for series, amounts in _series_of(names, point, hours, whole)
        ):
            # A series that is new, or that somebody has deleted, begins with the first session.
            hours, whole = await self._async_hours(0)
        is_written = True
        for point, first in begin.items():
            for series, amounts in _series_of(names, point, hours, whole):
                if series.statistic_id in units:
                    is_written &= await self._async_write_series(series, amounts, first)
                elif amounts:
                    is_written &= await self._async_write_series(series, amounts, 0)
        if is_written:
            await self._ledger.clear(self._account, due)

    async def _async_hours(self, since: int) -> tuple[Mapping[str, Hours], Hours]:
        """Return what lies in an hour and those after it, by charge point and as a whole."""
        hours = await self._ledger.hours(self._account, since, self._coordinator.currency)
        return hours, await self._hass.async_add_executor_job(_whole, hours)

    async def _async_write_series(self, series: Series, amounts: Parts, since: int) -> bool:
        """Write what the recorder lacks of a series, and tell whether it has all of it then."""
        for _ in range(_TRIES):
            missing = await self._recorder.async_add_executor_job(
                _missing, self._hass, series, amounts, since
            )
            if await self._async_add(series, missing):
                return True
        _LOGGER.warning("The recorder does not keep the statistics %s", series.statistic_id)
        return False

    async def _async_add(self, series: Series, rows: Iterable[StatisticData]) -> bool:
        """Write rows, and tell whether the recorder has kept them."""
        for chunk in batched(rows, _ROWS_AT_ONCE, strict=False):
            async_add_external_statistics(self._hass, series.metadata, chunk)
            await self._async_committed()
            # It takes a chunk as a whole or not at all, so the last row stands for the others.
            if not await self._recorder.async_add_executor_job(
                is_stored, self._hass, series.statistic_id, chunk[-1]
            ):
                return False
        return True

    async def _async_clear(
        self, statistic_ids: list[str], start: datetime | None = None, end: datetime | None = None
    ) -> None:
        if statistic_ids:
            self._recorder.async_clear_statistics(statistic_ids, start_time=start, end_time=end)
            await self._async_committed()

    async def _async_committed(self) -> None:
        """Wait until the recorder has committed all it was given.

        Its own way of waiting looks for work that waits, and overlooks what it is at.
        """
        future = self._hass.loop.create_future()
        self._recorder.queue_task(SynchronizeTask(future))
        await future

    async def _async_remove(self, plan: _Plan) -> None:
        ids = [plan.difference.series.statistic_id]
        if plan.is_void:
            await self._async_clear(ids)
        for start, end in plan.spans:
            await self._async_clear(ids, start, end)

    async def _plans(self) -> AsyncIterator[_Plan]:
        names = await async_series_names(self._hass, self._coordinator)
        points = [None, *sorted(await self._ledger.points(self._account) - {""})]
        units = await self._async_units(names, points)
        hours, whole = await self._async_hours(0)
        for point in points:
            for series, amounts in _series_of(names, point, hours, whole):
                unit = units.get(series.statistic_id, series.unit)
                plan = await self._recorder.async_add_executor_job(
                    _plan, self._hass, series, amounts, unit != series.unit
                )
                if plan is not None:
                    yield plan

    async def _async_units(
        self, names: SeriesNames, points: Iterable[str | None]
    ) -> dict[str, str | None]:
        """Return the units of the series that the recorder knows."""
        ids = {
            series.statistic_id
            for point in points
            for series in (names.energy(point), names.cost(point))
        }
        return await self._recorder.async_add_executor_job(units_of, self._hass, ids)


@callback
def async_keep_statistics(hass: HomeAssistant, entry: ChargingConfigEntry) -> None:
    """Keep the statistics of an account, where Home Assistant records any."""
    if "recorder" not in hass.config.components:
        return
    coordinator = entry.runtime_data
    coordinator.statistics = StatisticsWriter(hass, coordinator)
    entry.async_on_unload(coordinator.statistics.async_start())


def _series_of(
    names: SeriesNames, point: str | None, hours: Mapping[str, Hours], whole: Hours
) -> Iterator[tuple[Series, Parts]]:
    found = whole if point is None else hours.get(point, Hours())
    yield names.energy(point), found.energy
    yield names.cost(point), found.cost


def _whole(hours: Mapping[str, Hours]) -> Hours:
    """Return what lies in the hours of all charge points together."""
    whole = Hours()
    for of_point in hours.values():
        for total, parts in ((whole.energy, of_point.energy), (whole.cost, of_point.cost)):
            for hour, part in parts.items():
                total[hour] = total.get(hour, 0) + part
    return whole


def _missing(
    hass: HomeAssistant, series: Series, amounts: Parts, since: int
) -> list[StatisticData]:
    stored = read_stored(hass, series.statistic_id, since)
    return data_of(rows_to_write(amounts, since, stored))


def _plan(hass: HomeAssistant, series: Series, amounts: Parts, is_other_unit: bool) -> _Plan | None:
    """Return what is to be done about a series, if it is not what the ledger says."""
    stored = read_stored(hass, series.statistic_id, 0).rows
    wanted = wanted_rows(amounts, 0, 0)
    kept = {} if is_other_unit else stored
    rows = {hour: row for hour, row in wanted.items() if not row.is_like(kept.get(hour))}
    removed = stored.keys() - (set() if is_other_unit else wanted.keys())
    if not rows and not removed:
        return None
    added = len(rows.keys() - kept.keys())
    difference = Difference(
        series=series,
        added=added,
        changed=len(rows) - added,
        removed=len(removed),
        sum_before=stored[max(stored)].sum if stored else 0.0,
        sum_after=wanted[max(wanted)].sum if wanted else 0.0,
        first=time_of_hour(min(rows.keys() | removed)),
    )
    is_void = is_other_unit or not wanted
    return _Plan(difference, [] if is_void else spans_of(removed), is_void)
