"""An import while everything goes wrong that can: it waits, goes on, and says what it must."""

from typing import Any

import pytest

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.exceptions import HomeAssistantError

from custom_components.ev_charging_sessions.charging.backends.cleverev import CleverEV
from tests.home import Home
from tests.namespace import answer_reauth
from tests.park import flows_in_progress
from tests.past import (
    ask,
    give_parks_a_past,
    import_all,
    namespace_books,
    namespace_ledger,
    park_books,
    park_ledger,
    through,
)
from tests.simulator.defaults import RFIDS, SMAPPEE_PASSWORD, SMAPPEE_USERNAME

TROUBLE: list[dict[str, Any]] = [
    {"kind": "http_429", "retry_after": 600},
    {"kind": "http_429"},
    {"kind": "http_500"},
    {"kind": "http_503", "retry_after": 90},
    {"kind": "html"},
    {"kind": "broken_json"},
    {"kind": "empty_body"},
    {"kind": "reset"},
    {"kind": "drop_answer"},
    {"kind": "stall", "delay": 40},
    {"kind": "http_400", "count": 2},
    {"kind": "token_revoked"},
    {"kind": "token_expired"},
]


@pytest.mark.parametrize("network", ["smappee", "cleverev"])
async def test_goes_on_by_itself(home: Home, network: str) -> None:
    """Test that one trouble after the other delays an import, and leaves out nothing."""
    simulator = home.simulator
    if network == "smappee":
        give_parks_a_past(simulator, 700, days=1500)
        await home.add_parks()
    else:
        simulator.namespace.populate(4000, days=400)
        await home.add_namespace()
    call = ask(home)
    for trouble in TROUBLE:
        if network == "cleverev" and trouble["kind"].startswith("token"):
            # A token that is no longer good has no successor there.
            continue
        faults = {"seconds": 100} if "count" not in trouble else {}
        simulator.faults.on(**{**faults, "scope": network, **trouble})
        for _ in range(4):
            await home.advance(61)
    answer = await through(home, call, hours=12)
    if network == "smappee":
        assert await park_ledger(home) == park_books(simulator)
        assert answer["read"] == 700
    else:
        assert await namespace_ledger(home) == namespace_books(simulator)
        assert answer["read"] == 4000
    for _ in range(30):
        if home.coordinator.last_update_success:
            break
        await home.advance(61)
    assert home.coordinator.last_update_success


async def test_unreadable_sessions_hide_nothing(home: Home) -> None:
    """Test that what cannot be read is counted, and all the rest is there."""
    give_parks_a_past(home.simulator, 400, days=800)
    await home.add_parks()
    home.simulator.faults.on("rotten_session", scope="park_sessions")
    answer = await import_all(home)
    assert 20 < answer["unreadable"] < 70
    assert answer["read"] == 400 - answer["unreadable"]
    home.simulator.faults.off()
    answer = await import_all(home)
    assert (answer["read"], answer["unreadable"]) == (400, 0)
    assert await park_ledger(home) == park_books(home.simulator)


async def test_lost_park(home: Home) -> None:
    """Test that a park that the account may no longer see is passed over."""
    give_parks_a_past(home.simulator, 400, days=800)
    await home.add_parks()
    home.simulator.parks.disown(20001)
    answer = await import_all(home)
    assert answer["read"] == 200


async def test_refused_for_good(home: Home) -> None:
    """Test that a network that means its refusal is told, and a later import reads all."""
    home.simulator.namespace.populate(500, days=500)
    await home.add_namespace()
    home.simulator.faults.on("http_404", scope="list_sessions")
    with pytest.raises(HomeAssistantError) as told:
        await import_all(home)
    assert told.value.translation_key == "request_rejected"
    home.simulator.faults.off()
    await import_all(home)
    assert await namespace_ledger(home) == namespace_books(home.simulator)


async def test_new_credentials(home: Home) -> None:
    """Test that refused credentials stop an import, and new ones let it go on."""
    simulator = home.simulator
    simulator.namespace.populate(6000, days=600)
    await home.add_namespace()
    assert isinstance(home.coordinator.backend, CleverEV)
    call = ask(home)
    await home.settle()
    simulator.namespace.tokens.clear()
    with pytest.raises(HomeAssistantError) as told:
        await through(home, call)
    assert told.value.translation_key == "authentication_failed"
    assert flows_in_progress(home) == [SOURCE_REAUTH]
    before = await home.coordinator.ledger.imports.find(home.coordinator.account)
    assert before
    assert 0 < before.read < 6000
    simulator.namespace.tokens.add("another-token")
    result = await answer_reauth(home, "another-token")
    assert result["reason"] == "reauth_successful"
    assert home.coordinator.history.is_running
    for _ in range(10):
        await home.advance(61)
    known = await home.coordinator.ledger.imports.find(home.coordinator.account)
    assert known
    assert known.is_whole
    assert known.read == 6000
    assert await namespace_ledger(home) == namespace_books(simulator)


async def test_people_stay_inside(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Test that neither cards nor credentials come to light, whatever an import meets."""
    caplog.set_level("DEBUG", "custom_components.ev_charging_sessions")
    give_parks_a_past(home.simulator, 300, days=600)
    await home.add_parks()
    told: list[str] = []
    for kind in ("http_400", "rotten_session", "html"):
        seconds = 200 if kind == "html" else None
        home.simulator.faults.on(kind, scope="park_sessions", seconds=seconds)
        try:
            told.append(str(await import_all(home)))
        except HomeAssistantError as err:
            told.append(str(err))
        home.simulator.faults.off()
    said = caplog.text + str(told) + str([each.as_dict() for each in home.hass.states.async_all()])
    tokens = home.simulator.smappee.tokens.handed_out
    people = [*RFIDS, *tokens, SMAPPEE_PASSWORD, SMAPPEE_USERNAME]
    assert [each for each in people if each in said] == []
