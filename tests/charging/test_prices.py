"""What sessions cost without the network's word, and when a fee begins."""

from copy import replace
from decimal import Decimal
from typing import Any

import pytest

from custom_components.ev_charging_sessions.charging.backends.backend import Capabilities
from custom_components.ev_charging_sessions.charging.errors import PriceUnknownError
from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.model import (
    ChargePoint,
    Cost,
    Session,
    SessionStatus,
    Source,
)
from custom_components.ev_charging_sessions.charging.own_price import OwnPrice
from custom_components.ev_charging_sessions.charging.prices import Prices
from custom_components.ev_charging_sessions.charging.readings import amperes_of, readings_of
from custom_components.ev_charging_sessions.charging.state import ChargePointState
from custom_components.ev_charging_sessions.charging.tariff import Reading
from custom_components.ev_charging_sessions.charging.tariff_model import (
    PriceComponentType,
)

from .answers import ACCOUNT, answer, at, euros, metered
from .paid import PER_KWH, PER_MINUTE, a_tariff, costing, ended, kept

POINT = ChargePoint(charge_point_id="CP1")
REPORTS = Capabilities(energy=True, prices=True)
COUNTS = Capabilities(energy=True)


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
        await prices.follow(await kept(ledger, session), {}, at(0), is_news=True)
    other = answer("s3", status=SessionStatus.FINISHED, cost=crowns)
    await prices.follow(await kept(ledger, other), {}, at(0), is_news=True)
    assert prices.cost == {"EUR": Decimal("2.30"), "SEK": Decimal("7.5")}
    again = Prices(ACCOUNT, ledger, REPORTS)
    await again.load([])
    assert again.cost == prices.cost


async def priced(ledger: Ledger, prices: Prices, session: Session, point: ChargePoint) -> Session:
    """Return a session as it is written to the ledger."""
    (found,) = await prices.priced([session], {}, {"CP1": point}, at(60))
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
    assert price.cost_of(session, known, at(60)) == cost


def test_own_price_of_what_is_known() -> None:
    """Test that only what is new is paid at the price of today, in parts of a cent at first."""
    known = ended(status=SessionStatus.CHARGING, ended=None, energy=10.0)
    known = replace(known, updated=at(55))
    for source in (Source.COMPUTED, Source.ESTIMATED):
        before = replace(known, cost=costing("1.000001", source))
        later = ended(status=SessionStatus.CHARGING, ended=None, energy=10.1)
        assert own("0.333").cost_of(later, before, at(60)) == costing("1.033301", source)
        assert own("0.333").cost_of(ended(energy=10.1), before, at(60)) == costing("1.03", source)
        assert own("0.333").cost_of(ended(energy=9.9), before, at(60)) == costing("0.97", source)
    abroad = replace(known, cost=costing("9", currency="SEK"))
    assert own("0.333").cost_of(ended(), abroad, at(60)) is None
    # The price came while the session ran.
    running = ended(status=SessionStatus.CHARGING, ended=None, energy=11.0)
    assert own("0.5").cost_of(running, known, at(60)) == costing("5.500000")
    moving = own("0.5", is_fixed=False).cost_of(running, known, at(60))
    assert moving == costing("5.500000")
    # What was charged before anybody looked may have had another price.
    unseen = own("0.5", is_fixed=False)
    assert unseen.cost_of(running, None, at(30)) == costing("5.500000")
    assert unseen.cost_of(running, None, at(31)) == costing("5.500000", Source.ESTIMATED)
    before = replace(known, cost=costing("1"), updated=at(20))
    assert unseen.cost_of(running, before, at(60)) == costing("1.500000", Source.ESTIMATED)
    # What is only told again stays what it was.
    paid = ended(energy=11.0, updated=at(70))
    paid = replace(paid, cost=costing("3.21"))
    assert unseen.cost_of(ended(energy=11.0), paid, at(5000)) == paid.cost
    # Half of a cent is a cent, as in a quote.
    assert own("0.25").cost_of(ended(energy=0.5), None, at(60)) == costing("0.13")


def test_own_price_that_is_away() -> None:
    """Test that what went on while nobody knew the price is paid once somebody does."""
    amount: Decimal | None = None
    price = OwnPrice("EUR", lambda: amount, is_fixed=False)
    known = ended(status=SessionStatus.CHARGING, ended=None, energy=10.0, updated=at(58))
    known = replace(known, cost=costing("1.00"))
    later = ended(status=SessionStatus.CHARGING, ended=None, energy=12.0)
    assert price.cost_of(later, known, at(60)) is None
    # The ledger has taken the energy and kept the cost.
    known = replace(later, cost=costing("1.00"))
    amount = Decimal("0.50")
    found = price.cost_of(ended(energy=14.0), known, at(61))
    assert found == costing("3.00", Source.ESTIMATED)
    assert not price.unpaid
    # So is a session that came and went meanwhile.
    amount = None
    price = OwnPrice("EUR", lambda: amount, is_fixed=False)
    assert price.cost_of(ended(energy=4.0), None, at(61)) is None
    amount = Decimal("0.50")
    assert price.cost_of(ended(energy=4.0), ended(energy=4.0), at(62)) == costing(
        "2.00", Source.ESTIMATED
    )


async def test_overdue(ledger: Ledger) -> None:
    """Test that nothing stays unpaid because nobody tells of a session again."""
    amount: Decimal | None = None
    price = OwnPrice("EUR", lambda: amount, is_fixed=False)
    prices = Prices(ACCOUNT, ledger, COUNTS, price)
    (told,) = await prices.priced([ended(energy=4.0)], {}, {}, at(60))
    await kept(ledger, told)
    assert await prices.overdue(at(61)) == []
    amount = Decimal("0.50")
    (due,) = await prices.overdue(at(62))
    (change,) = await kept(ledger, due)
    assert change.after.cost == costing("2.00", Source.ESTIMATED)
    assert await prices.overdue(at(63)) == []


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
    await prices.follow(await kept(ledger, running), {}, at(0), is_news=True)
    assert prices.fee_begins(running) == at(120)
    again = Prices(ACCOUNT, ledger, REPORTS)
    await again.load(await ledger.open_sessions(ACCOUNT))
    assert again.fee_begins(running) == at(120)
    await prices.follow(await kept(ledger, ended("0", tariff=tariff)), {}, at(0), is_news=True)
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
