"""What charging costs at a charge point, as a backend publishes it."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class PriceComponentType(StrEnum):
    """What a price component counts."""

    FLAT = "flat"
    ENERGY = "energy"
    TIME = "time"
    PARKING_TIME = "parking_time"


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceComponent:
    """One price of a tariff element.

    ``price`` is per kWh (energy), per hour (time, parking time) or per session (flat).
    ``step_size`` is the smallest amount that is billed: kWh for energy, seconds for times.
    ``vat`` is a percentage; ``None`` when the backend does not say.
    """

    type: PriceComponentType
    price: Decimal
    step_size: Decimal | None = None
    vat: Decimal | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tariff:
    """The prices that hold at a charge point, in one currency (ISO 4217)."""

    currency: str
    components: tuple[PriceComponent, ...]
    tariff_id: str | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
