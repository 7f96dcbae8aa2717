"""An outbox that a test runs, with the network that it posts to."""

import asyncio

from freezegun.api import FrozenDateTimeFactory

from custom_components.ev_charging_sessions.charging.errors import ChargingError
from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.ledger_outbox import Posting, PostingState
from custom_components.ev_charging_sessions.charging.outbox import Outbox

from .posts import TARGET, Clock, Network


class Desk:
    """An outbox with all that belongs to it, and what it has told."""

    def __init__(self, ledger: Ledger, freezer: FrozenDateTimeFactory) -> None:
        """Open an outbox that posts to a network of the test's own."""
        self.ledger = ledger
        self.clock = Clock(freezer)
        self.freezer = freezer
        self.network = Network()
        self.refused: list[Posting] = []
        self.troubles: list[ChargingError | None] = []
        self.counts: list[tuple[int, int]] = []
        self.task: asyncio.Task[None] | None = None
        self.new()

    def new(self) -> None:
        """Make a new outbox, as after a restart."""
        self.outbox = Outbox(
            TARGET,
            self.ledger,
            self.network.post,
            on_refused=self.refused.append,
            on_trouble=self.troubles.append,
            on_change=lambda: self.counts.append((self.outbox.waiting, self.outbox.refused)),
        )

    async def run(self) -> None:
        """Let it post, and wait until it has done what it can."""
        self.task = asyncio.create_task(self.outbox.run())
        await self.clock.settle()

    async def stop(self) -> None:
        """Stop posting at once."""
        if self.task:
            self.task.cancel()
            await asyncio.wait({self.task})
            assert self.task.cancelled()

    @property
    def sent(self) -> list[tuple[str, float | None]]:
        """Return the id and the energy of every session that was sent."""
        return [(session.session_id, session.energy) for session, _ in self.network.posts]

    async def states(self) -> dict[PostingState, int]:
        """Return how many postings are in each state, where there are any."""
        counts = await self.ledger.outbox.counts(TARGET)
        return {state: count for state, count in counts.items() if count}
