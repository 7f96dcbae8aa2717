"""A home whose webhook can be called from other processes, and that watches itself meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import logging
from pathlib import Path
import resource
import socket
from statistics import median, quantiles
import time
from types import MappingProxyType
from typing import Any, Self, override

from aiohttp.test_utils import TestServer
from aiohttp.web import Request, Response

from tests import ha_compat  # noqa: F401 - loads what must come before Home Assistant

from pytest_homeassistant_custom_component.common import MockConfigEntry  # isort: skip

from homeassistant.components import webhook
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.components.switch import SwitchEntity
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_component import EntityComponent
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component

from custom_components.ev_charging_sessions.const import DOMAIN

from .calls_peer import Message, message

KEY = "benchmark-key-4d1f"
PARTNER = "benchmark-partner-19c2"
EVSE = "DE*8PS*EBENCH*1"
_HOOK, _BARE = "benchmark-webhook-77", "benchmark-bare-webhook"
_SWITCH, _METER = "switch.pole", "sensor.meter"
_STEP = 0.005


class Switch(SwitchEntity):
    """A switch that knows when it was turned."""

    _attr_should_poll = False
    _attr_is_on = False
    entity_id = _SWITCH

    def __init__(self) -> None:
        """Be off, and never turned."""
        self.turned: list[tuple[float, bool]] = []

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        self._turn(is_on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        self._turn(is_on=False)

    def _turn(self, *, is_on: bool) -> None:
        self.turned.append((time.monotonic(), is_on))
        self._attr_is_on = is_on
        self.async_write_ha_state()


class Watch:
    """How late the event loop was, in ms, and how much memory there was, in MB, meanwhile.

    ``cpu`` is the seconds of CPU that the loop's thread took. What other programs do is in the
    lags, and not in that.
    """

    def __init__(self) -> None:
        """Start without any look."""
        self.lags: list[float] = []
        self.memory: list[float] = []
        self.cpu = 0.0

    async def __aenter__(self) -> Self:
        """Begin to look."""
        self._task = asyncio.create_task(self._look())
        self.cpu = -time.thread_time()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Look no more."""
        self.cpu += time.thread_time()
        self._task.cancel()
        self.memory.append(resident())

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for count in range(10**9):
            if count % 20 == 0:
                self.memory.append(resident())
            # A look that is missed counts with its own lag, or long ones would count least.
            due += _STEP
            if (left := due - loop.time()) > 0:
                await asyncio.sleep(left)
            self.lags.append((loop.time() - due) * 1e3)

    @property
    def typical(self) -> float:
        """The median lag."""
        return median(self.lags)

    @property
    def late(self) -> float:
        """The lag that one look of a hundred exceeds."""
        return quantiles(self.lags, n=100)[-1]


def resident() -> float:
    """Return the MB of memory that this process has now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


class CallsHome:
    """Home Assistant with one pole, whose webhook listens on a real port."""

    def __init__(self, switch: Switch, url: str) -> None:
        """Know the parts."""
        self.switch = switch
        self._url = url.rstrip("/")

    def call(self, name: str, driver: int, key: str = KEY, **more: str) -> Message:
        """Return a call of a driver about the pole."""
        user = {"identifier-type": "evco-id", "identifier": f"DE*8PS*D{driver:05d}*1"}
        fields = {"user": user, "connector-id": EVSE, **more}
        return message(f"{self._url}/api/webhook/{_HOOK}", key, name, fields)

    def bare(self, like: Message) -> Message:
        """Return the same call at a webhook that does nothing but answer."""
        return Message(url=f"{self._url}/api/webhook/{_BARE}", key=like.key, body=like.body)


@asynccontextmanager
async def calls_home(hass: HomeAssistant, network_url: str) -> AsyncIterator[CallsHome]:
    """Set up the home."""
    # As Home Assistant's own start does it.
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    # Its own port may be taken, and the server below uses another.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert await async_setup_component(hass, "http", {"http": {"server_port": port}})
    for component in ("network", "webhook", "switch"):
        assert await async_setup_component(hass, component, {})
    hass.data.pop(DATA_CUSTOM_COMPONENTS, None)
    switch = Switch()
    switches: EntityComponent[SwitchEntity] = hass.data["switch"]
    await switches.async_add_entities([switch])
    attributes = {
        "unit_of_measurement": "kWh",
        "device_class": SensorDeviceClass.ENERGY,
        "state_class": SensorStateClass.TOTAL_INCREASING,
    }
    hass.states.async_set(_METER, "100.0", attributes)
    connector = {"evse_id": EVSE, "switch_entity": _SWITCH, "energy_entity": _METER}
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id="benchmark",
        title="Benchmark",
        data={
            "backend": "plugsurfing",
            "api_key": KEY,
            "partner_identifier": PARTNER,
            "base_url": network_url,
            "webhook_id": _HOOK,
        },
        subentries_data=[
            ConfigSubentryData(
                data=MappingProxyType(connector),
                subentry_type="connector",
                title=EVSE,
                unique_id=EVSE,
            )
        ],
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED

    async def bare(_hass: HomeAssistant, _webhook_id: str, request: Request) -> Response:
        return Response()

    webhook.async_register(hass, DOMAIN, "bare", _BARE, bare)
    server = TestServer(hass.http.app, host="127.0.0.1")
    await server.start_server()
    try:
        yield CallsHome(switch, str(server.make_url("")))
    finally:
        await server.close()
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()
