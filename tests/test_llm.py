"""The tools for language models: what they answer, and that they neither act nor tell too much."""

from datetime import timedelta
from decimal import Decimal
import json
from typing import Any

import probatio
import pytest

from homeassistant.core import Context
from homeassistant.helpers import area_registry as ar, device_registry as dr
from homeassistant.helpers.llm import (
    LLM_API_ASSIST,
    LLM_API_HOME_ASSISTANT,
    APIInstance,
    LLMContext,
    ToolInput,
    async_get_api,
    selector_serializer,
)

from custom_components.ev_charging_sessions.const import DOMAIN
from custom_components.ev_charging_sessions.llm import async_get_tools
from custom_components.ev_charging_sessions.rows import labels_of
from tests.assist import ASSISTANT, expose, set_up
from tests.conftest import START
from tests.home import EVSE, OTHER_EVSE, Home
from tests.namespace import ENTRANCE, POINT
from tests.past_sessions import add_archive, ended, note
from tests.simulator.defaults import CARDS, CLEVEREV_ID_TAGS, CLEVEREV_NOTE, CLEVEREV_USERS

SESSIONS, QUOTE = f"{DOMAIN}__get_sessions", f"{DOMAIN}__quote"
ENTRANCE_NAME = "Hotel Entrance 1 1"
CONTEXT = LLMContext(
    platform="test",
    context=Context(),
    language="en",
    assistant=ASSISTANT,
    device_id=None,
)


async def _api(home: Home) -> APIInstance:
    """Return what an agent with the rights of Assist is given."""
    return await async_get_api(home.hass, LLM_API_ASSIST, CONTEXT)


async def _call(api: APIInstance, tool: str, **args: Any) -> dict[str, Any]:
    """Use a tool that has an answer."""
    result = await api.async_call_tool(ToolInput(tool, args))
    assert not result.error, result.data
    return json.loads(json.dumps(result.data))  # type: ignore[no-any-return] # it is an object


async def _error(api: APIInstance, tool: str, **args: Any) -> str:
    """Use a tool in a way that it does not allow, and return what it says."""
    result = await api.async_call_tool(ToolInput(tool, args))
    assert result.error
    assert list(result.data) == ["error"]
    return str(result.data["error"])


async def test_sessions_of_a_namespace(home: Home) -> None:
    """Test what a model is told of sessions, and that nobody can be recognized in it."""
    await set_up(home.hass)
    await home.add_namespace()
    await home.add_subentry("charge_card", identifier=CLEVEREV_ID_TAGS[0], alias="Anna")
    namespace = home.simulator.namespace
    for tag in CLEVEREV_ID_TAGS[:2]:
        session = namespace.start_at_pole(ENTRANCE, 1, tag)
        namespace.annotate(session.id, CLEVEREV_NOTE)
        await home.advance(310)
        namespace.end(session.id)
        namespace.unplug(ENTRANCE, 1)
        await home.advance(310)
    api = await _api(home)
    told = await _call(api, SESSIONS)
    second, first = told["sessions"]
    assert (first["card"], second["card"]) == ("Anna", None)
    assert first["charge_point"] == second["charge_point"] == ENTRANCE_NAME
    assert first["started"] == "2026-11-21T04:00:00-08:00"
    assert told["count"] == 2
    assert told["totals"]["energy"] == pytest.approx(first["energy"] + second["energy"])
    paid = Decimal(first["cost"]) + Decimal(second["cost"])
    assert told["totals"]["cost"] == {"EUR": str(paid)}
    assert (await _call(api, SESSIONS, card="Anna"))["sessions"] == [first]
    text = json.dumps(told)
    secrets = (*CLEVEREV_ID_TAGS, *CLEVEREV_USERS, CLEVEREV_NOTE, ENTRANCE, session.id)
    assert not any(secret in text for secret in secrets)
    assert home.device_id(POINT) not in text

    quote = await _call(api, QUOTE, charge_point=ENTRANCE_NAME, energy_kwh=10, duration_minutes=60)
    action = await home.act(
        "quote", device_id=home.device_id(POINT), energy=10, duration={"minutes": 60}
    )
    assert quote == action
    assert "4.5" in quote["total"]
    wrong = {"charge_point": ENTRANCE_NAME, "duration_minutes": 60}
    assert "10000 kWh" in await _error(api, QUOTE, **wrong, energy_kwh=-1)
    assert "charge_point" in await _error(api, QUOTE, **wrong | {"charge_point": "Moon"})


async def test_filters_and_limits(home: Home) -> None:
    """Test that a model can narrow its question, hears of the unknown, and gets short answers."""
    await set_up(home.hass)
    await home.add_account(EVSE, OTHER_EVSE)
    dr.async_get(home.hass).async_update_device(home.device_id(), name_by_user="Yard")
    past = [
        ended(home, str(number), START - timedelta(days=number), details=note("Mrs Dvorakova"))
        for number in range(1, 30)
    ]
    unknown = ended(home, "?", START - timedelta(hours=5), energy=None, cost=None)
    old = ended(home, "old", START - timedelta(days=400), charge_point_id=OTHER_EVSE)
    await add_archive(home, *past, unknown, old)
    api = await _api(home)
    told = await _call(api, SESSIONS)
    assert (told["count"], len(told["sessions"])) == (30, 20)
    assert told["sessions"][0]["energy"] is None
    assert told["sessions_of_unknown_energy"] == told["sessions_of_unknown_cost"] == 1
    assert told["totals"]["cost"] == {"EUR": "126.15"}
    assert "Dvorakova" not in json.dumps(told)
    everything = await _call(api, SESSIONS, start="2020-01-01 00:00", limit=50)
    assert (everything["count"], len(everything["sessions"])) == (31, 31)
    assert (await _call(api, SESSIONS, start="2020-01-01", charge_point=OTHER_EVSE))["count"] == 1
    assert (await _call(api, SESSIONS, charge_point="Yard", status="failed"))["count"] == 0
    week = {"start": "2026-11-16 00:00", "end": "2026-11-18 00:00"}
    assert (await _call(api, SESSIONS, **week))["count"] == 2
    assert "later" in await _error(api, SESSIONS, start="2026-11-02 00:00", end="2026-11-01 00:00")
    assert CARDS[1] not in await _error(api, SESSIONS, card=CARDS[1])
    assert "limit" in await _error(api, SESSIONS, limit=51)
    quote = {"charge_point": "Yard", "energy_kwh": 10, "duration_minutes": 60}
    assert "offset from UTC" in await _error(api, QUOTE, **quote, start="2026-11-21 19:00")
    dr.async_get(home.hass).async_update_device(home.device_id(OTHER_EVSE), name_by_user="Yard")
    assert "More than one" in await _error(await _api(home), QUOTE, **quote)


async def test_rules_of_the_platform(home: Home) -> None:
    """Test that nothing here acts, and that the tools come and go with what is exposed."""
    await set_up(home.hass)
    await home.add_account(EVSE)
    api = await _api(home)
    ours = [tool for tool in api.tools if tool.integration == DOMAIN]
    assert [tool.name for tool in ours] == [SESSIONS, QUOTE]
    for tool in ours:
        assert tool.annotations.read_only
        assert tool.annotations.idempotent
        assert not tool.annotations.destructive
        assert not tool.annotations.open_world
        assert tool.title
        assert tool.description
    # Whoever may start and stop does it with the switch, as with any other.
    assert "intent__HassTurnOn" in {tool.name for tool in api.tools}
    assert async_get_tools(home.hass, CONTEXT, LLM_API_HOME_ASSISTANT) is None
    switch = home.entity_id("switch", "charging")
    expose(home, switch, exposed=False)
    assert "exposed" in await _error(api, SESSIONS)
    assert async_get_tools(home.hass, CONTEXT, LLM_API_ASSIST) is None
    # The account stands for all of its charge points.
    expose(home, home.entity_id("calendar", "sessions", None))
    found = async_get_tools(home.hass, CONTEXT, LLM_API_ASSIST)
    assert found
    assert {tool.name for tool in found.tools} == {SESSIONS, QUOTE}
    expose(home, home.entity_id("calendar", "sessions", None), exposed=False)
    expose(home, home.entity_id("sensor", "session_duration"))
    assert "exposed" not in str(await _call(api, SESSIONS))


async def test_what_a_model_is_told_of_its_parameters(home: Home) -> None:
    """Test that a model knows how to write a time, and hears in plain words what is too far."""
    await set_up(home.hass)
    await home.add_account(EVSE)
    api = await _api(home)
    for tool in api.tools:
        if tool.integration == DOMAIN:
            schema = probatio.to_openapi(tool.parameters, custom_serializer=selector_serializer)
            assert all("type" in each for each in schema["properties"].values()), schema
            start = schema["properties"]["start"]
            assert start["format"] == "date-time"
            assert start["description"]
    for far in ({"end": "0001-06-01 00:00"}, {"start": "9999-12-31 23:59"}):
        assert "year" in await _error(api, SESSIONS, **far)
    name = next(iter(labels_of(home.coordinator).places.values()))
    quote = {"charge_point": name, "energy_kwh": 1, "duration_minutes": 1e15}
    assert "duration_minutes" in await _error(api, QUOTE, **quote)


async def test_no_more_than_what_is_asked_for_in_reach(home: Home) -> None:
    """Test that a name means one charge point, and that no cards of others are listed."""
    await set_up(home.hass)
    await home.add_account(EVSE, OTHER_EVSE)
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Anna")
    devices, yard = dr.async_get(home.hass), ar.async_get(home.hass).async_create("Yard")
    devices.async_update_device(home.device_id(), name_by_user="Yard", area_id=yard.id)
    devices.async_update_device(home.device_id(OTHER_EVSE), name_by_user="yard", area_id=yard.id)
    await add_archive(home, ended(home, "1", START, charge_point_id=OTHER_EVSE))
    api = await _api(home)
    assert (await _call(api, SESSIONS, charge_point="Yard"))["count"] == 0
    assert (await _call(api, SESSIONS, charge_point="yard", card="Anna"))["count"] == 0
    said = await _error(api, SESSIONS, card="Annika")
    assert "card" in said
    assert "Anna" not in said
    expose(home, home.entity_id("calendar", "sessions", None))
    assert "Anna" in await _error(api, SESSIONS, card="Annika")


async def test_account_without_charge_points(home: Home) -> None:
    """Test that an account alone has an archive, and no place at which a price could be asked."""
    await set_up(home.hass)
    await home.add_account()
    expose(home, home.entity_id("calendar", "sessions", None))
    api = await _api(home)
    assert [tool.name for tool in api.tools if tool.integration == DOMAIN] == [SESSIONS]
    told = await _call(api, SESSIONS)
    assert told["sessions"] == []
    assert told["totals"] == {"energy": None, "duration": None, "cost": {}}
