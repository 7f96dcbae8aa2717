"""Sensors of money: what sessions cost, and when a minute begins to cost more."""

from collections.abc import Iterable
from decimal import Decimal
from typing import override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charging.model import Source
from .charging.state import ChargePointState
from .coordinator import ChargingConfigEntry, ChargingCoordinator
from .entity import async_add_charge_points
from .sensor_entity import (
    AccountSensor,
    AccountSensorDescription,
    ChargePointSensorDescription,
    RememberedSensor,
    SessionFigureSensor,
)


def _session_cost(_: ChargingCoordinator, state: ChargePointState) -> Decimal | None:
    return state.session.cost.amount if state.session and state.session.cost else None


SESSION_COST = ChargePointSensorDescription(
    key="session_cost",
    translation_key="session_cost",
    device_class=SensorDeviceClass.MONETARY,
    state_class=SensorStateClass.TOTAL,
    suggested_display_precision=2,
    value_fn=_session_cost,
)

IDLE_FEE = ChargePointSensorDescription(
    key="idle_fee",
    translation_key="idle_fee",
    device_class=SensorDeviceClass.TIMESTAMP,
    value_fn=lambda _, state: state.fee_begins,
)

COST = AccountSensorDescription(
    key="cost",
    translation_key="cost",
    device_class=SensorDeviceClass.MONETARY,
    state_class=SensorStateClass.TOTAL,
    suggested_display_precision=2,
    value_fn=lambda state: state.cost,
)


@callback
def async_setup_costs(
    entry: ChargingConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up what can be told of costs."""
    coordinator = entry.runtime_data
    if coordinator.prices.tells_all_costs:
        async_add_entities([AccountCostSensor(coordinator, COST)])
    elif coordinator.backend.capabilities.energy:
        _async_remove_costs(coordinator)
    async_add_charge_points(
        entry, async_add_entities, _create_cost, where=coordinator.prices.tells_cost
    )
    async_add_charge_points(
        entry, async_add_entities, _create_fee, where=coordinator.prices.tells_fee
    )


@callback
def _async_remove_costs(coordinator: ChargingCoordinator) -> None:
    """Leave no sensor behind that nothing fills since the own price has been taken back."""
    registry = er.async_get(coordinator.hass)
    for entity in er.async_entries_for_config_entry(registry, coordinator.config_entry.entry_id):
        if entity.translation_key in {COST.key, SESSION_COST.key}:
            registry.async_remove(entity.entity_id)


def _create_cost(coordinator: ChargingCoordinator, charge_point_id: str) -> Iterable[SensorEntity]:
    yield SessionCostSensor(coordinator, charge_point_id, SESSION_COST)


def _create_fee(coordinator: ChargingCoordinator, charge_point_id: str) -> Iterable[SensorEntity]:
    yield RememberedSensor(coordinator, charge_point_id, IDLE_FEE)


class SessionCostSensor(SessionFigureSensor):
    """What the running or last session costs: reported, or else computed."""

    _source_key = "cost_source"

    @property
    @override
    def source(self) -> Source | None:
        session = self.charge_point_state.session
        return session.cost.source if session and session.cost else None

    @property
    @override
    def native_unit_of_measurement(self) -> str:
        """Return the currency, which is another one at a charge point abroad."""
        session = self.charge_point_state.session
        return session.cost.currency if session and session.cost else self.coordinator.currency


class AccountCostSensor(AccountSensor):
    """What all sessions of an account cost in its currency."""

    @property
    @override
    def native_unit_of_measurement(self) -> str:
        return self.coordinator.currency
