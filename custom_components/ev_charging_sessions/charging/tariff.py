"""What charging costs at a charge point, as a backend publishes it."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct


class PriceComponentType(StrEnum):
    """What a price component counts."""

    FLAT = "flat"
    ENERGY = "energy"
    TIME = "time"
    PARKING_TIME = "parking_time"


class PriceComponent(Struct, frozen=True, kw_only=True):
    """One price of a tariff: what one step costs, and how large a step is.

    ``step_size`` is in kWh for energy, in seconds for times and 1 for a flat price.
    ``vat`` is a percentage; ``None`` when the backend does not say.
    """

    type: PriceComponentType
    price: Decimal
    step_size: Decimal
    vat: Decimal | None = None


class Tariff(Struct, frozen=True, kw_only=True):
    """The prices that hold at a charge point, in one currency (ISO 4217).

    ``is_complete`` is false when the network has further prices that hold only at certain
    times or amounts, which this model does not carry.
    """

    currency: str
    components: tuple[PriceComponent, ...]
    is_complete: bool = True
    tariff_id: str | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
