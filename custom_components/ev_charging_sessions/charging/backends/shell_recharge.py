"""Shell Recharge: the sessions of a driver, and remote start and stop.

Source: ``shell-recharge-charging.md`` (the seed) and the vendor's published SDKs.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Set as AbstractSet
from copy import replace
from datetime import UTC, datetime
from http import HTTPStatus
import re
from typing import NamedTuple

import aiohttp
import msgspec

from ..errors import (
    BackendUnavailableError,
    InvalidInputError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from ..model import Account, ChargeCard, ChargePoint, ModeSetting, Session, SessionStatus
from .backend import Answer, Capabilities, Past
from .forgotten import MissingSessions
from .listing import Listing, Split, frame_of, read_listing
from .shell_recharge_locations import Locations, headers_of_call
from .shell_recharge_sign_in import SignIn
from .shell_recharge_wire import decode_items, decode_session, decode_started, error_code
from .transport import Token, Transport

BACKEND = "shell_recharge"
BASE_URL = "https://api.shell.com"
API_VERSIONS = ("v2", "v1")

# ISO 15118 as the vendor narrows it: 18 to 36 characters (chargesession-start-body of v2).
_EVSE_ID = r"[A-Z]{2}\*?[A-Z0-9]{3}\*?E[A-Z0-9][A-Z0-9*]{0,30}"
_EVSE_ID_LENGTH = range(18, 37)
_EMA_ID = r"([A-Z]{2})-?([A-Z0-9]{3})-?(C[A-Z0-9]{8})(?:-?([A-Z0-9]))?"

# Every answer begins with a fresh ``requestId``, in one of two spellings.
_REQUEST_ID = b"equestId"

# The codes of a 404: since SDK 1.1, and in SDK 1.0.0.
_NOT_FOUND = {"E0038", "E0005"}


def checked_evse_id(text: str) -> str:
    """Return an EVSE id in its canonical spelling (``NL*TNM*E02003451*0``).

    Raises InvalidInputError when it cannot be one that Shell accepts.
    """
    evse_id = text.strip().upper()
    if not re.fullmatch(_EVSE_ID, evse_id) or len(evse_id) not in _EVSE_ID_LENGTH:
        raise InvalidInputError("evse_id", "invalid_evse_id")
    return evse_id


def checked_ema_id(text: str) -> str:
    """Return an EMA-ID in its canonical spelling (``NL-TNM-C00122045-K``).

    The hyphens and the check character at its end may be missing. Raises InvalidInputError
    when it cannot be one.
    """
    match = re.fullmatch(_EMA_ID, text.strip().upper())
    if match is None:
        raise InvalidInputError("ema_id", "invalid_ema_id")
    return "-".join(filter(None, match.groups()))


class _Retrieved(NamedTuple):
    """One answer of ``retrieve``: its bytes, and what they mean."""

    raw: bytes
    session: Session


class ShellRecharge:
    """The account of a driver, or of a company for its drivers, at Shell Recharge.

    The API knows no energy and no price of a session, so neither is ever reported.
    """

    capabilities = Capabilities(
        start=True, stop=True, look_up=True, cards=True, needs_card=True, past=True
    )

    def __init__(
        self,
        session: aiohttp.ClientSession,
        account: Account,
        *,
        client_id: str,
        client_secret: str,
        cards: tuple[ChargeCard, ...],
        base_url: str = BASE_URL,
        api_version: str = "v2",
    ) -> None:
        """Prepare without sending anything; the first card is the default one."""
        self.cards = cards
        self._account = account
        self._api = f"ev/{api_version}"
        is_first_generation = api_version == "v1"
        self._sign_in = SignIn(client_id, client_secret, is_first_generation=is_first_generation)
        self._transport = Transport(
            session,
            base_url,
            fetch_token=self._fetch_token,
            error_code=error_code,
        )
        self.answers = self._transport.answers
        self._seen: dict[str, Listing[Session]] = {}
        self._retrieved: dict[str, _Retrieved] = {}
        self._turns = [card.identifier for card in cards]
        self._compared: tuple[Mapping[str, Session], list[AbstractSet[str]], set[str]] | None = None
        self._missing = MissingSessions()
        # The SDKs from 1.3 on, and live installations, use the first path of v1; older SDKs
        # use the other one.
        paths = [f"{self._api}/locations"]
        if is_first_generation:
            paths.append("locations/v1/ev")
        self._locations = Locations(self._transport, paths)

    async def verify(self) -> None:
        """Sign in and read the active sessions of the default card."""
        await self._listing(self.cards[0].identifier)

    async def poll(
        self,
        open_sessions: Mapping[str, Session],
        *,
        watched: Collection[str] = (),
        cards: Collection[str] = (),
    ) -> Answer:
        """Read ``active`` of the cards that are due, then look up what it does not tell.

        A session that ``active`` no longer holds is not over: ``retrieve`` says how it
        ended, also when that was while nobody was looking. A request that the network
        refuses for one session, or for one card other than the first, is noted as
        unreadable and hides nothing else.
        """
        due = self._due_cards(open_sessions, cards)
        listings = await self._listings(due)
        unreadable = [
            path for listing in (self._seen | listings).values() for path in listing.unreadable
        ]
        sessions = [
            session
            for card_id, listing in listings.items()
            if listing is not self._seen.get(card_id)
            for session in listing.changed
        ]
        unlisted = self._unlisted(open_sessions, listings.values())
        retrieved: dict[str, _Retrieved] = {}
        for session_id in unlisted.union(watched):
            known = open_sessions.get(session_id)
            try:
                found = await self._retrieve(session_id, known)
            except UnexpectedAnswerError as err:
                unreadable.append(err.path)
                continue
            except RequestRejectedError as err:
                unreadable.append(f"retrieve: {err.code}")
                continue
            if found is not None:
                retrieved[session_id] = found
            elif known is not None and session_id in unlisted:
                sessions += self._missing.note(known)
        sessions += [
            found.session
            for session_id, found in retrieved.items()
            if found is not self._retrieved.get(session_id)
        ]
        # Only a poll that came through to here may count as seen.
        self._seen.update(listings)
        self._retrieved = retrieved
        self._turns = [card for card in self._turns if card not in due] + due
        self._missing.keep(unlisted - retrieved.keys())
        return Answer(sessions=tuple(sessions), unreadable=tuple(unreadable))

    async def read_past(
        self, since: datetime, position: str | None, unended: Mapping[str, Session]
    ) -> Past:
        """Ask once more about a session whose end nobody knows.

        The network lists only what runs, so of its past there is nothing else to read. The
        position is the id of the session before.
        """
        waiting = sorted(each for each in unended if position is None or each > position)
        if not waiting:
            return Past(progress=1.0)
        session_id, *others = waiting
        unreadable = []
        found = None
        try:
            found = await self._retrieve(session_id, unended[session_id], is_patient=True)
        except UnexpectedAnswerError as err:
            unreadable.append(err.path)
        except RequestRejectedError as err:
            unreadable.append(f"retrieve: {err.code}")
        return Past(
            sessions=(found.session,) if found else (),
            unreadable=tuple(unreadable),
            position=session_id if others else None,
            progress=1 - len(others) / len(unended),
        )

    def forget(self) -> None:
        """Take nothing as seen, because the last answer could not be kept."""
        self._seen.clear()
        self._retrieved.clear()

    async def charge_point(self, charge_point_id: str) -> ChargePoint | None:
        """Look up an EVSE: one request, and one more the first time."""
        return await self._locations.charge_point(charge_point_id, self.cards[0].identifier)

    async def start(self, charge_point_id: str, card_id: str | None) -> Session:
        """Ask for a session; 2xx only means that the network will try."""
        card_id = card_id or self.cards[0].identifier
        session_id = await self._post(
            "charge-session/start",
            {},
            decode_started,
            {"evChargeNumber": card_id, "evseId": charge_point_id},
        )
        if session_id is None:
            # Accepted, but nobody knows as what: it will show up in ``active``.
            raise BackendUnavailableError("no session id in the answer")
        return Session(
            account=self._account,
            session_id=session_id,
            charge_point_id=charge_point_id,
            card_id=card_id,
            status=SessionStatus.STARTING,
        )

    async def stop(self, session: Session) -> None:
        """Ask for the end of a session; 2xx only means that the network will try."""
        params = {"sessionId": session.session_id}
        await self._post("charge-session/stop", params, decode_items)

    async def withdraw(self, charge_point_id: str) -> bool:
        """Take nothing back: this network ends sessions only."""
        return False

    async def set_mode(self, charge_point_id: str, setting: ModeSetting) -> None:
        """Refuse: this network lets no mode be set."""
        raise InvalidInputError("mode", "mode_not_offered")

    def _due_cards(
        self, open_sessions: Mapping[str, Session], wanted: Collection[str]
    ) -> list[str]:
        """Return the cards that may have news, and in turn one of the others.

        So a second card does not double the requests of a driver who is not charging.
        """
        unlisted = self._unlisted(open_sessions, self._seen.values())
        in_use = {open_sessions[session_id].card_id for session_id in unlisted}.union(wanted)
        due: list[str] = []
        idle: list[str] = []
        for card in self._turns:
            seen = self._seen.get(card)
            (due if seen is None or seen.ids or card in in_use else idle).append(card)
        return due + idle[:1]

    def _unlisted(
        self, open_sessions: Mapping[str, Session], listings: Iterable[Listing[Session]]
    ) -> set[str]:
        """Return the ids of the open sessions that no listing holds.

        Most polls ask this of the same objects as the one before.
        """
        ids = [listing.ids for listing in listings]
        if self._compared is not None:
            known_sessions, known_ids, unlisted = self._compared
            if known_sessions is open_sessions and known_ids == ids:
                return unlisted
        unlisted = set(open_sessions).difference(*ids)
        self._compared = (open_sessions, ids, unlisted)
        return unlisted

    async def _listings(self, due: Collection[str]) -> dict[str, Listing[Session]]:
        """Return what ``active`` lists for each card."""
        listings: dict[str, Listing[Session]] = {}
        for card_id in due:
            try:
                listings[card_id] = await self._listing(card_id)
            except RequestRejectedError as err:
                if card_id == self.cards[0].identifier:
                    raise
                listings[card_id] = Listing(unreadable=[f"active: {err.code}"])
        return listings

    async def _listing(self, card_id: str) -> Listing[Session]:
        """Return what ``active`` lists; the object seen last when nothing has changed."""
        known: Listing[Session] = self._seen.get(card_id) or Listing()

        def decode(text: bytes) -> Session:
            session = decode_session(text, self._account, _now())
            # It is this card's list, however the answer spells the card.
            return replace(session, card_id=card_id)

        def split(body: bytes) -> Split:
            if known.is_told_again_by(body):
                return known.raw, known.frame
            return decode_items(body), frame_of(body, _REQUEST_ID)

        nothing: Split = (), None
        params = {"emaId": card_id}
        items, frame = await self._get_or("charge-session/active", params, split, nothing)
        return await read_listing(items, known, decode, frame)

    async def _retrieve(
        self, session_id: str, known: Session | None, *, is_patient: bool = False
    ) -> _Retrieved | None:
        """Return a session and its bytes; the same object as last time if nothing changed."""
        before = self._retrieved.get(session_id)
        params = {"sessionId": session_id}
        nothing: list[msgspec.Raw] = []
        path = "charge-session/retrieve"
        for raw in await self._get_or(path, params, decode_items, nothing, is_patient=is_patient):
            text = bytes(raw)
            if before is not None and before.raw == text:
                return before
            session = decode_session(text, self._account, _now())
            if session.session_id != session_id:
                raise UnexpectedAnswerError("data[].id")
            card_id = known.card_id if known and known.card_id else session.card_id
            return _Retrieved(text, replace(session, card_id=card_id))
        return None

    async def _get_or[T](
        self,
        path: str,
        params: dict[str, str],
        decode: Callable[[bytes], T],
        nothing: T,
        *,
        is_patient: bool = False,
    ) -> T:
        """Read what the network may not know: a 404 with its code for that is ``nothing``.

        Any other 404 comes from a wrong address, where silence would pass for an answer.
        """
        try:
            return await self._transport.get(
                f"{self._api}/{path}",
                params,
                headers_of_call,
                decode,
                kind=path,
                is_patient=is_patient,
            )
        except RequestRejectedError as err:
            if err.status != HTTPStatus.NOT_FOUND or err.code not in _NOT_FOUND:
                raise
        return nothing

    async def _post[T](
        self,
        path: str,
        params: dict[str, str],
        decode: Callable[[bytes], T],
        body: dict[str, str] | None = None,
    ) -> T:
        return await self._transport.command(
            "POST", f"{self._api}/{path}", params, headers_of_call, decode, body, kind=path
        )

    async def _fetch_token(self) -> Token:
        return await self._sign_in.token(self._transport)


def _now() -> datetime:
    return datetime.now(UTC)
