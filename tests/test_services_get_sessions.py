"""The action that reads the archive, as a person or an automation calls it."""

from typing import Any

import pytest
import voluptuous as vol

from custom_components.ev_charging_sessions.charging.model import (
    Intent,
    Session,
    SessionDetails,
    SessionStatus,
)
from custom_components.ev_charging_sessions.rows import archive_row, labels_of, session_row
from tests.calls import add_second_account, charged, expect_refusal, resolved_ids
from tests.home import EVSE, OTHER_EVSE, Home
from tests.simulator.defaults import CARDS

NEVER_SHOWN = "NL*TNM*EVIRTUALCP0002*1"

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
    "intent",
    "start_kind",
    "note",
    "location_id",
    "counts",
    "linked",
}


async def _get(home: Home, **filters: Any) -> dict[str, Any]:
    response = await home.act("get_sessions", **filters)
    assert response is not None
    return dict(response)


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
        ({"status": "sleeping"}, "unknown_status", "starting, connected"),
        ({"status": ["finished", "sleeping"]}, "unknown_status", "starting, connected"),
        ({"card": ["Shell Recharge", "Other"]}, "unknown_card", "Shell Recharge"),
        ({"device_id": "SERVICE"}, "not_a_charge_point", "not a charge point"),
        ({"device_id": ["DEVICE", "FOREIGN"]}, "service_device_wrong_domain", "Foreign"),
        ({"config_entry_id": "nothing"}, "service_config_entry_not_found", "nothing"),
    ],
)
async def test_bad_query(home: Home, data: dict[str, Any], key: str, text: str) -> None:
    """Test that a question that cannot be meant says what is wrong."""
    await home.add_account(EVSE)
    await expect_refusal(home, "get_sessions", resolved_ids(home, data), key, text)


async def test_device_of_other_account(home: Home) -> None:
    """Test that a device and an account that do not belong together are told."""
    await home.add_account(EVSE)
    other = await add_second_account(home)
    data = {"config_entry_id": other, "device_id": home.device_id()}
    await expect_refusal(home, "get_sessions", data, "device_of_other_account", "another account")
    await home.hass.config_entries.async_unload(other)


async def test_get_sessions(home: Home) -> None:
    """Test a row with all its names, and totals that do not make zeros of the unknown."""
    await home.hass.config.async_set_time_zone("Europe/Amsterdam")
    await home.add_account(EVSE)
    session = await charged(home, EVSE, CARDS[0], 600)
    response = await _get(home)
    assert set(response) == {"sessions", "count", "totals"}
    (row,) = response["sessions"]
    assert set(row) == ROW
    assert row == {
        **dict.fromkeys(ROW),
        "counts": True,
        "linked": [],
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


@pytest.mark.parametrize("has_intent", [True, False])
async def test_what_only_the_archive_tells(home: Home, has_intent: bool) -> None:
    """Test that a row of the archive tells what an operator's backend knows, an event not."""
    await home.add_account()
    intent = Intent(kind="in_app", start_kind="remote", user_id="u1") if has_intent else None
    session = Session(
        account=home.coordinator.account,
        session_id="1",
        details=SessionDetails(intent=intent, note="Spare car", location_id="L1", user_id="u1"),
    )
    row = archive_row(labels_of(home.coordinator), session)
    told = {
        "intent": "in_app" if has_intent else None,
        "start_kind": "remote" if has_intent else None,
        "note": "Spare car",
        "location_id": "L1",
    }
    assert row == session_row(home.coordinator, session) | told
    assert set(row) == ROW - {"counts", "linked"}


@pytest.mark.parametrize("evse_id", [None, NEVER_SHOWN])
async def test_get_session_without_a_device(home: Home, evse_id: str | None) -> None:
    """Test that a session at an unknown place, or where no device is, is in the archive too."""
    await home.add_account(EVSE)
    account = home.coordinator.account
    session = Session(
        account=account,
        session_id="1",
        charge_point_id=evse_id,
        status=SessionStatus.FINISHED,
    )
    await home.coordinator.ledger.upsert([session])
    (row,) = (await _get(home))["sessions"]
    assert row == {
        **dict.fromkeys(ROW),
        "counts": True,
        "linked": [],
        "session_id": "1",
        "backend": "shell_recharge",
        "evse_id": evse_id,
        "status": "finished",
    }
    # It is of no use to a question about a device.
    assert (await _get(home, device_id=home.device_id()))["count"] == 0


@pytest.fixture
async def archive(home: Home) -> list[str]:
    """Return the ids of three sessions, oldest first: two cards, two charge points."""
    await home.add_account(EVSE, OTHER_EVSE)
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Company")
    sessions = [
        await charged(home, EVSE, CARDS[0], 1000),  # from 12:00:00 to 12:16:40
        await charged(home, OTHER_EVSE, CARDS[1], 2000),  # from 12:17:11 to 12:50:31
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


@pytest.mark.parametrize("field", ["start", "end"])
@pytest.mark.parametrize("far", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
async def test_times_beyond_reckoning(home: Home, field: str, far: str) -> None:
    """Test that a year that nobody can mean is refused by the name of its field."""
    await home.add_account()
    with pytest.raises(vol.Invalid, match=rf"year has to be from 1900 to 2199.*'{field}'"):
        await _get(home, **{field: far})


async def test_get_sessions_without_network(home: Home) -> None:
    """Test that the archive answers while the network does not."""
    await home.add_account(EVSE)
    await charged(home, EVSE, CARDS[0], 600)
    await home.simulator.stop()
    await home.advance(400)
    assert not home.coordinator.last_update_success
    assert (await _get(home))["count"] == 1


async def test_get_sessions_of_several_accounts(home: Home) -> None:
    """Test that without a filter all accounts answer, and with one only that one."""
    await home.add_account(EVSE)
    other = await add_second_account(home)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    mine = home.simulator.world.start_at_pole(OTHER_EVSE, CARDS[1])
    await home.advance(310)
    assert (await _get(home))["count"] == 2
    (row,) = (await _get(home, config_entry_id=other))["sessions"]
    assert row["session_id"] == mine.session_id
    await home.hass.config_entries.async_unload(other)


async def test_devices_of_several_accounts(home: Home) -> None:
    """Test that each device stands for its own account, though others use the same place."""
    await home.add_account(EVSE, OTHER_EVSE)
    mine = await charged(home, EVSE, CARDS[0], 600)
    await charged(home, OTHER_EVSE, CARDS[0], 600)
    first, device_id = home.entry, home.device_id(EVSE)
    home.simulator.world.accounts["company"] = "other"
    await home.add_account(
        EVSE, OTHER_EVSE, client_id="company", client_secret="other", ema_id=CARDS[1]
    )
    theirs = await charged(home, OTHER_EVSE, CARDS[1], 600)
    found = await _get(home, device_id=[device_id, home.device_id(OTHER_EVSE)])
    assert [row["session_id"] for row in found["sessions"]] == [
        theirs.session_id,
        mine.session_id,
    ]
    assert found["count"] == 2
    await home.hass.config_entries.async_unload(first.entry_id)


async def test_card_of_several_accounts(home: Home) -> None:
    """Test that the name of a card means it in the accounts that call it so, in no other."""
    await home.add_account(EVSE)
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Company")
    mine = await charged(home, EVSE, CARDS[1], 700)
    other = await add_second_account(home)  # Its default card is the same one, of another name.
    home.simulator.world.start_at_pole(EVSE, CARDS[1])
    await home.advance(310)
    await home.advance(310)
    assert (await _get(home, config_entry_id=other))["count"] == 1
    (_, row) = (await _get(home, card="Company"))["sessions"]
    assert row["session_id"] == mine.session_id
    assert {row["card"] for row in (await _get(home, card="Company"))["sessions"]} == {"Company"}
    await home.hass.config_entries.async_unload(other)
