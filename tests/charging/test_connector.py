"""When sessions begin and end at a connector of ours, and what they are in between."""

from collections.abc import Callable
from uuid import UUID

import pytest

from custom_components.ev_charging_sessions.charging.connector import (
    Authorization,
    Connector,
)
from custom_components.ev_charging_sessions.charging.errors import ConnectorBusyError
from custom_components.ev_charging_sessions.charging.model import (
    CardType,
    ChargePointStatus,
    SessionStatus,
)

from .answers import at
from .connector_bench import ACCOUNT, EVSE, GUEST, Bench, arrive, charging

STARTING = SessionStatus.STARTING
CONNECTED = SessionStatus.CONNECTED
SUSPENDED = SessionStatus.SUSPENDED
CHARGING = SessionStatus.CHARGING
FINISHED = SessionStatus.FINISHED
FAILED = SessionStatus.FAILED
AVAILABLE = ChargePointStatus.AVAILABLE
OCCUPIED = ChargePointStatus.OCCUPIED
OFFLINE = ChargePointStatus.OFFLINE


def test_before_it_was_ever_seen() -> None:
    """Test that nothing is known of a connector, and time tells nothing, before it is seen."""
    connector = Connector(ACCOUNT, EVSE, has_plug=True)
    assert connector.status is None
    assert not connector.tick(at(600))
    assert (connector.status, connector.session, connector.changed()) == (None, None, None)
    assert not connector.must_be_off


def test_an_id_is_an_id_everywhere() -> None:
    """Test that no two sessions in the world have the same id."""
    ids = {Connector(ACCOUNT, EVSE, has_plug=True).begin(GUEST, at(0)).session_id for _ in range(9)}
    assert len({UUID(session_id) for session_id in ids}) == 9


def test_the_life_of_a_session(bench: Bench) -> None:
    """Test a session that the network starts and stops, step by step."""
    arrive(bench, 1)
    session = bench.begin(2)
    assert session == bench.session
    assert (session.account, session.session_id) == (ACCOUNT, "s1")
    assert (session.charge_point_id, session.card_id) == (EVSE, "04523022AA4881")
    assert (session.status, session.ended, session.stop_reason) == (STARTING, None, None)
    assert session.started == (at(1) if bench.has_plug else at(2))
    assert bench.details.card_type is CardType.RFID
    assert bench.details.payment_reference == "P1"
    assert session.updated == at(2)
    assert bench.see(3, is_on=True)
    assert (bench.session.status, bench.session.updated) == (CONNECTED, at(3))
    assert bench.see(4, reading=100.1)
    assert (bench.session.status, bench.session.updated) == (CHARGING, at(4))
    assert not bench.see(5, reading=100.2)
    assert bench.session.updated == at(5)
    ended = bench.end(6)
    assert (ended.status, ended.ended, ended.stop_reason) == (FINISHED, at(6), "remote")
    assert (ended.energy, ended.updated, ended.error_code) == (0.2, at(6), None)
    assert bench.told == {"s1": ended}
    assert bench.connector.must_be_off
    assert bench.see(6.1, is_on=False)
    assert not bench.connector.must_be_off


def test_a_stop_that_is_announced(bench: Bench) -> None:
    """Test that a session ends for the reason that was announced when its switch goes off."""
    charging(bench)
    bench.connector.will_end("remote")
    assert bench.see(5, is_on=False)
    bench.connector.will_end(None)
    assert (bench.session.status, bench.session.stop_reason) == (FINISHED, "remote")
    assert bench.end(5.1, "local").stop_reason == "remote"
    assert not bench.connector.must_be_off


def test_a_stop_that_was_announced_in_vain(plain: Bench) -> None:
    """Test that what was announced says nothing of what happens after it was called off."""
    charging(plain)
    plain.connector.will_end("remote")
    plain.connector.will_end(None)
    plain.see(5, is_on=False)
    assert plain.session.stop_reason == "switched_off"


def test_a_stop_before_anything_flowed(bench: Bench) -> None:
    """Test that a session that is only starting can be stopped."""
    bench.begin(2)
    ended = bench.end(2.5)
    assert (ended.status, ended.ended, ended.energy) == (FINISHED, at(2.5), 0.0)


@pytest.mark.parametrize("status", [STARTING, CHARGING])
def test_busy(bench: Bench, status: SessionStatus) -> None:
    """Test that nobody can begin while a session is open, and that nothing changes by it."""
    if status is CHARGING:
        charging(bench)
    else:
        bench.begin(2)
    before = bench.session
    with pytest.raises(ConnectorBusyError) as err:
        bench.begin(5, Authorization(card_id="other"))
    assert err.value.key == "connector_busy"
    assert before.status is status
    assert bench.session is before
    assert "other" not in str(err.value)


def test_nobody_reads_who_charges() -> None:
    """Test that neither a card nor a reference shows where an authorization is printed."""
    assert repr(GUEST) == "Authorization(card_type=<CardType.RFID: 'rfid'>)"


@pytest.mark.parametrize("finish", [Connector.end, Connector.fail])
def test_nothing_to_end(bench: Bench, finish: Callable[..., object]) -> None:
    """Test that only what has begun can end, and that it ends once."""
    with pytest.raises(ValueError, match="No session"):
        finish(bench.connector, at(5), "remote")
    charging(bench)
    ended = bench.end(5, "local")
    assert finish(bench.connector, at(6), "other") is ended


def test_it_could_not_be_started(bench: Bench) -> None:
    """Test that a start that came to nothing says why, and is no session that ended well."""
    bench.begin(2)
    failed = bench.connector.fail(at(3), "switch_failed")
    assert (failed.status, failed.error_code, failed.stop_reason) == (
        FAILED,
        "switch_failed",
        None,
    )
    assert (failed.ended, failed.reason) == (at(3), "switch_failed")
    assert not bench.connector.must_be_off


def test_a_switch_that_obeys_too_late(bench: Bench) -> None:
    """Test that a switch that comes on after its start was given up is turned off again."""
    arrive(bench, 1)
    bench.begin(2)
    bench.connector.fail(at(3), "switch_timed_out")
    bench.see(3.5)
    bench.see(4, is_on=True)
    assert (bench.connector.must_be_off, bench.session.is_open) == (True, False)
    bench.see(4.1, is_on=False)
    bench.see(8, is_on=False)
    bench.see(9, is_on=True)
    assert (bench.connector.must_be_off, bench.session.is_open) == (False, True)
    assert bench.session.card_id is None


def test_plugged_in_after_the_start(plug: Bench) -> None:
    """Test that a guest may first use his card and then plug in."""
    plug.begin(2)
    plug.see(3, is_on=True)
    assert plug.session.status is STARTING
    plug.tick(6.9)
    assert plug.see(6.95, is_plugged=True)
    assert (plug.session.status, plug.session.started) == (CONNECTED, at(2))
    plug.tick(8)
    assert plug.session.status is CONNECTED


def test_nobody_plugs_in(plug: Bench) -> None:
    """Test that a connector does not wait for ever for who has been let in."""
    plug.begin(2)
    plug.see(3, is_on=True)
    assert not plug.tick(6.9)
    assert plug.tick(7)
    assert (plug.session.status, plug.session.reason) == (FAILED, "not_plugged_in")
    assert plug.session.ended == at(7)
    assert plug.connector.must_be_off


def test_nobody_knows_whether_somebody_plugs_in(plug: Bench) -> None:
    """Test that energy shows that a car is there when the plug sensor says nothing."""
    plug.begin(2)
    plug.see(3, is_on=True, is_plugged=None)
    plug.tick(6.9)
    assert plug.session.status is STARTING
    plug.see(6.95, reading=100.2)
    plug.tick(30)
    assert plug.session.status is SUSPENDED


@pytest.mark.parametrize("is_on", [True, False, None])
def test_a_start_that_nobody_can_see(bench: Bench, *, is_on: bool | None) -> None:
    """Test that a start of which nothing is seen does not block the connector for days."""
    bench.begin(2)
    bench.see(3, is_on=is_on, is_plugged=None)
    bench.tick(6.9)
    if is_on and not bench.has_plug:
        assert bench.session.status is CONNECTED
        return
    assert bench.session.status is STARTING
    assert bench.tick(7)
    assert (bench.session.status, bench.session.reason) == (FAILED, "not_started")
    assert (bench.session.ended, bench.connector.must_be_off) == (at(7), is_on is True)


def test_a_car_without_current(plug: Bench) -> None:
    """Test that a start fails over a restart too when its switch never comes on."""
    plug.see(1, is_plugged=True)
    plug.begin(2)
    plug.restart(3)
    plug.tick(7)
    assert plug.session.reason == "not_started"


def test_energy_while_the_switch_is_not_known(plain: Bench) -> None:
    """Test that energy that flows shows that a start has come about."""
    plain.see(1, is_on=None)
    plain.begin(2)
    plain.see(3, reading=100.2)
    assert plain.session.status is CHARGING


def test_energy_while_the_switch_is_off(bench: Bench) -> None:
    """Test that a meter that is late does not start a session whose switch is off."""
    arrive(bench, 1)
    bench.begin(2)
    bench.see(3, reading=100.2)
    assert (bench.session.status, bench.session.energy) == (STARTING, 0.2)
