"""Sessions of two accounts that are reports of one charge, and which of the two counts.

The links follow from what the sessions say, whatever the order in which they were told; a
link that a person has undone is not made again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from itertools import batched
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, false, or_, select

from .errors import LedgerError
from .ledger_query import find_numbers, find_session, names
from .ledger_rows import details_from_json
from .ledger_schema import BATCH, ENDED, accounts, links, sessions
from .ledger_statistics import mark_due
from .ledger_upsert import Change, find_account
from .merge import from_microseconds, to_microseconds
from .model import Account, Session
from .witnesses import Report, believed, evse_id_of, is_same_charge


class Link(Struct, frozen=True, kw_only=True):
    """Another report of a session's charge; ``counts`` tells whether that one is counted."""

    account: Account
    session_id: str
    counts: bool


type Links = Mapping[tuple[Account, str], Sequence[Link]]
"""The other reports of sessions, by their accounts and ids; without any there is no item."""


def link(connection: Connection, changes: Iterable[Change]) -> None:
    """Link the sessions that have changed to those of other networks, or no longer."""
    changed = [change.after for change in changes if _may_matter(change)]
    if changed and _has_networks(connection):
        _Linker(connection).follow(_rows_of(connection, changed).values())


def link_all(connection: Connection) -> None:
    """Link all sessions of a ledger that was written when there were no links."""
    if not _has_networks(connection):
        return
    linker = _Linker(connection)
    rows = connection.execute(select(sessions.c.id).order_by(sessions.c.id)).scalars().all()
    for batch in batched(rows, BATCH, strict=False):
        linker.follow(batch)


def unlink(connection: Connection, account: Account, session_id: str) -> None:
    """Undo the links of a session for good. Raises LedgerError for an unknown session."""
    row = connection.execute(find_session(), {**names(account), "session_id": session_id}).first()
    if row is None:
        raise LedgerError("The ledger does not know this session")
    linker = _Linker(connection)
    peers = linker.undo(row.id)
    linker.follow([row.id, *peers])


def links_of(connection: Connection, found: Iterable[Session]) -> Links:
    """Return the other reports of the charges of some sessions."""
    rows = {row: key for key, row in _rows_of(connection, found).items()}
    linked: dict[tuple[Account, str], list[Link]] = {}
    for mine, other in ((links.c.session, links.c.counted), (links.c.counted, links.c.session)):
        statement = (
            select(
                mine.label("mine"),
                sessions.c.session_id,
                accounts.c.backend,
                accounts.c.account_id,
            )
            .select_from(links.join(sessions, sessions.c.id == other).join(accounts))
            .where(links.c.is_undone == false())
            .order_by(sessions.c.id)
        )
        for batch in batched(rows, BATCH, strict=False):
            for row in connection.execute(statement.where(mine.in_(batch))):
                linked.setdefault(rows[row.mine], []).append(
                    Link(
                        account=Account(backend=row.backend, account_id=row.account_id),
                        session_id=row.session_id,
                        counts=other is links.c.counted,
                    )
                )
    return linked


class _Linker:
    """Brings the links of some sessions, and of those around them, up to what these say."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._done: set[int] = set()

    def follow(self, rows: Collection[int]) -> None:
        """Look at sessions, and at whatever was or gets linked to them."""
        while rows:
            reports, linked = self._reports(rows), self._linked(rows)
            lost: list[int] = []
            for row in rows:
                if row not in self._done:
                    group = self._group(reports.get(row))
                    self._done |= {row, *group}
                    if len(group) > 1 or row in linked:
                        lost += self._write({row, *group}, group)
            rows = [row for row in lost if row not in self._done]

    def undo(self, row: int) -> list[int]:
        """Note that no link of a session is right, and return what it was linked to."""
        of_row = and_(links.c.is_undone == false(), _touches([row]))
        found = self._connection.execute(select(links).where(of_row)).all()
        self._connection.execute(links.update().where(of_row).values(is_undone=True))
        self._mark({each.session for each in found})
        return [end for each in found for end in (each.session, each.counted) if end != row]

    def _reports(self, rows: Iterable[int]) -> dict[int, Report]:
        """Return what some sessions report; one whose start is not known reports nothing."""
        return {
            row.id: _report_of(row)
            for batch in batched(rows, BATCH, strict=False)
            for row in self._connection.execute(
                _find_reports().where(sessions.c.id.in_(batch), sessions.c.started.is_not(None))
            )
        }

    def _linked(self, rows: Iterable[int]) -> set[int]:
        """Return the ends of all links of some sessions."""
        return {
            end
            for batch in batched(rows, BATCH, strict=False)
            for each in self._connection.execute(select(links).where(_touches(batch)))
            for end in (each.session, each.counted)
        }

    def _group(self, report: Report | None) -> dict[int, Report]:
        """Return all reports of the charge that a session reports, by their rows."""
        group = {report.row: report} if report else {}
        to_do = list(group.values())
        while to_do:
            one = to_do.pop()
            for other in self._near(one) if one.has_name else ():
                if (
                    other.row not in group
                    and is_same_charge(one, other)
                    and not self._is_undone(one, other)
                ):
                    group[other.row] = other
                    to_do.append(other)
        return group

    def _near(self, report: Report) -> list[Report]:
        """Return what other networks report from about the same time."""
        found = self._connection.execute(
            _find_reports().where(
                accounts.c.backend != report.backend,
                sessions.c.started >= to_microseconds(report.started - report.reach),
                sessions.c.started <= to_microseconds(report.started + report.reach),
            )
        )
        return [_report_of(row) for row in found]

    def _is_undone(self, one: Report, other: Report) -> bool:
        statement = select(links.c.session).where(
            links.c.is_undone,
            links.c.session.in_([one.row, other.row]),
            links.c.counted.in_([one.row, other.row]),
        )
        return self._connection.execute(statement).first() is not None

    def _write(self, rows: set[int], group: Mapping[int, Report]) -> list[int]:
        """Give some sessions the links of their group, and return what they have lost."""
        stored = self._connection.execute(select(links).where(_touches(rows))).all()
        undone = {frozenset((each.session, each.counted)) for each in stored if each.is_undone}
        known = {(each.session, each.counted) for each in stored if not each.is_undone}
        counted = believed(list(group.values())).row if group else None
        wanted = {
            (row, counted)
            for row in group
            if row != counted and frozenset((row, counted)) not in undone
        }
        for session, other in known - wanted:
            self._connection.execute(
                links.delete().where(links.c.session == session, links.c.counted == other)
            )
        if new := wanted - known:
            self._connection.execute(
                links.insert(),
                [
                    {"session": session, "counted": other, "is_undone": False}
                    for session, other in sorted(new)
                ],
            )
        self._mark({session for session, _ in known ^ wanted})
        return [end for pair in known - wanted for end in pair]

    def _mark(self, rows: set[int]) -> None:
        """Have the statistics of sessions written anew that count now, or no longer do."""
        if not rows:
            return
        due: dict[int, dict[str, int]] = {}
        statement = select(sessions.c.account, sessions.c.charge_point_id, sessions.c.started)
        for row in self._connection.execute(statement.where(sessions.c.id.in_(rows))):
            if row.started is not None:
                of_account = due.setdefault(row.account, {})
                point = row.charge_point_id or ""
                of_account[point] = min(row.started, of_account.get(point, row.started))
        for account, since_by_point in due.items():
            mark_due(self._connection, account, since_by_point)


@cache
def _find_reports() -> Select[Any]:
    columns = sessions.c
    return select(
        columns.id,
        columns.session_id,
        accounts.c.backend,
        accounts.c.account_id,
        columns.charge_point_id,
        columns.status,
        columns.started,
        columns.ended,
        columns.energy,
        columns.energy_source,
        columns.cost,
        columns.details,
    ).select_from(sessions.join(accounts))


def _report_of(row: Row[Any]) -> Report:
    details = details_from_json(row.details)
    ended = row.ended if row.status >= ENDED else None
    return Report(
        row=row.id,
        backend=row.backend,
        account_id=row.account_id,
        session_id=row.session_id,
        evse_id=evse_id_of(row.charge_point_id),
        transaction_id=details.transaction_id if details else None,
        started=from_microseconds(row.started),
        ended=None if ended is None else from_microseconds(max(ended, row.started)),
        worth=(row.energy is not None, row.cost is not None, -(row.energy_source or 0)),
    )


def _touches(rows: Iterable[int]) -> ColumnElement[bool]:
    wanted = list(rows)
    return or_(links.c.session.in_(wanted), links.c.counted.in_(wanted))


def _has_networks(connection: Connection) -> bool:
    """Tell whether there is a second network that could report the same."""
    statement = select(accounts.c.backend).distinct().limit(2)
    return len(connection.execute(statement).all()) > 1


def _may_matter(change: Change) -> bool:
    """Tell whether a change can make or undo a link: most are of the energy alone."""
    return change.before is None or _told(change.before) != _told(change.after)


def _told(session: Session) -> tuple[object, ...]:
    return (
        session.charge_point_id,
        session.started,
        session.ended,
        session.is_open,
        session.energy is None,
        session.energy_source,
        session.cost is None,
        session.details and session.details.transaction_id,
    )


def _rows_of(connection: Connection, found: Iterable[Session]) -> dict[tuple[Account, str], int]:
    by_account: dict[Account, list[str]] = {}
    for session in found:
        by_account.setdefault(session.account, []).append(session.session_id)
    rows: dict[tuple[Account, str], int] = {}
    for account, ids in by_account.items():
        number = find_account(connection, account)
        for batch in batched(ids, BATCH, strict=False):
            asked = {"account": number, "session_ids": batch}
            for row in connection.execute(find_numbers(), asked):
                rows[account, row.session_id] = row.id
    return rows
