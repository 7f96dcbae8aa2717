"""The part of the control API that is about PlugSurfing: its books, and its calls in."""

from dataclasses import asdict, dataclass

from aiohttp import web

from .backend import Json
from .park_control import Action
from .plugsurfing_books import Books, Card, CardState
from .plugsurfing_caller import Caller, Driver, Reply
from .plugsurfing_wire import Booking


@dataclass(frozen=True, kw_only=True)
class PlugSurfingControl:
    """The handles of the network."""

    books: Books
    caller: Caller

    def table(self) -> tuple[tuple[str, str, Action], ...]:
        """Return method, path and action of every route."""
        return (
            ("GET", "plugsurfing/books", self._read_books),
            ("GET", "plugsurfing/books/{session_id}", self._read_posts),
            ("GET", "plugsurfing/statuses", self._read_statuses),
            ("GET", "plugsurfing/stations", self._read_stations),
            ("GET", "plugsurfing/verified", self._read_verified),
            ("GET", "plugsurfing/refused", self._read_refused),
            ("GET", "plugsurfing/calls", self._read_calls),
            ("POST", "plugsurfing/keys", self._keys),
            ("POST", "plugsurfing/cards", self._cards),
            ("POST", "plugsurfing/connectors", self._connectors),
            ("POST", "plugsurfing/refuse", self._refuse),
            ("POST", "plugsurfing/webhook", self._webhook),
            ("POST", "plugsurfing/call", self._call),
            ("POST", "plugsurfing/start", self._start),
            ("POST", "plugsurfing/stop", self._stop),
        )

    def _read_books(self, _request: web.Request, _body: Json) -> Json:
        """Return the last form of every session, and how often it was posted."""
        return {
            "sessions": {
                key: _booking(each) | {"posts": len(self.books.posts_of(key))}
                for key, each in self.books.latest().items()
            },
            "violations": list(self.books.violations),
        }

    def _read_posts(self, request: web.Request, _body: Json) -> Json:
        """Return everything that was posted of a session, in order."""
        posts = self.books.posts_of(request.match_info["session_id"])
        return {"posts": [_booking(each) for each in posts]}

    def _read_statuses(self, _request: web.Request, _body: Json) -> Json:
        connectors = self.books.connectors
        return {
            "now": {each: self.books.status(each) for each in connectors},
            "posts": [asdict(each) for each in self.books.statuses],
        }

    def _read_stations(self, _request: web.Request, _body: Json) -> Json:
        return {"stations": dict(self.books.stations)}

    def _read_verified(self, _request: web.Request, _body: Json) -> Json:
        return {"verified": [asdict(each) for each in self.books.verified]}

    def _read_refused(self, _request: web.Request, _body: Json) -> Json:
        return {"refused": [asdict(each) for each in self.books.refused]}

    def _read_calls(self, _request: web.Request, _body: Json) -> Json:
        calls = [
            {
                "time": each.time,
                "call": each.name,
                "body": each.fields,
                "replies": [_reply(reply) for reply in each.replies],
            }
            for each in self.caller.calls
        ]
        return {"calls": calls}

    def _keys(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"key", "partners"}``: they are good from now on."""
        self.books.keys[body["key"]] = set(body["partners"])
        return {}

    def _cards(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"rfid", "evco_id", "state"?}``, the state good, locked or no_payment."""
        state = CardState[body.get("state", "good").upper()]
        self.books.cards[body["rfid"]] = Card(evco_id=body["evco_id"], state=state)
        return {}

    def _connectors(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"connector_id", "partner"}``: it belongs to a station of that partner."""
        self.books.connectors[body["connector_id"]] = body["partner"]
        return {}

    def _refuse(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"name", "code"}``, of a driver, session or connector; null ends it."""
        self.books.refuse(body["name"], body["code"])
        return {}

    def _webhook(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"url", "key"?}``: where the operator is called, and with which key."""
        self.caller.url = body["url"]
        self.caller.key = body.get("key", self.caller.key)
        return {}

    async def _call(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"call", "body", "url"?, "key"?, "times"?}`` and return the replies."""
        replies = await self.caller.call(body.pop("call"), body.pop("body"), **body)
        return _replies(replies)

    async def _start(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"connector_id", "driver"?, "payment_reference"?, "times"?}``."""
        return _replies(await self.caller.start(**_with_driver(body)))

    async def _stop(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"connector_id", "driver"?, "times"?}``."""
        return _replies(await self.caller.stop(**_with_driver(body)))


def _with_driver(body: Json) -> Json:
    """Let the driver be one, with the fields of ``Driver``."""
    return body | {"driver": Driver(**body["driver"])} if "driver" in body else body


def _booking(booking: Booking) -> Json:
    amounts = {
        name: None if value is None else str(value)
        for name, value in (("energy", booking.energy), ("cost", booking.cost))
    }
    return asdict(booking) | amounts | {"is_final": booking.is_final}


def _replies(replies: tuple[Reply, ...]) -> Json:
    return {"replies": [_reply(each) for each in replies]}


def _reply(reply: Reply) -> Json:
    return {"status": reply.status, "body": reply.body, "seconds": reply.seconds}
