"""Tests of CleverEV's polls, against the simulator."""

from copy import replace
from datetime import timedelta
from decimal import Decimal

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.model import (
    ChargePointStatus,
    OcppStatus,
    SessionStatus,
    Source,
    Station,
)
from tests.conftest import START
from tests.simulator import Simulator

from .cleverev_owner import DEPOT, GARAGE, HOTEL, POINT, TAG, NamespaceOwner

STARTED = ("list_sessions", "skip=0&take=100&status=Started")
HEAD = ("list_sessions", "skip=0&take=20&status=Stopped")
CHARGERS = ("chargers", "page=1&per_page=100")
DAY = 86400


@pytest.fixture
async def owner(
    simulator: Simulator, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> NamespaceOwner:
    """Return an account whose clock moves together with that of the simulator."""
    freezer.move_to(START)
    return NamespaceOwner(simulator, http, freezer)


async def test_the_life_of_a_session(owner: NamespaceOwner) -> None:
    """Test a session from its start to its end: what each poll tells, to the watt-hour."""
    assert (await owner.poll()).sessions == ()
    made = owner.namespace.start_at_pole(HOTEL, 1, TAG)
    owner.tick(600)
    (session,) = (await owner.poll()).sessions
    assert session.session_id == made.id
    assert (session.charge_point_id, session.card_id) == (POINT, TAG)
    assert (session.status, session.started) == (SessionStatus.CHARGING, START)
    assert (session.energy, session.energy_source) == (1.833, Source.METERED)
    owner.tick(3000)
    owner.namespace.unplug(HOTEL, 1)
    (session,) = (await owner.poll()).sessions
    assert (session.status, session.energy) == (SessionStatus.FINISHED, 11.0)
    assert session.ended == START + timedelta(hours=1)
    assert session.cost
    assert (session.cost.amount, session.cost.currency) == (Decimal("4.95"), "EUR")
    assert session.stop_reason == "EVDisconnected"
    assert (await owner.poll()).sessions == ()


async def test_what_a_poll_asks(owner: NamespaceOwner) -> None:
    """Test that a poll costs three requests, and that nothing is told twice."""
    owner.namespace.populate(60)
    owner.namespace.start_at_pole(HOTEL, 1, TAG)
    assert len((await owner.poll()).sessions) == 61
    owner.asked()
    for _ in range(3):
        answer = await owner.poll()
        assert (answer.sessions, answer.charge_points, answer.listed) == ((), (), None)
        assert owner.asked() == [STARTED, HEAD, CHARGERS]
        owner.tick(1)


async def test_a_legacy_poll(owner: NamespaceOwner) -> None:
    """Test that the legacy generation is never asked for more than its list."""
    owner.settings.offers = "legacy"
    owner.restart(api_generation="legacy")
    owner.namespace.populate(10)
    answer = await owner.poll()
    assert (len(answer.sessions), answer.listed, answer.unreadable) == (10, None, ())
    assert {name for name, _ in owner.asked()} == {"list_sessions"}


async def test_the_status_follows_the_connector(owner: NamespaceOwner) -> None:
    """Test that a pause shows at once, with a time stamp that lets it take effect."""
    made = owner.namespace.start_at_pole(HOTEL, 1, TAG)
    assert await owner.states() == [(made.id, SessionStatus.CHARGING)]
    owner.tick(90)
    owner.namespace.pause(HOTEL, 1)
    assert await owner.states() == [(made.id, SessionStatus.SUSPENDED)]
    assert owner.sessions[made.id].updated == START + timedelta(seconds=90)
    assert owner.points[POINT].ocpp_status is OcppStatus.SUSPENDED_EVSE
    owner.tick(5)
    owner.namespace.pause(HOTEL, 1, paused=False)
    assert await owner.states() == [(made.id, SessionStatus.CHARGING)]
    owner.tick(5)
    owner.namespace.full(HOTEL, 1)
    assert await owner.states() == [(made.id, SessionStatus.SUSPENDED)]
    assert owner.points[POINT].ocpp_status is OcppStatus.SUSPENDED_EV
    owner.tick(5)
    owner.namespace.end(made.id)
    assert await owner.states() == [(made.id, SessionStatus.FINISHED)]
    assert owner.points[POINT].ocpp_status is OcppStatus.FINISHING


async def test_the_status_follows_the_meter(owner: NamespaceOwner) -> None:
    """Test that without chargers only the meter shows whether energy flows."""
    owner.restart(api_generation="legacy")
    made = owner.namespace.start_at_pole(HOTEL, 1, TAG)
    assert await owner.states() == [(made.id, SessionStatus.CONNECTED)]
    owner.tick(60)
    assert await owner.states() == [(made.id, SessionStatus.CHARGING)]
    owner.restart(api_generation="legacy")
    assert await owner.states() == [(made.id, SessionStatus.CHARGING)]
    owner.namespace.pause(HOTEL, 1)
    owner.tick(60)
    assert await owner.states() == [(made.id, SessionStatus.SUSPENDED)]
    assert await owner.states() == []
    owner.namespace.pause(HOTEL, 1, paused=False)
    owner.tick(60)
    assert await owner.states() == [(made.id, SessionStatus.CHARGING)]


async def test_charge_points(owner: NamespaceOwner) -> None:
    """Test what is told of the connectors, and that only news are told again."""
    answer = await owner.poll()
    assert answer.listed == {*owner.points}
    assert len(owner.points) == 6
    garage, hotel = owner.points[f"{GARAGE}-1"], owner.points[POINT]
    assert (garage.name, hotel.name) == ("Hotel Garage", "Hotel Entrance 1 1")
    assert garage.station == Station(
        station_id=GARAGE,
        name="Hotel Garage",
        vendor="Simulated",
        model="AC Duo 22",
        firmware="1.4.2",
    )
    assert (garage.status, garage.ocpp_status) == (
        ChargePointStatus.AVAILABLE,
        OcppStatus.AVAILABLE,
    )
    assert (garage.connector_type, garage.max_power, garage.max_current) == ("type2", 22.0, 32.0)
    assert owner.points[f"{DEPOT}-1"].connector_type == "ccs2"
    assert garage.updated == START
    owner.tick(600)
    owner.namespace.plug(GARAGE, 1)
    (point,) = (await owner.poll()).charge_points
    assert (point.status, point.ocpp_status) == (ChargePointStatus.OCCUPIED, OcppStatus.PREPARING)
    assert point.updated == START + timedelta(seconds=600)
    assert await owner.backend.charge_point(f"{GARAGE}-1") == point
    assert await owner.backend.charge_point("nowhere-1") is None
    owner.namespace.set_online(GARAGE, online=False)
    (point,) = (await owner.poll()).charge_points
    assert point.status is ChargePointStatus.OFFLINE


async def test_it_ended_while_nobody_looked(owner: NamespaceOwner) -> None:
    """Test that a session which ended long ago is found, however many came after it."""
    made = owner.namespace.start_at_pole(HOTEL, 1, TAG)
    await owner.poll()
    owner.restart()
    owner.tick(3600)
    owner.namespace.unplug(HOTEL, 1)
    owner.tick(30 * DAY)
    assert await owner.states() == [(made.id, SessionStatus.FINISHED)]
    assert owner.sessions[made.id].energy == 11.0


@pytest.mark.parametrize("generation", ["current", "legacy"])
async def test_an_open_session_that_no_list_holds(owner: NamespaceOwner, generation: str) -> None:
    """Test that a session which ended behind the head of the list is looked up."""
    owner.restart(api_generation=generation)
    made = owner.namespace.start_at_pole(HOTEL, 1, TAG)
    owner.namespace.unplug(HOTEL, 1)
    for _ in range(25):
        owner.tick(60)
        owner.namespace.start_at_pole(GARAGE, 1, TAG)
        owner.namespace.unplug(GARAGE, 1)
    await owner.poll()
    open_session = replace(owner.sessions[made.id], status=SessionStatus.CHARGING, ended=None)
    owner.sessions[made.id] = open_session
    owner.asked()
    assert await owner.states() == [(made.id, SessionStatus.FINISHED)]
    by_list = ("list_sessions", f"skip=0&take=100&chargerId={HOTEL}&status=Stopped")
    by_id = ("get_session", "")
    asked = owner.asked()
    assert asked[-1] == (by_id if generation == "current" else by_list)
    assert await owner.states() == []
    # So is one whose late meter values somebody waits for.
    assert await owner.states(made.id) == []
    assert len(owner.asked()) == 2 * len(asked) - 1
