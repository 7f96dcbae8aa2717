"""What is to be done when energies or prices of an account turn out to be in another unit.

A network may not say in which unit it tells energies, nor the currency of its prices, so a
person sets them. All answers so far were then read in the wrong one, and no newer answer will
ever correct the old ones.
"""

from collections.abc import Callable
from copy import replace
from decimal import Decimal

from sqlalchemy import Connection, select

from .ledger_query import find_revisions, update_revision, update_session
from .ledger_rows import (
    Columns,
    content_from_json,
    content_to_json,
    known_from_columns,
    known_to_columns,
)
from .ledger_schema import BATCH, accounts, meter_values, sessions
from .ledger_statistics import mark_all_due
from .ledger_tariffs import Tariffs
from .ledger_upsert import find_account
from .model import Account, EnergyUnit, MeterValue, Session
from .tariff_model import Restrictions, Tariff

_IN_KWH = {EnergyUnit.WH: Decimal("0.001"), EnergyUnit.KWH: Decimal(1)}
# What dividing leaves behind a float is no energy.
_DIGITS = 9


def use_units(
    connection: Connection, account: Account, energy_unit: EnergyUnit, currency: str
) -> bool:
    """Note the units of an account; those that are not the last ones correct the past.

    Returns whether they have.
    """
    number = find_account(connection, account)
    row = accounts.c.id == number
    before = connection.execute(select(accounts).where(row)).one()
    if (before.energy_unit, before.currency) == (energy_unit, currency):
        return False
    now = {"energy_unit": energy_unit.value, "currency": currency}
    connection.execute(accounts.update().where(row).values(now))
    if before.energy_unit is None:
        return False
    factor = _IN_KWH[energy_unit] / _IN_KWH[EnergyUnit(before.energy_unit)]

    def restated(session: Session) -> Session:
        return _in_currency(_scaled(session, factor), before.currency, currency)

    _restate(connection, account, number, restated)
    of_account = select(sessions.c.id).where(sessions.c.account == number)
    connection.execute(
        meter_values.update()
        .where(meter_values.c.session.in_(of_account))
        .values(energy=meter_values.c.energy * float(factor))
    )
    mark_all_due(connection, number)
    return True


def _restate(
    connection: Connection, account: Account, number: int, restated: Callable[[Session], Session]
) -> None:
    """Write all sessions of an account anew, and their revisions."""
    tariffs = Tariffs(connection)
    last = 0
    while rows := _next_rows(connection, number, last):
        last = rows[-1]["id"]
        tariffs.load(row["tariff"] for row in rows)
        known = {}
        for row in rows:
            each = known_from_columns(account, row, tariffs)
            known[row["id"]] = replace(each, session=restated(each.session))
        tariffs.add(each.session.tariff for each in known.values())
        changed = [{"row": row, **known_to_columns(each, tariffs)} for row, each in known.items()]
        connection.execute(update_session(), changed)
        _restate_revisions(connection, account, list(known), restated, tariffs)


def _next_rows(connection: Connection, number: int, last: int) -> list[Columns]:
    statement = (
        select(sessions)
        .where(sessions.c.account == number, sessions.c.id > last)
        .order_by(sessions.c.id)
        .limit(BATCH)
    )
    return [dict(row) for row in connection.execute(statement).mappings()]


def _restate_revisions(
    connection: Connection,
    account: Account,
    rows: list[int],
    restated: Callable[[Session], Session],
    tariffs: Tariffs,
) -> None:
    changed: list[Columns] = []
    for row in connection.execute(find_revisions(), {"rows": rows}).all():
        # A revision holds all of a session but its identity, which does not matter here.
        session = restated(content_from_json(account, "", row.content, tariffs))
        tariffs.add([session.tariff])
        content = content_to_json(session, tariffs)
        changed.append({"row": row.session, "at": row.version, "content": content})
    if changed:
        connection.execute(update_revision(), changed)


def _in_currency(session: Session, before: str, currency: str) -> Session:
    """Return a session whose own prices are in another currency; others stay what they are."""
    cost, tariff = session.cost, session.tariff
    if cost and cost.currency == before:
        cost = replace(cost, currency=currency)
    if tariff and tariff.currency == before:
        tariff = replace(tariff, currency=currency)
    return replace(session, cost=cost, tariff=tariff)


def _scaled(session: Session, factor: Decimal) -> Session:
    def scaled(energy: float) -> float:
        return round(energy * float(factor), _DIGITS)

    return replace(
        session,
        energy=None if session.energy is None else scaled(session.energy),
        meter_values=tuple(
            MeterValue(value.at, scaled(value.energy)) for value in session.meter_values
        ),
        tariff=session.tariff and _scaled_tariff(session.tariff, factor),
    )


def _scaled_tariff(tariff: Tariff, factor: Decimal) -> Tariff:
    """Return a tariff whose bounds of energy and power, told in that unit, are scaled too."""

    def scaled(bound: Decimal | None) -> Decimal | None:
        return None if bound is None else (bound * factor).normalize()

    def with_bounds(each: Restrictions) -> Restrictions:
        return replace(
            each,
            min_energy=scaled(each.min_energy),
            max_energy=scaled(each.max_energy),
            min_power=scaled(each.min_power),
            max_power=scaled(each.max_power),
        )

    return replace(
        tariff,
        elements=tuple(
            replace(
                element, restrictions=element.restrictions and with_bounds(element.restrictions)
            )
            for element in tariff.elements
        ),
    )
