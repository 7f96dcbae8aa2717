"""Drivers who charge at the guest house, whatever happens there meanwhile."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from random import Random

from tests.simulator.backend import Json
from tests.simulator.cars import Car
from tests.simulator.plugsurfing_books import Card
from tests.simulator.plugsurfing_caller import Driver, Reply
from tests.simulator.pole import Pole

from .town import STEP, Town

# A car that draws a multiple of this adds whole watt-hours in whole seconds.
_POWER = 3.6
# So often a driver tries while the home is there to answer.
_CALLS = 20
_NO_SESSION = 182
# So long the network waits before it takes a start for another one.
_REPEATED = 75.0


class Moment(StrEnum):
    """When the home dies during a stay; ``NEVER`` leaves it to the others."""

    NEVER = "never"
    START_CALLED = "start called"
    SWITCHED_ON = "switched on"
    NOTICE_BOOKED = "notice booked"
    NOTICE_ANSWERED = "notice answered"
    CHARGING = "charging"
    STOP_CALLED = "stop called"
    SWITCHED_OFF = "switched off"
    UNPLUGGED = "unplugged"
    FINAL_BOOKED = "final booked"
    FINAL_ANSWERED = "final answered"


FATES = tuple(each for each in Moment if each is not Moment.NEVER)


@dataclass(kw_only=True)
class Stay:
    """What truly happened when a driver came: the only truth that the books are held to.

    ``told`` are the ids of sessions in the answers to each start, as the network got them.
    """

    number: int
    pole: str
    connector_id: str
    driver: Driver
    fate: Moment
    arrived: datetime
    left: datetime | None = None
    energy: float = 0.0
    told: list[set[str]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


class Drivers:
    """Lets one driver after the other come to each pole, until all have been there."""

    def __init__(self, town: Town, stays: int, fates: int) -> None:
        """Plan so many stays; in some of them the home dies at a certain moment."""
        self._town = town
        self._left = stays
        self._number = 0
        every = max(stays // fates, 1) if fates else stays + 1
        self._fates = {
            number: FATES[number // every % len(FATES)] for number in range(every - 1, stays, every)
        }
        self._at: dict[str, Stay] = {}
        self.stays: list[Stay] = []
        self._kinds = [
            town.chance.choice(("app", "app", "listed", "verified")) for _ in range(stays)
        ]
        town.simulator.books.listen(
            lambda booking: self._booked(booking.connector_id, booking.is_final)
        )
        for pole in town.simulator.poles.poles.values():
            pole.listen(partial(self._moved, pole))

    @property
    def listed(self) -> list[str]:
        """Return the cards of all drivers who come with one that the network sends in advance."""
        return [_rfid(number) for number, kind in enumerate(self._kinds) if kind == "listed"]

    async def run(self) -> None:
        """Return when the last driver has left."""
        async with asyncio.TaskGroup() as group:
            for name in self._town.evse_ids:
                group.create_task(self._come_to(name))

    async def _come_to(self, name: str) -> None:
        town = self._town
        chance = Random(f"{town.chance.random()}")
        pole = town.simulator.poles.pole(name)
        while self._left:
            self._left -= 1
            number, self._number = self._number, self._number + 1
            await town.sleep(chance.randrange(10, 90))
            await self._until(lambda: self._is_ready(pole))
            stay = self._arrive(number, name)
            self.stays.append(stay)
            self._at[stay.connector_id] = stay
            before = pole.energy
            await _Visit(town, pole, stay, chance).run()
            # Whatever the home does now, no current may flow without a car.
            stay.left = town.now
            town.clear(name)
            if not await self._until(lambda: self._is_ready(pole), 3600):
                stay.complaints.append(f"{name} is not free an hour later: on={pole.is_on}")
            stay.energy = pole.energy - before
            del self._at[stay.connector_id]
            town.used.add(name)

    def _is_ready(self, pole: Pole) -> bool:
        return self._town.is_clear(pole.name) and not pole.is_on

    async def _until(self, is_so: Callable[[], bool], seconds: float = 7200) -> bool:
        for _ in range(int(seconds / STEP)):
            if is_so():
                return True
            await self._town.sleep(STEP)
        return False

    def _arrive(self, number: int, name: str) -> Stay:
        kind = self._kinds[number]
        contract, rfid = f"DE*8PS*C{number:05d}*1", _rfid(number)
        if kind == "app":
            driver = Driver(identifier=contract)
        else:
            driver = Driver(identifier=rfid, identifier_type="rfid")
        if kind == "verified":
            self._town.simulator.books.cards[rfid] = Card(evco_id=contract)
        return Stay(
            number=number,
            pole=name,
            connector_id=self._town.evse_ids[name],
            driver=driver,
            fate=self._fates.get(number, Moment.NEVER),
            arrived=self._town.now,
        )

    def _booked(self, connector_id: str, is_final: bool) -> None:
        stay = self._at.get(connector_id)
        fate = stay.fate if stay else Moment.NEVER
        if stay and fate is (Moment.FINAL_BOOKED if is_final else Moment.NOTICE_BOOKED):
            stay.fate = Moment.NEVER
            self._town.strike()
        if stay and fate is (Moment.FINAL_ANSWERED if is_final else Moment.NOTICE_ANSWERED):
            stay.fate = Moment.NEVER
            self._town.strike(within=0.005)

    def _moved(self, pole: Pole) -> None:
        stay = self._at.get(self._town.evse_ids[pole.name])
        wanted = Moment.SWITCHED_ON if pole.is_on else Moment.SWITCHED_OFF
        if stay and pole.car and stay.fate is wanted and pole.switched:
            stay.fate = Moment.NEVER
            self._town.strike()


def _rfid(number: int) -> str:
    return f"04{number:04X}7B3C1F80"


class _Visit:
    """One stay from the arrival until the car has left."""

    def __init__(self, town: Town, pole: Pole, stay: Stay, chance: Random) -> None:
        self._town = town
        self._pole = pole
        self._stay = stay
        self._chance = chance
        self._caller = town.simulator.caller

    async def run(self) -> None:
        """Charge once, sometimes twice, and leave."""
        chance, town = self._chance, self._town
        is_early = chance.random() < 0.8
        if is_early:
            self._plug()
            await town.sleep(chance.choice((5, 15, 40)))
        again = chance.random() < 0.1
        if await self._start():
            if not is_early:
                self._plug()
            await self._charge()
            if again or chance.random() < 0.6:
                await self._stop()
            if again:
                await town.sleep(_REPEATED)
                if await self._start():
                    await self._charge()
        if self._stay.fate is Moment.UNPLUGGED:
            self._town.strike(within=0.02)
        if self._pole.car:
            self._pole.unplug()

    def _plug(self) -> None:
        power = _POWER * self._chance.randrange(1, 7)
        self._pole.plug(Car(max_power=power, capacity=200.0))

    async def _start(self) -> bool:
        """Call until a session has been accepted; another start after each refusal."""
        chance, stay = self._chance, self._stay
        reference = self._reference()
        told: set[str] = set()
        stay.told.append(told)
        tries = 0
        while tries < _CALLS:
            tries += self._town.is_calm(20)
            if stay.fate is Moment.START_CALLED:
                stay.fate = Moment.NEVER
                self._town.strike(within=0.03)
            fields = {
                "user": stay.driver.user,
                "connector-id": stay.connector_id,
                "payment-reference": reference,
            }
            replies = await self._call("session-start", fields)
            for reply in replies:
                match reply.body:
                    case {"session-start": {"session-id": str(session_id)}} if reply.is_success:
                        told.add(session_id)
            if told:
                return True
            if any(reply.code is not None for reply in replies):
                reference = self._reference()
                await self._town.sleep(chance.choice((15, 30, 60)))
            else:
                await self._town.sleep(chance.choice((5, 10, 20)))
        if not any(each.endswith("/302") for each in stay.codes):
            # That the network cannot vouch for a card in time is nobody's fault here.
            stay.complaints.append(f"No start was accepted: {stay.codes[-5:]}")
        return False

    async def _charge(self) -> None:
        """Charge for some minutes; a session that was accepted has to bring current."""
        town, stay = self._town, self._stay
        waited = 0
        while not self._pole.power:
            waited += town.is_calm(60)
            if waited > 60:
                stay.complaints.append("A session was accepted, and no current has come")
                return
            await town.sleep(STEP)
        await town.sleep(self._chance.randrange(20, 120))
        if stay.fate is Moment.CHARGING:
            stay.fate = Moment.NEVER
            town.strike(within=0.02)
        await town.sleep(self._chance.randrange(10, 200))

    async def _stop(self) -> None:
        stay = self._stay
        fields: Json = {"user": stay.driver.user, "connector-id": stay.connector_id}
        if stay.told[-1] and self._chance.random() < 0.8:
            fields["session-id"] = min(stay.told[-1])
        tries = 0
        while tries < _CALLS:
            tries += self._town.is_calm(20)
            if stay.fate is Moment.STOP_CALLED:
                stay.fate = Moment.NEVER
                self._town.strike(within=0.03)
            replies = await self._call("session-stop", fields)
            # An answer that was lost may have said that it is over, and then there is nothing.
            if any(reply.is_success or reply.code == _NO_SESSION for reply in replies):
                return
            await self._town.sleep(self._chance.choice((5, 10, 30)))
        stay.complaints.append(f"No stop was accepted: {stay.codes[-5:]}")

    def _reference(self) -> str:
        return f"payment-{self._stay.number}-{self._chance.getrandbits(48):x}"

    async def _call(self, name: str, fields: Json) -> tuple[Reply, ...]:
        """Call as a network does: once, several times at once, or without waiting for answers."""
        how = self._chance.choice((0, 1, 1, 1, 2, 3))
        self._town.signs += 1
        replies: tuple[Reply, ...] = ()
        if how:
            replies = await self._caller.call(name, fields, times=how)
        else:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._chance.uniform(0.001, 0.02)):
                    await self._caller.call(name, fields)
        self._town.signs += 1
        self._stay.codes += [f"{name}:{reply.status}/{reply.code}" for reply in replies]
        return replies
