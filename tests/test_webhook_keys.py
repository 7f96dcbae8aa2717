"""Attacks on the network's webhook by somebody without the key, or with the wrong method."""

import logging

import pytest

from homeassistant.config_entries import SOURCE_USER

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.guest_house import GuestHouse
from tests.observe import PACKAGE
from tests.raw_calls import Answer, call, framed
from tests.simulator.defaults import (
    PLUGSURFING_EVCO as EVCO,
    PLUGSURFING_EVSE as EVSE,
    PLUGSURFING_KEY as KEY,
)

START = framed(
    "session-start",
    {"user": {"identifier-type": "evco-id", "identifier": EVCO}, "connector-id": EVSE},
)

WRONG: dict[str, str | bytes] = {
    "another key": "Authorization: key=demo-operator-key-0000",
    "nothing": "X-Nothing: at all",
    "an empty header": "Authorization:",
    "an empty key": "Authorization: key=",
    "the key alone": f"Authorization: {KEY}",
    "a bearer": f"Authorization: Bearer {KEY}",
    "a bearer with key": f"Authorization: Bearer key={KEY}",
    "a prefix": f"Authorization: key=x{KEY}",
    "a suffix": f"Authorization: key={KEY}x",
    "a part": f"Authorization: key={KEY[:-1]}",
    "the key twice": f"Authorization: key={KEY}, key={KEY}",
    "quotes": f'Authorization: key="{KEY}"',
    "a space": f"Authorization: key= {KEY}",
    "capitals": f"Authorization: key={KEY.upper()}",
    "another scheme": f"Authorization: KEY={KEY}",
    "another header": f"X-Api-Key: {KEY}",
    "letters beyond ASCII": f"Authorization: key={KEY}ü€\U0001f697",
    "bytes that are no text": f"Authorization: key={KEY}".encode() + b"\xff\xfe",
    "20 kB": f"Authorization: key={'k' * 20_000}",
}


@pytest.fixture
async def house(guest_house: GuestHouse) -> GuestHouse:
    """Return a guest house with a pole that the network may start, and a car at it."""
    await guest_house.add_devices("front")
    await guest_house.add_operator()
    await guest_house.add_connector()
    guest_house.poles.pole("front").plug()
    await guest_house.home.advance(30)
    return guest_house


def _is_refused(answer: Answer) -> bool:
    return (answer.status, answer.code) == (401, 210) and "connection: close" in answer.head.lower()


async def test_wrong_keys(house: GuestHouse, caplog: pytest.LogCaptureFixture) -> None:
    """Test that whoever does not have the key, exactly, gets nothing but a refusal."""
    caplog.set_level(logging.DEBUG, PACKAGE)
    caplog.clear()
    answers = {
        name: await call(house.webhook_url, START, header, key=None)
        for name, header in WRONG.items()
    }
    assert [name for name, answer in answers.items() if not _is_refused(answer)] == []
    assert len({answer.body for answer in answers.values()}) == 1
    ours = [each.getMessage() for each in caplog.records if each.name.startswith(PACKAGE)]
    assert ours == []
    await house.home.advance(30)
    assert house.poles.pole("front").switched == []

    # The same call with the key is the one that moves the switch.
    answer = await call(house.webhook_url, START)
    assert (answer.status, answer.code) == (200, 0)
    assert [each.on for each in house.poles.pole("front").switched] == [True]


async def test_no_key_at_all(guest_house: GuestHouse) -> None:
    """Test that an account without any key, which everybody would have, cannot be."""
    flows = guest_house.hass.config_entries.flow
    result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "plugsurfing"})
    entered = guest_house.user_input(api_key="  ")
    result = await flows.async_configure(result["flow_id"], entered)
    assert result["errors"] == {"api_key": "invalid_api_key"}


async def test_key_of_100_kb(house: GuestHouse) -> None:
    """Test that a header larger than Home Assistant reads at all is refused or cut off."""
    for large in ("k" * 100_000, KEY + "k" * 100_000):
        answer = await call(house.webhook_url, START, f"Authorization: key={large}", key=None)
        assert answer.status in {400, 431, None}
    assert house.poles.pole("front").switched == []


async def test_question_marks_are_no_jokers(house: GuestHouse) -> None:
    """Test that bytes which are no text do not pass for the question mark of a key."""
    entries, entry = house.hass.config_entries, house.home.entry
    entries.async_update_entry(entry, data=entry.data | {"api_key": "what-is-it?"})
    await entries.async_reload(entry.entry_id)
    await house.home.settle()
    header = b"Authorization: key=what-is-it\xff"
    assert _is_refused(await call(house.webhook_url, START, header, key=None))
    assert (await call(house.webhook_url, b"", key="what-is-it?")).code == 230


async def test_wrong_methods(house: GuestHouse, caplog: pytest.LogCaptureFixture) -> None:
    """Test that only POST is a call, and that no other fills the log with the webhook's id."""
    url = house.webhook_url
    caplog.clear()
    for method in ("GET", "PUT"):
        answer = await call(url, START, method=method)
        assert (answer.status, answer.code) == (405, 200)
        assert "allow: post" in answer.head.lower()
        assert _is_refused(await call(url, START, key="wrong", method=method))
    for method in ("HEAD", "DELETE", "PATCH", "OPTIONS"):
        # These do not reach us.
        assert (await call(url, START, method=method)).status in {200, 403, 405}
    assert house.poles.pole("front").switched == []
    webhook_id = house.home.entry.data["webhook_id"]
    logged = [each.getMessage() for each in caplog.records if each.levelno >= logging.INFO]
    assert [line for line in logged if webhook_id in line and "HTTP/1.1" not in line] == []
