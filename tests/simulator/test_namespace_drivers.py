"""Tests of the drivers who come to the chargers of a namespace by themselves."""

from .autopilot import Autopilot
from .cleverev_client import ENERGY, FAST, IDLE, START
from .clock import Clock
from .defaults import (
    CLEVEREV_ID_TAGS,
    default_namespace,
    default_world,
)
from .namespace import Namespace
from .namespace_drivers import NamespaceDrivers
from .namespace_model import Status
from .test_namespace import ANNA, status


def _an_hour(seed: int) -> list[tuple[str, int, str, str]]:
    namespace = default_namespace(Clock(START))
    NamespaceDrivers(namespace, seed=seed).start()
    namespace.clock.advance(3600)
    known = [namespace.seen(each) for each in namespace.find()]
    return [
        (each.charger_id, each.connector_id, each.intent.id_tag, each.status)
        for each in known
        if each
    ]


def test_drivers() -> None:
    """In an hour dozens of cars come and go, always the same, and two stay."""
    stays = _an_hour(1)
    assert stays[0] == (ENERGY, 2, ANNA, "Started")
    assert (ENERGY, 1) not in {each[:2] for each in stays}
    assert len([each for each in stays if each[3] == "Stopped"]) > 20
    assert {each[2] for each in stays} == set(CLEVEREV_ID_TAGS)
    assert stays == _an_hour(1)
    assert stays != _an_hour(2)


def test_drivers_are_part_of_the_autopilot(namespace: Namespace) -> None:
    """When nobody else comes all leave, but for the one who stays and the one who waits."""
    autopilot = Autopilot(default_world(namespace.clock), None, namespace)
    autopilot.start()
    autopilot.start()
    assert status(namespace) is Status.PREPARING
    namespace.clock.advance(1200)
    # Somebody else may pull a plug, or break something.
    busy = next(each for each in namespace.find(status="Started") if each != 100_001)
    session = namespace.archive.get(busy)
    namespace.unplug(session.charger_id, session.connector_id)
    namespace.fault(IDLE, 1)
    namespace.set_online(FAST, online=False)
    namespace.clock.advance(1200)
    autopilot.stop()
    namespace.clock.advance(1200)
    namespace.set_online(FAST)
    assert namespace.find(status="Started") == [100_001]
