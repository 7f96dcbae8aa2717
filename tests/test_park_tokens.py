"""The tokens of a Smappee account: kept before they are used, and made to last."""

from aiohttp import web
import pytest

from homeassistant.config_entries import SOURCE_REAUTH

from tests.home import Home
from tests.observe import gaps, times
from tests.park import SOUTH, SOUTH_POINT, flows_in_progress, note_grants, reload
from tests.simulator.defaults import SMAPPEE_USERNAME
from tests.simulator.tokens import bearer

HOUR = 3600


def _access(home: Home) -> str:
    """Return the access token that is kept in the account."""
    return str(home.entry.data["tokens"]["access_token"])


def _status(home: Home) -> str:
    return home.state("sensor", "status", SOUTH_POINT).state


@pytest.fixture
def used(home: Home, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str | None, str | None]]:
    """Collect the token of each request beside the one that is kept when it arrives."""
    pairs: list[tuple[str | None, str | None]] = []

    def noted(request: web.Request) -> str | None:
        token = bearer(request)
        if hasattr(home, "entry"):
            # An error here would be one of the network, which nobody gets to see.
            pairs.append((token, home.entry.data.get("tokens", {}).get("access_token")))
        return token

    monkeypatch.setattr("tests.simulator.smappee.bearer", noted)
    return pairs


async def test_kept_before_used(home: Home, used: list[tuple[str | None, str | None]]) -> None:
    """Test that no request bears a token that is not kept yet, however it was got."""
    await home.add_parks(SOUTH)
    tokens = home.simulator.smappee.tokens
    tokens.expire()
    await home.run(310)
    tokens.revoke()
    await home.run(310)
    await reload(home)
    tokens.expire()
    await reload(home)
    # A refresh, the password, and a refresh at the start, after the pair of the flow.
    assert len({kept for _, kept in used}) == 4
    assert all(token == kept for token, kept in used)
    assert home.coordinator.last_update_success


async def test_every_new_pair_is_kept(
    home: Home, used: list[tuple[str | None, str | None]]
) -> None:
    """Test over hours of short lives that each pair is kept before its first request."""
    home.simulator.smappee.settings.token_lifetime = HOUR
    await home.add_parks(SOUTH)
    await home.run(3 * HOUR)
    assert len({kept for _, kept in used}) >= 3
    assert all(token == kept for token, kept in used)
    tokens = home.simulator.smappee.tokens
    assert tokens.can_refresh(home.entry.data["tokens"]["refresh_token"])


async def test_tokens_survive_a_reload(home: Home) -> None:
    """Test that a restart needs no new sign-in while the tokens are good."""
    await home.add_parks(SOUTH)
    kept = home.entry.data["tokens"]
    home.simulator.log.clear()
    await reload(home)
    await home.run(310)
    assert _status(home) == "available"
    assert home.simulator.log.count("token") == 0
    assert home.entry.data["tokens"] == kept


async def test_a_restart_after_the_expiry_refreshes(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that a home that was off for a day signs in with its refresh token."""
    await home.add_parks(SOUTH)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.advance(24 * HOUR)
    grants = note_grants(monkeypatch)
    home.simulator.log.clear()
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.settle()
    assert _status(home) == "available"
    assert grants == ["refresh_token"]
    assert 401 not in {each.status for each in home.simulator.log.entries}


async def test_one_refresh_per_life(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that tokens of an hour are refreshed once an hour, before they are refused."""
    home.simulator.smappee.settings.token_lifetime = HOUR
    await home.add_parks(SOUTH)
    grants = note_grants(monkeypatch)
    await home.run(5 * HOUR + 310)
    assert grants == ["refresh_token"] * 5
    assert all(HOUR - 60 <= gap <= HOUR + 310 for gap in gaps(times(home, "token")))
    assert 401 not in {each.status for each in home.simulator.log.entries}


async def test_an_answer_without_a_refresh_token(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that the old refresh token stays when a refresh brings none."""
    settings = home.simulator.smappee.settings
    settings.token_lifetime, settings.rotate_refresh_tokens = HOUR, False
    await home.add_parks(SOUTH)
    first = home.entry.data["tokens"]
    grants = note_grants(monkeypatch)
    await home.run(2 * HOUR + 310)
    assert grants == ["refresh_token"] * 2
    assert home.entry.data["tokens"]["refresh_token"] == first["refresh_token"]
    assert _access(home) != first["access_token"]


async def test_a_dead_refresh_token(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that the password helps when the refresh token is dead, and nobody is asked."""
    await home.add_parks(SOUTH)
    grants = note_grants(monkeypatch)
    home.simulator.smappee.tokens.revoke()
    await home.run(310)
    assert grants == ["refresh_token", "password"]
    assert _status(home) == "available"
    assert flows_in_progress(home) == []
    # From then on the new refresh token does.
    home.simulator.smappee.tokens.expire()
    await home.run(310)
    assert grants == ["refresh_token", "password", "refresh_token"]


async def test_a_refresh_whose_answer_is_lost(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that a refresh token that was spent in vain costs a sign-in and no person."""
    await home.add_parks(SOUTH)
    grants = note_grants(monkeypatch)
    home.simulator.smappee.tokens.expire()
    home.simulator.faults.on("drop_answer", scope="token", count=1)
    await home.run(700)
    assert grants == ["refresh_token", "refresh_token", "password"]
    assert _status(home) == "available"
    assert flows_in_progress(home) == []


async def test_a_refused_password(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that a person is asked once neither the refresh token nor the password does."""
    await home.add_parks(SOUTH)
    grants = note_grants(monkeypatch)
    home.simulator.parks.users[SMAPPEE_USERNAME] = "new"
    home.simulator.smappee.tokens.expire()
    await home.run(310)
    # A changed password alone harms nobody whose refresh token is good.
    assert grants == ["refresh_token"]
    assert flows_in_progress(home) == []
    home.simulator.smappee.tokens.revoke()
    await home.run(310)
    assert grants == ["refresh_token", "refresh_token", "password"]
    assert flows_in_progress(home) == [SOURCE_REAUTH]
    assert _status(home) == "unavailable"


@pytest.mark.parametrize("kind", ["http_503", "http_429", "html", "reset"])
async def test_trouble_does_not_use_the_password(
    home: Home, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that a refresh that fails is tried again as such, and nobody is asked."""
    await home.add_parks(SOUTH)
    kept = home.entry.data["tokens"]
    grants = note_grants(monkeypatch)
    home.simulator.smappee.tokens.expire()
    home.simulator.faults.on(kind, scope="token")
    await home.run(1000)
    assert grants
    assert set(grants) == {"refresh_token"}
    assert home.entry.data["tokens"] == kept
    assert flows_in_progress(home) == []
    home.simulator.faults.off()
    await home.run(1000)
    assert set(grants) == {"refresh_token"}
    assert _status(home) == "available"
    assert _access(home) != kept["access_token"]


async def test_new_tokens_do_not_reload(home: Home) -> None:
    """Test that keeping tokens changes the data of the account and nothing else."""
    await home.add_parks(SOUTH)
    coordinator, kept = home.coordinator, home.entry.data["tokens"]
    before = {key: value for key, value in home.entry.data.items() if key != "tokens"}
    home.simulator.log.clear()
    home.simulator.smappee.tokens.expire()
    await home.run(310)
    assert home.entry.data["tokens"] != kept
    assert {key: value for key, value in home.entry.data.items() if key != "tokens"} == before
    assert home.coordinator is coordinator
    # A set-up would have read the configuration anew.
    assert home.simulator.log.count("servicelocations") == 0
