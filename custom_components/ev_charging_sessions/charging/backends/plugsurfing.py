"""PlugSurfing: connectors of ours, which the network may start and whose sessions it gets.

Here we are the operator, so nothing is read from the network: what a poll brings is what the
connectors have measured. Sources: ``plugsurfing-session-post.rst`` (the seed) and
``contracts/plugsurfing.md``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from copy import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import aiohttp
from msgspec import Struct

from ..connector import Authorization, Connector, Observation
from ..errors import InvalidInputError, LedgerError, SwitchFailedError
from ..model import Account, ChargeCard, ChargePoint, ModeSetting, Session, SessionStatus
from ..status_posts import StatusPosts
from .backend import Answer, Capabilities, Past
from .plugsurfing_api import Api
from .plugsurfing_ids import plain_evse_id
from .plugsurfing_wire import StationPost

BACKEND = "plugsurfing"
BASE_URL = "https://api.plugsurfing.com"

# A relay takes well under a second; one in a cloud may take some.
SWITCH_TIMEOUT = 10.0
# What a switch shows right after a restart may be old: most are asked every half minute.
_ASKED_WITHIN = timedelta(seconds=35)
_FUTURE = datetime.max.replace(tzinfo=UTC)


class Charger(Protocol):
    """What lets current flow at a connector, and can be told to."""

    async def turn(self, *, is_on: bool) -> None:
        """Turn it on or off; raises SwitchFailedError when it says no or nothing."""


class _Pole(Struct):
    """A connector with what we know and command it by."""

    connector: Connector
    charger: Charger
    switched: asyncio.Event
    # What is told to a switch must be done before it is told something else.
    turning: asyncio.Lock
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
        self.answers = self.api.answers
        self.statuses = StatusPosts(self.api.post_status)
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
            turning=asyncio.Lock(),
            interrupted=_FUTURE if last and last.status is SessionStatus.STARTING else None,
        )

    @property
    def connectors(self) -> Mapping[str, Connector]:
        """Return the connectors by their EVSE ids."""
        return {connector_id: pole.connector for connector_id, pole in self._poles.items()}

    def connector_id_of(self, evse_id: str) -> str | None:
        """Return the connector that an EVSE id means, however its parts are separated."""
        wanted = plain_evse_id(evse_id)
        for connector_id in self._poles:
            if plain_evse_id(connector_id) == wanted:
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
        before = pole.connector.session
        is_news = pole.connector.observe(observation)
        # Late energy ends up in a post that waits for nothing else.
        is_late = before is not None and not before.is_open and pole.connector.session is not before
        return self._give_up(pole, observation.at) or is_news or is_late

    def tick(self, now: datetime) -> bool:
        """Let time pass at the connectors where there is a session; tell whether that is news."""
        news = [
            pole.connector.tick(now) or self._give_up(pole, now)
            for pole in self._poles.values()
            if pole.connector.session
        ]
        return any(news)

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
        """Tell whether nobody knows yet that a start has reached its switch."""
        pole = self._poles[connector_id]
        return pole.interrupted is not None or pole.is_on is not True

    def order(self, connector_id: str, authorization: Authorization) -> asyncio.Future[Session]:
        """Say for whom the next start at a connector is.

        Returns what will be the session once it has been started, which may still wait for a
        car.
        """
        started: asyncio.Future[Session] = asyncio.get_running_loop().create_future()
        self._orders[connector_id] = (authorization, started)
        return started

    def forget_order(self, connector_id: str, started: asyncio.Future[Session]) -> None:
        """Drop an order that nothing will come of, so that no later start is taken for it."""
        if self._orders.get(connector_id, (None, None))[1] is started:
            del self._orders[connector_id]

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

    async def read_past(
        self, since: datetime, position: str | None, unended: Mapping[str, Session]
    ) -> Past:
        """Refuse: what was charged here is known here alone."""
        raise InvalidInputError("config_entry_id", "no_past")

    def forget(self) -> None:
        """Tell everything again at the next poll."""
        for pole in self._poles.values():
            pole.connector.forget()
            pole.told = None

    async def post_station(self, station: StationPost) -> None:
        """Post a station, and then how its connectors are, which was refused before."""
        await self.api.post_station(station)
        self.statuses.post_again()

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
        if started and started.cancelled():
            # Whoever ordered it has been told by now that nothing has come of it.
            raise SwitchFailedError(is_timeout=True)
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
        if started and started.cancelled():
            # It took so long that whoever ordered it has been told no.
            await self.stop(session)
            raise SwitchFailedError(is_timeout=True)
        if started and not started.done():
            started.set_result(session)
        return session

    async def stop(self, session: Session) -> None:
        """Cut the current and end a session. Raises SwitchFailedError and LedgerError."""
        pole = self._pole(session.charge_point_id or "")
        if await self.withdraw(pole.connector.connector_id):
            return
        pole.connector.will_end("remote")
        try:
            await self._turn(pole, is_on=False)
        finally:
            pole.connector.will_end(None)
        await self._keep(pole.connector.end(datetime.now(UTC), "remote"))

    async def withdraw(self, charge_point_id: str) -> bool:
        """Take back a start that waits for its car. Raises SwitchFailedError and LedgerError."""
        pole = self._poles.get(charge_point_id)
        session = pole.connector.session if pole else None
        if pole is None or session is None or session.status is not SessionStatus.STARTING:
            return False
        if pole.is_on is not False:
            await self._turn(pole, is_on=False)
        if session is pole.connector.session:
            await self._keep(pole.connector.fail(datetime.now(UTC), "withdrawn"))
        return True

    async def set_mode(self, charge_point_id: str, setting: ModeSetting) -> None:
        """Refuse: there are no modes here."""
        raise InvalidInputError("mode", "mode_not_offered")

    async def cut(self, connector_id: str) -> None:
        """Cut the current of a connector where a session is over. Raises SwitchFailedError."""
        pole = self._pole(connector_id)
        try:
            async with asyncio.timeout(SWITCH_TIMEOUT), pole.turning:
                # Somebody may have begun to charge while another turn was under way.
                if pole.connector.must_be_off:
                    await pole.charger.turn(is_on=False)
        except TimeoutError:
            raise SwitchFailedError(is_timeout=True) from None

    async def _turn(self, pole: _Pole, *, is_on: bool) -> None:
        """Turn a switch and wait until it shows it: what it was told is not what it did."""
        try:
            async with asyncio.timeout(SWITCH_TIMEOUT), pole.turning:
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


def is_measured(session: Session) -> bool:
    """Tell whether a session is one of our own connectors, and not one that a partner posted."""
    return session.details is not None and session.details.created is not None


def cut_short(session: Session) -> Session:
    """Return a session as it ends when its connector is no more: with what is known of it."""
    now = datetime.now(UTC)
    return replace(
        session,
        status=SessionStatus.FINISHED,
        ended=session.updated or now,
        stop_reason="removed",
        updated=now,
    )
