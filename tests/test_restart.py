"""Home Assistant killed with kill -9 at the worst moments, and what it finds afterwards."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from pytest_socket import socket_allow_hosts

from custom_components.ev_charging_sessions.charging.model import SessionStatus
from tests.home import EVSE, OTHER_EVSE
from tests.real_home import SECONDS_TO_START, RealHome
from tests.simulator import Simulator
from tests.simulator.defaults import CARDS, CLIENT_ID, CLIENT_SECRET
from tests.simulator.world import Phase

pytestmark = [
    # Starts of a whole Home Assistant on a slow machine; the waits themselves are bounded.
    pytest.mark.timeout(8 * SECONDS_TO_START),
    # All lives are forks of one process, which takes its time to begin.
    pytest.mark.xdist_group("real homes"),
]


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncIterator[Simulator]:
    """Serve a fresh simulator in real time."""
    async with Simulator(frozen=False) as simulator:
        yield simulator


@pytest.fixture
async def real_home(tmp_path: Path, simulator: Simulator) -> AsyncIterator[RealHome]:
    """Return a home that does not run yet, kill it at the end, and look at what it printed."""
    # The process that its lives are forked from listens at a socket in the file system.
    socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)
    home = RealHome(tmp_path, simulator)
    yield home
    await home.kill()
    assert home.complaints == []
    assert "GET ev/v2/charge-session/active: 200" in home.output
    assert [each for each in (CLIENT_ID, CLIENT_SECRET, *CARDS) if each in home.output] == []


async def test_killed_while_a_session_is_open(real_home: RealHome, simulator: Simulator) -> None:
    """Test rules 3 and 4: a session that ends while nobody looks is told as it ended."""
    session = simulator.world.start_at_pole(EVSE, CARDS[0])
    await real_home.start()

    # Not to look before, because whoever looks first makes the file.
    await real_home.until_requested("active", 1)

    async def is_known() -> bool:
        return session.session_id in await real_home.sessions()

    await real_home.until(is_known, "the open session")
    await real_home.kill()
    simulator.world.unplug(EVSE)
    assert (await real_home.sessions())[session.session_id].is_open

    await real_home.start()

    async def is_over() -> bool:
        return not (await real_home.sessions())[session.session_id].is_open

    await real_home.until(is_over, "the end of the session")
    known = (await real_home.sessions())[session.session_id]
    assert known.status is SessionStatus.FINISHED
    assert known.ended
    assert session.stopped
    assert abs(known.ended - session.stopped) < timedelta(seconds=1)


@pytest.mark.parametrize("answer_is_lost", [False, True])
async def test_killed_between_start_and_confirmation(
    real_home: RealHome, simulator: Simulator, answer_is_lost: bool
) -> None:
    """Test rule 5: a start is sent once, and what became of it is found after a restart."""
    simulator.world.plug(EVSE)
    simulator.world.start_delay = 5
    if answer_is_lost:
        simulator.faults.on("stall_answer", scope="start")
    await real_home.start()
    await real_home.ask_for_start(EVSE)

    async def is_noted() -> bool:
        (command,) = await real_home.pending()
        return answer_is_lost or command.session_id is not None

    await real_home.until(is_noted, "a note of the answer")
    await real_home.kill()
    simulator.faults.off()
    (command,) = await real_home.pending()
    assert (command.session_id is None) == answer_is_lost

    await real_home.start()

    async def is_resolved() -> bool:
        return not await real_home.pending()

    await real_home.until(is_resolved, "the outcome of the start")
    assert simulator.log.count("start") == 1
    (known,) = (await real_home.sessions()).values()
    assert known.status is SessionStatus.CHARGING
    assert known.charge_point_id == EVSE


async def test_killed_at_any_moment(real_home: RealHome, simulator: Simulator) -> None:
    """Test that four kills at random moments lose no session and send no start twice."""
    random = Random(2026)
    world = simulator.world
    simulator.world.start_delay = 0.5
    seen: set[str] = set()
    asked = 0
    for round_ in range(4):
        polls = simulator.log.count("active")
        for evse_id in (EVSE, OTHER_EVSE):
            if world.running_at(evse_id):
                world.unplug(evse_id)
        world.start_at_pole(OTHER_EVSE, CARDS[0])
        await real_home.start()
        # From before the first request to well after it.
        if round_ % 2 == 0:
            world.plug(EVSE)
            await real_home.ask_for_start(EVSE)
            asked += 1
        else:
            await real_home.until_requested("active", polls + 1)
        await asyncio.sleep(random.uniform(0, 0.6))
        await real_home.kill()
        assert simulator.log.count("start") == asked
        known = (await real_home.sessions()).keys()
        assert seen <= known
        seen |= known
    await real_home.start()

    async def is_up_to_date() -> bool:
        ledger = await real_home.sessions()
        return not await real_home.pending() and all(
            not ledger[session_id].is_open
            for session_id in seen
            if world.session(session_id).phase is Phase.STOPPED
        )

    await real_home.until(is_up_to_date, "the ledger")
    ledger = await real_home.sessions()
    assert seen <= ledger.keys()
    assert len(seen) >= 3
    assert simulator.log.count("start") == asked
    for session_id, known_session in ledger.items():
        true = world.session(session_id)
        if true.phase is Phase.STOPPED:
            assert known_session.status is SessionStatus.FINISHED
            assert known_session.ended
            assert true.stopped
            assert abs(known_session.ended - true.stopped) < timedelta(seconds=1)
