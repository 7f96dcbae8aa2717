"""CleverEV: the sessions of an operator's namespace, with meter values, prices and tariffs.

Sources: ``cleverev-charging-sessions-list-for-namespace.txt`` (the seed) and
``contracts/cleverev.md``.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Set as AbstractSet
from datetime import UTC, datetime, timedelta
from itertools import chain, zip_longest

import aiohttp

from ..errors import InvalidInputError
from ..model import (
    Account,
    ChargeCard,
    ChargePoint,
    EnergyUnit,
    ModeSetting,
    Session,
)
from .backend import Answer, Capabilities, Past
from .cleverev_api import Api
from .cleverev_chargers import Chargers
from .cleverev_lists import Lists
from .cleverev_look_ups import LookUps
from .cleverev_review import Review
from .cleverev_status import Told, with_statuses
from .cleverev_units import UnitCheck
from .cleverev_values import charger_and_connector, checked_id_tag
from .cleverev_wire import SessionReader

__all__ = ["API_GENERATIONS", "BACKEND", "CleverEV", "checked_id_tag"]

BACKEND = "cleverev"
API_GENERATIONS = ("current", "legacy")

REVIEW_INTERVAL = timedelta(days=1)

# So many sessions are looked at before others get their turn.
_AT_ONCE = 100


class CleverEV:
    """A namespace at CleverEV.

    A charge point is a connector: ``{id of the charger}-{number of the connector}``. The
    legacy generation only lists sessions; the newer one starts and stops them too, and tells
    how its chargers are.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        account: Account,
        *,
        base_url: str,
        api_token: str,
        organization_id: str | None,
        currency: str,
        energy_unit: EnergyUnit,
        api_generation: str,
        cards: tuple[ChargeCard, ...],
    ) -> None:
        """Prepare without sending anything."""
        self.cards = cards
        self._account = account
        self._is_current = api_generation != "legacy"
        self.capabilities = Capabilities(
            start=self._is_current,
            stop=self._is_current,
            energy=True,
            prices=True,
            past=True,
            lists_past=True,
        )
        reader = SessionReader(account, currency, energy_unit)
        self._api = Api(session, base_url, api_token, organization_id)
        self.answers = self._api.answers
        self._lists = Lists(self._api, reader.decode)
        self._chargers = Chargers(self._api)
        self._look_ups = LookUps(self._api, self._lists, reader.decode, by_id=self._is_current)
        self._past = self._lists.past()
        self._units = UnitCheck(energy_unit)
        self._reviewed: datetime | None = None
        self._review: Review | None = None
        self._known: set[str] = set()
        # What polls have brought since the last review began.
        self._since: set[str] = set()
        self._seen: tuple[object, ...] = ()
        self._told: dict[str, Told] = {}
        self._points: dict[str, ChargePoint] = {}
        self._told_listed: AbstractSet[str] | None = None

    async def verify(self) -> None:
        """Read one session, and the chargers, which need the organization as well.

        A refusal of the chargers says so in its code.
        """
        await self._api.sessions(0, 1, {})
        if self._is_current:
            await self._chargers.verify()

    async def poll(
        self,
        open_sessions: Mapping[str, Session],
        *,
        watched: Collection[str] = (),
        cards: Collection[str] = (),
    ) -> Answer:
        """Read the sessions that run, the newest that have ended, and the chargers.

        What this costs does not depend on how many sessions the namespace has. At the start
        and once a day many more are reviewed, for late corrections and for what happened
        while nobody looked; short pages take several polls. Open sessions that no list holds
        are looked up, and so are the ``watched`` ones, whose late meter values are still to
        come.
        """
        now = datetime.now(UTC)
        started = await self._lists.started()
        is_review_due = self._is_review_due(now)
        head = None if is_review_due else await self._lists.head(self._known)
        lists = [started, head] if head else [started]
        review = self._lists.review() if is_review_due else self._review
        # Where no review is under way, one that has nothing to tell takes its place.
        past = review or self._lists.review()
        if review:
            await review.go_on(now, sum(each.pages - 1 for each in lists))
        unreadable = [*past.unreadable]
        for each in lists:
            unreadable += each.listing.unreadable
        if self._is_current:
            await self._chargers.read(unreadable)
        ids = past.new_ids.union(*(each.ids for each in lists))
        missing = self._missing(ids, open_sessions, watched)
        found, ended = await self._look_ups.look_up(missing, unreadable, ends=started.is_whole)
        seen = (started.listing, head and head.listing, self._chargers.current)
        news: list[Told] = []
        # Most polls bring the very objects that the one before has looked through.
        if (
            found
            or past.sessions
            or any(one is not other for one, other in zip_longest(seen, self._seen))
        ):
            read = (found, *(each.sessions for each in lists), past.sessions)
            news = self._news(read, open_sessions)
        points = self._chargers.news(self._points, now)
        listed = self._chargers.listed
        sessions = [each.session for each in news]
        await self._note_units(sessions)
        answer = Answer(
            sessions=(*sessions, *ended),
            read=now,
            unreadable=tuple(unreadable),
            charge_points=tuple(points.values()),
            listed=listed if points or listed != self._told_listed else None,
            other_unit=self._units.other_unit,
        )
        # Only a poll that came through to here may count as seen.
        self._seen = seen
        self._told |= {each.session.session_id: each for each in news}
        self._points |= points
        if listed is not None:
            # One that comes back has to be told again.
            self._points = {key: self._points[key] for key in listed}
        self._told_listed = listed
        self._known |= ids
        self._since |= ids
        past.told()
        wanted = (*open_sessions, *watched)
        if is_review_due:
            # One before it that never came to its end is given up.
            self._end_review(wanted)
            self._review, self._reviewed, self._since = review, now, ids
        if review and review.is_whole:
            self._end_review(wanted)
        if head and not head.is_whole:
            # More has ended since the last look than that look was meant for.
            self._reviewed = None
        return answer

    async def read_past(
        self, since: datetime, position: str | None, unended: Mapping[str, Session]
    ) -> Past:
        """Read another page of all sessions; the network cannot be asked for a time."""
        return await self._past.read(since, position, datetime.now(UTC))

    def forget(self) -> None:
        """Tell everything again at the next poll, because this answer could not be kept."""
        self._reviewed = self._review = None
        self._seen = ()
        self._told.clear()
        self._points.clear()
        self._told_listed = None

    async def charge_point(self, charge_point_id: str) -> ChargePoint | None:
        """Return what the last poll said of a connector, without a request."""
        return self._points.get(charge_point_id)

    async def start(self, charge_point_id: str, card_id: str | None) -> None:
        """Ask for a session; 2xx only means that the network will try.

        The answer may name a session, but that is none until a car takes the offer. One that
        begins shows up at its connector. Raises InvalidInputError, before anything is sent,
        where nothing can be started.
        """
        if not self._is_current:
            raise InvalidInputError("device", "cannot_start")
        place = charger_and_connector(charge_point_id)
        if place is None:
            raise InvalidInputError("device", "unknown_connector")
        await self._api.start(*place)

    async def stop(self, session: Session) -> None:
        """Ask for the end of a session; 2xx only means that the network will try.

        Raises InvalidInputError, before anything is sent, where nothing can be stopped.
        """
        if not self._is_current:
            raise InvalidInputError("device", "cannot_stop")
        await self._api.stop(session.session_id)

    async def withdraw(self, charge_point_id: str) -> bool:
        """Take nothing back: this network ends sessions only."""
        return False

    async def set_mode(self, charge_point_id: str, setting: ModeSetting) -> None:
        """Refuse: this network lets no mode be set."""
        raise InvalidInputError("mode", "mode_not_offered")

    def _is_review_due(self, now: datetime) -> bool:
        """Tell whether it is time for late corrections, and for what nobody looked at."""
        reviewed = self._reviewed
        return reviewed is None or not timedelta() <= now - reviewed < REVIEW_INTERVAL

    def _missing(
        self,
        ids: AbstractSet[str],
        open_sessions: Mapping[str, Session],
        watched: Collection[str],
    ) -> dict[str, Session | None]:
        """Return the sessions that have to be known and that no list holds."""
        return {
            session_id: open_sessions.get(session_id) or self._known_of(session_id)
            for session_id in (*open_sessions, *watched)
            if session_id not in ids
        }

    def _known_of(self, session_id: str) -> Session | None:
        told = self._told.get(session_id)
        return told and told.session

    def _news(
        self,
        lists: Iterable[Iterable[Session]],
        open_sessions: Mapping[str, Session],
    ) -> list[Told]:
        """Return the sessions that are not as they were last told.

        Of several lists that hold a session the first one counts, but one that shows it
        ended counts for more: it has ended, whatever another list says. An end that the
        ledger does not know is told again.
        """
        items: dict[str, Session] = {}
        for session in chain.from_iterable(lists):
            known = items.get(session.session_id)
            if known is None or (known.is_open and not session.is_open):
                items[session.session_id] = session
        connectors = self._chargers.current
        return [
            each
            for each in with_statuses(items.values(), connectors, self._told, open_sessions)
            if self._told.get(each.session.session_id) != each
            or (not each.session.is_open and each.session.session_id in open_sessions)
        ]

    async def _note_units(self, sessions: Iterable[Session]) -> None:
        """Weigh what sessions say about the unit; others get their turn in between."""
        for number, session in enumerate(sessions):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            self._units.note(session)

    def _end_review(self, wanted: Collection[str]) -> None:
        """Forget what was told of sessions that no list will hold again."""
        if self._review is None:
            return
        self._known = self._review.ids | self._since
        kept = self._known.union(wanted)
        self._told = {key: told for key, told in self._told.items() if key in kept}
        self._units.keep(kept)
        self._review = None
