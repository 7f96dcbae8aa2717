"""The envelopes of CleverEV's answers, in both generations of its API.

Sources: ``cleverev-charging-sessions-list-for-namespace.txt`` (the seed) and what
``contracts/cleverev.md`` tells of the newer API.
"""

from collections.abc import Sequence
from datetime import datetime
import re

import msgspec

from ..errors import RequestRejectedError, UnexpectedAnswerError
from .cleverev_pages import Page
from .cleverev_values import optional_time
from .wire import reader

# A vendor's code is shown to people, so only a word gets through. Anything else could quote
# an identifier back at us.
_CODE = r"[A-Za-z_]{2,40}"


class _Outcome(msgspec.Struct):
    success: object = None


class _List(_Outcome):
    chargingSessions: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET
    count: object = None


class _Row(msgspec.Struct, gc=False):
    id: int | str
    startedAtTimestamp: object = None


class ChargerPage(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One page of chargers, undecoded, and the id of each; ``total`` counts all pages."""

    body: bytes
    rows: Sequence[msgspec.Raw]
    ids: Sequence[str]
    total: int | None


class _Single(_Outcome):
    chargingSession: msgspec.Raw = msgspec.Raw()
    session: msgspec.Raw = msgspec.Raw()
    data: msgspec.Raw = msgspec.Raw()


class _Chargers(_Outcome):
    chargers: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET
    total: object = None


class _Error(msgspec.Struct):
    code: object = None
    error: object = None


_read_outcome = reader(_Outcome)
_read_list = reader(_List)
_read_row = reader(_Row, "[]")
_read_single = reader(_Single)
_read_chargers = reader(_Chargers)
_read_error = reader(_Error)


def decode_page(body: bytes) -> Page:
    """Return a page of sessions, still undecoded.

    Raises RequestRejectedError for a refusal inside a good status, UnexpectedAnswerError for
    an envelope of another shape and what ``reader`` lets through for what is not JSON.
    """
    wire = _read_list(body)
    _check(wire)
    if wire.chargingSessions is msgspec.UNSET:
        raise UnexpectedAnswerError("chargingSessions")
    rows = wire.chargingSessions or []
    ids: list[str] = []
    ascents = descents = 0
    before: datetime | None = None
    for raw in rows:
        row = _row(raw)
        ids.append(str(row.id))
        started = optional_time(row.startedAtTimestamp)
        if started and before:
            ascents += started > before
            descents += started < before
        before = started or before
    return Page(
        body=body,
        rows=rows,
        ids=ids,
        count=_count(wire.count),
        ascents=ascents,
        descents=descents,
    )


def decode_chargers(body: bytes) -> ChargerPage:
    """Return a page of chargers, still undecoded.

    Raises the same as ``decode_page``.
    """
    wire = _read_chargers(body)
    _check(wire)
    if wire.chargers is msgspec.UNSET:
        raise UnexpectedAnswerError("chargers")
    rows = wire.chargers or []
    ids = [str(_row(raw).id) for raw in rows]
    return ChargerPage(body=body, rows=rows, ids=ids, total=_count(wire.total))


def decode_single(body: bytes) -> bytes:
    """Return one session, still undecoded: under its name, or as the answer itself.

    Raises the same as ``decode_page``.
    """
    wire = _read_single(body)
    _check(wire)
    for raw in map(bytes, (wire.chargingSession, wire.session, wire.data)):
        if raw and raw != b"null":
            return raw
    return body


def decode_done(body: bytes) -> None:
    """Accept the answer to a command that only says that it was done.

    Raises the same as ``decode_page``; a web page comes from somewhere else.
    """
    if body.strip() and body != b"null":
        _check(_read_outcome(body))


def error_code(body: bytes) -> str | None:
    """Return the vendor's code in the body of a refusal, if there is one.

    The documented ``message`` is free text, which may quote people, so nobody reads it.
    """
    try:
        wire = _read_error(body)
    except msgspec.DecodeError, UnicodeDecodeError, RecursionError, UnexpectedAnswerError:
        return None
    for code in (wire.code, wire.error):
        if isinstance(code, str) and re.fullmatch(_CODE, code):
            return code
    return None


def _check(wire: _Outcome) -> None:
    if wire.success is False:
        raise RequestRejectedError("unsuccessful", status=200)


def _row(raw: msgspec.Raw) -> _Row:
    """Return what a list has to know of one of its rows."""
    try:
        return _read_row(raw)
    except UnexpectedAnswerError:
        # It is told when it is decoded as a whole; here it only needs some name.
        return _Row(id=f"?{hash(bytes(raw))}")


def _count(value: object) -> int | None:
    """Return a count; one that makes no sense is none."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        return None
    return value
