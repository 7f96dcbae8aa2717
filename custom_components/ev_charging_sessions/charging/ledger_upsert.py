"""Writing answers of a backend into the tables of the ledger."""

from collections.abc import Iterable
from copy import replace
from datetime import datetime
from itertools import batched
from typing import Any

from msgspec import Struct, field
from sqlalchemy import Connection

from .ledger_query import (
    find_account_row,
    find_revisions,
    find_sessions,
    update_revision,
    update_session,
)
from .ledger_rows import (
    Columns,
    content_from_json,
    content_to_json,
    known_from_columns,
    known_to_columns,
)
from .ledger_schema import accounts, revisions, sessions
from .merge import Known, Version, merge, same_content, version_of
from .model import Account, Session

# Databases limit the parameters of a statement, PostgreSQL's driver to 32,767.
_BATCH = 500


class Change(Struct, frozen=True):
    """How an upsert changed one session; ``before`` is ``None`` for a new one."""

    before: Session | None
    after: Session

    @property
    def is_correction(self) -> bool:
        """Tell whether something was changed in a session that had ended already."""
        return (
            self.before is not None
            and not self.before.is_open
            and not same_content(self.before, self.after)
        )


class _Entry(Struct):
    """One session of the batch: as it is stored and as it shall be."""

    row: int | None = None
    stored: Columns | None = None
    before: Session | None = None
    known: Known | None = None
    archived: dict[Version, Session] = field(default_factory=dict)

    def add(self, answer: Session, read: datetime | None) -> None:
        if read is not None and answer.updated is None:
            answer = replace(answer, updated=read)
            if self.known and same_content(
                self.known.session, merge(self.known, answer).known.session
            ):
                # Told again, as at each start. Only a change is worth a new time stamp.
                return
        self.known, archived = merge(self.known, answer)
        if archived is not None:
            version = version_of(archived)
            self.archived[version] = _join(self.archived.get(version), archived)


def find_account(connection: Connection, account: Account) -> int:
    """Return the number of an account; a new account gets one."""
    names = {"backend": account.backend, "account_id": account.account_id}
    number: int | None = connection.execute(find_account_row(), names).scalar()
    if number is None:
        number = connection.execute(accounts.insert().returning(accounts.c.id), names).scalar_one()
    return number


def upsert(
    connection: Connection, answers: Iterable[Session], read: datetime | None
) -> tuple[Change, ...]:
    """Merge answers into the ledger and return the sessions that changed by it."""
    by_account: dict[Account, dict[str, list[Session]]] = {}
    for answer in answers:
        of_account = by_account.setdefault(answer.account, {})
        of_account.setdefault(answer.session_id, []).append(answer)
    return tuple(
        change
        for account, of_account in by_account.items()
        for batch in batched(of_account.items(), _BATCH, strict=False)
        for change in _upsert_batch(connection, account, dict(batch), read)
    )


def _upsert_batch(
    connection: Connection,
    account: Account,
    answers: dict[str, list[Session]],
    read: datetime | None,
) -> list[Change]:
    number = find_account(connection, account)
    entries = {session_id: _Entry() for session_id in answers}
    found = connection.execute(find_sessions(), {"account": number, "session_ids": list(answers)})
    for columns in found.mappings():
        entry = entries[columns["session_id"]]
        entry.row = columns["id"]
        entry.stored = dict(columns)
        entry.known = known_from_columns(account, columns)
        entry.before = entry.known.session
    for session_id, of_session in answers.items():
        for answer in of_session:
            entries[session_id].add(answer, read)
    _write_sessions(connection, number, entries)
    _write_revisions(connection, account, entries)
    return [
        Change(entry.before, entry.known.session)
        for entry in entries.values()
        if entry.known is not None and entry.known.session != entry.before
    ]


def _write_sessions(connection: Connection, account: int, entries: dict[str, _Entry]) -> None:
    new: list[Columns] = []
    changed: list[Columns] = []
    for session_id, entry in entries.items():
        if entry.known is None:
            continue
        columns = known_to_columns(entry.known)
        if entry.stored is None:
            new.append({"account": account, "session_id": session_id, **columns})
        elif any(entry.stored[name] != value for name, value in columns.items()):
            changed.append({"row": entry.row, **columns})
    if new:
        connection.execute(sessions.insert(), new)
    if changed:
        connection.execute(update_session(), changed)
    unnumbered = [
        session_id for session_id, entry in entries.items() if entry.row is None and entry.archived
    ]
    if unnumbered:
        found = connection.execute(find_sessions(), {"account": account, "session_ids": unnumbered})
        for created in found.mappings():
            entries[created["session_id"]].row = created["id"]


def _write_revisions(connection: Connection, account: Account, entries: dict[str, _Entry]) -> None:
    rows = [entry.row for entry in entries.values() if entry.archived]
    if not rows:
        return
    found = connection.execute(find_revisions(), {"rows": rows})
    stored: dict[tuple[Any, Any], str] = {(row.session, row.version): row.content for row in found}
    new: list[Columns] = []
    changed: list[Columns] = []
    for session_id, entry in entries.items():
        for version, archived in entry.archived.items():
            content = stored.get((entry.row, version.at))
            if content is None:
                new.append(
                    {
                        "session": entry.row,
                        "version": version.at,
                        "content": content_to_json(archived),
                    }
                )
                continue
            joined = _join(content_from_json(account, session_id, content), archived)
            if content_to_json(joined) != content:
                changed.append(
                    {
                        "row": entry.row,
                        "at": version.at,
                        "content": content_to_json(joined),
                    }
                )
    if new:
        connection.execute(revisions.insert(), new)
    if changed:
        connection.execute(update_revision(), changed)


def _join(stored: Session | None, archived: Session) -> Session:
    """Join two answers of one version."""
    return merge(None if stored is None else Known(stored), archived).known.session
