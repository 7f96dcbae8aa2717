"""CleverEV as its contract describes it: the sessions of a namespace, and its chargers.

Two generations of the API are there under the same host.
"""

from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web

from .backend import Json
from .cleverev_requests import (
    RefusedError,
    body_of,
    check_headers,
    fits,
    number,
    start_of,
    wanted_status,
)
from .cleverev_wire import CleverEVSettings, charger_body, hibernate, rot, session_body
from .clock import Clock
from .faults import Call, Fault, Faults
from .namespace import Namespace
from .namespace_model import Charger, NamespaceSession, RefusedCommandError
from .tokens import bearer
from .world import UnknownThingError

type Handler = Callable[[web.Request], Awaitable[web.Response]]

_LEGACY = "/api/"
_LIST = "/api/charging-sessions/list/for/namespace"


class CleverEV:
    """The older ``/api`` and the newer API."""

    name = "cleverev"

    def __init__(self, clock: Clock, namespace: Namespace, faults: Faults) -> None:
        """Speak for a namespace."""
        self.settings = CleverEVSettings()
        self._clock = clock
        self._namespace = namespace
        self._faults = faults
        self._stale: dict[int, Json] = {}
        self._newest = 0
        faults.listen(self._fault_switched_on)

    def revoke(self) -> None:
        """Let every token be worth nothing; new ones go into ``Namespace.tokens``."""
        self._namespace.tokens.clear()

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the routes of both generations."""
        public = "/api/locations/public/{location}/chargers"
        yield web.get(_LIST, self._guarded(self._list))
        yield web.post(public, self._guarded(self._public_chargers))
        yield web.get("/chargers", self._guarded(self._chargers))
        yield web.get("/sessions/{session_id}", self._guarded(self._get))
        yield web.post("/sessions/start", self._guarded(self._start))
        yield web.post("/sessions/{session_id}/stop", self._guarded(self._stop))

    def call(self, request: web.Request) -> Call | None:
        """Name the call; see ``routes``."""
        match request.path.strip("/").split("/"):
            case ["api", "charging-sessions", "list", "for", "namespace"]:
                name = "list_sessions"
            case ["api", "locations", "public", _, "chargers"]:
                name = "public_chargers"
            case ["chargers"]:
                name = "chargers"
            case ["sessions", "start"]:
                name = "start_session"
            case ["sessions", _]:
                name = "get_session"
            case ["sessions", _, "stop"]:
                name = "stop_session"
            case ["api" | "chargers" | "sessions", *_]:
                name = "unknown"
            case _:
                return None
        return Call(self.name, name, request.method, request.path)

    def error(self, request: web.Request, status: int, detail: str | None = None) -> web.Response:
        """Answer with the only body of an error that the contract knows."""
        text = detail or ("Unauthorized" if status == 401 else f"Failed with {status}")
        return web.json_response({"success": False, "message": text}, status=status)

    def _guarded(self, handler: Handler) -> Handler:
        async def guard(request: web.Request) -> web.Response:
            expired = self._hit(request, "token_expired")
            if expired or bearer(request) not in self._namespace.tokens:
                return self.error(request, 401)
            legacy = request.path.startswith(_LEGACY)
            if self.settings.offers not in {"both", "legacy" if legacy else "current"}:
                return self.error(request, 404)
            try:
                if not legacy:
                    check_headers(request, self._namespace.organization_id)
                if self._hit(request, "failed_status"):
                    return self.error(request, 200, "Something went wrong")
                return await handler(request)
            except RefusedError as refused:
                return self.error(request, refused.status, refused.text)
            except RefusedCommandError as refused:
                return self.error(request, self.settings.refusal_status, str(refused))
            except UnknownThingError as unknown:
                return self.error(request, 404, f"Not found: {unknown}")

        return guard

    async def _list(self, request: web.Request) -> web.Response:
        settings, query = self.settings, request.query
        skip = number(query, "skip", 0)
        take = number(query, "take", settings.default_take)
        if settings.max_take is not None:
            take = min(take, settings.max_take)
        status = wanted_status(query)
        if skip:
            for _ in range(settings.insert_between_pages):
                self._namespace.walk_in()
        found = self._namespace.find(
            status=status, user_id=query.get("userId"), charger_id=query.get("chargerId")
        )
        stale: dict[int, Json] = {}
        if self._hit(request, "stale_active"):
            stale, found = self._stale, self._stale_list(found, status)
        if settings.order == "newest":
            found = found[::-1]
        page = [
            dict(stale[each]) if each in stale else self._body(each)
            for each in found[skip : skip + take]
        ]
        if page and self._hit(request, "unknown_enum"):
            for body in page:
                hibernate(body)
        if page and self._hit(request, "rotten_session"):
            rot(page[0])
        total = len(found) if settings.count_is_total else len(page)
        return web.json_response({"success": True, "chargingSessions": page, "count": total})

    async def _get(self, request: web.Request) -> web.Response:
        session = self._session(request)
        body = self._print(session)
        if self._hit(request, "unknown_enum"):
            hibernate(body)
        if self._hit(request, "rotten_session"):
            rot(body)
        if self.settings.envelope == "bare":
            return web.json_response({"success": True} | body)
        return web.json_response({"success": True, self.settings.envelope: body})

    async def _start(self, request: web.Request) -> web.Response:
        charger_id, connector_id, intent = start_of(await body_of(request))
        key = self._namespace.start(charger_id, connector_id, intent)
        answer: Json = {"success": True}
        if self.settings.start_tells_id:
            answer["chargingSession"] = {
                "id": key,
                "chargerId": charger_id,
                "connectorId": connector_id,
            }
        return web.json_response(answer)

    async def _stop(self, request: web.Request) -> web.Response:
        self._namespace.stop(self._session(request).id)
        return web.json_response({"success": True})

    async def _chargers(self, request: web.Request) -> web.Response:
        query = request.query
        page, size = number(query, "page", 1, least=1), number(query, "per_page", 10, least=1)
        if size > 100:
            raise RefusedError(400, "per_page must be 100 at most")
        include = ",".join(query.getall("include", ["connectors"])).split(",")
        found = sorted(
            self._namespace.chargers.values(), key=lambda each: each.created, reverse=True
        )
        chargers = [
            self._charger(each, with_connectors="connectors" in include)
            for each in found[(page - 1) * size : page * size]
        ]
        return web.json_response({"success": True, "chargers": chargers, "total": len(found)})

    async def _public_chargers(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        location, pages = request.match_info["location"], body.get("pagination") or {}
        here = [each for each in self._namespace.chargers.values() if each.location_id == location]
        if not here:
            raise UnknownThingError(location)
        printed = [self._charger(each, legacy=True) for each in here if each.is_public]
        found = [each for each in printed if fits(body.get("where") or {}, each)]
        skip, take = number(pages, "skip", 0), number(pages, "take", 10)
        shown = found[skip : skip + take]
        total = len(found) if self.settings.count_is_total else len(shown)
        return web.json_response({"success": True, "chargers": shown, "count": total})

    def _session(self, request: web.Request) -> NamespaceSession:
        key = request.match_info["session_id"]
        seen = self._namespace.seen(self._namespace.session(key).number)
        if seen is None:
            raise UnknownThingError(key)
        return seen

    def _body(self, found: int) -> Json:
        session = self._namespace.seen(found)
        assert session
        return self._print(session)

    def _print(self, session: NamespaceSession) -> Json:
        price = self._namespace.price(session, self.settings.energy_unit)
        return session_body(self.settings, session, price)

    def _charger(
        self, charger: Charger, *, legacy: bool = False, with_connectors: bool = True
    ) -> Json:
        return charger_body(
            self.settings,
            charger,
            self._clock.now(),
            legacy=legacy,
            with_connectors=with_connectors,
        )

    def _stale_list(self, found: list[int], status: str | None) -> list[int]:
        """Show what was open as it was, and nothing that began later."""
        match status:
            case "Started":
                return list(self._stale)
            case "Stopped":
                return [each for each in found if each <= self._newest and each not in self._stale]
            case _:
                return [each for each in found if each <= self._newest]

    def _hit(self, request: web.Request, kind: str) -> bool:
        call = self.call(request)
        return call is not None and self._faults.take(call, kind) is not None

    def _fault_switched_on(self, fault: Fault) -> None:
        if fault.kind == "token_revoked":
            self.revoke()
        if fault.kind == "stale_active":
            numbers = self._namespace.find(status="Started")
            self._stale = {each: self._body(each) for each in numbers}
            self._newest = max(self._namespace.find(), default=0)
