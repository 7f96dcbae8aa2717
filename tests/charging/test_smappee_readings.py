"""Tests of readings of the configuration that fail, as a whole or in part."""

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
    RequestRejectedError,
)
from custom_components.ev_charging_sessions.charging.model import (
    ChargingMode,
    ModeSetting,
)

from .park_owner import (
    SERIAL,
    ParkOwner,
    smappee_at,
)
from .scripted_server import Request, ScriptedServer
from .smappee_answers import RUNNING, STATION, ScriptedPark

PAUSED = ModeSetting(mode=ChargingMode.PAUSED)

_LISTED = {"6020999999-1"}


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
