"""Years of sessions that have ended in a park, cheap to make and the same in every run."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from .park_meter import Meter
from .park_model import ParkSession, Status
from .parks import Parks


@dataclass(frozen=True, kw_only=True)
class ParkPast:
    """What was made: how many sessions, and what they have charged together, in Wh."""

    sessions: int
    energy: int


def populate_past(
    parks: Parks,
    service_location_id: int,
    sessions: int,
    *,
    days: float,
    rfids: list[str] | None = None,
    seed: int = 1,
    is_lively: bool = False,
) -> ParkPast:
    """Give a park a past: sessions that have ended, spread evenly over ``days``.

    They are at all connectors in turn. Each has charged whole watt-hours, and what is
    charged from now on goes on where they have left the registers. A lively past looks like a
    real one: nobody comes by the clock, or always stays as long.
    """
    places = [
        (station.serial, connector)
        for station in parks.stations_of(service_location_id)
        for connector in station.connectors.values()
    ]
    if any(connector.session for _, connector in places):
        raise ValueError("A past has to be there before the first car")
    random, now = Random(seed), parks.clock.now()
    step = timedelta(days=days) / max(sessions, 1)
    stay = min(timedelta(hours=4), 0.8 * len(places) * step)
    stay -= timedelta(microseconds=stay.microseconds)
    registers = [round(connector.meter.reading(now) * 1000) for _, connector in places]
    total = 0
    for index in range(sessions):
        place = index % len(places)
        serial, connector = places[place]
        energy = random.randint(500, 44_000)
        late, stayed = timedelta(), stay
        if is_lively:
            # Each comes before the next one would, and has left before its place is taken again.
            late, share = 0.9 * random.random() * step, random.uniform(0.2, 1)
            stayed = timedelta(seconds=int(share * stay.total_seconds()))
            energy = int(share * energy)
        session = parks.record(
            serial,
            connector.position,
            rfid=rfids[index % len(rfids)] if rfids else None,
            started=_whole(now - timedelta(days=days) - stay + step * index + late),
            start_reading=registers[place] / 1000,
        )
        registers[place] += energy
        total += energy
        _end(session, stayed, registers[place] / 1000)
    for (_, connector), register in zip(places, registers, strict=True):
        connector.meter = Meter(now, register / 1000)
    return ParkPast(sessions=sessions, energy=total)


def _whole(moment: datetime) -> datetime:
    """Return a moment in whole seconds, which is what every network can tell."""
    return moment.replace(microsecond=0)


def _end(session: ParkSession, stay: timedelta, reading: float) -> None:
    session.status, session.ended = Status.STOPPED, session.started + stay
    session.stop_reading = reading
