"""Smappee: the sessions of every station of a charging park, and the modes of connectors.

Source: ``smappee-charging-park-sessions.txt`` (the seed) and ``contracts/smappee.md``.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Set as AbstractSet
from copy import replace
from datetime import UTC, datetime, timedelta

import aiohttp

from ..errors import InvalidInputError, RequestRejectedError, UnexpectedAnswerError
from ..mode_settings import check_setting
from ..model import Account, ChargeCard, ChargePoint, LimitUnit, ModeSetting, Session
from .backend import Answer, Capabilities, Past
from .listing import Listing, Split, frame_of, read_listing
from .smappee_look_ups import LookUps
from .smappee_parks import GONE, Parks, json_headers
from .smappee_past import read_past
from .smappee_sessions import ParkSessions, charge_points
from .smappee_sign_in import SignIn, Tokens
from .smappee_wire import (
    ParkSession,
    checked_rfid,
    decode_items,
    decode_nothing,
    decode_session,
    error_code,
    to_ms,
)
from .transport import Token, Transport

__all__ = ["BACKEND", "BASE_URL", "Smappee", "Tokens", "checked_rfid"]

BACKEND = "smappee"
BASE_URL = "https://app1pub.smappee.net/dev/v3"

# How far back the lists of a usual poll reach, and those that find late corrections and what
# happened while nobody looked. A session is looked up at its station if it is older.
RECENT = timedelta(days=2)
REVIEWED = timedelta(days=31)
REVIEW_INTERVAL = timedelta(days=1)
# A car may be plugged in for as long as this.
LONGEST_STAY = timedelta(days=365)


_UNITS = {LimitUnit.AMPERE: "AMPERE", LimitUnit.PERCENT: "PERCENTAGE"}


class Smappee:
    """An account at Smappee and the parks that were chosen of it.

    A charge point is a connector: ``{serial number of the station}-{position}``, or the bare
    serial number where the network does not tell which connector a session is at. Answers
    carry no time stamps.
    """

    capabilities = Capabilities(energy=True, modes=True, past=True, lists_past=True)

    def __init__(
        self,
        session: aiohttp.ClientSession,
        account: Account,
        *,
        client_id: str,
        client_secret: str,
        username: str,
        password: str,
        service_location_ids: tuple[str, ...],
        cards: tuple[ChargeCard, ...],
        keep_tokens: Callable[[Tokens], None],
        base_url: str = BASE_URL,
        tokens: Tokens | None = None,
    ) -> None:
        """Prepare without sending anything.

        ``keep_tokens`` gets every new pair of tokens, to be passed as ``tokens`` the next
        time.
        """
        self.cards = cards
        self._account = account
        self._service_location_ids = service_location_ids
        self._sign_in = SignIn(
            client_id=client_id,
            client_secret=client_secret,
            username=username,
            password=password,
            tokens=tokens,
            keep=keep_tokens,
        )
        self._transport = Transport(
            session, base_url, fetch_token=self._fetch_token, error_code=error_code
        )
        self.answers = self._transport.answers
        self._parks = Parks(self._transport, service_location_ids)
        self._look_ups = LookUps(self._transport, self._decode)
        self._seen: dict[str, ParkSessions] = {}
        self._reviewed: dict[str, datetime] = {}
        self._told: dict[str, Session] = {}
        self._points: dict[str, ChargePoint] = {}
        self._told_listed: AbstractSet[str] = frozenset()
        self._are_points_due = True
        self._unknown: set[str] = set()

    async def verify(self) -> None:
        """Sign in and read the service locations."""
        await self.service_locations()

    async def service_locations(self) -> dict[str, str]:
        """Return the names of the account's service locations, by id.

        Raises AuthenticationError also when the account may see none.
        """
        return await self._parks.service_locations()

    async def poll(
        self,
        open_sessions: Mapping[str, Session],
        *,
        watched: Collection[str] = (),
        cards: Collection[str] = (),
    ) -> Answer:
        """Read both lists of every park, then look up the open sessions that neither holds.

        So are the ``watched`` ones that are too old for the lists: they have just ended, and
        late meter values are still to come. A park that can no longer be seen is lost until
        the configuration lists it again. A list that is refused is noted as unreadable if
        another park's is not.
        """
        now = datetime.now(UTC)
        await self._read_configuration()
        unreadable = list(self._parks.unreadable)
        starts = self._starts(open_sessions, now)
        seen, news = await self._read_parks(starts, now, unreadable)
        missing = self._missing(seen, open_sessions) | self._late(seen, watched)
        found, ended = await self._look_ups.look_up(missing, unreadable)
        sessions = [
            item.session
            for item in (*news.values(), *found.values())
            if not item.is_initial and self._told.get(item.session_id) != item.session
        ]
        points = self._news_of_points(seen, now)
        listed = self._listed(seen)
        # Others get their turn, here and above, between the steps of a long answer.
        await asyncio.sleep(0)
        answer = Answer(
            sessions=(*sessions, *ended),
            read=now,
            unreadable=tuple(unreadable),
            charge_points=tuple(points.values()),
            listed=listed,
            lost=self._parks.lost_names,
        )
        # Only a poll that came through to here may count as seen.
        self._seen |= seen
        self._told |= {session.session_id: session for session in sessions}
        self._points |= points
        self._told_listed = listed or self._told_listed
        self._are_points_due = False
        self._notice_unknown(sessions)
        reviewed = {park_id: now for park_id in seen if self._is_review_due(park_id, now)}
        if reviewed:
            self._reviewed |= reviewed
            self._forget_past(open_sessions)
        return answer

    async def read_past(
        self, since: datetime, position: str | None, unended: Mapping[str, Session]
    ) -> Past:
        """Read another month of a park; one that is lost meanwhile is passed over."""
        now = datetime.now(UTC)
        return await read_past(self._range, self._parks.there, since, position, now)

    def forget(self) -> None:
        """Tell everything again at the next poll, because this answer could not be kept."""
        self._seen.clear()
        self._reviewed.clear()
        self._told.clear()
        self._points.clear()
        self._are_points_due = True

    async def charge_point(self, charge_point_id: str) -> ChargePoint | None:
        """Return what the last poll said of a connector, without a request."""
        return self._points.get(charge_point_id)

    async def start(self, charge_point_id: str, card_id: str | None) -> Session:
        """Raise InvalidInputError: a session begins when a car is plugged in."""
        raise InvalidInputError("device", "cannot_start")

    async def stop(self, session: Session) -> None:
        """Raise InvalidInputError: a session ends when the car is unplugged."""
        raise InvalidInputError("device", "cannot_stop")

    async def withdraw(self, charge_point_id: str) -> bool:
        """Take nothing back: here a connector is paused, whatever it waits for."""
        return False

    async def set_mode(self, charge_point_id: str, setting: ModeSetting) -> None:
        """Set the mode of a connector; once or twice is the same.

        Raises InvalidInputError, before anything is sent, for what cannot be right, and
        what ``Transport.command`` raises.
        """
        connector = self._parks.connectors.get(charge_point_id)
        if connector is None:
            raise InvalidInputError("device", "unknown_connector")
        if connector.park_id in self._parks.lost:
            raise InvalidInputError("device", "park_lost")
        check_setting(connector.charge_point, setting)
        body: dict[str, object] = {"mode": setting.mode.name}
        if (limit := setting.limit) is not None:
            value = int(limit.value) if limit.value.is_integer() else limit.value
            body["limit"] = {"unit": _UNITS[limit.unit], "value": value}
        path = f"chargingstations/{connector.serial}/connectors/{connector.position}/mode"
        await self._transport.command(
            "PUT", path, {}, json_headers, decode_nothing, body, kind="mode"
        )

    async def _read_configuration(self) -> None:
        """Read the configuration again if it is time."""
        connectors = self._parks.connectors
        if await self._parks.read_if_due():
            self._are_points_due = True
            if self._parks.connectors != connectors:
                # What was read before may be at other connectors than it seemed.
                self._seen.clear()

    async def _read_parks(
        self, starts: Mapping[str, datetime], now: datetime, unreadable: list[str]
    ) -> tuple[dict[str, ParkSessions], dict[str, ParkSession]]:
        """Read both lists of every park; return them, and the sessions that have changed."""
        seen: dict[str, ParkSessions] = {}
        news: dict[str, ParkSession] = {}
        refusals: list[RequestRejectedError | UnexpectedAnswerError] = []
        for park_id, start in starts.items():
            known = self._seen.get(park_id, ParkSessions())
            try:
                past = await self._listing(park_id, {"range": _range(start)}, known.past)
                params = {"active": "true", "range": _range(now - LONGEST_STAY)}
                active = await self._listing(park_id, params, known.active)
            except RequestRejectedError as err:
                if err.status in GONE and not self._parks.has_stations(park_id):
                    continue
                if err.status in GONE and await self._parks.has_lost(park_id):
                    self._are_points_due = True
                else:
                    refusals.append(err)
                    unreadable.append(f"sessions: {err.code}")
                continue
            except UnexpectedAnswerError as err:
                refusals.append(err)
                unreadable.append(f"sessions: {err.path}")
                continue
            seen[park_id], changed = known.follow(past, active)
            news |= changed
            await asyncio.sleep(0)
            unreadable += (*past.unreadable, *active.unreadable)
        if refusals and not seen:
            raise refusals[0]
        return seen, news

    async def _listing(
        self, park_id: str, params: dict[str, str], known: Listing[ParkSession]
    ) -> Listing[ParkSession]:
        """Return what a park lists; the object seen last when nothing has changed."""

        def split(body: bytes) -> Split:
            if known.is_told_again_by(body):
                return known.raw, known.frame
            return decode_items(body), frame_of(body)

        path = f"chargingparks/{park_id}/sessions"
        items, frame = await self._transport.get(path, params, json_headers, split, kind="sessions")
        return await read_listing(items, known, self._decode, frame)

    async def _range(self, park_id: str, of: str) -> Listing[ParkSession] | None:
        """Return what a park lists of a range; ``None`` if it turns out to be lost."""
        path, params = f"chargingparks/{park_id}/sessions", {"range": of}
        try:
            items = await self._transport.get(
                path, params, json_headers, decode_items, kind="sessions", is_patient=True
            )
        except RequestRejectedError as err:
            if err.status not in GONE:
                raise
            if self._parks.has_stations(park_id):
                if not await self._parks.has_lost(park_id):
                    raise
                self._are_points_due = True
            return None
        return await read_listing(items, Listing[ParkSession](), self._decode)

    def _decode(self, text: bytes) -> ParkSession:
        return decode_session(text, self._account, self._parks.locate)

    def _starts(self, open_sessions: Mapping[str, Session], now: datetime) -> dict[str, datetime]:
        """Return from when on the sessions of each park are read.

        It is the start of the oldest open session, which may be of any park while nobody
        knows of which.
        """
        oldest: dict[str | None, datetime] = {}
        for session in open_sessions.values():
            park_id = self._parks.park_of(session.charge_point_id)
            if session.started is not None:
                oldest[park_id] = min(session.started, oldest.get(park_id, now))
        return {
            park_id: now - REVIEWED
            if self._is_review_due(park_id, now)
            else max(
                now - REVIEWED,
                min(now - RECENT, oldest.get(park_id, now), oldest.get(None, now)),
            )
            for park_id in self._parks.there
        }

    def _is_review_due(self, park_id: str, now: datetime) -> bool:
        """Tell whether it is time for late corrections, and for what nobody looked at."""
        reviewed = self._reviewed.get(park_id)
        return reviewed is None or not timedelta() <= now - reviewed < REVIEW_INTERVAL

    def _missing(
        self, seen: Mapping[str, ParkSessions], open_sessions: Mapping[str, Session]
    ) -> dict[str, Session]:
        """Return the open sessions that the parks do not list.

        Those of a park that could not be read are not missing, nor, while there is one,
        those of which nobody knows the park.
        """
        ids = [listing.ids for each in seen.values() for listing in (each.past, each.active)]
        readable: set[str | None] = {*seen}
        if len(seen) == len(self._service_location_ids):
            readable.add(None)
        return {
            session_id: open_sessions[session_id]
            for session_id in set(open_sessions).difference(*ids)
            if self._parks.park_of(open_sessions[session_id].charge_point_id) in readable
        }

    def _news_of_points(
        self, seen: Mapping[str, ParkSessions], now: datetime
    ) -> dict[str, ChargePoint]:
        """Return the connectors that are not as they were last told."""
        is_still = all(each is self._seen.get(park_id) for park_id, each in seen.items())
        if is_still and not self._are_points_due:
            return {}
        return {
            key: point
            for key, point in charge_points(self._parks.connectors, seen, now).items()
            if (known := self._points.get(key)) is None
            or replace(point, updated=known.updated) != known
        }

    def _listed(self, seen: Mapping[str, ParkSessions]) -> AbstractSet[str] | None:
        """Return the charge points that the network speaks of; ``None`` if nothing is new.

        A session may be at a station that the configuration lacks.
        """
        listed = self._parks.listed.union(
            item.session.charge_point_id or ""
            for each in seen.values()
            for item in each.open.values()
        )
        return listed if self._are_points_due or listed != self._told_listed else None

    def _late(
        self, seen: Mapping[str, ParkSessions], watched: Collection[str]
    ) -> dict[str, Session]:
        """Return the watched sessions that began too long ago for the lists."""
        ids = [listing.ids for each in seen.values() for listing in (each.past, each.active)]
        return {
            session_id: self._told[session_id]
            for session_id in set(watched).difference(*ids)
            if session_id in self._told
        }

    def _forget_past(self, open_sessions: Mapping[str, Session]) -> None:
        """Forget what was told of sessions that no list will hold again."""
        ids = set(open_sessions).union(
            *(listing.ids for each in self._seen.values() for listing in (each.past, each.active))
        )
        self._told = {key: session for key, session in self._told.items() if key in ids}

    def _notice_unknown(self, sessions: Collection[Session]) -> None:
        """Read the configuration soon when a session is at a connector that it lacks."""
        known = self._parks.connectors.keys() | self._unknown
        unknown = {session.charge_point_id or "" for session in sessions} - known
        if unknown:
            self._parks.read_soon()
            self._unknown |= unknown

    async def _fetch_token(self) -> Token:
        return await self._sign_in.token(self._transport)


def _range(start: datetime) -> str:
    """Return a range from the midnight before, so that all day long the same is asked."""
    return str(to_ms(start.replace(hour=0, minute=0, second=0, microsecond=0)))
