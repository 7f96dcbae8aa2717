"""Design rule 7 for parks: credentials, tokens, cards and users stay inside."""

import asyncio
import logging
from typing import Any

import pytest

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import EVENT_LOGGING_CHANGED
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er

from tests.home import Home
from tests.observe import PACKAGE, Writes
from tests.park import (
    NORTH,
    POINT,
    SERIAL,
    SOUTH,
    SOUTH_POINT,
    SOUTH_SERIAL,
    choose,
    enter,
    flows_in_progress,
    open_form,
    suggestions,
)
from tests.simulator.smappee_wire import session_body
from tests.test_privacy import Searched

PLANTED = {
    "client id": "planted-client-7c1d",
    "client secret": "planted-secret-93ab",
    "username": "planted-user-55e0",
    "password": "planted-password-b81f",
    "named card": "04DEADBEEF5A11",
    "unnamed card": "04FEEDFACE5A22",
    "user": "914273605",
}
WRONG = "planted-wrong-11"
FAULTS = [
    "http_400",
    "http_403",
    "http_429",
    "html",
    "broken_json",
    "reset",
    "rotten_session",
    "unknown_enum",
    "token_expired",
    "token_revoked",
]


@pytest.fixture
async def searched(
    home: Home, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> Searched:
    """Plant the values, and log all that can be logged."""
    # What a network logs is its own business; first, because the last call decides the rest.
    caplog.set_level(logging.CRITICAL, "aiohttp.server")
    for name in (PACKAGE, "aiohttp", "homeassistant", "sqlalchemy", ""):
        caplog.set_level(logging.DEBUG, name)
    home.hass.bus.async_fire(EVENT_LOGGING_CHANGED)
    parks = home.simulator.parks
    parks.clients[PLANTED["client id"]] = PLANTED["client secret"]
    parks.users[PLANTED["username"]] = PLANTED["password"]

    def with_user(*args: Any) -> dict[str, Any]:
        return {
            **session_body(*args),
            "userId": int(PLANTED["user"]),
            "userName": PLANTED["username"],
        }

    monkeypatch.setattr("tests.simulator.smappee.session_body", with_user)
    return Searched(home, caplog)


def _input(home: Home, **changes: Any) -> dict[str, Any]:
    fields = ("client id", "client secret", "username", "password")
    planted = {field.replace(" ", "_"): PLANTED[field] for field in fields}
    return home.park_input(**planted | changes)


def _planted(home: Home) -> dict[str, str]:
    """Return what must not come to light, with all tokens that ever were."""
    tokens = home.simulator.smappee.tokens.handed_out
    assert len(tokens) >= 2
    return {**PLANTED, **{f"token {index}": each for index, each in enumerate(sorted(tokens))}}


async def _set_up(home: Home) -> None:
    """Add the parks, with a session with a named card, and one with a card without a name."""
    parks = home.simulator.parks
    parks.plug(SERIAL, 1, rfid=PLANTED["named card"])
    parks.plug(SOUTH_SERIAL, 1, rfid=PLANTED["unnamed card"])
    await home.add_parks(**{key: value for key, value in _input(home).items() if key != "advanced"})
    registry = er.async_get(home.hass)
    for point in (POINT, SOUTH_POINT):
        registry.async_update_entity(home.entity_id("sensor", "card", point), disabled_by=None)
    await home.add_subentry("charge_card", identifier=PLANTED["named card"], alias="Family")
    await home.run(40)
    assert home.state("sensor", "card", POINT).state == "Family"
    assert home.state("sensor", "card", SOUTH_POINT).state == "unnamed"
    assert home.state("sensor", "status", POINT).state == "charging"


async def _act(home: Home, searched: Searched, action: str, **data: Any) -> None:
    """Perform an action, and keep what it answers."""
    domain = data.pop("domain", "ev_charging_sessions")
    services = home.hass.services
    has_response = domain == "ev_charging_sessions"
    call = asyncio.create_task(
        services.async_call(domain, action, data, blocking=True, return_response=has_response)
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
    number = home.entity_id("number", "charging_limit", POINT)
    entity_id = home.entity_id("switch", "charging", POINT)
    await _act(home, searched, "turn_off", domain="switch", entity_id=entity_id)
    await _act(home, searched, "turn_on", domain="switch", entity_id=entity_id)
    await _act(home, searched, "set_value", domain="number", entity_id=number, value=10)
    await _act(home, searched, "set_value", domain="number", entity_id=number, value=99)
    device_id = home.device_id(POINT)
    await _act(home, searched, "stop_session", device_id=device_id, timeout=10)
    await _act(home, searched, "start_session", device_id=device_id, card=PLANTED["named card"])
    await _act(home, searched, "get_sessions")
    await _act(home, searched, "get_sessions", card=PLANTED["unnamed card"])


def _found(home: Home, searched: Searched) -> list[str]:
    """Return what came to light, but for what a person has just said in an action itself."""
    return [each for each in searched.found(_planted(home)) if "log of the core" not in each]


async def test_everyday(home: Home, searched: Searched) -> None:
    """Test that nothing comes to light while sessions and commands go their way."""
    await _set_up(home)
    parks = home.simulator.parks
    with Writes(home.hass) as writes:
        await searched.look_around()
        parks.suspend(SOUTH_SERIAL, 1)
        await home.run(330)
        session = parks.unplug(SOUTH_SERIAL, 1)
        home.simulator.smappee.tokens.expire()
        await home.run(40)
        parks.correct(session.id, session.start_reading + 0.5)
        await home.run(310)
        await _act(home, searched, "get_sessions", card="Family")
        await searched.look_around()
        # Up to here nobody has said a number, so the core cannot have repeated it.
        assert searched.found(_planted(home)) == []
        await _commands(home, searched)
        parks.disown(20002)
        await home.run(310)
        await searched.look_around()
        home.simulator.smappee.kill_refresh_tokens()
        home.simulator.smappee.tokens.expire()
        await home.run(310)
    searched.add_states(writes.states)
    assert len(searched.texts["responses of actions"]) >= 6
    assert len(searched.texts["exceptions of actions"]) >= 3
    assert "park_lost" in str(searched.texts["issues"])
    for kind in ("sessions", "meteringconfiguration", "smartdevices", "mode", "sign-in"):
        assert f'"{kind}: 20' in searched.texts["diagnostics"][-1]
    assert "chargingparks" in searched.log()
    # The search itself works: what may be seen is found.
    assert len(searched.found({"alias": "Family", "point": POINT})) >= 2
    assert _found(home, searched) == []


@pytest.mark.parametrize("scope", [None, "*"], ids=["api", "all"])
@pytest.mark.parametrize("kind", FAULTS)
async def test_faults(home: Home, searched: Searched, kind: str, scope: str | None) -> None:
    """Test that no fault of the network brings anything to light."""
    await _set_up(home)
    with Writes(home.hass) as writes:
        home.simulator.faults.on(kind, scope=scope)
        home.simulator.smappee.tokens.expire()
        home.simulator.parks.set_car_power(SERIAL, 1, 7)
        await home.run(310)
        await searched.look_around()
        await _commands(home, searched)
        await searched.look_around()
        # Also what is read when the account is set up.
        await home.hass.config_entries.async_reload(home.entry.entry_id)
        await home.settle()
        searched.add("entry", f"{home.entry!r} {home.entry.reason}")
    searched.add_states(writes.states)
    assert _found(home, searched) == []


async def test_reauthentication(home: Home, searched: Searched) -> None:
    """Test that neither the old nor the new password is told while a person mends it."""
    await _set_up(home)
    new = {**PLANTED, "new password": "planted-new-password-77"}
    home.simulator.parks.users[PLANTED["username"]] = new["new password"]
    home.simulator.smappee.tokens.revoke()
    await home.run(310)
    await searched.look_around()
    assert flows_in_progress(home) == [SOURCE_REAUTH]
    flows = home.hass.config_entries.flow
    (flow,) = flows.async_progress()
    result: dict[str, Any] = dict(await flows.async_configure(flow["flow_id"]))
    searched.add("form", suggestions(result))
    secret = PLANTED["client secret"]
    for password in (WRONG, new["new password"]):
        data = {"client_secret": secret, "password": password}
        result = await enter(home, result["flow_id"], data)
        shown = {key: result.get(key) for key in ("errors", "description_placeholders", "reason")}
        searched.add("answers of the flow", shown)
    assert result["reason"] == "reauth_successful"
    await home.settle()
    await searched.look_around()
    assert home.coordinator.last_update_success
    assert searched.found({**new, **_planted(home), "wrong": WRONG}) == []


@pytest.mark.parametrize(
    "kind", [None, "http_400", "http_401", "http_404", "http_429", "html", "broken_json", "reset"]
)
async def test_config_flow(home: Home, searched: Searched, kind: str | None) -> None:
    """Test that neither the flow nor its errors name a value that was entered."""
    if kind:
        home.simulator.faults.on(kind, scope="*")
    flow_id = await open_form(home)
    user_input = _input(home) if kind else _input(home, password=WRONG)
    result = await enter(home, flow_id, user_input)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"]
    shown = {"errors": result["errors"], "placeholders": result["description_placeholders"]}
    searched.add("errors of the flow", shown)
    home.simulator.faults.off()
    result = await enter(home, flow_id, _input(home))
    assert result["step_id"] == "parks"
    searched.add("form", suggestions(result))
    result = await choose(home, flow_id, NORTH, SOUTH)
    home.entry = result["result"]
    searched.add("title", result["title"])
    await home.settle()
    await searched.look_around()
    assert searched.found({**_planted(home), "wrong": WRONG}) == []
