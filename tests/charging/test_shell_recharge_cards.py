"""Tests of Shell Recharge's polls where an account has more than one card."""

from copy import replace
import json
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web
import pytest

from custom_components.ev_charging_sessions.charging.errors import (
    BackendUnavailableError,
    RequestRejectedError,
)

from .acts import backend_at
from .driver import CARD, EVSE, OTHER_CARD, Driver
from .scripted_server import Request, ScriptedServer


def asked_for(driver: Driver) -> list[str]:
    """Return the cards that ``active`` was asked for."""
    entries = driver.simulator.log.entries
    return [parse_qs(each.query)["emaId"][0] for each in entries if each.call.name == "active"]


async def test_a_failing_poll_does_not_cost_a_card_its_turn(driver: Driver) -> None:
    """Test that the card whose poll has failed is the one that is asked next."""
    driver.restart(cards=(CARD, OTHER_CARD))
    await driver.poll()
    driver.simulator.log.clear()
    driver.simulator.faults.on("http_500", scope="active", count=1)
    with pytest.raises(BackendUnavailableError):
        await driver.poll()
    await driver.poll()
    first, second = asked_for(driver)
    assert first == second


@pytest.mark.parametrize("count", [1, 2, 6])
async def test_idle_cards_take_turns(driver: Driver, count: int) -> None:
    """Test that more cards do not mean more requests of an account that is idle."""
    cards = tuple(f"NL-TNM-C0000000{number}-K" for number in range(count))
    driver.restart(cards=cards)
    await driver.poll()
    driver.simulator.log.clear()
    for _ in range(2 * count):
        driver.tick(300)
        await driver.poll()
    assert len(asked_for(driver)) == 2 * count
    assert asked_for(driver)[:count] == asked_for(driver)[count:]
    assert set(asked_for(driver)) == set(cards)


async def test_a_card_in_use_is_asked_every_time(driver: Driver) -> None:
    """Test that a session makes its own card due, and leaves the others their turns."""
    driver.restart(cards=(CARD, OTHER_CARD))
    driver.simulator.world.start_at_pole(EVSE, OTHER_CARD)
    await driver.poll()
    driver.simulator.log.clear()
    for _ in range(3):
        await driver.poll()
    assert asked_for(driver).count(OTHER_CARD) == 3
    assert asked_for(driver).count(CARD) == 3


async def test_a_card_that_is_wanted(driver: Driver) -> None:
    """Test that a card whose start is in doubt is asked out of turn."""
    cards = (CARD, OTHER_CARD, "NL-TNM-C00000003-K")
    driver.restart(cards=cards)
    await driver.poll()
    driver.simulator.log.clear()
    for _ in range(3):
        await driver.backend.poll({}, cards=[cards[2]])
    assert asked_for(driver).count(cards[2]) == 3


async def test_one_card_that_is_refused(
    server: ScriptedServer, http: aiohttp.ClientSession, driver: Driver
) -> None:
    """Test that a card the network refuses hides no other, unless it is the first."""

    def answer(request: Request) -> web.Response:
        if OTHER_CARD in request.query:
            return web.Response(text='{"errors": [{"code": "E0001"}]}', status=400)
        return web.Response(text='{"data": [{"id": "a", "SessionState": "Started"}]}')

    server.answer = answer
    backend = driver.new_backend(base_url=server.url, cards=(CARD, OTHER_CARD))
    for _ in range(3):
        found = await backend.poll({})
        assert found.unreadable == ("active: E0001",)
    backend = driver.new_backend(base_url=server.url, cards=(OTHER_CARD, CARD))
    with pytest.raises(RequestRejectedError):
        await backend.poll({})


async def test_the_card_of_a_list_is_the_one_that_was_asked_for(
    server: ScriptedServer, http: aiohttp.ClientSession
) -> None:
    """Test that another spelling of a card in an answer does not make another card."""
    item = {"id": "a", "emaId": "nltnmc00122045k", "SessionState": {"status": "Started"}}
    server.answer = lambda _request: web.Response(text=json.dumps({"data": [item]}))
    backend = backend_at(server.url, http)
    (listed,) = (await backend.poll({})).sessions
    assert listed.card_id == CARD
    known = {"a": replace(listed, status=None)}
    backend.forget()
    retrieved = await backend.poll(known, watched=["a"])
    assert {session.card_id for session in retrieved.sessions} == {CARD}
