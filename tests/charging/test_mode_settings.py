"""Tests of what can be set at a connector."""

import pytest

from custom_components.ev_charging_sessions.charging.errors import InvalidInputError
from custom_components.ev_charging_sessions.charging.mode_settings import check_setting
from custom_components.ev_charging_sessions.charging.model import (
    ChargePoint,
    ChargingMode,
    Limit,
    LimitUnit,
    ModeSetting,
)

_AC_MODES = (ChargingMode.NORMAL, ChargingMode.SMART, ChargingMode.PAUSED)
AC = ChargePoint(charge_point_id="1", modes=_AC_MODES, min_current=6.0, max_current=32.0)
BARE = ChargePoint(charge_point_id="1", modes=_AC_MODES)
DC = ChargePoint(charge_point_id="1", modes=(ChargingMode.NORMAL, ChargingMode.PAUSED))
NONE = ChargePoint(charge_point_id="1")


def setting(
    value: float | None = None,
    unit: LimitUnit = LimitUnit.AMPERE,
    mode: ChargingMode = ChargingMode.NORMAL,
) -> ModeSetting:
    """Return a setting with a limit, or with none."""
    return ModeSetting(mode=mode, limit=None if value is None else Limit(value=value, unit=unit))


@pytest.mark.parametrize(
    ("point", "chosen"),
    [
        *((AC, setting(mode=mode)) for mode in ChargingMode),
        *((DC, setting(mode=mode)) for mode in DC.modes),
        *((AC, setting(value)) for value in (6, 6.5, 32)),
        *((AC, setting(value, LimitUnit.PERCENT)) for value in (0, 50, 100)),
        *((BARE, setting(value, LimitUnit.PERCENT)) for value in (0, 100)),
    ],
)
def test_what_can_be_set(point: ChargePoint, chosen: ModeSetting) -> None:
    """Test that nothing is raised for what a connector offers."""
    check_setting(point, chosen)


@pytest.mark.parametrize(
    ("point", "chosen", "field", "key"),
    [
        (DC, setting(mode=ChargingMode.SMART), "mode", "mode_not_offered"),
        (NONE, setting(), "mode", "mode_not_offered"),
        (AC, setting(10, mode=ChargingMode.SMART), "limit", "limit_not_normal"),
        (AC, setting(10, mode=ChargingMode.PAUSED), "limit", "limit_not_normal"),
        (DC, setting(10), "limit", "limit_not_offered"),
        (DC, setting(10, LimitUnit.PERCENT), "limit", "limit_not_offered"),
        (BARE, setting(10), "limit", "limit_not_offered"),
        *((AC, setting(each), "limit", "limit_out_of_range") for each in (5.9, 32.1, float("nan"))),
        *(
            (AC, setting(each, LimitUnit.PERCENT), "limit", "limit_out_of_range")
            for each in (-1, 100.5)
        ),
    ],
)
def test_what_cannot_be_set(point: ChargePoint, chosen: ModeSetting, field: str, key: str) -> None:
    """Test that each thing that cannot be right has its own word."""
    with pytest.raises(InvalidInputError) as caught:
        check_setting(point, chosen)
    assert (caught.value.field, caught.value.key) == (field, key)
