"""Tests of telling a network what each connector is doing."""

import asyncio
from collections.abc import AsyncIterator
import logging
import random

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.errors import (
    AuthenticationError,
    BackendUnavailableError,
    InvalidInputError,
    RateLimitError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from custom_components.ev_charging_sessions.charging.model import ChargePointStatus
from custom_components.ev_charging_sessions.charging.status_posts import StatusPosts

from .answers import NOON
from .posts import Clock, Network, logged

AVAILABLE, OCCUPIED, RESERVED, FAULTED, OFFLINE = ChargePointStatus
DOWN = BackendUnavailableError("HTTP 503")
REJECTED = RequestRejectedError("181", status=200)


@pytest.fixture(autouse=True)
def _no_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let waits be as long as they are meant."""
    monkeypatch.setattr(random, "uniform", lambda low, high: (low + high) / 2)


@pytest.fixture
def network() -> Network:
    """Return a network of the test's own."""
    return Network()


@pytest.fixture
async def clock(freezer: FrozenDateTimeFactory) -> Clock:
    """Return a clock that shows noon."""
    freezer.move_to(NOON)
    return Clock(freezer)


@pytest.fixture
async def statuses(network: Network, clock: Clock) -> AsyncIterator[StatusPosts]:
    """Return what posts statuses, and is doing so."""
    statuses = StatusPosts(network.post)
    task = asyncio.create_task(statuses.run())
    await clock.settle()
    yield statuses
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


async def test_only_what_is_new(statuses: StatusPosts, network: Network, clock: Clock) -> None:
    """Test that each connector's status is posted when it is another one, unknown ones too."""
    for status in (AVAILABLE, AVAILABLE, OCCUPIED, None, None, AVAILABLE):
        statuses.want("E1", status)
        statuses.want("E2", OFFLINE)
        await clock.settle()
    await clock.advance(7200, step=600)
    assert network.posts == [
        ("E1", AVAILABLE),
        ("E2", OFFLINE),
        ("E1", OCCUPIED),
        ("E1", None),
        ("E1", AVAILABLE),
    ]
    assert network.most_at_once == 1


async def test_what_is_wanted_before_it_runs(network: Network, clock: Clock) -> None:
    """Test that the first statuses are posted, and an unknown one is one as well."""
    statuses = StatusPosts(network.post)
    statuses.want("E1", OCCUPIED)
    statuses.want("E1", AVAILABLE)
    statuses.want("E2", None)
    await clock.settle()
    assert network.posts == []
    task = asyncio.create_task(statuses.run())
    await clock.settle()
    task.cancel()
    assert network.posts == [("E1", AVAILABLE), ("E2", None)]


@pytest.mark.parametrize(
    ("err", "wait"),
    [
        (DOWN, 30),
        (RateLimitError(5), 30),
        (RateLimitError(100), 100),
        (BackendUnavailableError("HTTP 503", retry_after=100), 100),
        (UnexpectedAnswerError("result"), 30),
        (AuthenticationError("no"), 600),
        (ValueError("a bug"), 30),
    ],
    ids=repr,
)
async def test_only_the_newest(
    statuses: StatusPosts, network: Network, clock: Clock, err: Exception, wait: float
) -> None:
    """Test that a network that was in trouble is told how things are, not how they were."""
    network.answers = [err]
    statuses.want("E1", AVAILABLE)
    await clock.settle()
    for status in (OCCUPIED, OFFLINE, RESERVED, OCCUPIED):
        statuses.want("E1", status)
        await clock.settle()
    await clock.advance(wait - 1)
    assert network.posts == [("E1", AVAILABLE)]
    await clock.advance(2)
    assert network.posts == [("E1", AVAILABLE), ("E1", OCCUPIED)]


async def test_ever_more_rarely(statuses: StatusPosts, network: Network, clock: Clock) -> None:
    """Test that a long outage is met with patience, which a success ends."""
    network.answers = [DOWN] * 1000
    statuses.want("E1", AVAILABLE)
    await clock.advance(4 * 3600, step=30)
    assert 10 <= len(network.posts) <= 15
    network.answers = []
    await clock.advance(1801, step=30)
    network.answers = [DOWN]
    network.posts = []
    statuses.want("E1", OCCUPIED)
    await clock.advance(31)
    assert network.posts == [("E1", OCCUPIED)] * 2


async def test_a_change_while_it_is_posted(
    statuses: StatusPosts, network: Network, clock: Clock
) -> None:
    """Test that what was sent counts, not what was wanted by then."""
    network.is_holding = True
    statuses.want("E1", AVAILABLE)
    await clock.settle()
    statuses.want("E1", OCCUPIED)
    await clock.settle()
    assert network.posts == [("E1", AVAILABLE)]
    network.release()
    await clock.settle()
    assert network.posts == [("E1", AVAILABLE), ("E1", OCCUPIED)]
    statuses.want("E1", AVAILABLE)
    await clock.settle()
    assert network.posts[2:] == [("E1", AVAILABLE)]


@pytest.mark.parametrize("err", [REJECTED, InvalidInputError("connector", "invalid")], ids=repr)
async def test_what_is_refused(
    statuses: StatusPosts,
    network: Network,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    err: Exception,
) -> None:
    """Test that a refusal is logged once, and the next status tried all the same."""
    caplog.set_level(logging.WARNING, "custom_components")
    network.answers = [err, 0, err]
    statuses.want("E1", AVAILABLE)
    statuses.want("E2", AVAILABLE)
    await clock.advance(7200, step=600)
    statuses.want("E1", AVAILABLE)
    await clock.settle()
    assert network.posts == [("E1", AVAILABLE), ("E2", AVAILABLE)]
    statuses.want("E1", OCCUPIED)
    await clock.settle()
    assert network.posts[2:] == [("E1", OCCUPIED)]
    assert len(logged(caplog, "status_posts")) == 1
    # Once it was taken, another refusal is news.
    for status, outcome in ((AVAILABLE, 0), (OCCUPIED, err)):
        network.answers = [outcome]
        statuses.want("E1", status)
        await clock.settle()
    assert len(logged(caplog, "status_posts")) == 2


async def test_one_that_always_fails(statuses: StatusPosts, network: Network, clock: Clock) -> None:
    """Test that a connector at which the network stumbles does not silence the others."""
    network.answers = [DOWN, 0, DOWN]
    statuses.want("E1", AVAILABLE)
    statuses.want("E2", AVAILABLE)
    await clock.advance(31)
    assert network.posts == [("E1", AVAILABLE), ("E2", AVAILABLE), ("E1", AVAILABLE)]


async def test_what_is_logged(
    statuses: StatusPosts, network: Network, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that a trouble is told once, and a defect of ours with all that is known of it."""
    caplog.set_level(logging.INFO, "custom_components")
    network.answers = [DOWN, DOWN, ValueError("a bug")]
    statuses.want("E1", AVAILABLE)
    await clock.advance(300, step=5)
    assert logged(caplog, "status_posts") == [
        "Statuses cannot be posted now: HTTP 503",
        "Posting a status broke",
        "Statuses are posted again",
    ]
    assert len(network.posts) == 4
