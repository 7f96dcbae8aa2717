"""Shell Recharge's JSON, and what it means.

Three generations of the API are in use and differ in the spelling of keys, in the shape of
a session's state and of errors, and in the notation of times. Every one of them is read
here; the differences end in this module.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import re
from typing import Any

import msgspec

from ..errors import RequestRejectedError, UnexpectedAnswerError
from ..model import Account, ChargePoint, ChargePointStatus, Session, SessionStatus
from ..tariff import PriceComponent, PriceComponentType, Tariff
from .transport import Token

# A vendor's code is shown to people, so only what looks like a code gets through: a free
# text could quote an identifier back at us.
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")

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

_EVSE_STATUSES = {
    "available": ChargePointStatus.AVAILABLE,
    "occupied": ChargePointStatus.OCCUPIED,
    "unavailable": ChargePointStatus.OFFLINE,
}

_COMPONENT_TYPES = {
    "FLAT": PriceComponentType.FLAT,
    "ENERGY": PriceComponentType.ENERGY,
    "TIME": PriceComponentType.TIME,
    "PARKING_TIME": PriceComponentType.PARKING_TIME,
}


class _Error(msgspec.Struct):
    code: str | None = None


class _State(msgspec.Struct):
    status: str | None = None
    error: _Error | None = None


class WireSession(msgspec.Struct):
    """A session of ``active`` and ``retrieve``; the contract makes every field optional."""

    id: str | None = None
    emaId: str | None = None
    evseId: str | None = None
    startedAt: str | None = None
    stoppedAt: str | None = None
    lastUpdated: str | None = None
    sessionState: _State | str | None = None
    SessionState: _State | str | None = None


class _AnyCaseSession(msgspec.Struct, rename="lower"):
    """The same session with its keys in lower case, for the generations that vary them."""

    id: str | None = None
    emaId: str | None = None
    evseId: str | None = None
    startedAt: str | None = None
    stoppedAt: str | None = None
    lastUpdated: str | None = None
    sessionState: _State | str | None = None
    sessionCode: str | None = None


class _Envelope(msgspec.Struct):
    status: str | None = None
    data: list[msgspec.Raw] | None = None
    errors: list[_Error] | None = None
    Status: str | None = None
    Data: list[msgspec.Raw] | None = None


class _ElectricalProperties(msgspec.Struct):
    maxElectricPower: float | None = None


class _PriceComponent(msgspec.Struct):
    type: str
    price: Decimal
    stepSize: Decimal | None = None
    vat: Decimal | None = None


class _TariffElement(msgspec.Struct):
    priceComponents: list[_PriceComponent] | None = None
    restrictions: dict[str, Any] | None = None


class _Tariff(msgspec.Struct):
    currency: str
    tariffId: str | None = None
    minPrice: Decimal | None = None
    maxPrice: Decimal | None = None
    elements: list[_TariffElement] | None = None
    startFee: Decimal | None = None
    perMinute: Decimal | None = None
    perKWh: Decimal | None = None


class _Connector(msgspec.Struct):
    connectorType: str | None = None
    electricalProperties: _ElectricalProperties | None = None
    tariffs: list[_Tariff] | None = None
    tariff: _Tariff | None = None


class _Evse(msgspec.Struct):
    evseId: str | None = None
    status: str | None = None
    connectors: list[_Connector] | None = None


class Location(msgspec.Struct):
    """A site with its EVSEs; ``uid`` is a number in v1 and text in v2."""

    uid: str | int
    operatorName: str | None = None
    evses: list[_Evse] | None = None


class _StartedSession(msgspec.Struct):
    sessionId: str | None = None
    SessionId: str | None = None


class _WireToken(msgspec.Struct):
    """``expires_in`` is text in one of the vendor's guides and a number in another."""

    access_token: str
    expires_in: str | float | None = None


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_session = msgspec.json.Decoder(WireSession).decode
_decode_location = msgspec.json.Decoder(Location).decode
_decode_started = msgspec.json.Decoder(_StartedSession).decode
_decode_token = msgspec.json.Decoder(_WireToken).decode


def decode_items(body: bytes) -> list[msgspec.Raw]:
    """Return the items of an answer's ``data``, still undecoded.

    Raises RequestRejectedError for a refusal inside a good status, UnexpectedAnswerError
    for an envelope of another shape and msgspec.DecodeError for what is not JSON.
    """
    try:
        envelope = _decode_envelope(body)
    except msgspec.ValidationError as err:
        raise UnexpectedAnswerError(_path(err)) from None
    if (envelope.status or envelope.Status or "").upper() == "FAILED":
        raise RequestRejectedError(error_code(body) or "FAILED", status=200)
    return envelope.data or envelope.Data or []


def error_code(body: bytes) -> str | None:
    """Return the vendor's code in the body of a refusal, in any of its published shapes."""
    try:
        answer = _lower_keys(msgspec.json.decode(body))
    except msgspec.DecodeError:
        return None
    errors = answer.get("errors")
    item = _lower_keys(errors[0]) if isinstance(errors, list) and errors else answer
    for key in ("code", "errorcode", "error"):
        code = item.get(key)
        if isinstance(code, str) and _CODE.fullmatch(code):
            return code
    return None


def decode_session(raw: bytes | msgspec.Raw, account: Account, now: datetime) -> Session:
    """Return one session; raises UnexpectedAnswerError naming the field that is wrong."""
    try:
        wire = _decode_session(raw)
        state = wire.sessionState or wire.SessionState
        if wire.id is not None and state is not None:
            return _session(wire, state, None, account, now)
        any_case = msgspec.convert(_lower_keys(msgspec.json.decode(raw)), _AnyCaseSession)
    except msgspec.ValidationError as err:
        raise UnexpectedAnswerError(f"data[]{_path(err)[1:]}") from None
    return _session(any_case, any_case.sessionState, any_case.sessionCode, account, now)


def _session(
    wire: WireSession | _AnyCaseSession,
    state: _State | str | None,
    code: str | None,
    account: Account,
    now: datetime,
) -> Session:
    if not wire.id:
        raise UnexpectedAnswerError("data[].id")
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
        card_id=wire.emaId,
        status=status,
        started=started,
        ended=ended,
        error_code=code if code and _CODE.fullmatch(code) else None,
        updated=updated,
    )


def decode_started(body: bytes) -> str | None:
    """Return the id of the session that a start has asked for."""
    for raw in decode_items(body):
        try:
            started = _decode_started(raw)
        except msgspec.ValidationError as err:
            raise UnexpectedAnswerError(f"data[]{_path(err)[1:]}") from None
        return started.sessionId or started.SessionId
    return None


def decode_token(body: bytes) -> Token:
    """Return the access token of a sign-in."""
    try:
        wire = _decode_token(body)
    except msgspec.ValidationError as err:
        raise UnexpectedAnswerError(_path(err)) from None
    try:
        lifetime = float(wire.expires_in or _DEFAULT_LIFETIME)
    except ValueError:
        raise UnexpectedAnswerError("$.expires_in") from None
    return Token(value=wire.access_token, lifetime=lifetime)


def decode_location(raw: msgspec.Raw) -> Location:
    """Return one location; raises UnexpectedAnswerError naming the field that is wrong."""
    try:
        return _decode_location(raw)
    except msgspec.ValidationError as err:
        raise UnexpectedAnswerError(f"data[]{_path(err)[1:]}") from None


def charge_point(location: Location, evse_id: str, now: datetime) -> ChargePoint | None:
    """Return the EVSE of that id, or ``None`` when the location does not have it."""
    for evse in location.evses or []:
        if evse.evseId is None or evse.evseId.upper() != evse_id:
            continue
        connectors = evse.connectors or []
        powers = [
            connector.electricalProperties.maxElectricPower
            for connector in connectors
            if connector.electricalProperties and connector.electricalProperties.maxElectricPower
        ]
        return ChargePoint(
            charge_point_id=evse_id,
            status=_EVSE_STATUSES.get((evse.status or "").lower()),
            operator=location.operatorName,
            connector_type=connectors[0].connectorType if connectors else None,
            max_power=max(powers, default=None),
            tariffs=tuple(
                _tariff(tariff)
                for connector in connectors
                for tariff in [*(connector.tariffs or []), connector.tariff]
                if tariff is not None
            ),
            updated=now,
        )
    return None


def _tariff(wire: _Tariff) -> Tariff:
    elements = wire.elements or []
    return Tariff(
        currency=wire.currency,
        components=(
            *_flat_tariff(wire),
            *(
                PriceComponent(
                    type=_COMPONENT_TYPES[component.type.upper()],
                    price=component.price,
                    step_size=component.stepSize or Decimal(1),
                    vat=component.vat,
                )
                for element in elements
                if not element.restrictions
                for component in element.priceComponents or []
                if component.type.upper() in _COMPONENT_TYPES
            ),
        ),
        is_complete=not any(element.restrictions for element in elements),
        tariff_id=wire.tariffId,
        min_price=wire.minPrice,
        max_price=wire.maxPrice,
    )


def _flat_tariff(wire: _Tariff) -> list[PriceComponent]:
    """Return the three prices of a v1 tariff that are set."""
    prices = (
        (PriceComponentType.FLAT, wire.startFee, Decimal(1)),
        (PriceComponentType.TIME, wire.perMinute, Decimal(60)),
        (PriceComponentType.ENERGY, wire.perKWh, Decimal(1)),
    )
    return [
        PriceComponent(type=type_, price=price, step_size=step)
        for type_, price, step in prices
        if price is not None
    ]


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
        except ValueError:
            continue
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    raise UnexpectedAnswerError(path)


def _lower_keys(value: object) -> dict[str, Any]:
    """Return an object's items with their keys in lower case; nothing for anything else."""
    if not isinstance(value, dict):
        return {}
    return {str(key).lower(): item for key, item in value.items()}


def _path(err: msgspec.ValidationError) -> str:
    """Return where msgspec found the wrong type (``$.startedAt``), without the value."""
    _, marker, path = str(err).rpartition(" - at `")
    return path.removesuffix("`") if marker else "$"
