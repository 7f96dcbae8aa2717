"""What a park costs: in requests, in answers that are read, and in what is written."""

from typing import Any

import pytest

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from custom_components.ev_charging_sessions.charging.backends import smappee_wire
from tests.home import Home
from tests.observe import PACKAGE, LedgerWatch, Writes, sessions
from tests.simulator.cars import Car
from tests.simulator.park_model import ParkSession

SERIALS = ("6020000001", "6020000002", "6020000003")
POINTS = tuple(f"{serial}-1" for serial in SERIALS)
ONE, POINT = SERIALS[1], POINTS[1]


@pytest.fixture(autouse=True)
def _no_debug(hass: HomeAssistant) -> None:
    # It takes half of the time.
    hass.loop.set_debug(False)


class Reads:
    """Counts what is read of the answers that list sessions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Look over the shoulder of the backend."""
        self.lists = self.sessions = 0
        items, session = smappee_wire.decode_items, smappee_wire.decode_session

        def decode_items(body: bytes) -> Any:
            self.lists += 1
            return items(body)

        def decode_session(*args: Any) -> Any:
            self.sessions += 1
            return session(*args)

        backend = f"{PACKAGE}.charging.backends.smappee"
        monkeypatch.setattr(f"{backend}.decode_items", decode_items)
        monkeypatch.setattr(f"{backend}.decode_session", decode_session)

    def take(self) -> tuple[int, int]:
        """Return how many lists and sessions were read since the last time."""
        taken = self.lists, self.sessions
        self.lists = self.sessions = 0
        return taken


async def connect(home: Home, points: int = 3) -> list[ParkSession]:
    """Plug cars in that are soon full, and let the home see it."""
    parks = home.simulator.parks
    plugged = [
        parks.plug(serial, 1, Car(level=59.5), rfid="04523022AA4881") for serial in SERIALS[:points]
    ]
    await home.run(640)
    for point in POINTS[:points]:
        assert home.state("sensor", "status", point).state == "connected"
    # Durations move with the clock, not with polls.
    registry = er.async_get(home.hass)
    for point in POINTS:
        registry.async_update_entity(
            home.entity_id("sensor", "session_duration", point),
            disabled_by=er.RegistryEntryDisabler.USER,
        )
    await home.run(40)
    return plugged


@pytest.mark.parametrize("plugged", [0, 3])
async def test_nothing_changed(home: Home, plugged: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that nothing is read, shown or written down as long as nothing changes."""
    await home.add_parks("20001")
    known = await connect(home, plugged)
    reads, ledger = Reads(monkeypatch), LedgerWatch(home)
    home.simulator.log.clear()
    with Writes(home.hass) as writes:
        # Less than an hour, after which the network tells again of all that is free.
        await home.run(20 * 30 if plugged else 8 * 300)
    assert home.simulator.log.count("park_sessions") >= (40 if plugged else 16)
    assert reads.take() == (0, 0)
    assert (writes.entity_ids, ledger.was_written) == ([], False)

    # The same watchers see a change.
    home.simulator.parks.plug("6020000004", 1)
    with Writes(home.hass) as writes:
        await home.run(301)
    lists, decoded = reads.take()
    assert lists >= 2
    assert decoded >= 2
    assert writes.entity_ids
    assert ledger.was_written
    assert len(await sessions(home)) == len(known) + 1
    ledger.close()


async def test_nothing_changed_over_a_restart(home: Home) -> None:
    """Test that sessions which are told again, open or ended, are not written again."""
    await home.add_parks("20001")
    await connect(home)
    home.simulator.parks.unplug(ONE, 1)
    await home.run(40)
    before = await sessions(home)
    ledger = LedgerWatch(home)
    for _ in range(2):
        await home.hass.config_entries.async_reload(home.entry.entry_id)
        await home.settle()
        await home.run(70)
    assert not ledger.was_written
    assert await sessions(home) == before
    assert len(before) == 3
    ledger.close()


async def test_one_session_ends(home: Home) -> None:
    """Test that the end of one among many writes exactly the entities concerned."""
    await home.add_parks("20001")
    await connect(home)
    home.simulator.parks.unplug(ONE, 1)
    with Writes(home.hass) as writes:
        await home.run(35)
    assert set(writes.entity_ids) == {
        home.entity_id("sensor", "status", POINT),
        home.entity_id("binary_sensor", "connected", POINT),
        home.entity_id("event", "session", POINT),
        home.entity_id("sensor", "session_ended", POINT),
        # The source of its figure: metered at the end, and reported before.
        home.entity_id("sensor", "session_energy", POINT),
        home.entity_id("sensor", "last_reported", POINT),
        home.entity_id("sensor", "active_sessions", None),
    }


async def test_one_session_charges(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that the meter of one among many reads and writes nothing of the others."""
    await home.add_parks("20001")
    await connect(home)
    parks = home.simulator.parks
    parks.unplug(ONE, 1)
    parks.plug(ONE, 1, Car(capacity=90))
    await home.run(95)
    reads = Reads(monkeypatch)
    with Writes(home.hass) as writes:
        await home.run(30)
    # Both lists hold it.
    assert reads.take() == (2, 2)
    assert set(writes.entity_ids) - {home.entity_id("sensor", "power", POINT)} == {
        home.entity_id("sensor", "session_energy", POINT),
        home.entity_id("sensor", "energy", POINT),
        home.entity_id("sensor", "last_reported", POINT),
        home.entity_id("sensor", "energy", None),
        home.entity_id("calendar", "sessions", None),
    }


@pytest.mark.parametrize("stations", [7, 100])
async def test_requests_of_an_hour(home: Home, stations: int) -> None:
    """Test that a park is asked as often as the polling table says, whatever its size."""
    parks = home.simulator.parks
    for number in range(stations - len(parks.stations_of(20001))):
        parks.add_station(20001, f"62{number:08d}", f"More {number}")
    assert len(parks.stations_of(20001)) == stations
    await home.add_parks("20001")
    await home.run(600)
    for is_charging in (False, True):
        if is_charging:
            parks.plug(ONE, 1, Car(capacity=90))
            await home.run(310)
        home.simulator.log.clear()
        await home.run(3600)
        counts = home.simulator.log.counts()
        most = 240 if is_charging else 24
        assert most - 2 <= counts.pop("park_sessions") <= most
        # At most the configuration once, and a token.
        assert set(counts.values()) <= {1}
        assert counts.keys() <= {
            "token",
            "servicelocations",
            "metering_configuration",
            "smart_devices",
        }
