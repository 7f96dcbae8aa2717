"""Test that years of statistics say what the ledger says, in every hour, day and month."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from copy import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import batched
from random import Random
from zoneinfo import ZoneInfo

import pytest

from homeassistant.components.recorder import Recorder
from homeassistant.util import dt as dt_util

from custom_components.ev_charging_sessions.charging.ledger import SessionQuery
from custom_components.ev_charging_sessions.charging.model import Session
from tests.archive import OTHER_POINT, POINT, Archive, Period
from tests.home import Home

HOUR = timedelta(hours=1)
# Half a watt-hour, and half a cent.
SMALLEST = {"energy": 0.0005, "cost": 0.005}


@pytest.fixture
async def archive(recorder_mock: Recorder, home: Home) -> Archive:
    """Return a home with a recorder and an account of which nothing is known yet."""
    await home.add_account(POINT)
    # Seconds of work for the recorder are no mistake here, and are logged statement by statement.
    home.hass.loop.set_debug(False)
    return Archive(home)


def _nights(archive: Archive, first: datetime, days: int, each: int) -> list[Session]:
    """Return the sessions of many nights: clocks change at night, so some lie across that."""
    random = Random(4711)
    return [
        archive.session(
            f"{day}-{number}",
            first + timedelta(days=day, seconds=random.randrange(4 * 3600)),
            random.randrange(1200, 9000) / 3600,
            random.randrange(80_000) / 1000,
            str(Decimal(random.randrange(3000)) / 100),
        )
        for day in range(days)
        for number in range(each)
    ]


def _amount(session: Session, kind: str) -> float:
    if kind == "energy":
        return session.energy or 0.0
    return float(session.cost.amount) if session.cost else 0.0


def _by_hour(sessions: Iterable[Session], kind: str) -> dict[datetime, float]:
    """Return what flowed in each hour if all sessions charge evenly, summed up the simple way."""
    found: dict[datetime, float] = defaultdict(float)
    for session in sessions:
        assert session.started
        assert session.ended
        hour = session.started.replace(minute=0, second=0, microsecond=0)
        while hour < session.ended:
            inside = min(hour + HOUR, session.ended) - max(hour, session.started)
            share = inside / (session.ended - session.started)
            found[hour] += _amount(session, kind) * share
            hour += HOUR
    return found


def _by(period: Period, hours: dict[datetime, float], zone: ZoneInfo) -> dict[datetime, float]:
    """Return the same by the days or months of a time zone, under the time at which they begin."""
    begin: dict[Period, Callable[[datetime], datetime]] = {
        "hour": lambda local: local.astimezone(UTC),
        "day": lambda local: local.replace(hour=0),
        "month": lambda local: local.replace(day=1, hour=0),
    }
    found: dict[datetime, float] = defaultdict(float)
    for hour, amount in hours.items():
        local = begin[period](hour.astimezone(zone))
        found[datetime.fromtimestamp(local.timestamp(), UTC)] += amount
    return found


async def _assert_right(
    archive: Archive, sessions: Iterable[Session], kind: str, first: datetime
) -> None:
    """Compare the account and its charge point in the home's own days and months."""
    zone = ZoneInfo(archive.hass.config.time_zone)
    hours = _by_hour(sessions, kind)
    for period in ("hour", "day", "month"):
        wanted = _by(period, hours, zone)
        for point in (None, POINT):
            shown = await archive.changes(archive.id(kind, point), period, first)
            for begin in wanted.keys() | shown.keys():
                difference = wanted.get(begin, 0.0) - shown.get(begin, 0.0)
                assert abs(difference) < SMALLEST[kind], (kind, period, begin)


@pytest.mark.timeout(180)
async def test_five_years(archive: Archive) -> None:
    """Test five years of ten sessions a day, in two time zones, before and after a correction."""
    await archive.hass.config.async_set_time_zone("Europe/Berlin")
    ledger = archive.home.coordinator.ledger
    first = datetime(2021, 11, 1, 20, tzinfo=UTC)
    sessions = _nights(archive, first, 1826, 10)
    for chunk in batched(sessions, 2000, strict=False):
        await archive.keep(*chunk)
    await archive.write()
    totals = await ledger.totals(SessionQuery(accounts=(archive.account,)))
    before = {}
    for kind in ("energy", "cost"):
        rows = before[kind] = await archive.rows(archive.id(kind))
        wanted = totals.energy if kind == "energy" else float(totals.cost["EUR"])
        assert wanted
        assert abs(rows[max(rows)][1] - wanted) < 1e-6
        await _assert_right(archive, sessions, kind, first - HOUR)
    await archive.hass.config.async_set_time_zone("America/New_York")
    assert dt_util.get_default_time_zone().key == "America/New_York"  # type: ignore[attr-defined] # a ZoneInfo
    await _assert_right(archive, sessions, "energy", first - HOUR)

    for chunk in batched(sessions, 2000, strict=False):
        await archive.keep(*chunk)
    assert await archive.write() == []
    corrected = sessions[4000]
    assert corrected.energy
    assert corrected.started
    assert corrected.updated
    await archive.keep(
        replace(corrected, energy=corrected.energy + 7, updated=corrected.updated + HOUR)
    )
    await archive.write()
    begin = corrected.started.replace(minute=0, second=0)
    for kind, more in (("energy", 7.0), ("cost", 0.0)):
        rows = await archive.rows(archive.id(kind))
        assert rows.keys() == before[kind].keys()
        for hour, (_, total) in rows.items():
            least, most = (0.0, 0.0) if hour < begin else (0.0, more)
            if hour > begin + 3 * HOUR:
                least = more
            assert least - 1e-6 <= total - before[kind][hour][1] <= most + 1e-6


async def test_windows(archive: Archive) -> None:
    """Test 200 random times, which begin and end in gaps as often as in sessions."""
    first = datetime(2026, 1, 1, tzinfo=UTC)
    random = Random(4712)
    starts = sorted(random.sample(range(24 * 300), 150))
    sessions = [
        archive.session(
            f"s{number}",
            first + start * HOUR + timedelta(minutes=random.randrange(60)),
            random.randrange(1, 400) / 60,
            random.randrange(1, 80_000) / 1000,
        )
        for number, start in enumerate(starts)
    ]
    # In two halves, and with corrections, so that not all rows are of one cast.
    await archive.keep(*sessions[1::2])
    await archive.write()
    await archive.keep(*sessions[::2])
    await archive.write()
    moved = replace(
        sessions[75],
        started=first + 2 * HOUR,
        ended=first + 4 * HOUR,
        updated=first + timedelta(days=400),
    )
    await archive.keep(moved)
    await archive.write()
    sessions[75] = moved
    hours = _by_hour(sessions, "energy")
    right = 0
    for _ in range(200):
        begin, end = sorted(random.sample(range(24 * 310), 2))
        start, stop = first + begin * HOUR, first + end * HOUR
        wanted = sum(energy for hour, energy in hours.items() if start <= hour < stop)
        shown = await archive.window(archive.id("energy"), start, stop)
        changes = await archive.changes(archive.id("energy"), "hour", start, stop)
        right += abs((shown or 0.0) - wanted) < 1e-6 and abs(sum(changes.values()) - wanted) < 1e-6
    assert right == 200


async def test_energy_dashboard(archive: Archive) -> None:
    """Test that the account shows the same as its charge points, and neither counts twice."""
    first = datetime(2026, 3, 1, 20, tzinfo=UTC)
    sessions = _nights(archive, first, 60, 2)
    sessions = [
        replace(each, charge_point_id=(POINT, OTHER_POINT)[number % 2])
        for number, each in enumerate(sessions)
    ]
    await archive.keep(*sessions)
    await archive.write()
    ledger = archive.home.coordinator.ledger
    for month, end in ((3, 4), (4, 5)):
        start = datetime(2026, month, 1, tzinfo=dt_util.get_default_time_zone())
        stop = datetime(2026, end, 1, tzinfo=dt_util.get_default_time_zone())
        shown = {
            point: sum(
                (
                    await archive.changes(archive.id("energy", point), "day", start, stop - HOUR)
                ).values()
            )
            for point in (None, POINT, OTHER_POINT)
        }
        by_hour = _by_hour(sessions, "energy")
        wanted = sum(energy for hour, energy in by_hour.items() if start <= hour < stop)
        assert abs(shown[None] - wanted) < 1e-6
        assert abs(shown[POINT] + shown[OTHER_POINT] - wanted) < 1e-6
    whole = await ledger.totals(SessionQuery(accounts=(archive.account,)))
    rows = await archive.rows(archive.id("energy"))
    assert whole.energy
    assert abs(rows[max(rows)][1] - whole.energy) < 1e-6
