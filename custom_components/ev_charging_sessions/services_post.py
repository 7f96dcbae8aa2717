"""The actions of an operator: post a session, or a station, to the network now."""

from typing import Any

import voluptuous as vol

from homeassistant.const import (
    ATTR_CONFIG_ENTRY_ID,
    ATTR_DEVICE_ID,
    ATTR_LATITUDE,
    ATTR_LONGITUDE,
    ATTR_NAME,
)
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv

from .charging.backends.plugsurfing import PlugSurfing
from .charging.backends.plugsurfing_ids import CONNECTOR_TYPES, operator_id_of
from .charging.backends.plugsurfing_wire import Address, Contact, StationConnector, StationPost
from .charging.errors import ChargingError, InvalidInputError
from .charging.model import Session
from .coordinator import ChargingCoordinator
from .exceptions import translated
from .operation import sources_of
from .service_fields import charge_point_of, coordinator_of, invalid

SERVICE_POST_SESSION = "post_session"
SERVICE_POST_STATION = "post_station"

ATTR_CITY = "city"
ATTR_CONNECTOR_TYPE = "connector_type"
ATTR_COUNTRY = "country"
ATTR_EMAIL = "email"
ATTR_IS_ALWAYS_OPEN = "is_always_open"
ATTR_PHONE = "phone"
ATTR_POWER = "power"
ATTR_SESSION_ID = "session_id"
ATTR_STATION_ID = "station_id"
ATTR_STREET = "street"
ATTR_STREET_NUMBER = "street_number"
ATTR_ZIP = "zip"

POST_SESSION_SCHEMA = vol.Schema(
    {vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string, vol.Required(ATTR_SESSION_ID): cv.string}
)

_TEXT = vol.All(cv.string, vol.Length(min=1, max=200))

POST_STATION_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): vol.All(cv.ensure_list, [cv.string], vol.Length(min=1)),
        vol.Required(ATTR_STATION_ID): _TEXT,
        vol.Required(ATTR_NAME): _TEXT,
        vol.Required(ATTR_CONNECTOR_TYPE): vol.In(list(CONNECTOR_TYPES)),
        vol.Required(ATTR_POWER): vol.All(vol.Coerce(float), vol.Range(min=0.1, max=1000)),
        vol.Required(ATTR_STREET): _TEXT,
        vol.Required(ATTR_STREET_NUMBER): _TEXT,
        vol.Required(ATTR_ZIP): _TEXT,
        vol.Required(ATTR_CITY): _TEXT,
        vol.Required(ATTR_COUNTRY): vol.All(cv.string, vol.Match(r"^[A-Za-z]{2}$")),
        vol.Required(ATTR_PHONE): _TEXT,
        vol.Optional(ATTR_EMAIL): _TEXT,
        vol.Optional(ATTR_IS_ALWAYS_OPEN, default=True): cv.boolean,
        vol.Inclusive(ATTR_LATITUDE, "place"): cv.latitude,
        vol.Inclusive(ATTR_LONGITUDE, "place"): cv.longitude,
    }
)


async def async_post_session(call: ServiceCall) -> ServiceResponse:
    """Post a session as it stands, at once, and return the network's result code."""
    coordinator = coordinator_of(call)
    if coordinator.outbox is None:
        raise invalid("not_an_operator")
    session = await _session(call, coordinator)
    if session.card_id is None:
        # Nor would it ever be in the outbox by itself.
        raise invalid("no_card")
    connector_ids = {
        (source.account, source.charge_point_id): source.connector_id
        for source in sources_of(coordinator.config_entry, coordinator.account)
    }
    connector_id = connector_ids.get((session.account, session.charge_point_id or ""))
    if connector_id is None:
        raise invalid("not_forwarded")
    try:
        code = await coordinator.outbox.post_now(session.account, session.session_id, connector_id)
    except InvalidInputError as err:
        raise translated(ServiceValidationError, err) from err
    except ChargingError as err:
        raise translated(HomeAssistantError, err) from err
    return {"code": code}


async def _session(call: ServiceCall, coordinator: ChargingCoordinator) -> Session:
    """Return a session of the account, or else of one whose sessions are forwarded."""
    session_id: str = call.data[ATTR_SESSION_ID]
    accounts = [coordinator.account]
    for source in sources_of(coordinator.config_entry, coordinator.account):
        if source.account not in accounts:
            accounts.append(source.account)
    try:
        for account in accounts:
            if session := await coordinator.ledger.session(account, session_id):
                return session
    except ChargingError as err:
        raise translated(HomeAssistantError, err) from err
    raise invalid("unknown_session")


async def async_post_station(call: ServiceCall) -> None:
    """Tell the network where some connectors are, which it wants to know before all else."""
    coordinator, evse_ids = _connectors(call)
    backend = coordinator.backend
    if not isinstance(backend, PlugSurfing):
        raise invalid("not_an_operator")
    try:
        await backend.post_station(_station(call, evse_ids))
    except ChargingError as err:
        raise translated(HomeAssistantError, err) from err


def _connectors(call: ServiceCall) -> tuple[ChargingCoordinator, list[str]]:
    """Return the connectors of a station, all of one account, as the parts of a station are."""
    found = [charge_point_of(call.hass, device_id) for device_id in call.data[ATTR_DEVICE_ID]]
    coordinator = found[0][0]
    if any(other is not coordinator for other, _ in found):
        raise invalid("device_of_other_account")
    return coordinator, [evse_id for _, evse_id in found]


def _station(call: ServiceCall, evse_ids: list[str]) -> StationPost:
    data: dict[str, Any] = dict(call.data)
    home = call.hass.config
    return StationPost(
        station_id=data[ATTR_STATION_ID],
        name=data[ATTR_NAME],
        latitude=data.get(ATTR_LATITUDE, home.latitude),
        longitude=data.get(ATTR_LONGITUDE, home.longitude),
        address=Address(
            street=data[ATTR_STREET],
            street_number=data[ATTR_STREET_NUMBER],
            city=data[ATTR_CITY],
            post_code=data[ATTR_ZIP],
            country=data[ATTR_COUNTRY].upper(),
        ),
        contact=Contact(phone=data[ATTR_PHONE], email=data.get(ATTR_EMAIL)),
        operator_id=operator_id_of(evse_ids[0]),
        is_always_open=data[ATTR_IS_ALWAYS_OPEN],
        connectors=tuple(
            StationConnector(
                connector_id=evse_id,
                connector_type=CONNECTOR_TYPES[data[ATTR_CONNECTOR_TYPE]],
                max_power=data[ATTR_POWER],
            )
            for evse_id in evse_ids
        ),
    )
