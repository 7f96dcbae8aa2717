"""What charging parks are made of: stations with connectors, and the sessions there."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .cars import Car
from .park_meter import Meter


class Mode(StrEnum):
    """What a connector does with a car."""

    NORMAL = "NORMAL"
    SMART = "SMART"
    PAUSED = "PAUSED"


class Status(StrEnum):
    """How far a session has come; STARTED is connected, but not drawing."""

    STARTED = "STARTED"
    CHARGING = "CHARGING"
    SUSPENDED = "SUSPENDED"
    STOPPED = "STOPPED"


@dataclass(kw_only=True, slots=True)
class Park:
    """A place with stations."""

    service_location_id: int
    name: str
    uuid: str


@dataclass(kw_only=True, slots=True)
class ParkSession:
    """One car's stay at a connector; readings are exact kWh of the connector's register.

    ``mode`` is the last one that was not PAUSED, and ``current`` what the connector offers.
    """

    id: int
    serial: str
    position: int
    rfid: str | None
    started: datetime
    start_reading: float
    status: Status = Status.STARTED
    suspended_by_user: bool = False
    mode: Mode = Mode.NORMAL
    phases: int = 3
    current: float = 32.0
    ended: datetime | None = None
    stop_reading: float | None = None
    csms_transaction_id: str = ""


@dataclass(kw_only=True, slots=True)
class Connector:
    """One socket; currents are ampere per phase, and ``is_shed`` is the network's doing.

    ``limit`` is what the owner has set, in ampere. A car cannot charge with less than
    ``min_current``.
    """

    position: int
    uuid: str
    device_id: int
    meter: Meter
    min_current: float = 6.0
    max_current: float = 32.0
    phases: int = 3
    voltage: float = 230.0
    mode: Mode = Mode.NORMAL
    limit: float | None = None
    is_shed: bool = False
    car: Car | None = None
    session: ParkSession | None = None

    @property
    def current(self) -> float:
        """What it may give."""
        return self.max_current if self.limit is None else self.limit

    @property
    def power(self) -> float:
        """The kW that flow into the car as things are."""
        if self.car is None or not self.car.room or self.is_shed or self.mode is Mode.PAUSED:
            return 0.0
        if self.current < self.min_current:
            return 0.0
        power = min(self.car.max_power, self.phases * self.voltage * self.current / 1000)
        return power / 2 if self.mode is Mode.SMART else power


@dataclass(kw_only=True, slots=True)
class Station:
    """A station with its connectors by position; the serial has 10 digits."""

    serial: str
    name: str
    park: Park
    is_dc: bool = False
    connectors: dict[int, Connector] = field(default_factory=dict)
