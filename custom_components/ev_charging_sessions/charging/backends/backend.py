"""What the rest of the house expects of a network."""

from collections.abc import Collection, Mapping
from typing import Protocol

from msgspec import Struct

from ..model import ChargeCard, ChargePoint, Session


class Capabilities(Struct, frozen=True, kw_only=True):
    """What a backend can do; entities and actions exist only for what is true here."""

    start: bool = False
    stop: bool = False


class Answer(Struct, frozen=True, kw_only=True):
    """What one poll brought.

    ``sessions`` holds only those whose answer differs from the poll before.
    ``unreadable`` names the field of each session that had to be skipped, or the call that
    was refused for one of them, with the network's code (``retrieve: E0001``).
    """

    sessions: tuple[Session, ...] = ()
    unreadable: tuple[str, ...] = ()


class Backend(Protocol):
    """One account at one network.

    Every method that talks to the network raises the errors of ``charging.errors``.
    """

    capabilities: Capabilities
    cards: tuple[ChargeCard, ...]

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

    def forget(self) -> None:
        """Tell everything again at the next poll, because this answer could not be kept."""

    async def charge_point(self, charge_point_id: str) -> ChargePoint | None:
        """Look up a charge point; ``None`` when the network does not know it."""

    async def start(self, charge_point_id: str, card_id: str) -> Session:
        """Ask for a session and return it as far as it is known.

        Returning means that the network has accepted the request, not that it charges.
        The request is never repeated.
        """

    async def stop(self, session: Session) -> None:
        """Ask for the end of a session; the request is never repeated."""
