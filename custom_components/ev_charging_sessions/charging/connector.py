"""A connector of ours: what its switch, its meter and its plug say becomes sessions.

Nothing here has a clock or sends anything. Whoever owns the entities tells what they show,
and that time has passed.
"""

from collections.abc import Callable
from copy import replace
from datetime import datetime, timedelta
from uuid import uuid4

from msgspec import Struct

from .connector_contacts import Contacts
from .discreet import Discreet
from .energy_meter import is_register
from .errors import ConnectorBusyError
from .model import (
    Account,
    CardType,
    ChargePointStatus,
    MeterMemory,
    Session,
    SessionDetails,
    SessionStatus,
)
from .session_meter import LEAST_FLOW, RESTART, SessionMeter
from .session_news import SessionNews

SUSPENDED_AFTER = timedelta(minutes=10)
# Without a plug sensor nobody sees a car leave, and the next must not charge on its card.
IDLE_AFTER = timedelta(minutes=30)
PLUG_IN_WITHIN = timedelta(minutes=5)
# Meters show what has flowed a little later, some only every few minutes.
LATE_ENERGY = timedelta(minutes=10)
# While current may flow it is soon that of somebody else.
_LATE_WHILE_ON = timedelta(seconds=60)
# And one that could not be read when a session ended shows it when it is back.
LATEST_ENERGY = timedelta(hours=24)
# A switch that was on when we went may have been turned on by hand before we came back.
_STILL_ON = timedelta(hours=1)
# A switch that did not obey in time may still do so.
_SLOW_SWITCH = timedelta(minutes=5)
# One that has obeyed may show for a moment that it has not.
_STAYS_OFF = timedelta(seconds=30)
_TICK = timedelta(microseconds=1)

_OF_ITSELF = {"unplugged", "switched_off"}


class Observation(Struct, frozen=True, kw_only=True, gc=False):
    """What the entities of a connector show; ``None`` is what is not known now.

    ``reading`` is the register of the meter in kWh. Without a plug sensor ``is_plugged`` is
    never known.
    """

    at: datetime
    is_on: bool | None = None
    is_plugged: bool | None = None
    reading: float | None = None


class Authorization(Discreet, frozen=True, kw_only=True):
    """For whom a session is, as far as whoever starts it tells."""

    hidden = frozenset({"card_id", "payment_reference"})

    card_id: str | None = None
    card_type: CardType | None = None
    payment_reference: str | None = None


_NOBODY = Authorization()


class Connector:
    """One connector and the session at it, one after the other.

    ``session`` is the open one, or the last one while late energy may still come. ``status``
    is ``None`` before the first observation.
    """

    def __init__(
        self,
        account: Account,
        connector_id: str,
        *,
        has_plug: bool,
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        """Know nothing yet; ``has_plug`` tells whether there is a plug sensor."""
        self.account = account
        self.connector_id = connector_id
        self.has_plug = has_plug
        self.session: Session | None = None
        self._new_id = new_id
        self._meter = SessionMeter()
        self._news = SessionNews()
        self._seen: Observation | None = None
        self._contacts = Contacts(has_plug=has_plug)
        self._last_ended: datetime | None = None
        self._owes_off = False
        self._comes_on_until: datetime | None = None
        self._ending: str | None = None
        self._was_resumed = False
        self._floor: datetime | None = None

    @property
    def status(self) -> ChargePointStatus | None:
        """Return what a driver who comes by would find."""
        if self._seen is None:
            return None
        if self._seen.is_on is None:
            return ChargePointStatus.OFFLINE
        if self._open is not None or self._contacts.is_plugged:
            return ChargePointStatus.OCCUPIED
        return ChargePointStatus.AVAILABLE

    @property
    def must_be_off(self) -> bool:
        """Tell whether a session is over whose switch is still on and must be turned off."""
        return self._owes_off and self._contacts.is_on is True

    @property
    def is_pending(self) -> bool:
        """Tell whether time alone is about to change the session, within seconds."""
        session = self._open
        if session is None or session.status is SessionStatus.STARTING:
            return False
        return self._contacts.is_pending

    @property
    def _open(self) -> Session | None:
        return self.session if self.session and self.session.is_open else None

    def resume(self, session: Session | None) -> None:
        """Go on after a restart with the last session that the ledger knows here."""
        if session is None:
            return
        self.session = session
        self._meter.resume(session)
        self._was_resumed = True
        if session.is_open:
            return
        self._last_ended = session.ended or session.updated
        self._owe_off(session)

    def observe(self, observation: Observation) -> bool:
        """Follow what the entities show; tell whether something should be told at once."""
        reading = observation.reading
        if reading is not None and not is_register(reading):
            observation = replace(observation, reading=None)
        before = self._outline()
        self._rise()
        self._see(observation)
        return self._outline() != before

    def tick(self, now: datetime) -> bool:
        """Follow that time has passed; tell whether something should be told at once."""
        return self.observe(replace(self._seen, at=now)) if self._seen else False

    def begin(self, authorization: Authorization, at: datetime) -> Session:
        """Begin a session for somebody. Raises ConnectorBusyError while another is open."""
        if self._open:
            raise ConnectorBusyError(f"A session is open at {self.connector_id}")
        return self._begin(authorization, SessionStatus.STARTING, at, self._meter.memory)

    def will_end(self, reason: str | None) -> None:
        """Say why the switch is about to be turned off, or that this is over."""
        self._ending = reason

    def end(self, at: datetime, reason: str) -> Session:
        """End the session on purpose; one that has ended by itself meanwhile stays as it is.

        Without a session that is a ValueError.
        """
        self._rise()
        return self._finish(at, SessionStatus.FINISHED, reason)

    def fail(self, at: datetime, error_code: str) -> Session:
        """Say that the session could not be started.

        Without a session that is a ValueError.
        """
        self._rise()
        return self._finish(at, SessionStatus.FAILED, error_code)

    def changed(self) -> Session | None:
        """Return a session that has news since it was last returned.

        The one before may have some too, so ask until there is ``None``.
        """
        return self._news.next()

    def forget(self) -> None:
        """Return again what was returned and could not be kept."""
        self._news.forget()

    def _outline(self) -> tuple[object, ...]:
        """Return what must not wait to be told when it changes.

        Where the meter has leapt to cannot be guessed after a restart.
        """
        session, memory = self._open, self._meter.memory
        told = (session.session_id, session.status, memory and memory.fallen) if session else None
        return told, self.status, self.must_be_off

    def _rise(self) -> None:
        """Let what changes now outrank what was told before.

        Two states of one moment need an order, and so do those of a clock that was set back.
        """
        before = self.session.updated if self.session else None
        self._floor = before + _TICK if before else None

    def _see(self, seen: Observation) -> None:
        self._close(seen)
        before = self._meter.memory
        details = self._open.details if self._open else None
        flows = self._meter.read(seen.reading, seen.at, details.created if details else None)
        was_off = self._contacts.is_on is False
        if was_off and (self._comes_on_until is None or seen.at >= self._comes_on_until):
            self._owes_off = False
        self._contacts.see(seen.at, is_on=seen.is_on, is_plugged=seen.is_plugged)
        if not self._open and self._is_used(seen, is_new=was_off or flows):
            self._begin(_NOBODY, SessionStatus.CONNECTED, seen.at, before)
        if seen.reading is not None:
            self._measure(seen.at, flows=flows)
        self._seen = seen
        if self._open:
            self._follow(self._open, seen, flows=flows)
        self._was_resumed = False

    def _close(self, seen: Observation) -> None:
        """Let go of an ended session to which no late energy can belong any more."""
        session = self.session
        if session is None or session.is_open:
            return
        elapsed = seen.at - (session.ended or seen.at)
        if self._was_resumed:
            if self._owes_off and elapsed > _STILL_ON:
                self._owes_off = False
            latest = RESTART if self._meter.knew_the_end(session) else LATEST_ENERGY
        else:
            was_read = self._seen is not None and self._seen.reading is not None
            latest = LATE_ENERGY if was_read else LATEST_ENERGY
            if was_read and seen.is_on is not False:
                latest = _LATE_WHILE_ON
        can_charge = seen.is_on and not (self.has_plug and seen.is_plugged is False)
        if elapsed > latest or (can_charge and elapsed > _LATE_WHILE_ON):
            self.session = None

    def _is_used(self, seen: Observation, *, is_new: bool) -> bool:
        """Tell whether somebody has begun to charge without asking us."""
        if not seen.is_on or self._owes_off:
            return False
        if self.has_plug:
            return seen.is_plugged is True
        return is_new

    def _begin(
        self,
        authorization: Authorization,
        status: SessionStatus,
        at: datetime,
        memory: MeterMemory | None,
    ) -> Session:
        details = SessionDetails(
            created=at,
            card_type=authorization.card_type,
            payment_reference=authorization.payment_reference,
        )
        session = Session(
            account=self.account,
            session_id=self._new_id(),
            charge_point_id=self.connector_id,
            card_id=authorization.card_id,
            status=status,
            started=self._arrival(at),
            details=details,
            updated=at,
        )
        session = self._meter.begin(session, memory)
        self._owes_off, self._comes_on_until, self._ending = False, None, None
        self._floor = None
        self._contacts.settle(at)
        self.session = session
        self._news.add(session)
        return session

    def _arrival(self, at: datetime) -> datetime:
        """Return when a session that begins now has started: when its car was plugged in."""
        arrival = self._contacts.plugged_in
        if arrival is None or (self._last_ended is not None and arrival <= self._last_ended):
            return at
        return arrival

    def _measure(self, at: datetime, *, flows: bool) -> None:
        if self.session:
            session = self._meter.measured(self.session, at, flows=flows)
            if session is not self.session:
                self._keep(session, at)
        self._meter.look(at)

    def _follow(self, session: Session, seen: Observation, *, flows: bool) -> None:
        """Take an open session on to what the entities show it to be."""
        gone, off = self._contacts.gone_since, self._contacts.off_since
        shows_gone = self.has_plug and seen.is_plugged is False
        is_there = seen.is_on is True and (not self.has_plug or seen.is_plugged is True)
        charges = (
            flows
            and seen.is_on is not False
            and not shows_gone
            and (session.energy or 0) >= LEAST_FLOW
        )
        if session.status is SessionStatus.STARTING:
            if is_there or charges:
                self._contacts.settle(seen.at)
                self._move(SessionStatus.CHARGING if charges else SessionStatus.CONNECTED, seen.at)
            elif _waited(session, seen.at) >= PLUG_IN_WITHIN:
                # A start that nobody can see to have come about must not block the connector.
                code = "not_plugged_in" if shows_gone else "not_started"
                self._finish(seen.at, SessionStatus.FAILED, code)
        elif gone:
            self._finish(seen.at, SessionStatus.FINISHED, "unplugged", since=gone)
        elif seen.is_on is False and self._ending:
            self._finish(seen.at, SessionStatus.FINISHED, self._ending)
        elif off and not self.has_plug:
            self._finish(seen.at, SessionStatus.FINISHED, "switched_off", since=off)
        elif charges:
            self._move(SessionStatus.CHARGING, seen.at)
        elif off:
            self._move(SessionStatus.SUSPENDED, seen.at)
        elif seen.reading is not None:
            self._rest(session, seen.at)

    def _rest(self, session: Session, at: datetime) -> None:
        """Follow that no energy has flowed for some time."""
        since = self._meter.quiet_since(session)
        if since is None:
            return
        if at - since >= IDLE_AFTER and session.card_id is not None and not self.has_plug:
            self._finish(at, SessionStatus.FINISHED, "idle")
        elif at - since >= SUSPENDED_AFTER and session.status is SessionStatus.CHARGING:
            self._move(SessionStatus.SUSPENDED, at)

    def _move(self, status: SessionStatus, at: datetime) -> None:
        if self.session and self.session.status is not status:
            self._keep(replace(self.session, status=status), at)

    def _finish(
        self, at: datetime, status: SessionStatus, reason: str, *, since: datetime | None = None
    ) -> Session:
        session = self.session
        if session is None:
            raise ValueError(f"No session is open at {self.connector_id}")
        if not session.is_open:
            return session
        ended = max(since or at, session.started or at)
        if since is not None:
            session = self._meter.flowed_until(session, ended)
        if self._seen and self._seen.reading is not None:
            self._meter.look(ended)
        if status is SessionStatus.FAILED:
            session = replace(session, status=status, ended=ended, error_code=reason)
        else:
            session = replace(session, status=status, ended=ended, stop_reason=reason)
        self._last_ended = ended
        self._owe_off(session)
        return self._keep(self._meter.ended(session, ended), at)

    def _owe_off(self, session: Session) -> None:
        """Note whether the switch must go off before anybody can charge by hand.

        Where nothing has flowed it may still be about to come on, because it was told to.
        """
        is_ordered = session.card_id is not None or session.status is SessionStatus.FAILED
        self._owes_off = is_ordered or session.stop_reason not in _OF_ITSELF
        flowed = session.details.charging_started if session.details else None
        ended = session.ended
        if ended is None:
            return
        is_slow = is_ordered and (flowed is None or flowed >= ended)
        self._comes_on_until = ended + (_SLOW_SWITCH if is_slow else _STAYS_OFF)

    def _keep(self, session: Session, at: datetime) -> Session:
        """Take over another state of the session, and have it told."""
        self.session = replace(session, updated=max(at, self._floor or at))
        self._news.add(self.session)
        return self.session


def _waited(session: Session, now: datetime) -> timedelta:
    """Return how long ago a session was authorised."""
    created = session.details.created if session.details else None
    return now - (created or session.started or now)
