"""The switch of a charge point: on starts a session with the default card, off stops it."""

from collections.abc import Awaitable, Iterable
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charging.errors import ChargingError, CommandFailedError
from .charging.model import CommandState
from .coordinator import ChargingConfigEntry, ChargingCoordinator
from .entity import ChargePointEntity, async_add_charge_points
from .exceptions import translated

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


def _create(coordinator: ChargingCoordinator, charge_point_id: str) -> Iterable[SwitchEntity]:
    yield ChargingSwitch(coordinator, charge_point_id, CHARGING)


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
    def is_on(self) -> bool:
        return self.charge_point_state.is_on

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Start a session with the default card and wait until it runs."""
        coordinator = self.coordinator
        await self._async_done(
            coordinator.commands.start(
                self.charge_point_id, coordinator.backend.cards[0].identifier
            )
        )

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Stop the session of this charge point and wait until it has ended."""
        await self._async_done(self.coordinator.commands.stop_at(self.charge_point_id))

    async def _async_done(self, command: Awaitable[object]) -> None:
        try:
            await command
        except CommandFailedError as err:
            # Pressed again meanwhile: the newer press tells how it ends.
            if err.state is not CommandState.SUPERSEDED:
                raise translated(HomeAssistantError, err) from err
        except ChargingError as err:
            raise translated(HomeAssistantError, err) from err
