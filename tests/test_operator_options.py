"""Tests of what an operator can set: the address for calls, forwarding, and a price."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from homeassistant.data_entry_flow import FlowResultType

from tests.front_door import HOST, front_door
from tests.guest_house import GuestHouse
from tests.home import EVSE as SHELL_EVSE
from tests.simulator.defaults import CARDS, PLUGSURFING_EVSE as EVSE


async def _choose(house: GuestHouse, step: str) -> dict[str, Any]:
    options = house.hass.config_entries.options
    result = await options.async_init(house.home.entry.entry_id)
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == ["calls", "forward", "price"]
    return dict(await options.async_configure(result["flow_id"], {"next_step_id": step}))


async def _submit(
    house: GuestHouse, result: Mapping[str, Any], user_input: dict[str, Any]
) -> dict[str, Any]:
    options = house.hass.config_entries.options
    result = dict(await options.async_configure(result["flow_id"], user_input))
    await house.home.settle()
    return result


@pytest.fixture
async def house(guest_house: GuestHouse) -> GuestHouse:
    """Return a guest house with a pole that the network may start."""
    await guest_house.add_devices("front")
    await guest_house.add_operator()
    await guest_house.add_connector()
    return guest_house


async def test_no_external_url(house: GuestHouse) -> None:
    """Test that a home without an address is told so."""
    result = await _choose(house, "calls")
    assert result["errors"] == {"base": "no_external_url"}
    assert result["description_placeholders"] == {"url": "-"}


async def test_reached_from_here_only(house: GuestHouse) -> None:
    """Test that an address that leads here, but only from inside, is shown and doubted."""
    house.hass.config.external_url = house.url
    result = await _choose(house, "calls")
    assert result["errors"] == {"base": "local_only"}
    assert result["description_placeholders"] == {"url": house.webhook_url}


async def test_check_again(house: GuestHouse) -> None:
    """Test that the address is called anew at each submit."""
    result = await _choose(house, "calls")
    house.hass.config.external_url = house.url
    result = await _submit(house, result, {})
    assert result["errors"] == {"base": "local_only"}


async def test_reached_from_outside(house: GuestHouse, tmp_path: Path) -> None:
    """Test that an address that leads here by way of the internet is all there is to set."""
    async with front_door(house.hass, house.url, tmp_path) as url:
        house.hass.config.external_url = url
        result = await _choose(house, "calls")
        assert result["errors"] == {}
        assert result["description_placeholders"]["url"].startswith(f"{url}/api/webhook/")
        result = await _submit(house, result, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_bad_certificate(house: GuestHouse, tmp_path: Path) -> None:
    """Test that a certificate that nobody trusts is not taken for silence."""
    async with front_door(house.hass, house.url, tmp_path) as url:
        house.hass.config.external_url = url.replace(HOST, "127.0.0.1")
        result = await _choose(house, "calls")
    assert result["errors"] == {"base": "bad_certificate"}


@pytest.mark.parametrize(
    ("status", "error"), [(200, "other_answer"), (401, "other_answer"), (502, "no_answer")]
)
async def test_somebody_else_answers(house: GuestHouse, status: int, error: str) -> None:
    """Test that a proxy or a stranger at the address is told from our own answer."""
    seen: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.json_response({"result": {"code": 0}}, status=status)

    app = web.Application()
    app.router.add_post("/api/webhook/{id}", answer)
    async with TestServer(app) as server:
        house.hass.config.external_url = str(server.make_url("")).rstrip("/")
        result = await _choose(house, "calls")
    assert result["errors"] == {"base": error}
    assert seen == [None], "the key went to somebody else"
    assert (await _choose(house, "calls"))["errors"] == {"base": "no_answer"}


async def test_price_keeps_the_rest(house: GuestHouse) -> None:
    """Test that a price of one's own makes a cost that is posted, and leaves the rest alone."""
    entry = house.home.entry
    house.hass.config_entries.async_update_entry(entry, options={"forward": []})
    await house.home.settle()
    result = await _submit(house, await _choose(house, "price"), {"price_per_kwh": 0.5})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert dict(entry.options) == {"forward": [], "price_per_kwh": 0.5}
    house.poles.pole("front").plug()
    await house.home.run(60)
    await house.caller.start(EVSE)
    await house.home.run(600)
    await house.caller.stop(EVSE)
    await house.home.run(120)
    (posted,) = house.books.finals().values()
    assert posted.energy
    assert posted.cost
    assert float(posted.cost) == pytest.approx(float(posted.energy) * 0.5, abs=0.005)
    assert posted.currency == house.hass.config.currency


async def test_forward(house: GuestHouse) -> None:
    """Test that finished sessions at chosen charge points of another network are posted too."""
    operator = house.home.entry
    await house.home.add_account(SHELL_EVSE)
    shell, house.home.entry = house.home.entry, operator
    result = await _choose(house, "forward")
    (option,) = result["data_schema"].schema["forward"].config["options"]
    assert option["label"].startswith("Shell Recharge: ")
    result = await _submit(house, result, {"forward": [option["value"]]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    world = house.home.simulator.world
    session = world.start_at_pole(SHELL_EVSE, CARDS[0])
    await house.home.run(600)
    assert house.books.latest() == {}, "it is not over yet"
    world.stop(session.session_id)
    await house.home.run(600)
    (posted,) = house.books.finals().values()
    assert posted.session_id == session.session_id
    assert posted.connector_id == SHELL_EVSE
    assert (posted.user_type, posted.user) == ("evco-id", CARDS[0])
    await house.hass.config_entries.async_unload(shell.entry_id)


async def test_forward_under_another_id(house: GuestHouse) -> None:
    """Test that a charge point whose id is no EVSE ID gets the one that the network knows."""
    operator = house.home.entry
    await house.home.add_parks("20001")
    parks, house.home.entry = house.home.entry, operator
    result = await _choose(house, "forward")
    options = result["data_schema"].schema["forward"].config["options"]
    chosen = options[0]
    result = await _submit(house, result, {"forward": [chosen["value"]]})
    assert result["step_id"] == "evse_ids"
    (field,) = result["data_schema"].schema
    assert field == chosen["label"]
    result = await _submit(house, result, {chosen["label"]: "wrong"})
    assert result["errors"] == {chosen["label"]: "invalid_evse_id"}
    result = await _submit(house, result, {chosen["label"]: EVSE})
    assert result["errors"] == {chosen["label"]: "evse_id_taken"}
    result = await _submit(house, result, {chosen["label"]: "DE*8PS*EPARK*1"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (forwarded,) = operator.options["forward"]
    assert forwarded["evse_id"] == "DE*8PS*EPARK*1"
    assert forwarded["backend"] == "smappee"
    await house.hass.config_entries.async_unload(parks.entry_id)
    result = await _choose(house, "forward")
    (gone,) = result["data_schema"].schema["forward"].config["options"]
    assert gone["value"] == chosen["value"], "a choice is lost while its account is away"
