"""What an assistant may be told: the sessions of what was exposed to it, and no others.

A charge point is within its reach as soon as one entity of it is exposed. An exposed entity
of the account itself, such as its calendar, stands for the whole archive of the account.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from copy import replace
from dataclasses import dataclass
from datetime import datetime, timedelta

from homeassistant.components.homeassistant import async_should_expose
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util

from .charging.errors import ChargingError
from .charging.ledger import SessionQuery
from .charging.model import Account, Session
from .charging.sums import Sums
from .const import DOMAIN
from .coordinator import ChargingCoordinator
from .exceptions import translated
from .service_fields import invalid


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A charge point as people name it; ``areas`` are all names of where it is."""

    coordinator: ChargingCoordinator
    charge_point_id: str
    device_id: str
    name: str
    areas: frozenset[str]

    @property
    def key(self) -> tuple[Account, str]:
        """Return what the ledger knows it by."""
        return self.coordinator.account, self.charge_point_id

    def is_in(self, area: str) -> bool:
        """Tell whether it is in the area that goes by this name, in small letters."""
        return area in {name.casefold() for name in self.areas}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """What an assistant may be told of.

    ``accounts`` are those with something in reach, ``whole`` the ones of which everything is.
    """

    accounts: Mapping[Account, ChargingCoordinator]
    whole: frozenset[Account]
    places: tuple[Place, ...]

    def at(self, text: str) -> Reach:
        """Return what of it somebody may mean, which may be nothing.

        Whoever says what a charge point is called does not mean an area of the same name.
        """
        said = text.strip(" .?!").casefold()
        named = [place for place in self.places if place.name.casefold() == said]
        return _reach_at(named or [place for place in self.places if place.is_in(said)])

    def named(self, name: str) -> Reach:
        """Return what of it is at the charge points of exactly this name."""
        return _reach_at([place for place in self.places if place.name == name])

    def limit(self, query: SessionQuery) -> SessionQuery:
        """Return a question that finds the sessions in reach."""
        keys = tuple(place.key for place in self.places if place.key[0] not in self.whole)
        return replace(
            query, accounts=tuple(self.accounts), charge_points=keys, whole=tuple(self.whole)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What the archive says: the sums over all sessions, and the newest of them, oldest first."""

    sums: Sums
    newest: deque[Session]


@callback
def reach_of(hass: HomeAssistant, assistant: str | None) -> Reach:
    """Return what is exposed to an assistant; nobody in particular may be told everything."""
    accounts: dict[Account, ChargingCoordinator] = {}
    whole: set[Account] = set()
    places: list[Place] = []
    registry, entities = dr.async_get(hass), er.async_get(hass)
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        coordinator: ChargingCoordinator = entry.runtime_data
        exposed = {
            entity.device_id
            for entity in er.async_entries_for_config_entry(entities, entry.entry_id)
            if not entity.disabled
            and (assistant is None or async_should_expose(hass, assistant, entity.entity_id))
        }
        devices = dr.async_entries_for_config_entry(registry, entry.entry_id)
        points = {device.id: coordinator.charge_point_of(device) for device in devices}
        is_whole = any(device_id in exposed and not point for device_id, point in points.items())
        found = [
            _place(hass, coordinator, point, device)
            for device in devices
            if (point := points[device.id]) and (is_whole or device.id in exposed)
        ]
        if is_whole:
            whole.add(coordinator.account)
        if is_whole or found:
            accounts[coordinator.account] = coordinator
            places += found
    return Reach(accounts=accounts, whole=frozenset(whole), places=tuple(places))


@callback
def exposed_to(hass: HomeAssistant, assistant: str | None) -> Reach:
    """Return what is exposed to an assistant, which has to be something."""
    reach = reach_of(hass, assistant)
    if not reach.accounts:
        raise invalid("nothing_exposed")
    return reach


async def async_told(reach: Reach, query: SessionQuery, newest: int = 0) -> Told:
    """Return what the archive says of the sessions in reach, as far as a question asks for them.

    A session belongs to the time in which it began, as a whole, just as in a statement: else
    the night between two days would be counted in both.
    """
    told = Told(sums=Sums(), newest=deque(maxlen=newest))
    ledger = next(iter(reach.accounts.values())).ledger
    try:
        async for sessions in ledger.pages(reach.limit(query)):
            for session in sessions:
                began = session.started
                if query.start and (began is None or began < query.start):
                    continue
                told.sums.add(session)
                told.newest.append(session)
    except ChargingError as err:
        raise translated(HomeAssistantError, err) from err
    return told


async def async_charges(reach: Reach, sessions: Sequence[Session]) -> list[Session]:
    """Return one session for each charge: of two that report the same, the one that counts."""
    if len({session.account.backend for session in sessions}) < 2:
        # Only different networks report the same.
        return list(sessions)
    ledger = next(iter(reach.accounts.values())).ledger
    try:
        links = await ledger.links(sessions)
    except ChargingError as err:
        raise translated(HomeAssistantError, err) from err
    found = {(session.account, session.session_id) for session in sessions}
    return [
        session
        for session in sessions
        if not any(
            link.counts and (link.account, link.session_id) in found
            for link in links.get((session.account, session.session_id), ())
        )
    ]


def time_of_period(period: str) -> tuple[datetime, datetime]:
    """Return when a period of the calendar at home begins and ends; a week begins on Monday."""
    which, _, unit = period.rpartition("_")
    today = dt_util.now().date()
    match unit:
        case "week":
            start = today - timedelta(days=today.weekday())
            before, after = start - timedelta(days=7), start + timedelta(days=7)
        case "month":
            start = today.replace(day=1)
            before = (start - timedelta(days=1)).replace(day=1)
            after = (start + timedelta(days=31)).replace(day=1)
        case "year":
            start = today.replace(month=1, day=1)
            before, after = start.replace(year=today.year - 1), start.replace(year=today.year + 1)
        case _:
            start = today if unit == "today" else today - timedelta(days=1)
            before, after = start, start + timedelta(days=1)
    first, last = (before, start) if which == "last" else (start, after)
    return dt_util.start_of_local_day(first), dt_util.start_of_local_day(last)


def _reach_at(places: Sequence[Place]) -> Reach:
    accounts = {place.coordinator.account: place.coordinator for place in places}
    return Reach(accounts=accounts, whole=frozenset(), places=tuple(places))


def _place(
    hass: HomeAssistant,
    coordinator: ChargingCoordinator,
    charge_point_id: str,
    device: dr.AnyDeviceEntry,
) -> Place:
    area_id = dr.async_get_effective_area_id(hass, device)
    area = ar.async_get(hass).async_get_area(area_id) if area_id else None
    return Place(
        coordinator=coordinator,
        charge_point_id=charge_point_id,
        device_id=device.id,
        name=device.name_by_user or device.name or charge_point_id,
        areas=frozenset((area.name, *area.aliases) if area else ()),
    )
