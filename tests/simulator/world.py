"""The physical world: charge points, cars and sessions, whatever network tells of them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from uuid import UUID

from .cars import Car
from .clock import Clock


class UnknownThingError(LookupError):
    """There is no such charge point, card or session in this world."""


class Phase(StrEnum):
    """How far a session has come."""

    START_REQUESTED = "start-requested"
    STARTED = "started"
    FAILED_TO_START = "failed-to-start"
    STOP_REQUESTED = "stop-requested"
    FAILED_TO_STOP = "failed-to-stop"
    STOPPED = "stopped"


RUNNING = frozenset({Phase.STARTED, Phase.STOP_REQUESTED, Phase.FAILED_TO_STOP})


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What charging costs at a charge point; ``vat`` is a percentage."""

    currency: str = "EUR"
    start_fee: float = 0.0
    per_kwh: float = 0.45
    per_minute: float = 0.0
    vat: float = 21.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """A place with charge points."""

    number: int
    serial: str
    operator: str
    street: str
    postal_code: str
    city: str
    country: str = "NLD"
    latitude: float = 52.1
    longitude: float = 5.0


@dataclass(kw_only=True, slots=True)
class ChargePoint:
    """One EVSE with one connector; powers are kW."""

    evse_id: str
    number: int
    site: Site
    connector_type: str = "Type2"
    power_type: str = "AC3Phase"
    voltage: float = 400.0
    amperage: float = 16.0
    max_power: float = 11.0
    price: Price = field(default_factory=Price)
    car: Car | None = None
    out_of_service: bool = False
    offline: bool = False
    refused_cards: set[str] = field(default_factory=set)
    changed: datetime | None = None


@dataclass(kw_only=True, slots=True)
class Session:
    """One charge; ``error`` is the reason of a failure in the network's vocabulary."""

    session_id: str
    user_id: str
    card: str
    evse_id: str
    phase: Phase
    updated: datetime
    started: datetime | None = None
    stopped: datetime | None = None
    error: str | None = None
    energy: float = 0.0


class World:
    """Everything physical. All changes happen at the clock's time."""

    def __init__(self, clock: Clock, *, seed: int = 1) -> None:
        """Make an empty world; ids are the same for the same ``seed``."""
        self.clock = clock
        self.start_delay = 5.0
        self.stop_delay = 5.0
        self.accounts: dict[str, str] = {}
        self.cards: set[str] = set()
        self.charge_points: dict[str, ChargePoint] = {}
        self.sessions: dict[str, Session] = {}
        self._by_card: defaultdict[str, list[Session]] = defaultdict(list)
        self._by_evse: dict[str, Session] = {}
        self._fail_start: list[str] = []
        self._fail_stop: list[str] = []
        self._random = Random(seed)

    def add(self, *charge_points: ChargePoint) -> None:
        """Put charge points into the world."""
        for charge_point in charge_points:
            charge_point.changed = self.clock.now()
            self.charge_points[charge_point.evse_id] = charge_point

    def charge_point(self, evse_id: str) -> ChargePoint:
        """Return a charge point, or raise ``UnknownThingError``."""
        try:
            return self.charge_points[evse_id]
        except KeyError:
            raise UnknownThingError(evse_id) from None

    def session(self, session_id: str) -> Session:
        """Return a session, or raise ``UnknownThingError``."""
        self.clock.settle()
        try:
            return self.sessions[session_id]
        except KeyError:
            raise UnknownThingError(session_id) from None

    def sessions_of(self, card: str, phases: Iterable[Phase] = RUNNING) -> list[Session]:
        """Return the sessions of a card that are in one of the phases, oldest first."""
        self.clock.settle()
        wanted = frozenset(phases)
        return [each for each in self._by_card[card] if each.phase in wanted]

    def running_at(self, evse_id: str) -> Session | None:
        """Return the session that runs at a charge point."""
        self.clock.settle()
        session = self._by_evse.get(evse_id)
        return session if session and session.phase in RUNNING else None

    def plug(self, evse_id: str, car: Car | None = None) -> Car:
        """Plug a car in, a new one by default, and return it."""
        charge_point = self.charge_point(evse_id)
        charge_point.car = car or Car()
        charge_point.changed = self.clock.now()
        return charge_point.car

    def unplug(self, evse_id: str) -> None:
        """Pull the plug; a session that runs there ends at once."""
        charge_point = self.charge_point(evse_id)
        if session := self.running_at(evse_id):
            self._stop_now(session)
        charge_point.car = None
        charge_point.changed = self.clock.now()

    def set_service(
        self,
        evse_id: str,
        *,
        out_of_service: bool | None = None,
        offline: bool | None = None,
    ) -> None:
        """Take a charge point out of service or offline, or bring it back."""
        charge_point = self.charge_point(evse_id)
        if out_of_service is not None:
            charge_point.out_of_service = out_of_service
        if offline is not None:
            charge_point.offline = offline
        charge_point.changed = self.clock.now()

    def start(self, evse_id: str, card: str) -> Session:
        """Ask for a session; it starts, or fails to, after ``start_delay`` seconds.

        Raises ``UnknownThingError`` for a charge point or card that does not exist.
        """
        self.charge_point(evse_id)
        if card not in self.cards:
            raise UnknownThingError(card)
        session = self._new(evse_id, card, Phase.START_REQUESTED)
        self.clock.after(self.start_delay, lambda: self._begin(session))
        return session

    def start_at_pole(self, evse_id: str, card: str) -> Session:
        """Let a driver start a session with a card at the charge point, at once.

        A car is plugged in if there is none.
        """
        if self.charge_point(evse_id).car is None:
            self.plug(evse_id)
        if card not in self.cards:
            raise UnknownThingError(card)
        session = self._new(evse_id, card, Phase.START_REQUESTED)
        self._begin(session)
        return session

    def stop(self, session_id: str) -> Session:
        """Ask for the end of a session; it ends, or not, after ``stop_delay`` seconds.

        Raises ``UnknownThingError`` when it does not run, as networks do.
        """
        session = self.session(session_id)
        if session.phase not in RUNNING | {Phase.START_REQUESTED}:
            raise UnknownThingError(session_id)
        self._enter(session, Phase.STOP_REQUESTED)
        self.clock.after(self.stop_delay, lambda: self._end(session))
        return session

    def fail_next_start(self, code: str = "InternalError") -> None:
        """Let the next session that is asked for fail to start."""
        self._fail_start.append(code)

    def fail_next_stop(self, code: str = "InternalError") -> None:
        """Let the next session that is asked to stop fail to."""
        self._fail_stop.append(code)

    def energy(self, session: Session) -> float:
        """Return the kWh a session has delivered by now."""
        charge_point = self.charge_point(session.evse_id)
        if session.started is None or session.phase not in RUNNING:
            return session.energy
        car = charge_point.car or Car()
        passed = (self.clock.now() - session.started).total_seconds()
        return car.energy_after(passed, charge_point.max_power)

    def populate(self, sessions: int, card: str) -> list[Session]:
        """Let a card charge at that many new charge points at once."""
        self.cards.add(card)
        site = Site(
            number=9000,
            serial="09000000",
            operator="Crowd",
            street="Parking 1",
            postal_code="1000 AA",
            city="Utrecht",
        )
        made = []
        for _ in range(sessions):
            number = 100_000 + len(self.charge_points)
            evse_id = f"NL*TNM*E{number:08d}*0"
            self.add(ChargePoint(evse_id=evse_id, number=number, site=site, car=Car()))
            made.append(self.start_at_pole(evse_id, card))
        return made

    def uuid(self) -> str:
        """Return a new UUID, the same in every run."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def _new(self, evse_id: str, card: str, phase: Phase) -> Session:
        user = UUID(int=Random(card).getrandbits(128), version=4)
        session = Session(
            session_id=self.uuid(),
            user_id=str(user),
            card=card,
            evse_id=evse_id,
            phase=phase,
            updated=self.clock.now(),
        )
        self.sessions[session.session_id] = session
        self._by_card[card].append(session)
        return session

    def _begin(self, session: Session) -> None:
        if session.phase is not Phase.START_REQUESTED:
            return
        if error := self._obstacle(session):
            session.error = error
            self._enter(session, Phase.FAILED_TO_START)
            return
        session.started = self.clock.now()
        self._by_evse[session.evse_id] = session
        self.charge_point(session.evse_id).changed = session.started
        self._enter(session, Phase.STARTED)

    def _obstacle(self, session: Session) -> str | None:
        charge_point = self.charge_point(session.evse_id)
        if self._fail_start:
            return self._fail_start.pop(0)
        if charge_point.out_of_service or charge_point.offline:
            return "EvseOutOfService"
        if session.card in charge_point.refused_cards:
            return "ChargeTokenNotSupported"
        rival = self._by_evse.get(session.evse_id)
        if rival and rival.phase in RUNNING:
            return "EvseInUse"
        return None if charge_point.car else "EvNotConnectedToEvse"

    def _end(self, session: Session) -> None:
        if session.phase is not Phase.STOP_REQUESTED:
            return
        if self._fail_stop:
            session.error = self._fail_stop.pop(0)
            self._enter(session, Phase.FAILED_TO_STOP)
            return
        self._stop_now(session)

    def _stop_now(self, session: Session) -> None:
        session.energy = self.energy(session)
        charge_point = self.charge_point(session.evse_id)
        if charge_point.car:
            charge_point.car.level += session.energy
        charge_point.changed = session.stopped = self.clock.now()
        session.error = None
        self._enter(session, Phase.STOPPED)

    def _enter(self, session: Session, phase: Phase) -> None:
        # Two changes at the same frozen moment still get different time stamps, because
        # every real change has one of its own.
        session.updated = max(self.clock.now(), session.updated + timedelta(microseconds=1))
        session.phase = phase
