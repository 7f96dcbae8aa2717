"""Shell Recharge's JSON, and what it means.

Three generations of the API are in use and differ in the spelling of keys, in the shape of
a session's state and of errors, and in the notation of times. Every one of them is read
here; the differences end in this module.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import isfinite
import re
from typing import Any

import msgspec

from ..errors import RequestRejectedError, UnexpectedAnswerError
from ..model import Account, Session, SessionStatus
from .transport import Token
from .wire import path_of, reader

# A vendor's code is shown to people, so only what looks like one of its codes gets through:
# words, or an E with a number. Anything else could quote an identifier back at us.
_CODE = r"E[0-9]{3,5}|[A-Za-z_]{2,40}"

# What can stand in a header (RFC 6750, b64token, and what else prints).
_PRINTABLE = r"[!-~]+"
_DEFAULT_LIFETIME = 3600.0

# The first generation prints times as month/day/year; so do the locations of v1.
_US_TIME = "%m/%d/%Y %H:%M:%S"

# A time stamp from further ahead than any clock error would win against all later answers.
_CLOCK_ERROR = timedelta(days=1)

_STATUSES = {
    "startrequested": SessionStatus.STARTING,
    "started": SessionStatus.CHARGING,
    "stoprequested": SessionStatus.STOPPING,
    "stopped": SessionStatus.FINISHED,
    "failedtostart": SessionStatus.FAILED,
    "failedtostop": SessionStatus.STOP_FAILED,
}


class _Error(msgspec.Struct, gc=False):
    code: str | None = None


class _State(msgspec.Struct, gc=False):
    status: str | None = None
    error: _Error | None = None


class WireSession(msgspec.Struct, gc=False):
    """A session of ``active`` and ``retrieve``; the contract makes every field optional."""

    id: str | None = None
    emaId: str | None = None
    evseId: str | None = None
    startedAt: str | None = None
    stoppedAt: str | None = None
    lastUpdated: str | None = None
    sessionState: _State | str | None = None
    SessionState: _State | str | None = None
    sessionCode: str | None = None


class _Envelope(msgspec.Struct, gc=False):
    status: str | None = None
    data: list[msgspec.Raw] | None = None
    Status: str | None = None
    Data: list[msgspec.Raw] | None = None


class _StartedSession(msgspec.Struct):
    sessionId: str | None = None
    SessionId: str | None = None


class _WireToken(msgspec.Struct):
    """``expires_in`` is text in one of the vendor's guides and a number in another."""

    access_token: str
    expires_in: str | float | None = None


_read_envelope = reader(_Envelope)
_read_session = reader(WireSession, "data[]")
_read_started = reader(_StartedSession, "data[]")
_read_token = reader(_WireToken)

_SPELLINGS = {
    name.lower(): name
    for struct in (WireSession, _State, _Error)
    for name in struct.__struct_fields__
    if name != "SessionState"
}


def decode_items(body: bytes) -> list[msgspec.Raw]:
    """Return the items of an answer's ``data``, still undecoded.

    Raises RequestRejectedError for a refusal inside a good status, UnexpectedAnswerError
    for an envelope of another shape and what ``reader`` lets through for what is not JSON.
    """
    envelope = _read_envelope(body)
    if (envelope.status or envelope.Status or "").upper() == "FAILED":
        raise RequestRejectedError(error_code(body) or "FAILED", status=200)
    return envelope.data or envelope.Data or []


def error_code(body: bytes) -> str | None:
    """Return the vendor's code in the body of a refusal, in any of its published shapes."""
    try:
        answer = _lower_keys(msgspec.json.decode(body))
    except msgspec.DecodeError, UnicodeDecodeError, RecursionError:
        return None
    errors = answer.get("errors")
    item = _lower_keys(errors[0]) if isinstance(errors, list) and errors else answer
    for key in ("code", "errorcode", "error"):
        code = item.get(key)
        if isinstance(code, str) and re.fullmatch(_CODE, code):
            return code
    return None


def decode_session(raw: bytes | msgspec.Raw, account: Account, now: datetime) -> Session:
    """Return one session; raises UnexpectedAnswerError naming the field that is wrong."""
    wire = _read_session(raw)
    state = wire.sessionState or wire.SessionState
    if wire.id is None or state is None:
        wire = _read_any_spelling(raw)
        state = wire.sessionState
    if not wire.id:
        raise UnexpectedAnswerError("data[].id")
    code = wire.sessionCode
    if isinstance(state, _State):
        word = state.status
        code = state.error.code if state.error else None
    else:
        word = state
    status = _STATUSES.get(re.sub(r"[-_ ]", "", word or "").lower())
    started = _time(wire.startedAt, "data[].startedAt")
    ended = _time(wire.stoppedAt, "data[].stoppedAt")
    updated = _time(wire.lastUpdated, "data[].lastUpdated")
    # The vendor's own samples stop a running session ten years before it started.
    if status is not SessionStatus.FINISHED or (ended and started and ended < started):
        ended = None
    if updated and updated > now + _CLOCK_ERROR:
        updated = None
    return Session(
        account=account,
        session_id=wire.id,
        charge_point_id=wire.evseId.upper() if wire.evseId else None,
        card_id=wire.emaId or None,
        status=status,
        started=started,
        ended=ended,
        error_code=code if code and re.fullmatch(_CODE, code) else None,
        updated=updated,
    )


def decode_started(body: bytes) -> str | None:
    """Return the id of the session that a start has asked for."""
    for raw in decode_items(body):
        started = _read_started(raw)
        return started.sessionId or started.SessionId
    return None


def decode_token(body: bytes) -> Token:
    """Return the access token of a sign-in."""
    wire = _read_token(body)
    if not re.fullmatch(_PRINTABLE, wire.access_token):
        raise UnexpectedAnswerError("access_token")
    lifetime = _number(wire.expires_in) if wire.expires_in else _DEFAULT_LIFETIME
    if wire.expires_in == 0:
        lifetime = 0.0
    if lifetime is None:
        raise UnexpectedAnswerError("expires_in")
    return Token(value=wire.access_token, lifetime=max(lifetime, 0.0))


def _number(value: str | float) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _read_any_spelling(raw: bytes | msgspec.Raw) -> WireSession:
    """Read a session of a generation that begins its keys with capitals."""
    try:
        return msgspec.convert(_spelled_as_now(msgspec.json.decode(raw)), WireSession)
    except msgspec.ValidationError as err:
        where = path_of(err, "data[]")
    except msgspec.DecodeError, UnicodeDecodeError, RecursionError:
        where = "data[]"
    raise UnexpectedAnswerError(where)


def _spelled_as_now(value: Any) -> Any:
    """Return an object with its keys spelled as the newest generation does."""
    if not isinstance(value, dict):
        return value
    return {_SPELLINGS.get(key.lower(), key): _spelled_as_now(item) for key, item in value.items()}


def _time(text: str | None, path: str) -> datetime | None:
    """Read a time in any of the vendor's notations; one without a zone is UTC."""
    if not text:
        return None
    parsers: tuple[Callable[[str], datetime], ...] = (
        datetime.fromisoformat,
        lambda value: datetime.strptime(value, _US_TIME).replace(tzinfo=UTC),
    )
    for parse in parsers:
        try:
            time = parse(text)
            return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        except ValueError, OverflowError:
            continue
    raise UnexpectedAnswerError(path)


def _lower_keys(value: object) -> dict[str, Any]:
    """Return an object's items with their keys in lower case; nothing for anything else."""
    if not isinstance(value, dict):
        return {}
    return {str(key).lower(): item for key, item in value.items()}
