"""All charges of a query in pages, while the ledger goes on being written."""

from copy import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from custom_components.ev_charging_sessions.charging.errors import LedgerError
from custom_components.ev_charging_sessions.charging.ledger import Ledger, SessionQuery
from custom_components.ev_charging_sessions.charging.ledger_schema import BATCH
from custom_components.ev_charging_sessions.charging.model import (
    Account,
    Cost,
    Session,
    SessionStatus,
    Source,
)
from custom_components.ev_charging_sessions.charging.sums import Sums, amount_at

from .test_ledger_links import AT_NAMESPACE, AT_PARK, AT_POLES, AT_SHELL, PARK, SHELL

ACCOUNT = Account(backend="shell_recharge", account_id="1")
BEGAN = datetime(2026, 10, 1, tzinfo=UTC)


def _session(number: int, **changes: Any) -> Session:
    started = BEGAN + timedelta(minutes=20 * number)
    session = Session(
        account=ACCOUNT,
        session_id=f"{number:05}",
        status=SessionStatus.FINISHED,
        started=started,
        ended=started + timedelta(minutes=10),
        updated=started + timedelta(minutes=10),
    )
    return replace(session, **changes)


async def _ids(ledger: Ledger, query: SessionQuery) -> list[str]:
    return [each.session_id async for page in ledger.pages(query) for each in page]


async def test_order(ledger: Ledger) -> None:
    """Test that the oldest comes first, and what has no start last."""
    await ledger.upsert([_session(2), _session(1), _session(0, started=None), _session(3)])
    assert await _ids(ledger, SessionQuery()) == ["00001", "00002", "00003", "00000"]
    query = SessionQuery(start=BEGAN + timedelta(minutes=35))
    assert await _ids(ledger, query) == ["00002", "00003"]
    assert await _ids(ledger, SessionQuery(accounts=())) == []


async def test_none_is_lost_or_told_twice(ledger: Ledger) -> None:
    """Test that sessions that arrive or move between two pages change nothing in the list."""
    count = 3 * BATCH + 7
    await ledger.upsert([_session(number) for number in range(count)])
    found: list[str] = []
    turn = 0
    async for page in ledger.pages(SessionQuery()):
        assert len(page) <= BATCH
        found += [each.session_id for each in page]
        turn += 1
        # Some arrive before, within and after what has been read, and others move there.
        await ledger.upsert(
            [
                *(_session(-100 * turn - number) for number in range(50)),
                *(_session(10_000 * turn + number) for number in range(50)),
                *(
                    _session(
                        number,
                        started=BEGAN + timedelta(days=(-1) ** number * 99),
                        updated=BEGAN + timedelta(days=1000 + turn),
                    )
                    for number in range(turn, count, 17)
                ),
            ]
        )
    assert found == [f"{number:05}" for number in range(count)]
    assert len(await _ids(ledger, SessionQuery())) > count


async def test_a_charge_is_told_once(ledger: Ledger) -> None:
    """Test that of two reports of a charge the one that counts is told, if it is asked for."""
    await ledger.upsert([AT_SHELL, AT_POLES, AT_NAMESPACE, AT_PARK])
    assert sorted(await _ids(ledger, SessionQuery())) == ["namespace", "pole"]
    assert await _ids(ledger, SessionQuery(accounts=(SHELL, PARK))) in (
        ["shell", "park"],
        ["park", "shell"],
    )
    await ledger.unlink(SHELL, "shell")
    assert sorted(await _ids(ledger, SessionQuery())) == ["namespace", "pole", "shell"]


async def test_ledger_that_is_closed(ledger: Ledger) -> None:
    """Test that a page that cannot be read is told."""
    await ledger.upsert([_session(1)])
    await ledger.close()
    with pytest.raises(LedgerError):
        await _ids(ledger, SessionQuery())


def test_sums_say_what_they_lack() -> None:
    """Test that what is not known is counted instead of added."""
    sums = Sums()
    assert (sums.energy, sums.duration, sums.cost) == (None, None, {})
    cost = Cost(amount=Decimal("1.10"), currency="EUR", source=Source.REPORTED)
    sums.add(_session(1, energy=0.1, cost=cost))
    sums.add(_session(2, energy=0.2))
    sums.add(_session(3, ended=None, status=SessionStatus.CHARGING, cost=replace(cost)))
    sums.add(_session(4, ended=BEGAN, cost=replace(cost, currency="CHF")))
    assert str(sums.energy) == "0.3"
    assert sums.duration == 1200
    assert sums.cost == {"EUR": Decimal("2.20"), "CHF": Decimal("1.10")}
    assert (sums.count, sums.still_open) == (4, 1)
    assert (sums.without_energy, sums.without_cost) == (2, 1)
    assert str(sums.unpaid_energy) == "0.2"


@pytest.mark.parametrize(
    ("energy", "rate", "currency", "amount"),
    [
        (10.0, "0.35", "EUR", "3.50"),
        (0.1, "0.25", "EUR", "0.03"),
        (10.01, "0.35", "JPY", "4"),
        (1.0, "0.1235", "KWD", "0.124"),
        (None, "0.35", "EUR", None),
        (0.0, "0.35", "EUR", "0.00"),
    ],
)
def test_amount_at_a_rate(
    energy: float | None, rate: str, currency: str, amount: str | None
) -> None:
    """Test that an energy is paid back in whole coins, and what is not known not at all."""
    found = amount_at(Decimal(rate), currency, _session(1, energy=energy))
    assert (None if found is None else str(found)) == amount
