"""What sessions cost without the network's word, when a fee begins, and which bills are doubted."""

from collections.abc import Mapping
from copy import replace
from decimal import Decimal
from typing import Any

import pytest

from custom_components.ev_charging_sessions.charging.backends.backend import Capabilities
from custom_components.ev_charging_sessions.charging.errors import PriceUnknownError
from custom_components.ev_charging_sessions.charging.ledger import Change, Ledger
from custom_components.ev_charging_sessions.charging.model import (
    ChargePoint,
    Cost,
    Session,
    SessionStatus,
    Source,
)
from custom_components.ev_charging_sessions.charging.own_price import OwnPrice
from custom_components.ev_charging_sessions.charging.prices import Doubt, Prices
from custom_components.ev_charging_sessions.charging.readings import amperes_of, readings_of
from custom_components.ev_charging_sessions.charging.state import ChargePointState
from custom_components.ev_charging_sessions.charging.tariff import Reading
from custom_components.ev_charging_sessions.charging.tariff_model import (
    PriceComponent,
    PriceComponentType,
    Restrictions,
    Tariff,
    TariffElement,
)

from .answers import ACCOUNT, answer, at, euros, metered

POINT = ChargePoint(charge_point_id="CP1")
REPORTS = Capabilities(energy=True, prices=True)
COUNTS = Capabilities(energy=True)


def a_tariff(*prices: tuple[PriceComponentType, str], **restrictions: Any) -> Tariff:
    """Return a tariff of one element."""
    components = tuple(
        PriceComponent(
            type=kind,
            price=Decimal(price),
            unit=Decimal(60 if "time" in kind else 1),
        )
        for kind, price in prices
    )
    element = TariffElement(
        components=components,
        restrictions=Restrictions(**restrictions) if restrictions else None,
    )
    return Tariff(currency="EUR", elements=(element,))


PER_KWH = a_tariff((PriceComponentType.ENERGY, "0.50"))
PER_MINUTE = a_tariff((PriceComponentType.FLAT, "1"), (PriceComponentType.TIME, "0.10"))
PER_SLOW_KWH = a_tariff((PriceComponentType.ENERGY, "0.50"), max_power=Decimal(11))


def ended(cost: str | None = None, **said: Any) -> Session:
    """Return a session of 20 kWh in an hour that has ended."""
    return answer(
        **{
            "charge_point_id": "CP1",
            "status": SessionStatus.FINISHED,
            "started": at(0),
            "ended": at(60),
            "updated": at(60),
            "energy": 20.0,
            "cost": euros(cost) if cost else None,
            **said,
        }
    )


def costing(amount: str, source: Source = Source.COMPUTED, currency: str = "EUR") -> Cost:
    """Return a cost that was not reported."""
    return Cost(amount=Decimal(amount), currency=currency, source=source)


async def kept(ledger: Ledger, *sessions: Session) -> list[Change]:
    """Write sessions to the ledger and return what that has changed."""
    changes: list[Change] = []
    for session in sessions:
        changes += await ledger.upsert([session])
    return changes


async def doubts(
    ledger: Ledger, *sessions: Session, points: Mapping[str, ChargePoint] | None = None
) -> list[Doubt]:
    """Return which of these answers' bills are doubted."""
    changes = await kept(ledger, *sessions)
    return await Prices(ACCOUNT, ledger, REPORTS).follow(changes, points or {}, is_news=True)


@pytest.mark.parametrize(
    ("cost", "is_doubted"),
    [
        ("10.00", False),
        # 5 % of 10.00 are 0.50, and only more than that counts.
        ("10.50", False),
        ("10.51", True),
        ("9.50", False),
        ("9.49", True),
        ("0.00", True),
    ],
)
async def test_margin(ledger: Ledger, cost: str, is_doubted: bool) -> None:
    """Test that a bill may differ by five percent from the tariff."""
    found = await doubts(ledger, ended(cost, tariff=PER_KWH))
    assert bool(found) is is_doubted
    for doubt in found:
        assert doubt.reported == euros(cost)
        expected = Cost(amount=Decimal("10.00"), currency="EUR", source=Source.COMPUTED)
        assert doubt.computed == expected
        assert doubt.session.session_id == "s1"


@pytest.mark.parametrize(("cost", "is_doubted"), [("0.60", False), ("0.61", True), ("0.40", False)])
async def test_small_change(ledger: Ledger, cost: str, is_doubted: bool) -> None:
    """Test that nobody is bothered for ten cents, whatever part of the bill they are."""
    session = ended(cost, tariff=PER_KWH, energy=1.0)
    assert bool(await doubts(ledger, session)) is is_doubted


async def test_nothing_charged_and_billed(ledger: Ledger) -> None:
    """Test that a bill for no energy at all is doubted."""
    assert await doubts(ledger, ended("4.00", tariff=PER_KWH, energy=0.0))


@pytest.mark.parametrize(
    "session",
    [
        ended("99", tariff=None),
        ended("99", tariff=PER_KWH, status=SessionStatus.CHARGING, ended=None),
        ended("99", tariff=PER_KWH, energy=None),
        ended("99", tariff=PER_KWH, started=None),
        ended("99", tariff=PER_KWH, ended=None, updated=None),
        ended(tariff=PER_KWH),
        replace(ended(tariff=PER_KWH), cost=costing("99", Source.REPORTED, "SEK")),
        replace(ended(tariff=PER_KWH), cost=costing("99", Source.ESTIMATED)),
        # How fast energy flowed within this hour, nobody has seen.
        ended("99", tariff=PER_SLOW_KWH),
    ],
)
async def test_what_cannot_be_doubted(ledger: Ledger, session: Session) -> None:
    """Test that a bill is left alone where nobody can know better."""
    assert await doubts(ledger, session) == []


async def test_a_session_that_was_watched(ledger: Ledger) -> None:
    """Test that a price that depends on power is checked where all of the session was seen.

    A quarter of an hour at 40 kW is free, so only the other ten kWh are paid for. The last
    half hour without energy needs no meter value in between.
    """
    values = [(0.0, 100.0), (15, 110.0), (30, 112.5), (45, 115.0), (60, 117.5), (75, 120.0)]
    said: dict[str, Any] = {"tariff": PER_SLOW_KWH, "ended": at(120), "updated": at(120)}
    seen = [
        ended(
            status=SessionStatus.CHARGING,
            ended=None,
            updated=at(minutes),
            meter_values=metered((0, 100.0), (minutes, energy)),
        )
        for minutes, energy in values[1:]
    ]
    assert await doubts(ledger, *seen, ended("5.00", **said)) == []
    (doubt,) = await doubts(ledger, ended("6.00", **said | {"updated": at(121)}))
    assert doubt.computed.amount == Decimal("5.00")


async def test_a_doubt_is_told_once(ledger: Ledger) -> None:
    """Test that only a new bill is checked: not one told again, nor one that is no news."""
    prices = Prices(ACCOUNT, ledger, REPORTS)
    changes = await kept(ledger, ended("12", tariff=PER_KWH))
    assert await prices.follow(changes, {}, is_news=False) == []
    changes = await kept(ledger, ended("12", tariff=PER_KWH, stop_reason="x", updated=at(61)))
    assert changes
    assert await prices.follow(changes, {}, is_news=True) == []
    changes = await kept(ledger, ended("13", tariff=PER_KWH, updated=at(62)))
    assert len(await prices.follow(changes, {}, is_news=True)) == 1


async def test_current(ledger: Ledger) -> None:
    """Test that a price that depends on the current needs the limits of the charge point."""
    tariff = a_tariff((PriceComponentType.ENERGY, "1.00"), min_current=Decimal(30))
    values = metered(*((minutes, minutes / 3) for minutes in range(0, 61, 15)))
    session = ended("20.00", tariff=tariff, meter_values=values)
    assert await doubts(ledger, session) == []
    # 22 kW at 32 A are 29 A at 20 kW.
    point = ChargePoint(charge_point_id="CP1", max_power=22.0, max_current=32.0)
    session = ended("20.01", tariff=tariff, meter_values=values, updated=at(61))
    (doubt,) = await doubts(ledger, session, points={"CP1": point})
    assert doubt.computed.amount == 0


async def test_sum(ledger: Ledger) -> None:
    """Test that the sum follows every change, by currency, and is there after a restart."""
    prices = Prices(ACCOUNT, ledger, REPORTS)
    await prices.load([])
    assert prices.cost == {}
    crowns = Cost(amount=Decimal("7.5"), currency="SEK", source=Source.REPORTED)
    for session in (
        ended("1.10", status=SessionStatus.CHARGING, ended=None, updated=at(30)),
        ended("2.20"),
        ended("2.30", updated=at(61)),
        ended(session_id="s2", cost=None),
    ):
        await prices.follow(await kept(ledger, session), {}, is_news=True)
    other = answer("s3", status=SessionStatus.FINISHED, cost=crowns)
    await prices.follow(await kept(ledger, other), {}, is_news=True)
    assert prices.cost == {"EUR": Decimal("2.30"), "SEK": Decimal("7.5")}
    again = Prices(ACCOUNT, ledger, REPORTS)
    await again.load([])
    assert again.cost == prices.cost


async def priced(ledger: Ledger, prices: Prices, session: Session, point: ChargePoint) -> Session:
    """Return a session as it is written to the ledger."""
    (found,) = await prices.priced([session], {}, {"CP1": point})
    return found


async def test_only_tariff_of_a_charge_point(ledger: Ledger) -> None:
    """Test that a session whose network names no price is priced by its charge point's."""
    prices = Prices(ACCOUNT, ledger, Capabilities())
    point = ChargePoint(charge_point_id="CP1", tariffs=(PER_MINUTE,))
    session = ended(energy=None)
    found = await priced(ledger, prices, session, point)
    # One to begin with, and 60 minutes.
    assert found.cost == Cost(amount=Decimal("7.00"), currency="EUR", source=Source.COMPUTED)
    state = ChargePointState(charge_point=point)
    assert prices.tells_cost(state)
    assert not prices.tells_all_costs
    for other in (
        ChargePoint(charge_point_id="CP1"),
        ChargePoint(charge_point_id="CP1", tariffs=(PER_MINUTE, PER_KWH)),
        ChargePoint(charge_point_id="CP1", tariffs=(PER_KWH,)),
    ):
        assert await priced(ledger, prices, session, other) is session
        assert not prices.tells_cost(ChargePointState(charge_point=other))
    running = ended(energy=None, status=SessionStatus.CHARGING, ended=None)
    assert await priced(ledger, prices, running, point) is running
    reported = ended("1.00", energy=None)
    assert await priced(ledger, prices, reported, point) is reported


async def test_reported_cost_wins(ledger: Ledger) -> None:
    """Test that what the network says later replaces what was computed, and stays."""
    computed = Cost(amount=Decimal(7), currency="EUR", source=Source.COMPUTED)
    await kept(ledger, replace(ended(), cost=computed), ended("6.50", updated=at(61)))
    known = await ledger.session(ACCOUNT, "s1")
    assert known
    assert known.cost == euros("6.50")


def own(price: str | None, *, is_fixed: bool = True) -> OwnPrice:
    """Return an own price in euros."""
    amount = Decimal(price) if price else None
    return OwnPrice("EUR", lambda: amount, is_fixed=is_fixed)


@pytest.mark.parametrize(
    ("known", "session", "price", "cost"),
    [
        (None, ended(), own("0.305"), costing("6.10")),
        (None, ended(), own("0.305", is_fixed=False), costing("6.10", Source.ESTIMATED)),
        (None, ended(energy=None), own("0.305"), None),
        (None, ended(), own(None), None),
        # It ended before there was a price.
        (ended(), ended(energy=21.0), own("0.305"), None),
    ],
)
def test_own_price(
    known: Session | None, session: Session, price: OwnPrice, cost: Cost | None
) -> None:
    """Test what an own price makes of sessions that are met for the first time."""
    assert price.cost_of(session, known) == cost


def test_own_price_of_what_is_known() -> None:
    """Test that only what is new is paid at the price of today, in parts of a cent at first."""
    known = ended(status=SessionStatus.CHARGING, ended=None, energy=10.0)
    for source in (Source.COMPUTED, Source.ESTIMATED):
        before = replace(known, cost=costing("1.000001", source))
        later = ended(status=SessionStatus.CHARGING, ended=None, energy=10.1)
        assert own("0.333").cost_of(later, before) == costing("1.033301", source)
        assert own("0.333").cost_of(ended(energy=10.1), before) == costing("1.03", source)
        assert own("0.333").cost_of(ended(energy=9.9), before) == costing("0.97", source)
    abroad = replace(known, cost=costing("9", currency="SEK"))
    assert own("0.333").cost_of(ended(), abroad) is None
    # The price came while the session ran.
    running = ended(status=SessionStatus.CHARGING, ended=None, energy=11.0)
    assert own("0.5").cost_of(running, known) == costing("5.500000")
    moving = own("0.5", is_fixed=False).cost_of(running, known)
    assert moving == costing("5.500000", Source.ESTIMATED)
    assert own("0.5", is_fixed=False).cost_of(running, None) == costing("5.500000")


async def test_quote(ledger: Ledger) -> None:
    """Test whose tariff a quote goes by."""
    hour = [Reading(at(0), Decimal(0)), Reading(at(60), Decimal(10))]
    prices = Prices(ACCOUNT, ledger, COUNTS, own("0.2"))

    async def quoted(**state: Any) -> Decimal:
        return (await prices.quote(ChargePointState(charge_point=POINT, **state), hour)).total

    assert await quoted() == Decimal("2.00")
    assert await quoted(session=ended(tariff=PER_KWH)) == Decimal("5.00")
    point = ChargePoint(charge_point_id="CP1", tariffs=(PER_MINUTE,))
    assert (await prices.quote(ChargePointState(charge_point=point), hour)).total == Decimal("7.00")
    assert await quoted(session=ended()) == Decimal("2.00")
    for nobody in (Prices(ACCOUNT, ledger, COUNTS), Prices(ACCOUNT, ledger, COUNTS, own(None))):
        with pytest.raises(PriceUnknownError) as caught:
            await nobody.quote(ChargePointState(charge_point=POINT), hour)
        assert caught.value.key == "price_unknown_tariff"


async def test_fee(ledger: Ledger) -> None:
    """Test that a fee is foreseen for open sessions alone, and again after a restart."""
    tariff = a_tariff((PriceComponentType.TIME, "0.10"), min_duration=Decimal(7200))
    running = ended("0", tariff=tariff, status=SessionStatus.CHARGING, ended=None, updated=at(30))
    prices = Prices(ACCOUNT, ledger, REPORTS)
    await prices.follow(await kept(ledger, running), {}, is_news=True)
    assert prices.fee_begins(running) == at(120)
    again = Prices(ACCOUNT, ledger, REPORTS)
    await again.load(await ledger.open_sessions(ACCOUNT))
    assert again.fee_begins(running) == at(120)
    await prices.follow(await kept(ledger, ended("0", tariff=tariff)), {}, is_news=True)
    assert prices.fee_begins(running) is None


def test_readings() -> None:
    """Test that readings begin at nothing, follow the meter and end with the session."""
    values = metered((0, 1000.1), (20, 1003.4), (40, 1010.1), (60, 1020.1), (70, 1021.0))
    found = readings_of(ended(meter_values=values[:1]), values)
    assert [(each.at, each.energy) for each in found] == [
        (at(0), Decimal(0)),
        (at(20), Decimal("3.3")),
        (at(40), Decimal("10.0")),
        (at(60), Decimal("20.0")),
    ]
    running = ended(status=SessionStatus.CHARGING, ended=None, meter_values=values[:3])
    assert readings_of(running, ())[-1] == Reading(at(40), Decimal("20.0"))
    assert readings_of(ended(energy=None), ()) == [Reading(at(0), None), Reading(at(60), None)]
    assert readings_of(ended(ended=at(0)), ()) == [Reading(at(0), Decimal(0))]


def test_amperes() -> None:
    """Test that the current of a kW follows from what a charge point can do at most."""
    assert amperes_of(None) is None
    assert amperes_of(POINT) is None
    point = ChargePoint(charge_point_id="CP1", max_power=11.0, max_current=16.0)
    assert amperes_of(point) == Decimal(16) / Decimal(11)
