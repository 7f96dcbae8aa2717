"""The books of a namespace: its chargers, its sessions, and what they cost."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from random import Random

from .clock import Clock
from .namespace_archive import (
    FIRST_NUMBER,
    Archive,
    Past,
    energies,
    registers,
    seen_as,
    session_id,
)
from .namespace_model import (
    Charger,
    Driver,
    NamespaceConnector,
    NamespaceSession,
)
from .namespace_prices import Pricer, Tariff
from .park_meter import Meter, shown
from .world import UnknownThingError


@dataclass(kw_only=True, slots=True)
class NamespaceSettings:
    """How fast a namespace is, in seconds.

    A start from afar waits ``connection_timeout`` for a car. The meter of an open session
    is read every ``sample_interval``, and whenever the flow changes; 0 is only then.
    """

    sample_interval: float = 60.0
    start_delay: float = 2.0
    stop_delay: float = 2.0
    connection_timeout: float = 120.0


class Books:
    """The chargers and sessions of one customer, as long as nothing happens to them."""

    def __init__(self, clock: Clock, *, seed: int = 1) -> None:
        """Make a namespace without chargers; what is drawn is the same for the same ``seed``."""
        self.clock = clock
        self.settings = NamespaceSettings()
        self.tokens: set[str] = set()
        self.organization_id = ""
        self.owner = Driver(name="", user_id="", id_tag="")
        self.drivers: list[Driver] = []
        self.chargers: dict[str, Charger] = {}
        self.archive = Archive()
        self._numbers = count(FIRST_NUMBER)
        self._random = Random(seed)

    def add_charger(self, charger: Charger) -> Charger:
        """Put up a charger, still without connectors."""
        charger.online_since = charger.online_since or self.clock.now()
        self.chargers[charger.id] = charger
        return charger

    def add_connector(
        self,
        charger_id: str,
        register: int = 0,
        *,
        tariff: Tariff | None = None,
        is_dc: bool = False,
    ) -> NamespaceConnector:
        """Give a charger one more connector, whose register shows so many Wh."""
        charger, now = self.charger(charger_id), self.clock.now()
        connector = NamespaceConnector(
            id=len(charger.connectors) + 1,
            meter=Meter(now, register / 1000),
            status_since=now,
            tariff=tariff,
        )
        if is_dc:
            connector.type, connector.max_power, connector.max_current = "CCS2", 50.0, 125
            connector.volts, connector.phases = 400, 1
        charger.connectors[connector.id] = connector
        return connector

    def charger(self, charger_id: str) -> Charger:
        """Return a charger as it is now, or raise ``UnknownThingError``."""
        self.clock.settle()
        try:
            return self.chargers[charger_id]
        except KeyError:
            raise UnknownThingError(charger_id) from None

    def connector(self, charger_id: str, connector_id: int) -> NamespaceConnector:
        """Return a connector as it is now, or raise ``UnknownThingError``."""
        try:
            return self.charger(charger_id).connectors[connector_id]
        except KeyError:
            raise UnknownThingError(f"{charger_id}/{connector_id}") from None

    def session(self, key: str) -> NamespaceSession:
        """Return a session as it is in truth, or raise ``UnknownThingError``."""
        self.clock.settle()
        if not (number := key.removeprefix("csn-")).isdecimal() or session_id(int(number)) != key:
            raise UnknownThingError(key)
        return self._read(self.archive.keep(int(number)))

    def find(
        self,
        *,
        status: str | None = None,
        user_id: str | None = None,
        charger_id: str | None = None,
    ) -> list[int]:
        """Return the numbers of the sessions that the namespace knows, oldest start first."""
        self.clock.settle()
        memories = {key: each.memory for key, each in self.chargers.items() if each.memory}
        return self.archive.find(memories, status=status, user_id=user_id, charger_id=charger_id)

    def seen(self, number: int) -> NamespaceSession | None:
        """Return a session as the namespace knows it; ``None`` if it does not know it yet."""
        session = self._read(self.archive.get(number))
        charger = self.chargers.get(session.charger_id)
        return seen_as(session, charger.memory if charger else None)

    def price(self, session: NamespaceSession, energy_unit: str = "Wh") -> Decimal:
        """Return what a session costs so far, and what somebody had put on it by mistake."""
        if session.fixed_price is not None:
            return session.fixed_price + session.bill_error
        if session.tariff is None:
            return Decimal("0.00") + session.bill_error
        if session.pricer is None or session.pricer.energy_unit != energy_unit:
            session.pricer = Pricer(
                session.tariff,
                session.time_zone,
                energy_unit,
                volts=session.volts,
                phases=session.phases,
            )
            session.priced = 0
        for when, register in session.samples[session.priced :]:
            session.pricer.feed(when, register if energy_unit == "Wh" else Fraction(register, 1000))
        session.priced = len(session.samples)
        return session.pricer.bill().total + session.bill_error

    def total(self, energy_unit: str = "Wh") -> tuple[int, Decimal]:
        """Return the Wh and the price of all sessions together."""
        known = [self._read(each) for each in list(self.archive.sessions.values())]
        energy = sum(each.energy for each in known)
        cost = sum((self.price(each, energy_unit) for each in known), Decimal("0.00"))
        kept = self.archive.sessions.keys()
        for past in self.archive.pasts:
            energy += past.total_energy
            cost += Decimal(past.total_price).scaleb(-2)
            for number in kept & set(past.numbers):
                made = past.session(number)
                energy -= made.energy
                cost -= self.price(made)
        return energy, cost

    def populate(
        self,
        sessions: int,
        *,
        days: float = 30,
        tariff: Tariff | None = None,
        seed: int = 1,
        is_lively: bool = False,
    ) -> Past:
        """Give the namespace a past: sessions that have ended, spread evenly over ``days``.

        A lively one looks like a real one: nobody comes by the clock, or always stays as long.

        They are at all connectors in turn, and bear the first tariff in use that has a
        price per kilowatt-hour only. Their figures are the same for the same ``seed``. A row
        is made when it is looked at, so that 100,000 of them cost little.
        """
        places = [
            (charger, each)
            for charger in self.chargers.values()
            for each in charger.connectors.values()
        ]
        if any(connector.session for _, connector in places):
            raise ValueError("A past has to be there before the first car")
        chosen = tariff or next(
            each.tariff for _, each in places if each.tariff and _is_plain(each.tariff)
        )
        now, step = self.clock.now(), timedelta(days=days) / max(sessions, 1)
        stay = min(timedelta(hours=4), 0.8 * len(places) * step)
        stay -= timedelta(microseconds=stay.microseconds)
        begin, random = now - timedelta(days=days) - stay, Random(seed)
        starts, stays = [begin + step * each for each in range(sessions)], [stay] * sessions
        if is_lively:
            # Each comes before the next one would, and has left before its place is taken again.
            starts = [each + _some(step, random.uniform(0, 0.9)) for each in starts]
            stays = [_some(stay, random.uniform(0.2, 1)) for _ in stays]
        # Nobody has charged with more than half of what the weakest connector can do.
        power = min(each.max_power for _, each in places)
        drawn = energies(random, [int(power * 500 * (each / timedelta(hours=1))) for each in stays])
        reached = [self.register(each, now) for _, each in places]
        past = Past(
            numbers=range(first := next(self._numbers), first + sessions),
            places=places,
            drivers=self.drivers,
            tariff=chosen,
            unit_price=Fraction(chosen["elements"][0]["priceComponents"]["PerKilowattHour"]),
            starts=starts,
            stays=stays,
            energies=drawn,
            registers=registers(reached, drawn),
        )
        self._numbers = count(first + sessions)
        for place, (_, connector) in enumerate(places):
            register = reached[place] + sum(drawn[place :: len(places)])
            connector.meter = Meter(now, register / 1000)
        self.archive.add_past(past)
        return past

    @staticmethod
    def register(connector: NamespaceConnector, when: datetime) -> int:
        """Return the Wh that a register shows at a moment of the session that runs."""
        return round(shown(connector.meter.reading(when)) * 1000)

    def _read(self, session: NamespaceSession) -> NamespaceSession:
        """Read the meter of a session as often as it should have been by now."""
        if session.stopped is None:
            interval = timedelta(seconds=self.settings.sample_interval)
            while interval and session.ticked + interval <= self.clock.now():
                session.ticked += interval
                self._sample(session, session.ticked)
        return session

    def _sample(self, session: NamespaceSession, when: datetime) -> None:
        if when > session.metered:
            connector = self.chargers[session.charger_id].connectors[session.connector_id]
            session.samples.append((when, self.register(connector, when)))


def _some(time: timedelta, share: float) -> timedelta:
    return timedelta(seconds=int(share * time.total_seconds()))


def _is_plain(tariff: Tariff) -> bool:
    (first, *others) = tariff["elements"]
    return not others and first["priceComponents"].keys() == {"PerKilowattHour"}
