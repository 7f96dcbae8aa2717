"""What a poll costs beside its floor: GET and ``orjson.loads`` of the same body."""

import asyncio
from collections.abc import Mapping
import tempfile
import time
from typing import Any

from aiohttp import ClientSession
import msgspec
import orjson

from tests import ha_compat  # noqa: F401 - loads what must come before Home Assistant

from pytest_homeassistant_custom_component.common import (  # isort: skip
    MockConfigEntry,
    async_test_home_assistant,
)

from homeassistant.const import EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import (
    Event,
    HomeAssistant,
    callback,
)
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component

from custom_components.ev_charging_sessions.charging.backends import budget
from custom_components.ev_charging_sessions.charging.backends.shell_recharge import ShellRecharge
from custom_components.ev_charging_sessions.charging.backends.shell_recharge_wire import (
    WireSession,
)
from custom_components.ev_charging_sessions.charging.model import Account, ChargeCard
from custom_components.ev_charging_sessions.const import DOMAIN

from . import server
from .measure import cpu_seconds, report

SESSIONS = 1000
REPEATS = 20
ACTIVE = "/ev/v2/charge-session/active"


class _Envelope(msgspec.Struct):
    data: list[WireSession]


async def _still(url: str) -> bool:
    """Measure a poll that brings nothing new, and decoding alone."""
    decode = msgspec.json.Decoder(_Envelope).decode
    async with ClientSession() as session:

        async def get() -> bytes:
            headers = {"Authorization": "Bearer t", "RequestId": "r"}
            params = {"emaId": server.CARD}
            async with session.get(url + ACTIVE, params=params, headers=headers) as response:
                return await response.read()

        async def floor() -> object:
            return orjson.loads(await get())

        async def typed() -> object:
            return decode(await get())

        backend = ShellRecharge(
            session,
            Account(backend="shell_recharge", account_id="benchmark"),
            client_id="c",
            client_secret="s",
            cards=(ChargeCard(identifier=server.CARD, alias="card"),),
            base_url=url,
        )
        first = await backend.poll({})
        open_sessions = {session.session_id: session for session in first.sessions}
        assert len(open_sessions) == SESSIONS

        async def poll() -> object:
            answer = await backend.poll(open_sessions)
            assert not answer.sessions
            return answer

        works = {"floor": floor, "get": get, "typed": typed, "poll": poll}
        taken = await cpu_seconds(works, repeats=REPEATS)
    print(f"  of which the bare GET is {taken['get'] / taken['floor']:.2f}")
    return all(
        (
            report("Poll, nothing changed", taken["poll"] / taken["floor"], 0.3),
            report("GET and decode to typed values", taken["typed"] / taken["floor"], 0.8),
        )
    )


async def _moving(url: str, hass: HomeAssistant) -> bool:
    """Measure a poll through Home Assistant, ledger included, with one session changed."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id="benchmark",
        title="Benchmark",
        data={
            "backend": "shell_recharge",
            "client_id": "c",
            "client_secret": "s",
            "ema_id": server.CARD,
            "base_url": url,
            "api_version": "v2",
        },
    )
    # Home Assistant's HTTP client looks names up with the help of this component.
    assert await async_setup_component(hass, "network", {})
    entry.add_to_hass(hass)
    hass.data.pop(DATA_CUSTOM_COMPONENTS)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    coordinator = entry.runtime_data
    assert len(coordinator.data.charge_points) == server.CHARGE_POINTS
    session = async_get_clientsession(hass)
    async with session.get(f"{url}/mode/moving") as response:
        assert response.ok
    written: list[str] = []

    @callback
    def note(data: Mapping[str, Any]) -> bool:
        written.append(data["entity_id"])
        return False

    @callback
    def ignore(_event: Event[Any]) -> None:
        """Be the listener that a filter needs."""

    hass.bus.async_listen(EVENT_STATE_CHANGED, ignore, event_filter=note)
    hass.bus.async_listen(EVENT_STATE_REPORTED, ignore, event_filter=note)
    polls = 0

    async def floor() -> object:
        params = {"emaId": server.CARD}
        async with session.get(url + ACTIVE, params=params) as response:
            return orjson.loads(await response.read())

    async def poll() -> None:
        nonlocal polls
        polls += 1
        await coordinator.async_refresh()

    works = {"floor": floor, "poll": poll}
    loop = await cpu_seconds(works, repeats=REPEATS, clock=time.thread_time)
    every = await cpu_seconds(works, repeats=REPEATS)
    await hass.async_block_till_done()
    print(f"  {polls} polls wrote {len(written)} states of {len(set(written))} entities")
    is_exact = polls - 2 <= len(written) <= polls and len(set(written)) == 1
    print(f"  with the ledger's thread: {every['poll'] / every['floor']:.2f} x the floor")
    is_fast = report(
        "Poll, one of 1,000 sessions at 50 charge points changed",
        loop["poll"] / loop["floor"],
        1.4,
    )
    await hass.config_entries.async_unload(entry.entry_id)
    return is_exact and is_fast


async def run() -> bool:
    """Run the benchmarks of a poll."""
    # The budget would pace the benchmark instead of the code.
    budget.REQUESTS_PER_PERIOD = 10**9
    async with server.running(SESSIONS) as url:
        is_reached = await _still(url)
        with tempfile.TemporaryDirectory() as folder:
            async with async_test_home_assistant(config_dir=folder) as hass:
                is_reached = await _moving(url, hass) and is_reached
                await hass.async_stop(force=True)
    return is_reached


if __name__ == "__main__":
    raise SystemExit(not asyncio.run(run()))
