"""Design rule 7: secrets and people stay inside. Values are planted, and searched everywhere."""

import asyncio
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import replace
import json
import logging
from typing import Any
from uuid import UUID

import pytest

from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import EVENT_LOGGING_CHANGED
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)

from custom_components.ev_charging_sessions.const import DOMAIN
from custom_components.ev_charging_sessions.diagnostics import async_get_config_entry_diagnostics
from tests.home import EVSE, OTHER_EVSE, Home
from tests.observe import PACKAGE, Writes
from tests.simulator.faults import BACKEND_FAULTS, TRANSPORT_FAULTS

PLANTED = {
    "client id": "planted-client-7c1d",
    "client secret": "planted-secret-93ab",
    "default card": "DE-PLT-C77777777-A",
    "second card": "DE-PLT-C88888888-B",
    "street": "Plantedstreet 4711",
    "postal code": "PLT-99471",
    "city": "Plantedhausen",
}
# How the credentials travel in the header of a request for a token.
SIGN_IN = b64encode(f"{PLANTED['client id']}:{PLANTED['client secret']}".encode()).decode()
# The names of the design for rows of sessions: who performs an action, or listens to the
# events of a charge point, may hear which session it is about. Told to log everything, the
# core itself repeats those events.
NAMES_SESSIONS = ("responses of actions", "state of event", "log of the core", "coordinator")
HTTP_FAULTS = ("http_400", "http_401", "http_403", "http_404", "http_429", "http_500", "http_503")


class Searched:
    """Collects everything that anybody gets to see."""

    def __init__(self, home: Home, caplog: pytest.LogCaptureFixture) -> None:
        """Start with nothing."""
        self.home = home
        self.caplog = caplog
        self.texts: dict[str, list[str]] = {}

    def add(self, where: str, what: object) -> None:
        """Add something that was seen."""
        self.texts.setdefault(where, []).append(what if isinstance(what, str) else repr(what))

    def add_error(self, where: str, err: BaseException | None) -> None:
        """Add an exception with all that led to it."""
        while err is not None:
            self.add(where, f"{err} {err!r} {getattr(err, 'translation_placeholders', None)}")
            err = err.__cause__ or err.__context__

    def add_states(self, states: Iterable[Mapping[str, Any]]) -> None:
        """Add states with their attributes, apart for each platform."""
        for state in states:
            self.add(f"state of {state['entity_id'].partition('.')[0]}", state)

    async def look_around(self) -> None:
        """Add all that can be looked at now."""
        hass, entry = self.home.hass, self.home.entry
        self.add_states(state.as_dict() for state in hass.states.async_all())
        diagnostics = await async_get_config_entry_diagnostics(hass, entry)
        self.add("diagnostics", json.dumps(diagnostics))
        issues = ir.async_get(hass).issues.values()
        self.add("issues", list(issues))
        self.add("flows", hass.config_entries.flow.async_progress())
        devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
        self.add("devices", [f"{device!r} {device.dict_repr}" for device in devices])
        entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        self.add("entities", [f"{entity!r} {entity.extended_dict}" for entity in entities])
        self.add("coordinator", self.home.coordinator.data)
        self.add("entry", f"{entry!r} {entry.title} {entry.unique_id} {entry.reason}")
        self.add_error("last exception", self.home.coordinator.last_exception)

    def log(self, *, core: bool = False) -> str:
        """Return what the core has logged, or all others, with tracebacks."""
        formatter = logging.Formatter("%(name)s %(message)s")
        return "\n".join(
            formatter.format(record)
            for record in self.caplog.records
            if core is (record.name == "homeassistant.core")
        )

    def found(self, planted: dict[str, str]) -> list[str]:
        """Return where something that was planted came to light."""
        self.add("log", self.log())
        self.add("log of the core", self.log(core=True))
        spellings = {
            name: {value, value.replace("-", ""), value.replace(" ", "%20")}
            for name, value in planted.items()
        }
        return [
            f"{name} in {where}"
            for name, values in spellings.items()
            for where, texts in self.texts.items()
            if any(value.lower() in text.lower() for value in values for text in texts)
        ]


@pytest.fixture
async def searched(home: Home, caplog: pytest.LogCaptureFixture) -> Searched:
    """Plant the values, and log all that can be logged."""
    # The simulator serves in this process too; what a network logs is its own business. This
    # comes first, because the last call also decides what is recorded at all.
    caplog.set_level(logging.CRITICAL, "aiohttp.server")
    for name in (PACKAGE, "aiohttp", "homeassistant", "sqlalchemy", ""):
        caplog.set_level(logging.DEBUG, name)
    home.hass.bus.async_fire(EVENT_LOGGING_CHANGED)
    world = home.simulator.world
    world.accounts[PLANTED["client id"]] = PLANTED["client secret"]
    world.cards.update({PLANTED["default card"], PLANTED["second card"]})
    for point in world.charge_points.values():
        point.site = replace(
            point.site,
            street=PLANTED["street"],
            postal_code=PLANTED["postal code"],
            city=PLANTED["city"],
        )
    return Searched(home, caplog)


def _planted(home: Home) -> dict[str, str]:
    """Return what must not come to light, with what the network made up itself."""
    users = {session.user_id for session in home.simulator.world.sessions.values()}
    assert users
    assert all(UUID(user) for user in users)
    tokens = home.simulator.shell.tokens._expiry
    assert tokens
    made_up = {f"user {index}": user for index, user in enumerate(sorted(users))}
    made_up |= {f"token {index}": token for index, token in enumerate(tokens)}
    return {**PLANTED, "sign-in": SIGN_IN, **made_up}


def _sessions_named(home: Home, searched: Searched) -> list[str]:
    """Return where a session goes by its id that has no business to."""
    ids = {f"session {index}": each for index, each in enumerate(home.simulator.world.sessions)}
    assert ids
    found = searched.found(ids)
    return [each for each in found if not each.endswith(NAMES_SESSIONS)]


async def _set_up(home: Home) -> None:
    """Add the account, two charge points and a second card, with which a session runs."""
    home.simulator.world.start_at_pole(EVSE, PLANTED["second card"])
    await home.add_account(
        EVSE,
        OTHER_EVSE,
        client_id=PLANTED["client id"],
        client_secret=PLANTED["client secret"],
        ema_id=PLANTED["default card"],
    )
    await home.add_subentry("charge_card", identifier=PLANTED["second card"], alias="Family")
    er.async_get(home.hass).async_update_entity(home.entity_id("sensor", "card"), disabled_by=None)
    await home.run(40)
    assert home.state("sensor", "card").state == "Family"
    assert home.state("sensor", "status").state == "charging"


async def _act(home: Home, searched: Searched, action: str, **data: Any) -> None:
    """Perform an action, in longer strides than ``Home.act``, and keep what it answers."""
    services = home.hass.services
    call = asyncio.create_task(
        services.async_call(DOMAIN, action, data, blocking=True, return_response=True)
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


async def test_everyday(home: Home, searched: Searched) -> None:
    """Test that nothing comes to light while sessions and commands go their way."""
    await _set_up(home)
    world = home.simulator.world
    with Writes(home.hass) as writes:
        world.unplug(EVSE)
        await home.run(40)
        world.plug(EVSE)
        await _act(home, searched, "start_session", device_id=home.device_id(), card="Family")
        world.start_at_pole(OTHER_EVSE, PLANTED["default card"])
        await home.run(330)
        await searched.look_around()
        world.fail_next_stop()
        await _act(home, searched, "stop_session", device_id=home.device_id())
        await _act(home, searched, "stop_session", device_id=home.device_id())
        await _act(home, searched, "stop_session", device_id=home.device_id())
        world.charge_point(EVSE).refused_cards.add(PLANTED["second card"])
        await _act(home, searched, "start_session", device_id=home.device_id(), card="Family")
        await _act(home, searched, "start_session", device_id=home.device_id(), card="Nobody's")
        world.cards.discard(PLANTED["second card"])
        await _act(home, searched, "start_session", device_id=home.device_id(), card="Family")
        await _act(home, searched, "get_sessions")
    await searched.look_around()
    searched.add_states(writes.states)
    assert len(searched.texts["exceptions of actions"]) >= 4
    assert len(searched.texts["responses of actions"]) >= 3
    assert "charge-session/start" in searched.log()
    assert "Bus:Handling" in searched.log(core=True)
    # The search itself works: what may be seen is found.
    assert searched.found({"alias": "Family", "evse": EVSE})
    assert {f"session {index} in responses of actions" for index in range(3)} <= set(
        searched.found({f"session {index}": each for index, each in enumerate(world.sessions)})
    )
    assert searched.found(_planted(home)) == []
    assert _sessions_named(home, searched) == []


@pytest.mark.parametrize("scope", [None, "*"], ids=["api", "all"])
@pytest.mark.parametrize("kind", sorted([*TRANSPORT_FAULTS, *BACKEND_FAULTS, *HTTP_FAULTS]))
async def test_faults(home: Home, searched: Searched, kind: str, scope: str | None) -> None:
    """Test that no fault of the network brings anything to light."""
    await _set_up(home)
    world = home.simulator.world
    with Writes(home.hass) as writes:
        home.simulator.faults.on(kind, scope=scope)
        # The token must be asked for while the fault is on.
        home.simulator.shell.tokens.expire()
        await home.run(35)
        await searched.look_around()
        await _act(home, searched, "stop_session", device_id=home.device_id(), timeout=10)
        world.plug(OTHER_EVSE)
        data = {"device_id": home.device_id(OTHER_EVSE), "timeout": 10}
        await _act(home, searched, "start_session", **data)
        await _act(home, searched, "get_sessions")
        await searched.look_around()
    searched.add_states(writes.states)
    assert searched.found(_planted(home)) == []
    assert _sessions_named(home, searched) == []


@pytest.mark.parametrize("kind", [None, "http_401", "http_404", "html", "failed_status", "reset"])
async def test_config_flow(home: Home, searched: Searched, kind: str | None) -> None:
    """Test that the errors of the flow name no value that was entered."""
    flows = home.hass.config_entries.flow
    if kind:
        home.simulator.faults.on(kind, scope="*")
    secret = "planted-wrong-11" if kind is None else PLANTED["client secret"]
    user_input = home.user_input(
        client_id=PLANTED["client id"], client_secret=secret, ema_id=PLANTED["default card"]
    )
    result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "shell_recharge"})
    call = asyncio.create_task(flows.async_configure(result["flow_id"], user_input))
    await home.settle()
    result = await call
    assert result["type"] is FlowResultType.FORM
    assert result["errors"]
    shown = {"errors": result["errors"], "placeholders": result["description_placeholders"]}
    searched.add("errors of the flow", shown)
    assert searched.found({**PLANTED, "wrong secret": "planted-wrong-11"}) == []
    flows.async_abort(result["flow_id"])


async def test_diagnostics_name_no_place(home: Home, searched: Searched) -> None:
    """Test that diagnostics tell neither where nor under which names somebody charges."""
    await _set_up(home)
    text = json.dumps(await async_get_config_entry_diagnostics(home.hass, home.entry))
    for value in (EVSE, OTHER_EVSE, "Family", *PLANTED.values()):
        assert value not in text
    assert '"session_status": "charging"' in text
