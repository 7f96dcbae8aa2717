"""The calendar of an account: its whole archive, with the running session as the live event."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import override

from homeassistant.components.calendar import (
    CalendarEntity,
    CalendarEntityDescription,
    CalendarEvent,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .charging.errors import LedgerError
from .charging.ledger import SessionQuery
from .charging.model import Session
from .coordinator import ChargingConfigEntry
from .entity import AccountEntity
from .exceptions import translated
from .rows import Labels, labels_of, place_of
from .wording import Wording

# It only reads.
PARALLEL_UPDATES = 0

SESSIONS = CalendarEntityDescription(key="sessions", translation_key="sessions")

# An event has to have a length, also where nobody knows how long the session was.
_SHORTEST = timedelta(seconds=1)
# The state of a calendar is on only before the end of an event, and each other end is written
# to the history. So the live one lasts until the end of the hour, and moves on with it.
_HOUR = timedelta(hours=1)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ChargingConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the calendar of an account."""
    async_add_entities([SessionsCalendar(entry.runtime_data, SESSIONS)])


class SessionsCalendar(AccountEntity, CalendarEntity):
    """Shows every session of an account whose start is known."""

    @property
    @override
    def shown(self) -> object:
        """Return what the live event says but its end, and what changes with past events.

        Whoever looks at past days is told of them again whenever the state is written.
        """
        data, event = self.coordinator.data, self.event
        return event and (event.summary, event.description, event.start), data.energy, data.cost

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """Return the session that is open, the one that began last if there are several."""
        open_sessions = [each for each in self.coordinator.sessions.open.values() if each.started]
        if not open_sessions:
            return None
        session = max(open_sessions, key=lambda each: (each.started, each.session_id))
        card = self.coordinator.card(session.card_id)
        now = dt_util.utcnow()
        return _event(
            session,
            place_of(self.coordinator, session.charge_point_id) or session.charge_point_id,
            card.alias if card else None,
            now.replace(minute=0, second=0, microsecond=0) + _HOUR,
            Wording(self.hass),
        )

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return all sessions some of which lies between two moments."""
        query = SessionQuery(accounts=(self.coordinator.account,), start=start_date, end=end_date)
        now = dt_util.utcnow()
        build = partial(_events, labels_of(self.coordinator), Wording(hass), now)
        events: list[CalendarEvent] = []
        try:
            async for sessions in self.coordinator.ledger.pages(query):
                # Home Assistant checks each event, which takes its time where they are many.
                found = await hass.async_add_executor_job(build, sessions)
                # To the archive a running session has no end, but it is not there tomorrow.
                events += [event for event in found if event.end > start_date]
        except LedgerError as err:
            raise translated(HomeAssistantError, err) from err
        return events


def _events(
    labels: Labels, wording: Wording, now: datetime, sessions: Iterable[Session]
) -> list[CalendarEvent]:
    return [
        _event(
            session,
            labels.places.get(session.charge_point_id or "", session.charge_point_id),
            labels.cards.get(session.card_id or ""),
            now,
            wording,
        )
        for session in sessions
    ]


def _event(
    session: Session, place: str | None, card: str | None, now: datetime, wording: Wording
) -> CalendarEvent:
    """Return a session whose start is known as an event; an open one lasts until now."""
    start = session.started or now
    end = now if session.is_open else session.ended or start
    figures = []
    lines = [(wording.say("card"), card)] if card else []
    if session.energy is not None:
        figures.append(wording.energy(session.energy, 1))
        lines.append((wording.say("energy"), wording.energy(session.energy)))
    if cost := session.cost:
        money = wording.money(cost.amount, cost.currency)
        figures.append(money)
        lines.append((wording.say("cost"), f"{money} ({wording.source(cost.source)})"))
    if session.status:
        reason = f" ({session.reason})" if session.reason else ""
        lines.append((wording.say("status"), f"{wording.status(session.status)}{reason}"))
    name = place or wording.say("unknown_place")
    return CalendarEvent(
        # Home Assistant shows what it is given, and people read it as the time of their home.
        start=dt_util.as_local(start),
        end=dt_util.as_local(max(end, start + _SHORTEST)),
        summary=f"{name}: {', '.join(figures)}" if figures else name,
        description="\n".join(f"{name}: {value}" for name, value in lines) or None,
        location=place,
        uid=session.session_id,
    )
