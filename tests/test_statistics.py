"""Test energy and cost as long-term statistics, with a real recorder."""

from copy import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import device_registry as dr

from custom_components.ev_charging_sessions.charging.model import (
    Cost,
    MeterValue,
    Session,
    SessionStatus,
    Source,
)
from custom_components.ev_charging_sessions.statistics_series import Series
from tests.archive import OTHER_POINT, POINT, Archive
from tests.home import Home

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
async def archive(recorder_mock: Recorder, home: Home) -> Archive:
    """Return a home with a recorder and an account of which nothing is known yet."""
    await home.add_account(POINT)
    return Archive(home)


def _newer(session: Session, **changes: object) -> Session:
    """Return a later answer about a session."""
    assert session.updated
    return replace(session, updated=session.updated + HOUR, **changes)  # type: ignore[arg-type] # of any field


async def test_hours(archive: Archive) -> None:
    """Test that energy and cost lie in the hours in which a session charged."""
    session = archive.session("s1", NOON + HOUR / 2, 2, 8, "4.00")
    await archive.keep(session)
    await archive.write()
    for point in (None, POINT):
        assert await archive.rows(archive.id("energy", point)) == {
            NOON - HOUR: (0.0, 0.0),
            NOON: (2.0, 2.0),
            NOON + HOUR: (4.0, 6.0),
            NOON + 2 * HOUR: (2.0, 8.0),
        }
        assert await archive.rows(archive.id("cost", point)) == {
            NOON - HOUR: (0.0, 0.0),
            NOON: (1.0, 1.0),
            NOON + HOUR: (2.0, 3.0),
            NOON + 2 * HOUR: (1.0, 4.0),
        }


async def test_as_metered(archive: Archive) -> None:
    """Test that energy lies where the meter has counted it, also if that is told later."""
    session = archive.session("s1", NOON, 2, 8)
    await archive.keep(session)
    await archive.write()
    values = {0: 100.0, 1: 107.0, 2: 108.0}
    told = tuple(MeterValue(NOON + hours * HOUR, energy) for hours, energy in values.items())
    await archive.keep(replace(session, meter_values=told, updated=NOON))
    assert await archive.write()
    assert await archive.changes(archive.id("energy"), "hour", NOON) == {
        NOON: 7.0,
        NOON + HOUR: 1.0,
    }


async def test_names_and_units(archive: Archive) -> None:
    """Test that the series have the names of the account and the device, and follow them."""
    await archive.keep(archive.session("s1", NOON, 1, 8, "4.00"))
    await archive.write()
    assert await archive.names() == {
        archive.id("energy"): ("Shell Recharge energy", "kWh"),
        archive.id("cost"): ("Shell Recharge cost", "EUR"),
        archive.id("energy", POINT): (f"{POINT} energy", "kWh"),
        archive.id("cost", POINT): (f"{POINT} cost", "EUR"),
    }
    devices = dr.async_get(archive.hass)
    devices.async_update_device(archive.home.device_id(POINT), name_by_user="Office")
    await archive.keep(archive.session("s2", NOON + 3 * HOUR, 1, 8))
    await archive.write()
    assert (await archive.names())[archive.id("energy", POINT)] == ("Office energy", "kWh")


async def test_nothing_unknown(archive: Archive) -> None:
    """Test that what is not known has no series, and other money is in none."""
    await archive.keep(
        archive.session("s1", NOON, 1, None),
        archive.session("s2", NOON, 1, 3, "4.00", currency="SEK"),
        archive.session("s3", NOON, 1, 2, point=None),
    )
    await archive.write()
    assert set(await archive.names()) == {archive.id("energy"), archive.id("energy", POINT)}
    assert await archive.changes(archive.id("energy"), "hour", NOON) == {NOON: 5.0}
    assert await archive.changes(archive.id("energy", POINT), "hour", NOON) == {NOON: 3.0}


async def test_cost_without_energy(archive: Archive) -> None:
    """Test that a cost whose energy nobody knows lies evenly in the time of its session."""
    await archive.keep(archive.session("s1", NOON, 2, None, "3.00"))
    await archive.write()
    assert set(await archive.names()) == {archive.id("cost"), archive.id("cost", POINT)}
    assert await archive.changes(archive.id("cost"), "hour", NOON) == {
        NOON: 1.5,
        NOON + HOUR: 1.5,
    }


async def test_correction(archive: Archive) -> None:
    """Test that a late correction changes what it corrects and all later sums, and no more."""
    sessions = [
        archive.session(f"s{day}", NOON + timedelta(days=day), 1, 10 + day, "2.00")
        for day in range(5)
    ]
    await archive.keep(*sessions)
    await archive.write()
    assert await archive.write() == []
    before = await archive.rows(archive.id("energy"))
    await archive.keep(_newer(sessions[2], energy=5.0))
    # The hour, and two rows for each later session, in both series of energy.
    assert await archive.write() == ["UPDATE"] * 2 * 5
    after = await archive.rows(archive.id("energy"))
    corrected = NOON + timedelta(days=2)
    assert after.keys() == before.keys()
    for hour, (amount, total) in before.items():
        less = 7.0 if hour >= corrected else 0.0
        assert after[hour] == (5.0 if hour == corrected else amount, total - less)


async def test_move(archive: Archive) -> None:
    """Test that a session which moves to other hours or places is counted there alone."""
    session = archive.session("s1", NOON, 2, 8)
    await archive.keep(session, archive.session("s2", NOON + 24 * HOUR, 1, 3))
    await archive.write()
    later = _newer(session, started=NOON + 5 * HOUR, ended=NOON + 6 * HOUR)
    await archive.keep(later)
    await archive.write()
    for point in (None, POINT):
        found = await archive.changes(archive.id("energy", point), "hour", NOON - HOUR)
        assert found == {NOON + 5 * HOUR: 8.0, NOON + 24 * HOUR: 3.0}
    await archive.keep(_newer(later, charge_point_id=OTHER_POINT))
    await archive.write()
    start = NOON - HOUR
    assert await archive.changes(archive.id("energy", POINT), "hour", start) == {
        NOON + 24 * HOUR: 3.0
    }
    assert await archive.changes(archive.id("energy", OTHER_POINT), "hour", start) == {
        NOON + 5 * HOUR: 8.0
    }
    assert await archive.changes(archive.id("energy"), "hour", start) == {
        NOON + 5 * HOUR: 8.0,
        NOON + 24 * HOUR: 3.0,
    }


async def test_gap(archive: Archive) -> None:
    """Test that sums go on from the last row, however many months ago that was."""
    long_ago = NOON - timedelta(days=300)
    await archive.keep(archive.session("s1", long_ago, 1, 8))
    await archive.write()
    await archive.keep(archive.session("s2", NOON, 1, 3))
    assert await archive.write() == ["INSERT"] * 4
    rows = await archive.rows(archive.id("energy"))
    assert rows[NOON - HOUR] == (0.0, 8.0)
    assert rows[NOON] == (3.0, 11.0)


async def test_earlier_than_all(archive: Archive) -> None:
    """Test that a session from before the first row is counted in all that follow."""
    await archive.keep(archive.session("s1", NOON, 1, 8))
    await archive.write()
    await archive.keep(archive.session("s0", NOON - 9 * HOUR, 1, 3))
    await archive.write()
    rows = await archive.rows(archive.id("energy"))
    assert [total for _, total in rows.values()] == [0.0, 3.0, 3.0, 11.0]


async def test_open_session(archive: Archive) -> None:
    """Test that a session under way is written after a full hour and after its end only."""
    home = archive.home
    home.simulator.world.start_at_pole(POINT, "NL-TNM-C00122045-K")
    await home.run(310)
    (session,) = home.coordinator.sessions.open.values()
    series = archive.id("energy")

    async def tell(energy: float, **changes: object) -> None:
        await archive.keep(_newer(session, energy=energy, **changes))

    await tell(1.0)
    await home.run(600)
    assert await archive.rows(series) == {}
    await home.run(3600)
    assert (await archive.rows(series)).popitem()[1][1] == 1.0
    session = _newer(session)
    await tell(2.0)
    await home.run(600)
    assert (await archive.rows(series)).popitem()[1][1] == 1.0
    await home.coordinator.async_keep_now(
        _newer(_newer(session), energy=3.0, status=SessionStatus.FINISHED, ended=session.updated)
    )
    await home.run(180)
    assert (await archive.rows(series)).popitem()[1][1] == 3.0


async def test_restart(archive: Archive) -> None:
    """Test that what was not written when the account was unloaded is written at its start."""
    home = archive.home
    await archive.keep(archive.session("s1", NOON, 1, 8))
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    await archive.caught_up()
    assert await archive.changes(archive.id("energy"), "hour", NOON) == {NOON: 8.0}
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    assert await archive.changes(archive.id("energy"), "hour", NOON) == {NOON: 8.0}


async def test_statistics_taken_away(archive: Archive) -> None:
    """Test that a database that is new, or was cleared, is filled from the ledger at the start."""
    home = archive.home
    await archive.keep(archive.session("s1", NOON, 1, 8, "2.00"))
    await archive.write()
    await archive.clear()
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    await archive.caught_up()
    assert len(await archive.names()) == 4
    assert await archive.changes(archive.id("cost"), "hour", NOON) == {NOON: 2.0}


async def _restart(archive: Archive) -> None:
    """Start the account again, and wait until it has looked for what is lost."""
    assert await archive.home.hass.config_entries.async_reload(archive.home.entry.entry_id)
    await archive.writer.async_catch_up()
    await archive.caught_up()


async def test_last_rows_lost(archive: Archive) -> None:
    """Test that rows that the recorder lost after it had committed them are written again."""
    await archive.keep(
        archive.session("s1", NOON, 1, 8, "2.00"),
        archive.session("s2", NOON + 24 * HOUR, 1, 3, "1.00"),
    )
    await archive.write()
    series = [archive.id(kind, point) for kind in ("energy", "cost") for point in (None, POINT)]
    whole = [await archive.rows(each) for each in series]
    await archive.clear(*series, since=NOON + 12 * HOUR)
    assert [await archive.rows(each) for each in series] != whole
    await _restart(archive)
    assert [await archive.rows(each) for each in series] == whole


async def test_rows_lost_before_what_is_due(archive: Archive) -> None:
    """Test that a loss is found also where something after it has still to be written."""
    await archive.keep(
        archive.session("s1", NOON, 1, 8), archive.session("s2", NOON + 24 * HOUR, 1, 3)
    )
    await archive.write()
    await archive.clear(archive.id("energy"), since=NOON + 12 * HOUR)
    await archive.keep(archive.session("s3", NOON + 48 * HOUR, 1, 1))
    await _restart(archive)
    assert await archive.changes(archive.id("energy"), "hour", NOON) == {
        NOON: 8.0,
        NOON + 24 * HOUR: 3.0,
        NOON + 48 * HOUR: 1.0,
    }


async def test_correction_lost(archive: Archive) -> None:
    """Test that a recorder that still holds what was corrected is put right."""
    session = archive.session("s1", NOON, 1, 8)
    await archive.keep(session)
    await archive.write()
    await archive.keep(_newer(session, energy=5.0))
    due = await archive.home.coordinator.ledger.statistics.due(archive.account)
    await archive.home.coordinator.ledger.statistics.clear(archive.account, due)
    await _restart(archive)
    assert await archive.changes(archive.id("energy"), "hour", NOON) == {NOON: 5.0}


@pytest.mark.parametrize("point", [None, POINT])
@pytest.mark.parametrize("kind", ["energy", "cost"])
async def test_one_series_taken_away(archive: Archive, kind: str, point: str | None) -> None:
    """Test that one series that somebody deleted comes back, whole, at the start."""
    await archive.keep(
        archive.session("s1", NOON, 1, 8, "2.00"),
        archive.session("s2", NOON + 24 * HOUR, 1, 3, "1.00"),
    )
    await archive.write()
    series = archive.id(kind, point)
    before = await archive.rows(series)
    await archive.clear(series)
    await _restart(archive)
    assert await archive.rows(series) == before


async def test_cost_alone_taken_away(archive: Archive) -> None:
    """Test that a cost comes back also in an account of which no energy is known."""
    await archive.keep(archive.session("s1", NOON, 1, None, "2.00"))
    await archive.write()
    await archive.clear()
    await _restart(archive)
    assert await archive.changes(archive.id("cost"), "hour", NOON) == {NOON: 2.0}


async def test_cost_taken_away_meanwhile(archive: Archive) -> None:
    """Test that a series deleted under way begins with the first session, not with the next."""
    await archive.keep(archive.session("s1", NOON, 1, 8, "2.00"))
    await archive.write()
    for point in (None, POINT):
        await archive.clear(archive.id("cost", point))
    await archive.keep(archive.session("s2", NOON + 24 * HOUR, 1, 3, "1.00"))
    await archive.write()
    for point in (None, POINT):
        assert await archive.changes(archive.id("cost", point), "hour", NOON) == {
            NOON: 2.0,
            NOON + 24 * HOUR: 1.0,
        }


async def test_nothing_lost(archive: Archive) -> None:
    """Test that a start writes nothing where nothing is lost, also if there are no costs."""
    await archive.keep(
        *(archive.session(f"s{day}", NOON + day * 24 * HOUR, 3, 0.1) for day in range(9))
    )
    await archive.write()
    await archive.writer.async_catch_up()
    ledger = archive.home.coordinator.ledger.statistics
    assert await ledger.due(archive.account) == {}
    # A new session is no loss.
    await archive.keep(archive.session("s9", NOON + 300 * HOUR, 1, 1.0))
    (due,) = (await ledger.due(archive.account)).values()
    await archive.writer._async_check()
    assert await ledger.due(archive.account) == {POINT: due}


async def test_archive_begun_anew(archive: Archive) -> None:
    """Test that years that only the recorder still knows survive the loss of the archive."""
    await archive.keep(archive.session("s2", NOON, 1, 3))
    await archive.write()
    for point in (None, POINT):
        series = Series(archive.id("energy", point), "Old", "kWh", "energy")
        rows = [
            StatisticData(start=NOON - 900 * HOUR, state=500.0, sum=500.0),
            StatisticData(start=NOON - HOUR, state=0.0, sum=500.0),
            StatisticData(start=NOON, state=3.0, sum=503.0),
        ]
        async_add_external_statistics(archive.hass, series.metadata, rows)
    await archive.recorder.async_add_executor_job(archive.recorder.block_till_done)
    await _restart(archive)
    assert await archive.changes(archive.id("energy"), "hour", NOON - 1000 * HOUR) == {
        NOON - 900 * HOUR: 500.0,
        NOON: 3.0,
    }


async def test_other_currency(archive: Archive) -> None:
    """Test that a home that moves to another currency keeps no sum in the old one."""
    home = archive.home
    await archive.keep(
        archive.session("s1", NOON, 1, 8, "2.00"),
        archive.session("s2", NOON + HOUR, 1, 8, "30.00", currency="SEK"),
    )
    await archive.write()
    await home.hass.config.async_update(currency="SEK")
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    await archive.caught_up()
    assert (await archive.names())[archive.id("cost")] == ("Shell Recharge cost", "SEK")
    rows = await archive.rows(archive.id("cost"))
    assert rows == {NOON: (0.0, 0.0), NOON + HOUR: (30.0, 30.0)}


async def test_without_recorder(home: Home) -> None:
    """Test that there are no statistics and no errors where nothing is recorded."""
    await home.add_account(POINT)
    assert home.is_in(ConfigEntryState.LOADED)
    assert home.coordinator.statistics is None
    await home.run(120)


async def test_money_is_exact(archive: Archive) -> None:
    """Test that a cost that cannot be parted evenly is whole in the end."""
    cost = Cost(amount=Decimal("0.10"), currency="EUR", source=Source.REPORTED)
    for number in range(30):
        session = archive.session(f"s{number}", NOON + number * 3 * HOUR, 3, 0.1)
        await archive.keep(replace(session, cost=cost))
    await archive.write()
    for kind in ("energy", "cost"):
        rows = await archive.rows(archive.id(kind))
        assert rows[max(rows)][1] == 3.0
