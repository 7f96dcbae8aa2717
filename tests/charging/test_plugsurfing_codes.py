"""Tests of PlugSurfing's result codes."""

import pytest

from custom_components.ev_charging_sessions.charging.backends.plugsurfing_codes import (
    ResultCode,
    is_refused_key,
    is_success,
    is_temporary,
    name_of,
    words_of,
)

# All that request.rst of the documentation lists.
DOCUMENTED = {
    *(0, 11, 12),
    *(100, 101, 102, 140, 141, 142, 143, 144, 145),
    *range(180, 195),
    *(200, 210, 211, 220, 230),
    *(300, 302, 310, 312, 320, 321, 322, 323, 330),
    *(400, 402),
    *(800, 802, 805, 830, 850, 860, 861, 862, 863, 864, 870, 871, 872, 874, 875, 876, 880),
}


def test_all_codes_have_a_name() -> None:
    """Test that there are those of the documentation and no others."""
    assert set(ResultCode) == DOCUMENTED
    assert len({words_of(code) for code in ResultCode}) == len(DOCUMENTED)


def test_success() -> None:
    """Test that any 0xx is success, and nothing else."""
    assert [code for code in range(-10, 1000) if is_success(code)] == list(range(100))


def test_temporary() -> None:
    """Test which refusals may be over later, none of which is a success."""
    found = [code for code in range(1000) if is_temporary(code)]
    assert found == [100, 101, 102, 302, 312, 400, 402]


def test_refused_key() -> None:
    """Test which refusals are about the key."""
    assert [code for code in range(1000) if is_refused_key(code)] == [210, 220]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (0, "0 success"),
        (12, "12 authorized plug in now"),
        (181, "181 EVSE not found"),
        (191, "191 EVCO ID unknown"),
        (210, "210 invalid API key"),
        (ResultCode.INVALID_PARTNER_IDENTIFIER, "211 invalid partner identifier"),
        (321, "321 no EV connected"),
        (880, "880 PayPal error"),
        (999, "999"),
        (7, "7"),
    ],
)
def test_names(code: int, name: str) -> None:
    """Test what a person reads, also of a code that nobody has documented."""
    assert name_of(code) == name
