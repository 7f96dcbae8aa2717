"""The actions: start and stop a session, ask the archive, and ask for a price."""

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
from .charging.ledger import SessionQuery
from .charging.model import Account, ChargePoint, Session
from .const import CONF_EVSE_ID, DOMAIN
from .coordinator import ChargingCoordinator
from .exceptions import translated
from .networks import NETWORKS
from .rows import archive_row
from .service_fields import (
    card_id_of,
    cards_of_aliases,
    charge_point_of,
    coordinator_of,
    invalid,
    refuse,
    require,
    statuses_of,
    time_of,
)
from .services_import import (
    IMPORT_SCHEMA,
    SERVICE_IMPORT_HISTORY,
    async_import_history,
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
SERVICE_GET_SESSIONS = "get_sessions"

ATTR_CARD = "card"
ATTR_END = "end"
ATTR_EVSE_ID = CONF_EVSE_ID
ATTR_LIMIT = "limit"
ATTR_OFFSET = "offset"
ATTR_SESSION_ID = "session_id"
ATTR_START = "start"
ATTR_STATUS = "status"
ATTR_TIMEOUT = "timeout"

DEFAULT_LIMIT = 100
LARGEST_LIMIT = 1000

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

GET_SCHEMA = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_DEVICE_ID): vol.All(cv.ensure_list, [cv.string]),
        vol.Optional(ATTR_CARD): vol.All(cv.ensure_list, [cv.string]),
        vol.Optional(ATTR_STATUS): vol.All(cv.ensure_list, [cv.string]),
        vol.Optional(ATTR_START): cv.datetime,
        vol.Optional(ATTR_END): cv.datetime,
        vol.Optional(ATTR_LIMIT, default=DEFAULT_LIMIT): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=LARGEST_LIMIT)
        ),
        vol.Optional(ATTR_OFFSET, default=0): vol.All(vol.Coerce(int), vol.Range(min=0)),
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
        _async_get_sessions,
        schema=GET_SCHEMA,
        supports_response=SupportsResponse.ONLY,
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


async def _async_get_sessions(call: ServiceCall) -> ServiceResponse:
    coordinators, charge_points = _asked_for(call)
    if not coordinators:
        raise invalid("no_account_loaded")
    by_account = {coordinator.account: coordinator for coordinator in coordinators}
    start, end = time_of(call, ATTR_START), time_of(call, ATTR_END)
    if start and end and end <= start:
        raise invalid("end_not_after_start")
    query = SessionQuery(
        accounts=tuple(by_account),
        charge_points=charge_points,
        cards=cards_of_aliases(coordinators, call.data.get(ATTR_CARD)),
        statuses=statuses_of(call.data.get(ATTR_STATUS)),
        start=start,
        end=end,
        limit=call.data[ATTR_LIMIT],
        offset=call.data[ATTR_OFFSET],
    )
    ledger = coordinators[0].ledger
    try:
        sessions = await ledger.sessions(query)
        totals = await ledger.totals(query)
    except ChargingError as err:
        raise translated(HomeAssistantError, err) from err
    return {
        "sessions": [archive_row(by_account[session.account], session) for session in sessions],
        "count": totals.count,
        "totals": {
            "energy": totals.energy,
            "duration": totals.duration,
            "cost": {currency: str(amount) for currency, amount in totals.cost.items()},
        },
    }


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


def _asked_for(
    call: ServiceCall,
) -> tuple[list[ChargingCoordinator], tuple[tuple[Account, str], ...] | None]:
    """Return whose sessions to read, and at which charge points if not at all of them."""
    entries = call.hass.config_entries.async_loaded_entries(DOMAIN)
    coordinators: list[ChargingCoordinator] = [entry.runtime_data for entry in entries]
    if ATTR_CONFIG_ENTRY_ID in call.data:
        coordinators = [coordinator_of(call)]
    if ATTR_DEVICE_ID not in call.data:
        return coordinators, None
    devices = [charge_point_of(call.hass, device_id) for device_id in call.data[ATTR_DEVICE_ID]]
    if any(coordinator not in coordinators for coordinator, _ in devices):
        raise invalid("device_of_other_account")
    owners = {id(coordinator): coordinator for coordinator, _ in devices}
    return list(owners.values()), tuple(
        (coordinator.account, charge_point_id) for coordinator, charge_point_id in devices
    )
