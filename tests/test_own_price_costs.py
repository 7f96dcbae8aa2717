"""What sessions cost at a price of one's own, from the first watt-hour to late corrections."""

from decimal import Decimal
from typing import Any

import pytest

from homeassistant.config_entries import ConfigEntryState

from tests.home import Home
from tests.observe import Writes, told_events
from tests.park import SOUTH, SOUTH_POINT, SOUTH_SERIAL, reload
from tests.past import give_parks_a_past, import_all

PLACE = (SOUTH_SERIAL, 1)


async def _set_price(home: Home, **options: Any) -> None:
    """Set the own price the way a person does it."""
    flows = home.hass.config_entries.options
    result = await flows.async_init(home.entry.entry_id)
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "price"})
    await flows.async_configure(result["flow_id"], options)
    await home.settle()
    assert home.is_in(ConfigEntryState.LOADED)


def _cost(home: Home) -> Decimal:
    return Decimal(home.state("sensor", "session_cost", SOUTH_POINT).state)


def _all_costs(home: Home) -> Decimal:
    return Decimal(home.state("sensor", "cost", None).state)


async def _rows(home: Home) -> dict[str, Any]:
    answer = await home.act("get_sessions")
    assert answer
    return dict(answer)


async def test_without_a_price(home: Home) -> None:
    """Test that nothing shows a cost where nobody tells one."""
    await home.add_parks(SOUTH)
    for key, place in (("session_cost", SOUTH_POINT), ("cost", None), ("idle_fee", SOUTH_POINT)):
        with pytest.raises(AssertionError, match="There is no sensor"):
            home.state("sensor", key, place)


async def test_fixed_price(home: Home) -> None:
    """Test that a session costs its energy times the price, everywhere, to the cent."""
    await home.add_parks(SOUTH)
    await _set_price(home, price_per_kwh=0.31)
    parks = home.simulator.parks
    session = parks.plug(*PLACE)
    await home.run(3600)
    state = home.state("sensor", "session_cost", SOUTH_POINT)
    shown = Decimal(home.state("sensor", "session_energy", SOUTH_POINT).state)
    assert Decimal(state.state) == pytest.approx(shown * Decimal("0.31"), abs=Decimal("0.000001"))
    expected = {
        "unit_of_measurement": "EUR",
        "device_class": "monetary",
        "state_class": "total",
        "cost_source": "computed",
        "last_reset": session.started.isoformat(),
    }
    assert expected.items() <= state.attributes.items()
    parks.unplug(*PLACE)
    await home.run(400)
    due = (Decimal(str(parks.energy(session))) * Decimal("0.31")).quantize(Decimal("0.01"))
    assert _cost(home) == _all_costs(home) == due
    answer = await _rows(home)
    assert answer["totals"]["cost"] == {"EUR": str(due)}
    (row,) = answer["sessions"]
    assert (row["cost"], row["currency"], row["cost_source"]) == (str(due), "EUR", "computed")


async def test_price_that_moves(home: Home) -> None:
    """Test that what was charged is paid at the price of its time, also over a restart."""
    home.hass.states.async_set("input_number.price", "0.10")
    await home.add_parks(SOUTH)
    await _set_price(home, price_entity="input_number.price")
    parks = home.simulator.parks
    session = parks.plug(*PLACE)
    await home.run(1800)
    cheap = Decimal(str(home.state("sensor", "session_energy", SOUTH_POINT).state))
    home.hass.states.async_set("input_number.price", "0.50")
    await home.run(1800)
    # A price that is not there for a while is taken to be what it was.
    home.hass.states.async_set("input_number.price", "unavailable")
    await home.run(600)
    home.hass.states.async_set("input_number.price", "0.50")
    await reload(home)
    await home.run(600)
    parks.unplug(*PLACE)
    await home.run(400)
    energy = Decimal(str(parks.energy(session)))
    due = cheap * Decimal("0.10") + (energy - cheap) * Decimal("0.50")
    assert _cost(home) == pytest.approx(due, abs=Decimal("0.01"))
    assert _all_costs(home) == _cost(home)


async def test_late_correction(home: Home) -> None:
    """Test that a corrected energy corrects the cost by its part, and says so once."""
    home.hass.states.async_set("input_number.price", "0.20")
    await home.add_parks(SOUTH)
    await _set_price(home, price_entity="input_number.price")
    parks = home.simulator.parks
    session = parks.plug(*PLACE)
    await home.run(3600)
    parks.unplug(*PLACE)
    await home.run(400)
    before = _cost(home)
    home.hass.states.async_set("input_number.price", "1.00")
    parks.correct(session.id, parks.reading(session) + 0.5)
    with Writes(home.hass) as writes:
        await home.run(400)
    assert _cost(home) == before + Decimal("0.50")
    assert _all_costs(home) == before + Decimal("0.50")
    assert told_events(writes) == ["corrected"]


async def test_what_ended_before_there_was_a_price(home: Home) -> None:
    """Test that the past keeps its unknown cost, and nobody hears of a correction."""
    parks = home.simulator.parks
    await home.add_parks(SOUTH)
    parks.plug(*PLACE)
    await home.run(1800)
    parks.unplug(*PLACE)
    await home.run(400)
    with Writes(home.hass) as writes:
        await _set_price(home, price_per_kwh=0.31)
        await home.run(400)
    assert home.state("sensor", "session_cost", SOUTH_POINT).state == "unknown"
    assert _all_costs(home) == 0
    assert "corrected" not in told_events(writes)
    (row,) = (await _rows(home))["sessions"]
    assert (row["cost"], row["currency"], row["cost_source"]) == (None, None, None)


async def test_charged_unseen(home: Home) -> None:
    """Test that a session that ran while nobody looked is estimated where the price moves."""
    home.hass.states.async_set("input_number.price", "0.40")
    await home.add_parks(SOUTH)
    await _set_price(home, price_entity="input_number.price")
    entries = home.hass.config_entries
    await entries.async_unload(home.entry.entry_id)
    parks = home.simulator.parks
    session = parks.plug(*PLACE)
    await home.run(1800)
    parks.unplug(*PLACE)
    await home.run(400)
    await entries.async_setup(home.entry.entry_id)
    await home.settle()
    due = (Decimal(str(parks.energy(session))) * Decimal("0.40")).quantize(Decimal("0.01"))
    assert _cost(home) == due
    state = home.state("sensor", "session_cost", SOUTH_POINT)
    assert state.attributes["cost_source"] == "estimated"


async def test_price_nobody_knows(home: Home) -> None:
    """Test that there is no cost while there is no price, and all of it once there is one."""
    await home.add_parks(SOUTH)
    await _set_price(home, price_entity="input_number.price")
    parks = home.simulator.parks
    parks.plug(*PLACE)
    await home.run(900)
    assert home.state("sensor", "session_cost", SOUTH_POINT).state == "unknown"
    home.hass.states.async_set("input_number.price", "nan")
    await home.run(60)
    assert home.state("sensor", "session_cost", SOUTH_POINT).state == "unknown"
    home.hass.states.async_set("input_number.price", "-0.10")
    await home.run(60)
    energy = Decimal(home.state("sensor", "session_energy", SOUTH_POINT).state)
    assert _cost(home) == pytest.approx(energy * Decimal("-0.10"), abs=Decimal("0.000001"))
    state = home.state("sensor", "session_cost", SOUTH_POINT)
    assert state.attributes["cost_source"] == "estimated"


async def test_price_taken_back(home: Home) -> None:
    """Test that sensors of costs go with the price, and come back with it."""
    await home.add_parks(SOUTH)
    await _set_price(home, price_per_kwh=0.31)
    entity_ids = [
        home.entity_id("sensor", "session_cost", SOUTH_POINT),
        home.entity_id("sensor", "cost", None),
    ]
    await _set_price(home)
    assert [home.hass.states.get(entity_id) for entity_id in entity_ids] == [None, None]
    await _set_price(home, price_per_kwh=0.31)
    assert _all_costs(home) == 0


async def test_told_again(home: Home) -> None:
    """Test that a restart, after which the past is told again, makes no news of its costs."""
    home.hass.states.async_set("input_number.price", "0.20")
    await home.add_parks(SOUTH)
    await _set_price(home, price_entity="input_number.price")
    parks = home.simulator.parks
    parks.plug(*PLACE)
    await home.run(1800)
    parks.unplug(*PLACE)
    await home.run(3600)
    before = home.state("sensor", "session_cost", SOUTH_POINT)
    home.hass.states.async_set("input_number.price", "0.90")
    with Writes(home.hass) as writes:
        await reload(home)
        await home.run(400)
    after = home.state("sensor", "session_cost", SOUTH_POINT)
    assert (after.state, after.attributes["cost_source"]) == (before.state, "computed")
    assert "corrected" not in told_events(writes)


@pytest.mark.parametrize(
    ("options", "source"),
    [({"price_per_kwh": 0.31}, "computed"), ({"price_entity": "input_number.price"}, None)],
)
async def test_import(home: Home, options: dict[str, Any], source: str | None) -> None:
    """Test that the past is paid at a fixed price, and not at what another price is today."""
    home.hass.states.async_set("input_number.price", "0.31")
    give_parks_a_past(home.simulator, 200, days=200)
    await home.add_parks()
    await _set_price(home, **options)
    known = (await _rows(home))["count"]
    await import_all(home, days=201)
    rows = [each for each in (await _rows(home))["sessions"] if each["cost_source"]]
    assert len(rows) == (100 - known if source else 0)
    for row in rows:
        due = (Decimal(str(row["energy"])) * Decimal("0.31")).quantize(Decimal("0.01"))
        assert (row["cost"], row["cost_source"]) == (str(due), source)
