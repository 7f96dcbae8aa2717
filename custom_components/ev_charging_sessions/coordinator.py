"""The meeting point of an account: polls go in, what the entities show comes out."""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .charging.backends.backend import Backend
from .charging.commands import Commands
from .charging.errors import (
    AuthenticationError,
    BackendError,
    BackendUnavailableError,
    LedgerError,
    RateLimitError,
)
from .charging.events import EventType, SessionEvent, events_of
from .charging.ledger import Change, Ledger
from .charging.model import Account, ChargeCard, ChargePoint, CommandKind, Session
from .charging.state import AccountState, ChargePointState
from .const import CONF_EVSE_ID, DOMAIN, SUBENTRY_CHARGE_POINT
from .exceptions import translated

_LOGGER = logging.getLogger(__name__)

IDLE_INTERVAL = timedelta(minutes=5)
ACTIVE_INTERVAL = timedelta(seconds=30)
# Late meter values and corrections arrive soon after the end of a session.
COOL_OFF = timedelta(minutes=5)

LOOK_UP_INTERVAL = timedelta(hours=1)
# More would make an account with many charge points wait for its budget.
LOOK_UPS_PER_POLL = 4
# A status that could not be read again for this long is no longer shown.
STATUS_EXPIRES = timedelta(hours=2)

# An outage this long deserves a person's attention.
ISSUE_AFTER = timedelta(hours=1)
ISSUE_UNAVAILABLE = "backend_unavailable"
ISSUE_UNREADABLE = "unexpected_answer"

type ChargingConfigEntry = ConfigEntry[ChargingCoordinator]


class ChargingCoordinator(DataUpdateCoordinator[AccountState]):
    """Polls one account into the ledger and tells entities what changed for them.

    In memory are only the open sessions and the last one of each charge point; the rest
    of the history stays in the ledger.
    """

    config_entry: ChargingConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ChargingConfigEntry,
        account: Account,
        backend: Backend,
        ledger: Ledger,
    ) -> None:
        """Wire up; nothing is read before the first refresh."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=entry.title,
            update_interval=IDLE_INTERVAL,
            always_update=False,
        )
        self.account = account
        self.backend = backend
        self.ledger = ledger
        self.commands = Commands(
            account,
            backend,
            ledger,
            keep=self._async_keep_now,
            refresh=self.async_refresh,
            on_change=self._async_command_changed,
            on_event=self._add_event,
            spawn=lambda work: entry.async_create_background_task(
                hass, work, f"{DOMAIN} command", eager_start=True
            ),
        )
        self.unreadable: tuple[str, ...] = ()
        self.subentry_ids = {
            subentry.data[CONF_EVSE_ID]: subentry.subentry_id
            for subentry in entry.get_subentries_of_type(SUBENTRY_CHARGE_POINT)
        }
        self._open: dict[str, Session] = {}
        self._latest: dict[str, Session] = {}
        self._charge_points: dict[str, ChargePoint] = {}
        self._look_ups: dict[str, datetime] = {}
        self._events: dict[str, deque[SessionEvent]] = {}
        self._news = 0
        self._has_bearings = False
        self._ended: dict[str, datetime] = {}
        self._failing_since: datetime | None = None
        self._showed_last_values = True
        entry.async_on_unload(self._delete_issues)

    @override
    async def _async_setup(self) -> None:
        """Take up where the ledger left off: its sessions, and commands under way."""
        try:
            for session in await self.ledger.latest_sessions(self.account):
                if session.charge_point_id:
                    self._latest[session.charge_point_id] = session
            for session in await self.ledger.open_sessions(self.account):
                self._open[session.session_id] = session
            # What happened before this account was first seen is history and no news.
            self._has_bearings = bool(self._latest)
            self._charge_points = {
                charge_point_id: ChargePoint(charge_point_id=charge_point_id)
                for charge_point_id in {
                    *self.subentry_ids,
                    *self._known_devices(),
                    *(session.charge_point_id for session in self._open.values()),
                }
                if charge_point_id
            }
            # Before the first poll, which may bring the outcome of one.
            await self.commands.resume()
        except LedgerError as err:
            raise translated(UpdateFailed, err) from err

    def card(self, card_id: str | None) -> ChargeCard | None:
        """Return the card of that identifier, if its owner has made it known."""
        for card in self.backend.cards:
            if card.identifier == card_id:
                return card
        return None

    def open_session(self, session_id: str) -> Session | None:
        """Return the open session of that id, wherever it is."""
        return self._open.get(session_id)

    def charge_point_of(self, device: dr.AnyDeviceEntry) -> str | None:
        """Return the charge point that a device stands for, if it stands for one."""
        prefix = f"{self.account.account_id}_"
        for domain, identifier in device.identifiers:
            if domain == DOMAIN and identifier.startswith(prefix):
                return identifier.removeprefix(prefix)
        return None

    @callback
    def async_drop_charge_point(self, charge_point_id: str) -> bool:
        """Stop showing a charge point; refused while a session is open there."""
        state = self.data.charge_points.get(charge_point_id)
        if state is not None and (state.open_session or state.wish):
            return False
        self._charge_points.pop(charge_point_id, None)
        self._async_show()
        return True

    def take_events(self, charge_point_id: str) -> list[SessionEvent]:
        """Return the news about a charge point that nobody has taken yet, oldest first."""
        return list(self._events.pop(charge_point_id, ()))

    @property
    def shows_last_values(self) -> bool:
        """Tell whether live values still hold: also while the network wants fewer polls."""
        return self.last_update_success or isinstance(
            self.last_exception and self.last_exception.__cause__, RateLimitError
        )

    @override
    async def _async_update_data(self) -> AccountState:
        try:
            answer = await self.backend.poll(
                self._open, watched=self._watched(), cards=self.commands.cards
            )
            await self._async_keep(answer.sessions)
            self.unreadable = answer.unreadable
            await self._async_look_up()
        except AuthenticationError as err:
            raise translated(ConfigEntryAuthFailed, err) from err
        except (RateLimitError, BackendUnavailableError) as err:
            self._note_failure()
            raise translated(UpdateFailed, err, retry_after=err.retry_after) from err
        except (BackendError, LedgerError) as err:
            self._note_failure()
            raise translated(UpdateFailed, err) from err
        self._note_success()
        self.update_interval = self._interval()
        self._has_bearings = True
        return self._state()

    async def _async_keep(self, sessions: tuple[Session, ...]) -> None:
        """Write what a backend said to the ledger, and take note of what it changed."""
        if not sessions:
            return
        try:
            changes = await self.ledger.upsert(sessions)
        except LedgerError:
            self.backend.forget()
            raise
        self._apply(changes)

    async def _async_keep_now(self, session: Session) -> None:
        """Keep a session that came with the answer to a command, and show it at once."""
        await self._async_keep((session,))
        self._async_show()

    def _apply(self, changes: Iterable[Change]) -> None:
        """Bring what is in memory up to what the ledger now says."""
        for change in changes:
            session = change.after
            is_known = session.session_id in self._open
            if session.is_open and is_known:
                self._open[session.session_id] = session
            elif session.is_open:
                # A new mapping for other sessions, because the backend tells them by it.
                self._open = {**self._open, session.session_id: session}
            elif is_known:
                self._open = {**self._open}
                del self._open[session.session_id]
                self._ended[session.session_id] = dt_util.utcnow()
            charge_point_id = session.charge_point_id
            if charge_point_id is None:
                continue
            if session.is_open:
                self._charge_points.setdefault(
                    charge_point_id, ChargePoint(charge_point_id=charge_point_id)
                )
            self._latest[charge_point_id] = self._later(charge_point_id, session)
            if change.before is None or change.before.is_open != session.is_open:
                self._look_ups.pop(charge_point_id, None)
            if self._has_bearings:
                is_starting = self.commands.running(charge_point_id) is CommandKind.START
                for event in events_of(change):
                    # Whoever asked for this start hears of it as a failed start.
                    if not (is_starting and event.type is EventType.FAILED):
                        self._add_event(charge_point_id, event)

    def _later(self, charge_point_id: str, session: Session) -> Session:
        """Return which session counts at a charge point: an open one, else the latest."""
        candidates = [
            other for other in self._open.values() if other.charge_point_id == charge_point_id
        ]
        known = self._latest.get(charge_point_id)
        if not candidates:
            candidates = [session]
            if known and known.session_id != session.session_id and not known.is_open:
                candidates.append(known)
        never = dt_util.utc_from_timestamp(0)
        return max(candidates, key=lambda one: one.started or never)

    def _add_event(self, charge_point_id: str, event: SessionEvent) -> None:
        # Bounded, because nobody takes the events of an entity that is turned off.
        self._events.setdefault(charge_point_id, deque(maxlen=16)).append(event)
        self._news += 1

    async def _async_look_up(self) -> None:
        """Look up the charge points whose hour is over, the longest waiting first.

        A look-up is not worth failing a poll for: the sessions have been read by now. Nor
        is it worth the wait of a command that is being watched.
        """
        if self.commands.is_busy:
            return
        now = dt_util.utcnow()
        never = dt_util.utc_from_timestamp(0)
        due = sorted(
            (
                (self._look_ups.get(charge_point_id, never), charge_point_id)
                for charge_point_id in self._charge_points
                if self._is_looked_up(charge_point_id)
            ),
        )
        for looked_up, charge_point_id in due[:LOOK_UPS_PER_POLL]:
            if now - looked_up < LOOK_UP_INTERVAL:
                break
            self._look_ups[charge_point_id] = now
            last_error: BackendError | None = None
            try:
                found = await self.backend.charge_point(charge_point_id)
            except AuthenticationError:
                raise
            except BackendError as err:
                _LOGGER.debug("A charge point could not be looked up: %s", err)
                found, last_error = None, err
            known = self._charge_points.get(charge_point_id)
            if known is None:
                # Removed by a person while the network was thinking.
                continue
            if found is not None:
                self._charge_points[charge_point_id] = found
            elif known.updated and now - known.updated > STATUS_EXPIRES:
                self._charge_points[charge_point_id] = replace(known, status=None)
            if isinstance(last_error, BackendUnavailableError | RateLimitError):
                # The next one would fare no better, and make commands wait even longer.
                break

    def _is_looked_up(self, charge_point_id: str) -> bool:
        """Tell whether a charge point is worth requests: a past visit alone is not."""
        session = self._latest.get(charge_point_id)
        return (
            charge_point_id in self.subentry_ids
            or charge_point_id not in self._look_ups
            or (session is not None and session.is_open)
        )

    def _watched(self) -> set[str]:
        """Return the ids of the sessions whose answer is awaited, open or not."""
        now = dt_util.utcnow()
        self._ended = {
            session_id: noticed
            for session_id, noticed in self._ended.items()
            if now - noticed <= COOL_OFF
        }
        return self.commands.watched | self._ended.keys()

    def _interval(self) -> timedelta:
        if self.commands.is_busy:
            # Its watch polls, and more often than this.
            return IDLE_INTERVAL
        return ACTIVE_INTERVAL if self._open or self._ended else IDLE_INTERVAL

    def _state(self) -> AccountState:
        """Return the snapshot; the part of a charge point that did not change is kept."""
        before = self.data.charge_points if self.data else {}
        charge_points = {}
        for charge_point_id, charge_point in self._charge_points.items():
            state = ChargePointState(
                charge_point=charge_point,
                session=self._latest.get(charge_point_id),
                running=self.commands.running(charge_point_id),
                wish=self.commands.wish(charge_point_id),
            )
            known = before.get(charge_point_id)
            charge_points[charge_point_id] = known if known == state else state
        return AccountState(
            charge_points=charge_points, active_sessions=len(self._open), news=self._news
        )

    @callback
    @override
    def _async_refresh_finished(self) -> None:
        """Tell also when one failure has followed another that left the values standing."""
        if self._showed_last_values != self.shows_last_values:
            self._showed_last_values = self.shows_last_values
            if not self.last_update_success:
                self.async_update_listeners()

    @callback
    def _async_command_changed(self, charge_point_id: str) -> None:
        """Show at once what was asked for, and what became of it."""
        if self._unsub_refresh and not self.commands.is_busy:
            self.update_interval = self._interval()
            self._schedule_refresh()
        if charge_point_id in self._charge_points:
            self._async_show()

    @callback
    def _async_show(self) -> None:
        """Show what is in memory without waiting for a poll."""
        if self.data is not None:
            self.data = self._state()
            self.async_update_listeners()

    def _known_devices(self) -> set[str]:
        """Return the charge points that already have a device, from an earlier visit."""
        devices = dr.async_entries_for_config_entry(
            dr.async_get(self.hass), self.config_entry.entry_id
        )
        return {point for device in devices if (point := self.charge_point_of(device))}

    def _note_failure(self) -> None:
        now = dt_util.utcnow()
        self._failing_since = self._failing_since or now
        if now - self._failing_since >= ISSUE_AFTER:
            self._create_issue(ISSUE_UNAVAILABLE)

    def _note_success(self) -> None:
        self._failing_since = None
        ir.async_delete_issue(self.hass, DOMAIN, self._issue_id(ISSUE_UNAVAILABLE))
        if self.unreadable:
            self._create_issue(
                ISSUE_UNREADABLE,
                path=", ".join(sorted(set(self.unreadable))),
                count=str(len(self.unreadable)),
            )
        else:
            ir.async_delete_issue(self.hass, DOMAIN, self._issue_id(ISSUE_UNREADABLE))

    def _create_issue(self, kind: str, **placeholders: str) -> None:
        ir.async_create_issue(
            self.hass,
            DOMAIN,
            self._issue_id(kind),
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=kind,
            translation_placeholders={"title": self.config_entry.title, **placeholders},
        )

    def _delete_issues(self) -> None:
        """Leave no issue behind that nobody would ever take back."""
        for kind in (ISSUE_UNAVAILABLE, ISSUE_UNREADABLE):
            ir.async_delete_issue(self.hass, DOMAIN, self._issue_id(kind))

    def _issue_id(self, kind: str) -> str:
        return f"{kind}_{self.config_entry.entry_id}"
