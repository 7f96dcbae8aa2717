"""A home that records statistics, and whose ledger is written as if a network had told it."""

import asyncio
from collections.abc import Iterable, Mapping
from copy import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import re
from typing import Any, Literal

from sqlalchemy import event

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import (
    list_statistic_ids,
    statistic_during_period,
    statistics_during_period,
)

from custom_components.ev_charging_sessions.charging.model import (
    Cost,
    Session,
    SessionStatus,
    Source,
)
from custom_components.ev_charging_sessions.statistics import StatisticsWriter
from custom_components.ev_charging_sessions.statistics_names import statistic_id
from tests.home import Home

POINT = "NL*TNM*E02003451*0"
OTHER_POINT = "NL*TNM*E02003451*1"

_WRITES = re.compile(r"(INSERT|UPDATE|DELETE)( INTO| FROM)? statistics ")

type Period = Literal["hour", "day", "month"]


class Archive:
    """The account of a home: its ledger, and what the recorder holds of it."""

    def __init__(self, home: Home) -> None:
        """Use a home whose account is set up."""
        self.home = home
        self.account = home.coordinator.account
        self.hass = home.hass
        self.recorder = get_instance(home.hass)

    @property
    def writer(self) -> StatisticsWriter:
        """Return what writes the statistics."""
        assert self.home.coordinator.statistics
        return self.home.coordinator.statistics

    def session(
        self,
        session_id: str,
        started: datetime,
        hours: float,
        energy: float | None,
        cost: str | None = None,
        point: str | None = POINT,
        currency: str = "EUR",
        **more: Any,
    ) -> Session:
        """Return a session that is over."""
        ended = started + timedelta(hours=hours)
        session = Session(
            account=self.account,
            session_id=session_id,
            charge_point_id=point,
            status=SessionStatus.FINISHED,
            started=started,
            ended=ended,
            energy=energy,
            energy_source=None if energy is None else Source.REPORTED,
            cost=(cost and Cost(amount=Decimal(cost), currency=currency, source=Source.REPORTED))
            or None,
            updated=ended,
        )
        return replace(session, **more)

    async def keep(self, *sessions: Session) -> None:
        """Write sessions to the ledger, each newer than what was written before."""
        await self.home.coordinator.ledger.upsert(sessions)

    async def write(self) -> list[str]:
        """Let all that is due be written, and return the changes in the recorder's table."""
        written: list[str] = []

        def note(*args: Any) -> None:
            statement: str = args[2]
            if found := _WRITES.match(statement):
                # Many rows are inserted by one statement, and updated by a list of parameters.
                many = args[3] if isinstance(args[3], list) else [args[3]]
                count = max(statement.count("(?"), len(many))
                written.extend([found[1]] * count)

        event.listen(self.recorder.engine, "before_cursor_execute", note)
        try:
            for _ in range(5):
                await self.writer.async_look()
                if not await self.home.coordinator.ledger.statistics.due(self.account):
                    break
        finally:
            event.remove(self.recorder.engine, "before_cursor_execute", note)
        assert not await self.home.coordinator.ledger.statistics.due(self.account)
        return written

    async def clear(self, *series: str, since: datetime | None = None) -> None:
        """Take statistics of ours away, as a person can; all of them if none are named."""
        cleared = asyncio.Event()

        def done() -> None:
            self.hass.loop.call_soon_threadsafe(cleared.set)

        gone = series or tuple(await self.names())
        until = since and since + timedelta(days=999)
        self.recorder.async_clear_statistics(
            list(gone), on_done=done, start_time=since, end_time=until
        )
        await cleared.wait()
        assert since or (await self.names()).keys().isdisjoint(gone)

    async def caught_up(self) -> None:
        """Wait until the account itself has written what is due."""
        ledger = self.home.coordinator.ledger.statistics
        for _ in range(1000):
            await self.home.settle()
            if not await ledger.due(self.account):
                return
        raise AssertionError("Something is still due")

    def id(self, kind: str, point: str | None = None) -> str:
        """Return the id of a series of the account or of a charge point."""
        return f"{statistic_id(self.account, point)}_{kind}"

    async def rows(self, series: str) -> dict[datetime, tuple[float, float]]:
        """Return the amount and the sum of each hour that has a row."""
        found = await self._during(series, "hour", datetime.fromtimestamp(0, UTC), None)
        return {
            datetime.fromtimestamp(row["start"], UTC): (row["state"], row["sum"]) for row in found
        }

    async def changes(
        self, series: str, period: Period, start: datetime, end: datetime | None = None
    ) -> dict[datetime, float]:
        """Return what the Energy dashboard shows for each period that is not empty."""
        found = await self._during(series, period, start, end)
        return {
            datetime.fromtimestamp(row["start"], UTC): row["change"]
            for row in found
            if abs(row["change"]) > 1e-9
        }

    async def window(self, series: str, start: datetime, end: datetime) -> float | None:
        """Return what one figure on a dashboard shows for a time."""
        found = await self.recorder.async_add_executor_job(
            statistic_during_period, self.hass, start, end, series, {"change"}, None
        )
        change: float | None = found.get("change")
        return change

    async def names(self) -> Mapping[str, tuple[str | None, str | None]]:
        """Return the name and the unit of each series of ours."""
        found: Iterable[Any] = await self.recorder.async_add_executor_job(
            list_statistic_ids, self.hass
        )
        return {
            each["statistic_id"]: (each["name"], each["statistics_unit_of_measurement"])
            for each in found
            if each["source"] == "ev_charging_sessions"
        }

    async def _during(
        self, series: str, period: Period, start: datetime, end: datetime | None
    ) -> list[Any]:
        found = await self.recorder.async_add_executor_job(
            statistics_during_period,
            self.hass,
            start,
            end,
            {series},
            period,
            None,
            {"change", "state", "sum"},
        )
        return list(found.get(series, ()))
