"""Smappee's sessions in JSON, and what they mean.

Source: ``smappee-charging-park-sessions.txt`` (the seed) and what published clients read.
Where the two differ, both are read here; the differences end in this module.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from math import inf
import re

import msgspec

from ..errors import InvalidInputError, UnexpectedAnswerError
from ..model import Account, ChargingMode, Session, SessionDetails, SessionStatus, Source
from .wire import optional_text, reader

type Locate = Callable[[str, int | None, Sequence[str]], str]
"""Returns the id of a charge point: of the connector at that position of the station with
that serial number, or of the one that goes by one of those names."""

# A vendor's code is shown to people, so only a word gets through. Anything else could quote
# an identifier back at us.
_CODE = r"[A-Za-z_]{2,40}"

_RFID = r"[0-9A-Z]{4,40}"
_RFID_SEPARATORS = str.maketrans("", "", " :-")

# What can stand in a path without leading elsewhere; a hyphen parts it from the connector.
_SERIAL = r"[A-Za-z0-9_]{1,64}"
_LOCATION_ID = r"[A-Za-z0-9_-]{1,64}"

# The documents say milliseconds, and clients also tell of seconds: as such a number is a
# time after 1970 or one before 2286.
_LARGEST_SECONDS = 1e10
# In milliseconds: the year 5138, well within what a datetime can tell.
_LARGEST_TIME = 1e14

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

_STATUSES = {
    "INITIAL": SessionStatus.STARTING,
    "STARTED": SessionStatus.CONNECTED,
    "CHARGING": SessionStatus.CHARGING,
    "SUSPENDED": SessionStatus.SUSPENDED,
    "STOPPING": SessionStatus.STOPPING,
    "STOPPED": SessionStatus.FINISHED,
    "COMPLETED": SessionStatus.FINISHED,
}

_MODES = {
    "NORMAL": ChargingMode.NORMAL,
    "STANDARD": ChargingMode.NORMAL,
    "SMART": ChargingMode.SMART,
    "SOLAR": ChargingMode.SMART,
    "PAUSED": ChargingMode.PAUSED,
}


class ParkSession(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A session, and what it tells of its connector.

    ``is_initial`` tells that the network has only just made it up: nobody is told of it yet.
    """

    session: Session
    is_open: bool
    is_initial: bool = False
    mode: ChargingMode | None = None

    @property
    def session_id(self) -> str:
        """Return the id of the session."""
        return self.session.session_id


class WireSession(msgspec.Struct, gc=False):
    """A session; ``range`` and ``duration`` are targets of smart charging, so not read.

    What no document mentions can be of any kind, and costs no session.
    """

    id: int | str | None = None
    serialNumber: int | str | None = None
    chargingStationSerial: int | str | None = None
    connector: object = None
    connectorUuid: object = None
    smartDeviceUuid: object = None
    rfid: int | str | None = None
    rfidToken: int | str | None = None
    csmsTransactionId: object = None
    started: float | str | None = msgspec.field(default=None, name="from")
    ended: float | str | None = msgspec.field(default=None, name="to")
    status: str | None = None
    suspendedByUser: object = None
    smartMode: object = None
    startReading: float | str | None = None
    stopReading: float | str | None = None
    energy: float | str | None = None


class _Location(msgspec.Struct):
    serviceLocationId: int | str
    name: str | None = None


class _Locations(msgspec.Struct):
    serviceLocations: list[_Location] | None = None


class _Error(msgspec.Struct):
    error: object = None
    code: object = None


_read_list = reader(list[msgspec.Raw])
_read_any = reader(msgspec.Raw)
_read_session = reader(WireSession, "sessions[]")
_read_locations = reader(_Locations)
_read_error = reader(_Error)


def checked_rfid(text: str) -> str:
    """Return the identifier of an RFID card in its canonical spelling (``04523022AA4881``).

    Raises InvalidInputError when it cannot be one.
    """
    rfid = _bare(text)
    if not re.fullmatch(_RFID, rfid):
        raise InvalidInputError("identifier", "invalid_rfid")
    return rfid


def checked_serial(value: int | str | None, path: str) -> str:
    """Return the serial number of a station, which is printed as a number or as text.

    Raises UnexpectedAnswerError when it cannot be one.
    """
    serial = "" if value is None else str(value)
    if not re.fullmatch(_SERIAL, serial):
        raise UnexpectedAnswerError(path)
    return serial


def decode_items(body: bytes) -> list[msgspec.Raw]:
    """Return the sessions of an answer, still undecoded.

    The documents show a session, clients get a list of them, and no body is none. Raises
    UnexpectedAnswerError for anything else, and what ``reader`` lets through for what is
    not JSON.
    """
    if body[:64].lstrip().startswith(b"["):
        return _read_list(body)
    raw = _read_any(body)
    match bytes(raw)[:1]:
        case b"{":
            return [raw]
        case b"n":
            return []
        case _:
            raise UnexpectedAnswerError("$")


def decode_nothing(body: bytes) -> None:
    """Accept any answer to a command but a web page, which comes from somewhere else."""
    if body[:64].lstrip().startswith(b"<"):
        raise msgspec.DecodeError


def decode_session(raw: bytes | msgspec.Raw, account: Account, locate: Locate) -> ParkSession:
    """Return one session; raises UnexpectedAnswerError naming the field that is wrong."""
    wire = _read_session(raw)
    if wire.id is None or wire.id == "":
        raise UnexpectedAnswerError("sessions[].id")
    serial = checked_serial(
        wire.chargingStationSerial if wire.serialNumber is None else wire.serialNumber,
        "sessions[].serialNumber",
    )
    names = [name for name in (wire.connectorUuid, wire.smartDeviceUuid) if isinstance(name, str)]
    started = _time(wire.started, "sessions[].from")
    ended = _time(wire.ended, "sessions[].to")
    word = (wire.status or "").upper()
    status = _STATUSES.get(word)
    if status is None and ended is not None:
        status = SessionStatus.FINISHED
    if status is SessionStatus.CONNECTED and _is_paused(wire):
        status = SessionStatus.SUSPENDED
    is_open = status is not SessionStatus.FINISHED
    if is_open or (ended and started and ended < started):
        ended = None
    energy, source = _energy(wire)
    transaction_id = optional_text(wire.csmsTransactionId)
    session = Session(
        account=account,
        session_id=str(wire.id),
        charge_point_id=locate(serial, _position(wire.connector), names),
        card_id=_card(wire.rfid) or _card(wire.rfidToken),
        status=status,
        started=started,
        ended=ended,
        energy=energy,
        energy_source=source,
        details=SessionDetails(transaction_id=transaction_id) if transaction_id else None,
    )
    return ParkSession(
        session=session, is_open=is_open, is_initial=word == "INITIAL", mode=_mode(wire)
    )


def decode_service_locations(body: bytes) -> dict[str, str]:
    """Return the names of the service locations of an account, by id."""
    found: dict[str, str] = {}
    for location in _read_locations(body).serviceLocations or []:
        location_id = str(location.serviceLocationId)
        if not re.fullmatch(_LOCATION_ID, location_id):
            raise UnexpectedAnswerError("serviceLocations[].serviceLocationId")
        found[location_id] = location.name or location_id
    return found


def error_code(body: bytes) -> str | None:
    """Return the vendor's code in the body of a refusal, if there is one."""
    try:
        wire = _read_error(body)
    except msgspec.DecodeError, UnicodeDecodeError, RecursionError, UnexpectedAnswerError:
        return None
    for code in (wire.code, wire.error):
        if isinstance(code, str) and re.fullmatch(_CODE, code):
            return code
    return None


def to_ms(moment: datetime) -> int:
    """Return the milliseconds from 1970 to an aware time, as ranges are given."""
    return (moment - _EPOCH) // _MILLISECOND


def number(value: float | str | None, path: str) -> float | None:
    """Return a number that may be printed as text; ``None`` for nothing.

    It need not be finite. Raises UnexpectedAnswerError for a text that is no number.
    """
    if value is None or value == "":
        return None
    try:
        return float(value)
    except ValueError, OverflowError:
        # Raised below: an exception in the context of this one would show the value.
        pass
    raise UnexpectedAnswerError(path)


def _is_paused(wire: WireSession) -> bool:
    return wire.suspendedByUser in (True, "true")


def _mode(wire: WireSession) -> ChargingMode | None:
    if _is_paused(wire):
        return ChargingMode.PAUSED
    return _MODES.get(wire.smartMode.upper()) if isinstance(wire.smartMode, str) else None


def _position(connector: object) -> int | None:
    """Return the position of a connector; one that makes no sense is not known."""
    if isinstance(connector, dict):
        named = connector.get("number")
        connector = connector.get("position") if named is None else named
    if isinstance(connector, bool) or not isinstance(connector, int | float | str):
        return None
    try:
        return position(connector, "sessions[].connector")
    except UnexpectedAnswerError:
        return None


def position(value: float | str | None, path: str) -> int | None:
    """Return the position of a connector, ``None`` for nothing.

    Raises UnexpectedAnswerError for what is no small whole number.
    """
    found = number(value, path)
    if found is None:
        return None
    if not (0 <= found < 1000 and found.is_integer()):
        raise UnexpectedAnswerError(path)
    return int(found)


def _card(rfid: float | str | None) -> str | None:
    """Return the identifier of a card; one of another form is kept as it is."""
    text = "" if rfid is None else str(rfid)
    bare = _bare(text)
    return (bare if re.fullmatch(_RFID, bare) else text.strip().upper()) or None


def _bare(text: str) -> str:
    return text.strip().upper().translate(_RFID_SEPARATORS)


def _energy(wire: WireSession) -> tuple[float | None, Source | None]:
    """Return the kWh of a session: the meter's, or else what the network has reckoned."""
    start = number(wire.startReading, "sessions[].startReading")
    stop = number(wire.stopReading, "sessions[].stopReading")
    if start is not None and stop is not None and 0 <= stop - start < inf:
        return round(stop - start, 6), Source.METERED
    energy = number(wire.energy, "sessions[].energy")
    if energy is not None and 0 <= energy < inf:
        return round(energy, 6), Source.REPORTED
    return None, None


def _time(value: float | str | None, path: str) -> datetime | None:
    """Read a time, in milliseconds or seconds since 1970; zero stands for none."""
    found = number(value, path)
    if not found:
        return None
    if not 0 < found < _LARGEST_TIME:
        raise UnexpectedAnswerError(path)
    return datetime.fromtimestamp(found / 1000 if found > _LARGEST_SECONDS else found, UTC)
