"""The part of the control API that is about the poles of a home."""

from dataclasses import asdict, dataclass
from datetime import datetime

from aiohttp import web

from .backend import Json
from .cars import Car
from .park_control import Action
from .pole import Pole, Stay
from .poles import Poles


@dataclass(frozen=True, kw_only=True)
class PoleControl:
    """The handles of the poles."""

    poles: Poles

    def table(self) -> tuple[tuple[str, str, Action], ...]:
        """Return method, path and action of every route."""
        return (
            ("POST", "pole/add", self._add),
            ("POST", "pole/plug", self._plug),
            ("POST", "pole/unplug", self._unplug),
            ("POST", "pole/full", self._full),
            ("POST", "pole/car_power", self._car_power),
            ("POST", "pole/turn", self._turn),
            ("POST", "pole/stick", self._stick),
            ("POST", "pole/reset_meter", self._reset_meter),
            ("POST", "pole/slip_meter", self._slip_meter),
            ("POST", "pole/offline", self._offline),
            ("POST", "pole/energy", self._energy),
        )

    def state(self) -> Json:
        """Return what is at the poles, as it truly is."""
        return {"poles": [_pole(each) for each in self.poles.poles.values()]}

    def _add(self, _request: web.Request, body: Json) -> Json:
        """Take the arguments of ``Poles.add``."""
        return _pole(self.poles.add(body.pop("name"), **body))

    def _plug(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"name", "car"?}``, the car with the fields of ``Car``."""
        car = Car(**body["car"]) if "car" in body else None
        return _stay(self._named(body).plug(car))

    def _unplug(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"name"}``."""
        return _stay(self._named(body).unplug())

    def _full(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"name"}``: the car has enough."""
        self._named(body).full()
        return {}

    def _car_power(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"name", "max_power"}``."""
        self._named(body).set_car_power(body["max_power"])
        return {}

    def _turn(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"name", "on"}``: somebody presses the button of the pole itself."""
        pole = self._named(body)
        pole.turn(on=body["on"])
        return _pole(pole)

    def _stick(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"name", "stuck"}``."""
        self._named(body).stick(stuck=body["stuck"])
        return {}

    def _reset_meter(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"name", "to"?}``, in kWh."""
        pole = self._named(body)
        pole.reset_meter(body.get("to", 0.0))
        return _pole(pole)

    def _slip_meter(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"name", "shown"}``, in kWh; null ends it."""
        pole = self._named(body)
        pole.slip_meter(body["shown"])
        return _pole(pole)

    def _offline(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"name", "parts"}``, of relay, meter and plug; an empty list ends it."""
        self._named(body).set_offline(*body["parts"])
        return {}

    def _energy(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"name", "start", "end"}``: the kWh that truly flowed, also by the minute."""
        pole = self._named(body)
        start, end = (datetime.fromisoformat(body[name]) for name in ("start", "end"))
        return {"energy": pole.flowed(start, end), "by_minute": pole.by_minute(start, end)}

    def _named(self, body: Json) -> Pole:
        return self.poles.pole(body["name"])


def _pole(pole: Pole) -> Json:
    return {
        "name": pole.name,
        "on": pole.is_on,
        "stuck": pole.stuck,
        "offline": sorted(pole.offline),
        "power": pole.power,
        "shown": pole.shown(),
        "energy": pole.energy,
        "car": pole.car.name if pole.car else None,
        "stays": [_stay(each) for each in pole.stays],
        "switched": [asdict(each) for each in pole.switched],
    }


def _stay(stay: Stay) -> Json:
    return asdict(stay)
