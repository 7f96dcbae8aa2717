"""A network that takes posts as a test says, for the tests of what posts to it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.ledger_outbox import PostingSource
from custom_components.ev_charging_sessions.charging.model import (
    Account,
    Session,
    SessionStatus,
)

from .answers import ACCOUNT, answer, at

TARGET = Account(backend="plugsurfing", account_id="p1")
OTHER_TARGET = Account(backend="plugsurfing", account_id="p2")
EVSE = "DE*8PS*E1"


def source(charge_point_id: str = "CP1", **said: Any) -> PostingSource:
    """Return a charge point whose sessions are posted live, unless a test says otherwise."""
    facts = {"account": ACCOUNT, "connector_id": EVSE, "is_live": True, **said}
    return PostingSource(charge_point_id=charge_point_id, **facts)


def running(session_id: str = "s1", **said: Any) -> Session:
    """Return a session that charges on a card."""
    facts = {
        "charge_point_id": "CP1",
        "card_id": "card",
        "status": SessionStatus.CHARGING,
        "started": at(0),
        "energy": 1.0,
        "updated": at(1),
        **said,
    }
    return answer(session_id, **facts)


def finished(session_id: str = "s1", **said: Any) -> Session:
    """Return a session on a card that has ended."""
    facts = {
        "status": SessionStatus.FINISHED,
        "ended": at(60),
        "energy": 12.5,
        "updated": at(61),
        **said,
    }
    return running(session_id, **facts)


class Network:
    """Answers posts with what a test wants, and success after that.

    An answer is a code, an error to raise, or a function that is called first. ``posts``
    holds what was sent, ``most_at_once`` how many posts were ever under way together.
    """

    def __init__(self, *answers: Any) -> None:
        """Begin with the answers to the first posts."""
        self.answers = list(answers)
        self.posts: list[tuple[Any, Any]] = []
        self.most_at_once = 0
        self.is_holding = False
        self._under_way = 0
        self._released = asyncio.Event()

    async def post(self, what: Any, where: Any) -> int:
        """Take one post."""
        self.posts.append((what, where))
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            if self.is_holding:
                self._released.clear()
                await self._released.wait()
            await asyncio.sleep(0)
            outcome = self.answers.pop(0) if self.answers else 0
        finally:
            self._under_way -= 1
        if isinstance(outcome, Exception):
            raise outcome
        return int(outcome)

    def release(self) -> None:
        """Answer what is under way."""
        self.is_holding = False
        self._released.set()


class Clock:
    """Lets time pass for what waits in the loop and in the ledger's thread."""

    def __init__(self, freezer: FrozenDateTimeFactory) -> None:
        """Watch the running loop from now on, which lives no longer than one test."""
        self._freezer = freezer
        self._jobs = 0
        loop = asyncio.get_running_loop()
        self._run_in_executor: Callable[..., asyncio.Future[Any]] = loop.run_in_executor
        loop.run_in_executor = self._counted  # type: ignore[assignment, method-assign] # only counts

    async def settle(self) -> None:
        """Wait until nothing is under way but what waits for time to pass."""
        quiet = 0
        while quiet < 2:
            is_still = not self._jobs
            if not is_still:
                # The loop's own sleep would wait for frozen time.
                await self._run_in_executor(None, time.sleep, 0.0005)
            await pause()
            quiet = quiet + 1 if is_still and not self._jobs else 0

    async def advance(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass, and what is due in it happen."""
        await self.settle()
        while seconds > 0:
            self._freezer.tick(timedelta(seconds=min(seconds, step)))
            seconds -= step
            await self.settle()

    def _counted(self, *args: Any) -> asyncio.Future[Any]:
        self._jobs += 1
        future = self._run_in_executor(*args)
        future.add_done_callback(self._note_end)
        return future

    def _note_end(self, _: asyncio.Future[Any]) -> None:
        self._jobs -= 1


async def pause() -> None:
    """Let everything run that need not wait for time to pass."""
    for _ in range(8):
        await asyncio.sleep(0)


def logged(caplog: pytest.LogCaptureFixture, module: str) -> list[str]:
    """Return what a module has logged; the loop itself complains of leaps in time."""
    return [record.getMessage() for record in caplog.records if record.name.endswith(f".{module}")]
