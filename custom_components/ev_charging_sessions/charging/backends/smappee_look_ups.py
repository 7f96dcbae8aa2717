"""Sessions that a park's lists no longer hold: their stations are asked what became of them."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
import logging

from ..errors import BackendUnavailableError, RequestRejectedError, UnexpectedAnswerError
from ..model import Session
from .forgotten import MissingSessions
from .smappee_parks import json_headers, serial_of
from .smappee_wire import ParkSession, decode_items, to_ms
from .transport import Transport

_LOGGER = logging.getLogger(__name__)

# More would make an account with many missing sessions wait for its budget.
LOOK_UPS_PER_POLL = 4

# A session is asked for by its start, which late meter values may move.
_MARGIN = timedelta(hours=1)


class LookUps:
    """Whose turn it is to be looked up, and who has been missing for how long."""

    def __init__(self, transport: Transport, decode: Callable[[bytes], ParkSession]) -> None:
        """Start with none missing."""
        self._transport = transport
        self._decode = decode
        self._turns: list[str] = []
        self._missing = MissingSessions()

    async def look_up(
        self, missing: Mapping[str, Session], unreadable: list[str]
    ) -> tuple[dict[str, ParkSession], list[Session]]:
        """Return the missing sessions that were found, and the ends of those nobody knows.

        Only a few have their turn. What is refused or cannot be read is added to
        ``unreadable`` and ends nothing; raises the other errors of ``Transport.get``.
        """
        turns = [session_id for session_id in self._turns if session_id in missing]
        turns += [session_id for session_id in missing if session_id not in self._turns]
        due, waiting = turns[:LOOK_UPS_PER_POLL], turns[LOOK_UPS_PER_POLL:]
        found: dict[str, ParkSession] = {}
        ended: list[Session] = []
        for session_id in due:
            try:
                item = await self._find(missing[session_id])
            except UnexpectedAnswerError as err:
                unreadable.append(err.path)
            except RequestRejectedError as err:
                unreadable.append(f"station: {err.code}")
            except BackendUnavailableError as err:
                # The lists have been read, and count for more.
                _LOGGER.debug("A station could not be asked: %s", err)
                break
            else:
                if item is not None:
                    found[session_id] = item
                elif missing[session_id].is_open:
                    ended += self._missing.note(missing[session_id])
        self._turns = waiting + due
        self._missing.keep(missing.keys() - found.keys())
        return found, ended

    async def _find(self, session: Session) -> ParkSession | None:
        """Return a session as its station tells it, ``None`` when it does not know it."""
        if session.charge_point_id is None or session.started is None:
            return None
        first, end = session.started - _MARGIN, session.started + _MARGIN
        params = {"range": f"{to_ms(first)},{to_ms(end)}"}
        path = f"chargingstations/{serial_of(session.charge_point_id)}/sessions"
        try:
            items = await self._transport.get(
                path, params, json_headers, decode_items, kind="sessions of station"
            )
        except RequestRejectedError as err:
            if err.status != HTTPStatus.NOT_FOUND:
                raise
            items = []
        failure: UnexpectedAnswerError | None = None
        for raw in items:
            try:
                item = self._decode(bytes(raw))
            except UnexpectedAnswerError as err:
                failure = err
                continue
            if item.session_id == session.session_id:
                return item
        if failure is not None:
            # It may have been the one that is missing.
            raise failure
        return None
