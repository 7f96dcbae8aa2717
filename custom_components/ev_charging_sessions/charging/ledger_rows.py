"""How sessions and commands look as rows of the ledger's tables, and back."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import accumulate
import json
from typing import Any

import msgspec
from sqlalchemy import CursorResult

from .ledger_tariffs import Tariffs
from .merge import (
    Known,
    Version,
    canonical,
    from_microseconds,
    meter_values_of,
    readings,
    to_microseconds,
)
from .model import (
    Account,
    ChargingMode,
    Command,
    CommandKind,
    CommandState,
    Cost,
    MeterValue,
    ModeSetting,
    Session,
    SessionDetails,
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

_read_details = msgspec.json.Decoder(SessionDetails).decode

_STATUS = {number: status for status, number in _STATUS_NUMBER.items()}
_SOURCE = {number: source for source, number in _SOURCE_NUMBER.items()}


def plain_rows(found: CursorResult[Any]) -> list[Columns]:
    """Return rows as plain dictionaries, for those of SQLAlchemy take long to be read."""
    names = tuple(found.keys())
    return [dict(zip(names, row, strict=True)) for row in found]


def status_number(status: SessionStatus | None) -> int:
    """Return the number that stands for a status in the database."""
    return _UNKNOWN if status is None else _STATUS_NUMBER[status]


def known_to_columns(known: Known, tariffs: Tariffs) -> Columns:
    """Return the columns of a session's row, except those of its identity."""
    columns = _session_to_columns(known.session, tariffs)
    columns["older"] = _older_to_json(known) if known.older else None
    return columns


def known_from_columns(account: Account, columns: Row, tariffs: Tariffs) -> Known:
    """Return what a row of ``sessions`` says."""
    session = session_from_columns(account, columns["session_id"], columns, tariffs)
    older: Mapping[str, Any] = json.loads(columns["older"] or "{}")
    return Known(
        session,
        {register: Version(*version[:2]) for register, version in older.items()},
        _cost(*older.get("cost", ())[2:]),
    )


def content_to_json(session: Session, tariffs: Tariffs) -> str:
    """Return what one answer said, as it is stored in a revision."""
    columns = _session_to_columns(session, tariffs)
    return _to_json({name: value for name, value in columns.items() if value is not None})


def content_from_json(account: Account, session_id: str, content: str, tariffs: Tariffs) -> Session:
    """Return the answer that a revision holds."""
    columns = json.loads(content)
    tariffs.load([columns.get("tariff")])
    return session_from_columns(account, session_id, columns, tariffs)


def session_from_columns(
    account: Account, session_id: str, columns: Row, tariffs: Tariffs
) -> Session:
    """Return the session of a row; a column that is missing is unknown.

    Its tariff has to be loaded.
    """
    tariff = columns.get("tariff")
    meter_values = columns.get("meter_values")
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
        cost=_cost(columns.get("cost"), columns.get("currency"), columns.get("cost_source")),
        stop_reason=columns.get("stop_reason"),
        error_code=columns.get("error_code"),
        tariff=None if tariff is None else tariffs[tariff],
        meter_values=_meter_values(meter_values) if meter_values else (),
        details=details_from_json(columns.get("details")),
        updated=_moment(columns.get("updated")),
    )


def details_from_json(text: str | None) -> SessionDetails | None:
    """Return the details that a row of ``sessions`` holds."""
    return _read_details(text) if text else None


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


def _older_to_json(known: Known) -> str:
    """Return the versions of the older registers; the outranked cost follows that of the cost."""
    older: dict[str, tuple[Any, ...]] = dict(known.older)
    if known.outranked is not None:
        cost = known.outranked
        source = _SOURCE_NUMBER[cost.source]
        older["cost"] = (*older["cost"], str(cost.amount), cost.currency, source)
    return _to_json(older)


def _session_to_columns(session: Session, tariffs: Tariffs) -> Columns:
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
        "tariff": None if session.tariff is None else tariffs.number(session.tariff),
        "meter_values": _meter_values_to_json(session.meter_values)
        if session.meter_values
        else None,
        "details": None if session.details is None else canonical(session.details),
    }


def _cost(amount: Any = None, currency: Any = None, source: Any = None) -> Cost | None:
    if amount is None:
        return None
    return Cost(amount=Decimal(amount), currency=currency, source=_SOURCE[source])


def _meter_values_to_json(values: Iterable[MeterValue]) -> str:
    """Return meter values in one flat list: the time since the one before, and the energy."""
    flat: list[float] = []
    before = 0
    for at, energy in readings(values).items():
        flat += (at - before, energy)
        before = at
    return msgspec.json.encode(flat).decode()


def _meter_values(text: str) -> tuple[MeterValue, ...]:
    flat = json.loads(text)
    return meter_values_of(dict(zip(accumulate(flat[::2]), flat[1::2], strict=True)))


def _to_json(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), separators=(",", ":"), sort_keys=True)


def _microseconds(moment: Any) -> int | None:
    return None if moment is None else to_microseconds(moment)


def _moment(microseconds: Any) -> Any:
    return None if microseconds is None else from_microseconds(microseconds)
