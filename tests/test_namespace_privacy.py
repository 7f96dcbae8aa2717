"""Design rule 7 at CleverEV: the token, drivers, guests and addresses stay inside."""

import asyncio
import json
import logging
from typing import Any

import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import EVENT_LOGGING_CHANGED
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from tests.home import Home
from tests.namespace import (
    ENTRANCE,
    GARAGE,
    GARAGE_POINT,
    POINT,
    answer_reauth,
    open_form,
    reconfigure,
)
from tests.observe import PACKAGE, Writes
from tests.park import enter, flows_in_progress, suggestions
from tests.simulator.namespace_model import Driver
from tests.test_privacy import Searched

PLANTED = {
    "token": "planted-token-7c1d",
    "organization": "planted-organization-93ab",
    "owner": "planted-owner-b81f",
    "owner's tag": "PLANTED-OWNER-0",
    "named card": "PLANTED-TAG-1",
    "unnamed card": "PLANTED-TAG-2",
    "user": "planted-user-55e0",
    "guest": "Plantedguest",
    "note": "planted note 4711",
    "password": "planted-basic-3d1e",
    "address": "10.88.77.66",
    "connection": "planted-connection-61f0",
}
WRONG = "planted-wrong-11"
FAULTS = [
    "http_400",
    "http_403",
    "http_404",
    "http_429",
    "http_500",
    "html",
    "broken_json",
    "reset",
    "drop_answer",
    "failed_status",
    "rotten_session",
    "unknown_enum",
    "token_expired",
    "stale_active",
]
# Who asks the archive may read the note that somebody wrote beside a session.
ALLOWED = {"note in responses of actions"}


@pytest.fixture
async def searched(home: Home, caplog: pytest.LogCaptureFixture) -> Searched:
    """Plant the values, and log all that can be logged."""
    # What a network logs is its own business; first, because the last call decides the rest.
    caplog.set_level(logging.CRITICAL, "aiohttp.server")
    for name in (PACKAGE, "aiohttp", "homeassistant", "sqlalchemy", ""):
        caplog.set_level(logging.DEBUG, name)
    home.hass.bus.async_fire(EVENT_LOGGING_CHANGED)
    namespace = home.simulator.namespace
    namespace.tokens.add(PLANTED["token"])
    namespace.organization_id = PLANTED["organization"]
    namespace.owner = Driver(name="Owner", user_id=PLANTED["owner"], id_tag=PLANTED["owner's tag"])
    namespace.drivers = [
        Driver(name="Driver", user_id=PLANTED["user"], id_tag=PLANTED[card])
        for card in ("named card", "unnamed card")
    ]
    for charger in namespace.chargers.values():
        charger.password = PLANTED["password"]
        charger.ip_address = PLANTED["address"]
        charger.connection_url = f"wss://ocpp.invalid/{PLANTED['connection']}"
    return Searched(home, caplog)


def _input(home: Home, **changes: Any) -> dict[str, Any]:
    planted = {"api_token": PLANTED["token"], "organization_id": PLANTED["organization"]}
    return home.namespace_input(**planted | changes)


async def _set_up(home: Home) -> None:
    """Add the namespace, with sessions of a named card, of an unnamed one, and of a guest."""
    namespace = home.simulator.namespace
    guest = namespace.start_at_pole(
        GARAGE, 1, PLANTED["unnamed card"], "InfostarKeycard", {"guestName": PLANTED["guest"]}
    )
    namespace.annotate(guest.id, PLANTED["note"])
    session = namespace.start_at_pole(ENTRANCE, 1, PLANTED["named card"])
    namespace.annotate(session.id, PLANTED["note"])
    await home.add_namespace(**{key: _input(home)[key] for key in ("api_token", "organization_id")})
    registry = er.async_get(home.hass)
    for point in (POINT, GARAGE_POINT):
        registry.async_update_entity(home.entity_id("sensor", "card", point), disabled_by=None)
    await home.add_subentry("charge_card", identifier=PLANTED["named card"], alias="Family")
    await home.run(40)
    assert home.state("sensor", "card", POINT).state == "Family"
    assert home.state("sensor", "card", GARAGE_POINT).state == "unnamed"
    assert home.state("sensor", "status", POINT).state == "charging"


async def _act(home: Home, searched: Searched, action: str, **data: Any) -> None:
    """Perform an action, and keep what it answers."""
    domain = data.pop("domain", "ev_charging_sessions")
    has_response = domain == "ev_charging_sessions"
    call = asyncio.create_task(
        home.hass.services.async_call(
            domain, action, data, blocking=True, return_response=has_response
        )
    )
    await home.settle()
    while not call.done():
        await home.run(10)
    try:
        response = await call
    except HomeAssistantError as err:
        searched.add_error("exceptions of actions", err)
    else:
        searched.add("responses of actions", response)


async def _commands(home: Home, searched: Searched) -> None:
    """Do what a person can do, wisely and not."""
    entity_id = home.entity_id("switch", "charging", POINT)
    await _act(home, searched, "turn_off", domain="switch", entity_id=entity_id)
    home.simulator.namespace.fail_next("start")
    await _act(home, searched, "turn_on", domain="switch", entity_id=entity_id)
    await _act(home, searched, "turn_on", domain="switch", entity_id=entity_id)
    device_id = home.device_id(POINT)
    home.simulator.namespace.fail_next("stop")
    await _act(home, searched, "stop_session", device_id=device_id, timeout=10)
    await _act(home, searched, "stop_session", device_id=device_id, timeout=10)
    await _act(home, searched, "start_session", device_id=device_id, card="Family")
    await _act(home, searched, "get_sessions")


def _found(searched: Searched) -> list[str]:
    return sorted(set(searched.found(PLANTED)) - ALLOWED)


async def test_everyday(home: Home, searched: Searched) -> None:
    """Test that nothing comes to light while sessions and commands go their way."""
    await _set_up(home)
    namespace = home.simulator.namespace
    with Writes(home.hass) as writes:
        await searched.look_around()
        namespace.pause(GARAGE, 1)
        await home.run(330)
        session = namespace.unplug(GARAGE, 1)
        assert session
        await home.run(40)
        namespace.correct(session.id, session.energy + 500)
        await home.run(310)
        await searched.look_around()
        await _act(home, searched, "get_sessions", card="Family")
        await _commands(home, searched)
        namespace.fault(ENTRANCE, 2)
        namespace.set_online(GARAGE, online=False)
        await home.run(310)
        await searched.look_around()
    searched.add_states(writes.states)
    assert len(searched.texts["responses of actions"]) >= 5
    assert len(searched.texts["exceptions of actions"]) >= 3
    # The search itself works: what may be seen is found.
    assert len(searched.found({"alias": "Family", "point": POINT})) >= 2
    assert "note in responses of actions" in searched.found(PLANTED)
    assert _found(searched) == []


@pytest.mark.parametrize("kind", FAULTS)
async def test_faults(home: Home, searched: Searched, kind: str) -> None:
    """Test that no fault of the network brings anything to light."""
    await _set_up(home)
    with Writes(home.hass) as writes:
        home.simulator.faults.on(kind, scope="*")
        home.simulator.namespace.set_car_power(ENTRANCE, 1, 7)
        await home.run(310)
        await searched.look_around()
        await _commands(home, searched)
        await searched.look_around()
        # Also what is read when the account is set up.
        await home.hass.config_entries.async_reload(home.entry.entry_id)
        await home.settle()
        searched.add("entry", f"{home.entry!r} {home.entry.reason}")
    searched.add_states(writes.states)
    assert _found(searched) == []


async def test_reauthentication(home: Home, searched: Searched) -> None:
    """Test that neither the old nor the new token is told while a person mends it."""
    await _set_up(home)
    new = {**PLANTED, "new token": "planted-new-token-77", "wrong": WRONG}
    home.simulator.cleverev.revoke()
    home.simulator.namespace.tokens.add(new["new token"])
    await home.run(310)
    await searched.look_around()
    assert flows_in_progress(home) == [SOURCE_REAUTH]
    for token in (WRONG, new["new token"]):
        result = await answer_reauth(home, token)
        shown = {key: result.get(key) for key in ("errors", "description_placeholders", "reason")}
        searched.add("answers of the flow", shown)
    assert result["reason"] == "reauth_successful"
    await searched.look_around()
    assert home.coordinator.last_update_success
    assert searched.found(new) == []


@pytest.mark.parametrize(
    "kind", [None, "http_400", "http_404", "http_429", "html", "failed_status", "reset"]
)
async def test_config_flow(home: Home, searched: Searched, kind: str | None) -> None:
    """Test that neither the flow nor its errors name a value that was entered."""
    if kind:
        home.simulator.faults.on(kind, scope="*")
    form = await open_form(home)
    user_input = _input(home) if kind else _input(home, api_token=WRONG)
    result = await enter(home, form["flow_id"], user_input)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"]
    shown = {"errors": result["errors"], "placeholders": result["description_placeholders"]}
    searched.add("errors of the flow", shown)
    home.simulator.faults.off()
    result = await enter(home, form["flow_id"], _input(home))
    home.entry = result["result"]
    searched.add("title", result["title"])
    await home.settle()
    await searched.look_around()
    form = await reconfigure(home)
    searched.add("form", suggestions(form))
    # Its owner may read which organization an account belongs to, and only there.
    found = searched.found({**PLANTED, "wrong": WRONG})
    assert found == ["organization in form"]


async def test_diagnostics(
    home: Home, searched: Searched, hass_client: ClientSessionGenerator
) -> None:
    """Test that the download tells how the account is set, and nothing of anybody."""
    await _set_up(home)
    await async_setup_component(home.hass, "diagnostics", {})
    told = await get_diagnostics_for_config_entry(home.hass, hass_client, home.entry)
    assert told["settings"] == {
        "api_generation": "current",
        "currency": "EUR",
        "energy_unit": "Wh",
    }
    assert told["active_sessions"] == 2
    assert {"sessions: 200", "chargers: 200"} <= set(told["last_answers"])
    assert "energy" in json.dumps(told["last_answers"]["sessions: 200"])
    text = json.dumps(told)
    sessions = [each.session_id for each in home.coordinator.sessions.open.values()]
    places = [POINT, GARAGE_POINT, ENTRANCE, "Hotel", "loc-hotel", home.simulator.url]
    secrets = [*PLANTED.values(), *sessions, *places, str(home.entry.unique_id), "Family"]
    assert [each for each in secrets if each in text] == []
