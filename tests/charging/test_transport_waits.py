"""Tests of how long nothing is sent after a network asked for quiet, or has failed."""

from datetime import UTC, datetime
from itertools import pairwise

import aiohttp
from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.errors import (
    BackendUnavailableError,
    RateLimitError,
)

from .acts import backend_at, poll, start
from .driver import CARD, EVSE, Driver
from .scripted_server import ScriptedServer
from .secrets import raises


@pytest.mark.parametrize("as_date", [False, True])
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("scope", ["active", "token"])
async def test_retry_after(driver: Driver, status: int, scope: str, as_date: bool) -> None:
    """Test that nothing at all is sent before the time that the network has named."""
    kind = RateLimitError if status == 429 else BackendUnavailableError
    driver.simulator.faults.on(
        f"http_{status}", scope=scope, count=1, retry_after=90, retry_after_date=as_date
    )
    with pytest.raises(kind) as caught:
        await poll(driver.backend)
    assert isinstance(caught.value, RateLimitError | BackendUnavailableError)
    assert caught.value.retry_after == 90
    driver.simulator.log.clear()
    driver.tick(89)
    for act in (poll, start):
        with raises(RateLimitError, driver.simulator) as limited:
            await act(driver.backend)
        assert limited[0].retry_after == pytest.approx(1)
    assert not driver.simulator.log.entries
    driver.tick(2)
    await driver.backend.start(EVSE, CARD)


@pytest.mark.parametrize("header", ["soon", "", "²", "-1", "1e3", "Mon, 99 Foo 2026 12:00:00 GMT"])
async def test_retry_after_that_says_nothing(
    server: ScriptedServer, http: aiohttp.ClientSession, header: str
) -> None:
    """Test that a header nobody understands leads to a back-off of our own."""
    server.answer = lambda _request: web.Response(status=429, headers={"Retry-After": header})
    with pytest.raises(RateLimitError) as caught:
        await poll(backend_at(server.url, http))
    assert 24 <= caught.value.retry_after <= 36


async def test_retry_after_without_a_zone(
    server: ScriptedServer, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a date whose zone is unknown is taken for UTC."""
    freezer.move_to(datetime(2026, 11, 21, 12, tzinfo=UTC))
    header = "Sat, 21 Nov 2026 12:01:30 -0000"
    server.answer = lambda _request: web.Response(status=503, headers={"Retry-After": header})
    with pytest.raises(BackendUnavailableError) as caught:
        await poll(backend_at(server.url, http))
    assert caught.value.retry_after == 90


async def test_a_limit_without_a_time_keeps_polls_quiet(driver: Driver) -> None:
    """Test that polls wait after a bare 429, and a person need not."""
    driver.simulator.faults.on("http_429", scope="active", count=1)
    with raises(RateLimitError, driver.simulator) as limited:
        await poll(driver.backend)
    driver.simulator.log.clear()
    with raises(RateLimitError, driver.simulator):
        await poll(driver.backend)
    assert not driver.simulator.log.entries
    await driver.backend.start(EVSE, CARD)
    driver.tick(limited[0].retry_after + 1)
    await poll(driver.backend)


async def test_back_off_grows_until_an_answer_makes_sense(driver: Driver) -> None:
    """Test that failures in a row lengthen the wait, and an answer ends that."""
    driver.simulator.faults.on("html", scope="active", count=4)
    waits = []
    for _ in range(4):
        with raises(BackendUnavailableError, driver.simulator) as found:
            await poll(driver.backend)
        waits.append(found[0].retry_after or 0)
    assert all(after > before for before, after in pairwise(waits))
    await poll(driver.backend)
    driver.simulator.faults.on("html", scope="active", count=1)
    with raises(BackendUnavailableError, driver.simulator) as found:
        await poll(driver.backend)
    assert found[0].retry_after is not None
    assert found[0].retry_after <= 36
