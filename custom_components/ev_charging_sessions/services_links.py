"""The action that takes two reports of one charge for two charges again."""

import voluptuous as vol

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv

from .charging.errors import LedgerError
from .exceptions import translated
from .rows import link_rows
from .service_fields import coordinator_of, invalid

SERVICE_UNLINK_SESSION = "unlink_session"

ATTR_SESSION_ID = "session_id"

UNLINK_SESSION_SCHEMA = vol.Schema(
    {vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string, vol.Required(ATTR_SESSION_ID): cv.string}
)


async def async_unlink_session(call: ServiceCall) -> ServiceResponse:
    """Undo the links of a session for good, and return what it was linked to."""
    coordinator = coordinator_of(call)
    ledger = coordinator.ledger
    session_id: str = call.data[ATTR_SESSION_ID]
    try:
        session = await ledger.session(coordinator.account, session_id)
        if session is None:
            raise invalid("session_not_in_account")
        found = (await ledger.links([session])).get((session.account, session_id))
        if not found:
            raise invalid("session_not_linked")
        await ledger.unlink(session.account, session_id)
    except LedgerError as err:
        raise translated(HomeAssistantError, err) from err
    return {"unlinked": link_rows(found)}
