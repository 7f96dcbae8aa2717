"""The stays at the chargers of a namespace: cars come and go, drivers start and stop."""

from copy import deepcopy, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from .cars import Car
from .clock import Clock
from .namespace_archive import session_id
from .namespace_books import Books
from .namespace_model import (
    Charger,
    Intent,
    IntentType,
    NamespaceConnector,
    NamespaceSession,
    Pending,
    RefusedCommandError,
    StopReason,
)

# What somebody with the app wants to be told of: Wh, seconds and a price.
_NOTIFY_AFTER = {"afterEnergy": 20_000, "afterDuration": 7200, "afterPrice": "10.00"}


class Stays(Books):
    """The chargers and sessions of one customer, as long as nothing breaks."""

    def __init__(self, clock: Clock, *, seed: int = 1) -> None:
        """Make a namespace without chargers."""
        super().__init__(clock, seed=seed)
        self._fail_next: dict[str, list[str]] = {"start": [], "stop": []}

    def plug(
        self,
        charger_id: str,
        connector_id: int,
        car: Car | None = None,
        *,
        id_tag: str | None = None,
        intent: str = IntentType.AUTO_CHARGE,
    ) -> NamespaceSession | None:
        """Plug a car in, a new one by default, and return its session if one begins at once.

        One does when the car is known by itself, as ``id_tag``, or when a start from afar
        waits for it.
        """
        charger, connector = self._place(charger_id, connector_id)
        if connector.car:
            raise ValueError(f"A car is at {charger_id}/{connector_id} already")
        known = self._intent(intent, id_tag) if id_tag else None
        connector.car, connector.is_finished = car or Car(), False
        if connector.outage is None:
            if connector.pending and connector.pending.ready:
                self._begin_pending(charger, connector)
            elif connector.pending is None and known:
                self._begin(charger, connector, known)
        self._change(connector)
        return connector.session

    def unplug(self, charger_id: str, connector_id: int) -> NamespaceSession | None:
        """Pull the plug, and return the session that this has ended, if any."""
        _, connector = self._place(charger_id, connector_id)
        session = connector.session
        if session:
            self._end(session, StopReason.EV_DISCONNECTED)
        connector.car, connector.is_finished = None, False
        self._change(connector)
        return session

    def start_at_pole(
        self,
        charger_id: str,
        connector_id: int,
        id_tag: str,
        intent: str = IntentType.PERSONAL_KEYCARD,
        details: dict[str, Any] | None = None,
    ) -> NamespaceSession:
        """Let a driver start with a key card at the charger, at once.

        A car is plugged in if there is none. A hotel tells in ``details`` whose card it is.
        """
        charger, connector = self._place(charger_id, connector_id)
        self._check_usable(connector)
        if connector.session:
            raise RefusedCommandError("Connector is occupied")
        connector.car = connector.car or Car()
        connector.pending = None
        session = self._begin(charger, connector, self._intent(intent, id_tag, details))
        self._change(connector)
        return session

    def start(self, charger_id: str, connector_id: int, intent: str = IntentType.IN_APP) -> str:
        """Ask from afar for a session, and return the id that it will have.

        It begins after ``start_delay`` seconds at a car that is there, and otherwise as soon
        as one comes, within ``connection_timeout``. Raises ``RefusedCommandError`` when no
        session can come of it.
        """
        charger, connector = self._place(charger_id, connector_id)
        if not charger.is_initialized:
            raise RefusedCommandError("Charger was never online")
        if charger.memory:
            raise RefusedCommandError("Charger is offline")
        self._check_usable(connector)
        if connector.session or connector.pending:
            raise RefusedCommandError("Connector is occupied")
        failure = self._failure("start")
        number = next(self._numbers)
        if failure == "never":
            return session_id(number)
        owner = self.owner
        pending = Pending(
            number=number, intent=replace(self._intent(intent, owner.id_tag), user_id=owner.user_id)
        )
        connector.pending = pending
        self._change(connector)
        self.clock.after(
            self.settings.start_delay, lambda: self._ready(charger, connector, pending)
        )
        self.clock.after(self.settings.connection_timeout, lambda: self._lapse(connector, pending))
        return session_id(number)

    def stop(self, key: str, reason: str = StopReason.REMOTE) -> NamespaceSession:
        """Ask from afar for the end of a session; it ends after ``stop_delay`` seconds."""
        session = self.session(key)
        if session.stopped:
            raise RefusedCommandError("Charging session is stopped already")
        if self.chargers[session.charger_id].memory:
            raise RefusedCommandError("Charger is offline")
        if self._failure("stop") != "never":
            self.clock.after(
                self.settings.stop_delay, lambda: self._end(session, StopReason(reason))
            )
        return session

    def end(self, key: str, reason: str = StopReason.LOCAL) -> NamespaceSession:
        """Let a session end at the charger, at once; the car stays plugged in."""
        session = self.session(key)
        if session.stopped:
            raise RefusedCommandError("Charging session is stopped already")
        self._end(session, StopReason(reason))
        return session

    def fail_next(self, command: str, how: str = "refused") -> None:
        """Let the next ``start`` or ``stop`` be ``refused``, or accepted and ``never`` done."""
        if how not in {"refused", "never"}:
            raise ValueError(f"Nothing fails by being {how!r}")
        self._fail_next[command].append(how)

    def _place(self, charger_id: str, connector_id: int) -> tuple[Charger, NamespaceConnector]:
        return self.charger(charger_id), self.connector(charger_id, connector_id)

    @staticmethod
    def _check_usable(connector: NamespaceConnector) -> None:
        if connector.outage:
            raise RefusedCommandError(f"Connector is {connector.outage}")

    def _failure(self, command: str) -> str | None:
        """Take the next failure; to be refused is said at once."""
        how = self._fail_next[command].pop(0) if self._fail_next[command] else None
        if how == "refused":
            raise RefusedCommandError("Charger has rejected the command")
        return how

    def _intent(self, kind: str, id_tag: str, details: dict[str, Any] | None = None) -> Intent:
        known = [each.user_id for each in self.drivers if each.id_tag == id_tag]
        return Intent(
            id=str(UUID(int=self._random.getrandbits(128), version=4)),
            type=IntentType(kind),
            id_tag=id_tag,
            user_id=known[0] if known else None,
            details=details,
            notify_after=dict(_NOTIFY_AFTER) if kind == IntentType.IN_APP else None,
            created=self.clock.now(),
        )

    def _ready(self, charger: Charger, connector: NamespaceConnector, pending: Pending) -> None:
        if connector.pending is not pending:
            return
        pending.ready = True
        if connector.car:
            self._begin_pending(charger, connector)
            self._change(connector)

    def _lapse(self, connector: NamespaceConnector, pending: Pending) -> None:
        if connector.pending is pending:
            connector.pending = None
            self._change(connector)

    def _begin_pending(self, charger: Charger, connector: NamespaceConnector) -> None:
        pending, connector.pending = connector.pending, None
        assert pending
        self._begin(charger, connector, pending.intent, pending.number)

    def _begin(
        self,
        charger: Charger,
        connector: NamespaceConnector,
        intent: Intent,
        number: int | None = None,
    ) -> NamespaceSession:
        connector.meter.forget()
        connector.session = self._file(charger, connector, intent, number)
        connector.is_finished = False
        return connector.session

    def _file(
        self,
        charger: Charger,
        connector: NamespaceConnector,
        intent: Intent,
        number: int | None = None,
    ) -> NamespaceSession:
        """Write a session down that begins now."""
        number, now = number or next(self._numbers), self.clock.now()
        session = NamespaceSession(
            number=number,
            id=session_id(number),
            intent=intent,
            charger_id=charger.id,
            connector_id=connector.id,
            location_id=charger.location_id,
            # The tariff of a session is that of its start, whatever becomes of it later.
            tariff=deepcopy(connector.tariff),
            time_zone=charger.time_zone,
            volts=connector.volts,
            phases=connector.phases,
            samples=[(now, self.register(connector, now))],
            ticked=now,
        )
        self.archive.add(session)
        return session

    def _end(self, session: NamespaceSession, reason: StopReason) -> None:
        if session.stopped:
            return
        connector = self.connector(session.charger_id, session.connector_id)
        self._change(connector)
        session.stopped, session.stop_reason = self.clock.now(), reason
        connector.session, connector.is_finished = None, True
        self._change(connector)
        self.archive.touch()

    def _change(self, connector: NamespaceConnector) -> None:
        """Let the flow, and what is said of it, follow from how things are now."""
        now, session, car = self.clock.now(), connector.session, connector.car
        if session:
            self._sample(self._read(session), now)
        if car:
            car.level += connector.meter.since_change(now)
        power = connector.power
        connector.meter.draw(now, power, car.room if car else 0.0)
        if session and car and power:
            lasts = timedelta(hours=car.room / power)
            if car.energy_after(lasts.total_seconds(), power) < car.room:
                # It was rounded down, and a car that is not quite full would never get full.
                lasts += timedelta.resolution
            self.clock.at(now + lasts, lambda: self._full(connector, session))
        if connector.status is not connector.shown:
            connector.shown, connector.status_since = connector.status, now

    def _full(self, connector: NamespaceConnector, session: NamespaceSession) -> None:
        if connector.session is session:
            self._change(connector)
