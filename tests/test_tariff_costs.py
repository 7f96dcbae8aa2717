"""What sessions cost at Shell, which tells prices of charge points and none of sessions."""

from decimal import Decimal
from typing import Any

import pytest

from tests.home import EVSE, Home
from tests.simulator.defaults import CARDS
from tests.simulator.world import Price


async def _charge(home: Home, seconds: float) -> None:
    """Charge for so long, and wait until the home knows that it is over."""
    world = home.simulator.world
    world.plug(EVSE)
    session = world.start_at_pole(EVSE, CARDS[0])
    await home.run(seconds)
    world.stop(session.session_id)
    world.unplug(EVSE)
    await home.run(400)


@pytest.mark.parametrize(
    ("version", "cost"),
    [
        # Half a euro to begin with and 60 minutes at five cents.
        ("v1", "3.50"),
        # Only half a euro, but with 21 % VAT: the newer API's price of time is one of charging.
        ("v2", "0.61"),
    ],
)
async def test_price_without_energy(home: Home, version: str, cost: str) -> None:
    """Test that a session is priced where its charge point's only tariff counts no energy."""
    per_minute = 0.05 if version == "v1" else 0.0
    point = home.simulator.world.charge_points[EVSE]
    point.price = Price(start_fee=0.5, per_kwh=0.0, per_minute=per_minute)
    await home.add_account(EVSE, api_version=version)
    await home.run(60)
    await _charge(home, 3600)
    state = home.state("sensor", "session_cost", EVSE)
    assert (state.state, state.attributes["cost_source"]) == (cost, "computed")
    assert state.attributes["unit_of_measurement"] == "EUR"
    # A minute costs the same from the first to the last one, so no fee can begin.
    with pytest.raises(AssertionError, match="There is no sensor"):
        home.state("sensor", "idle_fee", EVSE)
    answer = await home.act("get_sessions")
    assert answer
    totals: Any = answer["totals"]
    assert totals["cost"] == {"EUR": cost}


async def test_price_of_energy(home: Home) -> None:
    """Test that there is no cost, not even one of zero, where energy is paid that none tells."""
    await home.add_account(EVSE)
    await _charge(home, 3600)
    with pytest.raises(AssertionError, match="There is no sensor"):
        home.state("sensor", "session_cost", EVSE)
    with pytest.raises(AssertionError, match="There is no sensor"):
        home.state("sensor", "cost", None)
    answer = await home.act("quote", device_id=home.device_id(EVSE), energy=10, duration=3600)
    assert answer
    assert Decimal(str(answer["total"])) >= Decimal("4.50")
