"""What the simulator says of a time in the past, to hold everything else against."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from .simulator import Simulator

# Where the demo's home is.
TIME_ZONE = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True, kw_only=True)
class Month:
    """A month of the demo's home."""

    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True)
class Booked:
    """A session that has ended, with its energy in kWh and its price in euro."""

    charge_point_id: str
    started: datetime
    ended: datetime
    energy: Decimal
    cost: Decimal

    def event(self, place: str) -> str:
        """Return what a calendar says of it, at a charge point of that name."""
        return f"{place}: {float(self.energy):.1f} kWh, {self.cost:.2f} EUR"

    def share(self, month: Month) -> Decimal:
        """Return how much of it lies in a month, if it charged evenly."""
        inside = min(self.ended, month.end) - max(self.started, month.start)
        return Decimal(inside / (self.ended - self.started))


def last_month() -> Month:
    """Return the last whole month."""
    this = datetime.now(TIME_ZONE).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Month(start=(this - timedelta(days=1)).replace(day=1), end=this)


async def namespace_sessions(simulator: Simulator, month: Month) -> list[Booked]:
    """Return the sessions of the namespace some of which lies in a month."""
    answer = await simulator.post(
        "namespace/between", start=month.start.isoformat(), end=month.end.isoformat()
    )
    return [
        Booked(
            charge_point_id=f"{each['charger_id']}-{each['connector_id']}",
            started=datetime.fromisoformat(each["started"]),
            ended=datetime.fromisoformat(each["stopped"]),
            energy=Decimal(each["energy"]) / 1000,
            cost=Decimal(each["price"]),
        )
        for each in answer["sessions"]
    ]


async def park_sessions(simulator: Simulator, month: Month, price: Decimal) -> list[Booked]:
    """Return the sessions of the park some of which lies in a month; it has a price per kWh."""
    found = []
    for each in (await simulator.state())["park_sessions"]:
        if each["ended"] is None:
            continue
        started, ended = (datetime.fromisoformat(each[name]) for name in ("started", "ended"))
        if started < month.end and ended > month.start:
            energy = Decimal(str(each["energy"]))
            found.append(
                Booked(
                    charge_point_id=f"{each['serial']}-{each['position']}",
                    started=started,
                    ended=ended,
                    energy=energy,
                    cost=energy * price,
                )
            )
    return found


def totals(sessions: Iterable[Booked]) -> tuple[Decimal, Decimal]:
    """Return the energy and the cost of sessions."""
    known = list(sessions)
    return sum((each.energy for each in known), Decimal(0)), sum(
        (each.cost for each in known), Decimal(0)
    )


def shares(sessions: Iterable[Booked], month: Month) -> tuple[Decimal, Decimal]:
    """Return how much of the energy and of the cost of sessions lies in a month."""
    known = [(each, each.share(month)) for each in sessions]
    energy = sum((each.energy * share for each, share in known), Decimal(0))
    return energy, sum((each.cost * share for each, share in known), Decimal(0))
