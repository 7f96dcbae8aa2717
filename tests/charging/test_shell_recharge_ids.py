"""Tests of the ids that a person enters for Shell Recharge, and their one spelling."""

import pytest

from custom_components.ev_charging_sessions.charging.backends.shell_recharge import (
    checked_ema_id,
    checked_evse_id,
)
from custom_components.ev_charging_sessions.charging.errors import (
    InvalidInputError,
)


@pytest.mark.parametrize(
    ("text", "evse_id"),
    [
        (" nl*tnm*e02003451*0 ", "NL*TNM*E02003451*0"),
        ("NL*TNM*EVIRTUALCP0002*0", "NL*TNM*EVIRTUALCP0002*0"),
        ("NLTNME0200345100000", "NLTNME0200345100000"),
    ],
)
def test_evse_ids(text: str, evse_id: str) -> None:
    """Test the canonical spelling of an EVSE id."""
    assert checked_evse_id(text) == evse_id


@pytest.mark.parametrize(
    "text",
    ["", "NL*TNM*E0200345*0", f"NL*TNM*E{'0' * 29}", "NL-TNM-C00122045-K", "NL*TNM*X02003451*0*0"],
)
def test_evse_ids_that_cannot_be(text: str) -> None:
    """Test that an impossible EVSE id is told apart before anything is sent."""
    with pytest.raises(InvalidInputError) as caught:
        checked_evse_id(text)
    assert (caught.value.field, caught.value.key) == ("evse_id", "invalid_evse_id")


@pytest.mark.parametrize(
    ("text", "ema_id"),
    [
        (" nl-tnm-c00122045-k ", "NL-TNM-C00122045-K"),
        ("NLTNMC00122045K", "NL-TNM-C00122045-K"),
        ("NL-TNM-C0216599X-A", "NL-TNM-C0216599X-A"),
        ("NL-TNM-C00122045", "NL-TNM-C00122045"),
    ],
)
def test_ema_ids(text: str, ema_id: str) -> None:
    """Test that one card has one spelling."""
    assert checked_ema_id(text) == ema_id


@pytest.mark.parametrize(
    "text", ["", "NL-TNM-00122045-K", "NL-TNM-C0012204", "NL*TNM*E02003451*0", "04A1B2C3D4E5F6"]
)
def test_ema_ids_that_cannot_be(text: str) -> None:
    """Test that an impossible EMA-ID is refused, and not repeated."""
    with pytest.raises(InvalidInputError) as caught:
        checked_ema_id(text)
    assert (caught.value.field, caught.value.key) == ("ema_id", "invalid_ema_id")
    assert not text or text not in str(caught.value)
