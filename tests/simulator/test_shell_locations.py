"""Tests of Shell Recharge's locations on the wire."""

import json
from pathlib import Path
from typing import Any

import pytest

from . import Simulator
from .client import CARD, EVSE, Client

SAMPLES = json.loads((Path(__file__).parent / "fixtures/shell_recharge.json").read_text())


def missing(published: Any, answer: Any, path: str = "") -> list[str]:
    """Name what a sample has and an answer lacks, or has in another type."""
    if isinstance(published, dict) and isinstance(answer, dict):
        return [
            text
            for key, value in published.items()
            for text in (
                missing(value, answer[key], f"{path}.{key}") if key in answer else [f"{path}.{key}"]
            )
        ]
    if isinstance(published, list) and isinstance(answer, list) and published and answer:
        return missing(published[0], answer[0], f"{path}[]")
    return [] if type(published) is type(answer) else [f"{path}: {type(answer).__name__}"]


@pytest.mark.parametrize(
    ("path", "sample"),
    [
        ("/ev/v2/locations", "location_v2"),
        ("/ev/v1/locations", "location_v1"),
        ("/locations/v1/ev", "location_v1"),
    ],
)
async def test_look_up_by_evse_id(
    simulator: Simulator, client: Client, path: str, sample: str
) -> None:
    """An EVSE is found with all that the samples show, in each version's shape."""
    simulator.shell.settings.seed_locations = path == "/locations/v1/ev"
    status, body = await client.json("GET", path, params={"evseId": EVSE})
    assert status == 200
    (location,) = body["data"]
    assert EVSE in [each["evseId"] for each in location["evses"]]
    assert missing(SAMPLES[sample], location) == []


@pytest.mark.parametrize("tail", ["", "/2057411"])
async def test_locations_of_v1_are_at_one_address(
    simulator: Simulator, client: Client, tail: str
) -> None:
    """The SDKs up to 1.2 have the locations of v1 elsewhere than those from 1.3 on."""
    settings = simulator.shell.settings

    async def statuses() -> list[int]:
        paths = ("/ev/v1/locations", "/locations/v1/ev", "/ev/v2/locations")
        return [(await client.send("GET", path + tail)).status for path in paths]

    assert await statuses() == [200, 404, 200]
    settings.seed_locations = True
    assert await statuses() == [404, 200, 200]
    settings.seed_locations = False
    settings.dialect = "1.0.0"
    assert await statuses() == [404, 200, 200]


async def test_tariffs_only_by_id_with_a_provider(client: Client) -> None:
    """In v2 a list has no tariffs, and a single location only for a provider."""

    async def tariffs(path: str, **query: str) -> Any:
        _, body = await client.json("GET", path, params=query)
        return body["data"][0]["evses"][0]["connectors"][0].get("tariffs")

    assert await tariffs("/ev/v2/locations", evseId=EVSE) is None
    assert await tariffs("/ev/v2/locations/2057411") is None
    (tariff,) = await tariffs("/ev/v2/locations/2057411", providerId="NL-TNM")
    assert tariff["currency"] == "EUR"
    assert tariff["elements"][0]["priceComponents"] == [
        {"type": "ENERGY", "stepSize": 1, "price": 0.45, "vat": 21.0}
    ]


async def test_tariff_of_a_fast_charger(client: Client) -> None:
    """Each price is for one step, which the SDK gives in kWh or in seconds."""
    path = "/ev/v2/locations/2071002"
    _, body = await client.json("GET", path, params={"providerId": "NL-TNM"})
    (tariff,) = body["data"][0]["evses"][0]["connectors"][0]["tariffs"]
    (element,) = tariff["elements"]
    prices = [
        (each["type"], each["stepSize"], each["price"]) for each in element["priceComponents"]
    ]
    assert prices == [("FLAT", 1, 0.35), ("ENERGY", 1, 0.69), ("TIME", 60, 0.05)]


async def test_status_follows_the_world(simulator: Simulator, client: Client) -> None:
    """An EVSE is available, occupied, unavailable or unknown as the world has it."""

    async def status() -> str:
        _, body = await client.json("GET", "/ev/v2/locations", params={"evseId": EVSE})
        return str(body["data"][0]["evses"][0]["status"])

    seen = [await status()]
    simulator.world.start_at_pole(EVSE, CARD)
    seen.append(await status())
    simulator.world.unplug(EVSE)
    seen.append(await status())
    simulator.world.set_service(EVSE, out_of_service=True)
    seen.append(await status())
    simulator.world.set_service(EVSE, offline=True)
    seen.append(await status())
    assert seen == ["Available", "Occupied", "Available", "Unavailable", "Unknown"]


async def test_pages(client: Client) -> None:
    """Three sites come in pages, and then comes an empty page."""
    sizes = []
    for page in (1, 2, 3):
        query = {"pageNumber": page, "perPage": 2}
        _, body = await client.json("GET", "/ev/v2/locations", params=query)
        sizes.append(len(body["data"]))
    assert sizes == [2, 1, 0]


@pytest.mark.parametrize(
    "query", [{"perPage": "501"}, {"perPage": "0"}, {"pageNumber": "0"}, {"pageNumber": "x"}]
)
async def test_page_that_cannot_be(client: Client, query: dict[str, str]) -> None:
    """A page out of bounds is a bad request."""
    assert (await client.json("GET", "/ev/v2/locations", params=query))[0] == 400


@pytest.mark.parametrize(
    "path", ["/ev/v2/locations?evseId=NL*TNM*E00000000*0", "/ev/v2/locations/1"]
)
async def test_unknown_is_empty(client: Client, path: str) -> None:
    """A place that nobody knows is an empty list, not an error."""
    status, body = await client.json("GET", path)
    assert (status, body["data"]) == (200, [])


async def test_look_up_by_serial(client: Client) -> None:
    """A station is found by the number that stands on it."""
    query = {"locationExternalId": "01000861", "perPage": "1"}
    _, body = await client.json("GET", "/ev/v1/locations", params=query)
    (location,) = body["data"]
    assert location["uid"] == 2071002
    assert location["evses"][0]["connectors"][0]["tariff"]["perKWh"] == 0.69
