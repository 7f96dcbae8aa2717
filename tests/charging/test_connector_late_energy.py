"""What the meter of a connector of ours shows only after the end of a session."""

from datetime import datetime
from math import inf, nan

import pytest

from custom_components.ev_charging_sessions.charging.connector import (
    LATE_ENERGY,
    LATEST_ENERGY,
)
from custom_components.ev_charging_sessions.charging.model import (
    SessionStatus,
)

from .answers import at, metered
from .connector_bench import GUEST, Bench, charged, started

HOURS = 60.0


def interval(bench: Bench) -> tuple[datetime | None, datetime | None]:
    """Return when energy first and last flowed."""
    return bench.details.charging_started, bench.details.charging_ended


def test_the_end_is_on_the_meter(bench: Bench) -> None:
    """Test that a session tells what the meter stood at in the end, if that was known."""
    charged(bench)
    assert bench.session.meter_values == metered((10, 101.0))
    blind = charged(Bench(has_plug=bench.has_plug), known=False)
    assert blind.session.meter_values == metered((9, 101.0))


def test_energy_that_is_shown_late(bench: Bench) -> None:
    """Test that what a slow meter shows within minutes still belongs to the session."""
    charged(bench)
    ended = bench.session
    bench.see(10.5, reading=101.25)
    assert (bench.session.energy, bench.session.ended) == (1.25, at(10))
    assert interval(bench) == (at(4), at(10))
    assert bench.session.updated == at(10.5)
    assert ended.stop_reason == bench.session.stop_reason
    bench.tick(19.9)
    bench.see(20, reading=101.5)
    assert bench.told["s1"].energy == 1.5
    bench.see(20.01, reading=101.75)
    assert bench.connector.session is None
    assert bench.told["s1"].energy == 1.5


@pytest.mark.parametrize("is_on", [True, None])
def test_energy_that_is_late_while_current_may_flow(bench: Bench, *, is_on: bool | None) -> None:
    """Test that a switch that is not known to be off may already let it flow for another."""
    charged(bench)
    bench.see(10.1, is_on=is_on)
    bench.see(11, reading=101.25)
    bench.see(11.01, reading=101.5)
    assert bench.told["s1"].energy == 1.25


def test_the_next_session_does_not_wait_for_late_energy(bench: Bench) -> None:
    """Test that what is shown after the next session has begun is its own."""
    charged(bench)
    bench.begin(12)
    bench.see(13, is_on=True, reading=101.25)
    assert [session.energy for session in bench.told.values()] == [1.0, 0.25]


@pytest.mark.parametrize("reading", [nan, inf, -1.0])
def test_what_no_meter_shows_was_not_read(bench: Bench, reading: float) -> None:
    """Test that a meter that shows nonsense at the end is waited for as if it were away."""
    started(bench)
    bench.see(4, reading=100.5)
    bench.see(9, reading=reading)
    bench.end(10)
    bench.see(10, is_on=False)
    assert bench.session.meter_values[-1].at == at(4)
    bench.see(300, reading=101.0)
    assert bench.told["s1"].energy == 1.0


def test_all_energy_is_shown_late(bench: Bench) -> None:
    """Test that energy can have flowed in a session in which none was seen to flow."""
    started(bench)
    bench.end(10)
    bench.see(10, is_on=False)
    bench.see(10.5, reading=101.0)
    assert (bench.session.energy, interval(bench)) == (1.0, (at(10), at(10)))
    assert bench.session.status is SessionStatus.FINISHED


def test_energy_before_the_switch_obeys(bench: Bench) -> None:
    """Test that what flows until the switch is off belongs to the session that was stopped."""
    started(bench)
    bench.end(10)
    bench.see(10.2, reading=101.0)
    assert (bench.session.energy, bench.connector.must_be_off) == (1.0, True)
    bench.see(20, reading=105.0)
    assert bench.told["s1"].energy == 1.0


def test_an_ended_session_is_left_alone(bench: Bench) -> None:
    """Test that nothing is told of an ended session whose energy has not changed."""
    charged(bench)
    bench.see(10.3, reading=0.0)
    bench.see(10.4, reading=101.0)
    bench.see(10.5, reading=100.95)
    bench.tick(10.6)
    assert bench.listen() == 0
    assert bench.session.updated == at(10)


@pytest.mark.parametrize("minute", [20, 12 * HOURS, 10 + 24 * HOURS])
def test_a_meter_that_comes_back_after_the_end(bench: Bench, minute: float) -> None:
    """Test that the first reading of a meter that is back belongs to the session, no other."""
    charged(bench, known=False)
    bench.tick(11.5)
    bench.see(minute, reading=102.0)
    assert bench.told["s1"].energy == 2.0
    bench.see(minute + 0.1, reading=103.0)
    assert bench.told["s1"].energy == 2.0
    assert bench.connector.session is None


def test_a_meter_that_goes_right_after_the_end(bench: Bench) -> None:
    """Test that a meter that was known at the end and lost within the minute is waited for."""
    charged(bench)
    bench.see(10.5, reading=None)
    bench.see(40, reading=101.5)
    assert bench.told["s1"].energy == 1.5


def test_a_meter_that_comes_back_too_late(bench: Bench) -> None:
    """Test that nobody waits longer than a day for a meter."""
    charged(bench, known=False)
    bench.see(10.1 + 24 * HOURS, reading=102.0)
    assert bench.connector.session is None
    assert bench.told["s1"].energy == 1.0


def test_another_meter_comes_back(bench: Bench) -> None:
    """Test that a meter that was replaced adds nothing that cannot have flowed before the end."""
    charged(bench, known=False)
    bench.see(6 * HOURS, reading=700.0)
    assert bench.told["s1"].energy == 1.0
    bench.begin(7 * HOURS)
    bench.see(7 * HOURS + 1, reading=700.5)
    assert bench.session.energy == 0.5


def test_a_meter_that_comes_back_when_the_switch_is_on(bench: Bench) -> None:
    """Test that what may have flowed after a session is not taken for its energy."""
    started(bench)
    bench.see(9, reading=None)
    bench.end(10)
    bench.see(12, reading=102.0)
    assert (bench.connector.session, bench.told["s1"].energy) == (None, 0.0)


def test_a_meter_that_comes_back_when_nothing_is_plugged_in() -> None:
    """Test that a switch that is left on lets nothing flow when no car is there."""
    bench = Bench(has_plug=True)
    bench.see(1, is_on=True, is_plugged=True)
    bench.see(9, reading=None)
    bench.see(10, is_plugged=False)
    bench.see(90, reading=108.0)
    assert bench.told["s1"].energy == 8.0


def test_the_next_session_takes_over(bench: Bench) -> None:
    """Test that energy that shows up late belongs to the session that has begun meanwhile."""
    charged(bench, known=False)
    bench.begin(20)
    bench.see(20, is_on=True)
    bench.see(30, reading=103.0)
    assert [session.energy for session in bench.told.values()] == [1.0, 2.0]


def test_two_sessions_have_news(bench: Bench) -> None:
    """Test that a session that ended is told even if the next has begun before anybody asked."""
    started(bench)
    bench.connector.end(at(5), "remote")
    bench.connector.begin(GUEST, at(6))
    first, second = bench.connector.changed(), bench.connector.changed()
    assert first is not None
    assert second is not None
    assert [first.session_id, second.session_id] == ["s1", "s2"]
    assert [first.is_open, second.is_open] == [False, True]
    assert bench.connector.changed() is None


def test_what_could_not_be_kept_is_told_again(bench: Bench) -> None:
    """Test that all that was told since all had been told is told again, in its newest state."""
    started(bench)
    bench.connector.end(at(5), "remote")
    bench.connector.begin(GUEST, at(6))
    told = [bench.connector.changed(), bench.connector.changed(), bench.connector.changed()]
    bench.connector.end(at(7), "local")
    bench.connector.forget()
    again = [bench.connector.changed(), bench.connector.changed(), bench.connector.changed()]
    assert again == [told[0], bench.connector.session, None]
    bench.connector.forget()
    assert bench.connector.changed() == told[0]


def test_another_round_does_not_show_that_all_was_kept(bench: Bench) -> None:
    """Test that what was told in a round that fails late is told again after the next one."""
    started(bench)
    bench.end(5)
    bench.begin(6)
    bench.connector.forget()
    again = [bench.connector.changed(), bench.connector.changed(), bench.connector.changed()]
    assert again == [bench.told["s1"], bench.told["s2"], None]


def test_how_long_energy_may_be_late() -> None:
    """Test how long it takes until a session is complete."""
    assert LATE_ENERGY.total_seconds() == 600
    assert LATEST_ENERGY.total_seconds() == 86_400
