"""Tests of setting the mode of a connector."""

import json

import aiohttp
from aiohttp import web
import pytest

from custom_components.ev_charging_sessions.charging.errors import (
    AuthenticationError,
    BackendError,
    BackendUnavailableError,
    InvalidInputError,
    RateLimitError,
    RequestRejectedError,
)
from custom_components.ev_charging_sessions.charging.model import (
    ChargingMode,
    Limit,
    LimitUnit,
    ModeSetting,
)

from .park_owner import (
    DC_POINT,
    DOUBLE_SERIAL,
    POINT,
    SERIAL,
    ParkOwner,
    smappee_at,
)
from .scripted_server import ScriptedServer
from .smappee_answers import ScriptedPark

NORMAL, SMART, PAUSED = (ModeSetting(mode=mode) for mode in ChargingMode)


def limited(value: float, unit: LimitUnit = LimitUnit.AMPERE) -> ModeSetting:
    """Return the normal mode with a limit."""
    return ModeSetting(mode=ChargingMode.NORMAL, limit=Limit(value=value, unit=unit))


@pytest.mark.parametrize(
    ("setting", "body"),
    [
        (NORMAL, {"mode": "NORMAL"}),
        (SMART, {"mode": "SMART"}),
        (PAUSED, {"mode": "PAUSED"}),
        (limited(6.0), {"mode": "NORMAL", "limit": {"unit": "AMPERE", "value": 6}}),
        (limited(6.5), {"mode": "NORMAL", "limit": {"unit": "AMPERE", "value": 6.5}}),
        (limited(16), {"mode": "NORMAL", "limit": {"unit": "AMPERE", "value": 16}}),
        (
            limited(100.0, LimitUnit.PERCENT),
            {"mode": "NORMAL", "limit": {"unit": "PERCENTAGE", "value": 100}},
        ),
    ],
)
@pytest.mark.parametrize("answer", [200, 204, "{}", '"done"', "[]"])
async def test_bodies(
    server: ScriptedServer,
    http: aiohttp.ClientSession,
    setting: ModeSetting,
    body: object,
    answer: object,
) -> None:
    """Test what is sent, to the letter, and that any good status is an acceptance."""
    park = ScriptedPark(mode=answer)
    station = park.answers["meteringconfiguration"]["chargingStations"][0]
    charger = station["chargers"][0] | {"maxCurrent": 32}
    park.answers["meteringconfiguration"] = {
        "chargingStations": [station | {"chargers": [charger]}]
    }
    server.answer = park
    backend = smappee_at(server.url, http)
    await backend.poll({})
    await backend.set_mode("6020999999-1", setting)
    (request,) = server.asked("/mode")
    assert (request.method, request.path) == (
        "PUT",
        "/chargingstations/6020999999/connectors/1/mode",
    )
    assert json.loads(request.body) == body
    assert "6.0" not in request.body
    assert request.headers["Content-Type"] == "application/json"


async def test_modes(owner: ParkOwner) -> None:
    """Test that a mode and a limit reach the connector that is meant."""
    await owner.poll()
    await owner.backend.set_mode(f"{DOUBLE_SERIAL}-2", limited(10))
    other = owner.parks.connector(DOUBLE_SERIAL, 1)
    connector = owner.parks.connector(DOUBLE_SERIAL, 2)
    assert (connector.limit, other.limit) == (10, None)
    await owner.backend.set_mode(f"{DOUBLE_SERIAL}-2", limited(50, LimitUnit.PERCENT))
    assert connector.limit == 19
    await owner.backend.set_mode(f"{DOUBLE_SERIAL}-2", PAUSED)
    assert (connector.mode, other.mode) == ("PAUSED", "NORMAL")
    await owner.backend.set_mode(DC_POINT, PAUSED)
    await owner.backend.set_mode(DC_POINT, NORMAL)


@pytest.mark.parametrize(
    ("point", "setting", "field", "key"),
    [
        ("1-1", NORMAL, "device", "unknown_connector"),
        (SERIAL, NORMAL, "device", "unknown_connector"),
        (DC_POINT, SMART, "mode", "mode_not_offered"),
        (DC_POINT, limited(10), "limit", "limit_not_offered"),
        (POINT, limited(33), "limit", "limit_out_of_range"),
        (
            POINT,
            ModeSetting(mode=ChargingMode.PAUSED, limit=Limit(value=10)),
            "limit",
            "limit_not_normal",
        ),
    ],
)
async def test_what_cannot_be_right_is_not_sent(
    owner: ParkOwner, point: str, setting: ModeSetting, field: str, key: str
) -> None:
    """Test that a mistake is told apart before any request."""
    await owner.poll()
    owner.simulator.log.clear()
    with pytest.raises(InvalidInputError) as caught:
        await owner.backend.set_mode(point, setting)
    assert (caught.value.field, caught.value.key) == (field, key)
    assert not owner.simulator.log.entries


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("http_400", RequestRejectedError),
        ("http_404", RequestRejectedError),
        ("http_429", RateLimitError),
        ("http_500", BackendUnavailableError),
        ("html", BackendUnavailableError),
    ],
)
async def test_failures(owner: ParkOwner, fault: str, kind: type[BackendError]) -> None:
    """Test that a mode is sent once, and its failure told."""
    await owner.poll()
    owner.simulator.faults.on(fault, scope="set_mode")
    with pytest.raises(kind):
        await owner.backend.set_mode(POINT, PAUSED)
    assert owner.sent("set_mode") == 1


async def test_an_answer_that_is_lost(owner: ParkOwner) -> None:
    """Test that it stays open whether a mode took effect; aiohttp may have sent it twice."""
    await owner.poll()
    owner.simulator.faults.on("drop_answer", scope="set_mode")
    with pytest.raises(BackendUnavailableError) as caught:
        await owner.backend.set_mode(POINT, PAUSED)
    assert caught.value.was_sent
    assert owner.parks.connector(SERIAL, 1).mode == "PAUSED"


async def test_a_refused_token_is_renewed(owner: ParkOwner) -> None:
    """Test that a command whose token was revoked is sent again, once."""
    await owner.poll()
    owner.simulator.faults.on("token_revoked")
    await owner.backend.set_mode(POINT, PAUSED)
    assert owner.sent("set_mode") == 2
    owner.simulator.faults.on("http_401", scope="set_mode")
    with pytest.raises(AuthenticationError):
        await owner.backend.set_mode(POINT, NORMAL)


async def test_a_code_of_the_network(server: ScriptedServer, http: aiohttp.ClientSession) -> None:
    """Test that a refusal carries a code, and never what else the network says."""
    park = ScriptedPark()
    server.answer = lambda request: (
        web.Response(status=400, text='{"code": "OUT_OF_RANGE", "message": "6020999999"}')
        if request.method == "PUT"
        else park(request)
    )
    backend = smappee_at(server.url, http)
    await backend.poll({})
    with pytest.raises(RequestRejectedError) as caught:
        await backend.set_mode("6020999999-1", PAUSED)
    assert (caught.value.code, caught.value.status) == ("OUT_OF_RANGE", 400)
