"""Tests of the configuration of parks: what stands where, and what is lost."""

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.backends.smappee_parks import (
    READ_INTERVAL,
    RETRY_AFTER,
)
from custom_components.ev_charging_sessions.charging.errors import (
    InvalidInputError,
    RequestRejectedError,
)
from custom_components.ev_charging_sessions.charging.model import (
    ChargePoint,
    ChargePointStatus,
    ChargingMode,
    ModeSetting,
)
from tests.conftest import START

from .park_owner import (
    DC_POINT,
    DOUBLE_SERIAL,
    NORTH,
    POINT,
    SERIAL,
    SOUTH,
    SOUTH_POINT,
    SOUTH_SERIAL,
    ParkOwner,
    smappee_at,
    states,
)
from .scripted_server import ScriptedServer
from .smappee_answers import RUNNING, STATION, ScriptedPark

PAUSED = ModeSetting(mode=ChargingMode.PAUSED)

_LISTED = {"6020999999-1"}


async def test_connectors(owner: ParkOwner) -> None:
    """Test what is told of the connectors of two parks, and their stations, at the first poll."""
    answer = await owner.poll()
    assert answer.listed == owner.ids
    assert len(answer.charge_points) == len(owner.points) == 8
    assert len(owner.ids) == 8
    assert owner.points[POINT] == ChargePoint(
        charge_point_id=POINT,
        name="North 1",
        status=ChargePointStatus.AVAILABLE,
        operator="Parking North",
        min_current=6,
        max_current=32,
        modes=(ChargingMode.NORMAL, ChargingMode.SMART, ChargingMode.PAUSED),
        updated=START,
    )
    assert owner.points[f"{DOUBLE_SERIAL}-2"].name == "North 5 2"
    assert owner.points[DC_POINT].modes == (ChargingMode.NORMAL, ChargingMode.PAUSED)
    assert owner.points[DC_POINT].max_current is None
    assert owner.points[SOUTH_POINT].operator == "Parking South"


async def test_the_configuration_is_read_every_hour(owner: ParkOwner) -> None:
    """Test that the connectors are listed again then, and only news are told of them."""
    await owner.poll()
    owner.tick(READ_INTERVAL - 1)
    answer = await owner.poll()
    assert (answer.listed, answer.charge_points) == (None, ())
    assert owner.sent("servicelocations") == 1
    owner.tick(1)
    answer = await owner.poll()
    assert answer.listed == owner.ids
    assert answer.charge_points == ()
    assert owner.sent("servicelocations") == 2


async def test_a_new_station(owner: ParkOwner) -> None:
    """Test that a session at a station nobody knows makes the configuration be read."""
    await owner.poll()
    owner.tick(600)
    owner.parks.add_station(int(NORTH), "6020000099", "New")
    owner.parks.plug("6020000099", 1)
    answer = await owner.poll()
    assert answer.sessions[0].charge_point_id == "6020000099-1"
    assert answer.listed == owner.ids | {"6020000099-1"}
    assert (await owner.poll()).listed == owner.ids
    assert owner.points["6020000099-1"].name == "New"
    assert owner.sent("servicelocations") == 2
    owner.tick(RETRY_AFTER)
    await owner.poll()
    assert owner.sent("servicelocations") == 2


async def test_a_new_station_is_looked_for_at_most_every_five_minutes(owner: ParkOwner) -> None:
    """Test that strange sessions do not lead to a reading each."""
    await owner.poll()
    for number in range(3):
        owner.parks.add_station(int(NORTH), f"602000009{number}", "New")
        owner.parks.plug(f"602000009{number}", 1)
        owner.tick(30)
        await owner.poll()
    owner.tick(RETRY_AFTER - 91)
    await owner.poll()
    assert owner.sent("servicelocations") == 1
    owner.tick(1)
    await owner.poll()
    assert owner.sent("servicelocations") == 2
    assert "6020000092-1" in owner.points


async def test_a_station_that_stays_unknown(
    server: ScriptedServer, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a station which the configuration lacks is looked for once an hour at most."""
    server.answer = ScriptedPark(active=[RUNNING], meteringconfiguration={"chargingStations": []})
    backend = smappee_at(server.url, http)
    for energy in range(12):
        server.answer.answers["active"] = [RUNNING | {"energy": energy}]
        assert len((await backend.poll({})).sessions) == 1
        freezer.tick(RETRY_AFTER - 1)
    assert len(server.asked("meteringconfiguration")) == 2


async def test_a_session_moves_to_its_connector(
    server: ScriptedServer, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a session is told anew once the connectors of its station are known."""
    park = ScriptedPark(active=[{**RUNNING, "connector": None}], meteringconfiguration=204)
    server.answer = park
    backend = smappee_at(server.url, http)
    (session,) = (await backend.poll({})).sessions
    assert session.charge_point_id == "6020999999"
    park.answers["meteringconfiguration"] = {"chargingStations": [STATION]}
    freezer.tick(READ_INTERVAL)
    (session,) = (await backend.poll({})).sessions
    assert session.charge_point_id == "6020999999-1"


async def test_a_lost_park(owner: ParkOwner) -> None:
    """Test that a park of somebody else is lost at once, and the other one stays."""
    owner.parks.plug(SERIAL, 1)
    owner.parks.plug(SOUTH_SERIAL, 1)
    await owner.poll()
    owner.parks.disown(int(NORTH))
    owner.tick(60)
    answer = await owner.poll()
    assert answer.lost == ("Parking North",)
    assert answer.listed == {SOUTH_POINT}
    assert [each.charge_point_id for each in answer.sessions] == [SOUTH_POINT]
    owner.simulator.log.clear()
    owner.tick(60)
    answer = await owner.poll()
    assert answer.lost == ("Parking North",)
    assert owner.simulator.log.counts() == {"park_sessions": 2}
    with pytest.raises(InvalidInputError) as caught:
        await owner.backend.set_mode(POINT, PAUSED)
    assert (caught.value.field, caught.value.key) == ("device", "park_lost")
    owner.tick(READ_INTERVAL)
    answer = await owner.poll()
    assert (answer.lost, answer.listed) == (("Parking North",), {SOUTH_POINT})
    with pytest.raises(InvalidInputError, match="park_lost"):
        await owner.backend.set_mode(POINT, PAUSED)
    assert len(owner.open) == 2
    assert owner.sent("station_sessions") == 0


async def test_a_park_that_is_back(owner: ParkOwner) -> None:
    """Test that a park which is listed again is read again, with what it has to tell."""
    await owner.poll()
    owner.parks.disown(int(NORTH))
    await owner.poll()
    session = owner.parks.plug(SERIAL, 1)
    owner.parks.own(int(NORTH))
    assert (await owner.poll()).sessions == ()
    owner.tick(READ_INTERVAL)
    answer = await owner.poll()
    assert (answer.lost, answer.listed) == ((), owner.ids)
    assert [each for each, _ in states(answer)] == [str(session.id)]
    await owner.backend.set_mode(POINT, PAUSED)


async def test_a_park_that_is_lost_from_the_start(owner: ParkOwner) -> None:
    """Test that a park whose name was never told goes by its id, and harms no other."""
    owner.restart(service_location_ids=(SOUTH, "404"))
    answer = await owner.poll()
    assert (answer.lost, answer.listed) == (("404",), {SOUTH_POINT})
    owner.restart(service_location_ids=("404",))
    answer = await owner.poll()
    assert (answer.lost, answer.listed, answer.charge_points) == (("404",), frozenset(), ())


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("call", ["meteringconfiguration", "past", "active"])
async def test_a_park_that_is_refused(
    server: ScriptedServer, http: aiohttp.ClientSession, call: str, status: int
) -> None:
    """Test that a park is lost whichever call says so, and nobody's sessions are given up."""
    park = ScriptedPark(active=[RUNNING])
    server.answer = park
    backend = smappee_at(server.url, http)
    (session,) = (await backend.poll({})).sessions
    if call == "meteringconfiguration":
        backend = smappee_at(server.url, http)
    park.answers |= {call: status}
    if call != "meteringconfiguration":
        park.answers["servicelocation"] = {"serviceLocations": []}
    for _ in range(2):
        answer = await backend.poll({session.session_id: session})
        assert (answer.lost, answer.sessions) == ((NORTH,), ())
    assert not [each for each in server.requests if "chargingstations" in each.path]


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("call", ["past", "active"])
async def test_one_refusal_may_be_a_mishap(
    server: ScriptedServer, http: aiohttp.ClientSession, call: str, status: int
) -> None:
    """Test that a park whose sessions are refused is not lost while it is listed."""
    park = ScriptedPark(active=[RUNNING])
    server.answer = park
    backend = smappee_at(server.url, http)
    await backend.poll({})
    park.answers[call] = status
    with pytest.raises(RequestRejectedError):
        await backend.poll({})
    park.answers |= {"past": [], "active": []}
    assert (await backend.poll({})).lost == ()


@pytest.mark.parametrize("status", [403, 404])
async def test_a_place_without_stations(
    server: ScriptedServer, http: aiohttp.ClientSession, status: int
) -> None:
    """Test that a service location without stations has no sessions to be refused."""
    server.answer = ScriptedPark(meteringconfiguration=204, past=status)
    answer = await smappee_at(server.url, http).poll({})
    assert (answer.sessions, answer.lost, answer.unreadable) == ((), (), ())
