"""All sessions of a namespace in the order of their start, also when there are very many."""

from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from random import Random
from uuid import UUID

from .namespace_model import (
    Charger,
    Driver,
    Intent,
    IntentType,
    Memory,
    NamespaceConnector,
    NamespaceSession,
    StopReason,
)
from .namespace_prices import Tariff
from .world import UnknownThingError

FIRST_NUMBER = 100_001
_ID = "csn-{:017d}"
_WAYS = (IntentType.PERSONAL_KEYCARD, IntentType.IN_APP, IntentType.INFOSTAR_KEYCARD)


def session_id(number: int) -> str:
    """Return the id of a session; it has 21 characters."""
    return _ID.format(number)


def intent_id(number: int) -> str:
    """Return the id of the intent of a session, the same in every run."""
    return str(UUID(int=Random(number).getrandbits(128), version=4))


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """Sessions that have ended, of which only the figures are kept until one is looked at.

    They bear ``numbers``, and session n of them began at ``starts[n]``, lasted for ``stays[n]``
    and took ``energies[n]`` Wh. Their tariff has nothing but the ``unit_price`` of a
    kilowatt-hour.
    """

    numbers: range
    places: Sequence[tuple[Charger, NamespaceConnector]]
    drivers: Sequence[Driver]
    tariff: Tariff
    unit_price: Fraction
    starts: Sequence[datetime]
    stays: Sequence[timedelta]
    energies: Sequence[int]
    registers: Sequence[int]

    @property
    def total_energy(self) -> int:
        """The Wh of all of them."""
        return sum(self.energies)

    @property
    def total_price(self) -> int:
        """The cents of all of them, each rounded by itself."""
        return sum(map(self.cents, range(len(self.numbers))))

    def cents(self, position: int) -> int:
        """Return what one of them has cost."""
        # A price times Wh is a thousandth of the amount, and a tenth of it in cents.
        whole = 10 * self.unit_price.denominator
        return (2 * self.energies[position] * self.unit_price.numerator + whole) // (2 * whole)

    def filed_under(self, position: int) -> tuple[str, str | None]:
        """Return the charger and the user of one of them, without making it."""
        charger, _ = self.places[position % len(self.places)]
        return charger.id, self._driver(position).user_id

    def session(self, number: int) -> NamespaceSession:
        """Make one of them."""
        position = number - self.numbers.start
        charger, connector = self.places[position % len(self.places)]
        driver = self._driver(position)
        start, stay = self.starts[position], self.stays[position]
        register = self.registers[position]
        return NamespaceSession(
            number=number,
            id=session_id(number),
            intent=Intent(
                id=intent_id(number),
                type=_WAYS[position % len(_WAYS)],
                id_tag=driver.id_tag,
                user_id=driver.user_id,
                created=start,
            ),
            charger_id=charger.id,
            connector_id=connector.id,
            location_id=charger.location_id,
            tariff=self.tariff,
            time_zone=charger.time_zone,
            volts=connector.volts,
            phases=connector.phases,
            samples=[(start, register), (start + stay, register + self.energies[position])],
            ticked=start,
            stopped=start + stay,
            stop_reason=StopReason.EV_DISCONNECTED,
            fixed_price=Decimal(self.cents(position)).scaleb(-2),
        )

    def _driver(self, position: int) -> Driver:
        # Everybody takes their turn at each of the places.
        return self.drivers[position // len(self.places) % len(self.drivers)]


class Archive:
    """Every session there is; a session of the past is made when somebody asks for it."""

    def __init__(self) -> None:
        """Start empty."""
        self.sessions: dict[int, NamespaceSession] = {}
        self.pasts: list[Past] = []
        self._index: list[tuple[datetime, int]] = []
        self._found: dict[tuple[str | None, ...], list[int]] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._index)

    def add(self, session: NamespaceSession) -> None:
        """Put a session in."""
        self.sessions[session.number] = session
        insort(self._index, (session.started, session.number))
        self.touch()

    def add_past(self, past: Past) -> None:
        """Put many sessions in."""
        self.pasts.append(past)
        self._index.extend(zip(past.starts, past.numbers, strict=True))
        self._index.sort()
        self.touch()

    def touch(self) -> None:
        """Forget what was found, because a session is not what it was."""
        self._found.clear()

    def get(self, number: int) -> NamespaceSession:
        """Return a session, or raise ``UnknownThingError``; changes may be lost, see ``keep``."""
        if session := self.sessions.get(number):
            return session
        for past in self.pasts:
            if number in past.numbers:
                return past.session(number)
        raise UnknownThingError(session_id(number))

    def keep(self, number: int) -> NamespaceSession:
        """Return a session that can be changed."""
        return self.sessions.setdefault(number, self.get(number))

    def find(
        self,
        memories: Mapping[str, Memory],
        *,
        status: str | None = None,
        user_id: str | None = None,
        charger_id: str | None = None,
    ) -> list[int]:
        """Return the numbers of all sessions that fit, in the order of their start.

        ``memories`` are those of the chargers that are offline: what happens there is not
        known yet.
        """
        key = (status, user_id, charger_id)
        if (found := self._found.get(key)) is None:
            wanted = set(self._fitting(memories, status, user_id, charger_id))
            found = [number for _, number in self._index if number in wanted]
            self._found[key] = found
        return found

    def _fitting(
        self,
        memories: Mapping[str, Memory],
        status: str | None,
        user_id: str | None,
        charger_id: str | None,
    ) -> Iterator[int]:
        for number, session in self.sessions.items():
            seen = seen_as(session, memories.get(session.charger_id))
            if (
                seen
                and status in {None, seen.status}
                and user_id in {None, seen.intent.user_id}
                and charger_id in {None, seen.charger_id}
            ):
                yield number
        if status == "Started":
            return
        for past in self.pasts:
            for position in _positions(past):
                charger, user = past.filed_under(position)
                if user_id in {None, user} and charger_id in {None, charger}:
                    yield past.numbers[position]


def seen_as(session: NamespaceSession, memory: Memory | None) -> NamespaceSession | None:
    """Return a session as the namespace knows it; ``None`` if it does not know it yet."""
    if memory is None:
        return session
    if remembered := memory.sessions.get(session.number):
        return remembered
    return session if session.started < memory.since else None


def energies(random: Random, most: Sequence[int]) -> list[int]:
    """Draw the Wh of each session, from a tenth of what it can have at most."""
    return [each // 10 + int(random.random() * (each - each // 10)) for each in most]


def registers(places: Sequence[int], drawn: Sequence[int]) -> list[int]:
    """Return the register at the start of each session, for registers that begin at ``places``."""
    width = len(places)
    columns = [
        list(accumulate(drawn[first::width], initial=register))
        for first, register in enumerate(places)
    ]
    return [columns[position % width][position // width] for position in range(len(drawn))]


def _positions(past: Past) -> range:
    return range(len(past.numbers))
