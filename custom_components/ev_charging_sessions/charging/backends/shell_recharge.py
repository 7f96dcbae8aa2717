"""Shell Recharge: the sessions of a driver, and remote start and stop.

Source: ``shell-recharge-charging.md`` (the seed) and the vendor's published SDKs.
"""

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
import re
import time
import uuid

import aiohttp
import msgspec

from ..errors import (
    AuthenticationError,
    BackendUnavailableError,
    InvalidInputError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from ..model import Account, ChargeCard, ChargePoint, Session, SessionStatus
from .backend import Answer, Capabilities
from .shell_recharge_wire import (
    charge_point,
    decode_items,
    decode_location,
    decode_session,
    decode_started,
    decode_token,
    error_code,
)
from .transport import HttpAnswer, Token, Transport

BACKEND = "shell_recharge"
BASE_URL = "https://api.shell.com"
API_VERSIONS = ("v2", "v1")

# A session that neither ``active`` nor ``retrieve`` has known for this long is over. Less
# would mistake an outage of the look-up for the end of a session.
FORGOTTEN_AFTER = 3600.0

# What RFC 6749 calls the errors that only other credentials can mend.
_WRONG_CREDENTIALS = {"invalid_client", "invalid_grant", "unauthorized_client"}

# ISO 15118 as the vendor narrows it: 18 to 36 characters (chargesession-start-body of v2).
_EVSE_ID = re.compile(r"[A-Z]{2}\*?[A-Z0-9]{3}\*?E[A-Z0-9][A-Z0-9*]{0,30}")
_EVSE_ID_LENGTH = range(18, 37)
_EMA_ID = re.compile(r"[A-Z]{2}-?[A-Z0-9]{3}-?C[A-Z0-9]{8}(-?[A-Z0-9])?")


def checked_evse_id(text: str) -> str:
    """Return an EVSE id in its canonical spelling (``NL*TNM*E02003451*0``).

    Raises InvalidInputError when it cannot be one that Shell accepts.
    """
    evse_id = text.strip().upper()
    if not _EVSE_ID.fullmatch(evse_id) or len(evse_id) not in _EVSE_ID_LENGTH:
        raise InvalidInputError("evse_id", "invalid_evse_id")
    return evse_id


def checked_ema_id(text: str) -> str:
    """Return an EMA-ID in its canonical spelling (``NL-TNM-C00122045-K``).

    Raises InvalidInputError when it cannot be one.
    """
    ema_id = text.strip().upper()
    if not _EMA_ID.fullmatch(ema_id):
        raise InvalidInputError("ema_id", "invalid_ema_id")
    return ema_id


@dataclass(slots=True, eq=False)
class _Listing:
    """One answer of ``active``: its bytes without the request id, and what they mean."""

    head: bytes
    tail: bytes
    length: int
    raw: dict[bytes, Session] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    unreadable: list[str] = field(default_factory=list)

    def is_told_again_by(self, body: bytes) -> bool:
        """Tell whether an answer differs from this one in its ``requestId`` at most."""
        return len(body) == self.length and body.startswith(self.head) and body.endswith(self.tail)

    def changed_since(self, known: _Listing | None) -> list[Session]:
        """Return the sessions whose bytes the listing before did not have."""
        if known is None:
            return list(self.raw.values())
        if known is self:
            return []
        return [session for text, session in self.raw.items() if text not in known.raw]


class ShellRecharge:
    """The account of a driver, or of a company for its drivers, at Shell Recharge.

    The API knows no energy and no price of a session, so neither is ever reported.
    """

    capabilities = Capabilities(start=True, stop=True)

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
        self._client_id = client_id
        self._client_secret = client_secret
        self._api = f"ev/{api_version}"
        self._is_first_generation = api_version == "v1"
        self._transport = Transport(
            session,
            base_url,
            fetch_token=self._fetch_token,
            error_code=error_code,
        )
        self._seen: dict[str, _Listing] = {}
        self._turns = [card.identifier for card in cards]
        self._compared: tuple[Mapping[str, Session], tuple[_Listing, ...], set[str]] | None = None
        self._missing_since: dict[str, float] = {}
        self._locations: dict[str, str] = {}
        self._signs_in_with_basic = False
        self._token_paths = deque(["v2/oauth/token"])
        if self._is_first_generation:
            # The seed's paths go with this one; live installations of v1 use the other.
            self._token_paths.appendleft("v1/oauth/token")

    async def verify(self) -> None:
        """Sign in and read the active sessions of the default card."""
        self._items(await self._active(self.cards[0].identifier))

    async def poll(
        self,
        open_sessions: Mapping[str, Session],
        *,
        watched: Collection[str] = (),
        cards: Collection[str] = (),
    ) -> Answer:
        """Read ``active`` of the cards that are due, then look up what it does not tell.

        A session that ``active`` no longer holds is not over: ``retrieve`` says how it
        ended, also when that was while nobody was looking.
        """
        sessions: list[Session] = []
        unreadable: list[str] = []
        listings: dict[str, _Listing] = {}
        for card_id in self._due_cards(open_sessions, cards):
            listing = listings[card_id] = await self._listing(card_id)
            unreadable += listing.unreadable
            sessions += listing.changed_since(self._seen.get(card_id))
        unlisted = self._unlisted(open_sessions, tuple(listings.values()))
        for session_id in self._missing_since.keys() - unlisted:
            del self._missing_since[session_id]
        for session_id in unlisted.union(watched):
            try:
                found = await self._retrieve(session_id)
            except UnexpectedAnswerError as err:
                unreadable.append(err.path)
                continue
            if found is None and session_id in unlisted:
                found = self._forgotten(open_sessions[session_id])
            if found is not None:
                sessions.append(found)
        # Only a poll that came through to here may count as seen.
        self._seen.update(listings)
        return Answer(sessions=tuple(sessions), unreadable=tuple(unreadable))

    def forget(self) -> None:
        """Take nothing as seen, because the last answer could not be kept."""
        self._seen.clear()

    async def charge_point(self, charge_point_id: str) -> ChargePoint | None:
        """Look up an EVSE: one request, and one more the first time."""
        uid = self._locations.get(charge_point_id)
        if uid is None:
            body = await self._get(
                "locations", {"evseId": charge_point_id, "pageNumber": "1", "perPage": "1"}
            )
            for raw in self._items(body):
                uid = str(decode_location(raw).uid)
                break
            else:
                return None
        provider = _provider_of(self.cards[0].identifier)
        try:
            body = await self._get(f"locations/{uid}", {"providerId": provider})
        except RequestRejectedError as err:
            if err.status != HTTPStatus.NOT_FOUND:
                raise
            self._locations.pop(charge_point_id, None)
            return None
        self._locations[charge_point_id] = uid
        for raw in self._items(body):
            return charge_point(decode_location(raw), charge_point_id, self._now())
        return None

    async def start(self, charge_point_id: str, card_id: str) -> Session:
        """Ask for a session; 2xx only means that the network will try."""
        body = await self._post(
            "charge-session/start",
            {},
            {"evChargeNumber": card_id, "evseId": charge_point_id},
        )
        session_id = self._decoded(decode_started, body)
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
        body = await self._post("charge-session/stop", {"sessionId": session.session_id}, None)
        self._items(body)

    def _due_cards(
        self, open_sessions: Mapping[str, Session], wanted: Collection[str]
    ) -> list[str]:
        """Return the cards that may have news, and in turn one of the others.

        So a second card does not double the requests of a driver who is not charging.
        """
        unlisted = self._unlisted(open_sessions, tuple(self._seen.values()))
        in_use = {open_sessions[session_id].card_id for session_id in unlisted}.union(wanted)
        due: list[str] = []
        idle: list[str] = []
        for card in self._turns:
            seen = self._seen.get(card)
            (due if seen is None or seen.ids or card in in_use else idle).append(card)
        if idle:
            due.append(idle[0])
            self._turns.remove(idle[0])
            self._turns.append(idle[0])
        return due

    def _unlisted(
        self, open_sessions: Mapping[str, Session], listings: tuple[_Listing, ...]
    ) -> set[str]:
        """Return the ids of the open sessions that no listing holds.

        Polls that bring nothing new ask this of the same objects again and again.
        """
        if self._compared is not None:
            known_sessions, known_listings, unlisted = self._compared
            if known_sessions is open_sessions and known_listings == listings:
                return unlisted
        listed = set().union(*(listing.ids for listing in listings))
        unlisted = open_sessions.keys() - listed
        self._compared = (open_sessions, listings, unlisted)
        return unlisted

    async def _listing(self, card_id: str) -> _Listing:
        body = await self._active(card_id)
        known = self._seen.get(card_id)
        # Compared where it lies: a copy of a long answer would cost as much as reading it.
        if known is not None and known.is_told_again_by(body):
            return known
        return self._read_listing(card_id, body, known)

    def _read_listing(self, card_id: str, body: bytes, known: _Listing | None) -> _Listing:
        """Decode only the sessions whose bytes the last answer did not have."""
        listing = _Listing(*_around_request_id(body), len(body))
        now = self._now()
        for raw in self._items(body):
            text = bytes(raw)
            session = known.raw.get(text) if known else None
            if session is None:
                try:
                    session = decode_session(text, self._account, now)
                except UnexpectedAnswerError as err:
                    listing.unreadable.append(err.path)
                    continue
                if session.card_id is None:
                    session = replace(session, card_id=card_id)
            listing.raw[text] = session
            listing.ids.add(session.session_id)
        return listing

    async def _active(self, card_id: str) -> bytes:
        try:
            return await self._get("charge-session/active", {"emaId": card_id})
        except RequestRejectedError as err:
            # The first generation says 404 for "none"; later ones mean a wrong address.
            if self._is_first_generation and err.status == HTTPStatus.NOT_FOUND:
                return b'{"data":[]}'
            raise

    async def _retrieve(self, session_id: str) -> Session | None:
        try:
            body = await self._get("charge-session/retrieve", {"sessionId": session_id})
        except RequestRejectedError as err:
            if err.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        for raw in self._items(body):
            self._missing_since.pop(session_id, None)
            return decode_session(raw, self._account, self._now())
        return None

    def _forgotten(self, session: Session) -> Session | None:
        """Return the end of a session that nobody has known for long enough."""
        now = time.monotonic()
        since = self._missing_since.setdefault(session.session_id, now)
        if now - since < FORGOTTEN_AFTER:
            return None
        has_run = session.status is not SessionStatus.STARTING
        return Session(
            account=session.account,
            session_id=session.session_id,
            status=SessionStatus.FINISHED if has_run else SessionStatus.FAILED,
            stop_reason="not_found",
        )

    def _items(self, body: bytes) -> list[msgspec.Raw]:
        return self._decoded(decode_items, body)

    def _decoded[T](self, decode: Callable[[bytes], T], body: bytes) -> T:
        """Decode a body; what is not JSON at all means that the backend is not itself."""
        try:
            return decode(body)
        except msgspec.DecodeError:
            raise self._transport.unreadable() from None

    async def _get(self, path: str, params: dict[str, str]) -> bytes:
        return await self._transport.get(f"{self._api}/{path}", params, _headers)

    async def _post(self, path: str, params: dict[str, str], body: dict[str, str] | None) -> bytes:
        return await self._transport.post(f"{self._api}/{path}", params, _headers, body)

    async def _fetch_token(self) -> Token:
        """Sign in the way the guides say, and the way the SDK does when that is refused."""
        for _ in range(2 * len(self._token_paths)):
            answer = await self._request_token()
            if answer.status == HTTPStatus.OK:
                return self._decoded(decode_token, answer.body)
            if answer.status == HTTPStatus.NOT_FOUND and len(self._token_paths) > 1:
                self._token_paths.rotate()
            elif error_code(answer.body) in _WRONG_CREDENTIALS or answer.status == 401:
                self._signs_in_with_basic = not self._signs_in_with_basic
            else:
                break
        code = error_code(answer.body)
        if code in _WRONG_CREDENTIALS or answer.status == HTTPStatus.UNAUTHORIZED:
            msg = "The client id or secret was refused"
            raise AuthenticationError(msg)
        raise RequestRejectedError(code or f"HTTP {answer.status}", status=answer.status)

    async def _request_token(self) -> HttpAnswer:
        form = {"grant_type": "client_credentials"}
        path = self._token_paths[0]
        if self._signs_in_with_basic:
            auth = aiohttp.BasicAuth(self._client_id, self._client_secret)
            return await self._transport.send("POST", path, form=form, auth=auth)
        form |= {"client_id": self._client_id, "client_secret": self._client_secret}
        return await self._transport.send("POST", path, form=form)

    @staticmethod
    def _now() -> datetime:
        return datetime.now(UTC)


def _headers() -> dict[str, str]:
    """Return the headers of one call; the vendor wants a new RequestId for each."""
    return {"Accept": "application/json", "RequestId": str(uuid.uuid4())}


def _provider_of(ema_id: str) -> str:
    """Return the driver's provider (``NL-TNM``), without which no tariff is told."""
    bare = ema_id.replace("-", "")
    return f"{bare[:2]}-{bare[2:5]}"


def _around_request_id(body: bytes) -> tuple[bytes, bytes]:
    """Return what stands before and after the ``requestId``, which is new in every answer."""
    key = body.find(b'equestId"', 0, 200)
    if key < 0:
        return body, b""
    begin = body.find(b'"', key + len(b'equestId"')) + 1
    return body[:begin], body[body.find(b'"', begin) :]
