"""Answers about sessions, for the tests of the merge and of the ledger."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from custom_components.ev_charging_sessions.charging.model import (
    Account,
    Cost,
    Intent,
    MeterValue,
    Session,
    SessionDetails,
    SessionStatus,
    Source,
)
from custom_components.ev_charging_sessions.charging.tariff_model import (
    PriceComponent,
    PriceComponentType,
    Restrictions,
    Tariff,
    TariffElement,
)

ACCOUNT = Account(backend="smappee", account_id="a1")
OTHER_ACCOUNT = Account(backend="shell_recharge", account_id="a1")
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)

# The names of all that an answer can say, with the energy's source behind its energy.
CONTENT = (
    "charge_point_id",
    "card_id",
    "status",
    "started",
    "ended",
    "energy",
    "cost",
    "stop_reason",
    "error_code",
    "tariff",
    "meter_values",
    "details",
)


def at(minutes: float) -> datetime:
    """Return the time so many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def answer(session_id: str = "s1", *, account: Account = ACCOUNT, **said: Any) -> Session:
    """Return an answer about a session of the test's account."""
    return Session(account=account, session_id=session_id, **said)


def euros(amount: str) -> Cost:
    """Return a cost in euros, as a backend reports it."""
    return Cost(amount=Decimal(amount), currency="EUR", source=Source.REPORTED)


def metered(*values: tuple[float, float]) -> tuple[MeterValue, ...]:
    """Return meter values from minutes after noon and kWh."""
    return tuple(MeterValue(at(minutes), energy) for minutes, energy in values)


def tariff(price: str, **values: Any) -> Tariff:
    """Return a tariff with a price for a kWh, by night and only slowly."""
    energy = PriceComponent(type=PriceComponentType.ENERGY, price=Decimal(price))
    night = Restrictions(start=time(22), end=time(6, 30), days=(0, 6), max_power=Decimal("11.0"))
    element = TariffElement(components=(energy,), restrictions=night)
    return Tariff(currency="EUR", elements=(element,), **values)


def details(price: str = "5.00", **values: Any) -> SessionDetails:
    """Return details of a session with every kind of value in them."""
    intent = Intent(
        kind="in_app",
        start_kind="remote",
        details='{"by": "Ada"}',
        notify_after_energy=7.5,
        notify_after_price=Decimal(price),
        created=at(-1),
    )
    return SessionDetails(intent=intent, time_zone="Europe/Brussels", created=at(0), **values)


# Few values each, so that versions and values often meet their equals.
_MOMENTS = st.sampled_from((at(0), at(1), at(2)))
_COSTS = st.builds(
    Cost,
    amount=st.sampled_from((Decimal("1.5"), Decimal("1.50"), Decimal("-0"), Decimal(12))),
    currency=st.sampled_from(("EUR", "SEK")),
    source=st.sampled_from(Source),
)

ANSWERS = st.builds(
    Session,
    account=st.just(ACCOUNT),
    session_id=st.just("s1"),
    charge_point_id=st.sampled_from((None, "CP1", "CP2")),
    card_id=st.sampled_from((None, "card")),
    status=st.none() | st.sampled_from(SessionStatus),
    started=st.none() | _MOMENTS,
    ended=st.none() | _MOMENTS,
    energy=st.sampled_from((None, 0.0, -0.0, 0.1, 7, float("nan"))),
    energy_source=st.none() | st.sampled_from(Source),
    cost=st.none() | _COSTS,
    stop_reason=st.sampled_from((None, "Local", "Remote")),
    error_code=st.sampled_from((None, "GroundFailure")),
    tariff=st.sampled_from((None, tariff("0.4"), tariff("0.40"), tariff("0.4", tariff_id="T"))),
    meter_values=st.sampled_from(
        (
            (),
            metered((0, 1.0)),
            metered((0, 1.5), (1, 2)),
            metered((2, -0.0), (0, 1.2), (2, 0.0)),
            metered((0, float("nan")), (1, 9.0)),
            metered((1, float("inf"))),
        )
    ),
    details=st.sampled_from((None, details("5"), details("5.0"), details(location_id="L1"))),
    updated=st.none() | _MOMENTS,
)
"""Answers about one session, in all the combinations a backend might send."""
