"""Cars: what a charge point charges."""

from dataclasses import dataclass


@dataclass(kw_only=True, slots=True)
class Car:
    """A car with a battery; energies are kWh, powers kW."""

    name: str = "Car"
    capacity: float = 60.0
    level: float = 15.0
    max_power: float = 11.0

    @property
    def room(self) -> float:
        """What still fits into the battery; less than floats can tell apart is nothing."""
        room = self.capacity - self.level
        return room if room > 1e-9 else 0.0

    def energy_after(self, seconds: float, power: float) -> float:
        """Return what flows in that time at a charge point of ``power``, until full."""
        return min(min(power, self.max_power) * seconds / 3600, self.room)
