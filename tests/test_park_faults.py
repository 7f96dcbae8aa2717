"""Everything the simulator can do wrong, for ten minutes, while cars charge in a park."""

from datetime import datetime, timedelta
import logging

import pytest

from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import issue_registry as ir

from custom_components.ev_charging_sessions.charging.model import SessionStatus, Source
from custom_components.ev_charging_sessions.const import DOMAIN
from tests.home import Home
from tests.observe import PACKAGE, complaints, downs, recoveries, sessions, times
from tests.simulator.defaults import SMAPPEE_CLIENT_SECRET, SMAPPEE_PASSWORD
from tests.simulator.faults import BACKEND_FAULTS, TRANSPORT_FAULTS
from tests.simulator.park_meter import shown
from tests.simulator.park_model import ParkSession

HTTP_FAULTS = ("http_400", "http_401", "http_403", "http_404", "http_429", "http_500", "http_503")
# No good answer of Smappee says that something failed.
ALL_FAULTS = sorted({*TRANSPORT_FAULTS, *BACKEND_FAULTS, *HTTP_FAULTS} - {"failed_status"})

# Answers are read all the same, or a fresh token helps at once.
HARMLESS = {"token_revoked", "unknown_enum", "rotten_session", "stale_active"}
# The network refuses the credentials themselves.
NEEDS_PERSON = {"http_401", "token_expired"}

# What is wrong with answers about sessions does not concern a sign-in.
CASES = [
    (kind, scope)
    for scope in ("smappee", "smappee park_sessions", "smappee token")
    for kind in ALL_FAULTS
    if scope != "smappee token" or kind not in HARMLESS
]

# The longest wait that is our own choice.
LONGEST_WAIT = 730


@pytest.fixture(autouse=True)
def _log_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    caplog.set_level(logging.INFO, PACKAGE)


async def reauthenticate(home: Home) -> None:
    """Do what the repair of refused credentials asks a person for."""
    flows = home.hass.config_entries.flow
    (flow,) = flows.async_progress_by_handler(DOMAIN)
    assert flow["context"]["source"] == "reauth"
    credentials = {"client_secret": SMAPPEE_CLIENT_SECRET, "password": SMAPPEE_PASSWORD}
    result = await flows.async_configure(flow["flow_id"], credentials)
    assert result.get("reason") == "reauth_successful", result
    await home.settle()
    assert home.entry.state is ConfigEntryState.LOADED


def needs_person(kind: str, scope: str) -> bool:
    """Tell whether a fault looks as if the credentials were wrong."""
    if scope == "smappee token":
        return kind in NEEDS_PERSON | {"http_400", "http_403"}
    # Whoever may not see even the list of parks may see nothing.
    return kind in NEEDS_PERSON or (kind, scope) == ("http_403", "smappee")


@pytest.mark.parametrize(("kind", "scope"), CASES)
async def test_ten_minutes(
    home: Home, kind: str, scope: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that sessions before, through and within a fault are all in the ledger, once."""
    # Its debug mode takes half of the time.
    home.hass.loop.set_debug(False)
    parks = home.simulator.parks
    if scope == "smappee token":
        # A new one is needed within the ten minutes.
        home.simulator.smappee.settings.token_lifetime = 500
    await home.add_parks()
    runs, ends = parks.plug("6020000001", 1), parks.plug("6020000002", 1)
    await home.run(310)
    assert home.state("sensor", "active_sessions", None).state == "2"
    caplog.clear()

    fault = home.simulator.faults.on(kind, scope=scope, seconds=600)
    await home.run(120)
    parks.unplug(ends.serial, 1)
    await home.run(120)
    begins, visits = parks.plug("6020000011", 1), parks.plug("6020000005", 2)
    await home.run(180)
    parks.unplug(visits.serial, 2)
    await home.run(185)
    if needs_person(kind, scope):
        await reauthenticate(home)
    await home.run(LONGEST_WAIT)

    for each in (runs, begins):
        point = f"{each.serial}-1"
        assert home.state("sensor", "status", point).state == "charging"
        energy = float(home.state("sensor", "session_energy", point).state)
        assert energy == pytest.approx(_energy_at(home, each, times(home, "park_sessions")[-1]))
        parks.unplug(each.serial, 1)
    assert home.state("sensor", "active_sessions", None).state == "2"
    assert not [
        state.entity_id for state in home.hass.states.async_all() if state.state == "unavailable"
    ]
    assert not ir.async_get(home.hass).issues
    assert complaints(caplog.records) == []
    if kind not in HARMLESS:
        assert fault.hits > 0 or (kind, scope) == ("token_expired", "smappee token")
        assert len(downs(caplog.records)) == 1
        # A reauthentication makes a new start, of which there is nothing to recover.
        assert len(recoveries(caplog.records)) == (0 if needs_person(kind, scope) else 1)
    else:
        assert not downs(caplog.records)
    await home.run(40)

    ledger = await sessions(home)
    for each in (runs, ends, begins, visits):
        known = ledger.pop(str(each.id))
        assert known.status is SessionStatus.FINISHED
        assert _is_at(known.started, each.started)
        assert _is_at(known.ended, each.ended)
        assert known.energy == pytest.approx(parks.energy(each), abs=1e-6)
        assert known.energy_source is Source.METERED
    assert not ledger


def _energy_at(home: Home, session: ParkSession, when: datetime) -> float:
    """Return the kWh of a session as they were shown at a moment."""
    reading = home.simulator.parks.reading(session, when)
    return round(shown(reading) - shown(session.start_reading), 3)


def _is_at(told: datetime | None, true: datetime | None) -> bool:
    # The network prints whole milliseconds.
    return told is not None and true is not None and abs(told - true) < timedelta(milliseconds=1)
