"""A real Home Assistant core beside the simulator, as a test wants to handle it."""

import asyncio
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigSubentryData
from homeassistant.core import HomeAssistant, ServiceResponse, State
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util.async_ import get_scheduled_timer_handles

from custom_components.ev_charging_sessions.const import DOMAIN
from custom_components.ev_charging_sessions.coordinator import (
    ChargingConfigEntry,
    ChargingCoordinator,
)
from custom_components.ev_charging_sessions.networks import account_of
from tests.simulator import Simulator
from tests.simulator.defaults import (
    CARDS,
    CLEVEREV_ORGANIZATION,
    CLEVEREV_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    SMAPPEE_CLIENT_ID,
    SMAPPEE_CLIENT_SECRET,
    SMAPPEE_PASSWORD,
    SMAPPEE_USERNAME,
)
from tests.stillness import Stillness

EVSE = "NL*TNM*E02003451*0"
OTHER_EVSE = "NL*TNM*E02003451*1"


class Home:
    """One home with one account, as a person has set it up."""

    def __init__(
        self, hass: HomeAssistant, simulator: Simulator, clock: FrozenDateTimeFactory
    ) -> None:
        """Remember the parts; nothing is set up yet."""
        self.hass = hass
        self.simulator = simulator
        self._clock = clock
        self._stillness = Stillness()
        self.entry: ChargingConfigEntry

    @property
    def coordinator(self) -> ChargingCoordinator:
        """Return the heart of the account."""
        return self.entry.runtime_data

    def is_in(self, state: ConfigEntryState) -> bool:
        """Tell whether the account is in this state now."""
        return self.entry.state is state

    def user_input(self, **changes: Any) -> dict[str, Any]:
        """Return what a person enters for the account of the simulator."""
        advanced = {"base_url": self.simulator.url, "api_version": "v2"}
        for key in advanced.keys() & changes.keys():
            advanced[key] = changes.pop(key)
        return {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "ema_id": CARDS[0],
            "advanced": advanced,
            **changes,
        }

    async def add_account(self, *evse_ids: str, **changes: Any) -> None:
        """Set up an account with charge points as their flows have stored them.

        Through the flows themselves the account would be set up once more for each.
        """
        entered = self.user_input(**changes)
        data = {"backend": "shell_recharge", **entered.pop("advanced"), **entered}
        self.entry = MockConfigEntry(
            domain=DOMAIN,
            title="Shell Recharge",
            unique_id=account_of("shell_recharge", data).account_id,
            data=data,
            subentries_data=[
                ConfigSubentryData(
                    data={"evse_id": evse_id},
                    subentry_type="charge_point",
                    title=evse_id,
                    unique_id=evse_id,
                )
                for evse_id in evse_ids
            ],
        )
        await self.hass.config_entries.async_add(self.entry)
        await self.settle()
        assert self.entry.state is ConfigEntryState.LOADED, self.entry.reason

    def park_input(self, **changes: Any) -> dict[str, Any]:
        """Return what a person enters for the parks of the simulator."""
        return {
            "client_id": SMAPPEE_CLIENT_ID,
            "client_secret": SMAPPEE_CLIENT_SECRET,
            "username": SMAPPEE_USERNAME,
            "password": SMAPPEE_PASSWORD,
            "advanced": {"base_url": f"{self.simulator.url}/dev/v3"},
            **changes,
        }

    async def add_parks(self, *service_location_ids: str, **changes: Any) -> None:
        """Add the Smappee account through the real flow, with all parks unless some are named."""
        flows = self.hass.config_entries.flow
        result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
        result = await flows.async_configure(result["flow_id"], {"next_step_id": "smappee"})
        result = await flows.async_configure(result["flow_id"], self.park_input(**changes))
        assert result["step_id"] == "parks", result
        ids = list(service_location_ids) or ["20001", "20002"]
        result = await flows.async_configure(result["flow_id"], {"service_location_ids": ids})
        assert result["type"] is FlowResultType.CREATE_ENTRY, result
        self.entry = result["result"]
        await self.settle()
        assert self.entry.state is ConfigEntryState.LOADED, self.entry.reason

    def namespace_input(self, **changes: Any) -> dict[str, Any]:
        """Return what a person enters for the namespace of the simulator."""
        advanced = {"api_generation": changes.pop("api_generation", "current")}
        entered = {
            "base_url": self.simulator.url,
            "api_token": CLEVEREV_TOKEN,
            "organization_id": CLEVEREV_ORGANIZATION,
            "currency": "EUR",
            "energy_unit": "Wh",
            "advanced": advanced,
            **changes,
        }
        return {key: value for key, value in entered.items() if value is not None}

    async def add_namespace(self, **changes: Any) -> None:
        """Add the namespace through the real flow; a change to ``None`` leaves a field out."""
        flows = self.hass.config_entries.flow
        result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
        result = await flows.async_configure(result["flow_id"], {"next_step_id": "cleverev"})
        result = await flows.async_configure(result["flow_id"], self.namespace_input(**changes))
        assert result["type"] is FlowResultType.CREATE_ENTRY, result
        self.entry = result["result"]
        await self.settle()
        assert self.entry.state is ConfigEntryState.LOADED, self.entry.reason

    async def add_subentry(self, kind: str, **user_input: str) -> None:
        """Add a card or a charge point through its flow."""
        subentries = self.hass.config_entries.subentries
        result = await subentries.async_init(
            (self.entry.entry_id, kind), context={"source": SOURCE_USER}
        )
        result = await subentries.async_configure(result["flow_id"], user_input)
        assert result["type"] is FlowResultType.CREATE_ENTRY, result
        await self.settle()

    async def act(self, action: str, *, domain: str = DOMAIN, **data: Any) -> ServiceResponse:
        """Call an action and let time pass, second by second, until it is done.

        The actions of the integration itself are asked for their response.
        """
        call = asyncio.create_task(
            self.hass.services.async_call(
                domain, action, data, blocking=True, return_response=domain == DOMAIN
            )
        )
        await self.settle()
        for _ in range(700):
            if call.done():
                break
            await self.advance(1)
        return await call

    async def advance(self, seconds: float) -> None:
        """Let time pass everywhere: in the network, in the home, for its timers.

        The event loop lives in frozen time too, so its timers go off by themselves.
        """
        self._clock.tick(seconds)
        self.simulator.clock.advance(seconds)
        await self.settle()

    async def run(self, seconds: float) -> None:
        """Let time pass from one timer of the home to the next, so that each is on time."""
        loop = self.hass.loop
        until = loop.time() + seconds
        while (left := until - loop.time()) > 0.001:
            now = loop.time()
            timers = get_scheduled_timer_handles(loop)
            due = [each.when() - now for each in timers if not each.cancelled()]
            await self.advance(min(left, max(0.5, min(due, default=left) + 0.001)))

    async def settle(self) -> None:
        """Wait until nothing is under way but what waits for time to pass."""
        await self._stillness.reached()

    def entity_id(self, platform: str, key: str, charge_point_id: str | None = EVSE) -> str:
        """Return the entity of a key, at a charge point or (``None``) at the account."""
        where = f"{charge_point_id}_" if charge_point_id else ""
        entity_id = er.async_get(self.hass).async_get_entity_id(
            platform, DOMAIN, f"{self.entry.unique_id}_{where}{key}"
        )
        assert entity_id, f"There is no {platform} {key} of {charge_point_id}"
        return entity_id

    def device_id(self, charge_point_id: str | None = EVSE) -> str:
        """Return the device of a charge point or (``None``) of the account."""
        where = f"_{charge_point_id}" if charge_point_id else ""
        device = dr.async_get(self.hass).async_get_device_by_identifier(
            (DOMAIN, f"{self.entry.unique_id}{where}"), self.entry.entry_id
        )
        assert device, f"There is no device of {charge_point_id}"
        return device.id

    def state(self, platform: str, key: str, charge_point_id: str | None = EVSE) -> State:
        """Return the state of the entity of a key."""
        state = self.hass.states.get(self.entity_id(platform, key, charge_point_id))
        assert state
        return state

    async def close(self) -> None:
        """Unload, so that no command of a test outlives it, and no clock of an automation."""
        if self.hass.services.has_service("automation", "turn_off"):
            await self.act("turn_off", domain="automation", entity_id="all")
        entry = getattr(self, "entry", None)
        if entry and entry.state is ConfigEntryState.LOADED:
            await self.hass.config_entries.async_unload(entry.entry_id)
