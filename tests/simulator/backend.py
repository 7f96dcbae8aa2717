"""What the server expects of a backend."""

from collections.abc import Iterable
from typing import Any, Protocol

from aiohttp import web

from .faults import Call

type Json = dict[str, Any]


class Backend(Protocol):
    """One network's HTTP interface to the world."""

    name: str
    settings: Any

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the routes it answers."""

    def call(self, request: web.Request) -> Call | None:
        """Tell what a request is, or ``None`` when it is none of this backend's."""

    def error(self, request: web.Request, status: int) -> web.Response:
        """Say in the network's words that a request failed."""
