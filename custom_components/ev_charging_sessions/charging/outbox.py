"""Posting what waits in the outbox of the ledger, until the network has taken or refused it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from copy import replace
from datetime import UTC, datetime, timedelta
import logging

from .back_off import LONGEST_OF_ALL, Quiet, back_off
from .errors import (
    AuthenticationError,
    BackendError,
    BackendUnavailableError,
    ChargingError,
    InvalidInputError,
    LedgerError,
    RateLimitError,
    RequestRejectedError,
)
from .ledger import Ledger
from .model import Account, Session
from .postings import Posting, PostingState

_LOGGER = logging.getLogger(__name__)

# A key that is refused is mended by a person, or by the network on another day.
REFUSED_KEY_DELAY = 600.0
# The clock of a home may leap, most of all soon after a start.
LOOK_AGAIN = 300.0


class Outbox:
    """Posts the sessions that an account owes its network, one at a time.

    A session is posted until the network has answered for good, and whatever is killed in
    between, it is posted again: twice is harmless, never is not. It waits for the network in
    the ledger, so no outage is too long.

    ``post`` sends a session as that of a connector, returns the code of a success, and
    raises the errors of ``charging.errors``. ``on_refused`` hears of every session that will
    never be taken as it is, ``on_trouble`` of every failure, and with ``None`` at the first
    success after that or of all, or as soon as nothing waits, ``on_change`` of a change of
    ``waiting`` or ``refused``.
    """

    def __init__(
        self,
        target: Account,
        ledger: Ledger,
        post: Callable[[Session, str], Awaitable[int]],
        *,
        on_refused: Callable[[Posting], None],
        on_trouble: Callable[[ChargingError | None], None],
        on_change: Callable[[], None],
    ) -> None:
        """Wire up; nothing is read or sent before ``run``."""
        self._target = target
        self._outbox = ledger.outbox
        self._post = post
        self._on_refused = on_refused
        self._on_trouble = on_trouble
        self._on_change = on_change
        self._counts = dict.fromkeys((PostingState.WAITING, PostingState.REFUSED), 0)
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()
        self._quiet = Quiet()
        self._trouble: ChargingError | None = None
        # Whoever is told may remember a trouble from before a restart.
        self._has_told = False

    @property
    def waiting(self) -> int:
        """Return how many sessions have still to be posted."""
        return self._counts[PostingState.WAITING]

    @property
    def refused(self) -> int:
        """Return how many sessions were refused, and have not changed since."""
        return self._counts[PostingState.REFUSED]

    async def run(self) -> None:
        """Post what is due, for ever; no error of the network or of the ledger ends it."""
        end = self._outbox.on_new(self._target, self._news.set)
        try:
            while True:
                self._news.clear()
                wait = await self._look()
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._news.wait()
        finally:
            end()

    async def post_now(self, account: Account, session_id: str, connector_id: str) -> int:
        """Post a session of an account by hand and return the network's code.

        Raises BackendError: then the session is refused, or goes on waiting in the outbox.
        Raises InvalidInputError for one that cannot be posted, and LedgerError for one that
        the ledger does not know.
        """
        async with self._turn:
            now = datetime.now(UTC)
            posting = await self._outbox.add(self._target, account, session_id, connector_id, now)
            code = await self._send(posting)
            await self._count()
            return code

    async def post_again(self) -> int:
        """Post all that was refused once more, and return how many that is.

        Raises LedgerError.
        """
        count = await self._outbox.post_again(self._target)
        # Somebody has mended something, so the network is not waited for either.
        self._quiet.end()
        self._news.set()
        await self._count()
        return count

    async def try_now(self) -> None:
        """Post what has waited longest, whatever it was to wait for, and what is due after it.

        Raises BackendError when the network does not take it either, and LedgerError.
        """
        async with self._turn:
            if due := await self._outbox.next_due(self._target):
                for posting in await self._outbox.due(self._target, due, 1):
                    # One that is refused has been answered all the same.
                    with suppress(RequestRejectedError, InvalidInputError):
                        await self._send(posting)
            await self._count()
        self._news.set()

    async def _look(self) -> float:
        """Post what has been due longest, and return the seconds to wait for more."""
        async with self._turn:
            try:
                await self._count()
                if left := self._quiet.left:
                    return left
                posting, wait = await self._next()
                if posting:
                    await self._send(posting)
                elif not self.waiting or isinstance(self._trouble, LedgerError):
                    self._note(None)
            except LedgerError as err:
                self._quiet.failed()
                self._note(err)
                return self._quiet.left
            except BackendError, InvalidInputError:
                return 0.0
            return wait

    async def _next(self) -> tuple[Posting | None, float]:
        """Return what is due, or else how long nothing will be."""
        now = datetime.now(UTC)
        if found := await self._outbox.due(self._target, now, 1):
            return found[0], 0.0
        due = await self._outbox.next_due(self._target)
        if due is None:
            return None, LOOK_AGAIN
        if due - now > timedelta(seconds=LONGEST_OF_ALL):
            # Nothing is ever put off for so long: the clock was wrong when this was written.
            found = await self._outbox.due(self._target, due, 1)
            return (found[0] if found else None), 0.0
        return None, min(max((due - now).total_seconds(), 0.0), LOOK_AGAIN)

    async def _send(self, posting: Posting) -> int:
        """Post a session, note what became of it, and raise what went wrong."""
        try:
            code = await self._post(posting.session, posting.connector_id)
        except RequestRejectedError as err:
            await self._refuse(posting, err.code)
            self._quiet.end()
            self._note(None)
            raise
        except InvalidInputError as err:
            await self._refuse(posting, err.key)
            raise
        except AuthenticationError as err:
            self._quiet.keep(REFUSED_KEY_DELAY)
            self._note(err)
            raise
        except BackendError as err:
            await self._delay(posting, asked_by(err))
            self._note(err)
            raise
        except Exception as err:
            _LOGGER.exception("Posting a session broke")
            await self._delay(posting, None)
            failure = BackendUnavailableError(type(err).__name__)
            self._note(failure)
            raise failure from None
        await self._outbox.posted(posting, str(int(code)))
        self._quiet.end()
        self._note(None)
        return code

    async def _refuse(self, posting: Posting, code: str) -> None:
        is_newest = await self._outbox.refused(posting, code)
        await self._count()
        if is_newest:
            _LOGGER.warning("The network has refused a session: %s", code)
            self._on_refused(replace(posting, state=PostingState.REFUSED, code=code))

    async def _delay(self, posting: Posting, asked: float | None) -> None:
        """Put off a session, and all others for as long as the network is in trouble."""
        self._quiet.failed(asked)
        wait = back_off(posting.attempts, asked)
        await self._outbox.delayed(posting, datetime.now(UTC) + timedelta(seconds=wait))

    async def _count(self) -> None:
        counts = dict(await self._outbox.counts(self._target, self._counts))
        if counts != self._counts:
            self._counts = counts
            self._on_change()

    def _note(self, trouble: ChargingError | None) -> None:
        """Tell of a trouble, and once that there is none."""
        before = self._trouble
        if trouble and not before:
            _LOGGER.warning("Sessions cannot be posted now: %s", trouble)
        if before and not trouble:
            _LOGGER.info("Sessions are posted again")
        # The end of a trouble of the ledger is not that of one of the network.
        if not (before and isinstance(trouble, LedgerError)):
            self._trouble = trouble
        if trouble or before or not self._has_told:
            self._has_told = True
            self._on_trouble(trouble)


def asked_by(err: Exception) -> float | None:
    """Return for how many seconds a network wants to be left alone."""
    if isinstance(err, RateLimitError | BackendUnavailableError):
        return err.retry_after
    return None
