"""Tests of an account whose energies or prices turn out to be in another unit."""

from copy import replace
from decimal import Decimal
from typing import Any

import pytest

from custom_components.ev_charging_sessions.charging.ledger import Ledger, SessionQuery
from custom_components.ev_charging_sessions.charging.model import (
    EnergyUnit,
    Session,
    SessionStatus,
    Source,
)
from custom_components.ev_charging_sessions.charging.tariff_model import (
    PriceComponent,
    PriceComponentType,
    Restrictions,
    Tariff,
    TariffElement,
)

from .answers import ACCOUNT, OTHER_ACCOUNT, answer, at, euros, metered


def tariff(factor: int) -> Tariff:
    """Return a tariff with bounds, told in a unit that is so many times smaller."""
    scale = Decimal(factor)
    bounds = Restrictions(
        min_energy=5 * scale,
        max_energy=Decimal("7.5") * scale,
        min_power=2 * scale,
        max_power=11 * scale,
        min_duration=Decimal(60),
        max_current=Decimal(16),
    )
    energy = PriceComponent(type=PriceComponentType.ENERGY, price=Decimal("0.30"))
    return Tariff(
        currency="EUR",
        elements=(
            TariffElement(components=(energy,), restrictions=bounds),
            TariffElement(components=(energy,)),
        ),
    )


def session(factor: int, **said: Any) -> Session:
    """Return a session whose energies were read in a unit that is so many times smaller."""
    values = metered((0, 1000.1 * factor), (30, 1003.434 * factor))
    return answer(
        **{
            "status": SessionStatus.FINISHED,
            "started": at(0),
            "ended": at(30),
            "energy": 3.334 * factor,
            "cost": euros("1.00"),
            "tariff": tariff(factor),
            "meter_values": values,
            "updated": at(31),
            **said,
        }
    )


async def told(ledger: Ledger, factor: int) -> None:
    """Write a session with a revision and a longer timeline, and one of somebody else."""
    early = metered((0, 1000.1 * factor), (10, 1001.0 * factor))
    running = {"status": SessionStatus.CHARGING, "ended": None, "updated": at(10)}
    await ledger.upsert([session(factor, **running, meter_values=early)])
    await ledger.upsert([session(factor, energy=3.0 * factor, updated=at(30.5))])
    await ledger.upsert([session(factor)])
    await ledger.upsert([session(1, account=OTHER_ACCOUNT)])
    await ledger.upsert([answer("bare", updated=at(1))])


async def everything(ledger: Ledger) -> list[object]:
    """Return all that the ledger holds of energies."""
    sessions = await ledger.sessions(SessionQuery())
    return [
        sorted(sessions, key=lambda each: (each.account.backend, each.session_id)),
        await ledger.meter_values(ACCOUNT, "s1"),
        await ledger.meter_values(OTHER_ACCOUNT, "s1"),
        await ledger.revisions(ACCOUNT, "s1"),
        await ledger.energy(ACCOUNT),
    ]


async def test_another_unit(ledger: Ledger) -> None:
    """Test that all that was read is corrected, in both directions, and nobody else's."""
    await ledger.use_units(ACCOUNT, EnergyUnit.WH, "EUR")
    await told(ledger, 1)
    right = await everything(ledger)
    await ledger.use_units(ACCOUNT, EnergyUnit.KWH, "EUR")
    wrong = await everything(ledger)
    (known,) = [
        each for each in await ledger.sessions(SessionQuery(accounts=(ACCOUNT,))) if each.energy
    ]
    assert known == session(1000)
    assert (await ledger.energy(ACCOUNT))[None] == 3334.0
    assert wrong[2] == right[2]
    await ledger.use_units(ACCOUNT, EnergyUnit.WH, "EUR")
    assert await everything(ledger) == right


async def test_the_same_as_told_so_from_the_start(ledger: Ledger) -> None:
    """Test that what comes after the change meets what it would have met, and changes nothing."""
    await ledger.use_units(ACCOUNT, EnergyUnit.KWH, "EUR")
    await told(ledger, 1000)
    await ledger.use_units(ACCOUNT, EnergyUnit.WH, "EUR")
    assert await ledger.upsert([session(1)]) == ()
    revised = [each.session.energy for each in await ledger.revisions(ACCOUNT, "s1")]
    assert revised == [3.0]


async def test_many(ledger: Ledger) -> None:
    """Test that no batch is left out and none is corrected twice."""
    await ledger.use_units(ACCOUNT, EnergyUnit.KWH, "EUR")
    many = [replace(session(1), session_id=f"s{number}", energy=1.0) for number in range(1234)]
    await ledger.upsert(many)
    await ledger.use_units(ACCOUNT, EnergyUnit.WH, "EUR")
    assert (await ledger.energy(ACCOUNT))[None] == pytest.approx(1.234, abs=1e-9)


async def test_unit_for_the_first_time(ledger: Ledger) -> None:
    """Test that a unit that is only now written down corrects nothing, nor does the same one."""
    await told(ledger, 1)
    before = await everything(ledger)
    for _ in range(2):
        await ledger.use_units(ACCOUNT, EnergyUnit.KWH, "EUR")
        assert await everything(ledger) == before


@pytest.mark.parametrize("currency", ["CHF", "SEK"])
async def test_another_currency(ledger: Ledger, currency: str) -> None:
    """Test that prices are in the currency that is set now, whatever its place in the alphabet."""
    await ledger.use_units(ACCOUNT, EnergyUnit.WH, "EUR")
    await told(ledger, 1)
    own = replace(euros("2"), source=Source.COMPUTED, currency="NOK")
    await ledger.upsert([answer("own", cost=own, updated=at(1))])
    await ledger.use_units(ACCOUNT, EnergyUnit.WH, currency)
    assert await ledger.cost(ACCOUNT) == {currency: Decimal("1.00"), "NOK": Decimal(2)}
    assert await ledger.cost(OTHER_ACCOUNT) == {"EUR": Decimal("1.00")}
    known = await ledger.session(ACCOUNT, "s1")
    assert known
    assert known.tariff
    assert (known.tariff.currency, known.energy) == (currency, 3.334)
    # What the network tells again from now on is what is there already.
    cost = replace(euros("1.00"), currency=currency)
    again = session(1, cost=cost, tariff=replace(tariff(1), currency=currency))
    assert await ledger.upsert([again]) == ()
    await ledger.use_units(ACCOUNT, EnergyUnit.WH, "EUR")
    assert (await ledger.cost(ACCOUNT))["EUR"] == Decimal("1.00")
