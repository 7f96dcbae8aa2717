"""What a namespace is made of: chargers with connectors, drivers, and the sessions there."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from .cars import Car
from .namespace_prices import Pricer, Tariff
from .park_meter import Meter

type Sample = tuple[datetime, int]


class RefusedCommandError(ValueError):
    """The namespace, or a charger, does not do what it was asked to."""


class Status(StrEnum):
    """How a connector is, in the words of OCPP 1.6."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EVSE = "SuspendedEVSE"
    SUSPENDED_EV = "SuspendedEV"
    FINISHING = "Finishing"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


class StopReason(StrEnum):
    """Why a session has ended, in the words of OCPP 1.6."""

    DE_AUTHORIZED = "DeAuthorized"
    EMERGENCY_STOP = "EmergencyStop"
    EV_DISCONNECTED = "EVDisconnected"
    HARD_RESET = "HardReset"
    LOCAL = "Local"
    OTHER = "Other"
    POWER_LOSS = "PowerLoss"
    REBOOT = "Reboot"
    REMOTE = "Remote"
    SOFT_RESET = "SoftReset"
    UNLOCK_COMMAND = "UnlockCommand"


class IntentType(StrEnum):
    """How somebody has shown that they want to charge."""

    IN_APP = "InApp"
    PERSONAL_KEYCARD = "PersonalKeycard"
    PLUG_N_CHARGE = "PlugNCharge"
    IN_CONSOLE = "InConsole"
    GENERIC_KEYCARD = "GenericKeycard"
    INFOSTAR_KEYCARD = "InfostarKeycard"
    INFOSTAR_ROOM = "InfostarRoom"
    AUTO_CHARGE = "AutoCharge"
    UNKNOWN = "Unknown"


REMOTE_INTENTS = frozenset({IntentType.IN_APP, IntentType.IN_CONSOLE, IntentType.INFOSTAR_ROOM})


@dataclass(frozen=True, kw_only=True, slots=True)
class Driver:
    """Somebody whom the namespace knows."""

    name: str
    user_id: str
    id_tag: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """The wish that a session comes from; ``details`` are the hotel's, for example."""

    id: str
    type: IntentType
    id_tag: str
    created: datetime
    user_id: str | None = None
    details: dict[str, Any] | None = None
    notify_after: dict[str, Any] | None = None

    @property
    def start_type(self) -> str:
        """Where the wish was told."""
        return "Remote" if self.type in REMOTE_INTENTS else "Local"


@dataclass(kw_only=True, slots=True)
class NamespaceSession:
    """One transaction; a sample is a moment and the connector's register there, in Wh.

    The first sample is that of the start, and that of the stop is the last one.
    ``bill_error`` is added to the price, and ``fixed_price`` stands for what the tariff
    would say.
    """

    number: int
    id: str
    intent: Intent
    charger_id: str
    connector_id: int
    location_id: str | None
    tariff: Tariff | None
    time_zone: str
    volts: int
    phases: int
    samples: list[Sample]
    ticked: datetime
    stopped: datetime | None = None
    stop_reason: StopReason | None = None
    note: str | None = None
    bill_error: Decimal = Decimal(0)
    fixed_price: Decimal | None = None
    changed: datetime | None = None
    pricer: Pricer | None = field(default=None, repr=False)
    priced: int = 0

    @property
    def started(self) -> datetime:
        """When it began."""
        return self.samples[0][0]

    @property
    def metered(self) -> datetime:
        """When its meter was read for the last time."""
        return self.samples[-1][0]

    @property
    def updated(self) -> datetime:
        """When the namespace has heard of it for the last time."""
        return self.changed or self.stopped or self.metered

    @property
    def energy(self) -> int:
        """The Wh between its first sample and its last."""
        return self.samples[-1][1] - self.samples[0][1]

    @property
    def status(self) -> str:
        """What the namespace calls it."""
        return "Stopped" if self.stopped else "Started"


@dataclass(kw_only=True, slots=True)
class Pending:
    """A start from afar that waits for the charger, or for a car."""

    number: int
    intent: Intent
    ready: bool = False


@dataclass(kw_only=True, slots=True)
class NamespaceConnector:
    """One socket; ``type`` is the legacy name, powers are kW, currents A, volts per phase.

    ``outage`` is what keeps it from working: Faulted, Unavailable or Reserved.
    """

    id: int
    meter: Meter
    status_since: datetime
    type: str = "Mennekes_Type2"
    max_power: float = 22.0
    max_current: int = 32
    volts: int = 230
    phases: int = 3
    tariff: Tariff | None = None
    outage: Status | None = None
    is_paused: bool = False
    is_finished: bool = False
    car: Car | None = None
    pending: Pending | None = None
    session: NamespaceSession | None = None
    shown: Status = Status.AVAILABLE

    @property
    def power(self) -> float:
        """The kW that flow into the car as things are."""
        if not self.session or not self.car or not self.car.room:
            return 0.0
        if self.is_paused or self.outage:
            return 0.0
        return min(self.car.max_power, self.max_power)

    @property
    def status(self) -> Status:
        """What the charger says of it."""
        if self.outage:
            return self.outage
        if self.session:
            if self.power:
                return Status.CHARGING
            return Status.SUSPENDED_EVSE if self.is_paused else Status.SUSPENDED_EV
        if self.car and self.is_finished:
            return Status.FINISHING
        return Status.PREPARING if self.car or self.pending else Status.AVAILABLE


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """What the namespace last heard of a charger that is offline."""

    since: datetime
    connectors: dict[int, tuple[Status, datetime]]
    sessions: dict[int, NamespaceSession]


@dataclass(kw_only=True, slots=True)
class Charger:
    """A charger with its connectors by number."""

    id: str
    name: str
    location_id: str
    created: datetime
    vendor: str = "Simulated"
    model: str = "AC Duo 22"
    firmware: str = "1.4.2"
    is_public: bool = True
    is_initialized: bool = True
    ip_address: str | None = None
    connection_url: str | None = None
    password: str | None = None
    time_zone: str = "Europe/Bratislava"
    error: str | None = None
    online_since: datetime | None = None
    memory: Memory | None = None
    connectors: dict[int, NamespaceConnector] = field(default_factory=dict)
