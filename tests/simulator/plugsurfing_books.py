"""What PlugSurfing knows: who may call it, stations, cards, and every session that was posted."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from .backend import Json
from .clock import Clock
from .plugsurfing_wire import (
    INVALID_FORMAT,
    INVALID_PARTNER,
    LOCKED_CARD,
    NO_PAYMENT,
    STATUSES,
    SUCCESS,
    UNKNOWN_CARD,
    UNKNOWN_CONNECTOR,
    Booking,
    Fields,
    RefusedError,
    plain,
)


class CardState(IntEnum):
    """What a card is good for: the code that ``rfid-verify`` answers."""

    GOOD = SUCCESS
    LOCKED = LOCKED_CARD
    NO_PAYMENT = NO_PAYMENT


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A driver's card, and the contract that it stands for."""

    evco_id: str
    state: CardState = CardState.GOOD


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusPost:
    """An operator told the status of a connector."""

    time: datetime
    connector_id: str
    status: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """An operator asked for a card and got a code."""

    time: datetime
    rfid: str
    code: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A request that was refused."""

    time: datetime
    name: str
    code: int
    text: str


class Books:
    """The network's memory. ``posts`` has every session-post that was accepted, in their order.

    ``violations`` tells of what no proper operator would do: requests of a wrong format, and
    sessions that go back from over to running, or move to another connector or driver.
    ``refusals`` are codes for whoever bears a name: a driver, a session or a connector.
    """

    def __init__(self, clock: Clock) -> None:
        """Start with empty books."""
        self._clock = clock
        self.keys: dict[str, set[str]] = {}
        self.connectors: dict[str, str] = {}
        self.stations: dict[str, Json] = {}
        self.cards: dict[str, Card] = {}
        self.refusals: dict[str, int] = {}
        self.posts: list[Booking] = []
        self.statuses: list[StatusPost] = []
        self.verified: list[Verified] = []
        self.refused: list[Refused] = []
        self.violations: list[str] = []
        self._latest: dict[str, Booking] = {}
        self._by_session: defaultdict[str, list[Booking]] = defaultdict(list)
        self._listeners: list[Callable[[Booking], None]] = []

    def listen(self, listener: Callable[[Booking], None]) -> None:
        """Call ``listener`` with every post that was accepted, before it is answered."""
        self._listeners.append(listener)

    def posts_of(self, session_id: str) -> list[Booking]:
        """Return everything that was posted of a session, in order."""
        return list(self._by_session[session_id])

    def latest(self) -> dict[str, Booking]:
        """Return the last form of every session, over or not."""
        return dict(self._latest)

    def finals(self) -> dict[str, Booking]:
        """Return the sessions that are over, in the last form that was posted of each."""
        return {key: each for key, each in self._latest.items() if each.is_final}

    def status(self, connector_id: str) -> str | None:
        """Return the status of a connector as it was told last."""
        for post in reversed(self.statuses):
            if post.connector_id == connector_id:
                return post.status
        return None

    def refuse(self, name: str, code: int | None) -> None:
        """Refuse a driver, a session or a connector for good, or (``None``) no longer."""
        if code is None:
            self.refusals.pop(name, None)
        else:
            self.refusals[name] = code

    def note_refusal(self, name: str, refused: RefusedError) -> None:
        """Write down that a request was refused."""
        self.refused.append(
            Refused(time=self._clock.now(), name=name, code=refused.code, text=refused.text)
        )
        if refused.code == INVALID_FORMAT:
            self.violations.append(f"{name}: {refused.text}")

    def check_partner(self, key: str, partner: str) -> None:
        """Refuse a partner that does not belong to a key."""
        if partner not in self.keys[key]:
            raise RefusedError(INVALID_PARTNER, "Invalid partner identifier.")

    def book(self, booking: Booking) -> None:
        """Take a session, or newer news of it, into the books."""
        for name in (booking.session_id, booking.user, booking.connector_id):
            if code := self.refusals.get(name):
                raise RefusedError(code, f"Refused with {code}.")
        if before := self._latest.get(booking.session_id):
            self._compare(before, booking)
        self.posts.append(booking)
        self._latest[booking.session_id] = booking
        self._by_session[booking.session_id].append(booking)
        for listener in self._listeners:
            listener(booking)

    def tell_status(self, call: Fields) -> None:
        """Take the status of a connector of one of the partner's stations."""
        connector_id = call.text("connector-id")
        status = call.one_of("status", *STATUSES)
        if self.connectors.get(connector_id) != call.text("partner-identifier"):
            raise RefusedError(UNKNOWN_CONNECTOR, "EVSE not found.")
        self.statuses.append(
            StatusPost(time=self._clock.now(), connector_id=connector_id, status=status)
        )

    def verify(self, rfid: str) -> str:
        """Return the contract behind a card that may charge."""
        card = self.cards.get(rfid)
        code = card.state if card else UNKNOWN_CARD
        self.verified.append(Verified(time=self._clock.now(), rfid=rfid, code=int(code)))
        if card is None or code:
            raise RefusedError(int(code), f"Card refused with {code:d}.")
        return card.evco_id

    def keep_station(self, station: Fields, partner: str) -> None:
        """Take a station with its connectors, which then may not change any more."""
        key = station.text("id")
        ids = [each.text("id") for each in station.objects("connectors")]
        known = self.stations.get(key)
        if known and [each["id"] for each in known["connectors"]] != ids:
            raise RefusedError(INVALID_FORMAT, "station.connectors may not change")
        self.stations[key] = plain(station.body)
        for each in ids:
            if station.body.get("deleted") is True:
                self.connectors.pop(each, None)
            else:
                self.connectors[each] = partner

    def _compare(self, before: Booking, after: Booking) -> None:
        if before.is_final and not after.is_final:
            self.violations.append(f"{after.session_id} was over, and runs again")
        for name in ("connector_id", "user", "user_type", "partner"):
            if getattr(before, name) != getattr(after, name):
                self.violations.append(f"{after.session_id} has another {name}")
