"""Sessions as CSV for a spreadsheet, and as JSON for a program."""

from collections.abc import Iterable, Mapping
import csv
from typing import Any, Protocol, TextIO

from homeassistant.helpers.json import json_dumps

from .charging.model import Account, Session
from .charging.sums import Sums
from .rows import Labels, archive_row

# In the order in which a person reads them; they are explained in docs/export.md.
COLUMNS = (
    "started",
    "ended",
    "duration",
    "place",
    "evse_id",
    "card",
    "energy",
    "energy_source",
    "cost",
    "currency",
    "cost_source",
    "status",
    "stop_reason",
    "intent",
    "start_kind",
    "note",
    "location_id",
    "account",
    "backend",
    "device_id",
    "session_id",
)
_NUMBERS = {"duration", "energy", "cost"}

# A spreadsheet would take a text that begins with one of these for a formula; those after the
# first line are what some keyboards type instead. The apostrophe is here so that whoever takes
# the first one away always has what the text was.
_DANGEROUS = (
    *("=", "+", "-", "@", "\t", "\r", "\n", "'"),
    *("\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}"),
    *("\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}"),
)


class Export(Protocol):
    """Something that sessions are written to, page by page, outside of the event loop."""

    @property
    def sums(self) -> Sums:
        """Return what all sessions come to that were written so far."""

    def add(self, sessions: Iterable[Session]) -> None:
        """Write some more sessions."""

    def finish(self) -> None:
        """Write what can only be said at the end."""


class CsvExport:
    """A table with a header, one session in each row."""

    def __init__(self, out: TextIO, labels: Mapping[Account, Labels]) -> None:
        """Write the header."""
        self.sums = Sums()
        self._labels = labels
        self._writer = csv.writer(out)
        self._writer.writerow(COLUMNS)

    def add(self, sessions: Iterable[Session]) -> None:
        """Write the rows of some sessions."""
        for session in sessions:
            self.sums.add(session)
            labels = self._labels[session.account]
            row = archive_row(labels, session)
            row["place"] = labels.places.get(session.charge_point_id or "")
            row["account"] = labels.account
            self._writer.writerow(_cell(column, row[column]) for column in COLUMNS)

    def finish(self) -> None:
        """Do nothing: a row of sums would be taken for a session."""


class JsonExport:
    """What the action ``get_sessions`` answers, one session in each line."""

    def __init__(self, out: TextIO, labels: Mapping[Account, Labels]) -> None:
        """Begin the list of sessions."""
        self.sums = Sums()
        self._out = out
        self._labels = labels
        self._out.write('{"sessions":[')

    def add(self, sessions: Iterable[Session]) -> None:
        """Write some sessions."""
        for session in sessions:
            self._out.write(",\n" if self.sums.count else "\n")
            self.sums.add(session)
            self._out.write(json_dumps(archive_row(self._labels[session.account], session)))

    def finish(self) -> None:
        """End the list, and tell how many there are and what they come to."""
        sums = self.sums
        totals = {
            "energy": None if sums.energy is None else float(sums.energy),
            "duration": sums.duration,
            "cost": {currency: str(amount) for currency, amount in sums.cost.items()},
        }
        self._out.write(f'\n],"count":{sums.count},"totals":{json_dumps(totals)}}}\n')


def _cell(column: str, value: Any) -> str:
    """Return a value as it stands in a cell: a number as such, a text as nothing but a text."""
    if value is None:
        return ""
    text = str(value)
    if column in _NUMBERS:
        return text
    return f"'{text}" if text.startswith(_DANGEROUS) else text
