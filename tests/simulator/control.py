"""The control API: everything a test does in Python, over HTTP under ``/_control``."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from inspect import isawaitable
from json import JSONDecodeError
from typing import Any

from aiohttp import web

from .autopilot import Autopilot
from .backend import Json
from .cleverev import CleverEV
from .clock import Clock
from .faults import Fault, Faults
from .namespace import Namespace
from .namespace_control import NamespaceControl
from .park_control import Action, ParkControl
from .parks import Parks
from .plugsurfing_books import Books
from .plugsurfing_caller import Caller
from .plugsurfing_control import PlugSurfingControl
from .pole_control import PoleControl
from .poles import Poles
from .request_log import RequestLog
from .shell_recharge import ShellRecharge
from .smappee import Smappee
from .world import Session, UnknownThingError, World


@dataclass(frozen=True, kw_only=True)
class Control:
    """The handles of one simulator, as routes with JSON in and out."""

    clock: Clock
    world: World
    parks: Parks
    namespace: Namespace
    books: Books
    caller: Caller
    poles: Poles
    faults: Faults
    log: RequestLog
    shell: ShellRecharge
    smappee: Smappee
    cleverev: CleverEV
    autopilot: Autopilot
    settings: Mapping[str, Any]

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the routes; a GET or DELETE needs no body."""
        table: tuple[tuple[str, str, Action], ...] = (
            ("GET", "state", self._state),
            ("POST", "clock", self._clock),
            ("POST", "plug", self._plug),
            ("POST", "unplug", self._unplug),
            ("POST", "service", self._service),
            ("POST", "sessions", self._start),
            ("POST", "sessions/{session_id}/stop", self._stop),
            ("POST", "populate", self._populate),
            ("POST", "fail_next", self._fail_next),
            ("POST", "autopilot", self._autopilot),
            ("GET", "faults", self._faults),
            ("POST", "faults", self._fault_on),
            ("DELETE", "faults", self._fault_off),
            ("DELETE", "faults/{kind}", self._fault_off),
            ("POST", "tokens/{what}", self._tokens),
            ("GET", "log", self._log),
            ("DELETE", "log", self._clear_log),
            ("GET", "settings", self._settings),
            ("PATCH", "settings/{name}", self._set),
            *ParkControl(parks=self.parks).table(),
            *NamespaceControl(namespace=self.namespace).table(),
            *PlugSurfingControl(books=self.books, caller=self.caller).table(),
            *PoleControl(poles=self.poles).table(),
        )
        for method, path, action in table:
            yield web.route(method, f"/_control/{path}", _as_json(action))

    def _state(self, _request: web.Request, _body: Json) -> Json:
        points = self.world.charge_points.values()
        return {
            "now": self.clock.now().isoformat(),
            "frozen": self.clock.is_frozen,
            "autopilot": self.autopilot.is_on,
            "charge_points": [
                {
                    "evse_id": each.evse_id,
                    "car": each.car.name if each.car else None,
                    "out_of_service": each.out_of_service,
                    "offline": each.offline,
                }
                for each in points
            ],
            "sessions": [_session(each) for each in self.world.sessions.values()],
            **ParkControl(parks=self.parks).state(),
            **NamespaceControl(namespace=self.namespace).state(),
            **PoleControl(poles=self.poles).state(),
            "faults": [_fault(each) for each in self.faults.active()],
            "requests": self.log.counts(),
        }

    def _clock(self, _request: web.Request, body: Json) -> Json:
        """``{"advance": seconds}`` or ``{"frozen": bool}``."""
        if "frozen" in body:
            (self.clock.freeze if body["frozen"] else self.clock.run)()
        self.clock.advance(float(body.get("advance", 0)))
        return {"now": self.clock.now().isoformat(), "frozen": self.clock.is_frozen}

    def _plug(self, _request: web.Request, body: Json) -> Json:
        """``{"evse_id"}``."""
        return {"car": self.world.plug(body["evse_id"]).name}

    def _unplug(self, _request: web.Request, body: Json) -> Json:
        """``{"evse_id"}``."""
        self.world.unplug(body["evse_id"])
        return {}

    def _service(self, _request: web.Request, body: Json) -> Json:
        """``{"evse_id", "out_of_service"?, "offline"?}``."""
        self.world.set_service(**body)
        return {}

    def _start(self, _request: web.Request, body: Json) -> Json:
        """``{"evse_id", "card"}``: a driver starts at the charge point."""
        return _session(self.world.start_at_pole(body["evse_id"], body["card"]))

    def _stop(self, request: web.Request, _body: Json) -> Json:
        return _session(self.world.stop(request.match_info["session_id"]))

    def _populate(self, _request: web.Request, body: Json) -> Json:
        """``{"sessions", "card"}``: many sessions at once."""
        made = self.world.populate(int(body["sessions"]), body["card"])
        return {"sessions": len(made)}

    def _fail_next(self, _request: web.Request, body: Json) -> Json:
        """``{"start": code}`` or ``{"stop": code}``."""
        if "start" in body:
            self.world.fail_next_start(body["start"])
        if "stop" in body:
            self.world.fail_next_stop(body["stop"])
        return {}

    def _autopilot(self, _request: web.Request, body: Json) -> Json:
        """``{"on": bool}``."""
        (self.autopilot.start if body["on"] else self.autopilot.stop)()
        return {"on": self.autopilot.is_on}

    def _faults(self, _request: web.Request, _body: Json) -> Json:
        return {"faults": [_fault(each) for each in self.faults.active()]}

    def _fault_on(self, _request: web.Request, body: Json) -> Json:
        """``{"kind"}`` and the keyword arguments of ``Faults.on``."""
        return _fault(self.faults.on(body.pop("kind"), **body))

    def _fault_off(self, request: web.Request, _body: Json) -> Json:
        self.faults.off(request.match_info.get("kind"))
        return {"faults": [_fault(each) for each in self.faults.active()]}

    def _tokens(self, request: web.Request, _body: Json) -> Json:
        """``expire``, ``revoke`` or ``kill_refresh`` in the path, for every network."""
        shell, smappee = self.shell.tokens, self.smappee.tokens
        actions = {
            "expire": (shell.expire, smappee.expire),
            "revoke": (shell.revoke, smappee.revoke, self.cleverev.revoke),
            "kill_refresh": (smappee.kill_refresh_tokens,),
        }
        for act in actions[request.match_info["what"]]:
            act()
        return {}

    def _log(self, request: web.Request, _body: Json) -> Json:
        """``?name=active`` shows one call only."""
        name = request.query.get("name")
        shown = [each for each in self.log.entries if name in {None, each.call.name}]
        return {"counts": self.log.counts(), "entries": [asdict(each) for each in shown]}

    def _clear_log(self, _request: web.Request, _body: Json) -> Json:
        self.log.clear()
        return {}

    def _settings(self, _request: web.Request, _body: Json) -> Json:
        return {name: asdict(settings) for name, settings in self.settings.items()}

    def _set(self, request: web.Request, body: Json) -> Json:
        settings = self.settings[request.match_info["name"]]
        known = {each.name for each in fields(settings)}
        if unknown := body.keys() - known:
            raise KeyError(f"no setting {min(unknown)!r}")
        for name, value in body.items():
            setattr(settings, name, value)
        return asdict(settings)


def _as_json(action: Action) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            body = await request.json() if request.can_read_body else {}
            answer = action(request, body)
            if isawaitable(answer):
                answer = await answer
            return web.json_response(_plain(answer))
        except UnknownThingError as error:
            return web.json_response({"error": f"unknown: {error}"}, status=404)
        except (KeyError, TypeError, ValueError, AttributeError, JSONDecodeError) as error:
            return web.json_response({"error": str(error)}, status=400)

    return handle


def _session(session: Session) -> Json:
    return asdict(session)


def _fault(fault: Fault) -> Json:
    names = ("kind", "scope", "count", "until", "delay", "retry_after", "hits")
    return {name: getattr(fault, name) for name in names}


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case list():
            return [_plain(each) for each in value]
        case datetime():
            return value.isoformat()
        case _:
            return value
