"""The actions, as a person or an automation calls them."""

import asyncio
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import SOURCE_USER
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import EVSE, OTHER_EVSE, Home
from tests.simulator.defaults import CARDS
from tests.simulator.world import Session

NEVER_ADDED = "NL*TNM*EVIRTUALCP0002*1"

ROW = {
    "session_id",
    "backend",
    "device_id",
    "evse_id",
    "card",
    "status",
    "started",
    "ended",
    "duration",
    "energy",
    "energy_source",
    "cost",
    "currency",
    "cost_source",
    "stop_reason",
}


async def _get(home: Home, **filters: Any) -> dict[str, Any]:
    response = await home.act("get_sessions", **filters)
    assert response is not None
    return dict(response)


async def _charged(home: Home, evse_id: str, card: str, seconds: float) -> Session:
    """Let a car charge for that long, with all of it seen."""
    session = home.simulator.world.start_at_pole(evse_id, card)
    await home.advance(310)
    await home.advance(seconds - 310)
    home.simulator.world.unplug(evse_id)
    await home.advance(31)
    return session


async def _add_second_account(home: Home) -> str:
    """Add another account, and return its entry."""
    home.simulator.world.accounts["company"] = "other"
    flows = home.hass.config_entries.flow
    result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "shell_recharge"})
    user_input = home.user_input(client_id="company", client_secret="other", ema_id=CARDS[1])
    result = await flows.async_configure(result["flow_id"], user_input)
    await home.settle()
    entry_id: str = result["result"].entry_id
    return entry_id


async def test_start_and_stop_by_device(home: Home) -> None:
    """Test both commands at a device, and what they answer."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    started = await home.act("start_session", device_id=home.device_id())
    (session,) = home.simulator.world.sessions.values()
    assert started
    assert 5 <= started.pop("seconds") <= 8  # type: ignore[operator]
    assert started == {"session_id": session.session_id, "status": "charging"}
    assert session.card == CARDS[0]

    stopped = await home.act("stop_session", device_id=home.device_id())
    assert stopped
    assert 5 <= stopped.pop("seconds") <= 8  # type: ignore[operator]
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


async def _expect(home: Home, action: str, data: dict[str, Any], key: str, text: str) -> None:
    """Expect a call to be refused with a text, before anything is sent."""
    home.simulator.log.clear()
    with pytest.raises(ServiceValidationError) as refusal:
        await home.act(action, **data)
    assert refusal.value.translation_key == key
    assert text in str(refusal.value)
    assert home.simulator.log.entries == []
    assert home.simulator.world.sessions == {}


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
        ({"device_id": "DEVICE", "card": CARDS[0]}, "unknown_card", "Shell Recharge"),
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
    await _expect(home, "start_session", _resolved(home, data), key, text)


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
    await _expect(home, "stop_session", _resolved(home, data), key, text)


@pytest.mark.parametrize(
    ("data", "key", "text"),
    [
        (
            {"start": "2026-11-21 12:00", "end": "2026-11-21 11:00"},
            "end_not_after_start",
            "The end must be later than the start",
        ),
        (
            {"start": "2026-11-21 12:00", "end": "2026-11-21 12:00"},
            "end_not_after_start",
            "The end",
        ),
        ({"status": "sleeping"}, "unknown_status", "no status sleeping"),
        ({"status": ["finished", "sleeping"]}, "unknown_status", "starting, connected"),
        ({"card": ["Shell Recharge", "Other"]}, "unknown_card", "no card named Other"),
        ({"device_id": "SERVICE"}, "not_a_charge_point", "not a charge point"),
        ({"device_id": ["DEVICE", "FOREIGN"]}, "service_device_wrong_domain", "Foreign"),
        ({"config_entry_id": "nothing"}, "service_config_entry_not_found", "nothing"),
    ],
)
async def test_bad_query(home: Home, data: dict[str, Any], key: str, text: str) -> None:
    """Test that a question that cannot be meant says what is wrong."""
    await home.add_account(EVSE)
    await _expect(home, "get_sessions", _resolved(home, data), key, text)


def _resolved(home: Home, data: dict[str, Any]) -> dict[str, Any]:
    """Put the ids of this home in the place of the words for them."""
    foreign = MockConfigEntry(domain="foreign", title="Foreign")
    foreign.add_to_hass(home.hass)
    device = dr.async_get(home.hass).async_get_or_create(
        config_entry_id=foreign.entry_id, identifiers={("foreign", "1")}, name="Foreign"
    )
    words = {
        "ENTRY": home.entry.entry_id,
        "DEVICE": home.device_id(),
        "SERVICE": home.device_id(None),
        "FOREIGN": device.id,
        "FOREIGN_ENTRY": foreign.entry_id,
    }

    def resolved(value: Any) -> Any:
        if isinstance(value, list):
            return [resolved(each) for each in value]
        return words.get(value, value)

    return {key: resolved(value) for key, value in data.items()}


async def test_device_of_other_account(home: Home) -> None:
    """Test that a device and an account that do not belong together are told."""
    await home.add_account(EVSE)
    other = await _add_second_account(home)
    data = {"config_entry_id": other, "device_id": home.device_id()}
    await _expect(home, "get_sessions", data, "device_of_other_account", "another account")
    await home.hass.config_entries.async_unload(other)


async def test_session_of_other_account(home: Home) -> None:
    """Test that an account does not stop the session of another one."""
    await home.add_account(EVSE)
    other = await _add_second_account(home)
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
    session = await _charged(home, EVSE, CARDS[0], 600)
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


async def test_get_sessions(home: Home) -> None:
    """Test a row with all its names, and totals that do not make zeros of the unknown."""
    await home.hass.config.async_set_time_zone("Europe/Amsterdam")
    await home.add_account(EVSE)
    session = await _charged(home, EVSE, CARDS[0], 600)
    response = await _get(home)
    assert set(response) == {"sessions", "count", "totals"}
    (row,) = response["sessions"]
    assert set(row) == ROW
    assert row == {
        **dict.fromkeys(ROW),
        "session_id": session.session_id,
        "backend": "shell_recharge",
        "device_id": home.device_id(),
        "evse_id": EVSE,
        "card": "Shell Recharge",
        "status": "finished",
        "started": "2026-11-21T13:00:00+01:00",
        "ended": "2026-11-21T13:10:00+01:00",
        "duration": 600.0,
    }
    assert response["count"] == 1
    assert response["totals"] == {"energy": None, "duration": 600.0, "cost": {}}


async def test_get_open_session(home: Home) -> None:
    """Test that an open session counts to now and has no end; a foreign card has no name."""
    await home.add_account(EVSE)
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Company")
    home.simulator.world.start_at_pole(EVSE, CARDS[1])
    await home.advance(310)
    await home.advance(310)
    (subentry_id,) = (
        subentry.subentry_id
        for subentry in home.entry.subentries.values()
        if subentry.subentry_type == "charge_card"
    )
    home.hass.config_entries.async_remove_subentry(home.entry, subentry_id)
    await home.settle()
    await home.advance(50)
    (row,) = (await _get(home))["sessions"]
    assert row["status"] == "charging"
    assert row["duration"] == 670
    assert row["ended"] is None
    assert row["card"] is None


@pytest.fixture
async def archive(home: Home) -> list[str]:
    """Return the ids of three sessions, oldest first: two cards, two charge points."""
    await home.add_account(EVSE, OTHER_EVSE)
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Company")
    sessions = [
        await _charged(home, EVSE, CARDS[0], 1000),  # from 12:00:00 to 12:16:40
        await _charged(home, OTHER_EVSE, CARDS[1], 2000),  # from 12:17:11 to 12:50:31
    ]
    sessions.append(home.simulator.world.start_at_pole(EVSE, CARDS[1]))  # from 12:51:02
    await home.advance(310)
    return [session.session_id for session in sessions]


@pytest.mark.parametrize(
    ("filters", "expected", "count", "duration"),
    [
        ({}, [2, 1, 0], 3, 3000.0),
        ({"device_id": [EVSE]}, [2, 0], 2, 1000.0),
        ({"device_id": EVSE}, [2, 0], 2, 1000.0),
        ({"device_id": [EVSE, OTHER_EVSE]}, [2, 1, 0], 3, 3000.0),
        ({"card": "Company"}, [2, 1], 2, 2000.0),
        ({"card": ["Company", "Shell Recharge"]}, [2, 1, 0], 3, 3000.0),
        ({"card": "Company", "device_id": EVSE}, [2], 1, None),
        ({"status": "finished"}, [1, 0], 2, 3000.0),
        ({"status": ["charging", "failed"]}, [2], 1, None),
        ({"status": "failed"}, [], 0, None),
        ({"start": "2026-11-21T12:16:41+00:00"}, [2, 1], 2, 2000.0),
        ({"end": "2026-11-21T12:17:11+00:00"}, [0], 1, 1000.0),
        ({"end": "2026-11-21T12:17:12+00:00"}, [1, 0], 2, 3000.0),
        # A time without a zone is that of the home, US/Pacific.
        ({"start": "2026-11-21 04:50:30", "end": "2026-11-21 04:51:00"}, [1], 1, 2000.0),
        ({"limit": 2}, [2, 1], 3, 3000.0),
        ({"limit": 2, "offset": 2}, [0], 3, 3000.0),
        ({"offset": 3}, [], 3, 3000.0),
    ],
)
async def test_filters(
    home: Home,
    archive: list[str],
    filters: dict[str, Any],
    expected: list[int],
    count: int,
    duration: float | None,
) -> None:
    """Test each filter and page, newest first, with totals over all pages."""
    if isinstance(devices := filters.get("device_id"), str):
        filters = {**filters, "device_id": home.device_id(devices)}
    elif devices:
        filters = {**filters, "device_id": [home.device_id(device) for device in devices]}
    response = await _get(home, **filters)
    found = [archive.index(row["session_id"]) for row in response["sessions"]]
    assert found == expected
    assert response["count"] == count
    assert response["totals"] == {"energy": None, "duration": duration, "cost": {}}


async def test_get_sessions_without_network(home: Home) -> None:
    """Test that the archive answers while the network does not."""
    await home.add_account(EVSE)
    await _charged(home, EVSE, CARDS[0], 600)
    await home.simulator.stop()
    await home.advance(400)
    assert not home.coordinator.last_update_success
    assert (await _get(home))["count"] == 1


async def test_get_sessions_of_several_accounts(home: Home) -> None:
    """Test that without a filter all accounts answer, and with one only that one."""
    await home.add_account(EVSE)
    other = await _add_second_account(home)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    mine = home.simulator.world.start_at_pole(OTHER_EVSE, CARDS[1])
    await home.advance(310)
    assert (await _get(home))["count"] == 2
    (row,) = (await _get(home, config_entry_id=other))["sessions"]
    assert row["session_id"] == mine.session_id
    await home.hass.config_entries.async_unload(other)
