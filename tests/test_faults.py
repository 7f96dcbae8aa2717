"""Everything the simulator can do wrong, for ten minutes, while sessions come and go."""

from datetime import datetime, timedelta
from itertools import pairwise
import logging

import pytest

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from custom_components.ev_charging_sessions.charging.model import SessionStatus
from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import EVSE, OTHER_EVSE, Home
from tests.observe import PACKAGE, complaints, downs, recoveries, sessions, times
from tests.simulator.defaults import CARDS, CLIENT_SECRET
from tests.simulator.faults import BACKEND_FAULTS, TRANSPORT_FAULTS

THIRD_EVSE = "NL*TNM*EVIRTUALCP0002*0"

HTTP_FAULTS = ("http_400", "http_401", "http_403", "http_404", "http_429", "http_500", "http_503")
ALL_FAULTS = sorted([*TRANSPORT_FAULTS, *BACKEND_FAULTS, *HTTP_FAULTS])

# Answers are read all the same, or a fresh token helps at once.
HARMLESS = {"token_revoked", "unknown_enum", "rotten_session", "stale_active"}
# The network refuses the credentials themselves.
NEEDS_PERSON = {"http_401", "token_expired"}


@pytest.fixture(autouse=True)
def _log_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    caplog.set_level(logging.INFO, PACKAGE)


async def reauthenticate(home: Home, **changes: str) -> None:
    """Do what the repair of refused credentials asks a person for."""
    flows = home.hass.config_entries.flow
    (flow,) = flows.async_progress_by_handler(DOMAIN)
    assert flow["context"]["source"] == "reauth"
    credentials = {"client_secret": CLIENT_SECRET, **changes}
    result = await flows.async_configure(flow["flow_id"], credentials)
    assert result.get("reason") == "reauth_successful", result
    await home.settle()
    assert home.entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("scope", [None, "*"], ids=["api", "all"])
@pytest.mark.parametrize("kind", ALL_FAULTS)
async def test_ten_minutes(
    home: Home, kind: str, scope: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that sessions before, through and within a fault are all in the ledger, once."""
    world = home.simulator.world
    await home.add_account(EVSE, OTHER_EVSE, THIRD_EVSE)
    runs = world.start_at_pole(EVSE, CARDS[0])
    ends = world.start_at_pole(OTHER_EVSE, CARDS[0])
    await home.run(310)
    assert home.state("sensor", "active_sessions", None).state == "2"
    caplog.clear()

    fault = home.simulator.faults.on(kind, scope=scope, seconds=600)
    await home.run(120)
    world.unplug(OTHER_EVSE)
    ended = home.simulator.clock.now()
    await home.run(120)
    begins = world.start_at_pole(THIRD_EVSE, CARDS[0])
    await home.run(365)
    if kind in NEEDS_PERSON:
        assert fault.hits > 0
        await reauthenticate(home)
    # The longest wait that is our own choice.
    await home.run(730)

    ledger = await sessions(home)
    assert ledger.keys() == {runs.session_id, ends.session_id, begins.session_id}
    assert ledger[runs.session_id].status is SessionStatus.CHARGING
    assert ledger[ends.session_id].status is SessionStatus.FINISHED
    assert _is_at(ledger[ends.session_id].ended, ended)
    assert ledger[begins.session_id].status is SessionStatus.CHARGING
    assert _is_at(ledger[begins.session_id].started, begins.started)
    assert home.state("sensor", "status", EVSE).state == "charging"
    assert home.state("sensor", "status", THIRD_EVSE).state == "charging"
    assert home.state("sensor", "active_sessions", None).state == "2"
    assert not [
        state.entity_id for state in home.hass.states.async_all() if state.state == "unavailable"
    ]
    assert not ir.async_get(home.hass).issues
    assert complaints(caplog.records) == []
    if kind in HARMLESS:
        assert not downs(caplog.records)
    else:
        assert fault.hits > 0
        assert len(downs(caplog.records)) == 1
        # A reauthentication makes a new start, of which there is nothing to recover.
        assert len(recoveries(caplog.records)) == (0 if kind in NEEDS_PERSON else 1)


@pytest.mark.parametrize("retry_after_date", [False, True])
@pytest.mark.parametrize("kind", ["http_429", "http_503"])
async def test_retry_after(home: Home, kind: str, retry_after_date: bool) -> None:
    """Test that no request at all is sent before the time the network asked for."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    home.simulator.faults.on(
        kind, scope="active", count=1, retry_after=400, retry_after_date=retry_after_date
    )
    await home.run(31)
    home.simulator.log.clear()
    asked = home.simulator.clock.now()
    status = home.state("sensor", "status").state
    assert status == ("charging" if kind == "http_429" else STATE_UNAVAILABLE)
    # Neither a person nor an automation gets past it.
    with pytest.raises(HomeAssistantError) as caught:
        await home.act("stop_session", device_id=home.device_id())
    assert caught.value.translation_key == "rate_limited"
    await home.run(365)
    assert not home.simulator.log.entries
    await home.run(60)
    waited = times(home)[0] - asked
    assert timedelta(seconds=360) <= waited <= timedelta(seconds=402)
    assert home.state("sensor", "status").state == "charging"


async def test_failure_after_failure(home: Home) -> None:
    """Test that values stand while fewer requests are wanted, and not once nobody answers."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    home.simulator.faults.on("http_429", scope="active", count=1)
    await home.run(31)
    assert home.state("sensor", "status").state == "charging"
    home.simulator.faults.on("http_503")
    await home.run(120)
    assert home.state("sensor", "status").state == STATE_UNAVAILABLE
    assert home.state("sensor", "active_sessions", None).state == "1"
    assert home.state("sensor", "session_started").state != STATE_UNAVAILABLE
    home.simulator.faults.off()
    home.simulator.faults.on("http_429", scope="active")
    await home.run(700)
    assert home.state("sensor", "status").state == "charging"


async def test_back_off(home: Home) -> None:
    """Test that the waits of a long outage grow, and stay below a quarter of an hour."""
    await home.add_account(EVSE)
    home.simulator.faults.on("http_500")
    await home.run(310)
    home.simulator.log.clear()
    await home.run(4 * 3600)
    waits = _gaps_of_active(home)
    for wait, expected in zip(waits, [60, 120, 240, 480, 600, 600], strict=False):
        assert 0.75 * expected <= wait <= 1.25 * expected
    assert max(waits) <= 725
    # Jitter: no two homes knock in step.
    assert len({round(wait) for wait in waits[4:]}) > 3


def _gaps_of_active(home: Home) -> list[float]:
    moments = times(home, "active")
    return [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]


async def test_issue_of_an_outage(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Test the repair issue of an outage: not before an hour, and gone with the recovery."""
    await home.add_account(EVSE)
    caplog.clear()
    issue_id = f"backend_unavailable_{home.entry.entry_id}"
    issues = ir.async_get(home.hass)
    home.simulator.faults.on("reset", scope="*")
    await home.run(3500)
    assert issues.async_get_issue(DOMAIN, issue_id) is None
    await home.run(1700)
    issue = issues.async_get_issue(DOMAIN, issue_id)
    assert issue
    assert issue.translation_key == "backend_unavailable"
    assert len(downs(caplog.records)) == 1
    home.simulator.faults.off()
    await home.run(730)
    assert issues.async_get_issue(DOMAIN, issue_id) is None
    assert len(recoveries(caplog.records)) == 1


async def test_issue_goes_with_the_account(home: Home) -> None:
    """Test that no issue of an account outlives it."""
    await home.add_account(EVSE)
    home.simulator.faults.on("http_503")
    await home.run(5200)
    assert ir.async_get(home.hass).issues
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    await home.settle()
    assert not ir.async_get(home.hass).issues


async def test_issue_of_a_rotten_session(home: Home) -> None:
    """Test that a session that cannot be read hides no other, and is told by path alone."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    good = home.simulator.world.start_at_pole(OTHER_EVSE, CARDS[0])
    home.simulator.faults.on("rotten_session")
    await home.run(310)
    ledger = await sessions(home)
    assert ledger.keys() == {good.session_id}
    assert home.state("sensor", "status", OTHER_EVSE).state == "charging"
    issue_id = f"unexpected_answer_{home.entry.entry_id}"
    issue = ir.async_get(home.hass).async_get_issue(DOMAIN, issue_id)
    assert issue
    assert issue.translation_placeholders
    assert issue.translation_placeholders["path"] == "data[].startedAt"
    home.simulator.faults.off()
    await home.run(60)
    assert ir.async_get(home.hass).async_get_issue(DOMAIN, issue_id) is None
    assert len(await sessions(home)) == 2


async def test_issue_of_one_card_among_many(home: Home) -> None:
    """Test that the issue of one card's session does not come and go with the others' turns."""
    await home.add_account(EVSE)
    await home.add_subentry("charge_card", identifier=CARDS[1], alias="Family")
    home.simulator.world.start_at_pole(EVSE, CARDS[1])
    home.simulator.faults.on("rotten_session")
    await home.run(700)
    issue_id = f"unexpected_answer_{home.entry.entry_id}"
    for _ in range(6):
        assert ir.async_get(home.hass).async_get_issue(DOMAIN, issue_id)
        await home.run(300)


async def test_one_refused_look_up(home: Home) -> None:
    """Test that a session that cannot be retrieved hides no news of the others."""
    await home.add_account(EVSE)
    gone = home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.run(310)
    home.simulator.faults.on("http_400", scope="retrieve")
    home.simulator.world.unplug(EVSE)
    home.simulator.world.start_at_pole(OTHER_EVSE, CARDS[0])
    await home.run(120)
    assert home.state("sensor", "status", OTHER_EVSE).state == "charging"
    assert (await sessions(home))[gone.session_id].is_open
    home.simulator.faults.off()
    await home.run(60)
    assert (await sessions(home))[gone.session_id].status is SessionStatus.FINISHED


async def test_refused_command_starts_reauthentication(home: Home) -> None:
    """Test that a command that meets refused credentials asks a person for new ones."""
    await home.add_account(EVSE)
    home.simulator.world.plug(EVSE)
    home.simulator.faults.on("http_401")
    with pytest.raises(HomeAssistantError) as caught:
        await home.act("start_session", device_id=home.device_id())
    assert caught.value.translation_key == "authentication_failed"
    home.simulator.faults.off()
    await reauthenticate(home)


async def test_look_ups_that_hang(home: Home) -> None:
    """Test that charge points that cannot be looked up do not hold up commands."""
    await home.add_account(EVSE, OTHER_EVSE, THIRD_EVSE)
    await home.run(3400)
    home.simulator.world.plug(EVSE)
    home.simulator.faults.on("stall", scope="location")
    await home.run(320)
    began = home.simulator.clock.now()
    await home.act("start_session", device_id=home.device_id())
    assert home.simulator.clock.now() - began <= timedelta(seconds=45)
    assert home.state("sensor", "status").state == "charging"


def _is_at(told: datetime | None, true: datetime | None) -> bool:
    # The network prints whole seconds.
    return told is not None and true is not None and abs(told - true) < timedelta(seconds=1)
