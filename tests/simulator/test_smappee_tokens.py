"""Tests of Smappee's tokens."""

import pytest

from . import Simulator
from .smappee_client import ParkClient


@pytest.mark.parametrize("version", ["v1", "v3"])
async def test_password(owner: ParkClient, version: str) -> None:
    """The password of the owner is good for a pair of tokens, at both addresses."""
    status, _, body = await owner.login(version)
    assert status == 200
    assert body.keys() == {"access_token", "expires_in", "refresh_token"}
    assert body["expires_in"] == 36000
    assert (await owner.get("servicelocation"))[0] == 200


@pytest.mark.parametrize(
    "form",
    [
        {"username": "nobody"},
        {"password": "wrong"},
        {"client_id": "nobody"},
        {"client_secret": "wrong"},
    ],
)
async def test_wrong_credentials(owner: ParkClient, form: dict[str, str]) -> None:
    """Wrong credentials of the owner or the client are a 401 in words."""
    status, text, _ = await owner.login(**form)
    assert (status, text) == (401, "unauthorized_client: Invalid Credentials")


async def test_unknown_grant(owner: ParkClient) -> None:
    """Other grants are refused."""
    status, _, body = await owner.login(grant_type="client_credentials")
    assert (status, body["error"]) == (400, "unsupported_grant_type")


async def test_rotation(owner: ParkClient) -> None:
    """A refresh token is good for one pair; after that it is worth nothing."""
    first = owner.refresh
    status, _, body = await owner.renew()
    assert status == 200
    assert body["refresh_token"] == owner.refresh != first
    assert (await owner.get("servicelocation"))[0] == 200
    status, text, _ = await owner.renew(first)
    assert status == 400
    assert text == '{"error": "invalid_grant", "error_description": "invalid refresh token"}'
    assert (await owner.renew())[0] == 200
    assert (await owner.renew(client_secret="wrong"))[0] == 401


async def test_without_rotation(simulator: Simulator, owner: ParkClient) -> None:
    """An answer without a refresh token means that the old one stays good."""
    simulator.smappee.settings.rotate_refresh_tokens = False
    for _ in range(2):
        status, _, body = await owner.renew()
        assert status == 200
        assert body.keys() == {"access_token", "expires_in"}


async def test_life_of_a_token(simulator: Simulator, owner: ParkClient) -> None:
    """An access token lives ten hours, a refresh token longer."""
    simulator.clock.advance(35999)
    assert (await owner.get("servicelocation"))[0] == 200
    simulator.clock.advance(1)
    assert (await owner.get("servicelocation"))[0] == 401
    simulator.smappee.settings.token_lifetime = 60
    assert (await owner.renew())[2]["expires_in"] == 60
    simulator.clock.advance(60)
    assert (await owner.get("servicelocation"))[0] == 401


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nonsense", "Basic abc"])
async def test_bad_token(owner: ParkClient, header: str | None) -> None:
    """Without a good token there is nothing to see."""
    headers = {"Authorization": header} if header else {}
    async with owner.session.get("/dev/v3/servicelocation", headers=headers) as response:
        assert response.status == 401


async def test_dead_refresh_tokens(simulator: Simulator, owner: ParkClient) -> None:
    """Refresh tokens may die alone: calls still work, only the password renews."""
    simulator.smappee.kill_refresh_tokens()
    assert (await owner.get("servicelocation"))[0] == 200
    assert (await owner.renew())[0] == 400
    assert (await owner.login())[0] == 200
    assert (await owner.renew())[0] == 200


async def test_revoked_tokens(simulator: Simulator, owner: ParkClient) -> None:
    """Revocation hits every token of both kinds, once."""
    simulator.faults.on("token_revoked")
    assert (await owner.get("servicelocation"))[0] == 401
    assert (await owner.renew())[0] == 400
    assert (await owner.login())[0] == 200
    assert (await owner.get("servicelocation"))[0] == 200


async def test_expired_tokens(simulator: Simulator, owner: ParkClient) -> None:
    """While every token lives 0 seconds, refreshing works and does not help."""
    simulator.faults.on("token_expired")
    assert (await owner.get("servicelocation"))[0] == 401
    status, _, body = await owner.renew()
    assert (status, body["expires_in"]) == (200, 0)
    simulator.faults.off("token_expired")
    assert (await owner.get("servicelocation"))[0] == 401
    assert (await owner.renew())[0] == 200
    assert (await owner.get("servicelocation"))[0] == 200


async def test_changed_password(simulator: Simulator, owner: ParkClient) -> None:
    """The owner may change the password, and the client may be locked out."""
    simulator.parks.users["park-owner"] = "another"
    assert (await owner.login())[0] == 401
    assert (await owner.login(password="another"))[0] == 200
    simulator.parks.clients.clear()
    assert (await owner.renew())[0] == 401
    assert owner.access in simulator.smappee.tokens.handed_out
