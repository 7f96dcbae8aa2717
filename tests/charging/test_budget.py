"""Tests of the budget of requests, and of its back-off."""

import asyncio
import random

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.backends.budget import (
    LONGEST_BACK_OFF,
    LONGEST_RETRY_AFTER,
    PERIOD,
    REQUESTS_PER_PERIOD,
    RESERVED_FOR_COMMANDS,
    RequestBudget,
)
from custom_components.ev_charging_sessions.charging.errors import RateLimitError

POLLS = REQUESTS_PER_PERIOD - RESERVED_FOR_COMMANDS


async def settle() -> None:
    """Let everything run that need not wait for time to pass."""
    for _ in range(5):
        await asyncio.sleep(0)


async def spend(budget: RequestBudget, count: int, *, is_command: bool = False) -> None:
    """Make that many requests, none of which has to wait."""
    for _ in range(count):
        task = asyncio.ensure_future(budget.take(is_command=is_command))
        await settle()
        assert task.done()
        await task


@pytest.mark.parametrize(("is_command", "limit"), [(False, POLLS), (True, REQUESTS_PER_PERIOD)])
async def test_a_full_period_is_waited_for(
    freezer: FrozenDateTimeFactory, is_command: bool, limit: int
) -> None:
    """Test that the request after the last of a period waits until the first is old."""
    budget = RequestBudget()
    await spend(budget, 1, is_command=is_command)
    freezer.tick(10)
    await spend(budget, limit - 1, is_command=is_command)
    waiting = asyncio.ensure_future(budget.take(is_command=is_command))
    freezer.tick(PERIOD - 10.5)
    await settle()
    assert not waiting.done()
    freezer.tick(1)
    await settle()
    assert waiting.done()
    # Only one place has become free.
    another = asyncio.ensure_future(budget.take(is_command=is_command))
    await settle()
    assert not another.done()
    another.cancel()


async def test_a_command_never_queues_behind_polls(freezer: FrozenDateTimeFactory) -> None:
    """Test that polls leave room, also while many of them wait."""
    budget = RequestBudget()
    await spend(budget, POLLS)
    polls = [asyncio.ensure_future(budget.take(is_command=False)) for _ in range(POLLS + 20)]
    await settle()
    await spend(budget, RESERVED_FOR_COMMANDS, is_command=True)
    assert not any(poll.done() for poll in polls)
    freezer.tick(PERIOD + 1)
    await settle()
    assert sum(poll.done() for poll in polls) == POLLS
    await spend(budget, RESERVED_FOR_COMMANDS, is_command=True)
    for poll in polls:
        poll.cancel()


@pytest.mark.parametrize("is_command", [False, True])
async def test_quiet_that_was_asked_for(freezer: FrozenDateTimeFactory, is_command: bool) -> None:
    """Test that Retry-After holds for polls and commands alike, and the longest wins."""
    budget = RequestBudget()
    assert budget.failed(40) == 40
    assert budget.failed(5) == 5
    freezer.tick(39)
    with pytest.raises(RateLimitError) as caught:
        await budget.take(is_command=is_command)
    assert caught.value.retry_after == pytest.approx(1)
    freezer.tick(1.001)
    await budget.take(is_command=is_command)


async def test_a_waiting_request_hears_of_the_quiet(freezer: FrozenDateTimeFactory) -> None:
    """Test that what waited for its turn is not sent into the quiet."""
    budget = RequestBudget()
    await spend(budget, POLLS)
    waiting = asyncio.ensure_future(budget.take(is_command=False))
    await settle()
    budget.failed(300)
    freezer.tick(PERIOD + 1)
    await settle()
    with pytest.raises(RateLimitError):
        await waiting


@pytest.mark.parametrize(
    ("asked", "granted"), [(-5, 1), (0, 1), (1e9, LONGEST_RETRY_AFTER), (7.5, 7.5)]
)
def test_what_a_server_may_ask_for(asked: float, granted: float) -> None:
    """Test that a wait is neither nothing nor for ever."""
    assert RequestBudget().failed(asked) == granted


@pytest.mark.parametrize(("share", "factor"), [(0.0, 0.8), (1.0, 1.2)])
def test_back_off_grows_and_resets(
    monkeypatch: pytest.MonkeyPatch, share: float, factor: float
) -> None:
    """Test the waits of our own making, at both ends of the jitter."""
    monkeypatch.setattr(random, "uniform", lambda low, high: low + (high - low) * share)
    budget = RequestBudget()
    waits = [budget.failed(None) for _ in range(7)]
    assert waits == pytest.approx([factor * each for each in (30, 60, 120, 240, 480, 600, 600)])
    budget.succeeded()
    assert budget.failed(None) == pytest.approx(factor * 30)


def test_an_outage_of_weeks() -> None:
    """Test that no number of failures breaks the back-off."""
    budget = RequestBudget()
    waits = [budget.failed(None) for _ in range(3000)]
    assert max(waits) <= LONGEST_BACK_OFF * 1.2


async def test_own_back_off_paces_nothing_but_polls(freezer: FrozenDateTimeFactory) -> None:
    """Test that a person can press a button, and that only a limit keeps polls quiet."""
    budget = RequestBudget()
    budget.failed(None)
    await budget.take(is_command=False)
    wait = budget.failed(None, is_limit=True)
    await budget.take(is_command=True)
    with pytest.raises(RateLimitError):
        await budget.take(is_command=False)
    freezer.tick(wait + 0.001)
    await budget.take(is_command=False)
