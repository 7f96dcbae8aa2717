"""A price of one's own for energy, where the network tells how much but not what it costs."""

from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, Platform
from homeassistant.core import HomeAssistant
from homeassistant.generated.currencies import ACTIVE_CURRENCIES
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)

from .const import CONF_PRICE_ENTITY, CONF_PRICE_PER_KWH

# Far above any price in any currency, so that a slip of the decimal point is all it stops.
_LARGEST_PRICE = 1_000_000

# A hundredth of a currency, as people write it in the unit of a price.
_HUNDREDTHS = {"¢", "c", "cent", "cents", "ct", "ore", "p", "öre", "øre"}


class OwnPriceFlow(OptionsFlow):
    """Take a fixed price of a kWh, or an entity that tells it, and reload the account.

    The update listener of the account does the reloading.
    """

    async def async_step_price(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the price; with both fields empty there is none."""
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = self._errors(user_input)
            if not errors:
                others = {
                    key: value
                    for key, value in self.config_entry.options.items()
                    if key not in {CONF_PRICE_PER_KWH, CONF_PRICE_ENTITY}
                }
                return self.async_create_entry(data=others | user_input)
        currency = self.hass.config.currency
        suggested = self.config_entry.options if user_input is None else user_input
        return self.async_show_form(
            step_id="price",
            data_schema=self.add_suggested_values_to_schema(own_price_schema(currency), suggested),
            errors=errors,
            description_placeholders={"currency": currency},
        )

    def _errors(self, user_input: Mapping[str, Any]) -> dict[str, str]:
        if CONF_PRICE_PER_KWH in user_input and CONF_PRICE_ENTITY in user_input:
            return {"base": "two_prices"}
        entity_id = user_input.get(CONF_PRICE_ENTITY)
        if entity_id and not _is_price_of_a_kwh(self.hass, entity_id):
            return {CONF_PRICE_ENTITY: "other_unit_of_price"}
        return {}


def own_price_schema(currency: str) -> vol.Schema:
    """Return the form of a price in that currency."""
    number = NumberSelectorConfig(
        min=0,
        max=_LARGEST_PRICE,
        step="any",
        mode=NumberSelectorMode.BOX,
        unit_of_measurement=f"{currency}/kWh",
    )
    entity = EntitySelectorConfig(domain=[Platform.SENSOR, "input_number", Platform.NUMBER])
    return vol.Schema(
        {
            vol.Optional(CONF_PRICE_PER_KWH): NumberSelector(number),
            vol.Optional(CONF_PRICE_ENTITY): EntitySelector(entity),
        }
    )


def _is_price_of_a_kwh(hass: HomeAssistant, entity_id: str) -> bool:
    """Tell whether an entity can be a price of a kWh in the currency of the home.

    One without a unit, and one that is not there at the moment, are taken at their owner's
    word. A price per MWh or in cents would be wrong by a factor that nobody sees at once.
    """
    state = hass.states.get(entity_id)
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) if state else None
    if unit is None:
        return True
    money, _, energy = str(unit).partition("/")
    money = money.strip()
    if energy.strip().casefold() != "kwh" or money.casefold() in _HUNDREDTHS:
        return False
    return money.upper() not in ACTIVE_CURRENCIES - {hass.config.currency}
