"""The poles of a home, as devices that its Home Assistant reads and switches over HTTP."""

from collections.abc import Awaitable, Callable, Iterable
from json import JSONDecodeError
from typing import Any

from aiohttp import web

from .backend import Json
from .clock import Clock
from .faults import Call
from .pole import OfflineError, Part, Pole
from .world import UnknownThingError

type _Answer = Callable[[Pole], Json]


class Poles:
    """All poles by name; each part of one has an address, as a cheap device would have."""

    name = "pole"
    settings: Any = None

    def __init__(self, clock: Clock) -> None:
        """Start without any pole."""
        self._clock = clock
        self.poles: dict[str, Pole] = {}

    def add(self, name: str, **options: Any) -> Pole:
        """Put up a pole; the options are those of ``Pole``."""
        pole = self.poles[name] = Pole(self._clock, name, **options)
        return pole

    def pole(self, name: str) -> Pole:
        """Return a pole by its name."""
        try:
            return self.poles[name]
        except KeyError:
            raise UnknownThingError(name) from None

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the routes: a GET for each part, and a POST that switches the relay."""
        yield web.get("/pole/{name}/relay", self._answering(Part.RELAY, _relay))
        yield web.get("/pole/{name}/meter", self._answering(Part.METER, _meter))
        yield web.get("/pole/{name}/plug", self._answering(Part.PLUG, _plug))
        yield web.post("/pole/{name}/relay", self._switch)

    def call(self, request: web.Request) -> Call | None:
        """Name the call: ``relay``, ``meter``, ``plug``, or ``switch`` for the relay's POST."""
        match request.path.strip("/").split("/"):
            case ["pole", _, "relay"] if request.method == "POST":
                name = "switch"
            case ["pole", _, ("relay" | "meter" | "plug") as part]:
                name = part
            case ["pole", *_]:
                name = "unknown"
            case _:
                return None
        return Call(self.name, name, request.method, request.path)

    def error(self, request: web.Request, status: int) -> web.Response:
        """Answer as devices do that were not made to explain themselves."""
        return web.json_response({"error": f"Failed with {status}"}, status=status)

    def _answering(
        self, part: Part, answer: _Answer
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            try:
                pole = self.pole(request.match_info["name"])
                pole.ask(part)
            except UnknownThingError:
                return self.error(request, 404)
            except OfflineError:
                return self.error(request, 503)
            return web.json_response(answer(pole))

        return handle

    async def _switch(self, request: web.Request) -> web.Response:
        try:
            body: Any = await request.json()
        except JSONDecodeError, UnicodeDecodeError:
            body = None
        if not isinstance(body, dict) or not isinstance(body.get("on"), bool):
            return self.error(request, 400)

        def switched(pole: Pole) -> Json:
            pole.turn(on=body["on"])
            return _relay(pole)

        return await self._answering(Part.RELAY, switched)(request)


def _relay(pole: Pole) -> Json:
    return {"on": pole.is_on}


def _meter(pole: Pole) -> Json:
    return {"energy": pole.shown(), "power": round(pole.power, 3)}


def _plug(pole: Pole) -> Json:
    return {"plugged": pole.car is not None}
