"""Tests of telling whether two networks report one charge."""

from copy import replace
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charging_sessions.charging.witnesses import (
    Report,
    believed,
    evse_id_of,
    is_same_charge,
)

from .answers import at

ONE = Report(
    row=1,
    backend="shell_recharge",
    account_id="a",
    session_id="s1",
    evse_id="NLTNME020034510",
    transaction_id=None,
    started=at(0),
    ended=at(60),
    worth=(False, False, 0),
)
OTHER = replace(ONE, row=2, backend="plugsurfing")
PARK = replace(ONE, backend="smappee", evse_id=None, transaction_id="7")
POLE = replace(PARK, row=2, backend="cleverev", evse_id=None)


@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        ({}, True),
        ({"started": at(-20), "ended": at(70)}, True),
        ({"started": at(30)}, True),
        ({"started": at(31)}, False),
        ({"started": at(29), "ended": at(89)}, True),
        ({"started": at(31), "ended": at(91)}, False),
        ({"started": at(60), "ended": at(61)}, False),
        ({"started": at(-60), "ended": at(0)}, False),
        ({"started": at(10), "ended": None}, True),
        ({"started": at(-15), "ended": None}, True),
        ({"started": at(16), "ended": None}, False),
    ],
)
@pytest.mark.parametrize(("one", "other"), [(ONE, OTHER), (PARK, POLE)])
def test_the_same_charge(
    one: Report, other: Report, change: dict[str, Any], *, is_same: bool
) -> None:
    """Test that a name and most of the time make one charge, for clocks differ by minutes."""
    changed = replace(other, **change)
    assert is_same_charge(one, changed) is is_same
    assert is_same_charge(changed, one) is is_same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ONE, replace(OTHER, evse_id="NLTNME020034511")),
        (ONE, replace(OTHER, evse_id=None)),
        (ONE, replace(OTHER, evse_id=None, transaction_id="7")),
        (ONE, replace(OTHER, backend="shell_recharge")),
        (PARK, replace(POLE, transaction_id="8")),
        (PARK, replace(POLE, transaction_id=None)),
        # Two operators may use the same number for a transaction.
        (PARK, replace(POLE, backend="smappee")),
        (replace(ONE, evse_id=None), replace(OTHER, evse_id=None)),
    ],
)
def test_another_charge_at_the_same_time(one: Report, other: Report) -> None:
    """Test that the time alone makes no charge the same, nor what one network says twice."""
    assert not is_same_charge(one, other)
    assert not is_same_charge(other, one)


@pytest.mark.parametrize(
    ("charge_point_id", "evse_id"),
    [
        ("NL*TNM*E02003451*0", "NLTNME020034510"),
        ("nl-tnm-e02003451-0", "NLTNME020034510"),
        ("DE8PSETABCD1", "DE8PSETABCD1"),
        ("5820999999-1", None),
        ("a3f1-2", None),
        ("", None),
        (None, None),
    ],
)
def test_evse_ids(charge_point_id: str | None, evse_id: str | None) -> None:
    """Test that separators mean nothing, and that other names are no EVSE ids."""
    assert evse_id_of(charge_point_id) == evse_id


BY_WORTH = [
    replace(OTHER, row=number, worth=worth)
    for number, worth in enumerate(
        [
            (False, False, 0),
            (False, True, 0),
            (True, False, -2),
            (True, False, -1),
            (True, True, -2),
        ]
    )
]


@pytest.mark.parametrize("count", range(1, 6))
def test_the_one_that_tells_more_is_believed(count: int) -> None:
    """Test that energy counts most, then a price, then who has measured it."""
    assert believed(BY_WORTH[:count]) == BY_WORTH[count - 1]


@given(st.permutations([OTHER, ONE, PARK, replace(ONE, account_id="b"), replace(ONE, row=0)]))
def test_the_order_does_not_matter(reports: list[Report]) -> None:
    """Test that of those that tell as much it is always the same that is believed."""
    assert believed(reports) == PARK
