"""The network's calls at us in JSON, as far as they are read.

Whoever calls may send any bytes at all, so nothing here trusts a length, a depth or a number.
"""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
import json
import re
from typing import Annotated, NoReturn

import msgspec
from msgspec import Meta, Struct

from ..model import CardType
from .plugsurfing_wire import canonical_card
from .wire import path_of

MOST_CARDS = 200_000
"""How many cards one list may have."""

# Control characters have no place in an identifier, and half a surrogate pair is no text.
_TEXT = r"\A[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+\Z"
_Id = Annotated[str, Meta(min_length=1, max_length=64, pattern=_TEXT)]
_LongId = Annotated[str, Meta(min_length=1, max_length=128, pattern=_TEXT)]
_Time = Annotated[str, Meta(max_length=64)]

# In bytes: no call but a list of cards comes near it.
_LARGEST_CALL = 16384
_NAMES_OF_LIST = (b"rfid-post", b"rfids", b"partner-identifier")

# A float has up to 17 digits, most of which may be behind the point.
_MOST_DECIMALS = 40

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})"
)
_YEARS = range(2000, 2200)

# How the network's other interface, the one for apps, spells what is known here.
_SPELLINGS = {
    "connectorId": "connector-id",
    "sessionId": "session-id",
    "identifierType": "identifier-type",
    "paymentReference": "payment-reference",
    "partnerIdentifier": "partner-identifier",
    "sessionInterval": "session-interval",
    "chargingInterval": "charging-interval",
    "energyConsumed": "energy-consumed",
    "calculatedCost": "calculated-cost",
}


class UndecodableError(Exception):
    """A call has a value that cannot be meant; ``path`` names it, from the call's name on."""

    def __init__(self, path: str) -> None:
        """Remember where it is."""
        super().__init__(path)
        self.path = path


class WireUser(Struct, rename="kebab"):
    """Who wants something; a ``token`` beside the identifier is not asked for here."""

    identifier_type: Annotated[str, Meta(max_length=64)]
    identifier: _Id


class WireStart(Struct, rename="kebab"):
    """A ``session-start``."""

    user: WireUser
    connector_id: _Id
    payment_reference: _LongId | None = None


class WireStop(Struct, rename="kebab"):
    """A ``session-stop``."""

    user: WireUser
    connector_id: _Id
    session_id: _LongId | None = None


class WireCards(Struct, rename="kebab"):
    """An ``rfid-post``."""

    rfids: Annotated[list[_Id], Meta(max_length=MOST_CARDS)]
    partner_identifier: _LongId


class WireReservation(Struct, rename="kebab"):
    """A ``reservation-start`` or ``-stop``, as much as it takes to decline it."""

    connector_id: _Id | None = None


class WireInterval(Struct):
    """From when to when; the interface for apps has ``end`` for ``stop``."""

    start: _Time | None = None
    stop: _Time | None = None
    end: _Time | None = None

    def times(self, path: str) -> tuple[datetime | None, datetime | None]:
        """Return both of them; raises UndecodableError."""
        start = _time(self.start, f"{path}.start")
        stop = _time(self.end if self.stop is None else self.stop, f"{path}.stop")
        if start and stop and stop < start:
            raise UndecodableError(f"{path}.stop")
        return start, stop


class WireCost(Struct):
    """What a session costs."""

    amount: Decimal
    currency: Annotated[str, Meta(pattern=r"\A[A-Za-z]{3}\Z")]


class WireSession(Struct, rename="kebab"):
    """A ``session-post``."""

    user: WireUser
    session_id: _LongId
    connector_id: _Id
    session_interval: WireInterval
    partner_identifier: _LongId
    charging_interval: WireInterval | None = None
    energy_consumed: Decimal | None = None
    calculated_cost: WireCost | None = None


def parse(body: bytes) -> tuple[str, object]:
    """Return the name of a call, and what is below it with its numbers as they were written.

    An object that has a key twice could mean one thing to us and another to its sender, so it
    is no JSON here. Raises UndecodableError.
    """
    try:
        frame = _parsed(body) if len(body) <= _LARGEST_CALL else _parsed_list(body)
    except ValueError, RecursionError:
        # An exception in the context of the one below would show the body.
        frame = None
    if not isinstance(frame, dict) or len(frame) != 1:
        raise UndecodableError("$")
    ((name, fields),) = frame.items()
    return name, fields


def shaped[T](fields: object, shape: type[T], call_name: str) -> T:
    """Return what is below a call's name in a shape; raises UndecodableError."""
    try:
        return msgspec.convert(fields, shape)
    except msgspec.ValidationError as err:
        where = path_of(err, call_name)
    raise UndecodableError(where)


def card_of(user: WireUser, call_name: str) -> tuple[str, CardType]:
    """Return the identifier of a card and its kind; raises UndecodableError."""
    kind = user.identifier_type.lower().replace("-", "_")
    if kind not in CardType:
        raise UndecodableError(f"{call_name}.user.identifier-type")
    card_type = CardType(kind)
    card_id = canonical_card(user.identifier, card_type)
    if not card_id:
        raise UndecodableError(f"{call_name}.user.identifier")
    return card_id, card_type


def bounded(value: Decimal, most: int, path: str) -> Decimal:
    """Return a number as it was written, but never with an exponent.

    Raises UndecodableError for what cannot be meant: less than nothing, or beyond all bounds.
    """
    if value.is_finite() and 0 <= value <= most:
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and exponent >= -_MOST_DECIMALS:
            return Decimal(f"{value.copy_abs():f}")
    raise UndecodableError(path)


def _parsed(body: bytes) -> object:
    parsed: object = json.loads(
        body.decode(),
        object_pairs_hook=_object,
        parse_float=_number,
        parse_int=_number,
        parse_constant=_refuse,
    )
    return parsed


def _parsed_list(body: bytes) -> object:
    """Parse a list of cards, fast: to look at every value would hold everything else up."""
    if any(body.count(b'"%b"' % name) != 1 for name in _NAMES_OF_LIST):
        _refuse("")
    return msgspec.json.decode(body)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        _refuse("")
    for name in found.keys() & _SPELLINGS.keys():
        found.setdefault(_SPELLINGS[name], found[name])
    return found


def _refuse(_: str) -> NoReturn:
    raise ValueError


def _number(text: str) -> object:
    """Return a number as it is written; one beyond all bounds fits where none is needed."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return object()


def _time(text: str | None, path: str) -> datetime | None:
    """Read a time of RFC 3339, which has an offset."""
    if text is None:
        return None
    text = text.upper()
    if _RFC3339.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text).astimezone(UTC)
        except ValueError, OverflowError:
            pass
        else:
            if moment.year in _YEARS:
                return moment
    raise UndecodableError(path)
