"""Tests of stations and of the statuses of their connectors."""

from typing import Any

import pytest

from . import Simulator
from .defaults import PLUGSURFING_EVSE, PLUGSURFING_EVSES, PLUGSURFING_KEY, PLUGSURFING_PARTNER
from .plugsurfing_client import OperatorClient, station

NEW = "DE*8PS*ENEW*1"
# The example of the protocol's documentation.
EXAMPLE: dict[str, Any] = {
    "id": "abcdef-12345",
    "name": "test",
    "description": "Nice station!",
    "latitude": 1.123,
    "longitude": 2.345,
    "address": {
        "street": "streetname",
        "street-number": "123a",
        "city": "Berlin",
        "zip": "10243",
        "country": "DE",
    },
    "contact": {
        "phone": "+49 30 8122321",
        "fax": "+49 30 8122322",
        "web": "www.example.com",
        "email": "contact@example.com",
    },
    "cpo-id": "DE*8PS",
    "is-open-24": False,
    "connectors": [
        {"id": "DE*8PS*E123456", "name": "Schuko", "speed": 3.7},
        {"id": "DE*8PS*E123457", "name": "Type2", "speed": 11.1},
    ],
    "open-hour-notes": [
        {"times": ["07:30", "19:00"], "days": ["Mo", "Fr"]},
        {"times": ["09:00", "15:00"], "days": ["Sa", "Sa"]},
    ],
    "notes": "Additional info.",
    "is-reservable": False,
    "floor-level": 1,
    "is-free-charge": False,
    "total-parking": 2,
    "is-green-power-available": False,
    "is-plugin-charge": False,
    "is-roofed": False,
    "is-private": False,
    "deleted": True,
}


async def test_example(simulator: Simulator, operator: OperatorClient) -> None:
    """The documented station is kept as it came; it is a deleted one."""
    assert await operator.post_station(EXAMPLE) == 0
    assert simulator.books.stations == {"abcdef-12345": EXAMPLE}
    assert simulator.books.connectors.keys() == set(PLUGSURFING_EVSES)
    assert await operator.post_station(EXAMPLE | {"deleted": False}) == 0
    assert await operator.tell_status("Available", "DE*8PS*E123457") == 0
    assert await operator.post_station(EXAMPLE) == 0
    assert await operator.tell_status("Available", "DE*8PS*E123457") == 181


@pytest.mark.parametrize("status", ["Available", "Occupied", "Offline", "Reserved", "Unknown"])
async def test_status(simulator: Simulator, operator: OperatorClient, status: str) -> None:
    """Each of the five words is taken, and the last one holds."""
    assert simulator.books.status(PLUGSURFING_EVSE) is None
    assert await operator.tell_status("Unknown") == 0
    assert await operator.tell_status(status) == 0
    assert await operator.tell_status("Offline", PLUGSURFING_EVSES[1]) == 0
    assert simulator.books.status(PLUGSURFING_EVSE) == status
    assert [each.status for each in simulator.books.statuses] == ["Unknown", status, "Offline"]


async def test_wrong_status(simulator: Simulator, operator: OperatorClient) -> None:
    """Other words are refused, and so are connectors of nobody and of somebody else."""
    assert await operator.tell_status("available") == 230
    assert await operator.tell_status("Available", "1356") == 181
    assert await operator.tell_status("Available", partner="somebody-else") == 181
    assert simulator.books.statuses == []


async def test_connectors_of_a_station(simulator: Simulator, operator: OperatorClient) -> None:
    """A connector is known when its station is, and belongs to who told of that."""
    assert await operator.tell_status("Available", NEW) == 181
    assert await operator.post_station(station()) == 0
    assert await operator.tell_status("Available", NEW) == 0
    simulator.books.keys[PLUGSURFING_KEY].add("somebody-else")
    assert await operator.tell_status("Available", NEW, "somebody-else") == 181


async def test_partner(simulator: Simulator, operator: OperatorClient) -> None:
    """A station of a partner that is not the key's is refused."""
    assert await operator.post_station(station(), "somebody-else") == 211
    assert simulator.books.stations == {}


async def test_changes_of_a_station(simulator: Simulator, operator: OperatorClient) -> None:
    """Everything of a station may change but its connectors."""
    await operator.post_station(station())
    assert await operator.post_station(station(name="Inn")) == 0
    assert simulator.books.stations["guest-house"]["name"] == "Inn"
    more = [*station()["connectors"], {"id": "DE*8PS*ENEW*2", "name": "Type2", "speed": 11}]
    assert await operator.post_station(station(connectors=more)) == 230
    assert "DE*8PS*ENEW*2" not in simulator.books.connectors
    assert simulator.books.connectors[NEW] == PLUGSURFING_PARTNER


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"name": ""},
        {"latitude": "52.1"},
        {"latitude": 91},
        {"longitude": -181},
        {"address": None},
        {"address": {"street": "Dorpsstraat"}},
        {"address": station()["address"] | {"country": "NLD"}},
        {"contact": {}},
        {"cpo_id": "8PS"},
        {"is_open_24": "yes"},
        {"connectors": []},
        {"connectors": None},
        {"connectors": [{"id": NEW, "name": "Type 2", "speed": 11}]},
        {"connectors": [{"id": NEW, "name": "Type2", "speed": "11kW"}]},
        {"connectors": [{"id": NEW, "name": "Type2", "speed": 0}]},
        {"description": 7},
        {"is_reservable": "no"},
        {"floor_level": "1"},
        {"deleted": 1},
        {"open_hour_notes": [{"times": ["07:30"], "days": ["Mo", "Fr"]}]},
        {"open_hour_notes": [{"times": ["07:30", "19:00"]}]},
    ],
)
async def test_wrong_stations(
    simulator: Simulator, operator: OperatorClient, changes: dict[str, Any]
) -> None:
    """A field that is missing or wrong is refused."""
    assert await operator.post_station(station(**changes)) == 230
    assert simulator.books.stations == {}
