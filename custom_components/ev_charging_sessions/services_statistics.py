"""The action that rebuilds the statistics of an account from the ledger."""

import voluptuous as vol

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.util.json import JsonObjectType

from .charging.errors import ChargingError
from .exceptions import translated
from .service_fields import coordinator_of, invalid
from .statistics import Difference

SERVICE_REBUILD_STATISTICS = "rebuild_statistics"

ATTR_DRY_RUN = "dry_run"

# What floats leave behind is neither energy nor money.
_DIGITS = 6

REBUILD_STATISTICS_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
    }
)


async def async_rebuild_statistics(call: ServiceCall) -> ServiceResponse:
    """Make the statistics what the ledger says, and return what differed, or would."""
    writer = coordinator_of(call).statistics
    if writer is None:
        raise invalid("no_recorder")
    try:
        found = await writer.async_rebuild(dry_run=call.data[ATTR_DRY_RUN])
    except ChargingError as err:
        raise translated(HomeAssistantError, err) from err
    return {"statistics": [_row(difference) for difference in found]}


def _row(difference: Difference) -> JsonObjectType:
    series = difference.series
    return {
        "statistic_id": series.statistic_id,
        "name": series.name,
        "unit": series.unit,
        "added": difference.added,
        "changed": difference.changed,
        "removed": difference.removed,
        "sum_before": round(difference.sum_before, _DIGITS),
        "sum_after": round(difference.sum_after, _DIGITS),
        "first": difference.first.isoformat(),
    }
