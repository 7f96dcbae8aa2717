"""The part of the control API that is about the namespace."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from .backend import Json
from .cars import Car
from .namespace import Namespace
from .namespace_model import Charger, NamespaceConnector, NamespaceSession
from .park_control import Action


@dataclass(frozen=True, kw_only=True)
class NamespaceControl:
    """The handles of the namespace."""

    namespace: Namespace

    def table(self) -> tuple[tuple[str, str, Action], ...]:
        """Return method, path and action of every route."""
        actions: dict[str, Action] = {
            "plug": self._plug,
            "unplug": self._unplug,
            "full": self._full,
            "car_power": self._car_power,
            "start_at_pole": self._start_at_pole,
            "stop": self._stop,
            "tariff": self._tariff,
            "pause": self._pause,
            "fault": self._fault,
            "outage": self._outage,
            "online": self._online,
            "lose_power": self._lose_power,
            "correct": self._correct,
            "note": self._note,
            "bill_error": self._bill_error,
            "populate": self._populate,
            "between": self._between,
            "fail_next": self._fail_next,
            "token": self._token,
        }
        return tuple(("POST", f"namespace/{name}", each) for name, each in actions.items())

    def state(self) -> Json:
        """Return what is at the chargers, every open session, and how many there are at all."""
        namespace = self.namespace
        known = list(namespace.archive.sessions.values())
        return {
            "chargers": [self._charger(each) for each in namespace.chargers.values()],
            "namespace_sessions": [self._session(namespace.session(each.id)) for each in known],
            "namespace_count": len(namespace.archive),
        }

    def _plug(self, _request: web.Request, body: Json) -> Json:
        """Take the arguments of ``Namespace.plug``, the car with the fields of ``Car``."""
        car = Car(**body.pop("car")) if "car" in body else None
        session = self.namespace.plug(**body, car=car)
        return self._session(session) if session else {}

    def _unplug(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"charger_id", "connector_id"}``."""
        session = self.namespace.unplug(**body)
        return self._session(session) if session else {}

    def _full(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"charger_id", "connector_id"}``."""
        self.namespace.full(**body)
        return {}

    def _car_power(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"charger_id", "connector_id", "max_power"}``."""
        self.namespace.set_car_power(**body)
        return {}

    def _tariff(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"charger_id", "connector_id", "tariff"}``; null is none."""
        self.namespace.set_tariff(**body)
        return {}

    def _start_at_pole(self, _request: web.Request, body: Json) -> Json:
        """Take the arguments of ``Namespace.start_at_pole``."""
        return self._session(self.namespace.start_at_pole(**body))

    def _stop(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"session_id", "reason"?}``: it ends at the charger, at once."""
        return self._session(self.namespace.end(body.pop("session_id"), **body))

    def _pause(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"charger_id", "connector_id", "paused"?}``."""
        self.namespace.pause(**body)
        return {}

    def _fault(self, _request: web.Request, body: Json) -> Json:
        """Take the arguments of ``Namespace.fault``; ``outage`` mends it."""
        self.namespace.fault(**body)
        return {}

    def _outage(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"charger_id", "connector_id", "outage", "reason"?}``; null is none."""
        self.namespace.set_outage(**body)
        return {}

    def _online(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"charger_id", "online"}``."""
        self.namespace.set_online(**body)
        return {}

    def _lose_power(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"charger_id"}``."""
        self.namespace.lose_power(**body)
        return {}

    def _correct(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"session_id", "energy"}``, in Wh."""
        return self._session(self.namespace.correct(body["session_id"], body["energy"]))

    def _note(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"session_id", "note"}``."""
        return self._session(self.namespace.annotate(body["session_id"], body["note"]))

    def _bill_error(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"session_id", "amount"}``, the amount as text."""
        return self._session(self.namespace.bill_wrongly(body["session_id"], body["amount"]))

    def _populate(self, _request: web.Request, body: Json) -> Json:
        """Take the arguments of ``Namespace.populate``; the sums are Wh and cents."""
        past = self.namespace.populate(**body)
        return {
            "sessions": len(past.numbers),
            "energy": past.total_energy,
            "price": past.total_price,
        }

    def _between(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"start", "end"}``: every session some of which lies in between, in Wh."""
        start, end = (datetime.fromisoformat(body[name]) for name in ("start", "end"))
        known = (self.namespace.seen(each) for each in self.namespace.find())
        return {
            "sessions": [
                self._session(each)
                for each in known
                if each and each.started < end and (each.stopped or end) > start
            ]
        }

    def _fail_next(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"start": how}`` or ``{"stop": how}``; see ``Namespace.fail_next``."""
        for command, how in body.items():
            self.namespace.fail_next(command, how)
        return {}

    def _token(self, _request: web.Request, body: Json) -> Json:
        """Take ``{"token"}``: it is good from now on."""
        self.namespace.tokens.add(body["token"])
        return {}

    def _charger(self, charger: Charger) -> Json:
        return {
            "charger_id": charger.id,
            "name": charger.name,
            "online": charger.memory is None,
            "connectors": [self._connector(each) for each in charger.connectors.values()],
        }

    def _connector(self, connector: NamespaceConnector) -> Json:
        return {
            "connector_id": connector.id,
            "status": connector.status,
            "power": connector.power,
            "register": self.namespace.register(connector, self.namespace.clock.now()),
            "car": connector.car.name if connector.car else None,
            "session": connector.session.id if connector.session else None,
        }

    def _session(self, session: NamespaceSession) -> Json:
        shown: dict[str, Any] = {
            "session_id": session.id,
            "charger_id": session.charger_id,
            "connector_id": session.connector_id,
            "id_tag": session.intent.id_tag,
            "intent": session.intent.type,
            "status": session.status,
            "started": session.started,
            "stopped": session.stopped,
            "stop_reason": session.stop_reason,
            "energy": session.energy,
            "price": f"{self.namespace.price(session):.2f}",
        }
        return shown
