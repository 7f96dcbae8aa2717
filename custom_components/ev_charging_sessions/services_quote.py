"""The action that says what a session would cost, before there is one."""

from datetime import datetime, timedelta
from decimal import Decimal

import voluptuous as vol

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from .charging.errors import ChargingError
from .charging.tariff import LineItem, Reading
from .exceptions import translated
from .service_fields import TIME_FIELD, charge_point_of, invalid

SERVICE_QUOTE = "quote"

ATTR_DURATION = "duration"
ATTR_ENERGY = "energy"
ATTR_START = "start"

# Nobody charges for longer, and each day takes time to go through.
LONGEST = timedelta(days=31)
# What the largest batteries on the road hold many times over.
LARGEST_ENERGY = 10_000

QUOTE_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Required(ATTR_ENERGY): vol.Coerce(float),
        vol.Required(ATTR_DURATION): cv.time_period,
        vol.Optional(ATTR_START): TIME_FIELD,
    }
)


async def async_quote(call: ServiceCall) -> ServiceResponse:
    """Return what charging so much in such a time would cost, line by line."""
    coordinator, charge_point_id = charge_point_of(call.hass, call.data[ATTR_DEVICE_ID])
    energy: float = call.data[ATTR_ENERGY]
    duration: timedelta = call.data[ATTR_DURATION]
    start: datetime = call.data.get(ATTR_START) or dt_util.utcnow()
    if not 0 <= energy <= LARGEST_ENERGY:
        raise invalid("energy_out_of_range", largest=str(LARGEST_ENERGY))
    if not timedelta(seconds=1) <= duration <= LONGEST:
        raise invalid("duration_out_of_range", days=str(LONGEST.days))
    if start.tzinfo is None:
        # On the night on which clocks go back there are two of them, at two prices.
        raise invalid("start_without_zone")
    readings = [
        Reading(start, Decimal(0)),
        Reading(start + duration, Decimal(str(energy))),
    ]
    try:
        bill = await coordinator.prices.quote(
            coordinator.data.charge_points[charge_point_id], readings
        )
    except ChargingError as err:
        raise translated(HomeAssistantError, err) from err
    return {
        "total": str(bill.total),
        "currency": bill.currency,
        "items": [_row(item) for item in bill.items],
    }


def _row(item: LineItem) -> JsonObjectType:
    return {
        "element": item.element,
        "component": item.component,
        "quantity": float(item.quantity),
        "unit_price": str(item.unit_price),
        "amount": str(item.amount),
    }
