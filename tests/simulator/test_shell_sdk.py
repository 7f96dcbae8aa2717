"""The vendor's own client, ev-recharge-sdk 2.2.0, against the simulator."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
from shellev.configuration import Configuration, Environment, Server
from shellev.exceptions.bad_request_exception import BadRequestException
from shellev.exceptions.internal_server_error_exception import InternalServerErrorException
from shellev.exceptions.not_found_exception import NotFoundException
from shellev.exceptions.o_auth_provider_exception import OAuthProviderException
from shellev.exceptions.serviceunavailable_exception import ServiceunavailableException
from shellev.exceptions.too_many_requests_exception import TooManyRequestsException
from shellev.exceptions.unauthorized_exception import UnauthorizedException
from shellev.exceptions.v_2_charge_session_retrieve_404_error_exception import (
    V2ChargeSessionRetrieve404ErrorException,
)
from shellev.exceptions.v_2_charge_session_start_404_error_exception import (
    V2ChargeSessionStart404ErrorException,
)
from shellev.exceptions.v_2_charge_session_stop_404_error_exception import (
    V2ChargeSessionStop404ErrorException,
)
from shellev.http.auth.o_auth_2 import ClientCredentialsAuthCredentials
from shellev.models.chargesession_start_body import ChargesessionStartBody
from shellev.shellev_client import ShellevClient

from . import Simulator
from .client import CARD, EVSE
from .defaults import CLIENT_ID, CLIENT_SECRET


class Vendor:
    """The vendor's client, whose calls block and so run in a thread."""

    def __init__(self, secret: str = CLIENT_SECRET) -> None:
        """Log in with the demo account."""
        credentials = ClientCredentialsAuthCredentials(CLIENT_ID, secret)
        self.client = ShellevClient(client_credentials_auth_credentials=credentials)

    async def call(self, method: Callable[..., Any], *args: Any) -> Any:
        """Call a method with a fresh request id."""
        return await asyncio.to_thread(method, str(uuid4()), *args)

    async def start(self, evse_id: str = EVSE, card: str = CARD) -> Any:
        """Ask for a session."""
        return await self.call(self.client.charging.start, ChargesessionStartBody(card, evse_id))

    async def stop(self, session_id: str) -> Any:
        """Ask for the end of a session."""
        return await self.call(self.client.charging.stop, session_id)

    async def retrieve(self, session_id: str) -> Any:
        """Return the session itself."""
        method = self.client.charging.get_charge_session_retrieve
        return (await self.call(method, session_id)).data[0]

    async def active(self) -> Any:
        """Return the active sessions."""
        return (await self.call(self.client.charging.active, CARD)).data


@pytest.fixture
async def vendor(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Vendor]:
    """Point the vendor's client at the simulator."""
    servers = {Server.OAUTH_SERVER: simulator.url, Server.SHELL: f"{simulator.url}/ev"}
    monkeypatch.setattr(Configuration, "environments", {Environment.SIT: servers})
    # The SDK's HTTP library would ask the machine's proxy, if there is one.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    vendor = Vendor()
    yield vendor
    await asyncio.to_thread(vendor.client.config.http_client.session.close)


async def test_a_whole_session(simulator: Simulator, vendor: Vendor) -> None:
    """Start, poll until started, list, stop, poll until stopped, with one token."""
    simulator.world.plug(EVSE)
    started = await vendor.start()
    assert started.status == "SUCCESS"
    session_id = started.data[0].session_id

    session = await vendor.retrieve(session_id)
    assert session.session_state.status == "StartRequested"
    assert await vendor.active() == []
    simulator.clock.advance(5)
    session = await vendor.retrieve(session_id)
    assert session.session_state.status == "Started"
    assert (session.ema_id, session.evse_id) == (CARD, EVSE)
    assert session.stopped_at.datetime < session.started_at.datetime

    (listed,) = await vendor.active()
    assert listed.id == session_id
    assert listed.session_state.status == "Started"
    assert listed.user_id == session.user_id
    assert listed.started_at.datetime == session.started_at.datetime

    stopped = await vendor.stop(session_id)
    assert stopped.status == "SUCCESS"
    simulator.clock.advance(5)
    assert await vendor.active() == []
    session = await vendor.retrieve(session_id)
    assert session.session_state.status == "Stopped"
    assert session.stopped_at.datetime > session.started_at.datetime
    assert simulator.log.count("token") == 1
    assert simulator.log.count("start") == simulator.log.count("stop") == 1


async def test_a_start_that_fails(vendor: Vendor, simulator: Simulator) -> None:
    """The SDK's model finds the reason of a failed start."""
    session_id = (await vendor.start()).data[0].session_id
    simulator.clock.advance(5)
    state = (await vendor.retrieve(session_id)).session_state
    assert state.status == "FailedToStart"
    assert state.error.code == "EvNotConnectedToEvse"


async def test_locations_and_tariffs(vendor: Vendor, simulator: Simulator) -> None:
    """The SDK finds an EVSE, its live status and, by id, its tariff."""
    simulator.world.plug(EVSE)
    client = vendor.client.locations
    answer = await asyncio.to_thread(client.get_ev_locations, str(uuid4()), evse_id=EVSE)
    (location,) = answer.data
    assert location.address.city == "Utrecht"
    states = {each.evse_id: each.status for each in location.evses}
    assert states == {EVSE: "Occupied", "NL*TNM*E02003451*1": "Available"}
    assert location.evses[0].connectors[0].electrical_properties.max_electric_power == 11.0

    answer = await vendor.call(client.ev_locations_by_id, location.uid, "NL-TNM")
    (tariff,) = answer.data[0].evses[0].connectors[0].tariffs
    assert tariff.currency == "EUR"
    (component,) = tariff.elements[0].price_components
    assert (component.mtype, component.price, component.vat) == ("ENERGY", 0.45, 21.0)


@pytest.mark.parametrize(
    ("status", "expected", "code"),
    [
        (400, BadRequestException, "E0001"),
        (401, UnauthorizedException, "E0003"),
        (404, V2ChargeSessionRetrieve404ErrorException, "E0038"),
        (429, TooManyRequestsException, "E0009"),
        (500, InternalServerErrorException, "E0005"),
        (503, ServiceunavailableException, "E0014"),
    ],
)
async def test_exceptions_by_status(
    vendor: Vendor, simulator: Simulator, status: int, expected: type[Exception], code: str
) -> None:
    """Each failure is the exception that the vendor foresees, with a readable body."""
    simulator.faults.on(f"http_{status}")
    with pytest.raises(expected) as caught:
        await vendor.retrieve(str(uuid4()))
    error: Any = caught.value
    assert error.response_code == status
    assert error.status == "FAILED"
    assert error.errors[0].code == code
    assert error.errors[0].description


async def test_unknown_things_are_not_found(vendor: Vendor) -> None:
    """An unknown EVSE, card or session is the vendor's 404 of that call."""
    with pytest.raises(V2ChargeSessionStart404ErrorException):
        await vendor.start("NL*TNM*E00000000*0")
    with pytest.raises(V2ChargeSessionStart404ErrorException):
        await vendor.start(card="NL-TNM-C99999999-X")
    with pytest.raises(V2ChargeSessionStop404ErrorException):
        await vendor.stop(str(uuid4()))


async def test_location_not_found(vendor: Vendor, simulator: Simulator) -> None:
    """A 404 of the locations is the vendor's exception too."""
    simulator.faults.on("http_404", scope="location")
    with pytest.raises(NotFoundException):
        await vendor.call(vendor.client.locations.ev_locations_by_id, "1")


async def test_bad_request(vendor: Vendor) -> None:
    """A request id that came before is a bad request."""
    request_id = str(uuid4())
    method = vendor.client.charging.active
    await asyncio.to_thread(method, request_id, CARD)
    with pytest.raises(Exception, match="not OK") as caught:
        await asyncio.to_thread(method, request_id, CARD)
    error: Any = caught.value
    assert error.response_code == 400


async def test_wrong_secret(vendor: Vendor) -> None:
    """The token endpoint's refusal is the SDK's own exception."""
    authority = Vendor("wrong").client.auth_managers["BearerAuth"]
    with pytest.raises(OAuthProviderException) as caught:
        await asyncio.to_thread(authority.fetch_token)
    error: Any = caught.value
    assert (error.response_code, error.error) == (401, "invalid_client")
