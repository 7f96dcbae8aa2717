"""The course of a session, from what the ledger knows to what a tariff is applied to."""

from collections.abc import Sequence
from decimal import Decimal

from .errors import PriceUnknownError
from .model import ChargePoint, MeterValue, Session
from .tariff_course import Reading

_WATT_HOUR_DIGITS = 6


def readings_of(session: Session, timeline: Sequence[MeterValue]) -> list[Reading]:
    """Return the course of a session as far as it is known, from its start to now or its end.

    Raises PriceUnknownError when its start or end is not known.
    """
    values = timeline or session.meter_values
    until = session.ended or (values[-1].at if values else session.updated)
    if session.started is None or until is None:
        raise PriceUnknownError("times")
    known = session.energy is not None
    first = values[0].energy if values else 0.0
    readings = [Reading(session.started, Decimal(0) if known else None)]
    readings += [
        Reading(value.at, kwh(value.energy - first))
        for value in values
        if known and session.started < value.at < until
    ]
    if until > session.started:
        readings.append(Reading(until, None if session.energy is None else kwh(session.energy)))
    return readings


def amperes_of(charge_point: ChargePoint | None) -> Decimal | None:
    """Return the ampere per phase of each kW, as far as a charge point tells of its limits."""
    if charge_point is None or not charge_point.max_current or not charge_point.max_power:
        return None
    return Decimal(str(charge_point.max_current)) / Decimal(str(charge_point.max_power))


def kwh(energy: float) -> Decimal:
    """Return an energy without what subtracting floats has left behind."""
    return Decimal(str(round(energy, _WATT_HOUR_DIGITS)))
