"""The action that reads the archive, and the filters that the export shares with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import voluptuous as vol

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.util.json import JsonValueType

from .charging.errors import ChargingError
from .charging.ledger import Ledger, SessionQuery
from .charging.ledger_links import Links
from .charging.model import Account, Session
from .const import DOMAIN
from .coordinator import ChargingCoordinator
from .exceptions import translated
from .rows import Labels, labels_of, linked_row
from .service_fields import (
    TIME_FIELD,
    cards_of_aliases,
    charge_point_of,
    coordinators_of,
    invalid,
    statuses_of,
    time_of,
)

SERVICE_GET_SESSIONS = "get_sessions"

ATTR_CARD = "card"
ATTR_END = "end"
ATTR_LIMIT = "limit"
ATTR_OFFSET = "offset"
ATTR_START = "start"
ATTR_STATUS = "status"

DEFAULT_LIMIT = 100
LARGEST_LIMIT = 1000

_TEXTS = vol.All(cv.ensure_list, [cv.string])

FILTERS = {
    vol.Optional(ATTR_CONFIG_ENTRY_ID): _TEXTS,
    vol.Optional(ATTR_DEVICE_ID): _TEXTS,
    vol.Optional(ATTR_CARD): _TEXTS,
    vol.Optional(ATTR_STATUS): _TEXTS,
    vol.Optional(ATTR_START): TIME_FIELD,
    vol.Optional(ATTR_END): TIME_FIELD,
}

GET_SCHEMA = vol.Schema(
    {
        **FILTERS,
        vol.Optional(ATTR_LIMIT, default=DEFAULT_LIMIT): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=LARGEST_LIMIT)
        ),
        vol.Optional(ATTR_OFFSET, default=0): vol.All(vol.Coerce(int), vol.Range(min=0)),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is asked of the archive, and with what the sessions of each account are shown."""

    ledger: Ledger
    query: SessionQuery
    labels: dict[Account, Labels]


def question_of(call: ServiceCall) -> Question:
    """Return what the filters of a call ask for."""
    coordinators, charge_points = _asked_for(call)
    if not coordinators:
        raise invalid("no_account_loaded")
    start, end = time_of(call, ATTR_START), time_of(call, ATTR_END)
    if start and end and end <= start:
        raise invalid("end_not_after_start")
    labels = {coordinator.account: labels_of(coordinator) for coordinator in coordinators}
    query = SessionQuery(
        accounts=tuple(labels),
        charge_points=charge_points,
        cards=cards_of_aliases(coordinators, call.data.get(ATTR_CARD)),
        statuses=statuses_of(call.data.get(ATTR_STATUS)),
        start=start,
        end=end,
        limit=call.data.get(ATTR_LIMIT),
        offset=call.data.get(ATTR_OFFSET, 0),
    )
    return Question(ledger=coordinators[0].ledger, query=query, labels=labels)


async def async_get_sessions(call: ServiceCall) -> ServiceResponse:
    """Return a page of sessions, newest first, with the totals of all pages."""
    question = question_of(call)
    try:
        sessions = await question.ledger.sessions(question.query)
        links = await question.ledger.links(sessions)
        totals = await question.ledger.totals(question.query)
    except ChargingError as err:
        raise translated(HomeAssistantError, err) from err
    return {
        # A thousand rows take longer than anything should hold the home up.
        "sessions": await call.hass.async_add_executor_job(_rows, question.labels, sessions, links),
        "count": totals.count,
        "totals": {
            "energy": totals.energy,
            "duration": totals.duration,
            "cost": {currency: str(amount) for currency, amount in totals.cost.items()},
        },
    }


def _rows(
    labels: Mapping[Account, Labels], sessions: Iterable[Session], links: Links
) -> list[JsonValueType]:
    return [
        linked_row(
            labels[session.account],
            session,
            links.get((session.account, session.session_id), ()),
        )
        for session in sessions
    ]


def _asked_for(
    call: ServiceCall,
) -> tuple[list[ChargingCoordinator], tuple[tuple[Account, str], ...] | None]:
    """Return whose sessions to read, and at which charge points if not at all of them."""
    entries = call.hass.config_entries.async_loaded_entries(DOMAIN)
    coordinators: list[ChargingCoordinator] = [entry.runtime_data for entry in entries]
    if ATTR_CONFIG_ENTRY_ID in call.data:
        coordinators = coordinators_of(call)
    if ATTR_DEVICE_ID not in call.data:
        return coordinators, None
    devices = [charge_point_of(call.hass, device_id) for device_id in call.data[ATTR_DEVICE_ID]]
    if any(coordinator not in coordinators for coordinator, _ in devices):
        raise invalid("device_of_other_account")
    owners = {id(coordinator): coordinator for coordinator, _ in devices}
    return list(owners.values()), tuple(
        (coordinator.account, charge_point_id) for coordinator, charge_point_id in devices
    )
