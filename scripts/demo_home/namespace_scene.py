"""What the namespace looks like when the demo begins: it has a past, and cars are there.

A meter tells little before it has run for a while. So the simulator begins some time ago, and
what has happened since is made up here, before anybody looks.
"""

from typing import Any

from .simulator import Simulator

type Json = dict[str, Any]

_ENTRANCE, _SECOND, _GARAGE, _DEPOT = (
    "chg-hotel-entrance-01",
    "chg-hotel-entrance-02",
    "chg-hotel-garage---01",
    "chg-depot-fast-----01",
)
# Where a car charges for as long as the demo lasts, and where one waits for a visitor.
CHARGING: Json = {"charger_id": _ENTRANCE, "connector_id": 2}
WAITING: Json = {"charger_id": _ENTRANCE, "connector_id": 1}
# Where a car has had enough, and where one leaves with a bill that is wrong.
FULL: Json = {"charger_id": _GARAGE, "connector_id": 1}
BILLED: Json = {"charger_id": _SECOND, "connector_id": 1}
_PASSING: tuple[Json, ...] = (
    {"charger_id": _SECOND, "connector_id": 2},
    {"charger_id": _DEPOT, "connector_id": 1},
)

# What drivers hold to the charger, and the names that they are known by.
ID_TAGS = ("04A9C11F6E5D80", "04B7720C914C81", "048812FA3B2E82")
CARDS: tuple[Json, ...] = tuple(
    {"identifier": id_tag, "alias": alias}
    for id_tag, alias in zip(ID_TAGS, ("Anna", "Boris", "Clara"), strict=True)
)

# Nobody who looks at a demo waits for half an hour until a fee begins.
_TARIFF: Json = {
    "elements": [
        {
            "id": "tar-idle-000000000001",
            "name": "Idle",
            "priceComponents": {"PerMinute": "0.10"},
            "restrictions": {"vehicleRequestingPower": False, "minRestrictionsDuration": 180},
        },
        {
            "id": "tar-idle-000000000002",
            "name": "Energy",
            "priceComponents": {"PerKilowattHour": "0.39"},
        },
    ],
    "minPrice": "1.00",
}

# So long ago, in seconds, the simulator begins.
SECONDS_AGO = 25 * 60
_OVERCHARGED = "2.50"
# So many days ago its past begins, with a few sessions on each of them.
DAYS = 100
_SESSIONS_A_DAY = 4


async def prepare(simulator: Simulator) -> None:
    """Let what has to be there already happen between the simulator's begin and now."""
    await simulator.post(
        "namespace/populate", sessions=DAYS * _SESSIONS_A_DAY, days=DAYS, is_lively=True
    )
    await simulator.post("namespace/tariff", **FULL, tariff=_TARIFF)
    # Meters that are read often make figures that can be seen to grow.
    await simulator.set("namespace", sample_interval=15)
    await _arrive(simulator, CHARGING, ID_TAGS[0], level=10)
    for place in _PASSING:
        await _arrive(simulator, place, ID_TAGS[1], level=20)
    await simulator.post("clock", advance=10 * 60)
    await _arrive(simulator, FULL, ID_TAGS[2], level=30)
    await simulator.post("clock", advance=8 * 60)
    await _arrive(simulator, BILLED, ID_TAGS[1], level=40)
    for place in _PASSING:
        await simulator.post("namespace/unplug", **place)
    await simulator.post("clock", advance=7 * 60)


async def cause_trouble(simulator: Simulator) -> None:
    """Let a car have had enough, and another leave with a wrong bill, before everybody's eyes.

    What was before the first look would be the past, and no news.
    """
    await simulator.post("namespace/full", **FULL)
    for connector in await simulator.connectors(BILLED["charger_id"]):
        if connector["connector_id"] == BILLED["connector_id"] and connector["session"]:
            wrong = {"session_id": connector["session"], "amount": _OVERCHARGED}
            await simulator.post("namespace/bill_error", **wrong)
            await simulator.post("namespace/unplug", **BILLED)


async def _arrive(simulator: Simulator, place: Json, id_tag: str, *, level: float) -> None:
    car = {"capacity": 100, "level": level, "max_power": 22}
    await simulator.post("namespace/plug", **place, car=car)
    await simulator.post("namespace/start_at_pole", **place, id_tag=id_tag)
