"""The outbox: the sessions that are posted to the network of an operator, and when.

A session gets there in the same transaction in which it is written, and stays there as the
record of what was posted. There is one row for each target and session, and what is posted is
always the session as it is known then.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol

from sqlalchemy import Connection, Select, Update, bindparam, func, select

from .ledger_postings import STATE_NUMBER, Postings
from .ledger_query import find_account_row, names
from .ledger_rows import Row, session_from_columns
from .ledger_schema import accounts, outbox, sessions
from .ledger_tariffs import Tariffs
from .merge import from_microseconds, to_microseconds
from .model import Account
from .postings import Posting, PostingSource, PostingState

__all__ = ["LedgerOutbox", "Posting", "PostingSource", "PostingState"]

_STATE = {number: state for state, number in STATE_NUMBER.items()}


class Work(Protocol):
    """Does some work in one transaction of the ledger."""

    async def __call__[*Ts, R](self, work: Callable[[Connection, *Ts], R], *args: *Ts) -> R:
        """Return what the work returns; raises LedgerError."""


@cache
def find_due() -> Select[Any]:
    """Return the statement for what waits in an outbox until a time, oldest due first."""
    return (
        _find(PostingState.WAITING)
        .where(outbox.c.due <= bindparam("now"))
        .order_by(outbox.c.due, outbox.c.session)
        .limit(bindparam("most"))
    )


@cache
def find_refused() -> Select[Any]:
    """Return the statement for what was refused of an outbox, oldest start first."""
    return _find(PostingState.REFUSED).order_by(sessions.c.started, outbox.c.session)


@cache
def find_one() -> Select[Any]:
    """Return the statement for one session of an outbox."""
    return _with_sessions().where(
        accounts.c.backend == bindparam("of_backend"),
        accounts.c.account_id == bindparam("of_account"),
        sessions.c.session_id == bindparam("of_session"),
    )


@cache
def find_next_due() -> Select[Any]:
    """Return the statement for when the first that waits in an outbox is due."""
    return (
        select(outbox.c.due)
        .where(_of_target(), outbox.c.state == STATE_NUMBER[PostingState.WAITING])
        .order_by(outbox.c.due)
        .limit(1)
    )


@cache
def count_states() -> Select[Any]:
    """Return the statement for how many of an outbox are in some states."""
    return (
        select(outbox.c.state, func.count().label("count"))
        .where(_of_target(), outbox.c.state.in_(bindparam("states", expanding=True)))
        .group_by(outbox.c.state)
    )


@cache
def update_posting() -> Update:
    """Return the statement that notes what became of a posting, unless that is outdated."""
    of_account = select(accounts.c.id).where(
        accounts.c.backend == bindparam("of_backend"),
        accounts.c.account_id == bindparam("of_account"),
    )
    of_session = select(sessions.c.id).where(
        sessions.c.account == of_account.scalar_subquery(),
        sessions.c.session_id == bindparam("of_session"),
    )
    return (
        outbox.update()
        .where(
            outbox.c.session == of_session.scalar_subquery(),
            _of_target(),
            outbox.c.revision == bindparam("at_revision"),
        )
        .values(
            state=bindparam("to_state"),
            attempts=bindparam("to_attempts"),
            due=bindparam("to_due"),
            code=bindparam("to_code"),
        )
    )


class LedgerOutbox:
    """The outboxes of all target accounts; it is reached as ``ledger.outbox``.

    Every method that is awaited raises LedgerError like those of the ledger.
    """

    def __init__(self, postings: Postings, read: Work, write: Work) -> None:
        """Wire up; the arguments are the ledger's own."""
        self._postings = postings
        self._read = read
        self._write = write
        self._listeners: dict[Account, dict[object, Callable[[], None]]] = {}

    def on_new(self, target: Account, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back, in the event loop, whenever a target has something new to be posted.

        Returns how to end that.
        """
        listener = object()
        listeners = self._listeners.setdefault(target, {})
        listeners[listener] = callback

        def end() -> None:
            listeners.pop(listener, None)

        return end

    def tell(self, targets: Iterable[Account]) -> None:
        """Tell those who listen that some targets have something new."""
        for target in targets:
            for callback in tuple(self._listeners.get(target, {}).values()):
                callback()

    async def use_sources(self, target: Account, sources: Iterable[PostingSource]) -> None:
        """Replace the charge points whose sessions are posted to a target.

        What is in the outbox already stays there, and is posted again when it changes.
        """
        await self._write(self._postings.use_sources, target, tuple(sources))

    async def due(self, target: Account, now: datetime, limit: int) -> tuple[Posting, ...]:
        """Return what waits and is due, that which is due longest first."""
        return await self._read(_due, target, to_microseconds(now), limit)

    async def next_due(self, target: Account) -> datetime | None:
        """Return when the first that waits is or was due, ``None`` if nothing waits."""
        return await self._read(_next_due, target)

    async def posted(self, posting: Posting, code: str) -> bool:
        """Note that the network has taken a session, with the code it answered.

        Tells whether that is still the newest of it. A session that has changed meanwhile
        goes on waiting; so it is with ``delayed`` and ``refused``.
        """
        attempts, due = posting.attempts, posting.due
        return await self._mark(posting, PostingState.POSTED, attempts, due, code)

    async def delayed(self, posting: Posting, due: datetime) -> bool:
        """Note that the network could not take a session now."""
        attempts, code = posting.attempts + 1, posting.code
        return await self._mark(posting, PostingState.WAITING, attempts, due, code)

    async def refused(self, posting: Posting, code: str) -> bool:
        """Note that the network, or what speaks with it, will never take a session as it is."""
        attempts, due = posting.attempts, posting.due
        return await self._mark(posting, PostingState.REFUSED, attempts, due, code)

    async def refused_ones(self, target: Account) -> tuple[Posting, ...]:
        """Return all that was refused and has not changed since, oldest start first."""
        return await self._read(_refused, target)

    async def post_again(self, target: Account) -> int:
        """Let all that was refused wait again, due now; return how many that are."""
        count = await self._write(self._postings.post_again, target, datetime.now(UTC))
        if count:
            self.tell([target])
        return count

    async def add(
        self,
        target: Account,
        account: Account,
        session_id: str,
        connector_id: str,
        now: datetime,
    ) -> Posting:
        """Put a session of an account into the outbox by hand, to be posted now.

        Raises LedgerError for a session that the ledger does not know.
        """
        posting = await self._write(
            _add, self._postings, target, account, session_id, connector_id, now
        )
        self.tell([target])
        return posting

    async def counts(
        self, target: Account, states: Iterable[PostingState] = PostingState
    ) -> Mapping[PostingState, int]:
        """Return how many postings are in each of some states.

        It takes as long as there are such postings: there may be very many posted ones.
        """
        return await self._read(_counts, target, tuple(states))

    async def _mark(
        self,
        posting: Posting,
        state: PostingState,
        attempts: int,
        due: datetime,
        code: str | None,
    ) -> bool:
        session = posting.session
        return await self._write(
            _update,
            {
                **names(posting.target),
                "of_backend": session.account.backend,
                "of_account": session.account.account_id,
                "of_session": session.session_id,
                "at_revision": posting.revision,
                "to_state": STATE_NUMBER[state],
                "to_attempts": attempts,
                "to_due": to_microseconds(due),
                "to_code": code,
            },
        )


def _of_target() -> Any:
    return outbox.c.target == find_account_row().scalar_subquery()


def _with_sessions() -> Select[Any]:
    return (
        select(outbox, sessions, accounts.c.backend, accounts.c.account_id)
        .select_from(
            outbox.join(sessions, sessions.c.id == outbox.c.session).join(
                accounts, accounts.c.id == sessions.c.account
            )
        )
        .where(_of_target())
    )


def _find(state: PostingState) -> Select[Any]:
    return _with_sessions().where(outbox.c.state == STATE_NUMBER[state])


def _due(connection: Connection, target: Account, now: int, limit: int) -> tuple[Posting, ...]:
    wanted = {**names(target), "now": now, "most": limit}
    return _postings(connection, target, connection.execute(find_due(), wanted).mappings().all())


def _refused(connection: Connection, target: Account) -> tuple[Posting, ...]:
    rows = connection.execute(find_refused(), names(target)).mappings().all()
    return _postings(connection, target, rows)


def _next_due(connection: Connection, target: Account) -> datetime | None:
    due = connection.execute(find_next_due(), names(target)).scalar()
    return None if due is None else from_microseconds(due)


def _counts(
    connection: Connection, target: Account, states: tuple[PostingState, ...]
) -> dict[PostingState, int]:
    wanted = {**names(target), "states": [STATE_NUMBER[state] for state in states]}
    found = {row.state: row.count for row in connection.execute(count_states(), wanted).mappings()}
    return {state: found.get(STATE_NUMBER[state], 0) for state in states}


def _update(connection: Connection, parameters: dict[str, Any]) -> bool:
    return connection.execute(update_posting(), parameters).rowcount > 0


def _add(
    connection: Connection,
    postings: Postings,
    target: Account,
    account: Account,
    session_id: str,
    connector_id: str,
    now: datetime,
) -> Posting:
    postings.add(connection, target, account, session_id, connector_id, now)
    wanted = {
        **names(target),
        "of_backend": account.backend,
        "of_account": account.account_id,
        "of_session": session_id,
    }
    rows = connection.execute(find_one(), wanted).mappings().all()
    (posting,) = _postings(connection, target, rows)
    return posting


def _postings(connection: Connection, target: Account, rows: Sequence[Row]) -> tuple[Posting, ...]:
    tariffs = Tariffs(connection)
    tariffs.load(row["tariff"] for row in rows)
    return tuple(
        Posting(
            target=target,
            session=session_from_columns(
                Account(backend=row["backend"], account_id=row["account_id"]),
                row["session_id"],
                row,
                tariffs,
            ),
            connector_id=row["connector_id"],
            revision=row["revision"],
            state=_STATE[row["state"]],
            attempts=row["attempts"],
            due=from_microseconds(row["due"]),
            code=row["code"],
        )
        for row in rows
    )
