"""The doubt about the unit of energies at CleverEV, and the repair that a person confirms."""

from datetime import timedelta
from typing import Any, Literal

import pytest

from homeassistant.components.repairs import DOMAIN as REPAIRS, repairs_flow_manager
from homeassistant.components.repairs.issue_handler import RepairsFlowManager
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import Home
from tests.namespace import ENTRANCE, POINT
from tests.park import reload
from tests.simulator.defaults import CLEVEREV_ID_TAGS
from tests.simulator.namespace_model import NamespaceSession
from tests.texts import TEXTS

type Unit = Literal["Wh", "kWh"]

LEGACY: dict[str, Any] = {"organization_id": None, "api_generation": "legacy"}


def _issue(home: Home) -> ir.IssueEntry | None:
    issue_id = f"energy_unit_mismatch_{home.entry.entry_id}"
    return ir.async_get(home.hass).async_get_issue(DOMAIN, issue_id)


def _charge(home: Home, times: int = 3) -> list[NamespaceSession]:
    """Let that many sessions of half an hour have been."""
    namespace, sessions = home.simulator.namespace, []
    for _ in range(times):
        sessions.append(namespace.start_at_pole(ENTRANCE, 1, CLEVEREV_ID_TAGS[0]))
        namespace.clock.advance(timedelta(minutes=30).total_seconds())
        namespace.unplug(ENTRANCE, 1)
    return sessions


async def _doubt(home: Home, told: Unit = "kWh", **changes: Any) -> list[NamespaceSession]:
    """Add an account whose sessions are told in another unit than it is set to."""
    home.simulator.cleverev.settings.energy_unit = told
    home.simulator.cleverev.settings.register_unit = told
    sessions = _charge(home)
    await home.advance(0)
    await home.add_namespace(**changes)
    return sessions


async def _manager(home: Home) -> RepairsFlowManager:
    assert await async_setup_component(home.hass, REPAIRS, {})
    manager = repairs_flow_manager(home.hass)
    assert manager
    return manager


async def _open(home: Home, manager: RepairsFlowManager) -> dict[str, Any]:
    """Press the button of the issue."""
    issue = _issue(home)
    assert issue
    assert issue.is_fixable
    return dict(await manager.async_init(DOMAIN, context={"issue_id": issue.issue_id}))


@pytest.mark.parametrize(("unit", "other"), [("Wh", "kWh"), ("kWh", "Wh")])
async def test_fix(home: Home, unit: Unit, other: Unit) -> None:
    """Test that the other unit is proposed, used once a person agrees, and then believed."""
    await _doubt(home, other, energy_unit=unit)
    issue = _issue(home)
    assert issue
    placeholders = {"title": "CleverEV", "unit": unit, "other_unit": other}
    assert issue.translation_placeholders == placeholders
    # Nobody but a person decides.
    await home.run(700)
    assert _issue(home)
    assert home.entry.data["energy_unit"] == unit

    manager = await _manager(home)
    result = await _open(home, manager)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "confirm"
    shown = result["description_placeholders"]
    text = TEXTS["issues"]["energy_unit_mismatch"]["fix_flow"]["step"]["confirm"]["description"]
    assert f"set to energies in {unit}" in text.format(**shown)
    assert home.entry.data["energy_unit"] == unit
    coordinator = home.coordinator
    result = dict(await manager.async_configure(result["flow_id"], {}))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await home.settle()
    assert home.entry.data["energy_unit"] == other
    assert home.coordinator is not coordinator
    assert _issue(home) is None
    await home.run(700)
    assert _issue(home) is None


@pytest.mark.parametrize(
    ("unit", "other"),
    [
        ("Wh", "kWh"),
        ("kWh", "Wh"),
    ],
)
async def test_archive_after_the_fix(home: Home, unit: Unit, other: Unit) -> None:
    """Test that what is in the archive of the last days is read again in the right unit."""
    sessions = await _doubt(home, other, energy_unit=unit)
    manager = await _manager(home)
    result = await _open(home, manager)
    await manager.async_configure(result["flow_id"], {})
    await home.settle()
    right = sum(session.energy for session in sessions) / 1000
    assert float(home.state("sensor", "energy", None).state) == pytest.approx(right)
    assert float(home.state("sensor", "energy", POINT).state) == pytest.approx(right)


async def test_nothing_to_doubt(home: Home) -> None:
    """Test that sessions in the unit that is set raise no issue."""
    await _doubt(home, "Wh")
    assert _issue(home) is None
    assert float(home.state("sensor", "session_energy", POINT).state) > 1


async def test_legacy(home: Home) -> None:
    """Test that the older API is doubted in the same way."""
    await _doubt(home, **LEGACY)
    assert _issue(home)


async def test_issue_goes_with_the_evidence(home: Home) -> None:
    """Test that one session that fits takes the issue away."""
    await _doubt(home)
    assert _issue(home)
    home.simulator.cleverev.settings.energy_unit = "Wh"
    home.simulator.cleverev.settings.register_unit = "Wh"
    home.simulator.namespace.start_at_pole(ENTRANCE, 1, CLEVEREV_ID_TAGS[0])
    await home.run(1800)
    home.simulator.namespace.unplug(ENTRANCE, 1)
    await home.run(310)
    assert _issue(home) is None


async def test_issue_outlives_a_reload(home: Home) -> None:
    """Test that a reload changes nothing about the doubt, and doubles no issue."""
    await _doubt(home)
    await reload(home)
    assert _issue(home)
    assert len([each for each in ir.async_get(home.hass).issues if each[0] == DOMAIN]) == 1


@pytest.mark.parametrize("is_loaded", [True, False])
async def test_removed_account_leaves_no_issue(home: Home, *, is_loaded: bool) -> None:
    """Test that the issue goes with the account, and a form that is still open does no harm."""
    await _doubt(home)
    manager = await _manager(home)
    result = await _open(home, manager)
    if not is_loaded:
        await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    await home.settle()
    assert _issue(home) is None
    result = dict(await manager.async_configure(result["flow_id"], {}))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert not [each for each in ir.async_get(home.hass).issues if each[0] == DOMAIN]
