"""Sensors: what goes on at a charge point, since when, and who pays."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from .charging.state import ChargePointState, Status
from .const import DOMAIN
from .coordinator import ChargingConfigEntry, ChargingCoordinator
from .entity import ChargePointEntity, ChargingEntity, async_add_charge_points

# The coordinator does the talking; the entities only read what it found.
PARALLEL_UPDATES = 0

# A running duration moves on its own, at the pace of a clock without a second hand.
DURATION_INTERVAL = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class ChargePointSensorDescription(SensorEntityDescription):
    """A sensor of a charge point, and where its value comes from.

    ``is_live`` is false for what the ledger knows without the network.
    """

    value_fn: Callable[[ChargingCoordinator, ChargePointState], StateType | datetime]
    is_live: bool = False


def _duration(_: ChargingCoordinator, state: ChargePointState) -> float | None:
    return state.session.duration(dt_util.utcnow()) if state.session else None


def _card(coordinator: ChargingCoordinator, state: ChargePointState) -> str | None:
    card = coordinator.card(state.session.card_id) if state.session else None
    return card.alias if card else None


DURATION = ChargePointSensorDescription(
    key="session_duration",
    translation_key="session_duration",
    device_class=SensorDeviceClass.DURATION,
    native_unit_of_measurement=UnitOfTime.SECONDS,
    suggested_unit_of_measurement=UnitOfTime.MINUTES,
    suggested_display_precision=0,
    value_fn=_duration,
)

DESCRIPTIONS: tuple[ChargePointSensorDescription, ...] = (
    ChargePointSensorDescription(
        key="status",
        translation_key="status",
        device_class=SensorDeviceClass.ENUM,
        options=list(Status),
        value_fn=lambda _, state: state.status,
        is_live=True,
    ),
    ChargePointSensorDescription(
        key="session_started",
        translation_key="session_started",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda _, state: state.session.started if state.session else None,
    ),
    ChargePointSensorDescription(
        key="session_ended",
        translation_key="session_ended",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda _, state: state.session.ended if state.session else None,
    ),
    ChargePointSensorDescription(
        key="last_reported",
        translation_key="last_reported",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda _, state: state.last_reported,
    ),
    ChargePointSensorDescription(
        key="card",
        translation_key="card",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=_card,
    ),
)

ACTIVE_SESSIONS = SensorEntityDescription(
    key="active_sessions",
    translation_key="active_sessions",
    state_class=SensorStateClass.MEASUREMENT,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ChargingConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of an account and of its charge points."""
    async_add_entities([ActiveSessionsSensor(entry.runtime_data)])
    async_add_charge_points(entry, async_add_entities, _create)


def _create(coordinator: ChargingCoordinator, charge_point_id: str) -> Iterable[SensorEntity]:
    yield DurationSensor(coordinator, charge_point_id, DURATION)
    for description in DESCRIPTIONS:
        yield ChargePointSensor(coordinator, charge_point_id, description)


class ChargePointSensor(ChargePointEntity, SensorEntity):
    """A value of a charge point or of its running or last session."""

    entity_description: ChargePointSensorDescription

    def __init__(
        self,
        coordinator: ChargingCoordinator,
        charge_point_id: str,
        description: ChargePointSensorDescription,
    ) -> None:
        """Attach to the device of the charge point."""
        super().__init__(coordinator, charge_point_id, description)
        self._is_live = description.is_live

    @property
    @override
    def shown(self) -> object:
        return self.native_value if self.available else None

    @property
    @override
    def native_value(self) -> StateType | datetime:
        return self.entity_description.value_fn(self.coordinator, self.charge_point_state)


class DurationSensor(ChargePointSensor):
    """How long a session lasts: to now while it is open, to its end afterwards."""

    @property
    @override
    def shown(self) -> object:
        """Return the session instead of the seconds, which would change at every poll."""
        session = self.charge_point_state.session if self.available else None
        return session and (session.session_id, session.started, session.ended, session.is_open)

    @override
    async def async_added_to_hass(self) -> None:
        """Start the clock."""
        await super().async_added_to_hass()
        self.async_on_remove(
            async_track_time_interval(self.hass, self._async_tick, DURATION_INTERVAL)
        )

    @callback
    @override
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Keep the clock: it does not depend on the entity id."""
        super().async_entity_id_changed(old_entity_id)

    @callback
    def _async_tick(self, _now: datetime) -> None:
        if self.available and self.charge_point_state.open_session:
            self.async_write_ha_state()


class ActiveSessionsSensor(ChargingEntity, SensorEntity):
    """How many sessions of the account are open, wherever they are."""

    entity_description = ACTIVE_SESSIONS

    def __init__(self, coordinator: ChargingCoordinator) -> None:
        """Attach to the device of the account."""
        super().__init__(coordinator)
        account_id = coordinator.account.account_id
        self._attr_unique_id = f"{account_id}_{ACTIVE_SESSIONS.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, account_id)})

    @property
    @override
    def available(self) -> bool:
        """Stay available: the ledger knows the open sessions without the network."""
        return True

    @property
    @override
    def shown(self) -> int:
        return self.native_value

    @property
    @override
    def native_value(self) -> int:
        return self.coordinator.data.active_sessions
