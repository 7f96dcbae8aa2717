"""What must be known to tell what charging costs, and what need not be."""

from datetime import time

import pytest

from custom_components.ev_charging_sessions.charging.errors import PriceUnknownError
from custom_components.ev_charging_sessions.charging.tariff import (
    Reading,
    Tariff,
    can_rise,
    depends_on_course,
    is_time_priced,
    price,
)
from custom_components.ev_charging_sessions.charging.tariff_course import (
    needs_clock,
    needs_energy,
)

from .tariff_parts import (
    charging,
    element,
    flat,
    parking,
    per_kwh,
    per_minute,
    session,
    steady,
    tariff,
    total,
)


def test_unknown_energy() -> None:
    """Test that a price that does not depend on energy is told without it."""
    what = tariff(element(flat("1"), max_duration=1800), element(per_minute("0.1"), held_for=600))
    assert total(what, steady(60, None)) == "6.00"
    mixed = session((0, None), (30, "5"), (60, None))
    assert total(what, mixed) == "6.00"


@pytest.mark.parametrize(
    ("what", "how", "missing"),
    [
        (tariff(flat("1"), is_complete=False), steady(60, "1"), "tariff"),
        (tariff(per_kwh("0.3")), steady(60, None), "energy"),
        (tariff(per_kwh("0.3")), session((0, "0"), (30, None), (60, "9")), "energy"),
        (tariff(charging("0.3")), steady(60, None), "energy"),
        (tariff(parking("0.3")), steady(60, None), "energy"),
        (tariff(element(flat("1"), min_energy=1)), steady(60, None), "energy"),
        (tariff(element(flat("1"), max_energy=1)), steady(60, None), "energy"),
        (tariff(element(flat("1"), min_power=1)), steady(60, None), "energy"),
        (tariff(element(flat("1"), max_power=1)), steady(60, None), "energy"),
        (tariff(element(flat("1"), is_requesting=True)), steady(60, None), "energy"),
        (tariff(element(flat("1"), is_requesting=False)), steady(60, None), "energy"),
        (tariff(element(flat("1"), max_current=1)), steady(60, None), "energy"),
        (tariff(element(flat("1"), min_current=1)), steady(60, "1"), "current"),
        (tariff(element(flat("1"), max_current=1)), steady(60, "1"), "current"),
        (tariff(element(flat("1"), days=(1,)), time_zone=None), steady(60, "1"), "time_zone"),
    ],
)
def test_what_is_missing(what: Tariff, how: list[Reading], missing: str) -> None:
    """Test that no price is made up when something that it depends on is not known."""
    with pytest.raises(PriceUnknownError) as caught:
        price(what, how)
    assert caught.value.key == f"price_unknown_{missing}"


@pytest.mark.parametrize(
    ("what", "does_depend"),
    [
        (tariff(element(flat("1"), per_kwh("0.3"), per_minute("0.1"))), False),
        (tariff(charging("0.1")), True),
        (tariff(parking("0.1")), True),
        (tariff(flat("1"), element(per_kwh("0.3"), parking("0.1"))), True),
        (tariff(per_kwh("0.3"), element(flat("1"), max_energy=5)), True),
    ],
)
def test_depends_on_course(what: Tariff, does_depend: bool) -> None:
    """Test which prices can be told of a session whose course nobody has watched."""
    assert depends_on_course(what) is does_depend


@pytest.mark.parametrize(
    ("what", "is_priced"),
    [
        (tariff(element(flat("1"), per_kwh("0.3"))), False),
        (tariff(flat("1"), element(per_minute("0.1"), max_energy=5)), True),
        (tariff(element(charging("0.1"))), True),
        (tariff(element(parking("0.1"))), True),
        (tariff(element(parking("0"))), False),
    ],
)
def test_is_time_priced(what: Tariff, is_priced: bool) -> None:
    """Test which tariffs charge for time at all."""
    assert is_time_priced(what) is is_priced


@pytest.mark.parametrize(
    ("what", "may_rise"),
    [
        (tariff(per_minute("0.1")), False),
        (tariff(element(per_kwh("1"), max_energy=5), per_minute("0.1")), False),
        (tariff(parking("0.1")), True),
        (tariff(parking("0")), False),
        (tariff(per_minute("0.1"), element(per_minute("0.2"), min_duration=60)), True),
        # What is free at first is not for ever.
        (tariff(element(per_minute("0"), max_duration=60), per_minute("0.1")), True),
    ],
)
def test_can_rise(what: Tariff, may_rise: bool) -> None:
    """Test of which tariffs a fee may come, so that one has to be looked for."""
    assert can_rise(what) is may_rise


@pytest.mark.parametrize(
    ("what", "does_need"),
    [
        (tariff(element(flat("1"), per_minute("0.1"), min_duration=5, days=(1,))), False),
        (tariff(flat("1"), per_kwh("0.1")), True),
        (tariff(flat("1"), charging("0.1")), True),
        (tariff(flat("1"), parking("0.1")), True),
        (tariff(element(flat("1"), per_kwh("0"), parking("0"))), False),
        (tariff(flat("1"), element(per_minute("0.1"), max_power=5)), True),
        (tariff(flat("1"), element(per_minute("0.1"), is_requesting=False)), True),
    ],
)
def test_needs_energy(what: Tariff, does_need: bool) -> None:
    """Test which prices can be told without a meter."""
    assert needs_energy(what) is does_need


@pytest.mark.parametrize(
    ("what", "does_need"),
    [
        (tariff(flat("1"), element(per_kwh("0.1"), min_duration=5)), False),
        (tariff(flat("1"), element(per_kwh("0.1"), start=time(8), end=time(8))), False),
        (tariff(flat("1"), element(per_kwh("0.1"), start=time(8))), True),
        (tariff(flat("1"), element(per_kwh("0.1"), days=(1,))), True),
    ],
)
def test_needs_clock(what: Tariff, does_need: bool) -> None:
    """Test which prices can be told without a time zone."""
    assert needs_clock(what) is does_need
