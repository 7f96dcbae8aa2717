"""The actions: all of them are registered here; those that start and stop a session are here."""

from collections.abc import Awaitable

import voluptuous as vol

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv

from .charging.command_runs import DEFAULT_TIME_LIMIT, Outcome
from .charging.errors import ChargingError, InvalidInputError
from .charging.model import ChargePoint, Session
from .const import CONF_EVSE_ID, DOMAIN
from .coordinator import ChargingCoordinator
from .exceptions import translated
from .networks import NETWORKS
from .service_fields import (
    card_id_of,
    charge_point_of,
    coordinator_of,
    invalid,
    refuse,
    require,
)
from .services_archive import GET_SCHEMA, SERVICE_GET_SESSIONS, async_get_sessions
from .services_export import EXPORT_SCHEMA, SERVICE_EXPORT_SESSIONS, async_export_sessions
from .services_import import (
    IMPORT_SCHEMA,
    SERVICE_IMPORT_HISTORY,
    async_import_history,
)
from .services_links import (
    SERVICE_UNLINK_SESSION,
    UNLINK_SESSION_SCHEMA,
    async_unlink_session,
)
from .services_post import (
    POST_SESSION_SCHEMA,
    POST_STATION_SCHEMA,
    SERVICE_POST_SESSION,
    SERVICE_POST_STATION,
    async_post_session,
    async_post_station,
)
from .services_quote import QUOTE_SCHEMA, SERVICE_QUOTE, async_quote
from .services_statistics import (
    REBUILD_STATISTICS_SCHEMA,
    SERVICE_REBUILD_STATISTICS,
    async_rebuild_statistics,
)

SERVICE_START_SESSION = "start_session"
SERVICE_STOP_SESSION = "stop_session"

ATTR_CARD = "card"
ATTR_EVSE_ID = CONF_EVSE_ID
ATTR_SESSION_ID = "session_id"
ATTR_TIMEOUT = "timeout"

_TIMEOUT = vol.All(vol.Coerce(float), vol.Range(min=10, max=600))

START_SCHEMA = vol.Schema(
    {
        vol.Optional(ATTR_DEVICE_ID): cv.string,
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_EVSE_ID): cv.string,
        vol.Optional(ATTR_CARD): cv.string,
        vol.Optional(ATTR_TIMEOUT, default=DEFAULT_TIME_LIMIT): _TIMEOUT,
    }
)

STOP_SCHEMA = vol.Schema(
    {
        vol.Optional(ATTR_DEVICE_ID): cv.string,
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_SESSION_ID): cv.string,
        vol.Optional(ATTR_TIMEOUT, default=DEFAULT_TIME_LIMIT): _TIMEOUT,
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN,
        SERVICE_START_SESSION,
        _async_start_session,
        schema=START_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_STOP_SESSION,
        _async_stop_session,
        schema=STOP_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_GET_SESSIONS,
        async_get_sessions,
        schema=GET_SCHEMA,
        supports_response=SupportsResponse.ONLY,
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_EXPORT_SESSIONS,
        async_export_sessions,
        schema=EXPORT_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_UNLINK_SESSION,
        async_unlink_session,
        schema=UNLINK_SESSION_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_QUOTE,
        async_quote,
        schema=QUOTE_SCHEMA,
        supports_response=SupportsResponse.ONLY,
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_POST_SESSION,
        async_post_session,
        schema=POST_SESSION_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN, SERVICE_POST_STATION, async_post_station, schema=POST_STATION_SCHEMA
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_REBUILD_STATISTICS,
        async_rebuild_statistics,
        schema=REBUILD_STATISTICS_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_IMPORT_HISTORY,
        async_import_history,
        schema=IMPORT_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )


async def _async_start_session(call: ServiceCall) -> ServiceResponse:
    coordinator, charge_point_id = _charge_point(call)
    alias = call.data.get(ATTR_CARD)
    if alias is not None and not coordinator.backend.capabilities.cards:
        raise invalid("cannot_choose_card")
    if coordinator.backend.capabilities.modes:
        charge_point = _with_modes(coordinator, charge_point_id)
        return await _async_response(
            coordinator.commands.modes.unpause(charge_point, call.data[ATTR_TIMEOUT])
        )
    card_id = card_id_of(coordinator, alias)
    try:
        outcome = await coordinator.commands.start(
            charge_point_id, card_id, call.data[ATTR_TIMEOUT]
        )
    except ChargingError as err:
        raise translated(HomeAssistantError, err) from err
    # Checked afterwards, because which session is open there is only known by then.
    if alias is not None and outcome.session.card_id not in (None, card_id):
        raise invalid("other_card_pays")
    return _response(outcome)


async def _async_stop_session(call: ServiceCall) -> ServiceResponse:
    coordinator, session = _open_session(call)
    time_limit = call.data[ATTR_TIMEOUT]
    if coordinator.backend.capabilities.modes:
        charge_point = _with_modes(coordinator, session.charge_point_id)
        return await _async_response(coordinator.commands.modes.pause(charge_point, time_limit))
    return await _async_response(coordinator.commands.stop(session, time_limit))


async def _async_response[SessionT: Session | None](
    command: Awaitable[Outcome[SessionT]],
) -> ServiceResponse:
    try:
        return _response(await command)
    except InvalidInputError as err:
        raise translated(ServiceValidationError, err) from err
    except ChargingError as err:
        raise translated(HomeAssistantError, err) from err


def _response(outcome: Outcome[Session] | Outcome[Session | None]) -> ServiceResponse:
    session = outcome.session
    return {
        "session_id": session.session_id if session else None,
        "status": session.status if session else None,
        "seconds": outcome.seconds,
    }


def _with_modes(coordinator: ChargingCoordinator, charge_point_id: str | None) -> ChargePoint:
    """Return a charge point that can be paused; a session may be at one nobody knows."""
    state = coordinator.data.charge_points.get(charge_point_id or "")
    if state is None or state.is_gone or not state.charge_point.modes:
        raise invalid("unknown_connector")
    return state.charge_point


def _charge_point(call: ServiceCall) -> tuple[ChargingCoordinator, str]:
    """Return where to start: at a device, or at an EVSE that was never added."""
    if ATTR_DEVICE_ID in call.data:
        refuse(call, "device_or_evse", ATTR_CONFIG_ENTRY_ID, ATTR_EVSE_ID)
        coordinator, charge_point_id = charge_point_of(call.hass, call.data[ATTR_DEVICE_ID])
    else:
        require(call, "device_or_evse", ATTR_CONFIG_ENTRY_ID, ATTR_EVSE_ID)
        coordinator = coordinator_of(call)
        checked = NETWORKS[coordinator.account.backend].checked_charge_point_id or str.strip
        try:
            charge_point_id = checked(call.data[ATTR_EVSE_ID])
        except InvalidInputError as err:
            raise translated(ServiceValidationError, err) from err
    capabilities = coordinator.backend.capabilities
    if not (capabilities.start or capabilities.modes):
        raise invalid("cannot_start")
    return coordinator, charge_point_id


def _open_session(call: ServiceCall) -> tuple[ChargingCoordinator, Session]:
    """Return what to stop: the open session of a device, or the open one of that id."""
    if ATTR_DEVICE_ID in call.data:
        refuse(call, "device_or_session", ATTR_CONFIG_ENTRY_ID, ATTR_SESSION_ID)
        coordinator, charge_point_id = charge_point_of(call.hass, call.data[ATTR_DEVICE_ID])
        session = coordinator.data.charge_points[charge_point_id].open_session
        if session is None:
            raise invalid("no_open_session")
    else:
        require(call, "device_or_session", ATTR_CONFIG_ENTRY_ID, ATTR_SESSION_ID)
        coordinator = coordinator_of(call)
        session = coordinator.sessions.open.get(call.data[ATTR_SESSION_ID])
        if session is None:
            raise invalid("session_not_open")
    capabilities = coordinator.backend.capabilities
    if not (capabilities.stop or capabilities.modes):
        raise invalid("cannot_stop")
    return coordinator, session
