"""The town with the guest house: one clock for the network, the poles and the home."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from tests.simulator import Simulator
from tests.simulator.defaults import PLUGSURFING_PARTNER

from .furniture import furnish
from .gateway import Gateway
from .lives import Lives

# More than it takes from any sign of life to the next: a new connection, a request, an answer.
_TURNS = 20
_ROUNDS = 2
STEP = 5.0
# Registers that roll over while somebody charges are among them.
REGISTER_END = 100_000.0


class Town:
    """The simulated world, and the home in it that lives and dies.

    Time stands still but for ``step``, which returns when everything that is due has been
    done, here and in the home.
    """

    def __init__(self, simulator: Simulator, folder: Path, chance: Random, poles: int) -> None:
        """Put up the poles and furnish the home; nobody lives there yet."""
        self.simulator = simulator
        self.folder = folder
        self.chance = chance
        self.gateway = Gateway(simulator.poles)
        simulator.backends = {self.gateway.name: self.gateway, **simulator.backends}
        simulator.poles.poles.clear()
        self.evse_ids = {f"pole{number}": f"DE*8PS*ECHAOS*{number}" for number in range(poles)}
        for number, (name, evse_id) in enumerate(self.evse_ids.items()):
            register = chance.randrange(500_000, 90_000_000) / 1000
            if number % 4 == 0:
                register = REGISTER_END - chance.randrange(100, 2000) / 1000
            simulator.poles.add(name, register=register, register_end=REGISTER_END)
            simulator.books.connectors[evse_id] = PLUGSURFING_PARTNER
        self.lives = Lives(folder)
        self.signs = 0
        self.kills = 0
        self._begins: datetime | None = None
        self._born = simulator.clock.now()
        self._spared_until = simulator.clock.now()
        self.may_kill = True
        self.diary: list[tuple[datetime, str, str]] = []
        self._read: datetime | None = None
        self._cleared = dict.fromkeys(self.evse_ids, simulator.clock.now())
        self.troubled: set[str] = set()
        # Where nobody has charged yet, nothing is written down of a meter that falls silent.
        self.used: set[str] = set()
        self.when_read: list[Callable[[], None]] = []

    def furnish(self) -> None:
        """Furnish the home, once the simulator can be reached."""
        self.simulator.caller.url = furnish(self.folder, self.simulator.url, self.evse_ids)

    @property
    def now(self) -> datetime:
        """The time everywhere."""
        return self.simulator.clock.now()

    async def sleep(self, seconds: float) -> None:
        """Let so much time pass."""
        await self.simulator.clock.sleep(seconds)
        self.signs += 1

    def is_calm(self, seconds: float) -> bool:
        """Tell whether the home has lived for some time."""
        lived = self.now - self._born
        return self.lives.is_alive and lived >= timedelta(seconds=seconds)

    def note(self, what: str, where: str = "") -> None:
        """Write down what has happened, at a pole or to the home, for whoever wonders later."""
        self.diary.append((self.now, where, what))

    def trouble(self, name: str, seconds: float, end: Callable[[], None]) -> None:
        """Let nobody come to a pole for some time, and until the home has read it after the end."""

        def clear() -> None:
            end()
            self.note("in order", name)
            self.troubled.discard(name)
            self.clear(name)

        self.troubled.add(name)
        self.simulator.clock.after(seconds, clear)

    def clear(self, name: str) -> None:
        """Take note that something has changed at a pole that the home has to see."""
        self._cleared[name] = self.now

    def is_clear(self, name: str) -> bool:
        """Tell whether the home has seen how a pole is, and nothing is in its way."""
        has_read = self._read is not None and self._read > self._cleared[name]
        return self.is_calm(35) and has_read and name not in self.troubled

    def spare(self, seconds: float) -> None:
        """Let nobody die for some time."""
        self._spared_until = max(self._spared_until, self.now + timedelta(seconds=seconds))

    def strike(self, within: float = 0.0) -> None:
        """Kill the home now, or at some moment within some real seconds."""
        if within:
            delay = self.chance.uniform(0, within)
            asyncio.get_running_loop().call_later(delay, self.strike)
        elif self.may_kill and self.lives.is_alive and self.now >= self._spared_until:
            self.lives.strike()

    async def step(self, seconds: float = STEP) -> None:
        """Let time pass, and wait until everybody has done what was due."""
        if not self.lives.is_alive and (self._begins is None or self.now >= self._begins):
            self._born = self.now
            self.note("begins to live")
            await self.lives.begin(self.now)
        reads = self.gateway.reads
        self.simulator.clock.advance(seconds)
        await self._settle()
        if self.gateway.reads > reads and self.lives.is_alive:
            self._read = self.now
            due, self.when_read = self.when_read, []
            for act in due:
                act()

    async def _settle(self) -> None:
        quiet = 0
        while quiet < _ROUNDS:
            before = self._signs()
            if self.lives.is_alive and not await self.lives.still(self.now):
                self.kills += 1
                self.note("killed")
                down = self.chance.choice((0, 0, 10, 30, 60, 120))
                self._begins = self.now + timedelta(seconds=down)
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            quiet = quiet + 1 if before == self._signs() else 0

    def _signs(self) -> object:
        return len(self.simulator.log.entries), self.signs, self.lives.is_alive
