"""Smappee as its contract describes it: charging parks, their sessions and modes."""

from collections.abc import Awaitable, Callable, Iterable
from json import JSONDecodeError

from aiohttp import web

from .backend import Json
from .clock import Clock
from .faults import Call, Fault, Faults
from .park_model import Park, ParkSession, Station
from .parks import Parks
from .smappee_requests import (
    RefusedError,
    is_active_only,
    mode_and_limit,
    number_in_path,
    range_of,
)
from .smappee_tokens import TokenPairs
from .smappee_wire import (
    SmappeeSettings,
    at_ms,
    hibernate,
    metering_configuration,
    read_at,
    rot,
    service_locations,
    session_body,
    smart_devices,
)
from .tokens import bearer
from .world import UnknownThingError

type Handler = Callable[[web.Request], Awaitable[web.Response]]

_BASE = "/dev/v3"
_BAD_CREDENTIALS = "unauthorized_client: Invalid Credentials"


class Smappee:
    """The developer API, v3."""

    name = "smappee"

    def __init__(self, clock: Clock, parks: Parks, faults: Faults) -> None:
        """Speak for the parks."""
        self.settings = SmappeeSettings()
        self.tokens = TokenPairs(clock, parks)
        self._clock = clock
        self._parks = parks
        self._faults = faults
        self._stale: dict[int, Json] = {}
        faults.listen(self._fault_switched_on)

    def kill_refresh_tokens(self) -> None:
        """Let every refresh token be dead, so that only the password helps."""
        self.tokens.kill_refresh_tokens()

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the routes; the token can be had at two addresses."""
        for version in ("v1", "v3"):
            yield web.post(f"/dev/{version}/oauth2/token", self._token)
        yield web.get(f"{_BASE}/servicelocation", self._guarded(self._locations))
        location = f"{_BASE}/servicelocation/{{park}}"
        yield web.get(f"{location}/meteringconfiguration", self._guarded(self._metering))
        yield web.get(f"{location}/smartdevices", self._guarded(self._devices))
        park, station = f"{_BASE}/chargingparks/{{park}}", f"{_BASE}/chargingstations/{{serial}}"
        yield web.get(f"{park}/sessions", self._guarded(self._park_sessions))
        yield web.get(f"{station}/sessions", self._guarded(self._station_sessions))
        mode = f"{station}/connectors/{{position}}/mode"
        yield web.put(mode, self._guarded(self._set_mode))

    def call(self, request: web.Request) -> Call | None:
        """Name the call; see ``routes``."""
        match request.path.strip("/").split("/"):
            case ["dev", "v1" | "v3", "oauth2", "token"]:
                name = "token"
            case ["dev", "v3", "servicelocation"]:
                name = "servicelocations"
            case ["dev", "v3", "servicelocation", _, "meteringconfiguration"]:
                name = "metering_configuration"
            case ["dev", "v3", "servicelocation", _, "smartdevices"]:
                name = "smart_devices"
            case ["dev", "v3", "chargingparks", _, "sessions"]:
                name = "park_sessions"
            case ["dev", "v3", "chargingstations", _, "sessions"]:
                name = "station_sessions"
            case ["dev", "v3", "chargingstations", _, "connectors", _, "mode"]:
                name = "set_mode"
            case ["dev", *_]:
                name = "unknown"
            case _:
                return None
        return Call(self.name, name, request.method, request.path)

    def error(self, request: web.Request, status: int, detail: str | None = None) -> web.Response:
        """Answer with a text; the contract knows no other body of an error."""
        if request.path.endswith("/oauth2/token") and status == 401:
            detail = _BAD_CREDENTIALS
        return web.Response(text=detail or f"error: {status}", status=status)

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        client_id, secret = form.get("client_id", ""), form.get("client_secret")
        if self._parks.clients.get(client_id, object()) != secret:
            return self.error(request, 401)
        lifetime = 0 if self._faults.is_on("token_expired") else self.settings.token_lifetime
        spent = form.get("refresh_token", "")
        match form.get("grant_type"):
            case "password":
                user, password = form.get("username", ""), form.get("password")
                if self._parks.users.get(user, object()) != password:
                    return self.error(request, 401)
            case "refresh_token":
                if not self.tokens.can_refresh(spent):
                    return _oauth_error("invalid_grant", "invalid refresh token")
                if not self.settings.rotate_refresh_tokens:
                    return web.json_response(
                        {"access_token": self.tokens.issue(lifetime), "expires_in": lifetime}
                    )
                self.tokens.spend(spent)
            case _:
                return _oauth_error("unsupported_grant_type", "unsupported grant type")
        return web.json_response(
            {
                "access_token": self.tokens.issue(lifetime),
                "expires_in": lifetime,
                "refresh_token": self.tokens.issue_refresh(),
            }
        )

    def _guarded(self, handler: Handler) -> Handler:
        async def guard(request: web.Request) -> web.Response:
            token = bearer(request)
            if self._hit(request, "token_expired") or not token or not self.tokens.is_good(token):
                return self.error(request, 401, "invalid_token")
            try:
                return await handler(request)
            except RefusedError as refused:
                return self.error(request, refused.status, refused.text)
            except UnknownThingError as unknown:
                return self.error(request, 404, f"not_found: {unknown}")

        return guard

    async def _locations(self, request: web.Request) -> web.Response:
        parks = self._parks
        shown = [each for key, each in parks.parks.items() if key not in parks.disowned]
        return web.json_response(service_locations(shown))

    async def _metering(self, request: web.Request) -> web.Response:
        park = self._park(request)
        stations = self._parks.stations_of(park.service_location_id)
        if not stations:
            return web.Response(status=204)
        return web.json_response(metering_configuration(self.settings, park, stations))

    async def _devices(self, request: web.Request) -> web.Response:
        park = self._park(request)
        stations = self._parks.stations_of(park.service_location_id)
        return web.json_response(smart_devices(park, stations))

    async def _park_sessions(self, request: web.Request) -> web.Response:
        park = self._park(request)
        serials = {each.serial for each in self._parks.stations_of(park.service_location_id)}
        return self._sessions(request, serials)

    async def _station_sessions(self, request: web.Request) -> web.Response:
        return self._sessions(request, {self._station(request).serial})

    async def _set_mode(self, request: web.Request) -> web.Response:
        station = self._station(request)
        position = number_in_path(request, "position")
        connector = self._parks.connector(station.serial, position)
        try:
            body = await request.json()
        except JSONDecodeError, UnicodeDecodeError:
            body = None
        mode, limit = mode_and_limit(body, station, connector)
        self._parks.set_mode(station.serial, position, mode, limit)
        return web.Response(status=self.settings.mode_status)

    def _sessions(self, request: web.Request, serials: set[str]) -> web.Response:
        # Parks have years of sessions, so what is compared is what they already have.
        first, end = (each if each is None else at_ms(each) for each in range_of(request))
        active = is_active_only(request)

        def fits(session: ParkSession) -> bool:
            return (first is None or first <= session.started) and (
                end is None or session.started < end
            )

        def show(session: ParkSession) -> bool:
            if active:
                return session.ended is None
            return session.ended is not None or self.settings.plain_range_shows == "all"

        stale = active and self._hit(request, "stale_active")
        found = [
            session
            for serial in serials
            for session in self._parks.sessions_at(serial)
            if fits(session) and (session.id in self._stale if stale else show(session))
        ]
        found.sort(key=lambda each: (each.started, each.id), reverse=self.settings.newest_first)
        data = [dict(self._stale[each.id]) if stale else self._body(each) for each in found]
        return self._answer(request, data)

    def _body(self, session: ParkSession) -> Json:
        now = self._clock.now()
        reading = self._parks.reading(session, read_at(self.settings, session, now))
        return session_body(self.settings, session, reading, now)

    def _answer(self, request: web.Request, data: list[Json]) -> web.Response:
        if not data and self.settings.empty_as_204:
            return web.Response(status=204)
        if data and self._hit(request, "unknown_enum"):
            for body in data:
                hibernate(body)
        if data and self._hit(request, "rotten_session"):
            rot(data[0])
        bare = self.settings.single_as_object and len(data) == 1
        return web.json_response(data[0] if bare else data)

    def _park(self, request: web.Request) -> Park:
        park = self._parks.park(number_in_path(request, "park"))
        self._check_owner(park)
        return park

    def _station(self, request: web.Request) -> Station:
        station = self._parks.station(request.match_info["serial"])
        self._check_owner(station.park)
        return station

    def _check_owner(self, park: Park) -> None:
        if park.service_location_id in self._parks.disowned:
            raise RefusedError(403, "forbidden")

    def _hit(self, request: web.Request, kind: str) -> bool:
        call = self.call(request)
        return call is not None and self._faults.take(call, kind) is not None

    def _fault_switched_on(self, fault: Fault) -> None:
        if fault.kind == "token_revoked":
            self.tokens.revoke()
        if fault.kind == "stale_active":
            self._stale = {
                session.id: self._body(session)
                for session in self._parks.sessions.values()
                if not session.ended
            }


def _oauth_error(code: str, text: str) -> web.Response:
    return web.json_response({"error": code, "error_description": text}, status=400)
