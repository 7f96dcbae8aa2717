"""What can be set at a connector, told before anything is sent."""

from .errors import InvalidInputError
from .model import ChargePoint, ChargingMode, LimitUnit, ModeSetting


def check_setting(charge_point: ChargePoint, setting: ModeSetting) -> None:
    """Make sure that a charge point can be set so.

    Raises InvalidInputError for a mode that it does not offer, for a limit of a mode that
    knows none, and for one that it cannot keep: without a known current none in ampere,
    and where it can only be on or off none at all.
    """
    if setting.mode not in charge_point.modes:
        raise InvalidInputError("mode", "mode_not_offered")
    limit = setting.limit
    if limit is None:
        return
    if setting.mode is not ChargingMode.NORMAL:
        raise InvalidInputError("limit", "limit_not_normal")
    lowest, highest = 0.0, 100.0
    is_offered = ChargingMode.SMART in charge_point.modes
    if limit.unit is LimitUnit.AMPERE:
        lowest, highest = charge_point.min_current or 0.0, charge_point.max_current or 0.0
        is_offered = charge_point.max_current is not None
    if not is_offered:
        raise InvalidInputError("limit", "limit_not_offered")
    if not lowest <= limit.value <= highest:
        raise InvalidInputError("limit", "limit_out_of_range")
