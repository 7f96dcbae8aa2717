"""What a meter says of the session at its connector."""

from copy import replace
from datetime import datetime, timedelta

from .energy_meter import EnergyMeter, most_energy
from .model import MeterMemory, MeterValue, Session, SessionDetails, Source

# What a charger takes for itself is no charging: less than this, on average, since the meter
# last moved.
_TRICKLE = 0.1
LEAST_FLOW = 0.001
# A meter that seems to jump shows what has flowed for longer than since it was last looked at.
_MOST_SUDDEN = 50.0
# How long a restart may take for what a meter shows after it to belong to the session before.
RESTART = timedelta(minutes=15)
_DIGITS = 6
_HOUR = timedelta(hours=1)


class SessionMeter:
    """Measures one session after the other with the meter of a connector."""

    def __init__(self) -> None:
        """Know no meter yet."""
        self._meter = EnergyMeter()
        # What was counted, and what the register showed, when the session began.
        self._base: float | None = None
        self._first = 0.0
        self._known_since: datetime | None = None
        self._looked: datetime | None = None
        self._was_read = False
        # When the session before ended, if that was before a restart.
        self._left: datetime | None = None

    @property
    def memory(self) -> MeterMemory | None:
        """Return how far the meter has been counted."""
        return self._meter.memory

    def resume(self, session: Session) -> None:
        """Go on with the meter, and with the session, as the ledger knows them."""
        memory = session.details.meter if session.details else None
        self._meter = EnergyMeter(memory)
        self._left = None if session.is_open else session.ended or session.updated
        if memory is None or session.energy is None:
            return
        self._base = round(memory.counted - session.energy, _DIGITS)
        if session.meter_values:
            latest = session.meter_values[-1]
            self._first = round(latest.energy - session.energy, _DIGITS)
            self._looked = latest.at

    def read(self, reading: float | None, at: datetime, since: datetime | None) -> bool:
        """Take in what the register shows; tell whether energy flows, and more than a trickle.

        Whatever was shown before ``since`` is taken to have flowed before it.
        """
        before = self._meter.memory
        if reading is None:
            return False
        self._meter.read(reading, at)
        memory = self._meter.memory
        if before is None or memory is None or memory.counted <= before.counted:
            return False
        elapsed = at - max(before.at, since or before.at)
        return memory.counted - before.counted >= _TRICKLE * (elapsed / _HOUR)

    def look(self, at: datetime) -> None:
        """Note that the meter still shows what it showed when it was read last."""
        self._was_read = True
        self._looked = at

    def begin(self, session: Session, memory: MeterMemory | None) -> Session:
        """Return a new session as the meter sees it that had counted so far before it.

        What may have flowed for nobody while Home Assistant was down is not charged to the
        first who comes, even if the meter is not back yet.
        """
        self._base, self._known_since = None, None
        if memory is None or self._is_out_of_date(session):
            return session
        # What flowed while nobody looked was perhaps not all before this session.
        source = Source.METERED if self._was_read else Source.ESTIMATED
        return self._based(session, memory, session.updated, source)

    def _is_out_of_date(self, session: Session) -> bool:
        if self._was_read or self._left is None:
            return False
        return (session.updated or self._left) - self._left > RESTART

    def _based(
        self, session: Session, memory: MeterMemory, at: datetime | None, source: Source
    ) -> Session:
        self._base, self._first = memory.counted, memory.reading
        return replace(
            session,
            energy=0.0,
            energy_source=source,
            meter_values=(MeterValue(at or memory.at, memory.reading),),
            details=_with_meter(session, memory),
        )

    def measured(self, session: Session, at: datetime, *, flows: bool) -> Session:
        """Return the session with what the meter shows now; ``flows`` is what ``read`` said."""
        memory = self._meter.memory
        if memory is None:
            return session
        if self._base is None:
            if not session.is_open:
                return session
            self._known_since = at
            return self._based(session, memory, at, Source.ESTIMATED)
        # A slip that has mended itself may take back more than has flowed in this session.
        self._base = min(self._base, memory.counted)
        energy = round(memory.counted - self._base, _DIGITS)
        details = _with_meter(session, memory)
        if energy == session.energy and (details == session.details or not session.is_open):
            return session
        if session.ended and not self._can_be_late(session, session.ended, energy):
            return session
        if flows and energy >= LEAST_FLOW:
            moment = min(at, session.ended or at)
            started = details.charging_started or moment
            ended = max(started, moment)
            details = replace(details, charging_started=started, charging_ended=ended)
        values = self._values(session, energy, at)
        return replace(session, energy=energy, meter_values=values, details=details)

    def ended(self, session: Session, at: datetime) -> Session:
        """Return the session with what the meter stood at in the end, if that is known."""
        if session.energy is None or self._looked is None or self._looked < at:
            return session
        return replace(session, meter_values=self._values(session, session.energy, at))

    @staticmethod
    def flowed_until(session: Session, at: datetime) -> Session:
        """Return the session as one that turns out to have ended already then.

        What the meter has shown since flowed before.
        """
        details = session.details
        if not details or not details.charging_ended or details.charging_ended <= at:
            return session
        started = min(details.charging_started or at, at)
        details = replace(details, charging_started=started, charging_ended=at)
        return replace(session, details=details)

    def knew_the_end(self, session: Session) -> bool:
        """Tell whether the meter could be read when an ended session ended."""
        if session.ended is None or not session.meter_values:
            return False
        return session.meter_values[-1].at >= session.ended

    def quiet_since(self, session: Session) -> datetime | None:
        """Return since when no more than a trickle has flowed, as far as the meter was known."""
        details = session.details
        if session.energy is None or details is None:
            return None
        if details.charging_ended:
            return details.charging_ended
        return self._known_since or details.created

    @staticmethod
    def _can_be_late(session: Session, ended: datetime, energy: float) -> bool:
        """Tell whether an ended session can have had so much energy before its end."""
        before = session.details.meter if session.details else None
        if before is None or session.energy is None:
            return False
        return energy - session.energy <= most_energy(ended - before.at)

    def _values(self, session: Session, energy: float, at: datetime) -> tuple[MeterValue, ...]:
        """Return what the meter stood at before it moved, as far as that helps, and now.

        The meter that is told of only goes up, even where a reset had to be guessed at.
        """
        last = session.meter_values[-1] if session.meter_values else None
        register = round(self._first + energy, _DIGITS)
        if last is None:
            return (MeterValue(at, register),)
        now = MeterValue(max(at, last.at), max(register, last.energy))
        looked = self._looked
        if now.energy > last.energy and looked is not None and last.at < looked < at:
            hours = (at - looked) / _HOUR
            if now.energy - last.energy <= _MOST_SUDDEN * hours:
                return (MeterValue(looked, last.energy), now)
        return (now,)


def _with_meter(session: Session, memory: MeterMemory) -> SessionDetails:
    return replace(session.details or SessionDetails(), meter=memory)
