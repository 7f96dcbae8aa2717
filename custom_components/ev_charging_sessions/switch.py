"""The switch of a charge point: on lets it charge, off ends that.

Where a network starts sessions, on starts one, with the default card if a card pays, and off
stops it. Where it knows modes, off pauses a connector and on brings back the mode from before.
"""

from collections.abc import Iterable
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charging.backends.backend import default_card_id
from .coordinator import ChargingConfigEntry, ChargingCoordinator
from .entity import ChargePointEntity, async_add_charge_points, has_modes
from .exceptions import async_carry_out

# Commands wait for their outcome, and one charge point must not wait for another's: the
# ground floor lets only one command at a time through to each.
PARALLEL_UPDATES = 0

CHARGING = SwitchEntityDescription(key="charging", translation_key="charging")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ChargingConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the switches, where the network takes commands."""
    capabilities = entry.runtime_data.backend.capabilities
    if capabilities.start and capabilities.stop:
        async_add_charge_points(entry, async_add_entities, _create)
    elif capabilities.modes:
        async_add_charge_points(entry, async_add_entities, _create_for_modes, where=has_modes)


def _create(coordinator: ChargingCoordinator, charge_point_id: str) -> Iterable[SwitchEntity]:
    yield ChargingSwitch(coordinator, charge_point_id, CHARGING)


def _create_for_modes(
    coordinator: ChargingCoordinator, charge_point_id: str
) -> Iterable[SwitchEntity]:
    yield PauseSwitch(coordinator, charge_point_id, CHARGING)


class ChargingSwitch(ChargePointEntity, SwitchEntity):
    """Starts and stops the session of a charge point.

    It shows what was asked for until the network shows it too or declines, so an answer
    from before the press cannot flip it back.
    """

    @property
    @override
    def shown(self) -> bool | None:
        return self.is_on if self.available else None

    @property
    @override
    def is_on(self) -> bool | None:
        return self.charge_point_state.is_on

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Start a session, with the default card where one pays, and wait until it runs."""
        card_id = default_card_id(self.coordinator.backend)
        await async_carry_out(self.coordinator.commands.start(self.charge_point_id, card_id))

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Stop the session of this charge point and wait until it has ended."""
        await async_carry_out(self.coordinator.commands.stop_at(self.charge_point_id))


class PauseSwitch(ChargingSwitch):
    """Pauses a connector, and lets it charge again as it did before."""

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Let the connector charge, and wait until the network shows it."""
        charge_point = self.charge_point_state.charge_point
        await async_carry_out(self.coordinator.commands.modes.unpause(charge_point))

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Pause the connector, and wait until the network shows it."""
        charge_point = self.charge_point_state.charge_point
        await async_carry_out(self.coordinator.commands.modes.pause(charge_point))
