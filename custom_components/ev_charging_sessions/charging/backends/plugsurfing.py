"""PlugSurfing: connectors of ours, which the network may start and whose sessions it gets.

Here we are the operator, so nothing is read from the network: what a poll brings is what the
connectors have measured. Sources: ``plugsurfing-session-post.rst`` (the seed) and
``contracts/plugsurfing.md``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
import re
from typing import Protocol

import aiohttp
from msgspec import Struct

from ..connector import Authorization, Connector, Observation
from ..errors import InvalidInputError, LedgerError, SwitchFailedError
from ..model import Account, ChargeCard, ChargePoint, ModeSetting, Session, SessionStatus
from .backend import Answer, Capabilities
from .plugsurfing_api import Api
from .plugsurfing_wire import canonical_card, card_type_of

BACKEND = "plugsurfing"
BASE_URL = "https://api.plugsurfing.com"

# A relay takes well under a second; one in a cloud may take some.
SWITCH_TIMEOUT = 10.0
# What a switch shows right after a restart may be old: most are asked every half minute.
_ASKED_WITHIN = timedelta(seconds=35)
_FUTURE = datetime.max.replace(tzinfo=UTC)

CONNECTOR_TYPES = {
    "type_2": "Type2",
    "ccs": "Combo",
    "chademo": "Chademo",
    "schuko": "Schuko",
    "type_1": "Type1",
    "type_3": "Type3",
    "type_e": "TypeE",
    "cee_blue": "CeeBlue",
    "cee_red": "CeeRed",
    "cee_2_poles": "Cee2Poles",
    "cee_plus": "CeePlus",
    "three_pin_square": "3PinSquare",
    "tesla": "Tesla",
    "scame": "Scame",
    "nema_5": "Nema5",
    "t13": "T13",
    "t15": "T15",
    "t23": "T23",
    "marechal": "Marechal",
}
"""The types of connectors, and what the network calls each of them."""

_EVSE_ID = re.compile(r"[A-Z]{2}\*?[A-Z0-9]{3}\*?E[A-Z0-9*]{1,30}", re.IGNORECASE)
_CARD_ID = r"[0-9A-Za-z*-]{4,40}"


class Charger(Protocol):
    """What lets current flow at a connector, and can be told to."""

    async def turn(self, *, is_on: bool) -> None:
        """Turn it on or off; raises SwitchFailedError when it says no or nothing."""


class _Pole(Struct):
    """A connector with what we know and command it by."""

    connector: Connector
    charger: Charger
    switched: asyncio.Event
    is_on: bool | None = None
    observed: datetime | None = None
    told: ChargePoint | None = None
    # Since when a start shows no effect that a restart has cut short.
    interrupted: datetime | None = None


class PlugSurfing:
    """An account at PlugSurfing with the connectors that we offer to its drivers.

    ``keep`` takes a session into the ledger and raises LedgerError; whoever makes a backend
    that is to start sessions sets it.
    """

    capabilities = Capabilities(start=True, stop=True, energy=True, cards=True, partners=True)

    def __init__(
        self,
        session: aiohttp.ClientSession,
        account: Account,
        *,
        base_url: str,
        api_key: str,
        partner_identifier: str,
        cards: tuple[ChargeCard, ...],
    ) -> None:
        """Prepare without sending anything."""
        self.cards = cards
        self.api = Api(
            session, base_url=base_url, api_key=api_key, partner_identifier=partner_identifier
        )
        self.keep: Callable[[Session], Awaitable[None]] | None = None
        self._account = account
        self._poles: dict[str, _Pole] = {}
        self._orders: dict[str, tuple[Authorization, asyncio.Future[Session]]] = {}

    def add_connector(
        self, connector_id: str, charger: Charger, *, has_plug: bool, last: Session | None
    ) -> None:
        """Offer a connector; ``last`` is the last session that the ledger knows there."""
        connector = Connector(self._account, connector_id, has_plug=has_plug)
        connector.resume(last)
        self._poles[connector_id] = _Pole(
            connector=connector,
            charger=charger,
            switched=asyncio.Event(),
            interrupted=_FUTURE if last and last.status is SessionStatus.STARTING else None,
        )

    @property
    def connectors(self) -> Mapping[str, Connector]:
        """Return the connectors by their EVSE ids."""
        return {connector_id: pole.connector for connector_id, pole in self._poles.items()}

    def connector_id_of(self, evse_id: str) -> str | None:
        """Return the connector that an EVSE id means, however its parts are separated."""
        wanted = _plain(evse_id)
        for connector_id in self._poles:
            if _plain(connector_id) == wanted:
                return connector_id
        return None

    def observe(self, connector_id: str, observation: Observation) -> bool:
        """Take in what the entities of a connector show; tell whether that is news."""
        pole = self._poles[connector_id]
        if observation.is_on is not None:
            pole.observed = observation.at
        if observation.is_on is not pole.is_on:
            pole.is_on = observation.is_on
            pole.switched.set()
        is_news = pole.connector.observe(observation)
        return self._give_up(pole, observation.at) or is_news

    @staticmethod
    def _give_up(pole: _Pole, now: datetime) -> bool:
        """End a start that a restart has cut short and that has not reached the switch.

        Whoever asked for it has got no answer and may be gone, so no switch is turned on
        again.
        """
        session = pole.connector.session
        if pole.is_on or session is None or session.status is not SessionStatus.STARTING:
            pole.interrupted = None
        if pole.interrupted is None or pole.is_on is None:
            return False
        pole.interrupted = min(pole.interrupted, now)
        if now - pole.interrupted < _ASKED_WITHIN:
            return False
        pole.interrupted = None
        pole.connector.fail(now, "interrupted")
        return True

    def is_unclear(self, connector_id: str) -> bool:
        """Tell whether a restart has cut a start short whose outcome is not known yet."""
        return self._poles[connector_id].interrupted is not None

    def order(self, connector_id: str, authorization: Authorization) -> asyncio.Future[Session]:
        """Say for whom the next start at a connector is.

        Returns what will be the session once it has been started, which may still wait for a
        car.
        """
        started: asyncio.Future[Session] = asyncio.get_running_loop().create_future()
        self._orders[connector_id] = (authorization, started)
        return started

    async def verify(self) -> None:
        """Make sure that the network takes the key; nothing changes there by it."""
        await self.api.verify()

    async def poll(
        self,
        open_sessions: Mapping[str, Session],
        *,
        watched: Collection[str] = (),
        cards: Collection[str] = (),
    ) -> Answer:
        """Return what has been measured; no request is sent."""
        now = datetime.now(UTC)
        sessions = []
        for pole in self._poles.values():
            pole.connector.tick(now)
            self._give_up(pole, now)
            while session := pole.connector.changed():
                sessions.append(session)
        return Answer(
            sessions=tuple(sessions),
            charge_points=tuple(self._news(now)),
            listed=frozenset(self._poles),
        )

    def _news(self, now: datetime) -> Iterable[ChargePoint]:
        for connector_id, pole in self._poles.items():
            # An entity that is there and says nothing says that nothing has changed.
            observed = now if pole.is_on is not None else pole.observed
            point = ChargePoint(
                charge_point_id=connector_id, status=pole.connector.status, updated=observed
            )
            if point != pole.told:
                pole.told = point
                yield point

    def forget(self) -> None:
        """Tell everything again at the next poll."""
        for pole in self._poles.values():
            pole.connector.forget()
            pole.told = None

    async def charge_point(self, charge_point_id: str) -> ChargePoint | None:
        """Return nothing: polls tell all that is known."""
        return None

    async def start(self, charge_point_id: str, card_id: str | None) -> Session:
        """Let a connector charge, for the one it was ordered for or else on that card.

        Raises InvalidInputError, ConnectorBusyError, SwitchFailedError and LedgerError.
        """
        pole = self._pole(charge_point_id)
        authorization, started = self._orders.pop(charge_point_id, (None, None))
        if authorization is None or authorization.card_id != card_id:
            authorization, started = Authorization(card_id=card_id), None
        connector = pole.connector
        session = connector.begin(authorization, datetime.now(UTC))
        try:
            # Known before current flows, or after a crash a car would charge for nobody.
            await self._keep(session)
            await self._turn(pole, is_on=True)
        except LedgerError:
            connector.fail(datetime.now(UTC), LedgerError.key)
            raise
        except SwitchFailedError as err:
            await self._keep(connector.fail(datetime.now(UTC), err.key))
            raise
        session = connector.session or session
        if started and not started.done():
            started.set_result(session)
        return session

    async def stop(self, session: Session) -> None:
        """Cut the current and end a session. Raises SwitchFailedError and LedgerError."""
        pole = self._pole(session.charge_point_id or "")
        pole.connector.will_end("remote")
        try:
            await self._turn(pole, is_on=False)
        finally:
            pole.connector.will_end(None)
        await self._keep(pole.connector.end(datetime.now(UTC), "remote"))

    async def set_mode(self, charge_point_id: str, setting: ModeSetting) -> None:
        """Refuse: there are no modes here."""
        raise InvalidInputError("mode", "mode_not_offered")

    async def cut(self, connector_id: str) -> None:
        """Cut the current of a connector where a session is over. Raises SwitchFailedError."""
        await self._pole(connector_id).charger.turn(is_on=False)

    async def _turn(self, pole: _Pole, *, is_on: bool) -> None:
        """Turn a switch and wait until it shows it: what it was told is not what it did."""
        try:
            async with asyncio.timeout(SWITCH_TIMEOUT):
                await pole.charger.turn(is_on=is_on)
                while pole.is_on is not is_on:
                    pole.switched.clear()
                    await pole.switched.wait()
        except TimeoutError:
            raise SwitchFailedError(is_timeout=True) from None

    async def _keep(self, session: Session) -> None:
        if self.keep is None:
            raise LedgerError("There is nobody to keep a session")
        await self.keep(session)

    def _pole(self, connector_id: str) -> _Pole:
        if pole := self._poles.get(connector_id):
            return pole
        raise InvalidInputError("connector_id", "unknown_connector")


def checked_evse_id(text: str) -> str:
    """Return an EVSE id in capitals; raises InvalidInputError for what cannot be one."""
    evse_id = text.strip().upper()
    if not _EVSE_ID.fullmatch(evse_id):
        raise InvalidInputError("evse_id", "invalid_evse_id")
    return evse_id


def operator_id_of(evse_id: str) -> str:
    """Return the part of an EVSE id that names its operator (``DE*8PS``)."""
    plain = _plain(evse_id)
    return f"{plain[:2]}*{plain[2:5]}"


def checked_card_id(text: str) -> str:
    """Return the number of an RFID card, or the id of a contract, as sessions carry it.

    Raises InvalidInputError for what is neither.
    """
    card_id = canonical_card(text, card_type_of(text.strip()))
    if not re.fullmatch(_CARD_ID, card_id):
        raise InvalidInputError("identifier", "invalid_rfid")
    return card_id


def _plain(evse_id: str) -> str:
    return evse_id.replace("*", "").replace("-", "").upper()
