"""The past of a park: years of sessions that add up to what its registers show."""

import pytest

from .clock import Clock
from .defaults import default_parks
from .park_past import populate_past


def test_past_adds_up() -> None:
    """The sessions are the same for the same seed, and the registers go on where they end."""
    parks, again, other = (default_parks(Clock()) for _ in range(3))
    before = [
        parks.meter(station.serial, position)
        for station in parks.stations_of(20001)
        for position in station.connectors
    ]
    past = populate_past(parks, 20001, 3000, days=1800)
    energies = [round(parks.energy(each) * 1000) for each in parks.sessions.values()]
    assert (len(energies), sum(energies)) == (past.sessions, past.energy)
    after = [
        parks.meter(station.serial, position)
        for station in parks.stations_of(20001)
        for position in station.connectors
    ]
    assert round((sum(after) - sum(before)) * 1000) == past.energy
    assert all(each.ended and each.ended <= parks.clock.now() for each in parks.sessions.values())
    assert populate_past(again, 20001, 3000, days=1800) == past
    assert populate_past(other, 20001, 3000, days=1800, seed=2) != past


def test_past_comes_first() -> None:
    """A past cannot be made while a car is there, whose session it would contradict."""
    parks = default_parks(Clock())
    parks.plug("6020000001", 1)
    with pytest.raises(ValueError, match="first car"):
        populate_past(parks, 20001, 10, days=10)
