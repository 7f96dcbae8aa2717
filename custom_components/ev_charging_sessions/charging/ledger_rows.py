"""How sessions and commands look as rows of the ledger's tables, and back."""

from collections.abc import Mapping
from decimal import Decimal
import json
from typing import Any

import msgspec

from .merge import Known, Version, from_microseconds, to_microseconds
from .model import (
    Account,
    ChargingMode,
    Command,
    CommandKind,
    CommandState,
    Cost,
    ModeSetting,
    Session,
    SessionStatus,
    Source,
)

type Columns = dict[str, Any]
# The rows of SQLAlchemy are mappings whose keys are not typed as text.
type Row = Mapping[Any, Any]

# These numbers are in the files of users: they never change. ``ledger_schema.ENDED``
# divides them.
_UNKNOWN = 0
_STATUS_NUMBER = {
    SessionStatus.STARTING: 10,
    SessionStatus.CONNECTED: 20,
    SessionStatus.SUSPENDED: 30,
    SessionStatus.CHARGING: 40,
    SessionStatus.STOPPING: 50,
    SessionStatus.STOP_FAILED: 60,
    SessionStatus.FINISHED: 90,
    SessionStatus.FAILED: 91,
}
_SOURCE_NUMBER = {
    Source.METERED: 1,
    Source.REPORTED: 2,
    Source.COMPUTED: 3,
    Source.ESTIMATED: 4,
}
PAUSED = msgspec.json.encode(ModeSetting(mode=ChargingMode.PAUSED)).decode()
"""How a paused connector looks in the column ``setting``."""

_STATUS = {number: status for status, number in _STATUS_NUMBER.items()}
_SOURCE = {number: source for source, number in _SOURCE_NUMBER.items()}


def status_number(status: SessionStatus | None) -> int:
    """Return the number that stands for a status in the database."""
    return _UNKNOWN if status is None else _STATUS_NUMBER[status]


def known_to_columns(known: Known) -> Columns:
    """Return the columns of a session's row, except those of its identity."""
    columns = _session_to_columns(known.session)
    columns["older"] = _to_json(known.older) if known.older else None
    return columns


def known_from_columns(account: Account, columns: Row) -> Known:
    """Return what a row of ``sessions`` says."""
    older = columns["older"]
    return Known(
        session_from_columns(account, columns["session_id"], columns),
        {register: Version(*version) for register, version in json.loads(older).items()}
        if older
        else {},
    )


def content_to_json(session: Session) -> str:
    """Return what one answer said, as it is stored in a revision."""
    columns = _session_to_columns(session)
    return _to_json({name: value for name, value in columns.items() if value is not None})


def content_from_json(account: Account, session_id: str, content: str) -> Session:
    """Return the answer that a revision holds."""
    return session_from_columns(account, session_id, json.loads(content))


def session_from_columns(account: Account, session_id: str, columns: Row) -> Session:
    """Return the session of a row; a column that is missing is unknown."""
    cost = columns.get("cost")
    return Session(
        account=account,
        session_id=session_id,
        charge_point_id=columns.get("charge_point_id"),
        card_id=columns.get("card_id"),
        status=_STATUS.get(columns["status"]),
        started=_moment(columns.get("started")),
        ended=_moment(columns.get("ended")),
        energy=columns.get("energy"),
        energy_source=_SOURCE.get(columns.get("energy_source", _UNKNOWN)),
        cost=None
        if cost is None
        else Cost(
            amount=Decimal(cost),
            currency=columns["currency"],
            source=_SOURCE[columns["cost_source"]],
        ),
        stop_reason=columns.get("stop_reason"),
        error_code=columns.get("error_code"),
        updated=_moment(columns.get("updated")),
    )


def command_to_columns(command: Command) -> Columns:
    """Return the columns of a command's row, except its account."""
    return {
        "command_id": command.command_id,
        "kind": command.kind.value,
        "charge_point_id": command.charge_point_id,
        "created": to_microseconds(command.created),
        "deadline": to_microseconds(command.deadline),
        "card_id": command.card_id,
        "session_id": command.session_id,
        "state": command.state.value,
        "reason": command.reason,
        "resolved": _microseconds(command.resolved),
        "setting": msgspec.json.encode(command.setting).decode() if command.setting else None,
    }


def command_from_columns(account: Account, columns: Row) -> Command:
    """Return the command of a row."""
    setting = columns["setting"]
    return Command(
        command_id=columns["command_id"],
        account=account,
        kind=CommandKind(columns["kind"]),
        charge_point_id=columns["charge_point_id"],
        created=from_microseconds(columns["created"]),
        deadline=from_microseconds(columns["deadline"]),
        card_id=columns["card_id"],
        session_id=columns["session_id"],
        state=CommandState(columns["state"]),
        reason=columns["reason"],
        resolved=_moment(columns["resolved"]),
        setting=msgspec.json.decode(setting, type=ModeSetting) if setting else None,
    )


def _session_to_columns(session: Session) -> Columns:
    cost = session.cost
    source = session.energy_source
    return {
        "charge_point_id": session.charge_point_id,
        "card_id": session.card_id,
        "status": status_number(session.status),
        "started": _microseconds(session.started),
        "ended": _microseconds(session.ended),
        "updated": _microseconds(session.updated),
        "energy": session.energy,
        "energy_source": None if source is None else _SOURCE_NUMBER[source],
        "cost": None if cost is None else str(cost.amount),
        "currency": None if cost is None else cost.currency,
        "cost_source": None if cost is None else _SOURCE_NUMBER[cost.source],
        "stop_reason": session.stop_reason,
        "error_code": session.error_code,
    }


def _to_json(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), separators=(",", ":"), sort_keys=True)


def _microseconds(moment: Any) -> int | None:
    return None if moment is None else to_microseconds(moment)


def _moment(microseconds: Any) -> Any:
    return None if microseconds is None else from_microseconds(microseconds)
