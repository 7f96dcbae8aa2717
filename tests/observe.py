"""What tests look at: every write of a state, every request, the log and the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
import logging
import sqlite3
from typing import Any, Self

from homeassistant.const import EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import Event, HomeAssistant, callback

from custom_components.ev_charging_sessions.archive import LEDGER_FILE
from custom_components.ev_charging_sessions.charging.ledger import SessionQuery
from custom_components.ev_charging_sessions.charging.model import Session
from tests.home import Home

PACKAGE = "custom_components.ev_charging_sessions"


@dataclass
class Writes:
    """Every state that is written while the block runs, also one that changes nothing."""

    hass: HomeAssistant
    entity_ids: list[str] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Start to listen."""
        bus = self.hass.bus
        self._stop = [
            bus.async_listen(EVENT_STATE_CHANGED, self._note, self._is_any),
            bus.async_listen(EVENT_STATE_REPORTED, self._note, self._is_any),
        ]
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        for stop in self._stop:
            stop()

    @staticmethod
    @callback
    def _is_any(_: object) -> bool:
        return True

    @callback
    def _note(self, event: Event[Any]) -> None:
        self.entity_ids.append(event.data["entity_id"])
        if (new := event.data.get("new_state")) is not None:
            self.states.append(dict(new.as_dict()))


class LedgerWatch:
    """Tells whether anybody has written to the ledger's file since it was last asked."""

    def __init__(self, home: Home) -> None:
        """Look for the first time."""
        self._file = sqlite3.connect(home.hass.config.path(LEDGER_FILE))
        self._version = self._read()

    @property
    def was_written(self) -> bool:
        """Tell whether there was a commit since the last look."""
        before, self._version = self._version, self._read()
        return before != self._version

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _read(self) -> int:
        version: int = self._file.execute("PRAGMA data_version").fetchone()[0]
        return version


async def sessions(home: Home) -> dict[str, Session]:
    """Return what the ledger knows, by session id."""
    found = await home.coordinator.ledger.sessions(SessionQuery())
    assert len({each.session_id for each in found}) == len(found)
    return {each.session_id: each for each in found}


def times(home: Home, *names: str) -> list[datetime]:
    """Return when requests of these calls came (of all calls without names)."""
    entries = home.simulator.log.entries
    return [each.time for each in entries if not names or each.call.name in names]


def gaps(moments: Iterable[datetime]) -> list[float]:
    """Return the seconds from each moment to the next."""
    listed = list(moments)
    return [(later - earlier).total_seconds() for earlier, later in pairwise(listed)]


def told_events(writes: Writes, entity: str = "event.") -> list[str]:
    """Return what event entities told, in order."""
    told: dict[tuple[str, str], str] = {}
    for state in writes.states:
        if state["entity_id"].startswith(entity) and state["attributes"].get("event_type"):
            told[state["entity_id"], state["state"]] = state["attributes"]["event_type"]
    return list(told.values())


def complaints(records: Iterable[logging.LogRecord]) -> list[str]:
    """Return what no log should ever hold: a traceback, or an error that is not an outage."""
    return [
        f"{record.name}: {record.getMessage()}"
        for record in records
        if record.levelno >= logging.WARNING
        and (record.exc_info or (record.levelno >= logging.ERROR and not _is_outage(record)))
    ]


def downs(records: Iterable[logging.LogRecord]) -> list[str]:
    """Return the lines that say that the network cannot be read."""
    return [each.getMessage() for each in records if _is_outage(each)]


def recoveries(records: Iterable[logging.LogRecord]) -> list[str]:
    """Return the lines that say that the network can be read again."""
    return [
        record.getMessage()
        for record in records
        if record.name.startswith(PACKAGE) and record.getMessage().endswith("data recovered")
    ]


def _is_outage(record: logging.LogRecord) -> bool:
    begins = ("Error fetching", "Authentication failed while fetching")
    return record.name.startswith(PACKAGE) and record.getMessage().startswith(begins)
