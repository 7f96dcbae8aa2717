"""Drivers with the app of the network who come to the poles and go by themselves, for the demo."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from random import Random
from typing import Any

from .cars import Car
from .clock import Clock
from .plugsurfing_caller import Caller, Driver
from .pole import Pole
from .poles import Poles

_DRIVERS = tuple(
    Driver(identifier=each) for each in ("DE*8PS*G11307*1", "DE*8PS*G24307*2", "DE*8PS*G38307*3")
)


class PoleDrivers:
    """Lets cars arrive and leave, always in the same way for the same seed.

    At the first pole a car waits for the visitor, who is to start it in the app. At the others
    somebody comes every minute or two, as soon as the network knows where to call.
    """

    def __init__(
        self,
        clock: Clock,
        poles: Poles,
        caller: Caller,
        places: Mapping[str, str],
        *,
        seed: int = 1,
    ) -> None:
        """Get ready, without doing anything yet; ``places`` has the connector of each pole."""
        self.is_on = False
        self._clock = clock
        self._poles = poles
        self._caller = caller
        self._places = places
        self._random = Random(seed)
        self._last: Driver | None = None
        self._calls: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Let a car wait at the first pole, and others come."""
        if self.is_on:
            return
        self.is_on = True
        waiting = self._poles.pole(next(iter(self._places)))
        if waiting.car is None:
            waiting.plug(Car(capacity=100, level=10, max_power=10.8))
        self._arrive()

    def stop(self) -> None:
        """Let nobody else arrive; who is there leaves in time."""
        self.is_on = False

    def _after(self, least: float, most: float, event: Callable[[], None]) -> None:
        self._clock.after(self._random.uniform(least, most), event)

    def _arrive(self) -> None:
        if not self.is_on:
            return
        if not self._caller.url:
            self._after(2, 4, self._arrive)
            return
        self._after(60, 120, self._arrive)
        places = [(self._poles.pole(name), place) for name, place in self._places.items()]
        free = [(pole, place) for pole, place in places[1:] if pole.car is None]
        if free:
            pole, place = self._random.choice(free)
            # Somebody who comes straight back looks like a call that was repeated.
            driver = self._random.choice([each for each in _DRIVERS if each != self._last])
            self._last = driver
            pole.plug(Car(level=self._random.uniform(5, 40), max_power=10.8))
            self._after(3, 15, lambda: self._call(self._begin(pole, place, driver)))

    async def _begin(self, pole: Pole, place: str, driver: Driver) -> None:
        (reply,) = await self._caller.start(place, driver)
        if not reply.is_success:
            self._after(5, 20, lambda: self._leave(pole))
        elif self._random.random() < 0.5:
            self._after(60, 240, lambda: self._call(self._end(pole, place, driver)))
        else:
            # Who has enough may as well just pull the plug.
            self._after(60, 240, lambda: self._leave(pole))

    async def _end(self, pole: Pole, place: str, driver: Driver) -> None:
        await self._caller.stop(place, driver)
        self._after(10, 30, lambda: self._leave(pole))

    @staticmethod
    def _leave(pole: Pole) -> None:
        # A visitor may have pulled the plug.
        if pole.car is not None:
            pole.unplug()

    def _call(self, call: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(call)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
