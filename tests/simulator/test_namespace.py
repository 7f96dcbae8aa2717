"""Tests of the life of a namespace: cars, drivers, chargers and what breaks."""

from datetime import timedelta
from decimal import Decimal

import pytest

from .cars import Car
from .cleverev_client import DAY, ENERGY, FAST, IDLE, START
from .defaults import (
    CLEVEREV_CHARGERS,
    CLEVEREV_ID_TAGS,
    CLEVEREV_USERS,
)
from .namespace import Namespace
from .namespace_model import NamespaceSession, RefusedCommandError, Status, StopReason
from .namespace_prices import price
from .world import UnknownThingError

ANNA = CLEVEREV_ID_TAGS[0]


def status(namespace: Namespace, charger_id: str = ENERGY, connector_id: int = 1) -> Status:
    """Return what a connector says of itself."""
    return namespace.connector(charger_id, connector_id).status


def read(namespace: Namespace, session: NamespaceSession) -> tuple[int, str]:
    """Return the energy and the price of a session up to now."""
    namespace.session(session.id)
    return session.energy, str(namespace.price(session))


def test_default_namespace(namespace: Namespace) -> None:
    """There are four chargers with six connectors, one of them for direct current."""
    assert list(namespace.chargers) == list(CLEVEREV_CHARGERS)
    assert [len(each.connectors) for each in namespace.chargers.values()] == [2, 2, 1, 1]
    fast = namespace.connector(FAST, 1)
    assert (fast.type, fast.max_power, fast.max_current) == ("CCS2", 50, 125)
    tariffs = [
        each.tariff for one in namespace.chargers.values() for each in one.connectors.values()
    ]
    ids = {element["id"] for each in tariffs if each for element in each["elements"]}
    assert len(ids) == 5
    assert {len(each) for each in ids} == {21}


def test_timeline(namespace: Namespace) -> None:
    """The meter is read every minute, and whenever the flow changes."""
    session = namespace.start_at_pole(ENERGY, 1, ANNA)
    namespace.clock.advance(150)
    namespace.pause(ENERGY, 1)
    namespace.clock.advance(60)
    namespace.pause(ENERGY, 1, paused=False)
    namespace.clock.advance(45)
    namespace.session(session.id)
    assert [((when - START).total_seconds(), register) for when, register in session.samples] == [
        (0, 1_000_000),
        (60, 1_000_183),
        (120, 1_000_366),
        (150, 1_000_458),
        (180, 1_000_458),
        (210, 1_000_458),
        (240, 1_000_550),
    ]
    namespace.settings.sample_interval = 10
    namespace.clock.advance(20)
    namespace.session(session.id)
    assert [(when - START).total_seconds() for when, _ in session.samples[-3:]] == [250, 260, 270]
    namespace.settings.sample_interval = 0
    namespace.clock.advance(600)
    namespace.session(session.id)
    assert session.metered == START + timedelta(seconds=270)


def test_a_car_gets_full(namespace: Namespace) -> None:
    """A full car draws nothing more, and its session stays open until the plug is pulled."""
    session = namespace.start_at_pole(ENERGY, 1, ANNA)
    namespace.clock.advance(1799)
    namespace.connector(ENERGY, 1)
    assert status(namespace) is Status.CHARGING
    namespace.unplug(ENERGY, 1)
    session = namespace.plug(ENERGY, 1, Car(capacity=60, level=54.5), id_tag=ANNA) or session
    namespace.clock.advance(1800)
    assert status(namespace) is Status.SUSPENDED_EV
    assert namespace.connector(ENERGY, 1).status_since == namespace.clock.now()
    namespace.clock.advance(7200)
    assert (session.status, read(namespace, session)) == ("Started", (5500, "2.48"))
    assert namespace.unplug(ENERGY, 1) is session
    assert (session.status, session.stop_reason) == ("Stopped", StopReason.EV_DISCONNECTED)
    assert session.stopped == namespace.clock.now()
    assert status(namespace) is Status.AVAILABLE


def test_enough(namespace: Namespace) -> None:
    """A car can have enough whenever a test wants it to."""
    session = namespace.start_at_pole(ENERGY, 1, ANNA)
    namespace.clock.advance(3600)
    namespace.full(ENERGY, 1)
    namespace.clock.advance(3600)
    assert status(namespace) is Status.SUSPENDED_EV
    assert read(namespace, session) == (11_000, "4.95")
    with pytest.raises(ValueError, match="No car"):
        namespace.full(ENERGY, 2)
    with pytest.raises(ValueError, match="No car"):
        namespace.set_car_power(ENERGY, 2, 1)


def test_power_of_a_car(namespace: Namespace) -> None:
    """A car may take less or nothing, and more again."""
    session = namespace.start_at_pole(ENERGY, 1, ANNA)
    namespace.clock.advance(3600)
    namespace.set_car_power(ENERGY, 1, 0)
    assert status(namespace) is Status.SUSPENDED_EV
    namespace.clock.advance(3600)
    namespace.set_car_power(ENERGY, 1, 100)
    namespace.clock.advance(3600)
    assert read(namespace, session)[0] == 33_000


def test_pause(namespace: Namespace) -> None:
    """A charger can hold a car back, which is another status than a full car."""
    session = namespace.start_at_pole(DAY, 1, ANNA)
    namespace.pause(DAY, 1)
    assert status(namespace, DAY) is Status.SUSPENDED_EVSE
    namespace.clock.advance(3600)
    assert session.energy == 0
    namespace.pause(DAY, 1, paused=False)
    assert status(namespace, DAY) is Status.CHARGING


def test_plug_without_a_start(namespace: Namespace) -> None:
    """A car that nobody has asked to charge makes no session."""
    assert namespace.plug(ENERGY, 1) is None
    assert status(namespace) is Status.PREPARING
    namespace.clock.advance(3600)
    assert namespace.find() == []
    assert namespace.register(namespace.connector(ENERGY, 1), namespace.clock.now()) == 1_000_000
    with pytest.raises(ValueError, match="already"):
        namespace.plug(ENERGY, 1)
    assert namespace.unplug(ENERGY, 1) is None
    assert status(namespace) is Status.AVAILABLE


def test_stop_at_the_pole(namespace: Namespace) -> None:
    """After a stop the car stays; it may charge again without moving."""
    session = namespace.start_at_pole(ENERGY, 1, ANNA)
    namespace.clock.advance(3600)
    namespace.end(session.id)
    assert (session.stop_reason, status(namespace)) == (StopReason.LOCAL, Status.FINISHING)
    namespace.clock.advance(3600)
    assert read(namespace, session) == (11_000, "4.95")
    again = namespace.start_at_pole(ENERGY, 1, ANNA)
    assert status(namespace) is Status.CHARGING
    assert again.samples[0][1] == session.samples[-1][1]
    assert again.number > session.number
    with pytest.raises(RefusedCommandError, match="already"):
        namespace.end(session.id)
    with pytest.raises(RefusedCommandError, match="occupied"):
        namespace.start_at_pole(ENERGY, 1, ANNA)


def test_tariff_of_the_start(namespace: Namespace) -> None:
    """A session keeps the tariff with which it began."""
    session = namespace.start_at_pole(ENERGY, 1, ANNA)
    namespace.connector(ENERGY, 1).tariff = namespace.connector(IDLE, 1).tariff
    namespace.clock.advance(3600)
    assert read(namespace, session) == (11_000, "4.95")
    assert read(namespace, namespace.start_at_pole(ENERGY, 2, ANNA)) == (0, "0.00")


def test_day_and_night(namespace: Namespace) -> None:
    """From 21:00 to 23:00 a car of 11 kW takes 11 kWh by day and 11 by night, and two fees."""
    namespace.clock.advance(8 * 3600)
    session = namespace.start_at_pole(DAY, 1, ANNA)
    namespace.clock.advance(2 * 3600)
    # 0.50 and 5.72, 0.50 and 3.41.
    assert read(namespace, session) == (22_000, "10.13")


def test_idling(namespace: Namespace) -> None:
    """From half an hour after the car is full on, idling costs; the price grows with time."""
    session = namespace.start_at_pole(IDLE, 1, ANNA)
    assert read(namespace, session) == (0, "1.00")
    namespace.clock.advance(3600)
    namespace.full(IDLE, 1)
    namespace.clock.advance(1800)
    assert read(namespace, session) == (11_000, "4.29")
    namespace.clock.advance(600)
    assert read(namespace, session) == (11_000, "5.29")
    namespace.unplug(IDLE, 1)
    namespace.clock.advance(600)
    assert read(namespace, session) == (11_000, "5.29")
    bill = price(namespace.connector(IDLE, 1).tariff or {}, session.samples, session.time_zone)
    assert [str(line.amount) for line in bill.lines] == ["1.00", "4.29"]


def test_price_in_another_unit(namespace: Namespace) -> None:
    """The bounds of a tariff are in the unit of the namespace's energies."""
    made = {
        "elements": [
            {"priceComponents": {"PerKilowattHour": "0.10"}, "restrictions": {"maxEnergy": 5500}},
            {"priceComponents": {"PerKilowattHour": "0.20"}},
        ]
    }
    namespace.connector(ENERGY, 1).tariff = made
    session = namespace.start_at_pole(ENERGY, 1, ANNA)
    namespace.clock.advance(3600)
    namespace.unplug(ENERGY, 1)
    assert str(namespace.price(session)) == "1.65"
    assert str(namespace.price(session, "kWh")) == "1.10"
    assert namespace.total("Wh") == (11_000, Decimal("1.65"))


def test_drivers_are_known(namespace: Namespace) -> None:
    """A card that the namespace knows has a user, others have none."""
    assert namespace.start_at_pole(ENERGY, 1, ANNA).intent.user_id == CLEVEREV_USERS[0]
    assert namespace.start_at_pole(ENERGY, 2, "nobody").intent.user_id is None
    assert [namespace.seen(each) for each in namespace.find(user_id=CLEVEREV_USERS[0])] == [
        namespace.session("csn-00000000000100001")
    ]


@pytest.mark.parametrize(("charger_id", "connector_id"), [("nowhere", 1), (ENERGY, 3)])
def test_unknown_places(namespace: Namespace, charger_id: str, connector_id: int) -> None:
    """A place that is not there is unknown."""
    with pytest.raises(UnknownThingError):
        namespace.plug(charger_id, connector_id)
