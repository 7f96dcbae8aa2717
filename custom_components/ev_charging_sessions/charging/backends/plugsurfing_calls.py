"""The calls of the network at us, and the replies to them.

Source: ``plugsurfing-session-post.rst`` (the seed) and ``contracts/plugsurfing.md``. Whoever
calls may send any bytes at all, so nothing here trusts a length, a depth or a number, and no
message repeats what was sent.
"""

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from msgspec import Struct

from ..discreet import Discreet
from ..errors import ChargingError
from ..model import Account, CardType, Cost, Session, SessionDetails, SessionStatus, Source
from .plugsurfing_calls_wire import (
    UndecodableError,
    WireCards,
    WireReservation,
    WireSession,
    WireStart,
    WireStop,
    bounded,
    card_of,
    parse,
    shaped,
)
from .plugsurfing_codes import ResultCode, is_success, words_of
from .plugsurfing_wire import (
    WireAnswer,
    WireProcessed,
    WireResult,
    WireStarted,
    canonical_card,
    encoded,
)

# In kWh: a ship that charges for a week takes less.
_MOST_ENERGY = 1_000_000
_MOST_AMOUNT = 1_000_000_000


class CallError(ChargingError):
    """A call that cannot be understood; ``code`` is the answer to it.

    ``call_name`` is the call's name if that much was understood.
    """

    key = "invalid_call"

    def __init__(self, code: ResultCode, message: str, call_name: str | None = None) -> None:
        """Remember what to answer."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.call_name = call_name


class Start(Discreet, frozen=True, kw_only=True):
    """A session is wanted at a connector; ``payment_reference`` names the order for it."""

    call_name: ClassVar = "session-start"
    hidden = frozenset({"card_id", "payment_reference"})

    card_id: str
    card_type: CardType
    connector_id: str
    payment_reference: str | None = None


class Stop(Discreet, frozen=True, kw_only=True):
    """The session at a connector shall end."""

    call_name: ClassVar = "session-stop"
    hidden = frozenset({"card_id"})

    card_id: str
    card_type: CardType
    connector_id: str
    session_id: str | None = None


class PostCards(Discreet, frozen=True, kw_only=True):
    """The RFID cards that may charge from now on, all of them and no others."""

    call_name: ClassVar = "rfid-post"
    hidden = frozenset({"cards", "partner_identifier"})

    cards: tuple[str, ...]
    partner_identifier: str


class Reserve(Struct, frozen=True, kw_only=True):
    """A connector shall be kept free for somebody."""

    call_name: ClassVar = "reservation-start"

    connector_id: str | None = None


class CancelReservation(Struct, frozen=True, kw_only=True):
    """A connector need not be kept free any longer."""

    call_name: ClassVar = "reservation-stop"

    connector_id: str | None = None


class PostSession(Discreet, frozen=True, kw_only=True):
    """A partner tells of a session at one of its connectors."""

    call_name: ClassVar = "session-post"
    hidden = frozenset({"card_id", "partner_identifier"})

    session_id: str
    connector_id: str
    partner_identifier: str
    card_id: str
    card_type: CardType
    started: datetime
    ended: datetime | None = None
    charging_started: datetime | None = None
    charging_ended: datetime | None = None
    energy: float | None = None
    cost: Cost | None = None

    def session(self, account: Account) -> Session:
        """Return it as a session of an account; it bears no time stamp of its own."""
        return Session(
            account=account,
            session_id=self.session_id,
            charge_point_id=self.connector_id,
            card_id=self.card_id,
            status=SessionStatus.CHARGING if self.ended is None else SessionStatus.FINISHED,
            started=self.started,
            ended=self.ended,
            energy=self.energy,
            energy_source=None if self.energy is None else Source.REPORTED,
            cost=self.cost,
            details=SessionDetails(
                card_type=self.card_type,
                charging_started=self.charging_started,
                charging_ended=self.charging_ended,
            ),
        )


type Call = Start | Stop | PostCards | Reserve | CancelReservation | PostSession


class Reply(Struct, frozen=True, kw_only=True):
    """What to answer: an HTTP status and the body, which is JSON."""

    status: int
    body: bytes


def decode_call(body: bytes) -> Call:
    """Return what is asked for.

    Raises CallError for anything else, and nothing but that for any bytes at all.
    """
    name = None
    try:
        key, fields = parse(body)
        if key in _DECODERS:
            name = key
            return _DECODERS[key](fields)
    except UndecodableError as err:
        where = err.path
    else:
        raise CallError(ResultCode.CLIENT_ERROR, "There is no such call here.")
    raise CallError(ResultCode.INVALID_FORMAT, f"Invalid value at {where}.", name)


def reply(
    call_name: str | None,
    code: ResultCode,
    message: str | None = None,
    *,
    session_id: str | None = None,
    is_stoppable: bool | None = None,
    processed: int | None = None,
    status: int | None = None,
) -> Reply:
    """Return the answer to a call.

    ``session_id`` and ``is_stoppable`` tell of a session that was started, ``processed`` how
    many cards of a list are new. ``status`` is only needed for what HTTP itself refuses
    (408, 413, 429) or asks to repeat (503).
    """
    is_told = session_id is not None or is_stoppable is not None
    answer = WireAnswer(
        result=WireResult(code=int(code), message=message or f"{_sentence(code)}."),
        session_start=WireStarted(session_id=session_id, is_stoppable=is_stoppable)
        if is_told
        else None,
        rfid=None if processed is None else WireProcessed(processed=processed),
    )
    return Reply(
        status=_status_of(call_name, code) if status is None else status, body=encoded(answer)
    )


def _sentence(code: ResultCode) -> str:
    words = words_of(code)
    return words[0].upper() + words[1:]


def _status_of(call_name: str | None, code: ResultCode) -> int:
    """Return the HTTP status that goes with a code (``CPOServer.cs`` of WWCP_OIOI)."""
    if is_success(code):
        return 200
    match code:
        case (
            ResultCode.EVSE_ERROR
            | ResultCode.EVSE_TIMEOUT
            | ResultCode.EVSE_IN_USE
            | ResultCode.NO_EV_CONNECTED
            | ResultCode.EVSE_RESERVED
        ):
            return 200
        case (
            ResultCode.NOT_AUTHENTICATED
            | ResultCode.INVALID_USER_TOKEN
            | ResultCode.INVALID_API_KEY
        ):
            return 401
        case ResultCode.EMAIL_UNKNOWN if call_name == Stop.call_name:
            return 401
        case ResultCode.API_KEY_NOT_ALLOWED:
            return 403
        case ResultCode.EVSE_NOT_FOUND | ResultCode.OPERATOR_ERROR:
            return 404
        case _:
            return 400


def _start(fields: object) -> Start:
    wire = shaped(fields, WireStart, Start.call_name)
    card_id, card_type = card_of(wire.user, Start.call_name)
    return Start(
        card_id=card_id,
        card_type=card_type,
        connector_id=wire.connector_id,
        payment_reference=wire.payment_reference,
    )


def _stop(fields: object) -> Stop:
    wire = shaped(fields, WireStop, Stop.call_name)
    card_id, card_type = card_of(wire.user, Stop.call_name)
    return Stop(
        card_id=card_id,
        card_type=card_type,
        connector_id=wire.connector_id,
        session_id=wire.session_id,
    )


def _cards(fields: object) -> PostCards:
    wire = shaped(fields, WireCards, PostCards.call_name)
    cards = dict.fromkeys(canonical_card(rfid, CardType.RFID) for rfid in wire.rfids)
    if "" in cards:
        raise UndecodableError(f"{PostCards.call_name}.rfids[...]")
    return PostCards(cards=tuple(cards), partner_identifier=wire.partner_identifier)


def _reserve(fields: object) -> Reserve:
    wire = shaped(fields, WireReservation, Reserve.call_name)
    return Reserve(connector_id=wire.connector_id)


def _cancel(fields: object) -> CancelReservation:
    wire = shaped(fields, WireReservation, CancelReservation.call_name)
    return CancelReservation(connector_id=wire.connector_id)


def _session(fields: object) -> PostSession:
    name = PostSession.call_name
    wire = shaped(fields, WireSession, name)
    card_id, card_type = card_of(wire.user, name)
    started, ended = wire.session_interval.times(f"{name}.session-interval")
    if started is None:
        raise UndecodableError(f"{name}.session-interval.start")
    charging_started = charging_ended = None
    if wire.charging_interval:
        charging_started, charging_ended = wire.charging_interval.times(f"{name}.charging-interval")
    energy, cost = wire.energy_consumed, wire.calculated_cost
    if energy is not None:
        energy = bounded(energy, _MOST_ENERGY, f"{name}.energy-consumed")
    return PostSession(
        session_id=wire.session_id,
        connector_id=wire.connector_id,
        partner_identifier=wire.partner_identifier,
        card_id=card_id,
        card_type=card_type,
        started=started,
        ended=ended,
        charging_started=charging_started,
        charging_ended=charging_ended,
        energy=None if energy is None else round(float(energy), 6),
        cost=None
        if cost is None
        else Cost(
            amount=bounded(cost.amount, _MOST_AMOUNT, f"{name}.calculated-cost.amount"),
            currency=cost.currency.upper(),
            source=Source.REPORTED,
        ),
    )


_DECODERS: dict[str, Callable[[object], Call]] = {
    Start.call_name: _start,
    Stop.call_name: _stop,
    PostCards.call_name: _cards,
    Reserve.call_name: _reserve,
    CancelReservation.call_name: _cancel,
    PostSession.call_name: _session,
}
