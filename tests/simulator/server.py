"""The HTTP server: routes requests to backends, writes them down and plays the faults."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
import socket
import struct
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Handler

from .autopilot import Autopilot
from .backend import Backend
from .cleverev import CleverEV
from .clock import Clock
from .control import Control
from .defaults import (
    PLUGSURFING_EVCO,
    PLUGSURFING_EVSES,
    PLUGSURFING_KEY,
    PLUGSURFING_PARTNER,
    POLES,
    default_books,
    default_namespace,
    default_parks,
    default_poles,
    default_world,
)
from .faults import Call, Fault, Faults
from .plugsurfing import PlugSurfing
from .plugsurfing_caller import Caller, Driver
from .pole_drivers import PoleDrivers
from .request_log import Entry, RequestLog
from .shell_recharge import ShellRecharge
from .smappee import Smappee

_HTML = "<!doctype html><html><title>Maintenance</title><h1>We will be back soon</h1></html>"
_NOBODY = "nobody"


class Simulator:
    """The networks as a real server on 127.0.0.1, and the handles to play with them.

    An async context manager: ``async with Simulator() as simulator`` serves at
    ``simulator.url`` until the block ends. Time is frozen, and moved with
    ``simulator.clock.advance``, unless ``frozen`` is false.
    """

    def __init__(
        self,
        *,
        start: datetime | None = None,
        frozen: bool = True,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 1,
    ) -> None:
        """Make the default world; nothing listens yet. Port 0 is any free one."""
        self.clock = Clock(start, frozen=frozen)
        self.world = default_world(self.clock)
        self.parks = default_parks(self.clock)
        self.namespace = default_namespace(self.clock)
        self.books = default_books(self.clock)
        self.poles = default_poles(self.clock)
        self.faults = Faults(self.clock)
        self.log = RequestLog()
        self.shell = ShellRecharge(self.clock, self.world, self.faults, self.log)
        self.smappee = Smappee(self.clock, self.parks, self.faults)
        self.cleverev = CleverEV(self.clock, self.namespace, self.faults)
        self.plugsurfing = PlugSurfing(self.clock, self.books, self.faults)
        self.caller = Caller(
            self.clock,
            key=PLUGSURFING_KEY,
            partner=PLUGSURFING_PARTNER,
            driver=Driver(identifier=PLUGSURFING_EVCO),
        )
        guests = PoleDrivers(
            self.clock,
            self.poles,
            self.caller,
            dict(zip(POLES, PLUGSURFING_EVSES, strict=True)),
            seed=seed,
        )
        self.autopilot = Autopilot(self.world, self.parks, self.namespace, guests, seed=seed)
        self.backends: dict[str, Backend] = {
            self.shell.name: self.shell,
            self.smappee.name: self.smappee,
            # Before CleverEV, which takes whatever else begins with /api for its own.
            self.plugsurfing.name: self.plugsurfing,
            self.cleverev.name: self.cleverev,
            self.poles.name: self.poles,
        }
        self.url = ""
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        """Start to serve."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop serving."""
        await self.stop()

    async def start(self) -> None:
        """Start to serve at ``url``."""
        app = web.Application(middlewares=[self._serve])
        for backend in self.backends.values():
            app.add_routes(backend.routes())
        app.add_routes(
            Control(
                clock=self.clock,
                world=self.world,
                parks=self.parks,
                namespace=self.namespace,
                books=self.books,
                caller=self.caller,
                poles=self.poles,
                faults=self.faults,
                log=self.log,
                shell=self.shell,
                smappee=self.smappee,
                cleverev=self.cleverev,
                autopilot=self.autopilot,
                settings={
                    **{
                        name: each.settings
                        for name, each in self.backends.items()
                        if each.settings is not None
                    },
                    "namespace": self.namespace.settings,
                },
            ).routes()
        )
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=1
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://{self._host}:{self._port}"

    async def stop(self) -> None:
        """Let go of requests that stall, and stop serving.

        The same simulator can start again, at the same port and with its memory.
        """
        self.faults.off()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.clock.settle()
        if request.path.startswith("/_control"):
            return await handler(request)
        if self.plugsurfing.takes(request):
            request["body"] = await _read(request)
        backend, call = self._recognise(request)
        entry = Entry(
            call=call,
            query=request.query_string,
            request_id=request.headers.get("RequestId"),
            time=self.clock.now(),
        )
        self.log.add(entry)
        fault = self.faults.take(call)
        entry.fault = fault.kind if fault else None
        response = await self._answer(request, handler, backend, fault)
        if response is None:
            _reset(request)
            return web.Response()
        entry.status = response.status
        return response

    async def _answer(
        self,
        request: web.Request,
        handler: Handler,
        backend: Backend | None,
        fault: Fault | None,
    ) -> web.StreamResponse | None:
        """Return the answer as far as the fault allows; ``None`` is a cut connection."""
        kind = fault.kind if fault else None
        if fault and fault.status:
            return self._failure(request, backend, fault, fault.status)
        if kind == "reset":
            return None
        if kind == "html":
            return web.Response(text=_HTML, content_type="text/html")
        if fault and kind == "stall":
            await self.faults.stall(fault)
            self.clock.settle()
        response = await self._handle(request, handler, backend)
        if fault and kind == "stall_answer":
            await self.faults.stall(fault)
        if kind == "drop_answer":
            return None
        if kind == "empty_body":
            return web.Response(status=response.status, content_type="application/json")
        if kind == "broken_json" and isinstance(response, web.Response) and response.text:
            half = response.text[: len(response.text) // 2]
            return web.Response(text=half, status=response.status, content_type="application/json")
        return response

    @staticmethod
    async def _handle(
        request: web.Request, handler: Handler, backend: Backend | None
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as exception:
            if backend is None:
                raise
            return backend.error(request, exception.status)

    def _failure(
        self, request: web.Request, backend: Backend | None, fault: Fault, status: int
    ) -> web.Response:
        response = backend.error(request, status) if backend else web.Response(status=status)
        if fault.retry_after is not None:
            value = str(int(fault.retry_after))
            if fault.retry_after_date:
                when = self.clock.now() + timedelta(seconds=fault.retry_after)
                value = format_datetime(when.astimezone(UTC), usegmt=True)
            response.headers["Retry-After"] = value
        return response

    def _recognise(self, request: web.Request) -> tuple[Backend | None, Call]:
        for backend in self.backends.values():
            if call := backend.call(request):
                return backend, call
        return None, Call(_NOBODY, "unknown", request.method, request.path)


async def _read(request: web.Request) -> bytes:
    """Return the body, or nothing of one that is too large for anybody."""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        return b""


def _reset(request: web.Request) -> None:
    transport = request.transport
    if transport is None:
        return
    # Without lingering, closing sends a reset instead of an orderly end.
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
