"""The charging parks of an account: what stands where, as last read."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
import logging
import time

import msgspec

from ..errors import (
    AuthenticationError,
    BackendError,
    BackendUnavailableError,
    RateLimitError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from .smappee_configuration_wire import (
    Connector,
    Currents,
    decode_connectors,
    decode_device,
    decode_stations,
)
from .smappee_wire import decode_items, decode_service_locations
from .transport import Transport

_LOGGER = logging.getLogger(__name__)

READ_INTERVAL = 3600.0
# A network in trouble is left alone for a while, but not for an hour.
RETRY_AFTER = 300.0

# So many stations are read before others get their turn: a few milliseconds' worth.
_AT_ONCE = 100

GONE = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}


class _Reading:
    """What a reading of the configuration has found so far.

    ``is_whole`` tells that it holds all there is, ``is_late`` that a part is to come.
    """

    def __init__(self) -> None:
        self.connectors: dict[str, Connector] = {}
        self.lost: list[str] = []
        self.unreadable: list[str] = []
        self.is_whole = True
        self.is_late = False


class Parks:
    """The parks that were chosen, those that are lost, and all connectors known, by id.

    The connectors of a lost park stay known. ``unreadable`` names what had to be skipped.
    """

    def __init__(self, transport: Transport, chosen: Sequence[str]) -> None:
        """Start with nothing known."""
        self.connectors: Mapping[str, Connector] = {}
        self.lost: set[str] = set()
        self.unreadable: Sequence[str] = ()
        self._transport = transport
        self._chosen = chosen
        self._names: dict[str, str] = {}
        self._is_known = False
        self._due = self._tried = float("-inf")
        self._by_name: dict[str, str] = {}
        self._by_serial: dict[str, list[Connector]] = {}

    @property
    def there(self) -> list[str]:
        """Return the ids of the parks that are not lost."""
        return [park_id for park_id in self._chosen if park_id not in self.lost]

    @property
    def listed(self) -> set[str]:
        """Return the ids of the connectors that are there, as far as they could be read."""
        return {key for key, each in self.connectors.items() if each.park_id not in self.lost}

    @property
    def lost_names(self) -> tuple[str, ...]:
        """Return the names of the lost parks, as far as they were ever told."""
        return tuple(self._names.get(each, each) for each in self._chosen if each in self.lost)

    def locate(self, serial: str, position: int | None, names: Sequence[str]) -> str:
        """Return the id of a connector; of its station, where nothing tells which it is."""
        if position is not None:
            return f"{serial}-{position}"
        for name in names:
            if name in self._by_name:
                return self._by_name[name]
        known = self._by_serial.get(serial, [])
        return known[0].charge_point.charge_point_id if len(known) == 1 else serial

    def park_of(self, charge_point_id: str | None) -> str | None:
        """Return the park of a connector or station, ``None`` while it is not known."""
        known = self._by_serial.get(serial_of(charge_point_id))
        return known[0].park_id if known else None

    async def has_lost(self, park_id: str) -> bool:
        """Tell whether a park that was refused is really lost, and take it for lost then.

        One refusal may be a mishap. Raises what ``service_locations`` raises.
        """
        if park_id in await self.service_locations():
            return False
        self.lost.add(park_id)
        return True

    def has_stations(self, park_id: str) -> bool:
        """Tell whether a park has stations; a service location without any is no park."""
        return any(each.park_id == park_id for each in self.connectors.values())

    def read_soon(self) -> None:
        """Do not wait for the hour to be over, because there is something new."""
        self._due = min(self._due, self._tried + RETRY_AFTER)

    async def read_if_due(self) -> bool:
        """Read everything again if it is time; tell whether that was done.

        Only what was never read yet, and AuthenticationError, is worth failing for.
        """
        now = time.monotonic()
        if now < self._due:
            return False
        self._tried = now
        try:
            is_late = await self._read()
        except AuthenticationError:
            raise
        except BackendError as err:
            if not self._is_known:
                raise
            _LOGGER.debug("The configuration could not be read: %s", err)
            self._due = now + RETRY_AFTER
            return False
        self._due = now + (RETRY_AFTER if is_late else READ_INTERVAL)
        return True

    async def service_locations(self) -> dict[str, str]:
        """Return the names of all service locations of the account, by id.

        Raises AuthenticationError when it may see none, and what ``Transport.get`` raises.
        """
        try:
            return await self._get("servicelocation", decode_service_locations, "servicelocation")
        except RequestRejectedError as err:
            if err.status != HTTPStatus.FORBIDDEN:
                raise
        raise AuthenticationError("The account may see no service location")

    async def _read(self) -> bool:
        """Read everything; tell whether a part is to come."""
        names = await self.service_locations()
        reading = _Reading()
        for park_id in self._chosen:
            before = {key: each for key, each in self.connectors.items() if each.park_id == park_id}
            if park_id not in names or not await self._read_park(park_id, names[park_id], reading):
                reading.lost.append(park_id)
                reading.connectors |= before
            elif not reading.is_whole:
                reading.connectors = before | reading.connectors
        self._names |= names
        self.lost = set(reading.lost)
        self.unreadable = reading.unreadable
        self._is_known = True
        self._know(reading.connectors)
        return reading.is_late

    async def _read_park(self, park_id: str, name: str, reading: _Reading) -> bool:
        """Read the stations of a park; tell whether it is still there."""
        stations: list[msgspec.Raw] = []
        try:
            path = f"servicelocation/{park_id}/meteringconfiguration"
            stations = await self._get(path, decode_stations, "meteringconfiguration")
        except RequestRejectedError as err:
            if err.status in GONE:
                return False
            reading.unreadable.append(f"meteringconfiguration: {err.code}")
            reading.is_whole = False
        except UnexpectedAnswerError as err:
            reading.unreadable.append(err.path)
            reading.is_whole = False
        currents = await self._currents(park_id, reading)
        for number, raw in enumerate(stations, 1):
            await _give_way(number)
            try:
                found = decode_connectors(raw, park_id, name)
            except UnexpectedAnswerError as err:
                reading.unreadable.append(err.path)
                reading.is_whole = False
                continue
            for connector in found:
                reading.connectors[connector.charge_point.charge_point_id] = self._limited(
                    connector, currents
                )
        return True

    async def _currents(self, park_id: str, reading: _Reading) -> dict[str, Currents] | None:
        """Return the currents of a park's connectors by name; ``None`` if they are not told.

        They are good to have, but nothing fails without them.
        """
        try:
            path = f"servicelocation/{park_id}/smartdevices"
            items = await self._get(path, decode_items, "smartdevices")
        except (BackendUnavailableError, RateLimitError) as err:
            _LOGGER.debug("The smart devices could not be read: %s", err)
            reading.is_late = True
            return None
        except RequestRejectedError as err:
            reading.unreadable.append(f"smartdevices: {err.code}")
            return None
        except UnexpectedAnswerError as err:
            reading.unreadable.append(f"smartdevices: {err.path}")
            return None
        found: dict[str, Currents] = {}
        for number, raw in enumerate(items, 1):
            await _give_way(number)
            try:
                names, currents = decode_device(raw)
            except UnexpectedAnswerError as err:
                reading.unreadable.append(err.path)
                continue
            found |= dict.fromkeys(names, currents)
        return found

    def _limited(self, connector: Connector, currents: Mapping[str, Currents] | None) -> Connector:
        """Return a connector with its currents; with those known before if none were told."""
        if currents is None:
            known = self.connectors.get(connector.charge_point.charge_point_id)
            if known is None:
                return connector
            point = known.charge_point
            return connector.with_currents(Currents(point.min_current, point.max_current))
        for name in sorted(connector.names & currents.keys()):
            connector = connector.with_currents(currents[name])
        return connector

    def _know(self, connectors: Mapping[str, Connector]) -> None:
        self.connectors = connectors
        self._by_name = {
            name: key for key, connector in connectors.items() for name in connector.names
        }
        self._by_serial = {}
        for connector in connectors.values():
            self._by_serial.setdefault(connector.serial, []).append(connector)

    async def _get[T](self, path: str, decode: Callable[[bytes], T], kind: str) -> T:
        return await self._transport.get(path, {}, json_headers, decode, kind=kind)


async def _give_way(number: int) -> None:
    """Let others have their turn now and then in a long list."""
    if number % _AT_ONCE == 0:
        await asyncio.sleep(0)


def serial_of(charge_point_id: str | None) -> str:
    """Return the serial number of the station that a charge point belongs to."""
    return (charge_point_id or "").partition("-")[0]


def json_headers() -> dict[str, str]:
    """Return the headers of every request."""
    return {"Accept": "application/json"}
