"""The poles as entities of the home: a gateway tells what all of them show."""

from datetime import datetime, timedelta
from typing import Any, override

from aiohttp import ClientError, ClientSession

from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntity
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.components.switch import SwitchEntity
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_component import EntityComponent
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.setup import async_setup_component

INTERVAL = timedelta(seconds=15)
POLES = "poles.txt"
"""The file in the folder of the home with the gateway's address and the names of the poles."""

SWITCH, METER, PLUG = "switch.pole_{}", "sensor.meter_{}", "binary_sensor.plug_{}"


class _Part(Entity):
    """One part of a pole, as the gateway has told of it."""

    _attr_should_poll = False
    _attr_available = False
    key = ""

    def __init__(self, name: str, entity_id: str) -> None:
        self.name_of_pole = name
        self.entity_id = entity_id

    def show(self, told: Any) -> None:
        """Take over what the gateway tells of it; ``None`` is nothing."""
        self._attr_available = told is not None
        if told is not None:
            self._take(told)
        self.async_write_ha_state()

    def _take(self, told: Any) -> None:
        raise NotImplementedError


class _Relay(_Part, SwitchEntity):
    """The relay, which answers for itself when it is switched."""

    key = "relay"

    def __init__(self, session: ClientSession, url: str, name: str) -> None:
        super().__init__(name, SWITCH.format(name))
        self._session = session
        self._url = f"{url}/pole/{name}/relay"

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self._turn(is_on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self._turn(is_on=False)

    async def _turn(self, *, is_on: bool) -> None:
        try:
            async with self._session.post(self._url, json={"on": is_on}) as response:
                if response.status != 200:
                    raise HomeAssistantError("The pole does not obey")
                self.show((await response.json())["on"])
        except ClientError as err:
            raise HomeAssistantError("The pole does not answer") from err

    @override
    def _take(self, told: Any) -> None:
        self._attr_is_on = told


class _Meter(_Part, SensorEntity):
    """The meter, in Wh as many meters count."""

    key = "meter"
    _attr_device_class = SensorDeviceClass.ENERGY
    _attr_state_class = SensorStateClass.TOTAL_INCREASING
    _attr_native_unit_of_measurement = UnitOfEnergy.WATT_HOUR

    @override
    def _take(self, told: Any) -> None:
        self._attr_native_value = round(told * 1000, 3)


class _Plug(_Part, BinarySensorEntity):
    """The plug."""

    key = "plug"
    _attr_device_class = BinarySensorDeviceClass.PLUG

    @override
    def _take(self, told: Any) -> None:
        self._attr_is_on = told


async def async_add(hass: HomeAssistant, told: list[str]) -> None:
    """Add the entities of all poles, with what they show now."""
    url, *names = told
    session = async_get_clientsession(hass)
    parts: dict[str, list[_Part]] = {
        "switch": [_Relay(session, url, name) for name in names],
        "sensor": [_Meter(name, METER.format(name)) for name in names],
        "binary_sensor": [_Plug(name, PLUG.format(name)) for name in names],
    }

    async def look(_: datetime | None = None) -> None:
        try:
            async with session.get(f"{url}/gateway") as response:
                shown: dict[str, dict[str, Any]] = await response.json()
        except ClientError:
            shown = {}
        for of_platform in parts.values():
            for part in of_platform:
                part.show(shown.get(part.name_of_pole, {}).get(part.key))

    for platform, of_platform in parts.items():
        assert await async_setup_component(hass, platform, {})
        component: EntityComponent[Entity] = hass.data[platform]
        await component.async_add_entities(of_platform)
    await look()
    async_track_time_interval(hass, look, INTERVAL, cancel_on_shutdown=True)
