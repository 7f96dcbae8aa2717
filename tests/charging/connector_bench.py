"""A connector on a bench: what its entities show is set by hand, minute by minute."""

from itertools import count
from typing import Any

from msgspec import structs

from custom_components.ev_charging_sessions.charging.connector import (
    Authorization,
    Connector,
    Observation,
)
from custom_components.ev_charging_sessions.charging.model import (
    Account,
    CardType,
    MeterMemory,
    Session,
    SessionDetails,
)

from .answers import at

ACCOUNT = Account(backend="plugsurfing", account_id="a1")
EVSE = "DE*8PS*ETABCD*1"
GUEST = Authorization(card_id="04523022AA4881", card_type=CardType.RFID, payment_reference="P1")


class Bench:
    """A connector whose entities show what they were last set to.

    ``told`` holds the newest state of each session, as a ledger would.
    """

    def __init__(self, *, has_plug: bool, reading: float | None = 100.0) -> None:
        """Set up an idle connector that has been seen once, at noon."""
        numbers = count(1)
        self.has_plug = has_plug
        self.new_id = lambda: f"s{next(numbers)}"
        self.told: dict[str, Session] = {}
        self.shown = Observation(
            at=at(0), is_on=False, is_plugged=False if has_plug else None, reading=reading
        )
        self.connector = self._new()
        self.connector.observe(self.shown)

    def _new(self) -> Connector:
        return Connector(ACCOUNT, EVSE, has_plug=self.has_plug, new_id=self.new_id)

    def see(self, minute: float, **shown: Any) -> bool:
        """Let entities show something else from that minute on."""
        self.shown = structs.replace(self.shown, at=at(minute), **shown)
        is_news = self.connector.observe(self.shown)
        self.listen()
        return is_news

    def tick(self, minute: float) -> bool:
        """Let time pass until that minute."""
        is_news = self.connector.tick(at(minute))
        self.listen()
        return is_news

    def begin(self, minute: float, authorization: Authorization = GUEST) -> Session:
        """Let somebody be allowed to charge."""
        session = self.connector.begin(authorization, at(minute))
        self.listen()
        return session

    def end(self, minute: float, reason: str = "remote") -> Session:
        """Let somebody want no more."""
        session = self.connector.end(at(minute), reason)
        self.listen()
        return session

    def listen(self) -> int:
        """Take in all that the connector tells; return how much it was."""
        number = 0
        while session := self.connector.changed():
            self.told[session.session_id] = session
            number += 1
        return number

    def restart(self, minute: float | None = None) -> None:
        """Go on with what has been told, and look again unless no minute is given."""
        last = list(self.told.values())[-1] if self.told else None
        self.connector = self._new()
        self.connector.resume(last)
        if minute is not None:
            self.see(minute)

    @property
    def session(self) -> Session:
        """Return the session that the connector is at."""
        assert self.connector.session is not None
        return self.connector.session

    @property
    def details(self) -> SessionDetails:
        """Return the details of that session."""
        assert self.session.details is not None
        return self.session.details

    @property
    def memory(self) -> MeterMemory:
        """Return the meter's memory that the session carries."""
        assert self.details.meter is not None
        return self.details.meter


def arrive(bench: Bench, minute: float) -> None:
    """Let a car be plugged in, where that can be seen."""
    if bench.has_plug:
        bench.see(minute, is_plugged=True)


def charging(bench: Bench) -> Bench:
    """Let a guest charge since the fourth minute, in the session that begins in the second."""
    arrive(bench, 1)
    bench.begin(2)
    bench.see(3, is_on=True)
    bench.see(4, reading=100.2)
    return bench


def started(bench: Bench) -> Bench:
    """Let a guest be connected since the third minute."""
    if bench.has_plug:
        bench.see(1, is_plugged=True)
    bench.begin(2)
    bench.see(3, is_on=True)
    return bench


def charged(bench: Bench, *, known: bool = True) -> Bench:
    """Let a guest's session end in the tenth minute, with 1 kWh; the switch obeys at once."""
    started(bench)
    bench.see(4, reading=100.5)
    bench.see(9, reading=101.0)
    if not known:
        bench.see(9.5, reading=None)
    bench.end(10)
    bench.see(10, is_on=False)
    return bench
