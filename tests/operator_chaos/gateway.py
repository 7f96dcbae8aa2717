"""A gateway that tells a home at once what all parts of all its poles show."""

from collections.abc import Callable, Iterable
from typing import Any

from aiohttp import web

from tests.simulator.backend import Json
from tests.simulator.faults import Call
from tests.simulator.pole import OfflineError, Part, Pole
from tests.simulator.poles import Poles


class Gateway:
    """Reads the poles for whoever asks; ``reads`` counts how often."""

    name = "gateway"
    settings: Any = None

    def __init__(self, poles: Poles) -> None:
        """Speak for these poles."""
        self.reads = 0
        self._poles = poles

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the one route."""
        yield web.get("/gateway", self._tell)

    def call(self, request: web.Request) -> Call | None:
        """Name the call ``gateway``."""
        if request.path != "/gateway":
            return None
        return Call(self.name, "gateway", request.method, request.path)

    def error(self, request: web.Request, status: int) -> web.Response:
        """Fail without a word."""
        return web.json_response({}, status=status)

    async def _tell(self, _request: web.Request) -> web.Response:
        self.reads += 1
        return web.json_response({name: _shown(pole) for name, pole in self._poles.poles.items()})


def _shown(pole: Pole) -> Json:
    """Return what the parts of a pole show, ``None`` for one that does not answer."""
    parts: dict[Part, Callable[[], Any]] = {
        Part.RELAY: lambda: pole.is_on,
        Part.METER: pole.shown,
        Part.PLUG: lambda: pole.car is not None,
    }
    shown: Json = {}
    for part, read in parts.items():
        try:
            pole.ask(part)
        except OfflineError:
            shown[part.value] = None
        else:
            shown[part.value] = read()
    return shown
