"""Sessions of a past month, as tests of calendars and exports want to have them."""

from copy import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from custom_components.ev_charging_sessions.charging.model import (
    Cost,
    Session,
    SessionDetails,
    SessionStatus,
    Source,
)
from tests.home import EVSE, OTHER_EVSE, Home
from tests.simulator.defaults import CARDS

COMPANY = "Company card"


def ended(home: Home, session_id: str, started: datetime, /, **changes: Any) -> Session:
    """Return a session of an hour that cost 4.35 EUR for 11.2 kWh, unless something changes."""
    session = Session(
        account=home.coordinator.account,
        session_id=session_id,
        charge_point_id=EVSE,
        card_id=CARDS[0],
        status=SessionStatus.FINISHED,
        started=started,
        ended=started + timedelta(hours=1),
        energy=11.2,
        energy_source=Source.METERED,
        cost=Cost(amount=Decimal("4.35"), currency="EUR", source=Source.REPORTED),
    )
    return replace(session, **changes)


def cost(amount: str, currency: str = "EUR", source: Source = Source.REPORTED) -> Cost:
    """Return an amount of money."""
    return Cost(amount=Decimal(amount), currency=currency, source=source)


def note(text: str) -> SessionDetails:
    """Return details with a note."""
    return SessionDetails(note=text)


async def add_archive(home: Home, *sessions: Session) -> None:
    """Put sessions into the ledger."""
    await home.coordinator.ledger.upsert(sessions)


async def add_account(home: Home, time_zone: str = "Europe/Amsterdam") -> None:
    """Add an account with two charge points and two cards, in a home of that time zone."""
    await home.hass.config.async_set_time_zone(time_zone)
    await home.add_account(EVSE, OTHER_EVSE)
    await home.add_subentry("charge_card", identifier=CARDS[1], alias=COMPANY)
