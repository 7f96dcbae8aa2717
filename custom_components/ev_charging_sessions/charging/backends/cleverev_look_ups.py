"""Sessions that no list holds: the network is asked what became of each."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
import logging

from ..errors import (
    BackendUnavailableError,
    RateLimitError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from ..model import Session
from .cleverev_api import Api
from .cleverev_lists import Lists
from .cleverev_values import charger_and_connector
from .forgotten import MissingSessions

_LOGGER = logging.getLogger(__name__)

# More would make an account with many missing sessions wait for its budget.
LOOK_UPS_PER_POLL = 4
# Where a session cannot be asked for by its id, so many pages of its charger are read.
_MOST_PAGES = 3


class LookUps:
    """Whose turn it is to be looked up, and who has been missing for how long."""

    def __init__(
        self, api: Api, lists: Lists, decode: Callable[[bytes], Session], *, by_id: bool
    ) -> None:
        """Start with none missing."""
        self._api = api
        self._lists = lists
        self._decode = decode
        self._by_id = by_id
        self._turns: list[str] = []
        self._missing = MissingSessions()

    async def look_up(
        self, missing: Mapping[str, Session | None], unreadable: list[str], *, ends: bool
    ) -> tuple[list[Session], list[Session]]:
        """Return the missing sessions that were found, and the ends of those nobody knows.

        Only a few have their turn. What is refused or cannot be read is added to
        ``unreadable`` and ends nothing; without ``ends`` nothing else does either. Raises
        AuthenticationError.
        """
        turns = [session_id for session_id in self._turns if session_id in missing]
        turns += [session_id for session_id in missing if session_id not in self._turns]
        due, waiting = turns[:LOOK_UPS_PER_POLL], turns[LOOK_UPS_PER_POLL:]
        found: list[Session] = []
        ended: list[Session] = []
        for session_id in due:
            known = missing[session_id]
            try:
                session = await self._find(session_id, known)
            except UnexpectedAnswerError as err:
                unreadable.append(err.path)
            except RequestRejectedError as err:
                unreadable.append(f"session: {err.code}")
            except (BackendUnavailableError, RateLimitError) as err:
                # The lists have been read, and count for more.
                _LOGGER.debug("A session could not be looked up: %s", err)
                break
            else:
                if session is not None:
                    found.append(session)
                elif ends and known is not None and known.is_open:
                    ended += self._missing.note(known)
        self._turns = waiting + due
        self._missing.keep(missing.keys() - {session.session_id for session in found})
        return found, ended

    async def _find(self, session_id: str, known: Session | None) -> Session | None:
        """Return a session, ``None`` when the network does not know it."""
        if not self._by_id:
            place = charger_and_connector(known.charge_point_id or "") if known else None
            if place is None:
                return None
            return await self._lists.find(session_id, place[0], _MOST_PAGES)
        try:
            session = self._decode(await self._api.session(session_id))
        except RequestRejectedError as err:
            if err.status != HTTPStatus.NOT_FOUND:
                raise
            return None
        if session.session_id != session_id:
            raise UnexpectedAnswerError("chargingSession.id")
        return session
