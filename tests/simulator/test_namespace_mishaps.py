"""Tests of what breaks in a namespace, and of chargers that nobody hears of."""

from datetime import timedelta

import pytest

from .cleverev_client import DAY, ENERGY, IDLE, START
from .namespace import Namespace
from .namespace_model import RefusedCommandError, Status, StopReason
from .test_namespace import ANNA, read, status


@pytest.mark.parametrize("outage", ["Faulted", "Unavailable", "Reserved"])
def test_outages(namespace: Namespace, outage: str) -> None:
    """A connector that does not work makes no session, whoever wants one."""
    namespace.set_outage(ENERGY, 1, outage)
    assert status(namespace) == outage
    with pytest.raises(RefusedCommandError, match=outage):
        namespace.start(ENERGY, 1)
    with pytest.raises(RefusedCommandError, match=outage):
        namespace.start_at_pole(ENERGY, 1, ANNA)
    assert namespace.plug(ENERGY, 1, id_tag=ANNA) is None
    assert status(namespace) == outage
    namespace.set_outage(ENERGY, 1, None)
    assert status(namespace) is Status.PREPARING


def test_fault(namespace: Namespace) -> None:
    """A fault ends the session of its connector and no other, or lets it go on without energy."""
    first = namespace.start_at_pole(ENERGY, 1, ANNA)
    second = namespace.start_at_pole(ENERGY, 2, ANNA)
    third = namespace.start_at_pole(IDLE, 1, ANNA)
    namespace.clock.advance(3600)
    namespace.fault(ENERGY, 1)
    namespace.fault(IDLE, 1, "OverVoltage", reason=None)
    assert (first.status, first.stop_reason, first.energy) == ("Stopped", StopReason.OTHER, 11_000)
    assert (second.status, status(namespace, ENERGY, 2)) == ("Started", Status.CHARGING)
    assert (third.status, status(namespace, IDLE)) == ("Started", Status.FAULTED)
    assert namespace.charger(IDLE).error == "OverVoltage"
    namespace.clock.advance(3600)
    assert read(namespace, third)[0] == 11_000
    namespace.set_outage(IDLE, 1, None)
    assert namespace.charger(IDLE).error is None
    assert status(namespace, IDLE) is Status.CHARGING
    namespace.fault(ENERGY, 2, reason="EmergencyStop")
    assert second.stop_reason is StopReason.EMERGENCY_STOP
    namespace.set_outage(ENERGY, 1, None)
    assert namespace.charger(ENERGY).error


def test_offline(namespace: Namespace) -> None:
    """What happens at a charger that is offline is known when it is back."""
    old = namespace.start_at_pole(ENERGY, 1, ANNA)
    over = namespace.start_at_pole(ENERGY, 2, ANNA)
    namespace.unplug(ENERGY, 2)
    namespace.clock.advance(3600)
    namespace.set_online(ENERGY, online=False)
    namespace.set_online(ENERGY, online=False)
    namespace.clock.advance(3600)
    namespace.unplug(ENERGY, 1)
    new = namespace.start_at_pole(ENERGY, 2, ANNA)
    assert namespace.find() == [old.number, over.number]
    assert namespace.find(status="Started") == [old.number]
    seen = namespace.seen(old.number)
    assert seen
    assert (seen.status, seen.energy, str(namespace.price(seen))) == ("Started", 11_000, "4.95")
    assert namespace.seen(new.number) is None
    with pytest.raises(RefusedCommandError, match="offline"):
        namespace.start(ENERGY, 1)
    with pytest.raises(RefusedCommandError, match="offline"):
        namespace.stop(new.id)
    namespace.set_online(ENERGY)
    assert namespace.find() == [old.number, over.number, new.number]
    assert namespace.find(status="Started") == [new.number]
    seen = namespace.seen(old.number)
    assert seen
    assert (seen.status, seen.energy) == ("Stopped", 22_000)
    assert seen.stopped == START + timedelta(hours=2)


def test_power_loss(namespace: Namespace) -> None:
    """Without power a session ends, which is known when the power is back."""
    session = namespace.start_at_pole(DAY, 1, ANNA)
    namespace.clock.advance(1800)
    namespace.lose_power(DAY)
    assert namespace.find(status="Started") == [session.number]
    namespace.clock.advance(600)
    namespace.set_online(DAY)
    assert (session.stop_reason, session.stopped) == (
        StopReason.POWER_LOSS,
        START + timedelta(minutes=30),
    )
    assert status(namespace, DAY) is Status.FINISHING
