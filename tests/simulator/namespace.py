"""The life of a namespace, with all that can go wrong at its chargers and in its books."""

from copy import replace
from decimal import Decimal

from .namespace_model import (
    IntentType,
    Memory,
    NamespaceSession,
    Status,
    StopReason,
)
from .namespace_prices import Tariff
from .namespace_stays import Stays


class Namespace(Stays):
    """All chargers and sessions of one customer. All changes happen at the clock's time."""

    def full(self, charger_id: str, connector_id: int) -> None:
        """Let the car have enough, whatever still fits into it."""
        connector = self.connector(charger_id, connector_id)
        if connector.car is None:
            raise ValueError(f"No car is at {charger_id}/{connector_id}")
        self._change(connector)
        connector.car.level = connector.car.capacity
        self._change(connector)

    def set_car_power(self, charger_id: str, connector_id: int, max_power: float) -> None:
        """Let the car that is plugged in take that many kW at most from now on."""
        connector = self.connector(charger_id, connector_id)
        if connector.car is None:
            raise ValueError(f"No car is at {charger_id}/{connector_id}")
        connector.car.max_power = max_power
        self._change(connector)

    def set_tariff(self, charger_id: str, connector_id: int, tariff: Tariff | None) -> None:
        """Let sessions that begin from now on cost something else."""
        self.connector(charger_id, connector_id).tariff = tariff

    def pause(self, charger_id: str, connector_id: int, *, paused: bool = True) -> None:
        """Let the charger hold a car back, or no longer."""
        connector = self.connector(charger_id, connector_id)
        connector.is_paused = paused
        self._change(connector)

    def fault(
        self,
        charger_id: str,
        connector_id: int,
        error: str = "GroundFailure",
        reason: str | None = StopReason.OTHER,
    ) -> None:
        """Let a connector break; its session ends for that reason, or goes on without energy."""
        self.charger(charger_id).error = error
        self.set_outage(charger_id, connector_id, Status.FAULTED, reason)

    def set_outage(
        self,
        charger_id: str,
        connector_id: int,
        outage: str | None,
        reason: str | None = StopReason.OTHER,
    ) -> None:
        """Let a connector be Faulted, Unavailable or Reserved, or (``None``) work again."""
        charger, connector = self._place(charger_id, connector_id)
        connector.outage = Status(outage) if outage else None
        if outage:
            connector.pending = None
            if connector.session and reason:
                self._end(connector.session, StopReason(reason))
        elif not any(each.outage is Status.FAULTED for each in charger.connectors.values()):
            charger.error = None
        self._change(connector)

    def set_online(self, charger_id: str, *, online: bool = True) -> None:
        """Cut a charger off, or let it tell what has happened since.

        While it is off, sessions go on there and the namespace does not hear of it.
        """
        charger = self.charger(charger_id)
        if online and charger.memory:
            charger.memory, charger.online_since = None, self.clock.now()
        elif not online and charger.memory is None:
            connectors = charger.connectors.values()
            charger.memory = Memory(
                since=self.clock.now(),
                connectors={each.id: (each.shown, each.status_since) for each in connectors},
                sessions={
                    each.session.number: replace(
                        self._read(each.session), samples=list(each.session.samples), pricer=None
                    )
                    for each in connectors
                    if each.session
                },
            )
        self.archive.touch()

    def lose_power(self, charger_id: str) -> None:
        """Let a charger lose its power, which ends its sessions; ``set_online`` brings it back."""
        self.set_online(charger_id, online=False)
        for connector in self.charger(charger_id).connectors.values():
            connector.pending = None
            if connector.session:
                self._end(connector.session, StopReason.POWER_LOSS)

    def correct(self, key: str, energy: int) -> NamespaceSession:
        """Correct the Wh of a session that has ended; its price follows."""
        session = self.session(key)
        (begin, start), (when, _) = session.samples[0], session.samples[-1]
        if not session.stopped or when == begin:
            raise ValueError(f"Session {key} still runs, or never did")
        session.samples[1:] = [(when, start + energy)]
        session.pricer = session.fixed_price = None
        session.changed = self.clock.now()
        return session

    def bill_wrongly(self, key: str, amount: Decimal | str) -> NamespaceSession:
        """Let the namespace ask for so much more for a session than its tariff says."""
        session = self.session(key)
        session.bill_error = Decimal(amount)
        return session

    def annotate(self, key: str, note: str | None) -> NamespaceSession:
        """Let somebody write a note beside a session."""
        session = self.session(key)
        session.note, session.changed = note, self.clock.now()
        return session

    def walk_in(self) -> NamespaceSession:
        """Let somebody start a session now, wherever there is a place.

        At a place that is taken the session ends at once: the card is good for nothing.
        """
        places = [
            (each, socket) for each in self.chargers.values() for socket in each.connectors.values()
        ]
        for charger, connector in places:
            if connector.status is Status.AVAILABLE and not charger.memory:
                return self.start_at_pole(charger.id, connector.id, self.drivers[0].id_tag)
        charger, connector = places[-1]
        intent = self._intent(IntentType.UNKNOWN, self.drivers[-1].id_tag)
        session = self._file(charger, connector, intent)
        session.stopped, session.stop_reason = session.started, StopReason.DE_AUTHORIZED
        return session
