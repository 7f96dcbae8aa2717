"""A pole: a charger as a thing in somebody's home, which knows of no network."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import floor

from .cars import Car
from .clock import Clock
from .park_meter import Meter


class Part(StrEnum):
    """What a home can ask a pole about; each has a connection of its own that can fail."""

    RELAY = "relay"
    METER = "meter"
    PLUG = "plug"


class OfflineError(Exception):
    """The part of the pole that is asked does not answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Switched:
    """Somebody asked for the relay to be on or off; ``moved`` tells whether it changed."""

    time: datetime
    on: bool
    moved: bool


@dataclass(kw_only=True, slots=True)
class Stay:
    """A car's time at a pole; ``energy`` is the kWh that truly flowed, once it has left."""

    plugged: datetime
    unplugged: datetime | None = None
    energy: float | None = None


class Pole:
    """A relay, a meter and a plug; a car charges while it is plugged in and the relay is on.

    What truly flowed is known for every moment and never changes. What the meter shows of it
    is another matter: it has a resolution, tells news every ``interval`` seconds only, can be
    reset, roll over at ``register_end``, show nonsense for a while, or be offline. A car that
    draws 3.6 kW, or a multiple, adds whole watt-hours in whole seconds.
    """

    def __init__(
        self,
        clock: Clock,
        name: str,
        *,
        register: float = 0.0,
        resolution: float = 0.001,
        register_end: float | None = None,
        interval: float = 0.0,
        max_power: float = 22.0,
    ) -> None:
        """Stand there with the relay off and nothing plugged in; energies are kWh."""
        self.name = name
        self.resolution = resolution
        self.register_end = register_end
        self.interval = interval
        self.max_power = max_power
        self.car: Car | None = None
        self.stuck = False
        self.stays: list[Stay] = []
        self.switched: list[Switched] = []
        self._clock = clock
        self._since = clock.now()
        self._is_on = False
        self._meter = Meter(clock.now(), 0.0)
        # What the meter showed when that much had truly flowed.
        self._mark = (0.0, register)
        self._slip: float | None = None
        self._offline: set[Part] = set()
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every change of the relay or the plug."""
        self._listeners.append(listener)

    @property
    def is_on(self) -> bool:
        """The relay as it truly is."""
        return self._is_on

    @property
    def power(self) -> float:
        """The kW that flow as things are."""
        if self.car is None or not self._is_on or not self._room():
            return 0.0
        return min(self.car.max_power, self.max_power)

    @property
    def energy(self) -> float:
        """The kWh that have truly flowed since the pole stands there."""
        return self._meter.reading(self._clock.now())

    @property
    def offline(self) -> frozenset[Part]:
        """The parts that do not answer."""
        return frozenset(self._offline)

    def flowed(self, start: datetime, end: datetime) -> float:
        """Return the kWh that truly flowed between two moments."""
        return self._meter.reading(end) - self._meter.reading(start)

    def by_minute(self, start: datetime, end: datetime) -> list[float]:
        """Return the kWh that truly flowed in each minute between two moments."""
        minutes = []
        while start < end:
            following = min(start + timedelta(minutes=1), end)
            minutes.append(self.flowed(start, following))
            start = following
        return minutes

    def plug(self, car: Car | None = None) -> Stay:
        """Let a car plug in."""
        if self.car is not None:
            raise ValueError(f"A car is at {self.name} already")
        self.car = car or Car()
        stay = Stay(plugged=self._clock.now())
        self.stays.append(stay)
        self._change()
        return stay

    def unplug(self) -> Stay:
        """Let the car leave, with what it has got; the relay stays as it is."""
        if self.car is None:
            raise ValueError(f"No car is at {self.name}")
        self._settle()
        stay = self.stays[-1]
        stay.unplugged = self._clock.now()
        stay.energy = self.flowed(stay.plugged, stay.unplugged)
        self.car = None
        self._change()
        return stay

    def full(self) -> None:
        """Let the car have enough, whatever still fits into it."""
        if self.car is None:
            raise ValueError(f"No car is at {self.name}")
        self._settle()
        self.car.level = self.car.capacity
        self._change()

    def set_car_power(self, max_power: float) -> None:
        """Let the car take that many kW at most from now on."""
        if self.car is None:
            raise ValueError(f"No car is at {self.name}")
        self._settle()
        self.car.max_power = max_power
        self._change()

    def turn(self, *, on: bool) -> None:
        """Switch the relay at the pole itself; a stuck one stays as it is."""
        moved = self._is_on != on and not self.stuck
        self.switched.append(Switched(time=self._clock.now(), on=on, moved=moved))
        if moved:
            self._settle()
            self._is_on = on
            self._change()

    def stick(self, *, stuck: bool = True) -> None:
        """Let the relay obey nobody, or obey again."""
        self.stuck = stuck

    def reset_meter(self, to: float = 0.0) -> None:
        """Let the meter count on from another figure, as after a restart or when replaced."""
        self._mark = (self.energy, to)

    def slip_meter(self, shown: float | None) -> None:
        """Let the meter show a figure that is not true, or (``None``) what it counted again."""
        self._slip = shown

    def set_offline(self, *parts: str) -> None:
        """Let only these parts not answer; without parts all answer. Current flows all the same."""
        self._offline = {Part(each) for each in parts}

    def shown(self, when: datetime | None = None) -> float:
        """Return the kWh that the meter shows, or would have shown if nobody had touched it."""
        if self._slip is not None:
            return self._slip
        when = when or self._clock.now()
        if self.interval:
            passed = (when - self._since).total_seconds()
            when = self._since + timedelta(seconds=passed // self.interval * self.interval)
        since, register = self._mark
        reading = register + max(self._meter.reading(when) - since, 0.0)
        # Without the trifle ten steps of 0.1 could show 0.9, because of how floats add up.
        reading = floor(reading / self.resolution + 1e-6) * self.resolution
        if self.register_end is not None:
            reading %= self.register_end
        return round(reading, 6)

    def ask(self, part: Part) -> None:
        """Raise ``OfflineError`` unless a part of the pole answers."""
        if part in self._offline:
            raise OfflineError(f"{self.name} {part}")

    def _room(self) -> float:
        # What has flowed since the last change is in the car already, and not in its level.
        if self.car is None:
            return 0.0
        room = self.car.room - self._meter.since_change(self._clock.now())
        return room if room > 1e-9 else 0.0

    def _settle(self) -> None:
        """Put what has flowed into the car, and let nothing flow."""
        now = self._clock.now()
        if self.car is not None:
            self.car.level += self._meter.since_change(now)
        self._meter.draw(now, 0.0, 0.0)

    def _change(self) -> None:
        """Let flow what flows as things are now."""
        self._meter.draw(self._clock.now(), self.power, self.car.room if self.car else 0.0)
        for listener in self._listeners:
            listener()
