"""A guest house with poles that the network may start, as a test wants to handle it.

The devices of a pole are entities of a small integration of their own, which reads and
switches it over HTTP the way a home does.
"""

from datetime import datetime, timedelta
from typing import Any, override

from aiohttp import ClientError, ClientSession

from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntity
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.components.switch import SwitchEntity
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_component import EntityComponent
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.setup import async_setup_component

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import Home
from tests.simulator.defaults import (
    PLUGSURFING_EVSE,
    PLUGSURFING_KEY,
    PLUGSURFING_PARTNER,
)

INTERVAL = timedelta(seconds=20)

SWITCH, METER, PLUG = "switch.pole_{}", "sensor.meter_{}", "binary_sensor.plug_{}"


class _Part(Entity):
    """One part of a pole, which is unavailable when it does not answer."""

    _attr_should_poll = False
    _platform = ""

    def __init__(self, session: ClientSession, url: str, name: str) -> None:
        self._session = session
        self._url = url
        self.entity_id = f"{self._platform}_{name}"
        # Only what has a unique id can be renamed.
        self._attr_unique_id = self.entity_id

    @override
    async def async_added_to_hass(self) -> None:
        def look(_: datetime) -> None:
            self.async_schedule_update_ha_state(force_refresh=True)

        self.async_on_remove(
            async_track_time_interval(self.hass, callback(look), INTERVAL, cancel_on_shutdown=True)
        )

    async def _ask(self, **body: Any) -> dict[str, Any] | None:
        try:
            method = self._session.post if body else self._session.get
            async with method(self._url, json=body or None) as response:
                self._attr_available = response.status == 200
                return await response.json() if self._attr_available else None
        except ClientError:
            self._attr_available = False
        return None


class PoleSwitch(_Part, SwitchEntity):
    """The relay."""

    _platform = "switch.pole"

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self._turn(is_on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self._turn(is_on=False)

    async def _turn(self, *, is_on: bool) -> None:
        if (answer := await self._ask(on=is_on)) is None:
            raise HomeAssistantError("The pole does not answer")
        self._attr_is_on = answer["on"]
        self.async_write_ha_state()

    async def async_update(self) -> None:
        """Read whether it is on."""
        if answer := await self._ask():
            self._attr_is_on = answer["on"]


class PoleMeter(_Part, SensorEntity):
    """The meter, in Wh as many meters count."""

    _platform = "sensor.meter"
    _attr_device_class = SensorDeviceClass.ENERGY
    _attr_state_class = SensorStateClass.TOTAL_INCREASING
    _attr_native_unit_of_measurement = UnitOfEnergy.WATT_HOUR

    async def async_update(self) -> None:
        """Read what it shows."""
        if answer := await self._ask():
            self._attr_native_value = round(answer["energy"] * 1000, 3)


class PolePlug(_Part, BinarySensorEntity):
    """The plug."""

    _platform = "binary_sensor.plug"
    _attr_device_class = BinarySensorDeviceClass.PLUG

    async def async_update(self) -> None:
        """Read whether a car is plugged in."""
        if answer := await self._ask():
            self._attr_is_on = answer["plugged"]


class GuestHouse:
    """A home that is the operator of poles."""

    def __init__(self, home: Home, url: str) -> None:
        """Remember the home, and where its Home Assistant can be called."""
        self.home = home
        self.hass: HomeAssistant = home.hass
        self.books = home.simulator.books
        self.caller = home.simulator.caller
        self.poles = home.simulator.poles
        self.url = url.rstrip("/")

    async def add_devices(self, name: str) -> None:
        """Add the entities of a pole to the home."""
        session = async_get_clientsession(self.hass)
        base = f"{self.home.simulator.url}/pole/{name}"
        parts: dict[str, Entity] = {
            "switch": PoleSwitch(session, f"{base}/relay", name),
            "sensor": PoleMeter(session, f"{base}/meter", name),
            "binary_sensor": PolePlug(session, f"{base}/plug", name),
        }
        for platform, entity in parts.items():
            assert await async_setup_component(self.hass, platform, {})
            component: EntityComponent[Entity] = self.hass.data[platform]
            await component.async_add_entities([entity], update_before_add=True)
        await self.home.settle()

    def user_input(self, **changes: Any) -> dict[str, Any]:
        """Return what a person enters for the account."""
        return {
            "api_key": PLUGSURFING_KEY,
            "partner_identifier": PLUGSURFING_PARTNER,
            "advanced": {"base_url": self.home.simulator.url},
            **changes,
        }

    async def add_operator(self, **changes: Any) -> None:
        """Add the account through the real flow."""
        flows = self.hass.config_entries.flow
        result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
        result = await flows.async_configure(result["flow_id"], {"next_step_id": "plugsurfing"})
        result = await flows.async_configure(result["flow_id"], self.user_input(**changes))
        assert result["type"] is FlowResultType.CREATE_ENTRY, result
        self.home.entry = result["result"]
        await self.home.settle()
        assert self.home.entry.state is ConfigEntryState.LOADED, self.home.entry.reason
        self.caller.url = self.webhook_url

    async def add_connector(
        self, evse_id: str = PLUGSURFING_EVSE, name: str = "front", *, has_plug: bool = True
    ) -> None:
        """Offer a pole through the real flow."""
        entities = {
            "switch_entity": SWITCH.format(name),
            "energy_entity": METER.format(name),
        }
        if has_plug:
            entities["plug_entity"] = PLUG.format(name)
        await self.home.add_subentry("connector", evse_id=evse_id, **entities)

    @property
    def webhook_url(self) -> str:
        """Return where the network is to call."""
        return f"{self.url}/api/webhook/{self.home.entry.data['webhook_id']}"
