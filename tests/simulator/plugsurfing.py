"""PlugSurfing as its contract describes it: one address, which takes what operators post."""

from collections.abc import Callable, Iterable
import re
from typing import Any

from aiohttp import web

from .backend import Json
from .clock import Clock
from .faults import Call, Fault, Faults
from .plugsurfing_books import Books
from .plugsurfing_wire import (
    CLIENT_ERROR,
    INVALID_KEY,
    KEY_NOT_ALLOWED,
    SYSTEM_ERROR,
    UNKNOWN_CONNECTOR,
    Fields,
    PlugSurfingSettings,
    RefusedError,
    http_status,
    read_call,
    read_headers,
    read_rfid,
    read_session,
    result,
)

_PATH = "/api/v4/request"
# Sorted like the contract's table of what an operator may call.
_CALLS = ("station-post", "connector-post-status", "session-post", "rfid-verify")
_CONNECTOR_NAMES = (
    *("Type2", "Combo", "Chademo", "Schuko", "Type3", "CeeBlue", "3PinSquare", "Type1", "CeeRed"),
    *("Cee2Poles", "Tesla", "Scame", "Nema5", "CeePlus", "T13", "T15", "T23", "Marechal", "TypeE"),
)
_COUNTRY = re.compile(r"[A-Z]{2}")
_CPO = re.compile(r"[A-Z]{2}\*[A-Z0-9]{3}")
# A code that nobody has documented.
_STRANGE_CODE = 799

type _Answer = Callable[[str, Fields], Json]


class PlugSurfing:
    """OIOI v4, as the operator of charge points sees it."""

    name = "plugsurfing"

    def __init__(self, clock: Clock, books: Books, faults: Faults) -> None:
        """Speak for the network."""
        self.settings = PlugSurfingSettings()
        self._clock = clock
        self._books = books
        self._faults = faults
        faults.listen(self._fault_switched_on)

    def revoke(self) -> None:
        """Let every key be worth nothing; new ones go into ``Books.keys``."""
        self._books.keys.clear()

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the one address."""
        yield web.post(_PATH, self._request)

    @staticmethod
    def takes(request: web.Request) -> bool:
        """Tell whether a request is named by its body, which the server then reads for it."""
        return request.path == _PATH

    def call(self, request: web.Request) -> Call | None:
        """Name the call as its only key does; see ``takes``."""
        match request.path.strip("/").split("/"):
            case ["api", "v4", "request"]:
                name = self._name(request)
            case ["api", version, *_] if re.fullmatch(r"v\d+", version):
                name = "unknown"
            case _:
                return None
        return Call(self.name, name, request.method, request.path)

    def error(self, request: web.Request, status: int) -> web.Response:
        """Answer with the envelope that suits a status."""
        match status:
            case 401:
                code = INVALID_KEY
            case 403:
                code = KEY_NOT_ALLOWED
            case 404:
                code = UNKNOWN_CONNECTOR
            case _:
                code = CLIENT_ERROR if status < 500 else SYSTEM_ERROR
        return self._respond(self._name(request), code, f"Failed with {status}.", status=status)

    async def _request(self, request: web.Request) -> web.Response:
        name = self._name(request)
        if self._hit(request, "rotten_session"):
            return web.json_response({"result": {"code": "zero", "message": ["Success."]}})
        if self._hit(request, "failed_status"):
            return self._respond(name, SYSTEM_ERROR, "System error.", status=200)
        if self._hit(request, "unknown_enum"):
            return self._respond(name, _STRANGE_CODE, "Something strange.")
        try:
            extra = self._answer(request)
        except RefusedError as refused:
            self._books.note_refusal(name, refused)
            return self._respond(name, refused.code, refused.text)
        return self._respond(name, self.settings.success_code, "Success.", extra)

    def _answer(self, request: web.Request) -> Json:
        if code := self._faults.take_code(self._call(request)):
            raise RefusedError(code, f"Refused with {code}.")
        if self._hit(request, "token_expired"):
            raise RefusedError(INVALID_KEY, "Invalid API key.")
        key = read_headers(request.headers, self._books.keys)
        call = read_call(request["body"])
        answers: dict[str, _Answer] = {
            "session-post": self._book,
            "connector-post-status": self._tell_status,
            "rfid-verify": self._verify,
            "station-post": self._keep_station,
        }
        if call.path not in answers:
            raise RefusedError(CLIENT_ERROR, "There is no such call.")
        return answers[call.path](key, call)

    def _book(self, key: str, call: Fields) -> Json:
        booking = read_session(call, self._clock.now())
        self._books.check_partner(key, booking.partner)
        if self.settings.knows_connectors and booking.connector_id not in self._books.connectors:
            raise RefusedError(UNKNOWN_CONNECTOR, "EVSE not found.")
        self._books.book(booking)
        return {}

    def _tell_status(self, key: str, call: Fields) -> Json:
        self._books.tell_status(call)
        return {}

    def _verify(self, key: str, call: Fields) -> Json:
        return {"evco-id": self._books.verify(read_rfid(call))}

    def _keep_station(self, key: str, call: Fields) -> Json:
        station, partner = call.object("station"), call.text("partner-identifier")
        self._books.check_partner(key, partner)
        _check_station(station)
        self._books.keep_station(station, partner)
        return {}

    def _respond(
        self,
        name: str,
        code: int,
        text: str,
        extra: Json | None = None,
        *,
        status: int | None = None,
    ) -> web.Response:
        if status is None:
            status = http_status(code)
            if status != 200 and self.settings.failure_status:
                status = self.settings.failure_status
        return web.json_response(result(self.settings, name, code, text, extra), status=status)

    def _name(self, request: web.Request) -> str:
        try:
            name = read_call(request.get("body", b"")).path
        except RefusedError:
            return "unknown"
        return name if name in _CALLS else "unknown"

    def _call(self, request: web.Request) -> Call:
        return Call(self.name, self._name(request), request.method, request.path)

    def _hit(self, request: web.Request, kind: str) -> bool:
        return self._faults.take(self._call(request), kind) is not None

    def _fault_switched_on(self, fault: Fault) -> None:
        if fault.kind == "token_revoked":
            self.revoke()


def _check_station(station: Fields) -> None:
    """Check what a station must tell of itself."""
    for name in ("id", "name"):
        station.text(name)
    for name, most in (("latitude", 90), ("longitude", 180)):
        if abs(station.number(name)) > most:
            raise station.wrong(name)
    address = station.object("address")
    for name in ("street", "street-number", "city", "zip"):
        address.text(name)
    address.text("country", fits=_COUNTRY)
    station.object("contact").text("phone")
    station.text("cpo-id", fits=_CPO)
    station.flag("is-open-24")
    for connector in station.objects("connectors"):
        connector.text("id")
        connector.one_of("name", *_CONNECTOR_NAMES)
        if connector.number("speed") <= 0:
            raise connector.wrong("speed")
    optional: tuple[tuple[str, Callable[[str], Any]], ...] = (
        ("description", station.text),
        ("notes", station.text),
        ("is-reservable", station.flag),
        ("is-free-charge", station.flag),
        ("deleted", station.flag),
        ("floor-level", station.number),
    )
    for name, take in optional:
        if name in station:
            take(name)
    _check_hours(station)


def _check_hours(station: Fields) -> None:
    """Check opening hours: from and to, each as a time and as a day."""
    if "open-hour-notes" not in station:
        return
    for note in station.objects("open-hour-notes"):
        for name in ("times", "days"):
            pair = note.body.get(name)
            if (
                not isinstance(pair, list)
                or len(pair) != 2
                or not all(isinstance(each, str) for each in pair)
            ):
                raise note.wrong(name)
