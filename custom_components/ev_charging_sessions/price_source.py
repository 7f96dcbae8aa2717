"""Where the own price of an account is read: from its options, or from an entity."""

from decimal import Decimal, InvalidOperation

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .charging.own_price import OwnPrice
from .const import CONF_PRICE_ENTITY, CONF_PRICE_PER_KWH


def own_price_of(hass: HomeAssistant, entry: ConfigEntry) -> OwnPrice | None:
    """Return the own price of an account, in the currency of the home; ``None`` without one."""
    currency = hass.config.currency
    fixed = entry.options.get(CONF_PRICE_PER_KWH)
    if fixed is not None:
        amount = Decimal(str(fixed))
        return OwnPrice(currency, lambda: amount, is_fixed=True)
    entity_id = entry.options.get(CONF_PRICE_ENTITY)
    if entity_id is None:
        return None
    return OwnPrice(currency, lambda: _price_in(hass, entity_id), is_fixed=False)


def _price_in(hass: HomeAssistant, entity_id: str) -> Decimal | None:
    """Return the price that an entity shows now; it may be negative, as markets are."""
    state = hass.states.get(entity_id)
    try:
        amount = Decimal(state.state) if state else None
    except InvalidOperation:
        return None
    return amount if amount is not None and amount.is_finite() else None
