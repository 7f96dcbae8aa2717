"""Which charge points are looked up, when, and what is shown of those that cannot be."""

import asyncio
from collections.abc import Callable

import pytest

from custom_components.ev_charging_sessions.charging.charge_points import (
    LOOK_UP_INTERVAL,
    LOOK_UPS_PER_POLL,
    STATUS_EXPIRES,
    ChargePoints,
)
from custom_components.ev_charging_sessions.charging.errors import AuthenticationError
from custom_components.ev_charging_sessions.charging.model import ChargePoint, ChargePointStatus

from .driver import EVSE, OTHER_EVSE, Driver

HOUR = LOOK_UP_INTERVAL.total_seconds()


def everywhere(_charge_point_id: str) -> bool:
    """Take every charge point for one that is in use."""
    return True


def nowhere(_charge_point_id: str) -> bool:
    """Take every charge point for one that was only visited."""
    return False


async def look_up(
    driver: Driver, points: ChargePoints, is_in_use: Callable[[str], bool] = everywhere
) -> None:
    """Do what a poll does at its end."""
    now = driver.simulator.clock.now()
    points.expire(now)
    await points.look_up(points.due(now, is_in_use), now)


@pytest.fixture
def points(driver: Driver) -> ChargePoints:
    """Return the charge points of an account that shows none yet."""
    return ChargePoints(driver.backend)


def crowd(driver: Driver, points: ChargePoints, count: int) -> list[str]:
    """Show that many charge points, and return their ids in the order of the alphabet."""
    evse_ids = sorted(each.evse_id for each in driver.simulator.world.populate(count, "nobody"))
    points.add(evse_ids)
    return evse_ids


def known(points: ChargePoints) -> set[str]:
    """Return the charge points that a look-up has found out about."""
    return {each.charge_point_id for each in points.by_id.values() if each.updated}


async def test_refused_credentials(driver: Driver, points: ChargePoints) -> None:
    """Test that credentials that are refused are told, for only a person can mend them."""
    points.add([EVSE, OTHER_EVSE])
    driver.simulator.faults.on("http_401", scope="locations")
    with pytest.raises(AuthenticationError):
        await look_up(driver, points)
    # Once with the token at hand and once with a fresh one; the second charge point is spared.
    assert driver.sent("locations") == 2
    assert not known(points)


@pytest.mark.parametrize(("fault", "asked"), [("http_400", 2), ("http_500", 1), ("http_429", 1)])
async def test_failures_fail_no_poll(
    driver: Driver, points: ChargePoints, fault: str, asked: int
) -> None:
    """Test that a refusal leaves the next one its turn, and a network in trouble is left alone."""
    points.add([EVSE, OTHER_EVSE])
    driver.simulator.faults.on(fault, scope="locations")
    await look_up(driver, points)
    assert driver.sent("locations") == asked
    assert set(points.by_id) == {EVSE, OTHER_EVSE}


async def test_removed_meanwhile(driver: Driver, points: ChargePoints) -> None:
    """Test that a person who removes a charge point during its look-up is not overruled."""
    points.add([EVSE])
    stall = driver.simulator.faults.on("stall_answer", scope="location")
    task = driver.spawn(look_up(driver, points))
    await driver.until(lambda: stall.hits)
    points.drop(EVSE)
    driver.simulator.faults.off()
    async with asyncio.timeout(5):
        await task
    assert not points.by_id


async def test_a_status_expires(driver: Driver, points: ChargePoints) -> None:
    """Test that a status stands for two hours without news, and all else for ever."""
    points.add([EVSE])
    await look_up(driver, points)
    found = points.by_id[EVSE]
    assert found.status is ChargePointStatus.AVAILABLE
    driver.simulator.faults.on("http_500", scope="location")
    passed = 0.0
    while passed < STATUS_EXPIRES.total_seconds():
        driver.tick(HOUR)
        passed += HOUR
        await look_up(driver, points)
        assert points.by_id[EVSE] == found
    driver.tick(HOUR)
    await look_up(driver, points)
    shown = points.by_id[EVSE]
    assert (shown.status, shown.updated) == (None, found.updated)
    assert (shown.operator, shown.max_power) == (found.operator, found.max_power)
    driver.simulator.faults.off()
    driver.tick(HOUR)
    await look_up(driver, points)
    assert points.by_id[EVSE].status is ChargePointStatus.AVAILABLE


async def test_a_status_that_the_network_no_longer_tells(
    driver: Driver, points: ChargePoints
) -> None:
    """Test that a charge point that a network has forgotten loses its status no sooner."""
    points.add([EVSE])
    await look_up(driver, points)
    driver.simulator.faults.on("http_404", scope="location")
    driver.simulator.faults.on("http_404", scope="locations")
    driver.tick(HOUR)
    await look_up(driver, points)
    assert points.by_id[EVSE].status is ChargePointStatus.AVAILABLE
    driver.tick(2 * HOUR)
    await look_up(driver, points)
    assert points.by_id[EVSE].status is None


async def test_a_few_at_a_time(driver: Driver, points: ChargePoints) -> None:
    """Test that a poll looks up four, so that commands find requests left in the budget."""
    evse_ids = crowd(driver, points, 2 * LOOK_UPS_PER_POLL + 1)
    assert LOOK_UPS_PER_POLL == 4
    for asked in (4, 8, 9, 9):
        await look_up(driver, points)
        assert known(points) == set(evse_ids[:asked])
        assert driver.sent("location") == asked
        driver.tick(60)


async def test_the_longest_waiting_first(driver: Driver, points: ChargePoints) -> None:
    """Test that no charge point waits for its turn for ever, whatever its name."""
    evse_ids = crowd(driver, points, LOOK_UPS_PER_POLL + 2)
    first, last = evse_ids[:LOOK_UPS_PER_POLL], evse_ids[LOOK_UPS_PER_POLL:]
    await look_up(driver, points)
    driver.tick(60)
    await look_up(driver, points)
    # Now those that came first alone are due, and one that has never been looked up.
    points.add([OTHER_EVSE])
    driver.tick(HOUR - 60)
    before = dict(points.by_id)
    await look_up(driver, points)
    assert changed(before, points) == {OTHER_EVSE, *first[: LOOK_UPS_PER_POLL - 1]}
    driver.tick(60)
    before = dict(points.by_id)
    await look_up(driver, points)
    assert changed(before, points) == {first[-1], *last}


def changed(before: dict[str, ChargePoint], points: ChargePoints) -> set[str]:
    """Return the charge points that were looked up since then."""
    return {each for each, point in points.by_id.items() if point is not before[each]}


async def test_once_an_hour(driver: Driver, points: ChargePoints) -> None:
    """Test that a look-up holds for an hour, unless something has happened there."""
    points.add([EVSE])
    await look_up(driver, points)
    driver.tick(HOUR - 1)
    await look_up(driver, points)
    assert driver.sent("location") == 1
    points.look_up_soon(EVSE)
    await look_up(driver, points)
    assert driver.sent("location") == 2
    driver.tick(HOUR)
    await look_up(driver, points)
    assert driver.sent("location") == 3


async def test_a_visit_is_looked_up_once(driver: Driver, points: ChargePoints) -> None:
    """Test that a charge point that was only visited costs no request ever after."""
    points.add([EVSE])
    for _ in range(3):
        await look_up(driver, points, nowhere)
        driver.tick(HOUR)
    assert driver.sent("location") == 1
    await look_up(driver, points)
    assert driver.sent("location") == 2


def test_shown_once(points: ChargePoints) -> None:
    """Test that to show a charge point again does not forget what is known of it."""
    found = ChargePoint(charge_point_id=EVSE, operator="TheNewMotion")
    points.by_id[EVSE] = found
    points.add([EVSE, OTHER_EVSE])
    assert points.by_id == {EVSE: found, OTHER_EVSE: ChargePoint(charge_point_id=OTHER_EVSE)}
    points.drop(OTHER_EVSE)
    points.drop(OTHER_EVSE)
    assert points.by_id == {EVSE: found}
