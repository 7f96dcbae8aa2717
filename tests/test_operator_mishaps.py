"""Tests of mishaps at a pole of our own: nobody may charge for free, or on another's card."""

import asyncio
from datetime import timedelta
import json
import logging
from typing import Any

import pytest

from homeassistant.core import ServiceCall
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from tests.guest_house import METER, PLUG, SWITCH, GuestHouse
from tests.raw_calls import RawLine
from tests.simulator.defaults import PLUGSURFING_EVSE as EVSE, PLUGSURFING_KEY
from tests.simulator.plugsurfing_caller import Driver

OTHER = Driver(identifier="DE*8PS*OTHER1*7")


@pytest.fixture
async def house(guest_house: GuestHouse) -> GuestHouse:
    """Return a guest house with a pole at which no car is."""
    await guest_house.add_devices("front")
    await guest_house.add_operator()
    await guest_house.add_connector()
    return guest_house


async def _arrive(house: GuestHouse) -> None:
    house.poles.pole("front").plug()
    await house.home.run(60)


def _moves(house: GuestHouse) -> list[bool]:
    return [each.on for each in house.poles.pole("front").switched]


async def test_stop_before_the_car_comes(house: GuestHouse) -> None:
    """Test that a driver who gives up is let go at once, and no other car charges on him."""
    (answer,) = await house.caller.start(EVSE)
    assert answer.code == 12
    (again,) = await house.caller.start(EVSE)
    assert again.code == 12
    (answer,) = await house.caller.stop(EVSE)
    assert answer.code == 0
    assert _moves(house) == [True, False]
    await _arrive(house)
    await house.home.run(120)
    assert house.poles.pole("front").energy == 0
    (answer,) = await house.caller.start(EVSE, OTHER)
    assert answer.code == 0
    await house.home.run(60)
    assert {each.user for each in house.books.posts} == {OTHER.identifier}
    await house.caller.stop(EVSE, OTHER)


async def test_local_change_of_mind(house: GuestHouse) -> None:
    """Test that the switch of the connector takes a start back that waits for its car."""
    switch = house.home.entity_id("switch", "charging", EVSE)
    (answer,) = await house.caller.start(EVSE)
    assert answer.code == 12
    await house.hass.services.async_call("switch", "turn_off", {"entity_id": switch}, blocking=True)
    await house.home.settle()
    assert _moves(house) == [True, False]
    assert house.home.state("switch", "charging", EVSE).state == "off"


@pytest.mark.parametrize("error", [ConnectionError("planted 10.0.0.7"), KeyError("on"), ValueError])
async def test_a_switch_that_breaks(house: GuestHouse, error: Exception) -> None:
    """Test that whatever an integration raises ends the start, and not the connector."""
    await _arrive(house)
    services = house.hass.services
    turn_on = services.async_services_internal()["switch"].pop("turn_on")

    async def broken(call: ServiceCall) -> None:
        raise error

    services.async_register("switch", "turn_on", broken)
    (answer,) = await house.caller.start(EVSE)
    assert (answer.status, answer.code) == (200, 310)
    await house.home.settle()
    services.async_services_internal()["switch"]["turn_on"] = turn_on
    (answer,) = await house.caller.start(EVSE)
    assert answer.code == 0
    await house.caller.stop(EVSE)


async def test_a_switch_that_cannot_be_turned_off(
    house: GuestHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that it is told once, however often it is tried, and anew after it has worked."""
    caplog.set_level(logging.WARNING)
    await _arrive(house)
    await house.caller.start(EVSE)
    services = house.hass.services
    works = services.async_services_internal()["switch"]["turn_off"]

    async def broken(call: ServiceCall) -> None:
        raise ConnectionError("planted 10.0.0.7")

    async def told_while_it_is_broken() -> int:
        caplog.clear()
        services.async_services_internal()["switch"].pop("turn_off")
        services.async_register("switch", "turn_off", broken)
        house.poles.pole("front").unplug()
        await house.home.run(300)
        services.async_services_internal()["switch"]["turn_off"] = works
        return sum("could not be turned" in each.getMessage() for each in caplog.records)

    assert await told_while_it_is_broken() == 1
    await house.home.run(60)
    assert house.poles.pole("front").switched[-1].on is False
    await _arrive(house)
    await house.caller.start(EVSE)
    assert await told_while_it_is_broken() == 1


async def test_a_stuck_switch(house: GuestHouse) -> None:
    """Test that a switch that takes orders and does nothing is told as what it is."""
    await _arrive(house)
    pole = house.poles.pole("front")
    pole.stick()
    call = asyncio.create_task(house.caller.start(EVSE))
    await house.home.settle()
    for _ in range(12):
        await house.home.advance(1)
    (answer,) = await call
    assert answer.code == 312
    pole.stick(stuck=False)
    await house.home.run(60)
    (answer,) = await house.caller.start(EVSE)
    assert answer.code == 0
    await house.caller.stop(EVSE)


async def test_removed_while_a_car_charges(house: GuestHouse) -> None:
    """Test that a connector that is taken away ends its session, posts it and is turned off."""
    await _arrive(house)
    await house.caller.start(EVSE)
    await house.home.run(300)
    entry = house.home.entry
    (subentry,) = entry.subentries.values()
    house.hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
    await house.home.settle()
    assert _moves(house)[-1] is False
    await house.home.run(120)
    (posted,) = house.books.finals().values()
    assert float(posted.energy or 0) == pytest.approx(house.poles.pole("front").energy, abs=0.2)
    assert house.home.coordinator.data.active_sessions == 0


async def test_account_removed_while_a_car_charges(house: GuestHouse) -> None:
    """Test that nothing goes on charging for an account that is no more, nor waits unknown."""
    await _arrive(house)
    await house.caller.start(EVSE)
    await house.home.run(300)
    account, ledger = house.home.coordinator.account, house.home.coordinator.ledger
    await house.hass.config_entries.async_remove(house.home.entry.entry_id)
    await house.home.settle()
    assert _moves(house)[-1] is False
    assert await ledger.open_sessions(account) == ()
    later = dt_util.utcnow() + timedelta(hours=1)
    (posting,) = await ledger.outbox.due(account, later, 10)
    assert posting.session.stop_reason == "removed"


async def test_another_switch_while_a_car_charges(house: GuestHouse) -> None:
    """Test that the old switch does not stay on when a connector gets another one."""
    await house.add_devices("yard")
    await _arrive(house)
    await house.caller.start(EVSE)
    await house.home.run(60)
    entry = house.home.entry
    (subentry,) = entry.subentries.values()
    data: dict[str, Any] = {**subentry.data, "switch_entity": SWITCH.format("yard")}
    house.hass.config_entries.async_update_subentry(entry, subentry, data=data)
    await house.home.settle()
    assert _moves(house)[-1] is False


@pytest.mark.parametrize("at_once", [True, False])
async def test_rename_all_entities(house: GuestHouse, at_once: bool) -> None:
    """Test that a device can be renamed with all its entities, as Home Assistant offers it."""
    registry = er.async_get(house.hass)
    (subentry_id,) = house.home.entry.subentries
    names = {SWITCH: "switch.new", METER: "sensor.new", PLUG: "binary_sensor.new"}
    for pattern, name in names.items():
        old = pattern.format("front")
        if registry.async_get(old) is None:
            pytest.fail(f"{old} is not registered")
        registry.async_update_entity(old, new_entity_id=name)
        if not at_once:
            await house.home.settle()
    await house.home.settle()
    data = house.home.entry.subentries[subentry_id].data
    assert {data["switch_entity"], data["energy_entity"], data["plug_entity"]} == set(
        names.values()
    )
    await _arrive(house)
    (answer,) = await house.caller.start(EVSE)
    assert answer.code == 0
    await house.caller.stop(EVSE)


async def test_a_call_across_a_reload(house: GuestHouse) -> None:
    """Test that a call that is still on its way when the account reloads moves nothing."""
    await _arrive(house)
    user = {"identifier-type": "evco-id", "identifier": OTHER.identifier}
    call = json.dumps({"session-start": {"user": user, "connector-id": EVSE}}).encode()
    async with RawLine(house.webhook_url) as line:
        await line.say(
            line.head(
                f"Authorization: key={PLUGSURFING_KEY}",
                "Content-Type: application/json",
                f"Content-Length: {len(call)}",
            )
        )
        await house.home.settle()
        assert await house.hass.config_entries.async_reload(house.home.entry.entry_id)
        await line.say(call)
        answer = await line.answer()
    assert (answer.status, answer.code) == (503, 300)
    await house.home.run(60)
    assert _moves(house) == []
    (reply,) = await house.caller.start(EVSE, OTHER)
    assert reply.code == 0
    await house.caller.stop(EVSE, OTHER)
