"""What the ledger keeps for an operator: whom the network lets charge, and what it ordered."""

from collections.abc import Iterable
from itertools import batched

from sqlalchemy import Connection, select

from .ledger_query import find_account_row, find_numbers, names
from .ledger_rows import session_from_columns
from .ledger_schema import BATCH, network_cards, payment_references, sessions
from .ledger_tariffs import Tariffs
from .ledger_upsert import Change, find_account
from .model import Account, Session


def use_cards(connection: Connection, account: Account, cards: frozenset[str]) -> int:
    """Replace the cards of an account and return how many are new."""
    number = find_account(connection, account)
    of_account = network_cards.c.account == number
    known = set(connection.execute(select(network_cards.c.card_id).where(of_account)).scalars())
    for batch in batched(sorted(known - cards), BATCH, strict=False):
        connection.execute(
            network_cards.delete().where(of_account, network_cards.c.card_id.in_(batch))
        )
    new = [{"account": number, "card_id": card} for card in sorted(cards - known)]
    if new:
        connection.execute(network_cards.insert(), new)
    return len(new)


def knows_card(connection: Connection, account: Account, card_id: str) -> bool:
    """Tell whether a card is one of those of an account."""
    statement = select(network_cards.c.card_id).where(
        network_cards.c.account == find_account_row().scalar_subquery(),
        network_cards.c.card_id == card_id,
    )
    return connection.execute(statement, names(account)).first() is not None


def put_references(connection: Connection, changes: Iterable[Change]) -> None:
    """Note which sessions the payment references in some changes have led to."""
    wanted: dict[Account, dict[str, str]] = {}
    for change in changes:
        reference = _reference(change.after)
        if reference is not None and reference != _reference(change.before):
            wanted.setdefault(change.after.account, {})[change.after.session_id] = reference
    for account, references in wanted.items():
        number = find_account(connection, account)
        for batch in batched(references, BATCH, strict=False):
            asked = {"account": number, "session_ids": batch}
            rows = {
                (references[row.session_id], row.id)
                for row in connection.execute(find_numbers(), asked)
            }
            stored = connection.execute(
                select(payment_references.c.reference, payment_references.c.session).where(
                    payment_references.c.account == number,
                    payment_references.c.reference.in_([references[each] for each in batch]),
                )
            )
            new = rows - {(row.reference, row.session) for row in stored}
            if new:
                connection.execute(
                    payment_references.insert(),
                    [
                        {"account": number, "reference": reference, "session": session}
                        for reference, session in sorted(new)
                    ],
                )


def session_of_reference(
    connection: Connection, account: Account, reference: str
) -> Session | None:
    """Return the session that a payment reference has led to, the last one of several."""
    statement = (
        select(sessions)
        .select_from(payment_references.join(sessions))
        .where(
            payment_references.c.account == find_account_row().scalar_subquery(),
            payment_references.c.reference == reference,
        )
        .order_by(sessions.c.started.desc().nulls_last(), sessions.c.id.desc())
        .limit(1)
    )
    row = connection.execute(statement, names(account)).mappings().first()
    if row is None:
        return None
    tariffs = Tariffs(connection)
    tariffs.load([row["tariff"]])
    return session_from_columns(account, row["session_id"], row, tariffs)


def _reference(session: Session | None) -> str | None:
    return session.details.payment_reference if session and session.details else None
