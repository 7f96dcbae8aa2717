"""Whether two networks speak of one and the same charge, and which of them is believed.

A car that charges at a pole of a park may be reported by the park and by the system of the
pole's operator, or by the network of its driver and by that of its operator.
"""

from datetime import datetime, timedelta
import re

from msgspec import Struct

# ISO 15118, without separators.
_EVSE_ID = r"[A-Z]{2}[A-Z0-9]{3}E[A-Z0-9]+"

# One network stamps a session when the card is held to the pole, another when current flows.
_SAME_START = timedelta(minutes=15)


class Report(Struct, frozen=True, kw_only=True):
    """What one network says of a charge, as far as it tells one charge from others.

    ``row`` is the ledger's number of it. ``evse_id`` is without separators.
    ``transaction_id`` is the number of the charge in the system of the pole's operator.
    ``ended`` is ``None`` while the session is open. ``worth`` ranks what the report tells:
    the larger, the better.
    """

    row: int
    backend: str
    account_id: str
    session_id: str
    evse_id: str | None
    transaction_id: str | None
    started: datetime
    ended: datetime | None
    worth: tuple[bool | int, ...]

    @property
    def has_name(self) -> bool:
        """Tell whether there is anything by which another report could be known."""
        return bool(self.evse_id or self.transaction_id)

    @property
    def reach(self) -> timedelta:
        """Return how far from its start the start of another report can be."""
        if self.ended is None:
            return _SAME_START
        return max(self.ended - self.started, _SAME_START)


def evse_id_of(charge_point_id: str | None) -> str | None:
    """Return an EVSE id without its separators; ``None`` for the id of anything else."""
    plain = re.sub(r"[*-]", "", charge_point_id or "").upper()
    return plain if re.fullmatch(_EVSE_ID, plain) else None


def is_same_charge(one: Report, other: Report) -> bool:
    """Tell whether two reports are about one charge.

    They come from two networks that name the same transaction, or an EVSE, where there is
    never more than one car at a time. Their clocks differ, so the end of one car may seem to
    overlap with the beginning of the next: what both report has to be most of the charge.
    """
    if one.backend == other.backend:
        return False
    has_same_name = (one.transaction_id and one.transaction_id == other.transaction_id) or (
        one.evse_id and one.evse_id == other.evse_id
    )
    return bool(has_same_name) and _is_same_time(one, other)


def believed(reports: list[Report]) -> Report:
    """Return the report of a charge that counts: the one that tells most.

    Of two that tell as much it is always the same, whichever came first.
    """
    return max(
        reports,
        key=lambda report: (report.worth, report.backend, report.account_id, report.session_id),
    )


def _is_same_time(one: Report, other: Report) -> bool:
    if one.ended is None or other.ended is None:
        return abs(one.started - other.started) <= _SAME_START
    common = min(one.ended, other.ended) - max(one.started, other.started)
    longer = max(one.ended - one.started, other.ended - other.started)
    return common >= longer / 2
