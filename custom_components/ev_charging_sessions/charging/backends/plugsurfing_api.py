"""The calls of ours at PlugSurfing."""

from http import HTTPStatus

import aiohttp

from ..errors import AuthenticationError, RequestRejectedError
from ..model import ChargePointStatus, Session
from .plugsurfing_codes import ResultCode, is_refused_key, is_success, is_temporary, name_of
from .plugsurfing_wire import (
    Outcome,
    StationPost,
    decode_answer,
    encode_card,
    encode_session,
    encode_station,
    encode_status,
)
from .transport import Token, Transport

_PATH = "api/v4/request"

# A number that no card has: whatever is said of it, the key was good enough to ask.
_NOBODYS_CARD = "00000000000000"

# What is refused because of the driver or the charge point that a call speaks of.
_ABOUT_SOMETHING = range(ResultCode.NOT_AUTHENTICATED, ResultCode.CLIENT_ERROR)

# What these mean when the code beside them says nothing more: 401 is also for drivers.
_REFUSED_KEY = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_GENERAL = frozenset({ResultCode.NETWORK_ERROR, ResultCode.CLIENT_ERROR})


class Api:
    """Speaks with the network for one partner.

    Every method raises what ``Transport.send`` raises, AuthenticationError when the key is
    refused, BackendUnavailableError also for a code that means later and for what is no
    answer, and RequestRejectedError, with the network's code, for a refusal for good.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        base_url: str,
        api_key: str,
        partner_identifier: str,
    ) -> None:
        """Prepare without sending anything."""
        self._transport = Transport(
            session, base_url, fetch_token=_no_token, error_code=lambda _body: None
        )
        self.answers = self._transport.answers
        self._partner_identifier = partner_identifier
        # The server takes no other spelling of these, not even one with a charset.
        self._headers = {"Authorization": f"key={api_key}", "Content-Type": "application/json"}

    async def verify(self) -> None:
        """Make sure that the key works, by asking about a card that nobody has."""
        try:
            await self.verify_card(_NOBODYS_CARD)
        except RequestRejectedError as err:
            if int(err.code) not in _ABOUT_SOMETHING:
                raise

    async def post_session(self, session: Session, connector_id: str) -> int:
        """Post how a session stands, and return the code of success.

        Raises InvalidInputError, before anything is sent, for a session that cannot be
        posted: ``no_card``, ``no_start`` or ``no_end``.
        """
        body = encode_session(session, connector_id, self._partner_identifier)
        return (await self._call("session-post", body)).code

    async def post_status(self, connector_id: str, status: ChargePointStatus | None) -> None:
        """Post the status of a connector; ``None`` is one that is not known."""
        body = encode_status(connector_id, status, self._partner_identifier)
        await self._call("connector-post-status", body)

    async def verify_card(self, card_id: str) -> str | None:
        """Return the EVCO id that an RFID card belongs to; ``None`` if that is not told.

        Raises RequestRejectedError for a card that may not charge: with the code 191 it is
        unknown, with 192 locked, with 193 it has nothing to pay with.
        """
        outcome = await self._call("rfid-verify", encode_card(card_id), is_command=True)
        return outcome.evco_id

    async def post_station(self, station: StationPost) -> None:
        """Post what the network shall know of a station."""
        await self._call("station-post", encode_station(station, self._partner_identifier))

    async def _call(self, name: str, body: bytes, *, is_command: bool = False) -> Outcome:
        """Make a call; only what somebody waits for may use the requests kept for commands."""
        answer = await self._transport.send(
            "POST",
            _PATH,
            headers=lambda: self._headers,
            body=body,
            kind=name,
            is_command=is_command,
        )
        outcome = decode_answer(answer.body)
        if answer.status in _REFUSED_KEY and (outcome is None or _is_vague(outcome.code)):
            self._transport.succeeded()
            raise AuthenticationError(f"HTTP {answer.status}")
        if outcome is None:
            raise self._transport.unavailable("no result in the answer", answer.retry_after)
        trouble = _trouble(answer.status, outcome.code)
        if trouble is not None:
            raise self._transport.unavailable(trouble, answer.retry_after)
        self._transport.succeeded()
        if is_success(outcome.code):
            return outcome
        if is_refused_key(outcome.code):
            raise AuthenticationError(name_of(outcome.code))
        raise RequestRejectedError(str(outcome.code), status=answer.status)


def _is_vague(code: int) -> bool:
    """Tell whether a code says no more of a refusal than its HTTP status does."""
    return is_success(code) or code in _GENERAL


def _trouble(status: int, code: int) -> str | None:
    """Return why a call has to be made again later, if it has to."""
    if is_temporary(code):
        return name_of(code)
    # A success that HTTP denies is not to be relied on.
    if status == HTTPStatus.REQUEST_TIMEOUT or (
        status >= HTTPStatus.BAD_REQUEST and is_success(code)
    ):
        return f"HTTP {status}"
    return None


async def _no_token() -> Token:
    """Refuse: no request of this network needs a token."""
    raise AuthenticationError("There is no token")
