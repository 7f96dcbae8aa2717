"""What PlugSurfing reads from requests, and how it answers: OIOI v4, as strictly as it may be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
import json
import re
from typing import Any, Literal

from .backend import Json

# What may stay for good, by its number; see the contract for all of them.
SUCCESS, SYSTEM_ERROR, UNKNOWN_CONNECTOR = 0, 100, 181
UNKNOWN_CARD, LOCKED_CARD, NO_PAYMENT = 191, 192, 193
CLIENT_ERROR, INVALID_KEY, INVALID_PARTNER, KEY_NOT_ALLOWED, INVALID_FORMAT = (
    200,
    210,
    211,
    220,
    230,
)

STATUSES = ("Available", "Occupied", "Offline", "Reserved", "Unknown")
# What a result is called by in answers of the third version.
_V3_NAMES = {"session-post": "session", "station-post": "station"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
_CURRENCY = re.compile(r"[A-Z]{3}")
_RFID = re.compile(r"[0-9A-F]{8}(?:[0-9A-F]{6}){0,2}")
_MISSING = object()


@dataclass(kw_only=True)
class PlugSurfingSettings:
    """How the simulated PlugSurfing behaves where the protocol leaves a choice.

    ``success_code`` may be any from 0 to 99, and ``code_is_text`` writes codes as ``"000"``,
    like the documentation. ``framing`` is that of the answers. With ``failure_status`` every
    failure has that HTTP status, and not the one that suits its code. ``knows_connectors``
    refuses sessions at connectors of no station.
    """

    success_code: int = SUCCESS
    code_is_text: bool = False
    framing: Literal["v4", "v3"] = "v4"
    failure_status: int | None = None
    knows_connectors: bool = False


class RefusedError(Exception):
    """The network refuses a request, with a code."""

    def __init__(self, code: int, text: str) -> None:
        """Refuse with a code and in words."""
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, kw_only=True)
class Booking:
    """A ``session-post`` as it was understood; energies are kWh, times are as they came."""

    time: datetime
    session_id: str
    connector_id: str
    user: str
    user_type: str
    partner: str
    started: datetime
    stopped: datetime | None
    charging_started: datetime | None
    charging_stopped: datetime | None
    energy: Decimal | None
    cost: Decimal | None
    currency: str | None
    body: Json = field(repr=False)

    @property
    def is_final(self) -> bool:
        """Tell a session that is over from one that runs."""
        return self.stopped is not None


class Fields:
    """The fields of an object in a request, each checked when it is taken."""

    def __init__(self, body: Any, path: str) -> None:
        """Refuse anything that is no object."""
        if not isinstance(body, dict):
            raise RefusedError(INVALID_FORMAT, f"{path} must be an object")
        self.body: Json = body
        self.path = path

    def __contains__(self, name: str) -> bool:
        """Tell whether there is such a field."""
        return name in self.body

    def text(self, name: str, *, fits: re.Pattern[str] | None = None) -> str:
        """Take a text that is not empty."""
        value = self.body.get(name, _MISSING)
        if not isinstance(value, str) or not value or (fits and not fits.fullmatch(value)):
            raise self.wrong(name)
        return value

    def one_of(self, name: str, *allowed: str) -> str:
        """Take one of a few words."""
        value = self.text(name)
        if value not in allowed:
            raise self.wrong(name)
        return value

    def number(self, name: str) -> Decimal:
        """Take a number exactly as it was written."""
        value = self.body.get(name, _MISSING)
        if not isinstance(value, int | Decimal) or isinstance(value, bool):
            raise self.wrong(name)
        return Decimal(value)

    def flag(self, name: str) -> bool:
        """Take a boolean."""
        value = self.body.get(name, _MISSING)
        if not isinstance(value, bool):
            raise self.wrong(name)
        return value

    def time(self, name: str) -> datetime:
        """Take a time of RFC 3339 with an offset that has a colon, and without fractions."""
        text = self.text(name, fits=_TIME)
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise self.wrong(name) from None

    def object(self, name: str) -> Fields:
        """Take an object."""
        return Fields(self.body.get(name), f"{self.path}.{name}")

    def objects(self, name: str) -> list[Fields]:
        """Take a list of objects that is not empty."""
        value = self.body.get(name)
        if not isinstance(value, list) or not value:
            raise self.wrong(name)
        return [Fields(each, f"{self.path}.{name}[{at}]") for at, each in enumerate(value)]

    def wrong(self, name: str) -> RefusedError:
        """Return what to raise when a field is missing, or is not what it must be."""
        return RefusedError(INVALID_FORMAT, f"{self.path}.{name} is missing or invalid")


def read_headers(headers: Mapping[str, str], keys: Mapping[str, object]) -> str:
    """Return the API key of a request whose headers are exactly what they must be."""
    given = headers.get("Authorization", "")
    key = given.removeprefix("key=")
    if key == given or key not in keys:
        raise RefusedError(INVALID_KEY, "Invalid API key.")
    # The real server rejects a charset too.
    if headers.get("Content-Type") != "application/json":
        raise RefusedError(INVALID_FORMAT, "Content-Type must be application/json")
    return key


def read_call(content: bytes) -> Fields:
    """Return the only call of a request; its name is the path of its fields."""
    try:
        body = json.loads(
            content.decode(),
            parse_float=Decimal,
            parse_constant=_no_constant,
            object_pairs_hook=_without_repeats,
        )
    except ValueError, RecursionError:
        raise RefusedError(INVALID_FORMAT, "The body is no JSON") from None
    if not isinstance(body, dict) or len(body) != 1:
        raise RefusedError(INVALID_FORMAT, "The body must be an object with one key")
    ((name, fields),) = body.items()
    return Fields(fields, name)


def read_session(call: Fields, now: datetime) -> Booking:
    """Read the fields of a ``session-post``."""
    user, interval = call.object("user"), call.object("session-interval")
    if "token" in user:
        user.text("token")
    started, stopped = _interval(interval)
    charging = call.object("charging-interval") if "charging-interval" in call else None
    charging_started, charging_stopped = _interval(charging) if charging else (None, None)
    if charging and stopped is None and charging_stopped:
        raise charging.wrong("stop")
    if charging and charging_started and charging_started < started:
        raise charging.wrong("start")
    if charging and stopped and (charging_stopped is None or charging_stopped > stopped):
        raise charging.wrong("stop")
    energy = call.number("energy-consumed") if "energy-consumed" in call else None
    cost = call.object("calculated-cost") if "calculated-cost" in call else None
    # While a session goes on, there is no stop, no energy and no cost.
    if energy is not None and (energy < 0 or stopped is None):
        raise call.wrong("energy-consumed")
    if cost and stopped is None:
        raise call.wrong("calculated-cost")
    return Booking(
        time=now,
        session_id=call.text("session-id"),
        connector_id=call.text("connector-id"),
        user=user.text("identifier"),
        user_type=user.one_of("identifier-type", "evco-id", "rfid", "username", "token"),
        partner=call.text("partner-identifier"),
        started=started,
        stopped=stopped,
        charging_started=charging_started,
        charging_stopped=charging_stopped,
        energy=energy,
        cost=cost.number("amount") if cost else None,
        currency=cost.text("currency", fits=_CURRENCY) if cost else None,
        body=plain(call.body),
    )


def read_rfid(call: Fields) -> str:
    """Read the field of an ``rfid-verify``: upper-case, and of a length that cards have."""
    return call.text("rfid", fits=_RFID)


def http_status(code: int) -> int:
    """Return the HTTP status that suits a code."""
    match code:
        case _ if 0 <= code < 100:
            return 200
        case 100 | 101 | 102 | 302 | 402:
            return 500
        case 140 | 144 | 145 | 210:
            return 401
        case 220:
            return 403
        case 181 | 182 | 191 | 300:
            return 404
        case _:
            return 400


def result(
    settings: PlugSurfingSettings, name: str, code: int, text: str, extra: Json | None = None
) -> Json:
    """Frame an answer in the words of the version that is set."""
    is_good = 0 <= code < 100
    if settings.framing == "v4":
        shown = f"{code:03}" if settings.code_is_text else code
        return {**(extra or {}), "result": {"code": shown, "message": text}}
    if code == INVALID_FORMAT:
        return {"error": {"request": text}}
    if name == "rfid-verify":
        return {name: {"verified": is_good}}
    reason = None if is_good else text
    return {_V3_NAMES.get(name, name): {"success": is_good, "reason": reason}}


def plain(value: Any) -> Any:
    """Return a decoded body with plain numbers, as JSON has them."""
    match value:
        case dict():
            return {key: plain(each) for key, each in value.items()}
        case list():
            return [plain(each) for each in value]
        case Decimal():
            return float(value)
        case _:
            return value


def _interval(interval: Fields) -> tuple[datetime, datetime | None]:
    start = interval.time("start")
    stop = interval.time("stop") if "stop" in interval else None
    if stop and stop < start:
        raise interval.wrong("stop")
    return start, stop


def _without_repeats(pairs: list[tuple[str, Any]]) -> Json:
    body = dict(pairs)
    if len(body) != len(pairs):
        raise ValueError("a key comes twice")
    return body


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no number")
