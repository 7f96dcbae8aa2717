"""Drivers who come to the charging parks and go by themselves, for the demo."""

from collections.abc import Callable
from random import Random

from .cars import Car
from .defaults import RFIDS
from .park_model import Connector, ParkSession, Station
from .parks import Parks


class ParkDrivers:
    """Lets cars arrive and leave, always in the same way for the same seed.

    The car at the first connector stays: there the visitor can see what the modes do.
    """

    def __init__(self, parks: Parks, *, seed: int = 1) -> None:
        """Get ready, without doing anything yet."""
        self.is_on = False
        self._parks = parks
        self._random = Random(seed)

    def start(self) -> None:
        """Let a car charge at the first connector, and another arrive every minute or two."""
        if self.is_on:
            return
        self.is_on = True
        for station, connector in self._places()[:1]:
            if connector.session is None:
                car = Car(capacity=100, level=10)
                self._parks.plug(station.serial, connector.position, car, RFIDS[0])
        self._arrive()

    def stop(self) -> None:
        """Let nobody else arrive; who is there leaves in time."""
        self.is_on = False

    def _places(self) -> list[tuple[Station, Connector]]:
        return [
            (station, connector)
            for station in self._parks.stations.values()
            for connector in station.connectors.values()
        ]

    def _after(self, least: float, most: float, event: Callable[[], None]) -> None:
        self._parks.clock.after(self._random.uniform(least, most), event)

    def _arrive(self) -> None:
        if not self.is_on:
            return
        self._after(60, 120, self._arrive)
        free = [each for each in self._places()[1:] if each[1].session is None]
        if free:
            station, connector = self._random.choice(free)
            level = self._random.uniform(5, 59.8)
            rfid = self._random.choice([*RFIDS, None])
            session = self._parks.plug(
                station.serial, connector.position, Car(level=level, max_power=22), rfid
            )
            self._after(120, 480, lambda: self._leave(session))

    def _leave(self, session: ParkSession) -> None:
        # A test may have pulled the plug, or taken the station away.
        if session.ended is None:
            self._parks.unplug(session.serial, session.position)
