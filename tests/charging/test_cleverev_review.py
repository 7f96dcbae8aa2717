"""Tests of reviews of CleverEV's past that take several polls, against the simulator."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.backends.cleverev import REVIEW_INTERVAL
from custom_components.ev_charging_sessions.charging.backends.cleverev_pages import Page
from custom_components.ev_charging_sessions.charging.backends.cleverev_review import REVIEWED
from custom_components.ev_charging_sessions.charging.backends.cleverev_units import UnitCheck
from custom_components.ev_charging_sessions.charging.errors import (
    AuthenticationError,
    UnexpectedAnswerError,
)
from custom_components.ev_charging_sessions.charging.model import Session, SessionStatus
from tests.conftest import START
from tests.simulator import Simulator

from .cleverev_owner import GARAGE, HOTEL, TAG, NamespaceOwner

IDLE = 300
MANY = 1234


@pytest.fixture
async def owner(
    simulator: Simulator, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> NamespaceOwner:
    """Return an account whose clock moves together with that of the simulator."""
    freezer.move_to(START)
    return NamespaceOwner(simulator, http, freezer)


async def told_in(owner: NamespaceOwner, polls: int, *, busy: bool = False) -> list[Session]:
    """Return what is told in so many polls, none of which asks for much."""
    told: list[Session] = []
    for _ in range(polls):
        owner.asked()
        told += (await owner.poll()).sessions
        assert len(owner.asked()) <= 26
        owner.tick(IDLE)
        if busy:
            # A car came, so all rows have moved.
            owner.namespace.walk_in()
    return told


@pytest.mark.parametrize(
    ("order", "count_is_total"), [("newest", True), ("newest", False), ("oldest", True)]
)
@pytest.mark.parametrize(("max_take", "polls"), [(10, 26), (25, 8), (50, 3), (100, 1)])
async def test_short_pages(
    owner: NamespaceOwner,
    order: Literal["newest", "oldest"],
    count_is_total: bool,
    max_take: int,
    polls: int,
) -> None:
    """Test that every session is read once, however short the pages are and whatever comes."""
    settings = owner.settings
    settings.count_is_total, settings.max_take, settings.order = count_is_total, max_take, order
    settings.insert_between_pages = 2
    past = owner.namespace.populate(MANY)
    told = await told_in(owner, polls, busy=True)
    old = [session for session in told if session.started and session.started < START]
    assert set(Counter(session.session_id for session in old).values()) == {1}
    assert len(old) == MANY
    assert sum(round((each.energy or 0) * 1000) for each in old) == past.total_energy
    assert sum(each.cost.amount for each in old if each.cost) == Decimal(past.total_price) / 100
    settings.insert_between_pages = 0
    await told_in(owner, 8)
    owner.asked()
    assert {session.status for session in (await owner.poll()).sessions} <= {SessionStatus.CHARGING}
    assert len(owner.asked()) <= 6


async def test_short_pages_of_a_long_past(owner: NamespaceOwner) -> None:
    """Test that the newest sessions are read, as many as from long pages, and then no more."""
    owner.settings.max_take = 25
    past = owner.namespace.populate(5000)
    told = await told_in(owner, 9)
    assert REVIEWED <= len(told) < REVIEWED + 25
    assert told[0].session_id.endswith(str(max(past.numbers)))
    assert await told_in(owner, 2) == []
    owner.asked()
    await owner.poll()
    assert len(owner.asked()) == 3


async def test_many_that_ended_between_two_polls(owner: NamespaceOwner) -> None:
    """Test that pages of nothing but known sessions are no end, as after an outage."""
    owner.settings.max_take = 10
    owner.namespace.populate(500)
    told = await told_in(owner, 1)
    for _ in range(120):
        owner.namespace.start_at_pole(GARAGE, 1, TAG)
        owner.tick(60)
        owner.namespace.unplug(GARAGE, 1)
    told += await told_in(owner, 9)
    assert Counter(Counter(each.session_id for each in told).values()) == {1: 620}


async def test_polls_in_quick_succession(owner: NamespaceOwner) -> None:
    """Test that a command does not have to wait because the past is read."""
    owner.settings.max_take = 10
    owner.namespace.populate(400)
    await owner.poll()
    for seconds in (2, 3, 5, 8):
        owner.tick(seconds)
        owner.asked()
        await owner.poll()
        assert len(owner.asked()) == 3
    owner.tick(30)
    assert len((await owner.poll()).sessions) > 90


async def test_news_while_the_past_is_read(owner: NamespaceOwner) -> None:
    """Test that what runs, and what has just ended, is told as fast as ever."""
    owner.settings.max_take = 10
    owner.namespace.populate(600)
    await owner.poll()
    owner.tick(IDLE)
    made = owner.namespace.start_at_pole(HOTEL, 1, TAG)
    assert (made.id, SessionStatus.CHARGING) in await owner.states()
    owner.tick(IDLE)
    owner.namespace.unplug(HOTEL, 1)
    assert (made.id, SessionStatus.FINISHED) in await owner.states()


@pytest.mark.parametrize("fault", ["http_500", "http_429", "http_400", "html", "no list"])
async def test_a_review_that_is_cut_short(
    owner: NamespaceOwner, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Test that what was reviewed counts, and that the rest follows from where it stopped."""
    owner.namespace.populate(450)
    read = owner.backend._api.sessions
    asked: list[int] = []

    async def limited(
        skip: int,
        take: int,
        filters: Mapping[str, str],
        known: Page | None = None,
        *,
        is_patient: bool = False,
    ) -> Page:
        if not filters:
            asked.append(skip)
            if skip > 150 and fault == "no list":
                raise UnexpectedAnswerError("chargingSessions")
            if skip > 150:
                owner.simulator.faults.on(fault, scope="list_sessions", count=1)
        return await read(skip, take, filters, known, is_patient=is_patient)

    with monkeypatch.context() as patch:
        patch.setattr(owner.backend._api, "sessions", limited)
        assert len((await owner.poll()).sessions) == 195
        for _ in range(5):
            # One that stays as it is costs no sessions, and not a request in every poll.
            owner.tick(700)
            assert await owner.states() == []
        assert asked[:3] == [0, 95, 190]
        assert len(asked) <= 7
    owner.tick(3700)
    assert len(await owner.states()) == 450 - 195
    owner.tick(3700)
    owner.asked()
    await owner.poll()
    assert len(owner.asked()) == 3


async def test_a_review_that_never_ends(
    owner: NamespaceOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that corrections are still found within a day when a page can never be read."""
    owner.namespace.populate(450)
    first = owner.namespace.start_at_pole(HOTEL, 1, TAG)
    owner.tick(3600)
    owner.namespace.unplug(HOTEL, 1)
    for _ in range(30):
        owner.namespace.start_at_pole(GARAGE, 1, TAG)
        owner.tick(600)
        owner.namespace.unplug(GARAGE, 1)
    read = owner.backend._api.sessions

    async def limited(
        skip: int,
        take: int,
        filters: Mapping[str, str],
        known: Page | None = None,
        *,
        is_patient: bool = False,
    ) -> Page:
        if skip > 150:
            owner.simulator.faults.on("http_400", scope="list_sessions", count=1)
        return await read(skip, take, filters, known, is_patient=is_patient)

    monkeypatch.setattr(owner.backend._api, "sessions", limited)
    await owner.poll()
    owner.namespace.correct(first.id, 10_000)
    owner.tick(IDLE)
    assert await owner.states() == []
    owner.tick(REVIEW_INTERVAL.total_seconds())
    assert await owner.states() == [(first.id, SessionStatus.FINISHED)]


async def test_a_poll_that_fails_after_its_review(owner: NamespaceOwner) -> None:
    """Test that nothing is lost of what was read before a poll came to nothing."""
    owner.settings.max_take = 10
    owner.namespace.populate(400)
    told = await told_in(owner, 1)
    owner.simulator.faults.on("http_401", scope="chargers", count=1)
    with pytest.raises(AuthenticationError):
        await owner.poll()
    owner.tick(IDLE)
    told += await told_in(owner, 4)
    assert Counter(Counter(each.session_id for each in told).values()) == {1: 400}


async def test_an_answer_that_could_not_be_kept(owner: NamespaceOwner) -> None:
    """Test that a review begins anew when nobody knows what has been kept of it."""
    owner.settings.max_take = 10
    owner.namespace.populate(400)
    await told_in(owner, 2)
    owner.backend.forget()
    told = await told_in(owner, 5)
    assert Counter(Counter(each.session_id for each in told).values()) == {1: 400}


async def test_a_session_that_was_reviewed_is_looked_up_all_the_same(
    owner: NamespaceOwner,
) -> None:
    """Test that a row which was read some polls ago does not pass for what a session is now."""
    owner.settings.max_take = 10
    owner.namespace.populate(600)
    made = owner.namespace.start_at_pole(HOTEL, 1, TAG)
    owner.tick(600)
    owner.namespace.unplug(HOTEL, 1)
    for _ in range(25):
        owner.namespace.start_at_pole(GARAGE, 1, TAG)
        owner.tick(60)
        owner.namespace.unplug(GARAGE, 1)
    await told_in(owner, 2)
    owner.namespace.correct(made.id, 1000)
    assert (made.id, SessionStatus.FINISHED) in await owner.states(made.id)
    assert owner.sessions[made.id].energy == 1


async def test_others_get_their_turn(
    owner: NamespaceOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that a poll of many sessions does not weigh the evidence of all in one go."""
    owner.namespace.populate(1000)
    noted: list[int] = []
    at_once = 0
    note = UnitCheck.note

    def counted(self: UnitCheck, session: Session) -> None:
        nonlocal at_once
        at_once += 1
        note(self, session)

    async def others() -> None:
        nonlocal at_once
        while True:
            await asyncio.sleep(0)
            noted.append(at_once)
            at_once = 0

    monkeypatch.setattr(UnitCheck, "note", counted)
    task = asyncio.create_task(others())
    told = await owner.poll()
    await asyncio.sleep(0)
    task.cancel()
    assert sum(noted) == len(told.sessions) == 1000
    assert max(noted) <= 200
