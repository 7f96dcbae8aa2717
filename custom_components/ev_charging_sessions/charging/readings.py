"""The course of a session, from what the ledger knows to what a tariff is applied to."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from .errors import PriceUnknownError
from .model import ChargePoint, MeterValue, Session
from .tariff_course import Reading

LONGEST_GAP = timedelta(minutes=20)
"""Prices that depend on the course of a session need meter values at least this often."""

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


def is_watched(readings: Sequence[Reading]) -> bool:
    """Tell whether a session was watched closely enough to know when its energy flowed."""
    return all(
        before.energy == after.energy or after.at - before.at <= LONGEST_GAP
        for before, after in pairwise(readings)
    )


def thinned(readings: list[Reading], most: int) -> list[Reading]:
    """Return about so many readings, with all those at which energy began or ceased to flow."""
    every = len(readings) // most + 1
    if every == 1:
        return readings
    return [
        reading
        for number, reading in enumerate(readings)
        if number % every == 0 or number >= len(readings) - 2 or _is_turn(readings, number)
    ]


def _is_turn(readings: list[Reading], number: int) -> bool:
    before, here, after = (each.energy for each in readings[number - 1 : number + 2])
    return (before == here) is not (here == after)


def amperes_of(charge_point: ChargePoint | None) -> Decimal | None:
    """Return the ampere per phase of each kW, as far as a charge point tells of its limits."""
    if charge_point is None or not charge_point.max_current or not charge_point.max_power:
        return None
    return Decimal(str(charge_point.max_current)) / Decimal(str(charge_point.max_power))


def kwh(energy: float) -> Decimal:
    """Return an energy without what subtracting floats has left behind."""
    return Decimal(str(round(energy, _WATT_HOUR_DIGITS)))
