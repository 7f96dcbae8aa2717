"""What is said to PlugSurfing in JSON, and what its answers mean.

Source: ``plugsurfing-session-post.rst`` (the seed) and ``contracts/plugsurfing.md``, which
also tells how version 3 frames its answers.
"""

from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
import re

import msgspec
from msgspec import Struct, field

from ..discreet import Discreet
from ..errors import InvalidInputError, UnexpectedAnswerError
from ..model import CardType, ChargePointStatus, Session
from .plugsurfing_codes import ResultCode
from .wire import reader

_RFID = re.compile(r"[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20}")
_RFID_SEPARATORS = str.maketrans("", "", " :-")
# The second form is what the documentation's own examples and ISO 15118 make of the first.
# Without any separator it would fit too much that is something else; the first one then has
# twelve characters, as no card has.
_EVCO_ID = (
    r"[A-Za-z]{2}[*|-]?[A-Za-z0-9]{3}[*|-]?[A-Za-z0-9]{6}[*|-]?[0-9|X]"
    r"|[A-Za-z]{2}[*|-][A-Za-z0-9]{3}[*|-][A-Za-z0-9]{6,9}([*|-]?[A-Za-z0-9])?"
)

# In kWh, to the milliwatt-hour: far below what any meter counts.
_ENERGY_DIGITS = 6

_LARGEST_CODE = 999

_STATUSES = {
    ChargePointStatus.AVAILABLE: "Available",
    ChargePointStatus.OCCUPIED: "Occupied",
    ChargePointStatus.RESERVED: "Reserved",
    ChargePointStatus.FAULTED: "Offline",
    ChargePointStatus.OFFLINE: "Offline",
}


class Address(Struct, frozen=True, kw_only=True, rename="kebab"):
    """Where a station stands; ``country`` is an ISO 3166-1 alpha-2 code."""

    street: str
    street_number: str
    city: str
    post_code: str = field(name="zip")
    country: str


class Contact(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom a driver may ask about a station."""

    phone: str
    fax: str | None = None
    website: str | None = field(default=None, name="web")
    email: str | None = None


class StationConnector(Struct, frozen=True, kw_only=True):
    """A connector of a station: its EVSE id, its type (``Type2``) and what it gives in kW."""

    connector_id: str = field(name="id")
    connector_type: str = field(name="name")
    max_power: float = field(name="speed")


class OpeningHours(Struct, frozen=True, kw_only=True):
    """When a station is open: from and to a time of day, on the first to the last weekday."""

    times: tuple[str, str]
    days: tuple[str, str]


class StationPost(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="kebab"):
    """What the network shall know of a station.

    ``operator_id`` is the operator's part of its EVSE ids (``DE*8PS``). The connectors of a
    station that the network knows must not change.
    """

    station_id: str = field(name="id")
    name: str
    description: str | None = None
    latitude: float
    longitude: float
    address: Address
    contact: Contact
    operator_id: str = field(name="cpo-id")
    is_always_open: bool = field(name="is-open-24")
    connectors: tuple[StationConnector, ...]
    opening_hours: tuple[OpeningHours, ...] = field(default=(), name="open-hour-notes")
    notes: str | None = None
    is_reservable: bool | None = None
    floor_level: int | None = None
    is_free_charge: bool | None = None
    total_parking: int | None = None
    is_green_power_available: bool | None = None
    is_plugin_charge: bool | None = None
    is_roofed: bool | None = None
    is_private: bool | None = None
    is_deleted: bool | None = field(default=None, name="deleted")


class WireResult(Struct, frozen=True, kw_only=True):
    """What came of a call."""

    code: int | str
    message: str | None = None


class WireStarted(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="kebab"):
    """A session that was started."""

    session_id: str | None = None
    is_stoppable: bool | None = None


class WireProcessed(Struct, frozen=True, kw_only=True):
    """How many cards of a list are new."""

    processed: int


class WireReserved(Struct, frozen=True, kw_only=True):
    """Until when a connector is kept free."""

    end: str


class WireAnswer(Discreet, frozen=True, kw_only=True, omit_defaults=True, rename="kebab"):
    """The answer to a call, in either direction."""

    hidden = frozenset({"evco_id"})

    evco_id: str | None = None
    session_start: WireStarted | None = None
    rfid: WireProcessed | None = None
    reservation_start: WireReserved | None = None
    result: WireResult


class Outcome(Discreet, frozen=True, kw_only=True):
    """What an answer means; ``evco_id`` is who a card belongs to, if that was told."""

    hidden = frozenset({"evco_id"})

    code: int
    evco_id: str | None = None


_read_frame = reader(dict[str, object])
_encoder = msgspec.json.Encoder(decimal_format="number")


def encoded(value: object) -> bytes:
    """Return the JSON of a value, its amounts of money as exact numbers."""
    return _encoder.encode(value)


def rfc3339(moment: datetime) -> str:
    """Return a time as the network wants it: with an offset and without a fraction."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat()


def canonical_card(text: str, card_type: CardType) -> str:
    """Return an identifier as it is kept and compared, which is empty for none at all."""
    text = text.strip()
    if card_type is not CardType.RFID or _RFID.fullmatch(text):
        return text
    bare = text.translate(_RFID_SEPARATORS).upper()
    # Beyond ASCII a letter can have several capitals, and no card has such letters.
    return bare if _RFID.fullmatch(bare) else text.upper() if text.isascii() else text


def card_type_of(card_id: str) -> CardType:
    """Return what kind of identifier a card of unknown kind seems to have."""
    return CardType.EVCO_ID if re.fullmatch(_EVCO_ID, card_id) else CardType.RFID


def encode_session(session: Session, connector_id: str, partner_identifier: str) -> bytes:
    """Return the post of a session; an open one tells only what cannot change any more.

    Raises InvalidInputError for a session that the network could do nothing with.
    """
    details = session.details
    if not session.card_id:
        raise InvalidInputError("card", "no_card")
    if session.started is None:
        raise InvalidInputError("started", "no_start")
    has_ended = not session.is_open
    if has_ended and session.ended is None:
        raise InvalidInputError("ended", "no_end")
    card_type = (details and details.card_type) or card_type_of(session.card_id)
    card_id = canonical_card(session.card_id, card_type)
    post: dict[str, object] = {
        "user": {"identifier-type": card_type.replace("_", "-"), "identifier": card_id},
        "session-id": session.session_id,
        "connector-id": connector_id,
        "session-interval": _interval(session.started, session.ended if has_ended else None),
    }
    energy = session.energy if has_ended else None
    if details and details.charging_started and energy != 0:
        post["charging-interval"] = _interval(
            details.charging_started, details.charging_ended if has_ended else None
        )
    if energy is not None and isfinite(energy):
        post["energy-consumed"] = round(energy, _ENERGY_DIGITS)
    if has_ended and session.cost and session.cost.amount.is_finite():
        post["calculated-cost"] = {
            "amount": Decimal(f"{session.cost.amount:f}"),
            "currency": session.cost.currency,
        }
    post["partner-identifier"] = partner_identifier
    return encoded({"session-post": post})


def encode_status(
    connector_id: str, status: ChargePointStatus | None, partner_identifier: str
) -> bytes:
    """Return the post of a connector's status."""
    return encoded(
        {
            "connector-post-status": {
                "connector-id": connector_id,
                "partner-identifier": partner_identifier,
                "status": "Unknown" if status is None else _STATUSES[status],
            }
        }
    )


def encode_card(card_id: str) -> bytes:
    """Return the question whether a card may charge."""
    return encoded({"rfid-verify": {"rfid": canonical_card(card_id, CardType.RFID)}})


def encode_station(station: StationPost, partner_identifier: str) -> bytes:
    """Return the post of a station."""
    return encoded({"station-post": {"station": station, "partner-identifier": partner_identifier}})


def decode_answer(body: bytes) -> Outcome | None:
    """Return what an answer means; ``None`` for what is no answer of this protocol.

    Version 3 had no codes: then a general one stands for what is said.
    """
    try:
        frame = _read_frame(body)
    except msgspec.DecodeError, UnicodeDecodeError, RecursionError, UnexpectedAnswerError:
        return None
    result = frame.get("result")
    if isinstance(result, dict):
        code = _code_of(result.get("code"))
        evco_id = frame.get("evco-id")
        evco_id = evco_id.strip() or None if isinstance(evco_id, str) else None
        return None if code is None else Outcome(code=code, evco_id=evco_id)
    if frame.get("error"):
        return Outcome(code=ResultCode.CLIENT_ERROR)
    for part in frame.values():
        if isinstance(part, dict) and isinstance(part.get("success"), bool):
            code = ResultCode.SUCCESS if part["success"] else ResultCode.CLIENT_ERROR
            return Outcome(code=code)
    return None


def _interval(start: datetime, stop: datetime | None) -> dict[str, str]:
    return {"start": rfc3339(start)} | ({} if stop is None else {"stop": rfc3339(stop)})


def _code_of(value: object) -> int | None:
    """Return a result code, which is documented with three digits and sent as a number."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,3}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST_CODE:
        return None
    return value
