"""The actions that start and stop, as a person or an automation calls them."""

import asyncio
from typing import Any

import pytest

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from custom_components.ev_charging_sessions.charging.errors import CommandFailedError
from custom_components.ev_charging_sessions.charging.model import CommandState
from custom_components.ev_charging_sessions.const import DOMAIN
from custom_components.ev_charging_sessions.exceptions import translated
from tests.calls import add_second_account, charged, expect_refusal, resolved_ids
from tests.home import EVSE, Home
from tests.simulator.defaults import CARDS

NEVER_ADDED = "NL*TNM*EVIRTUALCP0002*1"


async def test_start_and_stop_by_device(home: Home) -> None:
    """Test both commands at a device, and what they answer."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    started: Any = await home.act("start_session", device_id=home.device_id())
    (session,) = home.simulator.world.sessions.values()
    assert started
    assert 5 <= started.pop("seconds") <= 8
    assert started == {"session_id": session.session_id, "status": "charging"}
    assert session.card == CARDS[0]

    stopped: Any = await home.act("stop_session", device_id=home.device_id())
    assert stopped
    assert 5 <= stopped.pop("seconds") <= 8
    assert stopped == {"session_id": session.session_id, "status": "finished"}
    counts = home.simulator.log.counts()
    assert (counts["start"], counts["stop"]) == (1, 1)


async def test_start_without_response(home: Home) -> None:
    """Test that an automation need not ask for the response."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    call = asyncio.create_task(
        home.hass.services.async_call(
            DOMAIN, "start_session", {"device_id": home.device_id()}, blocking=True
        )
    )
    for _ in range(12):
        await home.advance(1)
    assert await call is None
    assert home.state("sensor", "status").state == "charging"


async def test_start_at_evse_never_added(home: Home) -> None:
    """Test a start where there is no device yet, and a stop by the session id it gave."""
    await home.add_account()
    home.simulator.world.plug(NEVER_ADDED)
    account = {"config_entry_id": home.entry.entry_id}
    started = await home.act("start_session", **account, evse_id=NEVER_ADDED.lower())
    assert started
    assert started["status"] == "charging"
    assert home.state("sensor", "status", NEVER_ADDED).state == "charging"
    stopped = await home.act("stop_session", **account, session_id=started["session_id"])
    assert stopped
    assert stopped["status"] == "finished"


async def test_start_with_another_card(home: Home) -> None:
    """Test that the name of a card becomes its number on the wire."""
    await home.add_account(EVSE)
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Company")
    home.simulator.world.plug(EVSE)
    await home.act("start_session", device_id=home.device_id(), card="Company")
    (session,) = home.simulator.world.sessions.values()
    assert session.card == CARDS[1]


async def test_start_where_a_session_runs(home: Home) -> None:
    """Test that a start is not sent where a session is open: that one is the answer."""
    await home.add_account(EVSE)
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    started = await home.act("start_session", device_id=home.device_id())
    assert started == {"session_id": session.session_id, "status": "charging", "seconds": 0.0}
    assert home.simulator.log.count("start") == 0


@pytest.mark.parametrize(
    ("data", "key", "text"),
    [
        ({}, "device_or_evse", "either a device, or an account together with an EVSE ID"),
        ({"config_entry_id": "ENTRY"}, "device_or_evse", "EVSE ID"),
        ({"evse_id": EVSE}, "device_or_evse", "account"),
        ({"device_id": "DEVICE", "evse_id": EVSE}, "device_or_evse", "either"),
        ({"device_id": "DEVICE", "config_entry_id": "ENTRY"}, "device_or_evse", "either"),
        ({"device_id": "SERVICE"}, "not_a_charge_point", "not a charge point"),
        ({"device_id": "FOREIGN"}, "service_device_wrong_domain", "Foreign"),
        ({"device_id": "nothing"}, "service_device_not_found", "nothing"),
        ({"device_id": "DEVICE", "card": "Nobody's"}, "unknown_card", "Shell Recharge"),
        (
            {"config_entry_id": "ENTRY", "evse_id": "NL*TNM*E1"},
            "invalid_evse_id",
            "The EVSE ID",
        ),
        (
            {"config_entry_id": "ENTRY", "evse_id": CARDS[0]},
            "invalid_evse_id",
            "18 to 36 characters",
        ),
        (
            {"config_entry_id": "nothing", "evse_id": EVSE},
            "service_config_entry_not_found",
            "nothing",
        ),
        (
            {"config_entry_id": "FOREIGN_ENTRY", "evse_id": EVSE},
            "service_config_entry_wrong_domain",
            "Foreign",
        ),
    ],
)
async def test_bad_start(home: Home, data: dict[str, str], key: str, text: str) -> None:
    """Test that a start that cannot be meant says what is wrong and is not sent."""
    await home.add_account(EVSE)
    await expect_refusal(home, "start_session", resolved_ids(home, data), key, text)


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("start_session", {"device_id": "DEVICE", "card": CARDS[0]}),
        ("start_session", {"config_entry_id": "ENTRY", "evse_id": CARDS[0]}),
        ("stop_session", {"config_entry_id": "ENTRY", "session_id": CARDS[0]}),
        ("get_sessions", {"card": ["Shell Recharge", CARDS[0]]}),
        ("get_sessions", {"status": CARDS[0]}),
    ],
)
async def test_number_of_a_card_is_not_repeated(
    home: Home, action: str, data: dict[str, Any]
) -> None:
    """Test that an error is silent about an input that may be a secret: logs will show it."""
    await home.add_account(EVSE)
    with pytest.raises(ServiceValidationError) as refusal:
        await home.act(action, **resolved_ids(home, data))
    assert CARDS[0] not in str(refusal.value)
    assert CARDS[0] not in str(refusal.value.translation_placeholders)


async def test_start_with_one_of_two_cards_of_a_name(home: Home) -> None:
    """Test that no card pays by chance: one may get the name of another by a renamed account."""
    await home.add_account(EVSE)
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Company")
    home.hass.config_entries.async_update_entry(home.entry, title="Company")
    await home.settle()
    data = {"device_id": home.device_id(), "card": "Company"}
    await expect_refusal(home, "start_session", data, "ambiguous_card", "More than one card")


@pytest.mark.parametrize("paying", [0, 1])
async def test_start_where_another_card_pays(home: Home, paying: int) -> None:
    """Test that a session of another card than the one asked for is no success."""
    await home.add_account(EVSE)
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Company")
    session = home.simulator.world.start_at_pole(EVSE, CARDS[paying])
    await home.advance(310)
    await home.advance(310)
    home.simulator.log.clear()
    names = ["Shell Recharge", "Company"]
    with pytest.raises(ServiceValidationError) as refusal:
        await home.act("start_session", device_id=home.device_id(), card=names[1 - paying])
    assert refusal.value.translation_key == "other_card_pays"
    assert "another card" in str(refusal.value)
    assert home.simulator.log.count("start") == 0
    started = await home.act("start_session", device_id=home.device_id(), card=names[paying])
    assert started
    assert started["session_id"] == session.session_id


@pytest.mark.parametrize(
    ("data", "key", "text"),
    [
        ({}, "device_or_session", "either a device, or an account together with a session ID"),
        ({"session_id": "1"}, "device_or_session", "account"),
        ({"config_entry_id": "ENTRY"}, "device_or_session", "session ID"),
        ({"device_id": "DEVICE", "session_id": "1"}, "device_or_session", "either"),
        ({"device_id": "DEVICE"}, "no_open_session", "no open session at this charge point"),
        ({"device_id": "SERVICE"}, "not_a_charge_point", "not a charge point"),
        ({"device_id": "FOREIGN"}, "service_device_wrong_domain", "Foreign"),
        ({"config_entry_id": "ENTRY", "session_id": "1"}, "session_not_open", "session ID"),
    ],
)
async def test_bad_stop(home: Home, data: dict[str, str], key: str, text: str) -> None:
    """Test that a stop that cannot be meant says what is wrong and is not sent."""
    await home.add_account(EVSE)
    await expect_refusal(home, "stop_session", resolved_ids(home, data), key, text)


async def test_session_of_other_account(home: Home) -> None:
    """Test that an account does not stop the session of another one."""
    await home.add_account(EVSE)
    other = await add_second_account(home)
    session = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    home.simulator.log.clear()
    with pytest.raises(ServiceValidationError) as refusal:
        await home.act("stop_session", config_entry_id=other, session_id=session.session_id)
    assert refusal.value.translation_key == "session_not_open"
    assert home.simulator.log.count("stop") == 0
    await home.hass.config_entries.async_unload(other)


async def test_stop_of_ended_session(home: Home) -> None:
    """Test that a session that is over cannot be stopped again."""
    await home.add_account(EVSE)
    session = await charged(home, EVSE, CARDS[0], 600)
    with pytest.raises(ServiceValidationError) as refusal:
        await home.act(
            "stop_session",
            config_entry_id=home.entry.entry_id,
            session_id=session.session_id,
        )
    assert refusal.value.translation_key == "session_not_open"
    assert home.simulator.log.count("stop") == 0


async def test_account_not_loaded(home: Home) -> None:
    """Test that nothing is asked of an account that is turned off."""
    await home.add_account(EVSE)
    device_id = home.device_id()
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    for action, key in (
        ("start_session", "service_config_entry_not_loaded"),
        ("stop_session", "service_config_entry_not_loaded"),
    ):
        with pytest.raises(ServiceValidationError) as refusal:
            await home.act(action, device_id=device_id)
        assert refusal.value.translation_key == key
    with pytest.raises(ServiceValidationError) as refusal:
        await home.act("get_sessions")
    assert refusal.value.translation_key == "no_account_loaded"


@pytest.mark.parametrize("code", ["EvseInUse", "ChargeTokenNotSupported"])
async def test_start_that_fails(home: Home, code: str) -> None:
    """Test that a start that the network took and then gave up says why."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    home.simulator.world.fail_next_start(code)
    with pytest.raises(HomeAssistantError) as failure:
        await home.act("start_session", device_id=home.device_id())
    assert not isinstance(failure.value, ServiceValidationError)
    assert failure.value.translation_key == "command_rejected"
    assert code in str(failure.value)
    assert home.state("switch", "charging").state == "off"


def test_rejection_without_a_reason() -> None:
    """Test that the text does not pretend to know a reason that the network kept to itself."""
    failure = translated(HomeAssistantError, CommandFailedError(CommandState.REJECTED))
    assert failure.translation_key == "command_rejected_without_reason"
    failure = translated(HomeAssistantError, CommandFailedError(CommandState.REJECTED, "EvseInUse"))
    assert failure.translation_key == "command_rejected"
    assert failure.translation_placeholders == {"reason": "EvseInUse"}


async def test_start_that_is_refused(home: Home) -> None:
    """Test that a start that the network turns away at once says why, and is not repeated."""
    await home.add_account()
    home.simulator.log.clear()
    with pytest.raises(HomeAssistantError) as failure:
        await home.act(
            "start_session", config_entry_id=home.entry.entry_id, evse_id="NL*TNM*E99999999*9"
        )
    assert failure.value.translation_key == "request_rejected"
    assert "E0038" in str(failure.value)
    assert home.simulator.log.counts() == {"start": 1}


async def test_stop_that_fails(home: Home) -> None:
    """Test that a stop that the network gave up says why, and the session goes on."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    home.simulator.world.fail_next_stop("Timeout")
    with pytest.raises(HomeAssistantError) as failure:
        await home.act("stop_session", device_id=home.device_id())
    assert failure.value.translation_key == "command_rejected"
    assert "Timeout" in str(failure.value)
    assert home.state("switch", "charging").state == "on"


async def test_start_that_takes_too_long(home: Home) -> None:
    """Test that the caller hears at the time limit, and that nothing was sent twice."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    home.simulator.world.start_delay = 1000
    began = home.simulator.clock.now()
    with pytest.raises(HomeAssistantError) as failure:
        await home.act("start_session", device_id=home.device_id(), timeout=20)
    assert failure.value.translation_key == "command_timed_out"
    assert 20 <= (home.simulator.clock.now() - began).total_seconds() <= 22
    assert home.simulator.log.count("start") == 1


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("http_500", "command_timed_out"),
        ("http_403", "request_rejected"),
        ("http_429", "rate_limited"),
    ],
)
async def test_start_in_trouble(home: Home, kind: str, key: str) -> None:
    """Test that trouble with the request itself reaches the caller."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    home.simulator.faults.on(kind, scope="start")
    with pytest.raises(HomeAssistantError) as failure:
        await home.act("start_session", device_id=home.device_id(), timeout=10)
    assert failure.value.translation_key == key
    assert home.simulator.log.count("start") == 1
