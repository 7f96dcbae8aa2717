"""What the sensors of charge points and of accounts share."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import override

from homeassistant.components.sensor import SensorEntity, SensorEntityDescription
from homeassistant.helpers.restore_state import RestoreEntity
from homeassistant.helpers.typing import StateType

from .charging.model import Source
from .charging.state import AccountState, ChargePointState
from .coordinator import ChargingCoordinator
from .entity import AccountEntity, ChargePointEntity


@dataclass(frozen=True, kw_only=True)
class ChargePointSensorDescription(SensorEntityDescription):
    """A sensor of a charge point, and where its value comes from.

    ``is_live`` is false for what the ledger knows without the network.
    """

    value_fn: Callable[[ChargingCoordinator, ChargePointState], StateType | datetime | Decimal]
    is_live: bool = False


@dataclass(frozen=True, kw_only=True)
class AccountSensorDescription(SensorEntityDescription):
    """A sensor of an account, and where its value comes from."""

    value_fn: Callable[[AccountState], float | Decimal]


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
    def native_value(self) -> StateType | datetime | Decimal:
        return self.entity_description.value_fn(self.coordinator, self.charge_point_state)


class RememberedSensor(ChargePointSensor, RestoreEntity):
    """A value that Home Assistant keeps over a restart.

    The value itself comes from the ledger. What was shown before tells a trigger what has
    happened meanwhile.
    """


class SessionFigureSensor(RememberedSensor):
    """A figure of the running or last session; each session begins anew."""

    _source_key: str

    @property
    @override
    def shown(self) -> object:
        session = self.charge_point_state.session if self.available else None
        return session and (self.native_value, self.source, session.started)

    @property
    @abstractmethod
    def source(self) -> Source | None:
        """Return where the figure comes from."""

    @property
    @override
    def last_reset(self) -> datetime | None:
        session = self.charge_point_state.session
        return session.started if session else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, str | None]:
        """Return where the figure comes from."""
        return {self._source_key: self.source}


class AccountSensor(AccountEntity, SensorEntity):
    """A value of the account as a whole."""

    entity_description: AccountSensorDescription

    @property
    @override
    def shown(self) -> object:
        return self.native_value

    @property
    @override
    def native_value(self) -> float | Decimal:
        return self.entity_description.value_fn(self.coordinator.data)
