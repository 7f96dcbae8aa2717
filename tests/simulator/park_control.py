"""The part of the control API that is about the charging parks."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass

from aiohttp import web

from .backend import Json
from .cars import Car
from .park_model import Connector, ParkSession
from .park_past import populate_past
from .parks import Parks

type Action = Callable[[web.Request, Json], Json | Awaitable[Json]]


@dataclass(frozen=True, kw_only=True)
class ParkControl:
    """The handles of the parks."""

    parks: Parks

    def table(self) -> tuple[tuple[str, str, Action], ...]:
        """Return method, path and action of every route."""
        return (
            ("POST", "park/plug", self._plug),
            ("POST", "park/unplug", self._unplug),
            ("POST", "park/suspend", self._suspend),
            ("POST", "park/resume", self._resume),
            ("POST", "park/correct", self._correct),
            ("POST", "park/populate", self._populate),
            ("POST", "park/populate_past", self._populate_past),
            ("POST", "park/add_station", self._add_station),
            ("POST", "park/remove_station", self._remove_station),
            ("POST", "park/own", self._own),
            ("POST", "park/disown", self._disown),
        )

    def state(self) -> Json:
        """Return what is in the parks, and every session."""
        return {
            "parks": [
                {
                    "service_location_id": park.service_location_id,
                    "name": park.name,
                    "owned": park.service_location_id not in self.parks.disowned,
                    "stations": [
                        {
                            "serial": station.serial,
                            "name": station.name,
                            "is_dc": station.is_dc,
                            "connectors": [
                                self._connector(station.serial, each)
                                for each in station.connectors.values()
                            ],
                        }
                        for station in self.parks.stations_of(park.service_location_id)
                    ],
                }
                for park in self.parks.parks.values()
            ],
            "park_sessions": [self._session(each) for each in self.parks.sessions.values()],
        }

    def _plug(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"serial", "position", "rfid"?, "car"?}``, the car with the fields of ``Car``."""
        car = Car(**body.pop("car")) if "car" in body else None
        return self._session(self.parks.plug(**body, car=car))

    def _unplug(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"serial", "position"}``."""
        return self._session(self.parks.unplug(**body))

    def _suspend(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"serial", "position"}``: the network sheds this load."""
        self.parks.suspend(**body)
        return {}

    def _resume(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"serial", "position"}``."""
        self.parks.resume(**body)
        return {}

    def _correct(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"session_id", "stop_reading"}``."""
        return self._session(self.parks.correct(**body))

    def _populate(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"stations", "sessions"}``: a big new park."""
        return {"service_location_id": self.parks.populate(**body).service_location_id}

    def _populate_past(self, _request: web.Request, body: Json) -> Json:
        """Take the arguments of ``populate_past``; the energy is Wh."""
        return asdict(populate_past(self.parks, **body))

    def _add_station(self, _request: web.Request, body: Json) -> Json:
        """Take the arguments of ``Parks.add_station``."""
        return {"serial": self.parks.add_station(**body).serial}

    def _remove_station(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"serial"}``."""
        self.parks.remove_station(body["serial"])
        return {}

    def _own(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"service_location_id"}``."""
        self.parks.own(body["service_location_id"])
        return {}

    def _disown(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"service_location_id"}``."""
        self.parks.disown(body["service_location_id"])
        return {}

    def _connector(self, serial: str, connector: Connector) -> Json:
        return {
            "position": connector.position,
            "mode": connector.mode,
            "limit": connector.limit,
            "power": connector.meter.power,
            "meter": self.parks.meter(serial, connector.position),
            "car": connector.car.name if connector.car else None,
            "session": connector.session.id if connector.session else None,
        }

    def _session(self, session: ParkSession) -> Json:
        return asdict(session) | {"energy": self.parks.energy(session)}
