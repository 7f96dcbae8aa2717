"""Shell Recharge as its contract describes it: token, charge sessions and locations."""

from collections.abc import Awaitable, Callable, Iterable
from copy import replace
from json import JSONDecodeError
import re
from typing import Literal
from uuid import UUID

from aiohttp import web

from .backend import Json
from .clock import Clock
from .faults import Call, Fault, Faults
from .request_log import RequestLog
from .shell_locations import evse_status, external_id, location_v1, location_v2, locations
from .shell_wire import (
    ShellSettings,
    envelope,
    error_body,
    field,
    hibernate,
    rot,
    session_body,
)
from .tokens import Tokens, basic, bearer
from .world import RUNNING, ChargePoint, Phase, Session, UnknownThingError, World

type Handler = Callable[[web.Request], Awaitable[web.Response]]

_SESSION_ID = re.compile(r"[{]?[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}[}]?")
_SESSION_CALLS = {"start", "stop", "retrieve", "active"}


class ShellRecharge:
    """The charge session and location API, v1 and v2."""

    name = "shell_recharge"

    def __init__(self, clock: Clock, world: World, faults: Faults, log: RequestLog) -> None:
        """Speak for a world."""
        self.settings = ShellSettings()
        self.tokens = Tokens(clock, world)
        self._clock = clock
        self._world = world
        self._faults = faults
        self._log = log
        self._stale: dict[str, list[Session]] = {}
        faults.listen(self._fault_switched_on)

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the routes of all published layouts."""
        for version in ("v1", "v2"):
            yield web.post(f"/{version}/oauth/token", self._token)
            base = f"/ev/{version}/charge-session"
            yield web.post(f"{base}/start", self._guarded(self._start))
            yield web.post(f"{base}/stop", self._guarded(self._stop))
            yield web.get(f"{base}/retrieve", self._guarded(self._retrieve))
            yield web.get(f"{base}/active", self._guarded(self._active))
        # SDK 1.0.0 has the id of the session in the path.
        base = "/ev/v1/charge-session"
        yield web.post(f"{base}/stop/{{session_id}}", self._guarded(self._stop))
        yield web.get(f"{base}/retrieve/{{session_id}}", self._guarded(self._retrieve))
        for path in ("/ev/v2/locations", "/ev/v1/locations", "/locations/v1/ev"):
            yield web.get(path, self._guarded(self._locations))
            yield web.get(f"{path}/{{uid}}", self._guarded(self._location))

    def call(self, request: web.Request) -> Call | None:
        """Name the call: token, start, stop, retrieve, active, locations or location."""
        parts = request.path.strip("/").split("/")
        match parts:
            case ["v1" | "v2", "oauth", "token"]:
                name = "token"
            case ["ev", _, "charge-session", kind, *_] if kind in _SESSION_CALLS:
                name = kind
            case ["ev", _, "locations"] | ["locations", "v1", "ev"]:
                name = "locations"
            case ["ev", _, "locations", _] | ["locations", "v1", "ev", _]:
                name = "location"
            case ["ev" | "locations", *_]:
                name = "unknown"
            case _:
                return None
        return Call(self.name, name, request.method, request.path)

    def error(self, request: web.Request, status: int, detail: str | None = None) -> web.Response:
        """Answer with the error body that belongs to the path and the dialect."""
        path = request.path
        if path.endswith("/oauth/token"):
            return self._token_error(request, status, "invalid_request", detail or "Refused")
        if status == 404 and detail is None and path.endswith("/active"):
            # The vendor documents no 404 of this call, so this one is that of a wrong address.
            return web.Response(status=status)
        if self.settings.dialect == "1.0.0" and "charge-session" not in path:
            body = {"code": "InvalidToken", "message": detail or f"Failed with {status}"}
            return web.json_response(body, status=status)
        body = error_body(self.settings, self._request_id(request), status, detail)
        return web.json_response(body, status=status)

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        grant = str(form.get("grant_type", ""))
        if grant != "client_credentials":
            text = f"Unsupported grant type : {grant}"
            return self._token_error(request, 400, "unsupported_grant_type", text)
        given = basic(request) if self.settings.accept_basic else None
        if given is None and self.settings.accept_form and "client_id" in form:
            given = str(form["client_id"]), str(form.get("client_secret", ""))
        accounts = self._world.accounts
        if given is None or given[0] not in accounts or accounts[given[0]] != given[1]:
            return self._token_error(request, 401, "invalid_client", "ClientId is Invalid")
        dead = self._faults.is_on("token_expired")
        lifetime = 0 if dead else self.settings.token_lifetime
        return web.json_response(
            {
                "access_token": self.tokens.issue(lifetime),
                "token_type": "Bearer",
                "expires_in": lifetime if request.path.startswith("/v1/") else str(lifetime),
            }
        )

    def _token_error(self, request: web.Request, status: int, code: str, text: str) -> web.Response:
        if request.path.startswith("/v1/"):
            code = "invalid_client" if code == "invalid_client" else "invalid_request"
            return web.json_response({"ErrorCode": code, "Error": text}, status=status)
        # The misspelt key is what the vendor's portal shows.
        typo = self.settings.token_error == "typo"
        key = "error_descrription" if typo else "error_description"
        if code == "invalid_client":
            text = "invalid client or client credentials"
        return web.json_response({key: text, "error": code}, status=status)

    def _guarded(self, handler: Handler) -> Handler:
        async def guard(request: web.Request) -> web.Response:
            return self._refusal(request) or await handler(request)

        return guard

    def _refusal(self, request: web.Request) -> web.Response | None:
        is_seed = self.settings.seed_locations or self.settings.dialect == "1.0.0"
        if request.path.startswith("/ev/v1/locations" if is_seed else "/locations/v1/ev"):
            return web.Response(status=404)
        if "Authorization" not in request.headers:
            return self.error(request, 400, "Authorization header is missing")
        request_id = self._request_id(request)
        try:
            UUID(request_id or "")
        except ValueError:
            return self.error(request, 400, "RequestId header is missing or no UUID")
        if self._log.times_seen(request_id or "") > 1:
            return self.error(request, 400, "RequestId is not unique")
        token = bearer(request)
        if self._hit(request, "token_expired") or not token or not self.tokens.is_good(token):
            return self.error(request, 401)
        if self._hit(request, "failed_status"):
            return web.json_response(error_body(self.settings, request_id, 200))
        return None

    async def _start(self, request: web.Request) -> web.Response:
        try:
            body = await request.json()
        except JSONDecodeError, UnicodeDecodeError:
            body = None
        if not isinstance(body, dict) or request.content_type != "application/json":
            return self.error(request, 400, "The body is no JSON object")
        card = field(self.settings, body, "evChargeNumber")
        evse_id = field(self.settings, body, "evseId")
        if not isinstance(card, str) or not 1 <= len(card) <= 50:
            return self.error(request, 400, "Missing / Invalid value for: evChargeNumber")
        if not isinstance(evse_id, str) or not 18 <= len(evse_id) <= 36:
            return self.error(request, 400, "Missing / Invalid value for: evseId")
        try:
            session = self._world.start(evse_id, card)
        except UnknownThingError:
            return self.error(request, 404)
        key = "sessionId" if self.settings.dialect == "current" else "SessionId"
        return self._accepted(request, [{key: session.session_id}])

    async def _stop(self, request: web.Request) -> web.Response:
        session_id = self._session_id(request)
        if session_id is None:
            return self.error(request, 400, "Missing / Invalid value for: sessionId")
        try:
            self._world.stop(session_id)
        except UnknownThingError:
            return self.error(request, 404)
        return self._accepted(request)

    async def _retrieve(self, request: web.Request) -> web.Response:
        session_id = self._session_id(request)
        if session_id is None:
            return self.error(request, 400, "Missing / Invalid value for: sessionId")
        try:
            session = self._world.session(session_id)
        except UnknownThingError:
            return self.error(request, 404)
        return self._sessions(request, [session], "sessionState")

    async def _active(self, request: web.Request) -> web.Response:
        card = field(self.settings, request.query, "emaId")
        if card is None or not 14 <= len(card) <= 19:
            return self.error(request, 400, "Missing / Invalid value for: emaId")
        stale = self._hit(request, "stale_active")
        sessions = self._stale.get(card, []) if stale else self._listed(card)
        if not sessions and self.settings.active_not_found:
            return self.error(request, 404, "Session not found or already stopped")
        return self._sessions(request, sessions, "SessionState")

    async def _locations(self, request: web.Request) -> web.Response:
        query = request.query
        try:
            page, size = int(query.get("pageNumber", 1)), int(query.get("perPage", 50))
        except ValueError:
            return self.error(request, 400, "Invalid value for: pageNumber | perPage")
        if page < 1 or not 1 <= size <= 500:
            return self.error(request, 400, "Invalid value for: pageNumber | perPage")

        def fits(point: ChargePoint) -> bool:
            facts = {
                "evseId": point.evse_id,
                "evseExternalId": external_id(point),
                "locationExternalId": point.site.serial,
                "evseStatus": evse_status(self._world, point),
            }
            return all(query.get(key, fact) == fact for key, fact in facts.items())

        found = [points for points in locations(self._world) if any(map(fits, points))]
        shown = found[(page - 1) * size : page * size]
        data = [self._location_body(request, points, tariffs=False) for points in shown]
        return self._answer(request, data)

    async def _location(self, request: web.Request) -> web.Response:
        data = [
            self._location_body(request, points, tariffs="providerId" in request.query)
            for points in locations(self._world)
            if str(points[0].site.number) == request.match_info["uid"]
        ]
        return self._answer(request, data)

    def _location_body(
        self, request: web.Request, points: list[ChargePoint], *, tariffs: bool
    ) -> Json:
        if request.path.startswith("/ev/v2/"):
            return location_v2(self._world, points, tariffs=tariffs)
        return location_v1(self._world, points)

    def _listed(self, card: str) -> list[Session]:
        early = {Phase.START_REQUESTED} if self.settings.list_start_requested else set()
        return self._world.sessions_of(card, RUNNING | early)

    def _sessions(
        self,
        request: web.Request,
        sessions: list[Session],
        state_key: Literal["sessionState", "SessionState"],
    ) -> web.Response:
        now = self._clock.now()
        data = [session_body(self.settings, each, now, state_key) for each in sessions]
        if data and self._hit(request, "unknown_enum"):
            for body in data:
                hibernate(body)
        if data and self._hit(request, "rotten_session"):
            rot(data[0])
        return self._answer(request, data)

    def _answer(self, request: web.Request, data: list[Json]) -> web.Response:
        return web.json_response(envelope(self.settings, self._request_id(request), data))

    def _accepted(self, request: web.Request, data: list[Json] | None = None) -> web.Response:
        body = envelope(self.settings, self._request_id(request), data)
        return web.json_response(body, status=self.settings.accepted_status)

    def _session_id(self, request: web.Request) -> str | None:
        given = request.match_info.get("session_id") or field(
            self.settings, request.query, "sessionId"
        )
        return given.strip("{}").lower() if given and _SESSION_ID.fullmatch(given) else None

    def _hit(self, request: web.Request, kind: str) -> bool:
        call = self.call(request)
        return call is not None and self._faults.take(call, kind) is not None

    def _fault_switched_on(self, fault: Fault) -> None:
        if fault.kind == "token_revoked":
            self.tokens.revoke()
        if fault.kind == "stale_active":
            self._stale = {
                card: [replace(session) for session in self._listed(card)]
                for card in self._world.cards
            }

    @staticmethod
    def _request_id(request: web.Request) -> str | None:
        return request.headers.get("RequestId")
