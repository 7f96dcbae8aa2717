"""What charging costs at a charge point, as a backend publishes it."""

from datetime import time
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct


class PriceComponentType(StrEnum):
    """What a price component counts."""

    FLAT = "flat"
    """Once, when its element first holds."""

    ENERGY = "energy"
    """Kilowatt-hours."""

    TIME = "time"
    """The time a car is connected, whether or not energy flows."""

    CHARGING_TIME = "charging_time"
    """The time in which energy flows."""

    PARKING_TIME = "parking_time"
    """The time in which a car is connected and no energy flows."""


class PriceComponent(Struct, frozen=True, kw_only=True):
    """One price of a tariff: what one ``unit`` costs.

    ``unit`` is in kWh for energy, in seconds for times and 1 for a flat price. Where there
    is a ``step``, in the same measure, what is begun of it is paid in full. ``vat`` is a
    percentage that comes on top; ``None`` when the backend does not say.
    """

    type: PriceComponentType
    price: Decimal
    unit: Decimal = Decimal(1)
    step: Decimal | None = None
    vat: Decimal | None = None


class Restrictions(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a tariff element holds: only while all that is given here is true.

    ``start`` and ``end`` are times of day in the tariff's time zone, the end excluded; an
    end before the start is on the next day. ``days`` are those of ``datetime.weekday``.
    Energies are in kWh since the session began, currents in ampere, powers in kW,
    durations in seconds since the session began; minima are included, maxima are not.
    ``is_requesting`` tells whether the car must, or must not, be taking energy. The element
    holds once all of that has been true for ``held_for`` seconds without a break.
    """

    start: time | None = None
    end: time | None = None
    days: tuple[int, ...] | None = None
    min_energy: Decimal | None = None
    max_energy: Decimal | None = None
    min_current: Decimal | None = None
    max_current: Decimal | None = None
    min_power: Decimal | None = None
    max_power: Decimal | None = None
    min_duration: Decimal | None = None
    max_duration: Decimal | None = None
    is_requesting: bool | None = None
    held_for: Decimal | None = None


class TariffElement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Some prices of a tariff, and when they hold: always, without ``restrictions``.

    ``name``, ``element_id`` and ``color`` are the operator's.
    """

    components: tuple[PriceComponent, ...]
    restrictions: Restrictions | None = None
    name: str | None = None
    element_id: str | None = None
    color: str | None = None


class Tariff(Struct, frozen=True, kw_only=True, omit_defaults=True, cache_hash=True):
    """The prices that hold at a charge point, in one currency (ISO 4217).

    ``is_complete`` is false when the network has told more than this model can carry.
    ``time_zone`` is an IANA name. ``texts`` are the operator's own words by language.
    """

    currency: str
    elements: tuple[TariffElement, ...]
    is_complete: bool = True
    tariff_id: str | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    time_zone: str | None = None
    texts: tuple[tuple[str, str], ...] = ()
    url: str | None = None
