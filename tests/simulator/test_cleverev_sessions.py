"""Tests of what CleverEV tells of sessions."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from . import Simulator
from .cars import Car
from .cleverev_client import DAY, ENERGY, IDLE, NamespaceClient
from .cleverev_wire import iso
from .defaults import (
    CLEVEREV_CHARGERS,
    CLEVEREV_ENERGY_TARIFF,
    CLEVEREV_GUEST,
    CLEVEREV_ID_TAGS,
    CLEVEREV_LOCATIONS,
    CLEVEREV_NOTE,
    CLEVEREV_USERS,
)

REQUIRED = {
    *("id", "transactionId", "idTag", "chargerId", "connectorId", "chargingIntentId", "status"),
    *("startedAtTimestamp", "startedAtEnergy", "timeZone", "energy", "duration", "price"),
    *("applicationId", "namespaceId", "createdAt", "updatedAt", "chargingIntent"),
}
REQUIRED_OF_INTENT = {"id", "idTag", "chargerId", "type", "startType", "createdAt", "updatedAt"}


def epoch(text: str) -> datetime:
    """Read milliseconds since 1970."""
    return datetime.fromtimestamp(int(text) / 1000, UTC)


async def test_an_open_session(simulator: Simulator, host: NamespaceClient) -> None:
    """An open session tells of its start and, after a minute, of its meter."""
    begin = simulator.clock.now()
    made = simulator.namespace.start_at_pole(ENERGY, 1, CLEVEREV_ID_TAGS[0])
    (body,) = await host.sessions()
    assert body.keys() == REQUIRED | {"userId", "tariff", "locationId"}
    assert (body["id"], len(body["id"])) == (made.id, 21)
    assert (body["status"], body["startedAtEnergy"]) == ("Started", 1_000_000)
    assert (body["energy"], body["duration"], body["price"]) == (0, 0, "0.00")
    assert (body["idTag"], body["userId"]) == (CLEVEREV_ID_TAGS[0], CLEVEREV_USERS[0])
    assert (body["chargerId"], body["connectorId"]) == (CLEVEREV_CHARGERS[0], 1)
    assert body["startedAtTimestamp"] == body["createdAt"] == body["updatedAt"] == iso(begin)
    assert body["tariff"] == CLEVEREV_ENERGY_TARIFF
    assert body["locationId"] == CLEVEREV_LOCATIONS[0]
    intent = body["chargingIntent"]
    assert intent.keys() == REQUIRED_OF_INTENT | {"connectorId", "chargingSessionId", "userId"}
    assert (intent["type"], intent["startType"]) == ("PersonalKeycard", "Local")
    assert intent["id"] == body["chargingIntentId"]
    simulator.clock.advance(119)
    (body,) = await host.sessions()
    assert body["lastMeteredAtTimestamp"] == iso(begin + timedelta(minutes=1))
    assert body["lastMeteredAtEnergy"] == 1_000_183
    assert (body["energy"], body["duration"]) == (183, 60)
    assert body["updatedAt"] == body["lastMeteredAtTimestamp"]
    assert "stoppedAtTimestamp" not in body


async def test_a_session_that_has_ended(simulator: Simulator, host: NamespaceClient) -> None:
    """A session that has ended tells when, why and with which register."""
    namespace = simulator.namespace
    begin = simulator.clock.now()
    made = namespace.start_at_pole(ENERGY, 1, CLEVEREV_ID_TAGS[1])
    simulator.clock.advance(3630)
    namespace.unplug(ENERGY, 1)
    namespace.annotate(made.id, CLEVEREV_NOTE)
    simulator.clock.advance(60)
    (body,) = await host.sessions()
    assert (body["status"], body["stoppedReason"]) == ("Stopped", "EVDisconnected")
    assert body["stoppedAtTimestamp"] == iso(begin + timedelta(seconds=3630))
    assert body["stoppedAtEnergy"] == body["lastMeteredAtEnergy"] == 1_011_091
    assert (body["energy"], body["duration"], body["price"]) == (11_091, 3630, "4.99")
    assert body["note"] == CLEVEREV_NOTE
    status, answer = await host.get(made.id)
    assert (status, answer) == (200, {"success": True, "chargingSession": body})


async def test_a_hotel_keycard(simulator: Simulator, host: NamespaceClient) -> None:
    """The hotel tells whose card it is; nobody has a user id for a guest."""
    simulator.namespace.start_at_pole(IDLE, 1, "GUEST-214", "InfostarKeycard", CLEVEREV_GUEST)
    (body,) = await host.sessions()
    intent = body["chargingIntent"]
    assert (intent["type"], intent["startType"]) == ("InfostarKeycard", "Local")
    assert intent["details"] == CLEVEREV_GUEST
    assert "userId" not in body
    assert "userId" not in intent


async def test_autocharge(simulator: Simulator, host: NamespaceClient) -> None:
    """A car that is known by itself needs no card."""
    simulator.namespace.plug(DAY, 2, id_tag=CLEVEREV_ID_TAGS[2])
    (body,) = await host.sessions(status="Started")
    assert body["chargingIntent"]["type"] == "AutoCharge"
    assert body["userId"] == CLEVEREV_USERS[2]


async def test_units(simulator: Simulator, host: NamespaceClient) -> None:
    """Energies, registers, durations, times and prices can look otherwise."""
    namespace, settings = simulator.namespace, simulator.cleverev.settings
    begin = simulator.clock.now()
    namespace.start_at_pole(ENERGY, 1, CLEVEREV_ID_TAGS[0])
    simulator.clock.advance(3600)
    namespace.unplug(ENERGY, 1)
    settings.energy_unit, settings.register_unit = "kWh", "kWh"
    settings.duration_unit, settings.timestamps = "ms", "epoch_ms"
    settings.decimal_comma = True
    (body,) = await host.sessions()
    assert (body["energy"], body["duration"], body["price"]) == (11, 3_600_000, "4,95")
    assert (body["startedAtEnergy"], body["stoppedAtEnergy"]) == (1000, 1011)
    assert abs(epoch(body["startedAtTimestamp"]) - begin) < timedelta(milliseconds=1)
    assert body["tariff"]["elements"][0]["priceComponents"] == {"PerKilowattHour": "0,45"}
    assert body["createdAt"] == iso(begin)
    settings.duration_unit, settings.timestamps = "min", "epoch_s"
    (body,) = await host.sessions()
    assert (body["duration"], body["startedAtTimestamp"]) == (60, str(int(begin.timestamp())))
    assert CLEVEREV_ENERGY_TARIFF["elements"][0]["priceComponents"] == {"PerKilowattHour": "0.45"}


async def test_time_zone(simulator: Simulator, host: NamespaceClient) -> None:
    """The seed does not show whether the time zone belongs to the session or the tariff."""
    simulator.namespace.start_at_pole(ENERGY, 1, CLEVEREV_ID_TAGS[0])
    for where in ("session", "tariff", "both"):
        simulator.cleverev.settings.time_zone_in = where
        (body,) = await host.sessions()
        assert (body.get("timeZone") == "Europe/Bratislava") is (where != "tariff")
        assert (body["tariff"].get("timeZone") == "Europe/Bratislava") is (where != "session")


async def test_without_optional_fields(simulator: Simulator, host: NamespaceClient) -> None:
    """Only what the seed requires may be there, and a connector may have no tariff."""
    namespace = simulator.namespace
    namespace.connector(ENERGY, 1).tariff = None
    namespace.start_at_pole(ENERGY, 1, CLEVEREV_ID_TAGS[0])
    simulator.clock.advance(600)
    namespace.unplug(ENERGY, 1)
    (body,) = await host.sessions()
    assert "tariff" not in body
    assert body["price"] == "0.00"
    simulator.cleverev.settings.omit_optional = True
    (body,) = await host.sessions()
    assert body.keys() == REQUIRED
    assert body["chargingIntent"].keys() == REQUIRED_OF_INTENT


async def test_a_price_that_is_wrong(simulator: Simulator, host: NamespaceClient) -> None:
    """The namespace can ask for more or less than its tariff says."""
    made = simulator.namespace.start_at_pole(ENERGY, 1, CLEVEREV_ID_TAGS[0])
    simulator.clock.advance(3600)
    simulator.namespace.bill_wrongly(made.id, "1.23")
    (body,) = await host.sessions()
    assert body["price"] == "6.18"
    simulator.namespace.unplug(ENERGY, 1)
    simulator.namespace.bill_wrongly(made.id, "-0.05")
    (body,) = await host.sessions()
    assert body["price"] == "4.90"


async def test_a_correction(simulator: Simulator, host: NamespaceClient) -> None:
    """The energy of a session can be corrected later; price and time of change follow."""
    namespace = simulator.namespace
    made = namespace.start_at_pole(ENERGY, 1, CLEVEREV_ID_TAGS[0])
    simulator.clock.advance(3600)
    with pytest.raises(ValueError, match="still runs"):
        namespace.correct(made.id, 10_000)
    namespace.unplug(ENERGY, 1)
    (before,) = await host.sessions()
    simulator.clock.advance(7200)
    namespace.correct(made.id, 10_000)
    (after,) = await host.sessions()
    assert (after["energy"], after["price"]) == (10_000, "4.50")
    assert after["stoppedAtEnergy"] == 1_010_000
    assert after["updatedAt"] == iso(simulator.clock.now()) != before["updatedAt"]


ENVELOPES: dict[str, Any] = {
    "chargingSession": lambda body: body["chargingSession"],
    "session": lambda body: body["session"],
    "data": lambda body: body["data"],
    "bare": lambda body: body,
}


@pytest.mark.parametrize("envelope", ENVELOPES)
async def test_envelopes(simulator: Simulator, host: NamespaceClient, envelope: str) -> None:
    """A single session may come in another envelope, or in none."""
    made = simulator.namespace.start_at_pole(ENERGY, 1, CLEVEREV_ID_TAGS[0])
    simulator.cleverev.settings.envelope = envelope  # type: ignore[assignment]
    status, body = await host.get(made.id)
    assert (status, body["success"]) == (200, True)
    assert ENVELOPES[envelope](body)["id"] == made.id


@pytest.mark.parametrize("key", ["csn-00000000000999999", "csn-1", "nonsense", "csn-x"])
async def test_unknown_session(host: NamespaceClient, key: str) -> None:
    """A session that is not there is a 404."""
    status, body = await host.get(key)
    assert (status, body["success"]) == (404, False)
    assert (await host.stop(key))[0] == 404


async def test_tall_meter_of_a_fast_charger(simulator: Simulator, host: NamespaceClient) -> None:
    """A car takes what it can, up to what the connector gives."""
    namespace = simulator.namespace
    namespace.start_at_pole(ENERGY, 1, CLEVEREV_ID_TAGS[0])
    namespace.plug(CLEVEREV_CHARGERS[3], 1, Car(level=5, max_power=150), id_tag=CLEVEREV_ID_TAGS[1])
    simulator.clock.advance(360)
    energies = {each["chargerId"]: each["energy"] for each in await host.sessions()}
    assert energies == {ENERGY: 1100, CLEVEREV_CHARGERS[3]: 5000}
