"""Tests of the repairs: what each says, what its button does, and when it goes away."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
import logging
from typing import Any

import pytest

from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component

from custom_components.ev_charging_sessions import reach, repairs
from custom_components.ev_charging_sessions.const import DOMAIN
from custom_components.ev_charging_sessions.coordinator import ChargingCoordinator
from custom_components.ev_charging_sessions.reach import Reach
from tests.charging.full_disk import FullDisk
from tests.guest_house import GuestHouse
from tests.home import EVSE, Home
from tests.observe import complaints, downs, recoveries
from tests.simulator.defaults import CARDS, PLUGSURFING_EVSE

KINDS = ("http_503", "html", "http_429", "reset")
DOWN = "The network could not be reached or gave no sensible answer (HTTP 503)."


def _issues(home: Home) -> dict[str, ir.IssueEntry]:
    """Return our issues by what they are about."""
    found = ir.async_get(home.hass).issues.values()
    return {str(each.translation_key): each for each in found if each.domain == DOMAIN}


async def _open(home: Home, kind: str) -> dict[str, Any]:
    """Press the button of an issue."""
    assert await async_setup_component(home.hass, "repairs", {})
    manager = repairs_flow_manager(home.hass)
    assert manager
    issue = _issues(home)[kind]
    assert issue.is_fixable
    form: dict[str, Any] = dict(await manager.async_init(DOMAIN, data={"issue_id": issue.issue_id}))
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "confirm")
    for name, text in (issue.translation_placeholders or {}).items():
        assert form["description_placeholders"][name] == text
    return form


async def _pass(home: Home, hours: int) -> None:
    """Let hours pass in strides: a home that does little else is asked often enough so."""
    for _ in range(6 * hours):
        await home.advance(601)


async def _submit(home: Home, form: dict[str, Any]) -> dict[str, Any]:
    manager = repairs_flow_manager(home.hass)
    assert manager
    result = dict(await manager.async_configure(form["flow_id"], {}))
    await home.settle()
    return result


def _complaint(result: dict[str, Any]) -> str:
    """Return what a form says of an attempt that has failed."""
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": "not_mended"}
    return str(result["description_placeholders"]["answer"])


def _sources(home: Home) -> list[str]:
    flows = home.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return [str(flow["context"]["source"]) for flow in flows]


@contextmanager
def _bug(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Have the updates of all accounts fail in a way that has no text of its own."""

    async def fail(_: ChargingCoordinator) -> None:
        raise RuntimeError

    with pytest.MonkeyPatch.context() as patch, caplog.at_level(logging.CRITICAL):
        patch.setattr(ChargingCoordinator, "_async_update_data", fail)
        yield


@pytest.mark.parametrize("add", [Home.add_account, Home.add_parks, Home.add_namespace])
async def test_long_outage(
    home: Home, add: Callable[[Home], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    """Test an outage of many kinds: two lines in the log, and a button that tries again."""
    caplog.set_level(logging.INFO)
    await add(home)
    caplog.clear()
    for kind in KINDS:
        home.simulator.faults.off()
        home.simulator.faults.on(kind, scope="*")
        await home.advance(601)
        await home.advance(601)
    home.simulator.faults.off()
    home.simulator.faults.on("http_503", scope="*")
    form = await _open(home, "backend_unavailable")
    assert _complaint(await _submit(home, form)) == DOWN
    assert "backend_unavailable" in _issues(home)
    with _bug(caplog):
        assert _complaint(await _submit(home, form)) == "That did not work. The log says why."
    home.simulator.faults.off()
    assert (await _submit(home, form))["type"] is FlowResultType.CREATE_ENTRY
    assert home.coordinator.last_update_success
    assert _issues(home) == {}
    assert len(downs(caplog.records)) == len(recoveries(caplog.records)) == 1
    assert complaints(caplog.records) == []


async def test_outage_at_start_up(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Test that an account that waits to be set up is set up by the button, in either way."""
    await home.add_account(EVSE)
    home.simulator.faults.on("http_503", scope="*")
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await _pass(home, 2)
    form = await _open(home, "backend_unavailable")
    assert _complaint(await _submit(home, form)) == DOWN
    with _bug(caplog):
        assert _complaint(await _submit(home, form)) == "That did not work. The log says why."
    home.simulator.faults.off()
    home.simulator.world.accounts.clear()
    # Refused credentials are an answer, and what Home Assistant asks for then is another issue.
    assert "refused the credentials" in _complaint(await _submit(home, form))
    assert _issues(home) == {}
    assert _sources(home) == [SOURCE_REAUTH]
    home.simulator.faults.on("http_503", scope="*")
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await _pass(home, 2)
    form = await _open(home, "backend_unavailable")
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    assert _issues(home) == {}
    assert (await _submit(home, form))["type"] is FlowResultType.CREATE_ENTRY


async def test_unposted(guest_house: GuestHouse, caplog: pytest.LogCaptureFixture) -> None:
    """Test that a session that waits for the network is posted by the button, and told of once."""
    caplog.set_level(logging.INFO)
    house, home = guest_house, guest_house.home
    await house.add_devices("front")
    await house.add_operator()
    await house.add_connector()
    house.poles.pole("front").plug()
    await home.run(60)
    caplog.clear()
    home.simulator.faults.on("http_503", scope="plugsurfing")
    (started,) = await house.caller.start(PLUGSURFING_EVSE)
    await home.run(600)
    await house.caller.stop(PLUGSURFING_EVSE)
    house.poles.pole("front").unplug()
    await home.advance(1801)
    home.simulator.faults.on("html", scope="plugsurfing")
    await home.advance(1801)
    await home.advance(2201)
    form = await _open(home, "sessions_unposted")
    home.simulator.faults.off("html")
    assert _complaint(await _submit(home, form)) == DOWN
    home.simulator.faults.off()
    assert (await _submit(home, form))["type"] is FlowResultType.CREATE_ENTRY
    assert set(house.books.finals()) == {started.body["session-start"]["session-id"]}
    assert "sessions_unposted" not in _issues(home)
    await home.advance(2201)
    told = [each.getMessage().partition(":")[0] for each in caplog.records]
    for what in ("Sessions", "Statuses"):
        lines = [each for each in told if each.startswith(f"{what} ")]
        assert lines == [f"{what} cannot be posted now", f"{what} are posted again"]


async def test_archive_full(home: Home) -> None:
    """Test that the button tells whether there is room, and has what was missed read."""
    await home.add_account(EVSE)
    disk = FullDisk(home.coordinator.ledger)
    await disk.fill()
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    form = await _open(home, "archive_full")
    assert "disk is full" in _complaint(await _submit(home, form))
    assert "archive_full" in _issues(home)
    await disk.make_room()
    assert (await _submit(home, form))["type"] is FlowResultType.CREATE_ENTRY
    assert _issues(home) == {}
    assert home.state("sensor", "status").state == "charging"


async def test_archive_unavailable(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Test that an archive that cannot be used is not put down to the network."""
    caplog.set_level(logging.INFO)
    await home.add_account(EVSE)
    caplog.clear()
    await home.coordinator.ledger.close()
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(1801)
    await home.advance(1501)
    assert _issues(home) == {}
    await home.advance(1801)
    await home.advance(1801)
    form = await _open(home, "archive_unavailable")
    assert set(_issues(home)) == {"archive_unavailable"}
    assert "could not be read or written" in _complaint(await _submit(home, form))
    await home.coordinator.ledger.open()
    assert (await _submit(home, form))["type"] is FlowResultType.CREATE_ENTRY
    assert _issues(home) == {}
    assert home.state("sensor", "status").state == "charging"
    assert len(downs(caplog.records)) == len(recoveries(caplog.records)) == 1


async def test_park_lost(home: Home) -> None:
    """Test that the button leads on to the settings, and that these mend it."""
    await home.add_parks()
    home.simulator.parks.disown(20002)
    await _pass(home, 1)
    form = await _open(home, "park_lost")
    result = await _submit(home, form)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure")
    kind, flow_id = result["next_flow"]
    assert kind == "config_flow"
    assert "park_lost" in _issues(home), "nothing has been mended yet"
    assert _sources(home) == [SOURCE_RECONFIGURE]
    flows = home.hass.config_entries.flow
    chosen = await flows.async_configure(flow_id, home.park_input())
    assert chosen["step_id"] == "parks"
    await flows.async_configure(flow_id, {"service_location_ids": ["20001"]})
    await home.settle()
    assert home.is_in(ConfigEntryState.LOADED)
    assert _issues(home) == {}


async def test_calls_unreachable(guest_house: GuestHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that an address that cannot be called is told to those who are called, until it can."""
    house, home = guest_house, guest_house.home
    await house.add_devices("front")
    await house.add_operator()
    await home.advance(3601)
    await home.advance(3601)
    assert _issues(home) == {}, "nobody is to call an account without connectors"
    await house.add_connector()
    placeholders = _issues(home)["calls_unreachable"].translation_placeholders
    assert placeholders
    assert placeholders["reason"].startswith("Home Assistant has no external address.")
    form = await _open(home, "calls_unreachable")
    assert form["description_placeholders"]["url"] == "-"

    # Nobody listens there: the first time that may be the internet connection.
    await home.hass.config.async_update(external_url="http://127.0.0.1:9")
    await home.settle()
    await home.advance(3601)
    assert _complaint(await _submit(home, form)).startswith("Nobody answers at this address.")
    await home.hass.config.async_update(external_url=house.url)
    await home.settle()
    result = await _submit(home, form)
    assert "known in this home only" in _complaint(result)
    assert result["description_placeholders"]["url"] == house.webhook_url
    webhook_id = home.entry.data["webhook_id"]
    assert webhook_id not in repr(ir.async_get(home.hass).issues)

    house.poles.pole("front").plug()
    await home.run(60)
    await house.caller.start(PLUGSURFING_EVSE)
    assert _issues(home) == {}, "the network has called"
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.advance(3601)
    assert _issues(home) == {}, "the network has called there, whatever can be seen from here"

    # No address of a test can be called from outside, so from here on it is pretended.
    seen = [Reach.NO_ANSWER]

    async def check(*_: object) -> Reach:
        return seen[0]

    for module in (reach, repairs):
        monkeypatch.setattr(module, "async_check_reach", check)
    await home.hass.config.async_update(external_url="https://home.example.com")
    await home.settle()
    assert _issues(home) == {}, "it may be over in a moment"
    await home.advance(3601)
    form = await _open(home, "calls_unreachable")
    seen[0] = Reach.REACHED
    assert (await _submit(home, form))["type"] is FlowResultType.CREATE_ENTRY
    assert _issues(home) == {}
    seen[0] = Reach.OTHER_ANSWER
    await home.advance(3601)
    assert "calls_unreachable" in _issues(home)
    seen[0] = Reach.REACHED
    await home.advance(3601)
    assert _issues(home) == {}


async def test_doubtful_address(guest_house: GuestHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that neither a lost moment nor a call in it keeps later trouble from being told."""
    house, home = guest_house, guest_house.home
    seen = [Reach.NO_ANSWER]

    async def check(*_: object) -> Reach:
        return seen[0]

    async def is_told(answer: Reach) -> bool:
        seen[0] = answer
        await home.advance(3601)
        await home.advance(301)
        return "calls_unreachable" in _issues(home)

    for module in (reach, repairs):
        monkeypatch.setattr(module, "async_check_reach", check)
    await house.add_devices("front")
    await house.add_operator()
    await house.add_connector()
    assert _issues(home) == {}
    await house.caller.stop(PLUGSURFING_EVSE)
    assert not await is_told(Reach.REACHED), "it was over in a moment"
    assert await is_told(Reach.NO_ANSWER), "and this is not"
    # A call that comes after the button has found that all is well again tells nothing new.
    form = await _open(home, "calls_unreachable")
    seen[0] = Reach.REACHED
    assert (await _submit(home, form))["type"] is FlowResultType.CREATE_ENTRY
    await house.caller.stop(PLUGSURFING_EVSE)
    assert await is_told(Reach.OTHER_ANSWER)
    # One that comes where we could not counts only until we can too.
    await house.caller.stop(PLUGSURFING_EVSE)
    assert not await is_told(Reach.OTHER_ANSWER)
    assert not await is_told(Reach.REACHED)
    assert await is_told(Reach.OTHER_ANSWER)
