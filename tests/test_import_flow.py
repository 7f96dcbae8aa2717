"""The import in the user interface: offered after set-up, shown while it runs, and its errors."""

import asyncio
from typing import Any

import pytest

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, FlowType
from homeassistant.core import Event
from homeassistant.data_entry_flow import (
    EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE,
    FlowResultType,
    InvalidData,
    UnknownFlow,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from custom_components.ev_charging_sessions.const import DOMAIN
from custom_components.ev_charging_sessions.importing import async_want_past
from tests.guest_house import GuestHouse
from tests.home import Home
from tests.past import (
    ask,
    give_parks_a_past,
    import_all,
    namespace_books,
    namespace_ledger,
    park_books,
    park_ledger,
)


async def _open(home: Home) -> dict[str, Any]:
    """Open the import in the options of the account."""
    options = home.hass.config_entries.options
    result = await options.async_init(home.entry.entry_id)
    if result["type"] is FlowResultType.MENU:
        result = await options.async_configure(
            result["flow_id"], {"next_step_id": "import_history"}
        )
    return dict(result)


async def _submit(home: Home, flow_id: str, user_input: dict[str, Any] | None) -> dict[str, Any]:
    result = dict(await home.hass.config_entries.options.async_configure(flow_id, user_input))
    await home.settle()
    return result


async def _end(home: Home, flow_id: str) -> dict[str, Any]:
    """Let time pass until the dialog shows how the import has ended."""
    options = home.hass.config_entries.options
    for _ in range(200):
        result = await options.async_configure(flow_id, None)
        if result["type"] is not FlowResultType.SHOW_PROGRESS:
            if result["type"] is FlowResultType.SHOW_PROGRESS_DONE:
                result = await options.async_configure(flow_id, None)
            return dict(result)
        await home.advance(61)
    raise AssertionError("The import does not end")


async def test_offered_after_set_up(home: Home) -> None:
    """Test that whoever adds an account is led on to the import, and can leave it for later."""
    give_parks_a_past(home.simulator, 200, days=200)
    flows = home.hass.config_entries.flow
    result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "smappee"})
    result = await flows.async_configure(result["flow_id"], home.park_input())
    result = await flows.async_configure(
        result["flow_id"], {"service_location_ids": ["20001", "20002"]}
    )
    home.entry = result["result"]
    kind, flow_id = result["next_flow"]
    assert kind is FlowType.OPTIONS_FLOW
    options = home.hass.config_entries.options
    form = await options.async_configure(flow_id, None)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "import_history")
    assert form["data_schema"]
    (days,) = form["data_schema"].schema
    assert days.default() == 365
    options.async_abort(flow_id)
    await home.advance(400)
    assert await home.coordinator.ledger.imports.find(home.coordinator.account) is None
    assert len(await park_ledger(home)) < 50


async def test_offered_where_there_is_a_past(home: Home) -> None:
    """Test that a network that lists none of its past leads nowhere, and offers nothing."""
    flows = home.hass.config_entries.flow
    result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "shell_recharge"})
    result = await flows.async_configure(result["flow_id"], home.user_input())
    home.entry = result["result"]
    assert "next_flow" not in result
    assert not home.entry.supports_options


async def test_dialog(home: Home) -> None:
    """Test that the dialog shows the progress, may be closed and opened again, and the end."""
    give_parks_a_past(home.simulator, 900, days=1500)
    await home.add_parks()
    shown: list[float] = []

    def note(event: Event[Any]) -> None:
        shown.append(event.data["progress"])

    home.hass.bus.async_listen(EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE, note)
    form = await _open(home)
    for nonsense in ({}, {"days": 0}, {"days": 3661}, {"days": "all"}):
        if nonsense:
            with pytest.raises(InvalidData):
                await _submit(home, form["flow_id"], nonsense)
    result = await _submit(home, form["flow_id"], {"days": 1600})
    assert (result["type"], result["progress_action"]) == (
        FlowResultType.SHOW_PROGRESS,
        "importing",
    )
    assert shown == sorted(shown)
    assert 0 < shown[-1] < 1
    home.hass.config_entries.options.async_abort(form["flow_id"])
    await home.settle()
    assert home.coordinator.history.is_running
    assert not home.coordinator.history.on_progress

    again = await _open(home)
    assert again["type"] is FlowResultType.SHOW_PROGRESS
    result = await _end(home, again["flow_id"])
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "imported")
    done = result["description_placeholders"]
    assert (done["read"], done["changed"], done["unreadable"]) == ("900", "0", "0")
    assert 850 < int(done["new"]) < 900
    assert shown[-1] == 1
    assert await park_ledger(home) == park_books(home.simulator)
    with pytest.raises(UnknownFlow):
        home.hass.config_entries.options.async_get(again["flow_id"])


async def test_dialog_of_a_namespace(home: Home) -> None:
    """Test that where there is nothing else to do, the options are the import."""
    home.simulator.namespace.populate(300, days=300)
    await home.add_namespace()
    form = await _open(home)
    assert form["step_id"] == "import_history"
    await _submit(home, form["flow_id"], {"days": 3660})
    result = await _end(home, form["flow_id"])
    assert result["reason"] == "imported"
    assert await namespace_ledger(home) == namespace_books(home.simulator)


async def test_dialog_without_progress(home: Home) -> None:
    """Test that nothing is made up where a network does not tell how much there is."""
    home.simulator.namespace.populate(300, days=300)
    home.simulator.cleverev.settings.order = "oldest"
    home.simulator.cleverev.settings.count_is_total = False
    await home.add_namespace()
    shown: list[float] = []

    def note(event: Event[Any]) -> None:
        shown.append(event.data["progress"])

    home.hass.bus.async_listen(EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE, note)
    form = await _open(home)
    await _submit(home, form["flow_id"], {"days": 3660})
    assert (await _end(home, form["flow_id"]))["reason"] == "imported"
    assert set(shown) == {1}


async def test_dialog_says_what_went_wrong(home: Home) -> None:
    """Test that a network that refuses the list again and again is told in the dialog."""
    await home.add_parks()
    home.simulator.faults.on("http_400", scope="park_sessions")
    form = await _open(home)
    await _submit(home, form["flow_id"], {"days": 100})
    result = await _end(home, form["flow_id"])
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "request_rejected")
    assert result["description_placeholders"] == {"code": "HTTP 400"}


async def test_dialog_of_an_account_that_is_not_loaded(home: Home) -> None:
    """Test that nothing is begun where nothing can be read."""
    await home.add_parks()
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    assert (await _open(home))["reason"] == "not_loaded"
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.settle()


async def test_account_is_unloaded_meanwhile(home: Home) -> None:
    """Test that whoever waits is told that the import goes on later, and that it does."""
    give_parks_a_past(home.simulator, 300, days=1800)
    await home.add_parks()
    call = ask(home)
    await home.settle()
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    with pytest.raises(HomeAssistantError) as told:
        await call
    assert told.value.translation_key == "import_interrupted"
    assert home.coordinator.history.is_running
    for _ in range(5):
        await home.advance(61)
    known = await home.coordinator.ledger.imports.find(home.coordinator.account)
    assert known is not None
    assert known.is_whole
    assert known.read == 300
    assert await park_ledger(home) == park_books(home.simulator)


async def test_action_refuses(home: Home) -> None:
    """Test that days that make no sense, and an account that is not there, are refused."""
    await home.add_parks()
    for days in (0, 3661):
        with pytest.raises(Exception, match="days"):
            await ask(home, days)
    assert home.is_in(ConfigEntryState.LOADED)


async def test_operator_has_no_past(guest_house: GuestHouse) -> None:
    """Test that nothing is asked of a network that knows nothing but what it was told."""
    await guest_house.add_operator()
    home = guest_house.home
    before = len(home.simulator.log.entries)
    with pytest.raises(ServiceValidationError) as refused:
        await ask(home, 10)
    assert refused.value.translation_key == "no_past"
    assert len(home.simulator.log.entries) == before


async def test_archive_that_was_lost(home: Home) -> None:
    """Test that all there is can be read again, and that this is begun only once."""
    give_parks_a_past(home.simulator, 400, days=3000)
    await home.add_parks()
    await async_want_past(home.hass, home.coordinator.ledger)
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    call = asyncio.ensure_future(home.coordinator.history.finished())
    for _ in range(30):
        await home.advance(61)
    assert call.done()
    done = await call
    assert done.is_whole
    assert done.read == 400
    assert await park_ledger(home) == park_books(home.simulator)
    await async_want_past(home.hass, home.coordinator.ledger)
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    assert not home.coordinator.history.is_running
    answer = await import_all(home, 100)
    assert answer["new"] == 0
