"""Drivers who come and go by themselves, for the demo."""

from collections.abc import Callable
from random import Random

from .namespace import Namespace
from .namespace_drivers import NamespaceDrivers
from .park_drivers import ParkDrivers
from .parks import Parks
from .pole_drivers import PoleDrivers
from .world import RUNNING, World


class Autopilot:
    """Lets cars arrive, charge and leave, always in the same way for the same seed.

    The first charge point stays out of it: a car waits there for the visitor to charge.
    """

    def __init__(
        self,
        world: World,
        parks: Parks | None = None,
        namespace: Namespace | None = None,
        guests: PoleDrivers | None = None,
        *,
        seed: int = 1,
    ) -> None:
        """Get ready, without doing anything yet."""
        self.is_on = False
        self._others: list[ParkDrivers | NamespaceDrivers | PoleDrivers] = []
        if parks:
            self._others.append(ParkDrivers(parks, seed=seed))
        if namespace:
            self._others.append(NamespaceDrivers(namespace, seed=seed))
        if guests:
            self._others.append(guests)
        self._world = world
        self._random = Random(seed)
        self._cards = sorted(world.cards)

    def start(self) -> None:
        """Let the first driver charge already, and a car arrive every minute or two.

        Nobody should find a deserted place: an account without a session is polled rarely.
        """
        if self.is_on:
            return
        self.is_on = True
        reserved = next(iter(self._world.charge_points))
        if self._world.charge_point(reserved).car is None:
            self._world.plug(reserved)
        self._arrive(parks_for=0)
        for drivers in self._others:
            drivers.start()

    def stop(self) -> None:
        """Let nobody else arrive; who is there finishes."""
        self.is_on = False
        for drivers in self._others:
            drivers.stop()

    def _after(self, least: float, most: float, event: Callable[[], None]) -> None:
        self._world.clock.after(self._random.uniform(least, most), event)

    def _arrive(self, parks_for: float = 15) -> None:
        if not self.is_on:
            return
        self._after(60, 120, self._arrive)
        points = list(self._world.charge_points.values())[1:]
        free = [each.evse_id for each in points if each.car is None]
        if free:
            evse_id = self._random.choice(free)
            self._world.plug(evse_id)
            self._after(parks_for / 5, parks_for, lambda: self._begin(evse_id))

    def _begin(self, evse_id: str) -> None:
        card = self._random.choice(self._cards)
        # Half of the drivers use an app, half hold a card to the charge point.
        uses_app = self._random.random() < 0.5
        start = self._world.start if uses_app else self._world.start_at_pole
        session_id = start(evse_id, card).session_id
        self._after(60, 240, lambda: self._finish(session_id))

    def _finish(self, session_id: str) -> None:
        session = self._world.session(session_id)
        if session.phase in RUNNING:
            self._world.stop(session_id)
        self._after(10, 30, lambda: self._leave(session.evse_id))

    def _leave(self, evse_id: str) -> None:
        # A visitor may have started a session of their own with this car.
        if self._world.running_at(evse_id):
            self._after(30, 60, lambda: self._leave(evse_id))
        else:
            self._world.unplug(evse_id)
