"""Tests of how CleverEV lists sessions: pages, filters and crowds."""

from decimal import Decimal
from itertools import pairwise
from time import perf_counter
from typing import Any

import pytest

from . import Simulator
from .cleverev_client import DAY, ENERGY, FAST, IDLE, LIST, NamespaceClient
from .defaults import CLEVEREV_ENERGY_TARIFF, CLEVEREV_ID_TAGS, CLEVEREV_USERS
from .namespace_prices import price


async def read_all(host: NamespaceClient, take: int = 100, **query: str) -> list[Any]:
    """Read page after page until one is short."""
    found: list[Any] = []
    while True:
        page = await host.sessions(skip=len(found), take=take, **query)
        found += page
        if len(page) < take:
            return found


def ids_of(sessions: list[Any]) -> list[str]:
    """Return the ids."""
    return [each["id"] for each in sessions]


async def test_pages(simulator: Simulator, host: NamespaceClient) -> None:
    """The newest start comes first, and pages follow one another without a gap."""
    simulator.namespace.populate(7)
    everything = await read_all(host)
    starts = [each["startedAtTimestamp"] for each in everything]
    assert starts == sorted(starts, reverse=True)
    assert len(set(ids_of(everything))) == 7
    pages = [await host.page(skip=skip, take=3) for skip in (0, 3, 6, 9)]
    assert [len(each["chargingSessions"]) for each in pages] == [3, 3, 1, 0]
    assert [each["count"] for each in pages] == [7] * 4
    assert ids_of([one for each in pages for one in each["chargingSessions"]]) == ids_of(everything)
    simulator.cleverev.settings.count_is_total = False
    assert (await host.page(skip=6, take=3))["count"] == 1
    simulator.cleverev.settings.order = "oldest"
    assert ids_of(await host.sessions()) == ids_of(everything)[::-1]


async def test_size_of_a_page(simulator: Simulator, host: NamespaceClient) -> None:
    """A page is as big as it is asked to be, unless there is a cap."""
    simulator.namespace.populate(300)
    assert len(await host.sessions(take=300)) == 300
    assert len(await host.sessions()) == 50
    assert await host.sessions(take=0) == []
    simulator.cleverev.settings.max_take = 40
    page = await host.page(take=300)
    assert (len(page["chargingSessions"]), page["count"]) == (40, 300)
    simulator.cleverev.settings.default_take = 20
    assert len(await host.sessions()) == 20


async def test_filters(simulator: Simulator, host: NamespaceClient) -> None:
    """Sessions can be had by status, user and charger, also together."""
    namespace = simulator.namespace
    namespace.populate(60)
    open_one = namespace.start_at_pole(DAY, 1, CLEVEREV_ID_TAGS[1])
    assert len(await host.sessions(status="Stopped", take=100)) == 60
    assert ids_of(await host.sessions(status="Started")) == [open_one.id]
    by_charger = {
        each: len(await host.sessions(chargerId=each)) for each in (ENERGY, DAY, IDLE, FAST)
    }
    assert by_charger == {ENERGY: 20, DAY: 21, IDLE: 10, FAST: 10}
    boris = await host.page(userId=CLEVEREV_USERS[1])
    assert {each["userId"] for each in boris["chargingSessions"]} == {CLEVEREV_USERS[1]}
    assert boris["count"] == 19
    both = await host.sessions(userId=CLEVEREV_USERS[1], chargerId=DAY, status="Started")
    assert ids_of(both) == [open_one.id]
    assert await host.sessions(chargerId="nowhere") == []
    namespace.unplug(DAY, 1)
    assert await host.sessions(status="Started") == []


@pytest.mark.parametrize(
    "query", [{"skip": "-1"}, {"take": "-1"}, {"take": "many"}, {"status": "Paused"}]
)
async def test_nonsense(host: NamespaceClient, query: dict[str, str]) -> None:
    """A wrong query is a 400 in words."""
    status, body = await host.json("GET", LIST, params=query)
    assert (status, body["success"]) == (400, False)
    assert body["message"]


async def test_sessions_start_between_two_pages(
    simulator: Simulator, host: NamespaceClient
) -> None:
    """Rows shift while somebody reads, so that some come twice."""
    simulator.namespace.populate(120)
    simulator.cleverev.settings.insert_between_pages = 3
    everything = await read_all(host, take=50)
    # Pages of 50, 50 and 26: before the second and the third three sessions have started.
    assert len(everything) == 126
    assert len(set(ids_of(everything))) == 120
    assert len(await host.sessions(take=200)) == 126
    fresh = (await host.sessions(take=6))[::-1]
    assert [each["status"] for each in fresh] == ["Started"] * 6
    # When every connector is taken somebody is turned away.
    assert len(await host.sessions(skip=1, take=1)) == 1
    newest = (await host.sessions(take=1))[0]
    assert (newest["status"], newest["stoppedReason"]) == ("Stopped", "DeAuthorized")
    assert newest["energy"] == 0


@pytest.mark.parametrize("is_lively", [False, True])
async def test_a_past(simulator: Simulator, host: NamespaceClient, is_lively: bool) -> None:
    """1,234 sessions are there at once, with sums that are exact."""
    began = perf_counter()
    past = simulator.namespace.populate(1234, is_lively=is_lively)
    assert perf_counter() - began < 1
    rows = await read_all(host)
    assert len(rows) == len(set(ids_of(rows))) == 1234
    assert sum(each["energy"] for each in rows) == past.total_energy
    cents = sum(Decimal(each["price"]) for each in rows) * 100
    assert cents == past.total_price
    assert simulator.namespace.total() == (past.total_energy, Decimal(past.total_price) / 100)
    assert all(
        each["energy"] == each["stoppedAtEnergy"] - each["startedAtEnergy"] > 0 for each in rows
    )
    for number in past.numbers[::100]:
        session = past.session(number)
        bill = price(CLEVEREV_ENERGY_TARIFF, session.samples, session.time_zone)
        assert bill.total == session.fixed_price


@pytest.mark.parametrize("is_lively", [False, True])
async def test_registers_of_a_past(
    simulator: Simulator, host: NamespaceClient, is_lively: bool
) -> None:
    """Every register goes on where it was, up to the car that comes next."""
    past = simulator.namespace.populate(100, days=3, is_lively=is_lively)
    assert (len(set(past.stays)) > 1) == is_lively
    simulator.namespace.start_at_pole(DAY, 2, CLEVEREV_ID_TAGS[0])
    rows = [each for each in await read_all(host, chargerId=DAY) if each["connectorId"] == 2]
    oldest_first = rows[::-1]
    for before, after in pairwise(oldest_first):
        assert before["stoppedAtEnergy"] == after["startedAtEnergy"]
        assert before["stoppedAtTimestamp"] < after["startedAtTimestamp"]
    assert rows[0]["status"] == "Started"
    with pytest.raises(ValueError, match="before the first car"):
        simulator.namespace.populate(1)


async def test_sums_with_changes(simulator: Simulator, host: NamespaceClient) -> None:
    """Sums follow when a session of the past is changed, and when one is added."""
    namespace = simulator.namespace
    past = namespace.populate(50)
    row = (await host.sessions(take=1))[0]
    namespace.bill_wrongly(row["id"], "1.00")
    namespace.start_at_pole(ENERGY, 1, CLEVEREV_ID_TAGS[0])
    simulator.clock.advance(3600)
    energy, cost = namespace.total()
    assert energy == past.total_energy + 11_000
    assert cost == Decimal(past.total_price) / 100 + Decimal("5.95")
    assert Decimal((await host.get(row["id"]))[1]["chargingSession"]["price"]) == Decimal(
        row["price"]
    ) + Decimal(1)
    assert len(await read_all(host)) == 51


async def test_a_very_long_past(simulator: Simulator, host: NamespaceClient) -> None:
    """100,000 sessions cost little until somebody looks at them, and a page costs little too."""
    began = perf_counter()
    past = simulator.namespace.populate(100_000, days=1000, seed=7)
    page = await host.page(take=100)
    first = perf_counter() - began
    assert (page["count"], len(page["chargingSessions"])) == (100_000, 100)
    began = perf_counter()
    last = await host.sessions(skip=99_950, take=100)
    assert perf_counter() - began < 0.5
    assert len(last) == 50
    assert ids_of(last)[-1] == past.session(past.numbers[0]).id
    assert first < 4
    again = Simulator().namespace.populate(100_000, days=1000, seed=7)
    assert again.total_energy == past.total_energy
    assert again.total_price == past.total_price
