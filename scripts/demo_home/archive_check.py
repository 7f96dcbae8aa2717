"""The checks of the archive: whoever tells of last month tells the same as the simulator."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from urllib.parse import urlencode

from . import dashboard, past
from .books import Booked, Month, last_month, namespace_sessions, park_sessions, shares, totals
from .devices import DOMAIN, Device, read_devices
from .house import PRICE_PER_KWH
from .observer import Observer, saw
from .processes import DemoError

# The recorder keeps numbers that are not decimal.
_WATT_HOUR, _CENT = Decimal("0.001"), Decimal("0.01")


class ArchiveChecks(Observer):
    """Everything that is asked of the past."""

    def all(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """Return the checks in the order in which they are to be made."""
        return (
            self._adds_last_month_up,
            self._shows_last_month_in_the_calendars,
            self._has_statistics_of_last_month,
            self._hands_out_a_statement_of_last_month,
        )

    async def reads_the_past(self) -> None:
        """Come first: nobody can have been where a car is."""
        await past.read(self.house)
        await dashboard.save_energy(self.home, await read_devices(self.home))
        for account, booked in await self._accounts(last_month()):
            energy, cost = totals(booked)
            saw(f"{account.name}: {len(booked)} sessions, {energy} kWh, {cost} EUR")
            if not booked:
                raise DemoError(f"{account.name} has no sessions of last month.")

    async def _adds_last_month_up(self) -> None:
        month = last_month()
        for account, booked in await self._accounts(month):
            answer = await self.home.act(
                f"{DOMAIN}.get_sessions",
                {"config_entry_id": account.entry_id, "limit": 1, **_between(month)},
            )
            found = answer["totals"]
            saw(f"{account.name}: {answer['count']} sessions, {found}")
            energy, cost = Decimal(str(found["energy"])), Decimal(found["cost"]["EUR"])
            true_energy, true_cost = totals(booked)
            is_true = (answer["count"], energy) == (len(booked), true_energy)
            if not is_true or abs(cost - true_cost) > _CENT / 2:
                raise DemoError(f"The simulator says {len(booked)} sessions, {totals(booked)}.")

    async def _shows_last_month_in_the_calendars(self) -> None:
        month = last_month()
        for account, booked in await self._accounts(month):
            between = urlencode(_between(month))
            entity_id = account.entities["calendar.sessions"]
            events = await self.home.get(f"/api/calendars/{entity_id}?{between}")
            saw(f"{account.name}: {len(events)} events, such as {events[0]['summary']}")
            # A price of one's own comes to fractions of a cent, which are no matter of ours.
            shown = sorted(each["summary"].partition(",")[0] for each in events)
            devices = await read_devices(self.home)
            expected = sorted(
                each.event(self.find(devices, each.charge_point_id).name).partition(",")[0]
                for each in booked
            )
            if shown != expected:
                differing = set(shown) ^ set(expected)
                raise DemoError(f"Of calendar and simulator only one says: {sorted(differing)}")

    async def _has_statistics_of_last_month(self) -> None:
        month = last_month()
        for account, booked in await self._accounts(month):
            expected = shares(booked, month)
            ids = await dashboard.read_statistics(self.home)
            found = [
                await self._change(ids[f"{account.name} {kind}"], month)
                for kind in ("energy", "cost")
            ]
            saw(f"{account.name}: {found[0]} kWh and {found[1]} EUR")
            if abs(found[0] - expected[0]) > _WATT_HOUR or abs(found[1] - expected[1]) > _CENT:
                raise DemoError(f"The simulator says {expected}.")

    async def _hands_out_a_statement_of_last_month(self) -> None:
        month = last_month()
        for account, booked in await self._accounts(month):
            answer = await self.home.act(
                f"{DOMAIN}.export_sessions",
                {"config_entry_id": account.entry_id, "format": "statement", **_between(month)},
            )
            begun = [each for each in booked if each.started >= month.start]
            energy, _ = totals(begun)
            saw(f"{account.name}: a statement of {answer['count']} sessions")
            figure = f"{energy:,.3f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
            if answer["count"] != len(begun) or f">{figure}<" not in answer["text"]:
                raise DemoError(f"The statement should have {len(begun)} sessions, {figure} kWh.")

    async def _accounts(self, month: Month) -> list[tuple[Device, list[Booked]]]:
        """Return the accounts that have a past, with their sessions of a month."""
        return [
            (
                await self.account(self.house.namespace_id),
                await namespace_sessions(self.simulator, month),
            ),
            (
                await self.account(self.house.park_id),
                await park_sessions(self.simulator, month, Decimal(str(PRICE_PER_KWH))),
            ),
        ]

    async def _change(self, statistic_id: str, month: Month) -> Decimal:
        """Return by how much a statistic has grown in a month."""
        found = await self.home.command(
            "recorder/statistics_during_period",
            start_time=month.start.isoformat(),
            end_time=month.end.isoformat(),
            statistic_ids=[statistic_id],
            period="hour",
            types=["change"],
        )
        return sum((Decimal(str(row["change"])) for row in found.get(statistic_id, [])), Decimal(0))


def _between(month: Month) -> dict[str, str]:
    return {"start": month.start.isoformat(), "end": month.end.isoformat()}
