"""Tests of posting by hand, beside what the outbox posts by itself."""

import asyncio
from collections.abc import AsyncIterator
import random

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.errors import (
    AuthenticationError,
    BackendUnavailableError,
    InvalidInputError,
    LedgerError,
    RateLimitError,
    RequestRejectedError,
)
from custom_components.ev_charging_sessions.charging.ledger import Ledger
from custom_components.ev_charging_sessions.charging.ledger_outbox import PostingState

from .answers import ACCOUNT, NOON
from .desk import Desk
from .posts import EVSE, TARGET, finished, running, source

WAITING, POSTED, REFUSED = PostingState
REJECTED = RequestRejectedError("181", status=200)
DOWN = BackendUnavailableError("HTTP 503")


@pytest.fixture(autouse=True)
def _no_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let waits be as long as they are meant."""
    monkeypatch.setattr(random, "uniform", lambda low, high: (low + high) / 2)


@pytest.fixture
async def desk(ledger: Ledger, freezer: FrozenDateTimeFactory) -> AsyncIterator[Desk]:
    """Return an outbox with a live charge point, at noon."""
    freezer.move_to(NOON)
    await ledger.outbox.use_sources(TARGET, [source()])
    desk = Desk(ledger, freezer)
    yield desk
    await desk.stop()


async def test_by_hand(desk: Desk) -> None:
    """Test that a person gets the code, and the outbox is left as it should be."""
    await desk.ledger.upsert([finished("s9", charge_point_id="CP9")])
    await desk.run()
    desk.network.answers = [12]
    assert await desk.outbox.post_now(ACCOUNT, "s9", "DE*8PS*E9") == 12
    assert desk.network.posts == [(finished("s9", charge_point_id="CP9"), "DE*8PS*E9")]
    await desk.clock.settle()
    assert len(desk.sent) == 1
    assert (await desk.states(), desk.outbox.waiting) == ({POSTED: 1}, 0)
    with pytest.raises(LedgerError):
        await desk.outbox.post_now(ACCOUNT, "unknown", "DE*8PS*E9")


@pytest.mark.parametrize(
    ("err", "raised", "state"),
    [
        (REJECTED, RequestRejectedError, REFUSED),
        (InvalidInputError("card", "no_card"), InvalidInputError, REFUSED),
        (DOWN, BackendUnavailableError, WAITING),
        (RateLimitError(5), RateLimitError, WAITING),
        (AuthenticationError("no"), AuthenticationError, WAITING),
        (ValueError("a bug"), BackendUnavailableError, WAITING),
    ],
    ids=repr,
)
async def test_by_hand_in_vain(
    desk: Desk, err: Exception, raised: type[Exception], state: PostingState
) -> None:
    """Test that a person hears what went wrong, and the outbox goes on from there."""
    await desk.ledger.upsert([finished("s9", charge_point_id="CP9")])
    await desk.run()
    desk.network.answers = [err]
    with pytest.raises(raised):
        await desk.outbox.post_now(ACCOUNT, "s9", "DE*8PS*E9")
    await desk.clock.settle()
    assert await desk.states() == {state: 1}
    assert (desk.outbox.waiting, desk.outbox.refused) == (state is WAITING, state is REFUSED)
    assert len(desk.refused) == (state is REFUSED)
    await desk.clock.advance(660, step=10)
    assert len(desk.sent) == (2 if state is WAITING else 1)


async def test_by_hand_while_the_network_is_left_alone(desk: Desk) -> None:
    """Test that a person may try at once, and success ends the waiting of all."""
    desk.network.answers = [DOWN] * 6
    await desk.ledger.upsert([running("s1"), finished("s9", charge_point_id="CP9")])
    await desk.run()
    await desk.clock.advance(900, step=30)
    desk.network.answers = []
    assert await desk.outbox.post_now(ACCOUNT, "s9", "DE*8PS*E9") == 0
    assert desk.troubles[-1] is None
    await desk.clock.advance(1801, step=30)
    assert await desk.states() == {POSTED: 2}


async def test_one_at_a_time(desk: Desk) -> None:
    """Test that not even people post two at once."""
    await desk.ledger.upsert([finished(f"s{n}", charge_point_id="CP9") for n in range(5)])
    await desk.ledger.upsert([running(f"r{n}") for n in range(3)])
    await desk.run()
    work = [desk.outbox.post_now(ACCOUNT, f"s{n}", EVSE) for n in range(5)]
    assert await asyncio.gather(*work) == [0] * 5
    await desk.clock.settle()
    assert desk.network.most_at_once == 1
    assert len(desk.sent) == 8
