"""Tests of Shell Recharge's token endpoint and of who gets in."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiohttp import encode_basic_auth
import pytest

from . import Simulator
from .client import CARD, Client
from .defaults import CLIENT_ID, CLIENT_SECRET

SAMPLES = json.loads((Path(__file__).parent / "fixtures/shell_recharge.json").read_text())
ACTIVE = "/ev/v2/charge-session/active"


@pytest.mark.parametrize(("version", "expires_in"), [("v2", "899"), ("v1", 899)])
async def test_token_answer(client: Client, version: str, expires_in: object) -> None:
    """The life of a token is text in v2 and a number in v1, beside the published keys."""
    status, body = await client.authorize(version)
    assert status == 200
    assert body["expires_in"] == expires_in
    published = SAMPLES[f"token_{version}"]
    assert {key: type(value) for key, value in body.items()} == {
        key: type(value) for key, value in published.items()
    }
    assert (await client.active())[0] == 200


@pytest.mark.parametrize(
    ("version", "form", "status", "expected"),
    [
        ("v2", {"client_secret": "wrong"}, 401, SAMPLES["token_error_v2"]),
        ("v2", {"client_id": "nobody"}, 401, SAMPLES["token_error_v2"]),
        ("v1", {"client_secret": "wrong"}, 401, SAMPLES["token_error_v1_client"]),
        ("v1", {"grant_type": "client_credential"}, 400, SAMPLES["token_error_v1_grant"]),
    ],
)
async def test_token_refusals(
    client: Client, version: str, form: dict[str, str], status: int, expected: object
) -> None:
    """Refusals look exactly as published, with the misspelt key of v2."""
    assert await client.authorize(version, **form) == (status, expected)


async def test_token_refusal_of_the_sdk(simulator: Simulator, client: Client) -> None:
    """The shape that the SDK documents can be chosen as well."""
    simulator.shell.settings.token_error = "standard"
    _, body = await client.authorize(client_id="nobody")
    assert body == {
        "error": "invalid_client",
        "error_description": "invalid client or client credentials",
    }


@pytest.mark.parametrize("wanted", ["form", "basic"])
async def test_one_way_to_log_in(simulator: Simulator, client: Client, wanted: str) -> None:
    """The server can insist on form fields, or on HTTP Basic."""
    simulator.shell.settings.accept_form = wanted == "form"
    simulator.shell.settings.accept_basic = wanted == "basic"
    by_form = (await client.authorize())[0]
    response = await client.session.post(
        "/v2/oauth/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": encode_basic_auth(CLIENT_ID, CLIENT_SECRET)},
    )
    by_basic = response.status
    assert (by_form, by_basic) == ((200, 401) if wanted == "form" else (401, 200))


async def test_token_dies_of_age(simulator: Simulator, client: Client) -> None:
    """A token is good until the last second of its simulated life."""
    simulator.clock.advance(898)
    assert (await client.active())[0] == 200
    simulator.clock.advance(1)
    status, body = await client.active()
    assert status == 401
    assert body["errors"][0]["code"] == "E0003"
    await client.authorize()
    assert (await client.active())[0] == 200


@pytest.mark.parametrize("end", ["expire", "revoke"])
async def test_tokens_ended_by_hand(simulator: Simulator, client: Client, end: str) -> None:
    """All tokens so far can be ended at once; new ones are good."""
    getattr(simulator.shell.tokens, end)()
    assert (await client.active())[0] == 401
    await client.authorize()
    assert (await client.active())[0] == 200


async def test_no_authorization(client: Client) -> None:
    """Without the header the request is bad, in the words of the sample."""
    del client.headers["Authorization"]
    status, body = await client.active()
    assert status == 400
    published = SAMPLES["errors"]["400"]
    for key in ("code", "message", "description"):
        assert body["errors"][0][key] == published[key]


@pytest.mark.parametrize("value", ["", "not-a-uuid"])
async def test_request_id_must_be_a_uuid(client: Client, value: str) -> None:
    """A RequestId that is no UUID is refused."""
    response = await client.send(
        "GET", ACTIVE, params={"emaId": CARD}, headers={"RequestId": value}
    )
    assert response.status == 400


async def test_request_id_must_be_new(simulator: Simulator, client: Client) -> None:
    """A RequestId may come once only, also when the first answer was a failure."""
    simulator.faults.on("http_503", count=1)
    statuses = []
    request_id = str(uuid4())
    for _ in range(2):
        response = await client.send(
            "GET", ACTIVE, params={"emaId": CARD}, headers={"RequestId": request_id}
        )
        statuses.append(response.status)
    assert statuses == [503, 400]


@pytest.mark.parametrize("echo", [True, False])
async def test_request_id_in_the_answer(simulator: Simulator, client: Client, echo: bool) -> None:
    """The answer bears the RequestId, or one of its own as the samples do."""
    simulator.shell.settings.echo_request_id = echo
    request_id = str(uuid4())
    answer: tuple[int, Any] = await client.json(
        "GET", ACTIVE, params={"emaId": CARD}, headers={"RequestId": request_id}
    )
    assert (answer[1]["requestId"] == request_id) is echo
