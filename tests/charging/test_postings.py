"""Tests of which changes of a session a network has to hear of."""

from copy import replace
from decimal import Decimal

import pytest

from custom_components.ev_charging_sessions.charging.model import (
    CardType,
    Cost,
    Session,
    SessionDetails,
    SessionStatus,
    Source,
)
from custom_components.ev_charging_sessions.charging.postings import is_worth_posting

from .answers import at, euros, metered
from .posts import finished, running

STARTING = running(status=SessionStatus.STARTING)
FAILED = finished(status=SessionStatus.FAILED, energy=None)


def details(**said: object) -> SessionDetails:
    """Return details of a session."""
    return SessionDetails(**said)  # type: ignore[arg-type] # what a test says is right


@pytest.mark.parametrize(
    ("before", "after", "is_live", "is_known"),
    [
        # It begins, or is seen to.
        (None, running(), True, False),
        (STARTING, running(status=SessionStatus.CONNECTED), True, False),
        (running(card_id=None), running(), True, False),
        (running(started=None), running(), True, False),
        (running(status=None), running(), True, False),
        # Somebody else, or another time.
        (running(card_id="other"), running(), True, False),
        (running(), running(started=at(-1)), True, False),
        (running(), running(details=details(charging_started=at(1))), True, False),
        (running(), running(details=details(card_type=CardType.RFID)), True, False),
        # It ends.
        (None, finished(), False, False),
        (None, finished(), True, False),
        (running(), finished(), False, False),
        (running(), finished(), True, True),
        (STARTING, finished(energy=None), False, False),
        (finished(ended=None), finished(), False, False),
        (finished(card_id=None), finished(), False, False),
        (finished(started=None), finished(), False, False),
        # It has ended, and is corrected.
        (finished(), finished(energy=12.6), False, False),
        (finished(energy=None), finished(), False, False),
        (finished(), finished(ended=at(62)), False, False),
        (finished(), finished(started=at(-2)), False, False),
        (finished(), finished(card_id="other"), False, False),
        (finished(), finished(cost=euros("3")), False, False),
        (finished(cost=euros("3")), finished(cost=euros("4")), False, False),
        (finished(), finished(details=details(charging_ended=at(50))), False, False),
        # Some energy was taken, though it failed.
        (running(), replace(FAILED, energy=0.1), False, False),
        (FAILED, replace(FAILED, energy=0.1), False, False),
        (FAILED, finished(energy=None), False, False),
        # A network that knows of it has to hear how it ends.
        (running(), FAILED, False, True),
        (running(), finished(), False, True),
        (running(), running(card_id="other"), False, True),
    ],
)
def test_worth_posting(
    before: Session | None, after: Session, is_live: bool, is_known: bool
) -> None:
    """Test what a network has to hear of."""
    assert is_worth_posting(before, after, is_live=is_live, is_known=is_known)
    # Told again it is no news.
    again = replace(after, updated=at(99))
    assert not is_worth_posting(after, again, is_live=is_live, is_known=is_known)


@pytest.mark.parametrize(
    ("before", "after", "is_live", "is_known"),
    [
        # Nobody to bill, or nothing to tell.
        (None, running(card_id=None), True, False),
        (None, finished(card_id=None), True, True),
        (None, finished(started=None), True, True),
        (running(), finished(ended=None), True, True),
        (None, running(status=None), True, True),
        (None, STARTING, True, True),
        (None, running(), False, False),
        # Nothing of this is in the post of an open session.
        (running(), running(energy=2.0), True, True),
        (running(), running(status=SessionStatus.SUSPENDED), True, True),
        (running(), running(cost=euros("1")), True, True),
        (running(), running(meter_values=metered((1, 2.0))), True, True),
        (running(), running(details=details(charging_ended=at(2))), True, True),
        (running(), running(details=details(note="to work")), True, True),
        (running(), STARTING, True, True),
        # Nor of this in that of an ended one.
        (finished(), finished(stop_reason="remote"), True, True),
        (finished(), finished(error_code="0"), True, True),
        (finished(), finished(updated=at(99)), True, True),
        (finished(), finished(details=details(note="to work")), True, True),
        (finished(cost=euros("3")), finished(cost=euros("3.00")), True, True),
        (
            finished(cost=euros("3")),
            finished(cost=Cost(amount=Decimal(3), currency="EUR", source=Source.COMPUTED)),
            True,
            True,
        ),
        # It never began.
        (None, FAILED, True, False),
        (STARTING, FAILED, True, False),
        (STARTING, replace(FAILED, energy=0.0), True, False),
    ],
)
def test_not_worth_posting(
    before: Session | None, after: Session, is_live: bool, is_known: bool
) -> None:
    """Test what no network wants to hear of."""
    assert not is_worth_posting(before, after, is_live=is_live, is_known=is_known)
