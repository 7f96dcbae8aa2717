"""Reading the past of an account into the ledger, slice by slice, for as long as that takes."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
import logging
from typing import Any

from .back_off import back_off
from .backends.backend import Backend, Past
from .errors import (
    AuthenticationError,
    BackendUnavailableError,
    ChargingError,
    ImportInterruptedError,
    InvalidInputError,
    LedgerError,
    RateLimitError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from .ledger import Change, Ledger
from .ledger_imports import Import, ImportStep
from .model import Account, Session

_LOGGER = logging.getLogger(__name__)

# A network that refuses the same slice this often, minutes apart, means it.
_MOST_REFUSALS = 4


class History:
    """The import of an account's past: begun by a person, and taken up after each restart.

    ``known`` is the last import, as the ledger has it. ``unreadable`` counts the sessions that
    were skipped since this account was loaded.
    """

    def __init__(
        self,
        account: Account,
        backend: Backend,
        ledger: Ledger,
        *,
        keep: Callable[[Past, ImportStep], Awaitable[Sequence[Change]]],
        on_refused: Callable[[], None],
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        """Wire up; nothing is read yet.

        ``keep`` writes a slice to the ledger together with the step that it is, and returns
        what that has changed. ``on_refused`` hears of credentials that are no longer good.
        """
        self.known: Import | None = None
        self.unreadable = 0
        self.on_progress: set[Callable[[float | None], None]] = set()
        self._account = account
        self._backend = backend
        self._ledger = ledger
        self._keep = keep
        self._on_refused = on_refused
        self._spawn = spawn
        self._wanted: datetime | None = None
        self._task: asyncio.Task[None] | None = None
        self._error: ChargingError | None = None
        self._unended: dict[str, Session] | None = None
        self._is_sure = True

    @property
    def is_running(self) -> bool:
        """Tell whether an import is under way."""
        return self._task is not None and not self._task.done()

    async def resume(self) -> None:
        """Go on with an import that is not through. Raises LedgerError."""
        self.known = await self._ledger.imports.find(self._account)
        if self.known and not self.known.is_whole and self._backend.capabilities.past:
            self._run_on()

    def begin(self, since: datetime) -> None:
        """Read the past since a time.

        One that is under way goes on if it reaches as far back, and else begins anew. Raises
        InvalidInputError where there is no past to be read.
        """
        if not self._backend.capabilities.past:
            raise InvalidInputError("config_entry_id", "no_past")
        if self.is_running:
            reached = [self._wanted] if self._wanted else []
            reached += [self.known.since] if self.known else []
            if not reached or since < min(reached):
                self._wanted = since
            return
        self._wanted = since
        self._run_on()

    async def finished(self) -> Import:
        """Wait until the import is through, and return what came of it.

        Raises the ChargingError that it ended with; one that was interrupted is taken up
        when the account is loaded the next time.
        """
        task = self._task
        if task is not None:
            await asyncio.wait([task])
        if self._error is not None:
            raise self._error
        if self.known is None or not self.known.is_whole:
            raise ImportInterruptedError
        return self.known

    def _run_on(self) -> None:
        self._error = self._unended = None
        self.unreadable = 0
        self._task = self._spawn(self._run())

    async def _run(self) -> None:
        try:
            await self._read_all()
        except AuthenticationError as err:
            self._error = err
            self._on_refused()
        except ChargingError as err:
            _LOGGER.warning("The past could not be read to its end: %s", err)
            self._error = err

    async def _read_all(self) -> None:
        """Read slice by slice, whatever happens in between."""
        failures = refusals = 0
        while True:
            try:
                if not await self._read_slice():
                    return
            except (RateLimitError, BackendUnavailableError) as err:
                # It will be over some day, and nobody should have to ask again.
                wait = back_off(failures, err.retry_after)
            except (RequestRejectedError, UnexpectedAnswerError, LedgerError) as err:
                refusals += 1
                if refusals >= _MOST_REFUSALS:
                    raise
                _LOGGER.debug("A slice of the past could not be read: %s", err)
                wait = back_off(failures)
            else:
                failures = refusals = 0
                # Others get their turn, also where nothing has to be waited for.
                await asyncio.sleep(0)
                continue
            failures += 1
            await asyncio.sleep(wait)

    async def _read_slice(self) -> bool:
        """Read one slice, and tell whether there was one left."""
        known = await self._next()
        if known is None or known.is_whole:
            return False
        if self._unended is None:
            self._unended = await self._ledger.imports.unended(self._account, known.since)
        past = await self._backend.read_past(known.since, known.position, self._unended)
        step = ImportStep(
            account=self._account,
            since=known.since,
            position=past.position,
            progress=past.progress,
            read=len(past.sessions),
        )
        self._is_sure = False
        changes = await self._keep(past, step)
        self._is_sure = True
        self.known = step.after(known, changes)
        self.unreadable += len(past.unreadable)
        for tell in tuple(self.on_progress):
            tell(past.progress)
        return True

    async def _next(self) -> Import | None:
        """Return the import as far as it has come."""
        if (wanted := self._wanted) is not None:
            self.known = await self._ledger.imports.begin(self._account, wanted)
            self._unended = None
            if self._wanted == wanted:
                self._wanted = None
        elif not self._is_sure:
            # A slice whose keeping failed may have been written all the same.
            self.known = await self._ledger.imports.find(self._account)
        return self.known
