"""A month of a park: what the meters count is what Home Assistant and its statistics say."""

from datetime import UTC, datetime, timedelta
from math import floor
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant

from tests.home import Home
from tests.simulator.cars import Car

ZONE = ZoneInfo("Europe/Amsterdam")
# A whole month in which the clocks go forward, and some days around when they go back.
MONTHS = [
    pytest.param(datetime(2027, 3, 1, tzinfo=ZONE), datetime(2027, 4, 1, tzinfo=ZONE), id="March"),
    pytest.param(
        datetime(2027, 10, 26, tzinfo=ZONE), datetime(2027, 11, 5, tzinfo=ZONE), id="October"
    ),
]
STEP = timedelta(hours=1)

PLACES = [(f"602000000{number}", 1) for number in range(1, 7)] + [("6020000005", 2)]
POINTS = [f"{serial}-{position}" for serial, position in PLACES]


class Month:
    """What happens to the park, hour after hour, the same in every run."""

    def __init__(self, home: Home) -> None:
        """Begin with nobody there."""
        self.home = home
        self.parks = home.simulator.parks
        self.faults = home.simulator.faults
        self.smappee = home.simulator.smappee
        self.random = Random(7)
        self.wrong: list[tuple[datetime, int, float]] = []
        self.counts = dict.fromkeys(("sessions", "outages", "restarts", "corrections"), 0)

    def cars(self, now: datetime) -> None:
        """Let cars come and go; at some connectors one stays over midnight, or for days."""
        for serial, position in PLACES:
            connector = self.parks.connector(serial, position)
            if connector.session is None:
                if self.random.random() < 0.1:
                    power = self.random.choice((3.7, 7.4, 11.0, 22.0))
                    self.parks.plug(
                        serial, position, Car(max_power=power, capacity=90), rfid="04523022AA4881"
                    )
                    self.counts["sessions"] += 1
            elif self.random.random() < (0.01 if position == 2 else 0.18):
                session = self.parks.unplug(serial, position)
                if self.random.random() < 0.25 and session.stop_reading is not None:
                    # At first the network says something else than the meter.
                    true = session.stop_reading
                    energy = true - session.start_reading
                    self.parks.correct(session.id, true + energy * self.random.uniform(-0.9, 0.5))
                    later = now + timedelta(hours=self.random.choice((1, 7, 30, 100)))
                    self.wrong.append((later, session.id, true))
                    self.counts["corrections"] += 1

    def correct(self, now: datetime) -> None:
        """Let the network correct itself, up to four days later."""
        for due, session_id, reading in [*self.wrong]:
            if due <= now:
                self.parks.correct(session_id, reading)
                self.wrong.remove((due, session_id, reading))

    def outages(self) -> None:
        """Let the network fail for some hours, in one way or another."""
        if self.random.random() < 0.03:
            kind = self.random.choice(("http_503", "html", "broken_json", "http_429", "reset"))
            self.faults.on(kind, scope="smappee", seconds=self.random.uniform(1, 9) * 3600)
            self.counts["outages"] += 1
        if self.random.random() < 0.01:
            self.smappee.kill_refresh_tokens()

    async def restarts(self) -> None:
        """Turn the home off for some hours, now and then."""
        entries, entry_id = self.home.hass.config_entries, self.home.entry.entry_id
        if self.random.random() >= 0.02:
            return
        await entries.async_unload(entry_id)
        self.counts["restarts"] += 1
        for _ in range(self.random.randrange(1, 16)):
            self.cars(self.home.simulator.clock.now())
            await self.home.advance(STEP.total_seconds())
        self.faults.off()
        await entries.async_setup(entry_id)
        await self.home.settle()


async def compile_statistics(hass: HomeAssistant, now: datetime) -> None:
    """Do what the recorder does after five minutes in which something happened."""
    await async_wait_recording_done(hass)
    do_adhoc_statistics(hass, start=now.replace(second=0, microsecond=0))
    await async_wait_recording_done(hass)


async def changes(hass: HomeAssistant, begin: datetime, end: datetime) -> dict[str, float]:
    """Return what the Energy dashboard adds up for each sensor, in kWh."""
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period, hass, begin, end, None, "hour", {"energy": "kWh"}, {"change"}
    )
    return {
        statistic_id: sum(row["change"] or 0.0 for row in rows)
        for statistic_id, rows in found.items()
    }


@pytest.fixture
def recorder_config() -> dict[str, Any]:
    """Record what the test is about.

    It is committed at once: what waits for that locks out who reads the database in memory, and
    time stands still until everybody has read.
    """
    return {"include": {"entity_globs": ["sensor.*_energy"]}, "commit_interval": 0}


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("begin", "end"), MONTHS)
async def test_month(
    recorder_mock: Recorder,
    home: Home,
    freezer: FrozenDateTimeFactory,
    begin: datetime,
    end: datetime,
) -> None:
    """Test that energy is that of the meters, to the watt-hour, here and in the statistics.

    Statistics are made of five minutes each, and of hours after the last five of them, so
    the home looks at minute 55 and turns its own polling off.
    """
    hass, simulator = home.hass, home.simulator
    # Its debug mode takes half of the time of a month.
    hass.loop.set_debug(False)
    await hass.config.async_set_time_zone(ZONE.key)
    first = begin.astimezone(UTC) + timedelta(minutes=55)
    freezer.move_to(first)
    simulator.clock.advance((first - simulator.clock.now()).total_seconds())
    simulator.smappee.settings.token_lifetime = 3600
    await home.add_parks("20001")
    hass.config_entries.async_update_entry(home.entry, pref_disable_polling=True)
    await hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    await compile_statistics(hass, first)

    month = Month(home)
    began = {place: month.parks.meter(*place) for place in PLACES}
    while (now := simulator.clock.now()) < end:
        month.cars(now)
        month.correct(now)
        month.outages()
        await month.restarts()
        await home.advance(STEP.total_seconds())
        await home.coordinator.async_refresh()
        await compile_statistics(hass, simulator.clock.now())
    assert all(month.counts.values()), month.counts
    # A day later also what was corrected last has been found.
    simulator.faults.off()
    month.correct(now + timedelta(days=5))
    for hours in (1, 24):
        await home.advance(hours * 3600)
        await home.coordinator.async_refresh()
        await home.settle()
        await compile_statistics(hass, simulator.clock.now())

    statistics = await changes(hass, begin.astimezone(UTC), simulator.clock.now())
    whole = 0.0
    for place, point in zip(PLACES, POINTS, strict=True):
        metered = floor((month.parks.meter(*place) - began[place]) * 1000 + 1e-6) / 1000
        state = home.state("sensor", "energy", point)
        assert float(state.state) == pytest.approx(metered, abs=1e-6), point
        assert statistics[state.entity_id] == pytest.approx(metered, abs=1e-6), point
        whole += metered
    state = home.state("sensor", "energy", None)
    assert float(state.state) == pytest.approx(whole, abs=1e-6)
    assert statistics[state.entity_id] == pytest.approx(whole, abs=1e-6)
    assert whole > 50
