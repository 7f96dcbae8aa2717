"""The physical charging parks: who is plugged in where, and what flows.

They share the clock, but nothing else, with the charge points of ``World``.
"""

from datetime import datetime, timedelta
from itertools import count
from random import Random
from uuid import UUID

from .cars import Car
from .clock import Clock
from .park_meter import Meter, shown
from .park_model import Connector, Mode, Park, ParkSession, Station, Status
from .world import UnknownThingError


class Parks:
    """All parks. All changes happen at the clock's time."""

    def __init__(self, clock: Clock, *, seed: int = 1) -> None:
        """Make a world without parks; ids are the same for the same ``seed``."""
        self.clock = clock
        self.clients: dict[str, str] = {}
        self.users: dict[str, str] = {}
        self.parks: dict[int, Park] = {}
        self.stations: dict[str, Station] = {}
        self.sessions: dict[int, ParkSession] = {}
        self.disowned: set[int] = set()
        self._by_station: dict[str, list[ParkSession]] = {}
        self._session_ids = count(987_001)
        self._device_ids = count(70_001)
        self._random = Random(seed)

    def add_park(self, service_location_id: int, name: str) -> Park:
        """Open a park."""
        park = Park(service_location_id=service_location_id, name=name, uuid=self.uuid())
        self.parks[service_location_id] = park
        return park

    def remove_park(self, service_location_id: int) -> None:
        """Close a park with all its stations."""
        for station in self.stations_of(service_location_id):
            self.remove_station(station.serial)
        del self.parks[service_location_id]

    def disown(self, service_location_id: int) -> None:
        """Take a park away from the account."""
        self.disowned.add(self.park(service_location_id).service_location_id)

    def own(self, service_location_id: int) -> None:
        """Give a park back to the account."""
        self.disowned.discard(service_location_id)

    def add_station(
        self,
        service_location_id: int,
        serial: str,
        name: str,
        *,
        connectors: int = 1,
        is_dc: bool = False,
        register: float = 0.0,
    ) -> Station:
        """Put up a station with AC connectors of 22 kW, or DC connectors of 80 kW."""
        park = self.park(service_location_id)
        station = Station(serial=serial, name=name, park=park, is_dc=is_dc)
        self.stations[serial] = station
        self._by_station.setdefault(serial, [])
        for position in range(1, connectors + 1):
            self.add_connector(serial, position, register=register)
        return station

    def remove_station(self, serial: str) -> None:
        """Take a station down; its sessions are out of sight until it is back."""
        for position in list(self.station(serial).connectors):
            self.remove_connector(serial, position)
        del self.stations[serial]

    def add_connector(self, serial: str, position: int, *, register: float = 0.0) -> Connector:
        """Give a station one more connector; its fields may be changed while it is free."""
        station = self.station(serial)
        connector = Connector(
            position=position,
            uuid=self.uuid(),
            device_id=next(self._device_ids),
            meter=Meter(self.clock.now(), register),
        )
        if station.is_dc:
            connector.phases, connector.voltage, connector.max_current = 1, 400.0, 200.0
        station.connectors[position] = connector
        return connector

    def remove_connector(self, serial: str, position: int) -> None:
        """Take a connector away; a car that is there has to leave."""
        if self.connector(serial, position).session:
            self.unplug(serial, position)
        del self.station(serial).connectors[position]

    def park(self, service_location_id: int) -> Park:
        """Return a park, or raise ``UnknownThingError``."""
        try:
            return self.parks[service_location_id]
        except KeyError:
            raise UnknownThingError(service_location_id) from None

    def station(self, serial: str) -> Station:
        """Return a station, or raise ``UnknownThingError``."""
        try:
            return self.stations[serial]
        except KeyError:
            raise UnknownThingError(serial) from None

    def connector(self, serial: str, position: int) -> Connector:
        """Return a connector as it is now, or raise ``UnknownThingError``."""
        self.clock.settle()
        try:
            return self.station(serial).connectors[position]
        except KeyError:
            raise UnknownThingError(f"{serial}/{position}") from None

    def stations_of(self, service_location_id: int) -> list[Station]:
        """Return the stations of a park."""
        park = self.park(service_location_id)
        return [each for each in self.stations.values() if each.park is park]

    def sessions_at(self, serial: str) -> list[ParkSession]:
        """Return the sessions of a station in the order they were made."""
        self.clock.settle()
        return list(self._by_station[self.station(serial).serial])

    def plug(
        self, serial: str, position: int, car: Car | None = None, rfid: str | None = None
    ) -> ParkSession:
        """Plug a car in, a new one by default; its session begins at once."""
        connector = self.connector(serial, position)
        if connector.session:
            raise ValueError(f"A car is at {serial}/{position} already")
        now = self.clock.now()
        connector.meter.forget()
        connector.car = car or Car()
        connector.session = self.record(
            serial, position, rfid=rfid, started=now, start_reading=connector.meter.reading(now)
        )
        self._change(connector)
        if connector.mode is Mode.PAUSED:
            connector.session.status = Status.STARTED
        return connector.session

    def unplug(self, serial: str, position: int) -> ParkSession:
        """Pull the plug, which ends the session, and return it."""
        connector = self.connector(serial, position)
        session = connector.session
        if session is None:
            raise UnknownThingError(f"a car at {serial}/{position}")
        self._change(connector)
        session.ended = self.clock.now()
        session.stop_reading = connector.meter.reading(session.ended)
        session.status = Status.STOPPED
        connector.car = connector.session = None
        connector.meter.draw(session.ended, 0.0, 0.0)
        return session

    def set_mode(
        self, serial: str, position: int, mode: str, limit: float | None = None
    ) -> Connector:
        """Set what a connector does, with a limit in ampere or without one."""
        connector = self.connector(serial, position)
        connector.mode, connector.limit = Mode(mode), limit
        self._change(connector)
        return connector

    def suspend(self, serial: str, position: int) -> None:
        """Let the network shed this load, until ``resume``."""
        self._shed(self.connector(serial, position), is_shed=True)

    def resume(self, serial: str, position: int) -> None:
        """Let the network shed this load no longer."""
        self._shed(self.connector(serial, position), is_shed=False)

    def set_car_power(self, serial: str, position: int, max_power: float) -> None:
        """Let the car that is plugged in take that many kW at most from now on."""
        connector = self.connector(serial, position)
        if connector.car is None:
            raise UnknownThingError(f"a car at {serial}/{position}")
        connector.car.max_power = max_power
        self._change(connector)

    def correct(self, session_id: int, stop_reading: float) -> ParkSession:
        """Correct the last reading of a session that has ended, and nothing else."""
        session = self.session(session_id)
        if session.ended is None:
            raise ValueError(f"Session {session_id} still runs")
        session.stop_reading = stop_reading
        return session

    def session(self, session_id: int) -> ParkSession:
        """Return a session, or raise ``UnknownThingError``."""
        self.clock.settle()
        try:
            return self.sessions[session_id]
        except KeyError:
            raise UnknownThingError(session_id) from None

    def meter(self, serial: str, position: int) -> float:
        """Return the exact kWh that a connector's register has reached by now."""
        return self.connector(serial, position).meter.reading(self.clock.now())

    def reading(self, session: ParkSession, when: datetime | None = None) -> float:
        """Return the exact last reading of a session, of one that runs at ``when`` or now."""
        if session.stop_reading is not None:
            return session.stop_reading
        connector = self.connector(session.serial, session.position)
        return connector.meter.reading(when or self.clock.now())

    def energy(self, session: ParkSession) -> float:
        """Return the kWh of a session as they are shown, so that they add up to the register."""
        return round(shown(self.reading(session)) - shown(session.start_reading), 3)

    def record(
        self,
        serial: str,
        position: int,
        *,
        rfid: str | None,
        started: datetime,
        start_reading: float,
    ) -> ParkSession:
        """Write a session down that begins, or has begun, at a connector."""
        session = ParkSession(
            id=next(self._session_ids),
            serial=serial,
            position=position,
            rfid=rfid,
            started=started,
            start_reading=start_reading,
        )
        self.sessions[session.id] = session
        self._by_station[serial].append(session)
        return session

    def populate(self, stations: int, sessions: int) -> Park:
        """Open a big park with a past of 20 days, and let a car charge at some connectors.

        Every station has two connectors; the sessions that have ended are spread evenly.
        """
        key = max(self.parks, default=0) + 1
        park = self.add_park(key, f"Parking {key}")
        made = [
            self.add_station(key, f"6{key:05d}{number:04d}", f"Bay {number + 1}", connectors=2)
            for number in range(stations)
        ]
        places = [(each.serial, socket) for each in made for socket in each.connectors.values()]
        past = timedelta(days=20)
        stay = min(timedelta(hours=4), 0.8 * past * len(places) / max(sessions, 1))
        for index in range(sessions):
            serial, connector = places[index % len(places)]
            started = self.clock.now() - past + (past - stay) * index / sessions
            reading = connector.meter.reading(started)
            session = self.record(
                serial, connector.position, rfid=None, started=started, start_reading=reading
            )
            session.status, session.ended = Status.STOPPED, started + stay
            energy = self._random.uniform(1, 11) * (stay / timedelta(hours=1))
            session.stop_reading = reading + energy
            connector.meter = Meter(session.ended, session.stop_reading)
        for serial, connector in places[::10]:
            self.plug(serial, connector.position)
        return park

    def uuid(self) -> str:
        """Return a new UUID, the same in every run."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def _shed(self, connector: Connector, *, is_shed: bool) -> None:
        connector.is_shed = is_shed
        self._change(connector)

    def _change(self, connector: Connector) -> None:
        """Let the flow, and what the session says of it, follow from how things are now."""
        session, car = connector.session, connector.car
        if session is None or car is None:
            return
        now = self.clock.now()
        car.level += connector.meter.since_change(now)
        power = connector.power
        connector.meter.draw(now, power, car.room)
        if power:
            lasts = timedelta(hours=car.room / power)
            if car.energy_after(lasts.total_seconds(), power) < car.room:
                # It was rounded down, and a car that is not quite full would never get full.
                lasts += timedelta.resolution
            self.clock.at(now + lasts, lambda: self._full(connector, session))
        is_paused = connector.mode is Mode.PAUSED
        if power:
            session.status = Status.CHARGING
        else:
            is_held = is_paused or connector.is_shed
            session.status = Status.SUSPENDED if is_held else Status.STARTED
        session.suspended_by_user = is_paused
        session.phases, session.current = connector.phases, connector.current
        if not is_paused:
            session.mode = connector.mode

    def _full(self, connector: Connector, session: ParkSession) -> None:
        if connector.session is session:
            self._change(connector)
