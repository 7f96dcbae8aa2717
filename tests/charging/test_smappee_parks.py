"""Tests of the configuration of parks: what stands where, and what is lost."""

from typing import Any

import aiohttp
from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.backends.smappee_parks import (
    READ_INTERVAL,
    RETRY_AFTER,
)
from custom_components.ev_charging_sessions.charging.errors import (
    AuthenticationError,
    BackendError,
    BackendUnavailableError,
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
from .scripted_server import Request, ScriptedServer
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


@pytest.mark.parametrize("call", ["servicelocation", "meteringconfiguration"])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [(500, BackendUnavailableError), (429, BackendError), ("<html>", BackendUnavailableError)],
)
async def test_a_first_reading_that_fails(
    server: ScriptedServer,
    http: aiohttp.ClientSession,
    freezer: FrozenDateTimeFactory,
    call: str,
    answer: object,
    kind: type[BackendError],
) -> None:
    """Test that nothing is told before it is known what stands where."""
    park = ScriptedPark(**{call: answer})
    server.answer = park
    backend = smappee_at(server.url, http)
    with pytest.raises(kind):
        await backend.poll({})
    park.answers |= ScriptedPark().answers
    freezer.tick(60)
    assert (await backend.poll({})).listed == _LISTED


@pytest.mark.parametrize("fault", ["http_500", "http_400", "html", "reset"])
@pytest.mark.parametrize("call", ["servicelocations", "metering_configuration"])
async def test_a_later_reading_that_fails(owner: ParkOwner, call: str, fault: str) -> None:
    """Test that a reading which fails is tried again soon, and hides no session."""
    await owner.poll()
    owner.tick(READ_INTERVAL)
    owner.simulator.faults.on(fault, scope=call)
    owner.parks.plug(SERIAL, 1)
    answer = await owner.poll()
    assert len(answer.sessions) == 1
    assert answer.listed in (None, owner.ids)
    assert answer.lost == ()
    owner.simulator.faults.off()
    owner.tick(READ_INTERVAL)
    answer = await owner.poll()
    assert (answer.listed, answer.unreadable) == (owner.ids, ())


async def test_a_later_reading_is_tried_again_in_five_minutes(owner: ParkOwner) -> None:
    """Test how soon that is."""
    await owner.poll()
    owner.tick(READ_INTERVAL)
    owner.simulator.faults.on("http_500", scope="servicelocations", count=1)
    await owner.poll()
    owner.tick(RETRY_AFTER - 1)
    assert (await owner.poll()).listed is None
    owner.tick(1)
    assert (await owner.poll()).listed


async def test_a_later_reading_whose_credentials_are_refused(owner: ParkOwner) -> None:
    """Test that refused credentials are never waited out."""
    await owner.poll()
    owner.tick(READ_INTERVAL)
    owner.simulator.faults.on("http_401", scope="servicelocations")
    with pytest.raises(AuthenticationError):
        await owner.poll()


async def test_no_service_location_may_be_seen(
    server: ScriptedServer, http: aiohttp.ClientSession
) -> None:
    """Test that an account which may see nothing needs other credentials."""
    server.answer = lambda _request: web.Response(status=403)
    backend = smappee_at(server.url, http)
    for act in (backend.verify, lambda: backend.poll({})):
        with pytest.raises(AuthenticationError):
            await act()
    server.answer = lambda _request: web.Response(status=404)
    with pytest.raises(RequestRejectedError):
        await backend.verify()


@pytest.mark.parametrize(
    ("call", "answer", "noted", "listed"),
    [
        ("meteringconfiguration", "5", "$", {"6020999999-1"}),
        ("meteringconfiguration", 400, "meteringconfiguration: HTTP 400", {"6020999999-1"}),
        (
            "meteringconfiguration",
            {"chargingStations": [{"serialNumber": {}}, STATION]},
            "chargingStations[].serialNumber",
            _LISTED,
        ),
        ("smartdevices", "5", "smartdevices: $", _LISTED),
        ("smartdevices", 400, "smartdevices: HTTP 400", _LISTED),
        ("smartdevices", [{"id": {}}], "smartdevices[].id", _LISTED),
    ],
)
async def test_a_part_that_cannot_be_read(
    server: ScriptedServer,
    http: aiohttp.ClientSession,
    call: str,
    answer: object,
    noted: str,
    listed: set[str],
) -> None:
    """Test that it is noted at every poll, and that a session's place is not said to be gone."""
    server.answer = ScriptedPark(**{call: answer}, active=[RUNNING])
    backend = smappee_at(server.url, http)
    told = await backend.poll({})
    assert (told.unreadable, told.listed, told.lost) == ((noted,), listed, ())
    assert told.sessions[0].charge_point_id == "6020999999-1"
    told = await backend.poll({})
    assert told.unreadable == (noted,)


async def test_connectors_stay_known_while_they_cannot_be_read(
    server: ScriptedServer, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a station which can no longer be read keeps its connector."""
    park = ScriptedPark()
    server.answer = park
    backend = smappee_at(server.url, http)
    await backend.poll({})
    park.answers["meteringconfiguration"] = {"chargingStations": [{"serialNumber": {}}]}
    freezer.tick(READ_INTERVAL)
    answer = await backend.poll({})
    assert (answer.charge_points, answer.listed) == ((), _LISTED)
    park.answers["meteringconfiguration"] = 204
    freezer.tick(READ_INTERVAL)
    answer = await backend.poll({})
    assert (answer.charge_points, answer.listed) == ((), frozenset())


@pytest.mark.parametrize("trouble", [500, 503, 429])
async def test_smart_devices_in_trouble(
    server: ScriptedServer,
    http: aiohttp.ClientSession,
    freezer: FrozenDateTimeFactory,
    trouble: int,
) -> None:
    """Test that currents are good to have: they come later, and stay once they are known."""
    most = {
        "spec": {"name": "etc.smart.device.type.car.charger.config.max.current"},
        "value": {"value": 16, "unit": "A"},
    }
    devices = [{"id": "CARCHARGER-7", "configurationProperties": [most]}]

    def park(request: Request) -> web.Response:
        if request.path.endswith("smartdevices") and is_troubled:
            headers = {"Retry-After": "1"} if trouble == 429 else {}
            return web.Response(status=trouble, headers=headers)
        return ScriptedPark(smartdevices=devices)(request)

    async def most_now() -> Any:
        for _ in range(2):
            try:
                await backend.poll({})
            except BackendError:
                # What the network asked for holds for the sessions too.
                freezer.tick(2)
        point = await backend.charge_point("6020999999-1")
        return point and point.max_current

    server.answer = park
    is_troubled = True
    backend = smappee_at(server.url, http)
    assert await most_now() is None
    is_troubled = False
    freezer.tick(RETRY_AFTER)
    assert await most_now() == 16
    is_troubled = True
    freezer.tick(READ_INTERVAL)
    assert await most_now() == 16
