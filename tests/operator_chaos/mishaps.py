"""Everything that goes wrong at a guest house but its own death."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from tests.simulator.pole import Part, Pole

from .drivers import Drivers
from .town import REGISTER_END, STEP, Town

# Home Assistant writes down what a meter shows every half minute while somebody charges.
_WRITTEN_DOWN = 45.0


class Mishaps:
    """Troubles of the network, the poles and their meters, one after the other, for ever."""

    def __init__(self, town: Town, drivers: Drivers) -> None:
        """Plan nothing: chance decides."""
        self._town = town
        self._drivers = drivers
        self._chance = Random(f"mishaps {town.chance.random()}")
        self.happened: dict[str, int] = {}

    async def run(self) -> None:
        """Go on until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._repeat(10, 45, self._trouble_the_network))
            group.create_task(self._repeat(600, 1500, self._cut_the_network_off))
            group.create_task(self._repeat(15, 60, self._trouble_a_pole))
            group.create_task(self._repeat(40, 120, self._send_cards))
            group.create_task(self._repeat(100, 300, self._kill_a_post))

    async def _repeat(self, least: int, most: int, act: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._town.sleep(self._chance.randrange(least, most))
            await act()

    def _note(self, what: str, pole: Pole | None = None) -> None:
        self._town.note(what, pole.name if pole else "")
        self.happened[what] = self.happened.get(what, 0) + 1

    async def _trouble_the_network(self) -> None:
        chance = self._chance
        kind = chance.choice(
            (
                *("http_429", "http_429", "http_500", "http_502", "http_503"),
                *("failed_status", "code_100", "code_102", "code_400"),
                *("reset", "drop_answer", "drop_answer"),
                *("html", "broken_json", "empty_body"),
                *("stall", "stall_answer"),
            )
        )
        self._note(kind)
        self._town.simulator.faults.on(
            kind,
            scope=chance.choice(("session-post", "session-post", "plugsurfing")),
            count=chance.randrange(1, 4),
            seconds=120,
            delay=chance.choice((3, 12, 50)) if kind.startswith("stall") else None,
            retry_after=chance.choice((None, 1, 20, 120)) if kind.startswith("http") else None,
            retry_after_date=chance.random() < 0.3,
        )

    async def _cut_the_network_off(self) -> None:
        kind = self._chance.choice(("http_503", "reset", "http_500"))
        self._note("outage")
        seconds = self._chance.randrange(120, 900)
        self._town.simulator.faults.on(kind, scope="plugsurfing", seconds=seconds)

    async def _kill_a_post(self) -> None:
        """Let the home die after it has sent a post, and before the network has read it."""
        faults = self._town.simulator.faults
        fault = faults.on("stall", scope="session-post", count=1)
        for _ in range(20):
            await self._town.sleep(STEP)
            if fault.hits:
                self._note("killed while posting")
                self._town.strike()
                break
        await self._town.sleep(STEP)
        faults.off(fault.kind)

    async def _trouble_a_pole(self) -> None:
        chance = self._chance
        pole = chance.choice(list(self._town.simulator.poles.poles.values()))
        match chance.choice(
            ("switch", "gateway", "part", "part", "meter", "meter", "reset", "slip")
        ):
            case "switch":
                kind = chance.choice(("http_503", "reset", "drop_answer", "stall"))
                self._note(f"switch {kind}", pole)
                delay = chance.choice((2, 8, 15)) if kind == "stall" else None
                self._town.simulator.faults.on(
                    kind, scope=f"switch /pole/{pole.name}/", count=1, seconds=300, delay=delay
                )
            case "gateway" if len(self._town.used) == len(self._town.evse_ids):
                self._note("gateway")
                self._town.simulator.faults.on("http_503", scope="gateway", count=1)
            case "part":
                self._go_offline(pole, *chance.sample(list(Part), chance.randrange(1, 4)))
            case "meter":
                self._go_offline(pole, Part.METER)
            case "reset":
                self._town.when_read.append(lambda: self._reset(pole))
            case "slip":
                self._slip(pole)

    def _may_trouble(self, pole: Pole) -> bool:
        return pole.name in self._town.used - self._town.troubled

    def _go_offline(self, pole: Pole, *parts: Part) -> None:
        if self._may_trouble(pole):
            self._note("offline", pole)
            pole.set_offline(*parts)
            self._town.trouble(pole.name, self._chance.randrange(10, 90), pole.set_offline)

    def _slip(self, pole: Pole) -> None:
        """Let a meter show nonsense for a moment.

        Nobody could tell a zero from a register that has been reset again, or where one stands
        that rolls over meanwhile.
        """
        if self._may_trouble(pole) and not _is_near_end(pole):
            self._note("slip", pole)
            pole.slip_meter(0.0 if pole.shown() > 10 else 9 * REGISTER_END)
            self._town.trouble(
                pole.name, self._chance.randrange(5, 20), lambda: pole.slip_meter(None)
            )

    def _reset(self, pole: Pole) -> None:
        """Let a meter that has just been read begin from zero.

        What it has shown nobody must be lost with it, and what it has shown must have been
        written down: nobody could know the truth after that. And nobody could tell a reset
        near the end of a register from a roll-over.
        """
        if self._may_trouble(pole) and pole.shown() > 1.0 and not _is_near_end(pole):
            self._note("reset with current" if pole.power else "reset", pole)
            pole.reset_meter()
            self._town.spare(_WRITTEN_DOWN)

    async def _send_cards(self) -> None:
        """Send the list of cards, and sometimes twice at once."""
        times = self._chance.choice((1, 1, 2))
        caller = self._town.simulator.caller
        fields = {"rfids": self._drivers.listed, "partner-identifier": caller.partner}
        await caller.call("rfid-post", fields, times=times)
        self._town.signs += 1


def _is_near_end(pole: Pole) -> bool:
    return pole.shown() > REGISTER_END - 10
