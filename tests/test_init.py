"""Setting up, unloading, renaming and removing, with nothing left behind."""

from pathlib import Path
import re

import pytest

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import SupportsResponse
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import Entity, _entity_class_requires_readd
from homeassistant.helpers.entity_component import DATA_INSTANCES

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import EVSE, OTHER_EVSE, Home
from tests.simulator.defaults import CARDS
from tests.texts import ROOT


def _state(home: Home) -> ConfigEntryState:
    return home.entry.state


def _complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the log complains of, but for the loop, to which frozen time looks slow.

    Home Assistant itself would like a faster zlib for its pages.
    """
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelname in {"WARNING", "ERROR", "CRITICAL"}
        and record.name != "asyncio"
        and "has not been tested by Home Assistant" not in record.getMessage()
        and "zlib_ng" not in record.getMessage()
    ]


def _entities(home: Home) -> list[Entity]:
    """Return the entities that are turned on."""
    registry = er.async_get(home.hass)
    components = home.hass.data[DATA_INSTANCES]
    found = [
        components[entry.domain].get_entity(entry.entity_id)
        for entry in er.async_entries_for_config_entry(registry, home.entry.entry_id)
    ]
    return [entity for entity in found if entity]


async def test_unload(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Test that an unloaded account asks and shows nothing any more."""
    await home.add_account(EVSE, OTHER_EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    assert await home.hass.config_entries.async_unload(home.entry.entry_id)
    assert _state(home) is ConfigEntryState.NOT_LOADED
    states = home.hass.states.async_all()
    assert states
    assert {state.state for state in states} == {"unavailable"}
    home.simulator.log.clear()
    await home.run(1000)
    assert home.simulator.log.entries == []
    assert _complaints(caplog) == []


async def test_reload(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Test that reloading again and again changes nothing, and doubles nothing."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    before = {state.entity_id: state.state for state in home.hass.states.async_all()}
    for _ in range(3):
        assert await home.hass.config_entries.async_reload(home.entry.entry_id)
        await home.settle()
    after = {state.entity_id: state.state for state in home.hass.states.async_all()}
    assert after == before
    home.simulator.log.clear()
    await home.run(300)
    assert 9 <= home.simulator.log.count("active") <= 11
    assert len(home.entry.update_listeners) == 1
    assert _complaints(caplog) == []


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("http_500", "backend_unavailable"),
        ("html", "backend_unavailable"),
        ("http_429", "rate_limited"),
        ("http_403", "request_rejected"),
    ],
)
async def test_network_down_at_start(home: Home, kind: str, key: str) -> None:
    """Test that the account sets itself up as soon as the network is back."""
    await home.add_account(EVSE)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    home.simulator.faults.on(kind)
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    assert _state(home) is ConfigEntryState.SETUP_RETRY
    assert home.entry.error_reason_translation_key == key
    home.simulator.faults.off()
    await home.run(700)
    assert _state(home) is ConfigEntryState.LOADED
    assert home.state("sensor", "status").state == "available"


async def test_ledger_cannot_be_opened(home: Home) -> None:
    """Test that an archive that cannot be opened is told, and is opened once it can be."""
    path = Path(home.hass.config.path("ev_charging_sessions.db"))
    await home.hass.async_add_executor_job(path.mkdir)
    flows = home.hass.config_entries.flow
    result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "shell_recharge"})
    result = await flows.async_configure(result["flow_id"], home.user_input())
    home.entry = result["result"]
    await home.settle()
    assert _state(home) is ConfigEntryState.SETUP_RETRY
    assert home.entry.error_reason_translation_key == "ledger_error"
    await home.hass.async_add_executor_job(path.rmdir)
    await home.run(60)
    assert _state(home) is ConfigEntryState.LOADED


async def test_rename_entities(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Test that entities go on under another entity id, without being made anew."""
    await home.add_account(EVSE)
    registry = er.async_get(home.hass)
    entities = _entities(home)
    assert len(entities) == 11
    # Those would be removed and added again, which Home Assistant gives up in 2027.11.
    assert not any(_entity_class_requires_readd(type(entity)) for entity in entities)
    for entry in er.async_entries_for_config_entry(registry, home.entry.entry_id):
        platform, _, name = entry.entity_id.partition(".")
        registry.async_update_entity(entry.entity_id, new_entity_id=f"{platform}.my_{name}")
    await home.settle()
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(400)
    for platform, key, value in (
        ("sensor", "status", "charging"),
        ("binary_sensor", "connected", "on"),
        ("switch", "charging", "on"),
    ):
        assert home.entity_id(platform, key).startswith(f"{platform}.my_")
        assert home.state(platform, key).state == value
    assert home.state("sensor", "active_sessions", None).state == "1"
    assert home.state("event", "session").attributes["event_type"] == "charging"
    duration = float(home.state("sensor", "session_duration").state)
    await home.run(60)
    assert float(home.state("sensor", "session_duration").state) > duration
    assert _complaints(caplog) == []


async def test_remove(home: Home) -> None:
    """Test that a removed account takes its devices along, and leaves the archive."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    await home.settle()
    assert home.hass.states.async_all() == []
    assert not dr.async_get(home.hass).devices
    assert not er.async_get(home.hass).entities

    home.simulator.world.unplug(EVSE)
    await home.advance(100)
    await home.add_account()
    response = await home.act("get_sessions")
    assert response
    assert response["count"] == 1


async def test_actions_without_account(home: Home) -> None:
    """Test that the actions are there before any account and after the last one."""
    await home.add_account()
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    assert set(home.hass.services.async_services_for_domain("ev_charging_sessions")) == {
        "export_sessions",
        "get_sessions",
        "import_history",
        "post_session",
        "post_station",
        "quote",
        "rebuild_statistics",
        "start_session",
        "stop_session",
        "unlink_session",
    }
    rows = re.findall(
        r"^\| `ev_charging_sessions\.(\w+)` \|.* \| ([^|]+) \|$",
        (ROOT / "README.md").read_text(),
        re.MULTILINE,
    )
    for action, response in rows:
        supported = home.hass.services.supports_response("ev_charging_sessions", action)
        assert (supported is SupportsResponse.NONE) is (response == "none"), action
    assert [response for _, response in rows].index("none") == len(rows) - 1 == 9
