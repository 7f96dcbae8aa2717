"""Writing answers of a backend into the tables of the ledger."""

from collections.abc import Iterable, Iterator, Set as AbstractSet
from copy import replace
from datetime import datetime
from itertools import batched
from typing import Any

from msgspec import Struct, field
from sqlalchemy import Connection

from .ledger_query import (
    find_account_row,
    find_numbers,
    find_sessions,
    find_versions,
    names,
    update_revision,
    update_session,
)
from .ledger_rows import (
    Columns,
    content_from_json,
    content_to_json,
    known_from_columns,
    known_to_columns,
    plain_rows,
)
from .ledger_schema import BATCH, accounts, revisions, sessions
from .ledger_statistics import changes_statistics, due_since, mark_due
from .ledger_tariffs import Tariffs
from .ledger_timelines import add_meter_values
from .merge import Known, Version, merge, readings, same_content, version_of
from .model import Account, MeterValue, Session


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
    meter_values: list[MeterValue] = field(default_factory=list)

    def to_write(self) -> tuple[Session, ...]:
        """Return all that shall be stored of the session."""
        known = (self.known.session,) if self.known else ()
        return (*known, *self.archived.values())

    def new_readings(self) -> dict[int, float]:
        """Return what the answers may add to the timeline of the session."""
        # What the session is shown with was added when it was told. This spares the polls
        # of a session that stands still a look at the timeline.
        shown = readings(self.before.meter_values) if self.before else {}
        return {
            at: energy
            for at, energy in readings(self.meter_values).items()
            if at not in shown or energy > shown[at]
        }

    def add(self, answer: Session, read: datetime | None) -> None:
        self.meter_values += answer.meter_values
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
    wanted = names(account)
    number: int | None = connection.execute(find_account_row(), wanted).scalar()
    if number is None:
        number = connection.execute(accounts.insert().returning(accounts.c.id), wanted).scalar_one()
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
        for batch in batched(of_account.items(), BATCH, strict=False)
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
    wanted = {"account": number, "session_ids": list(answers)}
    found = plain_rows(connection.execute(find_sessions(), wanted))
    tariffs = Tariffs(connection)
    tariffs.load(columns["tariff"] for columns in found)
    for columns in found:
        entry = entries[columns["session_id"]]
        entry.row = columns["id"]
        entry.stored = columns
        entry.known = known_from_columns(account, columns, tariffs)
        entry.before = entry.known.session
    for session_id, of_session in answers.items():
        for answer in of_session:
            entries[session_id].add(answer, read)
    tariffs.add(told.tariff for entry in entries.values() for told in entry.to_write())
    _write_sessions(connection, number, entries, tariffs)
    _write_revisions(connection, account, entries, tariffs)
    read_anew = _write_timelines(connection, entries)
    mark_due(connection, number, due_since(_counted(entries.values(), read_anew)))
    return [
        Change(entry.before, entry.known.session)
        for entry in entries.values()
        if entry.known is not None and entry.known.session != entry.before
    ]


def _write_sessions(
    connection: Connection, account: int, entries: dict[str, _Entry], tariffs: Tariffs
) -> None:
    new: list[Columns] = []
    changed: list[Columns] = []
    for session_id, entry in entries.items():
        if entry.known is None:
            continue
        columns = known_to_columns(entry.known, tariffs)
        if entry.stored is None:
            new.append({"account": account, "session_id": session_id, **columns})
        elif any(entry.stored[name] != value for name, value in columns.items()):
            changed.append({"row": entry.row, **columns})
    if new:
        connection.execute(sessions.insert(), new)
    if changed:
        connection.execute(update_session(), changed)
    unnumbered = [
        session_id
        for session_id, entry in entries.items()
        if entry.row is None and (entry.archived or entry.meter_values)
    ]
    if unnumbered:
        wanted = {"account": account, "session_ids": unnumbered}
        for session_id, row in connection.execute(find_numbers(), wanted):
            entries[session_id].row = row


def _counted(entries: Iterable[_Entry], read_anew: AbstractSet[int]) -> Iterator[Session]:
    """Yield what was and what is to be counted of the sessions that are counted anew."""
    for entry in entries:
        if entry.known is None:
            continue
        after = entry.known.session
        if entry.row in read_anew or changes_statistics(entry.before, after):
            yield after
            if entry.before is not None:
                yield entry.before


def _write_timelines(connection: Connection, entries: dict[str, _Entry]) -> set[int]:
    """Write what is new in the timelines and return the rows of ``sessions`` that have it."""
    added = {
        entry.row: new
        for entry in entries.values()
        if entry.row is not None and entry.meter_values and (new := entry.new_readings())
    }
    return add_meter_values(connection, added)


def _write_revisions(
    connection: Connection, account: Account, entries: dict[str, _Entry], tariffs: Tariffs
) -> None:
    rows = [entry.row for entry in entries.values() if entry.archived]
    if not rows:
        return
    versions = {version.at for entry in entries.values() for version in entry.archived}
    wanted = {"rows": rows, "versions": sorted(versions)}
    found = connection.execute(find_versions(), wanted)
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
                        "content": content_to_json(archived, tariffs),
                    }
                )
                continue
            joined = _join(content_from_json(account, session_id, content, tariffs), archived)
            if (joined_content := content_to_json(joined, tariffs)) != content:
                changed.append(
                    {"row": entry.row, "at": version.at, "content": joined_content},
                )
    if new:
        connection.execute(revisions.insert(), new)
    if changed:
        connection.execute(update_revision(), changed)


def _join(stored: Session | None, archived: Session) -> Session:
    """Join two answers of one version."""
    return merge(None if stored is None else Known(stored), archived).known.session
