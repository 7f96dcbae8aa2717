"""The option of an account: a price of one's own, where the network tells no cost."""

from typing import Any

import pytest

from homeassistant.data_entry_flow import FlowResultType, InvalidData

from tests.home import Home
from tests.park import SOUTH, suggestions


async def _open(home: Home) -> dict[str, Any]:
    """Open the price in the options of the account."""
    options = home.hass.config_entries.options
    menu = await options.async_init(home.entry.entry_id)
    assert menu["type"] is FlowResultType.MENU
    assert menu["menu_options"] == ["price", "import_history"]
    result = dict(await options.async_configure(menu["flow_id"], {"next_step_id": "price"}))
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "price"
    return result


async def _enter(home: Home, result: dict[str, Any], user_input: dict[str, Any]) -> dict[str, Any]:
    options = home.hass.config_entries.options
    entered = dict(await options.async_configure(result["flow_id"], user_input))
    await home.settle()
    return entered


async def test_price(home: Home) -> None:
    """Test that a price is kept, used at once, shown again, and can be taken back."""
    await home.add_parks(SOUTH)
    coordinator = home.coordinator
    result = await _open(home)
    assert result["errors"] == {}
    assert result["description_placeholders"] == {"currency": "EUR"}
    number = result["data_schema"].schema["price_per_kwh"]
    assert number.config["unit_of_measurement"] == "EUR/kWh"
    assert suggestions(result) == {}
    result = await _enter(home, result, {"price_per_kwh": 0.2895})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert dict(home.entry.options) == {"price_per_kwh": 0.2895}
    assert home.coordinator is not coordinator
    assert home.coordinator.last_update_success

    result = await _open(home)
    assert suggestions(result) == {"price_per_kwh": 0.2895}
    await _enter(home, result, {})
    assert dict(home.entry.options) == {}


async def test_entity(home: Home) -> None:
    """Test that an entity can tell the price instead, also in the place of a fixed one."""
    await home.add_parks(SOUTH)
    await _enter(home, await _open(home), {"price_per_kwh": 0})
    await _enter(home, await _open(home), {"price_entity": "input_number.price"})
    assert dict(home.entry.options) == {"price_entity": "input_number.price"}
    assert suggestions(await _open(home)) == {"price_entity": "input_number.price"}


async def test_same_again(home: Home) -> None:
    """Test that options that change nothing do not interrupt the account."""
    await home.add_parks(SOUTH)
    await _enter(home, await _open(home), {"price_per_kwh": 0.3})
    coordinator = home.coordinator
    await _enter(home, await _open(home), {"price_per_kwh": 0.3})
    assert home.coordinator is coordinator


async def test_two_prices(home: Home) -> None:
    """Test that it must be clear which price holds, and that nothing entered is lost."""
    await home.add_parks(SOUTH)
    both = {"price_per_kwh": 0.3, "price_entity": "sensor.price"}
    result = await _enter(home, await _open(home), both)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": "two_prices"}
    assert suggestions(result) == both
    result = await _enter(home, result, {"price_entity": "sensor.price"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert dict(home.entry.options) == {"price_entity": "sensor.price"}


@pytest.mark.parametrize(
    ("unit", "is_good"),
    [
        (None, True),
        ("EUR/kWh", True),
        ("€/kWh", True),
        ("€ / kwh", True),
        ("kr/kWh", True),
        ("SEK/kWh", False),
        ("EUR/MWh", False),
        ("EUR", False),
        ("ct/kWh", False),
        ("Öre/kWh", False),
        ("kWh", False),
    ],
)
async def test_unit_of_entity(home: Home, unit: str | None, is_good: bool) -> None:
    """Test that an entity that tells something else than the price of a kWh is refused."""
    await home.add_parks(SOUTH)
    attributes = {"unit_of_measurement": unit} if unit else {}
    home.hass.states.async_set("sensor.price", "0.3", attributes)
    result = await _enter(home, await _open(home), {"price_entity": "sensor.price"})
    if is_good:
        assert result["type"] is FlowResultType.CREATE_ENTRY
    else:
        assert result["errors"] == {"price_entity": "other_unit_of_price"}
        assert result["description_placeholders"] == {"currency": "EUR"}


@pytest.mark.parametrize(
    "user_input", [{"price_per_kwh": -0.1}, {"price_entity": "light.lamp"}, {"price_entity": "x"}]
)
async def test_no_price(home: Home, user_input: dict[str, Any]) -> None:
    """Test that what cannot be a price never gets as far as the options."""
    await home.add_parks(SOUTH)
    result = await _open(home)
    with pytest.raises(InvalidData):
        await _enter(home, result, user_input)


async def test_no_options_without_energy(home: Home) -> None:
    """Test that nothing is asked for where there is neither an energy nor a list of the past."""
    await home.add_account()
    assert not home.entry.supports_options
