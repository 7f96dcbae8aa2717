"""Tests of simulated time."""

import asyncio
from datetime import UTC, datetime, timedelta

from freezegun import freeze_time
import pytest

from .clock import Clock, real_now

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_frozen_time_moves_only_by_hand() -> None:
    """A frozen clock shows the same moment until it is advanced."""
    clock = Clock(START)
    assert clock.now() == clock.now() == START
    assert clock.advance(90) == START + timedelta(seconds=90)


def test_time_never_goes_back() -> None:
    """An advance by a negative time is refused."""
    with pytest.raises(ValueError, match="back"):
        Clock(START).advance(-1)


def test_events_run_in_order_and_at_their_own_time() -> None:
    """One long step runs every event at the moment it was due, and those it leads to."""
    clock = Clock(START)
    seen: list[tuple[str, float]] = []

    def note(name: str) -> None:
        seen.append((name, (clock.now() - START).total_seconds()))

    def note_and_go_on() -> None:
        note("early")
        clock.after(5, lambda: note("child"))

    clock.after(20, lambda: note("late"))
    clock.after(10, note_and_go_on)
    clock.advance(9)
    assert seen == []
    clock.advance(100)
    assert seen == [("early", 10), ("child", 15), ("late", 20)]
    assert clock.now() == START + timedelta(seconds=109)


def test_running_time_flows_although_freezegun_stops_it() -> None:
    """The clock of the demo follows real time, and an advance leaps ahead."""
    with freeze_time(START):
        clock = Clock(frozen=False)
        before = real_now()
        first = clock.now()
        while real_now() < before + 0.01:
            pass
        assert timedelta(0) < clock.now() - first < timedelta(seconds=5)
        assert clock.advance(60) - first > timedelta(seconds=60)


def test_frozen_time_starts_at_the_time_of_freezegun() -> None:
    """A test that freezes its own time and the simulator agree about now."""
    with freeze_time(START):
        assert Clock().now() == START


def test_freeze_and_run_keep_the_time() -> None:
    """Switching between frozen and running makes no leap."""
    clock = Clock(START)
    modes = []
    for switch in (clock.run, clock.freeze):
        switch()
        modes.append(clock.is_frozen)
    assert modes == [False, True]
    assert START <= clock.now() < START + timedelta(seconds=5)


async def test_sleep_ends_with_simulated_time() -> None:
    """A sleeper in frozen time wakes up by an advance only."""
    clock = Clock(START)
    task = asyncio.create_task(clock.sleep(30))
    await asyncio.sleep(0.05)
    clock.advance(29)
    await asyncio.sleep(0.05)
    assert not task.done()
    clock.advance(1)
    await asyncio.wait_for(task, 1)


async def test_sleep_ends_by_itself_in_running_time() -> None:
    """A sleeper in running time needs nobody to wake up."""
    await asyncio.wait_for(Clock(START, frozen=False).sleep(0.05), 1)
