"""What the rest of the house expects of a network."""

from collections.abc import Collection, Mapping, Set as AbstractSet
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from ..model import ChargeCard, ChargePoint, EnergyUnit, ModeSetting, Session
from ..shapes import LastAnswers


class Capabilities(Struct, frozen=True, kw_only=True):
    """What a backend can do; entities and actions exist only for what is true here.

    ``energy`` tells that its sessions say how much they have charged. ``modes`` tells that
    charge points are turned on and off by their mode instead of by ``start`` and ``stop``.
    ``look_up`` tells that it is asked about one charge point at a time. ``cards`` tells that
    a start can be paid with a card of ours, ``needs_card`` that it has to be. ``prices`` tells
    that its sessions say what they cost. ``partners`` tells that the account also has sessions
    at charge points of others, which are nothing but records. ``past`` tells that sessions of
    long ago can be read again, and ``lists_past`` that those nobody has heard of are among them.
    """

    start: bool = False
    stop: bool = False
    energy: bool = False
    modes: bool = False
    look_up: bool = False
    cards: bool = False
    needs_card: bool = False
    prices: bool = False
    partners: bool = False
    past: bool = False
    lists_past: bool = False


class Answer(Struct, frozen=True, kw_only=True):
    """What one poll brought.

    ``sessions`` holds only those whose answer differs from the poll before. ``read`` is
    when they were read, for a network that puts no time stamp on its answers: then that
    puts them in order. ``unreadable`` names the field of each session that had to be
    skipped, or the call that was refused for one of them, with the network's code
    (``retrieve: E0001``).

    ``charge_points`` holds those about which there are news. ``listed`` holds the ids of
    all that the network says are there, when the poll has read that, and ``lost`` the names
    of the places that were chosen and that the account may no longer see.
    ``other_unit`` is the unit that the energies rather seem to be in than the one the
    account is set to.
    """

    sessions: tuple[Session, ...] = ()
    read: datetime | None = None
    unreadable: tuple[str, ...] = ()
    charge_points: tuple[ChargePoint, ...] = ()
    listed: AbstractSet[str] | None = None
    lost: tuple[str, ...] = ()
    other_unit: EnergyUnit | None = None


class Past(Struct, frozen=True, kw_only=True):
    """One slice of what a network still tells of the past: no more than one request brings.

    Only sessions that are over are part of the past. ``read`` and ``unreadable`` are those of
    an ``Answer``. ``position`` says, in the backend's own words, where the next slice begins;
    it is ``None`` when nothing is left. ``progress`` goes from 0 to 1, if it can be told.
    """

    sessions: tuple[Session, ...] = ()
    read: datetime | None = None
    unreadable: tuple[str, ...] = ()
    position: str | None = None
    progress: float | None = None


class Backend(Protocol):
    """One account at one network.

    Every method that talks to the network raises the errors of ``charging.errors``. ``answers``
    is that of its ``Transport``.
    """

    capabilities: Capabilities
    cards: tuple[ChargeCard, ...]
    answers: LastAnswers

    async def verify(self) -> None:
        """Make sure that the credentials work, with as few requests as possible."""

    async def poll(
        self,
        open_sessions: Mapping[str, Session],
        *,
        watched: Collection[str] = (),
        cards: Collection[str] = (),
    ) -> Answer:
        """Read what may have changed.

        ``open_sessions`` are those the ledger takes for open, by id; the mapping is not
        changed afterwards, so the same object means the same sessions. The backend finds
        out what became of any that its list no longer holds. ``watched`` are the ids of the
        sessions that commands wait for, ``cards`` the cards of starts whose session nobody
        knows yet; both must be read afresh.
        """

    async def read_past(
        self, since: datetime, position: str | None, unended: Mapping[str, Session]
    ) -> Past:
        """Read the sessions that began at ``since`` or later, one slice at a time.

        ``position`` is that of the slice before, which a restart may lie between, and ``None``
        for the first one. A slice that is read again is told again. ``unended`` are sessions
        that the ledger knows to be over, but not since when. Where ``capabilities.past`` is
        not true, this raises InvalidInputError.
        """

    def forget(self) -> None:
        """Tell everything again at the next poll, because this answer could not be kept."""

    async def charge_point(self, charge_point_id: str) -> ChargePoint | None:
        """Look up a charge point; ``None`` when the network does not know it."""

    async def start(self, charge_point_id: str, card_id: str | None) -> Session | None:
        """Ask for a session and return it as far as it is known.

        ``None`` is one that the network names only once it runs at that charge point.

        Returning means that the network has accepted the request, not that it charges.
        The request is never repeated.
        """

    async def stop(self, session: Session) -> None:
        """Ask for the end of a session; the request is never repeated."""

    async def withdraw(self, charge_point_id: str) -> bool:
        """Take back a start that still waits for its car; tell whether there was one.

        A network that does not let anybody do so is asked nothing.
        """

    async def set_mode(self, charge_point_id: str, setting: ModeSetting) -> None:
        """Set the mode of a connector; once or twice is the same.

        Raises InvalidInputError, before anything is sent, for what cannot be right.
        """


def default_card_id(backend: Backend) -> str | None:
    """Return the card that pays where none is chosen; ``None`` where a start needs no card."""
    return backend.cards[0].identifier if backend.capabilities.needs_card else None
