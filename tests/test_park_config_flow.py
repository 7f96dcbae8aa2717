"""The flows of a Smappee account: add, sign in again, change its parks."""

from typing import Any

import pytest

from homeassistant.config_entries import ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType

from tests.home import Home
from tests.park import (
    NORTH,
    SOUTH,
    SOUTH_POINT,
    choose,
    enter,
    note_grants,
    open_form,
    places,
    suggestions,
)
from tests.simulator.defaults import (
    SMAPPEE_CLIENT_ID,
    SMAPPEE_CLIENT_SECRET,
    SMAPPEE_PASSWORD,
    SMAPPEE_USERNAME,
)

# The account id is a digest: it must never change, and never show who it is.
UNIQUE_ID = "9c4ef5159541fca7"

NORTHERN = {f"602000000{number}-1" for number in range(1, 7)} | {"6020000005-2"}


def _offered(result: dict[str, Any]) -> dict[str, str]:
    """Return the parks that a form offers, by id."""
    (select,) = result["data_schema"].schema.values()
    return {option["value"]: option["label"] for option in select.config["options"]}


async def _finish(home: Home, flow_id: str, **changes: Any) -> None:
    """Send good input and choose all parks."""
    result = await enter(home, flow_id, home.park_input(**changes))
    assert result["step_id"] == "parks", result
    assert result["errors"] == {}
    result = await choose(home, flow_id, NORTH, SOUTH)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    home.entry = result["result"]
    await home.settle()
    assert home.entry.state is ConfigEntryState.LOADED


async def test_full_flow(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test the way from the menu to an account that runs, with a single sign-in."""
    grants = note_grants(monkeypatch)
    flow_id = await open_form(home)
    result = await enter(home, flow_id, home.park_input())
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "parks"
    assert result["errors"] == {}
    assert _offered(result) == {NORTH: "Parking North", SOUTH: "Parking South"}
    assert suggestions(result) == {"service_location_ids": [NORTH, SOUTH]}

    result = await choose(home, flow_id, NORTH, SOUTH)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Smappee"
    data = dict(result["data"])
    tokens = data.pop("tokens")
    assert data == {
        "backend": "smappee",
        "client_id": SMAPPEE_CLIENT_ID,
        "client_secret": SMAPPEE_CLIENT_SECRET,
        "username": SMAPPEE_USERNAME,
        "password": SMAPPEE_PASSWORD,
        "base_url": f"{home.simulator.url}/dev/v3",
        "service_location_ids": [NORTH, SOUTH],
    }
    known = home.simulator.smappee.tokens
    assert known.is_good(tokens["access_token"])
    assert known.can_refresh(tokens["refresh_token"])
    assert tokens["expires"] == "2026-11-21T22:00:00+00:00"
    home.entry = result["result"]
    await home.settle()
    assert home.entry.state is ConfigEntryState.LOADED
    assert places(home) == NORTHERN | {SOUTH_POINT}
    # The set-up and the polls go on with the tokens of the flow.
    await home.run(610)
    assert home.coordinator.last_update_success
    assert grants == ["password"]
    assert home.simulator.log.count("token") == 1
    assert home.entry.data["tokens"] == tokens


async def test_the_account_shows_no_credential(home: Home) -> None:
    """Test that the id of an account is the same for ever and tells nothing."""
    await home.add_parks()
    assert home.entry.unique_id == UNIQUE_ID
    for secret in (SMAPPEE_CLIENT_ID, SMAPPEE_USERNAME, SMAPPEE_PASSWORD, SMAPPEE_CLIENT_SECRET):
        assert secret not in f"{home.entry.unique_id} {home.entry.title}"


async def test_input_is_tidied(home: Home) -> None:
    """Test that blanks and a slash do no harm, and that a password keeps its blanks."""
    home.simulator.parks.users[SMAPPEE_USERNAME] = " a b "
    await _finish(
        home,
        await open_form(home),
        client_id=f" {SMAPPEE_CLIENT_ID} ",
        client_secret=f"{SMAPPEE_CLIENT_SECRET}\n",
        username=f" {SMAPPEE_USERNAME}",
        password=" a b ",
        advanced={"base_url": f" {home.simulator.url}/dev/v3/ "},
    )
    assert home.entry.unique_id == UNIQUE_ID
    assert home.entry.data["client_secret"] == SMAPPEE_CLIENT_SECRET
    assert home.entry.data["username"] == SMAPPEE_USERNAME
    assert home.entry.data["password"] == " a b "
    assert home.entry.data["base_url"] == f"{home.simulator.url}/dev/v3"


@pytest.mark.parametrize(
    ("park", "points"), [(NORTH, NORTHERN), (SOUTH, {SOUTH_POINT})], ids=["north", "south"]
)
async def test_one_park(home: Home, park: str, points: set[str]) -> None:
    """Test that only the stations of a chosen park are shown, and only they are read."""
    await home.add_parks(park)
    home.simulator.parks.plug("6020000001", 1)
    home.simulator.parks.plug("6020000011", 1)
    await home.run(310)
    assert places(home) == points
    assert home.state("sensor", "active_sessions", None).state == "1"
    other = ({NORTH, SOUTH} - {park}).pop()
    assert not [each for each in home.simulator.log.entries if other in each.call.path]


async def test_no_park_chosen(home: Home) -> None:
    """Test that at least one park must be chosen, and that the form keeps going."""
    flow_id = await open_form(home)
    await enter(home, flow_id, home.park_input())
    result = await choose(home, flow_id)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "parks"
    assert result["errors"] == {"service_location_ids": "no_park_chosen"}
    assert _offered(result) == {NORTH: "Parking North", SOUTH: "Parking South"}
    result = await choose(home, flow_id, SOUTH)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["service_location_ids"] == [SOUTH]
    home.entry = result["result"]
    await home.settle()
    assert home.simulator.log.count("token") == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"password": "wrong"}, "authentication_failed"),
        ({"username": "nobody"}, "authentication_failed"),
        ({"client_secret": "wrong"}, "authentication_failed"),
        ({"client_id": "nobody"}, "authentication_failed"),
        ({"advanced": {"base_url": "http://app1pub.smappee.net/dev/v3"}}, "base_url_not_https"),
        ({"advanced": {"base_url": "smappee"}}, "invalid_base_url"),
        ({"advanced": {"base_url": "http://127.0.0.1:1"}}, "backend_unavailable"),
    ],
)
async def test_wrong_input(home: Home, changes: dict[str, Any], error: str) -> None:
    """Test that wrong input is told apart, is not lost, and can be mended."""
    flow_id = await open_form(home)
    result = await enter(home, flow_id, home.park_input(**changes))
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "smappee"
    assert result["errors"] == {"base": error}
    entered = changes.get("advanced", changes)
    assert entered.items() <= suggestions(result).items()
    if "base_url" in error:
        assert home.simulator.log.entries == []
    await _finish(home, flow_id)
    assert home.entry.unique_id == UNIQUE_ID


async def test_account_without_parks(home: Home) -> None:
    """Test that an account that sees no service location is told so, until it sees one."""
    flow_id = await open_form(home)
    for park_id in (20001, 20002):
        home.simulator.parks.disown(park_id)
    result = await enter(home, flow_id, home.park_input())
    assert result["step_id"] == "smappee"
    assert result["errors"] == {"base": "no_parks"}
    home.simulator.parks.own(20002)
    result = await enter(home, flow_id, home.park_input())
    assert _offered(result) == {SOUTH: "Parking South"}
    home.hass.config_entries.flow.async_abort(flow_id)


@pytest.mark.parametrize(
    ("kind", "scope", "error", "placeholders"),
    [
        ("http_403", "servicelocations", "authentication_failed", {}),
        ("http_400", "servicelocations", "request_rejected", {"code": "HTTP 400"}),
        ("http_429", "servicelocations", "rate_limited", {"seconds": "17"}),
        ("http_429", "token", "rate_limited", {"seconds": "17"}),
        ("http_503", "servicelocations", "backend_unavailable", {"reason": "HTTP 503"}),
        ("http_503", "token", "backend_unavailable", {"reason": "HTTP 503"}),
        ("html", "token", "backend_unavailable", {"reason": "no JSON in the answer"}),
        ("html", "servicelocations", "backend_unavailable", {"reason": "no JSON in the answer"}),
        ("broken_json", "*", "backend_unavailable", {"reason": "no JSON in the answer"}),
        ("empty_body", "*", "backend_unavailable", {"reason": "no JSON in the answer"}),
        ("reset", "token", "backend_unavailable", {"reason": "ClientOSError"}),
        ("reset", "servicelocations", "backend_unavailable", {"reason": "ClientOSError"}),
        ("token_expired", "servicelocations", "authentication_failed", {}),
    ],
)
async def test_network_in_trouble(
    home: Home, kind: str, scope: str, error: str, placeholders: dict[str, str]
) -> None:
    """Test that trouble at the network has its own text, and that a later try succeeds."""
    flow_id = await open_form(home)
    retry_after = 17 if kind == "http_429" else None
    home.simulator.faults.on(kind, scope=scope, retry_after=retry_after)
    result = await enter(home, flow_id, home.park_input())
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "smappee"
    assert result["errors"] == {"base": error}
    assert result["description_placeholders"].items() >= placeholders.items()
    home.simulator.faults.off()
    await _finish(home, flow_id)


async def test_already_configured(home: Home) -> None:
    """Test that the same account cannot be added a second time, whatever its password."""
    await home.add_parks(SOUTH)
    home.simulator.parks.users[SMAPPEE_USERNAME] = "other"
    flow_id = await open_form(home)
    result = await enter(home, flow_id, home.park_input(password="other"))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_two_users_of_one_client(home: Home) -> None:
    """Test that each user of a client is an account of its own."""
    await home.add_parks(NORTH)
    first = home.entry
    home.simulator.parks.users["tenant"] = "rent"
    await home.add_parks(SOUTH, username="tenant", password="rent")
    assert first.unique_id == UNIQUE_ID != home.entry.unique_id
    assert places(home) == {SOUTH_POINT}
    assert await home.hass.config_entries.async_unload(first.entry_id)
