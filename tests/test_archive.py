"""Tests of an archive whose file breaks, or whose disk is full, in a real home."""

from contextlib import suppress
import errno
import logging
from pathlib import Path

import pytest

from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.config_entries import ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component

from custom_components.ev_charging_sessions.archive import LEDGER, LEDGER_FILE, async_ledger
from custom_components.ev_charging_sessions.charging.errors import LedgerError
from custom_components.ev_charging_sessions.charging.ledger import SessionQuery
from custom_components.ev_charging_sessions.const import DOMAIN
from custom_components.ev_charging_sessions.diagnostics import async_get_config_entry_diagnostics
from tests.charging.full_disk import FullDisk
from tests.charging.postgresql import PASSWORD, PostgreSQL
from tests.guest_house import GuestHouse
from tests.home import EVSE, Home
from tests.namespace import ENTRANCE, POINT as NAMESPACE_POINT
from tests.observe import sessions
from tests.park import POINT as PARK_POINT, SERIAL
from tests.past import give_parks_a_past, import_all, park_books, park_ledger
from tests.simulator.defaults import CARDS, CLEVEREV_ID_TAGS, PLUGSURFING_EVSE
from tests.simulator.pole import Pole

NO_DATABASE = b"no database" * 9000


def _issues(home: Home) -> dict[str | None, ir.IssueEntry]:
    """Return the issues of the archive by kind."""
    issues = ir.async_get(home.hass).issues.values()
    return {
        each.translation_key: each
        for each in issues
        if each.domain == DOMAIN and str(each.translation_key).startswith("archive")
    }


def _asides(home: Home) -> list[Path]:
    return list(Path(home.hass.config.path()).glob(f"{LEDGER_FILE}.corrupt.*"))


def _ruin(file: Path, begin: int = 0) -> None:
    """Write nonsense over a file, from a byte on, and over its log."""
    for beside in (f"{file}-wal", f"{file}-shm"):
        Path(beside).unlink(missing_ok=True)
    with file.open("r+b") as content:
        content.seek(begin)
        content.write(NO_DATABASE)


async def _ruin_while_open(home: Home, begin: int = 0) -> None:
    """Ruin the file of the archive as a failing disk does it, past what is in memory."""
    ledger = home.hass.data[LEDGER]
    engine = ledger._engine
    assert engine
    await ledger._run(engine.dispose)
    await ledger._run(_ruin, Path(home.hass.config.path(LEDGER_FILE)), begin)


async def _confirm(home: Home, issue: ir.IssueEntry) -> None:
    """Take note of an issue."""
    assert await async_setup_component(home.hass, "repairs", {})
    manager = repairs_flow_manager(home.hass)
    assert manager
    form = await manager.async_init(DOMAIN, data={"issue_id": issue.issue_id})
    assert form["step_id"] == "confirm"
    assert form["description_placeholders"] == issue.translation_placeholders
    result = await manager.async_configure(form["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_postgresql(
    home: Home, postgresql: PostgreSQL, caplog: pytest.LogCaptureFixture
) -> None:
    """Test an archive that configuration.yaml has put into PostgreSQL, and its secret."""
    for name in ("homeassistant", ""):
        caplog.set_level(logging.DEBUG, name)
    config = {DOMAIN: {"ledger_url": postgresql.new_url()}}
    assert await async_setup_component(home.hass, DOMAIN, config)
    await home.add_account(EVSE)
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    assert home.state("sensor", "status").state == "charging"
    assert session.session_id in await sessions(home)
    file = Path(home.hass.config.path(LEDGER_FILE))
    assert not await home.hass.async_add_executor_job(file.exists)
    await home.hass.async_add_executor_job(postgresql.stop)
    home.simulator.world.unplug(EVSE)
    await home.run(60)
    assert home.state("sensor", "status").state == "unavailable"
    diagnostics = await async_get_config_entry_diagnostics(home.hass, home.entry)
    await home.hass.async_add_executor_job(postgresql.start)
    await home.run(310)
    assert home.state("sensor", "status").state == "available"
    assert not (await sessions(home))[session.session_id].is_open
    assert PASSWORD not in caplog.text + str(diagnostics)
    assert "postgresql://" not in caplog.text + str(diagnostics)


@pytest.mark.parametrize("url", [f"mysql://a:{PASSWORD}@b/c", f"postgresql://a:{PASSWORD}@b:c/d"])
async def test_address_that_is_wrong(
    home: Home, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that the account waits for a right one, in plain words that do not show it."""
    assert await async_setup_component(home.hass, DOMAIN, {DOMAIN: {"ledger_url": url}})
    with pytest.raises(AssertionError):
        await home.add_account(EVSE)
    assert home.is_in(ConfigEntryState.SETUP_RETRY)
    assert home.entry.error_reason_translation_key == "ledger_url_invalid"
    assert PASSWORD not in caplog.text


async def test_broken_while_off(home: Home) -> None:
    """Test that a file that is no database is kept, and that the network tells it all again."""
    await home.add_account(EVSE)
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.hass.data.pop(LEDGER).close()
    file = Path(home.hass.config.path(LEDGER_FILE))
    await home.hass.async_add_executor_job(_ruin, file)
    kept = await home.hass.async_add_executor_job(file.read_bytes)
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.settle()
    assert home.is_in(ConfigEntryState.LOADED)
    (aside,) = await home.hass.async_add_executor_job(_asides, home)
    assert await home.hass.async_add_executor_job(aside.read_bytes) == kept
    assert home.coordinator.ledger.set_aside == aside
    assert home.state("sensor", "status").state == "charging"
    assert session.session_id in await sessions(home)
    issue = _issues(home)["archive_replaced"]
    assert issue.translation_placeholders == {"file": aside.name, "count": "0"}
    assert issue.is_persistent
    assert issue.severity is ir.IssueSeverity.ERROR
    await _confirm(home, issue)
    assert _issues(home) == {}


async def test_broken_while_running(home: Home) -> None:
    """Test that an archive that breaks is replaced at the next poll, once."""
    await home.add_account(EVSE)
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    coordinator = home.coordinator
    await _ruin_while_open(home)
    home.simulator.world.unplug(EVSE)
    await home.run(60)
    assert home.is_in(ConfigEntryState.LOADED)
    assert home.coordinator is not coordinator
    again = home.coordinator
    assert len(await home.hass.async_add_executor_job(_asides, home)) == 1
    assert _issues(home).keys() == {"archive_replaced"}
    await home.run(1200)
    assert home.coordinator is again
    assert home.state("sensor", "status").state == "available"
    # The network no longer lists it, so nobody can tell it: what is lost is said to be.
    assert session.session_id not in await sessions(home)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    assert home.state("sensor", "status").state == "charging"


@pytest.mark.parametrize("begin", [0, 8 * 4096], ids=["all", "most"])
async def test_past_is_read_again_after_a_restart(home: Home, begin: int) -> None:
    """Test that it is when Home Assistant ends before it could begin, and for nobody new."""
    give_parks_a_past(home.simulator, 400, days=3000)
    await home.add_parks()
    await import_all(home, 3600)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.hass.data.pop(LEDGER).close()
    file = Path(home.hass.config.path(LEDGER_FILE))
    await home.hass.async_add_executor_job(_ruin, file, begin)
    ledger = await async_ledger(home.hass)
    with suppress(LedgerError):
        await ledger.sessions(SessionQuery())
    assert ledger.set_aside
    await home.hass.data.pop(LEDGER).close()
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.settle()
    ledger = home.coordinator.ledger
    assert ledger.set_aside is None
    assert len(await park_ledger(home)) < 400
    for _ in range(30):
        await home.advance(61)
    assert await park_ledger(home) == park_books(home.simulator)
    assert home.coordinator.history.known
    assert home.coordinator.history.known.is_whole


async def test_past_of_a_new_account_is_not_read_by_itself(home: Home) -> None:
    """Test that whoever is added after an archive was lost has lost nothing."""
    file = Path(home.hass.config.path(LEDGER_FILE))
    await home.hass.async_add_executor_job(file.write_bytes, NO_DATABASE)
    assert (await async_ledger(home.hass)).set_aside
    await home.add_parks()
    assert await home.coordinator.ledger.imports.find(home.coordinator.account) is None
    assert not home.coordinator.history.is_running


async def test_broken_without_room_for_a_new_one(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that the values stay, that the disk is said to be full, and that room is enough."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", _no_room)
        await _ruin_while_open(home)
        home.simulator.world.unplug(EVSE)
        await home.run(900)
        await _full(home, EVSE)
        assert _issues(home).keys() == {"archive_full"}
    await home.run(1200)
    assert _issues(home).keys() == {"archive_replaced"}
    assert home.state("sensor", "status").state == "available"


def _no_room(_file: Path, _target: Path) -> Path:
    raise OSError(errno.ENOSPC, "No space left on device")


async def _charging_here(house: GuestHouse) -> tuple[Pole, str]:
    """Let the network start a session at a pole of this home; return both."""
    await house.add_devices("front")
    await house.add_operator()
    await house.add_connector()
    pole = house.poles.pole("front")
    pole.plug()
    await house.home.run(60)
    (answer,) = await house.caller.start(PLUGSURFING_EVSE)
    assert answer.code == 0
    return pole, str(answer.body["session-start"]["session-id"])


@pytest.mark.parametrize("begin", [0, 8 * 4096], ids=["all", "most"])
async def test_broken_while_a_car_charges_here(guest_house: GuestHouse, begin: int) -> None:
    """Test that a session that only this home measures goes on, and is posted whole, once."""
    house, home = guest_house, guest_house.home
    pole, session_id = await _charging_here(house)
    await home.run(300)
    await _ruin_while_open(home, begin)
    await home.run(300)
    assert [each.on for each in pole.switched] == [True]
    assert home.state("sensor", "status", PLUGSURFING_EVSE).state == "charging"
    (answer,) = await house.caller.stop(PLUGSURFING_EVSE)
    assert answer.code == 0
    await home.run(120)
    ((posted_id, posted),) = house.books.finals().items()
    assert posted_id == session_id
    assert float(posted.energy or 0) == pytest.approx(pole.energy, abs=0.0005)
    assert house.books.violations == []
    assert _issues(home).keys() == {"archive_replaced"}


async def test_full_disk_at_shell(home: Home) -> None:
    """Test that values stay, and that what was told without room is there once there is some."""
    await home.add_account(EVSE)
    disk = FullDisk(home.coordinator.ledger)
    await disk.fill()
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(4500)
    await _full(home, EVSE)
    await disk.make_room()
    await home.run(310)
    assert home.state("sensor", "status").state == "charging"
    assert _issues(home) == {}
    await disk.limit(0)
    home.simulator.world.unplug(EVSE)
    await home.run(900)
    assert home.state("sensor", "status").state == "charging"
    await disk.make_room()
    await home.run(310)
    known = (await sessions(home))[session.session_id]
    assert not known.is_open
    assert known.ended


async def test_full_disk_at_a_park(home: Home) -> None:
    """Test the same at a park, where each session has ended before there is room."""
    await home.add_parks()
    parks = home.simulator.parks
    disk = FullDisk(home.coordinator.ledger)
    before = await sessions(home)
    await disk.fill()
    parks.plug(SERIAL, 1)
    await home.run(600)
    parks.unplug(SERIAL, 1)
    await home.run(600)
    await _full(home, PARK_POINT)
    assert await sessions(home) == before
    await disk.make_room()
    await home.run(310)
    (new,) = (await sessions(home)).keys() - before.keys()
    known = (await sessions(home))[new]
    assert not known.is_open
    assert known.energy
    assert _issues(home) == {}


async def test_full_disk_at_a_namespace(home: Home) -> None:
    """Test the same at a namespace."""
    await home.add_namespace()
    namespace = home.simulator.namespace
    disk = FullDisk(home.coordinator.ledger)
    await disk.fill()
    session = namespace.start_at_pole(ENTRANCE, 1, CLEVEREV_ID_TAGS[0])
    await home.run(600)
    namespace.unplug(ENTRANCE, 1)
    await home.run(600)
    await _full(home, NAMESPACE_POINT)
    assert session.id not in await sessions(home)
    await disk.make_room()
    await home.run(310)
    known = (await sessions(home))[session.id]
    assert not known.is_open
    assert known.energy == namespace.session(session.id).energy / 1000
    assert _issues(home) == {}


async def test_full_disk_while_a_car_charges_here(guest_house: GuestHouse) -> None:
    """Test that what only this home measures is kept in memory until there is room."""
    house, home = guest_house, guest_house.home
    pole, _ = await _charging_here(house)
    await home.run(120)
    disk = FullDisk(home.coordinator.ledger)
    await disk.fill()
    await home.run(600)
    await _full(home, PLUGSURFING_EVSE)
    pole.unplug()
    await home.run(600)
    # Nobody is charged for what cannot be written down.
    (refused,) = await house.caller.start(PLUGSURFING_EVSE)
    assert refused.code != 0
    assert [each.on for each in pole.switched].count(True) == 1
    assert house.books.finals() == {}
    await disk.make_room()
    await home.run(310)
    (posted,) = house.books.finals().values()
    assert float(posted.energy or 0) == pytest.approx(pole.energy, abs=0.0005)
    assert house.books.violations == []
    assert _issues(home) == {}


async def _full(home: Home, charge_point_id: str) -> None:
    """Check what a person sees while there is no room."""
    assert home.coordinator.shows_last_values
    assert home.state("sensor", "status", charge_point_id).state != "unavailable"
    issue = _issues(home)["archive_full"]
    assert issue.is_fixable
    kinds = {each.translation_key for each in ir.async_get(home.hass).issues.values()}
    assert "backend_unavailable" not in kinds
    assert home.coordinator.last_exception
    err = home.coordinator.last_exception
    assert getattr(err, "translation_key", None) == "ledger_full"
