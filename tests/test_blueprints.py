"""The blueprints: loaded by Home Assistant's own code, and run over real sessions."""

from pathlib import Path
import re
import shutil
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from homeassistant.core import CoreState, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import area_registry as ar, device_registry as dr, label_registry as lr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import parse_yaml

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import Home
from tests.namespace import ENTRANCE, GARAGE, GARAGE_POINT, POINT
from tests.park import POINT as PARK_POINT, SERIAL
from tests.simulator.defaults import CLEVEREV_ID_TAGS
from tests.simulator.park_model import Mode
from tests.texts import ROOT

FOLDER = ROOT / "blueprints" / "automation" / DOMAIN
BLUEPRINTS = {
    "session_finished",
    "stop_before_idle_fee",
    "unknown_card",
    "charge_when_cheap",
    "monthly_statement",
}
NOTIFY = {"entity_id": "notify.phone"}


@pytest.fixture(autouse=True)
def messages(home: Home) -> list[ServiceCall]:
    """Put the blueprints where Home Assistant looks for them, and return what is sent."""
    shutil.copytree(FOLDER, home.hass.config.path("blueprints", "automation", DOMAIN))
    sent: list[ServiceCall] = async_mock_service(home.hass, "notify", "send_message")
    return sent


async def _use(home: Home, blueprint: str, **inputs: Any) -> None:
    """Make an automation of a blueprint, as the editor does."""
    use = {"path": f"{DOMAIN}/{blueprint}.yaml", "input": inputs}
    automation = {"alias": blueprint, "use_blueprint": use}
    assert await async_setup_component(home.hass, "automation", {"automation": [automation]})
    await home.settle()
    (state,) = home.hass.states.async_all("automation")
    assert state.state == "on"


async def test_all_are_listed(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Test that Home Assistant offers all of them, with words for whatever they ask."""
    assert await async_setup_component(home.hass, "automation", {})
    client = await hass_ws_client(home.hass)
    await client.send_json_auto_id({"type": "blueprint/list", "domain": "automation"})
    listed = (await client.receive_json())["result"]
    found = {Path(path).stem: listed[path] for path in listed if path.startswith(DOMAIN)}
    assert set(found) == BLUEPRINTS
    for blueprint in found.values():
        metadata = blueprint["metadata"]
        assert metadata["homeassistant"] == {"min_version": "2026.11.0"}
        assert metadata["name"]
        assert metadata["description"]
        for question in metadata["input"].values():
            assert question["name"]
            assert question["selector"]


async def test_session_finished(home: Home, messages: list[ServiceCall]) -> None:
    """Test that the message of the end has the place, the energy and the cost."""
    await home.add_namespace()
    charge_points = {"device_id": [home.device_id(POINT)]}
    await _use(home, "session_finished", charge_points=charge_points, notify=NOTIFY)
    namespace = home.simulator.namespace
    namespace.plug(ENTRANCE, 1, id_tag=CLEVEREV_ID_TAGS[0])
    await home.advance(310)
    await home.advance(1800)
    namespace.unplug(ENTRANCE, 1)
    await home.advance(61)
    session = home.state("event", "session", POINT).attributes
    (message,) = messages
    assert message.data["entity_id"] == ["notify.phone"]
    assert message.data["title"] == "Charging finished: Hotel Entrance 1 1"
    assert float(session["cost"]) > 1
    energy = f"{session['energy']:.1f} kWh"
    assert message.data["message"] == f"{energy}, {session['cost']} EUR, 35 min"


@pytest.mark.parametrize("how", [None, "refused"])
async def test_stop_before_idle_fee(
    home: Home, messages: list[ServiceCall], how: str | None
) -> None:
    """Test that a session is over five minutes before its fee, or that it is told if not."""
    await home.add_namespace()
    afterwards = {
        "action": "notify.send_message",
        "target": NOTIFY,
        "data": {"message": "{{ stopped }}"},
    }
    charge_points = {"device_id": [home.device_id(GARAGE_POINT)]}
    inputs = {"charge_points": charge_points, "afterwards": [afterwards]}
    await _use(home, "stop_before_idle_fee", **inputs)
    namespace = home.simulator.namespace
    session = namespace.plug(GARAGE, 1, id_tag=CLEVEREV_ID_TAGS[0])
    assert session
    await home.advance(310)
    namespace.full(GARAGE, 1)
    await home.advance(31)
    await home.advance(61)
    begins = dt_util.parse_datetime(home.state("sensor", "idle_fee", GARAGE_POINT).state)
    assert begins
    await home.advance((begins - dt_util.utcnow()).total_seconds() - 310)
    assert namespace.session(session.id).stopped is None
    if how:
        namespace.fail_next("stop", how)
    await home.advance(12)
    await home.run(60)
    assert [each.data["message"] for each in messages] == [how is None]
    stopped = namespace.session(session.id).stopped
    if how:
        assert stopped is None
        return
    assert stopped
    assert 0 < (begins - stopped).total_seconds() <= 300
    assert home.state("binary_sensor", "charging", GARAGE_POINT).state == "off"


@pytest.mark.parametrize("stop", [True, False])
async def test_unknown_card(home: Home, messages: list[ServiceCall], stop: bool) -> None:
    """Test that an unknown card is told without its number, and its session ends if wanted."""
    known, unknown = CLEVEREV_ID_TAGS[:2]
    await home.add_namespace()
    await home.add_subentry("charge_card", identifier=known, alias="Blue card")
    charge_points = {"device_id": [home.device_id(POINT), home.device_id(GARAGE_POINT)]}
    await _use(home, "unknown_card", charge_points=charge_points, notify=NOTIFY, stop=stop)
    namespace = home.simulator.namespace
    namespace.plug(ENTRANCE, 1, id_tag=known)
    session = namespace.plug(GARAGE, 1, id_tag=unknown)
    assert session
    await home.advance(310)
    await home.run(60)
    (message,) = messages
    assert message.data["title"] == "Unknown card: Hotel Garage"
    assert unknown not in str(message.data)
    assert (namespace.session(session.id).stopped is not None) is stop
    assert home.state("sensor", "status", POINT).state == "charging"


async def test_unknown_card_unheard(home: Home) -> None:
    """Test that the session of an unknown card ends, also when nobody can be told."""
    await home.add_namespace()
    charge_points = {"device_id": [home.device_id(GARAGE_POINT)]}
    await _use(home, "unknown_card", charge_points=charge_points, notify=NOTIFY, stop=True)
    err = HomeAssistantError("The phone is off")
    async_mock_service(home.hass, "notify", "send_message", raise_exception=err)
    namespace = home.simulator.namespace
    session = namespace.plug(GARAGE, 1, id_tag=CLEVEREV_ID_TAGS[0])
    assert session
    await home.advance(310)
    await home.run(60)
    assert namespace.session(session.id).stopped


@pytest.mark.parametrize("stop", [True, False])
async def test_charge_when_cheap(home: Home, stop: bool) -> None:
    """Test that a car charges only while the price is low, whichever came first."""
    await home.add_parks()
    parks, states = home.simulator.parks, home.hass.states
    high = "suspended" if stop else "charging"

    def status() -> str:
        return home.state("sensor", "status", PARK_POINT).state

    async def cost(price: float | str) -> str:
        states.async_set("sensor.price", str(price))
        await home.run(60)
        return status()

    await cost(0.30)
    await _use(
        home,
        "charge_when_cheap",
        charge_point=home.device_id(PARK_POINT),
        price="sensor.price",
        limit=0.20,
        stop=stop,
    )
    home.simulator.log.clear()
    assert await cost(0.10) != "charging"
    assert await cost(0.30) != "charging"
    # Without a car there is nothing to set.
    assert home.simulator.log.count("set_mode") == 0
    parks.plug(SERIAL, 1)
    await home.advance(310)
    await home.run(60)
    assert status() == high
    assert await cost("unknown") == high
    assert await cost(0.20) == "charging"
    assert await cost(0.30) == high
    assert home.simulator.log.count("set_mode") == (3 if stop else 0)
    # Somebody else lets it charge.
    parks.set_mode(SERIAL, 1, Mode.NORMAL)
    await home.run(90)
    assert status() == high
    # And again while Home Assistant is off.
    await home.act("turn_off", domain="automation", entity_id="all")
    parks.set_mode(SERIAL, 1, Mode.NORMAL)
    await home.run(90)
    assert status() == "charging"
    home.hass.set_state(CoreState.not_running)
    await home.act("turn_on", domain="automation", entity_id="all")
    await home.hass.async_start()
    await home.run(60)
    assert status() == high
    assert home.simulator.log.count("set_mode") == (5 if stop else 0)


async def test_monthly_statement(home: Home, messages: list[ServiceCall], tmp_path: Path) -> None:
    """Test that on the first of a month, and only then, the month before is in a file."""
    folder = tmp_path / "media"
    folder.mkdir()
    home.hass.config.allowlist_external_dirs = {str(folder)}
    await home.hass.config.async_update(time_zone="UTC")
    await home.add_namespace()
    namespace = home.simulator.namespace
    namespace.plug(ENTRANCE, 1, id_tag=CLEVEREV_ID_TAGS[0])
    await home.advance(310)
    namespace.unplug(ENTRANCE, 1)
    await home.advance(310)
    await _use(home, "monthly_statement", folder=str(folder), notify=NOTIFY)
    for _ in range(9):
        await home.advance(24 * 3600)
        assert list(folder.iterdir()) == []
    await home.advance(24 * 3600)
    (file,) = folder.iterdir()
    assert file.name == "charging-2026-11.html"
    assert "Hotel Entrance 1" in file.read_text()
    (message,) = messages
    assert message.data["message"] == f"The statement is in {file}. Sessions: 1."
    file.unlink()
    await home.advance(24 * 3600)
    await home.act("trigger", domain="automation", entity_id="all")
    assert [each.name for each in folder.iterdir()] == ["charging-2026-11.html"]


async def test_examples_of_the_docs(home: Home, messages: list[ServiceCall]) -> None:
    """Test that the examples of docs/automations.md do what is said of them."""
    docs = (ROOT / "docs" / "automations.md").read_text()
    examples: list[Any] = [
        parse_yaml(each) for each in re.findall(r"```yaml\n(.*?)```", docs, re.DOTALL)
    ]
    examples[0]["triggers"][0]["options"]["amount"] = 1
    await home.add_namespace()
    garage = ar.async_get(home.hass).async_create("Garage")
    label = lr.async_get(home.hass).async_create("Charge points")
    dr.async_get(home.hass).async_update_device(
        home.device_id(GARAGE_POINT), area_id=garage.id, labels={label.label_id}
    )
    colors = async_mock_service(home.hass, "light", "turn_on")
    offs = async_mock_service(home.hass, "light", "turn_off")
    assert await async_setup_component(home.hass, "automation", {"automation": examples})
    namespace = home.simulator.namespace
    namespace.plug(GARAGE, 1, id_tag=CLEVEREV_ID_TAGS[0])
    await home.advance(310)
    assert messages == []
    await home.advance(1800)
    (message,) = messages
    cost = home.state("sensor", "session_cost", GARAGE_POINT).state
    assert message.data["message"] == f"Hotel Garage: {cost} so far"
    namespace.full(GARAGE, 1)
    await home.advance(31)
    assert offs == []
    namespace.unplug(GARAGE, 1)
    await home.advance(31)
    assert [each.data["color_name"] for each in colors] == ["green", "orange"]
    assert len(offs) == 1
