"""The review of a namespace's past, which goes on from poll to poll until it is through."""

from collections.abc import Callable
from datetime import datetime, timedelta
import logging

from msgspec import Raw

from ..errors import (
    BackendUnavailableError,
    RateLimitError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from ..model import Session
from .cleverev_pages import Paging, Reading, ReadPage
from .listing import Listing, read_listing

_LOGGER = logging.getLogger(__name__)

PAGE = 100
REVIEWED = 2000
# Enough for all that is reviewed, unless the network gives shorter pages than it is asked for.
_FIRST_PAGES = 24
# Two polls a minute, and those that follow a command, have to fit into the budget as well.
_MORE_PAGES = 12
# Polls that follow a command come faster than that, and are not held up.
_PAUSE = timedelta(seconds=25)
_LONGEST_PAUSE = timedelta(hours=1)
_MOST_DOUBLINGS = 10


class Review:
    """One look at the newest sessions, whatever became of them.

    It reads a number of pages at a time, and goes on where it stopped. ``sessions``,
    ``unreadable`` and ``new_ids`` hold what has been read since ``told`` was called, and
    ``ids`` those of all rows. ``is_whole`` tells that it is through.
    """

    def __init__(self, read: ReadPage, paging: Paging, decode: Callable[[bytes], Session]) -> None:
        """Prepare without reading anything."""
        self._reading = Reading(read, paging, take=PAGE, tail=REVIEWED, is_thorough=True)
        self._decode = decode
        self._rows: list[Raw] = []
        self._read: datetime | None = None
        self._failures = 0
        self.sessions: list[Session] = []
        self.unreadable: list[str] = []
        self.new_ids: set[str] = set()
        self.ids = self._reading.ids

    @property
    def is_whole(self) -> bool:
        """Tell whether there is no more to read."""
        return self._reading.is_done or len(self.ids) >= REVIEWED

    def told(self) -> None:
        """Note that what was read so far has been told."""
        self.sessions, self.unreadable, self.new_ids = [], [], set()

    async def go_on(self, now: datetime, spent: int = 0) -> None:
        """Read more, unless it is too early for that, or the poll has ``spent`` the pages.

        What has been read counts when a later page cannot be had; that one is asked for
        again, less and less often. Raises the error of the very first page, and
        AuthenticationError.
        """
        if not self._is_due(now):
            return
        first = self._reading.pages
        most = first + _MORE_PAGES - spent if first else _FIRST_PAGES
        while self._rows or not (self.is_whole or self._reading.pages >= most):
            try:
                self._rows = self._rows or await self._reading.next()
            except (
                BackendUnavailableError,
                RateLimitError,
                RequestRejectedError,
                UnexpectedAnswerError,
            ) as err:
                if not self._reading.pages:
                    raise
                _LOGGER.debug("The sessions of the past could not be read further: %s", err)
                self._failures += 1
                break
            # Each page by itself, so that no long list has to be kept as it came.
            page = await read_listing(self._rows, Listing[Session](), self._decode)
            self._rows, self._failures = [], 0
            self.new_ids.update(self._reading.page.ids)
            self.unreadable += page.unreadable
            self.sessions += (
                each for each in page.items if not isinstance(each, UnexpectedAnswerError)
            )
        self._read = now

    def _is_due(self, now: datetime) -> bool:
        if self._read is None:
            return True
        pause = min(_PAUSE * 2 ** min(self._failures, _MOST_DOUBLINGS), _LONGEST_PAUSE)
        return not timedelta() <= now - self._read < pause
