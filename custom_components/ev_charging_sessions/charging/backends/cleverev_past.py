"""The past of a namespace, read page by page for as long as that takes."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from ..errors import UnexpectedAnswerError
from ..model import Session
from .backend import Past
from .cleverev_pages import Paging, Reading, ReadPage
from .cleverev_review import PAGE
from .listing import Listing, read_listing

# So many rows are known again after a restart, which is as many as two pages have in common.
_REMEMBERED = 5
_SECOND = timedelta(seconds=1)


class _Position(msgspec.Struct, frozen=True):
    """Where to go on, and the last rows before that, by which it is seen if rows have moved."""

    skip: int
    ids: tuple[str, ...]


class PastReader:
    """Reads all sessions of a namespace, in whichever order the network lists them.

    Rows move while it reads: of two pages that have nothing in common, the second one is read
    again farther to the front. That needs to know what was read before, so the reading that
    is under way is kept, and taken up again from a position after a restart.
    """

    def __init__(self, read: ReadPage, paging: Paging, decode: Callable[[bytes], Session]) -> None:
        """Prepare without reading anything."""
        self._read = read
        self._paging = paging
        self._decode = decode
        self._reading: Reading | None = None
        self._position: str | None = None

    async def read(self, since: datetime, position: str | None, now: datetime) -> Past:
        """Read one more page."""
        if position is None or position != self._position or self._reading is None:
            self._reading = await self._begin(since, position)
        reading = self._reading
        page = await read_listing(await reading.next(), Listing[Session](), self._decode)
        sessions = [each for each in page.items if not isinstance(each, UnexpectedAnswerError)]
        starts = [each.started for each in sessions if each.started]
        is_newest_first = self._paging.is_newest_first
        if reading.is_done or (starts and is_newest_first and max(starts) < since):
            self._position = self._reading = None
        else:
            ids = tuple(reading.page.ids[-_REMEMBERED:])
            self._position = msgspec.json.encode(_Position(reading.skip, ids)).decode()
        progress: float | None = None
        if self._position is None:
            progress = 1.0
        elif starts and is_newest_first:
            progress = min((now - min(starts)) / max(now - since, _SECOND), 1.0)
        elif reading.total:
            progress = min(reading.skip / reading.total, 1.0)
        return Past(
            sessions=tuple(
                each
                for each in sessions
                if not each.is_open and (each.started is None or each.started >= since)
            ),
            read=now,
            unreadable=tuple(page.unreadable),
            position=self._position,
            progress=progress,
        )

    async def _begin(self, since: datetime, position: str | None) -> Reading:
        if position is None:
            place = _Position(await self._older_than(since), ())
        else:
            place = msgspec.json.decode(position, type=_Position)
        return Reading(
            self._read,
            self._paging,
            take=PAGE,
            skip=place.skip,
            is_thorough=True,
            joined=place.ids,
        )

    async def _older_than(self, since: datetime) -> int:
        """Return a number of rows at the front that are all older, where the oldest come first."""
        if not self._paging.is_oldest_first:
            return 0
        page = await self._read(0, 1)
        self._paging.note(0, page)
        low, high = 0, self._paging.total(page) or 0
        while high - low > PAGE:
            middle = (low + high) // 2
            page = await self._read(middle, 1)
            try:
                started = self._decode(bytes(page.rows[0])).started if page.rows else None
            except UnexpectedAnswerError:
                started = None
            if started is None:
                break
            low, high = (middle, high) if started < since else (low, middle)
        return low
