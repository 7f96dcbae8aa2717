"""A driver's account on the ground floor: backend, ledger and commands, without a home."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

import aiohttp
from freezegun.api import FrozenDateTimeFactory

from custom_components.ev_charging_sessions.charging.backends.shell_recharge import ShellRecharge
from custom_components.ev_charging_sessions.charging.commands import Commands
from custom_components.ev_charging_sessions.charging.errors import BackendError
from custom_components.ev_charging_sessions.charging.events import SessionEvent
from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.model import (
    Account,
    ChargeCard,
    CommandKind,
    Session,
)
from tests.simulator import Simulator
from tests.simulator.defaults import CARDS, CLIENT_ID, CLIENT_SECRET
from tests.stillness import Stillness

ACCOUNT = Account(backend="shell_recharge", account_id="a1")
CARD, OTHER_CARD = CARDS
EVSE = "NL*TNM*E02003451*0"
OTHER_EVSE = "NL*TNM*E02003451*1"


class Driver:
    """Does what the coordinator of a home does, and lets time pass for it."""

    def __init__(
        self,
        simulator: Simulator,
        http: aiohttp.ClientSession,
        clock: FrozenDateTimeFactory,
        ledger: Ledger,
    ) -> None:
        """Set up one account; nothing is sent yet."""
        self.simulator = simulator
        self.ledger = ledger
        self.open: dict[str, Session] = {}
        self.events: list[tuple[str, SessionEvent]] = []
        self.changes: list[tuple[str, CommandKind | None, CommandKind | None]] = []
        self.tasks: set[asyncio.Task[Any]] = set()
        self._http = http
        self._clock = clock
        self._stillness = Stillness()
        self.restart()

    def restart(self, **options: Any) -> None:
        """Forget everything but the ledger, as a crash does, and begin anew."""
        for task in self.tasks:
            task.cancel()
        self.tasks = set()
        self.open = {}
        self.backend = self.new_backend(**options)
        self.commands = Commands(
            ACCOUNT,
            self.backend,
            self.ledger,
            keep=lambda session: self.keep([session]),
            refresh=self.refresh,
            on_change=self._note_change,
            on_event=lambda charge_point_id, event: self.events.append((charge_point_id, event)),
            spawn=self.spawn,
        )

    def new_backend(self, **options: Any) -> ShellRecharge:
        """Return a backend that has sent nothing yet."""
        cards = options.pop("cards", (CARD,))
        settings = {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "base_url": self.simulator.url,
        } | options
        return ShellRecharge(
            self._http,
            ACCOUNT,
            cards=tuple(ChargeCard(identifier=card, alias=card[-1]) for card in cards),
            **settings,
        )

    def spawn[T](self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        """Start a task that outlives its caller."""
        task = asyncio.get_running_loop().create_task(work, eager_start=True)
        self.tasks.add(task)
        return task

    async def keep(self, sessions: Iterable[Session]) -> None:
        """Write sessions to the ledger and keep the open ones at hand."""
        if await self.ledger.upsert(sessions):
            found = await self.ledger.open_sessions(ACCOUNT)
            self.open = {session.session_id: session for session in found}

    async def poll(self) -> tuple[Session, ...]:
        """Read what may have changed into the ledger, and return what was told."""
        answer = await self.backend.poll(
            self.open, watched=self.commands.watched, cards=self.commands.cards
        )
        await self.keep(answer.sessions)
        return answer.sessions

    async def refresh(self) -> bool:
        """Poll without ever raising, and tell whether that went well."""
        try:
            await self.poll()
        except BackendError:
            return False
        return True

    def tick(self, seconds: float) -> None:
        """Move the time everywhere, without waiting for what that leads to."""
        self._clock.tick(seconds)
        self.simulator.clock.advance(seconds)

    async def settle(self) -> None:
        """Wait until nothing is under way but what waits for time to pass."""
        await self._stillness.reached()

    async def advance(self, seconds: float) -> None:
        """Let time pass in steps of a second, and what is due in it happen."""
        await self.settle()
        while seconds > 0:
            self.tick(min(seconds, 1))
            seconds -= 1
            await self.settle()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait, while time stands still, until something has come about."""
        for _ in range(200):
            if condition():
                return
            await self.settle()
        raise AssertionError("This does not come about")

    async def outcome[T](self, work: Awaitable[T]) -> T:
        """Let time pass until something is done."""
        task = asyncio.ensure_future(work)
        for _ in range(700):
            await self.settle()
            if task.done():
                break
            self.tick(1)
        assert task.done(), "This takes forever"
        return await task

    def sent(self, name: str) -> int:
        """Return how many requests of a call the network has seen."""
        return self.simulator.log.count(name)

    def _note_change(self, charge_point_id: str) -> None:
        """Write down what a listener would be shown: the wish and the running command."""
        wish, running = self.commands.wish(charge_point_id), self.commands.running(charge_point_id)
        self.changes.append((charge_point_id, wish, running))
