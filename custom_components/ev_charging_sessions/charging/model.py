"""What every backend speaks of, in the field's own terms.

All values above a backend have fixed units: energy is kWh, power is kW, durations are
seconds, times are aware UTC datetimes, money is a ``Decimal`` with an ISO 4217 code.
``None`` always means "not known"; it is never replaced by a zero.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from .discreet import Discreet
from .tariff_model import Tariff


class SessionStatus(StrEnum):
    """How far a session has come.

    The order of the members is the order of a session's life. It decides between two
    answers of a backend that carry the same time stamp.
    """

    STARTING = "starting"
    CONNECTED = "connected"
    SUSPENDED = "suspended"
    CHARGING = "charging"
    STOPPING = "stopping"
    STOP_FAILED = "stop_failed"
    FINISHED = "finished"
    FAILED = "failed"

    @property
    def is_ended(self) -> bool:
        """Tell whether no further energy can flow in this session."""
        return self in {SessionStatus.FINISHED, SessionStatus.FAILED}

    @property
    def is_running(self) -> bool:
        """Tell whether the car is connected and the session was accepted."""
        return not self.is_ended and self is not SessionStatus.STARTING


class Source(StrEnum):
    """Where a figure comes from, best first."""

    METERED = "metered"
    REPORTED = "reported"
    COMPUTED = "computed"
    ESTIMATED = "estimated"


class Account(Struct, frozen=True, kw_only=True):
    """One set of credentials at one backend.

    ``account_id`` is opaque: it is derived from the credentials and never shows them.
    """

    backend: str
    account_id: str


class ChargeCard(Discreet, frozen=True, kw_only=True):
    """A card or contract that pays for sessions, under the name its owner gave it.

    The identifier (EMA-ID, RFID) is personal, so it stays out of ``repr``.
    """

    hidden = frozenset({"identifier"})

    identifier: str
    alias: str


class Cost(Struct, frozen=True, kw_only=True):
    """What a session costs: an amount in a currency (ISO 4217) and who says so."""

    amount: Decimal
    currency: str
    source: Source


class CardType(StrEnum):
    """What kind of identifier a card is known by."""

    EVCO_ID = "evco_id"
    RFID = "rfid"
    USERNAME = "username"
    TOKEN = "token"  # noqa: S105 - the name of a kind, no secret


class MeterValue(Struct, frozen=True, gc=False):
    """What the meter of a charge point stood at, in kWh since it was made."""

    at: datetime
    energy: float


class MeterMemory(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far the reading of a meter has been counted, in kWh, so that counting can go on.

    ``fallen`` is where the meter stood before its reading last fell, and ``fallen_counted``
    what had been counted by then: a reading that comes back shows that it was a slip. So are
    ``risen`` and ``risen_counted`` for a rise that was counted, but may be a spike.
    """

    at: datetime
    reading: float
    counted: float
    fallen: MeterValue | None = None
    fallen_counted: float = 0.0
    risen: MeterValue | None = None
    risen_counted: float = 0.0


class Intent(Discreet, frozen=True, kw_only=True, omit_defaults=True):
    """How a session came to be wanted, as an operator's backend tells it.

    ``kind`` is by what (``in_app``, ``generic_keycard``), ``start_kind`` from where
    (``remote``, ``local``). ``details`` is JSON that only the vendor understands. The
    driver is told after so many kWh, seconds or so much money (``notify_after_…``).
    """

    hidden = frozenset({"user_id", "details"})

    kind: str
    start_kind: str
    intent_id: str | None = None
    user_id: str | None = None
    details: str | None = None
    notify_after_energy: float | None = None
    notify_after_duration: float | None = None
    notify_after_price: Decimal | None = None
    created: datetime | None = None
    updated: datetime | None = None


class SessionDetails(Discreet, frozen=True, kw_only=True, omit_defaults=True):
    """What an operator's backend tells of a session that drivers are not told.

    ``transaction_id`` is the charge point's own number of the session (OCPP).
    ``time_zone`` is an IANA name. ``charging_started`` and ``charging_ended`` are when
    energy first and last flowed. ``payment_reference`` names the order to start it. ``meter``
    is how far the meter of a session that we measure ourselves has been counted.
    """

    hidden = frozenset({"user_id", "note", "payment_reference"})

    transaction_id: str | None = None
    location_id: str | None = None
    user_id: str | None = None
    note: str | None = None
    intent: Intent | None = None
    time_zone: str | None = None
    application_id: str | None = None
    namespace_id: str | None = None
    created: datetime | None = None
    card_type: CardType | None = None
    charging_started: datetime | None = None
    charging_ended: datetime | None = None
    payment_reference: str | None = None
    meter: MeterMemory | None = None


# Thousands of sessions live at once, and none can be part of a cycle of references.
class Session(Discreet, frozen=True, kw_only=True, gc=False):
    """One charge, from plugging in to the end, as far as a backend has told it.

    A session is identified by its account and ``session_id``. ``updated`` is the time
    stamp the backend itself gave to this answer; it puts answers in order, and an answer
    without one counts as older than any answer that has one.

    ``tariff`` is the one that was agreed for this session. ``meter_values`` are those of the
    newest answer, oldest first; the ledger keeps those of all answers.
    """

    hidden = frozenset({"card_id"})

    account: Account
    session_id: str
    charge_point_id: str | None = None
    card_id: str | None = None
    status: SessionStatus | None = None
    started: datetime | None = None
    ended: datetime | None = None
    energy: float | None = None
    energy_source: Source | None = None
    cost: Cost | None = None
    stop_reason: str | None = None
    error_code: str | None = None
    tariff: Tariff | None = None
    meter_values: tuple[MeterValue, ...] = ()
    details: SessionDetails | None = None
    updated: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether the session still has to be watched.

        A status that is not known says nothing about an end, so it counts as open.
        """
        return self.status is None or not self.status.is_ended

    @property
    def reason(self) -> str | None:
        """Return why the session ended, or what failed.

        The code of a stop that was refused earlier does not explain a good end.
        """
        has_failed = self.status in {SessionStatus.FAILED, SessionStatus.STOP_FAILED}
        return (self.error_code if has_failed else None) or self.stop_reason

    def duration(self, now: datetime) -> float | None:
        """Return the seconds from the start to the end, or to ``now`` while it is open."""
        until = now if self.is_open else self.ended
        if self.started is None or until is None:
            return None
        return max((until - self.started).total_seconds(), 0.0)


class ChargePointStatus(StrEnum):
    """What a charge point says of itself, apart from any session of ours."""

    AVAILABLE = "available"
    OCCUPIED = "occupied"
    RESERVED = "reserved"
    FAULTED = "faulted"
    OFFLINE = "offline"


class OcppStatus(StrEnum):
    """The status of a connector in the words of OCPP 1.6."""

    AVAILABLE = "available"
    PREPARING = "preparing"
    CHARGING = "charging"
    SUSPENDED_EVSE = "suspended_evse"
    SUSPENDED_EV = "suspended_ev"
    FINISHING = "finishing"
    RESERVED = "reserved"
    UNAVAILABLE = "unavailable"
    FAULTED = "faulted"


class EnergyUnit(StrEnum):
    """The unit of the energies of a network that does not say which one it is."""

    WH = "Wh"
    KWH = "kWh"


class Station(Struct, frozen=True, kw_only=True):
    """The device that one or more charge points are part of."""

    station_id: str
    name: str | None = None
    vendor: str | None = None
    model: str | None = None
    firmware: str | None = None


class ChargingMode(StrEnum):
    """What a connector does with a car that is plugged in."""

    NORMAL = "normal"
    SMART = "smart"
    PAUSED = "paused"


class LimitUnit(StrEnum):
    """What the limit of a connector counts."""

    AMPERE = "ampere"
    PERCENT = "percent"


class Limit(Struct, frozen=True, kw_only=True):
    """How much a connector may give: ampere per phase, or percent of what it can."""

    value: float
    unit: LimitUnit = LimitUnit.AMPERE


class ModeSetting(Struct, frozen=True, kw_only=True):
    """The mode of a connector, and its limit; only the normal mode knows one."""

    mode: ChargingMode
    limit: Limit | None = None


class ChargePoint(Struct, frozen=True, kw_only=True):
    """One place where one car can charge: an EVSE, or one connector of a station.

    ``name`` is what its owner calls it. ``max_power`` is in kW, ``min_current`` and
    ``max_current`` are in ampere per phase. ``modes`` are those that can be set, none where
    the network lets no mode be set; ``mode`` is the one in force as far as the network has
    told. ``ocpp_status`` is what an operator's backend passes on. ``updated`` is when the
    status was last known to be true.
    """

    charge_point_id: str
    name: str | None = None
    status: ChargePointStatus | None = None
    operator: str | None = None
    connector_type: str | None = None
    max_power: float | None = None
    min_current: float | None = None
    max_current: float | None = None
    modes: tuple[ChargingMode, ...] = ()
    mode: ChargingMode | None = None
    tariffs: tuple[Tariff, ...] = ()
    station: Station | None = None
    ocpp_status: OcppStatus | None = None
    updated: datetime | None = None


class CommandKind(StrEnum):
    """What a command asks for; to adjust is to charge on, in another mode or slower."""

    START = "start"
    STOP = "stop"
    ADJUST = "adjust"


class CommandState(StrEnum):
    """What became of a command."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    SUPERSEDED = "superseded"


class Command(Discreet, frozen=True, kw_only=True):
    """A start or stop that was asked for, and what became of it.

    It is written to the ledger before anything is sent, so a crash in between can never
    lead to sending it twice. ``session_id`` of a start is known once the backend has
    answered. ``setting`` is what starts or stops where a network knows modes instead of
    sessions to start. ``reason`` is the backend's code for a refusal.
    """

    hidden = frozenset({"card_id"})

    command_id: str
    account: Account
    kind: CommandKind
    charge_point_id: str
    created: datetime
    deadline: datetime
    card_id: str | None = None
    session_id: str | None = None
    setting: ModeSetting | None = None
    state: CommandState = CommandState.PENDING
    reason: str | None = None
    resolved: datetime | None = None
