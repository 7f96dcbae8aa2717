"""Sensors: what goes on at a charge point, since when, and who pays."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfEnergy, UnitOfPower, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .charging.model import OcppStatus, Source
from .charging.state import ChargePointState, Status
from .coordinator import ChargingConfigEntry, ChargingCoordinator
from .entity import async_add_charge_points
from .sensor_costs import async_setup_costs
from .sensor_entity import (
    AccountSensor,
    AccountSensorDescription,
    ChargePointSensor,
    ChargePointSensorDescription,
    SessionFigureSensor,
)

# The coordinator does the talking; the entities only read what it found.
PARALLEL_UPDATES = 0

# A running duration moves on its own, at the pace of a clock without a second hand.
DURATION_INTERVAL = timedelta(minutes=1)

# What a card is called that its owner has given no name; its number is nobody's business.
UNNAMED_CARD = "unnamed"


def _duration(_: ChargingCoordinator, state: ChargePointState) -> float | None:
    return state.session.duration(dt_util.utcnow()) if state.session else None


def _card(coordinator: ChargingCoordinator, state: ChargePointState) -> str | None:
    if state.session is None or state.session.card_id is None:
        return None
    card = coordinator.card(state.session.card_id)
    return card.alias if card else UNNAMED_CARD


def _session_energy(_: ChargingCoordinator, state: ChargePointState) -> float | None:
    return state.session.energy if state.session else None


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

OCPP_STATUS = ChargePointSensorDescription(
    key="ocpp_status",
    translation_key="ocpp_status",
    device_class=SensorDeviceClass.ENUM,
    entity_category=EntityCategory.DIAGNOSTIC,
    options=list(OcppStatus),
    value_fn=lambda _, state: state.charge_point.ocpp_status,
    is_live=True,
)

SESSION_ENERGY = ChargePointSensorDescription(
    key="session_energy",
    translation_key="session_energy",
    device_class=SensorDeviceClass.ENERGY,
    state_class=SensorStateClass.TOTAL,
    native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
    suggested_display_precision=2,
    value_fn=_session_energy,
)

# A late correction can lower what was ever charged, so it is a total that may fall: as one
# that only rises, the recorder would take a lower value for a new meter and count it again.
METER_DESCRIPTIONS: tuple[ChargePointSensorDescription, ...] = (
    ChargePointSensorDescription(
        key="energy",
        translation_key="energy",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        value_fn=lambda _, state: state.energy,
    ),
    ChargePointSensorDescription(
        key="power",
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_unit_of_measurement=UnitOfPower.KILO_WATT,
        suggested_display_precision=1,
        value_fn=lambda _, state: state.power,
        is_live=True,
    ),
)


ACTIVE_SESSIONS = AccountSensorDescription(
    key="active_sessions",
    translation_key="active_sessions",
    state_class=SensorStateClass.MEASUREMENT,
    value_fn=lambda state: state.active_sessions,
)
UNPOSTED = AccountSensorDescription(
    key="unposted_sessions",
    translation_key="unposted_sessions",
    entity_category=EntityCategory.DIAGNOSTIC,
    state_class=SensorStateClass.MEASUREMENT,
    value_fn=lambda state: state.unposted,
)
ENERGY = AccountSensorDescription(
    key="energy",
    translation_key="energy",
    device_class=SensorDeviceClass.ENERGY,
    state_class=SensorStateClass.TOTAL,
    native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
    suggested_display_precision=2,
    value_fn=lambda state: state.energy,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ChargingConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of an account and of its charge points."""
    coordinator = entry.runtime_data
    has_energy = coordinator.backend.capabilities.energy
    descriptions = [ACTIVE_SESSIONS]
    if has_energy:
        descriptions.append(ENERGY)
    if coordinator.outbox:
        descriptions.append(UNPOSTED)
    async_add_entities(AccountSensor(coordinator, description) for description in descriptions)
    async_add_charge_points(entry, async_add_entities, _create)
    async_add_charge_points(
        entry,
        async_add_entities,
        _create_ocpp_status,
        where=lambda state: bool(state.charge_point.ocpp_status),
    )
    async_setup_costs(entry, async_add_entities)


def _create_ocpp_status(
    coordinator: ChargingCoordinator, charge_point_id: str
) -> Iterable[SensorEntity]:
    yield ChargePointSensor(coordinator, charge_point_id, OCPP_STATUS)


def _create(coordinator: ChargingCoordinator, charge_point_id: str) -> Iterable[SensorEntity]:
    yield DurationSensor(coordinator, charge_point_id, DURATION)
    for description in DESCRIPTIONS:
        yield ChargePointSensor(coordinator, charge_point_id, description)
    if coordinator.backend.capabilities.energy:
        yield SessionEnergySensor(coordinator, charge_point_id, SESSION_ENERGY)
        for description in METER_DESCRIPTIONS:
            yield ChargePointSensor(coordinator, charge_point_id, description)


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


class SessionEnergySensor(SessionFigureSensor):
    """What the running or last session has charged."""

    _source_key = "energy_source"

    @property
    @override
    def source(self) -> Source | None:
        session = self.charge_point_state.session
        return session.energy_source if session else None
