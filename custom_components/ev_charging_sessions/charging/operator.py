"""What an operator does when the network calls: every call gets an answer, and its due."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from copy import replace
from datetime import UTC, datetime, timedelta
import logging

from .backends.plugsurfing import PlugSurfing, is_measured
from .backends.plugsurfing_calls import (
    Call,
    CallError,
    CancelReservation,
    PostCards,
    PostSession,
    Reply,
    Reserve,
    Start,
    Stop,
    decode_call,
    reply,
)
from .backends.plugsurfing_codes import ResultCode
from .command_runs import Outcome
from .commands import Commands
from .connector import Authorization
from .errors import (
    AuthenticationError,
    BackendError,
    ChargingError,
    ConnectorBusyError,
    LedgerError,
    RequestRejectedError,
    SwitchFailedError,
)
from .ledger import Ledger
from .model import Account, CardType, Session, SessionStatus

_LOGGER = logging.getLogger(__name__)

# The network waits for half a minute, and an answer must still find its way back.
ANSWER_WITHIN = 20.0
# Whoever was told to plug in gets this long; a connector gives up by itself after that.
PLUG_IN_WITHIN = 300.0
# A list of cards is worth a thread of its own, any other call is not.
_DECODED_AT_ONCE = 16_384
# The same start so soon after its session was stopped is a repeat that has lost its way.
REPEATED_WITHIN = timedelta(seconds=60)


class Operator:
    """Answers the calls of the network for one account.

    ``keep`` takes a session into the ledger, ``on_refused_key`` hears that the network does
    not take our key when it is asked about a card. All the methods of the network may be repeated
    by it when an answer is lost, so the second of two same calls changes nothing.
    """

    def __init__(
        self,
        account: Account,
        backend: PlugSurfing,
        commands: Commands,
        ledger: Ledger,
        *,
        partner_identifier: str,
        keep: Callable[[Session], Awaitable[None]],
        on_refused_key: Callable[[], None],
    ) -> None:
        """Wire up; nothing happens before the first call."""
        self._on_refused_key = on_refused_key
        self._account = account
        self._backend = backend
        self._commands = commands
        self._ledger = ledger
        self._partner_identifier = partner_identifier
        self._keep = keep
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._has_warned = False
        self._is_troubled = False

    async def answer(self, body: bytes) -> Reply:
        """Do what a call asks for, and return the answer to it, whatever the call is."""
        try:
            is_long = len(body) > _DECODED_AT_ONCE
            call = await asyncio.to_thread(decode_call, body) if is_long else decode_call(body)
        except CallError as err:
            self._backend.answers.keep(f"call {err.call_name or 'that nobody knows'}", body)
            return reply(err.call_name, err.code, err.message)
        self._backend.answers.keep(f"call {call.call_name}", body)
        try:
            answer = await self._do(call)
        except LedgerError as err:
            if not self._is_troubled:
                _LOGGER.warning("Calls of the network cannot be answered now: %s", err)
            self._is_troubled = True
        except Exception:
            # A boundary: a call must be answered, whatever an answer stumbles over.
            _LOGGER.exception("A call of the network could not be answered")
        else:
            if self._is_troubled:
                _LOGGER.info("Calls of the network are answered again")
            self._is_troubled = False
            return answer
        return reply(call.call_name, ResultCode.OPERATOR_ERROR, status=503)

    async def _do(self, call: Call) -> Reply:
        match call:
            case Start():
                return await self._at_connector(call, self._start)
            case Stop():
                return await self._at_connector(call, self._stop)
            case PostCards():
                return await self._take_cards(call)
            case PostSession():
                return await self._take_session(call)
            case Reserve() | CancelReservation():
                return reply(None, ResultCode.RESERVATION_NOT_SUPPORTED)

    async def _at_connector[CallT: Start | Stop](
        self, call: CallT, act: Callable[[CallT, str], Awaitable[Reply]]
    ) -> Reply:
        """Act on a connector of ours, one call after the other."""
        connector_id = self._backend.connector_id_of(call.connector_id)
        if connector_id is None:
            return reply(None, ResultCode.EVSE_NOT_FOUND)
        async with self._turns[connector_id]:
            return await act(call, connector_id)

    async def _start(self, call: Start, connector_id: str) -> Reply:
        if call.payment_reference and (
            session := await self._ledger.session_of_reference(
                self._account, call.payment_reference
            )
        ):
            if (session.card_id, session.charge_point_id) != (call.card_id, connector_id):
                # An order is one driver's, at one connector.
                return reply("session-start", ResultCode.CLIENT_ERROR)
            return self._repeated(session, connector_id)
        session = self._backend.connectors[connector_id].session
        if session and session.is_open:
            if session.card_id == call.card_id:
                return self._repeated(session, connector_id)
            return reply("session-start", ResultCode.EVSE_IN_USE)
        if session and _has_just_ended(session) and _is_repeat(call, session):
            return reply("session-start", ResultCode.EVSE_IN_USE)
        if refusal := await self._refusal(call):
            return reply("session-start", refusal)
        return await self._carry_out(call, connector_id)

    def _repeated(self, session: Session, connector_id: str) -> Reply:
        """Answer a call again whose answer was lost, with what has come of it since."""
        if session.status is SessionStatus.FAILED:
            return _failed(session)
        if session.status is SessionStatus.STARTING and self._backend.is_unclear(connector_id):
            return reply("session-start", ResultCode.EVSE_TIMEOUT)
        return _started(session)

    async def _refusal(self, call: Start) -> ResultCode | None:
        """Return why a driver may not charge here, ``None`` for one who may.

        The network calls only for drivers of its own, whom it knows by their contract. A
        card it has to vouch for, in advance or now. Nobody here can check a password.
        """
        if call.card_type is CardType.EVCO_ID:
            return None
        if call.card_type is not CardType.RFID:
            return ResultCode.NOT_AUTHENTICATED
        if any(card.identifier == call.card_id for card in self._backend.cards):
            return None
        if await self._ledger.knows_card(self._account, call.card_id):
            return None
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await self._backend.api.verify_card(call.card_id)
        except RequestRejectedError:
            return ResultCode.NOT_AUTHENTICATED
        except AuthenticationError:
            self._on_refused_key()
            return ResultCode.OPERATOR_ERROR
        except BackendError, TimeoutError:
            return ResultCode.OPERATOR_TIMEOUT
        return None

    async def _carry_out(self, call: Start, connector_id: str) -> Reply:
        authorization = Authorization(
            card_id=call.card_id,
            card_type=call.card_type,
            payment_reference=call.payment_reference,
        )
        started = self._backend.order(connector_id, authorization)
        command = asyncio.ensure_future(
            self._commands.start(connector_id, call.card_id, PLUG_IN_WITHIN)
        )

        def give_up(_: object) -> None:
            started.cancel()
            self._backend.forget_order(connector_id, started)

        # A car may be plugged in minutes from now; what became of that tell the posts.
        command.add_done_callback(_forget)
        command.add_done_callback(give_up)
        await asyncio.wait({started}, timeout=ANSWER_WITHIN)
        if not started.done():
            # Whoever is told so must not find a car charging on his account later.
            started.cancel()
            return reply("session-start", ResultCode.EVSE_TIMEOUT)
        return _outcome(command, call) if started.cancelled() else _started(started.result())

    async def _stop(self, call: Stop, connector_id: str) -> Reply:
        session = self._backend.connectors[connector_id].session
        if call.session_id and (session is None or session.session_id != call.session_id):
            known = await self._ledger.session(self._account, call.session_id)
            is_over = known is not None and not known.is_open
            return reply(
                "session-stop", ResultCode.SUCCESS if is_over else ResultCode.SESSION_NOT_FOUND
            )
        if session is None:
            return reply("session-stop", ResultCode.SESSION_NOT_FOUND)
        if not _may_stop(call, session):
            return reply("session-stop", ResultCode.NOT_AUTHENTICATED)
        if session.is_open:
            try:
                async with asyncio.timeout(ANSWER_WITHIN):
                    await self._commands.stop(session, ANSWER_WITHIN)
            except TimeoutError:
                return reply("session-stop", ResultCode.EVSE_TIMEOUT)
            except ChargingError as err:
                return reply("session-stop", _code_of(err))
        return reply("session-stop", ResultCode.SUCCESS)

    async def _take_cards(self, call: PostCards) -> Reply:
        if call.partner_identifier != self._partner_identifier:
            return self._other_partner()
        new = await self._ledger.use_cards(self._account, call.cards)
        return reply("rfid-post", ResultCode.SUCCESS, processed=new)

    async def _take_session(self, call: PostSession) -> Reply:
        if call.partner_identifier != self._partner_identifier:
            return self._other_partner()
        session = call.session(self._account)
        known = await self._ledger.session(self._account, session.session_id)
        is_ours = known is not None and is_measured(known)
        if is_ours or self._backend.connector_id_of(call.connector_id):
            # What happens at our own connectors we measure ourselves.
            return reply("session-post", ResultCode.CLIENT_ERROR)
        await self._keep(replace(session, updated=datetime.now(UTC)))
        return reply("session-post", ResultCode.SUCCESS)

    def _other_partner(self) -> Reply:
        if not self._has_warned:
            _LOGGER.warning("A call came with another partner identifier than the account's")
        self._has_warned = True
        return reply(None, ResultCode.INVALID_PARTNER_IDENTIFIER)


def _started(session: Session) -> Reply:
    is_waiting = session.status is SessionStatus.STARTING
    return reply(
        "session-start",
        ResultCode.AUTHORIZED_PLUG_IN_NOW if is_waiting else ResultCode.SUCCESS,
        session_id=session.session_id,
        is_stoppable=True,
    )


def _failed(session: Session) -> Reply:
    is_late = session.error_code == SwitchFailedError(is_timeout=True).key
    return reply("session-start", ResultCode.EVSE_TIMEOUT if is_late else ResultCode.EVSE_ERROR)


def _outcome(command: asyncio.Future[Outcome[Session]], call: Start) -> Reply:
    """Return what a start has come to."""
    try:
        session = command.result().session
    except ChargingError as err:
        return reply("session-start", _code_of(err))
    if session.card_id != call.card_id:
        return reply("session-start", ResultCode.EVSE_IN_USE)
    return _started(session)


def _code_of(err: ChargingError) -> ResultCode:
    match err:
        case ConnectorBusyError():
            return ResultCode.EVSE_IN_USE
        case SwitchFailedError(is_timeout=True):
            return ResultCode.EVSE_TIMEOUT
        case SwitchFailedError():
            return ResultCode.EVSE_ERROR
        case LedgerError():
            return ResultCode.OPERATOR_ERROR
        case _:
            return ResultCode.EVSE_TIMEOUT


def _has_just_ended(session: Session) -> bool:
    if session.status is SessionStatus.FAILED:
        # Nothing has come of it, so whoever asks again means it.
        return False
    return session.ended is not None and datetime.now(UTC) - session.ended < REPEATED_WITHIN


def _is_repeat(call: Start, session: Session) -> bool:
    """Tell whether a start may be the one of this session; an order of its own never is."""
    return session.card_id == call.card_id and not call.payment_reference


def _may_stop(call: Stop, session: Session) -> bool:
    """Tell whether a driver may stop a session: his own, by whichever name he goes."""
    if session.card_id is None:
        return False
    if session.card_id == call.card_id:
        return True
    # A driver may start with a card and stop with his contract: then the session's id, which
    # nobody but the network was told, has to do.
    card_type = session.details.card_type if session.details else None
    return call.session_id is not None and card_type is not call.card_type


def _forget(command: asyncio.Future[Outcome[Session]]) -> None:
    """Take note of how a start ended that nobody waits for any more."""
    if not command.cancelled() and (err := command.exception()):
        _LOGGER.debug("A start that the network asked for did not come about: %s", err)
