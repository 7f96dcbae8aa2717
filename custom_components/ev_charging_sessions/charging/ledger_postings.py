"""How sessions get into the outbox of the ledger, within the transactions that write them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import batched
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Insert, Select, Update, bindparam, select

from .errors import LedgerError
from .ledger_query import find_account_row, names
from .ledger_rows import Columns
from .ledger_schema import BATCH, accounts, outbox, posting_sources, sessions
from .ledger_upsert import Change, find_account
from .merge import to_microseconds
from .model import Account, Session
from .postings import PostingSource, PostingState, is_worth_posting

SETTLING_TIME = timedelta(seconds=60)
"""How long the meter may take to tell the last energy of a session after its end."""

# These numbers are in the files of users: they never change.
STATE_NUMBER = {
    PostingState.WAITING: 1,
    PostingState.POSTED: 2,
    PostingState.REFUSED: 3,
}
_ANEW = {
    "state": STATE_NUMBER[PostingState.WAITING],
    "revision": outbox.c.revision + 1,
    "attempts": 0,
    "code": None,
}


class _Source(Struct, frozen=True):
    """What the sessions of a charge point are posted to a target as, and when."""

    target: int
    connector_id: str
    is_live: bool
    since: int | None

    def is_history(self, session: Session) -> bool:
        """Tell whether a session was over before this charge point was a source."""
        ended = session.ended
        return self.since is not None and ended is not None and to_microseconds(ended) < self.since


class _Stored(Struct, frozen=True):
    """A row of the outbox, as far as it matters for what comes next."""

    target: int
    connector_id: str
    state: int
    due: int


type _Sources = Mapping[tuple[Account, str | None], Mapping[Account, _Source]]


@cache
def find_sources() -> Select[Any]:
    """Return the statement for all sources with the names of their accounts."""
    target, source = accounts.alias("target_account"), accounts.alias("source_account")
    return select(
        posting_sources,
        target.c.backend.label("target_backend"),
        target.c.account_id.label("target_name"),
        source.c.backend.label("source_backend"),
        source.c.account_id.label("source_name"),
    ).select_from(
        posting_sources.join(target, target.c.id == posting_sources.c.target).join(
            source, source.c.id == posting_sources.c.source
        )
    )


@cache
def find_rows() -> Select[Any]:
    """Return the statement for some sessions of an account, with their rows of the outbox."""
    return (
        select(
            sessions.c.id,
            sessions.c.session_id,
            outbox,
            accounts.c.backend,
            accounts.c.account_id,
        )
        .select_from(
            sessions.outerjoin(outbox, outbox.c.session == sessions.c.id).outerjoin(
                accounts, accounts.c.id == outbox.c.target
            )
        )
        .where(
            sessions.c.account == find_account_row().scalar_subquery(),
            sessions.c.session_id.in_(bindparam("session_ids", expanding=True)),
        )
    )


@cache
def _insert_row() -> Insert:
    return outbox.insert().values(
        session=bindparam("of_session"),
        target=bindparam("of_target"),
        connector_id=bindparam("as_connector"),
        due=bindparam("at"),
        **{**_ANEW, "revision": 1},
    )


@cache
def _renew_row() -> Update:
    return (
        outbox.update()
        .where(
            outbox.c.session == bindparam("of_session"), outbox.c.target == bindparam("of_target")
        )
        .values(connector_id=bindparam("as_connector"), due=bindparam("at"), **_ANEW)
    )


class Postings:
    """What has to be posted, as the ledger's thread knows it, which alone uses this.

    Which charge points have a target is kept in memory, so that the upserts of all other
    accounts pay nothing for it. Another process that shares the database hears of a new
    source when it opens the ledger again.
    """

    def __init__(self) -> None:
        """Begin without knowing any source."""
        self._sources: _Sources | None = None
        self._is_used = False

    def forget(self) -> None:
        """Read the sources again when they are needed next."""
        self._sources = None

    def use_sources(
        self, connection: Connection, target: Account, sources: Iterable[PostingSource]
    ) -> None:
        """Replace the sources of a target; one that is there already stays one since then."""
        number = find_account(connection, target)
        of_target = posting_sources.c.target == number
        known = {
            (row.source, row.charge_point_id): row.since
            for row in connection.execute(posting_sources.select().where(of_target))
        }
        rows: dict[tuple[int, str], Columns] = {}
        for source in sources:
            of_account = find_account(connection, source.account)
            since = None if source.since is None else to_microseconds(source.since)
            rows[of_account, source.charge_point_id] = {
                "target": number,
                "source": of_account,
                "charge_point_id": source.charge_point_id,
                "connector_id": source.connector_id,
                "is_live": source.is_live,
                "since": known.get((of_account, source.charge_point_id), since),
            }
        connection.execute(posting_sources.delete().where(of_target))
        if rows:
            connection.execute(posting_sources.insert(), list(rows.values()))
        # They are read when this is committed, so nothing of it stays if it is not.
        self.forget()

    def put(
        self, connection: Connection, changes: Iterable[Change], now: datetime
    ) -> frozenset[Account]:
        """Put what has to be posted of some changes into the outbox; return for whom."""
        sources = self._known_sources(connection)
        if not sources and not self._is_used:
            return frozenset()
        by_account: dict[Account, list[Change]] = {}
        for change in changes:
            before, after = _before(change), change.after
            # Most changes of an open session are of its energy, which nobody is told yet. What is
            # news to a network that knows of a session need not be to another, and the reverse.
            if any(
                is_worth_posting(before, after, is_live=True, is_known=is_known)
                for is_known in (True, False)
            ):
                by_account.setdefault(after.account, []).append(change)
        return frozenset(
            target
            for account, of_account in by_account.items()
            for batch in batched(of_account, BATCH, strict=False)
            for target in self._put_batch(connection, sources, account, batch, now)
        )

    def add(
        self,
        connection: Connection,
        target: Account,
        account: Account,
        session_id: str,
        connector_id: str,
        now: datetime,
    ) -> None:
        """Put one session into the outbox of a target, due now, whatever is there of it.

        Raises LedgerError for a session that the ledger does not know.
        """
        found = _rows(connection, account, [session_id]).get(session_id)
        if found is None:
            raise LedgerError("The ledger does not know this session")
        session, stored = found
        row = _row(session, find_account(connection, target), connector_id, to_microseconds(now))
        self._write(connection, *(([], [row]) if target in stored else ([row], [])))

    def post_again(self, connection: Connection, target: Account, now: datetime) -> int:
        """Let all that was refused wait again, and return how many.

        A connector that the network does not know is a good reason to refuse, so each takes
        the one that its charge point is posted as now.
        """
        statement = (
            select(outbox, sessions.c.charge_point_id, accounts.c.backend, accounts.c.account_id)
            .select_from(outbox.join(sessions).join(accounts, accounts.c.id == sessions.c.account))
            .where(
                outbox.c.target == find_account_row().scalar_subquery(),
                outbox.c.state == STATE_NUMBER[PostingState.REFUSED],
            )
        )
        sources = self._known_sources(connection)
        rows = []
        for row in connection.execute(statement, names(target)).all():
            account = Account(backend=row.backend, account_id=row.account_id)
            source = sources.get((account, row.charge_point_id), {}).get(target)
            connector_id = source.connector_id if source else row.connector_id
            rows.append(_row(row.session, row.target, connector_id, to_microseconds(now)))
        self._write(connection, [], rows)
        return len(rows)

    def renew(self, connection: Connection, account: Account, now: datetime) -> frozenset[Account]:
        """Let all that was put there of an account be posted anew; return for whom."""
        of_account = outbox.c.session.in_(
            select(sessions.c.id).where(sessions.c.account == find_account_row().scalar_subquery())
        )
        statement = (
            select(accounts.c.backend, accounts.c.account_id)
            .select_from(outbox.join(accounts, accounts.c.id == outbox.c.target))
            .where(of_account)
            .distinct()
        )
        targets = connection.execute(statement, names(account)).all()
        if targets:
            renewal = outbox.update().where(of_account).values(due=to_microseconds(now), **_ANEW)
            connection.execute(renewal, names(account))
        return frozenset(Account(backend=row[0], account_id=row[1]) for row in targets)

    def _known_sources(self, connection: Connection) -> _Sources:
        if self._sources is None:
            sources: dict[tuple[Account, str | None], dict[Account, _Source]] = {}
            for row in connection.execute(find_sources()):
                account = Account(backend=row.source_backend, account_id=row.source_name)
                target = Account(backend=row.target_backend, account_id=row.target_name)
                of_point = sources.setdefault((account, row.charge_point_id), {})
                of_point[target] = _Source(row.target, row.connector_id, row.is_live, row.since)
            some = connection.execute(select(outbox.c.session).limit(1)).first()
            self._is_used = some is not None
            self._sources = sources
        return self._sources

    def _put_batch(
        self,
        connection: Connection,
        sources: _Sources,
        account: Account,
        changes: Sequence[Change],
        now: datetime,
    ) -> set[Account]:
        found = _rows(connection, account, [change.after.session_id for change in changes])
        new: list[Columns] = []
        changed: list[Columns] = []
        told: set[Account] = set()
        for change in changes:
            before, after = _before(change), change.after
            session, stored = found[after.session_id]
            of_point = sources.get((account, after.charge_point_id), {})
            for target in of_point.keys() | stored.keys():
                source, row = of_point.get(target), stored.get(target)
                if source and not row and source.is_history(after):
                    continue
                if not is_worth_posting(
                    before, after, is_live=bool(source and source.is_live), is_known=bool(row)
                ):
                    continue
                told.add(target)
                # Where it was posted as something else, it goes on as that.
                said = (row, source) if before else (source, row)
                target_row, connector_id = next(
                    (each.target, each.connector_id) for each in said if each
                )
                columns = _row(session, target_row, connector_id, _due(change, row, now))
                (changed if row else new).append(columns)
        self._write(connection, new, changed)
        return told

    def _write(
        self, connection: Connection, new: Sequence[Columns], changed: Sequence[Columns]
    ) -> None:
        if new:
            self._is_used = True
            connection.execute(_insert_row(), new)
        if changed:
            connection.execute(_renew_row(), changed)


def _before(change: Change) -> Session | None:
    """Return what was known of a session at the same charge point."""
    before = change.before
    return before if before and before.charge_point_id == change.after.charge_point_id else None


def _due(change: Change, row: _Stored | None, now: datetime) -> int:
    """Return when a change is to be posted."""
    if change.after.is_open:
        return to_microseconds(now)
    settled = to_microseconds(now + SETTLING_TIME)
    was_ended = change.before is not None and not change.before.is_open
    if row and row.state == STATE_NUMBER[PostingState.WAITING] and was_ended:
        # Corrections without end would otherwise put it off without end.
        return min(row.due, settled)
    return settled


def _row(session: int, target: int, connector_id: str, due: int) -> Columns:
    """Return the parameters of the statements that write a row."""
    return {"of_session": session, "of_target": target, "as_connector": connector_id, "at": due}


def _rows(
    connection: Connection, account: Account, session_ids: Sequence[str]
) -> dict[str, tuple[int, dict[Account, _Stored]]]:
    """Return the numbers of sessions, and their rows of the outbox by target."""
    found: dict[str, tuple[int, dict[Account, _Stored]]] = {}
    wanted = {**names(account), "session_ids": session_ids}
    for row in connection.execute(find_rows(), wanted):
        _, stored = found.setdefault(row.session_id, (row.id, {}))
        if row.target is not None:
            target = Account(backend=row.backend, account_id=row.account_id)
            stored[target] = _Stored(row.target, row.connector_id, row.state, row.due)
    return found
