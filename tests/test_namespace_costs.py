"""What sessions of a namespace cost: reported, added up, quoted, foreseen and doubted."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import voluptuous as vol

from homeassistant.components.repairs import DOMAIN as REPAIRS, repairs_flow_manager
from homeassistant.core import State
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.conftest import START
from tests.home import Home
from tests.namespace import ENTRANCE, GARAGE, GARAGE_POINT, POINT, SECOND
from tests.observe import Writes, told_events
from tests.park import reload
from tests.simulator.defaults import CLEVEREV_ID_TAGS
from tests.simulator.namespace_model import NamespaceSession


def _sensor(home: Home, key: str, charge_point_id: str | None = POINT) -> State:
    return home.state("sensor", key, charge_point_id)


def _plug(home: Home, charger_id: str) -> NamespaceSession:
    """Plug a car in that charges without being asked."""
    session = home.simulator.namespace.plug(charger_id, 1, id_tag=CLEVEREV_ID_TAGS[0])
    assert session
    return session


async def _read(home: Home) -> None:
    await home.coordinator.async_refresh()
    await home.settle()


async def _quote(home: Home, charge_point_id: str, **data: Any) -> dict[str, Any]:
    answer = await home.act("quote", device_id=home.device_id(charge_point_id), **data)
    assert answer
    return dict(answer)


def _issue(home: Home) -> ir.IssueEntry | None:
    return ir.async_get(home.hass).async_get_issue(DOMAIN, f"bill_differs_{home.entry.entry_id}")


async def test_session_cost(home: Home) -> None:
    """Test that a session shows what the network asks for it, while it runs and afterwards."""
    namespace = home.simulator.namespace
    await home.add_namespace()
    session = _plug(home, ENTRANCE)
    await home.run(1800)
    state = _sensor(home, "session_cost")
    assert Decimal(state.state) > 0
    expected = {
        "unit_of_measurement": "EUR",
        "device_class": "monetary",
        "state_class": "total",
        "cost_source": "reported",
        "last_reset": session.started.isoformat(),
    }
    assert expected.items() <= state.attributes.items()
    namespace.unplug(ENTRANCE, 1)
    await home.run(800)
    due = namespace.price(session)
    assert Decimal(_sensor(home, "session_cost").state) == due
    assert Decimal(_sensor(home, "cost", None).state) == due
    assert _issue(home) is None


async def test_sums(home: Home) -> None:
    """Test that the archive's sums are those of the namespace, to the watt-hour and the cent."""
    namespace = home.simulator.namespace
    namespace.populate(1234)
    energy, price = namespace.total()
    with Writes(home.hass) as writes:
        await home.add_namespace()
    answer = await home.act("get_sessions", limit=1)
    assert answer
    assert answer["count"] == 1234
    totals: Any = answer["totals"]
    assert round(totals["energy"] * 1000) == energy
    assert totals["cost"] == {"EUR": str(price)}
    assert Decimal(_sensor(home, "cost", None).state) == price
    assert round(float(_sensor(home, "energy", None).state) * 1000) == energy
    # The past is no news, and nobody wants to hear what was wrong with it.
    assert told_events(writes) == []
    assert _issue(home) is None
    await reload(home)
    assert Decimal(_sensor(home, "cost", None).state) == price


async def test_quote(home: Home) -> None:
    """Test that a quote goes by the tariff of the last session, line by line."""
    await home.add_namespace()
    _plug(home, SECOND)
    await _read(home)
    point = f"{SECOND}-1"
    # 21:00 in Bratislava, so one hour by day and one by night, 15 kWh each.
    answer = await _quote(
        home, point, energy=30, duration="02:00:00", start="2026-11-21T20:00:00+00:00"
    )
    assert answer == {
        "total": "13.45",
        "currency": "EUR",
        "items": [
            _line("Day", "flat", 1, "0.5", "0.50"),
            _line("Day", "energy", 15, "0.52", "7.80"),
            _line("Night", "flat", 1, "0.5", "0.50"),
            _line("Night", "energy", 15, "0.31", "4.65"),
        ],
    }
    now = await _quote(home, point, energy=0, duration={"minutes": 1})
    assert now["items"][0]["component"] == "flat"


def _line(element: str, component: str, quantity: float, price: str, amount: str) -> dict[str, Any]:
    return {
        "element": element,
        "component": component,
        "quantity": quantity,
        "unit_price": price,
        "amount": amount,
    }


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"energy": -1}, "energy_out_of_range"),
        ({"energy": float("nan")}, "energy_out_of_range"),
        ({"energy": 10_001}, "energy_out_of_range"),
        ({"duration": "00:00:00"}, "duration_out_of_range"),
        ({"duration": -60}, "duration_out_of_range"),
        ({"duration": {"days": 32}}, "duration_out_of_range"),
        ({"start": "2026-11-21T19:00:00"}, "start_without_zone"),
        ({"start": START.replace(tzinfo=None)}, "start_without_zone"),
    ],
)
async def test_bad_quotes(home: Home, changes: dict[str, Any], key: str) -> None:
    """Test that what cannot be quoted is refused in words, before anything is computed."""
    _plug(home, ENTRANCE)
    await home.add_namespace()
    with pytest.raises(ServiceValidationError) as caught:
        await _quote(home, POINT, **{"energy": 1, "duration": 60, **changes})
    assert (caught.value.translation_domain, caught.value.translation_key) == (DOMAIN, key)


async def test_quote_at_the_end_of_time(home: Home) -> None:
    """Test that a year beyond which nothing can be reckoned is refused by the name of its field."""
    _plug(home, ENTRANCE)
    await home.add_namespace()
    with pytest.raises(vol.Invalid, match="'start'"):
        await _quote(home, POINT, energy=1, duration=60, start="9999-12-31T23:59:59+00:00")


async def test_quotes_of_what_nobody_knows(home: Home) -> None:
    """Test the words for an unknown charger, an account, and a charger without a price."""
    await home.add_namespace()
    with pytest.raises(ServiceValidationError):
        await home.act("quote", device_id="nothing", energy=1, duration=60)
    with pytest.raises(ServiceValidationError) as caught:
        await home.act("quote", device_id=home.device_id(None), energy=1, duration=60)
    assert caught.value.translation_key == "not_a_charge_point"
    with pytest.raises(HomeAssistantError) as unknown:
        await _quote(home, POINT, energy=1, duration=60)
    assert unknown.value.translation_key == "price_unknown_tariff"


async def test_idle_fee(home: Home) -> None:
    """Test that the fee is foreseen as soon as the car is full, and gone when it leaves."""
    namespace = home.simulator.namespace
    await home.add_namespace()
    _plug(home, GARAGE)
    await home.run(900)
    assert _sensor(home, "idle_fee", GARAGE_POINT).state == "unknown"
    namespace.full(GARAGE, 1)
    full = dt_util.utcnow()
    await home.run(600)
    begins = dt_util.parse_datetime(_sensor(home, "idle_fee", GARAGE_POINT).state)
    assert begins is not None
    assert abs(begins - (full + timedelta(seconds=1800))) <= timedelta(seconds=90)
    await home.run(2400)
    since = dt_util.parse_datetime(_sensor(home, "idle_fee", GARAGE_POINT).state)
    assert since == begins
    await reload(home)
    assert dt_util.parse_datetime(_sensor(home, "idle_fee", GARAGE_POINT).state) == begins
    with pytest.raises(AssertionError, match="There is no sensor"):
        _sensor(home, "idle_fee", POINT)
    with Writes(home.hass) as writes:
        namespace.unplug(GARAGE, 1)
        await home.run(400)
    assert _sensor(home, "idle_fee", GARAGE_POINT).state == "unknown"
    assert told_events(writes) == ["finished"]


async def test_wrong_bill(home: Home) -> None:
    """Test that a bill that its tariff does not explain is told, kept, and put aside once seen."""
    await async_setup_component(home.hass, REPAIRS, {})
    namespace = home.simulator.namespace
    await home.add_namespace()
    session = _plug(home, ENTRANCE)
    await home.run(3600)
    with Writes(home.hass) as writes:
        namespace.bill_wrongly(session.id, "5.00")
        namespace.unplug(ENTRANCE, 1)
        await home.run(800)
    assert told_events(writes) == ["finished", "bill_differs"]
    reported = namespace.price(session)
    event = home.state("event", "session", POINT)
    assert Decimal(event.attributes["cost"]) == reported
    assert Decimal(event.attributes["computed_cost"]) == reported - 5
    assert Decimal(_sensor(home, "session_cost").state) == reported
    issue = _issue(home)
    assert issue
    assert issue.is_fixable
    assert issue.translation_placeholders
    placeholders = dict(issue.translation_placeholders)
    assert placeholders == {
        "title": "CleverEV",
        "place": "Hotel Entrance 1 1",
        "started": "2026-11-21 04:00",
        "reported": f"{reported} EUR",
        "computed": f"{reported - 5} EUR",
        "count": "1",
    }
    await reload(home)
    assert _issue(home)

    manager = repairs_flow_manager(home.hass)
    assert manager
    flow = await manager.async_init(DOMAIN, data={"issue_id": issue.issue_id})
    assert flow["step_id"] == "confirm"
    await manager.async_configure(flow["flow_id"], {})
    assert _issue(home) is None


async def test_bills_within_reason(home: Home) -> None:
    """Test that small differences are nobody's business."""
    namespace = home.simulator.namespace
    await home.add_namespace()
    for error in ("0.10", "0.20"):
        session = _plug(home, ENTRANCE)
        await home.run(3600)
        namespace.bill_wrongly(session.id, error)
        namespace.unplug(ENTRANCE, 1)
        await home.run(800)
    assert Decimal(_sensor(home, "session_cost").state) > Decimal(4)
    assert _issue(home) is None


async def test_bills_are_counted(home: Home) -> None:
    """Test that one issue speaks for all wrong bills, and goes with the account."""
    namespace = home.simulator.namespace
    await home.add_namespace()
    for _ in range(2):
        session = _plug(home, ENTRANCE)
        await home.run(1200)
        namespace.bill_wrongly(session.id, "3")
        namespace.unplug(ENTRANCE, 1)
        await home.run(800)
    issue = _issue(home)
    assert issue
    assert issue.translation_placeholders
    assert issue.translation_placeholders["count"] == "2"
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    assert _issue(home) is None
    assert dt_util.utcnow() > START
