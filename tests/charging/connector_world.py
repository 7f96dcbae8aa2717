"""A charger in a home for the property tests of connectors: what truly flows is known."""

from datetime import timedelta
from itertools import count

from custom_components.ev_charging_sessions.charging.connector import (
    Authorization,
    Connector,
    Observation,
)
from custom_components.ev_charging_sessions.charging.model import Session

from .answers import NOON
from .connector_bench import ACCOUNT, EVSE, GUEST

WATT_MINUTES = 60_000
"""How many W, each for a minute, are a kWh."""

REGISTER_END = 100_000 * WATT_MINUTES


class World:
    """A switch, a meter and a plug, a car that charges whenever it can, and who watches them.

    Energies are whole W for whole minutes, so nothing is lost to rounding. Whoever owns the
    switch turns it off at once when it must be off. ``ledger`` holds what was kept.
    """

    def __init__(self, *, has_plug: bool, register: int, power: int) -> None:
        """Start at noon with nothing plugged in and the switch off."""
        self.has_plug = has_plug
        self.power = power
        self.now = NOON
        self.register = register * WATT_MINUTES
        self.flowed = 0
        self.is_on = False
        self.is_plugged = False
        self.hidden: set[str] = set()
        self.ledger: dict[str, Session] = {}
        numbers = count(1)
        self._new_id = lambda: f"s{next(numbers)}"
        self.connector = self._new()
        self.look()

    def _new(self) -> Connector:
        return Connector(ACCOUNT, EVSE, has_plug=self.has_plug, new_id=self._new_id)

    @property
    def kwh(self) -> float:
        """Return all that has truly flowed."""
        return round(self.flowed / WATT_MINUTES, 6)

    @property
    def is_open(self) -> bool:
        """Tell whether a session is open."""
        return self.connector.session is not None and self.connector.session.is_open

    @property
    def observation(self) -> Observation:
        """Return what the entities show."""
        return Observation(
            at=self.now,
            is_on=None if "switch" in self.hidden else self.is_on,
            is_plugged=None if "plug" in self.hidden or not self.has_plug else self.is_plugged,
            reading=None if "meter" in self.hidden else round(self.register / WATT_MINUTES, 6),
        )

    def look(self) -> None:
        """Let the connector see what the entities show, and do what it asks for."""
        self.keep(is_urgent=self.connector.observe(self.observation))
        if self.connector.must_be_off and self.is_on:
            self.is_on = False
            self.look()

    def keep(self, *, is_urgent: bool) -> None:
        """Keep what the connector tells, as soon as it says that this cannot wait."""
        while is_urgent and (session := self.connector.changed()):
            self.ledger[session.session_id] = session

    def wait(self, minutes: int) -> None:
        """Let a car charge for some minutes, if it can, and look at each of them."""
        for _ in range(minutes):
            self.now += timedelta(minutes=1)
            if self.is_on and self.is_plugged:
                self.flowed += self.power
                self.register = (self.register + self.power) % REGISTER_END
            self.look()

    def plug(self) -> None:
        """Let a car come or go."""
        self.is_plugged = not self.is_plugged
        self.look()

    def switch(self) -> None:
        """Turn the switch by hand."""
        self.is_on = not self.is_on
        self.look()

    def start(self, authorization: Authorization = GUEST) -> None:
        """Start a session from afar, unless one is open."""
        if self.is_open:
            return
        session = self.connector.begin(authorization, self.now)
        self.ledger[session.session_id] = session
        self.is_on = True
        self.look()

    def stop(self) -> None:
        """Stop a session from afar."""
        if not self.is_open:
            return
        self.connector.will_end("remote")
        self.is_on = False
        self.look()
        self.connector.will_end(None)
        session = self.connector.end(self.now, "remote")
        self.ledger[session.session_id] = session
        self.look()

    def reset(self) -> None:
        """Set the register to zero, which can be seen, or else nobody could know.

        At its very end that would look as if it had rolled over.
        """
        if "meter" not in self.hidden and self.register < REGISTER_END - 2 * WATT_MINUTES:
            self.register = 0
            self.look()

    def hide(self, entity: str) -> None:
        """Let an entity be unavailable, or have it back.

        What nobody can see nobody can attribute: switch and plug are only lost while a
        session is open.
        """
        if entity in self.hidden:
            self.hidden.remove(entity)
        elif entity == "meter" or self.is_open:
            self.hidden.add(entity)
        self.look()

    def restart(self, minutes: int = 0) -> None:
        """Begin anew with the last session of the ledger; a car may charge meanwhile."""
        last = self.ledger[max(self.ledger, key=_number)] if self.ledger else None
        self.connector = self._new()
        for _ in range(minutes):
            self.now += timedelta(minutes=1)
            if self.is_on and self.is_plugged:
                self.flowed += self.power
                self.register = (self.register + self.power) % REGISTER_END
        self.connector.resume(last)
        # Only a session keeps how far the meter was counted, and for the next one only so long.
        self.hidden &= {"meter"} if last and last.is_open else set()
        self.look()

    def settle(self) -> None:
        """Let everything come to its end, and be kept."""
        self.hidden.clear()
        self.look()
        self.stop()
        if self.is_on:
            self.switch()
        if self.is_plugged:
            self.plug()
        self.wait(3)
        self.keep(is_urgent=True)

    @property
    def measured(self) -> float:
        """Return the energy of all sessions that were kept."""
        return round(sum(session.energy or 0.0 for session in self.ledger.values()), 6)


def _number(session_id: str) -> int:
    return int(session_id.removeprefix("s"))
