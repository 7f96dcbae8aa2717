"""The meeting point of an account: polls go in, what the entities show comes out."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import batched
import logging
from typing import TYPE_CHECKING, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_CURRENCY
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.update_coordinator import UpdateFailed
from homeassistant.util import dt as dt_util

from .bills import async_check_bills
from .charging.backends.backend import Backend, Past
from .charging.charge_points import ChargePoints
from .charging.commands import Commands
from .charging.current_sessions import CurrentSessions
from .charging.errors import (
    AuthenticationError,
    BackendError,
    BackendUnavailableError,
    ChargingError,
    LedgerError,
    RateLimitError,
)
from .charging.events import EventType, SessionEvent, events_of
from .charging.history import History
from .charging.ledger import Change, Ledger
from .charging.ledger_imports import ImportStep
from .charging.meters import Meters
from .charging.model import Account, ChargeCard, CommandKind, Session
from .charging.news import News
from .charging.outbox import Outbox
from .charging.own_price import OwnPrice
from .charging.prices import Prices
from .charging.state import AccountState, ChargePointState
from .const import CONF_EVSE_ID, DOMAIN, SUBENTRY_CHARGE_POINT, SUBENTRY_CONNECTOR
from .exceptions import translated
from .issues import (
    async_note_answer,
    async_note_failure,
    async_note_lost,
    async_note_unit,
    async_prove_archive,
)
from .telling import TellingCoordinator

if TYPE_CHECKING:
    from .statistics import StatisticsWriter

_LOGGER = logging.getLogger(__name__)

IDLE_INTERVAL = timedelta(minutes=5)
ACTIVE_INTERVAL = timedelta(seconds=30)
# So many changes are followed in well under the 10 ms that nothing should hold the home up.
_CHANGES_AT_ONCE = 500
_PLACES = {SUBENTRY_CHARGE_POINT, SUBENTRY_CONNECTOR}

type ChargingConfigEntry = ConfigEntry[ChargingCoordinator]


class ChargingCoordinator(TellingCoordinator):
    """Polls one account into the ledger and tells entities what changed for them.

    In memory are only the sessions that matter now; the rest of the history stays in the
    ledger.
    """

    config_entry: ChargingConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ChargingConfigEntry,
        account: Account,
        backend: Backend,
        ledger: Ledger,
        own_price: OwnPrice | None = None,
    ) -> None:
        """Wire up; nothing is read before the first refresh."""
        super().__init__(hass, entry, update_interval=IDLE_INTERVAL)
        self.account = account
        self.backend = backend
        self.ledger = ledger
        self.commands = Commands(
            account,
            backend,
            ledger,
            keep=self.async_keep_now,
            refresh=self._async_look,
            on_change=self._async_command_changed,
            on_event=self.add_event,
            spawn=lambda work: entry.async_create_background_task(
                hass, work, f"{DOMAIN} command", eager_start=True
            ),
        )
        self.history = History(
            account,
            backend,
            ledger,
            keep=self._async_keep_past,
            on_refused=lambda: entry.async_start_reauth(hass),
            spawn=lambda work: entry.async_create_background_task(hass, work, f"{DOMAIN} import"),
        )
        self.unreadable: tuple[str, ...] = ()
        self.subentry_ids = {
            subentry.data[CONF_EVSE_ID]: subentry.subentry_id
            for subentry in entry.subentries.values()
            if subentry.subentry_type in _PLACES
        }
        self.sessions = CurrentSessions()
        self.charge_points = ChargePoints(backend)
        self.meters = Meters()
        # ISO 4217: that of the account, or else of the home.
        self.currency: str = entry.data.get(CONF_CURRENCY) or hass.config.currency
        self.prices = Prices(account, ledger, backend.capabilities, own_price)
        self._keeping = asyncio.Lock()
        self.news = News()
        self.outbox: Outbox | None = None
        self.statistics: StatisticsWriter | None = None
        self._has_bearings = False

    @override
    async def _async_setup(self) -> None:
        """Take up where the ledger left off: its sessions, and commands under way."""
        try:
            await self.sessions.load(self.ledger, self.account)
            await self.meters.load(self.ledger, self.account)
            await self.prices.load(self.sessions.open.values())
            # What happened before this account was first seen is history and no news.
            self._has_bearings = bool(self.sessions.at)
            self.charge_points.add((*self.subentry_ids, *self._known_devices()))
            self.charge_points.add(
                session.charge_point_id
                for session in self.sessions.open.values()
                if session.charge_point_id and self._is_shown(session.charge_point_id)
            )
            # Before the first poll, which may bring the outcome of one.
            await self.commands.resume()
        except LedgerError as err:
            self._note_failure(err)
            raise translated(UpdateFailed, err) from err

    def card(self, card_id: str | None) -> ChargeCard | None:
        """Return the card of that identifier, if its owner has made it known."""
        for card in self.backend.cards:
            if card.identifier == card_id:
                return card
        return None

    def charge_point_of(self, device: dr.AnyDeviceEntry) -> str | None:
        """Return the charge point that a device stands for, if it stands for one."""
        prefix = f"{self.account.account_id}_"
        for domain, identifier in device.identifiers:
            if domain == DOMAIN and identifier.startswith(prefix):
                return identifier.removeprefix(prefix)
        return None

    @callback
    def async_drop_charge_point(self, charge_point_id: str) -> bool:
        """Stop showing a charge point; refused while it is in use, or would come back."""
        state = self.data.charge_points.get(charge_point_id)
        if state is not None and (state.open_session or state.wish):
            return False
        if self.charge_points.is_listed(charge_point_id):
            return False
        self.charge_points.drop(charge_point_id)
        self.async_show()
        return True

    @override
    async def _async_update_data(self) -> AccountState:
        watched = self.commands.watched
        if not self.commands.is_busy:
            # A correction can wait; it would take the budget of those who wait for a command.
            watched |= self.sessions.cooling_off(dt_util.utcnow())
        try:
            answer = await self.backend.poll(
                self.sessions.open,
                watched=watched,
                cards=self.commands.cards,
            )
            if self._shutdown_requested:
                # The account has been unloaded, and whoever loads it again reads for himself.
                return self._state()
            self.charge_points.apply(answer)
            self.commands.modes.tell(answer)
            await self._async_keep(answer.sessions, answer.read)
            await self._async_keep(await self.prices.overdue(dt_util.utcnow()))
            await async_check_bills(self)
            self.unreadable = answer.unreadable
            async_note_lost(self.hass, self.config_entry, answer.lost)
            async_note_unit(self.hass, self.config_entry, answer.other_unit)
            await self._async_look_up()
        except AuthenticationError as err:
            # The network has answered; what is to be done now, Home Assistant tells.
            self._note_answer()
            raise translated(ConfigEntryAuthFailed, err) from err
        except (RateLimitError, BackendUnavailableError) as err:
            self._note_failure(err)
            wait = err.retry_after
            if wait is not None:
                # Home Assistant counts from the last whole second, and so might ask too early,
                # be refused at once, and ask again, round and round until the second is over.
                wait += 1
            raise translated(UpdateFailed, err, retry_after=wait) from err
        except (BackendError, LedgerError) as err:
            self._note_failure(err)
            raise translated(UpdateFailed, err) from err
        self._note_answer()
        await async_prove_archive(self.hass, self.config_entry, self.ledger)
        self.update_interval = self._interval()
        self._has_bearings = True
        return self._state()

    async def _async_keep(self, sessions: Sequence[Session], read: datetime | None = None) -> None:
        """Write what a backend said to the ledger, and take note of what it changed."""
        if sessions:
            await self._async_keep_whole(sessions, read)

    async def _async_keep_past(self, past: Past, step: ImportStep) -> Sequence[Change]:
        """Write a slice of the past to the ledger, and let the totals follow."""
        changes = await self._async_keep_whole(past.sessions, past.read, step)
        self.async_show()
        return changes

    async def _async_keep_whole(
        self, sessions: Sequence[Session], read: datetime | None, step: ImportStep | None = None
    ) -> Sequence[Change]:
        # What the ledger has taken must be shown, even if nobody waits for it any more.
        kept = await asyncio.shield(self._async_kept(sessions, read, step))
        if isinstance(kept, LedgerError):
            raise kept
        return kept

    async def _async_kept(
        self, sessions: Sequence[Session], read: datetime | None, step: ImportStep | None
    ) -> Sequence[Change] | LedgerError:
        """Return what went wrong, for nobody might hear of it if it were raised."""
        # What is read of the past is no news, nor is all that an account begins with.
        is_past = step is not None
        is_news = self._has_bearings and not is_past
        # Changes must be followed in the order in which the ledger has made them.
        async with self._keeping:
            points = self.charge_points.by_id
            try:
                now = dt_util.utcnow()
                priced = await self.prices.priced(
                    sessions, self.sessions.open, points, now, is_past=is_past
                )
                changes = await self.ledger.upsert(priced, read=read, step=step)
                for number, batch in enumerate(batched(changes, _CHANGES_AT_ONCE, strict=False)):
                    if number:
                        await asyncio.sleep(0)
                    self._apply(batch, is_past=is_past)
                await self.prices.follow(changes, points, now, is_news=is_news)
            except LedgerError as err:
                self.backend.forget()
                return err
        return changes

    async def _async_look(self) -> bool:
        """Poll now, and tell whether the network has answered."""
        await self.async_refresh()
        return self.last_update_success

    async def async_keep_now(self, session: Session) -> None:
        """Keep a session that came with the answer to a command, and show it at once."""
        await self._async_keep((session,))
        self.async_show()

    async def _async_look_up(self) -> None:
        """Look up what is due, and show first what this poll has already brought."""
        now = dt_util.utcnow()
        self.charge_points.expire(now)
        # A command that is being watched should not wait for it.
        if not self.commands.is_busy and (due := self.charge_points.due(now, self._is_in_use)):
            self.async_show()
            await self.charge_points.look_up(due, now)

    def _apply(self, changes: Sequence[Change], *, is_past: bool) -> None:
        """Bring what is in memory up to what the ledger now says."""
        self.sessions.apply(changes, dt_util.utcnow())
        self.meters.apply(changes)
        self.commands.modes.apply(changes)
        for change in changes:
            session = change.after
            charge_point_id = session.charge_point_id
            if charge_point_id is None:
                continue
            if session.is_open and self._is_shown(charge_point_id):
                self.charge_points.add((charge_point_id,))
            if change.before is None or change.before.is_open != session.is_open:
                self.charge_points.look_up_soon(charge_point_id)
            if self._has_bearings and not is_past:
                self._announce(charge_point_id, change)

    def _announce(self, charge_point_id: str, change: Change) -> None:
        is_starting = self.commands.running(charge_point_id) is CommandKind.START
        for event in events_of(change):
            # Whoever asked for this start hears of it as a failed start.
            if not (is_starting and event.type is EventType.FAILED):
                self.add_event(charge_point_id, event)

    def add_event(self, charge_point_id: str, event: SessionEvent) -> None:
        """Have a charge point's event entity tell something."""
        if charge_point_id not in self.charge_points.by_id:
            # There is no entity to tell it, and once there is one it is old.
            return
        self.news.add(charge_point_id, event)

    def _is_shown(self, charge_point_id: str) -> bool:
        """Tell whether a charge point has a device: one of a partner's has not."""
        return charge_point_id in self.subentry_ids or not self.backend.capabilities.partners

    def _is_in_use(self, charge_point_id: str) -> bool:
        """Tell whether a charge point is worth requests: a past visit alone is not."""
        session = self.sessions.at.get(charge_point_id)
        return charge_point_id in self.subentry_ids or (session is not None and session.is_open)

    def _interval(self) -> timedelta:
        if self.commands.is_busy:
            # Its watch polls, and more often than this.
            return IDLE_INTERVAL
        is_active = self.sessions.cooling_off(dt_util.utcnow()) or any(
            # Nobody will tell more of a session at a place that is out of sight.
            not self.charge_points.is_gone(session.charge_point_id or "")
            for session in self.sessions.open.values()
        )
        return ACTIVE_INTERVAL if is_active else IDLE_INTERVAL

    def _state(self) -> AccountState:
        """Return the snapshot; the part of a charge point that did not change is kept."""
        before = self.data.charge_points if self.data else {}
        now = dt_util.utcnow()
        charge_points = {}
        for charge_point_id, charge_point in self.charge_points.by_id.items():
            session = self.sessions.at.get(charge_point_id)
            state = ChargePointState(
                charge_point=charge_point,
                session=session,
                running=self.commands.running(charge_point_id),
                wish=self.commands.wish(charge_point_id),
                setting=self.commands.modes.shown(charge_point_id),
                energy=self.meters.energy_at(charge_point_id),
                power=self.meters.power(session, now) if session else 0.0,
                fee_begins=self.prices.fee_begins(session) if session else None,
                is_gone=self.charge_points.is_gone(charge_point_id),
                news=self.news.count(charge_point_id),
            )
            known = before.get(charge_point_id)
            charge_points[charge_point_id] = known if known == state else state
        return AccountState(
            charge_points=charge_points,
            active_sessions=len(self.sessions.open),
            energy=self.meters.energy,
            cost=self.prices.cost.get(self.currency, Decimal(0)),
            unposted=self.outbox.waiting if self.outbox else 0,
        )

    @callback
    def _async_command_changed(self, charge_point_id: str) -> None:
        """Show at once what was asked for, and what became of it."""
        if self._unsub_refresh and not self.commands.is_busy:
            self.update_interval = self._interval()
            self._schedule_refresh()
        if charge_point_id in self.charge_points.by_id:
            self.async_show()

    @callback
    def async_show(self) -> None:
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

    def _note_failure(self, err: ChargingError) -> None:
        if not self._shutdown_requested:
            async_note_failure(self.hass, self.config_entry, err)

    def _note_answer(self) -> None:
        if not self._shutdown_requested:
            async_note_answer(self.hass, self.config_entry, self.unreadable)
