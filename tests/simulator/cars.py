"""Cars: what a charge point charges."""

from dataclasses import dataclass


@dataclass(kw_only=True, slots=True)
class Car:
    """A car with a battery; energies are kWh, powers kW."""

    name: str = "Car"
    capacity: float = 60.0
    level: float = 15.0
    max_power: float = 11.0

    def energy_after(self, seconds: float, power: float) -> float:
        """Return what flows in that time at a charge point of ``power``, until full."""
        room = max(self.capacity - self.level, 0.0)
        return min(min(power, self.max_power) * seconds / 3600, room)
