"""Design rule 7 for an operator: the key, the partner, drivers and the address stay inside."""

import logging

import pytest

from homeassistant.const import EVENT_LOGGING_CHANGED
from homeassistant.exceptions import HomeAssistantError

from tests.guest_house import GuestHouse
from tests.observe import PACKAGE, Writes
from tests.simulator.defaults import PLUGSURFING_EVSE as EVSE
from tests.simulator.plugsurfing_caller import Driver
from tests.test_privacy import Searched

PLANTED = {
    "key": "planted-key-5d2c",
    "partner": "planted-partner-identifier-8e41",
    "contract": "DE*8PS*PLANTD*7",
    "card": "9A7E11D0C0FFEE",
    "order": "planted-order-3311",
    "password": "planted-password-99",
    "partner's driver": "planted-driver-of-a-partner-17",
}
FAULTS = [
    "http_400",
    "http_404",
    "http_429",
    "http_500",
    "html",
    "broken_json",
    "reset",
    "code_140",
]


@pytest.fixture
async def searched(guest_house: GuestHouse, caplog: pytest.LogCaptureFixture) -> Searched:
    """Plant the values, and log all that can be logged."""
    # What a network logs is its own business, and who calls what Home Assistant's; first,
    # because the last call decides the rest.
    for name in (
        "aiohttp.access",
        "aiohttp.server",
        "homeassistant.helpers.http",
        "homeassistant.components.webhook",
    ):
        caplog.set_level(logging.CRITICAL, name)
    for name in (PACKAGE, "aiohttp.client", "homeassistant", "sqlalchemy", ""):
        caplog.set_level(logging.DEBUG, name)
    house = guest_house
    house.hass.bus.async_fire(EVENT_LOGGING_CHANGED)
    house.books.keys[PLANTED["key"]] = {PLANTED["partner"]}
    for connector_id in house.books.connectors:
        house.books.connectors[connector_id] = PLANTED["partner"]
    house.caller.key, house.caller.partner = PLANTED["key"], PLANTED["partner"]
    await house.add_devices("front")
    await house.add_operator(api_key=PLANTED["key"], partner_identifier=PLANTED["partner"])
    await house.add_connector()
    house.poles.pole("front").plug()
    await house.home.run(60)
    return Searched(house.home, caplog)


def _found(house: GuestHouse, searched: Searched) -> list[str]:
    webhook_id = house.home.entry.data["webhook_id"]
    return searched.found(PLANTED | {"address": webhook_id})


async def _call_all(house: GuestHouse) -> None:
    """Call what can be called, wisely and not."""
    caller = house.caller
    stranger = Driver(identifier=PLANTED["card"], identifier_type="rfid")
    driver = Driver(identifier=PLANTED["contract"])
    user = Driver(identifier=PLANTED["partner's driver"], identifier_type="username").user
    await caller.start(EVSE, stranger)
    await caller.send_cards(PLANTED["card"])
    await caller.start(EVSE, driver, payment_reference=PLANTED["order"])
    await caller.start(EVSE, stranger)
    await caller.stop(EVSE, stranger)
    await caller.call(
        "session-start",
        {"user": {**user, "token": PLANTED["password"]}, "connector-id": EVSE},
    )
    await caller.call("session-start", {"user": PLANTED["card"], "connector-id": [EVSE]})
    session = {
        "user": user,
        "session-id": "of-a-partner-1",
        "connector-id": "DE*ABC*E1",
        "session-interval": {"start": "2026-11-21T10:00:00+00:00"},
        "partner-identifier": PLANTED["partner"],
    }
    await caller.call("session-post", session)
    await caller.call("session-post", {**session, "partner-identifier": "planted-partner"})
    await house.home.run(60)
    await caller.stop(EVSE, driver)
    await house.home.run(120)


async def test_everyday(guest_house: GuestHouse, searched: Searched) -> None:
    """Test that nothing comes to light while the network calls and is told of sessions."""
    with Writes(guest_house.hass) as writes:
        await _call_all(guest_house)
        await searched.look_around()
    searched.add_states(writes.states)
    for kind in ("call session-start", "call session-post", "call rfid-post", "session-post: 200"):
        assert f'"{kind}": {{' in searched.texts["diagnostics"][-1]
    assert len(guest_house.books.finals()) == 1
    # The search itself works: what may be seen is found.
    assert len(searched.found({"point": EVSE})) >= 2
    assert _found(guest_house, searched) == []


@pytest.mark.parametrize("kind", FAULTS)
async def test_faults(guest_house: GuestHouse, searched: Searched, kind: str) -> None:
    """Test that no fault of the network brings anything to light."""
    house = guest_house
    house.home.simulator.faults.on(kind, scope="plugsurfing")
    with Writes(house.hass) as writes:
        await _call_all(house)
        session = house.home.coordinator.sessions.at[EVSE]
        with pytest.raises(HomeAssistantError) as caught:
            await house.home.act(
                "post_session",
                config_entry_id=house.home.entry.entry_id,
                session_id=session.session_id,
            )
        searched.add_error("exceptions of actions", caught.value)
        await searched.look_around()
        await house.hass.config_entries.async_reload(house.home.entry.entry_id)
        await house.home.settle()
    searched.add_states(writes.states)
    assert _found(house, searched) == []
