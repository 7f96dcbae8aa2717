"""Tests of Shell Recharge's look-ups of charge points, against the simulator."""

from decimal import Decimal
import json

import aiohttp
from aiohttp import web
import pytest

from custom_components.ev_charging_sessions.charging.errors import (
    AuthenticationError,
    BackendError,
    UnexpectedAnswerError,
)
from custom_components.ev_charging_sessions.charging.model import (
    ChargePointStatus,
)
from custom_components.ev_charging_sessions.charging.tariff_model import PriceComponentType

from .acts import backend_at
from .driver import EVSE, OTHER_EVSE, Driver
from .scripted_server import ScriptedServer


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_look_up(driver: Driver, version: str) -> None:
    """Test a charge point in both generations: two requests, and one from then on."""
    driver.restart(api_version=version)
    found = await driver.backend.charge_point(EVSE)
    assert found is not None
    assert (found.status, found.max_power) == (ChargePointStatus.AVAILABLE, 11)
    assert (found.operator, found.connector_type) == ("TheNewMotion", "Type2")
    assert found.tariffs[0].currency == "EUR"
    driver.simulator.world.plug(EVSE)
    found = await driver.backend.charge_point(EVSE)
    assert found is not None
    assert found.status is ChargePointStatus.OCCUPIED
    assert driver.simulator.log.counts() == {"token": 1, "locations": 1, "location": 2}
    other = await driver.backend.charge_point(OTHER_EVSE)
    assert other is not None
    assert other.status is ChargePointStatus.AVAILABLE


async def test_locations_of_the_seed(driver: Driver) -> None:
    """Test that the older address of v1's locations is found, and not looked for again."""
    driver.simulator.shell.settings.seed_locations = True
    driver.restart(api_version="v1")
    for evse_id in (EVSE, OTHER_EVSE):
        assert await driver.backend.charge_point(evse_id) is not None
    assert await driver.backend.charge_point("NL*TNM*E99999999*0") is None
    assert [
        entry.call.path for entry in driver.simulator.log.entries if "location" in entry.call.name
    ] == [
        "/ev/v1/locations",
        "/locations/v1/ev",
        "/locations/v1/ev/2057411",
        "/locations/v1/ev",
        "/locations/v1/ev/2057411",
        "/locations/v1/ev",
    ]


@pytest.mark.parametrize("status", [401, 404])
async def test_an_address_that_is_not_ours(
    server: ScriptedServer, http: aiohttp.ClientSession, status: int
) -> None:
    """Test that what the other address of v1 says does not put the credentials in doubt."""
    server.answer = lambda request: web.Response(
        status=404 if request.path.startswith("/ev/") else status
    )
    assert await backend_at(server.url, http, api_version="v1").charge_point(EVSE) is None


async def test_a_refusal_at_the_first_address(
    server: ScriptedServer, http: aiohttp.ClientSession
) -> None:
    """Test that refused credentials are not taken for a wrong address."""
    server.answer = lambda _request: web.Response(status=401)
    with pytest.raises(AuthenticationError):
        await backend_at(server.url, http, api_version="v1").charge_point(EVSE)
    assert not server.asked("locations/v1/ev")


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_prices(driver: Driver, version: str) -> None:
    """Test that both generations tell the same prices of a charge point.

    A minute of v1 is one of the whole session, and one of v2 is one in which energy flows.
    """
    driver.restart(api_version=version)
    found = await driver.backend.charge_point("NL*TNM*E01000861*0")
    assert found is not None
    (element,) = found.tariffs[0].elements
    minute = PriceComponentType.TIME if version == "v1" else PriceComponentType.CHARGING_TIME
    prices = {each.type: (each.price, each.unit) for each in element.components}
    assert prices == {
        PriceComponentType.FLAT: (Decimal("0.35"), Decimal(1)),
        PriceComponentType.ENERGY: (Decimal("0.69"), Decimal(1)),
        minute: (Decimal("0.05"), Decimal(60)),
    }


async def test_look_up_of_what_nobody_knows(driver: Driver) -> None:
    """Test that an unknown EVSE is nothing, also where that is a 404."""
    assert await driver.backend.charge_point("NL*TNM*E99999999*0") is None
    driver.simulator.faults.on("http_404", scope="locations", count=1)
    assert await driver.backend.charge_point(EVSE) is None
    assert await driver.backend.charge_point(EVSE) is not None
    driver.simulator.faults.on("http_404", scope="location", count=1)
    assert await driver.backend.charge_point(EVSE) is None
    driver.simulator.log.clear()
    assert await driver.backend.charge_point(EVSE) is not None
    assert driver.simulator.log.counts() == {"locations": 1, "location": 1}


@pytest.mark.parametrize("fault", ["http_400", "http_500", "html"])
@pytest.mark.parametrize("scope", ["locations", "location"])
async def test_look_up_that_fails(driver: Driver, scope: str, fault: str) -> None:
    """Test that a failure is no answer about a charge point."""
    driver.simulator.faults.on(fault, scope=scope)
    with pytest.raises(BackendError):
        await driver.backend.charge_point(EVSE)


async def test_look_up_at_a_place_without_it(
    server: ScriptedServer, http: aiohttp.ClientSession
) -> None:
    """Test that a search that finds the wrong place is not remembered."""
    server.answer = lambda _request: web.Response(text='{"data": [{"uid": 7, "evses": []}]}')
    backend = backend_at(server.url, http)
    assert await backend.charge_point(EVSE) is None
    assert await backend.charge_point(EVSE) is None
    assert len(server.asked("locations")) == len(server.asked("locations/7")) == 2


@pytest.mark.parametrize("uid", ["..", "../../token", "1?x=2", "a/b", "", "x" * 65, "1 2"])
async def test_places_that_lead_elsewhere(
    server: ScriptedServer, http: aiohttp.ClientSession, uid: str
) -> None:
    """Test that an answer cannot send us, and our token, to another path."""
    body = json.dumps({"data": [{"uid": uid}]})
    server.answer = lambda _request: web.Response(text=body)
    with pytest.raises(UnexpectedAnswerError) as caught:
        await backend_at(server.url, http).charge_point(EVSE)
    assert caught.value.path == "data[].uid"
    assert len(server.requests) == 2
