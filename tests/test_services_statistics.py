"""Test the action that rebuilds statistics."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.exceptions import ServiceValidationError

from custom_components.ev_charging_sessions.statistics_series import Series
from tests.archive import POINT, Archive
from tests.home import Home

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
async def archive(recorder_mock: Recorder, home: Home) -> Archive:
    """Return a home with a recorder, and an account with two sessions in its statistics."""
    await home.add_account(POINT)
    archive = Archive(home)
    await archive.keep(
        archive.session("s1", NOON, 1, 8, "2.00"),
        archive.session("s2", NOON + 24 * HOUR, 2, 4, "1.00"),
    )
    await archive.write()
    return archive


async def _rebuild(archive: Archive, **data: Any) -> list[Any]:
    response = await archive.home.act(
        "rebuild_statistics", config_entry_id=archive.home.entry.entry_id, **data
    )
    assert response
    found = response["statistics"]
    assert isinstance(found, list)
    return found


async def _spoil(archive: Archive, hour: datetime, total: float) -> None:
    """Write a row that nothing in the ledger explains."""
    series = Series(archive.id("energy"), "Spoilt", "kWh", "energy")
    row = StatisticData(start=hour, state=total, sum=total)
    async_add_external_statistics(archive.hass, series.metadata, [row])
    await archive.recorder.async_add_executor_job(archive.recorder.block_till_done)


async def test_nothing_differs(archive: Archive) -> None:
    """Test that statistics which are right are left alone."""
    assert await _rebuild(archive, dry_run=True) == []
    assert await _rebuild(archive) == []


async def test_dry_run(archive: Archive) -> None:
    """Test that a dry run tells what differs and changes nothing, and a rebuild does."""
    before = await archive.rows(archive.id("energy"))
    # One sum that is wrong, one hour too many between the sessions, and one after them.
    await _spoil(archive, NOON, 30.0)
    await _spoil(archive, NOON + 5 * HOUR, 31.0)
    await _spoil(archive, NOON + 60 * HOUR, 99.0)
    spoilt = await archive.rows(archive.id("energy"))
    wanted = {
        "statistic_id": archive.id("energy"),
        "name": "Shell Recharge energy",
        "unit": "kWh",
        "added": 0,
        "changed": 1,
        "removed": 2,
        "sum_before": 99.0,
        "sum_after": 12.0,
        "first": "2026-11-02T12:00:00+00:00",
    }
    assert await _rebuild(archive, dry_run=True) == [wanted]
    assert await archive.rows(archive.id("energy")) == spoilt
    assert await _rebuild(archive) == [wanted]
    assert await archive.rows(archive.id("energy")) == before
    assert (await archive.names())[archive.id("energy")][0] == "Shell Recharge energy"
    assert await _rebuild(archive) == []


async def test_taken_away(archive: Archive) -> None:
    """Test that series which somebody has removed are told and come back."""
    await archive.clear()
    found = await _rebuild(archive)
    assert [(each["added"], each["changed"], each["removed"]) for each in found] == [(5, 0, 0)] * 4
    assert {each["sum_before"] for each in found} == {0.0}
    assert await archive.changes(archive.id("cost", POINT), "hour", NOON) == {
        NOON: 2.0,
        NOON + 24 * HOUR: 0.5,
        NOON + 25 * HOUR: 0.5,
    }
    assert await _rebuild(archive, dry_run=True) == []


async def test_series_of_nothing(archive: Archive) -> None:
    """Test that a series that has nothing to say any more goes as a whole."""
    await archive.keep(
        archive.session("s1", NOON, 1, 8, updated=NOON + 40 * HOUR, charge_point_id="P2"),
        archive.session(
            "s2", NOON + 24 * HOUR, 2, 4, updated=NOON + 90 * HOUR, charge_point_id="P2"
        ),
        archive.session("s3", NOON, 1, None),
    )
    await archive.write()
    found = await _rebuild(archive)
    gone = {each["statistic_id"] for each in found if not each["sum_after"]}
    assert gone == {archive.id("energy", POINT), archive.id("cost", POINT)}
    assert gone.isdisjoint(await archive.names())
    assert await _rebuild(archive) == []


async def test_archive_without_sessions(recorder_mock: Recorder, home: Home) -> None:
    """Test that the statistics of an account of which the archive knows nothing go."""
    await home.add_account()
    archive = Archive(home)
    await _spoil(archive, NOON, 30.0)
    (found,) = await _rebuild(archive)
    assert (found["removed"], found["sum_after"]) == (1, 0.0)
    assert await archive.names() == {}
    assert await _rebuild(archive) == []


async def test_no_recorder(home: Home) -> None:
    """Test that a home without a recorder says so."""
    await home.add_account()
    with pytest.raises(ServiceValidationError) as refused:
        await home.act("rebuild_statistics", config_entry_id=home.entry.entry_id)
    assert refused.value.translation_key == "no_recorder"
