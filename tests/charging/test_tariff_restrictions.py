"""When an element of a tariff holds: energy, power, current, duration, requests, patience.

All sums are computed by hand. Unless a test says otherwise, a session charges 10 kWh in its
first hour, 4 kWh in its second, and none in its third.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from custom_components.ev_charging_sessions.charging.tariff import Reading

from .tariff_parts import (
    START,
    charging,
    element,
    flat,
    parking,
    per_kwh,
    per_minute,
    receipt,
    session,
    steady,
    tariff,
    total,
)

HOW = session((0, "0"), (60, "10"), (120, "14"), (180, "14"))


@pytest.mark.parametrize(
    ("limits", "energy", "minutes"),
    [
        # 6 kWh are reached after 36 minutes, 12 kWh after 90.
        ({"min_energy": 6}, "8", "144"),
        ({"max_energy": 6}, "6", "36"),
        ({"min_energy": 6, "max_energy": 12}, "6", "54"),
        ({"min_energy": 0}, "14", "180"),
        ({"min_energy": 10}, "4", "120"),
        ({"max_energy": 10}, "10", "60"),
        # Reached at the end of the second hour, and then for the whole third one.
        ({"min_energy": 14}, "0", "60"),
        ({"max_energy": 14}, "14", "120"),
        ({"max_energy": 15}, "14", "180"),
        # 10 kW, then 4, then 0.
        ({"min_power": 4}, "14", "120"),
        ({"min_power": "4.000001"}, "10", "60"),
        ({"min_power": 10}, "10", "60"),
        ({"max_power": 10}, "4", "120"),
        ({"max_power": "10.000001"}, "14", "180"),
        ({"max_power": 4}, "0", "60"),
        ({"min_power": 4, "max_power": 10}, "4", "60"),
        # Of 1.5 A for each kW: 15 A, then 6, then 0.
        ({"min_current": 6}, "14", "120"),
        ({"min_current": "6.000001"}, "10", "60"),
        ({"max_current": 15}, "4", "120"),
        ({"max_current": "15.000001"}, "14", "180"),
        ({"min_current": 6, "max_current": 15}, "4", "60"),
        # Between two readings too.
        ({"min_duration": 1800}, "9", "150"),
        ({"max_duration": 1800}, "5", "30"),
        ({"min_duration": 1800, "max_duration": 5400}, "7", "60"),
        ({"min_duration": 0}, "14", "180"),
        ({"min_duration": 3600, "max_duration": 7200}, "4", "60"),
        ({"max_duration": "0.6"}, "0.001667", "0.01"),
        # What requests power, and what does not.
        ({"is_requesting": True}, "14", "120"),
        ({"is_requesting": False}, "0", "60"),
        # Patience: half an hour; until the very reading; until what a bound begins after 36.
        ({"held_for": 1800}, "9", "150"),
        ({"held_for": 0}, "14", "180"),
        ({"held_for": 3600}, "4", "120"),
        ({"held_for": 4500}, "3", "105"),
        ({"min_energy": 6, "held_for": 720}, "6", "132"),
        ({"max_energy": 6, "held_for": 720}, "4", "24"),
        ({"min_power": 5, "held_for": 1800}, "5", "30"),
        ({"is_requesting": False, "held_for": 1800}, "0", "30"),
        ({"is_requesting": True, "held_for": 5400}, "2", "30"),
        ({"min_duration": 600, "max_duration": 4200, "held_for": 600}, "7.333333", "50"),
        # Some at once.
        ({"min_energy": 6, "max_power": 5}, "4", "120"),
        ({"min_energy": 6, "is_requesting": True}, "8", "84"),
        ({"min_energy": 12, "min_power": 4, "max_duration": 6000}, "0.666667", "10"),
        ({"min_power": 4, "max_current": 15, "min_duration": 4500, "held_for": 900}, "2", "30"),
    ],
)
def test_one_element(limits: dict[str, Any], energy: str, minutes: str) -> None:
    """Test for how many kWh and minutes an element holds, and that the rest is the next one's."""
    what = tariff(element(per_kwh("1"), per_minute("1"), **limits), element(per_kwh("1")))
    lines = receipt(what, HOW, amperes="1.5")
    assert [line.partition(" = ")[0] for line in lines[:2]] == [
        f"1 energy: {energy} x 1",
        f"1 time: {minutes} x 1",
    ]
    rest = sum((Decimal(line.split()[2]) for line in lines[2:]), Decimal(0))
    assert rest + Decimal(energy) == 14


@pytest.mark.parametrize(
    "limits",
    [
        {"min_energy": "14.000001"},
        {"max_energy": 0},
        {"min_power": 11},
        {"max_power": 0},
        {"min_current": 16},
        {"max_current": 0},
        {"min_duration": 10800},
        {"max_duration": 0},
        {"held_for": 10800},
        {"min_energy": 9, "max_energy": 9},
        {"min_energy": 9, "max_energy": 8},
        {"is_requesting": False, "held_for": 3600},
        {"is_requesting": False, "min_power": 1},
        {"is_requesting": True, "min_energy": 14},
    ],
)
def test_element_that_never_holds(limits: dict[str, Any]) -> None:
    """Test that an element which never holds has no line, not even a flat price."""
    what = tariff(element(flat("5"), per_kwh("9"), per_minute("9"), **limits), per_kwh("0.3"))
    assert receipt(what, HOW, amperes="1.5") == ["2 energy: 14 x 0.3 = 4.20"]


def test_prices_of_several_elements() -> None:
    """Test that each type of price comes from the first element that holds and has one."""
    what = tariff(
        element(per_kwh("0.5"), min_power=5, name="fast"),
        element(per_minute("0.1"), min_duration=5400, name="late"),
        element(per_kwh("0.3"), flat("1"), name="base"),
        element(per_kwh("9"), per_minute("0.02"), name="rest"),
    )
    # 10 kWh fast and 4 at base; 90 minutes late, the 90 before them at the rest's price.
    assert receipt(what, HOW) == [
        "fast energy: 10 x 0.5 = 5.00",
        "late time: 90 x 0.1 = 9.00",
        "base energy: 4 x 0.3 = 1.20",
        "base flat: 1 x 1 = 1.00",
        "rest time: 90 x 0.02 = 1.80",
    ]


def test_prices_by_the_amount() -> None:
    """Test a tariff of three stages, whose bounds fall together with no reading."""
    what = tariff(
        element(per_kwh("0.2"), max_energy=3),
        element(per_kwh("0.3"), max_energy="7.5"),
        element(per_kwh("0.4")),
    )
    # 3 kWh, 4.5 and the remaining 6.5.
    assert receipt(what, HOW) == [
        "1 energy: 3 x 0.2 = 0.60",
        "2 energy: 4.5 x 0.3 = 1.35",
        "3 energy: 6.5 x 0.4 = 2.60",
    ]


@pytest.mark.parametrize(
    "jump", [timedelta(0), timedelta(microseconds=1), timedelta(milliseconds=7)]
)
def test_bounds_within_a_jump(jump: timedelta) -> None:
    """Test that bounds of energy count for energy that came at once, or nearly so."""
    what = tariff(
        element(per_kwh("0.2"), max_energy=3),
        element(per_kwh("0.3"), max_energy="7.7"),
        element(per_kwh("0.4")),
    )
    begin, late = START, START + timedelta(hours=1)
    how = [
        Reading(begin, Decimal(0)),
        Reading(late, Decimal(1)),
        Reading(late + jump, Decimal(12)),
        Reading(late + timedelta(hours=1), Decimal(12)),
    ]
    assert receipt(what, how) == [
        "1 energy: 3 x 0.2 = 0.60",
        "2 energy: 4.7 x 0.3 = 1.41",
        "3 energy: 4.3 x 0.4 = 1.72",
    ]


def test_power_of_a_jump() -> None:
    """Test that energy which came at once came with more power than any bound, and current."""
    how = session((0, "0"), (60, "0"), (60, "10"), (120, "10"))
    slow = element(per_kwh("0.3"), max_power=10**9)
    fast = element(per_kwh("0.5"), min_power=10**9)
    assert total(tariff(slow, fast), how) == "5.00"
    weak = element(per_kwh("0.3"), max_current=10**9)
    strong = element(per_kwh("0.5"), min_current=10**9)
    assert total(tariff(weak, strong), how, amperes="1.5") == "5.00"
    assert total(tariff(element(per_kwh("0.5"), is_requesting=True)), how) == "5.00"


def test_powers_are_compared_as_finely_as_they_are_told() -> None:
    """Test that a power with endless digits is as high as its digits up to a milliwatt."""
    how = steady(180, "1")
    for least, cost in (("0.333333", "0.30"), ("0.333334", "0")):
        assert total(tariff(element(per_kwh("0.3"), min_power=least)), how) == cost
    # 2 kWh in 3 hours are 0.666667 kW.
    how = steady(180, "2")
    for least, cost in (("0.666667", "0.60"), ("0.666668", "0")):
        assert total(tariff(element(per_kwh("0.3"), min_power=least)), how) == cost
    # 11.04 kW on three phases of 230 V are 16 A, although 1000 / 690 never ends.
    amperes = str(Decimal(1000) / 690)
    for least, cost in (("16", "3.31"), ("16.000001", "0")):
        what = tariff(element(per_kwh("0.3"), min_current=least))
        assert total(what, steady(60, "11.04"), amperes=amperes) == cost


def test_current_without_any() -> None:
    """Test that a charge point of no ampere a kilowatt has none."""
    how = [*HOW, *session((180, "20"))]
    assert total(tariff(element(per_kwh("1"), max_current=1)), how, amperes="0") == "20.00"


class TestPatience:
    """An element that holds only once all else has been true for some time."""

    IDLE = tariff(
        per_kwh("0.4"), element(parking("0.1"), is_requesting=False, held_for=1800, name="Idle")
    )

    def test_broken_in_between(self) -> None:
        """Test that patience begins anew, and that what was before is never charged for."""
        # Idle 20 minutes; charging 10; idle 40, of which 30 are waited for; charging again.
        how = session((0, "0"), (20, "0"), (30, "1"), (70, "1"), (80, "2"), (105, "2"))
        assert receipt(self.IDLE, how) == [
            "1 energy: 2 x 0.4 = 0.80",
            "Idle parking_time: 10 x 0.1 = 1.00",
        ]

    def test_broken_by_a_jump(self) -> None:
        """Test that energy which came at once shows that a car was requesting."""
        how = session((0, "0"), (20, "0"), (20, "1"), (55, "1"))
        assert receipt(self.IDLE, how)[1:] == ["Idle parking_time: 5 x 0.1 = 0.50"]

    def test_held_across_readings(self) -> None:
        """Test that readings in between do not matter, at the very moment, or twice."""
        one = session((0, "0"), (60, "0"))
        many = session((0, "0"), (10, "0"), (10, "0"), (30, "0"), (31, "0"), (60, "0"))
        assert receipt(self.IDLE, one) == receipt(self.IDLE, many)
        assert receipt(self.IDLE, many)[1:] == ["Idle parking_time: 30 x 0.1 = 3.00"]

    def test_two_stages(self) -> None:
        """Test a fee that rises, with the more patient element first."""
        what = tariff(
            element(parking("0.5"), is_requesting=False, held_for=3600),
            element(parking("0.1"), is_requesting=False, held_for=600),
        )
        # Idle from 60 to 180: 10 minutes free, 50 at the lower fee, 60 at the higher one.
        assert receipt(what, session((0, "0"), (60, "10"), (180, "10"))) == [
            "1 parking_time: 60 x 0.5 = 30.00",
            "2 parking_time: 50 x 0.1 = 5.00",
        ]

    def test_behind_a_price_of_every_kind(self) -> None:
        """Test that an element waits also while another one's prices count."""
        what = tariff(
            element(per_minute("0.1"), max_duration=3600),
            element(per_minute("0.5"), held_for=5400),
            element(per_minute("0.2")),
        )
        # An hour at 0.1, half an hour at 0.2, and the rest at 0.5.
        assert receipt(what, HOW) == [
            "1 time: 60 x 0.1 = 6.00",
            "2 time: 90 x 0.5 = 45.00",
            "3 time: 30 x 0.2 = 6.00",
        ]

    def test_flat_price(self) -> None:
        """Test that a flat price is due when patience is at its end, and once."""
        what = tariff(element(flat("3"), is_requesting=False, held_for=1800))
        how = session((0, "0"), (30, "0"), (60, "1"), (90, "1"), (120, "2"), (180, "2"))
        assert receipt(what, how[:2]) == []
        assert receipt(what, how[:4]) == []
        assert receipt(what, how) == ["1 flat: 1 x 3 = 3.00"]


def test_like_shell() -> None:
    """Test a tariff as Shell tells them: a start fee, kWh, and minutes by the begun one."""
    step, vat = Decimal(60), Decimal(21)
    what = tariff(
        flat("0.35", vat=vat),
        per_kwh("0.41", vat=vat, step=Decimal("0.001")),
        charging("0.03", step=step),
        parking("0.15", step=step),
    )
    # 0.4235; 14.0001 kWh are 14.001 at 0.4961, so 6.9458961; 90.5 and 29.2 minutes.
    how = session((0, "0"), (90.5, "14.0001"), (119.7, "14.0001"))
    assert receipt(what, how) == [
        "1 flat: 1 x 0.4235 = 0.42",
        "2 energy: 14.001 x 0.4961 = 6.95",
        "3 charging_time: 91 x 0.03 = 2.73",
        "4 parking_time: 30 x 0.15 = 4.50",
    ]
    assert total(what, how) == "14.60"


@pytest.mark.parametrize(
    ("energy", "cost"),
    [
        # 49 W of an hour at 10 cents a minute, and 50 W.
        ("0.049", "6.00"),
        ("0.05", "0"),
    ],
)
def test_a_car_that_is_full(energy: str, cost: str) -> None:
    """Test that what a full car draws now and then is no request for power."""
    fee = tariff(element(per_minute("0.10"), is_requesting=False))
    assert total(fee, session((0, "0"), (60, energy))) == cost
    price = tariff(element(per_minute("0.10"), is_requesting=True))
    assert total(price, session((0, "0"), (60, energy))) != cost
    assert (total(tariff(parking("0.10")), session((0, "0"), (60, energy))) == "6.00") is bool(
        Decimal(cost)
    )
