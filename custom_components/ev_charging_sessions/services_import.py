"""The action that imports the past of an account."""

import voluptuous as vol

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv

from .charging.errors import ChargingError, InvalidInputError
from .exceptions import translated
from .importing import CONF_DAYS, DEFAULT_DAYS, MOST_DAYS, async_begin_import
from .service_fields import coordinator_of

SERVICE_IMPORT_HISTORY = "import_history"

IMPORT_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(CONF_DAYS, default=DEFAULT_DAYS): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=MOST_DAYS)
        ),
    }
)


async def async_import_history(call: ServiceCall) -> ServiceResponse:
    """Import the past of an account, and answer when that is through."""
    coordinator = coordinator_of(call)
    history = coordinator.history
    try:
        async_begin_import(coordinator, call.data[CONF_DAYS])
        done = await history.finished()
    except InvalidInputError as err:
        raise translated(ServiceValidationError, err) from err
    except ChargingError as err:
        raise translated(HomeAssistantError, err) from err
    return {
        "read": done.read,
        "new": done.new,
        "changed": done.changed,
        "unreadable": history.unreadable,
        # Where it is not complete, only sessions that were known could be read again.
        "complete": coordinator.backend.capabilities.lists_past,
    }
